# SPDX-License-Identifier: GPL-2.0
"""A guest in QEMU, with tdisp-emu as its devices, TSM and host.

    with Vm("name", kernel=installed_kernels()[0]) as vm:
        vm.guest.run("modprobe tdi-emu")
        vm.emu.cmd("stats")

Topology, as Documentation/tdisp-emu.rst has it:

    QEMU (q35) --- rp0 --- mailbox  --- tsm.sock --+
               --- rp1 --- nvme0    --- nvme0.sock +--- tdisp-emu --- control.sock
               --- rp2 --- dma0     --- dma0.sock -+
    ttyS0: console, to a file        ttyS1: the agent's commands

An arm64 kernel gets QEMU's "virt" machine instead, and the same below its root ports.

Everything ends with the with block, every wait has an end, and after each VM its
console and the emulator's sanitizers should have nothing to say (vm.complaint).
When they have, or the block fails, the logs are kept in build/logs/NAME.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"

# All timeouts are for an idle machine; slower ones stretch them.
SLOW = float(os.environ.get("TDI_SLOW", "1"))
BOOT_TIMEOUT = 90 * SLOW
RUN_TIMEOUT = 60 * SLOW
EMU_TIMEOUT = 20 * SLOW

# Of the guest's backend: the platform that tdisp-emu is. The module is named after either.
BACKENDS = {"emu": "emulated", "sev-tio": "sev-tio", "tdx-connect": "tdx-connect", "cca": "cca"}

# Of a root port: interrupt 0020, power indicator 0300 (off: all set), power off 0400.
SLOT_CONTROL = "CAP_EXP+18.w"

BAD_CONSOLE = re.compile(r"Call Trace|BUG:|WARNING:|Oops|KASAN|Kernel panic")
BAD_EMULATOR = re.compile(r"ERROR: \w*Sanitizer|runtime error:")


class VmError(Exception):
    """The VM, or what it needs, did not do its part. Not a verdict on a scenario."""


class VmTimeout(VmError):
    """Something did not answer in time."""


def installed_kernels(*series: str) -> list[str]:
    """Full versions of the supported kernels that are here, oldest series first."""
    out = subprocess.run([TOP / "tests/kernels/installed", *series], check=True,
                         stdout=subprocess.PIPE, text=True).stdout.split()
    if not out:
        raise VmError("no supported kernel is here")
    return out


ARM64 = Path("/usr/lib/tdisp-guest/arm64")


def arm64_kernel() -> str:
    """Full version of the arm64 kernel that there is a user space for, or ""."""
    found = [image.name.removeprefix("vmlinuz-")
             for image in sorted(ARM64.glob("boot/vmlinuz-*-arm64"))]
    return next((k for k in found if (BUILD / f"initramfs/{k}.img").exists()), "")


def chosen_kernel(name: str) -> str:
    """That kernel if it is here, the first one for "", else the end with a word."""
    kernels = installed_kernels()
    if name and name not in [*kernels, arm64_kernel()]:
        sys.exit(f"no kernel {name}; there are: {' '.join(kernels)}")
    return name or kernels[0]


def acceleration(icount: int | None = None) -> list[str]:
    """KVM where it can run an ordinary kernel, else TCG.

    That /dev/kvm opens is not enough: it does on hosts without the instructions.
    With icount, the guest's clock advances 2^icount ns for each of its instructions.
    """
    if icount is not None:
        return ["-accel", "tcg,thread=single", "-cpu", "max",
                "-icount", f"shift={icount},sleep=off"]
    flags = Path("/proc/cpuinfo").read_text().split()
    if ("svm" in flags or "vmx" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max"]


def _spawn(argv: list[str | Path], **popen: Any) -> subprocess.Popen[bytes]:
    """Starts a process that dies with this one, whatever this one dies of."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, argv)],
                            stdin=subprocess.DEVNULL, start_new_session=True, **popen)


