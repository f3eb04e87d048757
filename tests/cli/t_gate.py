# SPDX-License-Identifier: GPL-2.0
"""tdi gate: the decision, and everything that makes it no."""
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
import time

import evidence as e
import schema_check
import swtpm
from bench import SCHEMA, TDI_MODEL, Skip, eq, has, hasnt, test
from model import BDF
from t_tpm import NONCE, of, payloads, read
from t_verify import _FILES
from t_verify import verify as verify_bundle

OTHER = "0000:02:00.0"
YES, USAGE, EVIDENCE, POLICY, PLATFORM, BUSY, TPM = range(7)
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-12-31T00:00:00Z"

_cache = {}


def once(name, make):
    if name not in _cache:
        _cache[name] = make()
    return _cache[name]


def evidence():
    return once("evidence", e.Evidence)


class Signer:
    """A key and its certificate."""

    def __init__(self, name="signer", kind="ECDSA P-256", before="20200101000000Z",
                 after="20991231000000Z", ext=("keyUsage=critical,digitalSignature",)):
        self.key = e.key(kind, name)
        self.cert = os.path.join(e.folder(), f"{name}.{len(os.listdir(e.folder()))}.pem")
        args = [word for line in ext for word in ("-addext", line)]
        e.openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN={name}",
                  "-not_before", before, "-not_after", after, "-out", self.cert, *args)

    def pem(self):
        with open(self.cert, "rb") as f:
            return f.read()

    def sign(self, data, *more, md="sha256", form="DER"):
        return e.openssl("cms", "-sign", "-binary", "-md", md, "-outform", form, "-signer",
                         self.cert, "-inkey", self.key, *more, data=data)


def signer():
    return once("signer", Signer)


