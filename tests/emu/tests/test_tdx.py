# SPDX-License-Identifier: GPL-2.0
"""
TDX Connect's module and VMM, register by register. Numbers are written out, with the
section of the fact sheet that has them (2.1, 2.2: source T1) or the key of their source,
so that a slip in the header that both ends share is found here.
"""

import hashlib
import struct
import time

import guest
from guest import ERROR, Guest, LOCKED, PAGE, RUN, UNLOCKED
from harness import Emulator, claim

# 2.1
RD, START, DMAR_ACCEPT, MMIO_ACCEPT = 67, 68, 70, 71
STATE, REPORT_HASH, INFO_HASH, SESSION = 2, 3, 4, 5
INVALID, BUSY, NOT_PRESENT = 0xc0000100, 0x80000200, 0xc0000f40
ALREADY_ACCEPTED, INTERRUPTED = 0x00000b0a, 0x80000003
RAX, RCX, RDX, R8, R9, R10, R11, R12, R13, R14, R15 = 0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15
# 2.2
TDCM = 0x10007
CHECK, BIND, GET_DEV_INFO, GET_REPORT, START_TDI, GET_STATE, UNBIND = range(1, 8)
WAIT, COMPLETED, FAILED = range(3)
SHARED = 1 << 47
VECTOR = 0x40
RETRY, VMCALL_INVALID = 1, 1 << 63

BUF = 0x200000			# shared
HASH_PAGE = 0x1c0000		# private
SBDF = 0x0208
NONCE = bytes(range(100, 132))


class Answer:
	"""What a TDCM buffer has after a command."""

	def __init__(self, raw):
		(self.operation, self.version, _, _, self.status, self.error, _, _,
		 self.length) = struct.unpack_from("<HBBIBBHII", raw)
		self.data = raw[20:20 + self.length]


class Td(Guest):
	"""A TD with two TDIs, whose buffer for commands is 8 pages."""

	def __init__(self, emu):
		super().__init__(emu)
		self.enter()
		self.share(BUF, 8)
		self.announce("dma0", SBDF)
		self.announce("nvme0", 0x100)

	def announce(self, name, sbdf):
		self.tdi(name).call(guest.HOST_SBDF, struct.pack("<I", sbdf))

	def regs(self, call, r):
		file = [0] * 32
		for k, v in r.items():
			file[k] = v
		return list(struct.unpack("<32Q", self.call(call, struct.pack("<32Q", *file))))

	def leaf(self, nr, **r):
		"""Status's upper half, operand, and all registers."""
		names = {"rcx": RCX, "rdx": RDX, "r8": R8, "r9": R9}
		out = self.regs(guest.TSM_REGS, {RAX: nr, **{names[k]: v for k, v in r.items()}})
		return out[RAX] >> 32, out[RAX] & 0xff, out

	def rd(self, field, buf=0, func=SBDF):
		code, operand, out = self.leaf(RD, rcx=func, rdx=field, r8=buf)
		return (out[RCX], 0) if not code else (None, (code, operand))

	def state(self):
		value, why = self.rd(STATE)
		return UNLOCKED if why and why[0] == NOT_PRESENT else value

	def session(self):
		return self.rd(SESSION)[0]

	def hash(self, field):
		self.mem.write(HASH_PAGE, b"\xee" * PAGE)
		length, why = self.rd(field, HASH_PAGE)
		assert not why and length == 48
		page = self.mem.read(HASH_PAGE, PAGE)
		assert page[48:] == b"\xee" * (PAGE - 48)
		return page[:48]

	def vmcall(self, op, data=b"", version=0, length=None, dev=SBDF, gpa=BUF | SHARED,
		   size=8 * PAGE, vector=0, **more):
		"""The VMCALL's status; the buffer is as the host left it."""
		length = len(data) if length is None else length
		self.mem.write(BUF, struct.pack("<HBBIBBHII", op, version, 0, 0, WAIT, 0, 0, 0, length)
			       + data + bytes(8 * PAGE - 20 - len(data)))
		out = self.regs(guest.HOST_REGS, {RAX: 0, RCX: 0xfc00, R11: TDCM, R12: dev, R13: gpa,
						  R14: size, R15: vector, **more})
		assert out[RAX] == 0
		return out[R10]

	def answer(self):
		return Answer(self.mem.read(BUF, 8 * PAGE))

	def tdcm(self, op, data=b"", **kw):
		assert self.vmcall(op, data, **kw) == 0
		a = self.answer()
		assert (a.operation, a.version) == (op, 0)
		return a

	def good(self, op, data=b"", **kw):
		a = self.tdcm(op, data, **kw)
		assert (a.status, a.error) == (COMPLETED, 0), (a.status, a.error)
		return a.data

	def accept(self, index=0, first=0, count=4, gpa=None, func=SBDF):
		if gpa is None:
			gpa = self.tdi("dma0").bar_gpa(2 * (index & 1)) + first * PAGE
		code, operand, out = self.leaf(MMIO_ACCEPT, rcx=gpa, rdx=index, r8=func,
					       r9=first << 32 | count)
		return code, operand, out

	def dmar(self, target=0):
		return self.leaf(DMAR_ACCEPT, rcx=SBDF, rdx=target)[:2]

	def allow(self, session=None):
		session = self.session() if session is None else session
		return self.leaf(START, rcx=SBDF, rdx=session)[:2]

	def run(self):
		self.good(BIND)
		assert self.accept(0)[0] == 0 and self.accept(1)[0] == 0
		assert self.dmar() == (0, 0) and self.allow() == (0, 0)
		self.good(START_TDI)
		assert self.state() == RUN


