# SPDX-License-Identifier: GPL-2.0
"""The DSM: certificates, measurements, interface report, as evidence and over DOE."""

import glob
import hashlib
import json
import os
import struct
import tempfile

import guest
import spdm
from guest import CERTS, Guest, MEASUREMENTS, REPORT, VCA
from harness import Emulator, Skip, claim

NONCE = bytes(range(100, 132))
FUNCTIONS = {"nvme0": ("nvme", 0x7d52, 0x010802), "dma0": ("dmatest", 0x7d51, 0xff0000)}


class Attested:
	"""A TDI in CONFIG_LOCKED, measured with NONCE."""

	def __init__(self, emu, name="nvme0", flags=1):
		self.g = Guest(emu)
		self.g.enter()
		self.t = self.g.tdi(name)
		self.t.lock(flags)
		self.t.measure(NONCE)

	def __enter__(self):
		return self.t

	def __exit__(self, *exc):
		self.g.close()


# ---- evidence -------------------------------------------------------------------

@claim("the digests in TDI_INFO are those of the objects, read in chunks of any size")
def digests():
	with Emulator() as emu, Attested(emu) as t:
		i = t.info()
		assert i.digest_valid == 0b1111
		for obj in (CERTS, VCA, MEASUREMENTS, REPORT):
			data = t.object(obj)
			assert hashlib.sha384(data).digest() == i.digest(obj)
			for chunk in (1 if obj == REPORT else 97, 512):
				assert t.object(obj, chunk) == data


@claim("a read past an object's end is PARAM, one that spans it is short")
def reads():
	with Emulator() as emu, Attested(emu) as t:
		n = t.size(REPORT)
		assert len(t.read(REPORT, n - 3, 100)) == 3
		for obj, offset, length, status in (
				(REPORT, n, 1, guest.E_PARAM), (REPORT, 1 << 63, 1, guest.E_PARAM),
				(REPORT, 0, 0, guest.E_PARAM),
				(REPORT, 0, guest.CHUNK + 1, guest.E_PARAM),
				(1, 0, 1, guest.E_OBJECT), (11, 0, 1, guest.E_OBJECT),
				(0xffffffff, 0, 1, guest.E_OBJECT)):
			assert t.refused(guest.OBJECT_READ,
					 struct.pack("<IIQ", obj, length, offset)) == status


@claim("there is no object before it was made, and none of a LOCK after it")
def no_object():
	def missing(t):
		return [obj for obj in (CERTS, VCA, MEASUREMENTS, REPORT)
			if t.info().digest(obj) is None]
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		assert missing(t) == [CERTS, VCA, MEASUREMENTS, REPORT]
		for obj in missing(t):
			assert t.refused(guest.OBJECT_SIZE, struct.pack("<II", obj, 0)) == guest.E_OBJECT
		t.lock()
		assert missing(t) == [MEASUREMENTS]
		t.measure()
		assert missing(t) == []
		t.stop()
		assert missing(t) == [MEASUREMENTS, REPORT]
		for obj in missing(t):
			assert t.refused(guest.OBJECT_SIZE, struct.pack("<II", obj, 0)) == guest.E_OBJECT


# ---- certificates -----------------------------------------------------------------

@claim("the chain verifies under root-ca.pem, and under no other emulator's")
def chain():
	with Emulator() as emu, Emulator() as other, Attested(emu) as t:
		c = spdm.Chain(t.object(CERTS))
		assert len(c.certs) == 3
		with open(os.path.join(emu.dir, "root-ca.pem"), "rb") as f:
			c.verify(f.read())
		with open(os.path.join(other.dir, "root-ca.pem"), "rb") as f:
			stranger = f.read()
		try:
			c.verify(stranger)
		except AssertionError:
			return
		raise AssertionError("verified under a stranger's root")


@claim("a root that is kept is the next emulator's, and one that is broken is nobody's")
def kept_root():
	with tempfile.TemporaryDirectory() as top:
		kept = os.path.join(top, "ca.pem")
		roots = []
		for _ in range(2):
			with Emulator("--ca", kept) as emu, Attested(emu) as t:
				with open(os.path.join(emu.dir, "root-ca.pem"), "rb") as f:
					roots.append(f.read())
				spdm.Chain(t.object(CERTS)).verify(roots[-1])
		assert roots[0] == roots[1]
		with open(kept, "w") as f:
			f.write("broken")
		try:
			with Emulator("--ca", kept):
				pass
		except Exception:
			with open(kept) as f:
				assert f.read() == "broken"
			return
		raise AssertionError("started with a broken root")


