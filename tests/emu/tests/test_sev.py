# SPDX-License-Identifier: GPL-2.0
"""
The SEV-TIO personality, by a guest that has the wire format from the sources and its
AES-GCM from the standards (aesgcm.py), and nothing of the product.
"""

import hashlib
import struct

import aesgcm
import guest
from harness import Emulator, claim
from guest import ERROR, Guest, LOCKED, PAGE, RUN, UNLOCKED

GUEST_REQUEST, TIO_OP = 0x80000020, 0x80000021
BIND, UNBIND, OP_RUN, STOP = range(4)
EXITCODE, INFO1, INFO2, RAX, RBX, RCX, RDX = range(7)
TDI_INFO, MMIO_VALIDATE, MMIO_CONFIG, SDTE_WRITE = 19, 21, 23, 25
SKIP_CERTS, SKIP_MEAS, SKIP_REPORT = 2, 4, 8
BOUND, INVALID, UNBOUND = range(3)
(SUCCESS, INVALID_TDI, TDI_UNBOUND, NOT_ASSIGNED, NOT_IO, NOT_UNIFORM, NOT_IMMUTABLE,
 NOT_MAPPED, NOT_REPORTED, OUT_OF_RANGE, NOT_4K) = range(11)
VTOM_MAX = 0x7fffffff
NONCE = bytes(range(32))

SECRETS, REQUEST, RESPONSE, DATA = 0x80000, 0x90000, 0x91000, 0xa0000
DATA_PAGES = 8
GUIDS = {"meas": "5caa80c6-12ef-401a-b364-ec59a93abe3f",
	 "certs": "078ccb75-2644-49e8-afe7-5686c5cf72f1",
	 "report": "70dc5b0e-0cc0-4cd5-97bb-ff0ba25bf320"}


def guid_text(b):
	a, c, d = struct.unpack("<IHH", b[:8])
	return f"{a:08x}-{c:04x}-{d:04x}-{b[8:10].hex()}-{b[10:].hex()}"


class FwError(Exception):
	"""args: VMM's error, firmware's."""


class Snp:
	"""A guest of the PSP: keys, numbers, exits."""

	def __init__(self, g):
		self.g = g
		g.share(REQUEST, 2)
		g.share(DATA, DATA_PAGES)
		self.launch()

	def launch(self):
		r = self.regs(guest.TSM_REGS, 1, SECRETS)
		assert r[0] == 0
		page = self.g.mem.read(SECRETS, PAGE)
		self.keys = [page[0x20 + 32 * i:0x40 + 32 * i] for i in range(4)]
		self.used = list(struct.unpack_from("<4I", page, 0xa0))

	def regs(self, call, *values):
		p = struct.pack("<32Q", *values, *[0] * (32 - len(values)))
		return struct.unpack("<32Q", self.g.call(call, p))

	def exit(self, code, info1, info2=0, rax=0, rbx=0, rcx=0, rdx=0):
		return self.regs(guest.HOST_REGS, code, info1, info2, rax, rbx, rcx, rdx)

	def op(self, op, sbdf):
		r = self.exit(TIO_OP, op << 32 | sbdf)
		if r[INFO2]:
			raise FwError(r[INFO2] >> 32, r[INFO2] & 0xffffffff)
		return r[RCX]

	def send(self, kind, payload, version=2, key=0, seqno=None, **regs):
		"""Seals, exits; the registers that come back."""
		seqno = self.used[key] + 1 if seqno is None else seqno
		m = aesgcm.message(self.keys[key], seqno, kind, version, payload, key)
		return self.carry(m, **regs)

	def carry(self, message, **regs):
		self.g.mem.write(REQUEST, message + bytes(PAGE - len(message)))
		self.g.mem.write(RESPONSE, b"\xcc" * PAGE)
		return self.exit(GUEST_REQUEST, REQUEST, RESPONSE, **regs)

	def receive(self, kind, size, version=2, key=0):
		"""The response, opened: all of its header is looked at."""
		page = self.g.mem.read(RESPONSE, PAGE)
		seqno = self.used[key] + 2
		assert page[0x20:0x60] == aesgcm.header(seqno, kind, version, size, key)
		assert page[16:32] == bytes(16) and page[0x60 + size:] == bytes(PAGE - 0x60 - size)
		text = aesgcm.unseal(self.keys[key], struct.pack("<Q4x", seqno), page[0x30:0x60],
				     page[0x60:0x60 + size], page[:16])
		assert text is not None, "the seal does not fit"
		self.used[key] += 2
		return text

	def ask(self, kind, payload, size, version=2, key=0, **regs):
		r = self.send(kind, payload, version, key, **regs)
		if r[INFO2]:
			raise FwError(r[INFO2] >> 32, r[INFO2] & 0xffffffff)
		rsp_kind = kind - 0x80 if kind & 0x80 else kind + 1
		return self.receive(rsp_kind, size, version, key), r

	def fails(self, fn, *args, **kw):
		try:
			fn(*args, **kw)
		except FwError as e:
			return e.args
		raise AssertionError("it was not refused")


