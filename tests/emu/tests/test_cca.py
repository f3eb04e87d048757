# SPDX-License-Identifier: GPL-2.0
"""
Arm CCA behind the mailbox: the RMM's calls and the host's, register by register, as
guest-abis.md 3.2 (RSI) and 3.3 (RHI) have them. Nothing here knows the guest's code.
"""

import hashlib
import os
import struct

import guest
from guest import ERROR, Guest, LOCKED, PAGE, RUN, UNLOCKED
from harness import Emulator, claim

# RSI: SMC function ids, and statuses
VERSION, FEATURES, STATE_SET = 0xc4000190, 0xc4000191, 0xc4000197
DMA_ENABLE, GET_INFO, VALIDATE, DMA_DISABLE = 0xc400019c, 0xc400019d, 0xc400019f, 0xc40001a4
SUCCESS, INPUT, STATE, INCOMPLETE, UNKNOWN, DEVICE = range(6)
NOT_SUPPORTED = (1 << 64) - 1
ACCEPT, REJECT = 0, 1

# RHI: the same
RHI_FEATURES, OBJECT_SIZE, OBJECT_READ = 0xc500004b, 0xc500004c, 0xc500004d
CONTINUE, MEASURE, REPORT, SET_STATE, ABORT = (0xc5000051, 0xc5000052, 0xc5000053, 0xc5000054,
					       0xc5000056)
(OK, PARTS, NO_DATA, BAD_VDEV, BAD_OBJECT, BAD_INPUT, RHI_DEVICE, BAD_OFFSET, NO_ACCESS, BUSY,
 HAD_COMPLETED, NO_OBJECT) = range(12)
CERTS, MEASUREMENTS, INTERFACE, VCA_ACS, VCA_LINUX = 1, 2, 3, 0, 4

VDEV, OTHER = 0x00000100, 0x00010208
INFO_AT = 0x20000		# private
BUFFER = 0x200000		# shared, 4 pages
DIGESTS = {"vca": 0x80, "certs": 0xc0, "pubkey": 0x100, "meas": 0x140, "report": 0x180}


class Facts:
	"""RsiVdevInfo."""

	def __init__(self, raw):
		self.raw = raw
		self.hash = raw[0x10]
		self.nonces = struct.unpack_from("<3Q", raw, 0x18)
		self.format, self.version = raw[0x30], struct.unpack_from("<Q", raw, 0x38)[0]
		self.state = raw[0x40]

	def digest(self, name, size=48):
		at = DIGESTS[name]
		assert self.raw[at + size:at + 64] == bytes(64 - size)
		return self.raw[at:at + size]


