# SPDX-License-Identifier: GPL-2.0
"""The transport: what QEMU relies on, and what no client may break."""

import errno
import json
import os
import random
import socket
import struct
import time

import vfu
from harness import Emulator, claim
from vfu import HEADER, Closed, Device, GuestMemory, VfuError


def refused(err, fn, *args, **kw):
	try:
		fn(*args, **kw)
	except VfuError as e:
		assert e.errno == err, f"errno {e.errno}, expected {err}"
		return
	raise AssertionError("accepted")


def closed(dev):
	"""Did the server hang up?"""
	try:
		while dev.sock.recv(4096):
			pass
	except ConnectionResetError:
		pass
	except socket.timeout:
		return False
	return True


def works(emu, name="nvme0"):
	"""A well-behaved client gets its answers."""
	with emu.connect(name) as dev:
		assert dev.cfg_read16(0) == 0x1234


@claim("VERSION is 0.0, and its reply no larger than the request")
def version():
	with Emulator() as emu:
		for caps in (vfu.CLIENT_CAPS, {"capabilities": {}}, {}, None):
			dev = emu.connect("nvme0", negotiate=False)
			asked = 4 + (0 if caps is None else len(json.dumps(caps)) + 1)
			reply = dev.negotiate(caps)
			assert struct.unpack("<HH", reply[:4]) == (0, 0)
			assert 4 <= len(reply) <= asked, (len(reply), asked)
			assert len(reply) == 4 or reply[-1] == 0
			dev.close()


@claim("another major version is refused")
def major():
	with Emulator() as emu, emu.connect("nvme0", negotiate=False) as dev:
		refused(errno.EINVAL, dev.negotiate, major=1)
		refused(errno.EINVAL, dev.cfg_read16, 0)
		dev.negotiate()
		assert dev.cfg_read16(0) == 0x1234


@claim("nothing is answered before VERSION, and VERSION only once")
def order():
	with Emulator() as emu, emu.connect("nvme0", negotiate=False) as dev:
		refused(errno.EINVAL, dev.info)
		dev.negotiate()
		refused(errno.EINVAL, dev.negotiate)
		dev.info()


@claim("a device tells its regions and interrupts")
def info():
	with Emulator() as emu:
		with emu.connect("nvme0") as dev:
			assert dev.info() == (3, 9, 5)
			sizes = [dev.region_info(i)[1] for i in range(9)]
			assert sizes == [16384, 0, 16384, 0, 8192, 0, 0, 4096, 0], sizes
			assert dev.irq_info(vfu.IRQ_MSIX) == (9, 8)
			assert dev.irq_info(0)[1] == 0
			refused(errno.EINVAL, dev.region_info, 9)
			refused(errno.EINVAL, dev.irq_info, 5)
		with emu.connect("tsm") as dev:
			assert [dev.region_info(i)[1] for i in range(9)] == \
				[4096, 0, 0, 0, 0, 0, 0, 4096, 0]
			assert dev.irq_info(vfu.IRQ_MSIX)[1] == 0


@claim("memory comes by descriptor, and an offset into it is honoured")
def map_offset():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 20)
		dev.dma_map(mem, gpa=0x100000, size=0x1000, offset=0x3000)
		dev.enable()
		emu.control("probe dma0 write 0x100010 4")
		assert mem.read(0x3010, 4) == b"\xee" * 4
		assert mem.read(0x10, 4) == bytes(4)


@claim("what is mapped read-only is not written, what is unmapped not reached")
def map_flags():
	with Emulator() as emu, emu.connect("tsm") as first, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 16)
		first.dma_map(mem)		# it is RAM because it is mapped read-write once
		dev.dma_map(mem, flags=vfu.MAP_READ)
		dev.enable()
		assert emu.control("probe dma0 read 0 4096")["result"] == "ok"
		assert emu.control("probe dma0 write 0 4096")["reason"] == "not-ram"
		dev.dma_unmap(0, 1 << 16)
		assert emu.control("probe dma0 read 0 4096")["reason"] == "unmapped-iova"
		dev.dma_map(None, gpa=0, size=1 << 16)		# no descriptor: no way
		assert emu.control("probe dma0 read 0 4096")["reason"] == "unmapped-iova"
		assert mem.read(0, 1 << 16) == bytes(1 << 16)


