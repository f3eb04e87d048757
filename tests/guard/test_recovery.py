#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Loss, and the way back: a device that falls into ERROR under a mounted file system.

With --long, a hundred times. Nothing that comes back different is resumed.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session, main, scenario  # noqa: E402
from tap import Failed, check, equal, figure  # noqa: E402

LONG = "--long" in sys.argv
if LONG:
    sys.argv.remove("--long")

# A reset by the host, and each of the table's other events (PCIe r6.x 11.2.6).
EVENTS = ("flr nvme0", "error nvme0 ide-insecure", "error nvme0 poisoned-tlp",
          "error nvme0 t-bit", "error nvme0 requester-id", "error nvme0 session-end",
          "relock nvme0")
DMATEST = "/sys/kernel/debug/tdi-dmatest"


def wait_for(s: Session, name: str, number: int, bdf: str = "", timeout: float = 20) -> float:
    """Until that counter is there; how long it took."""
    start = time.monotonic()
    while (found := s.recovery_stats(bdf))[name] < number:
        if time.monotonic() > start + timeout:
            raise Failed(f"{name}: expected {number}, found {found}: {s.read('result', bdf)}")
        time.sleep(0.05)
    return time.monotonic() - start


def accepted(s: Session, recovery: str = "recover") -> None:
    """In RUN, with a file system mounted."""
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.do("recovery", recovery)
    s.bind_driver(s.nvme)
    s.wait("test -b /dev/nvme0n1")
    s.sh("mount -t ext4 /dev/nvme0n1 /mnt")


def given_back(s: Session) -> None:
    s.sh("umount /mnt")
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.do("recovery", "stay-down")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@contextmanager
def under_load(s: Session) -> Iterator[Callable[[], int]]:
    """Copies are written and compared all the time; how many there were so far."""
    s.sh(r"""rm -f /tmp/stop /tmp/over /tmp/bad /tmp/rounds
cat > /tmp/load.sh <<'X'
n=0
while [ ! -e /tmp/stop ]; do
	n=$((n + 1))
	{ cp /mnt/file /mnt/copy && sync && echo 1 > /proc/sys/vm/drop_caches &&
		cmp /mnt/file /mnt/copy; } 2>> /tmp/bad || echo "round $n" >> /tmp/bad
	echo $n > /tmp/rounds.new && mv /tmp/rounds.new /tmp/rounds
done
touch /tmp/over
X
sh /tmp/load.sh > /dev/null 2>&1 &""")
    s.wait("test -e /tmp/rounds")
    try:
        yield lambda: int(s.sh("cat /tmp/rounds"))
    finally:
        s.sh("touch /tmp/stop")
    s.wait("test -e /tmp/over", timeout=30)
    equal(s.sh("cat /tmp/bad 2>/dev/null || true"), "", "copies that failed or differ")


@scenario(all_kernels=True)
def a_disk_comes_back_from_every_error_while_it_is_used(s: Session) -> None:
    dice = random.Random(6)
    rounds = 100 if LONG else 7
    accepted(s)
    before = s.recovery_stats()
    good, slowest = 0, 0.0
    with under_load(s) as copies:
        for n in range(1, rounds + 1):
            at = copies()
            time.sleep(dice.random() * 0.3)
            s.emu.cmd(EVENTS[(n - 1) % len(EVENTS)])
            slowest = max(slowest, wait_for(s, "recovered", before["recovered"] + n))
            s.expect("RUN", "direct")
            # It is used again, and what it holds is what was written.
            s.wait(f"test $(cat /tmp/rounds) -gt {at + 1}", timeout=30)
            good += s.sh("sha256sum < /mnt/file") == s.hash.strip()
    equal(s.recovery_stats()["losses"] - before["losses"], rounds, "losses")
    equal(good, rounds, "recoveries after which the file is what it was")
    print(f"# slowest of {rounds} recoveries: {slowest:.1f} s")
    figure("recoveries", rounds, add=True)
    figure("recoveries_equal", good, add=True)
    given_back(s)