def _end(process: subprocess.Popen[bytes] | None, timeout: float) -> int | None:
    """Waits, kills if it must, and returns the exit status (None: had to kill)."""
    if process is None:
        return 0
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class Lines:
    """Lines over a UNIX socket, with a deadline for each."""

    def __init__(self, path: Path, deadline: float, alive: Any):
        self._alive = alive
        self._buffer = b""
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                return
            except OSError:
                self._socket.close()
                if not alive():
                    raise VmError(f"{path.name}: its process has ended") from None
                if time.monotonic() > deadline:
                    raise VmTimeout(f"{path.name}: nobody accepts") from None
                time.sleep(0.02)

    def write(self, line: str) -> None:
        try:
            self._socket.settimeout(RUN_TIMEOUT)
            self._socket.sendall(line.encode() + b"\n")
        except OSError as e:
            raise VmError(f"cannot send: {e}") from e

    def read(self, deadline: float) -> str:
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise VmTimeout("no answer in time") from None
            except OSError as e:
                raise VmError(f"connection lost: {e}") from e
            if not data:
                raise VmError("connection closed by the other end")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def close(self) -> None:
        self._socket.close()


class Emulator:
    """tdisp-emu and its control socket."""

    def __init__(self, directory: Path, options: list[str]):
        self.directory = directory
        self.log = directory / "emulator.log"
        binary = BUILD / "emu/tdisp-emu"
        environment = dict(os.environ, ASAN_OPTIONS="abort_on_error=0:exitcode=99",
                           UBSAN_OPTIONS="print_stacktrace=1")
        with open(self.log, "ab") as log:
            self.process = _spawn([binary, "--dir", directory, *options],
                                  stdout=subprocess.PIPE, stderr=log, env=environment)
        self._control: Lines | None = None
        self._wait_ready()

    def _wait_ready(self) -> None:
        assert self.process.stdout
        os.set_blocking(self.process.stdout.fileno(), False)
        deadline = time.monotonic() + EMU_TIMEOUT
        seen = b""
        while b"ready" not in seen:
            seen += self.process.stdout.read() or b""
            if self.process.poll() is not None:
                raise VmError(f"tdisp-emu ended with status {self.process.returncode}: "
                              + self.log.read_text(errors="replace")[-500:])
            if time.monotonic() > deadline:
                raise VmTimeout("tdisp-emu does not get ready")
            time.sleep(0.01)

    def cmd(self, line: str, timeout: float = EMU_TIMEOUT) -> dict[str, Any]:
        """Sends one control command; anything but ok is an error."""
        deadline = time.monotonic() + timeout
        if self._control is None:
            self._control = Lines(self.directory / "control.sock", deadline,
                                  lambda: self.process.poll() is None)
        self._control.write(line)
        answer: dict[str, Any] = json.loads(self._control.read(deadline))
        if not answer.get("ok"):
            raise VmError(f"tdisp-emu: {line}: {answer.get('error')}")
        return answer

    def stats(self, function: str) -> dict[str, Any]:
        stats: dict[str, Any] = self.cmd("stats")["functions"][function]
        return stats

    def lies_told(self, name: str) -> int:
        """How often the host came to tell that lie."""
        return sum(lie["told"] for lie in self.cmd("lies")["lies"] if lie["name"] == name)

    def kill(self) -> None:
        """As a crash of the host process would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int | None:
        if self._control is not None:
            self._control.close()
        self.process.terminate()
        status = _end(self.process, EMU_TIMEOUT)
        if self.process.stdout:
            self.process.stdout.close()
        return status


class Guest:
    """Commands for the guest's shell, through the agent."""

    def __init__(self, path: Path, alive: Any):
        deadline = time.monotonic() + BOOT_TIMEOUT
        self._lines = Lines(path, deadline, alive)
        while not self._lines.read(deadline).startswith("agent ready"):
            pass
        self._id = 0

    def run(self, script: str, timeout: float = RUN_TIMEOUT) -> tuple[int, str]:
        """Runs a script; its exit status, and its output, both streams in one."""
        deadline = time.monotonic() + timeout
        self._id += 1
        self._lines.write(f"run {self._id} {base64.b64encode(script.encode()).decode()}")
        try:
            return self._answer(deadline)
        except VmTimeout:
            raise VmTimeout(f"guest: no answer in {timeout:.0f} s: {script}") from None

    def _answer(self, deadline: float) -> tuple[int, str]:
        word = []
        while word[:2] != ["begin", str(self._id)]:
            word = self._lines.read(deadline).split()
        status, length = int(word[2]), int(word[3])
        encoded = ""
        while (line := self._lines.read(deadline)) != f"end {self._id}":
            encoded += line
        output = base64.b64decode(encoded)
        if len(output) != length:
            raise VmError(f"guest: {len(output)} of {length} bytes of output came")
        return status, output.decode(errors="replace")

    def sh(self, script: str, timeout: float = RUN_TIMEOUT) -> str:
        """Runs a script that must succeed; its output without the last newline."""
        status, output = self.run(script, timeout)
        if status:
            raise VmError(f"guest: status {status} of: {script}\n{output}")
        return output.rstrip("\n")

    def boots(self, script: str) -> None:
        """Runs a script that ends this kernel; waits for the agent of the next one."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        self._id += 1
        self._lines.write(f"run {self._id} {base64.b64encode(script.encode()).decode()}")
        while not (line := self._lines.read(deadline)).startswith("agent ready"):
            if line.startswith(f"begin {self._id} "):
                raise VmError(f"guest: still there after: {script}")

    def nudge(self) -> None:
        """A line that the agent makes nothing of."""
        self._lines.write("")

    def read(self, path: str) -> str:
        return self.sh(f"cat {path}")

    def functions(self, device: str) -> list[str]:
        """Addresses of the functions with that device id, one of the emulator's."""
        paths = self.sh(f"grep -il '^0x{device}' /sys/bus/pci/devices/*/device").split()
        return [path.split("/")[-2] for path in paths]

    def close(self) -> None:
        self._lines.close()


