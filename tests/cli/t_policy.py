# SPDX-License-Identifier: GPL-2.0
"""tdi policy init and check, and what policies make of evidence."""
import hashlib
import json
import os

import evidence as e
import schema_check
from bench import SCHEMA, eq, has, test
from t_verify import AT, DONE, INVALID, REFUSED, USAGE, KU, _FILES, expect, of

HEAD = {"schema_version": 1, "kind": "policy"}


def policy(fits=True, **members):
    """The path of a policy; optional nonce, since most tests are about other things."""
    value = {**HEAD, "freshness": {"nonce": "optional"}, **members}
    value = {k: v for k, v in value.items() if v is not None}
    if fits:
        schema_check.check(value, SCHEMA, "policy.json")
    return _FILES.put("policy.json", json.dumps(value))


def judge(b, status, check=None, want=None, evidence=None, more=(), **members):
    """Good evidence under a policy."""
    args = _FILES.args(evidence or e.Evidence()) + ["--policy", policy(**members), *more]
    return expect(b, args, status, **({check.replace(".", "__"): want} if check else {}))


def blocks(*rules, **more):
    return {"blocks": list(rules), **more}


MODES = {"device_mode": {"debug": "refused"}}


# ---- measurements ----

@test
def values_and_masks_are_compared(b):
    good = "11" * 48
    judge(b, DONE, "measurements.value", "passed", measurements=blocks({"index": 1, "values": good}))
    judge(b, DONE, measurements=blocks({"index": 1, "values": ["00" * 48, good.upper()]}))
    for bad in ("10" * 48, "11" * 47, "11" * 49, ""):
        judge(b, REFUSED, "measurements.value", "refused",
              measurements=blocks({"index": 1, "values": bad}))
    mask = "f0" + "00" * 46 + "0f"
    judge(b, DONE, measurements=blocks({"index": 1, "values": "10" + "00" * 46 + "01", "mask": mask}))
    judge(b, REFUSED, "measurements.value", "refused",
          measurements=blocks({"index": 1, "values": "20" + "00" * 46 + "01", "mask": mask}))


@test
def a_value_that_comes_again_in_a_transcript_is_judged_too(b):
    same = e.block(1, b"\x11" * 48, 0)
    evidence = e.Evidence(unsigned=[[same]])
    judge(b, DONE, evidence=evidence, measurements=blocks({"index": 1, "values": "11" * 48}))
    changed = e.Evidence(unsigned=[[e.block(1, b"\x99" * 48, 0)]])
    judge(b, INVALID, evidence=changed, measurements=blocks({"index": 1, "values": "11" * 48}))


@test
def required_measurements_must_be_there(b):
    judge(b, REFUSED, "measurements.required", "refused", measurements=blocks({"index": 9}))
    judge(b, DONE, measurements=blocks({"index": 9, "required": False}))
    judge(b, DONE, "measurements.required", "passed", measurements=blocks({"index": 2}))


@test
def kinds_and_types_are_compared(b):
    for rule, status in (({"kind": "digest"}, DONE), ({"kind": "raw"}, REFUSED),
                         ({"kind": "any"}, DONE), ({"type": "immutable ROM"}, DONE),
                         ({"type": "mutable firmware"}, REFUSED)):
        judge(b, status, measurements=blocks({"index": 1, **rule}))
    evidence = e.Evidence(blocks=[e.block(1, b"\x11" * 48, 0x80), e.device_mode()])
    judge(b, REFUSED, "measurements.kind", "refused", evidence=evidence,
          measurements=blocks({"index": 1, "kind": "digest", "values": "11" * 48}))


