# SPDX-License-Identifier: GPL-2.0
"""tdi verify: good evidence first, then the same with one thing broken."""
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import time

import evidence as e
from bench import TDI, Skip, eq, has, test

AT = str(int(time.time()) + e.HOUR)
DONE, USAGE, INVALID, REFUSED = 0, 1, 2, 3

_FILES = e.Files(tempfile.mkdtemp(dir=e.folder()))


def verify(b, *args, at=AT):
    """Parsed verdict and exit status; the JSON fits its schema."""
    value, status = b.json("verdict.json", "verify", *args, *(("--at", at) if at else ()))
    eq(value["exit_status"], status)
    eq(value["verdict"], {0: "verified", 2: "invalid", 3: "refused"}[status])
    return value, status


def of(value, check):
    """How a check ended: the worst of its findings, or None."""
    order = ["passed", "skipped", "refused", "failed"]
    found = [c["status"] for c in value["checks"] if c["id"] == check]
    return max(found, key=order.index) if found else None


def expect(b, args, status, **checks):
    """The exit status, and how some checks ended (dots written as __)."""
    value, found = verify(b, *args)
    bad = [c for c in value["checks"] if c["status"] in ("failed", "refused")]
    eq((found, bad if found != status else None), (status, None))
    for name, want in checks.items():
        eq((name, of(value, name.replace("__", ".")), bad), (name, want, bad))
    return value


def good(b, evidence=None, *more, **kw):
    evidence = evidence or e.Evidence()
    return expect(b, _FILES.args(evidence, **kw) + list(more), DONE,
                  spdm__measurements__signature="passed", certs__anchor="passed")


def flip(data, at, bits=1):
    out = bytearray(data)
    out[at] ^= bits
    return bytes(out)


# ---- forms of good evidence ----

@test
def every_supported_algorithm_verifies(b):
    for asym, digest in (("ECDSA P-256", "sha256"), ("ECDSA P-384", "sha384"),
                         ("ECDSA P-521", "sha512"), ("RSASSA 2048", "sha256"),
                         ("RSASSA 3072", "sha384"), ("RSAPSS 3072", "sha384"),
                         ("RSAPSS 2048", "sha512"), ("RSASSA 4096", "sha512"),
                         ("RSAPSS 4096", "sha256"), ("ECDSA P-256", "sha512")):
        value = good(b, e.Evidence(asym=asym, digest=digest))
        eq(value["spdm"]["signature"], asym)
        eq(value["spdm"]["hash"], "SHA-" + digest[3:])


@test
def every_supported_version_verifies(b):
    for version in (0x11, 0x12, 0x13):
        eq(good(b, e.Evidence(version=version))["spdm"]["version"], f"1.{version & 15}")


@test
def vca_may_be_apart_or_in_front(b):
    for version in (0x11, 0x12, 0x13):
        good(b, e.Evidence(version=version), vca_apart=True)
    evidence = e.Evidence()
    value = good(b, evidence, "--vca", _FILES.put("vca", evidence.vca))
    eq(of(value, "spdm.vca.same"), "passed")


@test
def certificates_may_come_in_every_form(b):
    evidence = e.Evidence()
    chain = evidence.chain
    for form, certs in (("SPDM", chain.spdm()), ("DER", chain.der()),
                        ("leaf first", b"".join(chain.certs[::-1])), ("PEM", chain.pem()),
                        ("PEM", chain.pem(leaf_first=False)), ("PEM", b"# a chain\n" + chain.pem())):
        value = good(b, evidence, certs=certs)
        has(str(value["checks"][0]["found"]), form)


@test
def the_root_need_not_be_sent(b):
    evidence = e.Evidence()
    for certs in (evidence.chain.spdm(first=1), evidence.chain.der(1), evidence.chain.pem(first=1)):
        good(b, evidence, certs=certs)


@test
def roots_may_be_many_and_in_pem(b):
    evidence = e.Evidence()
    other = e.chain(name="other")
    for roots in (e.pem(other.root) + e.pem(evidence.chain.root), other.root + evidence.chain.root):
        args = _FILES.args(evidence, roots=False)
        expect(b, args + ["--roots", _FILES.put("roots", roots)], DONE)
    args = _FILES.args(evidence, roots=False)
    expect(b, args + ["--roots", _FILES.put("r1", other.root), "--roots",
                      _FILES.put("r2", evidence.chain.root)], DONE)


@test
def an_intermediate_may_be_the_anchor(b):
    evidence = e.Evidence()
    args = _FILES.args(evidence, roots=False)
    expect(b, args + ["--roots", _FILES.put("inter", evidence.chain.certs[1])], DONE)