@scenario(all_kernels=True)
def a_device_that_comes_back_different_is_not_resumed(s: Session) -> None:
    resumed = 0
    # What the device measures or reports, and what the guest says to it.
    for fault, counter, reason in (
            [("other-firmware", "changed", "measurement block's value")] * (20 if LONG else 2) +
            [("debug-on", "changed", "measurement block's value"),
             ("fw-updates", "failed", "firmware updates"),
             ("bad-signature", "failed", "signature"),
             ("long-range", "failed", "device refused")]):
        accepted(s)
        before = s.recovery_stats()[counter]
        s.emu.cmd(f"fault nvme0 {fault}")
        s.emu.cmd("error nvme0 ide-insecure")
        wait_for(s, counter, before + 1)
        result = s.read("result")
        check("recover" in result and reason in result,
              f"{fault}: expected a reason with {reason!r}, found {result!r}")
        resumed += s.read("connect") != ""
        equal(s.read("dma"), "blocked", f"{fault}: dma")
        s.wait(f"! test -e {PCI}/{s.nvme}/driver")
        # It is nobody's: no driver gets a mapping until somebody has unlocked it.
        answer = s.emu.cmd("probe nvme0 read 0x1000000 64")
        equal(answer["result"], "refused", f"{fault}: private memory")
        s.emu.cmd("mend nvme0")
        s.sh("umount -l /mnt 2>/dev/null; true")
        s.do("unlock")
        s.expect("CONFIG_UNLOCKED", "bounce")
        s.disk_works()
    equal(resumed, 0, "devices that were resumed")
    figure("resumed_changed", resumed, add=True)
    s.do("recovery", "stay-down")


@scenario(all_kernels=True)
def by_default_it_stays_down(s: Session) -> None:
    accepted(s, "stay-down")
    s.sh(f"tdi watch --json --count 1 --timeout 20 {s.nvme} > /tmp/watch 2>&1 & sleep 1")
    before = s.recovery_stats()
    s.emu.cmd("error nvme0 ide-insecure")
    wait_for(s, "losses", before["losses"] + 1)
    s.expect("ERROR", "blocked")
    equal(s.recovery_stats()["recovered"], before["recovered"], "recoveries")
    check("expected RUN, found ERROR" in s.read("result"), f"result: found {s.read('result')!r}")
    s.wait("grep -q lost /tmp/watch")
    told = s.sh("cat /tmp/watch")
    check("error" in told and s.nvme in told, f"tdi watch: found {told!r}")
    # Whoever uses the disk gets an error, and is not kept waiting.
    s.wait(f"! test -e {PCI}/{s.nvme}/driver")
    s.sh("umount /mnt")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def user_space_is_told_of_both(s: Session) -> None:
    accepted(s)
    s.sh("rm -f /tmp/watch.status;"
         f" (tdi watch --count 2 --timeout 20 {s.nvme} > /tmp/watch 2>&1;"
         " echo $? > /tmp/watch.status) & sleep 1")
    s.emu.cmd("flr nvme0")
    s.wait("test -e /tmp/watch.status", timeout=25)
    equal(s.sh("cat /tmp/watch.status"), "0", "status of tdi watch")
    told = s.sh("cat /tmp/watch")
    check("lost" in told and "recovered" in told, f"tdi watch: expected both events in\n{told}")
    given_back(s)


@scenario(devices=("--no-event",))
def without_an_event_the_watch_finds_it(s: Session) -> None:
    accepted(s)
    before = s.recovery_stats()
    s.sh("echo 200 > /sys/module/tdi/parameters/watch_ms")
    time.sleep(1.2)
    s.emu.cmd("error nvme0 t-bit")
    took = wait_for(s, "recovered", before["recovered"] + 1)
    check(took < 5, f"recovery with a watch every 200 ms: expected less than 5 s, found {took:.1f}")
    s.sh("echo 0 > /sys/module/tdi/parameters/watch_ms; sleep 1")
    s.emu.cmd("error nvme0 t-bit")
    time.sleep(2)
    equal(s.recovery_stats()["losses"], before["losses"] + 1,
          "losses that were noticed with no watch")
    # Reading the state is a look, too.
    equal(s.state(), "ERROR", "state")
    wait_for(s, "recovered", before["recovered"] + 2)
    s.sh("echo 1000 > /sys/module/tdi/parameters/watch_ms")
    given_back(s)


