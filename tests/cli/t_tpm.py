# SPDX-License-Identifier: GPL-2.0
"""The TPM: measured on connect, quoted, verified; and what goes wrong with it."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import struct
import tarfile

import evidence as e
import schema_check
import swtpm
from bench import SCHEMA, TDI_MODEL, eq, has, hasnt, ready, test
from model import BDF
from t_connect import attestable
from t_verify import AT, DONE, INVALID, REFUSED, USAGE, _FILES, flip, of
from t_verify import verify as verify_bundle

TPM = 6
NONCE = bytes(range(100, 132)).hex()


class Machine:
    """A TPM, and a device that can be connected by a policy."""

    def __init__(self, b, tpm):
        self.b, self.tpm, self.tcti = b, tpm, tpm.tcti
        self.log = os.path.join(b.tree.root, "log", "tpm-eventlog")
        self.kernel, self.roots = attestable(b)

    @property
    def where(self):
        return ["--tcti", self.tcti, "--tpm-log", self.log]

    def policy(self, **tpm):
        return _FILES.put("tpm-policy.json", json.dumps(
            {"schema_version": 1, "kind": "policy", "emulated": "allowed", "tpm": tpm}))

    def connect(self, *args, schema=True, **tpm):
        self.b.tree.shared()
        args = ["connect", BDF, *self.roots, "--policy", self.policy(**tpm), *self.where, *args]
        if schema:
            return self.b.json("verb.json", *args)
        return self.b.run(*args)

    def quote(self, name="quoted", *args, status=DONE):
        path = os.path.join(self.b.tree.root, name)
        ret = self.b.one(TDI_MODEL, "quote", "--nonce", NONCE, "--out", path, *self.where, *args)
        eq((ret.returncode, ret.stderr if not status else None),
           (status, "" if not status else None))
        return path if not status else ret

    def events(self):
        """What tpm2_eventlog makes of the log: its events' data, and the PCRs."""
        said = self.tpm.tool("tpm2_eventlog", self.log).stdout
        pcrs = {}
        for bank, text in re.findall(r"^  (sha\d+):\n((?:    \d+ *: 0x\w+\n?)+)", said, re.M):
            pcrs[bank] = {int(n): v.lower() for n, v in re.findall(r"(\d+) *: 0x(\w+)", text)}
        return said, pcrs

    def agree(self):
        """tpm2_eventlog reads the log, and gives what the TPM has."""
        said, pcrs = self.events()
        assert pcrs, said
        for bank, values in pcrs.items():
            for pcr, value in values.items():
                eq((bank, pcr, value), (bank, pcr, self.tpm.pcr(pcr, bank)))
        return pcrs


@contextlib.contextmanager
def machine(b):
    tpm = swtpm.Tpm(b.tree.root)
    try:
        yield Machine(b, tpm)
    finally:
        tpm.stop()


def payloads(log):
    """The texts of a log's tagged events, taken out by hand."""
    at, out = 32 + struct.unpack_from("<I", log, 28)[0], []
    sizes = {4: 20, 11: 32, 12: 48, 13: 64}
    while at < len(log):
        pcr, kind, nr = struct.unpack_from("<III", log, at)
        at += 12
        for _ in range(nr):
            at += 2 + sizes[struct.unpack_from("<H", log, at)[0]]
        size, tag, length = struct.unpack_from("<III", log, at)
        eq((kind, size), (6, length + 8))
        out.append((pcr, tag, log[at + 12:at + 12 + length].decode()))
        at += 4 + size
    return out


def read(path):
    with open(path, "rb") as f:
        return f.read()


def lines(text):
    return dict(line.split(" ", 1) for line in text.splitlines())