@test
def security_versions_are_numbers_little_endian(b):
    # 0x0102 on the wire is 02 01 00 ...: bytes compared as text would say otherwise.
    for floor, status in ((0, DONE), (0x0102, DONE), ("0x102", DONE), (0x0101, DONE),
                          (0x0103, REFUSED), (0x0201, REFUSED), ("18446744073709551615", REFUSED)):
        judge(b, status, measurements=blocks({"index": 16, "svn_min": floor}))
        judge(b, status, measurements=blocks(svn_min=floor))
    big = e.Evidence(blocks=[e.svn(16, (1 << 64) - 1), e.device_mode()])
    judge(b, DONE, evidence=big, measurements=blocks({"index": 16, "svn_min": (1 << 63) - 1}))
    judge(b, DONE, evidence=big,
          measurements=blocks({"index": 16, "svn_min": "18446744073709551615"}))
    # What is no number is below every floor.
    judge(b, REFUSED, "measurements.svn", "refused", measurements=blocks({"index": 1, "svn_min": 0}))
    short = e.Evidence(blocks=[e.block(16, b"\xff" * 4, 0x87), e.device_mode()])
    judge(b, REFUSED, evidence=short, measurements=blocks({"index": 16, "svn_min": 1}))
    digest = e.Evidence(blocks=[e.block(16, b"\xff" * 48, 0x07), e.device_mode()])
    judge(b, REFUSED, evidence=digest, measurements=blocks(svn_min=1))
    # A rule of its own comes before the floor for all.
    judge(b, DONE, measurements=blocks({"index": 16, "svn_min": 1}, svn_min=9999))


@test
def measurements_without_a_rule_may_be_refused(b):
    rules = [{"index": i} for i in (1, 2, 16)]
    judge(b, DONE, "measurements.other", "passed", measurements=blocks(*rules, other="refused"))
    judge(b, REFUSED, "measurements.other", "refused",
          measurements=blocks(*rules[1:], other="refused"))
    judge(b, DONE, "measurements.other", "skipped", measurements=blocks(*rules[1:], other="allowed"))


@test
def device_modes_are_judged(b):
    def mode(status, op, dev, want):
        evidence = e.Evidence(blocks=[e.device_mode(op, dev)])
        judge(b, status, "measurements.device_mode", "passed" if status == DONE else "refused",
              evidence=evidence, measurements={"device_mode": want})
    mode(DONE, 4, 0, {})
    for dev, key in ((1, "debug"), (2, "debug"), (4, "past_debug"), (8, "past_debug"),
                     (16, "invasive_history")):
        mode(REFUSED, 4, dev, {})
        mode(DONE, 4, dev, {key: "allowed"})
    mode(REFUSED, 4, 0x20, {"debug": "allowed", "past_debug": "allowed",
                            "invasive_history": "allowed"})
    mode(REFUSED, 8, 0, {})
    mode(REFUSED, 5, 0, {})
    mode(REFUSED, 0, 0, {})
    mode(DONE, 8, 0, {"operational": ["recovery"]})
    mode(DONE, 5, 0, {"operational": ["normal", "manufacturing"]})


@test
def a_policy_refuses_debug_without_being_told(b):
    judge(b, REFUSED, "measurements.device_mode", "refused",
          evidence=e.Evidence(blocks=[e.device_mode(4, 2)]), measurements={})
    # At whatever index, and as a digest it says nothing.
    odd = e.Evidence(blocks=[e.block(7, b"\x3f\0\0\0\4\0\0\0\x1f\0\0\0\2\0\0\0", 0x85)])
    judge(b, REFUSED, "measurements.device_mode", "refused", evidence=odd, measurements={})
    digest = e.Evidence(blocks=[e.block(0xFE, b"\x42" * 48, 0x05)])
    judge(b, REFUSED, "measurements.device_mode", "refused", evidence=digest, measurements={})
    none = e.Evidence(blocks=[e.block(1, b"\x42" * 48)])
    judge(b, DONE, evidence=none, measurements={})
    judge(b, REFUSED, "measurements.device_mode", "refused", evidence=none,
          measurements={"device_mode": {"required": True}})


# ---- SPDM ----

