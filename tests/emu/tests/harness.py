# SPDX-License-Identifier: GPL-2.0
"""
What a test of tdisp-emu needs beside a client: the emulator itself, and a name
for what is claimed.

	from harness import Emulator, claim

	@claim("a function that is reset forgets its BARs")
	def reset_bars():
		with Emulator() as emu, emu.connect("nvme0") as dev:
			...
			assert dev.cfg_read32(0x10) == 4

``run`` collects the claims of every test_*.py; each is run in a process of its
own, under a time limit. $TDISP_EMU names the program.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import vfu

CLAIMS = []
TIME_LIMIT = 60		# seconds, for one claim


class Skip(Exception):
	"""The claim cannot be tried here; the text says why."""


def claim(name):
	def add(fn):
		CLAIMS.append((name, fn))
		return fn
	return add


def die_with_parent():
	ctypes.CDLL(None).prctl(1, signal.SIGKILL)	# PR_SET_PDEATHSIG


class Emulator:
	"""tdisp-emu in a directory of its own, until the end of the with block."""

	def __init__(self, *args, disk_size=64 << 20):
		self.dir = tempfile.mkdtemp(prefix="tdisp-emu-")
		self.disk = os.path.join(self.dir, "disk")
		with open(self.disk, "wb") as f:
			f.truncate(disk_size)
		self.log = os.path.join(self.dir, "log")
		self.ctl = None
		self.proc = subprocess.Popen(
			[os.environ["TDISP_EMU"], "--dir", self.dir, "--disk", self.disk,
			 "--log", self.log, *args],
			stdout=subprocess.PIPE, preexec_fn=die_with_parent)
		line = self.proc.stdout.readline()
		if line != b"ready\n":
			self.stop(check=False)
			raise RuntimeError(f"tdisp-emu did not come up: {line!r}")

	def path(self, name):
		return os.path.join(self.dir, name + ".sock")

	def connect(self, name, **kw):
		"""A client of function name ("tsm", "nvme0", "dma0", ..)."""
		return vfu.Device(self.path(name), **kw)

	def control_raw(self, line):
		"""One control command, the reply as text."""
		if self.ctl is None:
			self.ctl = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
			self.ctl.settimeout(20)
			self.ctl.connect(self.path("control"))
			self.ctl_in = self.ctl.makefile("r")
		self.ctl.sendall(line.encode() + b"\n")
		return self.ctl_in.readline()

	def control(self, line):
		"""One control command, the reply as a dict; raises if it is not ok."""
		reply = json.loads(self.control_raw(line))
		if not reply["ok"]:
			raise RuntimeError(f"{line}: {reply['error']}")
		return reply

	def stats(self, name):
		return self.control("stats")["functions"][name]

	def alive(self):
		return self.proc.poll() is None

	def stop(self, check=True):
		if self.alive():
			self.proc.terminate()
		try:
			code = self.proc.wait(timeout=20)
		except subprocess.TimeoutExpired:
			self.proc.kill()
			code = self.proc.wait()
		if self.ctl:
			self.ctl_in.close()
			self.ctl.close()
			self.ctl = None
		self.proc.stdout.close()
		left = [f for f in os.listdir(self.dir) if f.endswith(".sock")]
		shutil.rmtree(self.dir)
		# A sanitiser's finding at exit is a failure of the claim as well.
		if check and code:
			raise RuntimeError(f"tdisp-emu ended with {code}")
		if check and left:
			raise RuntimeError(f"tdisp-emu left {left}")

	def __enter__(self):
		return self

	def __exit__(self, exc_type, exc, tb):
		self.stop(check=exc_type is None)
