# SPDX-License-Identifier: GPL-2.0
"""tdi evidence, and what it saves: verified, shown, damaged."""
import io
import json
import os
import shutil
import subprocess
import tarfile
import time

import evidence as e
import model
import schema_check
from bench import SCHEMA, TDI_MODEL, eq, has, hasnt, test
from model import BDF
from t_policy import policy
from t_verify import AT, DONE, INVALID, REFUSED, USAGE, _FILES, expect, verify

REPORT = e.report(ranges=[(0x100, 2, 0, 0), (0x102, 1, 4, 0)])
FILES = ("certificates.bin", "measurements.bin", "metadata.json", "report.bin", "vca.bin")


def device(b, platform="emulated", evidence=None, apart=True):
    """A connected device that has evidence which verifies."""
    evidence = evidence or e.Evidence()
    b.tree.add_tsm(platform=platform)
    b.tree.add_tdi()
    b.tree.connected(generation=7)
    b.tree.tsm("certificates", evidence.chain.spdm(evidence.digest))
    b.tree.tsm("vca", evidence.vca if apart else b"")
    b.tree.tsm("measurements", evidence.pairs if apart else evidence.transcript)
    b.tree.tsm("report", REPORT)
    b.tree.tsm("nonce", evidence.nonce)
    return evidence


def save(b, name="bundle", status=DONE, binary=TDI_MODEL):
    path = os.path.join(b.tree.root, name)
    ret = b.one(binary, "evidence", BDF, "-o", path)
    eq((ret.returncode, ret.stdout if status else ""), (status, ""))
    return path


def saved(b, **kw):
    evidence = device(b, **kw)
    roots = ["--roots", _FILES.put("roots", evidence.chain.root)]
    return save(b), roots


@test
def a_bundle_is_lossless_and_verifies(b):
    path, roots = saved(b, platform="SEV-SNP")
    eq(sorted(os.listdir(path)), sorted(FILES))
    for name in ("certificates", "vca", "measurements", "report"):
        with open(os.path.join(path, name + ".bin"), "rb") as f:
            saved_bytes = f.read()
        with open(b.tree.path(b.tree.dev("tsm/" + name)), "rb") as f:
            eq((name, saved_bytes), (name, f.read()))
    with open(os.path.join(path, "metadata.json"), encoding="ascii") as f:
        meta = schema_check.loads(f.read())
    schema_check.check(meta, SCHEMA, "evidence.json")
    eq((meta["generation"], meta["platform"], meta["emulated"], meta["nonce"], meta["tsm"]),
       ("7", "SEV-SNP", False, e.NONCE.hex(), "tsm0"))
    eq(meta["bars"], [model.BAR_KIB * 1024, 0, 0, 0, 0, 0])
    eq(meta["device"], {"bdf": BDF, "vendor_id": "1234", "device_id": "7d52", "class": "010802"})
    value = expect(b, [path] + roots, DONE, bundle__nonce="passed", report__bars="passed",
                   platform__emulated="passed", spdm__measurements__nonce="skipped")
    eq((value["generation"], value["bdf"], value["emulated"]), ("7", BDF, False))
    expect(b, [path, "--nonce", e.NONCE.hex()] + roots, DONE)


@test
def evidence_says_what_it_saved(b):
    device(b)
    ret = b.one(TDI_MODEL, "evidence", BDF, "-o", os.path.join(b.tree.root, "x"), "--json")
    value = schema_check.loads(ret.stdout)
    schema_check.check(value, SCHEMA, "evidence-saved.json")
    eq((value["generation"], value["emulated"], value["sizes"]["report"]), ("7", True, len(REPORT)))
    ret = b.one(TDI_MODEL, "evidence", BDF, "-o", os.path.join(b.tree.root, "y"))
    has(ret.stdout, "generation 7", "emulated")