@claim("the leaf is a P-384 SPDM responder's, with the function's ids and serial number")
def leaf():
	with Emulator() as emu:
		for name, (_, device, class_code) in FUNCTIONS.items():
			with Attested(emu, name) as t:
				text = spdm.Chain(t.object(CERTS)).text(-1)
				at = t.dev.find_ecap(0x03)
				dsn = t.dev.cfg_read32(at + 8) << 32 | t.dev.cfg_read32(at + 4)
				sub = t.dev.cfg_read32(0x2c)
				for want in ("ASN1 OID: secp384r1", "ecdsa-with-SHA384",
					     "Basic Constraints: critical\n                CA:FALSE",
					     "Key Usage: critical\n                Digital Signature\n",
					     "1.3.6.1.4.1.412.274.3"):
					assert want in text, want
				with_san = spdm.openssl("asn1parse", "-inform", "der",
							stdin=spdm.Chain(t.object(CERTS)).certs[-1])
				assert b"Subject Alternative Name" in with_san
				san = (f"Vendor=1234:Device={device:04x}:CC={class_code:06x}:REV="
				       f"{t.dev.cfg_read8(8):02x}:SSVID={sub & 0xffff:04x}:"
				       f"SSID={sub >> 16:04x}:{dsn:016x}")
				der = spdm.Chain(t.object(CERTS)).certs[-1]
				# otherName [0] { 2.23.147, [0] UTF8String }
				assert b"\x06\x03\x67\x81\x13\xa0" in der
				assert b"\x0c" + bytes((len(san),)) + san.encode() in der


@claim("each function has a key of its own, the same in each LOCK")
def keys():
	with Emulator("--dma", "2") as emu, Guest(emu) as g:
		g.enter()
		leafs = set()
		for name in ("nvme0", "dma0", "dma1"):
			t = g.tdi(name)
			t.lock()
			a = t.object(CERTS)
			t.stop()
			t.lock()
			assert t.object(CERTS) == a
			leafs.add(spdm.Chain(a).certs[-1])
		assert len(leafs) == 3


@claim("--one-device: one leaf, with the PF's ids and the serial number of all")
def one_device_leaf():
	with Emulator("--one-device", "--nvme", "0", "--dma", "3") as emu, Guest(emu) as g:
		g.enter()
		chains, serials = set(), set()
		for i in (2, 0, 1):
			t = g.tdi(f"dma{i}")
			t.lock()
			chains.add(t.object(CERTS))
			at = t.dev.find_ecap(0x03)
			serials.add(t.dev.cfg_read32(at + 8) << 32 | t.dev.cfg_read32(at + 4))
		assert len(chains) == len(serials) == 1
		der = spdm.Chain(chains.pop()).certs[-1]
		assert b"Vendor=1234:Device=7d51:CC=ff0000" in der
		assert f":{serials.pop():016x}".encode() in der


@claim("--one-device: what is measured is the device, whoever asks, and leaves other nonces alone")
def one_device_measured():
	with Emulator("--one-device", "--dma", "2") as emu, Guest(emu) as g:
		g.enter()
		tdis = [g.tdi(name) for name in ("nvme0", "dma0", "dma1")]
		def blocks(t):
			t.measure(NONCE)
			m = spdm.Measurements(t.object(MEASUREMENTS))
			spdm.verify_measurements(t.object(VCA), m.to_sign, m.signature,
						 spdm.Chain(t.object(CERTS)).certs[-1])
			return [(b.index, b.type, b.value) for b in m.blocks]
		for t in tdis:
			t.lock()
		sound = [blocks(t) for t in tdis]
		assert sound[0] == sound[1] == sound[2]
		assert sound[0][1][2] == hashlib.sha384(b"tdisp-emu nvme firmware 1.0.0").digest()
		# one measured, started, or stopped is nothing to the others
		before = [t.info().nonces() for t in tdis]
		tdis[0].start_allow()
		blocks(tdis[1])
		assert tdis[0].info().nonces() == before[0] and tdis[2].info().nonces() == before[2]
		assert tdis[0].start() == guest.RUN
		tdis[1].stop()
		assert [t.info().state for t in tdis] == [guest.RUN, guest.UNLOCKED, guest.LOCKED]
		assert tdis[2].info().nonces() == before[2]
		# other firmware in one is other firmware in all
		emu.control("fault dma1 other-firmware")
		tdis[1].lock()
		patched = [blocks(t) for t in tdis]
		assert patched[0] == patched[1] == patched[2] and patched[0] != sound[0]
		emu.control("mend nvme0")
		assert [blocks(t) for t in tdis] == sound