@scenario()
def a_host_that_withholds_the_event_does_not_hide_it(s: Session) -> None:
    accepted(s)
    before = s.recovery_stats()
    s.emu.cmd("lie no-event")
    s.emu.cmd("error nvme0 t-bit")
    wait_for(s, "recovered", before["recovered"] + 1)
    s.emu.cmd("truth")
    # Nor does one that cries wolf make anything of nothing.
    s.emu.cmd("lie false-event")
    s.sh(f"for i in 1 2 3 4 5 6 7 8; do cat {PCI}/{s.nvme}/tsm/state; done")
    s.emu.cmd("truth")
    equal(s.recovery_stats()["losses"], before["losses"] + 1, "losses")
    given_back(s)


@scenario()
def a_device_that_vanished_is_lost_and_one_that_is_back_can_be_accepted(s: Session) -> None:
    accepted(s, "stay-down")
    before = s.recovery_stats()
    s.emu.cmd("lie no-event")
    s.sh("echo 0 > /sys/module/tdi/parameters/watch_ms; sleep 1.2")
    s.emu.cmd("gone nvme0")
    # All ones on the way to lspci are reason enough to ask.
    s.sh(f"/usr/bin/lspci -s {s.nvme} > /dev/null; true")
    wait_for(s, "losses", before["losses"] + 1)
    equal(s.read("dma"), "blocked", "dma")
    s.emu.cmd("truth")
    s.wait(f"! test -e {PCI}/{s.nvme}/driver")
    s.sh("umount /mnt; echo 1000 > /sys/module/tdi/parameters/watch_ms")
    s.emu.cmd("back nvme0")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()
    accepted(s)
    given_back(s)


@scenario(all_kernels=True)
def a_driver_that_knows_no_errors_is_released_and_comes_back(s: Session) -> None:
    s.sh("modprobe tdi-dmatest")
    s.unbind_driver(s.dma)
    s.do("connect", bdf=s.dma)
    s.do("recovery", "recover", bdf=s.dma)
    s.bind_driver(s.dma)
    s.wait(f"test -e {DMATEST}/{s.dma}/streaming")
    before = s.recovery_stats(s.dma)
    s.emu.cmd("flr dma0")
    wait_for(s, "recovered", before["recovered"] + 1, s.dma)
    s.wait(f"test -e {DMATEST}/{s.dma}/streaming")
    equal(s.driver(s.dma), "tdi-dmatest", "driver")
    s.expect("RUN", "direct", bdf=s.dma)
    s.sh(f"for t in streaming coherent; do echo 65536 > {DMATEST}/{s.dma}/$t; done")
    equal(s.emu.stats("dma0")["dma_refused"], 0, "refused")
    s.unbind_driver(s.dma)
    s.do("disconnect", bdf=s.dma)
    s.do("recovery", "stay-down", bdf=s.dma)