@test
def chains_of_four_and_the_alias_model_verify(b):
    value = good(b, e.Evidence(chain=e.chain(length=4)))
    eq(value["device"]["model"], "device")
    hardware = "1.3.6.1.4.1.412.274.6=DER:300e300c060a2b06010401831c821202\n"
    alias = e.chain(length=4, inter_ext=e.CA_EXT + hardware, name="alias")
    eq(good(b, e.Evidence(chain=alias))["device"]["model"], "alias")


@test
def unsigned_requests_before_the_signed_one_are_signed_too(b):
    for version in (0x11, 0x12, 0x13):
        evidence = e.Evidence(version=version, unsigned=[[e.block(3, b"\x33" * 48)],
                                                         [e.svn(0x20, 5)]])
        good(b, evidence)
        at = len(evidence.vca if version >= 0x12 else b"") + 20
        expect(b, _FILES.args(evidence, measurements=flip(evidence.transcript, at, 0x80)), INVALID)


@test
def opaque_data_slots_and_manifests_verify(b):
    opaque = bytes([1, 0, 0, 0, 3, 2, 1, 0, 4, 0]) + b"abcd" + bytes(2)
    good(b, e.Evidence(opaque=opaque))
    good(b, e.Evidence(slot=3))
    good(b, e.Evidence(blocks=[e.block(0xFD, b"\xd9\x02\x3a" + bytes(500), 0x84)]))
    good(b, e.Evidence(version=0x11, opaque=b"\x03\x00\x04\x00vers"))


@test
def the_nonce_is_compared_when_it_is_given(b):
    value = good(b, None, "--nonce", e.NONCE.hex())
    eq(of(value, "spdm.measurements.nonce"), "passed")
    expect(b, _FILES.args(e.Evidence()) + ["--nonce", e.NONCE.hex().upper()], DONE)
    expect(b, _FILES.args(e.Evidence()) + ["--nonce", "00" * 32], INVALID,
           spdm__measurements__nonce="failed", spdm__measurements__signature="passed")
    eq(of(good(b), "spdm.measurements.nonce"), "skipped")


# ---- signatures ----

@test
def any_changed_bit_of_what_is_signed_is_found(b):
    for version in (0x11, 0x12, 0x13):
        evidence = e.Evidence(version=version)
        data = evidence.transcript
        for at in range(0, len(data), 37):
            value, status = verify(b, *_FILES.args(evidence, measurements=flip(data, at)))
            assert status in (INVALID, REFUSED), (version, at, value)
        for at in (len(data) - 1, len(data) - 96, len(data) - 97):
            expect(b, _FILES.args(evidence, measurements=flip(data, at)), INVALID)


@test
def a_signature_by_another_key_is_found(b):
    for asym in ("ECDSA P-384", "RSAPSS 3072", "RSASSA 3072"):
        evidence = e.Evidence(asym=asym)
        kind = asym if asym.startswith("ECDSA") else "RSA 3072"
        other = e.sign(e.key(kind, "stranger"), asym, "sha384",
                       e.to_be_signed(0x12, "sha384", evidence.vca, evidence.log))
        expect(b, _FILES.args(evidence, measurements=evidence.vca + evidence.log + other), INVALID,
               spdm__measurements__signature="failed", certs__signatures="passed")


@test
def signatures_out_of_range_are_refused(b):
    evidence = e.Evidence()
    order = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973
    for sig in (bytes(96), b"\xff" * 96, order.to_bytes(48, "big") * 2, bytes(48) + b"\1" * 48,
                evidence.signature[48:] + evidence.signature[:48]):
        expect(b, _FILES.args(evidence, measurements=evidence.vca + evidence.log + sig), INVALID,
               spdm__measurements__signature="failed")


@test
def a_signature_of_another_scheme_is_not_tried(b):
    evidence = e.Evidence(asym="RSASSA 3072")
    pss = e.sign(evidence.chain.leaf_key, "RSAPSS 3072", "sha384",
                 e.to_be_signed(0x12, "sha384", evidence.vca, evidence.log))
    expect(b, _FILES.args(evidence, measurements=evidence.vca + evidence.log + pss), INVALID,
           spdm__measurements__signature="failed")
    evidence = e.Evidence(version=0x12)
    old = e.sign(evidence.chain.leaf_key, "ECDSA P-384", "sha384", evidence.log)
    expect(b, _FILES.args(evidence, measurements=evidence.vca + evidence.log + old), INVALID)


@test
def another_vca_does_not_verify(b):
    evidence = e.Evidence()
    other = e.vca(0x12, entries=[0x1200])
    expect(b, _FILES.args(evidence, measurements=other + evidence.pairs), INVALID,
           spdm__measurements__signature="failed")
    expect(b, _FILES.args(evidence) + ["--vca", _FILES.put("vca", other)], INVALID,
           spdm__vca__same="failed")
    # A downgrade of the version is signed, and so found.
    expect(b, _FILES.args(evidence, measurements=e.vca(0x13) + evidence.pairs), INVALID)


