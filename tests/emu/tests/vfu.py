# SPDX-License-Identifier: GPL-2.0
"""
A vfio-user client with a guest's memory behind it: what QEMU is to tdisp-emu,
without QEMU. Written from the protocol, not from the server, so that a mistake
in one is not a mistake in both.

	mem = GuestMemory(1 << 20)
	dev = Device(path)			# connects and negotiates
	dev.dma_map(mem)
	dev.enable()				# BARs, MSE, BME
	dev.bar_write32(0, 0x14, 1)
"""

import array
import errno
import json
import mmap
import os
import select
import socket
import struct

VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO = 1, 2, 3, 4, 5
GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE, RESET = 7, 8, 9, 10, 13

F_REPLY, F_NO_REPLY, F_ERROR = 1, 0x10, 0x20
HEADER = struct.Struct("<HHIII")

MAP_READ, MAP_WRITE = 1, 2
REGION_CONFIG = 7
IRQ_MSI, IRQ_MSIX = 1, 2

# Config space
COMMAND, BAR0 = 0x04, 0x10
CMD_MSE, CMD_BME = 2, 4
CAP_PM, CAP_MSI, CAP_PCIE, CAP_MSIX = 0x01, 0x05, 0x10, 0x11
ECAP_ATS, ECAP_PRI, ECAP_TPH = 0x0f, 0x13, 0x17
ECAP_DSN, ECAP_VSEC, ECAP_DOE, ECAP_IDE = 0x03, 0x0b, 0x2e, 0x30

CLIENT_CAPS = {"capabilities": {
	"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535,
	"max_data_xfer_size": 1048576,
	"migration": {"max_bitmap_size": 268435456, "pgsize": 4096},
	"write_multiple": True}}


class VfuError(OSError):
	"""The server's reply was an error."""


class Closed(Exception):
	"""The server closed the connection."""


class GuestMemory:
	"""RAM of the fake guest at gpa .. gpa + size, shareable by descriptor."""

	def __init__(self, size, gpa=0):
		self.gpa, self.size = gpa, size
		self.fd = os.memfd_create("guest")
		os.ftruncate(self.fd, size)
		self.map = mmap.mmap(self.fd, size)

	def read(self, gpa, length):
		at = gpa - self.gpa
		assert 0 <= at and at + length <= self.size
		return self.map[at:at + length]

	def write(self, gpa, data):
		at = gpa - self.gpa
		assert 0 <= at and at + len(data) <= self.size
		self.map[at:at + len(data)] = bytes(data)

	def close(self):
		self.map.close()
		os.close(self.fd)


