#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The way that should work, in both platform orders, and what it leaves behind."""

from harness import Session, check, equal, main, scenario


def connected_and_back(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "direct")
    s.emu.cmd("stats reset")
    s.disk_works()
    stats = s.emu.stats("nvme0")
    check(stats["dma_read_bytes_private"] + stats["dma_write_bytes_private"] > 1 << 20,
          "the file came by private DMA")
    equal(stats["dma_read_bytes_shared"] + stats["dma_write_bytes_shared"], 0, "shared DMA")
    equal(stats["dma_refused"], 0, "refused DMA")
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.emu.cmd("stats reset")
    s.disk_works()
    stats = s.emu.stats("nvme0")
    equal(stats["dma_read_bytes_private"] + stats["dma_write_bytes_private"], 0, "private DMA")
    equal(stats["dma_refused"], 0, "refused DMA")


@scenario(all_kernels=True)
def a_disk_goes_private_and_comes_back(s: Session) -> None:
    connected_and_back(s)


@scenario(all_kernels=True)
def it_does_so_ten_times_over(s: Session) -> None:
    s.unbind_driver(s.nvme)
    shared = s.emu.cmd("stats")["tsm"]["pages_shared"]
    for _ in range(10):
        s.do("connect")
        s.do("disconnect")
    equal(s.emu.cmd("stats")["tsm"]["pages_shared"], shared, "shared pages")


@scenario(all_kernels=True, order="start-first")
def a_disk_goes_private_where_start_comes_first(s: Session) -> None:
    connected_and_back(s)


@scenario()
def two_devices_are_connected_side_by_side(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.unbind_driver(s.dma)
    s.do("connect")
    s.do("connect", bdf=s.dma)
    s.expect("RUN", "direct")
    s.expect("RUN", "direct", s.dma)
    s.do("disconnect", bdf=s.dma)
    s.expect("RUN", "direct")
    s.disk_works()


@scenario(all_kernels=True)
def a_device_probes_private_memory_in_vain_unless_it_runs(s: Session) -> None:
    code = s.sh("grep 'Kernel code' /proc/iomem").strip().split("-")[0].lstrip("0")
    equal(s.emu.cmd(f"page 0x{code}")["owner"], "private", "owner of the kernel's code")
    probe = f"probe nvme0 read 0x{code} 64"
    equal(s.emu.cmd(probe)["result"], "refused", "probe, unlocked")
    s.unbind_driver(s.nvme)
    s.do("lock")
    equal(s.emu.cmd(probe)["result"], "refused", "probe, locked")
    s.do("unlock")
    s.bind_driver(s.nvme)


@scenario()
def the_modules_can_be_unloaded_and_loaded_again(s: Session) -> None:
    s.sh("modprobe -r tdi-emu && modprobe -r tdi; ! grep -q '^tdi' /proc/modules")
    s.wait("test -b /dev/nvme0n1")
    s.sh("dd if=/dev/nvme0n1 of=/dev/null bs=64k count=4 2>/dev/null")
    s.load()
    connected_and_back(s)


if __name__ == "__main__":
    main(cpus=2)
