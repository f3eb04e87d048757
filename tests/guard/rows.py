#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The register tracking table of TDISP (PCIe r6.x 11.2.6), every row of it, in every
state, on devices that read it as it is and on devices that are stricter.

ROWS is written from the table alone: a row is a register of it, how to change that, and
what the table says about a change. The emulator has tables of its own; where the two
disagree, one of them is wrong. The state is what the TSM says it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "emu/tests"), str(TESTS / "e2e")]
os.environ.setdefault("TDISP_EMU", str(TESTS.parent / "build/emu/tdisp-emu"))

import vfu  # noqa: E402
from guest import ERROR, LOCKED, RUN, UNLOCKED, Guest, Refused, Tdi  # noqa: E402
from harness import Emulator  # noqa: E402
from tap import Tap  # noqa: E402

STATES = {"CONFIG_UNLOCKED": UNLOCKED, "CONFIG_LOCKED": LOCKED, "RUN": RUN, "ERROR": ERROR}
NAMES = {state: name for name, state in STATES.items()}

# What a device takes for a violation beyond the table, and the emulator's option for it.
VARIANTS: dict[str, list[str]] = {
    "plain": [],
    "strict bme": ["--strict", "bme"],
    "strict command": ["--strict", "command"],
    "strict ats": ["--strict", "ats"],
}

LOCK_MSIX = 4
MSE, BME = 2, 4

# Capabilities, by id (PCIe r6.x chapter 7)
PM, MSI, VPD, PCIE, MSIX, EA = 0x01, 0x05, 0x03, 0x10, 0x11, 0x14
(AER, VC, MFVC, VSEC, ACS, ARI, ATS, SRIOV, MCAST, PRI, REBAR, DPA, TPH, LTR, PMUX, PASID, L1PM,
 PTM, DVSEC, VF_REBAR, HIERARCHY, NPEM, ALTERNATE, DOE, DEV3, IDE) = (
    0x01, 0x02, 0x08, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x1a, 0x1b,
    0x1e, 0x1f, 0x23, 0x24, 0x28, 0x29, 0x2b, 0x2e, 0x2f, 0x30)


@dataclass(frozen=True)
class At:
    """A register: in the header, or at an offset in a capability."""
    offset: int
    width: int
    cap: int = 0
    ecap: int = 0

    def where(self, dev: Any) -> int:
        if not self.cap and not self.ecap:
            return self.offset
        base = dev.find_cap(self.cap) if self.cap else dev.find_ecap(self.ecap)
        if not base:
            raise AssertionError("the function has no such capability")
        return int(base) + self.offset

    def read(self, dev: Any) -> int:
        return int.from_bytes(dev.cfg_read(self.where(dev), self.width), "little")

    def write(self, dev: Any, value: int) -> None:
        dev.region_write(vfu.REGION_CONFIG, self.where(dev),
                         value.to_bytes(self.width, "little"))


@dataclass(frozen=True)
class Row:
    """What of the table, how to change it, and what for: the reason of the ERROR that it is,
    or None for "allowed". strict: the same for a device that is that strict."""
    name: str
    reason: str | None
    at: At | None = None
    flip: int = 0                                   # bits that the write inverts, or ..
    put: int | None = None                          # .. what it writes
    kept: bool = True                               # the register reads as written
    event: Callable[[Tdi, Emulator], None] | None = None    # instead of a write
    strict: tuple[tuple[str, str], ...] = ()
    command: int = MSE | BME                        # in Command before the LOCK
    lock: int = 0                                   # flags of the LOCK
    after: Callable[[Tdi, Emulator], None] | None = None    # puts things right
    tdi: str = "dma0"                               # whose state it is about

    def expected(self, variant: str, state: int) -> str | None:
        """The reason for which the TDI is to move to ERROR, None if it is to stay."""
        if state in (UNLOCKED, ERROR):
            return None
        return self.reason or dict(self.strict).get(variant)

    def same_is_nothing(self, variant: str) -> bool:
        """Is a write of what is there no change, for this device?"""
        return not (variant == "strict command" and self.touches_command())

    def touches_command(self) -> bool:
        return self.at is not None and not self.at.cap and not self.at.ecap \
            and self.at.offset in (4, 5)

    def value(self, now: int) -> int:
        return self.put if self.put is not None else now ^ self.flip


