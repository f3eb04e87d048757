#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Private MMIO: what is accepted, in how many calls, and what /proc/iomem has of it."""

from __future__ import annotations

from dataclasses import dataclass

from harness import PCI, Session, check, equal, main, scenario

PRIVATE = "PCI MMIO Encrypted"
PARTLY = "PCI MMIO Partly Encrypted"
PAGE = 4096
CHUNK = 4096	# pages that one MMIO_ACCEPT takes
HOLES = "/sys/module/tdi/parameters/allow_mmio_holes"


@dataclass(frozen=True)
class Entry:
    """A line of /proc/iomem, and the names of those it is below."""
    start: int
    end: int
    name: str
    below: tuple[str, ...]


def iomem(s: Session) -> list[Entry]:
    entries: list[Entry] = []
    above: list[str] = []
    for line in s.sh("cat /proc/iomem").splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        span, name = line.strip().split(" : ", 1)
        start, end = (int(part, 16) for part in span.split("-"))
        above[depth:] = [name]
        entries.append(Entry(start, end, name, tuple(above[:-1])))
    return entries


def private(s: Session, name: str = PRIVATE) -> list[Entry]:
    return [e for e in iomem(s) if e.name == name]


def bar(s: Session, bdf: str, index: int) -> tuple[int, int]:
    """First and last address."""
    line = s.sh(f"sed -n {index + 1}p {PCI}/{bdf}/resource").split()
    return int(line[0], 16), int(line[1], 16)


def spans(entries: list[Entry]) -> list[tuple[int, int]]:
    return sorted((e.start, e.end) for e in entries)


def accepted_pages(s: Session, function: str) -> int:
    """As the TSM counts them."""
    return next(int(f["mmio_accepted"]) for f in s.emu.cmd("functions")["functions"]
                if f["name"] == function)


def bar2_parts(s: Session, bdf: str) -> list[tuple[int, int]]:
    """The first and the last quarter of BAR 2: what --bar2 reports as TEE memory."""
    first, last = bar(s, bdf, 2)
    quarter = (last + 1 - first) // 4
    return [(first, first + quarter - 1), (last + 1 - quarter, last)]