# ---- measurements ---------------------------------------------------------------------

@claim("the VCA is SPDM 1.2 with ECDSA P-384, SHA-384, DMTF, AES-256-GCM")
def vca():
	with Emulator() as emu, Attested(emu) as t:
		v = spdm.Vca(t.object(VCA))
		assert v.messages[1][5:] == b"\x01\x00\x12"
		assert (v.minor, v.asym, v.hash, v.meas_hash, v.meas_spec) == (0x12, 0x80, 2, 4, 1)
		assert v.other == 2 and v.tables == {2: 0x10, 3: 2, 4: 0, 5: 1}
		flags = struct.unpack_from("<I", v.messages[3], 8)[0]
		assert flags & 0x02 and flags >> 3 & 3 == 2		# CERT, MEAS with signature


@claim("the measurement is signed by the leaf over VCA, request with my nonce, and response")
def signature():
	with Emulator() as emu:
		for name in FUNCTIONS:
			with Attested(emu, name) as t:
				leaf = spdm.Chain(t.object(CERTS)).certs[-1]
				data, vca = t.object(MEASUREMENTS), t.object(VCA)
				m = spdm.Measurements(data)
				assert m.signed and m.nonce == NONCE
				assert m.request[:4] == b"\x12\xe0\x01\xff" and m.request[36] == 0
				assert len(m.request) == 37
				assert len(m.response) == 8 + sum(7 + len(b.value) for b in m.blocks) \
					+ 32 + 2 + 96
				spdm.verify_measurements(vca, m.to_sign, m.signature, leaf)
				for bad in (m.to_sign[:-1], m.to_sign[:4] + b"\xff" + m.to_sign[5:]):
					try:
						spdm.verify_measurements(vca, bad, m.signature, leaf)
					except AssertionError:
						continue
					raise AssertionError("a changed transcript verifies")


@claim("the blocks are what Documentation/tdisp-emu.rst says is measured")
def blocks():
	with Emulator() as emu:
		for name, (kind, _, _) in FUNCTIONS.items():
			with Attested(emu, name) as t:
				m = spdm.Measurements(t.object(MEASUREMENTS))

				def of(what):
					return hashlib.sha384(f"tdisp-emu {kind} {what}".encode()).digest()
				assert [(b.index, b.raw, b.type) for b in m.blocks] == [
					(1, False, 0), (2, False, 1), (3, False, 2), (4, False, 3),
					(5, True, 6), (6, True, 7), (0xfe, True, 5)]
				assert [b.value for b in m.blocks[:6]] == [
					of("rom"), of("firmware 1.0.0"), of("hardware-config"),
					of("firmware-config"), b"1.0.0", struct.pack("<Q", 1)]
				caps, state, dev_caps, dev_state = struct.unpack("<IIII", m.blocks[6].value)
				assert state == 4 and caps & state and dev_state == 0


@claim("two measurements differ in nonces and signature, and both verify")
def fresh():
	with Emulator() as emu, Attested(emu) as t:
		leaf = spdm.Chain(t.object(CERTS)).certs[-1]
		seen = []
		for nonce in (NONCE, NONCE, bytes(32)):
			t.measure(nonce)
			m = spdm.Measurements(t.object(MEASUREMENTS))
			assert m.nonce == nonce
			spdm.verify_measurements(t.object(VCA), m.to_sign, m.signature, leaf)
			seen.append((m.responder_nonce, m.signature))
		assert len({s[0] for s in seen}) == len({s[1] for s in seen}) == 3


@claim("captures of another SPDM implementation parse and verify by the same rules")
def captures():
	evidence = os.environ.get("TDI_EVIDENCE")
	if not evidence:
		raise Skip("TDI_EVIDENCE is not set")
	n = 0
	for info in glob.glob(os.path.join(evidence, "spdm", "v12_*", "info.json")):
		folder = os.path.dirname(info)
		with open(info) as f:
			measurements = json.load(f)["measurements"]
		for entry in measurements:
			def load(what):
				with open(os.path.join(folder, f"{entry['n']}_{what}.bin"), "rb") as f:
					return f.read()
			vca = load("vca")
			v = spdm.Vca(vca)
			if v.asym not in spdm.ASYM:
				continue
			data = load("get_measurements_req") + load("measurements_rsp")
			if len(load("signature")) + len(load("message_m")) != len(data):
				data += load("signature")
			m = spdm.Measurements(data, spdm.ASYM[v.asym])
			assert m.to_sign == load("message_m") and m.signature == load("signature")
			assert vca + m.to_sign == load("l1l2")
			assert vca + data == load("transcript_with_sig")
			assert spdm.message(v.minor, vca + m.to_sign, spdm.HASH[v.hash]) == load("tbs")
			c = spdm.Chain(load("certchain_slot0.spdm"), spdm.HASH[v.hash])
			spdm.verify_measurements(vca, m.to_sign, m.signature, c.certs[-1])
			n += 1
	assert n >= 2