@test
def a_missing_vca_is_never_verified(b):
    for version in (0x12, 0x13):
        evidence = e.Evidence(version=version)
        expect(b, _FILES.args(evidence, measurements=evidence.pairs), REFUSED,
               spdm__vca__form="skipped", spdm__measurements__signature="skipped")


@test
def bytes_behind_the_signature_are_refused(b):
    evidence = e.Evidence(version=0x11)
    expect(b, _FILES.args(evidence, measurements=evidence.pairs + b"\0"), REFUSED,
           spdm__measurements__trailing="refused", spdm__measurements__signature="passed")
    for more in (b"\1", b"\0\0", b"\n", evidence.pairs):
        expect(b, _FILES.args(evidence, measurements=evidence.pairs + more), INVALID)
    for cut in (1, 50, 96, 97, 200):
        expect(b, _FILES.args(evidence, measurements=evidence.pairs[:-cut]), INVALID)


@test
def slots_that_differ_are_found(b):
    evidence = e.Evidence(log=e.request(0x12, slot=1) + e.response(0x12, e.default_blocks(), slot=0))
    expect(b, _FILES.args(evidence), INVALID, spdm__measurements__form="failed")


@test
def what_is_not_supported_is_refused_by_name(b):
    for asym in ("SM2 P-256", "Ed25519", "Ed448"):
        bits = e.BASE_ASYM[asym]
        evidence = e.Evidence(vca=e.vca(asym_bits=bits), signature=bytes(e.SIG_SIZE[asym]))
        value = expect(b, _FILES.args(evidence), REFUSED, spdm__algorithms="refused")
        has(str(value["checks"]), asym)
    for bits, name in ((8, "SHA3-256"), (0x10, "SHA3-384"), (0x20, "SHA3-512"), (0x40, "SM3")):
        evidence = e.Evidence(vca=e.vca(hash_bits=bits), signature=bytes(96))
        size = {"SHA3-384": 48, "SHA3-512": 64}.get(name, 32)
        certs = evidence.chain.spdm(root_hash=bytes(size))
        value = expect(b, _FILES.args(evidence, certs=certs), REFUSED, spdm__algorithms="refused")
        has(str(value["checks"]), name)


@test
def algorithms_must_be_one_each(b):
    for kw in ({"asym_bits": 0x90}, {"hash_bits": 3}, {"asym_bits": 0}, {"hash_bits": 0}):
        evidence = e.Evidence(vca=e.vca(**kw), signature=bytes(96))
        expect(b, _FILES.args(evidence), INVALID)


@test
def a_key_of_another_kind_than_negotiated_is_found(b):
    evidence = e.Evidence(asym="ECDSA P-256", digest="sha384", chain=e.chain("ECDSA P-256"))
    wrong = e.Evidence(vca=e.vca(asym="ECDSA P-384"), chain=evidence.chain, signature=bytes(96))
    expect(b, _FILES.args(wrong), INVALID, leaf__key="failed",
           spdm__measurements__signature="skipped")


@test
def versions_1_1_without_vca_follow_the_leaf(b):
    for asym, digest in (("ECDSA P-256", "sha256"), ("ECDSA P-384", "sha384"),
                         ("ECDSA P-521", "sha512")):
        good(b, e.Evidence(version=0x11, asym=asym, digest=digest))
    # An RSA key does not say how it signs: nothing is tried.
    evidence = e.Evidence(version=0x11, asym="RSASSA 3072")
    expect(b, _FILES.args(evidence), REFUSED, spdm__algorithms="skipped")
    good(b, evidence, vca_apart=True)


# ---- what is not there ----

@test
def without_an_anchor_nothing_is_verified(b):
    value = expect(b, _FILES.args(e.Evidence(), roots=False), REFUSED, certs__anchor="skipped",
                   certs__signatures="skipped", spdm__measurements__signature="passed")
    eq([c["required"] for c in value["checks"] if c["id"] == "certs.anchor"], [True])


@test
def a_root_that_was_only_sent_is_not_trusted(b):
    evidence = e.Evidence()
    args = _FILES.args(evidence, roots=False)
    expect(b, args + ["--roots", _FILES.put("roots", e.chain(name="other").root)], INVALID,
           certs__anchor="failed")
    # The same name, another key.
    twin = e.certificate("Root", e.key("ECDSA P-384", "twin"), ext=e.ROOT_EXT)
    expect(b, args + ["--roots", _FILES.put("twin", twin)], INVALID)


