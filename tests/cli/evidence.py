# SPDX-License-Identifier: GPL-2.0
"""Builds evidence with a known answer: certificates by the openssl command,
messages by hand from the standards, and never by the code that is tested.

Keys and certificates are made once per kind and run, in a folder of their own.
"""
import atexit
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

# A time at which all certificates that are made here are valid.
HOUR = 3600
DAYS = 3650

NONCE = bytes(range(32))

EC = {"P-256": ("prime256v1", 32), "P-384": ("secp384r1", 48), "P-521": ("secp521r1", 66)}
HASH_SIZE = {"sha256": 32, "sha384": 48, "sha512": 64}
BASE_HASH = {"sha256": 1, "sha384": 2, "sha512": 4}
MEAS_HASH = {"sha256": 2, "sha384": 4, "sha512": 8}
BASE_ASYM = {"RSASSA 2048": 0x1, "RSAPSS 2048": 0x2, "RSASSA 3072": 0x4, "RSAPSS 3072": 0x8,
             "ECDSA P-256": 0x10, "RSASSA 4096": 0x20, "RSAPSS 4096": 0x40, "ECDSA P-384": 0x80,
             "ECDSA P-521": 0x100, "SM2 P-256": 0x200, "Ed25519": 0x400, "Ed448": 0x800}
SIG_SIZE = {"RSASSA 2048": 256, "RSAPSS 2048": 256, "RSASSA 3072": 384, "RSAPSS 3072": 384,
            "ECDSA P-256": 64, "RSASSA 4096": 512, "RSAPSS 4096": 512, "ECDSA P-384": 96,
            "ECDSA P-521": 132, "SM2 P-256": 64, "Ed25519": 64, "Ed448": 114}

_folder = None


def folder():
    global _folder
    if _folder is None:
        _folder = tempfile.mkdtemp(prefix="tdi-evidence.")
        atexit.register(shutil.rmtree, _folder, True)
    return _folder


def openssl(*args, data=None):
    ret = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False)
    assert ret.returncode == 0, (args, ret.stderr.decode(errors="replace"))
    return ret.stdout


def _write(name, data):
    path = os.path.join(folder(), name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


_keys = {}


def key(kind, name):
    """The path of a private key: "ECDSA P-384", "RSA 3072", "Ed25519", ..."""
    path = _keys.get((kind, name))
    if path:
        return path
    path = os.path.join(folder(), f"{name}-{kind}.key".replace(" ", "_"))
    if kind.startswith("ECDSA"):
        curve = EC[kind[6:]][0]
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", path)
    elif kind.startswith("RSA"):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[-4:]}", "-out", path)
    elif kind == "SM2":
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", path)
    elif kind == "secp256k1":
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", path)
    else:
        openssl("genpkey", "-algorithm", kind, "-out", path)
    _keys[kind, name] = path
    return path


ROOT_EXT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" \
           "subjectKeyIdentifier=hash\n"
CA_EXT = ROOT_EXT + "authorityKeyIdentifier=keyid\n"
LEAF_EXT = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n" \
           "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"

_serial = 100


def certificate(subject, subject_key, issuer=None, issuer_key=None, ext="", digest="sha384",
                days=DAYS):
    """DER of a certificate; without issuer it signs itself."""
    global _serial
    _serial += 1
    ext_path = _write(f"ext{_serial}", ext)
    csr = openssl("req", "-new", "-key", subject_key, "-subj", f"/CN={subject}", "-outform", "PEM")
    args = ["x509", "-req", "-set_serial", str(_serial), "-days", str(days), "-outform", "DER"]
    if ext:
        args += ["-extfile", ext_path]
    if digest:
        args.append(f"-{digest}")
    if issuer is None:
        args += ["-signkey", subject_key]
    else:
        path = _write(f"issuer{_serial}.pem", pem(issuer))
        args += ["-CA", path, "-CAkey", issuer_key]
    return openssl(*args, data=csr)


def pem(der):
    import base64
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return ("-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) +
            "\n-----END CERTIFICATE-----\n").encode()