def header(offset: int, width: int = 4) -> At:
    return At(offset, width)


def cap(which: int, offset: int, width: int = 2) -> At:
    return At(offset, width, cap=which)


def ecap(which: int, offset: int, width: int = 4) -> At:
    return At(offset, width, ecap=which)


def control(line: str) -> Callable[[Tdi, Emulator], None]:
    return lambda tdi, emu: emu.control(line.format(tdi=tdi.name)) and None


def back(tdi: Tdi, emu: Emulator) -> None:
    emu.control(f"back {tdi.name}")


COMMAND = header(4, 2)
DEVCTL, DEVCTL2 = cap(PCIE, 0x08), cap(PCIE, 0x28)
ANY_COMMAND = (("strict command", "command-write"),)
SET_BME = (("strict bme", "bme-set"), ("strict command", "command-write"))
STREAM = 0x0c                                       # the first selective stream's registers

ROWS = [
    # Command: clear MSE or BME: ERROR. Other bits: allowed.
    Row("Command: clear MSE", "mse-cleared", COMMAND, flip=MSE),
    Row("Command: clear BME", "bme-cleared", COMMAND, flip=BME),
    Row("Command: set MSE", None, COMMAND, flip=MSE, command=BME, strict=ANY_COMMAND),
    Row("Command: set BME", None, COMMAND, flip=BME, command=MSE, strict=SET_BME),
    Row("Command: parity error response", None, COMMAND, flip=0x0040, strict=ANY_COMMAND),
    Row("Command: SERR# enable", None, COMMAND, flip=0x0100, strict=ANY_COMMAND),
    Row("Command: interrupt disable", None, COMMAND, flip=0x0400, strict=ANY_COMMAND),
    Row("Command: its upper byte alone", None, header(5, 1), flip=0x04, strict=ANY_COMMAND),
    Row("Status", None, header(6, 2), put=0xffff, kept=False),
    Row("cache line size", None, header(0x0c, 1), flip=0x10),
    Row("latency timer", None, header(0x0d, 1), flip=0x40, kept=False),
    Row("interrupt line", None, header(0x3c, 1), flip=0x0b),
    # BARs, expansion ROM base, BIST: ERROR
    Row("BAR 0, low half", "bar-write", header(0x10), flip=0x01000000),
    Row("BAR 0, high half", "bar-write", header(0x14), flip=0x00000001),
    Row("BAR 0, sized", "bar-write", header(0x10), put=0xffffffff, kept=False),
    Row("BAR 2, low half", "bar-write", header(0x18), flip=0x01000000),
    Row("BAR 2, high half", "bar-write", header(0x1c), flip=0x80000000),
    Row("BAR 4", "bar-write", header(0x20), flip=0x01000000),
    Row("BAR 5, which is not there", None, header(0x24), put=0xffffffff, kept=False),
    Row("expansion ROM base", "rom-write", header(0x30), flip=0xfd000000),
    Row("expansion ROM enable", "rom-write", header(0x30), flip=0x00000001),
    Row("BIST started", "bist", header(0x0f, 1), flip=0x40, kept=False),
    # Enhanced Allocation, Resizable BAR, VF Resizable BAR: ERROR
    Row("Enhanced Allocation: enable", "enhanced-allocation", cap(EA, 4, 4), flip=0x80000000),
    Row("Resizable BAR: size", "rebar", ecap(REBAR, 8), flip=0x00000100),
    Row("VF Resizable BAR: size", "vf-rebar", ecap(VF_REBAR, 8), flip=0x00000100),
    # PM: a transition that loses function state (No_Soft_Reset is 0): ERROR
    Row("PM: D3hot", "power-state", cap(PM, 4), flip=0x0003),
    Row("PM: D1, which is not there", None, cap(PM, 4), flip=0x0001, kept=False),
    Row("PM: PME enable", None, cap(PM, 4), flip=0x0100),
    # Device Control
    Row("Device Control: extended tag", "extended-tag", DEVCTL, flip=0x0100),
    Row("Device Control: phantom functions", "phantom-functions", DEVCTL, flip=0x0200),
    Row("Device Control: no snoop", "no-snoop", DEVCTL, flip=0x0800),
    Row("Device Control: initiate FLR", "flr", DEVCTL, flip=0x8000, kept=False),
    Row("Device Control: MPS", None, DEVCTL, flip=0x0020),
    Row("Device Control: MRRS", None, DEVCTL, flip=0x1000),
    Row("Device Control: relaxed ordering", None, DEVCTL, flip=0x0010),
    Row("Device Control: error reporting", None, DEVCTL, flip=0x000f),
    # Device Control 2 and 3: 10-bit and 14-bit tag requester enable
    Row("Device Control 2: 10-bit tag requester", "10-bit-tag", DEVCTL2, flip=0x1000),
    Row("Device Control 2: completion timeout", None, DEVCTL2, flip=0x0005),
    Row("Device Control 2: IDO, LTR", None, DEVCTL2, flip=0x0700),
    Row("Device Control 3: 14-bit tag requester", "14-bit-tag", ecap(DEV3, 8), flip=0x0004),
    Row("Device Control 3: DMWr requester", None, ecap(DEV3, 8), flip=0x0001),
    # Device Status 1, 2, 3, Link Control and Status: allowed
    Row("Device Status", None, cap(PCIE, 0x0a), put=0xffff, kept=False),
    Row("Device Status 2", None, cap(PCIE, 0x2a), put=0xffff, kept=False),
    Row("Device Status 3", None, ecap(DEV3, 0x0c), put=0xffffffff, kept=False),
    Row("Link Control: common clock", None, cap(PCIE, 0x10), flip=0x0040),
    Row("Link Status", None, cap(PCIE, 0x12), put=0xffff, kept=False),
    # MSI: allowed
    Row("MSI: enable", None, cap(MSI, 2), flip=0x0001),
    Row("MSI: multiple message enable", None, cap(MSI, 2), flip=0x0030),
    Row("MSI: address", None, cap(MSI, 4, 4), put=0xfee00000),
    Row("MSI: upper address", None, cap(MSI, 8, 4), flip=0x00000001),
    Row("MSI: data", None, cap(MSI, 0x0c), flip=0x4021),
    # MSI-X: ERROR if the table is locked and reported, else allowed
    Row("MSI-X: enable, not locked", None, cap(MSIX, 2), flip=0x8000),
    Row("MSI-X: function mask, not locked", None, cap(MSIX, 2), flip=0x4000),
    Row("MSI-X: enable, LOCK_MSIX", "msix", cap(MSIX, 2), flip=0x8000, lock=LOCK_MSIX),
    Row("MSI-X: function mask, LOCK_MSIX", "msix", cap(MSIX, 2), flip=0x4000, lock=LOCK_MSIX),
    # ARI, PASID, PRI, Multicast, SR-IOV: ERROR
    Row("ARI: function group", "ari", ecap(ARI, 6, 2), flip=0x0010),
    Row("PASID: enable", "pasid", ecap(PASID, 6, 2), flip=0x0001),
    Row("PASID: execute", "pasid", ecap(PASID, 6, 2), flip=0x0002),
    Row("PRI: enable", "pri", ecap(PRI, 4, 2), flip=0x0001),
    Row("PRI: outstanding requests", "pri", ecap(PRI, 0x0c), flip=0x00000008),
    Row("Multicast: enable", "multicast", ecap(MCAST, 6, 2), flip=0x8000),
    Row("Multicast: base address", "multicast", ecap(MCAST, 0x0c), flip=0x00000001),
    Row("SR-IOV: VF enable", "sr-iov", ecap(SRIOV, 8, 2), flip=0x0001),
    Row("SR-IOV: number of VFs", "sr-iov", ecap(SRIOV, 0x10, 2), flip=0x0002),
    Row("SR-IOV: VF BAR 0", "sr-iov", ecap(SRIOV, 0x24), flip=0x01000000),
    # ATS: allowed; sources disagree
    Row("ATS: enable", None, ecap(ATS, 6, 2), flip=0x8000, strict=(("strict ats", "ats"),)),
    Row("ATS: smallest translation unit", None, ecap(ATS, 6, 2), flip=0x0001,
        strict=(("strict ats", "ats"),)),
    # ACS .. PMUX: allowed
    Row("ACS", None, ecap(ACS, 6, 2), flip=0x0001),
    Row("LTR: maximum snoop latency", None, ecap(LTR, 4, 2), flip=0x0403),
    Row("L1 PM Substates: control 1", None, ecap(L1PM, 8), flip=0x00000005),
    Row("L1 PM Substates: control 2", None, ecap(L1PM, 0x0c), flip=0x00000008),
    Row("AER: uncorrectable mask", None, ecap(AER, 8), flip=0x00004000),
    Row("AER: uncorrectable severity", None, ecap(AER, 0x0c), flip=0x00001000),
    Row("AER: correctable mask", None, ecap(AER, 0x14), flip=0x00000040),
    Row("AER: ECRC", None, ecap(AER, 0x18), flip=0x00000140),
    Row("VC: TC/VC map", None, ecap(VC, 0x14), flip=0x00000080),
    Row("MFVC: TC/VC map", None, ecap(MFVC, 0x14), flip=0x00000080),
    Row("DPA: substate", None, ecap(DPA, 0x0e, 2), flip=0x0001),
    Row("PTM: enable", None, ecap(PTM, 8), flip=0x00000001),
    Row("Hierarchy ID: data", None, ecap(HIERARCHY, 8), flip=0x00000011),
    Row("NPEM: enable", None, ecap(NPEM, 8), flip=0x00000001),
    Row("alternate protocol: selective enable", None, ecap(ALTERNATE, 8), flip=0x00000100),
    Row("VPD: address", None, cap(VPD, 2), put=0x8010, kept=False),
    Row("VPD: data", None, cap(VPD, 4, 4), flip=0x12345678),
    Row("DOE: control", None, ecap(DOE, 8), put=0x00000001, kept=False),
    Row("DOE: an exchange", None, event=lambda tdi, emu: tdi.dev.doe(1, 0, b"\0") and None),
    Row("PMUX: channel", None, ecap(PMUX, 8), flip=0x00000001),
    # IDE: control of a bound stream, RID or address association: ERROR
    Row("IDE: stream disabled", "ide-stream", ecap(IDE, STREAM + 4), flip=0x00000001),
    Row("IDE: stream id", "ide-stream", ecap(IDE, STREAM + 4), flip=0x02000000),
    Row("IDE: default stream", "ide-stream", ecap(IDE, STREAM + 4), flip=0x00400000),
    Row("IDE: RID association, limit", "ide-rid", ecap(IDE, STREAM + 0x0c), flip=0x00000100),
    Row("IDE: RID association, valid", "ide-rid", ecap(IDE, STREAM + 0x10), flip=0x00000001),
    Row("IDE: address association", "ide-address", ecap(IDE, STREAM + 0x14), flip=0x00000001),
    Row("IDE: address association, limit", "ide-address", ecap(IDE, STREAM + 0x18),
        flip=0x00000001),
    Row("IDE: address association, base", "ide-address", ecap(IDE, STREAM + 0x1c),
        flip=0x00000001),
    Row("IDE: stream status", None, ecap(IDE, STREAM + 8), put=0xffffffff, kept=False),
    # TPH, VSEC, DVSEC: the vendor's analysis (Documentation/tdisp-emu.rst, --registers)
    Row("TPH: requester enable", "tph", ecap(TPH, 8), flip=0x00000100),
    Row("TPH: steering tag mode", "tph", ecap(TPH, 8), flip=0x00000001),
    Row("VSEC: handle", None, ecap(VSEC, 8), put=0xffffffff, kept=False),
    Row("DVSEC: what counts", "dvsec", ecap(DVSEC, 0x0c), flip=0x00000001),
    Row("DVSEC: what does not", None, ecap(DVSEC, 0x0c), flip=0x00000100),
    # Other events: ERROR
    Row("FLR by the host", "flr", event=control("flr {tdi}")),
    Row("conventional reset", "reset", event=lambda tdi, emu: tdi.dev.reset()),
    Row("requester id changed", "requester-id", event=control("error {tdi} requester-id")),
    Row("IDE stream insecure", "ide-insecure", event=control("error {tdi} ide-insecure")),
    Row("poisoned TLP in TEE data", "poisoned-tlp", event=control("error {tdi} poisoned-tlp")),
    Row("translation completion without T", "t-bit", event=control("error {tdi} t-bit")),
    Row("end of the SPDM session", "session-end", event=control("error {tdi} session-end")),
    Row("the function is gone", "gone", event=control("gone {tdi}"), after=back),
]


