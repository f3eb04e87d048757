#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What drivers, the PCI core and people do to a device, while it is locked.

On devices that object to Bus Master Enable going from 0 to 1, and on devices that
object to any write of Command. With the guard nothing of it leads to ERROR; without
it the same things do, or this test could not fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session, main, scenario  # noqa: E402
from tap import Failed, check, equal, figure  # noqa: E402

BME = ("--strict", "bme")
COMMAND = ("--strict", "command")


def sysfs(s: Session) -> str:
    return f"{PCI}/{s.nvme}"


def config(s: Session, write: str) -> Callable[[], None]:
    """setpci -s NVME WRITE"""
    return lambda: ignore(s, f"setpci -s {s.nvme} {write}")


def ignore(s: Session, script: str) -> None:
    """What it answers is its own business: the device has to survive it."""
    s.guest.run(script)


def rebind(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def failed_probe(s: Session) -> None:
    """Another driver, that enables the device, looks, and gives up."""
    s.sh("modprobe tdi-example fail_probe=1")
    s.unbind_driver(s.nvme)
    s.sh(f"echo tdi-example > {sysfs(s)}/driver_override")
    s.bind_driver(s.nvme)
    equal(s.driver(s.nvme), "", "driver after a failed probe")
    s.sh(f"echo > {sysfs(s)}/driver_override; rmmod tdi_example")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def example_driver(s: Session) -> None:
    """And one that knows of pci_tdi_enable(), and likes what it finds."""
    s.sh("modprobe tdi-example")
    s.unbind_driver(s.nvme)
    s.sh(f"echo tdi-example > {sysfs(s)}/driver_override")
    s.bind_driver(s.nvme)
    equal(s.driver(s.nvme), "tdi-example", "driver")
    s.unbind_driver(s.nvme)
    s.sh(f"echo > {sysfs(s)}/driver_override; rmmod tdi_example")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def runtime_pm(s: Session) -> None:
    """A driverless device is suspended as soon as it may be."""
    s.unbind_driver(s.nvme)
    s.sh(f"echo auto > {sysfs(s)}/power/control; sleep 0.3;"
         f" echo on > {sysfs(s)}/power/control")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def enable_and_disable(s: Session) -> None:
    """The PCI core's own knob counts up and down; nobody is bound."""
    s.unbind_driver(s.nvme)
    ignore(s, f"echo 1 > {sysfs(s)}/enable; echo 0 > {sysfs(s)}/enable")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def sysfs_reset(s: Session) -> None:
    """Refused, and said so, while it is locked."""
    guarded = s.sh("cat /sys/module/tdi/parameters/guard") == "Y"
    status, said = s.guest.run(f"echo 1 > {sysfs(s)}/reset")
    if guarded:
        check(status and "Inappropriate ioctl" in said, f"reset: expected ENOTTY, found {said!r}")


def port(s: Session) -> str:
    return s.sh(f"basename $(dirname $(readlink -f {sysfs(s)}))")


@dataclass
class Action:
    name: str
    run: Callable[[], None]


def actions(s: Session) -> list[Action]:
    above = port(s)
    return [
        Action("bind and unbind", lambda: rebind(s)),
        Action("a probe that fails", lambda: failed_probe(s)),
        Action("a driver with pci_tdi_enable()", lambda: example_driver(s)),
        Action("rescan", lambda: ignore(s, "echo 1 > /sys/bus/pci/rescan")),
        Action("lspci -vvv", lambda: ignore(s, "/usr/bin/lspci -vvv >/dev/null")),
        Action("lspci -xxxx", lambda: ignore(s, "/usr/bin/lspci -xxxx >/dev/null")),
        Action("reset of the controller", lambda: ignore(
            s, "echo 1 > /sys/class/nvme/nvme0/reset_controller")),
        Action("sysfs reset", lambda: sysfs_reset(s)),
        Action("runtime PM", lambda: runtime_pm(s)),
        Action("enable and disable", lambda: enable_and_disable(s)),
        Action("Command cleared", config(s, "COMMAND=0:6")),
        Action("Bus Master off and on", config(s, "COMMAND=0:4 COMMAND=4:4")),
        Action("INTx Disable toggled", config(s, "COMMAND=0:400 COMMAND=400:400")),
        Action("Command and Status at once", config(s, "4.l=ffff0000")),
        Action("BIST", config(s, "f.b=40")),
        Action("cache line size", config(s, "CACHE_LINE_SIZE=20")),
        Action("BAR 0 sized", config(s, "10.l=ffffffff")),
        Action("BAR 0 moved", config(s, "10.l=e0000000")),
        Action("BAR 0 moved, a byte of it", config(s, "13.b=e0")),
        Action("ROM enabled", config(s, "30.l=1:1")),
        Action("D3hot and back", config(s, "CAP_PM+4.w=3:3 CAP_PM+4.w=0:3")),
        Action("FLR", config(s, "CAP_EXP+8.w=8000:8000")),
        Action("Extended Tag toggled", config(s, "CAP_EXP+8.w=100:100 CAP_EXP+8.w=0:100")),
        Action("No Snoop on", config(s, "CAP_EXP+8.w=800:800")),
        Action("MRRS and error reporting", config(s, "CAP_EXP+8.w=200f:700f")),
        Action("10-bit tags toggled", config(s, "CAP_EXP+28.w=1000:1000 CAP_EXP+28.w=0:1000")),
        Action("IDE stream off", config(s, "ECAP0030+10.l=0")),
        Action("port: secondary bus reset", lambda: ignore(
            s, f"setpci -s {above} BRIDGE_CONTROL=40:40; sleep 0.1;"
            f" setpci -s {above} BRIDGE_CONTROL=0:40")),
        Action("port: link disable", lambda: ignore(
            s, f"setpci -s {above} CAP_EXP+10.w=10:10; setpci -s {above} CAP_EXP+10.w=0:10")),
        Action("port: other bus numbers", lambda: ignore(
            s, f"n=$(setpci -s {above} SECONDARY_BUS); setpci -s {above} SECONDARY_BUS=77;"
            f" setpci -s {above} SECONDARY_BUS=$n")),
    ]


def all_registers(s: Session) -> list[Action]:
    """Of the rows that few functions have; QEMU shows these to the guest."""
    return [
        Action("resizable BAR", config(s, "ECAP0015+8.l=100:1f00")),
        Action("PASID", config(s, "ECAP001b+6.w=1:1")),
        Action("PRI", config(s, "ECAP0013+4.w=1:1")),
        Action("ATS", config(s, "ECAP000f+6.w=8000:8000")),
        Action("TPH", config(s, "ECAP0017+8.l=1:3")),
        Action("Multicast", config(s, "ECAP0012+6.w=8000:8000")),
        Action("Enhanced Allocation", config(s, "CAP14+8.l=0")),
        Action("14-bit tags", config(s, "ECAP002f+8.l=4:4")),
        Action("MSI-X masked", config(s, "CAP_MSIX+2.w=4000:4000 CAP_MSIX+2.w=0:4000")),
    ]


def connect(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")


def survives(s: Session, todo: list[Action]) -> None:
    """Each of them, and after each the device is in RUN and the data are right."""
    connect(s)
    for action in todo:
        action.run()
        found = s.emu.stats("nvme0")
        equal(found["errors"], 0, f"{action.name}: entries to ERROR ({found['error_reasons']})")
        equal(s.state(), "RUN", f"{action.name}: state")
        equal(s.read("dma"), "direct", f"{action.name}: dma")
    s.disk_works()
    figure("error_entries_guarded", s.emu.stats("nvme0")["errors"], add=True)
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario(all_kernels=True, devices=BME)
def a_device_that_objects_to_bus_master_survives_its_drivers(s: Session) -> None:
    survives(s, actions(s))


@scenario(all_kernels=True, devices=COMMAND)
def a_device_that_objects_to_any_write_of_command_survives_its_drivers(s: Session) -> None:
    survives(s, actions(s))


@scenario(all_kernels=True, devices=("--registers", "all", *COMMAND, "--strict", "ats"))
def so_does_one_that_has_every_register(s: Session) -> None:
    survives(s, actions(s) + all_registers(s))


# What leads to ERROR on any device; the others are told apart in rows.py.
SURE = ("Command cleared", "Bus Master off and on", "BAR 0 moved", "D3hot and back", "FLR",
        "Extended Tag toggled", "10-bit tags toggled")


def does_not(s: Session, todo: list[Action]) -> None:
    """The same without the guard, each on a device that was accepted anew."""
    s.sh("echo 0 > /sys/module/tdi/parameters/guard")
    s.unbind_driver(s.nvme)
    errors, harmless = 0, []
    for action in todo:
        s.emu.cmd("stats reset")
        s.do("connect")
        s.bind_driver(s.nvme)
        try:
            action.run()
        except Failed:
            pass
        found = s.emu.stats("nvme0")["errors"]
        errors += found
        if not found:
            harmless.append(action.name)
        s.sh(f"echo > {sysfs(s)}/driver_override; rmmod tdi_example 2>/dev/null || true")
        s.unbind_driver(s.nvme)
        s.do("unlock")
    print(f"# {errors} entries to ERROR in {len(todo)}; harmless: {', '.join(harmless)}")
    equal(harmless, [], "what did not lead to ERROR without the guard")
    figure("error_entries_unguarded", errors, add=True)
    s.sh("echo 1 > /sys/module/tdi/parameters/guard")


@scenario(devices=BME)
def without_the_guard_the_first_does_not(s: Session) -> None:
    does_not(s, [a for a in actions(s) if a.name in SURE])


@scenario(devices=COMMAND)
def nor_does_the_second(s: Session) -> None:
    does_not(s, actions(s)[:2])


def audit(s: Session) -> dict[tuple[str, str], tuple[int, str, str]]:
    """How often, where and by whom, of each register and effect, since it is a TDI."""
    lines = [line.split(maxsplit=5) for line in s.read("audit").splitlines()]
    return {(register, effect): (int(count), offset, task)
            for register, effect, count, offset, _, task in lines}


@scenario(devices=COMMAND)
def what_was_tried_is_told(s: Session) -> None:
    connect(s)
    tried = audit(s)
    before = int(s.sh(f"setpci -s {s.nvme} COMMAND"), 16)
    after = int(s.sh(f"setpci -s {s.nvme} COMMAND=0:4 COMMAND CAP_EXP+8.w=8000:8000"), 16)
    equal((before & 6, after), (6, before & ~4), "Command as the writer reads it")
    s.sh(f"setpci -s {s.nvme} 10.l=e0000000 f.b=40")
    told = audit(s)
    for register, effect, offset in (("flr", "unbind-first", "0x058"),
                                     ("bar", "unbind-first", "0x010"),
                                     ("bist", "refuse", "0x00f")):
        count, where, task = told[register, effect]
        equal((count - tried.get((register, effect), (0,))[0], where, task),
              (1, offset, "setpci"), register)
    check(("command", "coalesce") in told, "Command: expected a line, found none")
    table = s.sh(f"tdi audit {s.nvme}")
    check("unbind-first" in table and "flr" in table, f"tdi audit: expected the FLR in\n{table}")
    log = s.sh(f"cat /sys/kernel/debug/tdi/{s.nvme}/guard_log")
    check("setpci[" in log and "flr unbind-first 0x058/2 0x" in log,
          f"debugfs: expected the FLR in\n{log}")
    s.unbind_driver(s.nvme)
    s.do("disconnect")


@scenario()
def an_attempt_is_a_trace_event(s: Session) -> None:
    trace = "/sys/kernel/tracing"
    s.sh(f"mount -t tracefs tracefs {trace} 2>/dev/null; echo 1 > {trace}/events/tdi/tdi_guard/enable")
    connect(s)
    s.sh(f"setpci -s {s.nvme} f.b=40")
    found = s.sh(f"cat {trace}/trace")
    s.sh(f"echo 0 > {trace}/events/tdi/tdi_guard/enable")
    check(f"tdi_guard: {s.nvme}: bist refuse: 0x00f/1 0x40" in found, f"trace: found\n{found}")
    s.unbind_driver(s.nvme)
    s.do("disconnect")


@scenario()
def after_the_unlock_config_space_is_everybodys(s: Session) -> None:
    connect(s)
    s.sh(f"setpci -s {s.nvme} COMMAND=0:4")
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.sh(f"setpci -s {s.nvme} CAP_EXP+8.w=100:100")
    equal(s.sh(f"echo 1 > {sysfs(s)}/reset && echo done"), "done", "reset of an unlocked device")
    s.disk_works()


if __name__ == "__main__":
    main()
