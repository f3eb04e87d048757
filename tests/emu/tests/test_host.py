# SPDX-License-Identifier: GPL-2.0
"""
The host's lies, each as Documentation/tdisp-emu.rst tells it, with what gives it
away: the TSM's own digests, nonces and states, which no lie touches.
"""

import hashlib
import struct

import guest
import spdm
from guest import CERTS, ERROR, Guest, LOCKED, MEASUREMENTS, REPORT, RUN, UNLOCKED, VCA
from harness import Emulator, claim

NONCE = bytes(range(50, 82))
OBJECTS = (CERTS, VCA, MEASUREMENTS, REPORT)
ALL_LIES = {
	"tamper-certs", "tamper-vca", "tamper-measurements", "tamper-report", "swap-bars",
	"truncate-report", "huge-object", "grow-object", "replay-measurements", "no-measure",
	"swap-functions", "relock-on-accept", "relock-mid-accept", "remeasure-on-accept",
	"state-run", "skip-lock",
	"skip-start", "skip-stop", "deny", "wrong-seq", "long-reply", "other-nonce",
	"other-flags", "no-event", "false-event", "short-reads", "remap-bars"}
ALL_FAULTS = {
	"bad-signature", "swapped-ranges", "long-range", "shifted-range", "fw-updates", "ats-on",
	"debug-on", "other-firmware"}


def told(emu, name):
	return {x["name"]: x for x in emu.control("lies")["lies"]}[name]["told"]


def differing_bits(a, b):
	assert len(a) == len(b)
	return sum(bin(x ^ y).count("1") for x, y in zip(a, b))


class Attested:
	def __init__(self, emu, name="nvme0"):
		self.g = Guest(emu)
		self.g.enter()
		self.t = self.g.tdi(name)
		self.t.lock()
		self.t.measure(NONCE)

	def __enter__(self):
		return self.t

	def __exit__(self, *exc):
		self.g.close()


@claim("every documented lie exists, with a sentence, and no other")
def catalogue():
	with Emulator() as emu:
		lies = emu.control("lies")["lies"]
		assert {x["name"] for x in lies} == ALL_LIES
		assert all(x["sentence"] and x["told"] == 0 and x["armed"] == [] for x in lies)


@claim("a lie is armed for all TDIs or for one, and stopped alone or with all others")
def arming():
	def armed(emu):
		return {x["name"]: x["armed"] for x in emu.control("lies")["lies"] if x["armed"]}

	with Emulator("--dma", "2") as emu:
		emu.control("lie deny nvme0")
		emu.control("lie deny dma1")
		emu.control("lie tamper-vca")
		assert armed(emu) == {"deny": ["nvme0", "dma1"], "tamper-vca": "all"}
		emu.control("truth deny")
		assert armed(emu) == {"tamper-vca": "all"}
		emu.control("lie deny")
		emu.control("truth")
		assert armed(emu) == {}
		for bad in ("lie nonsense", "lie deny dma7", "lie deny tsm", "truth nonsense"):
			assert '"ok":false' in emu.control_raw(bad)


@claim("a lie for one TDI is not told about another")
def one_function():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		emu.control("lie deny nvme0")
		assert g.tdi("nvme0").refused(guest.HOST_STOP) == guest.E_DENIED
		g.tdi("dma0").stop()
		assert told(emu, "deny") == 1


@claim("tamper-*: one bit of that object is another; the TSM's digests are the honest ones")
def tamper():
	names = {CERTS: "tamper-certs", VCA: "tamper-vca", MEASUREMENTS: "tamper-measurements",
		 REPORT: "tamper-report"}
	with Emulator() as emu, Attested(emu) as t:
		honest = {obj: t.object(obj) for obj in OBJECTS}
		digests = {obj: t.info().digest(obj) for obj in OBJECTS}
		for target, name in names.items():
			emu.control(f"lie {name}")
			for obj in OBJECTS:
				assert differing_bits(t.object(obj), honest[obj]) == (obj == target)
				assert t.info().digest(obj) == digests[obj]
				assert hashlib.sha384(honest[obj]).digest() == digests[obj]
			assert told(emu, name) > 0
			emu.control(f"truth {name}")
			assert t.object(target) == honest[target]


