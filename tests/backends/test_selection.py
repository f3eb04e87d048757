#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which module has the machine: the one of the platform it is, by what that says.

    test_selection [--kernel VERSION]

On each platform that has a backend here, and on a machine that is none of them, every
module is tried: the right one finds its TSM, the others decline, before it and after,
and say nothing on the console that would worry anybody.
"""

from __future__ import annotations

import argparse
import re
import traceback

from attack import kernel_of, table
from tap import Tap, check, equal
from vm import BACKENDS, Vm, VmError, chosen_kernel, installed_kernels


class Machine:
    """A VM where modules are tried."""

    def __init__(self, vm: Vm):
        self.vm = vm
        # What the kernel says of the first module from outside of its tree is its own.
        vm.guest.sh("modprobe tdi")
        self.quiet = self.worries()

    def worries(self) -> list[str]:
        """Console lines of level warning and worse."""
        return [line for line in self.vm.guest.sh("dmesg -r").splitlines()
                if (m := re.match(r"<(\d+)>", line)) and int(m[1]) & 7 <= 4]

    def platforms(self) -> list[str]:
        """Of the TSMs that there are."""
        return self.vm.guest.sh("cat /sys/class/tsm/tsm*/platform 2>/dev/null || true").split()

    def load(self, module: str) -> tuple[bool, str]:
        status, out = self.vm.guest.run(f"modprobe {module} 2>&1")
        return status == 0, out.strip()

    def decline(self, modules: list[str], has: list[str]) -> None:
        for module in modules:
            if not self.vm.guest.sh(f"find /lib/modules -name '{module}.ko*'"):
                continue        # another architecture's
            # tdi-emu is a driver that waits for a card.
            loaded, out = self.load(module)
            if module != "tdi-emu":
                check(not loaded and "No such device" in out,
                      f"{module} declines, with ENODEV (it said {out!r})")
            equal(self.platforms(), has, f"platforms, after {module} was tried")
            check(self.vm.guest.run(f"grep -q '^{module.replace('-', '_')} ' /proc/modules")[0]
                  or module == "tdi-emu", f"{module} is not loaded")
        equal(self.worries(), self.quiet, "warnings on the console")


def right_one(vm: Vm, modules: list[str]) -> None:
    machine = Machine(vm)
    others = [m for m in modules if m != vm.module]
    # Each brings tdi-emu along, for its transport; on that one's own platform it stays.
    if vm.module != "tdi-emu":
        machine.decline(others, [])
    loaded, out = machine.load(vm.module)
    check(loaded, f"{vm.module} is loaded ({out})")
    equal(machine.platforms(), [vm.tsm_platform], "platforms")
    machine.quiet = machine.worries()
    machine.decline(others, [vm.tsm_platform])


def none(vm: Vm, modules: list[str]) -> None:
    machine = Machine(vm)
    machine.decline(modules, [])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    kernel = chosen_kernel(parser.parse_args().kernel)
    tap = Tap()
    here = [b for b in BACKENDS if table(b)]
    modules = [f"tdi-{b}" for b in here]
    # The decision is the modules' own, not the kernel's: one kernel will do.
    chosen = here if kernel == installed_kernels()[0] else []

    def attempt(claim: str, vm: Vm, what: object) -> None:
        def run() -> None:
            with vm:
                what(vm, modules)  # type: ignore[operator]
            check(not vm.complaint, f"console and sanitizers are clean: {vm.complaint}")
        try:
            tap.run(claim, run)
        except VmError:
            tap.result(False, claim, traceback.format_exc())

    for backend in chosen:
        boots = kernel_of(table(backend), kernel)
        if not boots:
            tap.result(True, f"{backend}: its module", skip=f"no kernel for it beside {kernel}")
            continue
        attempt(f"{backend}: its module has the machine, and no other one",
                Vm(f"selection-{backend}", boots, platform=BACKENDS[backend],
                   **getattr(table(backend), "OPTIONS", {})), right_one)
    attempt("no platform at all: every module declines",
            Vm("selection-none", kernel, emulator=False), none)
    tap.done()


if __name__ == "__main__":
    main()
