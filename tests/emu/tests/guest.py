# SPDX-License-Identifier: GPL-2.0
"""
A guest of the emulated platform, without a kernel: the mailbox's calls, written
from Documentation/emu-mailbox.rst, with pages of either kind for them, and what
a guest does with a TDI.

	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		tdi = g.tdi("nvme0")
		tdi.run()
		assert tdi.info().state == RUN
"""

import struct

import vfu

PAGE = 4096

# Registers
MAGIC, ABI, NR_SLOTS = 0x000, 0x004, 0x008
REQUEST, REPLY, DOORBELL, STATUS, ABORT, FAULT = 0x00, 0x08, 0x10, 0x14, 0x18, 0x1c
IDLE, BUSY, DONE, FAULTED = range(4)
F_ADDRESS, F_REQUEST_PAGE, F_REPLY_PAGE, F_BUS_MASTER, F_HEADER = range(1, 6)

# Calls
TSM_INFO, TSM_ENTER, TSM_LEAVE, PAGE_SHARE, PAGE_PRIVATE = range(0x100, 0x105)
TDI_INFO, MMIO_ACCEPT, MMIO_RELEASE, DMA_ENABLE, DMA_DISABLE, START_ALLOW = range(0x110, 0x116)
HOST_LOCK, HOST_START, HOST_STOP, HOST_MEASURE, OBJECT_SIZE, OBJECT_READ = range(0x201, 0x207)
TSM_REGS, HOST_REGS, HOST_SBDF = 0x120, 0x220, 0x221
REGS = 256		# bytes

# Status
(OK, E_CALL, E_PARAM, E_STATE, E_TDI, E_NONCE, E_RANGE, E_PAGE, E_BUSY, E_DEVICE, E_OBJECT,
 E_DENIED, E_NOT_ENTERED) = range(13)

UNLOCKED, LOCKED, RUN, ERROR = range(4)

# DMA modes
NONE, DIRECT, IOMMU, SPLIT = range(4)

CERTS, VCA, MEASUREMENTS, REPORT = 0, 8, 9, 10
DIGEST_INDEX = {CERTS: 0, VCA: 1, MEASUREMENTS: 2, REPORT: 3}

CHUNK = PAGE - 16 - 8
RAM = 4 << 20


class Fault(Exception):
	"""The slot's STATUS became FAULT; args[0] is why."""


class Refused(Exception):
	"""A call came back with a status that is not OK; args[0] is it."""


class Reply:
	def __init__(self, raw):
		self.call, self.version, self.seq, self.len, self.status = \
			struct.unpack("<HHIII", raw[:16])
		self.payload = raw[16:16 + self.len] if self.len <= PAGE - 16 else None


class Info:
	"""TDI_INFO's reply."""

	def __init__(self, p):
		assert len(p) == 352
		(self.state, self.hash, self.dma_mode, _, self.lock_flags, _, self.digest_valid,
		 self.mmio_accepted) = struct.unpack_from("<BBBBHHII", p)
		self.lock_nonce, self.meas_nonce, self.report_nonce = struct.unpack_from("<QQQ", p, 16)
		self.bar = struct.unpack_from("<6Q", p, 40)
		self.digests = [p[88 + 64 * i:88 + 64 * i + 64] for i in range(4)]
		self.vtom, = struct.unpack_from("<Q", p, 344)

	def digest(self, obj):
		"""SHA-384 of an evidence object, or None if it does not count."""
		i = DIGEST_INDEX[obj]
		if not self.digest_valid & 1 << i:
			return None
		assert self.hash == 2 and self.digests[i][48:] == bytes(16)
		return self.digests[i][:48]

	def nonces(self):
		return struct.pack("<QQQ", self.lock_nonce, self.meas_nonce, self.report_nonce)