@claim("swap-bars: a well-formed report in which BAR 0 and BAR 2 have changed places")
def swap_bars():
	with Emulator() as emu, Attested(emu) as t:
		honest = t.object(REPORT)
		emu.control("lie swap-bars")
		lie = t.object(REPORT)
		assert t.object(CERTS) and len(lie) == len(honest)
		ranges = [[struct.unpack_from("<QII", r, 16 + 16 * i) for i in range(3)]
			  for r in (honest, lie)]
		(h0, h2, h4), (l0, l2, l4) = ranges
		assert l0[:2] == h2[:2] and l2[:2] == h0[:2] and l4 == h4
		assert l0[2] == h0[2] and l2[2] == h2[2] and lie[64:] == honest[64:]
		assert t.info().digest(REPORT) == hashlib.sha384(honest).digest()


@claim("truncate-report: one byte shorter")
def truncate():
	with Emulator() as emu, Attested(emu) as t:
		honest, certs = t.object(REPORT), t.object(CERTS)
		emu.control("lie truncate-report")
		assert t.object(REPORT) == honest[:-1] and t.object(CERTS) == certs
		assert t.refused(guest.OBJECT_READ, struct.pack(
			"<IIQ", REPORT, 1, len(honest) - 1)) == guest.E_PARAM


@claim("huge-object: every object is said to be 2^40 bytes long, and is not")
def huge():
	with Emulator() as emu, Attested(emu) as t:
		n = t.size(CERTS)
		emu.control("lie huge-object")
		assert [t.size(obj) for obj in OBJECTS] == [1 << 40] * 4
		assert t.refused(guest.OBJECT_READ, struct.pack(
			"<IIQ", CERTS, 1, n)) == guest.E_PARAM


@claim("grow-object: reads give more than was asked for, and never end")
def grow():
	with Emulator() as emu, Attested(emu) as t:
		honest = t.object(REPORT)
		emu.control("lie grow-object")
		assert t.size(REPORT) == len(honest)
		assert len(t.read(REPORT, 0, 16)) == guest.CHUNK
		assert t.read(REPORT, 0, len(honest))[:len(honest)] == honest
		assert len(t.read(REPORT, len(honest), 16)) == guest.CHUNK
		assert len(t.read(REPORT, 1 << 40, 16)) == guest.CHUNK


@claim("replay-measurements: the transcript before this one, with its nonce")
def replay():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie replay-measurements")
		first = t.object(MEASUREMENTS)
		assert told(emu, "replay-measurements") == 0	# nothing to replay yet
		t.measure(bytes(32))
		assert t.object(MEASUREMENTS) == first
		m = spdm.Measurements(first)
		assert m.nonce == NONCE
		# It is signed well; the digest, and the nonce, tell.
		spdm.verify_measurements(t.object(VCA), m.to_sign, m.signature,
					 spdm.Chain(t.object(CERTS)).certs[-1])
		assert t.info().digest(MEASUREMENTS) != hashlib.sha384(first).digest()
		t.stop()
		t.lock()
		t.measure(b"\1" * 32)
		assert spdm.Measurements(t.object(MEASUREMENTS)).nonce == bytes(32)


@claim("no-measure: says OK, and the measurement nonce does not move")
def no_measure():
	with Emulator() as emu, Attested(emu) as t:
		before = t.info()
		emu.control("lie no-measure")
		t.measure(bytes(32))
		after = t.info()
		assert after.meas_nonce == before.meas_nonce
		assert spdm.Measurements(t.object(MEASUREMENTS)).nonce == NONCE
		t.stop()
		t.lock()
		t.measure(bytes(32))
		assert t.info().meas_nonce == 0 and t.info().digest(MEASUREMENTS) is None
		assert t.refused(guest.OBJECT_SIZE, struct.pack(
			"<II", MEASUREMENTS, 0)) == guest.E_OBJECT


@claim("swap-functions: LOCK, START and STOP reach the neighbour, the rest does not")
def swap_functions():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		a, b = g.tdi("nvme0"), g.tdi("dma0")
		emu.control("lie swap-functions nvme0")
		assert a.lock() == LOCKED
		assert (a.info().state, b.info().state) == (UNLOCKED, LOCKED)
		assert a.info().lock_nonce == 0
		assert b.info().bar[0] == b.bar_gpa(0)
		assert a.refused(guest.HOST_MEASURE, NONCE) == guest.E_STATE
		assert a.stop() == UNLOCKED
		assert (a.info().state, b.info().state) == (UNLOCKED, UNLOCKED)


