#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A VM that turns confidential while it runs, as secure VMs under an ultravisor do:
devices that are in use move to the shared pool, and later ones start there.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session  # noqa: E402
from tap import Tap, check, equal  # noqa: E402
from vm import Vm, chosen_kernel  # noqa: E402

VIRTIO = ("-device", "virtio-rng-pci,id=rng0,bus=pcie.0,addr=0x1e",
          "-device", "virtio-rng-pci,id=rng1,bus=pcie.0,addr=0x1d,"
          "iommu_platform=on,disable-legacy=on")


class TakeOver(Session):
    """Nothing is loaded to begin with: an ordinary VM, whose disk is in use."""

    def load(self) -> None:
        self.sh("test -b /dev/nvme0n1 && ! test -e /sys/module/tdi")

    def __init__(self, vm: Vm):
        self.vm, self.emu, self.guest = vm, vm.emu, vm.guest
        self.load()
        self.nvme, self.dma = self.find("7d52"), self.find("7d51")

    def find_disk(self) -> str:
        self.wait("test -b /dev/nvme?n?", timeout=30)
        return self.sh("echo /dev/nvme?n?")

    def use_the_disk(self) -> None:
        """A file system with a file on it of which nothing was synced."""
        self.sh("mkfs.ext4 -q /dev/nvme0n1 && mount -t ext4 /dev/nvme0n1 /mnt &&"
                " dd if=/dev/urandom of=/mnt/file bs=64k count=64 2>/dev/null")
        self.hash = self.sh("sha256sum < /mnt/file")
        check(self.emu.stats("nvme0")["dma_bytes_open"], "bytes of open memory: expected some")

    def take_over(self) -> None:
        self.sh("modprobe tdi && modprobe tdi-emu")
        self.tsm = self.guest.sh("ls /sys/class/tsm").split()[0]
        equal(self.driver(self.nvme), "nvme", "driver")
        # The file system is of a disk that went; the new one has another name.
        self.sh("umount /mnt")
        self.disk = self.find_disk()
        for bdf in (self.nvme, self.dma):
            self.expect("CONFIG_UNLOCKED", "bounce", bdf=bdf)

    def nothing_is_lost(self) -> None:
        self.emu.cmd("stats reset")
        self.sh(f"mount -t ext4 {self.disk} /mnt")
        equal(self.sh("sha256sum < /mnt/file"), self.hash, "hash of the file")
        stats = self.emu.stats("nvme0")
        equal((stats["dma_bytes_open"], stats["dma_refused"], stats["dma_write_bytes_private"]),
              (0, 0, 0), "bytes of open memory, refusals, bytes of private memory")
        check(stats["dma_write_bytes_shared"] >= 64 * 65536, "the file came through the pool")
        self.sh("umount /mnt")

    def later_ones_start_there(self) -> None:
        self.vm.power_off("nvme0")
        self.vm.plug("nvme0")
        disk = self.find_disk()
        self.nvme = self.find("7d52")
        self.expect("CONFIG_UNLOCKED", "bounce")
        self.emu.cmd("stats reset")
        self.sh(f"mount -t ext4 {disk} /mnt")
        equal(self.sh("sha256sum < /mnt/file"), self.hash, "hash of the file")
        self.sh("umount /mnt")
        stats = self.emu.stats("nvme0")
        equal((stats["dma_bytes_open"], stats["dma_refused"]), (0, 0), "open bytes, refusals")

    def it_can_be_accepted(self) -> None:
        self.trust(self.root_ca())
        self.unbind_driver(self.nvme)
        self.do("connect")
        self.expect("RUN", "direct")
        self.bind_driver(self.nvme)
        self.sh(f"mount -t ext4 {self.find_disk()} /mnt")
        equal(self.sh("sha256sum < /mnt/file"), self.hash, "hash of the file")
        self.sh("umount /mnt")
        self.unbind_driver(self.nvme)
        self.do("disconnect")
        self.bind_driver(self.nvme)

    def virtio_is_named(self) -> None:
        """One of two negotiated ACCESS_PLATFORM; the other one's DMA knows no TSM."""
        self.sh("modprobe virtio_rng")
        self.wait("test $(ls -d /sys/bus/virtio/devices/*/driver | wc -l) = 2")
        out = self.sh("tdi list")
        lines = [line for line in out.splitlines() if "virtio" in line and "DMA API" in line]
        check(lines, f"tdi list: expected a virtio device that goes past the DMA API in\n{out}")
        text = " ".join(lines)
        names = {name: self.sh(f"cut -c34 /sys/bus/virtio/devices/{name}/features")
                 for name in self.sh("ls /sys/bus/virtio/devices").split()}
        equal(sorted(names.values()), ["0", "1"], "ACCESS_PLATFORM of the two")
        for name, bit in names.items():
            equal(name in text, bit == "0", f"{name} is named")

    def it_can_be_let_go(self) -> None:
        """Memory is open again, and the disk works as in any VM."""
        self.sh("rmmod tdi_emu && rmmod tdi")
        self.sh(f"mount -t ext4 {self.find_disk()} /mnt")
        equal(self.sh("sha256sum < /mnt/file"), self.hash, "hash of the file")
        self.sh("umount /mnt")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    kernel = chosen_kernel(parser.parse_args().kernel)
    tap = Tap()
    with Vm("takeover", kernel, cpus=2, msi=True, qemu=VIRTIO) as vm:
        try:
            s = TakeOver(vm)
            steps: tuple[tuple[str, Callable[[], None]], ...] = (
                ("an ordinary VM uses its disk, in open memory", s.use_the_disk),
                ("the platform takes over, and the driver is back", s.take_over),
                ("what was written and not synced is there", s.nothing_is_lost),
                ("a disk that is plugged in later starts in the pool", s.later_ones_start_there),
                ("it can be accepted", s.it_can_be_accepted),
                ("virtio that goes past the DMA API is named", s.virtio_is_named),
                ("the platform lets go, and the disk works", s.it_can_be_let_go),
            )
            for claim, step in steps:
                tap.run(claim, step)
        except Exception:
            tap.result(False, "the VM runs", traceback.format_exc())
    tap.result(not vm.complaint, "console and sanitizers are clean", vm.complaint)
    tap.done()


if __name__ == "__main__":
    main()