class Realm(Guest):
	"""A guest that speaks CCA's two ABIs; nvme0 is VDEV, dma0 OTHER."""

	def __init__(self, emu):
		super().__init__(emu)
		self.enter()
		self.share(BUFFER, 4)
		self.functions = {}
		for name, sbdf in (("nvme0", VDEV), ("dma0", OTHER)):
			t = self.tdi(name)
			self.call(guest.HOST_SBDF, struct.pack("<I", sbdf), t.handle)
			self.functions[sbdf] = t

	def rsi(self, fid, *args):
		"""X0 to X3 afterwards."""
		x = (fid, *args) + (0,) * (31 - len(args))
		return struct.unpack("<32Q", self.call(guest.TSM_REGS, struct.pack("<32Q", *x)))[:4]

	def rhi(self, fid, *args, imm=0):
		"""gprs[0] to [2] afterwards."""
		x = (imm, fid, *args) + (0,) * (30 - len(args))
		return struct.unpack("<32Q", self.call(guest.HOST_REGS, struct.pack("<32Q", *x)))[1:4]

	def do(self, fid, *args):
		"""A host call, with all its parts; the last one's status."""
		status, cookie, _ = self.rhi(fid, *args)
		while status == PARTS:
			status, cookie, _ = self.rhi(CONTINUE, args[0], cookie)
		return status

	def facts(self, vdev=VDEV):
		assert self.rsi(GET_INFO, vdev, INFO_AT)[0] == SUCCESS
		return Facts(self.mem.read(INFO_AT, 512))

	def measure(self, vdev=VDEV, nonce=bytes(range(32))):
		self.mem.write(BUFFER, bytes(256) + nonce + bytes(PAGE - 256 - 32))
		return self.do(MEASURE, vdev, BUFFER)

	def lock(self, vdev=VDEV):
		assert self.do(SET_STATE, vdev, 1) == OK
		assert self.do(REPORT, vdev) == OK
		assert self.measure(vdev) == OK

	def object(self, number, vdev=VDEV):
		status, size, _ = self.rhi(OBJECT_SIZE, vdev, number)
		assert status == OK
		data = b""
		while len(data) < size:
			status, n, _ = self.rhi(OBJECT_READ, vdev, number, BUFFER, 4 * PAGE, len(data))
			assert status == OK and 0 < n <= 4 * PAGE
			data += self.mem.read(BUFFER, n)
		assert len(data) == size
		return data

	def bar(self, bar, vdev=VDEV):
		"""Where the realm has it."""
		return struct.unpack("<Q", self.functions[vdev].dev.cfg_read(0x10 + 4 * bar, 8))[0] & ~15

	def ranges(self, vdev=VDEV):
		"""(IPA, bytes, PA as reported) of each TEE range."""
		report = self.object(INTERFACE, vdev)
		count, = struct.unpack_from("<I", report, 12)
		first = {}
		for i in range(count):
			page, n, attr = struct.unpack_from("<QII", report, 16 + 16 * i)
			bar = attr >> 16
			first.setdefault(bar, page)
			if not attr & 4:
				ipa = self.bar(bar, vdev)
				yield ipa + (page - first[bar]) * PAGE, n * PAGE, page * PAGE

	def validate(self, ipa, size, pa, nonces, vdev=VDEV, flags=0):
		return self.rsi(VALIDATE, vdev, ipa, ipa + size, pa, flags, *nonces)

	def validate_all(self, vdev=VDEV):
		nonces = self.facts(vdev).nonces
		for ipa, size, pa in list(self.ranges(vdev)):
			at = ipa
			while at < ipa + size:
				x = self.validate(at, ipa + size - at, pa + at - ipa, nonces, vdev)
				assert x[0] == SUCCESS and x[2] == ACCEPT and x[1] > at
				at = x[1]

	def run(self, vdev=VDEV):
		self.lock(vdev)
		assert self.do(SET_STATE, vdev, 2) == OK
		self.validate_all(vdev)
		assert self.rsi(DMA_ENABLE, vdev, 0, 0, *self.facts(vdev).nonces)[0] == SUCCESS

	def device(self, name="nvme0"):
		return {f["name"]: f for f in self.emu.control("functions")["functions"]}[name]


def realm(*args):
	return Emulator("--platform", "cca", *args)


# ---- the RMM ------------------------------------------------------------------

@claim("RSI is 1.1, has device assignment and no ATS, and knows no other call")
def versions():
	with realm() as emu, Realm(emu) as g:
		assert g.rsi(VERSION, 0x10001)[:3] == (SUCCESS, 0x10001, 0x10001)
		assert g.rsi(VERSION, 0x10000)[0] == INPUT
		assert g.rsi(FEATURES, 0)[:2] == (SUCCESS, 1)
		assert g.rsi(FEATURES, 1)[:2] == (SUCCESS, 0)
		for fid in (0, 0xc40001a6, 0xc4000199, 0xc40001bf, 0xc5000054):
			assert g.rsi(fid, VDEV)[0] == NOT_SUPPORTED


@claim("facts are 512 bytes in private memory, aligned, of a device by its id")
def facts():
	with realm() as emu, Realm(emu) as g:
		for at in (INFO_AT + 8, BUFFER, guest.RAM, 1 << 50):
			assert g.rsi(GET_INFO, VDEV, at)[0] == INPUT
		for vdev in (0, VDEV + 8, VDEV | 1 << 32, NOT_SUPPORTED):
			assert g.rsi(GET_INFO, vdev, INFO_AT)[0] == INPUT
		f = g.facts()
		assert (f.state, f.hash, f.format, f.version) == (UNLOCKED, 2, 1, 0x10000)
		assert f.nonces == (0, 0, 0)
		for name in DIGESTS:
			assert f.digest(name) == bytes(48)


@claim("nonces and digests come one by one, with LOCK, report and measurement")
def evidence():
	with realm() as emu, Realm(emu) as g:
		assert g.do(SET_STATE, VDEV, 1) == OK
		f = g.facts()
		assert f.state == LOCKED and f.nonces[0] and f.nonces[1:] == (0, 0)
		assert f.digest("report") == bytes(48) and f.digest("meas") == bytes(48)
		assert g.do(REPORT, VDEV) == OK and g.measure() == OK
		f = g.facts()
		assert all(f.nonces) and f.digest("pubkey") == bytes(48)
		for name, number in (("vca", VCA_ACS), ("certs", CERTS), ("meas", MEASUREMENTS),
				     ("report", INTERFACE)):
			assert f.digest(name) == hashlib.sha384(g.object(number)).digest()
		again = f.nonces
		assert g.do(REPORT, VDEV) == OK
		f = g.facts()
		assert f.nonces[:2] == again[:2] and f.nonces[2] not in (0, again[2])
		assert g.measure() == OK
		assert g.facts().nonces[1] not in (0, again[1])