@claim("relock-on-accept: the nonces that the guest checked are no longer current")
def relock_on_accept():
	for order in ("accept-first", "start-first"):
		with Emulator("--order", order) as emu, Attested(emu) as t:
			emu.control("lie relock-on-accept")
			if order == "start-first":
				t.start_allow()
				t.start()
			before = t.info()
			payload = t.mmio_accept_payload(0, 0, 4, t.bar_gpa(0))
			assert t.refused(guest.MMIO_ACCEPT, payload) == guest.E_NONCE
			after = t.info()
			assert after.state == LOCKED and after.mmio_accepted == 0
			assert after.lock_nonce not in (0, before.lock_nonce)
			assert after.meas_nonce == 0 and after.lock_flags == before.lock_flags
			assert told(emu, "relock-on-accept") == 1
			t.refused(guest.MMIO_ACCEPT, payload)		# the first one only
			assert t.info().lock_nonce == after.lock_nonce
			t.stop()
			t.attest()
			if order == "start-first":
				t.start_allow()
				t.start()
			assert t.refused(guest.MMIO_ACCEPT, t.mmio_accept_payload(
				0, 0, 4, t.bar_gpa(0))) == guest.E_NONCE
			assert told(emu, "relock-on-accept") == 2


@claim("relock-mid-accept: what was accepted before the third call is accepted no more")
def relock_mid_accept():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie relock-mid-accept")
		before = t.info()
		for i in range(2):
			t.mmio_accept(0, i, 1, t.bar_gpa(0) + i * guest.PAGE)
		assert t.info().mmio_accepted == 2 and told(emu, "relock-mid-accept") == 0
		payload = t.mmio_accept_payload(0, 2, 1, t.bar_gpa(0) + 2 * guest.PAGE)
		assert t.refused(guest.MMIO_ACCEPT, payload) == guest.E_NONCE
		after = t.info()
		assert after.state == LOCKED and after.mmio_accepted == 0
		assert after.lock_nonce not in (0, before.lock_nonce)
		assert told(emu, "relock-mid-accept") == 1


@claim("remeasure-on-accept: the measurement that the guest checked is not the last")
def remeasure_on_accept():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie remeasure-on-accept")
		before = t.info()
		payload = t.mmio_accept_payload(0, 0, 4, t.bar_gpa(0))
		assert t.refused(guest.MMIO_ACCEPT, payload) == guest.E_NONCE
		after = t.info()
		assert after.lock_nonce == before.lock_nonce
		assert after.meas_nonce not in (0, before.meas_nonce)
		assert after.digest(MEASUREMENTS) != before.digest(MEASUREMENTS)
		assert after.mmio_accepted == 0 and told(emu, "remeasure-on-accept") == 1


@claim("state-run: RUN whatever happened; TDI_INFO has the truth")
def state_run():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		emu.control("lie state-run")
		assert t.start() == RUN and t.info().state == UNLOCKED
		assert t.lock() == RUN and t.info().state == LOCKED
		assert t.stop() == RUN and t.info().state == UNLOCKED


@claim("skip-lock, skip-start, skip-stop: said, not done")
def skip():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("nvme0")
		emu.control("lie skip-lock")
		assert t.lock() == LOCKED
		assert t.info().state == UNLOCKED and t.info().lock_nonce == 0
		emu.control("truth")
		t.attest()
		t.accept()
		t.start_allow()
		emu.control("lie skip-start")
		assert t.start() == RUN and t.info().state == LOCKED
		emu.control("truth")
		assert t.start() == RUN and t.info().state == RUN
		emu.control("lie skip-stop")
		assert t.stop() == UNLOCKED
		i = t.info()
		assert i.state == RUN and i.dma_mode == 1 and i.mmio_accepted == 8
		emu.control("truth")
		assert t.stop() == UNLOCKED and t.info().state == UNLOCKED


@claim("deny: every host call, no TSM call")
def deny():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie deny")
		for call, n in ((guest.HOST_LOCK, 8), (guest.HOST_START, 0), (guest.HOST_STOP, 0),
				(guest.HOST_MEASURE, 32), (guest.OBJECT_SIZE, 8),
				(guest.OBJECT_READ, 16)):
			assert t.refused(call, bytes(n)) == guest.E_DENIED
		assert t.info().state == LOCKED
		assert told(emu, "deny") == 6


@claim("wrong-seq: another sequence number in host replies, none in the TSM's")
def wrong_seq():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie wrong-seq")
		r = t.guest.raw(guest.HOST_STOP, handle=t.handle)
		assert r.call == guest.HOST_STOP and r.seq != t.guest.seq
		assert t.info().state == UNLOCKED


@claim("long-reply: a length of 2^32 - 1 in host replies, none in the TSM's")
def long_reply():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie long-reply")
		assert t.guest.raw(guest.HOST_STOP, handle=t.handle).len == 0xffffffff
		assert t.info().state == UNLOCKED


