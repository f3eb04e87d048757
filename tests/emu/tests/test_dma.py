# SPDX-License-Identifier: GPL-2.0
"""
DMA behind an IOMMU of the guest's, and the modes: what an address leads to, and
whether the function may go there. What the states without a mode allow is in
test_tsm.py.
"""

import random
import struct
import time

import guest
import vfu
from guest import DIRECT, ERROR, Guest, IOMMU, NONE, PAGE, RUN, SPLIT, UNLOCKED
from harness import Emulator, claim
from nvme import Nvme, READ, WRITE

PRIVATE, SHARED = 0x100000, 0x200000	# pages, eight of each kind
VTOM = 1 << 40
# Device addresses that lead to them: no page has both
TO_PRIVATE, TO_SHARED, TO_NOTHING = 0xfff00000, 0xffe00000, 0xfff10000

MODES = ((DIRECT, 0), (IOMMU, 0), (SPLIT, VTOM))


class Setup:
	"""A guest that entered, with eight pages shared, and a TDI."""

	def __init__(self, *args, name="dma0"):
		self.emu = Emulator(*args)
		self.g = Guest(self.emu)
		self.g.enter()
		self.g.share(SHARED, 8)
		self.t = self.g.tdi(name)

	def translate(self):
		self.t.iommu_on()
		self.t.iova(TO_PRIVATE, PRIVATE, 8)
		self.t.iova(TO_SHARED, SHARED, 8)

	def reaches(self, addr, gpa, length=PAGE):
		"""Writes and reads go to gpa: None, or why they do not. True to the bytes."""
		self.g.mem.write(gpa, b"\x11" * length)
		reason = self.t.probe("write", addr, length)
		changed = self.g.mem.read(gpa, length) == b"\xee" * length
		assert changed == (reason is None), (hex(addr), reason)
		assert changed or self.g.mem.read(gpa, length) == b"\x11" * length
		assert self.t.probe("read", addr, length) == reason
		return reason

	def both(self):
		"""(private page, shared page), by translated addresses"""
		return self.reaches(TO_PRIVATE, PRIVATE), self.reaches(TO_SHARED, SHARED)

	def same(self, reason, *addrs):
		"""Every one of these is refused for this reason, whole, and counted."""
		before = self.t.stats()
		for addr in addrs:
			for op in ("read", "write"):
				found = self.t.probe(op, addr)
				assert found == reason, (hex(addr), op, found)
		after = self.t.stats()
		n = 2 * len(addrs)
		assert after["dma_refused"] - before["dma_refused"] == n
		assert after["dma_refused_bytes"] - before["dma_refused_bytes"] == n * PAGE
		assert after["refused_reasons"][reason] - \
			before["refused_reasons"].get(reason, 0) == n
		assert after["dma_ok"] == before["dma_ok"]

	def __enter__(self):
		return self

	def __exit__(self, kind, *exc):
		self.g.close()
		self.emu.stop(check=kind is None)


# ---- translation ----------------------------------------------------------------

@claim("an address leads where the function's mapping says, whatever its number is")
def translated():
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("dma0")
		t.iommu_on()
		t.iova(0x300000, PRIVATE)
		t.iova(TO_PRIVATE, 0x300000)
		assert t.probe("write", 0x300000, 16) is None
		assert g.mem.read(PRIVATE, 17) == b"\xee" * 16 + b"\0"
		assert g.mem.read(0x300000, 16) == bytes(16)
		assert t.probe("write", TO_PRIVATE + 8, 16) is None
		assert g.mem.read(0x300000, 25) == bytes(8) + b"\xee" * 16 + b"\0"
		assert t.probe("read", PRIVATE) == "unmapped-iova"
		assert t.stats()["dma_bytes_open"] == 32