class Info:
	def __init__(self, p, v1=False):
		assert len(p) == 192
		if v1:
			self.id, self.status = struct.unpack_from("<HH", p)
			assert p[4:16] == bytes(12)
		else:
			self.id, self.status = struct.unpack_from("<QH", p)
			assert p[10:16] == bytes(6)
		self.meas_flags, self.lock_flags, self.algos = struct.unpack_from("<IIQ", p, 0x10)
		self.certs, self.meas, self.report = p[0x20:0x50], p[0x50:0x80], p[0x80:0xb0]
		self.count, rsvd = struct.unpack_from("<QQ", p, 0xb0)
		assert rsvd == 0


class Tdi:
	def __init__(self, snp, name, sbdf, version=2, old=False):
		self.snp, self.sbdf, self.version, self.old = snp, sbdf, version, old
		self.t = snp.g.tdi(name)
		self.t.call(guest.HOST_SBDF, struct.pack("<I", sbdf))
		self.id = sbdf & 0xffff if version == 1 else 0

	def kind(self, kind):
		return 0x81 + (kind - TDI_INFO) // 2 if self.old else kind

	def id_bytes(self):
		return struct.pack("<H14x" if self.version == 1 else "<Q8x", self.id)

	def status_of(self, rsp):
		assert rsp[:2 if self.version == 1 else 8] == \
			self.id_bytes()[:2 if self.version == 1 else 8]
		return struct.unpack_from("<H", rsp, 2 if self.version == 1 else 8)[0]

	def ask(self, kind, payload, size, **regs):
		regs.setdefault("rcx", self.sbdf)
		return self.snp.ask(self.kind(kind), payload, size, self.version, **regs)

	def bind(self):
		id = self.snp.op(BIND, self.sbdf)
		if self.version == 2:
			self.id = id
		return id

	def info(self):
		rsp, r = self.ask(TDI_INFO, self.id_bytes(), 192, rdx=0xe)
		self.word = r[RDX]
		return Info(rsp, self.version == 1)

	def objects(self, skip=0, nonce=NONCE, pages=DATA_PAGES):
		"""What the host hands over, cut by its table, and what the PSP said."""
		self.snp.g.mem.write(DATA, nonce + bytes(PAGE))
		rsp, r = self.ask(TDI_INFO, self.id_bytes(), 192, rax=DATA, rbx=pages, rdx=skip)
		self.word = r[RDX]
		buf = self.snp.g.mem.read(DATA, DATA_PAGES * PAGE)
		found = {}
		for i in range(0, 4 * 24, 24):
			if buf[i:i + 16] == bytes(16):
				break
			offset, length = struct.unpack_from("<II", buf, i + 16)
			found[guid_text(buf[i:i + 16])] = buf[offset:offset + length]
		names = {text: name for name, text in GUIDS.items()}
		return {names[text]: data for text, data in found.items()}, \
			Info(rsp, self.version == 1)

	def validate(self, bar, first, n, validated=True, force=False, gpa=None, mapped=True):
		gpa = self.t.bar_gpa(bar) + first * PAGE if gpa is None else gpa
		v1 = self.version == 1
		p = self.id_bytes() + struct.pack("<QIIHH12x", gpa if v1 else gpa >> 12, n, first,
						  validated | force << 1, bar)
		if v1:
			order = max(n - 1, 0).bit_length()
			regs = {"rdx": gpa | order << 4 | validated << 3 | bar, "rcx": self.sbdf}
		else:
			regs = {"rdx": gpa | validated << 63, "rcx": n << 32 | self.sbdf}
		if not mapped:
			regs = {"rdx": 0, "rcx": self.sbdf}
		rsp, _ = self.ask(MMIO_VALIDATE, p, 48, **regs)
		assert rsp[0x10:0x20] == p[0x10:0x20] and rsp[0x22:0x30] == p[0x22:0x30]
		self.changed = rsp[0x20] & 1
		return self.status_of(rsp)

	def sdte(self, qwords):
		e = struct.pack("<8Q", *qwords)
		rsp, _ = self.ask(SDTE_WRITE, self.id_bytes() + e, 16, rdx=qwords[0] & 1)
		return self.status_of(rsp)

	def dma_on(self, vtom=VTOM_MAX):
		return self.sdte(sdte(vtom))

	def dma_off(self):
		return self.sdte([0] * 8)

	def start(self):
		self.snp.op(OP_RUN, self.sbdf)

	def run(self):
		self.bind()
		self.objects()
		self.start()
		assert self.validate(0, 0, 4) == self.validate(2, 0, 4) == SUCCESS
		assert self.dma_on() == 0

	def stop(self):
		self.snp.op(STOP, self.sbdf)

	def unbind(self):
		self.snp.op(UNBIND, self.sbdf)