def start(*args):
	return Emulator("--platform", "tdx-connect", *args)


# ---- the module ------------------------------------------------------------------------

@claim("TDG.VP.INFO and TDG.VM.RD: 48 bits of address, TDX Connect is on")
def of_the_td():
	with start() as emu, Td(emu) as td:
		# K73: leaf 1, GPAW in RCX 5:0; leaf 7, value in R8. 2.1: the field, bit 5.
		code, _, out = td.leaf(1)
		assert code == 0 and out[RCX] & 0x3f == 48
		code, _, out = td.leaf(7, rdx=0x1110000300000016)
		assert code == 0 and out[R8] >> 5 & 1
		assert td.leaf(7, rdx=0x1110000300000017)[:2] == (INVALID, RDX)


@claim("leaves that do not exist, and VMCALL where the module answers: refused")
def no_such_leaf():
	with start() as emu, Td(emu) as td:
		for nr in (0, 2, 66, 69, 72, 1 << 32 | RD):
			assert td.leaf(nr)[:2] == (INVALID, RAX), nr


@claim("a TDI is not present until it is bound, and then again after UNBIND")
def presence():
	with start() as emu, Td(emu) as td:
		for field in (STATE, SESSION):
			assert td.rd(field)[1] == (NOT_PRESENT, RCX)
		assert td.allow(1) == (NOT_PRESENT, RCX)
		assert td.dmar() == (NOT_PRESENT, RCX)
		assert td.accept()[:2] == (NOT_PRESENT, R8)
		td.good(BIND)
		assert td.rd(STATE) == (LOCKED, 0)
		td.good(UNBIND)
		assert td.rd(STATE)[1] == (NOT_PRESENT, RCX)


@claim("a function id is one that was announced, in segment 0; the valid bit changes nothing")
def function_ids():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		assert td.rd(STATE, func=1 << 24 | SBDF) == (LOCKED, 0)
		for func in (0x300, 1 << 16 | SBDF, 1 << 24 | 1 << 16 | SBDF, 1 << 25 | SBDF,
			     1 << 32 | SBDF):
			assert td.rd(STATE, func=func)[1] == (INVALID, RCX), hex(func)
		# The other TDI is another one.
		assert td.rd(STATE, func=0x100)[1] == (NOT_PRESENT, RCX)


@claim("each BIND has a session of its own")
def sessions():
	with start() as emu, Td(emu) as td:
		seen = set()
		for _ in range(5):
			td.good(BIND)
			assert td.session() == td.session() != 0
			seen.add(td.session())
			td.good(UNBIND)
		assert len(seen) == 5


@claim("hashes: SHA-384 of what the host hands over, in a private page, 48 bytes of it")
def hashes():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		assert td.hash(REPORT_HASH) == hashlib.sha384(td.good(GET_REPORT)).digest()
		info = td.good(GET_DEV_INFO)
		assert td.hash(INFO_HASH) == hashlib.sha384(info).digest()
		for buf, why in ((HASH_PAGE + 8, (INVALID, R8)), (BUF, (0xc0000300, R8)),
				 (guest.RAM, (0xc0000101, R8))):
			assert td.rd(REPORT_HASH, buf)[1] == why, hex(buf)
		# A value needs no page, and must not have one.
		assert td.rd(STATE, HASH_PAGE)[1] == (INVALID, R8)
		for field in (0, 1, 6, 1 << 32):
			assert td.rd(field)[1] == (INVALID, RDX)


