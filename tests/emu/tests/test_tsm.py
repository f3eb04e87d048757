# SPDX-License-Identifier: GPL-2.0
"""The TSM: who owns a page, what a TDI may do, and what the guest allowed."""

import struct

import guest
from harness import Emulator, claim
from guest import ERROR, Guest, LOCKED, PAGE, RUN, UNLOCKED

A_PAGE = 0x100000		# private unless a claim shares it
ONES = b"\xff" * 8
ORDERS = ("accept-first", "start-first")


def pages(gpa, npages):
	return struct.pack("<QQ", gpa, npages)


# ---- pages -------------------------------------------------------------------

@claim("all pages are open before ENTER, private after it, open again after LEAVE")
def enter_leave():
	with Emulator() as emu, Guest(emu) as g:
		assert g.owner(A_PAGE) == "open" and g.owner(guest.RAM) == "none"
		g.call(guest.TSM_ENTER)
		for gpa in range(0, guest.RAM, PAGE * 16):
			assert g.owner(gpa) == "private"
		g.share(A_PAGE)
		assert g.owner(A_PAGE) == "shared" and g.owner(guest.RAM) == "none"
		g.call(guest.TSM_LEAVE)
		assert g.owner(A_PAGE) == "open"
		g.call(guest.TSM_ENTER)
		assert g.owner(A_PAGE) == "private"


@claim("a page goes from private to shared and back, and keeps its content")
def convert():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.mem.write(A_PAGE, b"content")
		g.share(A_PAGE, 3)
		assert [g.owner(A_PAGE + i * PAGE) for i in range(4)] == ["shared"] * 3 + ["private"]
		g.private(A_PAGE + PAGE)
		assert [g.owner(A_PAGE + i * PAGE) for i in range(4)] == \
			["shared", "private", "shared", "private"]
		assert g.mem.read(A_PAGE, 7) == b"content"
		s = emu.control("stats")["tsm"]
		assert (s["pages_shared"], s["conversions"]) == (32 + 2, 32 + 4)


@claim("a conversion is all or nothing")
def all_or_nothing():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.share(A_PAGE + 2 * PAGE)
		before = emu.control("stats")["tsm"]
		assert g.refused(guest.PAGE_SHARE, pages(A_PAGE, 4)) == guest.E_PAGE
		assert [g.owner(A_PAGE + i * PAGE) for i in range(4)] == \
			["private", "private", "shared", "private"]
		assert g.refused(guest.PAGE_PRIVATE, pages(A_PAGE + 2 * PAGE, 2)) == guest.E_PAGE
		assert g.owner(A_PAGE + 2 * PAGE) == "shared"
		# The last page is not RAM.
		assert g.refused(guest.PAGE_SHARE, pages(guest.RAM - PAGE, 2)) == guest.E_PAGE
		assert g.owner(guest.RAM - PAGE) == "private"
		after = emu.control("stats")["tsm"]
		assert after["conversions"] == before["conversions"]
		assert after["pages_shared"] == before["pages_shared"]


@claim("to share a shared page, or to make a private page private, is PAGE")
def twice():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		assert g.refused(guest.PAGE_PRIVATE, pages(A_PAGE, 1)) == guest.E_PAGE
		g.share(A_PAGE)
		assert g.refused(guest.PAGE_SHARE, pages(A_PAGE, 1)) == guest.E_PAGE
		g.private(A_PAGE)
		assert g.refused(guest.PAGE_PRIVATE, pages(A_PAGE, 1)) == guest.E_PAGE


@claim("a range that is no range of pages is PARAM, memory that is not there PAGE")
def bad_ranges():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		for gpa, n in ((A_PAGE + 1, 1), (A_PAGE, 0), (A_PAGE, 1 << 52), (A_PAGE, (1 << 64) - 1),
			       ((1 << 64) - PAGE, 2)):
			assert g.refused(guest.PAGE_SHARE, pages(gpa, n)) == guest.E_PARAM, hex(gpa)
		for gpa, n in ((guest.RAM, 1), (1 << 40, 1), ((1 << 64) - 2 * PAGE, 1),
			       (A_PAGE, (1 << 51))):
			assert g.refused(guest.PAGE_SHARE, pages(gpa, n)) == guest.E_PAGE, hex(gpa)


