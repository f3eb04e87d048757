# SPDX-License-Identifier: GPL-2.0
"""Config space, BARs, DOE, interrupts, and what a locked TDI does not survive."""

import random
import struct
import time

import vfu
from guest import ERROR, Guest, LOCKED, RUN, UNLOCKED
from harness import Emulator, claim

TDIS = ("nvme0", "dma0")
IDS = {"tsm": (0x7d50, 0x088000), "nvme0": (0x7d52, 0x010802), "dma0": (0x7d51, 0xff0000)}
ONES = b"\xff" * 4


class Regs:
	"""The registers of one TDI, found through its capabilities."""

	def __init__(self, dev):
		self.pm_csr = dev.find_cap(vfu.CAP_PM) + 4
		self.devctl = dev.find_cap(vfu.CAP_PCIE) + 8
		self.lnkctl = dev.find_cap(vfu.CAP_PCIE) + 0x10
		self.devctl2 = dev.find_cap(vfu.CAP_PCIE) + 0x28
		self.msix = dev.find_cap(vfu.CAP_MSIX) + 2
		self.stream = dev.find_ecap(vfu.ECAP_IDE) + 0xc
		self.doe = dev.find_ecap(vfu.ECAP_DOE)


# ---- what is there -----------------------------------------------------------------

@claim("ids, class and header are those of the documentation")
def ids():
	with Emulator() as emu:
		for name, (device, cls) in IDS.items():
			with emu.connect(name) as dev:
				assert dev.cfg_read32(0) == 0x1234 | device << 16
				assert dev.cfg_read32(8) >> 8 == cls
				assert dev.cfg_read8(0x0e) == 0 and dev.cfg_read8(0x3d) == 0
				assert dev.cfg_read32(0x2c) == 0x1234 | device << 16
				assert dev.cfg_read16(6) & 0x10


@claim("a TDI has PM, PCIe with FLR and TEE-IO, MSI-X of 8, DOE, IDE, VSEC, DSN")
def capabilities():
	with Emulator() as emu:
		for name, handle in (("nvme0", 1), ("dma0", 101)):
			with emu.connect(name) as dev:
				pcie = dev.find_cap(vfu.CAP_PCIE)
				assert dev.cfg_read16(pcie + 2) == 0x0002
				assert dev.cfg_read32(pcie + 4) & 0x50000000 == 0x50000000
				assert dev.find_cap(vfu.CAP_PM)
				msix = dev.find_cap(vfu.CAP_MSIX)
				assert dev.cfg_read16(msix + 2) == 7
				assert (dev.cfg_read32(msix + 4), dev.cfg_read32(msix + 8)) == (4, 0x1004)
				vsec = dev.find_ecap(vfu.ECAP_VSEC)
				assert dev.cfg_read32(vsec + 4) == 0x7d15 | 1 << 16 | 0x10 << 20
				assert dev.handle() == handle
				assert dev.cfg_read32(dev.find_ecap(vfu.ECAP_DSN) + 4) == handle
				ide = dev.find_ecap(vfu.ECAP_IDE)
				assert dev.cfg_read32(ide + 4) & 0xff0002 == 2
				assert dev.cfg_read32(ide + 0xc + 4) & 1
				assert dev.cfg_read32(ide + 0xc + 8) == 2
				assert dev.find_ecap(vfu.ECAP_DOE)
		with emu.connect("tsm") as dev:
			pcie = dev.find_cap(vfu.CAP_PCIE)
			assert pcie and not dev.cfg_read32(pcie + 4) & 0x50000000
			assert not dev.find_cap(vfu.CAP_MSIX) and dev.cfg_read32(0x100) == 0
			assert dev.cfg_read16(dev.find_cap(vfu.CAP_MSI) + 2) == 0x0080


@claim("BARs have the announced size and type, and keep what is written")
def bars():
	with Emulator() as emu:
		for name in TDIS + ("tsm",):
			want = {0: (16384, 4), 2: (16384, 4), 4: (8192, 0)} if name != "tsm" else \
				{0: (4096, 0)}
			with emu.connect(name) as dev:
				for bar, (size, kind) in want.items():
					reg = 0x10 + 4 * bar
					dev.cfg_write32(reg, 0xffffffff)
					assert dev.cfg_read32(reg) == (-size & 0xffffffff) | kind
					dev.cfg_write32(reg, 0xfe000000 + (bar << 16) + 0xfff)
					assert dev.cfg_read32(reg) == 0xfe000000 + (bar << 16) | kind
					if kind:
						dev.cfg_write32(reg + 4, 0xffffffff)
						assert dev.cfg_read32(reg + 4) == 0xffffffff
						dev.cfg_write32(reg + 4, 0x12)
						assert dev.cfg_read32(reg + 4) == 0x12
				dev.cfg_write32(0x30, 0xffffffff)
				assert dev.cfg_read32(0x30) == 0		# no ROM
				if name == "tsm":
					dev.cfg_write32(0x14, 0xffffffff)
					assert dev.cfg_read32(0x14) == 0
			if name != "tsm":
				with emu.connect(name) as dev:
					dev.enable(base=0x38_0000_0000)
					f = [f for f in emu.control("functions")["functions"]
					     if f["name"] == name][0]
					assert f["bars"] == [0x38_0000_0000, 0, 0x38_0000_4000, 0, 0x8000, 0]
					assert f["command"] == 6 and f["connected"]


