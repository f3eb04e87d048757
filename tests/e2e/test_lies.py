#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every lie that the host knows, told during connect.

Whatever it says, the guest refuses for the right reason, undoes what it did, and
the device goes on working as a shared device; the next honest connect succeeds.
"""

from dataclasses import dataclass

from harness import Session, check, equal, main, scenario


@dataclass(frozen=True)
class Lie:
    name: str
    errno: str	# any of A|B
    reason: str	# part of tsm/result


LIES = (
    Lie("tamper-certs", "EKEYREJECTED", "certificate"),
    Lie("tamper-vca", "EKEYREJECTED", "vca"),
    Lie("tamper-measurements", "EKEYREJECTED", "measurement"),
    Lie("tamper-report", "EKEYREJECTED", "report"),
    Lie("swap-bars", "EKEYREJECTED", "report"),
    Lie("truncate-report", "EKEYREJECTED|EBADMSG", "report"),
    Lie("huge-object", "EBADMSG", "size"),
    Lie("grow-object", "EKEYREJECTED|EBADMSG|EIO", ""),
    Lie("replay-measurements", "EKEYREJECTED", "measurement"),
    Lie("no-measure", "EREMOTEIO", "no such object"),
    Lie("other-nonce", "ESTALE", "nonce"),
    Lie("remap-bars", "EPERM", "BAR 0"),
    Lie("other-flags", "EPERM", "lock flags"),
    Lie("swap-functions", "EREMOTEIO", "state"),
    Lie("relock-on-accept", "ESTALE|EREMOTEIO", "nonce"),
    Lie("remeasure-on-accept", "ESTALE|EREMOTEIO", "nonce"),
    Lie("skip-lock", "EREMOTEIO", "state"),
    Lie("skip-start", "EREMOTEIO", "state"),
    Lie("deny", "EREMOTEIO", "denied"),
    Lie("wrong-seq", "EIO|ETIMEDOUT", ""),
    Lie("long-reply", "EIO", ""),
)


def refused_and_recovered(s: Session, lie: Lie) -> None:
    s.unbind_driver(s.nvme)
    # One honest measurement first, so that there is something to replay.
    s.do("lock")
    s.do("unlock")
    s.emu.cmd(f"lie {lie.name}")
    s.refuse("connect", lie.errno, lie.reason)
    check(s.emu.lies_told(lie.name), f"the host told {lie.name}")
    s.emu.cmd("truth")
    if s.state() != "CONFIG_UNLOCKED":
        # It lied to the undoing as well: the way out is an unlock in honest times.
        s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "direct")
    s.do("disconnect")


for _lie in LIES:
    # Two of them on every kernel: one that digests catch, one that the TSM does.
    scenario(name=f"host lies, {_lie.name}: refused and recovered",
             all_kernels=_lie.name in ("swap-bars", "relock-on-accept"))(
        lambda s, lie=_lie: refused_and_recovered(s, lie))


@scenario()
def a_host_that_always_says_run_is_not_believed(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("lie state-run")
    s.emu.cmd("lie skip-lock")
    s.refuse("connect", "EREMOTEIO", "state")
    s.emu.cmd("truth")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_host_that_does_not_stop_the_device_is_found_out(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("lie skip-stop")
    s.refuse("disconnect", "EREMOTEIO", "state")
    equal(s.read("dma"), "blocked", "dma")
    s.emu.cmd("truth")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


if __name__ == "__main__":
    main()
