# SPDX-License-Identifier: GPL-2.0
"""
Other platforms behind the mailbox: what is the same for all of them. What their
registers mean is for tests of their own.
"""

import os
import struct
import subprocess

import guest
from guest import Guest
from harness import Emulator, Skip, claim

OTHERS = ("sev-tio", "tdx-connect", "cca")
NATIVE = ([(call, size) for call, size in
	   ((guest.TDI_INFO, 0), (guest.MMIO_ACCEPT, 56), (guest.MMIO_RELEASE, 0),
	    (guest.DMA_ENABLE, 40), (guest.DMA_DISABLE, 0), (guest.START_ALLOW, 24),
	    (guest.HOST_LOCK, 8), (guest.HOST_START, 0), (guest.HOST_STOP, 0),
	    (guest.HOST_MEASURE, 32), (guest.OBJECT_SIZE, 8), (guest.OBJECT_READ, 16))])


def starts_with(*args):
	"""Exit status and complaint of an emulator that is not meant to come up."""
	run = subprocess.run([os.environ["TDISP_EMU"], "--dir", "/nonexistent", "--disk", "/dev/null",
			      *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=20)
	return run.returncode, run.stderr.decode()


def built():
	"""The other platforms that this emulator can be."""
	found = [p for p in OTHERS if "no such platform" not in starts_with("--platform", p)[1]]
	if not found:
		raise Skip("no other platform was built in")
	return found


def name(g):
	return g.call(guest.TSM_INFO)[16:].rstrip(b"\0").decode()


def functions(emu):
	return {f["name"]: f for f in emu.control("functions")["functions"]}


@claim("a platform that does not exist is refused, and another has no --order")
def unknown():
	status, why = starts_with("--platform", "emulator")
	assert status == 2 and "no such platform: emulator" in why
	for platform in built():
		status, why = starts_with("--platform", platform, "--order", "start-first")
		assert status == 2 and "order of its own" in why


@claim("emulated: by name, by default, and it has no registers of others")
def emulated():
	for args in ((), ("--platform", "emulated"), ("--platform", "emulated", "--order",
						       "start-first")):
		with Emulator(*args) as emu, Guest(emu) as g:
			assert name(g) == "emulated"
			g.enter()
			for call in (guest.TSM_REGS, guest.HOST_REGS):
				assert g.refused(call, bytes(guest.REGS)) == guest.E_CALL


@claim("other platforms: their name, and none of the calls for TDIs of this one")
def native_calls():
	for platform in built():
		with Emulator("--platform", platform) as emu, Guest(emu) as g:
			assert name(g) == platform
			t = g.tdi("dma0")
			for call, size in NATIVE:
				assert t.refused(call, bytes(size)) == guest.E_NOT_ENTERED
			g.enter()
			for call, size in NATIVE:
				assert t.refused(call, bytes(size)) == guest.E_CALL
			# Entering, leaving and page states are not the platform's instruction.
			g.share(0x80000)
			assert g.owner(0x80000) == "shared"
			g.private(0x80000)
			g.call(guest.TSM_LEAVE)
			assert g.owner(0x80000) == "open"


@claim("other platforms: registers come back, 256 bytes, in pages of their class")
def registers():
	for platform in built():
		with Emulator("--platform", platform) as emu, Guest(emu) as g:
			assert g.refused(guest.HOST_REGS, bytes(guest.REGS)) == guest.E_NOT_ENTERED
			g.enter()
			had = 0
			for call, pages, fault in ((guest.TSM_REGS, guest.HOST_REGS, guest.F_REQUEST_PAGE),
						   (guest.HOST_REGS, guest.TSM_REGS, guest.F_REQUEST_PAGE)):
				assert g.faults(call, bytes(guest.REGS), pages=g.pages(0, pages)) == fault
				for size in (0, guest.REGS - 8, guest.REGS + 8):
					assert g.refused(call, bytes(size)) in (guest.E_PARAM, guest.E_CALL)
				# All ones is no instruction's leaf: the platform says so in registers.
				r = g.raw(call, b"\xff" * guest.REGS)
				assert r.status in (guest.OK, guest.E_CALL)
				had += r.status == guest.OK
				assert r.status or len(r.payload) == guest.REGS
			assert had


@claim("HOST_SBDF: where a function is, before ENTER and after; the last word counts")
def announced():
	with Emulator() as emu, Guest(emu) as g:
		nvme, dma = g.tdi("nvme0"), g.tdi("dma0")
		assert "sbdf" not in functions(emu)["nvme0"]
		nvme.call(guest.HOST_SBDF, struct.pack("<I", 0x12340100))
		assert functions(emu)["nvme0"]["sbdf"] == 0x12340100
		g.enter()
		dma.call(guest.HOST_SBDF, struct.pack("<I", 0x200))
		assert functions(emu)["dma0"]["sbdf"] == 0x200
		# Two are never in one place.
		dma.call(guest.HOST_SBDF, struct.pack("<I", 0x12340100))
		assert functions(emu)["dma0"]["sbdf"] == 0x12340100
		assert "sbdf" not in functions(emu)["nvme0"]
		assert nvme.refused(guest.HOST_SBDF, b"") == guest.E_PARAM
		assert g.refused(guest.HOST_SBDF, bytes(4), handle=0) == guest.E_TDI
		assert g.refused(guest.HOST_SBDF, bytes(4), handle=77) == guest.E_TDI


@claim("HOST_SBDF: what the guest said is forgotten with the VM")
def forgotten():
	with Emulator() as emu:
		with Guest(emu) as g:
			g.tdi("dma0").call(guest.HOST_SBDF, struct.pack("<I", 0x200))
		with Guest(emu) as g:
			assert "sbdf" not in functions(emu)["dma0"]