@claim("GET_DEV_INFO: three objects, measured anew if it has a nonce, else as they were")
def dev_info():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		first = td.good(GET_DEV_INFO)
		vca, certs, meas = struct.unpack_from("<III", first)
		assert len(first) == 12 + vca + certs + meas and vca and certs and meas
		assert td.good(GET_DEV_INFO) == first
		before = td.hash(INFO_HASH)
		second = td.good(GET_DEV_INFO, NONCE)
		assert NONCE in second[12 + vca + certs:] and NONCE not in first
		assert second[:12 + vca + certs] == first[:12 + vca + certs]
		assert td.hash(INFO_HASH) == hashlib.sha384(second).digest() != before
		for n in (1, 31, 33):
			assert td.tdcm(GET_DEV_INFO, bytes(n)).status == FAILED


@claim("MMIO.ACCEPT: of a range of the report, where the guest has it, once")
def mmio_accept():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		assert td.accept(0, 1, 2)[0] == 0
		assert td.accept(0, 0, 2)[:2] == (ALREADY_ACCEPTED, RCX)
		assert td.accept(0, 0, 1)[0] == 0
		for kw, why in (({"index": 77}, RDX), ({"index": 1 << 32}, RDX), ({"count": 0}, R9),
				({"index": 1, "count": 5}, RCX), ({"index": 1, "first": 4, "count": 1}, RCX),
				({"index": 1, "gpa": td.tdi("dma0").bar_gpa(0)}, RCX),
				({"index": 1, "gpa": td.tdi("dma0").bar_gpa(2) | SHARED}, RCX),
				({"index": 1, "gpa": td.tdi("dma0").bar_gpa(2) | 1}, RCX)):
			assert td.accept(**kw)[:2] == (INVALID, why), kw
		assert td.accept(0, 3, 1)[0] == 0 and td.accept(1)[0] == 0
		functions = {f["name"]: f for f in emu.control("functions")["functions"]}
		assert functions["dma0"]["mmio_accepted"] == 8


@claim("MMIO.ACCEPT of a large BAR is interrupted, with what is left in RCX and R9")
def mmio_interrupted():
	with start("--bar2-mib", "64") as emu, Td(emu) as td:
		td.tdi("dma0").dev.cfg_write32(0x18, 0xd0000000)
		td.good(BIND)
		left, gpa = 64 << 8, 0xd0000000
		for _ in range(3):
			code, _, out = td.accept(1, (64 << 8) - left, left, gpa)
			assert code == INTERRUPTED
			gpa, left = out[RCX], out[R9] & 0xffffffff
			assert out[R9] >> 32 == (64 << 8) - left and gpa == 0xd0000000 + out[R9] // (1 << 32) * PAGE
		assert td.accept(1, (64 << 8) - left, left, gpa)[0] == 0


@claim("both accepts are taken in CONFIG_LOCKED, and neither in RUN or ERROR")
def order():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		assert td.accept(0)[0] == 0
		assert td.dmar(1) == (INVALID, RDX) and td.dmar() == (0, 0)
		assert td.dmar() == (INVALID, RCX)
		assert td.allow() == (0, 0)
		td.good(START_TDI)
		assert td.accept(1)[:2] == (INVALID, R8)
		assert td.allow() == (INVALID, RCX)
		emu.control("error dma0 ide-insecure")
		assert td.state() == ERROR
		assert td.accept(1)[:2] == (INVALID, R8) and td.dmar() == (INVALID, RCX)
		td.good(UNBIND)
		assert td.state() == UNLOCKED


@claim("TDI.START: for the session that is, and the host starts nothing without it")
def tdi_start():
	with start() as emu, Td(emu) as td:
		td.good(BIND)
		a = td.tdcm(START_TDI)
		assert (a.status, a.error) == (FAILED, 15)
		old = td.session()
		for session in (0, old ^ 1, old ^ 1 << 63):
			assert td.allow(session) == (INVALID, RDX)
		assert td.allow() == (0, 0)
		td.good(UNBIND)
		td.good(BIND)
		assert td.allow(old) == (INVALID, RDX)
		assert td.tdcm(START_TDI).status == FAILED and td.state() == LOCKED
		assert td.allow() == (0, 0)
		td.good(START_TDI)
		assert td.state() == RUN