class Gate:
    """A machine with held devices that would verify, and a signed policy for them."""

    def __init__(self, b, devices=(BDF,), tsm=True, **hold):
        self.b, self.tree = b, b.tree
        self.dir = os.path.join(b.tree.root, "etc")
        self.run_dir = os.path.join(b.tree.root, "run/tdi")
        self.result = os.path.join(self.run_dir, "gate.json")
        os.makedirs(self.dir)
        os.makedirs(os.path.dirname(self.run_dir), exist_ok=True)
        if tsm:
            b.tree.add_tsm()
        b.tree.boot()
        for bdf in devices:
            b.tree.add_tdi(bdf, driver=None)
        b.tree.hold(**{"held": devices, **hold})
        self.kernel = b.start_kernel()
        for bdf in devices:
            self.device(bdf)
        self.kernel.on["bus/pci/drivers_probe"] = self.probe
        b.tree.add_driver("nvme")
        self.signer, self.policies, self.env = signer(), {}, {}
        self.put("gate-signer.pem", self.signer.pem())
        self.policy("disk.json")
        self.sign(self.gate())

    # ---- files ----

    def put(self, name, data):
        with open(os.path.join(self.dir, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def policy(self, name, **members):
        anchors = [{"pem": e.pem(evidence().chain.root).decode()}]
        data = json.dumps({"schema_version": 1, "kind": "policy", "emulated": "allowed",
                           "anchors": anchors, **members}).encode()
        self.policies[name] = hashlib.sha256(data).hexdigest()
        self.put(name, data)

    def entry(self, name="data disk", policy="disk.json", **members):
        return {"name": name, "vendor": "1234", "device": "7d52", "policy": policy,
                "policy_sha256": self.policies[policy], **members}

    def gate(self, *entries, **members):
        return {"schema_version": 1, "kind": "gate", "not_after": FUTURE, "timeout": 4,
                "devices": list(entries) or [self.entry()], **members}

    def sign(self, gate, signature=None, **kw):
        """Puts policy and signature in place; both come back."""
        data = gate if isinstance(gate, bytes) else json.dumps(gate).encode()
        self.put("gate.json", data)
        if signature is None:
            signature = self.signer.sign(data, **kw)
        self.put("gate.json.p7s", signature)
        return data, signature

    # ---- the kernel ----

    def device(self, bdf):
        tree, ev = self.tree, evidence()

        def lock(text):
            for name, value in (("state", "CONFIG_LOCKED\n"), ("lock", text + "\n"),
                                ("generation", "3\n"), ("nonce", ev.nonce),
                                ("certificates", ev.chain.spdm(ev.digest)), ("vca", ev.vca),
                                ("measurements", ev.pairs),
                                ("report", e.report(ranges=[(0x100, 4, 0, 0)]))):
                tree.tsm(name, value, bdf)
            return 0

        def accept(_text):
            for name, value in (("state", "RUN\n"), ("dma", "direct\n"),
                                ("identity", "approved\n"), ("connect", "tsm0\n")):
                tree.tsm(name, value, bdf)
            tree.put("devices/tdi-gate/held",
                     "".join(f"{h}\n" for h in tree.held() if h != bdf))
            return 0

        def unlock(_text):
            tree.shared(bdf)
            return 0
        for name, answer in (("lock", lock), ("accept", accept), ("unlock", unlock),
                             ("approve", lambda text: 0)):
            self.kernel.on[tree.dev("tsm/" + name, bdf)] = answer

    def probe(self, text):
        if text not in self.tree.held():
            self.tree.link(self.tree.dev("driver", text), "bus/pci/drivers/nvme")
        return 0

    def on(self, name, answer, bdf=BDF):
        """Something else than the usual happens; what was usual comes back."""
        path = self.tree.dev("tsm/" + name, bdf)
        old, self.kernel.on[path] = self.kernel.on[path], answer
        return old

    # ---- running ----

    def argv(self, *args, dir_option=True):
        return ["gate", "--result", self.result,
                *(["--dir", self.dir] if dir_option else []), *args]

    def run(self, *args, dir_option=True, again=False):
        """The decision, the exit status and the journal's lines."""
        if not again:
            shutil.rmtree(self.run_dir, ignore_errors=True)
        argv = self.b.argv(TDI_MODEL, self.argv(*args, dir_option=dir_option) + ["--json"])
        ret = subprocess.run(argv, env=self.b.env(**self.env), capture_output=True, timeout=60,
                             check=False)
        stderr = ret.stderr.decode("ascii")
        assert "Sanitizer" not in stderr and "runtime error" not in stderr, stderr
        value = schema_check.loads(ret.stdout.decode("ascii")) if ret.stdout else None
        if value:
            schema_check.check(value, SCHEMA, "gate-result.json")
            eq((value["exit_status"], value["verdict"]),
               (ret.returncode, "no" if ret.returncode else "yes"))
        return value, ret.returncode, stderr

    def written(self, path=None):
        with open(path or self.result, encoding="ascii") as f:
            value = schema_check.loads(f.read())
        schema_check.check(value, SCHEMA, "gate-result.json")
        return value

    def refuses(self, status, *parts, touched=False, args=(), **kw):
        """It is no, for that reason; nothing was done to any device, and it stays held."""
        self.kernel.log.clear()
        held = self.tree.held()
        value, found, stderr = self.run(*args, **kw)
        eq((found, value["verdict"], value["reason"] is None), (status, "no", False))
        has(value["reason"], *parts)
        has(stderr, "tdi gate: no (", *parts)
        eq(self.tree.held(), held)
        if not touched:
            eq(self.kernel.log, [])
        assert not any(d["verdict"] == "accepted" for d in value["devices"]), value
        eq({**self.written(), "advice": None}, {**value, "advice": None})
        return value, stderr


def device(value, bdf=BDF):
    return next(d for d in value["devices"] if d["bdf"] == bdf)


# ---- yes ----

@test
def gate_accepts_what_a_signed_policy_names(b):
    g = Gate(b)
    value, status, stderr = g.run()
    eq((status, value["verdict"], value["reason"]), (YES, "yes", None))
    d = device(value)
    eq((d["verdict"], d["driver"], d["name"], d["reason"]), ("accepted", "nvme", "data disk", None))
    eq(g.kernel.verbs(), ["lock", "approve", "accept", "drivers_probe"])
    eq((value["source"], value["hold"], value["signer"]["subject"]),
       ("directory", "all", "CN=signer"))
    with open(os.path.join(g.dir, "gate.json"), "rb") as f:
        eq(value["policy"]["sha256"], hashlib.sha256(f.read()).hexdigest())
    eq(g.written(), value)
    eq(len(stderr.splitlines()), 2)
    has(stderr, f"tdi gate: {BDF} (data disk): accepted, driver nvme",
        "tdi gate: yes: 1 device accepted in ", "CN=signer")
    assert 0 <= value["decided_at_boottime"] <= time.clock_gettime(time.CLOCK_BOOTTIME) + 1
    with open(g.result, encoding="ascii") as f:
        assert re.search(r'"decided_at_boottime": ?\d+\.\d{3}\b', f.read())


@test
def gate_leaves_other_devices_held(b):
    g = Gate(b, devices=(BDF, OTHER))
    g.sign(g.gate(g.entry(address="01:00.0")))
    value, status, stderr = g.run()
    eq((status, device(value)["verdict"], device(value, OTHER)["verdict"]),
       (YES, "accepted", "held"))
    eq(g.tree.held(), [OTHER])
    has(stderr, f"{OTHER}: held: policy: expected an entry for 1234:7d52 class 010802, found none")
    assert not any(OTHER in path for path, _ in g.kernel.log)
    # as many as are meant, by address, and no more
    g = Gate(fresh(b), devices=(BDF, OTHER))
    value, status, _ = g.run()
    eq((status, device(value)["verdict"], device(value, OTHER)["verdict"]),
       (YES, "accepted", "held"))
    has(device(value, OTHER)["reason"], "expected no more of 1234:7d52")
    # class and ID have to fit
    for members in ({"class": "0108"}, {"class": "01"}, {"class": "010802"}):
        g = Gate(fresh(b))
        g.sign(g.gate(g.entry(**members)))
        eq((members, g.run()[1]), (members, YES))


def fresh(b):
    """A machine more in one test."""
    if b.kernel:
        b.kernel.stop()
        b.kernel = None
    name = os.path.join(b.tree.root, f"m{len(os.listdir(b.tree.root))}")
    os.makedirs(name)
    b.tree = type(b.tree)(name)
    return b


@test
def gate_connects_in_the_same_order_at_each_boot(b):
    g = Gate(b, devices=(BDF, OTHER, "0000:00:1f.0"))
    g.sign(g.gate(g.entry("two", address=OTHER), g.entry("others", count=2)))
    value, status, _ = g.run()
    eq((status, [d["bdf"] for d in value["devices"]]), (YES, [OTHER, "0000:00:1f.0", BDF]))
    eq([text for path, text in g.kernel.log if path.endswith("drivers_probe")],
       [OTHER, "0000:00:1f.0", BDF])


@test
def gate_takes_every_kind_of_signature_that_the_docs_name(b):
    g = Gate(b)
    for kind in ("ECDSA P-384", "RSA 2048", "RSA 3072"):
        g.signer = Signer("s", kind)
        g.put("gate-signer.pem", g.signer.pem())
        for md, more in (("sha256", ()), ("sha512", ("-nocerts",)), ("sha384", ("-noattr",)),
                         ("sha256", ("-keyid",))):
            if "-keyid" in more:
                g.signer = Signer("s", kind, ext=("subjectKeyIdentifier=hash",))
                g.put("gate-signer.pem", g.signer.pem())
            data = json.dumps(g.gate()).encode()
            g.sign(data, g.signer.sign(data, *more, md=md))
            g.tree.shared()
            g.tree.hold()
            g.tree.remove(g.tree.dev("driver"))
            eq((kind, md, more, g.run()[1]), (kind, md, more, YES))
    # RSASSA-PSS, and any of several pinned ones
    g.sign(g.gate(), g.signer.sign(json.dumps(g.gate()).encode(), "-keyopt",
                                   "rsa_padding_mode:pss"))
    g.put("gate-signer.pem", signer().pem() + g.signer.pem())
    g.tree.shared()
    g.tree.hold()
    eq(g.run()[1], YES)


@test
def gate_help_tells_how_to_sign_and_that_works(b):
    g = Gate(b)
    text = b.one(TDI_MODEL, "help", "gate").stdout
    command = re.search(r"^  (openssl cms .*?)\n\n", text, re.M | re.S).group(1)
    words = command.replace("\\\n", " ").split()
    shutil.copy(g.signer.key, os.path.join(g.dir, "gate-signer.key"))
    os.unlink(os.path.join(g.dir, "gate.json.p7s"))
    subprocess.run(words, cwd=g.dir, check=True, capture_output=True)
    eq(g.run()[1], YES)


# ---- signatures ----

@test
def gate_wants_a_signature(b):
    g = Gate(b)
    os.unlink(os.path.join(g.dir, "gate.json.p7s"))
    _, stderr = g.refuses(POLICY, "signature: expected the file ", "gate.json.p7s, found none")
    has(stderr, "tdi-devices.target is not reached", "Sign it: openssl cms -sign", f"{BDF}: held")
    os.unlink(os.path.join(g.dir, "gate.json"))
    g.refuses(POLICY, "policy: expected the file ", "gate.json, found none")
    os.unlink(os.path.join(g.dir, "gate-signer.pem"))
    g.sign(g.gate())
    g.refuses(POLICY, "signer: expected the file ", "gate-signer.pem, found none")
    for content in (b"", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"):
        g.put("gate-signer.pem", content)
        g.refuses(POLICY, "signer: expected certificates, PEM or DER")


@test
def gate_refuses_an_altered_policy_or_signature(b):
    g = Gate(b)
    data, signature = g.sign(g.gate())
    for changed in (data + b"\n", data[:-1], data.replace(b'"data disk"', b'"date disk"'),
                    data.replace(b": 4", b": 5"), b"", b"{}"):
        assert changed != data
        g.sign(changed, signature)
        g.refuses(POLICY, "signature: expected a signature of exactly these bytes")
    for at in (0, 1, 5, len(signature) - 60, len(signature) - 20, len(signature) - 1):
        broken = bytearray(signature)
        broken[at] ^= 0x01
        g.sign(data, bytes(broken))
        g.refuses(POLICY, "signature: expected ")
    for changed in (b"", signature[:-1], signature + b"\0", b"\x30\x80" + signature[2:],
                    g.signer.sign(data, form="PEM")):
        g.sign(data, changed)
        g.refuses(POLICY, "signature: expected a CMS signature in DER by one signer")


@test
def gate_is_moved_by_no_flipped_bit_of_a_signature(b):
    """What is signed counts: a flip refuses, or changes neither policy nor signer."""
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    signature = g.signer.sign(data, "-nocerts", "-noattr")
    good = g.run()[0]
    refused = 0
    for at in range(0, len(signature), 7):
        broken = bytearray(signature)
        broken[at] ^= 0x10
        g.sign(data, bytes(broken))
        value, status, _ = g.run()
        refused += status == POLICY
        if status:
            eq((at, status), (at, POLICY))
        else:
            assert at < len(signature) - 64, at     # never one of the signature's own
            eq((at, value["policy"], value["signer"]), (at, good["policy"], good["signer"]))
    assert refused > len(signature) // 7 // 2, refused


@test
def gate_refuses_another_signer_whatever_comes_along(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    for stranger in (Signer("stranger"), Signer("signer", "ECDSA P-384")):
        g.sign(data, stranger.sign(data))
        value, _ = g.refuses(POLICY, "signature: expected a signature by a certificate of "
                             "gate-signer.pem, found a signer whose certificate was issued by CN=")
        eq(value["signer"], None)
    # One whose certificate has the pinned one's issuer and serial number, and another key.
    serial = e.openssl("x509", "-in", g.signer.cert, "-noout", "-serial").decode().split("=")[1]
    twin = Signer("twin")
    e.openssl("req", "-x509", "-new", "-key", twin.key, "-subj", "/CN=signer", "-set_serial",
              "0x" + serial.strip(), "-out", twin.cert)
    g.sign(data, twin.sign(data))
    g.refuses(POLICY, "signature: expected a signature of exactly these bytes")


@test
def gate_takes_no_chain_to_another_root(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    # A chain to a root of its own comes with it.
    root_key, leaf_key = e.key("ECDSA P-256", "rogue-root"), e.key("ECDSA P-256", "rogue")
    root = e.certificate("rogue-root", root_key, ext=e.ROOT_EXT)
    leaf = e.certificate("rogue", leaf_key, issuer=root, issuer_key=root_key, ext=e.LEAF_EXT)
    rogue = Signer("rogue")
    with open(rogue.cert, "wb") as f:
        f.write(e.pem(leaf))
    chain = os.path.join(e.folder(), "rogue-chain.pem")
    with open(chain, "wb") as f:
        f.write(e.pem(root) + g.signer.pem())
    g.sign(data, rogue.sign(data, "-certfile", chain))
    g.refuses(POLICY, "signature: expected a signature by a certificate of gate-signer.pem")
    # What a pinned certificate issued is not pinned.
    g.put("gate-signer.pem", e.pem(root))
    g.refuses(POLICY, "signature: expected a signature by a certificate of gate-signer.pem")
    # What is pinned counts, whoever issued it.
    g.put("gate-signer.pem", e.pem(leaf))
    eq(g.run()[1], YES)


@test
def gate_refuses_two_signers_attached_content_and_other_kinds(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    g.sign(data, g.signer.sign(data, "-nodetach"))
    g.refuses(POLICY, "signature: expected a detached signature, found a signature with ")
    g.sign(data, g.signer.sign(b"{}", "-nodetach"))
    g.refuses(POLICY, "signature: expected a detached signature")
    other = Signer("second")
    g.sign(data, g.signer.sign(data, "-signer", other.cert, "-inkey", other.key))
    g.refuses(POLICY, "by one signer, found 2 signers")
    g.sign(data, e.openssl("cms", "-digest_create", "-binary", "-outform", "DER", data=data))
    g.refuses(POLICY, "signature: expected a CMS signature", "no SignedData")
    g.sign(data, e.openssl("cms", "-sign", "-binary", "-outform", "DER", "-signer", g.signer.cert,
                           "-inkey", g.signer.key, "-econtent_type", "1.2.3.4", data=data))
    g.refuses(POLICY, "signature: expected a CMS signature", "no data")


@test
def gate_refuses_weak_algorithms(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    g.sign(data, g.signer.sign(data, md="sha1"))
    g.refuses(POLICY, "signature: expected RSA or ECDSA with SHA-2, found a digest by SHA1")
    for kind, name in (("RSA 1024", "RSA 1024"), ("secp256k1", "secp256k1"),
                       ("Ed25519", "Ed25519")):
        try:
            weak = Signer("weak", kind)
            signature = weak.sign(data, md="sha512" if kind == "Ed25519" else "sha256")
        except AssertionError:
            continue        # this OpenSSL does not even make one
        g.put("gate-signer.pem", weak.pem())
        g.sign(data, signature)
        g.refuses(POLICY, "signature: expected RSA or ECDSA with SHA-2", name)


@test
def gate_wants_a_signers_certificate_that_is_valid_and_for_signing(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    for bad, words in (
            (Signer("old", after="20210101000000Z"), ("valid now", "has expired")),
            (Signer("young", before="20980101000000Z"), ("valid now", "is not valid yet")),
            (Signer("ca", ext=("keyUsage=critical,keyCertSign",)),
             ("that is for signing", "may not sign"))):
        g.put("gate-signer.pem", bad.pem())
        g.sign(data, bad.sign(data) if "sign" in dir(bad) else None)
        value, _ = g.refuses(POLICY, "signature: expected a signer's certificate", *words)
        has(value["signer"]["subject"], "CN=")


# ---- the policy ----

@test
def gate_refuses_a_policy_of_another_time(b):
    g = Gate(b)
    g.sign(g.gate(not_after="2021-01-01T00:00:00Z"))
    _, stderr = g.refuses(POLICY, "validity: expected a policy that is valid now, found not_after "
                          "2021-01-01T00:00:00Z; it is 20")
    has(stderr, "Check the clock, which is the host's")
    g.sign(g.gate(not_before="2098-01-01T00:00:00Z"))
    g.refuses(POLICY, "validity: ", "found not_before 2098-01-01T00:00:00Z")
    g.sign(g.gate(not_before=PAST))
    eq(g.run()[1], YES)


@test
def gate_reads_its_policy_strictly(b):
    g = Gate(b)
    good = g.gate()
    entry = g.entry()

    def without(value, key):
        return {k: v for k, v in value.items() if k != key}
    for bad, words in (
            ({**good, "surprise": 1}, "surprise: no such key"),
            (without(good, "not_after"), 'must have "not_after"'),
            (without(good, "schema_version"), 'must have "schema_version"'),
            (without(good, "kind"), 'must have "kind"'),
            (without(good, "devices"), 'must have "devices"'),
            ({**good, "schema_version": 2}, "schema_version: must be 1"),
            ({**good, "kind": "policy"}, 'kind: must be "gate"'),
            ({**good, "not_after": 1893456000}, "not_after: must be a text"),
            ({**good, "not_after": "1893456000"}, "not_after: must be a time like"),
            ({**good, "not_after": "2027-02-30T00:00:00Z"}, "not_after: must be a time like"),
            ({**good, "not_before": "2100-01-01T00:00:00Z"}, "not_after must not be before"),
            ({**good, "timeout": 0}, "timeout: must be a number from 1 to 120"),
            ({**good, "timeout": 121}, "timeout: must be a number from 0 to 120"),
            ({**good, "timeout": "9"}, "timeout: must be a number"),
            ({**good, "exposed": "yes"}, 'exposed: must be one of "allowed", "refused"'),
            ({**good, "devices": {}}, "devices: must be an array"),
            ({**good, "devices": [entry] * 65}, "must not have more than 64 entries"),
            ([good], "must be an object")):
        g.sign(bad)
        g.refuses(POLICY, "policy: ", words)
    for change, words in (
            ({"extra": 1}, "extra: no such key"), ({"vendor": "123"}, "vendor: must be 4 hex"),
            ({"vendor": "12g4"}, "vendor: must be 4 hex"), ({"device": 7}, "device: must be a text"),
            ({"class": "010"}, "class: must be the first"), ({"class": ""}, "class: must be"),
            ({"address": "x"}, "address: must be a PCI address"),
            ({"address": BDF, "count": 2}, "there is one device at an address, not 2"),
            ({"count": 0}, "count: must be a number from 1 to 64"),
            ({"count": 65}, "count: must be a number from 0 to 64"),
            ({"required": "yes"}, "required: must be true or false"),
            ({"name": ""}, "name: must be a text of"), ({"name": "x" * 32}, "name: must be a text"),
            ({"name": "a\0b"}, "name: holds a zero byte"),
            ({"policy_sha256": "00"}, "policy_sha256: must be the 32 bytes"),
            ({"policy_sha256": "zz" * 32}, "policy_sha256: must be bytes in hexadecimal")):
        g.sign(g.gate({**entry, **change}))
        g.refuses(POLICY, "policy: devices[0]", words)
    for name in ("../disk.json", "/etc/passwd", "a/b", ".", "..", ".hidden", "", "x" * 64, "a b",
                 "disk.json\0", "d\u00edsk.json", "disk.json\n"):
        g.sign(g.gate({**entry, "policy": name}))
        g.refuses(POLICY, "policy: devices[0].policy: ")
    g.sign(g.gate(g.entry(address=BDF), g.entry("again", address="01:00.0")))
    g.refuses(POLICY, f"there is an entry for {BDF} already")
    for text, words in ((b"{", "not JSON"), (b"null", "not JSON"), (b"\0", "zero byte"),
                        (json.dumps(good).encode() + b"x", "not JSON"),
                        (b'{"kind":"gate","kind":"gate"}', "a key is there twice"),
                        (b"[" * 100 + b"]" * 100, "not JSON")):
        g.sign(text)
        g.refuses(POLICY, "policy: ", words)


@test
def gate_bounds_what_it_reads(b):
    g = Gate(b)
    data, signature = g.sign(g.gate())
    for name in ("gate.json", "gate.json.p7s", "gate-signer.pem", "disk.json"):
        path = os.path.join(g.dir, name)
        with open(path, "rb") as f:
            content = f.read()
        with open(path, "wb") as f:
            f.truncate(1 << 40)         # a terabyte that takes no room
        started = time.monotonic()
        g.refuses(POLICY, name, "a file that is too long to be one")
        assert time.monotonic() - started < 10
        os.unlink(path)
        os.mkfifo(path)                 # nobody ever writes
        g.refuses(POLICY, name, "something that is no regular file")
        os.unlink(path)
        os.mkdir(path)
        g.refuses(POLICY, name, "something that is no regular file")
        os.rmdir(path)
        g.put(name, content)
    eq((data, g.run()[1]), (data, YES))
    assert signature


@test
def gate_binds_the_policies_that_it_names(b):
    g = Gate(b)
    old = g.policies["disk.json"]
    g.policy("disk.json", description="another")
    g.refuses(POLICY, "policy disk.json: expected SHA-256 " + old,
              "found " + g.policies["disk.json"])
    os.unlink(os.path.join(g.dir, "disk.json"))
    g.refuses(POLICY, "policy disk.json: expected the file in ", "found none")
    # What it says is bound, too: no file that nothing vouches for.
    g.put("root.pem", e.pem(evidence().chain.root))
    g.policy("disk.json", anchors=[{"file": "root.pem"}])
    g.sign(g.gate())
    g.refuses(POLICY, "policy disk.json: anchors[0].file: must be \"pem\" or \"sha256\" here")
    g.policy("disk.json", surprise=1)
    g.sign(g.gate())
    g.refuses(POLICY, "policy disk.json: surprise: no such key")
    # All of them, before anything is done to any device.
    g.policy("disk.json")
    g.policy("late.json", surprise=1)
    g.sign(g.gate(g.entry(), g.entry("late", policy="late.json")))
    g.refuses(POLICY, "policy late.json: surprise")


@test
def gate_checks_a_policy_that_is_not_signed_yet(b):
    g = Gate(b)
    path = os.path.join(g.dir, "gate.json")
    value, status = b.json("policy-check.json", "policy", "check", path)
    eq((status, value["valid"], value["errors"]), (0, True, []))
    has([w["path"] for w in value["warnings"]], "not_after")
    schema_check.check(g.gate(), SCHEMA, "gate.json")
    g.sign(g.gate(g.entry(required=False), exposed="allowed", not_before="2099-01-01T00:00:00Z"))
    value, status = b.json("policy-check.json", "policy", "check", path)
    eq((status, [w["path"] for w in value["warnings"]]), (0, ["devices", "exposed"]))
    g.policy("disk.json", anchors=[{"file": "root.pem"}])
    value, status = b.json("policy-check.json", "policy", "check", path)
    eq((status, [p["path"] for p in value["errors"]]), (1, ["devices[0].policy"]))
    has(value["errors"][0]["text"], "expected SHA-256")
    g.sign(g.gate())
    value, status = b.json("policy-check.json", "policy", "check", path)
    has(value["errors"][0]["text"], "nothing vouches for the file")
    g.sign({**g.gate(), "x": 1, "timeout": -1})
    value, status = b.json("policy-check.json", "policy", "check", path)
    eq((status, sorted(p["path"] for p in value["errors"])), (1, ["timeout", "x"]))


# ---- credentials ----

def credentials(g, **files):
    """Credentials as systemd puts them; the environment says where."""
    path = os.path.join(g.tree.root, "credentials")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for name, data in files.items():
        with open(os.path.join(path, "tdi." + name.replace("_", ".")), "wb") as f:
            f.write(data)
    g.env["CREDENTIALS_DIRECTORY"] = path
    return path


@test
def gate_takes_credentials_that_are_signed(b):
    g = Gate(b)
    data = json.dumps(g.gate(description="the host's")).encode()
    signature = g.signer.sign(data)
    with open(os.path.join(g.dir, "disk.json"), "rb") as f:
        policy = f.read()
    path = credentials(g, gate=data, gate_p7s=signature)
    value, status, _ = g.run("--credentials", path)
    eq((status, value["source"], value["policy"]["description"]),
       (YES, "credentials", "the host's"))
    # Policies may come along, or be here: the digest says which.
    os.unlink(os.path.join(g.dir, "disk.json"))
    path = credentials(g, gate=data, gate_p7s=signature, policy_disk_json=policy)
    eq(g.run("--credentials", path)[1], YES)
    credentials(g, gate=data, gate_p7s=signature, policy_disk_json=policy + b" ")
    g.tree.shared()
    g.tree.hold()
    g.refuses(POLICY, "policy disk.json: expected SHA-256", args=("--credentials", path))
    # None there: this machine's own.
    g.put("disk.json", policy)
    value, status, _ = g.run("--credentials", credentials(g))
    eq((status, value["source"]), (YES, "directory"))


@test
def gate_trusts_no_credential_for_being_one(b):
    g = Gate(b)
    data = json.dumps(g.gate()).encode()
    rogue = Signer("rogue2")
    with open(os.path.join(g.dir, "disk.json"), "rb") as f:
        policy = f.read()
    # Somebody else's, and who that is comes along: the pinned signer is this machine's alone.
    path = credentials(g, gate=data, gate_p7s=rogue.sign(data), policy_disk_json=policy)
    for name in ("gate-signer.pem", "tdi.gate-signer.pem", "tdi.gate.signer"):
        with open(os.path.join(path, name), "wb") as f:
            f.write(rogue.pem())
    g.refuses(POLICY, "signature: expected a signature by a certificate of", args=("--credentials", path))
    # A bad credential does not fall back to the good one here: nobody could tell which was used.
    for files in ({"gate": b""}, {"gate": b"junk"}, {"gate": data}, {"gate": data, "gate_p7s": b""},
                  {"gate": data + b" ", "gate_p7s": g.signer.sign(data)}):
        value, _ = g.refuses(POLICY, "signature: expected",
                             args=("--credentials", credentials(g, **files)))
        eq(value["source"], "credentials")
    # A bomb is not even read.
    path = credentials(g, gate=data, gate_p7s=g.signer.sign(data))
    for name in ("tdi.gate", "tdi.gate.p7s", "tdi.policy.disk.json"):
        whole = os.path.join(path, name)
        old = open(whole, "rb").read() if os.path.exists(whole) else None
        with open(whole, "wb") as f:
            f.truncate(1 << 40)
        g.refuses(POLICY, "a file that is too long to be one", args=("--credentials", path))
        if old is None:
            os.unlink(whole)
        else:
            with open(whole, "wb") as f:
                f.write(old)
    eq(g.run("--credentials", path)[1], YES)


@test
def gate_with_a_directory_looks_at_no_credentials(b):
    g = Gate(b)
    credentials(g, gate=b"junk")
    eq(g.run()[1], YES)
    # Without one, systemd's are where it looks first.
    value, status, _ = g.run(dir_option=False)
    eq((status, value["source"]), (POLICY, "credentials"))


@test
def gate_uses_the_bytes_that_it_verified(b):
    """Whoever changes the files while the decision is made changes nothing."""
    g = Gate(b, tsm=False)
    g.sign(g.gate(timeout=20))
    home = g.tree.path(g.tree.dev("tsm"))
    os.rename(home, home + ".later")

    def change():
        for name in ("gate.json", "gate.json.p7s", "gate-signer.pem", "disk.json"):
            g.put(name, b"changed")
        g.tree.add_tsm()
        os.rename(home + ".later", home)
    timer = threading.Timer(1.0, change)
    timer.start()
    value, status, _ = g.run()
    timer.join()
    eq((status, device(value)["verdict"]), (YES, "accepted"))
    g.refuses(POLICY, "signer: ")


@test
def gate_takes_an_older_policy_as_long_as_it_is_valid(b):
    """What that is worth, and what protects from it, is in Documentation/gate.rst."""
    g = Gate(b)
    old, old_signature = g.sign(g.gate(description="old"))
    g.sign(g.gate(description="new"))
    path = credentials(g, gate=old, gate_p7s=old_signature)
    value, status, _ = g.run("--credentials", path)
    eq((status, value["policy"]["description"]), (YES, "old"))
    # The way out: another signer is pinned from now on.
    g.put("gate-signer.pem", Signer("next").pem())
    g.tree.shared()
    g.tree.hold()
    g.refuses(POLICY, "signature: expected a signature by", args=("--credentials", path))


# ---- the hold ----

@test
def gate_wants_the_kernels_hold(b):
    g = Gate(b)
    g.tree.hold("none", held=())
    _, stderr = g.refuses(PLATFORM, "hold: expected all or listed, found none")
    has(stderr, "any driver may have any device")
    eq(g.run("--no-hold")[1], YES)
    for name in ("held", "exposed"):
        for text in ("x\n", "0000:01:00.0 a b\n" if name == "held" else "0000:01:00.0\n", "\0\n"):
            g.tree.hold(held=())
            g.tree.put("devices/tdi-gate/" + name, text)
            if name == "held":
                g.kernel.log.clear()
                value, status, _ = g.run()
                eq((text, status, g.kernel.log), (text, PLATFORM, []))
                has(value["reason"], "hold: expected lists of devices")
            else:
                g.refuses(PLATFORM, "hold: expected lists of devices")
    g.tree.hold(held=())
    g.tree.remove("devices/tdi-gate/policy")
    _, stderr = g.refuses(PLATFORM, "hold: expected all or listed in /sys/devices/tdi-gate/policy, "
                          "found none (No such file or directory)")
    has(stderr, "Load the module tdi with gate=all")


@test
def gate_wants_each_device_held(b):
    g = Gate(b, policy="listed", held=())
    g.refuses(PLATFORM, "hold: expected the kernel to hold it, found that it does not")
    eq(g.run("--no-hold")[1], YES)


@test
def gate_refuses_exposed_devices_unless_they_are_allowed(b):
    g = Gate(b, exposed=((BDF, "nvme"),))
    value, stderr = g.refuses(POLICY, "exposed: expected no driver before the hold, found nvme")
    eq(device(value)["exposed"], "nvme")
    has(stderr, f"{BDF} (data disk): refused: exposed")
    # One that nobody named was exposed, too.
    g = Gate(fresh(b), devices=(BDF, OTHER), exposed=((OTHER, "nvme"),))
    g.sign(g.gate(g.entry(address=BDF)))
    value, status, _ = g.run()
    eq((status, device(value)["verdict"], device(value, OTHER)["verdict"]),
       (POLICY, "accepted", "refused"))
    g = Gate(fresh(b), exposed=((BDF, "nvme"),))
    g.sign(g.gate(g.entry(required=False)))
    g.refuses(POLICY, "exposed: ")
    g.sign(g.gate(exposed="allowed"))
    value, status, stderr = g.run()
    eq((status, device(value)["exposed"]), (YES, "nvme"))
    has(stderr, "exposed to a driver before the hold, which the policy allows: nvme")


@test
def gate_copes_with_more_devices_than_the_kernel_can_name(b):
    g = Gate(b, held=())
    g.tree.put("devices/tdi-gate/held", "0000:07:00.0\n+3\n")
    g.refuses(PLATFORM, "hold: expected the kernel to hold it")
    g.tree.put(f"devices/tdi-gate/consumer:pci:{BDF}/status", "")
    value, status, _ = g.run()
    eq((status, device(value)["verdict"]), (YES, "accepted"))
    # Exposed ones that nobody names are exposed.
    g = Gate(fresh(b))
    g.tree.put("devices/tdi-gate/exposed", "+2\n")
    value, status, _ = g.run()
    eq((status, device(value)["verdict"]), (POLICY, "accepted"))
    has(value["reason"], "exposed: ", "found 2 more than can be named")
    g.tree.put("devices/tdi-gate/exposed", "+x\n")
    eq(g.run()[1], PLATFORM)


# ---- devices ----

@test
def gate_without_a_tsm_is_no_within_the_time(b):
    g = Gate(b, tsm=False)
    g.tree.remove(g.tree.dev("tsm"))
    started = time.monotonic()
    g.refuses(PLATFORM, "tdi: expected a device that a TSM claims, found ")
    took = time.monotonic() - started
    assert 0.9 < took < 4, took
    g.sign(g.gate(timeout=120))
    started = time.monotonic()
    g.refuses(PLATFORM, "tdi: expected", args=("--timeout", "2"))
    assert time.monotonic() - started < 4


@test
def gate_waits_for_a_tsm_that_comes_late(b):
    g = Gate(b, tsm=False)
    g.sign(g.gate(timeout=20))
    home = g.tree.path(g.tree.dev("tsm"))
    os.rename(home, home + ".later")

    def come():
        g.tree.add_tsm()
        os.rename(home + ".later", home)
    timer = threading.Timer(0.7, come)
    timer.start()
    value, status, _ = g.run()
    timer.join()
    eq(status, YES)
    assert value["seconds"] >= 0.5, value["seconds"]


@test
def gate_misses_a_required_device(b):
    g = Gate(b)
    g.sign(g.gate(g.entry(), g.entry("log disk", device="beef", address=OTHER), timeout=3))
    value, status, stderr = g.run()
    eq((status, device(value)["verdict"], device(value, None)["verdict"]),
       (PLATFORM, "accepted", "absent"))
    has(value["reason"], "log disk: device: expected 1 of 1234:beef at 0000:02:00.0, found 0")
    has(stderr, "tdi gate: log disk: absent: device: expected 1 of 1234:beef")
    # Fewer than there have to be
    g = Gate(fresh(b))
    g.sign(g.gate(g.entry(count=2), timeout=3))
    value, status, _ = g.run()
    eq((status, device(value)["verdict"]), (PLATFORM, "accepted"))
    has(value["reason"], "expected 2 of 1234:7d52, found 1")
    # One that need not be there is not waited for.
    g = Gate(fresh(b))
    g.sign(g.gate(g.entry(), g.entry("log disk", device="beef", required=False), timeout=60))
    started = time.monotonic()
    eq(g.run()[1], YES)
    assert time.monotonic() - started < 20


@test
def gate_refuses_a_wrong_device_and_unlocks_it(b):
    g = Gate(b)
    stranger = once("stranger", lambda: e.Evidence(chain=e.chain("ECDSA P-384", name="stranger")))
    lock = g.kernel.on[g.tree.dev("tsm/lock")]

    def impostor(text):
        lock(text)
        g.tree.tsm("certificates", stranger.chain.spdm(stranger.digest))
        g.tree.tsm("vca", stranger.vca)
        g.tree.tsm("measurements", stranger.pairs)
        return 0
    g.on("lock", impostor)
    value, stderr = g.refuses(EVIDENCE, "certs.", "expected", "found", touched=True)
    eq((g.kernel.verbs(), device(value)["verdict"]), (["lock", "unlock"], "refused"))
    has(stderr, f"{BDF} (data disk): refused: ")
    # In order, but not what the policy wants
    g.on("lock", lock)
    g.policy("disk.json", certificates={"pci_id": {"vendor": "1b36"}})
    g.sign(g.gate())
    value, _ = g.refuses(POLICY, touched=True)
    eq((g.kernel.verbs(), device(value)["verdict"]), (["lock", "unlock"], "refused"))
    # One that is not required is held, and that is that.
    g.sign(g.gate(g.entry(required=False)))
    value, status, stderr = g.run()
    eq((status, device(value)["verdict"], g.tree.held()), (YES, "refused", [BDF]))


@test
def gate_refuses_by_the_kernels_word(b):
    g = Gate(b)
    for err, status in ((errno.EKEYREJECTED, EVIDENCE), (errno.EREMOTEIO, PLATFORM),
                        (errno.ETIMEDOUT, PLATFORM)):
        for verb in ("lock", "approve", "accept"):
            old = g.on(verb, lambda text, err=err: err)
            value, _ = g.refuses(status, "data disk", touched=True)
            hasnt(g.kernel.verbs(), "drivers_probe")
            g.on(verb, old)
            g.tree.shared()
    # One that reports success, and shows something else
    g.on("accept", lambda text: 0)
    g.refuses(PLATFORM, "the kernel reported success, but the device is in state CONFIG_LOCKED",
              touched=True)


@test
def gate_kills_what_hangs_and_goes_on(b):
    g = Gate(b, devices=(BDF, OTHER))
    g.sign(g.gate(g.entry("first", address=BDF), g.entry("second", address=OTHER), timeout=6))
    for verb in ("lock", "accept"):
        old = g.on(verb, lambda text: "hang")
        started = time.monotonic()
        value, status, stderr = g.run()
        took = time.monotonic() - started
        eq((verb, status, device(value)["verdict"], device(value, OTHER)["verdict"]),
           (verb, PLATFORM, "failed", "accepted"))
        has(value["reason"], "deadline: expected an answer within ", " s, found none")
        has(stderr, "Host, device or TPM are silent", f"{OTHER} (second): accepted")
        assert took < 7, took
        has(g.tree.held(), BDF)
        hasnt([text for path, text in g.kernel.log if path.endswith("drivers_probe")], BDF)
        g.on(verb, old)
        for bdf in (BDF, OTHER):
            g.tree.shared(bdf)
            g.tree.remove(g.tree.dev("driver", bdf))
        g.tree.hold(held=(BDF, OTHER))


@test
def gate_kills_a_child_that_will_not_end(b):
    """What does not heed SIGTERM: here, in a read that starts again."""
    g = Gate(b)
    g.sign(g.gate(timeout=4))
    path = g.tree.path(g.tree.dev("tsm/certificates"))
    lock = g.kernel.on[g.tree.dev("tsm/lock")]

    def silent(text):
        lock(text)
        os.unlink(path)
        os.mkfifo(path)
        os.open(path, os.O_RDWR)        # there is a writer, who never writes
        return 0
    g.on("lock", silent)
    started = time.monotonic()
    value, status, _ = g.run()
    eq((status, device(value)["verdict"], g.tree.held()), (PLATFORM, "failed", [BDF]))
    assert time.monotonic() - started < 6
    ps = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
    hasnt(ps, g.result)


@test
def gate_hangs_in_a_drivers_probe_no_longer_than_it_may(b):
    g = Gate(b)
    g.sign(g.gate(timeout=4))
    g.kernel.on["bus/pci/drivers_probe"] = lambda text: "hang"
    value, status, _ = g.run()
    eq((status, device(value)["verdict"]), (PLATFORM, "failed"))
    has(value["reason"], "deadline: ")


@test
def gate_verifies_what_is_connected_already(b):
    g = Gate(b)
    eq(g.run()[1], YES)
    g.kernel.log.clear()
    # The result is lost, the device is connected: its evidence is looked at, nothing is done.
    value, status, _ = g.run()
    eq((status, device(value)["verdict"], g.kernel.log), (YES, "accepted", []))
    g.policy("disk.json", certificates={"pci_id": {"vendor": "1b36"}})
    g.sign(g.gate())
    value, status, stderr = g.run()
    eq((status, device(value)["verdict"], g.kernel.log), (POLICY, "refused", []))
    has(stderr, "It was connected before the decision, by somebody else")


# ---- the TPM ----

@test
def gate_measures_and_fails_without_a_tpm(b):
    g = Gate(b)
    g.policy("disk.json", tpm={"measure": "required", "pcr": 14, "verdict_pcr": 15})
    g.sign(g.gate())
    log = os.path.join(g.tree.root, "log/tpm-eventlog")
    value, _ = g.refuses(TPM, "TPM absent", args=("--tcti", "device:/nonexistent", "--tpm-log", log))
    eq(device(value)["verdict"], "failed")
    if not shutil.which("swtpm"):
        raise Skip("no swtpm")
    tpm = swtpm.Tpm(g.tree.root)
    try:
        value, status, stderr = g.run("--tcti", tpm.tcti, "--tpm-log", log)
        eq((status, device(value)["measured"]), (YES, True))
        has(stderr, "accepted and measured")
        verdict = (f"tdi-verdict 1\npolicy {g.policies['disk.json']}\n"
                   f"anchor {hashlib.sha256(evidence().chain.root).hexdigest()}\n"
                   "verdict verified\n").encode()
        event = (0x54444902).to_bytes(4, "little") + len(verdict).to_bytes(4, "little") + verdict
        expected = hashlib.sha256(bytes(32) + hashlib.sha256(event).digest()).hexdigest()
        eq(tpm.pcr(15), expected)
        # Decided again, it is not measured twice.
        value, status, _ = g.run("--tcti", tpm.tcti, "--tpm-log", log)
        eq((status, device(value)["measured"], tpm.pcr(15)), (YES, False, expected))
    finally:
        tpm.stop()


@contextlib.contextmanager
def measuring(b):
    """A gate whose policy wants it measured, its TPM and its log."""
    if not shutil.which("swtpm"):
        raise Skip("no swtpm")
    g, log = Gate(b), os.path.join(b.tree.root, "log/tpm-eventlog")
    g.policy("disk.json", tpm={"measure": "required", "pcr": 14, "verdict_pcr": 15})
    g.sign(g.gate(timeout=4))
    tpm = swtpm.Tpm(g.tree.root)
    try:
        yield g, tpm, log
    finally:
        tpm.stop()


def heads(log):
    """What the log's records are."""
    return [text.splitlines()[0] for _, _, text in payloads(read(log))]


@test
def gate_takes_back_what_was_measured_when_it_kills(b):
    with measuring(b) as (g, tpm, log):
        where, connect = ["--tcti", tpm.tcti, "--tpm-log", log], g.tree.dev("tsm/connect")

        def locked_up(_text):
            # The kernel has the device's lock: who asks whether it is connected waits, too.
            g.tree.remove(connect)
            os.mkfifo(g.tree.path(connect))
            return "hang till killed"

        for accept in (lambda _text: "hang till killed", locked_up):
            g.tree.shared()
            g.on("accept", accept)
            value, _ = g.refuses(PLATFORM, "deadline: ", touched=True, args=where)
            eq((device(value)["verdict"], device(value)["measured"]), ("failed", False))
            hasnt(g.kernel.verbs(), "unlock")       # it had no time for that
            g.tree.tsm("connect", "\n")
            eq(heads(log)[-4:], ["tdi-accept 1", "tdi-verdict 1", "tdi-void 1", "tdi-verdict 1"])
            has(payloads(read(log))[-1][2], "verdict void\n")
        eq(len(heads(log)), 8)
        # Log and PCRs agree, or there was no quote; and it is no proof of anything.
        quote = ["quote", BDF, "--nonce", NONCE, *where, "--out"]
        path = os.path.join(g.tree.root, "quoted")
        eq(b.one(TDI_MODEL, *quote, path).returncode, YES)
        kernel, b.kernel = b.kernel, None
        value, status = verify_bundle(
            b, path, "--roots", _FILES.put("roots", evidence().chain.root), "--nonce", NONCE,
            "--ak", os.path.join(path, "tpm-ak.pub"), "--policy", os.path.join(g.dir, "disk.json"))
        b.kernel = kernel
        eq((status, of(value, "tpm.event")), (POLICY, "refused"))
        # Once the kernel has undone the accept there is nothing to quote.
        g.tree.shared()
        ret = b.one(TDI_MODEL, *quote, path + "-again")
        eq((ret.returncode, os.path.exists(path + "-again")), (EVIDENCE, False))
        # What was accepted before a child hung stays so.
        g.device(BDF)
        g.kernel.on["bus/pci/drivers_probe"] = lambda _text: "hang till killed"
        eq((g.run(*where)[1], heads(log)[8:]), (PLATFORM, ["tdi-accept 1", "tdi-verdict 1"]))


@test
def gate_waits_for_no_tpm_to_take_back_what_was_measured(b):
    with measuring(b) as (g, tpm, log):
        accepting, over = threading.Event(), threading.Event()

        def silent(_code, _command):
            return "hang up" if accepting.is_set() and over.wait(30) else None
        proxy = swtpm.Proxy(tpm, silent)

        def accept(_text):
            accepting.set()
            return "hang till killed"
        g.on("accept", accept)
        started = time.monotonic()
        _, stderr = g.refuses(PLATFORM, "deadline: ", touched=True,
                              args=["--tcti", proxy.tcti, "--tpm-log", log])
        took = time.monotonic() - started
        over.set()
        has(stderr, f"gate: {BDF}: the event log says that it was accepted, which it was not: "
                    "the TPM did not answer in time")
        assert took < 7, took
        eq(heads(log), ["tdi-accept 1", "tdi-verdict 1"])


@test
def gate_waits_for_a_tpm_no_longer_than_it_may(b):
    if os.path.exists("/dev/tpmrm0"):
        raise Skip("there is a TPM here")
    g = Gate(b)
    g.policy("disk.json", tpm={"measure": "required"})
    g.sign(g.gate(timeout=3))
    started = time.monotonic()
    g.refuses(TPM, "TPM absent")
    assert time.monotonic() - started < 4


# ---- the result ----

@test
def gate_decides_once_a_boot(b):
    g = Gate(b)
    first, status, _ = g.run()
    eq(status, YES)
    g.kernel.log.clear()
    os.unlink(os.path.join(g.dir, "gate.json.p7s"))
    value, status, stderr = g.run(again=True)
    eq((status, value, g.kernel.log), (YES, first, []))
    has(stderr, "decided earlier in this boot: yes")
    # What was yes is no once the device is not accepted any more.
    g.tree.shared()
    value, status, stderr = g.run(again=True)
    eq((status, value["verdict"], g.kernel.log), (PLATFORM, "no", []))
    has(stderr, "expected it to be accepted still, found that it is not")
    # A no stays one, with its status.
    g = Gate(fresh(b))
    _, signature = g.sign(g.gate())
    g.sign(g.gate(not_before=PAST), signature)
    g.refuses(POLICY, "signature")
    g.sign(g.gate())
    value, status, _ = g.run(again=True)
    eq((status, g.kernel.log), (POLICY, []))
    # Another boot decides anew.
    g.tree.boot("boot-2")
    eq(g.run(again=True)[1], YES)


@test
def gate_believes_no_result_but_roots(b):
    g = Gate(b)
    eq(g.run()[1], YES)
    good = g.written()

    def disbelieved(*parts):
        g.kernel.log.clear()
        value, status, stderr = g.run(again=True)
        eq((value, status, g.kernel.log), (None, USAGE, []))
        has(stderr, "expected what root wrote in this boot", *parts)
    os.chmod(g.result, 0o666)
    disbelieved("no file that only root can write")
    os.chmod(g.result, 0o644)
    os.chmod(g.run_dir, 0o777)
    disbelieved("its directory is not root's alone")
    os.chmod(g.run_dir, 0o755)
    os.rename(g.result, g.result + ".x")
    os.symlink(g.result + ".x", g.result)
    disbelieved("no file that only root can write")
    os.unlink(g.result)
    for change in ({"verdict": "no"}, {"exit_status": 3}, {"extra": 1}, {"kind": "x"},
                   {"schema_version": 9}, {"devices": [{"bdf": 1}]}, {"boot_id": None, "seconds": -1},
                   {"hold": "x" * 500}):
        with open(g.result, "w", encoding="ascii") as f:
            json.dump({**good, **change}, f)
        disbelieved()
    for text in ("", "{", json.dumps(good) * 2, "x" * 300000):
        with open(g.result, "w", encoding="ascii") as f:
            f.write(text)
        disbelieved()
    if os.geteuid():
        raise Skip("only root can give files away")
    with open(g.result, "w", encoding="ascii") as f:
        json.dump(good, f)
    eq(g.run(again=True)[1], YES)
    os.chown(g.result, 65534, 65534)
    disbelieved("no file that only root can write")
    os.chown(g.result, 0, 0)
    os.chown(g.run_dir, 65534, 65534)
    disbelieved("its directory is not root's alone")


@test
def gate_result_is_there_whole_or_not_at_all(b):
    g = Gate(b)
    stop, seen = threading.Event(), []

    def watch():
        while not stop.is_set():
            try:
                with open(g.result, encoding="ascii") as f:
                    seen.append(f.read())
            except FileNotFoundError:
                pass
    thread = threading.Thread(target=watch)
    thread.start()
    for i in range(3):
        g.tree.boot(f"boot-{i}")
        g.run(again=True)
    stop.set()
    thread.join()
    assert seen
    for text in set(seen):
        schema_check.check(schema_check.loads(text), SCHEMA, "gate-result.json")
    eq(sorted(os.listdir(g.run_dir)), ["gate.json", "gate.lock"])
    eq(os.stat(g.result).st_mode & 0o7777, 0o644)


@test
def gate_that_cannot_write_its_result_is_no(b):
    g = Gate(b)
    for prepare in (lambda: os.mkdir(g.result), lambda: os.chmod(g.run_dir, 0o777)):
        shutil.rmtree(g.run_dir, ignore_errors=True)
        os.makedirs(g.run_dir)
        prepare()
        g.tree.shared()
        g.tree.hold()
        _, status, stderr = g.run(again=True)
        eq(status, USAGE)
        hasnt(stderr, "tdi gate: yes")
        eq([n for n in os.listdir(g.run_dir) if n not in ("gate.json", "gate.lock")], [])


@test
def gate_that_is_killed_leaves_everything_held(b):
    g = Gate(b)
    g.on("lock", lambda text: "hang")
    argv = b.argv(TDI_MODEL, g.argv())
    for signal in (15, 9):
        with subprocess.Popen(argv, env=b.env(), stderr=subprocess.DEVNULL) as process:
            until = time.monotonic() + 20
            while not g.kernel.log and time.monotonic() < until:
                time.sleep(0.01)
            g.kernel.hung_up.clear()
            process.send_signal(signal)
            assert process.wait() != 0
            assert g.kernel.hung_up.wait(10)    # what it had started went with it
        eq((g.tree.held(), os.path.exists(g.result)), ([BDF], False))
        g.kernel.log.clear()


# ---- devices that come later ----

@test
def gate_decides_on_a_device_that_came_later(b):
    g = Gate(b, devices=(BDF, OTHER))
    g.sign(g.gate(g.entry(address=BDF), g.entry("spare", required=False)))
    path = os.path.join(g.run_dir, f"gate-{OTHER}.json")
    value, status, stderr = g.run("--device", OTHER)
    eq((status, value["device"], [d["bdf"] for d in value["devices"]]), (YES, OTHER, [OTHER]))
    assert not any(BDF in path for path, _ in g.kernel.log)
    eq((g.written(path), os.path.exists(g.result)), (value, False))
    has(stderr, f"{OTHER} (spare): accepted")
    # There is one of these, and it runs.
    third = "0000:03:00.0"
    g.tree.add_tdi(third, driver=None)
    g.tree.hold(held=(BDF, third))
    g.device(third)
    g.kernel.log.clear()
    value, status, stderr = g.run("--device", third, again=True)
    eq((status, device(value, third)["verdict"], g.kernel.log), (POLICY, "held", []))
    has(stderr, f"no ({third})", "expected no more of 1234:7d52")
    hasnt(stderr, "tdi-devices.target")
    # Required or not: who was asked for is the answer.
    g.tree.shared(OTHER)
    g.tree.remove(g.tree.dev("driver", OTHER))
    g.tree.hold(held=(BDF, OTHER))
    g.on("lock", lambda text: errno.EKEYREJECTED, OTHER)
    value, status, _ = g.run("--device", OTHER)
    eq((status, device(value, OTHER)["verdict"]), (EVIDENCE, "refused"))


def at_once(g, *bdfs):
    """Decisions about devices, made at the same time; the result and the status of each."""
    argv = [g.b.argv(TDI_MODEL, g.argv("--device", bdf, "--json")) for bdf in bdfs]
    started = [subprocess.Popen(args, env=g.b.env(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE) for args in argv]
    said = [(process.communicate(timeout=60), process.returncode) for process in started]
    for (_, stderr), _ in said:
        hasnt(stderr.decode("ascii"), "Sanitizer", "runtime error")
    return [(schema_check.loads(out.decode("ascii")), status) for (out, _), status in said]


@test
def gate_counts_what_another_decision_accepts_meanwhile(b):
    g = Gate(b, devices=(BDF, OTHER))
    g.sign(g.gate(timeout=20))
    for bdf in (BDF, OTHER):
        lock = g.kernel.on[g.tree.dev("tsm/lock", bdf)]
        g.on("lock", lambda text, lock=lock: (time.sleep(1.5), lock(text))[1], bdf)
    both = at_once(g, BDF, OTHER)
    eq(sorted(status for _, status in both), [YES, POLICY])
    eq(sorted(d["verdict"] for value, _ in both for d in value["devices"]), ["accepted", "held"])
    value, = (value for value, status in both if status == POLICY)
    has(value["reason"], "policy: expected no more of 1234:7d52, found one more")
    eq((g.kernel.verbs().count("accept"), len(g.tree.held())), (1, 1))
    eq(os.stat(os.path.join(g.run_dir, "gate.lock")).st_mode & 0o777, 0o600)


@test
def gate_waits_for_another_decision_no_longer_than_it_may(b):
    g = Gate(b)
    os.makedirs(g.run_dir)
    path = os.path.join(g.run_dir, "gate.lock")
    with open(path, "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        started = time.monotonic()
        value, _ = g.refuses(BUSY, "lock: expected no other decision", again=True)
        assert time.monotonic() - started < 5
        has(device(value)["reason"], "nothing was decided about it")
        # Who has nothing to connect does not wait.
        g.tree.add_function(OTHER, tee_io=False, ids=("0x1af4", "0x1041", "0x020000"))
        eq(g.run("--device", OTHER, again=True)[1], YES)
    os.unlink(g.result)
    os.unlink(path)
    os.symlink("/dev/null", path)
    g.refuses(USAGE, "lock: expected gate.lock beside the result, found that it cannot be had",
              again=True)
    os.unlink(path)
    os.unlink(g.result)
    eq(g.run(again=True)[1], YES)


@test
def gate_has_nothing_to_say_about_a_function_that_nobody_holds(b):
    g = Gate(b)
    g.tree.add_function(OTHER, tee_io=False, ids=("0x1af4", "0x1041", "0x020000"))
    value, status, _ = g.run("--device", OTHER)
    eq((status, value["devices"], g.kernel.log), (YES, [], []))
    g.sign(g.gate(timeout=2))
    value, status, _ = g.run("--device", "0000:09:00.0")
    eq(status, PLATFORM)
    has(value["reason"], "device: expected 0000:09:00.0, found none")


# ---- for the journal ----

@test
def gate_gives_the_journal_levels(b):
    g = Gate(b, devices=(BDF, OTHER))
    g.sign(g.gate(g.entry(address=BDF), g.entry("log", device="beef"), timeout=2))
    path = os.path.join(g.tree.root, "journal")
    with open(path, "wb") as f:
        st = os.fstat(f.fileno())
        for stream in (f"{st.st_dev}:{st.st_ino}", f"{st.st_dev}:{st.st_ino + 1}", "x"):
            shutil.rmtree(g.run_dir, ignore_errors=True)
            f.truncate(0)
            f.seek(0)
            subprocess.run(b.argv(TDI_MODEL, g.argv()), env=b.env(JOURNAL_STREAM=stream), stderr=f,
                           stdout=subprocess.DEVNULL, timeout=60, check=False)
            with open(path, encoding="ascii") as out:
                lines = out.read().splitlines()
            levels = [re.match(r"(<\d>)?tdi gate: ", line).group(1) for line in lines]
            eq(levels, ["<6>", "<3>", "<5>", "<3>"] if stream == f"{st.st_dev}:{st.st_ino}"
               else [None] * 4)


@test
def gate_refuses_arguments_that_make_no_sense(b):
    g = Gate(b)
    for args in (["x"], ["--device", "x"], ["--timeout", "0"], ["--timeout", "3601"],
                 ["--timeout", "1s"], ["--frobnicate"]):
        ret = b.one(TDI_MODEL, "gate", *args)
        eq((args, ret.returncode, ret.stdout, g.kernel.log), (args, USAGE, "", []))
        assert ret.stderr