# ---- interface report -------------------------------------------------------------------

class Report:
	def __init__(self, data):
		self.info, rsvd, self.msix, self.lnr, self.tph, n = struct.unpack_from("<HHHHII", data)
		assert rsvd == 0
		self.ranges = [struct.unpack_from("<QII", data, 16 + 16 * i) for i in range(n)]
		length = struct.unpack_from("<I", data, 16 + 16 * n)[0]
		self.device_info = data[20 + 16 * n:]
		assert len(self.device_info) == length


@claim("the report has a range for each BAR, of its size, BAR 4 alone NON_TEE")
def report():
	sizes = {0: 4, 2: 4, 4: 2}
	with Emulator() as emu:
		for name in FUNCTIONS:
			with Attested(emu, name) as t:
				r = Report(t.object(REPORT))
				assert (r.info, r.msix, r.lnr, r.tph) == (0b11, 0, 0, 0)
				assert [(attr >> 16, n, attr & 0xffff) for _, n, attr in r.ranges] == \
					[(0, 4, 0), (2, 4, 0), (4, 2, 4)]
				assert r.device_info
				for first, n, attr in r.ranges:
					assert first + n <= 1 << 40 and n == sizes[attr >> 16]
					# Both ways to an offset in the BAR agree on 0.
					assert first << 12 & (n * 4096 - 1) == 0
				spans = sorted((f, f + n) for f, n, _ in r.ranges)
				assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:]))


@claim("the report mirrors the lock flags")
def report_flags():
	with Emulator() as emu:
		with Attested(emu, flags=0) as t:
			assert Report(t.object(REPORT)).info == 0b10
			assert t.info().lock_flags == 0
		with Attested(emu, flags=4) as t:		# LOCK_MSIX
			r = Report(t.object(REPORT))
			assert r.msix == t.dev.cfg_read16(t.dev.find_cap(0x11) + 2) == 7
			assert r.ranges[2][2] == 4 << 16 | 0b111 and r.info == 0b10


@claim("addresses are shifted by another offset, aligned, with each LOCK")
def report_offset():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		seen = set()
		for _ in range(8):
			t.lock()
			r = Report(t.object(REPORT))
			seen.add(r.ranges[0][0])
			assert r.ranges[0][0] % 512 == 0
			assert len({b[0] - a[0] for a, b in zip(r.ranges, r.ranges[1:])}) == 1
			t.stop()
		assert len(seen) == 8


# ---- SPDM over DOE ------------------------------------------------------------------------

@claim("SPDM over DOE gives the same chain, and a measurement of its own that verifies")
def over_doe():
	with Emulator() as emu, Attested(emu) as t:
		r = spdm.Requester(t.dev)
		for portion in (0xffff, 1024, 333):
			assert r.chain(portion) == t.object(CERTS)
		data = r.measure(0xff, NONCE)
		m = spdm.Measurements(data)
		assert m.nonce == NONCE
		leaf = spdm.Chain(t.object(CERTS)).certs[-1]
		spdm.verify_measurements(r.vca, m.to_sign, m.signature, leaf)
		# Neither connection disturbs the other.
		t.measure(NONCE)
		m = spdm.Measurements(t.object(MEASUREMENTS))
		spdm.verify_measurements(t.object(VCA), m.to_sign, m.signature, leaf)


@claim("DIGESTS: one slot, the hash of its whole chain structure")
def doe_digests():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev)
		rsp = r.ask(b"\x12\x81\0\0")
		assert rsp[:4] == b"\x12\x01\0\x01"
		assert rsp[4:] == hashlib.sha384(r.chain()).digest()


@claim("GET_MEASUREMENTS counts, gives one block or all, signed or not")
def doe_operations():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev)
		count = spdm.Measurements(r.measure(0))
		assert (count.count, count.blocks, count.signature) == (7, [], b"")
		everything = spdm.Measurements(r.measure(0xff)).blocks
		assert len(everything) == 7
		for b in everything:
			for nonce in (None, NONCE):
				one = spdm.Measurements(r.measure(b.index, nonce))
				assert [(x.index, x.value) for x in one.blocks] == [(b.index, b.value)]
		assert r.measure(1, raw=True)[2] == 2
		for index in (7, 0xef, 0xfd):
			assert r.error(bytes((0x12, 0xe0, 0, index))) == (1, 0)