class Guest:
	# Where the two classes of call have their pages, a pair for each slot
	PRIVATE, SHARED = 0x10000, 0x40000

	def __init__(self, emu, ram=RAM):
		self.emu = emu
		self.mem = vfu.GuestMemory(ram)
		self.dev = emu.connect("tsm")
		self.dev.dma_map(self.mem)
		self.dev.enable(base=0xfd000000, tdi=False)
		self.tdis = {}
		self.seq = 0

	def close(self):
		for t in self.tdis.values():
			t.dev.close()
		self.dev.close()
		self.mem.close()

	def __enter__(self):
		return self

	def __exit__(self, *exc):
		self.close()

	# ---- registers ----

	def reg(self, slot, off):
		return 0x100 + 0x40 * slot + off

	def status(self, slot=0):
		return self.dev.bar_read32(0, self.reg(slot, STATUS))

	def fault(self, slot=0):
		return self.dev.bar_read32(0, self.reg(slot, FAULT))

	def ring(self, slot=0):
		self.dev.bar_write32(0, self.reg(slot, DOORBELL), 1)

	def abort(self, slot=0):
		self.dev.bar_write32(0, self.reg(slot, ABORT), 1)

	def pages(self, slot, call):
		base = self.SHARED if call & 0xff00 == 0x200 else self.PRIVATE
		return base + slot * 2 * PAGE, base + slot * 2 * PAGE + PAGE

	# ---- calls ----

	def send(self, call, payload=b"", handle=0, slot=0, pages=None, version=1, length=None):
		"""Ring for a call; does not look at the answer."""
		req, rsp = pages or self.pages(slot, call)
		self.seq += 1
		length = len(payload) if length is None else length
		self.mem.write(req, struct.pack("<HHIII", call, version, self.seq, length, handle)
			       + payload)
		self.mem.write(rsp, b"\xcc" * PAGE)
		self.dev.bar_write64(0, self.reg(slot, REQUEST), req)
		self.dev.bar_write64(0, self.reg(slot, REPLY), rsp)
		self.ring(slot)

	def receive(self, call, slot=0, pages=None):
		"""The answer, which has to be there already."""
		status = self.status(slot)
		if status == FAULTED:
			raise Fault(self.fault(slot))
		assert status == DONE, f"slot {slot} is {status}, not DONE"
		return Reply(self.mem.read((pages or self.pages(slot, call))[1], PAGE))

	def raw(self, call, payload=b"", handle=0, **kw):
		"""A call and its reply, whatever that says."""
		self.send(call, payload, handle, **kw)
		return self.receive(call, kw.get("slot", 0), kw.get("pages"))

	def call(self, call, payload=b"", handle=0, **kw):
		"""A call that must succeed; its reply's payload."""
		r = self.raw(call, payload, handle, **kw)
		assert (r.call, r.version, r.seq) == (call, 1, self.seq)
		if r.status:
			assert r.len == 0
			raise Refused(r.status)
		return r.payload

	def refused(self, call, payload=b"", handle=0, **kw):
		"""A call that must fail; its status."""
		try:
			self.call(call, payload, handle, **kw)
		except Refused as e:
			return e.args[0]
		raise AssertionError(f"call {call:04x} was not refused")

	def faults(self, call, payload=b"", handle=0, **kw):
		"""A call that must FAULT; why it did."""
		try:
			self.raw(call, payload, handle, **kw)
		except Fault as e:
			return e.args[0]
		raise AssertionError(f"call {call:04x} did not fault")

	# ---- memory ----

	def enter(self):
		self.call(TSM_ENTER)
		self.share(self.SHARED, 2 * 16)

	def share(self, gpa, npages=1):
		self.call(PAGE_SHARE, struct.pack("<QQ", gpa, npages))

	def private(self, gpa, npages=1):
		self.call(PAGE_PRIVATE, struct.pack("<QQ", gpa, npages))

	def owner(self, gpa):
		return self.emu.control(f"page {gpa:#x}")["owner"]

	# ---- TDIs ----

	def tdi(self, name, base=None):
		if name not in self.tdis:
			self.tdis[name] = Tdi(self, name, base or 0xfe000000 + 0x100000 * len(self.tdis))
		return self.tdis[name]