@claim("LEAVE is refused while a TDI is not CONFIG_UNLOCKED")
def leave_locked():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.lock()
		assert g.refused(guest.TSM_LEAVE) == guest.E_STATE
		t.dev.set_command(2)
		assert t.info().state == ERROR
		assert g.refused(guest.TSM_LEAVE) == guest.E_STATE
		t.stop()
		g.call(guest.TSM_LEAVE)


# ---- what DMA reaches: the table, row by row --------------------------------------

class Reach:
	"""A TDI beside two pages, one of either kind, and what its DMA does to them."""

	def __init__(self, emu, name="dma0"):
		self.g = Guest(emu)
		self.g.enter()
		self.g.share(A_PAGE + PAGE)
		self.t = self.g.tdi(name)

	def __enter__(self):
		return self

	def __exit__(self, *exc):
		self.g.close()

	def one(self, gpa):
		"""None or a reason; the same for reads and writes, and true to the bytes."""
		self.g.mem.write(gpa, b"\x11" * PAGE)
		reason = self.t.probe("write", gpa)
		changed = self.g.mem.read(gpa, PAGE) != b"\x11" * PAGE
		assert changed == (reason is None), "what was said is not what was done"
		assert self.t.probe("read", gpa) == reason
		return reason

	def __call__(self):
		"""(private page, shared page)"""
		return self.one(A_PAGE), self.one(A_PAGE + PAGE)


@claim("DMA, memory open: all RAM, and nothing that is not RAM")
def dma_open():
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("dma0")
		assert t.probe("write", A_PAGE) is None
		assert g.mem.read(A_PAGE, PAGE) != bytes(PAGE)
		assert t.probe("read", guest.RAM) == "not-ram"
		assert t.probe("read", guest.RAM - PAGE, 2 * PAGE) == "not-ram"
		assert t.probe("read", (1 << 64) - PAGE, 2 * PAGE) == "not-ram"
		s = t.stats()
		assert s["dma_bytes_open"] == PAGE and s["dma_refused"] == 3


@claim("DMA, CONFIG_UNLOCKED and CONFIG_LOCKED: shared pages only")
def dma_unlocked_locked():
	for order in ORDERS:
		with Emulator("--order", order) as emu, Reach(emu) as reach:
			assert reach() == ("private-page", None)
			reach.t.lock()
			assert reach() == ("private-page", None)
			reach.t.measure()
			reach.t.start_allow()
			assert reach() == ("private-page", None)
			reach.t.stop()
			assert reach() == ("private-page", None)


@claim("DMA, CONFIG_LOCKED: enabling it does not open private pages before RUN")
def dma_enabled_locked():
	with Emulator() as emu, Reach(emu) as reach:
		reach.t.attest()
		reach.t.dma_enable()
		assert reach() == ("private-page", None)


@claim("DMA, RUN: none until it is enabled, then private pages and nothing else")
def dma_run():
	with Emulator("--order", "start-first") as emu, Reach(emu) as reach:
		reach.t.attest()
		reach.t.start_allow()
		reach.t.start()
		assert reach() == ("dma-not-enabled", "dma-not-enabled")
		reach.t.dma_enable()
		assert reach() == (None, "shared-page")
		reach.t.call(guest.DMA_DISABLE)
		assert reach() == ("dma-not-enabled", "dma-not-enabled")
	with Emulator() as emu, Reach(emu) as reach:
		reach.t.run()
		assert reach() == (None, "shared-page")


@claim("DMA, ERROR: none, and STOP gives shared pages back")
def dma_error():
	with Emulator() as emu, Reach(emu) as reach:
		reach.t.run()
		reach.t.dev.reset()
		reach.t.dev.set_command(6)
		assert reach() == ("error-state", "error-state")
		reach.t.stop()
		assert reach() == ("private-page", None)


@claim("DMA, Bus Master Enable clear: none, in any state")
def dma_bus_master():
	off = ("bus-master-off", "bus-master-off")
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("dma0")
		t.dev.set_command(2)
		assert t.probe("read", A_PAGE) == "bus-master-off"
	with Emulator() as emu, Reach(emu) as reach:
		reach.t.dev.set_command(2)
		assert reach() == off
		reach.t.lock()
		assert reach() == off
		reach.t.dev.set_command(6)
		assert reach() == ("private-page", None)
		reach.t.dev.set_command(2)	# ERROR
		assert reach() == off


