#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A disk in a realm: the whole way, as one host and RMM or another have it.

On arm64's stock kernel, and without one on the first installed. What a host does to the
guest is attacks_cca.py's; here all of them are honest, and the guest has to cope.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import Session, _scenarios, check, equal, run_scenarios, scenario  # noqa: E402
from tap import Tap, figure  # noqa: E402
from vm import arm64_kernel, chosen_kernel, installed_kernels  # noqa: E402

CCA = {"platform": "cca"}
PARAMETERS = "/sys/module/tdi_cca/parameters"


def there_and_back(s: Session) -> None:
    """Connect, the disk in private memory, disconnect, the disk by bouncing."""
    s.unbind_driver(s.nvme)
    s.emu.cmd("stats reset")
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
    stats = s.emu.stats("nvme0")
    equal(stats["refused_reasons"].get("cca-unlock-before-dma-disable", 0), 0,
          "unlocks before DMA was disabled")
    s.emu.cmd("stats reset")
    s.disk_works()
    equal(s.emu.stats("nvme0")["dma_read_bytes_private"], 0, "private DMA")


def as_others_do(s: Session, *ways: str) -> None:
    for way in ways:
        s.emu.cmd(f"lie {way}")
    there_and_back(s)
    for way in ways:
        check(s.emu.lies_told(way) > 0, f"it was {way}")


@scenario(all_kernels=True, **CCA)
def a_disk_goes_private_in_a_realm_and_comes_back(s: Session) -> None:
    equal(s.sh(f"cat /sys/class/tsm/{s.tsm}/platform"), "emulated:cca", "platform")
    there_and_back(s)


@scenario(**CCA)
def it_does_so_ten_times_over_and_leaks_nothing(s: Session) -> None:
    s.unbind_driver(s.nvme)
    shared = s.emu.cmd("stats")["tsm"]["pages_shared"]
    for _ in range(10):
        s.do("connect")
        s.do("disconnect")
    equal(s.emu.cmd("stats")["tsm"]["pages_shared"], shared, "shared pages")


@scenario(**CCA)
def digests_may_be_sha_256(s: Session) -> None:
    as_others_do(s, "rmm-sha256")


@scenario(**CCA)
def digests_may_be_sha_512(s: Session) -> None:
    as_others_do(s, "rmm-sha512")


@scenario(**CCA)
def the_vca_may_be_object_4(s: Session) -> None:
    as_others_do(s, "linux-ids")


@scenario(**CCA)
def the_vca_is_where_a_parameter_says(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.sh(f"echo 4 > {PARAMETERS}/vca_object")
    try:
        s.refuse("connect", "EREMOTEIO", "no such object")
        s.emu.cmd("lie linux-ids")
        there_and_back(s)
    finally:
        s.sh(f"echo -1 > {PARAMETERS}/vca_object")


@scenario(**CCA)
def reads_may_be_as_drafts_had_them(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("lie old-read")
    s.refuse("connect", "EREMOTEIO|EKEYREJECTED", "")
    s.sh(f"echo 1 > {PARAMETERS}/old_object_read")
    try:
        there_and_back(s)
    finally:
        s.sh(f"echo 0 > {PARAMETERS}/old_object_read")


@scenario(**CCA)
def a_host_may_do_at_once_what_others_do_in_parts(s: Session) -> None:
    as_others_do(s, "at-once")


@scenario(**CCA)
def mappings_may_come_page_by_page(s: Session) -> None:
    as_others_do(s, "slow-mapping")


@scenario(**CCA)
def a_host_may_read_out_a_byte_at_a_time(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("lie short-reads")
    s.do("connect", timeout=600)
    s.emu.cmd("truth")
    s.expect("RUN", "direct")


@scenario(**CCA)
def two_devices_are_connected_side_by_side(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.unbind_driver(s.dma)
    s.do("connect")
    s.do("connect", bdf=s.dma)
    s.expect("RUN", "direct", s.dma)
    s.do("disconnect", bdf=s.dma)
    s.expect("RUN", "direct")
    s.disk_works()


@scenario(**CCA)
def mmio_that_the_host_keeps_goes_with_the_lock(s: Session) -> None:
    """It has no word in that: DMA ended, and the RMM says UNLOCKED."""
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("lie reject-release")
    s.do("disconnect")
    check(s.emu.lies_told("reject-release") > 0, "the host told reject-release")
    s.expect("CONFIG_UNLOCKED", "bounce")


@scenario(**CCA)
def the_modules_can_be_unloaded_and_loaded_again(s: Session) -> None:
    s.sh("modprobe -r tdi-cca && ! grep -q '^tdi' /proc/modules")
    s.wait("test -b /dev/nvme0n1")
    s.load()
    there_and_back(s)


def main() -> None:
    kernel = chosen_kernel(sys.argv[sys.argv.index("--kernel") + 1]
                           if "--kernel" in sys.argv[:-1] else "")
    words = [a for a in sys.argv[1:] if not a.startswith("--") and a != kernel]
    first = kernel == installed_kernels()[0]
    boots = arm64_kernel() if first and arm64_kernel() else kernel
    tap = Tap()
    run_scenarios(tap, "cca", boots,
                  [s for s in _scenarios if (s.all_kernels or first or boots != kernel) and (
                      not words or any(w in s.claim for w in words))])
    figure("arm64", int(boots.endswith("-arm64") and not tap.failed), add=True)
    tap.done()


if __name__ == "__main__":
    main()