@test
def measurements_need_certificates_and_certificates_do_for_themselves(b):
    evidence = e.Evidence()
    m = _FILES.put("m", evidence.transcript)
    c = _FILES.put("c", evidence.chain.spdm())
    r = _FILES.put("r", evidence.chain.root)
    expect(b, ["--measurements", m, "--roots", r], REFUSED, spdm__measurements__signature="skipped")
    value = expect(b, ["--certs", c, "--roots", r], DONE)
    eq(value["objects"], ["certificates"])
    expect(b, ["--certs", c, "--roots", r, "--vca", _FILES.put("v", evidence.vca)], REFUSED)
    expect(b, ["--certs", c, "--roots", r, "--nonce", "00" * 32], REFUSED)


# ---- certificates ----

@test
def the_chain_structure_is_checked(b):
    evidence = e.Evidence()
    certs = evidence.chain.spdm()
    for broken in (flip(certs, 0), flip(certs, 2), certs + b"\0", certs[:-1], certs[:3], b"\x00",
                   flip(certs, 52), certs[:4 + 48], b""):
        expect(b, _FILES.args(evidence, certs=broken), INVALID, certs__form="failed")
    expect(b, _FILES.args(evidence, certs=flip(certs, 4)), INVALID, certs__root_hash="failed")
    expect(b, _FILES.args(evidence, certs=evidence.chain.spdm("sha256")), INVALID)
    # Without the root, RootHash has to name the anchor.
    expect(b, _FILES.args(evidence, certs=flip(evidence.chain.spdm(first=1), 4)), INVALID,
           certs__root_hash="failed")


@test
def any_changed_bit_of_a_certificate_is_found(b):
    evidence = e.Evidence()
    certs = evidence.chain.spdm()
    start = 52 + len(evidence.chain.root)
    for at in range(start, len(certs), 53):
        _, status = verify(b, *_FILES.args(evidence, certs=flip(certs, at, 4)))
        assert status in (INVALID, REFUSED), at
    expect(b, _FILES.args(evidence, certs=flip(certs, len(certs) - 5)), INVALID,
           certs__signatures="failed")


@test
def order_and_completeness_of_the_chain_are_checked(b):
    evidence = e.Evidence()
    root, inter, leaf = evidence.chain.certs
    for certs in (root + leaf + inter, inter + root + leaf, root + leaf, leaf + root + inter,
                  root + inter + inter + leaf):
        expect(b, _FILES.args(evidence, certs=certs), INVALID)
    chain = e.Chain([root, leaf, inter], [])
    expect(b, _FILES.args(evidence, certs=chain.spdm()), INVALID, certs__order="failed")
    expect(b, _FILES.args(evidence, certs=leaf), INVALID, certs__anchor="failed")
    # A stranger's certificate between them is no part of the path.
    other = e.chain(name="other")
    expect(b, _FILES.args(evidence, certs=root + other.certs[1] + inter + leaf), INVALID,
           certs__order="failed")


@test
def pem_is_taken_strictly(b):
    evidence = e.Evidence()
    text = evidence.chain.pem()
    key_block = text.replace(b"CERTIFICATE", b"PRIVATE KEY", 2)
    for broken in (text.replace(b"-----END", b"----END", 1), text[:-30], key_block,
                   text.replace(b"A", b"!", 1), b"-----BEGIN CERTIFICATE-----\n"):
        expect(b, _FILES.args(evidence, certs=broken), INVALID, certs__form="failed")
    many = text * 7
    expect(b, _FILES.args(evidence, certs=many), INVALID, certs__form="failed")


@test
def times_count(b):
    evidence = e.Evidence()
    args = _FILES.args(evidence)
    for at in ("2001-01-01T00:00:00Z", "2099-01-01T00:00:00+01:00", "0"):
        value, status = verify(b, *args, at=at)
        eq((status, of(value, "certs.validity")), (INVALID, "failed"))
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(AT)))
    for at in (now + "Z", now + ".5z", now + "+00:00", now.replace("T", " ") + "Z"):
        eq(verify(b, *args, at=at)[1], DONE)


@test
def issuers_must_be_cas(b):
    for ext in ("basicConstraints=critical,CA:FALSE\nkeyUsage=keyCertSign\n",
                "keyUsage=keyCertSign\n", "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature\n"):
        evidence = e.Evidence(chain=e.chain(inter_ext=ext, name="noca"))
        expect(b, _FILES.args(evidence), INVALID, certs__ca="failed")
    short = e.CA_EXT.replace("CA:TRUE", "CA:TRUE,pathlen:0")
    evidence = e.Evidence(chain=e.chain(length=4, inter_ext=short, name="pathlen"))
    expect(b, _FILES.args(evidence), INVALID, certs__ca="failed")
    good(b, e.Evidence(chain=e.chain(length=3, inter_ext=short, name="pathlen3")))