@claim("DMA is refused whole if any page of it is, and no byte moves")
def dma_whole():
	with Emulator() as emu, Reach(emu) as reach:
		g, t = reach.g, reach.t
		g.share(A_PAGE + 2 * PAGE)		# private, shared, shared, private
		g.mem.write(A_PAGE, b"\x11" * 4 * PAGE)
		for gpa, n in ((A_PAGE, 3 * PAGE), (A_PAGE + PAGE, 3 * PAGE), (A_PAGE, 4 * PAGE),
			       (A_PAGE + PAGE - 1, 2), (A_PAGE + 3 * PAGE - 1, 2)):
			assert t.probe("write", gpa, n) == "private-page"
			assert g.mem.read(A_PAGE, 4 * PAGE) == b"\x11" * 4 * PAGE
		assert t.probe("write", A_PAGE + PAGE, 2 * PAGE) is None
		assert g.mem.read(A_PAGE, PAGE) == b"\x11" * PAGE
		assert g.mem.read(A_PAGE + 3 * PAGE, PAGE) == b"\x11" * PAGE
		s = t.stats()
		assert s["dma_refused"] == 5 and s["refused_reasons"] == {"private-page": 5}
		assert s["dma_refused_bytes"] == 10 * PAGE + 4
		assert s["dma_write_bytes_shared"] == 2 * PAGE and s["dma_ok"] == 1


@claim("bytes are counted by direction and by whose page they went to")
def dma_counters():
	with Emulator() as emu, Reach(emu) as reach:
		t = reach.t
		t.probe("read", A_PAGE + PAGE, 100)
		t.probe("write", A_PAGE + PAGE, 10)
		t.run()
		t.probe("read", A_PAGE, 1000)
		t.probe("write", A_PAGE, 500)
		s = t.stats()
		assert (s["dma_read_bytes_shared"], s["dma_write_bytes_shared"]) == (100, 10)
		assert (s["dma_read_bytes_private"], s["dma_write_bytes_private"]) == (1000, 500)
		assert (s["dma_bytes_open"], s["dma_ok"], s["dma_refused"]) == (0, 4, 0)


@claim("what one TDI is allowed, its neighbour is not")
def dma_neighbour():
	with Emulator("--dma", "2") as emu, Reach(emu) as reach:
		reach.t.run()
		other = reach.g.tdi("dma1")
		assert other.probe("read", A_PAGE) == "private-page"
		assert reach.t.probe("read", A_PAGE) is None


# ---- MMIO ------------------------------------------------------------------------

@claim("in RUN a page of TEE MMIO is reached once it is accepted, and no page else")
def mmio_per_page():
	with Emulator("--order", "start-first") as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.dev.bar_write64(2, 0x1008, 0x1122334455667788)
		t.attest()
		assert t.dev.bar_read64(2, 0x1008) == 0x1122334455667788	# LOCKED
		t.start_allow()
		t.start()
		assert t.dev.bar_read(2, 0x1008, 8) == ONES
		t.dev.bar_write64(2, 0x1008, 0)
		t.mmio_accept(1, 1, 1, t.bar_gpa(2) + PAGE)
		assert t.info().mmio_accepted == 1
		assert t.dev.bar_read64(2, 0x1008) == 0x1122334455667788	# not written
		assert t.dev.bar_read(2, 0x0ff8, 8) == ONES and t.dev.bar_read(2, 0x2000, 8) == ONES
		assert t.dev.bar_read(0, 0, 4) == ONES[:4]
		t.dev.bar_write64(2, 0x1008, 5)
		assert t.dev.bar_read64(2, 0x1008) == 5
		refused = t.stats()["mmio_refused"]
		assert refused == 5
		assert t.dev.bar_read(4, 0x1000, 8) != ONES			# NON_TEE
		t.call(guest.MMIO_RELEASE)
		assert t.info().mmio_accepted == 0
		assert t.dev.bar_read(2, 0x1008, 8) == ONES


@claim("in ERROR no TEE MMIO is reached, accepted or not; NON_TEE MMIO is")
def mmio_error():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		assert t.dev.bar_read(0, 0, 4) != ONES[:4]
		t.dev.set_command(2)		# BME cleared
		assert t.info().state == ERROR
		assert t.info().mmio_accepted == 0 and t.info().dma_mode == 0
		assert t.dev.bar_read(0, 0, 4) == ONES[:4]
		assert t.dev.bar_read(4, 0x1000, 8) != ONES
		t.stop()
		assert t.dev.bar_read(0, 0, 4) != ONES[:4]