@claim("read-only registers are")
def read_only():
	with Emulator() as emu:
		rnd = random.Random(5)
		for name in TDIS + ("tsm",):
			with emu.connect(name) as dev:
				before = dev.cfg_read(0, 4096)
				doe = dev.find_ecap(vfu.ECAP_DOE)
				free = [4, 0xc, 0x3c] + list(range(0x10, 0x28, 4))
				if name != "tsm":
					r = Regs(dev)
					free += [r.pm_csr, r.msix & ~3, r.stream + 4, r.stream + 8]
					free += list(range(r.stream + 0xc, r.stream + 0x20, 4))
				msi = dev.find_cap(vfu.CAP_MSI)
				if msi:
					free += range(msi, msi + 0x10, 4)
				pcie = dev.find_cap(vfu.CAP_PCIE)
				free += [pcie + 8, pcie + 0x10, pcie + 0x28]
				for reg in range(0, 4096, 4):
					if reg in free or (doe and doe < reg < doe + 0x18):
						continue
					dev.cfg_write32(reg, 0xffffffff)
					dev.cfg_write32(reg, rnd.getrandbits(32))
				assert dev.cfg_read(0, 4096) == before


@claim("a write of bytes changes those bytes, wherever it begins and ends")
def byte_lanes():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		dev.cfg_write8(0x3c, 0x5a)
		assert dev.cfg_read32(0x3c) & 0xffff == 0x5a
		dev.region_write(7, 0x0c, b"\x10")
		assert dev.cfg_read8(0x0c) == 0x10
		# Command, then everything to BAR 2 in one go
		dev.region_write(7, 5, bytes([0x04, 0, 0]) + bytes(8) +
				 struct.pack("<IIII", 0xfe000000, 1, 0xfe004000, 2))
		assert dev.cfg_read16(4) == 0x400
		assert dev.cfg_read(0x10, 16) == struct.pack("<IIII", 0xfe000004, 1, 0xfe004004, 2)
		dev.cfg_write8(0x11, 0x80)
		assert dev.cfg_read32(0x10) == 0xfe008004 & 0xffffc004 | 0
		dev.cfg_write16(4, 6)
		assert dev.cfg_read(4, 2) == b"\x06\x00"
		assert emu.stats("nvme0")["command_writes"] == 2


@claim("D1 and D2 are not entered, D3hot hides the BARs and its end resets all but them")
def power():
	with Emulator() as emu, emu.connect("dma0") as dev:
		csr = Regs(dev).pm_csr
		dev.enable()
		bar = dev.cfg_read32(0x10)
		for state in (1, 2):
			dev.cfg_write16(csr, state)
			assert dev.cfg_read16(csr) == 0
		dev.cfg_write16(csr, 3)
		assert dev.cfg_read16(csr) == 3
		assert dev.bar_read(0, 0, 4) == ONES
		assert emu.control("probe dma0 read 0 4")["reason"] == "bus-master-off"
		dev.cfg_write16(csr, 0)
		assert dev.cfg_read16(4) == 0 and dev.cfg_read32(0x10) == bar
		assert emu.stats("dma0")["resets"] == 1


# ---- BARs ---------------------------------------------------------------------------

@claim("without Memory Space Enable BARs read ones and ignore writes")
def mse_off():
	with Emulator() as emu:
		for name in TDIS + ("tsm",):
			with emu.connect(name) as dev:
				assert dev.bar_read(0, 0, 4) == ONES
				dev.enable(tdi=name != "tsm")
				assert dev.bar_read(0, 0, 4) != ONES
				if name == "tsm":
					continue
				dev.bar_write32(2, 0, 0x11223344)
				dev.set_command(vfu.CMD_BME)
				assert dev.bar_read(2, 0, 4) == ONES
				dev.bar_write32(2, 0, 0)
				dev.set_command(vfu.CMD_BME | vfu.CMD_MSE)
				assert dev.bar_read32(2, 0) == 0x11223344
		assert emu.stats("dma0")["mmio_refused"] == 0


@claim("BAR 2 is memory, at any width")
def scratch():
	with Emulator() as emu:
		for name in TDIS:
			with emu.connect(name) as dev:
				dev.enable()
				assert dev.bar_read(2, 0, 16384) == bytes(16384)
				data = random.Random(2).randbytes(16384)
				dev.bar_write(2, 0, data)
				assert dev.bar_read(2, 0, 16384) == data
				dev.bar_write(2, 3, b"ab", posted=True)
				dev.bar_write64(2, 16376, 1)
				assert dev.bar_read(2, 0, 8) == data[:3] + b"ab" + data[5:8]
				assert dev.bar_read64(2, 16376) == 1
				dev.bar_write(4, 0, b"\x55" * 8192)
				assert dev.bar_read(4, 0, 8192) == bytes(8192)


