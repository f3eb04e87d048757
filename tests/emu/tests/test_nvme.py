# SPDX-License-Identifier: GPL-2.0
"""The NVMe controller, as far as a driver can see it, and what it never does."""

import hashlib
import os
import random
import struct

import nvme
import vfu
from guest import Guest
from harness import Emulator, claim
from nvme import PAGE, Nvme, NvmeError

BASE = 0x10000			# queues and lists
DATA = 0x100000			# buffers
RAM = 8 << 20


class Rig:
	"""An emulator, a client with memory, and the driver, enabled, with a queue."""

	def __init__(self, *args, name="nvme0", queue=True, **kw):
		self.emu = Emulator(*args, **kw)
		self.dev = self.emu.connect(name)
		self.mem = vfu.GuestMemory(RAM)
		self.dev.dma_map(self.mem)
		self.dev.enable()
		(self.dev.msi_on if "--msi" in args else self.dev.msix_on)()
		self.n = Nvme(self.dev, self.mem, BASE)
		self.n.enable()
		if queue:
			self.n.add_queue(1)

	def __enter__(self):
		return self

	def __exit__(self, *exc):
		self.dev.close()
		self.emu.__exit__(*exc)

	def disk(self, offset, length):
		with open(self.emu.disk, "rb") as f:
			f.seek(offset)
			return f.read(length)


def fails(status, fn, *args, **kw):
	try:
		fn(*args, **kw)
	except NvmeError as e:
		assert e.status & 0x7ff == status, f"status {e.status:#x}, expected {status:#x}"
		return
	raise AssertionError("succeeded")


def noise(n, seed=1):
	return random.Random(seed).randbytes(n)


# ---- the controller ---------------------------------------------------------------

@claim("registers say 1.4, 1024 entries, contiguous queues, NVM, 4 KiB pages")
def registers():
	with Rig(queue=False) as r:
		cap = r.dev.bar_read64(0, nvme.CAP)
		assert cap & 0xffff == 1023 and cap >> 16 & 1 and cap >> 37 & 1
		assert cap >> 32 & 15 == 0 and cap >> 48 & 0xff == 0
		assert r.dev.bar_read32(0, nvme.VS) == 0x00010400
		assert r.dev.bar_read32(0, nvme.CAP + 4) == cap >> 32


@claim("identify tells the controller, the namespace, the list and the descriptors")
def identify():
	with Rig(queue=False) as r:
		c = r.n.identify(1, DATA)
		assert struct.unpack("<HH", c[:4]) == (0x1234, 0x1234)
		assert c[4:24].rstrip() and c[24:64].startswith(b"tdisp-emu NVMe ")
		assert c[77] == 6 and c[111] == 1 and c[512] == 0x66 and c[513] == 0x44
		assert struct.unpack("<I", c[516:520]) == (1,) and c[525] & 1
		ns = r.n.identify(0, DATA, nsid=1)
		size = os.path.getsize(r.emu.disk) >> 9
		assert struct.unpack("<QQQ", ns[:24]) == (size,) * 3
		assert ns[25] == 0 and ns[130] == 9
		assert struct.unpack("<1024I", r.n.identify(2, DATA, nsid=0)) == (1,) + (0,) * 1023
		assert not any(r.n.identify(2, DATA, nsid=1))
		desc = r.n.identify(3, DATA, nsid=1)
		assert desc[:2] == b"\x02\x10" and desc[4:20] == ns[104:120] and desc[20:24] == bytes(4)
		for cns, nsid in ((0, 0), (0, 2), (3, 0), (3, 2), (0, 0xffffffff), (2, 0xfffffffe)):
			fails(0x0b, r.n.identify, cns, DATA, nsid)
		fails(0x02, r.n.identify, 0x7f, DATA)


