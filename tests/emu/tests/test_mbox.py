# SPDX-License-Identifier: GPL-2.0
"""The mailbox function: registers, slots, and who may have written a page."""

import struct
import time

import guest
import vfu
from harness import Emulator, claim
from guest import Guest, PAGE


@claim("the registers say what they are")
def registers():
	with Emulator() as emu, Guest(emu) as g:
		assert g.dev.bar_read32(0, guest.MAGIC) == 0x4d494454
		assert g.dev.bar_read32(0, guest.ABI) == 0x00020002
		assert 1 <= g.dev.bar_read32(0, guest.NR_SLOTS) <= 60
		assert g.status() == guest.IDLE and g.fault() == 0


@claim("a 64-bit register takes two halves, low half first")
def halves():
	with Emulator() as emu, Guest(emu) as g:
		g.dev.bar_write32(0, g.reg(3, guest.REQUEST), 0x89abcdef)
		g.dev.bar_write32(0, g.reg(3, guest.REQUEST) + 4, 0x01234567)
		assert g.dev.bar_read64(0, g.reg(3, guest.REQUEST)) == 0x0123456789abcdef
		g.dev.bar_write64(0, g.reg(3, guest.REPLY), 0xfedcba9876543210)
		assert g.dev.bar_read64(0, g.reg(3, guest.REPLY)) == 0xfedcba9876543210
		assert g.dev.bar_read64(0, g.reg(2, guest.REQUEST)) == 0


@claim("a write of another width rings no bell")
def odd_widths():
	with Emulator() as emu, Guest(emu) as g:
		for off, data in ((guest.DOORBELL, b"\1"), (guest.DOORBELL, b"\1\0"),
				  (guest.DOORBELL, bytes(8)), (guest.DOORBELL + 1, b"\1\0\0\0")):
			g.dev.bar_write(0, g.reg(0, off), data)
			assert g.status() == guest.IDLE
		g.dev.bar_write32(0, g.reg(0, guest.STATUS), guest.BUSY)
		assert g.status() == guest.IDLE


@claim("a reply carries the call, the version and the sequence number of its request")
def reply_header():
	with Emulator() as emu, Guest(emu) as g:
		for seq in (0, 1, 0x80000000, 0xffffffff):
			g.seq = seq - 1
			r = g.raw(guest.TSM_INFO)
			assert (r.call, r.version, r.seq, r.len, r.status) == \
				(guest.TSM_INFO, 1, seq, 32, 0)
		abi, flags, nr, _, name = struct.unpack("<IIII16s", r.payload)
		assert (abi, flags, nr) == (0x00020002, 4, 2)
		assert name == b"emulated".ljust(16, b"\0")


@claim("the header and the payload are all that is written into the reply page")
def reply_extent():
	with Emulator() as emu, Guest(emu) as g:
		g.raw(guest.TSM_INFO)
		assert g.mem.read(g.pages(0, 0x100)[1] + 16 + 32, PAGE - 48) == b"\xcc" * (PAGE - 48)
		assert g.raw(guest.TSM_LEAVE).status == guest.E_NOT_ENTERED
		assert g.mem.read(g.pages(0, 0x100)[1] + 16, PAGE - 16) == b"\xcc" * (PAGE - 16)


@claim("FAULT 1: a page is not RAM or not aligned")
def fault_address():
	with Emulator() as emu, Guest(emu) as g:
		ok = g.pages(0, 0x100)
		for bad in (guest.RAM, 0xfee00000, (1 << 64) - PAGE):
			g.dev.bar_write64(0, g.reg(0, guest.REQUEST), bad)
			g.dev.bar_write64(0, g.reg(0, guest.REPLY), ok[1])
			g.ring()
			assert (g.status(), g.fault()) == (guest.FAULTED, guest.F_ADDRESS)
			g.dev.bar_write64(0, g.reg(0, guest.REQUEST), ok[0])
			g.dev.bar_write64(0, g.reg(0, guest.REPLY), bad)
			g.ring()
			assert (g.status(), g.fault()) == (guest.FAULTED, guest.F_ADDRESS)
		assert g.faults(guest.TSM_INFO, pages=(ok[0] + 8, ok[1])) == guest.F_ADDRESS
		assert g.faults(guest.TSM_INFO, pages=(ok[0], ok[1] + 2048)) == guest.F_ADDRESS
		assert emu.control("stats")["tsm"]["faults"] == 8