@claim("the DMA test function fills, moves, sums, refuses and interrupts")
def dmatest():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = vfu.GuestMemory(4 << 20)
		dev.dma_map(mem)
		dev.enable()
		dev.msix_on()
		def cmd(c, gpa=0, length=0, seed=0):
			dev.bar_write64(0, 8, gpa)
			dev.bar_write32(0, 0x10, length)
			dev.bar_write32(0, 0x18, seed)
			dev.bar_write32(0, 4, c)
			return dev.bar_read32(0, 0x14)
		assert dev.bar_read32(0, 0) == 0x4d444454 and dev.bar_read32(0, 0x14) == 0
		assert cmd(3, length=1 << 20, seed=7) == 1
		want = bytes((7 + i) & 0xff for i in range(256)) * 4096
		assert cmd(2, 0x100800, 1 << 20) == 1
		assert mem.read(0x100800, 1 << 20) == want
		assert mem.read(0x100000, 0x800) == bytes(0x800)
		mem.write(0x5000, b"\x01\x02\x03\xff")
		assert cmd(1, 0x5000, 4) == 1
		assert dev.bar_read32(0, 0x1c) == 0x105
		assert cmd(1, 0x3fffff, 2) == 2		# not RAM: refused whole
		assert dev.bar_read32(0, 0x1c) == 0x03	# of the buffer as it was
		assert cmd(1, 0, (1 << 20) + 1) == 3 and cmd(0) == 3 and cmd(5) == 3
		assert cmd(4) == 1 and dev.irq_wait(0) == 1
		dev.bar_write(0, 5, b"\x04\0\0\0")
		dev.bar_write(0, 4, b"\x04")
		assert dev.irq_wait(0, 0.1) == 0
		s = emu.stats("dma0")
		assert s["dma_bytes_open"] == (1 << 20) + 4 and s["dma_ok"] == 2
		assert s["dma_refused_bytes"] == 2 and s["interrupts"] == 1


# ---- interrupts -------------------------------------------------------------------------

@claim("an interrupt goes out with MSI-X enabled and Bus Master set, and not else")
def msix_gate():
	with Emulator() as emu, emu.connect("dma0") as dev:
		r = Regs(dev)
		dev.enable()
		dev.msix_on()
		def fire():
			dev.bar_write32(0, 4, 4)
			return dev.irq_wait(0, 0.1)
		assert fire() == 1
		dev.set_command(vfu.CMD_MSE)
		assert fire() == 0
		dev.enable()
		assert dev.irq_wait(0, 0.1) == 0 and fire() == 1
		dev.cfg_write16(r.msix, 0)
		assert fire() == 0
		dev.cfg_write16(r.msix, 0x8000)
		assert dev.irq_wait(0, 0.1) == 0 and fire() == 1
		assert emu.stats("dma0")["interrupts"] == 3


@claim("an interrupt under the function mask is pending, seen in the PBA, and sent later")
def msix_pending():
	with Emulator() as emu, emu.connect("dma0") as dev:
		r = Regs(dev)
		dev.enable()
		dev.msix_on()
		dev.cfg_write16(r.msix, 0xc000)
		dev.bar_write32(0, 4, 4)
		assert dev.irq_wait(0, 0.1) == 0
		assert dev.bar_read64(4, 0x1000) == 1
		dev.cfg_write16(r.msix, 0x8000)
		assert dev.irq_wait(0) == 1 and dev.bar_read64(4, 0x1000) == 0
		# a vector without an eventfd is masked in the table
		dev.set_irqs(vfu.IRQ_MSIX, 0, [], count=1)
		dev.bar_write32(0, 4, 4)
		assert dev.bar_read32(4, 0x1000) == 1
		dev.set_irqs(vfu.IRQ_MSIX, 0, [dev.irqs[0]])
		assert dev.irq_wait(0) == 1 and dev.bar_read64(4, 0x1000) == 0


@claim("--msi: MSI of 8 instead of MSI-X, no BAR 4, and a report that says the same")
def msi_capability():
	with Emulator("--msi") as emu, Guest(emu) as g:
		g.enter()
		for name in TDIS:
			t = g.tdi(name)
			msi = t.dev.find_cap(vfu.CAP_MSI)
			assert t.dev.cfg_read16(msi + 2) == 0x0086 and not t.dev.find_cap(vfu.CAP_MSIX)
			assert t.dev.irq_info(vfu.IRQ_MSI) == (9, 8)
			assert t.dev.irq_info(vfu.IRQ_MSIX)[1] == 0 and t.dev.region_info(4)[1] == 0
			t.dev.cfg_write32(0x20, 0xffffffff)
			assert t.dev.cfg_read32(0x20) == 0
			t.lock(flags=4)			# LOCK_MSIX, with nothing to lock
			t.measure()
			report = t.object(10)
			assert struct.unpack_from("<HHHHI", report) == (2, 0, 0, 0, 0)
			count, = struct.unpack_from("<I", report, 12)
			ids = [struct.unpack_from("<I", report, 28 + 16 * i)[0] for i in range(count)]
			assert ids == [0, 2 << 16], ids
			t.start_allow()
			assert t.start() == 2
			# while it runs: Enable, address, data, all of it allowed
			t.dev.cfg_write32(msi + 4, 0xfee00000)
			t.dev.cfg_write32(msi + 8, 1)
			t.dev.cfg_write16(msi + 12, 0x4041)
			t.dev.msi_on()
			assert t.dev.cfg_read16(msi + 2) == 0x00b7
			assert t.dev.cfg_read(msi + 4, 10) == struct.pack("<QH", 0x1fee00000, 0x4041)
			assert t.info().state == RUN and t.stats()["errors"] == 0


