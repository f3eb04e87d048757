#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The gate's hold: from the moment that tdi.ko is loaded no driver gets to a TEE-capable
function before it is accepted, whoever asks, in whatever order things come and go.

The stock kernels have nvme built in: it has had the disk before any module could come.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session  # noqa: E402
from tap import Tap, check, equal, figure  # noqa: E402
from vm import SLOW, Vm, chosen_kernel  # noqa: E402

GATE = "/sys/devices/tdi-gate"
# An NVMe controller of QEMU's own, which never heard of TEE-IO.
PLAIN = ("-drive", "if=none,id=d0,file=null-co://,format=raw",
         "-device", "nvme,id=plain,serial=plain,drive=d0,bus=pcie.0,addr=0x1e")
PLAIN_AT = "0000:00:1e.0"
# .. and one that has VFs.
PF = ("-device", "pcie-root-port,id=rpv,bus=pcie.0,addr=0x1c,chassis=28,slot=28",
      "-device", "nvme-subsys,id=sub0",
      "-device", "nvme,id=pf,serial=pf,subsys=sub0,bus=rpv,sriov_max_vfs=1,"
      "sriov_vq_flexible=2,sriov_vi_flexible=1,max_ioqpairs=4,msix_qsize=5")
# What a function has done to memory, and whether it was asked to do anything.
TOUCHED = ("dma_read_bytes_shared", "dma_write_bytes_shared", "dma_read_bytes_private",
           "dma_write_bytes_private", "dma_bytes_open", "dma_ok", "dma_refused", "interrupts")

Steps = tuple[tuple[str, Callable[[], None]], ...]