# The same of functions of one device: dma0 is the PF, dma1 and dma2 are its VFs.
DEVICE_ROWS = [
    Row("PF: its FLR, to a VF", "pf-reset", event=control("flr dma0"), tdi="dma1"),
    Row("PF: its FLR, to another VF", "pf-reset", event=control("flr dma0"), tdi="dma2"),
    Row("PF: initiate FLR, to itself", "flr", DEVCTL, flip=0x8000, kept=False),
    Row("PF: conventional reset, to a VF", "pf-reset", tdi="dma1",
        event=lambda tdi, emu: tdi.guest.tdi("dma0").dev.reset()),
    Row("VF: its FLR, to itself", "flr", DEVCTL, flip=0x8000, kept=False, tdi="dma1"),
    Row("VF: its FLR, to the PF", None, event=control("flr dma1")),
    Row("VF: its FLR, to another VF", None, event=control("flr dma1"), tdi="dma2"),
    Row("VF: BAR 2, to the PF", None, tdi="dma0",
        event=lambda tdi, emu: tdi.guest.tdi("dma1").dev.cfg_write32(0x18, 0xfd000000)),
    Row("VF: poisoned TLP, to the PF", None, event=control("error dma1 poisoned-tlp")),
    Row("session's end by the PF, to a VF", "session-end", tdi="dma1",
        event=control("error dma0 session-end")),
    Row("session's end by a VF, to the PF", "session-end",
        event=control("error dma1 session-end")),
    Row("session's end by a VF, to another VF", "session-end", tdi="dma2",
        event=control("error dma1 session-end")),
]