@claim("two controllers have different identities, and a disk of their own")
def two():
	with Rig("--nvme", "2", name="nvme1") as r:
		a = r.n.identify(1, DATA)
		assert struct.unpack("<Q", r.n.identify(0, DATA, 1)[:8]) == (64 << 11,)
		r.mem.write(DATA, noise(PAGE))
		r.n.io(nvme.WRITE, 0, 8, DATA)
		assert r.disk(0, PAGE) == bytes(PAGE)
		r.mem.write(DATA, bytes(PAGE))
		r.n.io(nvme.READ, 0, 8, DATA)
		assert r.mem.read(DATA, PAGE) == noise(PAGE)
		with r.emu.connect("nvme0") as dev:
			dev.dma_map(r.mem)
			dev.enable()
			n = Nvme(dev, r.mem, 0x200000)
			n.enable()
			b = n.identify(1, DATA)
			assert a[4:24] != b[4:24] and a[768:1024] != b[768:1024]


@claim("seven IO queues at most, and features are what was set")
def features():
	with Rig(queue=False) as r:
		assert r.n.admin(nvme.SET_FEATURES, cdw10=7, cdw11=0x00ff00ff) == 0x00060006
		assert r.n.admin(nvme.GET_FEATURES, cdw10=7) == 0x00060006
		assert r.n.admin(nvme.GET_FEATURES, cdw10=6) == 1
		r.n.admin(nvme.SET_FEATURES, cdw10=6, cdw11=0)
		assert r.n.admin(nvme.GET_FEATURES, cdw10=6) == 0
		r.n.admin(nvme.SET_FEATURES, cdw10=0x0b, cdw11=0x1ff)
		assert r.n.admin(nvme.GET_FEATURES, cdw10=0x0b) == 0x1ff
		fails(0x10d, r.n.admin, nvme.SET_FEATURES, cdw10=6 | 1 << 31)
		fails(0x02, r.n.admin, nvme.SET_FEATURES, cdw10=7, cdw11=0xffff)
		for bad in (0, 3, 0x0c, 0x7f, 0xff):
			fails(0x02, r.n.admin, nvme.GET_FEATURES, cdw10=bad)


@claim("logs: SMART, errors, firmware; others are refused")
def logs():
	with Rig() as r:
		r.n.io(nvme.READ, 0, 8, DATA)
		r.n.admin(nvme.GET_LOG, nsid=0xffffffff, prp1=DATA, cdw10=2 | 127 << 16)
		smart = r.mem.read(DATA, 512)
		assert 273 < struct.unpack("<H", smart[1:3])[0] < 343
		assert struct.unpack("<Q", smart[64:72]) == (1,)
		r.n.admin(nvme.GET_LOG, prp1=DATA, cdw10=1 | 15 << 16)
		r.n.admin(nvme.GET_LOG, prp1=DATA, cdw10=3 | 127 << 16)
		assert r.mem.read(DATA, 16) == b"\x01" + bytes(7) + b"1.0     "
		fails(0x109, r.n.admin, nvme.GET_LOG, prp1=DATA, cdw10=5 | 127 << 16)
		fails(0x02, r.n.admin, nvme.GET_LOG, prp1=DATA, cdw10=2 | 0xffff << 16)
		fails(0x02, r.n.admin, nvme.GET_LOG, prp1=DATA, cdw10=2, cdw12=4)


@claim("event requests are held, four of them; abort aborts nothing")
def events():
	with Rig(queue=False) as r:
		q = r.n.queues[0]
		for _ in range(4):
			r.n.put(q, nvme.ASYNC_EVENT)
		r.n.ring(q)
		assert r.n.peek(q) is None
		fails(0x105, r.n.admin, nvme.ASYNC_EVENT)
		assert r.n.admin(nvme.ABORT, cdw10=1 << 16) == 1
		r.n.enable()
		r.n.put(r.n.queues[0], nvme.ASYNC_EVENT)
		r.n.ring(r.n.queues[0])
		assert r.n.peek(r.n.queues[0]) is None