@test
def critical_extensions_must_be_known(b):
    unknown = e.LEAF_EXT + "1.2.3.4.5=critical,DER:0500\n"
    expect(b, _FILES.args(e.Evidence(chain=e.chain(leaf_ext=unknown))), INVALID,
           certs__extensions="failed")
    known = e.LEAF_EXT + "1.3.6.1.4.1.412.274.6=critical,DER:300e300c060a2b06010401831c821202\n" \
        "2.23.133.5.4.1=critical,DER:300080\n".replace("300080", "30038301" + "05")
    good(b, e.Evidence(chain=e.chain(leaf_ext=known)))
    both = known + "1.2.3.4.5=critical,DER:0500\n"
    value = expect(b, _FILES.args(e.Evidence(chain=e.chain(leaf_ext=both))), INVALID)
    has(str(value["checks"]), "1.2.3.4.5")


@test
def weak_and_unsupported_certificates_are_refused_by_name(b):
    for kind, name in (("Ed25519", "Ed25519"), ("Ed448", "Ed448"), ("SM2", "SM2"),
                       ("secp256k1", "secp256k1")):
        chain = e.chain(kind, ca_kind="ECDSA P-384", name=kind)
        evidence = e.Evidence(chain=chain, signature=bytes(96))
        value = expect(b, _FILES.args(evidence), INVALID, certs__algorithms="refused",
                       leaf__key="failed")
        has(str([c for c in value["checks"] if c["id"] == "certs.algorithms"]), name)
        value = expect(b, ["--certs", _FILES.put("c", chain.der()), "--roots",
                           _FILES.put("r", chain.root)], REFUSED, certs__algorithms="refused")
    # Alone, so that nothing negotiated disagrees.
    chain = e.chain("ECDSA P-384", ca_kind="Ed25519", name="edca", digest=None)
    value = expect(b, ["--certs", _FILES.put("c", chain.der()), "--roots",
                       _FILES.put("r", chain.root)], REFUSED, certs__algorithms="refused",
                   certs__anchor="skipped", certs__signatures="skipped")
    has(str(value["checks"]), "Ed25519")
    sha1 = e.chain(digest="sha1", name="sha1")
    expect(b, ["--certs", _FILES.put("c", sha1.der()), "--roots", _FILES.put("r", sha1.root)],
           REFUSED, certs__algorithms="refused")
    rsa1024 = e.chain("RSA 1024", ca_kind="ECDSA P-384", name="rsa1024")
    value = expect(b, ["--certs", _FILES.put("c", rsa1024.der()), "--roots",
                       _FILES.put("r", rsa1024.root)], REFUSED, certs__algorithms="refused")
    has(str(value["checks"]), "RSA 1024")


@test
def post_quantum_algorithms_are_refused_by_name(b):
    for kind in ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"):
        try:
            chain = e.chain(kind, digest=None, name=kind)
        except AssertionError as reason:
            raise Skip("this openssl does not know them") from reason
        value = expect(b, ["--certs", _FILES.put("c", chain.der()), "--roots",
                           _FILES.put("r", chain.root)], REFUSED, certs__algorithms="refused",
                       certs__anchor="skipped", certs__signatures="skipped")
        has(str(value["checks"]), f"unsupported key: {kind}", f"unsupported signature: {kind}")


@test
def emulated_devices_say_so_in_their_certificates(b):
    evidence = e.Evidence(chain=e.chain(name="(emulated) "))
    value = expect(b, _FILES.args(evidence), REFUSED, platform__emulated="refused")
    eq(value["emulated"], True)


# ---- the leaf ----

def leaf_case(b, ext, status, check, want, version=0x12):
    evidence = e.Evidence(version=version, chain=e.chain(leaf_ext=ext))
    return expect(b, _FILES.args(evidence), status, **{check: want})


KU = "keyUsage=critical,digitalSignature\n"
BC = "basicConstraints=critical,CA:FALSE\n"


@test
def key_usage_of_the_leaf_counts(b):
    leaf_case(b, BC + "keyUsage=keyAgreement\n", INVALID, "leaf__key_usage", "failed")
    leaf_case(b, BC, INVALID, "leaf__key_usage", "failed")


@test
def basic_constraints_of_the_leaf_count_from_1_3_on(b):
    leaf_case(b, KU, DONE, "leaf__basic_constraints", "skipped", version=0x11)
    leaf_case(b, KU, DONE, "leaf__basic_constraints", "skipped", version=0x12)
    leaf_case(b, KU, INVALID, "leaf__basic_constraints", "failed", version=0x13)
    ca = "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature,keyCertSign\n"
    leaf_case(b, ca, INVALID, "leaf__basic_constraints", "failed")


