# SPDX-License-Identifier: GPL-2.0
"""
What SPDM evidence says and whether it is signed, by the rules of DMTF DSP0274
1.2 and the openssl command: an opinion of its own, for the emulator's DSM to be
held against. Every length must come out exactly.
"""

import hashlib
import os
import shutil
import struct
import subprocess
import tempfile

from harness import Skip

GET_DIGESTS, GET_CERTIFICATE, GET_VERSION = 0x81, 0x82, 0x84
GET_MEASUREMENTS, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS = 0xe0, 0xe1, 0xe3
DIGESTS, CERTIFICATE, VERSION, MEASUREMENTS, CAPABILITIES, ALGORITHMS, ERROR = \
	0x01, 0x02, 0x04, 0x60, 0x61, 0x63, 0x7f

# base_asym_sel: size of the signature; base_hash_sel: name of the hash
ASYM = {0x10: 64, 0x80: 96}
HASH = {0x01: "sha256", 0x02: "sha384"}


def openssl(*args, stdin=b""):
	if not shutil.which("openssl"):
		raise Skip("the openssl command is not here")
	r = subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE,
			   stderr=subprocess.STDOUT, timeout=30)
	if r.returncode:
		raise AssertionError(f"openssl {args[0]}: {r.stdout.decode()}")
	return r.stdout


class Vca:
	"""The six messages, cut by their own lengths."""

	def __init__(self, data):
		self.messages, at = [], 0
		for code, length in ((GET_VERSION, self.fixed(4)), (VERSION, self.version_len),
				     (GET_CAPABILITIES, self.fixed(20)),
				     (CAPABILITIES, self.fixed(20)),
				     (NEGOTIATE_ALGORITHMS, self.stated_len),
				     (ALGORITHMS, self.stated_len)):
			assert data[at + 1] == code, f"{data[at + 1]:#x} where {code:#x} should be"
			n = length(data[at:])
			assert at + n <= len(data)
			self.messages.append(data[at:at + n])
			at += n
		assert at == len(data), f"{len(data) - at} bytes after the VCA"
		assert self.messages[0][0] == self.messages[1][0] == 0x10
		self.minor = self.messages[2][0]
		assert all(m[0] == self.minor for m in self.messages[2:])
		alg = self.messages[5]
		self.meas_spec, self.other = alg[6], alg[7]
		self.meas_hash, self.asym, self.hash = struct.unpack_from("<III", alg, 8)
		for sel in (self.meas_spec, self.meas_hash, self.asym, self.hash):
			assert bin(sel).count("1") == 1
		self.tables = {alg[i]: struct.unpack_from("<H", alg, i + 2)[0]
			       for i in range(36, len(alg), 4)}
		assert len(self.tables) == alg[2]

	@staticmethod
	def fixed(n):
		return lambda data: n

	@staticmethod
	def version_len(data):
		return 6 + 2 * data[5]

	@staticmethod
	def stated_len(data):
		return struct.unpack_from("<H", data, 4)[0]


class Block:
	def __init__(self, index, data):
		self.index = index
		kind, size = struct.unpack_from("<BH", data)
		assert size == len(data) - 3
		self.raw, self.type, self.value = bool(kind & 0x80), kind & 0x7f, data[3:]


class Measurements:
	"""A GET_MEASUREMENTS and its MEASUREMENTS, one after the other, and nothing more."""

	def __init__(self, data, sig_size=96):
		self.signed = bool(data[2] & 1)
		n = 37 if self.signed else 4
		self.request, self.response = data[:n], data[n:]
		assert self.request[1] == GET_MEASUREMENTS and self.response[1] == MEASUREMENTS
		assert self.request[0] == self.response[0]
		self.nonce = self.request[4:36] if self.signed else None
		rsp = self.response
		self.count, self.nr = rsp[2], rsp[4]
		record = int.from_bytes(rsp[5:8], "little")
		self.responder_nonce = rsp[8 + record:40 + record]
		opaque = struct.unpack_from("<H", rsp, 40 + record)[0]
		end = 42 + record + opaque
		self.signature = rsp[end:]
		assert len(self.signature) == (sig_size if self.signed else 0)
		self.to_sign = data[:n + end]
		if self.signed:
			assert self.request[36] & 0xf == rsp[3] & 0xf, "another slot"
		self.blocks, at = [], 8
		while at < 8 + record:
			index, spec, size = struct.unpack_from("<BBH", rsp, at)
			assert spec == 1
			self.blocks.append(Block(index, rsp[at + 4:at + 4 + size]))
			assert len(self.blocks[-1].value) == size - 3
			at += 4 + size
		assert at == 8 + record and len(self.blocks) == self.nr