class Hold(Session):
    """An ordinary VM to begin with: nothing is loaded."""

    def __init__(self, vm: Vm):
        self.vm, self.emu, self.guest = vm, vm.emu, vm.guest
        self.nvme, self.dma = self.find("7d52"), self.find("7d51")
        self.attempts = 0

    # --- the gate ------------------------------------------------------------

    def gate(self, name: str) -> str:
        return self.sh(f"cat {GATE}/{name}")

    def is_held(self, bdf: str) -> bool:
        return bdf in self.gate("held").split()

    def touched(self, function: str) -> dict[str, int]:
        stats = self.emu.stats(function)
        return {name: stats[name] for name in TOUCHED}

    def listen(self) -> None:
        """What user space is told of functions, from here on."""
        self.sh("echo 'echo \"$ACTION $PCI_SLOT_NAME $TDI_GATE\" >> /tmp/told' > /tmp/tell.sh;"
                " : > /tmp/told; (setsid busybox uevent sh /tmp/tell.sh >/dev/null 2>&1 &)")
        # It is there once it hears of something.
        self.wait(f"echo add > {PCI}/{PLAIN_AT}/uevent; grep -q 'add {PLAIN_AT}' /tmp/told")

    def told(self, what: str) -> None:
        self.wait(f"grep -qx 'change {self.nvme} {what}' /tmp/told")
        self.sh(": > /tmp/told")

    def refused(self, script: str, bdf: str, error: str = "") -> None:
        """It may fail or not, but no driver comes of it."""
        status, out = self.guest.run(script)
        self.attempts += 1
        if error:
            check(status != 0 and error in out, f"{script}: expected {error!r}, found {out!r}")
        time.sleep(0.2)
        equal(self.driver(bdf), "", f"driver after: {script}")

    def try_to_bind(self, bdf: str) -> None:
        """Every way in that user space has."""
        drivers = "/sys/bus/pci/drivers"
        self.refused(f"echo {bdf} | dd of={drivers}/nvme/bind 2>&1", bdf,
                     "Resource temporarily unavailable")
        self.refused(f"echo {bdf} > /sys/bus/pci/drivers_probe", bdf)
        self.refused(f"echo nvme > {PCI}/{bdf}/driver_override;"
                     f" echo {bdf} > /sys/bus/pci/drivers_probe;"
                     f" echo {bdf} > {drivers}/nvme/bind", bdf)
        self.sh(f"echo > {PCI}/{bdf}/driver_override")
        self.refused("echo 1 > /sys/bus/pci/rescan", bdf)
        # Others who get a driver have the driver core try again what it deferred.
        self.sh(f"echo {PLAIN_AT} > {drivers}/nvme/unbind; echo {PLAIN_AT} > {drivers}/nvme/bind")
        self.refused("sleep 1", bdf)

    def no_disk(self) -> None:
        """None but the one that is no business of ours."""
        names = self.sh(f"for d in /sys/block/nvme*; do [ -e $d ] &&"
                        f" readlink -f $d | grep -v {PLAIN_AT}; done; true")
        equal(names, "", "disks")

    def quiet(self, function: str, what: Callable[[], None]) -> None:
        before = self.touched(function)
        what()
        equal(self.touched(function), before, f"what {function} did")

    def disk(self) -> str:
        """The accepted one's, whatever its number is today."""
        found = f"$(ls {PCI}/{self.nvme}/nvme/nvme*/ | grep -o '^nvme[0-9]*n[0-9]*$')"
        self.wait(f"test -b /dev/{found}", 20 * SLOW)
        return self.sh(f"echo /dev/{found}")

    # --- all -----------------------------------------------------------------

    def exposed(self) -> None:
        """A driver that is built in is released at once, and named."""
        equal(self.driver(self.nvme), "nvme", "driver, before")
        check(self.touched("nvme0")["dma_bytes_open"], "it has had DMA before")
        self.listen()
        self.sh("modprobe tdi")
        equal(self.gate("policy"), "all", "policy")
        equal(sorted(self.gate("held").split()), sorted([self.nvme, self.dma]), "held")
        equal(self.gate("exposed"), f"{self.nvme} nvme", "exposed")
        equal(self.driver(self.nvme), "", "driver")
        equal(self.driver(PLAIN_AT), "nvme", "driver of a function that is not held")
        self.no_disk()
        deferred = self.sh("cat /sys/kernel/debug/devices_deferred")
        check(self.nvme in deferred, f"devices_deferred names {self.nvme}: {deferred!r}")
        self.told("held")

    def nobody_binds(self) -> None:
        self.quiet("nvme0", lambda: self.try_to_bind(self.nvme))
        self.no_disk()

    def platform_comes_later(self) -> None:
        self.quiet("nvme0", lambda: self._platform())
        self.no_disk()

    def _platform(self) -> None:
        self.sh("modprobe tdi-emu")
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        for bdf in (self.nvme, self.dma):
            self.expect("CONFIG_UNLOCKED", "bounce", bdf)
            check(self.is_held(bdf), f"{bdf} is held")
            equal(self.driver(bdf), "", f"driver of {bdf}")

    def refused_stays_held(self) -> None:
        """Nobody vouches for it: there is no anchor yet."""
        self.refuse("connect", "ENOKEY")
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()

    def locked_stays_held(self) -> None:
        self.trust(self.root_ca())
        self.do("lock")
        self.nobody_binds()
        self.do("unlock")

    def accepted(self) -> None:
        self.do("connect")
        self.expect("RUN", "direct")
        check(not self.is_held(self.nvme), "it is not held")
        check(self.is_held(self.dma), "another one is")
        self.told("released")
        self.bind_driver(self.nvme)
        disk = self.disk()
        self.sh(f"mkfs.ext4 -q {disk} && mount -t ext4 {disk} /mnt &&"
                " dd if=/dev/urandom of=/mnt/file bs=64k count=16 2>/dev/null")
        self.hash = self.sh("sha256sum < /mnt/file")
        self.read_back(disk)

    def read_back(self, disk: str) -> None:
        self.sh("umount /mnt; echo 3 > /proc/sys/vm/drop_caches")
        self.sh(f"mount -t ext4 {disk} /mnt")
        equal(self.sh("sha256sum < /mnt/file"), self.hash, "hash of the file")

    def given_back(self) -> None:
        self.sh("umount /mnt")
        self.unbind_driver(self.nvme)
        self.do("disconnect")
        check(self.is_held(self.nvme), "it is held")
        self.told("held")
        self.nobody_binds()

    def comes_back(self) -> None:
        """Lost under a file system that stays mounted, and recovered."""
        self.do("connect")
        self.do("recovery", "recover")
        self.bind_driver(self.nvme)
        disk = self.disk()
        self.sh(f"mount -t ext4 {disk} /mnt")
        self.lose()
        equal(self.recovery_stats()["recovered"], 1, "recoveries")
        self.expect("RUN", "direct")
        equal(self.driver(self.nvme), "nvme", "driver")
        check(not self.is_held(self.nvme), "it is not held")
        self.read_back(disk)
        # The driver can be had again, too.
        self.sh("umount /mnt")
        self.unbind_driver(self.nvme)
        self.bind_driver(self.nvme)
        self.disk()

    def lose(self) -> None:
        before = self.recovery_stats()
        self.emu.cmd("error nvme0 ide-insecure")
        path = f"{PCI}/{self.nvme}/tsm/recovery_stats"
        ended = before["recovered"] + before["changed"] + before["failed"]
        self.wait(f"test $(awk '$1 != \"losses\" {{ n += $2 }} END {{ print n }}' {path})"
                  f" -gt {ended}", 30 * SLOW)

    def comes_back_different(self) -> None:
        self.emu.cmd("fault nvme0 other-firmware")
        self.lose()
        self.wait(f"! test -e {PCI}/{self.nvme}/driver", 20 * SLOW)
        check(self.is_held(self.nvme), "it is held")
        self.emu.cmd("mend nvme0")
        self.nobody_binds()
        self.do("unlock")
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()

    def plugged_in(self) -> None:
        """Before any driver: not a register is written that lets it reach memory."""
        self.vm.power_off("nvme0")
        check(not self.is_held(self.nvme), "one that is away is not held")
        self.emu.cmd("stats reset")
        self.vm.plug("nvme0")
        self.wait(f"test -e {PCI}/{self.nvme}/tsm", 20 * SLOW)
        time.sleep(1)
        equal(set(self.touched("nvme0").values()), {0}, "what nvme0 did")
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()
        self.do("connect")
        self.bind_driver(self.nvme)
        self.read_back(self.disk())
        self.sh("umount /mnt")

    def rescanned(self) -> None:
        """Taken away in RUN, with its driver, by software, and found again."""
        self.sh(f"echo 1 > {PCI}/{self.nvme}/remove")
        self.emu.cmd("stats reset")
        self.sh("echo 1 > /sys/bus/pci/rescan")
        self.wait(f"test -e {PCI}/{self.nvme}/tsm", 20 * SLOW)
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()
        equal(set(self.touched("nvme0").values()), {0}, "what nvme0 did")

    def sleeps(self) -> None:
        status, out = self.vm.sleep("freeze")
        equal((status, out.strip()[-200:]) if status else 0, 0, "freeze")
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()

    def stays_loaded(self) -> None:
        status, out = self.guest.run("rmmod tdi")
        check(status != 0, f"rmmod tdi: expected a refusal, found {out!r}")
        self.do("connect")
        self.bind_driver(self.nvme)
        self.disk()
        # The platform's module may go; what was accepted through it is not any more.
        self.sh("rmmod tdi_emu")
        status, out = self.guest.run("rmmod tdi")
        check(status != 0 and self.guest.run("test -d /sys/module/tdi")[0] == 0,
              f"rmmod tdi: expected a refusal, found {out!r}")
        equal(self.driver(self.nvme), "", "driver")
        check(self.is_held(self.nvme), "it is held")
        self.nobody_binds()
        self.sh("modprobe tdi-emu")
        self.nobody_binds()
        equal(self.gate("exposed"), f"{self.nvme} nvme", "exposed, as it was")
        figure("hold_attempts_refused", self.attempts, add=True)

    def all_steps(self) -> Steps:
        return (
            ("a built-in driver is released at once, and reported", self.exposed),
            ("user space binds nothing that is held", self.nobody_binds),
            ("the platform's module comes later, and brings no driver", self.platform_comes_later),
            ("one that nobody vouches for stays held", self.refused_stays_held),
            ("one that is only locked stays held", self.locked_stays_held),
            ("one that is accepted gets its driver, and a file system mounts", self.accepted),
            ("after a disconnect it is held again", self.given_back),
            ("one that is lost and recovered keeps its driver", self.comes_back),
            ("one that comes back different gets none", self.comes_back_different),
            ("one that is plugged in is held before any driver", self.plugged_in),
            ("one that was accepted, removed and found again is held", self.rescanned),
            ("a machine with held functions sleeps and wakes", self.sleeps),
            ("the module stays, and holds what the platform's leaves", self.stays_loaded),
        )

    # --- none, then listed ---------------------------------------------------

    def none(self) -> None:
        self.sh("modprobe tdi")
        equal(self.gate("policy"), "none", "policy")
        equal((self.gate("held"), self.gate("exposed")), ("", ""), "held, exposed")
        equal(self.driver(self.nvme), "nvme", "driver")
        self.sh("rmmod tdi")

    def listed(self) -> None:
        """One by its id, one by its address, and one that is not there yet; nvme0 is not."""
        self.pf = self.sh("cd /sys/bus/pci/devices/0000:00:1c.0 && ls -d 0000:??:??.?")
        self.vf = self.pf.removesuffix("0") + "1"
        self.sh(f"modprobe tdi gate=listed gate_devices=1234:7D51,{PLAIN_AT},{self.vf}")
        equal(self.gate("policy"), "listed", "policy")
        equal(sorted(self.gate("held").split()), sorted([PLAIN_AT, self.dma]), "held")
        equal(self.gate("exposed"), f"{PLAIN_AT} nvme", "exposed")
        equal(self.driver(self.nvme), "nvme", "driver of one that is not listed")
        equal(self.driver(PLAIN_AT), "", "driver of one that is")
        self.refused(f"echo {PLAIN_AT} | dd of=/sys/bus/pci/drivers/nvme/bind 2>&1",
                     PLAIN_AT, "Resource temporarily unavailable")

    def virtual_function(self) -> None:
        equal(self.driver(self.pf), "nvme", "driver of the PF")
        self.sh(f"echo 1 > {PCI}/{self.pf}/sriov_numvfs")
        check(self.is_held(self.vf), "the VF is held")
        self.refused(f"echo {self.vf} | dd of=/sys/bus/pci/drivers/nvme/bind 2>&1",
                     self.vf, "Resource temporarily unavailable")
        self.sh(f"echo 0 > {PCI}/{self.pf}/sriov_numvfs")
        check(not self.is_held(self.vf), "one that is away is not held")
        equal(self.driver(self.pf), "nvme", "driver of the PF")

    def listed_platform(self) -> None:
        self.sh("modprobe tdi-emu")
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        equal(self.driver(self.nvme), "nvme", "driver of one that is not listed")
        check(self.is_held(self.dma), "one that is listed is held")
        self.trust(self.root_ca())
        self.do("connect", bdf=self.dma)
        check(not self.is_held(self.dma), "accepted, it is not held")
        # One that is no TDI has no way to be accepted.
        check(self.is_held(PLAIN_AT), "one that hides what it is stays held")
        equal(self.driver(PLAIN_AT), "", "driver")

    def listed_steps(self) -> Steps:
        return (
            ("without a gate nothing is held, and the module can go", self.none),
            ("what is listed is held, capable or not, and nothing else", self.listed),
            ("a VF is held as it comes", self.virtual_function),
            ("one that is listed can be accepted, if it is a TDI", self.listed_platform),
        )

    # --- a word that nobody understands, and a mailbox that claims to be a TDI -----

    def misspelt(self) -> None:
        self.sh("modprobe tdi")
        equal(self.gate("policy"), "all", "policy")
        equal(self.driver(self.nvme), "", "driver")

    def held_mailbox(self) -> None:
        """No TSM, then: nothing can be accepted, and nothing is open."""
        mailbox = self.find("7d50")
        check(self.is_held(mailbox), "the mailbox is held")
        self.sh("modprobe tdi-emu")
        equal(self.driver(mailbox), "", "driver of the mailbox")
        equal(self.sh("ls /sys/class/tsm 2>/dev/null || true"), "", "TSMs")
        self.refused(f"echo {self.nvme} | dd of=/sys/bus/pci/drivers/nvme/bind 2>&1",
                     self.nvme, "Resource temporarily unavailable")

    def misspelt_steps(self) -> Steps:
        return (
            ("a policy that nobody understands is taken as all", self.misspelt),
            ("a mailbox that claims to be a TDI is held, and nothing opens", self.held_mailbox),
        )


def run(tap: Tap, vm: Vm, steps: Callable[[Hold], Steps]) -> None:
    with vm:
        try:
            for claim, step in steps(Hold(vm)):
                before = tap.failed
                tap.run(claim, step)
                if tap.failed != before:
                    tap.explain(vm.guest.run("dmesg | tail -n 25")[1])
                    vm.keep_logs = True
        except Exception:
            tap.result(False, "the VM runs", traceback.format_exc())
    tap.result(not vm.complaint, "console and sanitizers are clean", vm.complaint)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    kernel = chosen_kernel(parser.parse_args().kernel)
    tap = Tap()
    # An I/O that gets no answer is given up on before a test is.
    patience = "nvme_core.io_timeout=10 nvme_core.shutdown_timeout=4"
    run(tap, Vm("hold-all", kernel, cpus=2, msi=True, qemu=PLAIN,
                append=f"tdi.gate=all {patience}"),
        Hold.all_steps)
    run(tap, Vm("hold-listed", kernel, msi=True, qemu=PLAIN + PF), Hold.listed_steps)
    run(tap, Vm("hold-misspelt", kernel, tee_mailbox=True, append="tdi.gate=allow"),
        Hold.misspelt_steps)
    tap.done()


if __name__ == "__main__":
    main()