class Tdi:
	def __init__(self, guest, name, base):
		self.guest, self.name, self.base = guest, name, base
		self.dev = guest.emu.connect(name)
		self.dev.dma_map(guest.mem)
		self.dev.enable(base=base)
		self.handle = self.dev.handle()

	def call(self, call, payload=b"", **kw):
		return self.guest.call(call, payload, self.handle, **kw)

	def refused(self, call, payload=b"", **kw):
		return self.guest.refused(call, payload, self.handle, **kw)

	def info(self):
		return Info(self.call(TDI_INFO))

	def lock(self, flags=1):
		"""The state that the host claims."""
		return self.call(HOST_LOCK, struct.pack("<H6x", flags))[0]

	def measure(self, nonce=bytes(range(32))):
		assert self.call(HOST_MEASURE, nonce) == b""

	def start(self):
		return self.call(HOST_START)[0]

	def stop(self):
		return self.call(HOST_STOP)[0]

	def size(self, obj):
		return struct.unpack("<Q", self.call(OBJECT_SIZE, struct.pack("<II", obj, 0)))[0]

	def read(self, obj, offset, length):
		p = self.call(OBJECT_READ, struct.pack("<IIQ", obj, length, offset))
		assert len(p) == 8 + struct.unpack_from("<I", p)[0]
		return p[8:]

	def object(self, obj, chunk=CHUNK):
		size, data = self.size(obj), b""
		while len(data) < size:
			data += self.read(obj, len(data), min(chunk, size - len(data)))
		return data

	def mmio_accept_payload(self, index, first, npages, gpa, nonces=None):
		nonces = self.info().nonces() if nonces is None else nonces
		return nonces + struct.pack("<IIQQQ", index, 0, first, npages, gpa)

	def mmio_accept(self, index, first, npages, gpa, nonces=None):
		self.call(MMIO_ACCEPT, self.mmio_accept_payload(index, first, npages, gpa, nonces))

	def dma_payload(self, nonces=None, mode=DIRECT, vtom=0):
		nonces = self.info().nonces() if nonces is None else nonces
		return nonces + struct.pack("<IIQ", mode, 0, vtom)

	def dma_enable(self, nonces=None, mode=DIRECT, vtom=0):
		self.call(DMA_ENABLE, self.dma_payload(nonces, mode, vtom))

	def start_allow(self, nonces=None):
		self.call(START_ALLOW, self.info().nonces() if nonces is None else nonces)

	def bar_gpa(self, bar):
		return self.base + {0: 0, 2: 0x4000, 4: 0x8000}[bar]

	def attest(self):
		"""CONFIG_LOCKED with evidence, as far as a guest has to go before it accepts."""
		self.lock()
		self.measure()

	def accept(self, mode=DIRECT, vtom=0):
		"""All TEE memory and DMA."""
		self.mmio_accept(0, 0, 4, self.bar_gpa(0))
		self.mmio_accept(1, 0, 4, self.bar_gpa(2))
		self.dma_enable(mode=mode, vtom=vtom)

	def run(self, mode=DIRECT, vtom=0):
		"""To RUN with everything accepted, in the order that the platform asks for."""
		start_first = struct.unpack_from("<II", self.guest.call(TSM_INFO))[1] & 2
		self.attest()
		if not start_first:
			self.accept(mode, vtom)
		self.start_allow()
		assert self.start() == RUN
		if start_first:
			self.accept(mode, vtom)

	def iommu_on(self):
		"""What QEMU does when the guest's IOMMU begins to translate: nothing is mapped."""
		for start, end in ((0, 0xfee00000), (0xfef00000, 1 << 48), (1 << 48, 1 << 63)):
			self.dev.dma_unmap(start, end - start)
		self.dev.dma_unmap(1 << 63, 1 << 63)

	def iova(self, addr, gpa, npages=1, flags=vfu.MAP_READ | vfu.MAP_WRITE):
		"""The guest's IOMMU leads these pages of the device's addresses to gpa .."""
		for i in range(0, npages * PAGE, PAGE):
			self.dev.dma_map(self.guest.mem, addr + i, PAGE, gpa + i, flags)

	def mappings(self):
		m = self.guest.emu.control(f"mappings {self.name}")
		return m["identity"], m["count"], m["bytes"]

	def probe(self, op, addr, length=4096):
		"""None if the DMA went through, else why it was refused."""
		return self.guest.emu.control(
			f"probe {self.name} {op} {addr:#x} {length}").get("reason")

	def stats(self):
		return self.guest.emu.stats(self.name)