class Chain:
	"""Slot 0's structure: header, hash of the root, DER certificates."""

	def __init__(self, data, hash_name="sha384"):
		size = hashlib.new(hash_name).digest_size
		length, rsvd = struct.unpack_from("<HH", data)
		assert (length, rsvd) == (len(data), 0)
		self.root_hash, rest = data[4:4 + size], data[4 + size:]
		self.certs = []
		while rest:
			assert rest[:2] == b"\x30\x82"
			n = 4 + struct.unpack_from(">H", rest, 2)[0]
			assert n <= len(rest)
			self.certs.append(rest[:n])
			rest = rest[n:]
		assert hashlib.new(hash_name, self.certs[0]).digest() == self.root_hash

	def pem(self, i):
		return openssl("x509", "-inform", "der", "-outform", "pem", stdin=self.certs[i])

	def verify(self, root_pem):
		"""openssl's word that the leaf descends from the root."""
		with tempfile.TemporaryDirectory() as d:
			for name, data in (("root", root_pem), ("leaf", self.pem(-1)),
					   ("middle", b"".join(self.pem(i) for i in
							       range(1, len(self.certs) - 1)))):
				with open(os.path.join(d, name), "wb") as f:
					f.write(data)
			openssl("verify", "-x509_strict", "-CAfile", os.path.join(d, "root"),
				"-untrusted", os.path.join(d, "middle"), os.path.join(d, "leaf"))

	def text(self, i):
		return openssl("x509", "-inform", "der", "-noout", "-text", stdin=self.certs[i]).decode()


def der_integer(raw):
	raw = raw.lstrip(b"\0") or b"\0"
	raw = b"\0" + raw if raw[0] & 0x80 else raw
	return b"\x02" + bytes((len(raw),)) + raw


def der_signature(sig):
	"""r || s to SEQUENCE { INTEGER r, INTEGER s }"""
	half = len(sig) // 2
	body = der_integer(sig[:half]) + der_integer(sig[half:])
	return b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes((len(body),)) + body


def message(minor, log, hash_name):
	"""What a measurement signature of 1.2 and later is over."""
	context = b"responder-measurements signing"
	return b"dmtf-spdm-v1.%d.*" % (minor & 0xf) * 4 + bytes(36 - len(context)) + context + \
		hashlib.new(hash_name, log).digest()


def verify_measurements(vca, log, signature, leaf_der):
	"""log: the requests and responses that were signed, without the signature."""
	v = Vca(vca)
	name = HASH[v.hash]
	with tempfile.TemporaryDirectory() as d:
		key, sig = os.path.join(d, "key"), os.path.join(d, "sig")
		pem = openssl("x509", "-inform", "der", "-noout", "-pubkey", stdin=leaf_der)
		with open(key, "wb") as f:
			f.write(pem)
		with open(sig, "wb") as f:
			f.write(der_signature(signature))
		openssl("dgst", "-" + name, "-verify", key, "-signature", sig,
			stdin=message(v.minor, vca + log, name))


class Requester:
	"""SPDM over DOE, as far as it takes to be answered."""

	def __init__(self, dev, negotiate=True):
		self.dev, self.vca = dev, b""
		if negotiate:
			self.negotiate()

	def ask(self, msg, pad=True):
		"""The response as DOE gave it: padded to a dword."""
		vendor, kind, body = self.dev.doe(1, 1, msg)
		assert (vendor, kind) == (1, 1) and len(body) % 4 == 0
		return body

	def error(self, msg):
		"""(error code, error data) of a request that must fail."""
		rsp = self.ask(msg)
		assert rsp[1] == ERROR and len(rsp) == 4, f"answered with {rsp[1]:#x}"
		return rsp[2], rsp[3]

	def step(self, msg, code, length):
		rsp = self.ask(msg)
		assert rsp[1] == code, f"{rsp.hex()} instead of {code:#x}"
		n = length(rsp)
		assert len(rsp) - n < 4 and rsp[n:] == bytes(len(rsp) - n)
		self.vca += msg + rsp[:n]

	def negotiate(self, algorithms=None):
		self.vca = b""
		self.step(b"\x10\x84\0\0", VERSION, Vca.version_len)
		self.step(capabilities(), CAPABILITIES, Vca.fixed(20))
		self.step(algorithms or negotiate_algorithms(), ALGORITHMS, Vca.stated_len)

	def measure(self, op, nonce=None, raw=False):
		"""One pair, request and response, exact."""
		req = bytes((0x12, GET_MEASUREMENTS, (nonce is not None) | raw << 1, op))
		if nonce is not None:
			req += nonce + b"\0"
		rsp = self.ask(req)
		assert rsp[1] == MEASUREMENTS, rsp.hex()
		record = int.from_bytes(rsp[5:8], "little")
		n = 42 + record + struct.unpack_from("<H", rsp, 40 + record)[0]
		n += 96 if nonce is not None else 0
		assert len(rsp) - n < 4 and rsp[n:] == bytes(len(rsp) - n)
		return req + rsp[:n]

	def chain(self, portion=0xffff):
		data = b""
		while True:
			rsp = self.ask(struct.pack("<BBBBHH", 0x12, GET_CERTIFICATE, 0, 0,
						   len(data), portion))
			assert rsp[1] == CERTIFICATE
			n, rest = struct.unpack_from("<HH", rsp, 4)
			assert 0 < n <= portion and len(rsp) - 8 - n < 4
			data += rsp[8:8 + n]
			if not rest:
				return data


def capabilities(size=4096, flags=0):
	return struct.pack("<BBBBBBHIII", 0x12, GET_CAPABILITIES, 0, 0, 0, 0, 0, flags, size, size)


def negotiate_algorithms(asym=0x80, hash_=0x02, spec=1, other=2, tables=()):
	body = struct.pack("<BBII12xBBBB", spec, other, asym, hash_, 0, 0, 0, 0)
	for kind, alg in tables:
		body += struct.pack("<BBH", kind, 0x20, alg)
	return struct.pack("<BBBBH", 0x12, NEGOTIATE_ALGORITHMS, len(tables), 0,
			   6 + len(body)) + body