@claim("FAULT 4: Bus Master Enable is clear")
def fault_bus_master():
	with Emulator() as emu, Guest(emu) as g:
		g.dev.set_command(2)
		assert g.faults(guest.TSM_ENTER) == guest.F_BUS_MASTER
		assert g.owner(0) == "open"		# and nothing came of it
		g.dev.set_command(6)
		g.call(guest.TSM_INFO)


@claim("FAULT 5: the header's version or length is wrong")
def fault_header():
	with Emulator() as emu, Guest(emu) as g:
		assert g.faults(guest.TSM_INFO, version=2) == guest.F_HEADER
		assert g.faults(guest.TSM_INFO, version=0) == guest.F_HEADER
		assert g.faults(guest.TSM_INFO, length=PAGE - 15) == guest.F_HEADER
		assert g.faults(guest.TSM_INFO, length=0xffffffff) == guest.F_HEADER
		assert g.raw(guest.TSM_INFO, length=PAGE - 16).status == guest.E_PARAM


@claim("FAULT 2, 3: a call of the TSM's class in a page that the host could write")
def fault_tsm_pages():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		private, shared = g.pages(0, 0x100), g.pages(0, 0x200)
		assert g.faults(guest.TSM_INFO, pages=(shared[0], private[1])) == guest.F_REQUEST_PAGE
		assert g.faults(guest.TSM_INFO, pages=(private[0], shared[1])) == guest.F_REPLY_PAGE
		g.call(guest.TSM_INFO)
		# No call at all is the TSM's to answer, too.
		assert g.faults(0x0300, pages=shared) == guest.F_REQUEST_PAGE
		assert g.refused(0x0300) == guest.E_CALL


@claim("FAULT 2, 3: a call of the host's class in a page that the host cannot reach")
def fault_host_pages():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		handle = g.tdi("nvme0").handle
		private, shared = g.pages(0, 0x100), g.pages(0, 0x200)
		for pages, why in (((private[0], shared[1]), guest.F_REQUEST_PAGE),
				   ((shared[0], private[1]), guest.F_REPLY_PAGE)):
			assert g.faults(guest.HOST_STOP, handle=handle, pages=pages) == why
		g.call(guest.HOST_STOP, handle=handle)


@claim("a faulted call leaves the reply page as it was")
def fault_writes_nothing():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		shared = g.pages(0, 0x200)
		g.faults(guest.TSM_INFO, pages=shared)
		assert g.mem.read(shared[1], PAGE) == b"\xcc" * PAGE


@claim("while memory is open only INFO and ENTER are answered")
def open_memory():
	with Emulator() as emu, Guest(emu) as g:
		handle = g.tdi("nvme0").handle
		for call in (guest.TSM_LEAVE, guest.PAGE_SHARE, guest.PAGE_PRIVATE, guest.TDI_INFO,
			     guest.MMIO_ACCEPT, guest.DMA_ENABLE, guest.START_ALLOW, guest.HOST_LOCK,
			     guest.HOST_STOP, guest.HOST_MEASURE, guest.OBJECT_SIZE, 0x01ff, 0x02ff):
			assert g.refused(call, handle=handle) == guest.E_NOT_ENTERED, hex(call)
		g.call(guest.TSM_INFO)
		g.call(guest.TSM_ENTER)
		assert g.refused(guest.TSM_ENTER) == guest.E_NOT_ENTERED


@claim("an unknown call is CALL, a payload of another length PARAM, an unknown TDI TDI")
def refusals():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		handle = g.tdi("nvme0").handle
		for call in (0x0105, 0x010f, 0x0116, 0x01ff, 0x0200, 0x0207, 0x02ff):
			assert g.refused(call, handle=handle) == guest.E_CALL, hex(call)
		sizes = {guest.TSM_INFO: 0, guest.TSM_LEAVE: 0, guest.PAGE_SHARE: 16,
			 guest.PAGE_PRIVATE: 16, guest.TDI_INFO: 0, guest.MMIO_ACCEPT: 56,
			 guest.MMIO_RELEASE: 0, guest.DMA_ENABLE: 40, guest.DMA_DISABLE: 0,
			 guest.START_ALLOW: 24, guest.HOST_LOCK: 8, guest.HOST_START: 0,
			 guest.HOST_STOP: 0, guest.HOST_MEASURE: 32, guest.OBJECT_SIZE: 8,
			 guest.OBJECT_READ: 16}
		for call, n in sizes.items():
			for wrong in {n + 1, n - 1 if n else 1}:
				assert g.refused(call, bytes(wrong), handle) == guest.E_PARAM, hex(call)
			if call < guest.TDI_INFO:
				continue
			for no in (0, 999, 0xffffffff):
				assert g.refused(call, bytes(n), no) == guest.E_TDI, hex(call)


