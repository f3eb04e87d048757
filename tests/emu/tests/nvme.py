# SPDX-License-Identifier: GPL-2.0
"""
A small NVMe driver on a vfu.Device: one admin queue, IO queues, one command at
a time. It keeps its queues where it is told, so that a test can put them into
memory that the device must not reach.
"""

import struct
import time

ADMIN, DELETE_SQ, CREATE_SQ, GET_LOG, DELETE_CQ, CREATE_CQ = 0, 0x00, 0x01, 0x02, 0x04, 0x05
IDENTIFY, ABORT, SET_FEATURES, GET_FEATURES, ASYNC_EVENT = 0x06, 0x08, 0x09, 0x0a, 0x0c
FLUSH, WRITE, READ, WRITE_ZEROES, DSM = 0x00, 0x01, 0x02, 0x08, 0x09

CAP, VS, CC, CSTS, AQA, ASQ, ACQ = 0x00, 0x08, 0x14, 0x1c, 0x24, 0x28, 0x30
CC_EN, CC_SHN_NORMAL, CC_QUEUES = 1, 1 << 14, 6 << 16 | 4 << 20
CSTS_RDY, CSTS_CFS, CSTS_SHST_DONE = 1, 2, 8

DATA_TRANSFER_ERROR = 0x04
PAGE = 4096


class NvmeError(Exception):
	"""The controller completed a command with this status (type << 8 | code)."""

	def __init__(self, status):
		super().__init__(f"status {status:#05x}")
		self.status = status


class Queue:
	"""A submission and a completion queue of the same id and size."""

	def __init__(self, qid, sq, cq, entries, vector):
		self.qid, self.sq, self.cq, self.entries = qid, sq, cq, entries
		self.vector = vector
		self.tail, self.head, self.phase = 0, 0, 1


class Nvme:
	"""Queues and PRP lists live in mem from `base` on: a page for each."""

	def __init__(self, dev, mem, base):
		self.dev, self.mem, self.base = dev, mem, base
		self.queues = {}
		self.cid = 0
		self.lists = base + 16 * PAGE	# PRP lists, 2 pages
		self.admin_entries = 32

	def page(self, n):
		return self.base + n * PAGE

	def wait_csts(self, mask, want, timeout=5):
		end = time.time() + timeout
		while self.dev.bar_read32(0, CSTS) & mask != want:
			assert time.time() < end, f"CSTS {self.dev.bar_read32(0, CSTS):#x}"

	def disable(self):
		self.dev.bar_write32(0, CC, 0)
		self.wait_csts(CSTS_RDY, 0)

	def enable(self):
		"""Controller reset and enable, as a driver's probe does."""
		self.disable()
		q = Queue(0, self.page(0), self.page(1), self.admin_entries, 0)
		self.mem.write(q.sq, bytes(PAGE))
		self.mem.write(q.cq, bytes(PAGE))
		self.queues = {0: q}
		n = q.entries - 1
		self.dev.bar_write32(0, AQA, n << 16 | n)
		self.dev.bar_write64(0, ASQ, q.sq)
		self.dev.bar_write64(0, ACQ, q.cq)
		self.dev.bar_write32(0, CC, CC_EN | CC_QUEUES)
		self.wait_csts(CSTS_RDY, CSTS_RDY)

	def shutdown(self):
		self.dev.bar_write32(0, CC, self.dev.bar_read32(0, CC) | CC_SHN_NORMAL)
		self.wait_csts(0xc, CSTS_SHST_DONE)

	def add_queue(self, qid, entries=16, vector=None):
		vector = qid if vector is None else vector
		q = Queue(qid, self.page(2 * qid), self.page(2 * qid + 1), entries, vector)
		self.mem.write(q.sq, bytes(PAGE))
		self.mem.write(q.cq, bytes(PAGE))
		size = (entries - 1) << 16 | qid
		self.admin(CREATE_CQ, prp1=q.cq, cdw10=size, cdw11=vector << 16 | 3)
		self.admin(CREATE_SQ, prp1=q.sq, cdw10=size, cdw11=qid << 16 | 1)
		self.queues[qid] = q
		return q

	# ---- commands ----

	def put(self, q, opcode, nsid=0, prp1=0, prp2=0, cdw=(0,) * 6, flags=0):
		"""Place a command in the queue, without ringing. Returns its id."""
		self.cid = (self.cid + 1) & 0xffff
		self.mem.write(q.sq + 64 * q.tail,
			       struct.pack("<BBHIQQQQ6I", opcode, flags, self.cid, nsid, 0, 0,
					   prp1, prp2, *cdw))
		q.tail = (q.tail + 1) % q.entries
		return self.cid

	def ring(self, q):
		self.dev.bar_write32(0, 0x1000 + 8 * q.qid, q.tail)

	def ack(self, q):
		self.dev.bar_write32(0, 0x1000 + 8 * q.qid + 4, q.head)

	def peek(self, q):
		"""The next completion (result, sq head, sq id, cid, status) or None."""
		result, _, head, sqid, cid, status = struct.unpack(
			"<IIHHHH", self.mem.read(q.cq + 16 * q.head, 16))
		if status & 1 != q.phase:
			return None
		return result, head, sqid, cid, status >> 1 & 0x7ff

	def reap(self, q, timeout=5):
		end = time.time() + timeout
		while True:
			done = self.peek(q)
			if done:
				break
			assert time.time() < end, "no completion"
			time.sleep(0.001)
		q.head += 1
		if q.head == q.entries:
			q.head, q.phase = 0, q.phase ^ 1
		return done

	def run(self, q, opcode, **kw):
		"""One command from start to end; its result, or NvmeError."""
		cid = self.put(q, opcode, **kw)
		self.ring(q)
		result, _, sqid, got, status = self.reap(q)
		self.ack(q)
		assert (sqid, got) == (q.qid, cid)
		if status:
			raise NvmeError(status)
		return result

	def admin(self, opcode, nsid=0, prp1=0, prp2=0, cdw10=0, cdw11=0, cdw12=0):
		return self.run(self.queues[0], opcode, nsid=nsid, prp1=prp1, prp2=prp2,
				cdw=(cdw10, cdw11, cdw12, 0, 0, 0))

	def identify(self, cns, at, nsid=0):
		self.admin(IDENTIFY, nsid=nsid, prp1=at, cdw10=cns)
		return self.mem.read(at, PAGE)

	# ---- data ----

	def prps(self, gpa, length, list_at=None):
		"""PRP1 and PRP2 for contiguous memory; the list is written where needed."""
		first = min(length, PAGE - gpa % PAGE)
		pages = [gpa + first + i for i in range(0, length - first, PAGE)]
		if not pages:
			return gpa, 0
		if len(pages) == 1:
			return gpa, pages[0]
		at = list_at or self.lists
		self.write_list(at, pages)
		return gpa, at

	def write_list(self, at, pages):
		"""A PRP list from `at`; at the end of a page it goes on in the next one."""
		room = (PAGE - at % PAGE) // 8
		if len(pages) > room:
			following = (at | (PAGE - 1)) + 1
			self.write_list(following, pages[room - 1:])
			pages = pages[:room - 1] + [following]
		self.mem.write(at, struct.pack(f"<{len(pages)}Q", *pages))

	def io(self, opcode, lba, blocks, gpa, qid=1, nsid=1, list_at=None):
		prp1, prp2 = self.prps(gpa, blocks * 512, list_at)
		return self.run(self.queues[qid], opcode, nsid=nsid, prp1=prp1, prp2=prp2,
				cdw=(lba & 0xffffffff, lba >> 32, blocks - 1, 0, 0, 0))