@test
def an_archive_is_as_good_as_a_directory(b):
    evidence = device(b, platform="TDX", apart=False)
    roots = ["--roots", _FILES.put("roots", evidence.chain.root)]
    path = save(b, "bundle.tar")
    with tarfile.open(path) as tar:
        eq(sorted(tar.getnames()), sorted(n for n in FILES if n != "vca.bin"))
        eq(tar.extractfile("report.bin").read(), REPORT)
    expect(b, [path] + roots, DONE)
    # As tar itself makes it of the directory, in its own formats.
    where = os.path.join(b.tree.root, "again")
    os.mkdir(where)
    subprocess.run(["tar", "xf", path, "-C", where], check=True)
    for form in ("ustar", "gnu", "posix"):
        other = os.path.join(b.tree.root, form + ".tar")
        subprocess.run(["tar", "-c", f"--format={form}", "-f", other, "-C", b.tree.root, "again"],
                       check=True)
        expect(b, [other] + roots, DONE)


@test
def both_binaries_save_the_same(b):
    device(b)
    one, other = save(b, "one"), save(b, "other", binary=os.environ["TDI"])
    for name in FILES:
        with open(os.path.join(one, name), "rb") as f, open(os.path.join(other, name), "rb") as g:
            x, y = f.read(), g.read()
        if name == "metadata.json":
            x, y = json.loads(x), json.loads(y)
            x.pop("created"), y.pop("created")
        eq((name, x), (name, y))


@test
def an_emulated_platform_needs_leave(b):
    path, roots = saved(b)
    expect(b, [path] + roots, REFUSED, platform__emulated="refused")
    value = expect(b, [path, "--policy", policy(emulated="allowed")] + roots, DONE,
                   platform__emulated="passed")
    eq(value["emulated"], True)
    ret = b.run("verify", path, *roots, "--at", AT, "--policy", policy(emulated="allowed"))
    has(ret.stdout, "emulated: it protects nothing", "WARNING")


@test
def whose_calls_an_emulated_platform_answers_makes_it_no_better(b):
    path, roots = saved(b, platform="emulated:tdx-connect")
    value = expect(b, [path] + roots, REFUSED, platform__emulated="refused")
    eq((value["emulated"], value["platform"]), (True, "emulated:tdx-connect"))
    has(b.run("show", BDF).stdout, "emulated:tdx-connect: protects nothing")


@test
def policy_init_takes_a_bundle(b):
    path, roots = saved(b)
    ret = b.run("policy", "init", path, *roots, "--at", AT)
    eq(ret.returncode, DONE)
    has(ret.stderr, "emulated")
    schema_check.check(json.loads(ret.stdout), SCHEMA, "policy.json")
    expect(b, [path, "--policy", _FILES.put("p", ret.stdout)], DONE, report__bars="passed")


@test
def a_bundle_is_whole_or_not_enough(b):
    path, roots = saved(b, platform="SEV-SNP")
    with open(os.path.join(path, "metadata.json"), encoding="ascii") as f:
        meta = json.load(f)
    for name in ("certificates", "measurements", "report"):
        other = os.path.join(b.tree.root, "less")
        shutil.copytree(path, other)
        os.unlink(os.path.join(other, name + ".bin"))
        expect(b, [other] + roots, INVALID, bundle__form="failed")
        less = {**meta, "objects": {**meta["objects"], name: None}}
        with open(os.path.join(other, "metadata.json"), "w", encoding="ascii") as f:
            json.dump(less, f)
        value, status = verify(b, other, *roots)
        eq((name, status), (name, REFUSED))
        shutil.rmtree(other)


@test
def damaged_bundles_are_invalid(b):
    path, roots = saved(b, platform="SEV-SNP")
    meta_path = os.path.join(path, "metadata.json")
    with open(meta_path, encoding="ascii") as f:
        text = f.read()
    meta = json.loads(text)

    def damaged(new, status=INVALID):
        with open(meta_path, "w", encoding="utf-8") as f:
            f.write(new if isinstance(new, str) else json.dumps(new))
        expect(b, [path] + roots, status, **({"bundle__form": "failed"} if status else {}))
    for key, value in (("kind", "policy"), ("schema_version", 2), ("objects", None),
                       ("bars", [1]), ("bars", [-1] * 6), ("nonce", "00"), ("objects", {})):
        damaged({**meta, key: value})
    sizes = json.loads(text)
    sizes["objects"]["report"]["size"] += 1
    damaged(sizes)
    digests = json.loads(text)
    digests["objects"]["vca"]["sha256"] = "00" * 32
    damaged(digests)
    for bad in ("", "{", "[]", "null", text.replace('"kind"', '"kind": "evidence", "kind"')):
        damaged(bad)
    damaged(text, DONE)
    with open(os.path.join(path, "report.bin"), "ab") as f:
        f.write(b"\0")
    damaged(text)
    os.unlink(meta_path)
    eq(b.run("verify", path).returncode, INVALID)


