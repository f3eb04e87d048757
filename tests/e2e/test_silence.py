#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A host that does not answer, answers late, or is gone."""

import time

from harness import Failed, Session, check, equal, main, scenario
from vm import EMU_TIMEOUT, VmError

PATIENCE = 60


@scenario(all_kernels=True)
def connect_to_a_silent_host_times_out_and_recovers(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("silent on")
    s.refuse("connect", "ETIMEDOUT", timeout=PATIENCE)
    s.emu.cmd("silent off")
    if s.state() != "CONFIG_UNLOCKED" or s.read("dma") != "bounce":
        s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "direct")


@scenario()
def disconnect_from_a_silent_host_blocks_the_device(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("silent on")
    s.refuse("disconnect", "ETIMEDOUT", timeout=PATIENCE)
    equal(s.read("dma"), "blocked", "dma")
    s.emu.cmd("silent off")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def state_of_a_silent_platform_is_an_error_not_a_guess(s: Session) -> None:
    s.emu.cmd("silent on")
    status, out = s.guest.run(f"cat /sys/bus/pci/devices/{s.nvme}/tsm/state", PATIENCE)
    s.emu.cmd("silent off")
    check(status != 0, f"reading the state failed (it said {out!r})")
    equal(s.state(), "CONFIG_UNLOCKED", "state once it speaks again")


@scenario()
def a_slow_host_is_waited_for(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("delay 50")
    s.do("connect")
    s.emu.cmd("delay 0")
    s.expect("RUN", "direct")


@scenario()
def the_guest_outlives_a_killed_host_process(s: Session) -> None:
    s.vm.expected_dead_emulator = True
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.kill()
    # QEMU may end with its devices; if it goes on, so does the guest.
    start = time.monotonic()
    try:
        s.refuse("disconnect", "ETIMEDOUT|EIO|EREMOTEIO|ENXIO|ENODEV", timeout=PATIENCE)
    except (VmError, Failed):
        # Its sockets are closed a moment before it is gone.
        deadline = time.monotonic() + EMU_TIMEOUT
        while not s.vm.qemu_ended():
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    check(time.monotonic() - start < PATIENCE, "it took no longer than its patience")
    s.vm.over = True


if __name__ == "__main__":
    main()