@scenario()
def no_new_mapping_is_made_for_a_lost_device(s: Session) -> None:
    s.sh("modprobe tdi-dmatest")
    s.unbind_driver(s.dma)
    s.do("connect", bdf=s.dma)
    s.bind_driver(s.dma)
    s.wait(f"test -e {DMATEST}/{s.dma}/streaming")
    before = s.recovery_stats(s.dma)
    # All the time, until the driver is taken away.
    s.sh(f"""(while echo 4096 > {DMATEST}/{s.dma}/streaming; do :; done 2> /tmp/first
while test -e {DMATEST}/{s.dma}/coherent; do
	echo 4096 > {DMATEST}/{s.dma}/coherent && echo lie >> /tmp/first; done 2>/dev/null
touch /tmp/over2) > /dev/null 2>&1 &""")
    s.emu.cmd("error dma0 t-bit")
    wait_for(s, "losses", before["losses"] + 1, s.dma)
    s.wait("test -e /tmp/over2")
    check("lie" not in s.sh("cat /tmp/first"), "a test passed on a lost device")
    s.wait(f"! test -e {PCI}/{s.dma}/driver")
    equal(s.read("dma_stats", s.dma).splitlines()[0], "live 0", "mappings")
    s.do("unlock", bdf=s.dma)
    s.expect("CONFIG_UNLOCKED", "bounce", bdf=s.dma)


@scenario()
def one_without_a_driver_comes_back_too(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.do("recovery", "recover")
    before = s.recovery_stats()
    s.emu.cmd("relock nvme0")
    wait_for(s, "recovered", before["recovered"] + 1)
    s.expect("RUN", "direct")
    s.bind_driver(s.nvme)
    s.disk_works()
    s.unbind_driver(s.nvme)
    s.do("disconnect")
    s.do("recovery", "stay-down")


@scenario(iommu=True)
def behind_an_iommu_mappings_outlive_the_loss(s: Session) -> None:
    accepted(s)
    equal(s.read("dma"), "iommu", "dma")
    before = s.recovery_stats()
    with under_load(s) as copies:
        for n, event in enumerate(EVENTS[:3], 1):
            at = copies()
            s.emu.cmd(event)
            wait_for(s, "recovered", before["recovered"] + n)
            s.wait(f"test $(cat /tmp/rounds) -gt {at + 1}", timeout=30)
    equal(s.read("dma"), "iommu", "dma")
    given_back(s)


@scenario(devices=("--bar2", "mixed"))
def a_device_with_a_bar_in_part_comes_back_under_its_driver(s: Session) -> None:
    accepted(s)
    before = s.recovery_stats()
    with under_load(s) as copies:
        for n in range(1, 4):
            at = copies()
            s.emu.cmd(EVENTS[n])
            wait_for(s, "recovered", before["recovered"] + n)
            s.wait(f"test $(cat /tmp/rounds) -gt {at + 1}", timeout=30)
    s.expect("RUN", "direct")
    # Whoever comes next finds the BAR as a whole in the kernel's books.
    check("Partly" in s.sh("cat /proc/iomem"), "no entry for a BAR in part in /proc/iomem")
    given_back(s)


@scenario()
def a_host_that_does_not_let_it_come_back_is_told_once(s: Session) -> None:
    accepted(s)
    before = s.recovery_stats()
    s.emu.cmd("lie deny nvme0")
    s.emu.cmd("error nvme0 t-bit")
    wait_for(s, "failed", before["failed"] + 1)
    s.wait(f"! test -e {PCI}/{s.nvme}/driver")
    equal(s.read("dma"), "blocked", "dma")
    locks = s.emu.stats("nvme0")["locks"]
    time.sleep(2)
    equal(s.emu.stats("nvme0")["locks"], locks, "locks after it was given up")
    s.emu.cmd("truth")
    s.sh("umount -l /mnt")
    s.do("unlock")
    s.do("recovery", "stay-down")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def who_was_approved_stays_so(s: Session) -> None:
    """The kernel has no anchor; somebody in user space vouched for this very device."""
    s.reload()
    s.do("lock")
    equal(s.read("identity"), "unverified", "identity")
    s.do("approve", f"generation={s.read('generation')}")
    s.do("accept", "1")
    s.do("recovery", "recover")
    before = s.recovery_stats()
    s.emu.cmd("flr nvme0")
    wait_for(s, "recovered", before["recovered"] + 1)
    equal(s.read("identity"), "approved", "identity")
    s.expect("RUN", "direct")
    s.do("disconnect")
    s.do("recovery", "stay-down")


if __name__ == "__main__":
    main(cpus=2)