@test
def a_bundle_is_of_regular_files(b):
    path, roots = saved(b, platform="SEV-SNP")
    for name in (*FILES, "tpm-quote.bin"):
        for make in (os.mkfifo, os.mkdir, lambda member: os.symlink("/dev/zero", member)):
            other = os.path.join(b.tree.root, "other")
            shutil.copytree(path, other)
            member = os.path.join(other, name)
            if os.path.exists(member):
                os.unlink(member)
            make(member)
            started = time.monotonic()
            value = expect(b, [other] + roots, INVALID, bundle__form="failed")
            ret = b.run("show", other)
            assert time.monotonic() - started < 10      # nobody ever writes
            has(json.dumps(value), f"{name}: expected a regular file")
            eq((name, ret.returncode), (name, INVALID))
            has(ret.stderr, f"{name}: expected a regular file")
            shutil.rmtree(other)


@test
def damaged_archives_are_invalid(b):
    device(b, platform="SEV-SNP")
    path = save(b, "bundle.tar")
    with open(path, "rb") as f:
        data = f.read()

    def archive(members):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for info, content in members:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return out.getvalue()
    link = tarfile.TarInfo("report.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    twice = [(tarfile.TarInfo("metadata.json"), b"{}")] * 2
    for bad in (data[:600], data[:512], data[:-2000], b"x" * 2048, data[:100] + b"x" + data[101:],
                archive([(link, b"")]), archive(twice), archive([]), b""):
        name = os.path.join(b.tree.root, "bad.tar")
        with open(name, "wb") as f:
            f.write(bad)
        eq((bad[:20], b.run("verify", name).returncode), (bad[:20], INVALID))
        eq((bad[:20], b.run("show", name).returncode), (bad[:20], INVALID))


@test
def metadata_makes_a_verdict_worse_and_never_better(b):
    path, roots = saved(b, platform="SEV-SNP")
    meta_path = os.path.join(path, "metadata.json")
    with open(meta_path, encoding="ascii") as f:
        meta = json.load(f)

    def claim(status, check, want, more=(), **members):
        with open(meta_path, "w", encoding="ascii") as f:
            json.dump({**meta, **members}, f)
        expect(b, [path, *more] + roots, status, **{check: want})
    claim(INVALID, "bundle__nonce", "failed", nonce="00" * 32)
    claim(INVALID, "report__bars", "failed", bars=[4096, 0, 0, 0, 0, 0])
    claim(REFUSED, "platform__emulated", "refused", platform="emulated")
    # The bundle's nonce is not the verifier's.
    claim(REFUSED, "spdm__measurements__nonce", "skipped",
          ["--policy", policy(required_checks=["spdm.measurements.nonce"])])
    # Sizes from the command line count more than claimed ones.
    claim(DONE, "report__bars", "passed", ["--bars", "0:16K"], bars=[4096, 0, 0, 0, 0, 0])
    claim(DONE, "platform__emulated", "passed", platform="\x1b[2J")


@test
def config_space_is_a_claim_the_certificate_is_not(b):
    ext = e.LEAF_EXT + "subjectAltName=otherName:2.23.147;UTF8:" \
        "Vendor={}:Device=7d52:CC=010802:REV=02\n"
    for vendor, status, want in (("1234", DONE, "passed"), ("1235", REFUSED, "refused")):
        evidence = e.Evidence(chain=e.chain(leaf_ext=ext.format(vendor)))
        if status == DONE:
            device(b, platform="SEV-SNP", evidence=evidence)
        b.tree.tsm("certificates", evidence.chain.spdm())
        b.tree.tsm("measurements", evidence.pairs)
        path = save(b, vendor)
        expect(b, [path, "--roots", _FILES.put("r", evidence.chain.root)], status,
               leaf__pci_id=want)


@test
def evidence_that_is_not_there_or_keeps_changing_is_not_saved(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    ret = b.one(TDI_MODEL, "evidence", BDF, "-o", os.path.join(b.tree.root, "x"))
    eq((ret.returncode, ret.stdout), (4, ""))
    has(ret.stderr, "no evidence")
    assert not os.path.exists(os.path.join(b.tree.root, "x"))
    b.tree.connected()
    b.tree.remove(b.tree.dev("tsm/generation"))
    ret = b.one(TDI_MODEL, "evidence", BDF, "-o", os.path.join(b.tree.root, "x"))
    assert ret.returncode, ret


@test
def nothing_is_overwritten(b):
    device(b)
    path = save(b)
    with open(os.path.join(path, "metadata.json"), "rb") as f:
        before = f.read()
    save(b, status=USAGE)
    with open(os.path.join(path, "metadata.json"), "rb") as f:
        eq(f.read(), before)
    save(b, "bundle.tar")
    save(b, "bundle.tar", status=USAGE)
    empty = os.path.join(b.tree.root, "empty")
    os.mkdir(empty)
    save(b, "empty")


@test
def wrong_arguments_of_evidence_exit_1(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for args in ([], [BDF], ["-o", "x"], [BDF, BDF, "-o", "x"], [BDF, "-o", ""],
                 [BDF, "-o", "/nonexistent/x"], ["frob", "-o", "x"], [BDF, "--frob"]):
        ret = b.run("evidence", *args)
        assert ret.returncode in ((USAGE,) if "/nonexistent/x" not in args else (USAGE, 4)), ret
        eq(ret.stdout, "")
    eq(b.run("evidence", "0000:77:00.0", "-o", "x").returncode, 4)


# ---- show ----

@test
def show_explains_a_bundle(b):
    evidence = e.Evidence(chain=e.chain(length=4), blocks=e.default_blocks() + [
        e.block(0xFD, bytes(300), 0x84)])
    device(b, evidence=evidence)
    path = save(b)
    ret = b.run("show", path)
    eq((ret.returncode, ret.stderr), (DONE, ""))
    has(ret.stdout, "CN=Root (self-signed)", "`-CN=Intermediate 1", "`-CN=Leaf", "ECDSA P-384",
        "immutable ROM", "security version number", "258", "device mode", "normal",
        "firmware cannot be updated while locked", "non-TEE", "0x2000", "emulated",
        "Nothing of this was verified")
    value, status = b.json("evidence-shown.json", "show", path)
    eq((status, value["emulated"], value["problems"]), (DONE, True, []))
    eq([c["subject"] for c in value["certificates"]["chain"]],
       ["CN=Leaf", "CN=Intermediate 2", "CN=Intermediate 1", "CN=Root"])
    eq([m["index"] for m in value["measurements"]["blocks"]], [1, 2, 16, 254, 253])
    eq(value["measurements"]["blocks"][2]["svn"], 0x0102)
    eq(value["measurements"]["blocks"][4]["value"], None)
    eq([r["bar_offset"] for r in value["report"]["ranges"]], [0, 0x2000])


@test
def show_says_what_is_malformed(b):
    device(b)
    b.tree.tsm("report", REPORT + b"\0")
    b.tree.tsm("measurements", b"garbage")
    b.tree.tsm("certificates", b"garbage")
    b.tree.tsm("vca", b"garbage")
    path = save(b)
    value, status = b.json("evidence-shown.json", "show", path)
    eq((status, value["certificates"], value["report"]), (INVALID, None, None))
    ids = [p["id"] for p in value["problems"]]
    for check in ("certs.form", "spdm.vca.form", "report.form"):
        assert check in ids, ids
    ret = b.run("show", path)
    has(ret.stdout, "MALFORMED: report.form")
    hasnt(ret.stdout, "interface report:")


@test
def show_of_what_is_no_bundle_is_refused(b):
    eq(b.run("show", b.tree.root).returncode, INVALID)
    eq(b.run("show", "/nonexistent").returncode, USAGE)
