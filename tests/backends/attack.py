# SPDX-License-Identifier: GPL-2.0
"""Attacks on one platform's backend: a table of them, and what is seen of each.

attacks_NAME.py has the table of a backend:

    ATTACKS = (
        Attack("tamper-report", "EKEYREJECTED", "report"),
        Attack("replayed-answer", "EIO", "sequence number", lie="sev-replay"),
        Attack("relock-before-accept", "ESTALE|EREMOTEIO", "", attack=relock_before_accept),
    )
    OPTIONS = {}            # of Vm, beyond the platform; may be left out
    def kernel(stock): ..   # what boots where the stock kernel is asked for, "" for
                            # nothing; may be left out: that one

Each is made against a disk that an honest lock measured once. Then, whatever it was:
the host told the lie; the guest said which errno and why; the device is CONFIG_UNLOCKED
and nothing of it accepted; it reached no byte of private memory meanwhile; and an honest
connect succeeds, after which a file that was there from the start reads back equal
through private memory.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Session  # noqa: E402
from tap import check, equal  # noqa: E402

PRIVATE_MODES = ("direct", "iommu", "split")


@dataclass(frozen=True)
class Attack:
    name: str                           # a word or two of what the host does
    errno: str                          # what the verb gives: any of A|B
    reason: str                         # part of tsm/result
    lie: str = ""                       # of the host's; default: its name
    commands: tuple[str, ...] = ()      # for the control socket, instead of a lie
    verb: str = "connect"
    # All of it, up to the refusal, for what is no lie before a verb.
    attack: Callable[[Session], None] | None = None
    # It ends an honest RUN: what the device read by then was its to read.
    in_run: bool = False
    all_kernels: bool = False           # else on the first one only

    def lies(self) -> tuple[str, ...]:
        """The lies that have to be told."""
        if self.attack or self.commands:
            return (self.lie,) if self.lie else ()
        return (self.lie or self.name,)


def private_bytes(s: Session) -> int:
    stats = s.emu.stats("nvme0")
    return int(stats["dma_read_bytes_private"] + stats["dma_write_bytes_private"])


def device(s: Session) -> dict[str, Any]:
    """The disk as the emulator has it."""
    return next(f for f in s.emu.cmd("functions")["functions"] if f["name"] == "nvme0")


def refused(s: Session, a: Attack) -> None:
    """The attack, and what a user sees of it."""
    s.unbind_driver(s.nvme)
    # Something to replay, and to take for the present.
    s.do("lock")
    s.do("unlock")
    s.emu.cmd("stats reset")
    told = {lie: s.emu.lies_told(lie) for lie in a.lies()}
    if a.attack:
        a.attack(s)
    else:
        for command in a.commands or (f"lie {a.lie or a.name}",):
            s.emu.cmd(command)
        s.refuse(a.verb, a.errno, a.reason)
    for lie, before in told.items():
        check(s.emu.lies_told(lie) > before, f"the host told {lie}")


def unharmed(s: Session, a: Attack) -> None:
    """Device and data, once the host is honest again."""
    for command in ("truth", "mend nvme0", "delay 0", "silent off"):
        s.emu.cmd(command)
    if s.state() != "CONFIG_UNLOCKED" or s.read("dma") != "bounce":
        # The undoing was an attack's as well: the way out is an unlock in honest times.
        s.do("unlock")
    s.expect("CONFIG_UNLOCKED")
    if not a.in_run:
        equal(private_bytes(s), 0, "bytes of private memory that the device reached")
    seen = device(s)
    equal((seen["state"], seen["mmio_accepted"]), ("CONFIG_UNLOCKED", 0),
          "the device's own state, and pages accepted of it")
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN")
    check(s.read("dma") in PRIVATE_MODES, "an honest connect leads to private memory")
    s.emu.cmd("stats reset")
    s.disk_works()
    check(private_bytes(s) > 0, "the file was read through private memory")
    s.unbind_driver(s.nvme)
    s.do("disconnect")


# --- attacks that are not one lie before a verb, and not one backend's ---------

def before_accept(command: str, errno: str, reason: str) -> Callable[[Session], None]:
    """What was verified is not what would be accepted."""
    def attack(s: Session) -> None:
        s.do("lock")
        s.emu.cmd(command)
        s.refuse("accept", errno, reason)
    return attack


# Where the platform has a word for each of these, and may notice by any.
BEFORE_ACCEPT = (
    Attack("relock before accept", "", "",
           attack=before_accept("relock nvme0", "ESTALE|EREMOTEIO|EKEYREJECTED|EPERM", "")),
    Attack("unlock before accept", "", "",
           attack=before_accept("unlock nvme0", "ESTALE|EREMOTEIO|EPERM", "state")),
    Attack("error before accept", "", "",
           attack=before_accept("error nvme0 ide-insecure", "ESTALE|EREMOTEIO|EPERM", "state")),
)


def stop_said_but_not_done(lie: str = "skip-stop") -> Callable[[Session], None]:
    """Nothing is mapped for it until it has stopped."""
    def attack(s: Session) -> None:
        s.do("connect")
        s.emu.cmd(f"lie {lie}")
        s.refuse("disconnect", "EREMOTEIO", "state")
        equal(s.read("dma"), "blocked", "dma")
    return attack


def lost(s: Session) -> None:
    """A device in RUN is none any more, and it is seen."""
    tsm = f"/sys/bus/pci/devices/{s.nvme}/tsm"
    s.wait(f"! grep -q RUN {tsm}/state")
    s.wait(f"grep -q blocked {tsm}/dma")


def relocked_in_run(s: Session) -> None:
    """The host locks it anew under the guest's hands."""
    s.do("connect")
    s.emu.cmd("relock nvme0")
    lost(s)


def silence(s: Session) -> None:
    s.emu.cmd("silent on")
    s.refuse("connect", "ETIMEDOUT", "")


# --- the tables ----------------------------------------------------------------

def table(backend: str) -> Any:
    """The module with a backend's attacks, None if there is none."""
    name = f"attacks_{backend.replace('-', '_')}"
    if not (HERE / f"{name}.py").exists():
        return None
    sys.path.insert(0, str(HERE))
    return importlib.import_module(name)


def kernel_of(attacks: Any, stock: str) -> str:
    """The kernel that a backend's VM boots; "" if it has none for that one."""
    return str(attacks.kernel(stock)) if hasattr(attacks, "kernel") else stock