@dataclass
class Chain:
    """Root side first; keys by the same index."""
    certs: list
    keys: list

    @property
    def root(self):
        return self.certs[0]

    @property
    def leaf_key(self):
        return self.keys[-1]

    def der(self, first=0):
        return b"".join(self.certs[first:])

    def pem(self, leaf_first=True, first=0):
        certs = [pem(c) for c in self.certs[first:]]
        return b"".join(certs[::-1] if leaf_first else certs)

    def spdm(self, digest="sha384", first=0, root_hash=None):
        body = self.der(first)
        root_hash = root_hash or hashlib.new(digest, self.root).digest()
        return struct.pack("<HH", 4 + len(root_hash) + len(body), 0) + root_hash + body


_chains = {}


def chain(kind="ECDSA P-384", leaf_ext=LEAF_EXT, inter_ext=CA_EXT, digest="sha384", length=3,
          ca_kind=None, name="", root_ext=ROOT_EXT):
    """A chain of @length certificates; made once for the same arguments."""
    args = (kind, leaf_ext, inter_ext, digest, length, ca_kind, name, root_ext)
    if args in _chains:
        return _chains[args]
    ca_kind = ca_kind or kind
    keys = [key(ca_kind, f"{name}root")]
    certs = [certificate(f"{name}Root", keys[0], ext=root_ext, digest=digest)]
    for i in range(1, length):
        last = i == length - 1
        keys.append(key(kind if last else ca_kind, f"{name}leaf" if last else f"{name}inter{i}"))
        ext = leaf_ext if last else inter_ext
        certs.append(certificate(f"{name}Leaf" if last else f"{name}Intermediate {i}", keys[i],
                                 certs[i - 1], keys[i - 1], ext, digest))
    _chains[args] = Chain(certs, keys)
    return _chains[args]


# ---- SPDM ----

def vca(version=0x12, asym="ECDSA P-384", digest="sha384", entries=None, asym_bits=None,
        hash_bits=None, meas_hash=None, opaque=2):
    entries = entries or [0x1000, 0x1100, 0x1200, 0x1300]
    asym_bits = BASE_ASYM[asym] if asym_bits is None else asym_bits
    hash_bits = BASE_HASH[digest] if hash_bits is None else hash_bits
    meas_hash = MEAS_HASH.get(digest, 4) if meas_hash is None else meas_hash
    out = bytes([0x10, 0x84, 0, 0])
    out += bytes([0x10, 0x04, 0, 0, 0, len(entries)]) + struct.pack(f"<{len(entries)}H", *entries)
    caps = struct.pack("<BBHI", 0, 0, 0, 0x000002D6)
    if version >= 0x12:
        caps += struct.pack("<II", 4096, 65536)
    out += bytes([version, 0xE1, 0, 0]) + caps
    caps = struct.pack("<BBHI", 0, 0, 0, 0x000002F6)
    if version >= 0x12:
        caps += struct.pack("<II", 4096, 65536)
    out += bytes([version, 0x61, 0, 0]) + caps
    tables = struct.pack("<BBHBBHBBHBBH", 2, 0x20, 0x10, 3, 0x20, 2, 4, 0x20, 0, 5, 0x20, 1)
    params = opaque if version >= 0x12 else 0
    out += bytes([version, 0xE3, 4, 0]) + struct.pack(
        "<HBBII12sBBBB", 32 + len(tables), 1, params, 0x01FF | asym_bits, 7 | hash_bits, bytes(12),
        0, 0, 0, 0) + tables
    out += bytes([version, 0x63, 4, 0]) + struct.pack(
        "<HBBIII11sBBB2s", 36 + len(tables), 1, params, meas_hash, asym_bits, hash_bits, bytes(11),
        0, 0, 0, bytes(2)) + tables
    return out


def block(index, value, kind=0x01, spec=1):
    return struct.pack("<BBHBH", index, spec, 3 + len(value), kind, len(value)) + value


def svn(index, number):
    return block(index, struct.pack("<Q", number), 0x87)


def device_mode(op_state=4, dev_state=0):
    return block(0xFE, struct.pack("<IIII", 0x3F, op_state, 0x1F, dev_state), 0x85)


def default_blocks(size=48):
    return [block(1, b"\x11" * size, 0x00), block(2, b"\x22" * size, 0x01), svn(0x10, 0x0102),
            device_mode()]


def request(version, op=0xFF, signed=True, nonce=NONCE, slot=0, context=b"CONTEXT!", raw=False):
    out = bytes([version, 0xE0, (1 if signed else 0) | (2 if raw else 0), op])
    if signed:
        out += nonce + bytes([slot])
    return out + (context if version >= 0x13 else b"")