@test
def versions_algorithms_and_slots_may_be_narrowed(b):
    for spdm, status, check in (
            ({"versions": ["1.2"]}, DONE, "spdm.version"),
            ({"versions": ["1.1", "1.3"]}, REFUSED, "spdm.version"),
            ({"signatures": "ECDSA P-384"}, DONE, "spdm.algorithms"),
            ({"signatures": ["ECDSA P-256", "RSASSA 3072"]}, REFUSED, "spdm.algorithms"),
            ({"hashes": ["SHA-384"]}, DONE, "spdm.algorithms"),
            ({"hashes": ["SHA-256"]}, REFUSED, "spdm.algorithms"),
            ({"slots": [0, 1]}, DONE, "spdm.measurements.slot"),
            ({"slots": 1}, REFUSED, "spdm.measurements.slot")):
        judge(b, status, check, "passed" if status == DONE else "refused", spdm=spdm)


@test
def a_policy_may_say_how_a_1_1_device_signs(b):
    for asym, digest in (("RSASSA 3072", "sha384"), ("RSAPSS 3072", "sha256")):
        evidence = e.Evidence(version=0x11, asym=asym, digest=digest,
                              chain=e.chain("RSA 3072", digest=digest))
        without = {"signature": asym, "hash": "SHA-" + digest[3:]}
        judge(b, DONE, evidence=evidence, spdm={"without_vca": without})
        other = "RSAPSS 3072" if asym == "RSASSA 3072" else "RSASSA 3072"
        judge(b, INVALID, evidence=evidence, spdm={"without_vca": {**without, "signature": other}})
        judge(b, REFUSED, evidence=evidence, spdm={})


@test
def the_stray_zero_byte_may_be_tolerated(b):
    evidence = e.Evidence(version=0x11)
    path = policy(spdm={"trailing_nul": "allowed"})
    for more, status in ((b"\0", DONE), (b"", DONE), (b"\1", INVALID), (b"\0\0", INVALID)):
        args = _FILES.args(evidence, measurements=evidence.pairs + more)
        expect(b, args + ["--policy", path], status)


@test
def alpha_versions_need_leave(b):
    evidence = e.Evidence(vca=e.vca(entries=[0x1201]))
    judge(b, REFUSED, "spdm.version", "refused", evidence=evidence, spdm={})
    judge(b, DONE, evidence=evidence, spdm={"alpha": "allowed"})


@test
def freshness_is_asked_for_unless_told_otherwise(b):
    args = _FILES.args(e.Evidence())
    strict = policy(freshness=None, spdm={})
    value = expect(b, args + ["--policy", strict], REFUSED, spdm__measurements__nonce="skipped")
    eq([c["required"] for c in value["checks"] if c["id"] == "spdm.measurements.nonce"], [True])
    expect(b, args + ["--policy", strict, "--nonce", e.NONCE.hex()], DONE)


# ---- anchors ----

@test
def anchors_may_be_in_the_policy(b):
    evidence = e.Evidence()
    root = evidence.chain.root
    args = _FILES.args(evidence, roots=False)
    beside = _FILES.put("root.der", root)
    for anchor in ({"pem": e.pem(root).decode()}, {"file": beside},
                   {"file": os.path.basename(beside)}, {"sha256": hashlib.sha256(root).hexdigest()}):
        expect(b, args + ["--policy", policy(anchors=[anchor])], DONE, certs__anchor="passed")
    other = {"pem": e.pem(e.chain(name="other").root).decode()}
    expect(b, args + ["--policy", policy(anchors=[other])], INVALID, certs__anchor="failed")
    expect(b, args + ["--policy", policy(anchors=[other, {"file": beside}])], DONE)


@test
def roots_do_not_widen_a_policys_anchors(b):
    evidence = e.Evidence()
    other = e.pem(e.chain(name="other").root).decode()
    expect(b, _FILES.args(evidence) + ["--policy", policy(anchors=[{"pem": other}])], INVALID,
           certs__anchor="failed")
    # They supply what a fingerprint stands for.
    fingerprint = {"sha256": hashlib.sha256(evidence.chain.root).hexdigest()}
    args = _FILES.args(evidence, certs=evidence.chain.spdm(first=1))
    expect(b, args + ["--policy", policy(anchors=[fingerprint])], DONE)
    args = _FILES.args(evidence, roots=False, certs=evidence.chain.spdm(first=1))
    expect(b, args + ["--policy", policy(anchors=[fingerprint])], INVALID)


