#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every path of the DMA API in every mode, and what the device does not reach in each."""

from typing import Any

from harness import Failed, Session, check, equal, main, scenario

DMATEST = "/sys/kernel/debug/tdi-dmatest"
GROUPS = "/sys/kernel/iommu_groups"
SIZES = (64, 4096, 12288, 65536, 131072)
TESTS = {
    "streaming": SIZES, "coherent": SIZES, "pages": SIZES, "noncontiguous": SIZES,
    "mmap": SIZES, "partial": SIZES, "sg": SIZES[1:], "atomic": SIZES[:3],
    "pool": (64, 512, 4096),
}


def moved_by(test: str, size: int) -> int:
    """Bytes that the device moves in one round."""
    if test == "partial":
        return 2 * (size // 3 + 1)
    if test == "sg":
        return 2 * 7 * (size // 7 + 1)
    return {"atomic": 3, "pool": 2 * 16}.get(test, 2) * size


def dmatest(s: Session, test: str, size: int) -> str:
    """One round of the DMA test driver: an empty string, or what was wrong."""
    # Open for reading, too, or the file cannot be mapped.
    status, out = s.guest.run(f"echo {size} 2>&1 1<>{DMATEST}/{s.dma}/{test}")
    return "" if status == 0 else out.strip().rsplit(":", 1)[-1].strip() or f"status {status}"


def stats(s: Session, bdf: str = "") -> dict[str, int]:
    lines = s.read("dma_stats", bdf or s.dma).splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def in_mode(s: Session, mode: str) -> None:
    """The DMA test function, its driver bound, in that mode."""
    s.unbind_driver(s.dma)
    if s.state(s.dma) != "CONFIG_UNLOCKED":
        s.do("disconnect", bdf=s.dma)
    if mode != "bounce":
        s.do("dma_mode", mode, bdf=s.dma)
        s.do("connect", bdf=s.dma)
    equal(s.read("dma", s.dma), mode, "mode")
    s.sh("modprobe tdi-dmatest")
    if not s.driver(s.dma):
        s.bind_driver(s.dma)
    s.wait(f"test -e {DMATEST}/{s.dma}/mmap")


def probe(s: Session, function: str, what: str, address: int, length: int = 64) -> str:
    """ "ok", or the reason for which the emulator refused."""
    answer: dict[str, Any] = s.emu.cmd(f"probe {function} {what} {address:#x} {length}")
    return "ok" if answer["result"] == "ok" else answer["reason"]


def mapped(s: Session, size: int) -> tuple[int, int]:
    """Has the test driver map that much: the device's address and the physical one."""
    s.sh(f"echo {size} > {DMATEST}/{s.dma}/mapped")
    device, physical = s.sh(f"cat {DMATEST}/{s.dma}/mapped").split()
    return int(device, 16), int(physical, 16)


def unmap(s: Session) -> None:
    s.sh(f"echo 0 > {DMATEST}/{s.dma}/mapped")


def mappings(s: Session, function: str) -> int:
    count: int = s.emu.cmd(f"mappings {function}")["count"]
    return count


def group_type(s: Session, bdf: str) -> str:
    return s.sh(f"readlink -f /sys/bus/pci/devices/{bdf}/iommu_group") + "/type"


def every_path(s: Session, mode: str) -> None:
    in_mode(s, mode)
    before = stats(s)
    s.emu.cmd("stats reset")
    for test, sizes in TESTS.items():
        for size in sizes:
            equal(dmatest(s, test, size), "", f"{mode}: {test} {size}")
    seen = s.emu.stats("dma0")
    moved = {kind: seen[f"dma_read_bytes_{kind}"] + seen[f"dma_write_bytes_{kind}"]
             for kind in ("shared", "private")}
    used, unused = ("shared", "private") if mode == "bounce" else ("private", "shared")
    equal(moved[used], sum(moved_by(test, size) for test, sizes in TESTS.items()
                           for size in sizes), f"{mode}: bytes of {used} memory")
    equal(moved[unused], 0, f"{mode}: bytes of {unused} memory")
    equal(seen["dma_refused"], 0, f"{mode}: refused")
    after = stats(s)
    equal([after[k] for k in ("live", "shared_pages", "leaked_pages")], [0, 0, 0],
          f"{mode}: live mappings, shared and leaked pages")
    bounced = after["bounced_bytes"] - before["bounced_bytes"]
    if mode == "bounce":
        # Each streamed byte is copied once at least, and some both ways.
        check(2 * sum(SIZES) < bounced, f"{bounced} bytes bounced")
        check(after["bounced_mappings"] > before["bounced_mappings"], "mappings counted")
    else:
        equal(bounced, 0, f"{mode}: bytes bounced")


@scenario(all_kernels=True)
def every_path_moves_every_byte_in_bounce_direct_and_split(s: Session) -> None:
    for mode in ("bounce", "direct", "split", "bounce"):
        every_path(s, mode)


@scenario(all_kernels=True, iommu=True)
def every_path_moves_every_byte_behind_an_iommu(s: Session) -> None:
    for mode in ("bounce", "iommu", "bounce"):
        every_path(s, mode)


@scenario(all_kernels=True, iommu=True)
def lazy_unmapping_moves_every_byte_and_revokes_soon(s: Session) -> None:
    s.sh("echo 1 > /sys/module/tdi/parameters/iommu_lazy")
    try:
        every_path(s, "iommu")
        address, _ = mapped(s, 8192)
        equal(probe(s, "dma0", "read", address), "ok", "probe while mapped")
        unmap(s)
        # 10 ms, and what the guest's clock and a busy machine add to them.
        s.sh("sleep 0.3")
        equal(probe(s, "dma0", "read", address), "unmapped-iova", "probe after a while")
        mapped(s, 8192)
        unmap(s)
        s.unbind_driver(s.dma)
        s.do("disconnect", bdf=s.dma)
    finally:
        s.sh("echo 0 > /sys/module/tdi/parameters/iommu_lazy")
    every_path(s, "iommu")


@scenario(all_kernels=True, iommu=True)
def an_iommu_shows_a_device_what_is_mapped_and_no_more(s: Session) -> None:
    in_mode(s, "iommu")
    equal(mappings(s, "dma0"), 0, "mappings before the first")
    address, physical = mapped(s, 8192)
    equal(mappings(s, "dma0"), 2, "pages mapped")
    s.emu.cmd("stats reset")
    for what in ("read", "write"):
        equal(probe(s, "dma0", what, address), "ok", f"{what} of what is mapped")
        equal(probe(s, "dma0", what, address + 8192), "unmapped-iova", f"{what} past it")
        equal(probe(s, "dma0", what, address - 64), "unmapped-iova", f"{what} before it")
        equal(probe(s, "dma0", what, physical), "unmapped-iova", f"{what} by physical address")
        equal(probe(s, "dma0", what, 0), "unmapped-iova", f"{what} of address 0")
    seen = s.emu.stats("dma0")
    equal(seen["dma_refused"], 8, "refused")
    equal(seen["refused_reasons"], {"unmapped-iova": 8}, "reasons")
    # Its address is nobody else's.
    check(probe(s, "nvme0", "read", address) != "ok", "another function's domain is another")
    unmap(s)
    equal(probe(s, "dma0", "read", address), "unmapped-iova", "probe right after unmap")
    equal(mappings(s, "dma0"), 0, "mappings after the last")
    equal(s.emu.stats("dma0")["refused_reasons"], {"unmapped-iova": 9}, "reasons, after unmap")


@scenario(all_kernels=True, iommu=True)
def a_disk_works_by_iommu_and_comes_back(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "iommu")
    equal(mappings(s, "nvme0"), 0, "mappings without a driver")
    s.emu.cmd("stats reset")
    bounced = stats(s, s.nvme)["bounced_bytes"]
    s.disk_works()
    s.sh("mount /dev/nvme0n1 /mnt && dd if=/dev/urandom of=/mnt/new bs=64k count=32 2>/dev/null"
         " && cp /mnt/new /mnt/copy && sync && echo 3 > /proc/sys/vm/drop_caches"
         " && cmp /mnt/new /mnt/copy && rm /mnt/new /mnt/copy && umount /mnt")
    seen = s.emu.stats("nvme0")
    check(seen["dma_read_bytes_private"] > 2 << 20, "the files went by private DMA")
    equal(seen["dma_read_bytes_shared"] + seen["dma_write_bytes_shared"], 0, "shared DMA")
    equal(seen["dma_refused"], 0, "refused DMA")
    check(seen["interrupts"] > 0, "MSI works")
    equal(stats(s, s.nvme)["bounced_bytes"], bounced, "bytes bounced")
    s.unbind_driver(s.nvme)
    equal(mappings(s, "nvme0"), 0, "mappings after the driver")
    equal(stats(s, s.nvme)["live"], 0, "live")
    s.do("disconnect")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.emu.cmd("stats reset")
    s.disk_works()
    seen = s.emu.stats("nvme0")
    equal(seen["dma_read_bytes_private"] + seen["dma_write_bytes_private"], 0, "private DMA")
    equal(seen["dma_refused"], 0, "refused DMA, bouncing")


@scenario(all_kernels=True)
def split_tells_private_from_shared_by_address(s: Session) -> None:
    in_mode(s, "split")
    s.emu.cmd("stats reset")
    for size in (64, 4096, 65536):
        equal(dmatest(s, "shared", size), "", f"shared {size}")
    seen = s.emu.stats("dma0")
    check(seen["dma_read_bytes_shared"] and seen["dma_read_bytes_private"], "both were reached")
    # Each size tried each wrong address twice.
    equal(seen["refused_reasons"], {"below-vtom-shared": 6, "above-vtom-private": 6}, "reasons")
    equal(seen["dma_refused"], 12, "refused")
    after = stats(s)
    equal([after["live"], after["shared_pages"]], [0, 0], "live mappings, shared pages")
    address, physical = mapped(s, 4096)
    equal(address, physical, "private memory's address")
    unmap(s)
    for mode in ("direct", "bounce"):
        in_mode(s, mode)
        equal(dmatest(s, "shared", 4096), "Cannot allocate memory", f"shared memory in {mode}")


@scenario(all_kernels=True)
def after_the_unlock_dma_is_refused(s: Session) -> None:
    for mode in ("direct", "split"):
        in_mode(s, mode)
        address, _ = mapped(s, 4096)
        equal(probe(s, "dma0", "read", address), "ok", f"{mode}: probe while mapped")
        s.unbind_driver(s.dma)
        s.do("disconnect", bdf=s.dma)
        s.emu.cmd("stats reset")
        equal(probe(s, "dma0", "read", address), "bus-master-off", f"{mode}: without a driver")
        s.bind_driver(s.dma)
        for what in ("read", "write"):
            equal(probe(s, "dma0", what, address), "private-page", f"{mode}: {what} with one")
        equal(s.emu.stats("dma0")["dma_refused"], 3, f"{mode}: refused")


@scenario(all_kernels=True, iommu=True)
def after_the_unlock_dma_is_refused_behind_an_iommu(s: Session) -> None:
    in_mode(s, "iommu")
    address, physical = mapped(s, 4096)
    equal(probe(s, "dma0", "read", address), "ok", "probe while mapped")
    s.unbind_driver(s.dma)
    s.do("disconnect", bdf=s.dma)
    s.emu.cmd("stats reset")
    s.bind_driver(s.dma)
    for where in (address, physical):
        for what in ("read", "write"):
            equal(probe(s, "dma0", what, where), "unmapped-iova", f"{what} {where:#x}")
    equal(s.emu.stats("dma0")["dma_refused"], 4, "refused")


@scenario(all_kernels=True)
def the_mode_is_chosen_before_and_not_while_accepted(s: Session) -> None:
    equal(s.read("dma_mode"), "[direct] split", "modes")
    for word in ("bounce", "blocked", "sideways"):
        s.refuse("dma_mode", "EINVAL", value=word)
    s.refuse("dma_mode", "EOPNOTSUPP", value="iommu")
    s.do("dma_mode", "split")
    equal(s.read("dma_mode"), "direct [split]", "modes")
    s.unbind_driver(s.nvme)
    s.do("lock")
    s.do("dma_mode", "direct")
    s.do("dma_mode", "split")
    s.do("accept", "1")
    s.expect("RUN", "split")
    s.refuse("dma_mode", "EBUSY", value="direct")
    s.disk_works()
    s.refuse("dma_mode", "EBUSY", value="direct")
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    equal(s.read("dma_mode"), "direct [split]", "modes, afterwards")


@scenario(iommu=True)
def behind_an_iommu_that_translates_no_other_mode_is_offered(s: Session) -> None:
    equal(s.read("dma_mode"), "[iommu]", "modes")
    for word in ("direct", "split"):
        s.refuse("dma_mode", "EOPNOTSUPP", value=word)
    s.refuse("dma_mode", "EINVAL", value="bounce")


@scenario(all_kernels=True)
def with_a_driver_bound_nothing_is_switched(s: Session) -> None:
    in_mode(s, "direct")
    s.refuse("disconnect", "EBUSY", "driver", bdf=s.dma)
    s.expect("RUN", "direct", s.dma)
    in_mode(s, "bounce")
    s.refuse("connect", "EBUSY", "driver", bdf=s.dma)
    s.expect("CONFIG_UNLOCKED", "bounce", s.dma)


@scenario(all_kernels=True, iommu=True)
def what_a_driver_leaked_is_out_of_reach_once_it_is_disconnected(s: Session) -> None:
    in_mode(s, "iommu")
    equal(dmatest(s, "leak", 4096), "", "leak")
    equal(mappings(s, "dma0"), 1, "mappings, leaked")
    s.unbind_driver(s.dma)
    equal(stats(s)["live"], 1, "live")
    # It is unlocked, but nothing switches from blocked as long as that mapping lives.
    s.refuse("disconnect", "EBUSY", "live mappings", bdf=s.dma)
    s.expect("CONFIG_UNLOCKED", "blocked", s.dma)
    equal(mappings(s, "dma0"), 0, "mappings")
    s.refuse("connect", "EBUSY", "live mappings", bdf=s.dma)
    # The other one is none the worse; but the mapping is lost for good, and this VM's dma0.
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.disk_works()
    s.vm.over = True


@scenario()
def twenty_cycles_leave_no_mapping(s: Session) -> None:
    in_mode(s, "bounce")
    s.unbind_driver(s.dma)
    shared = s.emu.cmd("stats")["tsm"]["pages_shared"]
    for i in range(20):
        s.do("dma_mode", ("direct", "split")[i % 2], bdf=s.dma)
        s.do("connect", bdf=s.dma)
        s.bind_driver(s.dma)
        equal(dmatest(s, "sg", 4096), "", "sg")
        s.unbind_driver(s.dma)
        s.do("disconnect", bdf=s.dma)
    after = stats(s)
    equal([after[k] for k in ("live", "shared_pages", "leaked_pages")], [0, 0, 0], "left")
    equal(s.emu.cmd("stats")["tsm"]["pages_shared"], shared, "shared pages")


@scenario(all_kernels=True, iommu=True)
def twenty_cycles_leave_no_mapping_behind_an_iommu(s: Session) -> None:
    in_mode(s, "bounce")
    s.unbind_driver(s.dma)
    bouncing = s.emu.cmd("mappings dma0")
    shared = s.emu.cmd("stats")["tsm"]["pages_shared"]
    for _ in range(20):
        s.do("connect", bdf=s.dma)
        s.bind_driver(s.dma)
        equal(dmatest(s, "sg", 4096), "", "sg")
        s.unbind_driver(s.dma)
        equal(mappings(s, "dma0"), 0, "mappings in iommu mode")
        s.do("disconnect", bdf=s.dma)
    equal(s.emu.cmd("mappings dma0"), bouncing, "mappings")
    after = stats(s)
    equal([after[k] for k in ("live", "shared_pages", "leaked_pages")], [0, 0, 0], "left")
    equal(s.emu.cmd("stats")["tsm"]["pages_shared"], shared, "shared pages")


@scenario(all_kernels=True, iommu=True)
def a_group_that_was_given_another_type_is_taken_back(s: Session) -> None:
    path = group_type(s, s.nvme)
    for kind in ("identity", "DMA"):
        s.unbind_driver(s.nvme)
        s.sh(f"echo {kind} > {path}")
        s.disk_works()
        s.expect("CONFIG_UNLOCKED", "bounce")
        s.unbind_driver(s.nvme)
        s.do("connect")
        s.sh(f"echo {'DMA' if kind == 'identity' else 'identity'} > {path}")
        s.disk_works()
        s.expect("RUN", "iommu")
        s.unbind_driver(s.nvme)
        s.do("disconnect")
        s.disk_works()
    s.unbind_driver(s.nvme)
    s.sh(f"echo DMA > {path}")


@scenario(all_kernels=True, iommu=True)
def a_device_is_unplugged_and_comes_back_behind_an_iommu(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")
    port = s.sh(f"basename $(dirname $(readlink -f /sys/bus/pci/devices/{s.nvme}))")
    s.sh(f"echo 1 > /sys/bus/pci/devices/{s.nvme}/remove")
    s.sh(f"echo 1 > /sys/bus/pci/devices/{port}/rescan")
    s.wait(f"test -d /sys/bus/pci/devices/{s.nvme}/tsm")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "iommu")
    s.disk_works()


@scenario(all_kernels=True, iommu=True)
def without_the_modules_the_kernels_own_iommu_code_is_back(s: Session) -> None:
    s.unbind_driver(s.dma)
    s.sh("modprobe -r tdi-emu && modprobe -r tdi")
    s.wait("test -b /dev/nvme0n1")
    check(mappings(s, "nvme0"), "the kernel maps for the disk")
    s.sh("dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16 2>/dev/null")
    equal(mappings(s, "dma0"), 0, "mappings of a function without a driver")
    s.load()
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "iommu")
    s.disk_works()


@scenario(iommu=True, append="iommu=pt")
def an_iommu_that_passes_addresses_through_is_as_good_as_none(s: Session) -> None:
    equal(s.read("dma_mode", s.dma), "[direct] split", "modes")
    for mode in ("bounce", "direct", "split"):
        every_path(s, mode)
    in_mode(s, "bounce")
    s.unbind_driver(s.dma)
    path = group_type(s, s.dma)
    s.sh(f"echo DMA > {path}")
    s.refuse("connect", "EOPNOTSUPP", "translates", bdf=s.dma)
    s.sh(f"echo identity > {path}")
    if s.state(s.dma) != "CONFIG_UNLOCKED":
        raise Failed("locked after a refused connect")
    every_path(s, "direct")

def bound_in_error(s: Session, mode: str) -> None:
    """The host stops the device behind its driver's back, and the next driver comes."""
    in_mode(s, mode)
    s.emu.cmd("unlock dma0")
    equal(s.state(s.dma), "CONFIG_UNLOCKED", "state, from the TSM")
    equal(s.read("dma", s.dma), "blocked", "dma")
    s.unbind_driver(s.dma)
    s.bind_driver(s.dma)
    s.wait(f"test -e {DMATEST}/{s.dma}/mmap")
    equal(s.read("dma", s.dma), "blocked", "dma, with another driver")


def leaves_error(s: Session) -> None:
    s.unbind_driver(s.dma)
    s.do("unlock", bdf=s.dma)
    s.expect("CONFIG_UNLOCKED", "bounce", s.dma)


@scenario(all_kernels=True)
def a_driver_that_comes_in_error_gets_no_mapping(s: Session) -> None:
    for mode in ("direct", "split"):
        bound_in_error(s, mode)
        for test in ("streaming", "coherent", "shared"):
            equal(dmatest(s, test, 4096), "Cannot allocate memory", f"{test}, after {mode}")
        leaves_error(s)


@scenario(all_kernels=True, iommu=True)
def a_driver_that_comes_in_error_gets_none_behind_an_iommu(s: Session) -> None:
    bound_in_error(s, "iommu")
    for test in ("streaming", "coherent"):
        equal(dmatest(s, test, 4096), "Cannot allocate memory", test)
    leaves_error(s)
    every_path(s, "iommu")


if __name__ == "__main__":
    main()