@claim("--msi: an interrupt goes out with MSI enabled and Bus Master set, and not else")
def msi_gate():
	with Emulator("--msi") as emu, emu.connect("dma0") as dev:
		dev.enable()
		def fire():
			dev.bar_write32(0, 4, 4)
			return dev.irq_wait(0, 0.1)
		dev.msi_on()
		ctrl = dev.find_cap(vfu.CAP_MSI) + 2
		assert fire() == 1
		dev.set_command(vfu.CMD_MSE)
		assert fire() == 0
		dev.enable()
		dev.cfg_write16(ctrl, dev.cfg_read16(ctrl) & ~1)
		assert fire() == 0
		# between Enable and the eventfds of it: late, but not lost
		dev.set_irqs(vfu.IRQ_MSI, 0, [], flags=0x21, count=0)
		dev.cfg_write16(ctrl, dev.cfg_read16(ctrl) | 1)
		assert fire() == 0
		dev.set_irqs(vfu.IRQ_MSI, 0, [dev.irqs[0]])
		assert dev.irq_wait(0) == 1
		assert emu.stats("dma0")["interrupts"] == 2


# ---- DOE ----------------------------------------------------------------------------------

@claim("DOE discovery lists itself and CMA-SPDM, then ends")
def doe_discovery():
	with Emulator() as emu:
		for name in TDIS:
			with emu.connect(name) as dev:
				seen, index = [], 0
				while True:
					got = dev.doe(1, 0, bytes([index]))
					assert got[:2] == (1, 0) and len(got[2]) == 4
					vendor, kind, index = struct.unpack("<HBB", got[2])
					seen.append((vendor, kind))
					if not index:
						break
				assert seen == [(1, 0), (1, 1)]
				assert dev.doe(1, 0, b"\x07")[2] == b"\xff\xff\0\0"


@claim("DOE carries SPDM: GET_VERSION is answered, and nonsense by an SPDM ERROR")
def doe_spdm():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		vendor, kind, body = dev.doe(1, 1, b"\x10\x84\0\0")
		assert (vendor, kind) == (1, 1) and body[:2] == b"\x10\x04"
		assert 0x1200 in struct.unpack_from(f"<{body[5]}H", body, 6)
		for bad in (b"\x12\x99\0\0", b"\xff" * 64, b"\x10\x84", b""):
			got = dev.doe(1, 1, bad)
			assert got is None or got[2][1] in (0x7f, 0x04), got
			dev.cfg_write32(dev.find_ecap(vfu.ECAP_DOE) + 8, 1)
		assert dev.doe(1, 1, b"\x10\x84\0\0")[2] == body


@claim("DOE objects of the wrong length or too large set Error, and Abort clears it")
def doe_errors():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		cap = dev.find_ecap(vfu.ECAP_DOE)
		def go(data):
			dev.doe_put(cap, data)
			dev.cfg_write32(cap + 8, 1 << 31)
			return dev.cfg_read32(cap + 0xc)
		def abort():
			dev.cfg_write32(cap + 8, 1)
			assert dev.cfg_read32(cap + 0xc) == 0
		hdr = struct.pack
		for data in (b"", hdr("<I", 1), hdr("<II", 1, 2), hdr("<II", 1, 3),
			     hdr("<III", 1, 2, 0), hdr("<III", 1, 4, 0), hdr("<III", 1, 0, 0),
			     hdr("<IIII", 1, 4, 0, 0)):
			assert go(data) == 4, data
			assert go(hdr("<III", 1, 3, 0)) == 4		# sticks
			abort()
		assert go(bytes(4 * 17000)) == 4
		abort()
		# the last answer is unread
		assert go(hdr("<III", 1, 3, 0)) == 1 << 31
		assert go(hdr("<III", 1, 3, 0)) & 4
		abort()
		assert dev.doe_get(cap) == 0
		# an unknown type is dropped in silence
		assert dev.doe(1, 9, b"") is None and dev.doe(0x1234, 0, b"") is None
		assert dev.doe(1, 0, b"\0")
		# reads have no effect: QEMU reads all of config space at once
		go(hdr("<III", 1, 3, 0))
		for _ in range(3):
			assert dev.cfg_read(0, 4096)[cap + 0x14:cap + 0x18] == hdr("<I", 1)
		assert [dev.doe_get(cap) for _ in range(4)] == [1, 3, 0x01000001, 0]
		# parts of a dword are no writes
		dev.region_write(7, cap + 0x10, b"\1\2")
		dev.region_write(7, cap + 0x12, b"\1\2")
		assert dev.doe(1, 0, b"\0")


