#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A host that puts another function into the IOMMU group of one that is a TDI.

    test_group.py [--kernel VERSION]

A program of its own: the other function must be away when the modules load.
"""

from __future__ import annotations

import argparse
import traceback

from tap import Tap
from vm import Vm, VmError, chosen_kernel

PCI = "/sys/bus/pci/devices"


class Group:
    """The disk and its neighbour, which comes and goes."""

    def __init__(self, vm: Vm):
        self.vm, self.guest = vm, vm.guest
        self.nvme, self.dma = self.guest.functions("7d52")[0], self.guest.functions("7d51")[0]
        self.port = self.guest.sh(f"basename $(dirname $(readlink -f {PCI}/{self.nvme}))")

    def size(self) -> int:
        return len(self.guest.sh(f"ls {PCI}/{self.nvme}/iommu_group/devices").split())

    def leaves(self) -> None:
        self.guest.sh(f"echo 1 > {PCI}/{self.dma}/remove")

    def joins(self) -> None:
        self.guest.sh(f"echo 1 > {PCI}/{self.port}/rescan")

    def unbind(self) -> None:
        self.guest.sh(f"if [ -e {PCI}/{self.nvme}/driver ]; then "
                      f"echo {self.nvme} > {PCI}/{self.nvme}/driver/unbind; fi")

    def mode(self) -> str:
        return self.guest.read(f"{PCI}/{self.nvme}/tsm/dma")

    def mapped(self) -> int:
        return int(self.vm.emu.cmd("mappings nvme0")["bytes"])


def expect(tap: Tap, claim: str, found: object, expected: object) -> None:
    tap.result(found == expected, claim, f"expected {expected!r}, found {found!r}")


def story(tap: Tap, vm: Vm) -> None:
    g = Group(vm)
    expect(tap, "two functions of a slot are one group", g.size(), 2)
    g.leaves()
    g.guest.sh("modprobe tdi && modprobe tdi-emu")
    expect(tap, "alone in its group, the disk bounces", g.mode(), "bounce")
    g.unbind()
    g.joins()
    g.guest.run(f"echo {g.nvme} > /sys/bus/pci/drivers_probe")
    expect(tap, "with a neighbour, a driver that comes gets no DMA", g.mode(), "blocked")
    g.unbind()
    expect(tap, "nothing is mapped while it is blocked", g.mapped(), 0)
    g.leaves()
    g.guest.sh(f"cd {PCI}/{g.nvme}/tsm && echo tsm0 > lock && echo tsm0 > unlock")
    expect(tap, "alone again, lock and unlock lead back", g.mode(), "bounce")
    g.guest.sh(f"echo {g.nvme} > /sys/bus/pci/drivers_probe")
    read = "for i in 1 2 3 4 5; do [ -b /dev/nvme0n1 ] && break; sleep 1; done; " \
           "dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16 2>/dev/null"
    expect(tap, "and the disk works", g.guest.run(read)[0], 0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    kernel = chosen_kernel(parser.parse_args().kernel)
    tap = Tap()
    try:
        with Vm("test_group", kernel, iommu=True, together=True) as vm:
            story(tap, vm)
        expect(tap, "console and sanitizers are clean", vm.complaint, "")
    except VmError:
        expect(tap, "the VM did its part", traceback.format_exc(), "")
    tap.done()


if __name__ == "__main__":
    main()