@test
def connect_measures_before_it_accepts(b):
    with machine(b) as m:
        seen = []
        accept = m.kernel.on[b.tree.dev("tsm/accept")]
        m.kernel.on[b.tree.dev("tsm/accept")] = lambda text: (
            seen.append(m.tpm.pcr(14)), accept(text))[1]
        value, status = m.connect(measure="required")
        eq((status, value["outcome"]), (0, "done"))
        eq(value["tpm"], {"measured": True, "pcr": 14, "log": value["tpm"]["log"],
                          "problem": None, "reason": None})
        pcrs = m.agree()
        eq(sorted(pcrs), ["sha1", "sha256", "sha384", "sha512"])
        eq(seen, [pcrs["sha256"][14]])
        (pcr, tag, text), = payloads(read(m.log))
        eq((pcr, tag, text.splitlines()[0]), (14, 0x54444901, "tdi-accept 1"))
        said = lines(text)
        report = e.report(ranges=[(0x100, 4, 0, 0)])
        eq((said["device"], said["verdict"], said["report"], said["nonce"]),
           (BDF, "verified", hashlib.sha256(report).hexdigest(), e.NONCE.hex()))
        eq(said["policy"], hashlib.sha256(read(m.policy(measure="required"))).hexdigest())
        objects = [hashlib.sha256(read(b.tree.path(b.tree.dev("tsm/" + name)))).digest()
                   for name in ("certificates", "vca", "measurements", "report")]
        eq(said["evidence"],
           hashlib.sha256(b"tdi-evidence 1\n" + b"".join(objects)).hexdigest())
        kept = sorted(os.listdir(m.log + ".objects"))
        eq(kept, sorted([said["policy"], said["verdict-digest"]]))
        verdict = schema_check.loads(read(os.path.join(m.log + ".objects",
                                                       said["verdict-digest"])).decode())
        schema_check.check(verdict, SCHEMA, "verdict.json")
        eq(verdict["verdict"], "verified")


@test
def each_connect_adds_to_the_log(b):
    with machine(b) as m:
        for nr in range(1, 4):
            eq(m.connect(measure="required")[1], 0)
            eq(len(payloads(read(m.log))), nr)
            m.agree()
        ret = m.connect(measure="required", schema=False)
        has(ret.stdout, f"{BDF}: measured into PCR 14\n")


@test
def without_the_policy_s_wish_nothing_is_measured(b):
    with machine(b) as m:
        value, status = m.connect(measure="off")
        eq((status, value["tpm"], os.path.exists(m.log)), (0, None, False))
        eq(int(m.tpm.pcr(14), 16), 0)


@test
def verdicts_alone_have_a_pcr_that_can_be_predicted(b):
    with machine(b) as m:
        eq(m.connect(measure="required", verdict_pcr=15)[1], 0)
        m.agree()
        text = payloads(read(m.log))[1][2].encode()
        policy = hashlib.sha256(read(m.policy(measure="required", verdict_pcr=15))).hexdigest()
        anchor = hashlib.sha256(read(m.roots[1])).hexdigest()
        eq(text.decode(), f"tdi-verdict 1\npolicy {policy}\nanchor {anchor}\nverdict verified\n")
        event = struct.pack("<II", 0x54444902, len(text)) + text
        eq(m.tpm.pcr(15),
           hashlib.sha256(bytes(32) + hashlib.sha256(event).digest()).hexdigest())
        path = m.quote()
        value, status = verify(b, m, path)
        eq((status, value["tpm"]["pcrs"]), (DONE, [14, 15]))


@test
def firmware_s_and_others_pcrs_are_refused(b):
    with machine(b) as m:
        for pcr in (*range(14), *range(17, 23)):
            ret = m.connect("--pcr", str(pcr), schema=False, measure="required")
            eq((ret.returncode, m.kernel.log), (USAGE, []))
            has(ret.stderr, f"PCR {pcr} is not for this: ")
            ret = m.connect(schema=False, pcr=pcr)
            eq((ret.returncode, m.kernel.log), (USAGE, []))
            has(ret.stderr, f"tpm.pcr: PCR {pcr} is not for this: ")
        for pcr in ("24", "-1", "x", ""):
            eq(m.connect("--pcr", pcr, schema=False, measure="required").returncode, USAGE)
        ret = m.connect("--pcr", "15", schema=False, pcr=14)
        eq(ret.returncode, USAGE)
        has(ret.stderr, "the policy says PCR 14")
        for pcr in (15, 16, 23):
            m.log += "x"
            eq(m.connect(pcr=pcr)[1], 0)
            m.agree()
        ret = b.run("policy", "check", m.policy(pcr=16))
        has(ret.stdout, "can reset it")