class Wrong(Exception):
    """What the emulator did is not what the row says."""


class Bench:
    """Devices of a variant, with TDIs that are put into any state."""

    def __init__(self, variant: str, *options: str):
        self.variant = variant
        self.emu = Emulator("--registers", "all", "--nvme", "0", *options, *VARIANTS[variant])
        self.guest = Guest(self.emu)
        self.guest.enter()
        self.tdi: Tdi

    def close(self) -> None:
        self.guest.close()
        self.emu.stop()

    def put_into(self, state: int, row: Row) -> None:
        tdi = self.tdi = self.guest.tdi(row.tdi)
        tdi.stop()
        tdi.dev.reset()
        tdi.dev.enable(base=tdi.base)
        tdi.dev.set_command(row.command)
        if state != UNLOCKED:
            tdi.lock(flags=row.lock)
        if state == RUN:
            tdi.measure()
            tdi.start_allow()
            tdi.start()
        elif state == ERROR:
            # By nothing that a row does, so that a row's reason is the row's.
            self.emu.control(f"error {tdi.name} t-bit")
        if tdi.info().state != state:
            raise Wrong(f"does not get to {NAMES[state]}")
        self.emu.control("stats reset")

    def judge(self, what: str, state: int, reason: str | None) -> None:
        """State and counters are those of a TDI that was in state, and for reason left it."""
        now = self.tdi.info().state
        should = ERROR if reason else state
        reasons = self.tdi.stats()["error_reasons"]
        if now != should:
            raise Wrong(f"{what}: {NAMES[now]}, expected {NAMES[should]}; counted {reasons}")
        if reasons != ({reason: 1} if reason else {}):
            raise Wrong(f"{what}: counted {reasons}, expected {reason}")

    def try_row(self, row: Row, state: int) -> None:
        self.put_into(state, row)
        dev = self.tdi.dev
        if row.event:
            row.event(self.tdi, self.emu)
            self.judge("after the event", state, row.expected(self.variant, state))
        else:
            assert row.at
            now = row.at.read(dev)
            if row.same_is_nothing(self.variant):
                row.at.write(dev, now)
                self.judge("what was there, written", state, None)
                now = row.at.read(dev)
            new = row.value(now)
            row.at.write(dev, new)
            if row.kept and row.at.read(dev) != new:
                raise Wrong(f"wrote {new:#x}, reads {row.at.read(dev):#x}: nothing was tried")
            self.judge(f"{now:#x} to {new:#x}", state, row.expected(self.variant, state))
        if row.after:
            row.after(self.tdi, self.emu)


