#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Loss and the way back on TDX Connect, where private mappings end with the binding.

A driver that uses MSI-X is released, for the PCI core would write the table between the
two locks through such a mapping; one with MSI is quiesced, and its file system stays.
"""

from __future__ import annotations

import time

from attack import Session, check, equal
from harness import PCI, main, scenario
from tap import Failed

CONTROLLER = "stat -c %i /sys/class/nvme/nvme*/address"


def lost_and_back(s: Session) -> None:
    before = s.recovery_stats()
    s.emu.cmd("error nvme0 ide-insecure")
    deadline = time.monotonic() + 60
    while s.recovery_stats()["recovered"] == before["recovered"]:
        if time.monotonic() > deadline:
            raise Failed(f"not recovered: {s.recovery_stats()}: {s.read('result')}")
        time.sleep(0.2)
    s.expect("RUN", "direct")


def connected(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.do("recovery", "recover")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def given_back(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.do("recovery", "stay-down")
    s.disk_works()


@scenario(platform="tdx-connect")
def with_msix_the_driver_is_released_and_comes_back(s: Session) -> None:
    connected(s)
    check(s.sh(f"ls {PCI}/{s.nvme}/msi_irqs | wc -l").strip() != "0", "the driver uses MSI-X")
    old = s.sh(CONTROLLER)
    lost_and_back(s)
    s.wait(f"test -e {PCI}/{s.nvme}/driver && test -b /dev/nvme0n1", timeout=30)
    check(s.sh(CONTROLLER) != old, "another controller than before: the driver was released")
    s.emu.cmd("stats reset")
    s.disk_works()
    check(s.emu.stats("nvme0")["dma_read_bytes_private"] > 0, "through private memory")
    given_back(s)


@scenario(platform="tdx-connect", msi=True)
def with_msi_the_driver_is_quiesced_and_the_file_system_stays(s: Session) -> None:
    connected(s)
    s.sh("mount -t ext4 /dev/nvme0n1 /mnt")
    old = s.sh(CONTROLLER)
    lost_and_back(s)
    equal(s.sh(CONTROLLER), old, "controller")
    equal(s.sh("echo 1 > /proc/sys/vm/drop_caches; sha256sum < /mnt/file"), s.hash,
          "hash of the file, still mounted")
    s.sh("umount /mnt")
    given_back(s)


if __name__ == "__main__":
    main()