# ---- reset ------------------------------------------------------------------------------------

def dirty(dev):
	dev.enable()
	dev.msix_on()
	dev.cfg_write8(0x3c, 11)
	dev.bar_write32(2, 0, 0x12345678)
	dev.doe_put(dev.find_ecap(vfu.ECAP_DOE), bytes(8))


@claim("FLR, a DEVICE_RESET and a new connection give config space as it was")
def resets():
	with Emulator() as emu:
		for name in TDIS:
			with emu.connect(name) as dev:
				clean, r = dev.cfg_read(0, 4096), Regs(dev)
				for reset in (dev.reset,
					      lambda: dev.cfg_write16(r.devctl, 0x8000 | dev.cfg_read16(r.devctl)),
					      lambda: emu.control(f"flr {name}")):
					dirty(dev)
					reset()
					assert dev.cfg_read(0, 4096) == clean
					dev.enable()
					assert dev.bar_read32(2, 0) == 0
					assert dev.doe(1, 0, b"\0")
					dev.reset()
				dirty(dev)
			with emu.connect(name) as dev:
				assert dev.cfg_read(0, 4096) == clean
			assert emu.stats(name)["errors"] == 0


@claim("a reset or the end of the mailbox opens memory and stops every TDI")
def mailbox_reset():
	with Emulator() as emu, Guest(emu) as g:
		for end in (lambda: g.dev.reset(), lambda: g.dev.close()):
			g.enter()
			for name in TDIS:
				t = g.tdi(name)
				t.dev.enable(base=t.base)
				t.run()
			end()
			deadline = time.time() + 5	# the end of a connection takes a moment
			while g.owner(0x100000) not in ("open", "none"):
				assert time.time() < deadline, "memory stays closed"
			states = {f["name"]: f["state"] for f in emu.control("functions")["functions"]}
			assert all(states[n] == "CONFIG_UNLOCKED" for n in TDIS), states
			if g.dev.sock.fileno() >= 0:
				g.dev.enable(base=0xfd000000, tdi=False)


# ---- the tracking table -----------------------------------------------------------------------

def flip(dev, reg, bits, width=16):
	read, write = {16: (dev.cfg_read16, dev.cfg_write16),
		       32: (dev.cfg_read32, dev.cfg_write32)}[width]
	write(reg, read(reg) ^ bits)


# What is done, and the reason that has to be counted (None: it is allowed).
TRACKED = [
	("MSE cleared", lambda d, r: d.set_command(4), "mse-cleared"),
	("BME cleared", lambda d, r: d.set_command(2), "bme-cleared"),
	("INTx disabled, SERR set", lambda d, r: d.set_command(0x506), None),
	("Command written as it is", lambda d, r: d.set_command(6), None),
	("BAR 0 moved", lambda d, r: d.cfg_write32(0x10, 0xfd000000), "bar-write"),
	("BAR 0 sized", lambda d, r: d.cfg_write32(0x10, 0xffffffff), "bar-write"),
	("BAR 0 high half", lambda d, r: d.cfg_write32(0x14, 1), "bar-write"),
	("BAR 2 moved", lambda d, r: d.cfg_write8(0x19, 0x80), "bar-write"),
	("BAR 4 moved", lambda d, r: d.cfg_write32(0x20, 0), "bar-write"),
	("BAR 0 written as it is", lambda d, r: d.cfg_write32(0x10, d.cfg_read32(0x10)), None),
	("read-only BAR 5 written", lambda d, r: d.cfg_write32(0x24, 0xffffffff), None),
	("ROM BAR that is not there", lambda d, r: d.cfg_write32(0x30, 0xfffff800), None),
	("interrupt line", lambda d, r: d.cfg_write8(0x3c, 11), None),
	("cache line size", lambda d, r: d.cfg_write8(0x0c, 16), None),
	("D3hot", lambda d, r: d.cfg_write16(r.pm_csr, 3), "power-state"),
	("D0 again", lambda d, r: d.cfg_write16(r.pm_csr, 0), None),
	("MPS and MRRS", lambda d, r: flip(d, r.devctl, 0x1020), None),
	("relaxed ordering, error reporting", lambda d, r: flip(d, r.devctl, 0x001f), None),
	("extended tags", lambda d, r: flip(d, r.devctl, 0x0100), "extended-tag"),
	("no snoop", lambda d, r: flip(d, r.devctl, 0x0800), "no-snoop"),
	("phantom functions, not there", lambda d, r: flip(d, r.devctl, 0x0200), None),
	("FLR", lambda d, r: flip(d, r.devctl, 0x8000), "flr"),
	("completion timeout", lambda d, r: flip(d, r.devctl2, 0x0005), None),
	("10-bit tags", lambda d, r: flip(d, r.devctl2, 0x1000), "10-bit-tag"),
	("link control", lambda d, r: flip(d, r.lnkctl, 0x0040), None),
	("MSI-X, not locked", lambda d, r: d.cfg_write16(r.msix, 0x8000), None),
	("DOE", lambda d, r: d.doe(1, 0, b"\0"), None),
	("IDE stream disabled", lambda d, r: flip(d, r.stream + 4, 1, 32), "ide-stream"),
	("IDE stream id", lambda d, r: flip(d, r.stream + 4, 1 << 24, 32), "ide-stream"),
	("IDE RID association", lambda d, r: d.cfg_write32(r.stream + 0x0c, 0x100), "ide-rid"),
	("IDE RID association 2", lambda d, r: d.cfg_write32(r.stream + 0x10, 0), "ide-rid"),
	("IDE address association", lambda d, r: d.cfg_write32(r.stream + 0x18, 1), "ide-address"),
	("DEVICE_RESET", lambda d, r: d.reset(), "reset"),
]