@claim("a signature covers the unsigned measurements since the last one")
def doe_log():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev)
		leaf = spdm.Chain(r.chain()).certs[-1]
		log = b"".join(r.measure(i) for i in (0, 1, 2))
		m = spdm.Measurements(r.measure(3, NONCE))
		spdm.verify_measurements(r.vca, log + m.to_sign, m.signature, leaf)
		m = spdm.Measurements(r.measure(4, NONCE))	# the log is empty again
		spdm.verify_measurements(r.vca, m.to_sign, m.signature, leaf)


@claim("another request, and an error, empty the log")
def doe_log_reset():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev)
		leaf = spdm.Chain(r.chain()).certs[-1]
		for between in (lambda: r.ask(b"\x12\x81\0\0"), lambda: r.error(b"\x12\xe0\0\x77")):
			r.measure(1)
			between()
			m = spdm.Measurements(r.measure(2, NONCE))
			spdm.verify_measurements(r.vca, m.to_sign, m.signature, leaf)


@claim("requests out of order, of another version or length are errors")
def doe_errors():
	unexpected, invalid, unsupported, mismatch = (4, 0), (1, 0), 7, (0x41, 0)
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev, negotiate=False)
		for msg in (b"\x12\x81\0\0", b"\x12\xe0\0\xff", spdm.capabilities(),
			    spdm.negotiate_algorithms()):
			assert r.error(msg) == unexpected
		assert r.error(b"\x12\x84\0\0") == mismatch
		r.negotiate()
		assert r.error(spdm.capabilities()) == unexpected
		assert r.error(b"\x11\x81\0\0") == mismatch
		for code in (0x83, 0xe4, 0xfe, 0xff, 0x00, 0x05):
			assert r.error(bytes((0x12, code, 0, 0))) == (unsupported, code)
		assert r.error(b"\x12\x81\0\0" + bytes(4)) == invalid		# a dword too many
		assert r.error(b"\x12\xe0\x01\xff") == invalid			# no nonce
		assert r.error(b"\x12\xe0\x01\xff" + NONCE + b"\x01") == invalid	# slot 1
		assert r.error(b"\x12\xe0\x04\xff") == invalid
		size = len(r.chain())
		for offset, length in ((size, 1), (0xffff, 1), (0, 0)):
			assert r.error(struct.pack("<BBBBHH", 0x12, 0x82, 0, 0, offset, length)) == invalid
		assert r.error(struct.pack("<BBBBHH", 0x12, 0x82, 1, 0, 0, 16)) == invalid
		r.ask(b"\x10\x84\0\0")
		assert r.error(spdm.capabilities(41)) == invalid
		r.ask(spdm.capabilities())
		for bad in (spdm.negotiate_algorithms(asym=0x10), spdm.negotiate_algorithms(hash_=1),
			    spdm.negotiate_algorithms(spec=0),
			    spdm.negotiate_algorithms(tables=((3, 2), (2, 16))),
			    spdm.negotiate_algorithms()[:4] + b"\x24\0" + bytes(26)):
			assert r.error(bad) == invalid
		r.negotiate(spdm.negotiate_algorithms(asym=0x90, hash_=3, tables=((3, 7),)))
		v = spdm.Vca(r.vca)
		assert (v.asym, v.hash, v.tables) == (0x80, 2, {3: 2})


@claim("whatever is sent, the DSM answers with a message, and lives")
def doe_garbage():
	import random
	rnd = random.Random(1)
	with Emulator() as emu, emu.connect("nvme0") as dev:
		r = spdm.Requester(dev)
		seeds = [b"\x10\x84\0\0", spdm.capabilities(), b"\x12\x81\0\0",
			 spdm.negotiate_algorithms(tables=((2, 16), (3, 2))),
			 b"\x12\xe0\x01\xff" + NONCE + b"\0", struct.pack("<BBBBHH", 0x12, 0x82, 0, 0, 0, 9)]
		for _ in range(400):
			msg = bytearray(rnd.choice(seeds))
			for _ in range(rnd.randrange(4)):
				msg[rnd.randrange(len(msg))] = rnd.randrange(256)
			msg = bytes(msg[:rnd.randrange(len(msg) + 1)] if rnd.random() < .3 else msg)
			assert len(r.ask(msg + bytes(rnd.randrange(3) * 4))) >= 4
		r.negotiate()
		r.measure(0xff, NONCE)
