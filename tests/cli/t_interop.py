# SPDX-License-Identifier: GPL-2.0
"""Evidence that this project did not make, with its answers known from elsewhere.

TDI_EVIDENCE names the folder; without it these tests are skipped. They go by the
form of what is there and not by the names of single devices.
"""
import glob
import json
import os

from bench import Skip, eq, test
from t_policy import policy
from t_verify import DONE, INVALID, REFUSED, _FILES

COUNT = {"passed": 0, "total": 0}


def folder(name):
    top = os.environ.get("TDI_EVIDENCE")
    if not top:
        raise Skip("TDI_EVIDENCE is not set")
    path = os.path.join(top, name)
    if not os.path.isdir(path):
        raise Skip(f"{path} is not there")
    return path


class Cases:
    """Runs all cases of a kind, and says at the end which were answered wrongly."""

    def __init__(self, b):
        self.b = b
        self.wrong = []
        self.total = 0

    def case(self, name, args, statuses):
        self.total += 1
        COUNT["total"] += 1
        # Now, and not a time that is chosen to fit: certificates must be valid today.
        ret = self.b.one(os.environ["TDI_MODEL"], "verify", *args)
        shipped = self.b.one(os.environ["TDI"], "verify", *args)
        if ret.returncode in statuses and shipped.returncode == ret.returncode:
            COUNT["passed"] += 1
        else:
            bad = [line for line in ret.stdout.splitlines()
                   if line.lstrip().startswith(("FAILED", "REFUSED", "MISSING", "NOT"))]
            self.wrong.append((name, statuses, ret.returncode, bad, ret.stderr))

    def done(self):
        print(f"# figure: interop_passed={COUNT['passed']}")
        print(f"# figure: interop_total={COUNT['total']}")
        eq(self.wrong, [])
        assert self.total, "the folder holds no case"


def read(path):
    with open(path, "rb") as f:
        return f.read()


def first_certificate(data):
    assert data[:2] == b"\x30\x82", data[:4]
    return data[:4 + int.from_bytes(data[2:4], "big")]


def root_of(chain, digest):
    return first_certificate(chain[4 + {"sha256": 32, "sha384": 48, "sha512": 64}[digest]:])


@test
def spdm_captures_verify(b):
    cases = Cases(b)
    for info_path in sorted(glob.glob(os.path.join(folder("spdm"), "*/info.json"))):
        where = os.path.dirname(info_path)
        for m in json.loads(read(info_path))["measurements"]:
            n = os.path.join(where, str(m["n"]))
            chains = glob.glob(n + "_certchain_slot*.spdm.bin")
            if len(chains) != 1:
                continue
            root = _FILES.put("root", root_of(read(chains[0]), m["hash"]))
            base = ["--certs", chains[0], "--roots", root]
            good = (DONE,) if m["sig_ok"] else (INVALID,)
            name = os.path.basename(where) + "/" + str(m["n"])
            transcript = n + "_transcript_with_sig.bin"
            cases.case(name, base + ["--measurements", transcript], good)
            vca = read(n + "_vca.bin")
            data = read(transcript)
            pairs = data[len(vca):] if data.startswith(vca) else data
            apart = ["--measurements", _FILES.put("pairs", pairs), "--vca", n + "_vca.bin"]
            cases.case(name + " apart", base + apart, good)
            sig = read(n + "_signature.bin")
            assert data.endswith(sig)
            broken = data[:-1] + bytes([data[-1] ^ 1])
            cases.case(name + " broken", base + ["--measurements", _FILES.put("m", broken)],
                       (INVALID,))
            at = len(data) - len(sig) - 1
            broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
            cases.case(name + " changed", base + ["--measurements", _FILES.put("m", broken)],
                       (INVALID,))
    cases.done()


@test
def sample_certificates_verify(b):
    cases = Cases(b)
    for where in sorted(glob.glob(os.path.join(folder("certs"), "*/"))):
        ca = os.path.join(where, "ca.cert.der")
        if not os.path.exists(ca):
            continue
        kind = os.path.basename(os.path.dirname(where))
        for path in sorted(glob.glob(os.path.join(where, "*certchain*.der"))):
            # The second bundle has another root.
            bad = os.path.basename(path).endswith("certchain1.der")
            cases.case(f"{kind}/{os.path.basename(path)}", ["--certs", path, "--roots", ca],
                       (INVALID,) if bad else (DONE,))
        inter = read(os.path.join(where, "inter.cert.der"))
        for path in sorted(glob.glob(os.path.join(where, "end_responder*.cert.der"))):
            # A key that authenticates requesters, and only them, is no responder's.
            bad = path.endswith("_req_eku.cert.der")
            chain = _FILES.put("chain", inter + read(path))
            cases.case(f"{kind}/{os.path.basename(path)}", ["--certs", chain, "--roots", ca],
                       (INVALID,) if bad else (DONE,))
    cases.done()


@test
def gpus_verify(b):
    cases = Cases(b)
    where = folder("nvidia")
    root = os.path.join(where, "root.pem")
    lenient = policy(spdm={"trailing_nul": "allowed"})
    for path in sorted(glob.glob(os.path.join(where, "*.report.bin"))):
        name = os.path.basename(path)[:-len(".report.bin")]
        chain = path[:-len(".report.bin")] + ".chain.pem"
        args = ["--certs", chain, "--measurements", path, "--roots", root]
        data = read(path)
        record = int.from_bytes(data[42:45], "little")
        opaque = 37 + 8 + record + 32
        end = opaque + 2 + int.from_bytes(data[opaque:opaque + 2], "little") + 96
        stray = data[end:] == b"\0"
        bad = "badsig" in name
        cases.case(name, args, (INVALID,) if bad else (REFUSED,) if stray else (DONE,))
        nonce = data[4:36].hex()
        cases.case(name + " lenient", args + ["--policy", lenient, "--nonce", nonce],
                   (INVALID,) if bad else (DONE,))
        cases.case(name + " stale", args + ["--policy", lenient, "--nonce", "00" * 32], (INVALID,))
    cases.done()


@test
def interface_reports_are_judged_as_known(b):
    cases = Cases(b)
    want = {"ok": (DONE,), "reject": (INVALID,), "policy": (REFUSED,)}
    for where in sorted(glob.glob(os.path.join(folder("tdisp"), "*/"))):
        index = os.path.join(where, "index.json")
        if os.path.exists(index):
            for entry in json.loads(read(index)):
                cases.case(entry["file"], ["--report", os.path.join(where, entry["file"])],
                           want[entry["verdict"]])
        else:
            for path in sorted(glob.glob(os.path.join(where, "*.bin"))):
                cases.case(os.path.basename(path), ["--report", path], (DONE, REFUSED))
    cases.done()