@claim("DMA: private by address, shared by the shared bit, once accepted and in RUN")
def dma():
	with start() as emu, Td(emu) as td:
		dev = td.tdi("dma0")
		page, shared = 0x180000, BUF
		assert dev.probe("read", page) == "private-page" and dev.probe("read", shared) is None
		td.run()
		assert dev.probe("write", page) is None
		assert dev.probe("write", shared) == "below-vtom-shared"
		assert dev.probe("write", shared | SHARED) is None
		assert dev.probe("write", page | SHARED) == "above-vtom-private"
		td.good(UNBIND)
		assert dev.probe("write", page) == "private-page"
		# Started without DMAR.ACCEPT, as the driver of T1 does: no memory at all.
		td.good(BIND)
		assert td.allow() == (0, 0)
		td.good(START_TDI)
		assert dev.probe("read", page) == dev.probe("read", shared) == "dma-not-enabled"


# ---- the VMM ---------------------------------------------------------------------------

@claim("TDCM: operations by their numbers, what they answer, and errors in their place")
def operations():
	with start() as emu, Td(emu) as td:
		assert td.good(CHECK) == b"\x01"
		assert td.good(CHECK, dev=0x300) == b"\0"
		assert td.good(BIND) == b""
		a = td.tdcm(BIND)
		assert (a.status, a.error, a.length) == (FAILED, 15, 0)
		assert td.good(GET_STATE) == bytes([LOCKED])
		assert len(td.good(GET_REPORT)) > 20
		assert td.good(UNBIND) == b""
		for op in (0, 8, 0x102):
			assert td.tdcm(op).status == FAILED
		a = td.tdcm(BIND, dev=0x300)
		assert (a.status, a.error) == (FAILED, 11)
		# A version that nobody knows, data that nobody asked for.
		assert td.vmcall(BIND, version=1) == 0 and td.answer().status == FAILED
		assert td.tdcm(BIND, b"x").status == FAILED
		assert td.state() == UNLOCKED


@claim("TDCM: registers and buffer are judged before anything is done")
def bad_vmcalls():
	with start() as emu, Td(emu) as td:
		for kw in ({"gpa": BUF}, {"gpa": BUF | SHARED | 8}, {"size": 0}, {"size": 100},
			   {"size": 9 * PAGE}, {"gpa": HASH_PAGE | SHARED}, {"size": 1 << 40},
			   {"gpa": guest.RAM | SHARED}, {"dev": 1 << 16 | SBDF}):
			assert td.vmcall(BIND, **kw) == VMCALL_INVALID, kw
		# Another function of the GHCI's, and none of it.
		out = td.regs(guest.HOST_REGS, {RAX: 0, RCX: 0xfc00, R11: 0x10002})
		assert (out[RAX], out[R10]) == (0, VMCALL_INVALID)
		out = td.regs(guest.HOST_REGS, {RAX: 0, RCX: 0xfc00, R10: 1, R11: TDCM})
		assert (out[RAX], out[R10]) == (0, VMCALL_INVALID)
		# Registers that the guest keeps from the VMM cannot tell it anything.
		out = td.regs(guest.HOST_REGS, {RAX: 0, RCX: 0x7c00, R11: TDCM})
		assert out[RAX] >> 32 == INVALID
		assert td.state() == UNLOCKED


@claim("TDCM with a vector: answered a little later; without, by the time it returns")
def vector():
	with start() as emu, Td(emu) as td:
		assert td.vmcall(CHECK, vector=VECTOR) == 0
		deadline = time.monotonic() + 10
		while td.answer().status == WAIT:
			assert time.monotonic() < deadline
			time.sleep(0.005)
		assert td.answer().data == b"\x01"
		assert td.vmcall(CHECK) == 0 and td.answer().status == COMPLETED


@claim("TDCM: a buffer that is private by the time of the answer is not written")
def taken_back():
	with start() as emu, Td(emu) as td:
		emu.control("lie tdcm-late")
		assert td.vmcall(CHECK) == 0
		td.private(BUF, 8)
		before = td.mem.read(BUF, 8 * PAGE)
		time.sleep(4)
		assert td.mem.read(BUF, 8 * PAGE) == before
		assert emu.alive()


# ---- lies ------------------------------------------------------------------------------

def told(emu, name):
	return next(l for l in emu.control("lies")["lies"] if l["name"] == name)["told"]


def header(op, **kw):
	"""A claim about what a lie makes of an answer's header to CHECK."""
	def check(td):
		assert td.vmcall(CHECK) == 0
		a = td.answer()
		for k, v in kw.items():
			assert getattr(a, k) == v, (k, getattr(a, k))
	return check


def dead(td):
	assert td.vmcall(CHECK) == 0 and td.answer().status == WAIT


def no_event(td):
	assert td.vmcall(CHECK, vector=VECTOR) == 0
	deadline = time.monotonic() + 10
	while td.answer().status == WAIT:
		assert time.monotonic() < deadline
		time.sleep(0.005)


