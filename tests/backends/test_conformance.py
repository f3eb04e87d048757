#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The conformance suite of each backend, one boot of a kernel of our own.

    test_conformance [--kernel VERSION]

The suites are those of *-kunit.ko that are called *-conformance: the contract of
guest/arch/tests/conformance.h over each backend. The kernel is the one of build/kernels
of the same series, with KUnit. TAP: a suite a test, what failed below it; figures:
conformance_suites, conformance_cases and conformance_failed (cases of them, and suites
that did not run to their end).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "kunit")]
from suites import APPEND, Case, VARIANTS, suites_of  # noqa: E402
from tap import Tap, figure  # noqa: E402
from vm import BUILD, Vm, VmError, chosen_kernel  # noqa: E402


def own_kernel(kernel: str) -> str | None:
    """Of our own, of that series, and with KUnit."""
    series = ".".join(kernel.split(".")[:2])
    return next((f"{series}-{v}" for v in VARIANTS
                 if (BUILD / f"own/{series}-{v}/initramfs.img").exists()), None)


def judge(tap: Tap, suite: str, cases: list[Case], wrong: list[str]) -> int:
    """How much of a suite does not hold."""
    bad = [c for c in cases if not c.ok]
    said = [f"{c.name}: {' '.join(c.said)}" for c in bad] + wrong
    tap.result(not said, f"{suite}: {len(cases)} cases", "\n".join(said))
    return len(bad) + len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="a stock one's version (default: the first)")
    name = own_kernel(chosen_kernel(parser.parse_args().kernel))
    if name is None:
        print("1..0 # SKIP no kernel of our own of that series here: make own-kernel")
        return
    tap = Tap()
    suites = cases = failed = 0
    try:
        with Vm("conformance", name, emulator=False, image=BUILD / f"kernels/{name}/bzImage",
                initramfs=BUILD / f"own/{name}/initramfs.img", append=APPEND) as vm:
            for suite, found, wrong in suites_of(vm, ["-conformance"]):
                suites += 1
                cases += len(found)
                failed += judge(tap, suite, found, wrong)
        tap.result(not vm.complaint, "the console is clean", vm.complaint)
    except VmError as e:
        failed += 1
        tap.result(False, "the suites ran", str(e))
    tap.result(suites > 0, "there are conformance suites")
    figure("conformance_suites", suites, add=True)
    figure("conformance_cases", cases, add=True)
    figure("conformance_failed", failed + (not suites), add=True)
    tap.done()


if __name__ == "__main__":
    main()