@claim("pages that follow one another for the device may be anywhere, in any order")
def scattered():
	with Setup() as s:
		g, t = s.g, s.t
		t.iommu_on()
		order = random.Random(5).sample(range(8), 8)
		for i, p in enumerate(order):
			t.iova(TO_SHARED + i * PAGE, SHARED + p * PAGE)
		t.dev.bar_write64(0, 0x08, TO_SHARED + 100)		# ADDRESS
		t.dev.bar_write32(0, 0x10, 7 * PAGE)			# LENGTH
		t.dev.bar_write32(0, 0x18, 3)				# SEED
		for command in (3, 2):					# FILL, WRITE
			t.dev.bar_write32(0, 0x04, command)
			assert t.dev.bar_read32(0, 0x14) == 1
		seen = b"".join(g.mem.read(SHARED + p * PAGE, PAGE) for p in order)
		assert seen[100:100 + 7 * PAGE] == bytes((3 + i) & 0xff for i in range(7 * PAGE))
		assert seen[:100] == bytes(100) and not any(seen[100 + 7 * PAGE:])


@claim("ownership is judged for the page that is reached, not for the address")
def judged_by_gpa():
	with Setup() as s:
		s.t.iommu_on()
		s.t.iova(SHARED, PRIVATE)		# the number of a shared page, and
		s.t.iova(PRIVATE, SHARED)		# the other way round
		assert s.reaches(SHARED, PRIVATE) == "private-page"
		assert s.reaches(PRIVATE, SHARED) is None
		s.g.private(SHARED)			# the page changes hands, not the mapping
		assert s.reaches(PRIVATE, SHARED) == "private-page"
		s.g.share(PRIVATE)
		assert s.reaches(SHARED, PRIVATE) is None
	with Setup() as s:
		s.t.run()
		s.t.iommu_on()
		s.t.iova(SHARED, PRIVATE)
		s.t.iova(PRIVATE, SHARED)
		assert s.reaches(SHARED, PRIVATE) is None
		assert s.reaches(PRIVATE, SHARED) == "shared-page"


@claim("what is not mapped is unmapped-iova behind an IOMMU, in every state and mode")
def unmapped():
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("dma0")
		t.iommu_on()
		assert t.probe("read", PRIVATE) == "unmapped-iova"
	for mode, vtom in MODES:
		with Setup() as s:
			s.translate()
			nowhere = (TO_NOTHING, PRIVATE, SHARED, 0, guest.RAM, 1 << 40)
			s.same("unmapped-iova", *nowhere)
			s.t.attest()
			s.same("unmapped-iova", *nowhere)
			s.t.accept(mode, vtom)
			s.same("unmapped-iova", *nowhere)
			s.t.start_allow()
			assert s.t.start() == RUN
			s.same("unmapped-iova", *nowhere)
			s.t.iommu_on()
			s.same("unmapped-iova", *nowhere, TO_PRIVATE, TO_SHARED)


@claim("what is unmapped is out of reach before DMA_UNMAP is answered")
def revoked():
	with Setup() as s:
		s.t.run(IOMMU)
		s.t.iommu_on()
		for i in range(50):
			s.t.iova(TO_PRIVATE, PRIVATE + i % 8 * PAGE)
			assert s.reaches(TO_PRIVATE, PRIVATE + i % 8 * PAGE) is None
			s.t.dev.dma_unmap(TO_PRIVATE, PAGE)
			s.same("unmapped-iova", TO_PRIVATE)
		assert s.t.mappings() == (False, 0, 0)


@claim("a page may be mapped more than once, and one unmapping leaves the others")
def twice():
	with Setup() as s:
		s.t.run(IOMMU)
		s.t.iommu_on()
		at = [TO_PRIVATE, TO_NOTHING, 0x5000, PRIVATE]
		for a in at:
			s.t.iova(a, PRIVATE)
		assert s.t.mappings() == (False, 4, 4 * PAGE)
		while at:
			for a in at:
				assert s.reaches(a, PRIVATE) is None
			s.t.dev.dma_unmap(at.pop(), PAGE)
			assert s.t.mappings() == (False, len(at), len(at) * PAGE)
		s.same("unmapped-iova", TO_PRIVATE, TO_NOTHING, 0x5000, PRIVATE)


