#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo, told by each backend but the emulated one, which e2e-demo has.

    test_demo [--backend NAME] [--kernel VERSION]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from attack import HERE, kernel_of, table
from tap import Tap, figure
from vm import BACKENDS, chosen_kernel

DEMO = HERE.parent / "e2e/demo"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", choices=BACKENDS, help="default: all but emu")
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    arguments = parser.parse_args()
    kernel = chosen_kernel(arguments.kernel)
    tap = Tap()
    for backend in [arguments.backend] if arguments.backend else list(BACKENDS)[1:]:
        attacks = table(backend)
        boots = kernel_of(attacks, kernel) if attacks else ""
        if not boots:
            tap.result(True, f"{backend}: the demo", skip="no such backend here")
            continue
        run = subprocess.run([sys.executable, DEMO, "--tap", "--backend", backend,
                              "--kernel", boots], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = [line for line in run.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
        held = run.returncode == 0 and lines and all(line.startswith("ok ") for line in lines)
        tap.result(bool(held), f"{backend}: the demo, {len(lines)} lines", run.stdout)
        figure("demos", int(bool(held)), add=True)
    tap.done()


if __name__ == "__main__":
    main()
