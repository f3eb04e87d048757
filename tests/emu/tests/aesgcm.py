# SPDX-License-Identifier: GPL-2.0
"""
AES-256-GCM from FIPS 197 and NIST SP 800-38D, slow and by itself: an opinion that is
neither the kernel's nor OpenSSL's.

	aesgcm.py	prints the sealed messages that tests/unit/test_sev_tio.c has
"""

import struct


def _xtime(a):
	return (a << 1 ^ 0x11b) & 0x1ff if a & 0x80 else a << 1


def _make_sbox():
	"""Inverses in GF(2^8) by the powers of 3, then the affine map: FIPS 197, 5.1.1."""
	exp, log, x = [0] * 255, [0] * 256, 1
	for i in range(255):
		exp[i], log[x] = x, i
		x ^= _xtime(x)
	box = [0x63]
	for a in range(1, 256):
		b = exp[(255 - log[a]) % 255]
		r = b
		for _ in range(4):
			b = (b << 1 | b >> 7) & 0xff
			r ^= b
		box.append(r ^ 0x63)
	return box


SBOX = _make_sbox()


def _expand(key):
	w = [list(key[i:i + 4]) for i in range(0, 32, 4)]
	rcon = 1
	for i in range(8, 60):
		t = list(w[i - 1])
		if i % 8 == 0:
			t = [SBOX[b] for b in t[1:] + t[:1]]
			t[0] ^= rcon
			rcon = _xtime(rcon)
		elif i % 8 == 4:
			t = [SBOX[b] for b in t]
		w.append([a ^ b for a, b in zip(w[i - 8], t)])
	return [sum(w[i:i + 4], []) for i in range(0, 60, 4)]


def _block(keys, data):
	s = [a ^ b for a, b in zip(data, keys[0])]
	for n, k in enumerate(keys[1:], 1):
		s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
		if n < 14:
			mixed = []
			for c in range(0, 16, 4):
				a = s[c:c + 4]
				every = a[0] ^ a[1] ^ a[2] ^ a[3]
				mixed += [a[i] ^ every ^ _xtime(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
			s = mixed
		s = [a ^ b for a, b in zip(s, k)]
	return bytes(s)


def _ghash(h, aad, text):
	def padded(b):
		return b + bytes(-len(b) % 16)

	h, y = int.from_bytes(h, "big"), 0
	data = padded(aad) + padded(text) + struct.pack(">QQ", 8 * len(aad), 8 * len(text))
	for i in range(0, len(data), 16):
		y ^= int.from_bytes(data[i:i + 16], "big")
		z, v = 0, h
		for bit in range(127, -1, -1):
			if y >> bit & 1:
				z ^= v
			v = v >> 1 ^ (0xe1 << 120 if v & 1 else 0)
		y = z
	return y.to_bytes(16, "big")


def _xor(a, b):
	return bytes(x ^ y for x, y in zip(a, b))


def _stream(keys, iv, text):
	out = b""
	for i in range(0, len(text), 16):
		out += _xor(text[i:i + 16], _block(keys, iv + struct.pack(">I", i // 16 + 2)))
	return out


def _tag(keys, iv, aad, sealed):
	return _xor(_ghash(_block(keys, bytes(16)), aad, sealed),
		    _block(keys, iv + struct.pack(">I", 1)))


def seal(key, iv, aad, text):
	"""Ciphertext and tag."""
	keys = _expand(key)
	sealed = _stream(keys, iv, text)
	return sealed, _tag(keys, iv, aad, sealed)


def unseal(key, iv, aad, sealed, tag):
	"""The text, or None if the tag does not fit."""
	keys = _expand(key)
	if _tag(keys, iv, aad, sealed) != tag:
		return None
	return _stream(keys, iv, sealed)


# NIST's test vectors of 2007 for GCM, McGrew and Viega's test cases 13, 14 and 16.
_KEY16 = bytes.fromhex("feffe9928665731c6d6a8f9467308308") * 2
VECTORS = (
	(bytes(32), bytes(12), b"", b"", "", "530f8afbc74536b9a963b4f1c4cb738b"),
	(bytes(32), bytes(12), b"", bytes(16), "cea7403d4d606b6e074ec5d3baf39d18",
	 "d0d1c8a799996bf0265b98b5d48ab919"),
	(_KEY16, bytes.fromhex("cafebabefacedbaddecaf888"),
	 bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
	 bytes.fromhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
	 "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	 "76fc6ece0f4e1768cddf8853bb2d551b"),
)


def check():
	for key, iv, aad, text, sealed, tag in VECTORS:
		assert seal(key, iv, aad, text) == (bytes.fromhex(sealed), bytes.fromhex(tag))
		assert unseal(key, iv, aad, bytes.fromhex(sealed), bytes.fromhex(tag)) == text
		assert unseal(key, iv, aad + b"x", bytes.fromhex(sealed), bytes.fromhex(tag)) is None


def header(seqno, kind, version, size, vmpck=0):
	"""An SNP guest message's header from its sequence number on, tag not included."""
	return struct.pack("<Q8xBBHBBHIB35x", seqno, 1, 1, 0x60, kind, version, size, 0, vmpck)


def message(key, seqno, kind, version, payload, vmpck=0):
	"""All of a sealed message."""
	h = header(seqno, kind, version, len(payload), vmpck)
	sealed, tag = seal(key, struct.pack("<Q4x", seqno), h[16:], payload)
	return tag + bytes(16) + h + sealed


if __name__ == "__main__":
	check()
	for what, m in (
		("TDI_INFO, version 2, tdi_id 1122334455667788h, number 1",
		 message(bytes(range(32)), 1, 19, 2, struct.pack("<QQ", 0x1122334455667788, 0))),
		("TDI_INFO of 2024, guest_device_id 0203h, number fffffffdh, VMPCK 3",
		 message(bytes(range(32)), 0xfffffffd, 0x81, 1, struct.pack("<H14x", 0x203), 3)),
	):
		print(what)
		for i in range(0, len(m), 12):
			print("\t" + " ".join(f"0x{b:02x}," for b in m[i:i + 12]))