@claim("what a TVM left in a TDI is gone when it is stopped")
def scrubbed():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		t.dev.bar_write64(2, 0x100, 0x5ec2e7)
		t.stop()
		assert t.dev.bar_read64(2, 0x100) == 0


@claim("MMIO_ACCEPT names a TEE range, pages of it once, where the BAR was at LOCK")
def mmio_ranges():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.attest()
		gpa = t.bar_gpa(0)

		def status(*a):
			return t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(*a))
		assert status(3, 0, 1, gpa) == guest.E_RANGE		# no such range
		assert status(0xffffffff, 0, 1, gpa) == guest.E_RANGE
		assert status(2, 0, 1, t.bar_gpa(4)) == guest.E_RANGE	# NON_TEE
		assert status(0, 0, 5, gpa) == guest.E_RANGE		# exceeded
		assert status(0, 4, 1, gpa + 4 * PAGE) == guest.E_RANGE
		assert status(0, 1, (1 << 64) - 1, gpa + PAGE) == guest.E_RANGE
		assert status(0, (1 << 64) - 1, 2, gpa - PAGE) == guest.E_RANGE
		assert status(0, 0, 1, gpa + PAGE) == guest.E_RANGE	# elsewhere
		assert status(0, 0, 1, t.bar_gpa(2)) == guest.E_RANGE
		assert status(0, 0, 1, gpa + 1) == guest.E_RANGE
		assert status(0, 0, 0, gpa) == guest.E_PARAM
		assert t.info().mmio_accepted == 0
		t.mmio_accept(0, 1, 2, gpa + PAGE)
		assert status(0, 0, 4, gpa) == guest.E_RANGE		# two are accepted
		assert t.info().mmio_accepted == 2
		t.mmio_accept(0, 0, 1, gpa)
		t.mmio_accept(0, 3, 1, gpa + 3 * PAGE)
		t.mmio_accept(1, 0, 4, t.bar_gpa(2))
		assert t.info().mmio_accepted == 8


@claim("a large range takes several MMIO_ACCEPTs, of at most 4096 pages each")
def mmio_chunks():
	with Emulator("--bar2-mib", "64") as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		gpa = 1 << 40
		t.dev.set_bar(2, gpa)
		t.attest()
		assert t.refused(guest.MMIO_ACCEPT,
				 t.mmio_accept_payload(1, 0, 4097, gpa)) == guest.E_PARAM
		for at in range(0, 16384, 4096):
			t.mmio_accept(1, at, 4096, gpa + at * PAGE)
		assert t.info().mmio_accepted == 16384
		assert t.stats()["mmio_accepts"] == 4
		f, = [f for f in emu.control("functions")["functions"] if f["name"] == "dma0"]
		assert f["mmio_accepted"] == 16384 and f["bars"][2] == gpa
		t.mmio_accept(0, 0, 4, t.bar_gpa(0))
		t.dma_enable()
		t.start_allow()
		assert t.start() == RUN
		t.dev.bar_write64(2, (64 << 20) - 8, 0x5ec2e7)
		assert t.dev.bar_read64(2, (64 << 20) - 8) == 0x5ec2e7
		assert t.dev.bar_read64(2, 0) == 0
		t.stop()
		assert t.dev.bar_read64(2, (64 << 20) - 8) == 0


@claim("--bar2: BAR 2 is reported with untrusted pages and with holes, which need no accept")
def bar2_reports():
	for how in ("mixed", "holes"):
		with Emulator("--bar2", how) as emu, Guest(emu) as g:
			g.enter()
			t = g.tdi("dma0")
			t.attest()
			report = t.object(guest.REPORT)
			assert struct.unpack_from("<I", report, 12)[0] == 5
			pages = [(first & 3, nr, attr & 4) for first, nr, attr in
				 (struct.unpack_from("<QII", report, 16 + 16 * i) for i in range(1, 4))]
			middle = (1, 2, 4) if how == "mixed" else (2, 1, 4)
			assert pages == [(0, 1, 0), middle, (3, 1, 0)], pages
			t.mmio_accept(0, 0, 4, t.bar_gpa(0))
			assert t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(
				2, 0, 1, t.bar_gpa(2) + middle[0] * PAGE)) == guest.E_RANGE
			t.mmio_accept(1, 0, 1, t.bar_gpa(2))
			t.dma_enable()
			t.start_allow()
			assert t.start() == RUN
			assert [t.dev.bar_read(2, p * PAGE, 8) == ONES for p in range(4)] == \
				[False, False, False, True]	# the last one was not accepted