def status(wanted):
	def check(td):
		assert td.vmcall(CHECK) == wanted and td.answer().status == WAIT
	return check


def other_session(nr, **r):
	"""A lie that is told when that leaf is."""
	def check(td):
		td.good(BIND)
		before = td.session()
		td.leaf(nr, **(r or {"rcx": SBDF, "rdx": before}))
		assert td.session() != before
	return check


def not_bound(nr, **r):
	def check(td):
		td.good(BIND)
		td.leaf(nr, **(r or {"rcx": SBDF, "rdx": td.session()}))
		assert td.state() == UNLOCKED
	return check


def changes(td):
	assert td.vmcall(CHECK) == 0 and td.answer().status == COMPLETED
	lengths = set()
	deadline = time.monotonic() + 10
	while len(lengths) < 3 and time.monotonic() < deadline:
		lengths.add(td.answer().length)
	assert lengths >= {0, 0x7fffffff}


def replays(td):
	td.good(BIND)
	first = td.good(GET_DEV_INFO, NONCE)
	td.emu.control("lie tdcm-replay")
	assert td.good(GET_DEV_INFO, bytes(32)) == first


def swaps_parts(td):
	td.emu.control("truth")
	td.good(BIND)
	honest = td.good(GET_DEV_INFO)
	td.emu.control("lie tdcm-swap-parts")
	found = td.good(GET_DEV_INFO)
	assert found[:4] == honest[4:8] and found[4:8] == honest[:4] and found[8:] == honest[8:]


def of_other(op, fields):
	def check(td):
		td.good(BIND, dev=0x100)
		td.good(BIND)
		found = hashlib.sha384(td.good(op)).digest()
		td.mem.write(HASH_PAGE, bytes(PAGE))
		td.rd(fields, HASH_PAGE, 0x100)
		assert found == td.mem.read(HASH_PAGE, 48) != td.hash(fields)
	return check


def report_is_certs(td):
	td.good(BIND)
	report = td.good(GET_REPORT)
	info = td.good(GET_DEV_INFO)
	vca, certs, _ = struct.unpack_from("<III", info)
	assert report == info[12 + vca:12 + vca + certs]


LIES = {
	"tdcm-no-teeio": header(CHECK, status=COMPLETED, data=b"\0"),
	"tdcm-other-op": header(CHECK, operation=0),
	"tdcm-other-version": header(CHECK, version=1),
	"tdcm-bad-status": header(CHECK, status=0x81),
	"tdcm-false-error": header(CHECK, status=FAILED, error=13),
	"tdcm-done-and-error": header(CHECK, status=COMPLETED, error=10),
	"tdcm-long": header(CHECK, length=0xffffffff),
	"tdcm-short": header(CHECK, length=0),
	"tdcm-empty": header(CHECK, length=0),
	"tdcm-one-more": header(CHECK, length=2),
	"tdcm-no-event": no_event,
	"tdcm-storm": header(CHECK, status=COMPLETED),
	"tdcm-silent": dead,
	"tdcm-late": dead,
	"tdcm-grows": changes,
	"tdcm-replay": replays,
	"tdcm-swap-parts": swaps_parts,
	"tdcm-swap-objects": report_is_certs,
	"tdcm-info-of-other": of_other(GET_DEV_INFO, INFO_HASH),
	"tdcm-report-of-other": of_other(GET_REPORT, REPORT_HASH),
	"vmcall-retry": status(RETRY),
	"vmcall-invalid": status(VMCALL_INVALID),
	"vmcall-odd": status(0x1234),
	"rebind-on-read": other_session(RD, rcx=SBDF, rdx=STATE),
	"rebind-on-dmar": other_session(DMAR_ACCEPT, rcx=SBDF),
	"rebind-on-start": other_session(START),
	"unbind-on-accept": not_bound(MMIO_ACCEPT, r8=SBDF),
	"unbind-on-start": not_bound(START),
}


def lie(name, check):
	@claim(f"lie {name}: told as it says, and the truth afterwards")
	def tell():
		with start() as emu, Td(emu) as td:
			emu.control(f"lie {name}")
			check(td)
			assert told(emu, name) > 0
			emu.control("truth")
			td.good(UNBIND)
			td.run()


for _name, _check in LIES.items():
	lie(_name, _check)


@claim("each lie of this platform is tried here, and no other platform has them")
def all_lies():
	with Emulator() as emu:
		native = {l["name"] for l in emu.control("lies")["lies"]}
	with start() as emu:
		assert {l["name"] for l in emu.control("lies")["lies"]} - native == LIES.keys()