class Device:
	"""One connection to one function."""

	def __init__(self, path, timeout=10, negotiate=True):
		self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		self.sock.settimeout(timeout)
		self.sock.connect(path)
		self.next_id = 0
		self.irqs = {}
		self.version_reply = None
		if negotiate:
			self.negotiate()

	def close(self):
		self.sock.close()
		for fd in self.irqs.values():
			os.close(fd)
		self.irqs = {}

	def __enter__(self):
		return self

	def __exit__(self, *exc):
		self.close()

	# ---- messages ----

	def send_raw(self, data, fds=()):
		anc = []
		if fds:
			anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
		sent = self.sock.sendmsg([data], anc)
		if sent < len(data):
			self.sock.sendall(data[sent:])

	def send(self, cmd, payload=b"", fds=(), flags=0):
		"""Send a command without waiting; returns its id."""
		mid = self.next_id
		self.next_id = (self.next_id + 1) & 0xffff
		self.send_raw(HEADER.pack(mid, cmd, HEADER.size + len(payload), flags, 0) + payload,
			      fds)
		return mid

	def recv_exact(self, n):
		data = b""
		while len(data) < n:
			try:
				part = self.sock.recv(n - len(data))
			except ConnectionResetError:
				part = b""
			if not part:
				raise Closed()
			data += part
		return data

	def recv(self, mid, cmd):
		"""The reply to command mid: its payload, or VfuError."""
		rid, rcmd, size, flags, err = HEADER.unpack(self.recv_exact(HEADER.size))
		payload = self.recv_exact(size - HEADER.size)
		assert (rid, rcmd) == (mid, cmd), f"reply to {rid}/{rcmd}, expected {mid}/{cmd}"
		assert flags & 0xf == F_REPLY, f"not a reply: flags {flags:#x}"
		if flags & F_ERROR:
			assert size == HEADER.size, "an error reply is a header only"
			raise VfuError(err, errno.errorcode.get(err, "?"))
		return payload

	def call(self, cmd, payload=b"", fds=()):
		return self.recv(self.send(cmd, payload, fds), cmd)

	def negotiate(self, caps=CLIENT_CAPS, major=0, minor=0):
		text = b"" if caps is None else json.dumps(caps).encode() + b"\0"
		self.version_reply = self.call(VERSION, struct.pack("<HH", major, minor) + text)
		return self.version_reply

	# ---- memory ----

	def dma_map(self, mem, gpa=None, size=None, offset=0, flags=MAP_READ | MAP_WRITE):
		"""Map guest memory; mem None: a region without a descriptor."""
		if mem is not None:
			gpa = mem.gpa if gpa is None else gpa
			size = mem.size if size is None else size
		self.call(DMA_MAP, struct.pack("<IIQQQ", 32, flags, offset, gpa, size),
			  (mem.fd,) if mem is not None else ())

	def dma_unmap(self, gpa, size, flags=0):
		return self.call(DMA_UNMAP, struct.pack("<IIQQ", 24, flags, gpa, size))

	# ---- device ----

	def info(self):
		"""flags, regions, irqs"""
		return struct.unpack("<IIII", self.call(GET_INFO, struct.pack("<IIII", 16, 0, 0, 0)))[1:]

	def region_info(self, index):
		"""flags, size"""
		r = self.call(GET_REGION_INFO, struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0))
		_, flags, got, _, size, _ = struct.unpack("<IIIIQQ", r[:32])
		assert got == index
		return flags, size

	def irq_info(self, index):
		"""flags, count"""
		r = self.call(GET_IRQ_INFO, struct.pack("<IIII", 16, 0, index, 0))
		return struct.unpack("<IIII", r)[1], struct.unpack("<IIII", r)[3]

	def reset(self):
		self.call(RESET)

	def region_read(self, region, offset, count):
		r = self.call(REGION_READ, struct.pack("<QII", offset, region, count))
		assert struct.unpack("<QII", r[:16]) == (offset, region, count)
		assert len(r) == 16 + count
		return r[16:]

	def region_write(self, region, offset, data, posted=False):
		msg = struct.pack("<QII", offset, region, len(data)) + bytes(data)
		if posted:
			self.send(REGION_WRITE, msg, flags=F_NO_REPLY)
			return
		r = self.call(REGION_WRITE, msg)
		assert struct.unpack("<QII", r) == (offset, region, len(data))

	# ---- interrupts ----

	def set_irqs(self, index, start, fds, flags=0x24, count=None):
		count = len(fds) if count is None else count
		self.call(SET_IRQS, struct.pack("<IIIII", 20, flags, index, start, count), fds)

	def msix_on(self, vectors=8):
		"""An eventfd for each vector, then MSI-X Enable."""
		for v in range(vectors):
			if v not in self.irqs:
				self.irqs[v] = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
			self.set_irqs(IRQ_MSIX, v, [self.irqs[v]])
		ctrl = self.find_cap(CAP_MSIX) + 2
		self.cfg_write16(ctrl, self.cfg_read16(ctrl) | 0x8000)

	def msi_on(self, vectors=8):
		"""MSI Enable for that many, then an eventfd for each in one go, as QEMU does."""
		ctrl = self.find_cap(CAP_MSI) + 2
		mme = vectors.bit_length() - 1
		self.cfg_write16(ctrl, (self.cfg_read16(ctrl) & ~0x71) | mme << 4 | 1)
		for v in range(vectors):
			if v not in self.irqs:
				self.irqs[v] = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
		self.set_irqs(IRQ_MSI, 0, [self.irqs[v] for v in range(vectors)])

	def irq_wait(self, vector, timeout=5):
		"""How often the vector fired since last asked; 0 after timeout seconds."""
		if not select.select([self.irqs[vector]], [], [], timeout)[0]:
			return 0
		return os.eventfd_read(self.irqs[vector])

	# ---- config space ----

	def cfg_read(self, offset, count):
		return self.region_read(REGION_CONFIG, offset, count)

	def cfg_read8(self, offset):
		return self.cfg_read(offset, 1)[0]

	def cfg_read16(self, offset):
		return struct.unpack("<H", self.cfg_read(offset, 2))[0]

	def cfg_read32(self, offset):
		return struct.unpack("<I", self.cfg_read(offset, 4))[0]

	def cfg_write8(self, offset, val):
		self.region_write(REGION_CONFIG, offset, struct.pack("<B", val))

	def cfg_write16(self, offset, val):
		self.region_write(REGION_CONFIG, offset, struct.pack("<H", val))

	def cfg_write32(self, offset, val):
		self.region_write(REGION_CONFIG, offset, struct.pack("<I", val))

	def find_cap(self, cap):
		"""Offset of a capability, or 0."""
		at, seen = self.cfg_read8(0x34), set()
		while at and at not in seen:
			seen.add(at)
			if self.cfg_read8(at) == cap:
				return at
			at = self.cfg_read8(at + 1)
		return 0

	def find_ecap(self, cap):
		"""Offset of an extended capability, or 0."""
		at, seen = 0x100, set()
		while at and at not in seen:
			seen.add(at)
			hdr = self.cfg_read32(at)
			if hdr & 0xffff == cap:
				return at
			at = hdr >> 20
		return 0

	def handle(self):
		return self.cfg_read32(self.find_ecap(ECAP_VSEC) + 8)

	def set_command(self, val):
		self.cfg_write16(COMMAND, val)

	def set_bar(self, bar, addr, wide=True):
		self.cfg_write32(BAR0 + 4 * bar, addr & 0xffffffff)
		if wide:
			self.cfg_write32(BAR0 + 4 * bar + 4, addr >> 32)

	def enable(self, base=0xfe000000, tdi=True):
		"""What firmware and a driver do: place the BARs, then MSE and BME."""
		self.set_bar(0, base, wide=tdi)
		if tdi:
			self.set_bar(2, base + 0x4000)
			self.set_bar(4, base + 0x8000, wide=False)
		self.set_command(CMD_MSE | CMD_BME)

	# ---- BARs ----

	def bar_read(self, bar, offset, count):
		return self.region_read(bar, offset, count)

	def bar_write(self, bar, offset, data, posted=False):
		self.region_write(bar, offset, data, posted)

	def bar_read32(self, bar, offset):
		return struct.unpack("<I", self.bar_read(bar, offset, 4))[0]

	def bar_read64(self, bar, offset):
		return struct.unpack("<Q", self.bar_read(bar, offset, 8))[0]

	def bar_write32(self, bar, offset, val, posted=False):
		self.bar_write(bar, offset, struct.pack("<I", val), posted)

	def bar_write64(self, bar, offset, val, posted=False):
		self.bar_write(bar, offset, struct.pack("<Q", val), posted)

	# ---- DOE ----

	def doe(self, vendor, kind, payload):
		"""One data object out, one in: (vendor, type, payload) or None if none came."""
		cap = self.find_ecap(ECAP_DOE)
		payload += bytes(-len(payload) % 4)
		self.doe_put(cap, struct.pack("<II", vendor | kind << 16, 2 + len(payload) // 4)
			     + payload)
		self.cfg_write32(cap + 0x08, 1 << 31)
		status = self.cfg_read32(cap + 0x0c)
		if not status & 1 << 31:
			return None
		first, length = self.doe_get(cap), self.doe_get(cap) & 0x3ffff
		body = b"".join(struct.pack("<I", self.doe_get(cap))
				for _ in range((length or 1 << 18) - 2))
		return first & 0xffff, first >> 16 & 0xff, body

	def doe_put(self, cap, data):
		for i in range(0, len(data), 4):
			self.region_write(REGION_CONFIG, cap + 0x10, data[i:i + 4])

	def doe_get(self, cap):
		val = self.cfg_read32(cap + 0x14)
		self.cfg_write32(cap + 0x14, 0)
		return val
