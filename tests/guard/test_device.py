#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Several functions of one device, each a TDI, with one DSM between them: what a guest
sees of VFs that are assigned to it. Here nvme0 is the PF and dma0 its VF.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session, main, scenario  # noqa: E402
from tap import Failed, check, equal  # noqa: E402

ONE = ("--one-device",)


def both_accepted(s: Session, recovery: str = "recover") -> None:
    for bdf in (s.nvme, s.dma):
        s.unbind_driver(bdf)
        s.do("connect", bdf=bdf)
        s.do("recovery", recovery, bdf=bdf)
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def both_given_back(s: Session) -> None:
    for bdf in (s.nvme, s.dma):
        s.unbind_driver(bdf)
        s.do("disconnect", bdf=bdf)
        s.do("recovery", "stay-down", bdf=bdf)
        s.expect("CONFIG_UNLOCKED", "bounce", bdf=bdf)
    s.disk_works()


def both_come_back(s: Session) -> None:
    """Both in RUN, and so they stay: the recovery of one may have cost the other's."""
    deadline = time.monotonic() + 30
    quiet = 0
    while quiet < 4:
        if time.monotonic() > deadline:
            raise Failed("; ".join(s.read("result", bdf) for bdf in (s.nvme, s.dma)))
        quiet = quiet + 1 if all(s.state(bdf) == "RUN" for bdf in (s.nvme, s.dma)) else 0
        time.sleep(0.3)
    for bdf in (s.nvme, s.dma):
        equal(s.read("dma", bdf), "direct", f"{bdf}: dma")
        stats = s.recovery_stats(bdf)
        equal(stats["changed"] + stats["failed"], 0, f"{bdf}: failures")
    s.disk_works()


@scenario(devices=ONE)
def each_is_accepted_for_itself(s: Session) -> None:
    both_accepted(s)
    chains = s.sh(f"sha256sum {PCI}/{s.nvme}/tsm/certificates {PCI}/{s.dma}/tsm/certificates")
    equal(len({line.split()[0] for line in chains.splitlines()}), 1, "certificate chains")
    check(s.read("generation") != s.read("generation", s.dma), "generations: expected two")
    s.do("disconnect", bdf=s.dma)
    equal(s.state(), "RUN", "state of the other")
    # A measurement for one does not make what was accepted of the other stale.
    s.do("lock", bdf=s.dma)
    s.do("accept", "1", bdf=s.dma)
    s.unbind_driver(s.nvme)
    s.do("accept", "1")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")
    both_given_back(s)


@scenario(devices=ONE)
def the_end_of_the_session_takes_all_of_them_and_all_come_back(s: Session) -> None:
    both_accepted(s)
    losses = [s.recovery_stats(bdf)["losses"] for bdf in (s.nvme, s.dma)]
    s.emu.cmd("error nvme0 session-end")
    both_come_back(s)
    for bdf, before in zip((s.nvme, s.dma), losses):
        check(s.recovery_stats(bdf)["losses"] > before, f"{bdf}: expected a loss, found none")
    both_given_back(s)


@scenario(devices=ONE)
def a_reset_of_the_vf_is_its_own_affair(s: Session) -> None:
    both_accepted(s)
    losses = s.recovery_stats(s.nvme)["losses"]
    s.emu.cmd("flr dma0")
    both_come_back(s)
    equal(s.recovery_stats(s.nvme)["losses"], losses, "losses of the PF")
    both_given_back(s)


@scenario(devices=ONE)
def a_reset_of_the_pf_takes_its_vf_along(s: Session) -> None:
    both_accepted(s)
    losses = s.recovery_stats(s.dma)["losses"]
    s.emu.cmd("flr nvme0")
    both_come_back(s)
    check(s.recovery_stats(s.dma)["losses"] > losses, "losses of the VF: expected some, found none")
    both_given_back(s)


@scenario(devices=ONE)
def other_firmware_keeps_all_of_them_out(s: Session) -> None:
    both_accepted(s)
    before = s.recovery_stats(s.nvme)["changed"]
    recovered = [s.recovery_stats(bdf)["recovered"] for bdf in (s.nvme, s.dma)]
    s.emu.cmd("fault nvme0 other-firmware")
    s.emu.cmd("error nvme0 session-end")
    s.wait(f"grep -q 'changed {before + 1}' {PCI}/{s.nvme}/tsm/recovery_stats", timeout=20)
    # The VF is measured too, or the reset of its PF was quicker.
    s.wait(f"grep -q '^recover: [^o]' {PCI}/{s.dma}/tsm/result", timeout=20)
    for bdf, n in zip((s.nvme, s.dma), recovered):
        equal(s.read("dma", bdf), "blocked", f"{bdf}: dma")
        equal(s.recovery_stats(bdf)["recovered"], n, f"{bdf}: recoveries")
    s.emu.cmd("mend nvme0")
    for bdf in (s.nvme, s.dma):
        s.do("unlock", bdf=bdf)
        s.do("recovery", "stay-down", bdf=bdf)
    s.disk_works()


if __name__ == "__main__":
    main()