# ---- certificates ----

@test
def leaf_rules_can_be_switched(b):
    bare = e.Evidence(version=0x13, chain=e.chain(leaf_ext=KU))
    for rule, status in (("required", INVALID), ("by_version", INVALID), ("if_present", DONE),
                         ("ignored", DONE)):
        judge(b, status, evidence=bare, certificates={"basic_constraints": rule})
    bare = e.Evidence(chain=e.chain(leaf_ext=KU))
    for rule, status in (("required", INVALID), ("by_version", DONE)):
        judge(b, status, evidence=bare, certificates={"basic_constraints": rule})
    none = e.Evidence(chain=e.chain(leaf_ext="basicConstraints=CA:FALSE\n"))
    for rule, status in (("required", INVALID), ("if_present", DONE), ("ignored", DONE)):
        judge(b, status, evidence=none, certificates={"key_usage": rule})
    requester = e.Evidence(chain=e.chain(
        leaf_ext=e.LEAF_EXT + "extendedKeyUsage=1.3.6.1.4.1.412.274.4\n"))
    for rule, status in (("required", INVALID), ("if_present", INVALID), ("ignored", DONE)):
        judge(b, status, evidence=requester, certificates={"extended_key_usage": rule})
    judge(b, REFUSED, "leaf.extended_key_usage", "refused",
          certificates={"extended_key_usage": "required"})


@test
def models_may_be_narrowed(b):
    judge(b, DONE, certificates={"models": ["device"]})
    judge(b, REFUSED, "certs.model", "refused", certificates={"models": "alias"})


CMA = "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100:0123456789abcdef"


@test
def identities_are_matched(b):
    ext = e.LEAF_EXT + f"subjectAltName=otherName:2.23.147;UTF8:{CMA}," \
        "otherName:1.3.6.1.4.1.412.274.1;UTF8:ACME:WIDGET:42\n"
    evidence = e.Evidence(chain=e.chain(leaf_ext=ext))
    for want, status in (({"vendor": "1b36", "device": "0010"}, DONE), ({"vendor": "1B36"}, DONE),
                         ({"device": ["0011", "0010"]}, DONE), ({"device": "0011"}, REFUSED),
                         ({"serial": "0123456789abcdef", "class": "010802"}, DONE),
                         ({"serial": "0123456789abcdee"}, REFUSED), ({"revision": "03"}, REFUSED),
                         ({"subsystem_vendor": "1af4", "subsystem_device": "1100"}, DONE)):
        judge(b, status, "leaf.pci_id", "passed" if status == DONE else "refused",
              evidence=evidence, certificates={"pci_id": want})
    for want, status in (({"manufacturer": "ACME"}, DONE), ({"product": ["GADGET"]}, REFUSED),
                         ({"serial": ["41", "42"]}, DONE), ({"serial": "4"}, REFUSED)):
        judge(b, status, "leaf.device_info", "passed" if status == DONE else "refused",
              evidence=evidence, certificates={"device_info": want})
    for section in ({"pci_id": {}}, {"device_info": {}}, {"dice": {}}):
        judge(b, REFUSED, certificates=section)
        judge(b, DONE, certificates={k: {"required": False} for k in section})