@test
def measure_measures_what_is_connected(b):
    with machine(b) as m:
        eq(m.connect(measure="off")[1], 0)
        args = ["measure", BDF, *m.roots, "--policy", m.policy(measure="off"), *m.where]
        ret = b.one(TDI_MODEL, *args, "--json")
        eq(ret.returncode, 0)
        value = schema_check.loads(ret.stdout)
        schema_check.check(value, SCHEMA, "measured.json")
        eq(payloads(read(m.log))[0][2].splitlines()[0], "tdi-measure 1")
        has(b.one(TDI_MODEL, *args, "--pcr", "14").stdout, "measured into PCR 14", "MOK")
        m.agree()
        # What is not verified is not measured.
        before = read(m.log)
        b.tree.tsm("measurements", flip(read(b.tree.path(b.tree.dev("tsm/measurements"))), -1))
        ret = b.one(TDI_MODEL, *args)
        eq((ret.returncode, read(m.log)), (INVALID, before))
        has(ret.stderr, "not verified: spdm.measurements.signature")
        b.tree.shared()
        ret = b.one(TDI_MODEL, *args)
        eq(ret.returncode, 4)
        has(ret.stderr, "there is no evidence")


@test
def what_was_measured_and_then_not_accepted_is_taken_back(b):
    with machine(b) as m:
        unlocked = []
        m.kernel.on[b.tree.dev("tsm/accept")] = lambda text: 5
        m.kernel.on[b.tree.dev("tsm/unlock")] = lambda text: (
            unlocked.append(len(payloads(read(m.log)))), b.tree.shared(), 0)[2]
        value, status = m.connect(measure="required", verdict_pcr=15)
        # All four records are there before the host is asked for anything again.
        eq((status, value["tpm"]["measured"], unlocked), (4, False, [4]))
        eq([p[2].splitlines()[0] for p in payloads(read(m.log))],
           ["tdi-accept 1", "tdi-verdict 1", "tdi-void 1", "tdi-verdict 1"])
        has(payloads(read(m.log))[3][2], "verdict void\n")
        m.agree()
        # And a quote says so.
        for name, value in (("state", "CONFIG_LOCKED\n"), ("lock", "tsm0\n")):
            b.tree.tsm(name, value)
        m.kernel.on[b.tree.dev("tsm/lock")]("tsm0")
        value, status = verify(b, m, m.quote())
        eq((status, of(value, "tpm.event")), (REFUSED, "refused"))


# ---- quote and verify ----

def ak_of(m, path):
    """The key, as who pins it keeps it."""
    return os.path.join(path, "tpm-ak.pub")


def verify(b, m, path, *more, nonce=NONCE, ak=True):
    ak = ["--ak", _FILES.put("ak", read(ak_of(m, path)))] if ak is True else ["--ak", ak] if ak else []
    b_kernel, b.kernel = b.kernel, None         # both binaries: nothing is written
    try:
        policy = _FILES.put("verify-policy.json", json.dumps(
            {"schema_version": 1, "kind": "policy", "emulated": "allowed"}))
        return verify_bundle(b, path, *m.roots, "--policy", policy, *ak,
                             *(["--nonce", nonce] if nonce else []), *more)
    finally:
        b.kernel = b_kernel


TPM_CHECKS = ("tpm.form", "tpm.ak", "tpm.signature", "tpm.nonce", "tpm.pcr", "tpm.event")