@scenario(all_kernels=True)
def accepted_bars_are_in_iomem_for_as_long_as_they_are(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.do("lock")
    equal(private(s), [], "entries of a locked device")
    s.do("accept", "1")
    entries = private(s)
    # BAR 4 holds the MSI-X table, and is reported as NON_TEE.
    equal(spans(entries), sorted([bar(s, s.nvme, 0), bar(s, s.nvme, 2)]), "entries")
    for e in entries:
        equal(e.below[-1], s.nvme, "what the entry is below")
    equal(accepted_pages(s, "nvme0"), 8, "pages that the TSM has as accepted")
    equal(s.read("mmio"), "BAR 0 private 4 shared 0 unreported 0\n"
          "BAR 2 private 4 shared 0 unreported 0\nBAR 4 private 0 shared 2 unreported 0", "mmio")
    # A second accept changes nothing.
    s.do("accept", "1")
    equal(private(s), entries, "entries after a second accept")
    s.do("disconnect")
    equal(iomem(s), before, "/proc/iomem")
    equal(accepted_pages(s, "nvme0"), 0, "pages after disconnect")


@scenario(all_kernels=True)
def the_nvme_driver_takes_its_bars_inside_the_entries(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    for _ in range(3):
        s.do("connect")
        s.disk_works()
        mine = [e for e in iomem(s) if e.name == "nvme"]
        equal(spans(mine), sorted(bar(s, s.nvme, i) for i in (0, 2, 4)), "the driver's regions")
        for e in mine:
            equal(e.below[-1] == PRIVATE, (e.start, e.end) != bar(s, s.nvme, 4),
                  f"{e.start:#x} is below an entry")
        s.unbind_driver(s.nvme)
        s.do("disconnect")
        equal(iomem(s), before, "/proc/iomem")


@scenario(order="start-first")
def entries_come_and_go_where_start_comes_first(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.do("connect")
    equal(spans(private(s)), sorted([bar(s, s.nvme, 0), bar(s, s.nvme, 2)]), "entries")
    s.do("disconnect")
    equal(iomem(s), before, "/proc/iomem")


@scenario()
def a_refused_accept_leaves_no_entry(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    for lie in ("relock-on-accept", "remeasure-on-accept", "skip-start"):
        s.emu.cmd(f"lie {lie}")
        s.refuse("connect", "ESTALE|EREMOTEIO")
        check(s.emu.lies_told(lie), f"the host told {lie}")
        s.emu.cmd("truth")
        equal(iomem(s), before, f"/proc/iomem after {lie}")
        equal(accepted_pages(s, "nvme0"), 0, f"pages after {lie}")


@scenario()
def entries_go_when_the_device_is_lost_under_its_driver(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.do("connect")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")
    s.emu.cmd("flr nvme0")
    equal(s.state(), "ERROR", "state")
    equal(private(s), [], "entries in ERROR")
    # The driver is released, and lets go of its regions.
    s.wait(f"! test -e {PCI}/{s.nvme}/driver")
    s.do("unlock")
    equal(iomem(s), before, "/proc/iomem")
    s.disk_works()


@scenario()
def entries_go_with_the_device_and_with_the_module(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    check(private(s), "entries")
    port = s.sh(f"basename $(dirname $(readlink -f {PCI}/{s.nvme}))")
    s.sh(f"echo 1 > {PCI}/{s.nvme}/remove")
    equal(private(s), [], "entries of a device that is gone")
    s.sh(f"echo 1 > {PCI}/{port}/rescan")
    s.wait(f"test -d {PCI}/{s.nvme}/tsm")
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.do("connect")
    s.disk_works()
    check(private(s), "entries")
    s.sh("modprobe -r tdi-emu && modprobe -r tdi")
    equal(private(s), [], "entries without the module")
    s.wait("test -b /dev/nvme0n1")
    s.load()
    s.unbind_driver(s.nvme)
    equal(iomem(s), before, "/proc/iomem")


@scenario(bar2_mib=64)
def a_large_bar_is_accepted_in_a_few_calls(s: Session) -> None:
    s.unbind_driver(s.dma)
    first, last = bar(s, s.dma, 2)
    pages = (last + 1 - first) // PAGE
    equal(pages, 16384, "pages of BAR 2")
    before = iomem(s)
    s.do("connect", bdf=s.dma)
    equal(s.emu.stats("dma0")["mmio_accepts"], 1 + pages // CHUNK, "calls: BAR 0, and BAR 2")
    equal(accepted_pages(s, "dma0"), 4 + pages, "pages that the TSM has as accepted")
    check((first, last) in spans(private(s)), "one entry for BAR 2")
    s.do("disconnect", bdf=s.dma)
    equal(iomem(s), before, "/proc/iomem")


@scenario(bar2_mib=64)
def a_range_that_fails_half_way_is_undone(s: Session) -> None:
    s.unbind_driver(s.dma)
    before = iomem(s)
    s.emu.cmd("lie relock-mid-accept")
    s.refuse("connect", "ESTALE|EREMOTEIO", "nonce", bdf=s.dma)
    equal(s.emu.lies_told("relock-mid-accept"), 1, "lies told")
    equal(s.emu.stats("dma0")["mmio_accepts"], 2, "calls before the one that was refused")
    s.emu.cmd("truth")
    equal(accepted_pages(s, "dma0"), 0, "pages afterwards")
    equal(iomem(s), before, "/proc/iomem")
    s.expect("CONFIG_UNLOCKED", "bounce", s.dma)
    s.do("connect", bdf=s.dma)
    equal(accepted_pages(s, "dma0"), 4 + 16384, "pages in honest times")
    s.do("disconnect", bdf=s.dma)


@scenario(bar2="mixed")
def untrusted_pages_inside_a_bar_stay_shared(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.do("connect")
    equal(spans(private(s)), sorted([bar(s, s.nvme, 0), *bar2_parts(s, s.nvme)]), "entries")
    equal(accepted_pages(s, "nvme0"), 6, "pages that the TSM has as accepted")
    equal(s.read("mmio").splitlines()[1], "BAR 2 private 2 shared 2 unreported 0", "mmio")
    # The stock driver requests the whole BAR, for which there is room.
    for _ in range(2):
        s.disk_works()
        equal(spans(private(s)), [bar(s, s.nvme, 0)], "entries of whole BARs, with a driver")
        equal(spans(private(s, PARTLY)), [bar(s, s.nvme, 2)], "entries in part, with a driver")
        s.unbind_driver(s.nvme)
    s.do("disconnect")
    equal(iomem(s), before, "/proc/iomem")


@scenario(bar2="holes", all_kernels=True)
def a_report_that_leaves_out_pages_is_refused_unless_it_may(s: Session) -> None:
    s.unbind_driver(s.nvme)
    before = iomem(s)
    s.refuse("connect", "EPERM", "cover of BAR 2")
    equal(iomem(s), before, "/proc/iomem after the refusal")
    s.sh(f"echo 1 > {HOLES}")
    s.do("connect")
    equal(spans(private(s)), sorted([bar(s, s.nvme, 0), *bar2_parts(s, s.nvme)]), "entries")
    equal(s.read("mmio").splitlines()[1], "BAR 2 private 2 shared 1 unreported 1", "mmio")
    equal(accepted_pages(s, "nvme0"), 6, "pages that the TSM has as accepted")
    s.disk_works()
    equal(s.emu.stats("nvme0")["mmio_refused"], 0, "register accesses that were refused")
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    equal(iomem(s), before, "/proc/iomem")
    s.sh(f"echo 0 > {HOLES}")


if __name__ == "__main__":
    main()
