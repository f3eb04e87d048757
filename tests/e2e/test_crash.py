#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Killed at any point, nothing stays and the next run works.

    test --kernel VERSION
    test --kernel VERSION --victim      a VM that waits to be killed
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from vm import BOOT_TIMEOUT, TOP, Vm, installed_kernels


def running(word: str) -> list[str]:
    """Processes with that word in their command line, but for this one."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            words = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in words and proc.name != str(os.getpid()):
            found.append(words)
    return found


def gone(word: str, timeout: float = 10) -> bool:
    deadline = time.monotonic() + timeout
    while running(word):
        if time.monotonic() > deadline:
            print(f"# still there: {running(word)}")
            return False
        time.sleep(0.05)
    return True


def victim(kernel: str) -> None:
    with Vm("victim", kernel) as vm:
        print(vm.directory, flush=True)
        time.sleep(1000)


def killed_runner_leaves_no_process(kernel: str) -> bool:
    with subprocess.Popen([sys.argv[0], "--kernel", kernel, "--victim"], text=True,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout
        directory = child.stdout.readline().strip()
        started = bool(directory) and bool(running(directory))
        child.send_signal(signal.SIGKILL)
        child.wait()
    return started and gone(directory)


def next_run_works(kernel: str) -> bool:
    with Vm("after-kill", kernel) as vm:
        works = vm.guest.sh("test -b /dev/nvme0n1 && uname -r") == kernel
    return works and not vm.complaint


def killed_namespace_leaves_no_process(how: signal.Signals) -> bool:
    mark = f"sleep {100000 + os.getpid()}"
    mounts = Path("/proc/mounts").read_text()
    with subprocess.Popen([str(TOP / "tests/kernels/enter"), "bash", "-c", f"{mark} & {mark}"],
                          env=dict(os.environ, TDI_ROOT="/")) as child:
        deadline = time.monotonic() + BOOT_TIMEOUT
        while len(running(mark)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        started = bool(running(mark))
        child.send_signal(how)
        child.wait()
    return started and gone(mark) and Path("/proc/mounts").read_text() == mounts


def main() -> None:
    kernel = sys.argv[2] if "--kernel" in sys.argv else installed_kernels()[0]
    if "--victim" in sys.argv:
        victim(kernel)
        return
    if kernel != installed_kernels()[0]:
        print("1..0 # SKIP nothing for this kernel")
        return
    tests = (
        ("a killed test leaves no QEMU and no emulator",
         lambda: killed_runner_leaves_no_process(kernel)),
        ("the run after it works", lambda: next_run_works(kernel)),
        ("enter, killed outright, leaves no process and no mount",
         lambda: killed_namespace_leaves_no_process(signal.SIGKILL)),
        ("enter, terminated, leaves no process and no mount",
         lambda: killed_namespace_leaves_no_process(signal.SIGTERM)),
    )
    failed = 0
    for number, (claim, test) in enumerate(tests, 1):
        ok = test()
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {number} - {claim}", flush=True)
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
