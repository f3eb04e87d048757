# SPDX-License-Identifier: GPL-2.0
"""Attacks on the emulated platform's backend, which knows every answer of its TSM."""

from __future__ import annotations

from attack import (BEFORE_ACCEPT, Attack, Session, check, equal,
                    relocked_in_run, silence, stop_said_but_not_done)


def run_said_but_not_locked(s: Session) -> None:
    s.emu.cmd("lie skip-lock")
    s.emu.cmd("lie state-run")
    s.refuse("connect", "EREMOTEIO", "state")
    check(s.emu.lies_told("state-run"), "the host told state-run")


def private_page_while_unlocked(s: Session) -> None:
    """The device tries by itself what nobody allowed it."""
    code = "0x" + s.sh("grep 'Kernel code' /proc/iomem").split("-")[0].strip().lstrip("0")
    equal(s.emu.cmd(f"page {code}")["owner"], "private", "owner of the kernel's code")
    for how in ("read", "write"):
        equal(s.emu.cmd(f"probe nvme0 {how} {code} 64")["result"], "refused", how)


ATTACKS = (
    Attack("tamper-certs", "EKEYREJECTED", "certificate"),
    Attack("tamper-vca", "EKEYREJECTED", "vca"),
    Attack("tamper-measurements", "EKEYREJECTED", "measurement"),
    Attack("tamper-report", "EKEYREJECTED", "report"),
    Attack("swap-bars", "EKEYREJECTED", "report", all_kernels=True),
    Attack("truncate-report", "EKEYREJECTED|EBADMSG", "report"),
    Attack("huge-object", "EBADMSG", "size"),
    Attack("grow-object", "EKEYREJECTED|EBADMSG|EIO", ""),
    Attack("replay-measurements", "EKEYREJECTED", "measurement"),
    Attack("no-measure", "EREMOTEIO", "no such object"),
    Attack("other-nonce", "ESTALE", "nonce"),
    Attack("remap-bars", "EPERM", "BAR 0"),
    Attack("other-flags", "EPERM", "lock flags"),
    Attack("swap-functions", "EREMOTEIO", "state"),
    Attack("relock-on-accept", "ESTALE|EREMOTEIO", "nonce", all_kernels=True),
    Attack("remeasure-on-accept", "ESTALE|EREMOTEIO", "nonce"),
    Attack("skip-lock", "EREMOTEIO", "state"),
    Attack("skip-start", "EREMOTEIO", "state"),
    Attack("deny", "EREMOTEIO", "denied"),
    Attack("wrong-seq", "EIO|ETIMEDOUT", ""),
    Attack("long-reply", "EIO", ""),
    *BEFORE_ACCEPT,
    Attack("says RUN, locks nothing", "", "", lie="skip-lock", attack=run_said_but_not_locked),
    Attack("says stopped, stops nothing", "", "", lie="skip-stop", attack=stop_said_but_not_done(),
           in_run=True),
    Attack("locks anew in RUN", "", "", attack=relocked_in_run, in_run=True),
    Attack("reaches for a private page", "", "", attack=private_page_while_unlocked),
    Attack("never answers", "", "", attack=silence),
)
