# SPDX-License-Identifier: GPL-2.0
"""KUnit suites as modules in a VM: loading them, and reading what they found."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from vm import SLOW, Vm  # noqa: E402

# For a module with its suites, which run while it is loaded.
LOAD_TIMEOUT = 300 * SLOW

# The kernels of build/kernels that are meant for this.
VARIANTS = ("debug", "tsm")

# Each case has a bus of its own, plugged in and removed again: a small pool to share,
# grace periods that do not take their time, and no trace kept of each allocation
# (test_soak looks for leaks).
APPEND = "swiotlb=512,force rcupdate.rcu_expedited=1 kmemleak=off"

# What a suite's module is loaded with: less patience, where patience is tested.
ARGUMENTS = {"tdi-emu-kunit.ko": "timeout_ms=30", "tdi-sev-tio-kunit.ko": "timeout_ms=30",
             "tdi-tdx-connect-kunit.ko": "timeout_ms=200"}

KTAP = re.compile(r"^( *)(not )?ok \d+ (?:- )?(.*?)(?: # (SKIP)\b ?(.*))?$")
DEBUGFS = "/sys/kernel/debug/kunit"


@dataclass
class Case:
    name: str
    ok: bool
    skip: str | None
    parameters: int = 0
    said: list[str] = field(default_factory=list)


def parse(ktap: str) -> tuple[list[Case], list[str]]:
    """The cases of one suite's KTAP, and what is wrong with the KTAP itself."""
    cases: list[Case] = []
    said: list[str] = []
    parameters = 0
    planned: int | None = None
    ended = False
    for line in ktap.splitlines():
        plan = re.match(r"^    1\.\.(\d+)$", line)
        result = KTAP.match(line)
        if plan:
            planned = int(plan[1])
        elif result and len(result[1]) == 0:
            ended = True
        elif result and len(result[1]) == 4:
            cases.append(Case(result[3], not result[2],
                              result[5] or "" if result[4] == "SKIP" else None, parameters, said))
            said, parameters = [], 0
        elif result:
            parameters += 1
            if result[2]:
                said.append(line.strip())
        elif line.strip() and not re.match(r"^\s*(KTAP version|1\.\.\d+|# Subtest)", line):
            said.append(line.strip())
    wrong = []
    if planned is None or planned != len(cases):
        wrong.append(f"planned {planned} cases, found {len(cases)}")
    if not ended:
        wrong.append("the suite has no verdict")
    return cases, wrong


def has_suite(vm: Vm, module: str, words: list[str]) -> bool:
    """By the names in the module's file: it is not loaded for nothing."""
    # busybox's grep takes a NUL for the end of a line.
    names = " ".join(f"-e '{w}'" for w in words)
    return not words or vm.guest.run(f"tr -d '\\0' </kunit/{module} | grep -qF {names}")[0] == 0


def suites_of(vm: Vm, words: list[str]) -> Iterator[tuple[str, list[Case], list[str]]]:
    """Loads every module of suites that has one named like one of words (none: any).

    Of each such suite: its name, its cases, what is wrong with its KTAP. A module without
    suites is one of itself, which says so.
    """
    # Of bounced mappings it would say that they overlap with their proxy's.
    vm.guest.sh("f=/sys/kernel/debug/dma-api/num_errors; [ ! -e $f ] || echo 0 > $f")
    modules = vm.guest.sh("cd /kunit && ls *-kunit.ko").split()
    vm.guest.sh("for m in /kunit/*.ko; do case $m in *-kunit.ko) ;; *) insmod $m;; esac; done")
    for module in modules:
        if not has_suite(vm, module, words):
            continue
        before = set(vm.guest.sh(f"ls {DEBUGFS}").split())
        vm.guest.sh(f"insmod /kunit/{module} {ARGUMENTS.get(module, '')}", LOAD_TIMEOUT)
        suites = sorted(set(vm.guest.sh(f"ls {DEBUGFS}").split()) - before)
        if not suites:
            yield module, [], ["it has no suites"]
        for suite in suites:
            if not words or any(w in suite for w in words):
                cases, wrong = parse(vm.guest.sh(f"cat {DEBUGFS}/{suite}/results"))
                yield suite, cases, wrong
        vm.guest.sh(f"rmmod {module.removesuffix('.ko')}")