def response(version, blocks, slot=0, signed=True, opaque=b"", context=b"CONTEXT!", total=0):
    record = b"".join(blocks)
    out = bytes([version, 0x60, total, slot if signed else 0, len(blocks)])
    out += len(record).to_bytes(3, "little") + record + b"\x5A" * 32
    return out + struct.pack("<H", len(opaque)) + opaque + (context if version >= 0x13 else b"")


def raw_ecdsa(der, width):
    """r and s out of SEQUENCE { INTEGER, INTEGER }."""
    def number(p):
        n = der[p + 1]
        return int.from_bytes(der[p + 2:p + 2 + n], "big"), p + 2 + n
    p = 3 if der[1] & 0x80 else 2
    r, p = number(p)
    s, p = number(p)
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def sign(key_path, asym, digest, message):
    data = _write("message", message)
    args = ["dgst", f"-{digest}", "-sign", key_path]
    if asym.startswith("RSAPSS"):
        args += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    sig = openssl(*args, data)
    return raw_ecdsa(sig, EC[asym[6:]][1]) if asym.startswith("ECDSA") else sig


def to_be_signed(version, digest, vca_bytes, log):
    if version < 0x12:
        return log
    context = b"responder-measurements signing"
    prefix = f"dmtf-spdm-v1.{version & 15}.*".encode() * 4
    prefix += bytes(36 - len(context)) + context
    return prefix + hashlib.new(digest, vca_bytes + log).digest()


@dataclass
class Evidence:
    """Evidence that verifies, in parts that a test may break."""
    version: int = 0x12
    asym: str = "ECDSA P-384"
    digest: str = "sha384"
    chain: Chain = None
    blocks: list = None
    slot: int = 0
    nonce: bytes = NONCE
    opaque: bytes = b""
    unsigned: list = field(default_factory=list)    # lists of blocks, asked for one by one
    vca: bytes = None
    log: bytes = None
    signature: bytes = None

    def __post_init__(self):
        kind = self.asym if self.asym.startswith("ECDSA") else "RSA " + self.asym[-4:]
        self.chain = self.chain or chain(kind, digest=self.digest)
        self.blocks = default_blocks(HASH_SIZE[self.digest]) if self.blocks is None else self.blocks
        self.vca = self.vca or vca(self.version, self.asym, self.digest)
        log = b""
        for one in self.unsigned:
            log += request(self.version, op=one[0][0], signed=False)
            log += response(self.version, one, signed=False)
        log += request(self.version, slot=self.slot, nonce=self.nonce)
        log += response(self.version, self.blocks, slot=self.slot, opaque=self.opaque)
        self.log = self.log or log
        self.signature = self.signature or sign(
            self.chain.leaf_key, self.asym, self.digest,
            to_be_signed(self.version, self.digest, self.vca, self.log))

    @property
    def pairs(self):
        return self.log + self.signature

    @property
    def transcript(self):
        """As platforms hand it out: with the VCA where it is signed."""
        return (self.vca if self.version >= 0x12 else b"") + self.pairs


# ---- TDISP ----

def report(info=0x0003, ranges=((0x1000, 16, 0, 0),), msix=0, lnr=0, tph=0, device_info=b"",
           rsvd=0, count=None):
    """Ranges: first page, pages, attributes, id."""
    out = struct.pack("<HHHHII", info, rsvd, msix, lnr, tph, len(ranges) if count is None else count)
    for first, pages, attr, ident in ranges:
        out += struct.pack("<QII", first, pages, attr | ident << 16)
    return out + struct.pack("<I", len(device_info)) + device_info


# ---- files ----

class Files:
    """Writes parts to a folder and makes arguments of them."""

    def __init__(self, root):
        self.root = root
        self.nr = 0

    def put(self, name, data):
        self.nr += 1
        path = os.path.join(self.root, f"{self.nr}-{name}")
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def args(self, evidence, roots=True, certs=None, measurements=None, vca_apart=False):
        """Arguments of tdi verify for evidence, with any part replaced."""
        out = ["--certs", self.put("certs", certs if certs is not None else
                                   evidence.chain.spdm(evidence.digest)),
               "--measurements", self.put("measurements", measurements if measurements is not None
                                          else evidence.pairs if vca_apart else
                                          evidence.transcript)]
        if vca_apart:
            out += ["--vca", self.put("vca", evidence.vca)]
        if roots:
            out += ["--roots", self.put("roots", evidence.chain.root)]
        return out