@test
def dice_layers_are_matched(b):
    def tcb(flags, svn, fwid):
        body = f"8301{svn:02x}" if svn is not None else ""
        if fwid:
            inner = f"06096086480165030402020430{fwid}"
            one = f"30{len(inner) // 2:02x}{inner}"
            body += f"a6{len(one) // 2:02x}{one}"
        if flags is not None:
            body += f"870204{flags:02x}"
        return e.LEAF_EXT + f"2.23.133.5.4.1=DER:30{len(body) // 2:02x}{body}\n"

    def dice(status, ext, **want):
        judge(b, status, "certs.dice", "passed" if status == DONE else "refused",
              evidence=e.Evidence(chain=e.chain(leaf_ext=ext)), certificates={"dice": want})
    fwid = "ab" * 48
    dice(DONE, tcb(0, 5, fwid), svn_min=5, fwid=fwid, forbidden_flags=["debug", "not_secure"])
    dice(REFUSED, tcb(0, 5, fwid), svn_min=6)
    dice(REFUSED, tcb(0, None, fwid), svn_min=0)
    dice(REFUSED, tcb(0, 5, fwid), fwid=["cd" * 48])
    dice(REFUSED, tcb(0x10, 5, fwid), forbidden_flags="debug")
    dice(DONE, tcb(0x10, 5, fwid), forbidden_flags="recovery")
    dice(REFUSED, tcb(0x80, 5, None), forbidden_flags="not_configured")
    dice(REFUSED, tcb(0, 5, None), fwid=fwid)
    # A form that nobody knows is no layer in an allowed state.
    dice(REFUSED, e.LEAF_EXT + "2.23.133.5.4.1=DER:0500\n")


# ---- reports ----

@test
def report_rules_can_be_switched(b):
    def rule(want, status, **kw):
        path = _FILES.put("r", e.report(**kw))
        expect(b, ["--report", path, "--policy", policy(report=want)], status)
    for bit, key in ((1, "no_fw_update"), (2, "dma_without_pasid"), (4, "dma_with_pasid"),
                     (8, "ats"), (16, "prs")):
        rest = 1 if bit != 1 else 0
        rule({key: "set"}, DONE, info=rest | bit)
        rule({key: "any"}, DONE, info=rest | bit)
        rule({key: "clear"}, REFUSED, info=rest | bit)
        rule({key: "clear"}, DONE, info=rest)
        rule({key: "set"}, REFUSED, info=rest)
    for field, key in (("msix", "msix_locked"), ("lnr", "lnr"), ("tph", "tph")):
        rule({key: "set"}, DONE, **{field: 1})
        rule({key: "clear"}, REFUSED, **{field: 1})
        rule({key: "set"}, REFUSED)
        rule({key: "any"}, DONE, **{field: 1})
    rule({"reserved": "allowed"}, DONE, info=0x23, rsvd=7, ranges=[(0, 1, 0xfff0, 0)])
    rule({"range_ids": "any"}, DONE, ranges=[(0, 1, 0, 9)])
    rule({"non_tee_ranges": "refused"}, REFUSED, ranges=[(0, 1, 4, 0)])
    rule({"updatable_ranges": "refused"}, REFUSED, ranges=[(0, 1, 8, 0)])
    rule({}, DONE, ranges=[(0, 1, 12, 0)])
    rule({"device_info": "616263"}, DONE, device_info=b"abc")
    rule({"device_info": ["", "61"]}, REFUSED, device_info=b"abc")


# ---- what is required ----

@test
def what_a_policy_speaks_of_has_to_be_there(b):
    report = ["--report", _FILES.put("r", e.report())]
    expect(b, report + ["--policy", policy(report={})], DONE)
    for members in ({"measurements": {}}, {"spdm": {}}, {"certificates": {}},
                    {"anchors": [{"sha256": "00" * 32}]}):
        expect(b, report + ["--policy", policy(**members)], REFUSED)
    expect(b, _FILES.args(e.Evidence()) + ["--policy", policy(report={})], REFUSED,
           report__form="skipped")
    expect(b, _FILES.args(e.Evidence()) + ["--policy", policy(report={"required": False})], DONE)