def sdte(vtom=VTOM_MAX, vmpl=0):
	"""V, IR, IW; VMPL 242:241; vTOM_EN 320, vTOM 351:321."""
	return [1 | 3 << 61, 0, 0, vmpl << 49, 0, 1 | vtom << 1, 0, 0]


class Machine:
	"""An emulator of this platform, and a guest in it that has entered."""

	def __init__(self, *args):
		self.args = ("--platform", "sev-tio", *args)

	def __enter__(self):
		self.emu = Emulator(*self.args).__enter__()
		self.g = Guest(self.emu)
		self.g.enter()
		return self.emu, Snp(self.g)

	def __exit__(self, *exc):
		self.g.close()
		self.emu.__exit__(*exc)


@claim("aesgcm.py: NIST's vectors")
def vectors():
	aesgcm.check()


@claim("the secrets page: four keys in a private page, others at each launch, and no other call")
def secrets():
	with Machine() as (emu, snp):
		before = snp.keys
		assert len(set(before)) == 4 and snp.used == [0] * 4
		snp.launch()
		assert not set(before) & set(snp.keys)
		# Shared, not a page, not RAM, no such leaf.
		for values in ((1, DATA), (1, SECRETS + 8), (1, guest.RAM), (0, SECRETS), (2, SECRETS)):
			assert snp.regs(guest.TSM_REGS, *values)[0] == 1


@claim("a message: answered under the next number, with any of the keys, and the numbers go on")
def numbers():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		for _ in range(3):
			assert t.info().status == BOUND
		for key in range(1, 4):
			rsp, _ = snp.ask(TDI_INFO, t.id_bytes(), 192, key=key, rcx=t.sbdf)
			assert Info(rsp).status == BOUND
		assert snp.used == [6, 2, 2, 2]


@claim("a message that was sent before, or out of turn, is not answered, and costs no number")
def replay():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		t.info()
		for seqno in (0, 1, 2, 4, 1 << 32, (1 << 64) - 1):
			assert snp.send(TDI_INFO, t.id_bytes(), seqno=seqno, rcx=t.sbdf)[INFO2]
			assert snp.g.mem.read(RESPONSE, PAGE) == b"\xcc" * PAGE
		assert t.info().status == BOUND


@claim("a bit changed anywhere that the seal covers: not answered")
def tampered():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		whole = aesgcm.message(snp.keys[0], 1, TDI_INFO, 2, t.id_bytes())
		for at in (0, 15, 0x20, 0x30, 0x31, 0x32, 0x34, 0x35, 0x36, 0x38, 0x3c, 0x3d, 0x5f, 0x60,
			   0x6f):
			m = bytearray(whole)
			m[at] ^= 1
			assert snp.carry(bytes(m), rcx=t.sbdf)[INFO2], f"byte {at:#x}"
		assert t.info().status == BOUND