@claim("unknown commands, fused and SGL commands are refused")
def unknown():
	with Rig() as r:
		for op in (0x03, 0x0d, 0x10, 0x80, 0xff):
			fails(0x01, r.n.admin, op)
		for op in (0x03, 0x05, 0x0d, 0x80):
			fails(0x01, r.n.io, op, 0, 1, DATA)
		for flags in (1, 0x40):
			fails(0x02, r.n.run, r.n.queues[1], nvme.READ, nsid=1, prp1=DATA, flags=flags)


@claim("queues are created and deleted in order, or the reason is told")
def queue_rules():
	with Rig(queue=False) as r:
		n, at = r.n, DATA
		def cq(qid, size=16, vec=1, pc=1, prp=at):
			n.admin(nvme.CREATE_CQ, prp1=prp, cdw10=(size - 1) << 16 | qid,
				cdw11=vec << 16 | 2 | pc)
		def sq(qid, cqid, size=16, pc=1, prp=at + PAGE):
			n.admin(nvme.CREATE_SQ, prp1=prp, cdw10=(size - 1) << 16 | qid,
				cdw11=cqid << 16 | pc)
		fails(0x101, cq, 0)
		fails(0x101, cq, 8)
		fails(0x102, cq, 1, size=1)
		fails(0x102, cq, 1, size=1025)
		fails(0x108, cq, 1, vec=8)
		fails(0x02, cq, 1, pc=0)
		fails(0x13, cq, 1, prp=at + 16)
		fails(0x100, sq, 1, 1)
		cq(1)
		fails(0x101, cq, 1)
		fails(0x100, sq, 1, 0)
		sq(1, 1)
		fails(0x101, sq, 1, 1)
		fails(0x10c, n.admin, nvme.DELETE_CQ, cdw10=1)
		n.admin(nvme.DELETE_SQ, cdw10=1)
		fails(0x101, n.admin, nvme.DELETE_SQ, cdw10=1)
		n.admin(nvme.DELETE_CQ, cdw10=1)
		fails(0x101, n.admin, nvme.DELETE_CQ, cdw10=1)
		fails(0x101, n.admin, nvme.DELETE_CQ, cdw10=0)
		for qid in range(1, 8):
			n.add_queue(qid)


@claim("a controller reset forgets the queues and keeps the medium")
def controller_reset():
	with Rig() as r:
		r.mem.write(DATA, noise(PAGE))
		r.n.io(nvme.WRITE, 8, 8, DATA)
		r.n.disable()
		assert r.dev.bar_read64(0, nvme.ASQ) == r.n.page(0)
		r.dev.bar_write32(0, 0x1008, 1)		# a doorbell of the past
		r.n.enable()
		r.n.add_queue(1)
		r.mem.write(DATA, bytes(PAGE))
		r.n.io(nvme.READ, 8, 8, DATA)
		assert r.mem.read(DATA, PAGE) == noise(PAGE)


@claim("a shutdown is reported done")
def shutdown():
	with Rig() as r:
		r.n.shutdown()
		r.n.enable()
		assert r.dev.bar_read32(0, nvme.CSTS) == nvme.CSTS_RDY
		r.n.identify(1, DATA)


@claim("settings that are not supported make enabling fail, not the emulator")
def bad_enable():
	with Rig(queue=False) as r:
		for cc, aqa, asq in ((1 << 7, 0x001f001f, BASE), (1 << 4, 0x001f001f, BASE),
				     (1 << 11, 0x001f001f, BASE), (0, 0, BASE),
				     (0, 0x001f001f, BASE + 64)):
			r.n.disable()
			r.dev.bar_write32(0, nvme.AQA, aqa)
			r.dev.bar_write64(0, nvme.ASQ, asq)
			r.dev.bar_write32(0, nvme.CC, nvme.CC_EN | nvme.CC_QUEUES | cc)
			assert r.dev.bar_read32(0, nvme.CSTS) == nvme.CSTS_CFS
			r.dev.bar_write32(0, 0x1000, 1)
		r.n.enable()
		r.n.identify(1, DATA)