@test
def a_requesters_key_is_no_responders(b):
    rsp, req = "1.3.6.1.4.1.412.274.3", "1.3.6.1.4.1.412.274.4"
    for eku, status, want in ((rsp, DONE, "passed"), (req, INVALID, "failed"),
                              (f"{rsp},{req}", DONE, "passed"), ("serverAuth", DONE, "passed")):
        leaf_case(b, e.LEAF_EXT + f"extendedKeyUsage={eku}\n", status,
                  "leaf__extended_key_usage", want)


@test
def identities_in_the_leaf_are_shown(b):
    cma = "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100:0123456789abcdef"
    ext = e.LEAF_EXT + f"subjectAltName=otherName:2.23.147;UTF8:{cma}," \
        "otherName:1.3.6.1.4.1.412.274.1;UTF8:ACME:WIDGET:42\n"
    value = leaf_case(b, ext, DONE, "leaf__pci_id", "passed")
    eq(value["device"]["pci_id"]["device"], "0010")
    eq(value["device"]["pci_id"]["serial"], "0123456789abcdef")
    eq(value["device"]["device_info"],
       {"manufacturer": "ACME", "product": "WIDGET", "serial": "42"})
    for text in ("Vendor=1B36:Device=0010:CC=010802:REV=02", "Vendor=1b36", "", cma + ":",
                 "Vendor=1b36:Device=0010:CC=010802:REV=02:", cma[:-1],
                 "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4"):
        if not text:
            continue
        ext = e.LEAF_EXT + f"subjectAltName=otherName:2.23.147;UTF8:{text}\n"
        value = leaf_case(b, ext, DONE, "leaf__pci_id", "skipped")
        eq(value["device"]["pci_id"], None)
    for text in ("Vendor=1b36:Device=0010:CC=010802:REV=02",
                 "Vendor=1b36:Device=0010:CC=010802:REV=02:0123456789abcdef"):
        ext = e.LEAF_EXT + f"subjectAltName=otherName:2.23.147;UTF8:{text}\n"
        leaf_case(b, ext, DONE, "leaf__pci_id", "passed")


@test
def text_in_certificates_moves_no_cursor_and_breaks_no_json(b):
    chain = e.chain(leaf_ext=e.LEAF_EXT + 'subjectAltName=otherName:1.3.6.1.4.1.412.274.1;UTF8:'
                    'A\x1b[2J:B"\\\\q:C\n', name="esc")
    evidence = e.Evidence(chain=chain)
    value = good(b, evidence)
    eq(value["device"]["device_info"]["manufacturer"], "A\\x1b[2J")
    ret = b.run("verify", *_FILES.args(evidence), "--at", AT)
    assert "\x1b" not in ret.stdout


# ---- CRLs ----

def crl(chain, index, revoke=(), days=30, form="PEM"):
    """A CRL of the certificate at @index."""
    where = tempfile.mkdtemp(dir=e.folder())
    db = os.path.join(where, "db")
    with open(db, "w", encoding="ascii") as f:
        for cert in revoke:
            path = os.path.join(where, "c.der")
            with open(path, "wb") as c:
                c.write(cert)
            serial = e.openssl("x509", "-inform", "DER", "-in", path, "-noout", "-serial")
            number = serial.decode().strip().split("=")[1]
            f.write(f"R\t350101000000Z\t250101000000Z\t{number}\tunknown\t/CN=x\n")
    with open(os.path.join(where, "issuer.pem"), "wb") as f:
        f.write(e.pem(chain.certs[index]))
    conf = os.path.join(where, "conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={db}\ndefault_md=sha384\n")
    text = e.openssl("ca", "-config", conf, "-gencrl", "-keyfile", chain.keys[index], "-cert",
                     os.path.join(where, "issuer.pem"), "-crldays", str(days))
    if form == "DER":
        return e.openssl("crl", "-outform", "DER", data=text)
    return text


@test
def revoked_certificates_are_found(b):
    evidence = e.Evidence()
    chain = evidence.chain
    args = _FILES.args(evidence)
    none = crl(chain, 1)
    value = expect(b, args + ["--crl", _FILES.put("crl", none)], DONE, certs__crl="passed")
    has(str([c for c in value["checks"] if c["id"] == "certs.crl"]), "1 of 2")
    for form in ("PEM", "DER"):
        leaf = crl(chain, 1, [chain.certs[2]], form=form)
        expect(b, args + ["--crl", _FILES.put("crl", leaf)], INVALID, certs__crl="failed")
    inter = crl(chain, 0, [chain.certs[1]])
    expect(b, args + ["--crl", _FILES.put("crl", inter + none)], INVALID, certs__crl="failed")
    expect(b, args + ["--crl", _FILES.put("a", inter), "--crl", _FILES.put("b", none)], INVALID)