@claim("types, versions and sizes: those that exist, each with its own payload")
def forms():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		for kind, version, size in ((0, 2, 16), (18, 2, 16), (20, 2, 16), (27, 2, 16), (0x80, 1, 16),
					    (0x85, 1, 16), (TDI_INFO, 0, 16), (TDI_INFO, 3, 16),
					    (TDI_INFO, 2, 15), (TDI_INFO, 2, 17), (MMIO_VALIDATE, 2, 16),
					    (SDTE_WRITE, 2, 16), (0x81, 2, 16), (MMIO_CONFIG, 2, 16)):
			payload = (t.id_bytes() + bytes(80))[:size]
			assert snp.send(kind, payload, version, rcx=t.sbdf)[INFO2], (kind, version, size)
		# None of them was a message.
		assert t.info().status == BOUND


@claim("messages are in shared pages, and for a function that the guest announced")
def pages():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		assert snp.send(TDI_INFO, t.id_bytes(), rcx=0x101)[INFO2]
		m = aesgcm.message(snp.keys[0], 1, TDI_INFO, 2, t.id_bytes())
		snp.g.mem.write(SECRETS, m)
		snp.g.mem.write(REQUEST, m)
		for request, response in ((SECRETS, RESPONSE), (REQUEST, SECRETS), (guest.RAM, RESPONSE),
					  (REQUEST + 8, RESPONSE)):
			assert snp.exit(GUEST_REQUEST, request, response, rcx=t.sbdf)[INFO2]
		assert snp.g.refused(guest.HOST_REGS, struct.pack("<32Q", 0x80000022, *[0] * 31)) == \
			guest.E_CALL
		assert t.info().status == BOUND


@claim("BIND: a new id each time, one that counts; another id is INVALID, UNBIND's too")
def bind():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x10100)
		assert t.info().status == INVALID and t.word == UNLOCKED
		first = t.bind()
		i = t.info()
		assert (i.status, i.id, i.lock_flags, t.word) == (BOUND, first, 1, LOCKED)
		assert i.algos == 0x1020101
		t.stop()
		assert t.info().status == UNBOUND
		t.unbind()
		assert t.info().status == INVALID and t.word == UNLOCKED
		second = t.bind()
		assert second not in (0, first) and t.info().status == BOUND
		t.id = first
		assert t.info().status == INVALID
		assert snp.fails(snp.op, BIND, t.sbdf) and snp.fails(snp.op, BIND, 0x55)
		assert snp.fails(snp.op, 4, t.sbdf)


@claim("tdi_report_count: counts each lock, those behind the guest's back, too")
def count():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		first = t.info().count
		assert first and t.info().count == first
		emu.control("relock nvme0")
		assert t.info().count == first + 1
		t.stop()
		t.unbind()
		t.bind()
		assert t.info().count == first + 2


@claim("the objects: certificates, VCA and transcript, report, as the PSP has digested them")
def objects():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		i = t.info()
		assert i.meas_flags == 0 and i.meas == bytes(48)
		found, i = t.objects()
		assert set(found) == {"certs", "meas", "report"} and i.meas_flags == 3
		for name, digest in (("certs", i.certs), ("meas", i.meas), ("report", i.report)):
			assert hashlib.sha384(found[name]).digest() == digest, name
		# VCA first: GET_VERSION; our nonce is in the request after it.
		assert found["meas"][:2] == b"\x10\x84" and NONCE in found["meas"]
		again = t.info()
		assert again.meas == i.meas and again.meas_flags == 1
		other, _ = t.objects(nonce=bytes(32))
		assert other["certs"] == found["certs"] and other["meas"] != found["meas"]