@claim("DMA_UNMAP of what was never mapped is a success, of a part is not")
def unmap():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 16)
		reply = dev.dma_unmap(0, 1 << 48)
		assert reply == struct.pack("<IIQQ", 24, 0, 0, 1 << 48)
		dev.dma_unmap(1 << 63, 1 << 63)
		dev.dma_map(mem, gpa=0x10000)
		refused(errno.EINVAL, dev.dma_unmap, 0x10000, 0x1000)
		refused(errno.EINVAL, dev.dma_unmap, 0x18000, 0x10000)
		dev.enable()
		assert emu.control("probe dma0 read 0x10000 0x10000")["result"] == "ok"
		dev.dma_unmap(0, 1 << 48)
		assert emu.control("probe dma0 read 0x10000 4")["reason"] == "unmapped-iova"
		dev.dma_map(mem, gpa=0x10000)
		dev.dma_unmap(0, 0, flags=2)			# all
		assert emu.control("probe dma0 read 0x10000 4")["reason"] == "unmapped-iova"


@claim("mappings that overlap, wrap or exceed their file are refused")
def bad_maps():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 16)
		dev.dma_map(mem, gpa=0x10000)
		for gpa, size in ((0x10000, 0x1000), (0, 0x11000), (0x1f000, 0x2000),
				  (0, 1 << 32)):
			refused(errno.EEXIST, dev.dma_map, None, gpa=gpa, size=size)
		for gpa, size, off, flags in (
				(0x100000, 0x20000, 0, 3),	# more than the file
				(0x100000, 0x1000, 1 << 40, 3),
				(0x100000, 0x1000, (1 << 64) - 0x1000, 3),
				(0x100001, 0x1000, 0, 3), (0x100000, 0x800, 0, 3),
				(0x100000, 0x1000, 0x10, 3), (0x100000, 0, 0, 3),
				((1 << 64) - 0x1000, 0x2000, 0, 3), (0x100000, 0x1000, 0, 0x80)):
			refused(errno.EINVAL, dev.dma_map, mem, gpa=gpa, size=size, offset=off,
				flags=flags)
		dev.dma_map(mem, gpa=(1 << 64) - 0x1000, size=0x1000)
		dev.enable()
		assert emu.control("probe dma0 read 0xfffffffffffff000 4096")["result"] in \
			("ok", "refused")


@claim("ten thousand single pages are found again, in any order")
def many_maps():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 16)
		dev.enable()
		pages = list(range(0, 20000, 2))
		random.Random(1).shuffle(pages)
		for p in pages:
			dev.dma_map(mem, gpa=p << 12, size=4096, offset=(p & 15) << 12)
		for p in pages[:50]:
			assert emu.control(f"probe dma0 read {p << 12} 4096")["result"] == "ok"
			assert emu.control(f"probe dma0 read {(p + 1) << 12} 8")["result"] == "refused"
		for p in pages[:5000]:
			dev.dma_unmap(p << 12, 4096)
		assert emu.control(f"probe dma0 read {pages[0] << 12} 8")["result"] == "refused"
		assert emu.control(f"probe dma0 read {pages[5001] << 12} 8")["result"] == "ok"


@claim("memory that its owner cuts short does not kill the emulator")
def truncated():
	with Emulator() as emu, emu.connect("dma0") as dev:
		mem = GuestMemory(1 << 16)
		dev.dma_map(mem)
		dev.enable()
		os.ftruncate(mem.fd, 4096)
		assert emu.control("probe dma0 read 0 65536")["result"] == "ok"
		works(emu)


@claim("region accesses out of range are refused, however large")
def region_range():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		for region, off, count in ((7, 4093, 4), (7, 4096, 1), (7, 1 << 63, 4),
					   (7, (1 << 64) - 2, 4), (0, 16384, 4), (0, 0, 16388),
					   (0, 0, 0xffffffff), (1, 0, 1), (6, 0, 4), (8, 0, 4),
					   (9, 0, 4), (0xffffffff, 0, 4), (7, 0, 0)):
			refused(errno.EINVAL, dev.region_read, region, off, count)
			if count <= 16388:
				refused(errno.EINVAL, dev.region_write, region, off, bytes(count))
		# what is announced and what is sent do not agree
		for count, data in ((4, b"12345"), (4, b"123"), (0x4000, b"1234")):
			refused(errno.EINVAL, dev.call, vfu.REGION_WRITE,
				struct.pack("<QII", 4, 7, count) + data)
		assert len(dev.cfg_read(0, 4096)) == 4096