@test
def checks_may_be_required_by_name(b):
    args = _FILES.args(e.Evidence(), certs=e.Evidence().chain.der())
    for check in ("certs.root_hash", "certs.crl", "leaf.pci_id", "report.bars",
                  "spdm.measurements.nonce", "certs.dice", "bundle.nonce"):
        value = expect(b, args + ["--policy", policy(required_checks=[check])], REFUSED)
        eq((check, of(value, check)), (check, "skipped"))
    expect(b, args + ["--policy", policy(required_checks=["leaf.key_usage"])], DONE)


# ---- the file ----

@test
def policies_are_read_strictly(b):
    for broken, where in (
            ({"frob": 1}, "frob"), ({"schema_version": 2}, "schema_version"),
            ({"kind": "verdict"}, "kind"), ({"emulated": True}, "emulated"),
            ({"virtio_bypass": False}, "virtio_bypass"), ({"virtio_bypass": "x"}, "virtio_bypass"),
            ({"anchors": {}}, "anchors"), ({"anchors": [{}]}, "anchors[0]"),
            ({"anchors": [{"sha256": "00"}]}, "anchors[0].sha256"),
            ({"anchors": [{"pem": "x"}]}, "anchors[0].pem"),
            ({"anchors": [{"file": "/nonexistent"}]}, "anchors[0].file"),
            ({"certificates": {"key_usage": "maybe"}}, "certificates.key_usage"),
            ({"certificates": {"pci_id": {"vendor": "1"}}}, "certificates.pci_id.vendor"),
            ({"certificates": {"pci_id": {"vendors": "1234"}}}, "certificates.pci_id.vendors"),
            ({"spdm": {"versions": []}}, "spdm.versions"),
            ({"spdm": {"versions": ["1.0"]}}, "spdm.versions[0]"),
            ({"spdm": {"signatures": ["Ed25519"]}}, "spdm.signatures[0]"),
            ({"spdm": {"hashes": "MD5"}}, "spdm.hashes"),
            ({"spdm": {"slots": [8]}}, "spdm.slots[0]"),
            ({"spdm": {"without_vca": {"hash": ["SHA-256", "SHA-384"]}}}, "spdm.without_vca"),
            ({"measurements": {"blocks": [{}]}}, "measurements.blocks[0]"),
            ({"measurements": {"blocks": [{"index": 0}]}}, "measurements.blocks[0].index"),
            ({"measurements": {"blocks": [{"index": 255}]}}, "measurements.blocks[0]"),
            ({"measurements": {"blocks": [{"index": 1}, {"index": 1}]}}, "measurements.blocks[1]"),
            ({"measurements": {"blocks": [{"index": 1, "values": "1"}]}},
             "measurements.blocks[0].values"),
            ({"measurements": {"blocks": [{"index": 1, "values": "zz"}]}},
             "measurements.blocks[0].values"),
            ({"measurements": {"blocks": [{"index": 1, "mask": "ff"}]}}, "measurements.blocks[0]"),
            ({"measurements": {"blocks": [{"index": 1, "mask": "ff", "values": "1122"}]}},
             "measurements.blocks[0]"),
            ({"measurements": {"blocks": [{"index": 1, "mask": "0f", "values": "11"}]}},
             "measurements.blocks[0]"),
            ({"measurements": {"blocks": [{"index": 1, "svn_min": -1}]}},
             "measurements.blocks[0].svn_min"),
            ({"measurements": {"blocks": [{"index": 1, "svn_min": 1.5}]}},
             "measurements.blocks[0].svn_min"),
            ({"measurements": {"blocks": [{"index": 1, "svn_min": 1, "kind": "digest"}]}},
             "measurements.blocks[0]"),
            ({"report": {"ats": True}}, "report.ats"),
            ({"required_checks": ["certs.frob"]}, "required_checks[0]")):
        path = policy(fits=False, **broken)
        value, status = b.json("policy-check.json", "policy", "check", path)
        eq((broken, status, value["valid"]), (broken, USAGE, False))
        assert where in [p["path"] for p in value["errors"]], (broken, value)
        eq(b.run("verify", *_FILES.args(e.Evidence()), "--policy", path).returncode, USAGE)