@claim("slots are independent: a call in one does not wait for another")
def independent_slots():
	with Emulator() as emu, Guest(emu) as g:
		emu.control("silent on")
		for slot in range(4):
			g.send(guest.TSM_INFO, slot=slot)
		assert [g.status(s) for s in range(5)] == [guest.BUSY] * 4 + [guest.IDLE]
		g.abort(2)
		assert [g.status(s) for s in range(4)] == [1, 1, 0, 1]
		emu.control("silent off")
		assert [g.status(s) for s in range(4)] == [2, 2, 0, 2]
		seqs = [g.receive(guest.TSM_INFO, s).seq for s in (0, 1, 3)]
		assert seqs == [1, 2, 4]


@claim("a doorbell is ignored while the slot is BUSY")
def busy_doorbell():
	with Emulator() as emu, Guest(emu) as g:
		emu.control("silent on")
		g.send(guest.TSM_INFO)
		first = g.seq
		g.send(guest.TSM_INFO)
		emu.control("silent off")
		assert g.receive(guest.TSM_INFO).seq == first
		assert emu.control("stats")["tsm"]["calls_tsm"] == 1


@claim("the request is copied once, at the doorbell")
def copied_once():
	with Emulator() as emu, Guest(emu) as g:
		emu.control("silent on")
		g.send(guest.TSM_INFO)
		g.mem.write(g.pages(0, 0x100)[0], b"\xff" * PAGE)
		emu.control("silent off")
		r = g.receive(guest.TSM_INFO)
		assert (r.call, r.seq, r.status) == (guest.TSM_INFO, g.seq, 0)


@claim("after ABORT neither page is touched, and the next call is answered")
def aborted():
	with Emulator() as emu, Guest(emu) as g:
		emu.control("silent on")
		g.send(guest.TSM_ENTER)
		g.abort()
		assert g.status() == guest.IDLE
		emu.control("silent off")
		assert g.status() == guest.IDLE
		assert g.mem.read(g.pages(0, 0x100)[1], PAGE) == b"\xcc" * PAGE
		assert emu.control("stats")["tsm"]["late"] == 1
		g.call(guest.TSM_INFO)


@claim("a delayed call is answered after the delay, not before, and an aborted one never")
def delayed():
	with Emulator() as emu, Guest(emu) as g:
		emu.control("delay 300")
		start = time.monotonic()
		g.send(guest.TSM_INFO)
		g.send(guest.TSM_INFO, slot=1)
		g.abort(1)
		assert g.status() == guest.BUSY
		while g.status() == guest.BUSY:
			time.sleep(0.01)
		assert 0.29 <= time.monotonic() - start < 5
		g.receive(guest.TSM_INFO)
		assert g.status(1) == guest.IDLE
		emu.control("delay 0")
		g.call(guest.TSM_INFO)


@claim("a reply page that changed hands meanwhile is FAULT 3 and stays as it was")
def reply_changed_hands():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.share(0x80000, 2)
		emu.control("silent on")
		g.send(guest.HOST_STOP, handle=g.tdi("nvme0").handle, slot=1, pages=(0x80000, 0x81000))
		g.send(guest.PAGE_PRIVATE, struct.pack("<QQ", 0x81000, 1), slot=0)
		emu.control("silent off")
		assert g.status(0) == guest.DONE
		assert (g.status(1), g.fault(1)) == (guest.FAULTED, guest.F_REPLY_PAGE)
		assert g.mem.read(0x81000, PAGE) == b"\xcc" * PAGE


@claim("a reset of the mailbox is a reset of the VM")
def reset():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		tdi = g.tdi("nvme0")
		tdi.run()
		assert emu.control("functions")["functions"][1]["state"] == "RUN"
		g.dev.reset()
		assert g.owner(0) == "open"
		assert emu.control("functions")["functions"][1]["state"] == "CONFIG_UNLOCKED"
		g.dev.enable(base=0xfd000000, tdi=False)
		assert g.dev.bar_read64(0, g.reg(0, guest.REQUEST)) == 0
		assert g.status() == guest.IDLE
		assert struct.unpack_from("<II", g.call(guest.TSM_INFO))[1] == 4
		g.enter()
		assert tdi.info().lock_nonce == 0