def tracked_in(state, name):
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi(name)
		clean, regs = t.dev.cfg_read(0, 4096), Regs(t.dev)
		for what, do, reason in TRACKED:
			t.dev.reset()
			assert t.dev.cfg_read(4, 4092)[:0x20] != clean[4:0x24]
			t.dev.enable(base=t.base)
			emu.control("stats reset")
			if state == UNLOCKED:
				reason = None
			elif state == LOCKED:
				t.attest()
			else:
				t.run()
			assert t.info().state == state
			do(t.dev, regs)
			want = ERROR if reason else state
			assert t.info().state == want, f"{what}: {t.info().state}, expected {want}"
			got = emu.stats(name)["error_reasons"]
			assert got == ({reason: 1} if reason else {}), f"{what}: {got}"
			t.stop()
			assert t.info().state == UNLOCKED


@claim("the tracking table, row by row, for a TDI in CONFIG_LOCKED")
def tracked_locked():
	tracked_in(LOCKED, "nvme0")


@claim("the tracking table, row by row, for a TDI in RUN")
def tracked_run():
	tracked_in(RUN, "dma0")


@claim("no write is a violation while CONFIG_UNLOCKED")
def tracked_unlocked():
	tracked_in(UNLOCKED, "nvme0")


@claim("MSI-X control is tracked if LOCK_MSIX was asked for")
def tracked_msix():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		ctrl = Regs(t.dev).msix
		t.lock(flags=4)
		t.dev.cfg_write16(ctrl, 0)
		assert t.info().state == LOCKED
		t.dev.cfg_write16(ctrl, 0x8000)
		assert t.info().state == ERROR
		assert t.stats()["error_reasons"] == {"msix": 1}


def strict_case(args, name, before, do, reason):
	with Emulator(*args) as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi(name)
		for state in (LOCKED, RUN, UNLOCKED):
			t.dev.set_command(before)
			if state == LOCKED:
				t.lock()
			elif state == RUN:
				t.run()
			emu.control("stats reset")
			do(t.dev)
			want = ERROR if reason and state != UNLOCKED else state
			assert t.info().state == want, (args, state, t.info().state)
			got = t.stats()["error_reasons"]
			assert got == ({reason: 1} if want == ERROR else {}), got
			t.stop()


@claim("--strict: setting Bus Master Enable, or any write to Command, is a violation")
def strict():
	both = ("--strict", "bme,command")
	for args, before, do, reason in (
		((), 2, lambda d: d.set_command(6), None),
		(("--strict", "bme"), 2, lambda d: d.set_command(6), "bme-set"),
		(("--strict", "bme"), 6, lambda d: d.set_command(6), None),
		(("--strict", "bme"), 6, lambda d: d.set_command(2), "bme-cleared"),
		(("--strict", "command"), 6, lambda d: d.set_command(6), "command-write"),
		(("--strict", "command"), 6, lambda d: d.cfg_write8(5, 0), "command-write"),
		(("--strict", "command"), 6, lambda d: d.cfg_write16(6, 0xffff), None),
		(("--strict", "command"), 6, lambda d: d.set_command(2), "bme-cleared"),
		(both, 2, lambda d: d.set_command(6), "bme-set"),
		(("--strict", "bme", "--strict", "command"), 6, lambda d: d.set_command(6),
		 "command-write"),
	):
		strict_case(args, "dma0", before, do, reason)


ALL_ECAPS = [0x01, 0x02, 0x03, 0x08, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x16, 0x17,
	     0x18, 0x1a, 0x1b, 0x1e, 0x1f, 0x23, 0x24, 0x28, 0x29, 0x2b, 0x2e, 0x2f, 0x30]


def chain(dev):
	caps, ecaps, at = [], [], dev.cfg_read8(0x34)
	while at:
		caps.append(dev.cfg_read8(at))
		at = dev.cfg_read8(at + 1)
	at = 0x100
	while at:
		ecaps.append(dev.cfg_read32(at) & 0xffff)
		at = dev.cfg_read32(at) >> 20
	return sorted(caps), sorted(ecaps)


