#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The attacks of each backend's table, several in a VM of its platform.

    test_attacks [--backend NAME] [--kernel VERSION] [WORD...]

NAME is one of vm.py's BACKENDS; without it all that have a table are attacked. A
WORD keeps the attacks whose name contains it. TAP, and figures: backends that
refused all of it (on the first kernel), attacks_total and attacks_refused.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from attack import Attack, kernel_of, refused, table, unharmed
from harness import Scenario, Session, run_scenarios
from tap import Tap, figure
from vm import BACKENDS, chosen_kernel, installed_kernels


def scenario_of(backend: str, a: Attack, options: dict[str, Any],
                count: Counter[str]) -> Scenario:
    def run(s: Session) -> None:
        refused(s, a)
        unharmed(s, a)
        count["refused"] += 1

    return Scenario(f"{backend}: {a.name}: refused, device and data unharmed", run,
                    a.all_kernels, {"platform": BACKENDS[backend], **options})


def spread(attacks: list[Attack], number: int) -> list[Attack]:
    """That many at even distances, or all of them for 0."""
    if not number or number >= len(attacks):
        return attacks
    return [attacks[i * len(attacks) // number] for i in range(number)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", choices=BACKENDS, help="default: all that have attacks")
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    parser.add_argument("--sample", type=int, default=0,
                        help="that many per backend, from all over its table (default: all)")
    parser.add_argument("words", nargs="*", help="only attacks that contain one of these")
    arguments = parser.parse_args()
    kernel = chosen_kernel(arguments.kernel)
    first = kernel == installed_kernels()[0]
    tap = Tap()
    for backend in [arguments.backend] if arguments.backend else BACKENDS:
        attacks = table(backend)
        if attacks is None:
            tap.result(True, f"{backend}: attacks", skip="no table of attacks")
            continue
        boots = kernel_of(attacks, kernel)
        if not boots:
            tap.result(True, f"{backend}: attacks", skip=f"no kernel for it beside {kernel}")
            continue
        chosen = [a for a in attacks.ATTACKS if (first or a.all_kernels) and (
            not arguments.words or any(w in a.name for w in arguments.words))]
        chosen = spread(chosen, arguments.sample)
        count: Counter[str] = Counter()
        options = getattr(attacks, "OPTIONS", {})
        run_scenarios(tap, f"attacks-{backend}", boots,
                      [scenario_of(backend, a, options, count) for a in chosen])
        figure("backends", int(first and count["refused"] == len(chosen)), add=True)
        figure("attacks_total", len(chosen), add=True)
        figure("attacks_refused", count["refused"], add=True)
    tap.done()


if __name__ == "__main__":
    main()