@claim("RDX says what may be left out; a buffer that is too small is named one that will do")
def buffer():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		t.objects()
		for skip, names in ((SKIP_MEAS, {"certs", "report"}), (SKIP_CERTS, {"meas", "report"}),
				    (SKIP_REPORT | SKIP_MEAS, {"certs"}), (0xf, set())):
			assert set(t.objects(skip)[0]) == names
		emu.control("lie buffer-huge")
		m = aesgcm.message(snp.keys[0], snp.used[0] + 1, TDI_INFO, 2, t.id_bytes())
		r = snp.carry(m, rax=DATA, rbx=1, rcx=t.sbdf)
		assert r[INFO2] == 1 << 32 and r[RBX] == 1 << 40
		emu.control("truth")
		# The same bytes once more: the PSP had not seen them.
		r = snp.carry(m, rax=DATA, rbx=DATA_PAGES, rcx=t.sbdf)
		assert r[INFO2] == 0
		snp.receive(TDI_INFO + 1, 192)
		# A buffer that the guest does not share is none.
		assert snp.send(TDI_INFO, t.id_bytes(), rax=SECRETS, rbx=1, rcx=t.sbdf)[INFO2]
		assert t.info().status == BOUND


@claim("MMIO_VALIDATE: in RUN, where the host mapped it, as the report has it; and back")
def validate():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		assert t.validate(0, 0, 4, mapped=False) == TDI_UNBOUND
		t.objects()
		t.start()
		assert t.word == LOCKED and t.info().status == BOUND and t.word == RUN
		base = t.t.bar_gpa(0)
		# What the host did not map, first: it maps whatever it is asked to.
		for row in ((dict(bar=0, first=0, n=4, mapped=False), NOT_MAPPED),
			    (dict(bar=0, first=0, n=4, gpa=SECRETS), NOT_IO),
			    (dict(bar=0, first=0, n=4, gpa=0x7000000000), NOT_MAPPED),
			    (dict(bar=2, first=0, n=4, gpa=base), NOT_REPORTED),
			    (dict(bar=0, first=1, n=3, gpa=base), NOT_MAPPED),
			    (dict(bar=0, first=0, n=5), OUT_OF_RANGE),
			    (dict(bar=0, first=0, n=0), OUT_OF_RANGE),
			    (dict(bar=4, first=0, n=1), NOT_IMMUTABLE)):
			assert t.validate(**row[0]) == row[1], row
		assert emu.control("functions")["functions"][1]["mmio_accepted"] == 0
		assert t.validate(0, 1, 2) == SUCCESS and t.changed
		assert t.validate(0, 1, 2) == SUCCESS and not t.changed
		# Half of them are: not uniform, unless that is what is wanted.
		assert t.validate(0, 0, 4) == NOT_UNIFORM
		assert t.validate(0, 0, 4, force=True) == SUCCESS and t.changed
		assert emu.control("functions")["functions"][1]["mmio_accepted"] == 4
		assert t.validate(0, 0, 4, validated=False) == SUCCESS and t.changed
		assert emu.control("functions")["functions"][1]["mmio_accepted"] == 0
		t.id += 1000
		assert t.validate(0, 0, 4) == INVALID_TDI


@claim("SDTE_WRITE: in RUN, private DMA below vTOM; an sDTE of zeros ends it; no reserved bits")
def sdte_write():
	with Machine() as (emu, snp):
		t = Tdi(snp, "dma0", 0x200)
		t.bind()
		assert t.dma_on() == 2
		t.objects()
		t.start()
		assert t.t.probe("read", SECRETS)
		assert t.dma_on() == 0 and t.t.probe("read", SECRETS) is None
		assert t.t.probe("read", REQUEST)
		for q in range(8):
			for bit in (0, 4, 52, 55, 58, 61, 63):
				e = sdte()
				e[q] ^= 1 << bit
				status = t.sdte(e)
				known = (q, bit) in ((0, 0), (5, 0), (5, 4), (0, 61))
				assert (status == 3) or known, (q, bit, status)
		assert t.dma_off() == 0 and t.t.probe("read", SECRETS)
		# 2 TiB, in units of 2 MiB: what is shared is above.
		assert t.dma_on(1 << 20) == 0
		assert t.t.probe("read", SECRETS) is None
		assert t.t.probe("read", (2 << 40) + REQUEST) is None
		assert t.t.probe("read", (2 << 40) + SECRETS)
		assert t.sdte(sdte(vmpl=3)) == 0