@claim("doorbells of no queue or out of range are ignored")
def doorbells():
	with Rig() as r:
		for off, val in ((0x1000, 32), (0x1000, 0xffffffff), (0x1004, 32), (0x1008, 16),
				 (0x100c, 99), (0x1010, 1), (0x1040, 1), (0x3ffc, 1), (0x1044, 0)):
			r.dev.bar_write32(0, off, val)
		r.dev.bar_write(0, 0x1000, b"\x01")
		r.dev.bar_write(0, 0x1002, bytes(4))
		r.dev.bar_write(0, 0x1000, bytes(range(64)))
		r.n.identify(1, DATA)
		r.n.io(nvme.READ, 0, 1, DATA)


# ---- data -----------------------------------------------------------------------------

@claim("what is written is on the medium, and read back, at any size and offset")
def read_write():
	with Rig() as r:
		for blocks, off, lba in ((1, 0, 0), (8, 0, 8), (8, 512, 100), (9, 0, 200), (16, 3584, 300),
					 (17, 0, 400), (64, 4, 500), (512, 0, 1000), (511, 512, 2000)):
			data = noise(blocks * 512, blocks)
			r.mem.write(DATA + off, data)
			r.n.io(nvme.WRITE, lba, blocks, DATA + off)
			assert r.disk(lba * 512, len(data)) == data
			r.mem.write(DATA, bytes(300 << 10))
			r.n.io(nvme.READ, lba, blocks, DATA + off)
			assert r.mem.read(DATA + off, len(data)) == data, blocks
			assert r.mem.read(DATA + off + len(data), 4096) == bytes(4096)
		r.n.io(nvme.FLUSH, 0, 1, DATA)
		r.n.io(nvme.FLUSH, 0, 1, DATA, nsid=0xffffffff)


@claim("a PRP list may start anywhere in its page and go on in another")
def list_chain():
	with Rig() as r:
		data = noise(256 << 10)
		for entries in (1, 2, 3, 62, 63, 64):
			r.mem.write(DATA, data)
			at = r.n.lists + PAGE - 8 * entries
			r.n.io(nvme.WRITE, 0, 512, DATA, list_at=at)
			assert r.disk(0, len(data)) == data
			r.mem.write(DATA, bytes(len(data)))
			r.n.io(nvme.READ, 0, 512, DATA, list_at=at)
			assert r.mem.read(DATA, len(data)) == data, entries


@claim("addresses that no PRP may have are refused")
def bad_prps():
	with Rig() as r:
		q = r.n.queues[1]
		def read(blocks, prp1, prp2):
			r.n.run(q, nvme.READ, nsid=1, prp1=prp1, prp2=prp2, cdw=(0, 0, blocks - 1, 0, 0, 0))
		fails(0x13, read, 1, DATA + 1, 0)
		fails(0x13, read, 16, DATA, DATA + PAGE + 8)
		fails(0x13, read, 32, DATA, r.n.lists + 4)
		r.n.write_list(r.n.lists, [DATA + 512] * 4)
		fails(0x13, read, 32, DATA, r.n.lists)
		# a list that ends in a link to the middle of a page
		r.mem.write(r.n.lists + PAGE - 8, struct.pack("<Q", r.n.lists + 64))
		fails(0x13, read, 32, DATA, r.n.lists + PAGE - 8)


@claim("a PRP list that is a chain of itself comes to an end")
def list_loop():
	with Rig() as r:
		at = r.n.lists + PAGE - 8
		r.mem.write(at, struct.pack("<Q", r.n.lists))
		r.n.write_list(r.n.lists, [DATA] * 511 + [r.n.lists])
		r.n.run(r.n.queues[1], nvme.READ, nsid=1, prp1=DATA, prp2=at,
			cdw=(0, 0, 511, 0, 0, 0))


