#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reboot, kexec and suspend with TDIs that are locked, one of them in RUN with I/O.

    test_power [--kernel VERSION] [reboot|kexec|suspend]...
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import Session  # noqa: E402
from tap import Tap, check, equal  # noqa: E402
from vm import SLOW, Vm, chosen_kernel  # noqa: E402

TDIS = ("nvme0", "dma0")


class Power(Session):
    def locked(self) -> None:
        """The disk is in RUN with I/O, the other TDI is locked."""
        self.unbind_driver(self.nvme)
        self.do("connect")
        self.expect("RUN", "direct")
        self.do("lock", bdf=self.dma)
        self.bind_driver(self.nvme)
        self.wait("test -b /dev/nvme0n1")
        self.sh("mount -t ext4 /dev/nvme0n1 /mnt && (while [ ! -e /tmp/enough ]; do"
                " dd if=/dev/urandom of=/mnt/new bs=64k count=8 conv=fsync; touch /tmp/io; done"
                " >/dev/null 2>&1 &)")
        self.goes_on()

    def goes_on(self) -> None:
        self.sh("rm -f /tmp/io")
        self.wait("test -e /tmp/io", 30 * SLOW)

    def unlocked(self) -> None:
        """Shared devices again, both of them."""
        self.sh("touch /tmp/enough; sleep 1; umount /mnt; rm /tmp/enough")
        self.unbind_driver(self.nvme)
        self.do("disconnect")
        self.do("unlock", bdf=self.dma)

    def counted(self) -> dict[str, dict[str, Any]]:
        functions: dict[str, dict[str, Any]] = self.emu.cmd("stats")["functions"]
        return functions

    def works(self) -> None:
        """As a shared disk and, connected, as a private one."""
        self.expect("CONFIG_UNLOCKED", "bounce")
        self.disk_works()
        self.unbind_driver(self.nvme)
        self.do("connect")
        self.expect("RUN", "direct")
        self.disk_works()
        self.unbind_driver(self.nvme)
        self.do("disconnect")
        self.disk_works()

    # --- another kernel ------------------------------------------------------

    def leave(self, boot: Callable[[], None]) -> None:
        self.locked()
        self.emu.cmd("stats reset")
        boot()

    def were_stopped(self) -> None:
        """By the old kernel, and before anything else happened to them."""
        for name, stats in self.counted().items():
            if name in TDIS:
                equal((stats["stops"], stats["error_reasons"]), (1, {}),
                      f"{name}: times it was stopped, and why it went to ERROR")

    def memory_is_open(self) -> None:
        """The next kernel knows nothing of private memory until it loads the modules."""
        for name, stats in self.counted().items():
            if name in TDIS:
                equal(stats["refused_reasons"], {}, f"{name}: refused DMA")

    def next_kernel(self) -> None:
        self.load()
        self.nvme, self.dma = self.find("7d52"), self.find("7d51")
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        self.expect("CONFIG_UNLOCKED", bdf=self.dma)
        self.works()

    # --- suspend -------------------------------------------------------------

    def sleep_is_refused(self, how: str) -> None:
        before = self.counted()
        status, out = self.vm.sleep(how)
        check(status and "busy" in out, f"{how}: expected EBUSY, found {status}, {out}")
        for bdf in (self.nvme, self.dma):
            said = self.read("result", bdf)
            check("suspend" in said, f"{how}: expected a reason with 'suspend', found {said!r}")
        self.expect("RUN", "direct")
        self.expect("CONFIG_LOCKED", bdf=self.dma)
        for name in TDIS:
            for what in ("errors", "resets", "stops", "dma_refused"):
                equal(self.counted()[name][what], before[name][what], f"{name}: {what}")
        self.goes_on()

    def sleeps(self) -> None:
        """All the way, or as far as devices where a kernel offers that."""
        self.disk_works()
        self.sh("[ ! -e /sys/power/pm_test ] || echo devices > /sys/power/pm_test")
        status, out = self.vm.sleep("freeze")
        equal(status, 0, f"status of freeze, {out}")
        check("PM: suspend exit" in self.sh("dmesg | tail -n 60"), "the kernel says that it slept")
        self.works()


def boots(tap: Tap, vm: Vm, what: str, boot: Callable[[], None]) -> None:
    p = Power(vm)
    tap.run(f"{what}: a kernel with TDIs that are locked gets to the next one",
            lambda: p.leave(boot))
    tap.run(f"{what}: they were stopped on the way, in order", p.were_stopped)
    tap.run(f"{what}: the next kernel's memory is open", p.memory_is_open)
    tap.run(f"{what}: there they work, shared and private", p.next_kernel)


def reboot(tap: Tap, kernel: str) -> Vm:
    with Vm("reboot", kernel, cpus=2, reboot=True) as vm:
        boots(tap, vm, "reboot", vm.reboot)
    return vm


def kexec(tap: Tap, kernel: str) -> Vm:
    with Vm("kexec", kernel, cpus=2, kexec=True) as vm:
        boots(tap, vm, "kexec", vm.kexec)
    return vm


def suspend(tap: Tap, kernel: str) -> Vm:
    with Vm("suspend", kernel, cpus=2) as vm:
        p = Power(vm)
        tap.run("suspend: unlocked devices sleep, wake up and work", p.sleeps)
        p.locked()
        for how in ("freeze", "mem"):
            failed = tap.failed
            tap.run(f"suspend: {how} is refused while a TDI is locked, and does no harm",
                    lambda how=how: p.sleep_is_refused(how))
            if tap.failed > failed:
                return vm  # it did sleep, and nothing is as it was
        p.unlocked()
        tap.run("suspend: after that they work, shared and private", p.works)
    return vm


STORIES = {"reboot": reboot, "kexec": kexec, "suspend": suspend}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    parser.add_argument("stories", nargs="*", help=f"of {', '.join(STORIES)} (default: all)")
    arguments = parser.parse_args()
    kernel = chosen_kernel(arguments.kernel)
    tap = Tap()
    for name, story in STORIES.items():
        if arguments.stories and name not in arguments.stories:
            continue
        try:
            vm = story(tap, kernel)
            tap.result(not vm.complaint, f"{name}: console and sanitizers are clean",
                       vm.complaint)
        except Exception:
            tap.result(False, f"{name}: the VM did its part", traceback.format_exc())
    tap.done()


if __name__ == "__main__":
    main()