# ---- locks, nonces, order ----------------------------------------------------------

@claim("TDI_INFO: what a LOCK sets and a STOP clears")
def info():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		i = t.info()
		assert (i.state, i.lock_flags, i.lock_nonce, i.meas_nonce, i.report_nonce) == \
			(UNLOCKED, 0, 0, 0, 0)
		assert i.bar == (0,) * 6 and i.digest_valid == 0 and i.dma_mode == 0
		assert t.lock(flags=1) == LOCKED
		i = t.info()
		assert (i.state, i.lock_flags) == (LOCKED, 1)
		assert i.lock_nonce and i.report_nonce and not i.meas_nonce
		assert i.bar == (t.bar_gpa(0), 0, t.bar_gpa(2), 0, t.bar_gpa(4), 0)
		assert i.digest_valid == 0b1011		# no measurement yet
		t.measure()
		i = t.info()
		assert i.meas_nonce and i.digest_valid == 0b1111
		assert t.stop() == UNLOCKED
		i = t.info()
		assert (i.state, i.lock_flags, i.lock_nonce, i.meas_nonce, i.report_nonce) == \
			(UNLOCKED, 0, 0, 0, 0)
		assert i.bar == (0,) * 6 and i.digest_valid & 0b1100 == 0


@claim("a LOCK brings new nonces and a new report, and takes the measurement away")
def relock():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		seen = set()
		for _ in range(5):
			t.attest()
			i = t.info()
			seen |= {i.lock_nonce, i.meas_nonce, i.report_nonce}
			report, certs = i.digest(guest.REPORT), i.digest(guest.CERTS)
			emu.control("relock nvme0")
			j = t.info()
			assert j.state == LOCKED and j.meas_nonce == 0 and j.digest(guest.MEASUREMENTS) is None
			assert j.digest(guest.REPORT) != report and j.digest(guest.CERTS) == certs
			assert j.lock_flags == 1
			t.stop()
		assert len(seen) == 15


@claim("a measurement brings a new measurement nonce and leaves the others")
def remeasure():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		t.attest()
		a = t.info()
		t.measure(b"\x55" * 32)
		b = t.info()
		assert a.meas_nonce != b.meas_nonce
		assert (a.lock_nonce, a.report_nonce) == (b.lock_nonce, b.report_nonce)
		assert a.digest(guest.MEASUREMENTS) != b.digest(guest.MEASUREMENTS)
		assert a.digest(guest.REPORT) == b.digest(guest.REPORT)


@claim("each stale or missing nonce makes ACCEPT, DMA_ENABLE and START_ALLOW fail")
def nonces():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")

		def all_refused(n):
			assert t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(
				0, 0, 1, t.bar_gpa(0), n)) == guest.E_NONCE
			assert t.refused(guest.DMA_ENABLE, t.dma_payload(n)) == guest.E_NONCE
			assert t.refused(guest.START_ALLOW, n) == guest.E_NONCE
		all_refused(bytes(24))
		t.lock()
		all_refused(t.info().nonces())		# 0 is current, but never valid
		t.measure()
		good = t.info().nonces()
		for at in range(0, 24, 8):
			for bad in (bytes(8), bytes((good[at] ^ 1,)) + good[at + 1:at + 8]):
				all_refused(good[:at] + bad + good[at + 8:])
		t.measure()
		all_refused(good)
		good = t.info().nonces()
		emu.control("relock dma0")
		all_refused(good)
		t.stop()
		all_refused(good)


@claim("accept-first: MMIO and DMA are accepted in CONFIG_LOCKED only")
def accept_first():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		assert struct.unpack_from("<II", g.call(guest.TSM_INFO))[1] == 5
		t = g.tdi("dma0")
		t.run()
		assert t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(
			0, 0, 1, t.bar_gpa(0))) == guest.E_STATE
		assert t.refused(guest.DMA_ENABLE, t.dma_payload()) == guest.E_STATE
		assert t.refused(guest.START_ALLOW, t.info().nonces()) == guest.E_STATE