@claim("a VM that goes away takes ownership and locks with it")
def vm_gone():
	with Emulator() as emu:
		with Guest(emu) as g:
			g.enter()
			g.tdi("nvme0").run()
		with Guest(emu) as g:
			assert g.owner(0) == "open"
			g.enter()
			assert g.tdi("nvme0").info().state == guest.UNLOCKED
			g.tdi("nvme0").run()


@claim("calls are counted by class, and failures by themselves")
def counters():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		handle = g.tdi("dma0").handle
		emu.control("stats reset")
		g.call(guest.TSM_INFO)
		g.call(guest.HOST_STOP, handle=handle)
		g.refused(guest.HOST_START, handle=handle)
		s = emu.control("stats")["tsm"]
		assert (s["calls_tsm"], s["calls_host"], s["calls_failed"]) == (1, 2, 1)


# ---- the event interrupt ---------------------------------------------------------------------

@claim("the event interrupt comes when a TDI's state changes by itself, and not when asked for")
def event():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.dev.msi_on(1)
		t, other = g.tdi("dma0"), g.tdi("nvme0")
		def events():
			return g.dev.irq_wait(0, 0.05)
		t.run()
		t.stop()
		t.run()
		other.attest()
		assert events() == 0
		for do in (lambda: t.dev.set_command(0), lambda: emu.control("error dma0 t-bit"),
			   lambda: emu.control("flr dma0"), lambda: t.dev.reset(),
			   lambda: emu.control("gone dma0"), lambda: emu.control("unlock dma0")):
			do()
			assert events() == 1
			do()
			assert t.info().state in (guest.ERROR, guest.UNLOCKED) and events() == 0
			t.stop()
			emu.control("back dma0")
			t.dev.enable(base=t.base)
			t.run()
			assert events() == 0
		emu.control("relock dma0")
		assert events() == 2
		t.dev.close()
		assert g.dev.irq_wait(0) == 1
		assert other.info().state == guest.LOCKED
		emu.control("unlock nvme0")
		assert events() == 1
		emu.control("unlock nvme0")
		emu.control("error nvme0 session-end")
		assert events() == 0
		# with MSI or Bus Master off it is lost
		ctrl = g.dev.find_cap(vfu.CAP_MSI) + 2
		for off, on in ((lambda: g.dev.cfg_write16(ctrl, 0), lambda: g.dev.cfg_write16(ctrl, 1)),
				(lambda: g.dev.set_command(2), lambda: g.dev.set_command(6))):
			other.lock()
			off()
			emu.control("unlock nvme0")
			on()
			assert events() == 0
		other.lock()
		emu.control("relock nvme0")
		assert events() == 2


@claim("a TDI that is stopped in another's place is an event")
def event_swapped():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.dev.msi_on(1)
		g.tdi("nvme0").lock()
		t = g.tdi("dma0")
		t.lock()
		emu.control("lie swap-functions dma0")
		t.stop()
		assert t.info().state == guest.LOCKED and g.dev.irq_wait(0, 0.05) == 1


@claim("no-event withholds the event interrupt, false-event makes one up")
def event_lies():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		g.dev.msi_on(1)
		t = g.tdi("dma0")
		t.run()
		emu.control("lie no-event dma0")
		emu.control("error dma0 t-bit")
		assert t.info().state == guest.ERROR and g.dev.irq_wait(0, 0.05) == 0
		told = {x["name"]: x["told"] for x in emu.control("lies")["lies"]}
		assert told["no-event"] == 1
		t.stop()
		emu.control("truth")
		emu.control("lie false-event")
		t.lock()
		assert t.info().state == guest.LOCKED and g.dev.irq_wait(0, 0.05) == 1


@claim("--no-event: no flag, no capability, and nothing else is different")
def no_event():
	with Emulator("--no-event") as emu, Guest(emu) as g:
		assert struct.unpack("<II", g.call(guest.TSM_INFO)[:8]) == (0x00020002, 0)
		assert not g.dev.find_cap(vfu.CAP_MSI) and g.dev.irq_info(vfu.IRQ_MSI)[1] == 0
		g.enter()
		emu.control("lie false-event")
		t = g.tdi("dma0")
		t.run()
		emu.control("error dma0 t-bit")
		assert t.info().state == guest.ERROR