@test
def a_crl_that_says_nothing_is_no_reassurance(b):
    evidence = e.Evidence()
    args = _FILES.args(evidence)
    other = e.chain(name="other")
    expect(b, args + ["--crl", _FILES.put("crl", crl(other, 1))], REFUSED, certs__crl="refused")
    # By the right name, and another key.
    forger = e.Chain(list(evidence.chain.certs), [None, e.key("ECDSA P-384", "stranger")])
    forger.certs[1] = e.certificate("Intermediate 1", forger.keys[1], ext=e.ROOT_EXT)
    value, status = verify(b, *args, "--crl", _FILES.put("crl", crl(forger, 1)))
    eq((status, of(value, "certs.crl")), (REFUSED, "refused"))
    old = crl(evidence.chain, 1, days=1)
    value, status = verify(b, *args, "--crl", _FILES.put("crl", old),
                           at=str(int(AT) + 3 * 86400))
    eq((status, of(value, "certs.crl")), (REFUSED, "refused"))


# ---- reports ----

@test
def a_report_alone_is_judged(b):
    value = expect(b, ["--report", _FILES.put("r", e.report())], DONE, report__form="passed")
    eq(value["objects"], ["report"])
    for broken, status, check in (
            (e.report()[:-1], INVALID, "report.form"), (e.report() + b"\0", INVALID, "report.form"),
            (e.report(count=2), INVALID, "report.form"), (b"", INVALID, "report.form"),
            (e.report(info=0x0002), REFUSED, "report.no_fw_update"),
            (e.report(info=0x0007), REFUSED, "report.dma_with_pasid"),
            (e.report(info=0x000b), REFUSED, "report.ats"),
            (e.report(info=0x0013), REFUSED, "report.prs"),
            (e.report(info=0x0023), REFUSED, "report.reserved"),
            (e.report(rsvd=1), REFUSED, "report.reserved"),
            (e.report(ranges=[(0, 1, 0x10, 0)]), REFUSED, "report.reserved"),
            (e.report(ranges=[(0, 1, 0, 9)]), REFUSED, "report.range_id"),
            (e.report(lnr=1), REFUSED, "report.lnr"), (e.report(tph=1), REFUSED, "report.tph"),
            (e.report(ranges=[(0, 0, 0, 0)]), INVALID, "report.form"),
            (e.report(ranges=[(0, 2, 0, 0), (1, 1, 0, 0)]), INVALID, "report.form"),
            (e.report(ranges=[(1 << 52, 1, 0, 0)]), INVALID, "report.form"),
            (e.report(info=0xffe3, ranges=[(0, 1, 0xfff0, 0), (1, 0, 0, 0)]), INVALID,
             "report.form")):
        value, found = verify(b, "--report", _FILES.put("r", broken))
        eq((check, found, of(value, check)),
           (check, status, "failed" if status == INVALID else "refused"))


@test
def a_report_is_compared_with_the_bars(b):
    path = _FILES.put("r", e.report(ranges=[(0x100, 4, 0, 0), (0x200, 2, 4, 2)]))
    value = expect(b, ["--report", path, "--bars", "0:16K,2:8192"], DONE, report__bars="passed")
    for bars in ("0:8K,2:8K", "0:16K", "2:8K", "0:16K,2:4K"):
        expect(b, ["--report", path, "--bars", bars], INVALID, report__bars="failed")
    value = expect(b, ["--report", path, "--bars", "0:8K,2:8K"], INVALID)
    bad = [c for c in value["checks"] if c["status"] == "failed"][0]
    eq((bad["object"], bad["index"]), ("report", 0))
    assert bad["offset"] >= 16 and bad["expected"] and bad["found"]


@test
def findings_are_collected(b):
    evidence = e.Evidence()
    value, status = verify(b, *_FILES.args(evidence, certs=flip(evidence.chain.spdm(), 4),
                                           measurements=flip(evidence.transcript, -1)),
                           "--nonce", "00" * 32, "--report", _FILES.put("r", e.report(info=0x1a)),
                           at="2001-01-01T00:00:00Z")
    eq(status, INVALID)
    for check in ("certs.root_hash", "certs.validity", "spdm.measurements.nonce",
                  "spdm.measurements.signature"):
        eq((check, of(value, check)), (check, "failed"))
    for check in ("report.no_fw_update", "report.ats", "report.prs"):
        eq((check, of(value, check)), (check, "refused"))


@test
def endless_findings_are_counted(b):
    ranges = [(i, 1, 0x10, 0) for i in range(1000)]
    value = expect(b, ["--report", _FILES.put("r", e.report(ranges=ranges))], REFUSED)
    eq(len([c for c in value["checks"] if c["id"] == "report.reserved"]), 16)
    eq(value["findings_not_listed"], 984)


