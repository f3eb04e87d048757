# SPDX-License-Identifier: GPL-2.0
"""Scenarios: functions that take a VM, named as the claim they prove.

    @scenario()
    def connect_with_a_driver_bound_is_refused(s: Session) -> None:
        s.refuse("connect", "EBUSY")

    if __name__ == "__main__":
        main()

A file's scenarios share a VM for as long as they pass: every one begins with the
functions unlocked, the host honest and the nvme driver bound, and the session
puts that back after each. After a failure the next one gets a new VM. Output is
TAP; a VM whose console or sanitizers complain fails a test of its own.
"""

from __future__ import annotations

import argparse
import base64
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap import Failed, Tap, check, equal
from vm import RUN_TIMEOUT, Vm, VmError, chosen_kernel, installed_kernels

PCI = "/sys/bus/pci/devices"
ERRNO_TEXT = {  # as busybox prints them
    "EBUSY": "Device or resource busy", "EINVAL": "Invalid argument",
    "EPERM": "Operation not permitted", "ENXIO": "No such device or address",
    "ENOKEY": "Required key not available", "EKEYREJECTED": "Key was rejected by service",
    "EBADMSG": "Bad message", "ESTALE": "Stale file handle", "EIO": "Input/output error",
    "ETIMEDOUT": "Operation timed out|Connection timed out", "EREMOTEIO": "Remote I/O error",
    "EACCES": "Permission denied", "ENOENT": "No such file or directory",
    "EOPNOTSUPP": "Operation not supported",
}


class Skip(Exception):
    """The scenario cannot be tried here; says why."""


def other_ca() -> bytes:
    """A CA that has nothing to do with the emulator's devices."""
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
             "-nodes", "-keyout", f"{tmp}/key", "-out", f"{tmp}/ca.pem", "-days", "30",
             "-subj", "/CN=somebody else", "-addext", "keyUsage=critical,keyCertSign"],
            check=True, stderr=subprocess.DEVNULL)
        return Path(f"{tmp}/ca.pem").read_bytes()


