# SPDX-License-Identifier: GPL-2.0
"""A TPM of its own for a test (swtpm), one in front of it that misbehaves on
command, and the tpm2-tools that judge what the command makes of it."""
import os
import socket
import struct
import subprocess
import threading
import time

PCR_EXTEND, CREATE_PRIMARY, QUOTE, PCR_READ, READ_CLOCK = 0x182, 0x131, 0x158, 0x17E, 0x181


class Tpm:
    """swtpm below a directory; stop() it."""

    def __init__(self, top):
        self.state = os.path.join(top, "swtpm")
        os.makedirs(self.state, exist_ok=True)
        self.path = os.path.join(self.state, "sock")
        self.process = None
        self.start()

    @property
    def tcti(self):
        return f"swtpm:path={self.path}"

    def start(self):
        for name in (self.path, self.path + ".ctrl"):
            if os.path.exists(name):
                os.unlink(name)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.state}",
             "--server", f"type=unixio,path={self.path}",
             "--ctrl", f"type=unixio,path={self.path}.ctrl",
             "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not (os.path.exists(self.path) and os.path.exists(self.path + ".ctrl")):
            assert self.process.poll() is None and time.monotonic() < until, "swtpm does not start"
            time.sleep(0.01)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def reset(self):
        self.stop()
        self.start()

    def tool(self, *args, check=True):
        ret = subprocess.run(args, capture_output=True, text=True, check=False, timeout=30,
                             env=dict(os.environ, TPM2TOOLS_TCTI=self.tcti))
        assert not check or ret.returncode == 0, (args, ret.stderr)
        return ret

    def pcr(self, index, bank="sha256"):
        out = self.tool("tpm2_pcrread", f"{bank}:{index}").stdout
        return out.split("0x")[1].split()[0].lower()

    def extend(self, index, value=b"\x11" * 32):
        self.tool("tpm2_pcrextend", f"{index}:sha256={value.hex()}")


class Proxy:
    """Hands commands on to a TPM; hook(code, command) may answer in its place, with a
    response code or with bytes, or hang up with "hang up"."""

    def __init__(self, tpm, hook):
        self.tpm, self.hook, self.codes = tpm, hook, []
        self.path = os.path.join(tpm.state, "proxy")
        os.symlink(tpm.path + ".ctrl", self.path + ".ctrl")
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def tcti(self):
        return f"swtpm:path={self.path}"

    @staticmethod
    def _message(sock):
        head = b""
        while len(head) < 10:
            more = sock.recv(10 - len(head))
            if not more:
                return None
            head += more
        rest = struct.unpack(">I", head[2:6])[0] - 10
        while rest:
            more = sock.recv(rest)
            if not more:
                return None
            head, rest = head + more, rest - len(more)
        return head

    def _serve(self):
        while True:
            client, _ = self.server.accept()
            with client:
                self._talk(client)

    def _forward(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(self.tpm.path)
            sock.sendall(command)
            return self._message(sock)

    def _talk(self, client):
        while command := self._message(client):
            code = struct.unpack(">I", command[6:10])[0]
            self.codes.append(code)
            answer = self.hook(code, command)
            if answer == "hang up":
                return
            if answer == "do and hang up":
                self._forward(command)
                return
            if isinstance(answer, int):
                answer = struct.pack(">HII", 0x8001, 10, answer)
            client.sendall(answer or self._forward(command))