@claim("what is mapped for reading only is read, not written, through an IOMMU as well")
def read_only():
	with Setup() as s:
		s.t.run(IOMMU)
		s.t.iommu_on()
		s.t.iova(TO_PRIVATE, PRIVATE, flags=vfu.MAP_READ)
		assert s.t.probe("read", TO_PRIVATE) is None
		assert s.t.probe("write", TO_PRIVATE) == "unmapped-iova"
		assert s.g.mem.read(PRIVATE, PAGE) == bytes(PAGE)


@claim("an access is refused whole if one page of it is not mapped, or is not allowed")
def whole():
	for reason in ("unmapped-iova", "shared-page"):
		with Setup() as s:
			s.t.run(IOMMU)
			s.t.iommu_on()
			s.t.iova(TO_PRIVATE, PRIVATE, 3)
			if reason == "shared-page":
				s.t.iova(TO_PRIVATE + 3 * PAGE, SHARED)
			for first, n in ((0, 4), (3, 1), (2, 2)):
				assert s.t.probe("write", TO_PRIVATE + first * PAGE, n * PAGE) == reason
			assert s.t.probe("write", TO_PRIVATE + 3 * PAGE - 1, 2) == reason
			assert s.g.mem.read(PRIVATE, 3 * PAGE) == bytes(3 * PAGE)
			assert s.g.mem.read(SHARED, PAGE) == bytes(PAGE)
			assert s.t.probe("write", TO_PRIVATE, 3 * PAGE) is None
			assert s.t.stats()["dma_write_bytes_private"] == 3 * PAGE


@claim("what the guest maps for one function, it does not map for another")
def neighbour():
	with Setup("--dma", "2") as s:
		s.t.run(IOMMU)
		s.translate()
		other = s.g.tdi("dma1")
		other.run(IOMMU)
		other.iommu_on()
		assert other.probe("read", TO_PRIVATE) == "unmapped-iova"
		assert s.reaches(TO_PRIVATE, PRIVATE) is None
		other.iova(TO_PRIVATE, PRIVATE + PAGE)
		assert other.probe("write", TO_PRIVATE) is None
		assert s.g.mem.read(PRIVATE + PAGE, PAGE) == b"\xee" * PAGE
		s.t.dev.dma_unmap(TO_PRIVATE, 8 * PAGE)
		assert other.probe("read", TO_PRIVATE) is None


