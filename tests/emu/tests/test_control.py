# SPDX-License-Identifier: GPL-2.0
"""How it starts and ends, and what the control socket answers to nonsense."""

import json
import os
import socket
import subprocess
import tempfile

from guest import Guest
from harness import Emulator, claim


@claim("it ends on SIGTERM and on quit, with 0, and cleans up")
def endings():
	with Emulator() as emu:
		emu.connect("nvme0")
		emu.control("quit")
		assert emu.proc.wait(timeout=10) == 0
		assert not [f for f in os.listdir(emu.dir) if f.endswith(".sock")]
	with Emulator() as emu:		# stop() sends SIGTERM and looks
		emu.connect("tsm")


@claim("it ends with its parent, and cleans up")
def orphan():
	with tempfile.TemporaryDirectory() as d:
		with open(d + "/disk", "wb") as f:
			f.truncate(1 << 20)
		parent = subprocess.Popen(
			["sh", "-c", '"$0" --dir "$1" --disk "$1/disk" --log "$1/log" & wait',
			 os.environ["TDISP_EMU"], d], stdout=subprocess.PIPE)
		assert parent.stdout.readline() == b"ready\n"
		parent.kill()
		parent.wait()
		assert parent.stdout.read() == b""	# the emulator held its other end
		assert not [f for f in os.listdir(d) if f.endswith(".sock")]


@claim("options that make no sense are refused, and no socket is left")
def bad_options():
	with tempfile.TemporaryDirectory() as d:
		for args in ([], ["--dir", d], ["--dir", d, "--disk", d + "/none"],
			     ["--dir", d, "--disk", "/dev/null"],
			     ["--dir", d, "--disk", d, "--nvme", "99"],
			     ["--dir", d, "--disk", d, "--dma", "x"],
			     ["--dir", d, "--disk", d, "--order", "none"],
			     ["--dir", d, "--disk", d, "--bar2", "none"],
			     ["--dir", d, "--disk", d, "--bar2-mib", "0"],
			     ["--dir", d, "--disk", "/dev/null", "--registers", "most"],
			     ["--dir", d, "--disk", "/dev/null", "--strict", "bme,much"],
			     ["--dir", d, "--disk", d, "--bar2-mib", "3"],
			     ["--dir", d, "--disk", d, "--bar2-mib", "512"],
			     ["--dir", d + "/none", "--disk", "/dev/null"], ["--what"]):
			p = subprocess.run([os.environ["TDISP_EMU"], *args], capture_output=True,
					   timeout=20, text=True)
			assert p.returncode in (1, 2) and "tdisp-emu" in p.stderr, (args, p)
			assert "Sanitizer" not in p.stderr and not p.stdout, (args, p)
		assert not [f for f in os.listdir(d) if f.endswith(".sock")]


@claim("control lines that make no sense are answered, one line each")
def control_errors():
	with Emulator() as emu:
		for line in ("", "nonsense", "page", "page x", "page -1", "page 1 2", "probe nvme0",
			     "probe nvme0 read 0 0", "probe nvme0 eat 0 4", "probe tsm read 0 4",
			     "probe nobody read 0 4", "lie", "lie nothing", "lie tamper-vca nobody",
			     "truth nothing", "relock tsm", "unlock", "flr x", "error dma0", "error dma0 x", "error tsm t-bit",
			     "gone", "gone tsm", "back x", "delay", "delay x",
			     "silent", "silent maybe", "stats now", "a b c d e f g h", "\"\\"):
			reply = emu.control_raw(line)
			assert '"ok":false' in reply, (line, reply)
			assert json.loads(reply)["error"]
		assert emu.control("lies")["ok"] and emu.control("truth")["ok"]


@claim("the same seed gives the same nonces, another one others")
def seed():
	def nonces(*args):
		with Emulator(*args) as emu, Guest(emu) as g:
			g.enter()
			t = g.tdi("nvme0")
			t.attest()
			return t.info().nonces()
	assert nonces("--seed", "1234") == nonces("--seed", "1234")
	assert nonces("--seed", "1234") != nonces("--seed", "1235")
	assert nonces() != nonces()


@claim("a control client that sends without end, or many of them, disturb nobody")
def control_abuse():
	with Emulator() as emu:
		many = []
		for _ in range(40):
			s = socket.socket(socket.AF_UNIX)
			s.settimeout(5)
			s.connect(emu.path("control"))
			many.append(s)
		try:
			for _ in range(64):
				many[0].sendall(b"x" * 65536)
		except OSError:
			pass
		for s in many:
			s.close()
		for _ in range(50):
			try:
				if emu.control("stats")["ok"]:
					break
			except (OSError, ValueError):
				emu.ctl = None
		else:
			raise AssertionError("no answer")