@test
def a_quote_verifies_here_and_by_tpm2_checkquote(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        path = m.quote()
        meta = schema_check.loads(read(os.path.join(path, "metadata.json")).decode())
        schema_check.check(meta, SCHEMA, "evidence.json")
        value, status = verify(b, m, path)
        eq((status, [of(value, c) for c in TPM_CHECKS]), (DONE, ["passed"] * 6))
        eq(of(value, "spdm.measurements.nonce"), "passed")
        eq((value["tpm"]["ak_pinned"], value["tpm"]["ak_hierarchy"], value["tpm"]["bank"]),
           (True, "endorsement", "SHA-384"))
        eq((value["tpm"]["event"]["kind"], value["tpm"]["events"]), ("accept", 1))
        f = lambda name: os.path.join(path, name)
        pcrs = os.path.join(b.tree.root, "pcrs")
        check = ["tpm2_checkquote", "-u", f("tpm-ak.pub"), "-m", f("tpm-quote.bin"), "-s",
                 f("tpm-signature.bin"), "-g", "sha256", "-f", pcrs, "-F", "values", "-l", "sha384:14",
                 "-e", f("tpm-eventlog.bin"), "-q"]
        m.tpm.tool("tpm2_pcrread", "sha384:14", "-o", pcrs)
        m.tpm.tool(*check, NONCE)
        assert m.tpm.tool(*check, "00" + NONCE[2:], check=False).returncode
        said = m.tpm.tool("tpm2_print", "-t", "TPMS_ATTEST", f("tpm-quote.bin")).stdout
        has(said, NONCE, hashlib.sha256(bytes.fromhex(m.tpm.pcr(14, "sha384"))).hexdigest())
        m.tpm.tool("tpm2_pcrextend", "14:sha384=" + "22" * 48)
        m.tpm.tool("tpm2_pcrread", "sha384:14", "-o", pcrs)
        assert m.tpm.tool(*check, NONCE, check=False).returncode
        ret = b.run("verify", path, *m.roots, "--ak", ak_of(m, path), "--nonce", NONCE,
                    "--policy", m.policy(measure="required"), "--at", AT)
        eq(ret.returncode, 0)
        hasnt(ret.stdout, "NOTE")


@test
def an_archive_is_as_good_and_the_key_is_always_the_same(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        first, archive = m.quote("one"), m.quote("two.tar")
        with tarfile.open(archive) as tar:
            eq(tar.extractfile("tpm-ak.pub").read(), read(ak_of(m, first)))
        value, status = verify(b, m, archive, ak=ak_of(m, first))
        eq(status, DONE)
        ret = b.one(TDI_MODEL, "quote", BDF, "--nonce", NONCE, "--out", first + "-again", "--json",
                    *m.where)
        value = schema_check.loads(ret.stdout)
        schema_check.check(value, SCHEMA, "quoted.json")
        eq((value["bdf"], value["pcrs"]), (BDF, [14]))


@test
def keys_of_others_making_sign_too(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        f = lambda name: os.path.join(b.tree.root, name)
        m.tpm.tool("tpm2_createek", "-c", f("ek.ctx"), "-G", "ecc", "-u", f("ek.pub"))
        for kind, alg, scheme in (("ecc", "sha256", "ecdsa"), ("ecc384", "sha384", "ecdsa"),
                                  ("rsa", "sha256", "rsassa"), ("rsa", "sha256", "rsapss")):
            m.tpm.tool("tpm2_flushcontext", "-t")
            m.tpm.tool("tpm2_flushcontext", "-s")
            if kind == "ecc384":
                m.tpm.tool("tpm2_createprimary", "-C", "o", "-G", "ecc384:ecdsa-sha384:null", "-a",
                           "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign",
                           "-c", f("ak.ctx"))
                m.tpm.tool("tpm2_readpublic", "-c", f("ak.ctx"), "-f", "pem", "-o", f("ak.pem"))
            else:
                m.tpm.tool("tpm2_createak", "-C", f("ek.ctx"), "-c", f("ak.ctx"), "-G", kind,
                           "-g", alg, "-s", scheme, "-u", f("ak.pem"), "-f", "pem")
            m.tpm.tool("tpm2_flushcontext", "-t")
            m.tpm.tool("tpm2_flushcontext", "-s")
            name = f"{kind}-{scheme}"
            path = m.quote(name, "--ak", f("ak.ctx"))
            value, status = verify(b, m, path, ak=f("ak.pem"))
            eq((name, status), (name, DONE))
            eq(value["tpm"]["ak_hierarchy"], "owner" if kind == "ecc384" else None)
            m.tpm.tool("tpm2_flushcontext", "-t")
            m.tpm.tool("tpm2_evictcontrol", "-c", f("ak.ctx"), "0x81010042")
            m.tpm.tool("tpm2_flushcontext", "-t")
            value, status = verify(b, m, m.quote(name + "-p", "--ak", "0x81010042"), ak=f("ak.pem"))
            eq((name, status), (name, DONE))
            m.tpm.tool("tpm2_evictcontrol", "-c", "0x81010042")
        has(m.quote("none", "--ak", "0x81010042", status=TPM).stderr, "cannot use the attestation key")
        has(m.quote("none", "--ak", f("ak.pem"), status=TPM).stderr, "no context as tpm2-tools save it")


@test
def a_key_that_signs_anything_is_none(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        ctx = os.path.join(b.tree.root, "key.ctx")
        m.tpm.tool("tpm2_createprimary", "-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a",
                   "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "-c", ctx)
        m.tpm.tool("tpm2_flushcontext", "-t")
        value, status = verify(b, m, m.quote("x", "--ak", ctx))
        eq((status, of(value, "tpm.ak")), (INVALID, "failed"))


@test
def who_is_not_pinned_vouches_for_nothing(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        path = m.quote()
        value, status = verify(b, m, path, ak=None)
        eq((status, of(value, "tpm.ak"), of(value, "spdm.measurements.nonce")),
           (REFUSED, "skipped", "skipped"))
        eq(value["tpm"]["ak_pinned"], False)
        # Whoever does not ask for freshness is told.
        ret = b.run("verify", path, *m.roots, "--at", AT, "--policy", _FILES.put(
            "lax.json", json.dumps({"schema_version": 1, "kind": "policy", "emulated": "allowed",
                                    "freshness": {"nonce": "optional"}})))
        eq(ret.returncode, DONE)
        has(ret.stdout, "NOTE: Without --ak", "NOTE: Without --nonce")
        other = os.path.join(b.tree.root, "other.pem")
        e.openssl("pkey", "-in", e.key("ECDSA P-256", "other"), "-pubout", "-out", other)
        value, status = verify(b, m, path, ak=other)
        eq((status, of(value, "tpm.ak")), (INVALID, "failed"))


@test
def a_policy_that_requires_a_tpm_requires_it_of_bundles(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        path = os.path.join(b.tree.root, "plain")
        eq(b.one(TDI_MODEL, "evidence", BDF, "-o", path).returncode, 0)
        ret = b.run("verify", path, *m.roots, "--policy", m.policy(measure="required"), "--at", AT,
                    "--nonce", e.NONCE.hex())
        eq(ret.returncode, REFUSED)
        has(ret.stdout, "MISSING  tpm.signature")


def tampered(m, b, path, name, data):
    """The bundle with another file, and metadata that agree with it."""
    copy = os.path.join(b.tree.root, "tampered")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy)
    with open(os.path.join(copy, name), "wb") as f:
        f.write(data)
    meta = json.loads(read(os.path.join(copy, "metadata.json")))
    for objects in (meta["objects"], meta["tpm"]["objects"]):
        for entry in objects.values():
            if entry and entry["file"] == name:
                entry["size"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    with open(os.path.join(copy, "metadata.json"), "w", encoding="ascii") as f:
        json.dump(meta, f)
    return copy


@test
def whatever_is_changed_shows(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        old = m.quote("old")
        eq(m.connect(measure="required")[1], 0)
        path = m.quote()
        ak = _FILES.put("the-ak", read(ak_of(m, path)))

        def bad(copy, check, **kw):
            value, status = verify(b, m, copy, **{"ak": ak, **kw})
            eq((check, status, of(value, check)), (check, INVALID, "failed"))
            return [c["found"] for c in value["checks"] if c["id"] == check][0]
        get = lambda name: read(os.path.join(path, name))
        put = lambda name, data: tampered(m, b, path, name, data)
        bad(path, "tpm.nonce", nonce="00" * 32)
        bad(path, "tpm.nonce", nonce=e.NONCE.hex())
        quote = get("tpm-quote.bin")
        bad(put("tpm-quote.bin", flip(quote, -1)), "tpm.signature")
        bad(put("tpm-quote.bin", flip(quote, -1)), "tpm.pcr")
        bad(put("tpm-quote.bin", flip(quote, 0)), "tpm.form")
        bad(put("tpm-quote.bin", quote + b"x"), "tpm.form")
        bad(put("tpm-quote.bin", b""), "tpm.form")
        bad(put("tpm-quote.bin", read(os.path.join(old, "tpm-quote.bin"))), "tpm.signature")
        bad(put("tpm-signature.bin", flip(get("tpm-signature.bin"), -1)), "tpm.signature")
        bad(put("tpm-signature.bin", b"\0" * 8), "tpm.form")
        # The last byte is of the point: not on the curve any more.
        bad(put("tpm-ak.pub", flip(get("tpm-ak.pub"), -1)), "tpm.form")
        bad(put("tpm-eventlog.bin", read(os.path.join(old, "tpm-eventlog.bin"))), "tpm.pcr")
        log = get("tpm-eventlog.bin")
        bad(put("tpm-eventlog.bin", log[:-1]), "tpm.form")
        bad(put("tpm-eventlog.bin", flip(log, -3)), "tpm.form")
        has(bad(put("report.bin", flip(get("report.bin"), -1)), "tpm.event"), "the evidence")
        has(bad(put("tpm-policy.json", get("tpm-policy.json") + b" "), "tpm.event"), "the policy")
        has(bad(put("tpm-verdict.json", get("tpm-verdict.json") + b" "), "tpm.event"), "the verdict")
        meta = json.loads(get("metadata.json"))
        for change, what in (({"generation": "4"}, "generation"), ({"bars": None}, "BARs"),
                             ({"platform": "SEV-SNP"}, "platform"), ({"nonce": None}, "nonce")):
            has(bad(put("metadata.json", json.dumps({**meta, **change}).encode()), "tpm.event"), what)
        bad(put("metadata.json", json.dumps(
            {**meta, "device": {**meta["device"], "bdf": "0000:09:00.0"}}).encode()), "tpm.event")
        # Parts that are gone.
        for name in ("eventlog", "quote", "signature", "ak"):
            meta = json.loads(get("metadata.json"))
            copy = put("metadata.json", json.dumps(meta).encode())
            os.unlink(os.path.join(copy, meta["tpm"]["objects"][name]["file"]))
            meta["tpm"]["objects"][name] = None
            with open(os.path.join(copy, "metadata.json"), "w", encoding="ascii") as f:
                json.dump(meta, f)
            bad(copy, "tpm.form")


@test
def a_quote_is_of_what_was_measured_or_not_made(b):
    with machine(b) as m:
        has(m.quote("none", status=4).stderr, "no device was measured")
        eq(m.connect(measure="required")[1], 0)
        has(m.quote("none", "0000:05:00.0", status=4).stderr, "nothing of this device")
        b.tree.tsm("generation", "4\n")
        has(m.quote("none", status=2).stderr, "not the one that was measured")
        b.tree.tsm("generation", "3\n")
        shutil.rmtree(m.log + ".objects")
        has(m.quote("none", status=1).stderr, "no longer beside the event log")
        assert not os.path.exists(os.path.join(b.tree.root, "none"))


# ---- TPMs that will not do ----

def refused(m, problem, *words, log=(), before=True):
    """Required: refused, before the device is touched or undone; optional: not claimed."""
    m.kernel.log.clear()
    value, status = m.connect(measure="required")
    eq((status, value["outcome"], value["tpm"]["measured"], value["tpm"]["problem"]),
       (TPM, "failed", False, problem))
    has(value["reason"], *words)
    eq(m.kernel.verbs(), [] if before else ["unbind", "lock", "approve", "unlock", "bind"])
    ret = m.connect(schema=False, measure="required")
    eq((ret.returncode, "measured" in ret.stdout), (TPM, False))
    has(ret.stderr, f"TPM {problem}: ")
    value, status = m.connect(measure="optional")
    eq((status, value["outcome"], value["device"]["state"]), (0, "done", "RUN"))
    eq((value["tpm"]["measured"], value["tpm"]["problem"]), (False, problem))
    ret = m.connect(schema=False, measure="optional")
    has(ret.stdout, f"NOT measured: TPM {problem}: ")


@test
def an_absent_tpm_is_said(b):
    with machine(b) as m:
        m.tcti = "swtpm:path=/nonexistent"
        refused(m, "absent", "no TPM answers at swtpm:path=/nonexistent")
        has(m.quote(status=TPM).stderr, "TPM absent", "Give the machine a TPM")
        m.tcti = "nonsense:"
        refused(m, "absent")


def through(m, hook):
    proxy = swtpm.Proxy(m.tpm, hook)
    m.tcti = proxy.tcti
    return proxy


@test
def a_locked_tpm_is_said_and_what_was_done_is_undone(b):
    with machine(b) as m:
        through(m, lambda code, _: 0x921 if code == swtpm.PCR_EXTEND else None)
        refused(m, "locked", "cannot extend the PCR", before=False)
        eq(payloads(read(m.log)) if os.path.getsize(m.log) else [], [])
        m.tcti = m.tpm.tcti
        eq(m.connect(measure="required")[1], 0)
        m.agree()
        m.tpm.tool("tpm2_changeauth", "-c", "e", "secret")
        has(m.quote(status=TPM).stderr, "TPM locked: cannot make an attestation key")


@test
def a_full_tpm_is_said(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        for i in range(3):
            m.tpm.tool("tpm2_createprimary", "-c", os.path.join(b.tree.root, f"{i}.ctx"))
        has(m.quote(status=TPM).stderr, "TPM full: ", "tpm2_flushcontext")
        # Measuring takes no room.
        eq(m.connect(measure="required")[1], 0)
        m.tpm.tool("tpm2_flushcontext", "-t")
        eq(verify(b, m, m.quote())[1], DONE)


@test
def a_tpm_that_was_reset_is_said(b):
    with machine(b) as m:
        eq(m.connect(measure="required")[1], 0)
        m.tpm.reset()
        refused(m, "reset", "the PCR is empty, the log is not")
        has(m.quote(status=TPM).stderr, "TPM reset: ")
        eq(len(payloads(read(m.log))), 1)
        os.unlink(m.log)
        eq(m.connect(measure="required")[1], 0)
        m.agree()


@test
def a_tpm_that_is_reset_meanwhile_is_said(b):
    with machine(b) as m:
        # Between the read of the clock and the extension.
        proxy = []

        def hook(code, _):
            if code == swtpm.PCR_EXTEND:
                m.tpm.reset()
        proxy.append(through(m, hook))
        value, status = m.connect(measure="required")
        eq((status, value["tpm"]["problem"], value["device"]["state"]),
           (TPM, "reset", "CONFIG_UNLOCKED"))


@test
def who_else_extends_the_pcr_is_noticed(b):
    with machine(b) as m:
        m.tpm.extend(14)
        refused(m, "disagrees", "there is no event log for it")
        m.tpm.reset()
        os.unlink(m.log)
        eq(m.connect(measure="required")[1], 0)
        path = m.quote()
        m.tpm.extend(14)
        refused(m, "disagrees", "somebody else extended it")
        has(m.quote("none", status=TPM).stderr, "TPM disagrees")
        eq(verify(b, m, path)[1], DONE)


@test
def a_changed_log_is_noticed(b):
    with machine(b) as m:
        for _ in range(4):
            eq(m.connect(measure="required")[1], 0)
        good = read(m.log)
        first = good.index(b"tdi-accept")
        for bad in (flip(good, -1), flip(good, 3), good + good[-800:], b"x" * 100,
                    good[:first], b"", good[:len(good) // 2]):
            with open(m.log, "wb") as f:
                f.write(bad)
            value, status = m.connect(measure="required")
            eq((len(bad), status, value["tpm"]["problem"]), (len(bad), TPM, "disagrees"))
            eq(read(m.log), bad)


@test
def a_crash_anywhere_is_mended_or_said(b):
    with machine(b) as m:
        eq(m.connect(measure="required", verdict_pcr=15)[1], 0)
        one = read(m.log)
        # Before the first extension, and between the two: the log is ahead of the PCRs.
        for hang_at, left in ((1, 2), (2, 3)):
            extends = []

            def hook(code, _):
                if code == swtpm.PCR_EXTEND:
                    extends.append(code)
                return "hang up" if len(extends) >= hang_at else None
            through(m, hook)
            eq(m.connect(measure="required", verdict_pcr=15)[1], TPM)
            assert len(payloads(read(m.log))) == len(payloads(one)) + 2
            os.unlink(os.path.join(m.tpm.state, "proxy"))
            os.unlink(os.path.join(m.tpm.state, "proxy.ctrl"))
            m.tcti = m.tpm.tcti
            ret = m.connect(schema=False, measure="required", verdict_pcr=15)
            eq(ret.returncode, 0)
            has(ret.stderr, "bytes that were never measured: removed")
            eq(len(payloads(read(m.log))), len(payloads(one)) + left)
            m.agree()
            one = read(m.log)
        # After the extension: the TPM did it, and nobody heard.
        through(m, lambda code, _: "do and hang up" if code == swtpm.PCR_EXTEND else None)
        eq(m.connect(measure="required")[1], TPM)
        m.tcti = m.tpm.tcti
        ret = m.connect(schema=False, measure="required")
        eq((ret.returncode, "removed" in ret.stderr), (0, False))
        m.agree()
        # A torn end.
        torn = read(m.log)[len(one):]
        for length in (1, 11, 100, len(torn) // 2 - 1):
            with open(m.log, "ab") as f:
                f.write(torn[:length])
            ret = m.connect(schema=False, measure="required")
            eq(ret.returncode, 0)
            has(ret.stderr, f"the event log ended in {length} bytes")
            m.agree()


@test
def a_first_record_that_was_torn_is_no_reset(b):
    with machine(b) as m:
        os.makedirs(os.path.dirname(m.log))
        eq(m.connect(measure="required")[1], 0)
        whole = read(m.log)
        m.tpm.reset()
        # resetCount is that of this boot: what a crash left, and no reset.
        for torn in (whole[:10], whole[:70], whole[:-5]):
            os.unlink(m.log)
            with open(m.log, "wb") as f:
                f.write(torn)
            eq(m.connect(measure="required")[1], 0)
            m.agree()
            m.tpm.reset()


@test
def measuring_wants_a_log_it_can_write(b):
    with machine(b) as m:
        with open(os.path.join(b.tree.root, "file"), "w", encoding="ascii"):
            pass
        m.log = os.path.join(b.tree.root, "file", "log")
        refused(m, "failed", "cannot open the event log: Not a directory")
        target = os.path.join(b.tree.root, "target")
        m.log = os.path.join(b.tree.root, "link")
        os.symlink(target, m.log)
        refused(m, "failed", "cannot open the event log")
        assert not os.path.exists(target)
