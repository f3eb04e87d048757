#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of the tdi command: test_tdi.py [TEST...]. TAP; started by tests/cli/run."""
import importlib
import sys

import bench

# Each puts its tests on the list.
for concern in ("usage", "list", "show", "bounce", "audit", "recovery", "watch", "connect", "disks",
                "disconnect", "around", "verify", "policy", "evidence", "tpm", "interop", "cost", "boot", "gate",
                "status"):
    importlib.import_module(f"t_{concern}")

if __name__ == "__main__":
    sys.exit(bench.main(sys.argv[1:]))