@claim("other-nonce: what was measured answers another request")
def other_nonce():
	with Emulator() as emu, Attested(emu) as t:
		emu.control("lie other-nonce")
		t.measure(NONCE)
		assert NONCE not in t.object(MEASUREMENTS)
		emu.control("truth")
		t.measure(NONCE)
		assert t.object(MEASUREMENTS)[4:36] == NONCE


@claim("other-flags: the TSM attests the flags that are in force")
def other_flags():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.lock(1)
		assert t.info().lock_flags == 1
		t.stop()
		emu.control("lie other-flags")
		t.lock(1)
		assert t.info().lock_flags == 5 and told(emu, "other-flags") == 1


@claim("short-reads: an object comes a byte at a time, and whole")
def short_reads():
	with Emulator() as emu, Attested(emu) as t:
		report = t.object(REPORT)
		emu.control("lie short-reads")
		assert t.read(REPORT, 3, 64) == report[3:4]


@claim("remap-bars: the TSM's record has BAR 0 and BAR 2 exchanged")
def remap_bars():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.lock()
		honest = t.info().bar
		t.stop()
		emu.control("lie remap-bars")
		t.lock()
		assert t.info().bar == (honest[2], honest[1], honest[0], *honest[3:])


@claim("every documented fault exists; digests agree with what a faulty device sends")
def faults():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		assert {x["name"] for x in emu.control("faults")["faults"]} == ALL_FAULTS
		assert '"ok":false' in emu.control_raw("fault dma0 none-such")
		t.lock()
		t.measure(NONCE)
		sound = [t.object(o) for o in (REPORT, MEASUREMENTS)]
		t.stop()
		for name in sorted(ALL_FAULTS - {"long-range", "shifted-range"}):
			emu.control(f"fault dma0 {name}")
			t.lock()
			t.measure(NONCE)
			objects = {o: t.object(o) for o in (REPORT, MEASUREMENTS)}
			for obj, data in objects.items():
				assert hashlib.sha384(data).digest() == t.info().digest(obj), (name, obj)
			changed = objects[REPORT][:2] != sound[0][:2] or \
				objects[REPORT][30:32] != sound[0][30:32] or \
				objects[MEASUREMENTS][37:-130] != sound[1][37:-130]
			assert changed or name == "bad-signature", name
			t.stop()
			emu.control("mend dma0")
		# The TSM, which reads the report, does not lock these.
		for name in ("long-range", "shifted-range"):
			emu.control(f"fault dma0 {name}")
			assert t.refused(guest.HOST_LOCK, bytes(8)) == guest.E_DEVICE, name
			emu.control("mend dma0")
		t.lock()


@claim("no lie opens private memory")
def private_memory():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		for name in sorted(ALL_LIES):
			emu.control(f"lie {name}")
			for call, payload in ((guest.HOST_LOCK, bytes(8)), (guest.HOST_MEASURE, NONCE),
					      (guest.HOST_START, b""), (guest.HOST_STOP, b"")):
				g.raw(call, payload, t.handle)
				assert t.probe("write", 0x100000) in ("private-page", "dma-not-enabled")
			emu.control("truth")
			t.stop()
		assert g.mem.read(0x100000, 4096) == bytes(4096)


@claim("relock, unlock and flr happen behind the guest's back, and TDI_INFO shows them")
def behind_its_back():
	with Emulator() as emu, Guest(emu) as g:
		g.enter()
		t = g.tdi("dma0")
		t.run()
		before = t.info()
		emu.control("relock dma0")
		after = t.info()
		assert after.state == LOCKED and after.lock_nonce != before.lock_nonce
		assert (after.dma_mode, after.mmio_accepted) == (0, 0)
		emu.control("unlock dma0")
		assert t.info().state == UNLOCKED
		t.run()
		emu.control("flr dma0")
		assert t.info().state == ERROR
		assert t.stats()["error_reasons"] == {"flr": 1}


@claim("the host cannot lock before ENTER, nor start what the guest did not allow")
def limits():
	with Emulator() as emu, Guest(emu) as g:
		assert '"ok":false' in emu.control_raw("relock dma0")
		g.enter()
		t = g.tdi("dma0")
		emu.control("relock dma0")
		assert t.refused(guest.HOST_START) == guest.E_STATE


@claim("silence: calls of either class stay BUSY until it ends")
def silence():
	with Emulator() as emu, Attested(emu) as t:
		g = t.guest
		emu.control("silent on")
		g.send(guest.TDI_INFO, handle=t.handle, slot=1)
		g.send(guest.HOST_STOP, handle=t.handle, slot=2)
		assert (g.status(1), g.status(2)) == (guest.BUSY, guest.BUSY)
		emu.control("silent off")
		assert (g.status(1), g.status(2)) == (guest.DONE, guest.DONE)