@claim("digests by SHA-256 and SHA-512, as the RMM chose, and with their numbers")
def hashes():
	for lie, number, make, size in (("rmm-sha256", 0, hashlib.sha256, 32),
					("rmm-sha512", 1, hashlib.sha512, 64)):
		with realm() as emu, Realm(emu) as g:
			emu.control(f"lie {lie}")
			g.lock()
			f = g.facts()
			assert f.hash == number
			assert f.digest("certs", size) == make(g.object(CERTS)).digest()
			assert f.digest("report", size) == make(g.object(INTERFACE)).digest()


@claim("an earlier lock's nonces stay in the facts, and open nothing")
def stale():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		old = g.facts().nonces
		assert g.do(SET_STATE, VDEV, 0) == OK
		f = g.facts()
		assert f.state == UNLOCKED and f.nonces == old
		ipa, size, pa = 0xfe000000, PAGE, 0
		assert g.validate(ipa, size, pa, old)[0] == DEVICE
		g.lock()
		assert all(a != b for a, b in zip(g.facts().nonces, old))
		ipa, size, pa = next(g.ranges())
		assert g.validate(ipa, size, pa, old)[0] == DEVICE


@claim("a mapping takes all three nonces, LOCKED or RUN, and aligned addresses")
def mapping_arguments():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		nonces = g.facts().nonces
		ipa, size, pa = next(g.ranges())
		for i in range(3):
			wrong = list(nonces)
			wrong[i] ^= 1
			assert g.validate(ipa, size, pa, wrong)[0] == DEVICE
			wrong[i] = 0
			assert g.validate(ipa, size, pa, wrong)[0] == DEVICE
		for args in ((ipa + 1, size, pa), (ipa, size + 1, pa), (ipa, size, pa + 8),
			     (ipa, 0, pa), (ipa, -PAGE, pa)):
			assert g.validate(*args, nonces)[0] == INPUT
		assert g.validate(ipa, size, pa, nonces, flags=1)[0] == INPUT
		assert g.validate(ipa, size, pa, nonces, vdev=OTHER)[0] == DEVICE
		assert g.device()["mmio_accepted"] == 0
		assert g.validate(ipa, PAGE, pa, nonces)[:3] == (SUCCESS, ipa + PAGE, ACCEPT)
		assert g.device()["mmio_accepted"] == 1
		emu.control("error nvme0 ide-insecure")
		assert g.validate(ipa, size, pa, nonces)[0] == DEVICE
		assert g.facts().state == ERROR and g.device()["mmio_accepted"] == 0


@claim("a mapping that is not what the report says gets nowhere, and is rejected")
def mapping_addresses():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		nonces = g.facts().nonces
		(ipa, size, pa), (other, _, _) = list(g.ranges())[:2]
		for a, p in ((ipa, pa + PAGE), (ipa + PAGE, pa), (other, pa), (0x10000, pa)):
			assert g.validate(a, PAGE, p, nonces)[:3] == (SUCCESS, a, REJECT)
		assert g.device()["mmio_accepted"] == 0


@claim("DMA is enabled in RUN only, for the nonces, without ATS and planes")
def dma():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		nonces = g.facts().nonces
		assert g.rsi(DMA_ENABLE, VDEV, 0, 0, *nonces)[0] == DEVICE
		assert g.do(SET_STATE, VDEV, 2) == OK
		probe = f"probe nvme0 write {INFO_AT:#x} 64"
		assert emu.control(probe)["result"] == "refused"
		for i in range(3):
			wrong = list(nonces)
			wrong[i] ^= 1
			assert g.rsi(DMA_ENABLE, VDEV, 0, 0, *wrong)[0] == DEVICE
		assert g.rsi(DMA_ENABLE, VDEV, 1, 0, *nonces)[0] == INPUT
		assert g.rsi(DMA_ENABLE, VDEV, 0, 1, *nonces)[0] == INPUT
		assert emu.control(probe)["result"] == "refused"
		assert g.rsi(DMA_ENABLE, VDEV, 0, 0, *nonces)[0] == SUCCESS
		assert g.rsi(DMA_ENABLE, VDEV, 0, 0, *nonces)[0] == SUCCESS
		assert emu.control(probe)["result"] == "ok"
		assert g.rsi(DMA_DISABLE, VDEV)[0] == SUCCESS
		assert emu.control(probe)["result"] == "refused"
		assert g.rsi(DMA_DISABLE, VDEV)[0] == SUCCESS