@claim("--registers all: every capability of the table is there, few as before")
def registers():
	with Emulator("--registers", "all") as emu:
		for name in TDIS:
			with emu.connect(name) as dev:
				assert chain(dev) == ([0x01, 0x03, 0x05, 0x10, 0x11, 0x14], ALL_ECAPS)
				dev.cfg_write32(0x30, 0xfffff800)
				assert dev.cfg_read32(0x30) == 0xfffff000
				assert dev.region_info(6) == (1, 4096)
				assert dev.region_read(6, 0, 4096) == bytes(4096)
				assert dev.cfg_read8(0x0f) == 0x80
				clean = dev.cfg_read(0, 4096)
				for reg in range(0x200, 4096, 4):
					dev.cfg_write32(reg, 0xffffffff)
				assert dev.cfg_read(0, 4096) != clean
				dev.reset()
				dev.cfg_write32(0x30, 0xfffff800)
				assert dev.cfg_read(0, 4096) == clean
		with emu.connect("tsm") as dev:
			assert chain(dev) == ([0x05, 0x10], [0])
	for args in ((), ("--registers", "few")):
		with Emulator(*args) as emu, emu.connect("dma0") as dev:
			assert chain(dev) == ([0x01, 0x10, 0x11], [0x03, 0x0b, 0x2e, 0x30])


@claim("--registers all: VPD transfers end, and the report tells of ATS, PRI and TPH")
def registers_report():
	with Emulator("--registers", "all") as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		vpd = t.dev.find_cap(0x03)
		t.dev.cfg_write32(vpd + 4, 0x12345678)
		t.dev.cfg_write16(vpd + 2, 0x8004)
		assert t.dev.cfg_read16(vpd + 2) == 0x0004
		t.dev.cfg_write16(vpd + 2, 0x0004)
		assert t.dev.cfg_read16(vpd + 2) == 0x8004
		def report():
			t.lock()
			data = t.object(10)
			t.stop()
			return struct.unpack_from("<HHHHI", data)
		assert report() == (3, 0, 0, 0, 0)
		t.dev.cfg_write16(t.dev.find_ecap(vfu.ECAP_ATS) + 6, 0x8000)
		assert report() == (0xb, 0, 0, 0, 0)
		t.dev.cfg_write16(t.dev.find_ecap(vfu.ECAP_PRI) + 4, 1)
		t.dev.cfg_write32(t.dev.find_ecap(vfu.ECAP_TPH) + 8, 0x101)
		assert report() == (0x1b, 0, 0, 0, 0x101)


EVENTS = ("ide-insecure", "poisoned-tlp", "t-bit", "requester-id", "session-end")


@claim("an event of the device or its link is ERROR without a reset, from LOCKED and RUN")
def events():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		for event in EVENTS:
			for state in (UNLOCKED, LOCKED, RUN):
				if state == LOCKED:
					t.lock()
				elif state == RUN:
					t.run()
				emu.control("stats reset")
				emu.control(f"error dma0 {event}")
				assert t.info().state == (state and ERROR), event
				assert t.stats()["error_reasons"] == ({event: 1} if state else {})
				if state:
					assert t.probe("read", 0x100000) == "error-state"
				emu.control(f"error dma0 {event}")
				assert t.stats()["errors"] == (1 if state else 0)
				assert t.stats()["resets"] == 0 and t.dev.cfg_read16(4) == 6
				t.stop()
				assert t.info().state == UNLOCKED
		assert '"ok":false' in emu.control_raw("error dma0 flr")


@claim("a function that is gone reads ones, takes nothing, does nothing, and is not RUN")
def gone():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		for name in TDIS:
			t = g.tdi(name)
			clean = t.dev.cfg_read(0x40, 4000)
			t.dev.msix_on()
			t.run()
			emu.control(f"gone {name}")
			assert t.dev.cfg_read(0, 4096) == b"\xff" * 4096
			for bar in (0, 2, 4):
				assert t.dev.bar_read(bar, 0, 8) == b"\xff" * 8
			t.dev.enable(base=0xfd000000)		# and does not take
			t.dev.bar_write32(0, 4, 4)		# dma0: an interrupt
			t.dev.reset()
			emu.control(f"flr {name}")
			assert t.dev.cfg_read32(4) == 0xffffffff
			assert t.dev.irq_wait(0, 0.1) == 0
			assert t.probe("read", 0x100000) == "gone"
			info = t.info()
			assert (info.state, info.dma_mode, info.mmio_accepted) == (ERROR, 0, 0)
			assert t.refused(0x201, struct.pack("<H6x", 1)) == 3	# LOCK: STATE
			emu.control(f"back {name}")
			assert t.info().state == ERROR
			assert t.dev.cfg_read32(4) == 0x100000 and t.dev.cfg_read32(0x10) == 4
			assert t.dev.cfg_read(0x40, 4000) == clean
			t.dev.enable(base=t.base)
			assert t.probe("read", 0x100000) == "error-state"
			assert t.stats()["error_reasons"] == {"gone": 1}
			t.stop()
			t.run()