@claim("STOP while an sDTE is in place ends the channel, until the next launch")
def trap():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.run()
		assert snp.fails(t.stop)
		assert snp.send(TDI_INFO, t.id_bytes(), rcx=t.sbdf)[INFO2]
		emu.control("unlock nvme0")
		snp.launch()
		assert t.info().status == UNBOUND


@claim("the way out: sDTE, pages, STOP, UNBIND; and nothing unbinds what runs")
def way_out():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		for _ in range(2):
			t.run()
			assert t.info().status == BOUND and t.word == RUN
			assert snp.fails(t.unbind) and t.info().status == BOUND
			assert t.dma_off() == 0
			assert t.validate(0, 0, 4, False) == t.validate(2, 0, 4, False) == SUCCESS
			t.stop()
			t.unbind()
			assert t.info().status == INVALID


@claim("ERROR: bound, and nothing is validated or written any more but what takes back")
def error():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.run()
		emu.control("error nvme0 ide-insecure")
		assert t.info().status == BOUND and t.word == ERROR
		assert t.validate(0, 0, 1) == TDI_UNBOUND and t.dma_on() == 2
		assert t.validate(0, 0, 4, False) == SUCCESS and t.dma_off() == 0
		t.stop()
		t.unbind()


@claim("version 1 and the numbering of 2024: other layouts, types and status codes")
def old_forms():
	for old in (False, True):
		with Machine() as (emu, snp):
			t = Tdi(snp, "nvme0", 0x10203, version=1, old=old)
			assert t.info().status == UNBOUND
			t.bind()
			i = t.info()
			assert (i.status, i.id) == (BOUND, 0x203) and bool(i.count) == (not old)
			t.objects()
			t.start()
			assert t.validate(0, 0, 4, mapped=False) == (6 if old else NOT_MAPPED)
			assert t.validate(0, 0, 5) == (8 if old else OUT_OF_RANGE)
			assert t.validate(0, 0, 4, gpa=SECRETS) == (NOT_ASSIGNED if old else NOT_IO)
			assert t.validate(0, 0, 4) == SUCCESS
			rsp, _ = t.ask(MMIO_CONFIG, struct.pack("<HHHHII", 0x203, 0, 0, 4, 0, 0), 16)
			assert struct.unpack("<HHHHII", rsp) == (0x203, 0, 4, 4, 0, 0)
			rsp, _ = t.ask(MMIO_CONFIG, struct.pack("<HHHHII", 0x203, 0, 4, 4, 1, 0), 16)
			assert struct.unpack_from("<HH", rsp) == (0x203, 4)
			rsp, _ = t.ask(MMIO_CONFIG, struct.pack("<HHHHII", 0x203, 0, 0, 5, 0, 0), 16)
			assert struct.unpack_from("<HH", rsp) == (0x203, 3)
			assert t.dma_on() == 0 and t.dma_off() == 0
			t.stop()
			t.unbind()


@claim("each lie about a response is one: it does not open, or is not the one that was asked for")
def lies():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		t.info()
		for lie in ("msg-replay", "msg-none", "msg-wrong-type", "msg-wrong-version", "msg-skew-seqno",
			    "msg-long", "msg-other-key", "msg-flip-text", "msg-flip-tag",
			    "msg-flip-header"):
			emu.control(f"lie {lie}")
			try:
				t.info()
			except AssertionError:
				pass
			else:
				raise AssertionError(f"{lie} was not told")
			emu.control("truth")
			snp.used[0] += 2
			assert t.info().status == BOUND
		for lie in ("msg-busy", "msg-fw-error"):
			emu.control(f"lie {lie}")
			assert snp.fails(t.info)
			emu.control("truth")
			assert t.info().status == BOUND
		told = {x["name"]: x["told"] for x in emu.control("lies")["lies"]}
		assert all(told[lie] for lie in ("msg-replay", "msg-long", "msg-busy"))


@claim("what the host says of the state is its own; the PSP's word stays the same")
def words():
	with Machine() as (emu, snp):
		t = Tdi(snp, "nvme0", 0x100)
		t.bind()
		for lie, word in (("state-unlocked", 0), ("state-locked", 1), ("state-always-run", 2),
				  ("state-error", 3), ("state-unknown", 7)):
			emu.control(f"lie {lie}")
			assert t.info().status == BOUND and t.word == word
			emu.control("truth")