@test
def texts_that_readers_could_take_differently_are_refused(b):
    good = json.dumps(HEAD)
    for broken in ("", "[]", "null", "12", good[:-1], good + "x", good + good,
                   good[:-1] + ', "emulated": "refused", "emulated": "allowed"}',
                   good[:-1] + ', "spdm": {"slots": 1, "slots": 2}}', "{\"kind\": \"policy\"}",
                   good.replace("{", "{ // comment\n", 1), good[:-1] + ",}", good + "\0",
                   "\ufeff" + good, good.replace("policy", "\\ud800"), "[" * 100):
        ret = b.run("policy", "check", _FILES.put("p", broken.encode("utf-8", "replace")))
        eq((broken, ret.returncode), (broken, USAGE))
    for fine in (good, " " + good + "\n", good.replace("kind", "k\\u0069nd")):
        eq((fine, b.run("policy", "check", _FILES.put("p", fine)).returncode), (fine, DONE))


@test
def all_errors_are_told_at_once(b):
    path = policy(fits=False, frob=1, spdm={"slots": [9], "hashes": "x"}, report={"prs": 1})
    ret = b.run("policy", "check", path)
    eq(ret.returncode, USAGE)
    has(ret.stdout, "frob: no such key", "spdm.slots[0]", "spdm.hashes", "report.prs",
        "not a valid policy")


@test
def weak_policies_get_advice(b):
    value, status = b.json("policy-check.json", "policy", "check", policy(
        emulated="allowed", spdm={"trailing_nul": "allowed"}, report={"ats": "any"},
        measurements={"device_mode": {"debug": "allowed"}}))
    eq((status, value["valid"]), (DONE, True))
    for path in ("anchors", "emulated", "freshness.nonce", "measurements.blocks",
                 "measurements.device_mode.debug", "report.ats", "spdm.trailing_nul"):
        assert path in [w["path"] for w in value["warnings"]], (path, value)


@test
def virtio_past_the_dma_api_is_allowed_unless_it_is_refused(b):
    for value, advised in (({}, True), ({"virtio_bypass": "allowed"}, True),
                           ({"virtio_bypass": "refused"}, False)):
        said, status = b.json("policy-check.json", "policy", "check", policy(**value))
        eq((status, said["valid"], "virtio_bypass" in [w["path"] for w in said["warnings"]]),
           (DONE, True, advised))
        # It is about the machine: evidence fulfils it whatever it is.
        judge(b, DONE, **value)


# ---- init ----

def init(b, args, status=DONE):
    path = _FILES.put("new", b"")
    ret = b.run("policy", "init", *args, "--at", AT)
    eq((ret.returncode, ret.stderr if ret.returncode != status else ""), (status, ""))
    if ret.returncode:
        eq(ret.stdout, "")
        return None, ret.stderr
    value = schema_check.loads(ret.stdout)
    schema_check.check(value, SCHEMA, "policy.json")
    with open(path, "w", encoding="ascii") as f:
        f.write(ret.stdout)
    return path, ret.stderr


@test
def init_writes_what_this_evidence_fulfils_and_other_does_not(b):
    report = ["--report", _FILES.put("r", e.report(ranges=[(0, 4, 0, 0)])), "--bars", "0:16K"]
    for evidence in (e.Evidence(), e.Evidence(version=0x13, asym="RSAPSS 3072"),
                     e.Evidence(version=0x11)):
        args = _FILES.args(evidence) + report
        path, _ = init(b, args)
        expect(b, args + ["--policy", path], DONE, report__bars="passed")
        # On its own: the anchor is inside.
        expect(b, _FILES.args(evidence, roots=False) + report + ["--policy", path], DONE)
        size = e.HASH_SIZE[evidence.digest]
        other = e.Evidence(version=evidence.version, asym=evidence.asym, blocks=[
            e.block(1, b"\x11" * size, 0), e.block(2, b"\x23" * size, 1), e.svn(16, 0x0102),
            e.device_mode()])
        expect(b, _FILES.args(other) + report + ["--policy", path], REFUSED,
               measurements__value="refused")
        older = e.default_blocks(size)
        older[2] = e.svn(16, 0x0101)
        older = e.Evidence(version=evidence.version, asym=evidence.asym, blocks=older)
        expect(b, _FILES.args(older) + report + ["--policy", path], REFUSED,
               measurements__svn="refused")
        changed = ["--report", _FILES.put("r", e.report(info=0xb)), "--bars", "0:64K"]
        expect(b, args[:6] + changed + ["--policy", path], REFUSED, report__ats="refused")