class Session:
    """A VM with the modules loaded, and words for what scenarios do to a device."""

    def __init__(self, vm: Vm):
        self.vm = vm
        self.emu = vm.emu
        self.guest = vm.guest
        self.load()
        self.nvme = self.find("7d52")
        self.dma = self.find("7d51")
        self.tsm = self.guest.sh("ls /sys/class/tsm").split()[0]
        self._make_file()

    # --- the guest -----------------------------------------------------------

    def sh(self, script: str, timeout: float = RUN_TIMEOUT) -> str:
        return self.guest.sh(script, timeout)

    def load(self) -> None:
        self.sh(f"modprobe tdi && modprobe {self.vm.module}")
        self.trust(self.root_ca())

    def root_ca(self) -> bytes:
        """The certificate of who made the emulator's devices."""
        return (self.emu.directory / "root-ca.pem").read_bytes()

    def put(self, path: str, data: bytes) -> None:
        self.sh(f"echo {base64.b64encode(data).decode()} | base64 -d > {path}")

    def trust(self, ca: bytes) -> None:
        """Gives the kernel an anchor."""
        self.put("/tmp/anchor.pem", ca)
        self.sh("tdi anchor add /tmp/anchor.pem")

    def reload(self) -> None:
        """The modules anew: no anchor, no leave to do without, no driver on nvme."""
        self.unbind_driver(self.nvme)
        self.sh(f"modprobe -r {self.vm.module} && modprobe tdi && modprobe {self.vm.module}")
        self.unbind_driver(self.nvme)

    def find(self, device: str) -> str:
        """Address of the function with that device id."""
        found = self.guest.functions(device)
        equal(len(found), 1, f"functions with id 1234:{device}")
        return found[0]

    def driver(self, bdf: str) -> str:
        return self.sh(f"basename $(readlink {PCI}/{bdf}/driver) 2>/dev/null || true")

    def unbind_driver(self, bdf: str) -> None:
        if self.driver(bdf):
            self.sh(f"echo {bdf} > {PCI}/{bdf}/driver/unbind")

    def bind_driver(self, bdf: str) -> None:
        self.sh(f"echo {bdf} > /sys/bus/pci/drivers_probe")

    # --- tsm/ ----------------------------------------------------------------

    def read(self, attribute: str, bdf: str = "") -> str:
        return self.sh(f"cat {PCI}/{bdf or self.nvme}/tsm/{attribute}")

    def write(self, attribute: str, value: str = "", bdf: str = "",
              timeout: float = RUN_TIMEOUT) -> str:
        """Writes an attribute: an empty string, or the errno's name if refused."""
        path = f"{PCI}/{bdf or self.nvme}/tsm/{attribute}"
        status, out = self.guest.run(
            f"printf %s {shlex.quote(value or self.tsm)} | dd of={path} bs=64 2>&1", timeout)
        if status == 0:
            return ""
        for name, text in ERRNO_TEXT.items():
            if any(t in out for t in text.split("|")):
                return name
        return out

    def do(self, attribute: str, value: str = "", bdf: str = "",
           timeout: float = RUN_TIMEOUT) -> None:
        error = self.write(attribute, value, bdf, timeout)
        if error:
            raise Failed(f"{attribute}: {error}: {self.read('result', bdf)}")

    def refuse(self, attribute: str, errno: str, reason: str = "", value: str = "",
               bdf: str = "", timeout: float = RUN_TIMEOUT) -> None:
        """The write fails with one of these errnos (A|B), for that reason."""
        error = self.write(attribute, value, bdf, timeout)
        if error not in errno.split("|"):
            raise Failed(f"{attribute}: expected {errno}, found {error or 'success'}")
        result = self.read("result", bdf)
        if reason.lower() not in result.lower():
            raise Failed(f"{attribute}: expected a reason with {reason!r}, found {result!r}")

    def state(self, bdf: str = "") -> str:
        return self.read("state", bdf)

    def recovery_stats(self, bdf: str = "") -> dict[str, int]:
        """losses, recovered, changed, failed."""
        return {name: int(value) for name, value in
                (line.split() for line in self.read("recovery_stats", bdf).splitlines())}

    def expect(self, state: str, dma: str = "", bdf: str = "") -> None:
        equal(self.state(bdf), state, "state")
        if dma:
            equal(self.read("dma", bdf), dma, "dma")

    # --- the disk ------------------------------------------------------------

    def _make_file(self) -> None:
        self.hash = self.sh(
            "mkfs.ext4 -q /dev/nvme0n1 && mount /dev/nvme0n1 /mnt &&"
            " dd if=/dev/urandom of=/mnt/file bs=64k count=16 2>/dev/null && umount /mnt &&"
            f" {self._hash_script()}")

    @staticmethod
    def _hash_script() -> str:
        return ("echo 3 > /proc/sys/vm/drop_caches; mount -t ext4 /dev/nvme0n1 /mnt &&"
                " sha256sum </mnt/file; umount /mnt")

    def disk_works(self) -> None:
        """The file that was there from the start reads back, after a fresh mount."""
        if self.driver(self.nvme) != "nvme":
            self.bind_driver(self.nvme)
        self.wait("test -b /dev/nvme0n1")
        equal(self.sh(self._hash_script()), self.hash, "hash of the file")

    def wait(self, condition: str, timeout: float = 10) -> None:
        deadline = time.monotonic() + timeout
        while self.guest.run(condition)[0]:
            if time.monotonic() > deadline:
                raise Failed(f"never came true: {condition}")
            time.sleep(0.1)

    # --- between scenarios ---------------------------------------------------

    def restore(self) -> None:
        """What every scenario may count on."""
        self.emu.cmd("truth")
        self.emu.cmd("mend nvme0")
        self.emu.cmd("delay 0")
        self.emu.cmd("silent off")
        self.sh("umount /mnt 2>/dev/null; echo 0 > /sys/module/tdi/parameters/allow_unverified")
        for bdf in (self.nvme, self.dma):
            if self.state(bdf) != "CONFIG_UNLOCKED":
                self.unbind_driver(bdf)
                self.do("unlock", bdf=bdf)
            # What a device that nobody configured would be in: the first that is offered.
            self.do("dma_mode", self.read("dma_mode", bdf).split()[0].strip("[]"), bdf)
        if self.sh("tdi anchor list").startswith("no anchors"):
            self.trust(self.root_ca())
        if not self.driver(self.nvme):
            self.bind_driver(self.nvme)
        self.wait("test -b /dev/nvme0n1")
        self.emu.cmd("stats reset")