@claim("start-first: MMIO and DMA are accepted in RUN only")
def start_first():
	with Emulator("--order", "start-first") as emu, Guest(emu) as g:
		g.enter()
		assert struct.unpack_from("<II", g.call(guest.TSM_INFO))[1] == 7
		t = g.tdi("dma0")
		t.attest()
		assert t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(
			0, 0, 1, t.bar_gpa(0))) == guest.E_STATE
		assert t.refused(guest.DMA_ENABLE, t.dma_payload()) == guest.E_STATE
		t.start_allow()
		t.start()
		t.accept()
		assert t.info().mmio_accepted == 8 and t.info().dma_mode == 1


@claim("no START without START_ALLOW, and one START for each")
def start_allow():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.attest()
		assert t.refused(guest.HOST_START) == guest.E_STATE
		assert t.info().state == LOCKED
		t.start_allow()
		t.measure()			# other evidence than it was given for
		assert t.refused(guest.HOST_START) == guest.E_STATE
		t.start_allow()
		emu.control("relock dma0")
		assert t.refused(guest.HOST_START) == guest.E_STATE
		t.measure()
		t.start_allow()
		assert t.start() == RUN
		assert t.refused(guest.HOST_START) == guest.E_STATE
		assert t.stats()["starts"] == 1


@claim("the host's calls are legal in their states only")
def host_states():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		assert t.refused(guest.HOST_MEASURE, bytes(32)) == guest.E_STATE
		assert t.refused(guest.HOST_START) == guest.E_STATE
		t.stop()
		t.lock()
		assert t.refused(guest.HOST_LOCK, struct.pack("<H6x", 1)) == guest.E_STATE
		t.measure()
		t.start_allow()
		t.start()
		t.measure()
		assert t.refused(guest.HOST_LOCK, struct.pack("<H6x", 1)) == guest.E_STATE
		t.dev.set_command(2)
		for call, payload in ((guest.HOST_LOCK, bytes(8)), (guest.HOST_START, b""),
				      (guest.HOST_MEASURE, bytes(32))):
			assert t.refused(call, payload) == guest.E_STATE
		assert t.stop() == UNLOCKED


@claim("a lock that the DSM refuses is DEVICE, and leaves CONFIG_UNLOCKED")
def lock_refused():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		for flags in (0x8, 0x10, 0x20, 0x8000, 0xffff):
			assert t.refused(guest.HOST_LOCK, struct.pack("<H6x", flags)) == guest.E_DEVICE
		t.dev.set_bar(2, t.bar_gpa(0))		# on top of BAR 0
		assert t.refused(guest.HOST_LOCK, bytes(8)) == guest.E_DEVICE
		i = t.info()
		assert i.state == UNLOCKED and i.lock_nonce == 0 and i.digest(guest.REPORT) is None
		t.dev.set_bar(2, t.bar_gpa(2))
		t.lock()


@claim("STOP disables DMA, releases MMIO and unlocks, from every state")
def stop():
	for order in ORDERS:
		with Emulator("--order", order) as emu, Guest(emu) as g:
			g.enter()
			t = g.tdi("dma0")

			def stopped():
				assert t.stop() == UNLOCKED
				i = t.info()
				assert (i.state, i.dma_mode, i.mmio_accepted, i.lock_nonce) == \
					(UNLOCKED, 0, 0, 0)
				assert t.probe("read", A_PAGE) == "private-page"
			stopped()
			t.attest()
			stopped()
			t.run()
			assert t.probe("read", A_PAGE) is None
			stopped()
			t.run()
			t.dev.reset()
			t.dev.enable(base=t.base)
			assert t.info().state == ERROR
			stopped()
			t.run()		# and it is as good as new
			assert t.probe("read", A_PAGE) is None


@claim("a TDI that was unplugged and stopped comes back and has forgotten what was allowed")
def reconnect():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		t.dev.close()
		t.stop()
		del g.tdis["dma0"]
		t = g.tdi("dma0", base=0xfe000000)
		t.stop()	# the end of a connection takes a moment
		i = t.info()
		assert (i.state, i.lock_nonce, i.dma_mode, i.mmio_accepted) == (UNLOCKED, 0, 0, 0)
		assert t.probe("read", A_PAGE) == "private-page"
		t.run()
