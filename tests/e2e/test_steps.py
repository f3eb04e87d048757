#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The single steps, in the right order, in wrong ones, and behind one's back."""

from harness import PCI, Session, check, equal, main, scenario


@scenario(all_kernels=True)
def lock_accept_unlock_go_step_by_step(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("lock")
    s.expect("CONFIG_LOCKED", "bounce")
    equal(s.read("lock"), s.tsm, "lock")
    equal(s.read("accept"), "0", "accept")
    s.do("accept", "1")
    s.expect("RUN", "direct")
    equal(s.read("accept"), "1", "accept")
    s.do("accept", "1")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    equal(s.read("lock"), "", "lock")
    s.disk_works()


@scenario()
def evidence_is_there_while_locked_and_gone_after(s: Session) -> None:
    s.unbind_driver(s.nvme)
    objects = ("certificates", "vca", "measurements", "report", "nonce")
    sizes = f"cd {PCI}/{s.nvme}/tsm; for f in {' '.join(objects)}; do wc -c <$f; done"
    s.do("lock")
    check(all(int(n) > 0 for n in s.sh(sizes).split()), "evidence is not empty")
    s.do("unlock")
    check(all(int(n) == 0 for n in s.sh(sizes).split()), "evidence is gone")


@scenario()
def a_generation_is_never_used_twice(s: Session) -> None:
    s.unbind_driver(s.nvme)
    seen = []
    for _ in range(3):
        s.do("lock")
        seen.append(int(s.read("generation")))
        s.do("unlock")
    equal(len(set(seen)), 3, f"different generations in {seen}")
    s.do("lock")
    s.refuse("accept", "ESTALE", "generation", value=f"generation={seen[0]}")
    s.expect("CONFIG_LOCKED")
    s.do("accept", f"generation={s.read('generation')}")
    s.expect("RUN", "direct")


@scenario()
def steps_out_of_order_are_refused(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.refuse("accept", "EINVAL", value="1")
    s.refuse("unlock", "EINVAL")
    s.refuse("disconnect", "EINVAL")
    s.refuse("connect", "ENXIO", value="tsm9")
    s.do("lock")
    s.refuse("lock", "EBUSY")
    s.refuse("connect", "EBUSY")
    s.refuse("accept", "EINVAL", value="0")
    s.expect("CONFIG_LOCKED")
    s.do("accept", "1")
    s.refuse("connect", "EBUSY")
    s.refuse("lock", "EBUSY")
    s.expect("RUN", "direct")


@scenario(all_kernels=True)
def no_step_is_taken_while_a_driver_is_bound(s: Session) -> None:
    for step in ("connect", "lock"):
        s.refuse(step, "EBUSY", "driver")
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.bind_driver(s.nvme)
    for step in ("disconnect", "unlock"):
        s.refuse(step, "EBUSY", "driver")
    s.expect("RUN", "direct")
    s.disk_works()


@scenario()
def an_unverified_identity_needs_leave(s: Session) -> None:
    s.reload()
    s.refuse("connect", "ENOKEY", "identity")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.do("lock")
    equal(s.read("identity"), "unverified", "identity")
    s.refuse("accept", "ENOKEY", "identity", value="1")
    s.expect("CONFIG_LOCKED", "bounce")


@scenario()
def a_relock_between_attest_and_accept_is_stale(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("lock")
    s.emu.cmd("relock nvme0")
    s.refuse("accept", "ESTALE", "nonce", value="1")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def unlock_leads_out_of_error(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("flr nvme0")
    equal(s.state(), "ERROR", "state after the host reset the device")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_device_that_the_host_unlocked_reaches_nothing_private(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    code = s.sh("grep 'Kernel code' /proc/iomem").strip().split("-")[0].lstrip("0")
    s.emu.cmd("unlock nvme0")
    equal(s.emu.cmd(f"probe nvme0 read 0x{code} 64")["result"], "refused", "probe")
    equal(s.state(), "CONFIG_UNLOCKED", "state")
    s.do("unlock")
    s.disk_works()


if __name__ == "__main__":
    main()