@dataclass
class Scenario:
    claim: str
    run: Callable[[Session], None]
    all_kernels: bool
    options: dict[str, Any]


_scenarios: list[Scenario] = []


def scenario(*, all_kernels: bool = False, name: str = "",
             **options: Any) -> Callable[[Callable[[Session], None]], Callable[[Session], None]]:
    """Registers a scenario. Those with equal options (of Vm) can share a VM.

    By default it runs on the first installed kernel only, unless --all is said.
    """
    def register(run: Callable[[Session], None]) -> Callable[[Session], None]:
        claim = (name or run.__name__).replace("_", " ")
        _scenarios.append(Scenario(claim, run, all_kernels, options))
        return run
    return register


def _run_one(tap: Tap, s: Scenario, session: Session) -> bool:
    """True if the VM is good for the next scenario."""
    start = time.monotonic()
    try:
        session.emu.cmd("stats reset")
        s.run(session)
        if not session.vm.over:
            session.restore()
    except Skip as e:
        tap.result(True, s.claim, skip=str(e))
        return True
    except Failed as e:
        tap.result(False, s.claim, str(e))
        tap.explain(_dmesg(session))
        return False
    except Exception:
        tap.result(False, s.claim, traceback.format_exc())
        tap.explain(_dmesg(session))
        return False
    tap.result(True, s.claim)
    tap.explain(f"{time.monotonic() - start:.1f} s")
    return not session.vm.over


def _dmesg(session: Session) -> str:
    try:
        return session.guest.run("dmesg | tail -n 25", 10)[1]
    except VmError as e:
        return f"(no dmesg: {e})"


def _run_group(tap: Tap, name: str, kernel: str, group: list[Scenario]) -> None:
    """Scenarios with the same VM options: one VM, or one more after each failure."""
    left = list(group)
    while left:
        first = left[0]
        try:
            with Vm(name, kernel, **first.options) as vm:
                session = Session(vm)
                session.restore()
                while left:
                    if not _run_one(tap, left.pop(0), session):
                        vm.keep_logs = not vm.over
                        break
            if vm.complaint:
                tap.result(False, "console and sanitizers are clean", vm.complaint)
        except Exception:
            # No VM, no scenarios: what is left of this group failed, once each.
            trace = traceback.format_exc()
            for s in left:
                tap.result(False, s.claim)
            tap.explain(trace)
            return


def run_scenarios(tap: Tap, name: str, kernel: str, chosen: list[Scenario]) -> None:
    """Each of them, in as many VMs as their options ask for."""
    groups: dict[str, list[Scenario]] = {}
    for s in chosen:
        groups.setdefault(repr(sorted(s.options.items())), []).append(s)
    for group in groups.values():
        _run_group(tap, name, kernel, group)


def main(**defaults: Any) -> None:
    """The scenarios of a program; defaults are options (of Vm) that each has."""
    for s in _scenarios:
        s.options = {**defaults, **s.options}
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    parser.add_argument("--all", action="store_true", help="not only what each kernel is tried on")
    parser.add_argument("words", nargs="*", help="only claims that contain one of these")
    arguments = parser.parse_args()
    kernels = installed_kernels()
    kernel = chosen_kernel(arguments.kernel)
    chosen = [s for s in _scenarios if (
        arguments.all or s.all_kernels or kernel == kernels[0]) and (
        not arguments.words or any(w in s.claim for w in arguments.words))]
    if not chosen:
        print("1..0 # SKIP nothing for this kernel")
        return
    name = sys.argv[0].rsplit("/", 1)[-1].removesuffix(".py")
    tap = Tap()
    run_scenarios(tap, name, kernel, chosen)
    tap.done()