@claim("blocks out of range, of another namespace or too many are refused")
def ranges():
	with Rig() as r:
		last = os.path.getsize(r.emu.disk) // 512
		r.n.io(nvme.READ, last - 1, 1, DATA)
		for op in (nvme.READ, nvme.WRITE, nvme.WRITE_ZEROES):
			fails(0x80, r.n.io, op, last, 1, DATA)
			fails(0x80, r.n.io, op, last - 7, 8, DATA)
			fails(0x80, r.n.io, op, (1 << 64) - 1, 1, DATA)
			fails(0x80, r.n.io, op, (1 << 55) + 1, 1, DATA)
			fails(0x0b, r.n.io, op, 0, 1, DATA, nsid=2)
			fails(0x0b, r.n.io, op, 0, 1, DATA, nsid=0)
		fails(0x02, r.n.io, nvme.READ, 0, 513, DATA)
		assert r.disk(0, 4096) == bytes(4096)


@claim("Write Zeroes and deallocate leave zeros, and nothing else")
def zeroes():
	with Rig() as r:
		data = noise(128 << 10)
		r.mem.write(DATA, data)
		r.n.io(nvme.WRITE, 0, 256, DATA)
		r.n.io(nvme.WRITE_ZEROES, 3, 50, DATA)
		want = data[:3 * 512] + bytes(50 * 512) + data[53 * 512:]
		assert r.disk(0, len(data)) == want
		r.mem.write(DATA, struct.pack("<IIQIIQ", 0, 7, 100, 0, 1, 200))
		def dsm(attr, ranges=2):
			r.n.run(r.n.queues[1], nvme.DSM, nsid=1, prp1=DATA, cdw=(ranges - 1, attr, 0, 0, 0, 0))
		dsm(1)
		assert r.disk(0, len(data)) == want
		dsm(4)
		want = want[:100 * 512] + bytes(7 * 512) + want[107 * 512:200 * 512] + bytes(512) + \
			want[201 * 512:]
		assert r.disk(0, len(data)) == want
		r.mem.write(DATA, struct.pack("<IIQIIQ", 0, 1, 0, 0, 1, 1 << 60))
		fails(0x80, dsm, 4)
		assert r.disk(0, len(data)) == want


# ---- order, interrupts --------------------------------------------------------------------

@claim("a completion queue that is full holds commands back, and loses none")
def cq_full():
	with Rig(queue=False) as r:
		n = r.n
		n.add_queue(1, entries=16)
		# a second submission queue of 16 that completes into the same queue
		n.admin(nvme.CREATE_SQ, prp1=n.page(4), cdw10=15 << 16 | 2, cdw11=1 << 16 | 1)
		q1 = n.queues[1]
		q2 = nvme.Queue(2, n.page(4), q1.cq, 16, 1)
		want = []
		for q in (q1, q2):
			for _ in range(15):
				want.append((q.qid, n.put(q, nvme.FLUSH, nsid=1)))
			n.ring(q)
		got = []
		for _ in range(15):
			_, _, sqid, cid, status = n.reap(q1)
			got.append((sqid, cid))
			assert not status
		assert n.peek(q1) is None
		n.ack(q1)
		for _ in range(15):
			_, _, sqid, cid, _ = n.reap(q1)
			got.append((sqid, cid))
		n.ack(q1)
		assert got == want and n.peek(q1) is None


@claim("queues wrap, and the phase turns with them")
def wrap():
	with Rig() as r:
		for i in range(100):
			r.mem.write(DATA, bytes([i]) * 512)
			r.n.io(nvme.WRITE, i, 1, DATA)
		assert r.disk(0, 51200) == b"".join(bytes([i]) * 512 for i in range(100))


@claim("each queue fires its own vector, once a batch, and none when told not to")
def vectors():
	each_vector()


@claim("--msi: the same")
def vectors_msi():
	each_vector("--msi")


@claim("--msi: queues share vectors if there are fewer than were asked for")
def vectors_shared():
	with Rig("--msi", queue=False) as r:
		r.dev.msi_on(2)
		for qid in range(1, 8):
			r.n.add_queue(qid, vector=qid)
		while r.dev.irq_wait(0, 0):
			pass
		for qid in range(1, 8):
			r.n.io(nvme.READ, 0, 1, DATA, qid=qid)
			assert r.dev.irq_wait(qid % 2) == 1
			assert r.dev.irq_wait(1 - qid % 2, 0) == 0