def tries(row: Row, benches: list[Bench]) -> Iterator[tuple[str, bool]]:
    """Each variant and state of a row: what was wrong with it, and whether it was right."""
    for bench in benches:
        for name, state in STATES.items():
            try:
                bench.try_row(row, state)
                yield "", True
            except (Wrong, Refused, AssertionError, vfu.VfuError) as e:
                yield f"{name}, {bench.variant}: {e}", False
                if row.after:
                    row.after(bench.tdi, bench.emu)


def flipped(row: Row) -> Row:
    """The same row with the opposite said about it."""
    changed = dict(row.__dict__, reason=None if row.reason else "never", strict=())
    return Row(**changed)


def main() -> None:
    tap = Tap()
    total = good = 0
    benches = [Bench(variant, "--dma", "1") for variant in VARIANTS]
    devices = [Bench(variant, "--one-device", "--dma", "3") for variant in VARIANTS]
    try:
        for row, where in [(r, benches) for r in ROWS] + [(r, devices) for r in DEVICE_ROWS]:
            wrong = []
            for said, ok in tries(row, where):
                total += 1
                good += ok
                wrong += [said] * (not ok)
            effect = f"ERROR ({row.reason})" if row.reason else "allowed"
            tap.result(not wrong, f"{row.name}: {effect}", "\n".join(wrong))

        names = [row.name for row in ROWS + DEVICE_ROWS]
        tap.result(len(set(names)) == len(names), "no two rows have one name")

        # A test that cannot fail says nothing. Of a row that is turned round, the two states
        # in which something happens have to come out wrong, in each variant, and no other.
        for row in (r for r in ROWS if r.name in ("BAR 4", "MSI: data")):
            results = list(tries(flipped(row), benches))
            bad = [said for said, ok in results if not ok]
            expected = [f"{state}, {bench.variant}" for bench in benches
                        for state in ("CONFIG_LOCKED", "RUN")]
            tap.result(sorted(b.split(":")[0] for b in bad) == sorted(expected),
                       f"the opposite of {row.name} is found out", "\n".join(bad))
    finally:
        for bench in benches + devices:
            bench.close()
    tap.figure("rows_total", total)
    tap.figure("rows_ok", good)
    tap.done()


if __name__ == "__main__":
    main()