class Qmp:
    """QEMU's own command socket."""

    def __init__(self, path: Path, alive: Any):
        deadline = time.monotonic() + EMU_TIMEOUT
        self._lines = Lines(path, deadline, alive)
        self._events: list[dict[str, Any]] = []
        json.loads(self._lines.read(deadline))
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> Any:
        """What the command returns; an error is one."""
        deadline = time.monotonic() + EMU_TIMEOUT
        self._lines.write(json.dumps({"execute": name, "arguments": arguments}))
        while True:
            message = json.loads(self._lines.read(deadline))
            if "error" in message:
                raise VmError(f"QMP: {name}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self._events.append(message)

    def event(self, name: str, deadline: float, **data: Any) -> dict[str, Any]:
        """Waits for an event with that data, or finds it among those that came before."""
        while True:
            for i, event in enumerate(self._events):
                found = event.get("data", {})
                if event["event"] == name and data.items() <= found.items():
                    del self._events[i]
                    return event
            self._events.append(json.loads(self._lines.read(deadline)))

    def forget(self) -> None:
        """The events that came until now."""
        self.command("query-name")
        self._events.clear()

    def close(self) -> None:
        self._lines.close()


class Vm:
    """QEMU, a kernel, our initramfs and, unless emulator=False, tdisp-emu."""

    guest: Guest
    emu: Emulator

    def __init__(self, name: str, kernel: str, *, emulator: bool = True,
                 order: str = "accept-first", nvme: int = 1, dma: int = 1,
                 disk_mib: int = 64, append: str = "", memory: str = "1G", cpus: int = 1,
                 tee_mailbox: bool = False, bar2: str = "whole", bar2_mib: int = 0,
                 devices: tuple[str, ...] = (), qemu: tuple[str, ...] = (),
                 initramfs: Path | None = None,
                 image: Path | None = None, icount: int | None = None,
                 swiotlb: str = "32768,force", iommu: bool = False,
                 together: bool = False, msi: bool = False, reboot: bool = False,
                 kexec: bool = False, platform: str = "emulated"):
        self.name = f"{name}-{kernel.split('+')[0]}"
        self.kernel = kernel
        # What tdisp-emu is; another than "emulated" has an order of its own.
        self.platform, self.order = platform, order
        self.tee_mailbox = tee_mailbox
        self.bar2, self.bar2_mib = bar2, bar2_mib
        # What else tdisp-emu is told: "--strict", "bme" ..
        self.devices = devices
        # .. and QEMU.
        self.qemu = qemu
        self.with_emulator = emulator
        self.nvme, self.dma = nvme, dma
        self.disk_mib = disk_mib
        self.append = append
        # One CPU, unless things are to happen at once: VMs of two, beside each other on two
        # CPUs, take half as long again, most of it to wait for each other.
        self.memory, self.cpus = memory, cpus
        self.swiotlb, self.icount = swiotlb, icount
        # An IOMMU that the guest programs, and that the emulator's functions are behind.
        self.iommu = iommu
        # nvme0 and dma0 are functions 0 and 1 of one slot: one IOMMU group.
        self.together = together
        # TDIs have MSI instead of MSI-X. Without that, QEMU does not survive unplugging.
        self.msi = msi
        # The guest can boot again: by a reset, or into the kernel that it has in /kexec.
        self.can_reboot, self.can_kexec = reboot, kexec
        if iommu:
            self.append += " intel_iommu=on"
        if icount is not None:
            # One CPU, and a clock that the kernel does not hold against another.
            self.cpus = 1
            self.append += " tsc=reliable no_timer_check"
        self.initramfs = initramfs or BUILD / f"initramfs/{kernel}.img"
        self.arm64 = kernel.endswith("-arm64")
        self.image = image or (ARM64 if self.arm64 else Path("/")) / f"boot/vmlinuz-{kernel}"
        # What a scenario does to the console on purpose.
        self.expected_console: list[str] = []
        self.expected_dead_emulator = False
        # Nothing more can be done with this VM, and that is as it should be.
        self.over = False
        # Set to keep the logs whatever happens; what was wrong, once it is over.
        self.keep_logs = False
        self.complaint = ""
        self._qemu: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None

    @property
    def tsm_platform(self) -> str:
        """What its TSM is to be called in the guest."""
        return "emulated" if self.platform == "emulated" else f"emulated:{self.platform}"

    @property
    def module(self) -> str:
        """The guest's module for this platform."""
        return next(f"tdi-{b}" for b, platform in BACKENDS.items() if platform == self.platform)

    # --- start ---------------------------------------------------------------

    def __enter__(self) -> Vm:
        self.directory = Path(tempfile.mkdtemp(prefix="tdi-vm-", dir="/dev/shm"))
        try:
            self._start()
        except BaseException:
            self._stop()
            self._keep_logs()
            self._remove()
            raise
        return self

    def functions(self) -> list[str]:
        """The emulator's functions in the order of their root ports."""
        return ["tsm"] + [f"nvme{i}" for i in range(self.nvme)] + [
            f"dma{i}" for i in range(self.dma)]

    def _start(self) -> None:
        if self.with_emulator:
            disk = self.directory / "disk.img"
            with open(disk, "wb") as f:
                f.truncate(self.disk_mib << 20)
            self.emu = Emulator(self.directory, [
                "--disk", str(disk), "--platform", self.platform,
                *(["--order", self.order] if self.platform == "emulated" else []),
                "--nvme", str(self.nvme), "--dma", str(self.dma),
                "--bar2", self.bar2,
                *(["--bar2-mib", str(self.bar2_mib)] if self.bar2_mib else []),
                *(["--tee-mailbox"] if self.tee_mailbox else []),
                *(["--msi"] if self.msi else []),
                *self.devices])
        if self.can_kexec:
            self.initramfs = self._with_kernel()
        with open(self.directory / "qemu.log", "wb") as log:
            self._qemu = _spawn(self._qemu_argv(), stdout=log, stderr=log)
        self.guest = Guest(self.directory / "agent.sock", lambda: not self.qemu_ended())

    def _with_kernel(self) -> Path:
        """The initramfs with /kexec on top: kernel, initramfs, and who starts them."""
        tree, image = self.directory / "kexec", self.directory / "kexec.img"
        tree.mkdir()
        files = {"vmlinuz": self.image, "initrd": self.initramfs,
                 "start": BUILD / "e2e/tdi-kexec"}
        for name, path in files.items():
            shutil.copy(path, tree / name)
        names = "\n".join(["kexec", *(f"kexec/{name}" for name in files)])
        cpio = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=self.directory,
                              input=names.encode(), stdout=subprocess.PIPE, check=True).stdout
        # The kernel takes an archive that is not compressed at a multiple of four bytes only.
        first = self.initramfs.read_bytes()
        image.write_bytes(first + bytes(-len(first) % 4) + cpio)
        shutil.rmtree(tree)
        return image

    def _machine(self) -> list[str | Path]:
        """QEMU, the machine, and its two serial lines: console and agent."""
        if self.arm64:
            return ["qemu-system-aarch64", "-machine", "virt,gic-version=3",
                    "-accel", "tcg,thread=multi", "-cpu", "max,pauth-impdef=on",
                    "-serial", f"file:{self.directory}/console.log",
                    # The machine has but one line of its own.
                    "-device", "pci-serial,chardev=agent,addr=0x1f"]
        return ["qemu-system-x86_64", *acceleration(self.icount),
                "-machine", "q35,kernel-irqchip=split",
                "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                "-serial", f"file:{self.directory}/console.log", "-serial", "chardev:agent"]

    def _qemu_argv(self) -> list[str | Path]:
        tty = "console=ttyAMA0 tdi_agent=ttyS0" if self.arm64 else "console=ttyS0"
        append = (f"{tty} rdinit=/scripts/tdi-init "
                  f"swiotlb={self.swiotlb} loglevel=6 panic=-1 oops=panic {self.append}")
        argv: list[str | Path] = [
            *self._machine(), "-nodefaults", "-no-user-config",
            *([] if self.can_reboot else ["-no-reboot"]),
            "-display", "none", "-smp", str(self.cpus), "-m", self.memory,
            "-object", f"memory-backend-memfd,id=m0,size={self.memory},share=on",
            "-numa", "node,memdev=m0",
            "-chardev", f"socket,id=agent,path={self.directory}/agent.sock,server=on,wait=off",
            "-qmp", f"unix:{self.directory}/qmp.sock,server=on,wait=off",
            "-kernel", self.image, "-initrd", self.initramfs,
            "-append", append, *self.qemu,
        ]
        if self.iommu:
            argv += ["-device", "intel-iommu,caching-mode=on,intremap=off"]
        if self.with_emulator:
            for i, function in enumerate(self.functions()):
                argv += ["-device", f"pcie-root-port,id=rp{i},bus=pcie.0,addr={i + 1},"
                         f"chassis={i + 1},slot={i + 1}",
                         "-device", json.dumps(self._device(function))]
        return argv

    def _device(self, function: str) -> dict[str, Any]:
        """What QEMU is told of a function of the emulator's."""
        device: dict[str, Any] = {
            "driver": "vfio-user-pci", "bus": f"rp{self.functions().index(function)}",
            "id": function,
            "socket": {"type": "unix", "path": f"{self.directory}/{function}.sock"}}
        if self.icount is not None:
            # A register write has had its effect before the next instruction.
            device["x-no-posted-writes"] = True
        if self.together and function in ("nvme0", "dma0"):
            device.update(bus="rp1", multifunction=True,
                          addr="0.0" if function == "nvme0" else "0.1")
        return device

    # --- while it runs -------------------------------------------------------

    def qmp(self, command: str, **arguments: Any) -> Any:
        """A command for QEMU."""
        return self._monitor().command(command, **arguments)

    def _monitor(self) -> Qmp:
        if self._qmp is None:
            self._qmp = Qmp(self.directory / "qmp.sock", lambda: not self.qemu_ended())
        return self._qmp

    def plug(self, function: str) -> None:
        """The card goes into its slot, once its power indicator is off."""
        deadline = time.monotonic() + RUN_TIMEOUT
        while int(self.guest.sh(f"setpci -s {self.port(function)} {SLOT_CONTROL}"), 16) \
                & 0x300 != 0x300:
            if time.monotonic() > deadline:
                raise VmTimeout(f"{function}: its slot stays on")
            time.sleep(0.05)
        self.qmp("device_add", **self._device(function))

    def press(self, function: str) -> None:
        """Somebody presses the attention button: the guest is asked to let go."""
        self._monitor().forget()
        self.qmp("device_del", id=function)

    def unplugged(self, function: str, timeout: float = RUN_TIMEOUT) -> None:
        """Waits until the guest has powered the slot off, and the card is away."""
        self._monitor().event("DEVICE_DELETED", time.monotonic() + timeout, device=function)

    def unplug(self, function: str) -> None:
        """Politely: asked for, and granted by the guest, five seconds later."""
        self.press(function)
        self.unplugged(function)

    def power_off(self, function: str) -> None:
        """Politely, and at once: the guest powers the slot off, nobody pressed anything."""
        self._monitor().forget()
        self.guest.sh(f"echo 0 > /sys/bus/pci/slots/{self._slot(function)}/power")
        self.unplugged(function)

    def pull(self, function: str) -> None:
        """By surprise: the card is away, and only then does the guest hear of it.

        QEMU has no command for that. It lets go of a card when a slot is powered off; this
        does so behind the back of the guest's driver. Power is back before the slot
        may interrupt again, as its driver would otherwise take it for its own doing.
        """
        self._monitor().forget()
        self.guest.sh(f"setpci -s {self.port(function)} {SLOT_CONTROL}=0700:0720 "
                      f"{SLOT_CONTROL}=0120:0720")
        self.unplugged(function)

    def reboot(self) -> None:
        """As a user would, only that there is no user space to end (reboot=True)."""
        self.guest.boots("reboot -f")

    def kexec(self) -> None:
        """Into the same kernel, without a reset (kexec=True)."""
        self.guest.boots("/kexec/start /kexec/vmlinuz /kexec/initrd \"$(cat /proc/cmdline)\"")

    def sleep(self, how: str) -> tuple[int, str]:
        """Suspends (freeze, mem); exit status and output. If it does sleep, it is woken.

        From mem by QEMU; from freeze by a character on the agent's line.
        """
        def wake() -> None:
            if self.qmp("query-status")["status"] == "suspended":
                self.qmp("system_wakeup")
            else:
                self.guest.nudge()

        alarm = threading.Timer(8 * SLOW, wake)
        self._monitor()
        alarm.start()
        try:
            return self.guest.run("echo enabled > /sys/class/tty/ttyS1/power/wakeup;"
                                  f" echo {how} | dd of=/sys/power/state 2>&1")
        finally:
            alarm.cancel()
            alarm.join()

    def port(self, function: str) -> str:
        """Address of the root port that the function is behind."""
        return f"0000:00:{self._slot(function):02x}.0"

    def address(self, function: str) -> str:
        """Address of a function that is in its slot."""
        return self.guest.sh(f"cd /sys/bus/pci/devices/{self.port(function)} && ls -d 0000:??:??.?")

    def _slot(self, function: str) -> int:
        return self.functions().index(function) + 1

    def qemu_ended(self) -> bool:
        return self._qemu is None or self._qemu.poll() is not None

    # --- end -----------------------------------------------------------------

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            self.complaint = self._stop()
            if kind is not None or self.complaint or self.keep_logs:
                self._keep_logs()
        finally:
            self._remove()

    def _stop(self) -> str:
        """Ends every process; what was wrong with them, or an empty string."""
        complaints = []
        if hasattr(self, "guest"):
            self.guest.close()
        if self._qmp is not None:
            self._qmp.close()
        if self._qemu is not None:
            if self.qemu_ended() and not self.expected_dead_emulator:
                complaints.append(f"QEMU ended by itself, status {self._qemu.returncode}")
            self._qemu.kill()
            self._qemu.wait()
        if hasattr(self, "emu"):
            status = self.emu.stop()
            if status != 0 and not self.expected_dead_emulator:
                complaints.append(f"tdisp-emu ended with status {status}")
            complaints += [f"tdisp-emu: {line}" for line in
                           grep(self.emu.log, BAD_EMULATOR)[:1]]
        complaints += [f"console: {line}" for line in
                       grep(self.directory / "console.log", BAD_CONSOLE)
                       if not any(re.search(e, line) for e in self.expected_console)][:1]
        return "; ".join(complaints)

    def _keep_logs(self) -> None:
        logs = BUILD / "logs" / self.name
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        for log in self.directory.glob("*.log"):
            shutil.copy(log, logs)
        print(f"# logs: {logs.relative_to(TOP)}", file=sys.stderr)

    def _remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def grep(path: Path, pattern: re.Pattern[str]) -> list[str]:
    if not path.exists():
        return []
    return [line.strip() for line in path.read_text(errors="replace").splitlines()
            if pattern.search(line)]