def each_vector(*args):
	with Rig(*args, queue=False) as r:
		for qid in range(1, 8):
			r.n.add_queue(qid, vector=8 - qid)
		r.dev.irq_wait(0)
		for qid in range(1, 8):
			r.n.io(nvme.READ, 0, 1, DATA, qid=qid)
			assert r.dev.irq_wait(8 - qid) == 1
			assert r.dev.irq_wait(8 - qid, 0) == 0
		q = r.n.queues[3]
		for _ in range(10):
			r.n.put(q, nvme.FLUSH, nsid=1)
		r.n.ring(q)
		assert r.dev.irq_wait(5) == 1
		r.n.enable()
		r.n.admin(nvme.CREATE_CQ, prp1=r.n.page(3), cdw10=15 << 16 | 1, cdw11=1 << 16 | 1)
		r.n.admin(nvme.CREATE_SQ, prp1=r.n.page(2), cdw10=15 << 16 | 1, cdw11=1 << 16 | 1)
		q = nvme.Queue(1, r.n.page(2), r.n.page(3), 16, 1)
		r.mem.write(q.cq, bytes(PAGE))
		r.n.run(q, nvme.FLUSH, nsid=1)
		assert r.dev.irq_wait(1, 0.2) == 0


# ---- what is refused ------------------------------------------------------------------------

@claim("a data page out of reach: Data Transfer Error, and no block changes")
def data_refused():
	with Rig() as r:
		r.mem.write(DATA, noise(16 << 10))
		r.n.io(nvme.WRITE, 0, 32, DATA)
		before = r.disk(0, 64 << 10)
		hole = RAM + 0x1000
		lst = r.n.lists
		for pages in ([DATA, DATA, hole], [hole, DATA, DATA], [DATA, hole, DATA]):
			r.n.write_list(lst, pages)
			for op in (nvme.WRITE, nvme.READ):
				fails(0x04, r.n.run, r.n.queues[1], op, nsid=1, prp1=DATA + 0x8000,
				      prp2=lst, cdw=(0, 0, 31, 0, 0, 0))
				assert r.disk(0, 64 << 10) == before
		fails(0x04, r.n.io, nvme.WRITE, 0, 1, hole)
		fails(0x04, r.n.io, nvme.READ, 0, 8, hole)
		fails(0x04, r.n.run, r.n.queues[1], nvme.READ, nsid=1, prp1=DATA, prp2=hole,
		      cdw=(0, 0, 31, 0, 0, 0))
		fails(0x04, r.n.run, r.n.queues[1], nvme.DSM, nsid=1, prp1=hole, cdw=(0, 4, 0, 0, 0, 0))
		fails(0x04, r.n.identify, 1, hole)
		assert r.disk(0, 64 << 10) == before
		s = r.emu.stats("nvme0")
		assert s["dma_refused"] == 11 and s["refused_reasons"] == {"not-ram": 11}
		r.n.io(nvme.READ, 0, 8, DATA)		# and it goes on


@claim("a queue out of reach is fatal until the controller is reset")
def queue_refused():
	with Rig() as r:
		hole = RAM + 0x1000
		for sq, cq in ((hole, r.n.page(3)), (r.n.page(2), hole)):
			r.n.enable()
			r.n.admin(nvme.CREATE_CQ, prp1=cq, cdw10=15 << 16 | 1, cdw11=1 << 16 | 3)
			r.n.admin(nvme.CREATE_SQ, prp1=sq, cdw10=15 << 16 | 1, cdw11=1 << 16 | 1)
			r.mem.write(r.n.page(2), struct.pack("<BBHI", 0, 0, 1, 1))
			r.dev.bar_write32(0, 0x1008, 1)
			assert r.dev.bar_read32(0, nvme.CSTS) & nvme.CSTS_CFS
			r.dev.bar_write32(0, 0x1008, 2)
			r.n.put(r.n.queues[0], nvme.IDENTIFY, prp1=DATA, cdw=(1, 0, 0, 0, 0, 0))
			r.n.ring(r.n.queues[0])
			assert r.n.peek(r.n.queues[0]) is None
		assert r.emu.stats("nvme0")["dma_refused"] == 2
		r.n.enable()
		r.n.add_queue(1)
		r.n.io(nvme.READ, 0, 1, DATA)