@claim("MMIO is let go of by address, whatever was mapped there, and no RAM is")
def release():
	with realm() as emu, Realm(emu) as g:
		g.run()
		had = g.device()["mmio_accepted"]
		assert had > 0
		assert g.rsi(STATE_SET, INFO_AT, INFO_AT + PAGE, 0, 1)[0] == INPUT
		ipa, size, _ = next(g.ranges())
		for args in ((ipa, ipa), (ipa + 8, ipa + PAGE), (ipa, ipa + 8)):
			assert g.rsi(STATE_SET, *args, 0, 1)[0] == INPUT
		assert g.rsi(STATE_SET, ipa, ipa + size, 1, 1)[0] == INPUT
		assert g.device()["mmio_accepted"] == had
		for at in (g.bar(b) for b in (0, 2)):
			for _ in range(2):
				x = g.rsi(STATE_SET, at, at + 0x4000, 0, 1)
				assert x[:3] == (SUCCESS, at + 0x4000, ACCEPT)
		assert g.device()["mmio_accepted"] == 0


# ---- the host -------------------------------------------------------------------

@claim("the host has what Linux needs, knows no other call, and no other imm than 0")
def rhi():
	with realm() as emu, Realm(emu) as g:
		assert g.rhi(RHI_FEATURES)[0] & 0x3b == 0x3b
		for fid in (0, 0xc5000040, 0xc5000055, 0xc4000199):
			assert g.rhi(fid, VDEV)[0] == NOT_SUPPORTED
		assert g.rhi(RHI_FEATURES, imm=1)[0] == NOT_SUPPORTED
		for fid in (OBJECT_SIZE, OBJECT_READ, MEASURE, REPORT, SET_STATE, CONTINUE, ABORT):
			assert g.rhi(fid, VDEV + 1)[0] == BAD_VDEV
		assert g.rhi(SET_STATE, VDEV, 3)[0] == BAD_INPUT


@claim("what takes the device is done in parts, by cookie, and can be aborted")
def parts():
	with realm() as emu, Realm(emu) as g:
		assert g.rhi(CONTINUE, VDEV, 0)[0] == BAD_INPUT
		assert g.rhi(ABORT, VDEV)[0] == HAD_COMPLETED
		status, cookie, _ = g.rhi(SET_STATE, VDEV, 1)
		assert status == PARTS and g.facts().state == UNLOCKED
		assert g.rhi(CONTINUE, VDEV, cookie ^ 1)[0] == BAD_INPUT
		assert g.rhi(CONTINUE, OTHER, cookie)[0] == BAD_INPUT
		assert g.rhi(ABORT, VDEV)[0] == OK
		assert g.rhi(CONTINUE, VDEV, cookie)[0] == BAD_INPUT
		assert g.facts().state == UNLOCKED
		status, cookie, _ = g.rhi(SET_STATE, VDEV, 1)
		assert g.rhi(CONTINUE, VDEV, cookie)[0] == OK
		assert g.facts().state == LOCKED
		emu.control("lie at-once")
		assert g.rhi(SET_STATE, VDEV, 2)[0] == OK
		assert g.facts().state == RUN


@claim("states go LOCKED, RUN, UNLOCKED, and in no other order")
def states():
	with realm() as emu, Realm(emu) as g:
		assert g.do(SET_STATE, VDEV, 2) == RHI_DEVICE
		assert g.do(REPORT, VDEV) == RHI_DEVICE and g.measure() == RHI_DEVICE
		assert g.do(SET_STATE, VDEV, 1) == OK
		assert g.do(SET_STATE, VDEV, 1) == RHI_DEVICE
		assert g.do(SET_STATE, VDEV, 2) == OK
		assert g.do(SET_STATE, VDEV, 1) == RHI_DEVICE
		assert g.facts().state == RUN and g.facts(OTHER).state == UNLOCKED
		assert g.do(SET_STATE, VDEV, 0) == OK
		assert g.facts().state == UNLOCKED


@claim("UNLOCKED ends DMA and mappings; a guest that did not disable DMA is counted")
def unlock():
	with realm() as emu, Realm(emu) as g:
		def counted():
			return emu.control("stats")["functions"]["nvme0"]["refused_reasons"].get(
				"cca-unlock-before-dma-disable", 0)
		g.run()
		assert g.rsi(DMA_DISABLE, VDEV)[0] == SUCCESS
		assert g.do(SET_STATE, VDEV, 0) == OK
		assert counted() == 0
		g.run()
		assert g.do(SET_STATE, VDEV, 0) == OK
		assert counted() == 1 and g.device()["mmio_accepted"] == 0
		assert emu.control(f"probe nvme0 write {INFO_AT:#x} 64")["result"] == "refused"