@claim("commands that are short, unknown or without sense are errors, no more")
def short_commands():
	full = {vfu.DMA_MAP: 32, vfu.DMA_UNMAP: 24, vfu.GET_INFO: 16, vfu.GET_REGION_INFO: 32,
		vfu.GET_IRQ_INFO: 16, vfu.SET_IRQS: 20, vfu.REGION_READ: 16,
		vfu.REGION_WRITE: 16}
	with Emulator() as emu, emu.connect("nvme0") as dev:
		for cmd, size in full.items():
			for n in (0, 1, size // 2, size - 1):
				refused(errno.EINVAL, dev.call, cmd, bytes(n))
		for cmd in (0, 6, 11, 12, 14, 15, 16, 17, 18, 0xffff):
			refused(errno.ENOSYS, dev.call, cmd, bytes(64))
		for flags, index, start, count in ((0x24, 2, 8, 1), (0x24, 2, 0, 9),
						   (0x24, 2, 0xffffffff, 2), (0x24, 5, 0, 1),
						   (0x22, 2, 0, 1), (0x28, 2, 0, 1), (0, 2, 0, 0),
						   (0x24, 0, 0, 1), (0x21, 2, 0, 1)):
			refused(errno.EINVAL, dev.set_irqs, index, start, [], flags, count)
		r, w = os.pipe()
		refused(errno.EINVAL, dev.set_irqs, 2, 0, [w, w], count=1)
		# a reply to nothing is nothing; a posted error is no answer
		dev.send_raw(HEADER.pack(7, vfu.GET_INFO, 16, vfu.F_REPLY, 0))
		dev.send(vfu.REGION_WRITE, b"x", flags=vfu.F_NO_REPLY)
		dev.info()


@claim("a size that cannot be ends the connection, and only that")
def impossible_sizes():
	with Emulator() as emu:
		for size in (0, 15, 65537, 0x7fffffff, 0xffffffff):
			dev = emu.connect("nvme0", timeout=5)
			dev.send_raw(HEADER.pack(1, vfu.GET_INFO, size, 0, 0))
			assert closed(dev), size
			works(emu)
		assert emu.alive()


@claim("a message in single bytes is a message, two in one piece are two")
def pieces():
	with Emulator() as emu, emu.connect("nvme0") as dev:
		msg = HEADER.pack(9, vfu.REGION_READ, 32, 0, 0) + struct.pack("<QII", 0, 7, 4)
		for b in msg:
			dev.send_raw(bytes([b]))
			time.sleep(0.002)
		assert dev.recv(9, vfu.REGION_READ)[16:] == b"\x34\x12\x52\x7d"
		dev.send_raw(msg * 50)
		for _ in range(50):
			assert dev.recv(9, vfu.REGION_READ)[16:18] == b"\x34\x12"


@claim("descriptors belong to the message they came with")
def fd_owner():
	with Emulator() as emu, emu.connect("dma0") as dev:
		a, b = GuestMemory(4096), GuestMemory(4096)
		info = HEADER.pack(1, vfu.GET_INFO, 32, 0, 0) + bytes(16)
		def dmap(mid, gpa):
			return HEADER.pack(mid, vfu.DMA_MAP, 48, 0, 0) + \
				struct.pack("<IIQQQ", 32, 3, 0, gpa, 4096)
		# a descriptor that a message has no use for is not kept for the next one
		dev.send_raw(info, [a.fd])
		dev.send_raw(dmap(2, 0x2000))
		dev.send_raw(info + dmap(3, 0x1000)[:20], [a.fd])
		dev.send_raw(dmap(3, 0x1000)[20:], [b.fd])
		dev.recv(1, vfu.GET_INFO)
		dev.recv(2, vfu.DMA_MAP)
		dev.recv(1, vfu.GET_INFO)
		dev.recv(3, vfu.DMA_MAP)
		dev.enable()
		assert emu.control("probe dma0 read 0x2000 4")["reason"] == "not-ram"
		emu.control("probe dma0 write 0x1000 4")
		assert b.read(0, 4) == b"\xee" * 4 and a.read(0, 4) == bytes(4)


@claim("no descriptor stays open that is not in use")
def fd_leak():
	with Emulator() as emu:
		def open_fds():
			return len(os.listdir(f"/proc/{emu.proc.pid}/fd"))

		def settled():
			"""Their number, once the control connection's end was noticed."""
			last = -1
			while (now := open_fds()) != last:
				last = now
				time.sleep(0.1)
			return now

		def comes_to(number):
			"""The server closes what it does not keep after it has answered."""
			end = time.monotonic() + 5
			while open_fds() != number and time.monotonic() < end:
				time.sleep(0.01)
			return open_fds() == number

		emu.control("stats")
		before = settled()
		mem = GuestMemory(1 << 16)
		with emu.connect("nvme0") as dev:
			connected = settled()
			for cmd in (vfu.GET_INFO, vfu.DMA_UNMAP, 99, vfu.REGION_WRITE):
				try:
					dev.call(cmd, bytes(32), [mem.fd] * 16)
				except VfuError:
					pass
			dev.dma_map(mem)
			assert comes_to(connected)
			for _ in range(5):
				dev.msix_on()
			assert comes_to(connected + 8)
			dev.set_irqs(vfu.IRQ_MSIX, 0, [], flags=0x21, count=0)
			assert comes_to(connected)
			dev.msix_on()
		assert comes_to(before)


@claim("a client that never reads its replies stalls nobody else")
def stalled():
	with Emulator() as emu:
		dev = emu.connect("nvme0")
		dev.sock.setblocking(False)
		msg = HEADER.pack(1, vfu.REGION_READ, 32, 0, 0) + struct.pack("<QII", 0, 7, 4096)
		sent = 0
		try:
			while sent < 64 << 20:
				sent += dev.sock.send(msg * 64)
		except BlockingIOError:
			pass
		assert sent < 64 << 20		# it stopped reading
		t0 = time.time()
		works(emu, "dma0")
		emu.control("stats")
		assert time.time() - t0 < 3
		rss = int(open(f"/proc/{emu.proc.pid}/statm").read().split()[1])
		assert rss * 4096 < 512 << 20, rss
		dev.close()
		works(emu)


@claim("a full or foreign eventfd is not waited for")
def full_eventfd():
	with Emulator() as emu, emu.connect("dma0") as dev:
		dev.enable()
		dev.msix_on()
		fd = os.eventfd(0xfffffffe)
		os.eventfd_write(fd, 0xffffffffffffffff - 1 - 0xfffffffe)
		r, w = os.pipe()
		for bad in (fd, r, w):
			dev.set_irqs(vfu.IRQ_MSIX, 0, [bad])
			for _ in range(3):
				dev.bar_write32(0, 4, 4)
			assert dev.bar_read32(0, 0x14) == 1
		os.close(r)
		dev.set_irqs(vfu.IRQ_MSIX, 0, [w])
		dev.bar_write32(0, 4, 4)		# a broken pipe
		assert dev.bar_read32(0, 0x14) == 1


@claim("a function can be disconnected and connected again, as new")
def reconnect():
	with Emulator() as emu:
		mem = GuestMemory(1 << 16)
		for _ in range(20):
			with emu.connect("dma0") as dev:
				assert dev.cfg_read16(vfu.COMMAND) == 0
				assert dev.cfg_read32(vfu.BAR0) == 4
				dev.dma_map(mem)
				dev.enable()
				assert emu.control("probe dma0 read 0 4096")["result"] == "ok"
				dev.bar_write32(2, 0, 0x12345678)
		with emu.connect("dma0") as dev:
			dev.enable()
			assert emu.control("probe dma0 read 0 4096")["reason"] == "not-ram"
			assert dev.bar_read32(2, 0) == 0


@claim("disconnecting in the middle of a message is a disconnect")
def cut_off():
	with Emulator() as emu:
		mem = GuestMemory(1 << 16)
		msg = HEADER.pack(1, vfu.DMA_MAP, 48, 0, 0) + \
			struct.pack("<IIQQQ", 32, 3, 0, 0, 1 << 16)
		for n in (1, 15, 16, 17, 47):
			dev = emu.connect("nvme0")
			dev.send_raw(msg[:n], [mem.fd])
			dev.close()
			works(emu)


@claim("a second client waits until the first is gone")
def second_client():
	with Emulator() as emu:
		first = emu.connect("nvme0")
		second = Device(emu.path("nvme0"), timeout=1, negotiate=False)
		try:
			second.negotiate()
			raise AssertionError("two clients at once")
		except socket.timeout:
			pass
		first.close()
		second.sock.settimeout(10)
		second.recv(0, vfu.VERSION)
		assert second.cfg_read16(0) == 0x1234


@claim("random messages neither crash nor hang it")
def fuzz():
	with Emulator() as emu:
		rnd = random.Random(7)
		mem = GuestMemory(1 << 16)
		for _ in range(60):
			dev = emu.connect("nvme0" if rnd.random() < .5 else "dma0", timeout=5)
			if rnd.random() < .5:
				dev.enable()
			try:
				for _ in range(40):
					body = bytearray(rnd.randbytes(rnd.choice((0, 16, 20, 24, 32, 80))))
					if len(body) >= 16 and rnd.random() < .8:
						struct.pack_into("<QII", body, 0, rnd.randrange(4096),
								 rnd.randrange(9), max(0, len(body) - 16))
					cmd = rnd.choice((2, 3, 4, 5, 7, 8, 9, 10, 10, 10, 13, rnd.randrange(20)))
					size = 16 + len(body)
					if rnd.random() < .02:
						size = rnd.randrange(1 << 17)
					dev.send_raw(HEADER.pack(rnd.randrange(65536), cmd, size,
								 rnd.choice((0, 0, 0x10, 1, rnd.getrandbits(32))),
								 0) + body,
						     [mem.fd] * rnd.choice((0, 0, 0, 1, 3, 16)))
			except OSError:
				pass
			dev.close()
		works(emu)
		works(emu, "dma0")