# ---- the command ----

@test
def wrong_arguments_of_verify_exit_1(b):
    evidence = e.Evidence()
    args = _FILES.args(evidence)
    nothing = _FILES.put("nothing", b"")
    garbage = _FILES.put("garbage", b"garbage")
    for more in (["--nonce", "00"], ["--nonce", "zz" * 32], ["--bars", "0"], ["--bars", "6:4K"],
                 ["--bars", "0:4K,0:4K"], ["--bars", "0:0"], ["--bars", "0:4X"],
                 ["--bars", "0:99999999999G"], ["--at", "yesterday"],
                 ["--at", "2026-02-31T00:00:00Z"], ["--at", "2026-13-01T00:00:00Z"],
                 ["--at", ""], ["--roots", garbage], ["--roots", nothing], ["--crl", garbage],
                 ["--policy", garbage], ["--policy", nothing], ["--certs", "/nonexistent"],
                 ["--report", "/"], ["--frob"], ["bundle"], ["--roots"]):
        ret = b.run("verify", *args, *more)
        eq((more, ret.returncode, ret.stdout), (more, USAGE, ""))
        assert ret.stderr, more
    for args in ([], ["--roots", _FILES.put("r", evidence.chain.root)], ["/nonexistent"],
                 ["a", "b"]):
        eq((args, b.run("verify", *args).returncode), (args, USAGE))


@test
def the_verdict_is_readable(b):
    ret = b.run("verify", *_FILES.args(e.Evidence()), "--at", AT)
    eq(ret.returncode, DONE)
    has(ret.stdout, "passed   spdm.measurements.signature", "VERIFIED: certificates, measurements",
        "Without --policy", "Without --nonce")
    ret = b.run("verify", *_FILES.args(e.Evidence()), "--at", AT, "--nonce", e.NONCE.hex())
    assert "Without --nonce" not in ret.stdout
    evidence = e.Evidence()
    ret = b.run("verify", *_FILES.args(evidence, measurements=flip(evidence.transcript, -1)),
                "--at", AT)
    has(ret.stdout, "FAILED   spdm.measurements.signature", "NOT VERIFIED", "expected", "found")


@test
def verify_needs_no_privileges_and_no_network(b):
    evidence = e.Evidence()
    if os.getuid():
        raise Skip("only root can become somebody else")
    args = [TDI, "verify", *_FILES.args(evidence), "--at", AT]
    for folder in (e.folder(), _FILES.root):
        os.chmod(folder, 0o755)
    if not os.access(TDI, os.X_OK) or subprocess.run(
            ["setpriv", "--reuid", "65534", "test", "-x", TDI], check=False).returncode:
        raise Skip("nobody cannot run the command where it is")
    ret = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", *args],
                         capture_output=True, check=False)
    eq((ret.returncode, ret.stderr), (DONE, b""))


# A small process starts the command: what a large one uses would count as its own.
PEAK = """import os, resource, sys
pid = os.fork()
if not pid:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*args):
    """Exit status and peak memory in MiB of the shipped command."""
    ret = subprocess.run([sys.executable, "-S", "-c", PEAK, TDI, *args], capture_output=True,
                         check=True)
    status, kib = ret.stdout.split()
    return int(status), int(kib) / 1024


@test
def sixteen_mib_of_evidence_fit_64_mib_of_memory(b):
    del b
    size = 16 << 20
    big = [e.block(1 + i, bytes(65000), 0x84) for i in range(254)]
    evidence = e.Evidence(blocks=big)
    pairs = 0
    unsigned = b""
    one = e.request(0x12, op=0, signed=False) + e.response(0x12, [], signed=False, total=4)
    pairs = size // len(one)
    unsigned = one * pairs
    many = e.Evidence(log=unsigned + e.request(0x12) + e.response(0x12, e.default_blocks()))
    worst = 0
    for what in (evidence, many):
        assert len(what.transcript) > size - (1 << 20)
        for more in ([], ["--json"]):
            status, mib = peak("verify", *_FILES.args(what), "--at", AT, *more)
            eq(status, DONE)
            worst = max(worst, mib)
    print(f"# figure: big_evidence_peak_mib={worst:.1f}")
    assert worst < 64, worst


@test
def hashes_of_the_builder_are_right(b):
    """The oracle itself: openssl agrees with what the builder signs."""
    del b
    evidence = e.Evidence()
    tbs = e.to_be_signed(0x12, "sha384", evidence.vca, evidence.log)
    eq(len(tbs), 148)
    eq(tbs[64:70], bytes(6))
    eq(tbs[100:], hashlib.sha384(evidence.vca + evidence.log).digest())
    eq(struct.unpack_from("<H", evidence.chain.spdm())[0], len(evidence.chain.spdm()))
