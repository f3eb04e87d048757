#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes first inputs of the fuzz targets that need real signatures, or texts:

    seeds.py DIR    fills DIR/NAME/ for each target fuzz_NAME.c of them
"""
import hashlib
import io
import json
import os
import struct
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
import evidence as e  # noqa: E402

CMA = "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100:0123456789abcdef"
LEAF = e.LEAF_EXT + f"subjectAltName=otherName:2.23.147;UTF8:{CMA}," \
    "otherName:1.3.6.1.4.1.412.274.1;UTF8:ACME:WIDGET:42\n" \
    "extendedKeyUsage=1.3.6.1.4.1.412.274.3\n2.23.133.5.4.1=DER:3009830105870204100a\n" \
    "1.3.6.1.4.1.412.274.6=DER:300e300c060a2b06010401831c821202\n"
ROOT, JSON, FILE = 0x02, 0x01, 0x10

POLICY = {
    "schema_version": 1, "kind": "policy", "emulated": "allowed", "virtio_bypass": "refused",
    "anchors": [{"sha256": "00" * 32}, {"file": "x"}],
    "certificates": {
        "key_usage": "ignored", "basic_constraints": "by_version",
        "extended_key_usage": "required", "models": ["alias", "device"],
        "pci_id": {"vendor": "1b36", "serial": ["0123456789abcdef"]},
        "device_info": {"product": "x"},
        "dice": {"forbidden_flags": "debug", "svn_min": 1, "fwid": "00"}, "crl": "all"},
    "spdm": {
        "versions": ["1.2"], "signatures": "ECDSA P-384", "hashes": ["SHA-384"],
        "alpha": "refused", "without_vca": {"signature": "RSASSA 3072", "hash": "SHA-384"},
        "slots": [0, 7], "trailing_nul": "allowed"},
    "freshness": {"nonce": "optional"},
    "measurements": {
        "blocks": [{"index": 1, "type": "mutable firmware", "kind": "raw", "values": ["00"],
                    "mask": "0f", "required": False}, {"index": 16, "svn_min": "0x10"}],
        "other": "refused", "svn_min": 3,
        "device_mode": {"required": True, "operational": ["normal"], "debug": "allowed"}},
    "report": {"ats": "any", "device_info": "00", "reserved": "allowed"},
    "required_checks": ["certs.crl"]}


GATE = {
    "schema_version": 1, "kind": "gate", "description": "x", "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-01-01T00:00:00+01:00", "timeout": 30, "exposed": "allowed",
    "devices": [
        {"name": "disk", "vendor": "1b36", "device": "0010", "class": "0108", "count": 2,
         "required": False, "policy": "disk.json", "policy_sha256": "00" * 32},
        {"name": "one", "vendor": "1b36", "device": "0010", "address": "01:00.0",
         "policy": "a-b_c", "policy_sha256": "ff" * 32}]}


def gate_signature(*more):
    """The form of fuzz_gate.c, of a signature that is good."""
    key = e.key("ECDSA P-256", "gate")
    cert = e.certificate("gate", key, ext="keyUsage=digitalSignature\n", digest="sha256")
    path = os.path.join(e.folder(), "gate.pem")
    with open(path, "wb") as f:
        f.write(e.pem(cert))
    signature = e.openssl("cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER",
                          "-signer", path, "-inkey", key, *more, data=b"tdi")
    return b"\1" + struct.pack("<H", len(cert)) + cert + signature


class Seeds:
    """A folder of folders."""

    def __init__(self, top):
        self.top = top

    def put(self, target, name, data):
        where = os.path.join(self.top, target)
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def verify(self, name, flags, certs=b"", vca=b"", transcript=b"", report=b""):
        """The form of fuzz_verify.c."""
        head = struct.pack("<BHHH", flags, len(certs), len(vca), len(transcript))
        self.put("verify", name, head + certs + vca + transcript + report)


def tpm_parts():
    """Event log, quote, signature and key that agree, of a bundle that has nothing else."""
    sha = lambda data: hashlib.sha256(data).digest()
    text = "\n".join((
        "tdi-accept 1", "device 0000:01:00.0", "platform -", "generation -", "nonce -", "bars -",
        "evidence " + sha(b"tdi-evidence 1\n" + bytes(128)).hex(), "report -", "policy -",
        "anchor -", "verdict verified", "verdict-digest -", "resets 1", "restarts 0", "")).encode()
    event = struct.pack("<II", 0x54444901, len(text)) + text
    log = struct.pack("<II20sI", 0, 3, b"", 33) + b"Spec ID Event03\0" + \
        struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 0x0b, 32, 0)
    log += struct.pack("<IIIH", 14, 6, 1, 0x0b) + sha(event) + struct.pack("<I", len(event)) + event
    path = e.key("ECDSA P-256", "ak")
    point = e.openssl("pkey", "-in", path, "-pubout", "-outform", "DER")[-64:]
    area = struct.pack(">HHIHHHHHH", 0x23, 0x0b, 0x50072, 0, 0x10, 0x18, 0x0b, 3, 0x10)
    area += b"".join(struct.pack(">H", 32) + c for c in (point[:32], point[32:]))
    name = b"\0\x0b" + sha(area)
    signer = b"\0\x0b" + sha(struct.pack(">I", 0x4000000b) + name)
    quote = struct.pack(">IHH", 0xff544347, 0x8018, len(signer)) + signer
    quote += struct.pack(">H", 32) + bytes(32) + struct.pack(">QIIBQ", 99, 1, 0, 1, 7)
    quote += struct.pack(">IHB3sH", 1, 0x0b, 3, b"\0\x40\0", 32) + sha(sha(bytes(32) + sha(event)))
    der = e.openssl("dgst", "-sha256", "-sign", path, data=quote)
    r = der[4:4 + der[3]][-32:].rjust(32, b"\0")
    s = der[6 + der[3]:][-32:].rjust(32, b"\0")
    signature = struct.pack(">HHH", 0x18, 0x0b, 32) + r + struct.pack(">H", 32) + s
    return log, quote, signature, struct.pack(">H", len(area)) + area


def main(top):
    seeds = Seeds(top)
    log, quote, signature, key = tpm_parts()
    for flags in range(4):
        seeds.put("tpm", f"good{flags}", struct.pack("<BHHH", flags, len(log), len(quote),
                                                     len(signature)) + log + quote + signature + key)
    chain = e.chain("ECDSA P-256", leaf_ext=LEAF, digest="sha256", length=2)
    report = e.report(ranges=[(0, 16, 0, 0)])
    for version in (0x11, 0x12, 0x13):
        evidence = e.Evidence(version=version, asym="ECDSA P-256", digest="sha256", chain=chain,
                              unsigned=[[e.svn(3, 8)]] if version == 0x12 else [])
        seeds.verify(f"v{version:x}", ROOT, chain.spdm("sha256"), b"", evidence.transcript, report)
        seeds.verify(f"v{version:x}_apart", ROOT | FILE | JSON, chain.der(), evidence.vca,
                     evidence.pairs)
    seeds.verify("pem", FILE, chain.pem(), b"", evidence.transcript,
                 e.report(info=0x3F, ranges=[(0, 1, 0x1F, 9)]))
    rsa = e.Evidence(asym="RSAPSS 2048", digest="sha256",
                     chain=e.chain("RSA 2048", digest="sha256", length=2))
    seeds.verify("rsa", ROOT, rsa.chain.spdm("sha256"), b"", rsa.transcript)
    seeds.verify("report", 0x04, report=e.report(ranges=[(0, 16, 0, 0), (0x100, 4, 4, 2)]))

    seeds.put("policy", "all", json.dumps(POLICY))
    seeds.put("policy", "least", '{"schema_version":1,"kind":"policy"}')

    seeds.put("gate", "all", b"\0" + json.dumps(GATE).encode())
    seeds.put("gate", "least", b'\0{"schema_version":1,"kind":"gate","devices":[],'
              b'"not_after":"2027-01-01T00:00:00Z"}')
    for name, more in (("signed", ()), ("bare", ("-nocerts", "-noattr")),
                       ("attached", ("-nodetach",))):
        seeds.put("gate", name, gate_signature(*more))

    path = "/devices/pci0000:00/0000:00:02.0/0000:01:00.0"
    seeds.put("kernel", "event", f"change@{path}\0ACTION=change\0DEVPATH={path}\0SUBSYSTEM=pci\0"
              "TDI_EVENT=lost\0TDI_STATE=ERROR\0TDI_REASON=why\0SEQNUM=1\0")
    seeds.put("kernel", "audit", "command coalesce 14 0x004 0x00000403 modprobe\n"
              "port-command refuse 1 0x004 0x0 a b\n")

    seeds.put("pem", "pem", e.pem(chain.root))
    seeds.put("pem", "der", chain.certs[1])
    seeds.put("pem", "cma", CMA)
    seeds.put("pem", "info", "ACME:WIDGET:42")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("a/metadata.json")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"{}"))
    seeds.put("pem", "tar", out.getvalue()[:1536])


if __name__ == "__main__":
    main(sys.argv[1])