class Scattered:
	"""Memory as a function behind an IOMMU sees it: no page where it is for the guest."""

	def __init__(self, tdi, base, npages):
		self.mem, self.base = tdi.guest.mem, base
		self.gpa = [PRIVATE + i * PAGE for i in range(npages)]
		random.Random(9).shuffle(self.gpa)
		for i, gpa in enumerate(self.gpa):
			tdi.iova(base + i * PAGE, gpa)

	def pieces(self, addr, length):
		while length:
			n = min(length, PAGE - addr % PAGE)
			yield self.gpa[(addr - self.base) // PAGE] + addr % PAGE, n
			addr, length = addr + n, length - n

	def read(self, addr, length):
		return b"".join(self.mem.read(at, n) for at, n in self.pieces(addr, length))

	def write(self, addr, data):
		for at, n in self.pieces(addr, len(data)):
			self.mem.write(at, data[:n])
			data = data[n:]


@claim("nvme: queues, PRP lists and data are found through the IOMMU, private pages all")
def nvme_translated():
	with Setup(name="nvme0") as s:
		s.t.run(IOMMU)
		s.t.iommu_on()
		mem = Scattered(s.t, 0xffc00000, 200)
		n = Nvme(s.t.dev, mem, mem.base)
		n.enable()
		n.add_queue(1)
		data = random.Random(3).randbytes(64 * PAGE)
		src, dst = mem.base + 32 * PAGE, mem.base + 100 * PAGE
		mem.write(src, data)
		n.io(WRITE, 0, 8 * 64, src)
		n.io(READ, 0, 8 * 64, dst)
		assert mem.read(dst, 64 * PAGE) == data
		stats = s.t.stats()
		assert stats["dma_refused"] == 0 and stats["dma_read_bytes_shared"] == 0
		assert stats["dma_read_bytes_private"] > 64 * PAGE
		s.t.dev.dma_unmap(src, PAGE)
		try:
			n.io(WRITE, 0, 8, src)
			raise AssertionError("it read what is not mapped")
		except Exception as e:
			assert getattr(e, "status", None) == 4, e
		assert s.t.stats()["refused_reasons"] == {"unmapped-iova": 1}


# ---- RAM by guest physical address ------------------------------------------------

@claim("hypercalls find their pages by GPA, whatever an IOMMU does to the mailbox")
def mailbox_unmapped():
	with Emulator() as emu, Guest(emu) as g:
		g.dev.dma_unmap(0, 1 << 63)
		g.call(guest.TSM_INFO)
		g.enter()
		assert g.owner(PRIVATE) == "private" and g.owner(guest.RAM) == "none"
		g.share(PRIVATE, 2)
		assert g.owner(PRIVATE) == "shared"
		t = g.tdi("dma0")
		t.run()
		# what the numbers of its pages lead to for the function is of no interest
		for slot_page in (*g.pages(0, 0x100), *g.pages(0, 0x200)):
			g.dev.dma_map(g.mem, slot_page, PAGE, 0x300000)
		assert t.info().state == RUN
		t.stop()
		assert g.mem.read(0x300000, PAGE) == bytes(PAGE)
		g.dev.dma_map(g.mem, TO_PRIVATE, PAGE, 0x310000)	# mapped, but no GPA
		g.dev.bar_write64(0, g.reg(0, guest.REQUEST), TO_PRIVATE)
		g.ring()
		assert (g.status(), g.fault()) == (guest.FAULTED, guest.F_ADDRESS)


@claim("RAM is where its file was mapped first; a later mapping makes no other RAM")
def first_mapping():
	with Emulator() as emu, emu.connect("tsm") as dev:
		mem = vfu.GuestMemory(4 << 20)
		dev.enable(base=0xfd000000, tdi=False)
		# below and above a hole, as a VM with much memory has it
		dev.dma_map(mem, 0, 1 << 20, 0)
		dev.dma_map(mem, 1 << 32, 3 << 20, 1 << 20)
		dev.dma_map(mem, 0x80000000, 1 << 20, 1 << 20)		# translated

		def owner(gpa):
			return emu.control(f"page {gpa:#x}")["owner"]
		assert owner(0) == owner((1 << 32) + (3 << 20) - PAGE) == "open"
		assert owner(1 << 20) == owner(0x80000000) == owner((1 << 32) + (3 << 20)) == "none"
		dev.dma_unmap(0, 1 << 63)
		assert owner(0) == owner(1 << 32) == "open" and owner(1 << 20) == "none"
		dev.dma_map(mem, 1 << 20, 1 << 20, 0)
		assert owner(1 << 20) == "none"


@claim("what is known to be elsewhere, or in the place of RAM, is neither RAM nor displaces it")
def conflicts():
	with Emulator() as emu, emu.connect("tsm") as first, emu.connect("dma0") as dev:
		mem, other = vfu.GuestMemory(4 << 20), vfu.GuestMemory(1 << 20)
		first.dma_map(mem, 0, 2 << 20)
		dev.enable()
		dev.dma_map(mem, 0x80000000, 2 << 20, 1 << 20)	# half of it is known elsewhere
		dev.dma_map(other, (2 << 20) - PAGE)		# one page of it is taken
		for gpa in (0x80000000, 2 << 20):
			assert emu.control(f"page {gpa:#x}")["owner"] == "none", hex(gpa)
			assert emu.control(f"probe dma0 write {gpa:#x} 16")["result"] == "refused"
		assert emu.control(f"probe dma0 write {(2 << 20) - PAGE:#x} 16")["result"] == "refused"
		dev.dma_map(mem, 0x90000000, PAGE, (2 << 20) - PAGE)
		assert emu.control("probe dma0 write 0x90000000 16")["result"] == "ok"
		assert mem.read((2 << 20) - PAGE, 17) == b"\xee" * 16 + b"\0"
		assert other.read(0, 1 << 20) == bytes(1 << 20)


@claim("RAM that is mapped in pieces is one, in whatever order they come")
def pieces():
	with Emulator() as emu, emu.connect("tsm") as dev, emu.connect("dma0") as tdi:
		mem = vfu.GuestMemory(1 << 20)
		order = list(range(0, 256))
		random.Random(2).shuffle(order)
		# every fourth page first: no more than 64 pieces at any time
		for p in sorted(order, key=lambda p: p % 4 != 0):
			dev.dma_map(mem, p * PAGE, PAGE, p * PAGE)
		tdi.dma_map(mem, 0xf0000000, 1 << 20)
		tdi.enable()
		mem.write(0, bytes(1 << 20))
		assert emu.control("probe dma0 write 0xf0000000 0x100000")["result"] == "ok"
		assert mem.read(0, 1 << 20) == b"\xee" * (1 << 20)
		dev.dma_unmap(0, 1 << 20)
		dev.dma_map(mem)
		assert emu.control("mappings tsm") == {"ok": True, "identity": True, "count": 1,
						       "bytes": 1 << 20}


@claim("after ENTER no memory becomes RAM, and what is not RAM is not reached")
def no_new_ram():
	with Setup() as s:
		other = vfu.GuestMemory(1 << 20)
		for dev in (s.g.dev, s.t.dev):
			dev.dma_map(other, guest.RAM)
		assert s.g.owner(guest.RAM) == "none"
		for step in (lambda: None, s.t.run):
			step()
			s.same("not-ram", guest.RAM, guest.RAM + (1 << 20) - PAGE)
		assert other.read(0, 1 << 20) == bytes(1 << 20)
		assert s.t.mappings() == (True, 1, guest.RAM)


@claim("RAM stays known while one function has it, and is forgotten with the last")
def forgotten():
	with Emulator() as emu:
		with Guest(emu) as g:
			other = emu.connect("nvme0")
			other.dma_map(g.mem)
			other.dma_unmap(0, 1 << 63)
			assert g.owner(0) == "open"
		assert emu.control("page 0")["owner"] == "open"
		with emu.connect("tsm"):
			assert emu.control("page 0")["owner"] == "open"
		other.close()
		for _ in range(100):
			if emu.control("page 0")["owner"] == "none":
				break
			time.sleep(0.01)
		else:
			raise AssertionError("still known")


@claim("mappings: the identity map is all RAM where it is, but for holes below 1 MiB")
def identity():
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("dma0")
		assert t.mappings() == (True, 1, guest.RAM)
		assert emu.control("mappings tsm")["identity"]
		t.iommu_on()
		assert t.mappings() == (False, 0, 0)
		t.iova(SHARED, SHARED, 8)		# one to one is translation, too
		assert t.mappings() == (False, 8, 8 * PAGE)
		assert t.probe("read", PRIVATE) == "unmapped-iova"
		t.iommu_on()
		t.dev.dma_map(g.mem, 0, 0xc0000, 0)
		t.dev.dma_map(None, 0xc0000, 0x40000)	# ROM
		assert not t.mappings()[0]
		t.dev.dma_map(g.mem, 0x100000, guest.RAM - 0x100000, 0x100000)
		assert t.mappings() == (True, 2, guest.RAM - 0x40000)
		assert t.probe("read", 0xc0000) == t.probe("read", guest.RAM) == "not-ram"
		t.iova(TO_PRIVATE, PRIVATE)
		assert not t.mappings()[0]


@claim("unmapping everything, in ranges that were never mapped, is a success each time")
def huge_unmaps():
	with Setup() as s:
		s.t.run(IOMMU)
		for _ in range(3):
			s.translate()
			assert s.t.mappings() == (False, 16, 16 * PAGE)
			s.t.iommu_on()
			s.t.iommu_on()
			assert s.t.mappings() == (False, 0, 0)
			for size in (1 << 39, 1 << 47, 1 << 63):
				s.t.dev.dma_unmap(0, size)
			s.t.dev.dma_unmap(0, (1 << 64) - PAGE)
			s.same("unmapped-iova", TO_PRIVATE)
		s.t.dev.dma_map(s.g.mem)
		assert s.t.mappings()[0]


@claim("thousands of mappings come and go, and each leads where it was last made to")
def many():
	with Setup() as s:
		s.t.iommu_on()
		at = [0xf0000000 - i * PAGE for i in range(4000)]	# downwards, as kernels do
		for i, a in enumerate(at):
			s.t.iova(a, SHARED + i % 8 * PAGE)
		for i, a in enumerate(at):
			s.t.dev.dma_unmap(a, PAGE)
			s.t.iova(a, SHARED + (i + 1) % 8 * PAGE)
		assert s.t.mappings() == (False, 4000, 4000 * PAGE)
		assert s.reaches(at[3999], SHARED) is None
		s.t.iommu_on()
		assert s.t.mappings() == (False, 0, 0)


# ---- the modes ----------------------------------------------------------------------

@claim("bounced: private pages are refused, translated or not")
def bounced():
	with Setup() as s:
		for step in (lambda: None, s.t.lock, s.t.stop):
			step()
			s.same("private-page", PRIVATE, PRIVATE + 7 * PAGE, 0)
			assert s.reaches(SHARED, SHARED) is None
		s.translate()
		for step in (lambda: None, s.t.lock, s.t.stop):
			step()
			s.same("private-page", TO_PRIVATE, TO_PRIVATE + 7 * PAGE)
			assert s.both() == ("private-page", None)


@claim("direct: private pages and no others, translated or not")
def direct():
	with Setup() as s:
		s.t.run(DIRECT)
		i = s.t.info()
		assert (i.dma_mode, i.vtom) == (DIRECT, 0)
		assert s.reaches(PRIVATE, PRIVATE) is None
		s.same("shared-page", SHARED)
		s.same("not-ram", guest.RAM)
		s.translate()
		assert s.both() == (None, "shared-page")


@claim("iommu: private pages that are mapped; without translation, nothing")
def iommu():
	for order in ("accept-first", "start-first"):
		with Setup("--order", order) as s:
			s.t.run(IOMMU)
			i = s.t.info()
			assert (i.dma_mode, i.vtom) == (IOMMU, 0)
			# the identity map is no translation
			s.same("unmapped-iova", PRIVATE, SHARED, 0, guest.RAM)
			s.translate()
			assert s.both() == (None, "shared-page")
			s.same("shared-page", TO_SHARED)
			s.same("unmapped-iova", TO_NOTHING)
			s.g.share(PRIVATE)
			assert s.both() == ("shared-page", "shared-page")


@claim("split: private pages below vTOM, shared pages above it, and no confusion")
def split():
	for order in ("accept-first", "start-first"):
		with Setup("--order", order) as s:
			s.t.run(SPLIT, VTOM)
			i = s.t.info()
			assert (i.dma_mode, i.vtom) == (SPLIT, VTOM)
			assert s.reaches(PRIVATE, PRIVATE) is None
			assert s.reaches(VTOM + SHARED, SHARED) is None
			s.same("below-vtom-shared", SHARED, SHARED + 7 * PAGE)
			s.same("above-vtom-private", VTOM + PRIVATE, VTOM, VTOM + guest.RAM - PAGE)
			s.same("not-ram", guest.RAM, VTOM + guest.RAM, VTOM - PAGE, 2 * VTOM + SHARED)
			s.g.private(SHARED)
			assert s.reaches(SHARED, SHARED) is None
			assert s.reaches(VTOM + SHARED, SHARED) == "above-vtom-private"
			stats = s.t.stats()
			assert stats["dma_write_bytes_private"] == 2 * PAGE
			assert stats["dma_write_bytes_shared"] == PAGE


@claim("split: an access is judged page by page, across vTOM as well")
def split_whole():
	with Setup() as s:
		vtom = guest.RAM		# the lowest that there is
		s.t.run(SPLIT, vtom)
		assert s.t.probe("write", SHARED - PAGE, 2 * PAGE) == "below-vtom-shared"
		assert s.t.probe("write", vtom + SHARED + 7 * PAGE, 2 * PAGE) == "above-vtom-private"
		assert s.t.probe("write", vtom - PAGE, 2 * PAGE) == "above-vtom-private"
		assert s.g.mem.read(SHARED - PAGE, 10 * PAGE) == bytes(10 * PAGE)
		s.g.share(0)
		assert s.t.probe("write", vtom - PAGE, 2 * PAGE) is None
		assert s.g.mem.read(0, PAGE) == s.g.mem.read(vtom - PAGE, PAGE) == b"\xee" * PAGE


@claim("split behind an IOMMU: what is left of the address without vTOM is translated")
def split_translated():
	with Setup() as s:
		s.t.run(SPLIT, VTOM)
		s.translate()
		assert s.both() == (None, "below-vtom-shared")
		assert s.reaches(VTOM + TO_SHARED, SHARED) is None
		assert s.reaches(VTOM + TO_PRIVATE, PRIVATE) == "above-vtom-private"
		s.same("unmapped-iova", PRIVATE, VTOM + SHARED, VTOM + TO_NOTHING)


@claim("no mode reaches anything before RUN or without DMA_ENABLE")
def not_enabled():
	for mode, vtom in MODES:
		with Setup() as s:
			s.translate()
			s.t.attest()
			s.t.accept(mode, vtom)
			assert s.both() == ("private-page", None)	# CONFIG_LOCKED
			s.t.start_allow()
			s.t.start()
			assert s.reaches(TO_PRIVATE, PRIVATE) is None
			s.t.call(guest.DMA_DISABLE)
			s.same("dma-not-enabled", TO_PRIVATE, TO_SHARED, TO_NOTHING,
			       vtom + TO_SHARED, guest.RAM)


@claim("after a STOP a TDI reaches shared pages only, in whichever mode it was")
def stopped():
	for mode, vtom in MODES:
		with Setup() as s:
			s.translate()
			s.t.run(mode, vtom)
			assert s.reaches(TO_PRIVATE, PRIVATE) is None
			s.t.stop()
			i = s.t.info()
			assert (i.state, i.dma_mode, i.vtom) == (UNLOCKED, NONE, 0)
			assert s.both() == ("private-page", None)
			s.same("unmapped-iova", TO_NOTHING, VTOM + TO_SHARED)


@claim("in ERROR a TDI reaches nothing, in whichever mode it was")
def error():
	for mode, vtom in MODES:
		with Setup() as s:
			s.translate()
			s.t.run(mode, vtom)
			s.t.dev.reset()
			s.t.dev.set_command(6)
			s.same("error-state", TO_PRIVATE, TO_SHARED, TO_NOTHING, VTOM + TO_SHARED)
			i = s.t.info()
			assert (i.state, i.dma_mode, i.vtom) == (ERROR, NONE, 0)
			s.same("error-state", TO_PRIVATE, TO_SHARED, TO_NOTHING, VTOM + TO_SHARED)


@claim("without Bus Master Enable a TDI reaches nothing, in whichever mode it is")
def bus_master():
	for mode, vtom in MODES:
		with Setup() as s:
			s.translate()
			s.t.run(mode, vtom)
			assert s.reaches(TO_PRIVATE, PRIVATE) is None
			s.t.dev.set_command(2)		# which makes it ERROR as well
			s.same("bus-master-off", TO_PRIVATE, TO_SHARED, TO_NOTHING, VTOM + TO_SHARED)


# ---- DMA_ENABLE ---------------------------------------------------------------------

@claim("DMA_ENABLE: modes that there are; vTOM a power of two, above all RAM, with split")
def parameters():
	with Setup() as s:
		s.t.attest()

		def status(mode, vtom):
			return s.t.refused(guest.DMA_ENABLE, s.t.dma_payload(None, mode, vtom))
		for mode, vtom in ((NONE, 0), (4, 0), (0xffffffff, 0), (1 << 8 | DIRECT, 0),
				   (DIRECT, VTOM), (DIRECT, 1), (IOMMU, VTOM), (IOMMU, 1 << 63),
				   (SPLIT, 0), (SPLIT, 1), (SPLIT, PAGE), (SPLIT, 1 << 20),
				   (SPLIT, VTOM + 1), (SPLIT, VTOM + PAGE), (SPLIT, 3 << 30),
				   (SPLIT, VTOM | 2 << 20), (SPLIT, 1 << 21),	# in RAM
				   (SPLIT, guest.RAM >> 1), (SPLIT, (1 << 64) - 1)):
			assert status(mode, vtom) == guest.E_PARAM, (mode, hex(vtom))
			i = s.t.info()
			assert (i.dma_mode, i.vtom) == (NONE, 0)
		for vtom in (guest.RAM, 1 << 47, 1 << 63):
			s.t.dma_enable(mode=SPLIT, vtom=vtom)
			assert s.t.info().vtom == vtom
			s.t.call(guest.DMA_DISABLE)
			assert s.t.info().vtom == 0
		# NONCE and STATE come first
		assert s.t.refused(guest.DMA_ENABLE, s.t.dma_payload(bytes(24), 9, 1)) == guest.E_NONCE
		s.t.start_allow()
		s.t.start()
		assert status(9, 1) == guest.E_STATE


@claim("another mode, or vTOM, is STATE while one is enabled; the same again is OK")
def mode_change():
	ways = (*MODES, (SPLIT, 2 * VTOM))
	with Setup() as s:
		s.t.attest()
		for mode, vtom in ways:
			s.t.dma_enable(mode=mode, vtom=vtom)
			for other in ways:
				if other == (mode, vtom):
					s.t.dma_enable(mode=mode, vtom=vtom)
					continue
				assert s.t.refused(guest.DMA_ENABLE, s.t.dma_payload(None, *other)) \
					== guest.E_STATE
			assert s.t.refused(guest.DMA_ENABLE, s.t.dma_payload(None, 9, 0)) == guest.E_PARAM
			i = s.t.info()
			assert (i.dma_mode, i.vtom) == (mode, vtom)
			s.t.call(guest.DMA_DISABLE)
	with Setup("--order", "start-first") as s:
		s.t.run(SPLIT, VTOM)
		assert s.t.refused(guest.DMA_ENABLE, s.t.dma_payload()) == guest.E_STATE
		assert s.reaches(VTOM + SHARED, SHARED) is None
		s.t.call(guest.DMA_DISABLE)
		s.t.dma_enable()
		assert s.reaches(PRIVATE, PRIVATE) is None
		s.same("not-ram", VTOM + SHARED)


@claim("what ends a LOCK, or resets the VM, ends mode and vTOM")
def mode_ends():
	with Setup() as s:
		def enabled():
			s.t.attest()
			s.t.dma_enable(mode=SPLIT, vtom=VTOM)
			assert s.t.info().vtom == VTOM
		for end in ("relock dma0", "unlock dma0"):
			enabled()
			s.emu.control(end)
			i = s.t.info()
			assert (i.dma_mode, i.vtom) == (NONE, 0), end
			s.t.stop()
		enabled()
		s.g.dev.reset()
		s.g.dev.enable(base=0xfd000000, tdi=False)
		s.g.enter()
		i = s.t.info()
		assert (i.state, i.dma_mode, i.vtom) == (UNLOCKED, NONE, 0)


@claim("TDI_INFO says vTOM at offset 344, and DMA_ENABLE takes it at 32")
def wire():
	with Setup() as s:
		s.t.attest()
		s.t.call(guest.DMA_ENABLE, s.t.info().nonces() + struct.pack("<IIQ", 3, 0, 1 << 33))
		raw = s.t.call(guest.TDI_INFO)
		assert len(raw) == 352 and raw[2] == 3
		assert struct.unpack_from("<Q", raw, 344) == (1 << 33,)