@claim("the nonce of a measurement is the realm's, from a shared page, read once")
def measurement():
	with realm() as emu, Realm(emu) as g:
		assert g.do(SET_STATE, VDEV, 1) == OK
		assert g.rhi(MEASURE, VDEV, INFO_AT)[0] == NO_ACCESS
		assert g.rhi(MEASURE, VDEV, 1 << 50)[0] == NO_ACCESS
		nonce = os.urandom(32)
		g.mem.write(BUFFER, bytes(256) + nonce + bytes(PAGE - 256 - 32))
		status, cookie, _ = g.rhi(MEASURE, VDEV, BUFFER)
		g.mem.write(BUFFER, bytes(PAGE))
		assert status == PARTS and g.rhi(CONTINUE, VDEV, cookie)[0] == OK
		assert nonce in g.object(MEASUREMENTS)
		g.mem.write(BUFFER, b"\x02" + bytes(PAGE - 1))
		assert g.rhi(MEASURE, VDEV, BUFFER)[0] == BAD_INPUT


@claim("objects are read into shared pages, from any offset, none past its end")
def objects():
	with realm() as emu, Realm(emu) as g:
		assert g.rhi(OBJECT_SIZE, VDEV, CERTS)[0] == NO_DATA
		g.lock()
		whole = g.object(CERTS)
		for buffer in (INFO_AT, BUFFER + 4 * PAGE - 16, 1 << 50, NOT_SUPPORTED - 10):
			assert g.rhi(OBJECT_READ, VDEV, CERTS, buffer, PAGE, 0)[0] == NO_ACCESS
		assert g.rhi(OBJECT_READ, VDEV, CERTS, BUFFER, 0, 0)[0] == BAD_INPUT
		assert g.rhi(OBJECT_READ, VDEV, CERTS, BUFFER, (16 << 20) + 1, 0)[0] == BAD_INPUT
		assert g.rhi(OBJECT_READ, VDEV, CERTS, BUFFER, 8, len(whole))[0] == BAD_OFFSET
		assert g.rhi(OBJECT_READ, VDEV, CERTS, BUFFER, 8, len(whole) - 3)[:2] == (OK, 3)
		assert g.mem.read(BUFFER, 3) == whole[-3:]
		for number in (5, 9, NOT_SUPPORTED):
			assert g.rhi(OBJECT_SIZE, VDEV, number)[0] == BAD_OBJECT


@claim("the VCA is object 0, or 4 for a host that counts as Linux does")
def numbering():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		vca = g.object(VCA_ACS)
		assert g.rhi(OBJECT_SIZE, VDEV, VCA_LINUX)[0] == BAD_OBJECT
		emu.control("lie linux-ids")
		assert g.object(VCA_LINUX) == vca
		assert g.rhi(OBJECT_SIZE, VDEV, VCA_ACS)[0] == BAD_OBJECT


@claim("drafts had OBJECT_READ's offset first and its buffer last")
def drafts():
	with realm() as emu, Realm(emu) as g:
		g.lock()
		report = g.object(INTERFACE)
		emu.control("lie old-read")
		assert g.rhi(OBJECT_READ, VDEV, INTERFACE, 5, 7, BUFFER)[:2] == (OK, 7)
		assert g.mem.read(BUFFER, 7) == report[5:12]
		assert g.rhi(OBJECT_READ, VDEV, INTERFACE, BUFFER, 7, 5)[0] == BAD_OFFSET


@claim("a host that names another device to the RMM gets nothing done to it")
def vdevs():
	with realm() as emu, Realm(emu) as g:
		g.run(OTHER)
		for lie in ("no-vdev", "other-vdev"):
			emu.control(f"lie {lie} nvme0")
			assert g.rsi(GET_INFO, VDEV, INFO_AT)[0] == INPUT
			assert g.rsi(DMA_DISABLE, VDEV)[0] == INPUT
			emu.control("truth")
		assert emu.control(f"probe dma0 write {INFO_AT:#x} 64")["result"] == "ok"


@claim("another VM finds nothing of what there was: no operation, no nonce, no device")
def resets():
	with realm() as emu:
		with Realm(emu) as g:
			g.run()
			assert g.rhi(SET_STATE, VDEV, 0)[0] == PARTS
		with Realm(emu) as g:
			assert g.rhi(CONTINUE, VDEV, 0)[0] == BAD_INPUT
			f = g.facts()
			assert f.state == UNLOCKED and f.nonces == (0, 0, 0)
			g.run()