@claim("without Bus Master Enable nothing is read, written or signalled")
def no_bus_master():
	with Rig() as r:
		r.mem.write(DATA, noise(4096))
		q = r.n.queues[1]
		prp1, prp2 = r.n.prps(DATA, 4096)
		r.n.put(q, nvme.WRITE, nsid=1, prp1=prp1, prp2=prp2, cdw=(0, 0, 7, 0, 0, 0))
		before = r.mem.read(0, RAM)
		r.dev.irq_wait(0, 0)
		ints = r.emu.stats("nvme0")["interrupts"]
		r.dev.set_command(vfu.CMD_MSE)
		r.n.ring(q)
		assert r.mem.read(0, RAM) == before and r.disk(0, 4096) == bytes(4096)
		s = r.emu.stats("nvme0")
		assert s["refused_reasons"] == {"bus-master-off": 1} and s["interrupts"] == ints


@claim("private memory is out of reach for a controller that is not in RUN")
def private_memory():
	with Emulator() as emu, Guest(emu) as g:
		t = g.tdi("nvme0")
		n = Nvme(t.dev, g.mem, 0x200000)
		n.enable()
		n.add_queue(1)
		g.mem.write(0x300000, noise(4096))
		n.io(nvme.WRITE, 0, 8, 0x300000)
		g.enter()
		n.put(n.queues[1], nvme.READ, nsid=1, prp1=0x300000, cdw=(0, 0, 7, 0, 0, 0))
		n.ring(n.queues[1])
		assert t.dev.bar_read32(0, nvme.CSTS) & nvme.CSTS_CFS
		g.share(0x200000, 32)
		n.enable()
		n.add_queue(1)
		g.mem.write(0x300000, b"secret!!" * 512)
		fails(0x04, n.io, nvme.READ, 0, 8, 0x300000)
		fails(0x04, n.io, nvme.WRITE, 8, 8, 0x300000)
		assert g.mem.read(0x300000, 4096) == b"secret!!" * 512
		with open(emu.disk, "rb") as f:
			assert b"secret!!" not in f.read(1 << 20)
		g.share(0x300000, 1)
		n.io(nvme.READ, 0, 8, 0x300000)
		assert hashlib.sha256(g.mem.read(0x300000, 4096)).digest() == \
			hashlib.sha256(noise(4096)).digest()


@claim("random commands neither crash nor hang it")
def fuzz():
	with Rig() as r:
		rnd = random.Random(3)
		some = (0, DATA, DATA + 512, r.n.lists, r.n.lists + 8, RAM - 4096, RAM, 1 << 63, (1 << 64) - 8)
		r.mem.write(r.n.lists, struct.pack("<512Q", *rnd.choices(some, k=512)))
		for i in range(400):
			if r.dev.bar_read32(0, nvme.CSTS) != nvme.CSTS_RDY or i % 50 == 0:
				r.n.enable()
				r.n.add_queue(1)
			q = r.n.queues[rnd.choice((0, 1))]
			op = rnd.choice((0, 1, 2, 8, 9, 6, 2, 5, 0x0a, rnd.randrange(256)))
			if q.qid == 0 and op in (0, 1, 4, 5):
				op = 6		# leave the queues be
			r.n.put(q, op, nsid=rnd.choice((0, 1, 1, 1, 2, 0xffffffff)),
				prp1=rnd.choice(some), prp2=rnd.choice(some),
				cdw=[rnd.choice((0, 1, 7, 255, 511, rnd.getrandbits(32))) for _ in range(6)])
			r.n.ring(q)
			if r.n.peek(q):
				r.n.reap(q)
				r.n.ack(q)
		r.n.enable()
		r.n.identify(1, DATA)