@claim("STOP ends what is gone, LOCK of it fails, and what was unlocked comes back so")
def gone_stop():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		emu.control("gone dma0")
		assert t.stop() == UNLOCKED and t.info().state == UNLOCKED
		for _ in range(2):
			assert t.refused(0x201, struct.pack("<H6x", 1)) == 9	# DEVICE
			assert t.info().state == UNLOCKED
		emu.control("back dma0")
		t.dev.enable(base=t.base)
		t.run()
		t.stop()
		emu.control("gone dma0")
		assert t.info().state == UNLOCKED
		t.dev.close()
		emu.control("back dma0")
		t.dev = emu.connect("dma0")
		t.dev.dma_map(g.mem)
		t.dev.enable(base=t.base)
		t.run()
		assert t.stats()["error_reasons"] == {"gone": 1}


@claim("--one-device: a reset of the PF is one of its VFs, a VF's is its own")
def one_device_reset():
	with Emulator("--one-device", "--nvme", "0", "--dma", "3") as emu, Guest(emu) as g:
		g.enter()
		pf, *vfs = tdis = [g.tdi(f"dma{i}") for i in range(3)]
		def states():
			return [t.info().state for t in tdis]
		def again():
			for t in tdis:
				t.stop()
				t.dev.enable(base=t.base)
				t.run()
			emu.control("stats reset")
		again()
		emu.control("flr dma1")
		assert states() == [RUN, ERROR, RUN]
		again()
		vfs[1].dev.reset()
		assert states() == [RUN, RUN, ERROR]
		for do in (lambda: emu.control("flr dma0"), pf.dev.reset,
			   lambda: flip(pf.dev, Regs(pf.dev).devctl, 0x8000)):
			again()
			do()
			assert states() == [ERROR] * 3
			for t in vfs:
				assert t.stats()["error_reasons"] == {"pf-reset": 1}
				assert t.stats()["resets"] == 1 and t.dev.cfg_read16(4) == 0
		again()
		emu.control("error dma2 t-bit")
		emu.control("gone dma0")
		assert states() == [ERROR, RUN, ERROR]
		emu.control("back dma0")
		again()
		emu.control("error dma1 session-end")
		assert states() == [ERROR] * 3
		for t in tdis:
			assert t.stats()["error_reasons"] == {"session-end": 1}
		# unplugged, not reset: the others stay
		again()
		pf.dev.close()
		end = time.time() + 5
		while pf.info().state == RUN:
			assert time.time() < end
		assert states() == [ERROR, RUN, RUN]
	with Emulator("--nvme", "0", "--dma", "2") as emu, Guest(emu) as g:
		g.enter()
		a, b = g.tdi("dma0"), g.tdi("dma1")
		a.run()
		b.run()
		emu.control("flr dma0")
		emu.control("error dma0 session-end")
		assert (a.info().state, b.info().state) == (ERROR, RUN)


@claim("the host's FLR is a violation, too, and only the first one counts")
def host_flr():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		emu.control("flr dma0")
		assert t.info().state == ERROR
		t.dev.enable(base=t.base)
		t.dev.set_command(0)
		assert t.info().state == ERROR
		assert t.stats()["error_reasons"] == {"flr": 1} and t.stats()["errors"] == 1


@claim("a TDI that is unplugged is in ERROR until it is stopped, and reaches nothing private")
def unplugged():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		assert t.probe("read", 0x100000) is None
		t.dev.close()
		t.dev = emu.connect("dma0")
		t.dev.dma_map(g.mem)
		t.dev.enable(base=t.base)
		assert t.info().state == ERROR
		assert t.stats()["error_reasons"] == {"unplugged": 1}
		assert t.probe("read", 0x100000) == "error-state"
		t.stop()
		assert t.info().state == UNLOCKED
		assert t.probe("read", 0x100000) == "private-page"
		t.run()
		assert t.probe("read", 0x100000) is None


@claim("in RUN a TEE range that was not accepted reads ones and ignores writes")
def mmio_refused():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.dev.bar_write32(2, 0x1000, 0x11111111)
		t.attest()
		t.mmio_accept(0, 0, 4, t.bar_gpa(0))
		t.mmio_accept(1, 0, 1, t.bar_gpa(2))	# the first page of four
		t.start_allow()
		assert t.start() == RUN
		assert t.dev.bar_read32(0, 0) == 0x4d444454
		t.dev.bar_write32(2, 0, 0x22222222)
		assert t.dev.bar_read32(2, 0) == 0x22222222
		before = t.stats()["mmio_refused"]
		assert t.dev.bar_read32(2, 0x1000) == 0xffffffff
		t.dev.bar_write32(2, 0x1000, 0)
		# one access, two pages: refused as a whole, either way round
		assert t.dev.bar_read(2, 0xffc, 8) == b"\xff" * 8
		t.dev.bar_write(2, 0xffc, bytes(8))
		assert t.dev.bar_read(2, 0, 16384) == b"\xff" * 16384
		assert t.stats()["mmio_refused"] == before + 5
		assert t.dev.bar_read32(4, 0x1000) == 0		# NON_TEE
		t.stop()
		assert t.dev.bar_read32(2, 0x1000) == 0		# nothing is left behind