@test
def init_pins_the_nonce_if_it_is_given(b):
    args = _FILES.args(e.Evidence())
    path, _ = init(b, args + ["--nonce", e.NONCE.hex()])
    expect(b, args + ["--policy", path], REFUSED)
    expect(b, args + ["--policy", path, "--nonce", e.NONCE.hex()], DONE)


@test
def init_takes_devices_as_they_are_and_says_so(b):
    evidence = e.Evidence(version=0x11, blocks=[e.device_mode(4, 0x11), e.svn(3, 9)],
                          chain=e.chain(leaf_ext=KU))
    args = _FILES.args(evidence) + ["--report", _FILES.put(
        "r", e.report(info=0x3a, rsvd=3, lnr=1, ranges=[(0, 1, 0xc, 0), (0, 1, 0, 77)][:1]))]
    path, notes = init(b, args)
    has(notes, "device_mode.debug", "report.no_fw_update", "report.ats", "freshness.nonce",
        "virtio_bypass")
    with open(path, encoding="ascii") as f:
        eq(json.load(f)["virtio_bypass"], "allowed")
    expect(b, args + ["--policy", path], DONE)


@test
def init_without_roots_pins_what_came_and_says_so(b):
    evidence = e.Evidence()
    path, notes = init(b, _FILES.args(evidence, roots=False))
    has(notes, "no --roots")
    expect(b, _FILES.args(evidence, roots=False) + ["--policy", path], DONE)


@test
def init_refuses_evidence_that_does_not_verify(b):
    evidence = e.Evidence()
    broken = evidence.transcript[:-1] + bytes([evidence.transcript[-1] ^ 1])
    _, notes = init(b, _FILES.args(evidence, measurements=broken), INVALID)
    has(notes, "spdm.measurements.signature")
    init(b, _FILES.args(evidence) + ["--nonce", "00" * 32], INVALID)
    init(b, ["--report", _FILES.put("r", b"x")], INVALID)
    unsupported = e.Evidence(vca=e.vca(hash_bits=8), signature=bytes(96),
                             chain=evidence.chain)
    init(b, _FILES.args(unsupported, certs=evidence.chain.der()), REFUSED)


@test
def init_of_a_report_alone_is_about_the_report(b):
    args = ["--report", _FILES.put("r", e.report())]
    path, _ = init(b, args)
    expect(b, args + ["--policy", path], DONE)


@test
def init_overwrites_nothing(b):
    path = os.path.join(_FILES.root, "once.json")
    args = _FILES.args(e.Evidence())
    ret = b.one(os.environ["TDI_MODEL"], "policy", "init", *args, "-o", path)
    eq((ret.returncode, ret.stdout), (DONE, ""))
    with open(path, encoding="ascii") as f:
        before = f.read()
    ret = b.run("policy", "init", *args, "-o", path)
    eq(ret.returncode, USAGE)
    with open(path, encoding="ascii") as f:
        eq(f.read(), before)


@test
def wrong_arguments_of_policy_exit_1(b):
    for args in ([], ["frob"], ["init"], ["check"], ["check", "/nonexistent"], ["check", "a", "b"],
                 ["init", "--policy", "x"], ["init", "/nonexistent"], ["check", "--frob"]):
        ret = b.run("policy", *args)
        eq((args, ret.returncode, ret.stdout), (args, USAGE, ""))
