#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Cards that go, politely or not, at random moments and in every state, and come back.

    test_plug [--kernel VERSION] [--long] [--unplugs N] [--seed S]

Two disks, each with a file system. One of them is the victim; the other one is in RUN,
and what is read and written there never stops and never differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import PCI, Session  # noqa: E402
from tap import Failed, Tap, check, equal, figure  # noqa: E402
from vm import BAD_CONSOLE, SLOW, Vm, VmError, chosen_kernel, grep  # noqa: E402

# An I/O that gets no answer is given up on before a test is.
APPEND = "nvme_core.io_timeout=4 nvme_core.admin_timeout=4 nvme_core.shutdown_timeout=4"

# How a card goes.
HOWS = {
    "button": "after the attention button",
    "power": "when the guest powers its slot off",
    "pull": "without a word",
    "gone": "dead for a while, then without a word",
}
POLITE = ("button", "power")

# What it is doing at that moment. I/O is that of the stock driver, below a file system.
STATES = {
    "unlocked": "unlocked, with I/O",
    "locked": "locked",
    "accepted": "in RUN without a driver",
    "run": "in RUN, with I/O",
    "error": "in ERROR, with I/O",
    "connecting": "about to be connected",
    "disconnecting": "about to be disconnected",
}

# One disk's I/O, until /tmp/io.DISK is removed. Why it ended is in /tmp/ended.DISK.
IO = """
disk=$1 hash=$2
sum() { sha256sum <"$1"; }
round() {
	echo 3 >/proc/sys/vm/drop_caches
	found=$(sum /mnt/$disk/file) || { echo "cannot read"; return 1; }
	[ "$found" = "$hash" ] || { echo "differs: file"; return 1; }
	dd if=/dev/urandom of=/tmp/new.$disk bs=64k count=4 2>/dev/null
	dd if=/tmp/new.$disk of=/mnt/$disk/new bs=64k conv=fsync 2>/dev/null ||
		{ echo "cannot write"; return 1; }
	echo 1 >/proc/sys/vm/drop_caches
	found=$(sum /mnt/$disk/new) || { echo "cannot read"; return 1; }
	[ "$found" = "$(sum /tmp/new.$disk)" ] || { echo "differs: new"; return 1; }
}
rounds=0
while [ -e /tmp/io.$disk ]; do
	round >/tmp/ended.$disk.part 2>/dev/null || { mv /tmp/ended.$disk.part /tmp/ended.$disk; break; }
	rounds=$((rounds + 1))
	echo $rounds >/tmp/rounds.$disk.part && mv /tmp/rounds.$disk.part /tmp/rounds.$disk
done
rm -f /tmp/running.$disk
"""


class Plug(Session):
    """A VM with two disks that can go, and words for their going."""

    def __init__(self, vm: Vm, rng: random.Random):
        self.vm, self.emu, self.guest, self.rng = vm, vm.emu, vm.guest, rng
        self.put("/tmp/io.sh", IO.encode())
        self.sh("echo 4 > /proc/sys/vm/drop_caches")  # .. and do not tell each time
        self.load()
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        self.bdf = {f: vm.address(f) for f in ("nvme0", "nvme1")}
        self.hashes = {f: self._fill(f) for f in self.bdf}
        self.unplugs = 0
        self.told = 0  # lines of the console that were complained about

    # --- a disk --------------------------------------------------------------

    def _block(self, f: str) -> str:
        """Shell words for the disk's device node, whatever its number is today."""
        return f"$(ls {PCI}/{self.bdf[f]}/nvme/nvme*/ | grep -o '^nvme[0-9]*n[0-9]*$')"

    def _wait_block(self, f: str) -> None:
        self.wait(f"test -b /dev/{self._block(f)}")

    def _fill(self, f: str) -> str:
        self._wait_block(f)
        return self.sh(f"mkdir -p /mnt/{f} && d=/dev/{self._block(f)} && mkfs.ext4 -q $d &&"
                       f" mount $d /mnt/{f} &&"
                       f" dd if=/dev/urandom of=/mnt/{f}/file bs=64k count=16 2>/dev/null &&"
                       f" umount /mnt/{f} && mount $d /mnt/{f} &&"
                       f" sha256sum </mnt/{f}/file && umount /mnt/{f}")

    def start(self, f: str) -> None:
        """Mounts the disk; I/O until stop()."""
        if self.driver(self.bdf[f]) != "nvme":
            self.bind_driver(self.bdf[f])
        self._wait_block(f)
        self.sh(f"mount -t ext4 /dev/{self._block(f)} /mnt/{f} &&"
                f" cd /tmp && rm -f ended.{f} rounds.{f} && touch io.{f} running.{f} &&"
                f" (setsid sh io.sh {f} '{self.hashes[f]}' >/dev/null 2>&1 &)")
        self.wait(f"test -s /tmp/rounds.{f} -o -e /tmp/ended.{f}")
        self.expect_io(f)

    def rounds(self, f: str) -> int:
        return int(self.sh(f"cat /tmp/rounds.{f} 2>/dev/null || echo 0"))

    def ended(self, f: str) -> str:
        return self.sh(f"cat /tmp/ended.{f} 2>/dev/null || true")

    def expect_io(self, f: str) -> None:
        equal(self.ended(f), "", f"why {f}'s I/O ended")

    def goes_on(self, f: str) -> None:
        before = self.rounds(f)
        self.wait(f"test $(cat /tmp/rounds.{f}) -gt {before + 1} -o -e /tmp/ended.{f}", 30 * SLOW)
        self.expect_io(f)

    def stop(self, f: str) -> None:
        """Ends the disk's I/O, if there is any. That nothing differed is claimed, no more."""
        self.sh(f"rm -f /tmp/io.{f}")
        self.wait(f"! test -e /tmp/running.{f}", 30 * SLOW)
        check("differs" not in self.ended(f), f"{f}: {self.ended(f)}")
        self.sh(f"if grep -q ' /mnt/{f} ' /proc/mounts; then umount /mnt/{f}; fi")

    def verb(self, name: str, f: str) -> None:
        """Begins it, and does not wait for it."""
        self.sh(f"(setsid sh -c 'echo {self.tsm} > {PCI}/{self.bdf[f]}/tsm/{name};"
                f" rm -f /tmp/verb' >/dev/null 2>&1 & echo $! >/tmp/verb)")

    # --- the parts of an unplug ----------------------------------------------

    def bring_to(self, state: str, f: str) -> None:
        bdf = self.bdf[f]
        if state != "unlocked":
            self.unbind_driver(bdf)
        if state == "locked":
            self.do("lock", bdf=bdf)
        elif state in ("accepted", "run", "error", "disconnecting"):
            self.do("connect", bdf=bdf)
            self.expect("RUN", "direct", bdf)
        if state in ("unlocked", "run", "error"):
            self.start(f)
        if state == "error":
            self.emu.cmd(f"error {f} ide-insecure")
        elif state.endswith("ing"):
            self.verb(state.removesuffix("ing"), f)
        time.sleep(self.rng.uniform(0, 0.5))

    def unplug(self, how: str, f: str) -> None:
        self.unplugs += 1
        if how == "button":
            self.vm.unplug(f)
        elif how == "power":
            self.vm.power_off(f)
        else:
            if how == "gone":
                self.emu.cmd(f"gone {f}")
                time.sleep(self.rng.uniform(0, 2))
            self.vm.pull(f)
        self.wait(f"! test -e {PCI}/{self.bdf[f]}", 30 * SLOW)
        self.wait("! test -e /tmp/verb", 30 * SLOW)

    def plug(self, f: str) -> None:
        self.emu.cmd(f"back {f}")
        self.vm.plug(f)
        self.wait(f"test -e {PCI}/{self.bdf[f]}/driver", 30 * SLOW)

    def works(self, f: str) -> None:
        """As any shared disk, with the file that it always had."""
        self.expect("CONFIG_UNLOCKED", "bounce", self.bdf[f])
        self.start(f)
        self.stop(f)

    def left(self, f: str) -> None:
        """Of a function that is away, nothing is left on the other side."""
        deadline = time.monotonic() + 10 * SLOW
        while True:
            found = next(x for x in self.emu.cmd("functions")["functions"] if x["name"] == f)
            if found["state"] == "CONFIG_UNLOCKED" or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        equal(found["state"], "CONFIG_UNLOCKED", f"{f}: TDI state, while it is away")
        equal(found["mmio_accepted"], 0, f"{f}: pages of private MMIO, while it is away")

    def shared(self) -> int:
        """Pages that are the host's, with both disks there and idle."""
        return int(self.emu.cmd("stats")["tsm"]["pages_shared"])

    def leaked(self) -> int:
        return sum(int(n) for n in self.sh(
            f"cat {PCI}/*/tsm/dma_stats | grep leaked_pages").split()[1::2])

    def console(self) -> None:
        bad = grep(self.vm.directory / "console.log", BAD_CONSOLE)[self.told:]
        self.told += len(bad)
        check(not bad, f"the console says: {bad[:1]}")

    # --- claims --------------------------------------------------------------

    def once(self, how: str, state: str, f: str, other: str) -> None:
        before = self.emu.stats(f)
        self.bring_to(state, f)
        self.unplug(how, f)
        self.left(f)
        after = self.emu.stats(f)
        if how in POLITE and state != "error":
            equal(after["errors"] - before["errors"], 0, f"{f}: times it went to ERROR")
        equal(after["stops"] - before["stops"], after["locks"] - before["locks"],
              f"{f}: times the TSM was told to stop it")
        self.stop(f)
        self.goes_on(other)
        self.back_again(f)
        self.goes_on(other)
        self.console()

    def back_again(self, f: str) -> None:
        self.plug(f)
        self.works(f)

    def recover(self, f: str) -> bool:
        """After a failure: whether the next can be tried."""
        try:
            self.sh("rm -f /tmp/verb")
            self.stop(f)
            if self.guest.run(f"test -e {PCI}/{self.bdf[f]}")[0]:
                self.back_again(f)
            elif self.state(self.bdf[f]) != "CONFIG_UNLOCKED":
                self.unbind_driver(self.bdf[f])
                self.do("unlock", bdf=self.bdf[f])
            self.works(f)
            return True
        except (Failed, VmError):
            return False

    def survives(self, f: str) -> None:
        """The other TDI was never touched."""
        self.expect_io(f)
        self.expect("RUN", "direct", self.bdf[f])
        stats = self.emu.stats(f)
        for what in ("errors", "dma_refused", "mmio_refused", "resets", "stops"):
            equal(stats[what], 0, f"{f}: {what}")
        check(stats["dma_read_bytes_private"] > 0, f"{f}: I/O was private")

    def survivor(self, f: str) -> None:
        self.unbind_driver(self.bdf[f])
        self.do("connect", bdf=self.bdf[f])
        self.emu.cmd("stats reset")
        self.start(f)

    def retire(self, f: str) -> None:
        self.stop(f)
        self.unbind_driver(self.bdf[f])
        self.do("disconnect", bdf=self.bdf[f])
        self.bind_driver(self.bdf[f])
        self._wait_block(f)

    def while_unloading(self, how: str, state: str, f: str) -> None:
        """The modules go as the card does; each has to wait for the other, or not."""
        self.bring_to(state, f)
        self.sh("touch /tmp/unloading; (setsid sh -c 'until rmmod tdi_emu; do sleep 0.1; done;"
                " until rmmod tdi; do sleep 0.1; done; rm /tmp/unloading' >/dev/null 2>&1 &)")
        time.sleep(self.rng.uniform(0, 0.3))
        self.unplug(how, f)
        self.wait("! test -e /tmp/unloading", 40 * SLOW)
        self.left(f)
        self._load_again(f)

    def then_unload(self, how: str, state: str, f: str) -> None:
        """The card is away when the modules go, and back before they are."""
        self.bring_to(state, f)
        self.unplug(how, f)
        self.sh("rmmod tdi_emu && rmmod tdi")
        self._load_again(f)

    def _load_again(self, f: str) -> None:
        self.stop(f)
        self.plug(f)
        self.load()
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        for function in self.bdf:
            self.works(function)
        self.console()


def plan(rng: random.Random, number: int) -> list[tuple[str, str]]:
    """Every state in one of the ways, then what is drawn; the button's five seconds rarely."""
    hows, states = list(HOWS), list(STATES)
    drawn = [(rng.choice(hows[1:]), state) for state in states] + [("button", "run")]
    # Those that matter most are in every run.
    drawn += [("pull", "run"), ("power", "run"), ("gone", "run"), ("pull", "connecting")]
    drawn += [(rng.choices(hows, (1, 8, 8, 8))[0], rng.choice(states))
              for _ in range(number - len(drawn))]
    return drawn[:number]


def story(tap: Tap, p: Plug, number: int) -> None:
    victim, other = p.rng.sample(list(p.bdf), 2)
    tap.explain(f"{victim} goes and comes, {other} stays")
    unloads = [(how, state, when) for how in ("power", "pull") for state in ("locked", "run")
               for when in (p.while_unloading, p.then_unload)]
    if number < 40:
        unloads = p.rng.sample(unloads, 2)

    def attempt(claim: str, what: Callable[[], None]) -> bool:
        """False if the machine is no good for more."""
        failed = tap.failed
        tap.run(claim, what)
        if tap.failed == failed:
            return True
        tap.explain(p.guest.run("dmesg | tail -n 20")[1])
        return p.recover(victim)

    p.survivor(other)
    if not attempt("a card goes, comes back and works",
                   lambda: p.once("power", "unlocked", victim, other)):
        return
    shared, leaked = p.shared(), p.leaked()
    for how, state in plan(p.rng, number - 1 - len(unloads)):
        if not attempt(f"a disk {STATES[state]} goes {HOWS[how]}",
                       lambda how=how, state=state: p.once(how, state, victim, other)):
            return
    tap.run("the other TDI was never touched", lambda: p.survives(other))
    tap.run("no page is shared that was not before",
            lambda: equal((p.shared(), p.leaked()), (shared, leaked), "shared, leaked pages"))
    p.retire(other)
    for how, state, when in unloads:
        what = "and the modules with it" if when == p.while_unloading else "then the modules"
        if not attempt(f"a disk {STATES[state]} goes {HOWS[how]}, {what}",
                       lambda how=how, state=state, when=when: when(how, state, victim)):
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    parser.add_argument("--long", action="store_true", help="200 unplugs")
    parser.add_argument("--unplugs", type=int, default=0, help="that many (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: any)")
    arguments = parser.parse_args()
    number = arguments.unplugs or (200 if arguments.long else 10)
    seed = arguments.seed or random.SystemRandom().randrange(1, 1 << 32)
    tap = Tap()
    tap.explain(f"seed {seed}")
    unplugs = 0
    try:
        with Vm("plug", chosen_kernel(arguments.kernel), cpus=2, nvme=2, dma=0, msi=True,
                append=APPEND) as vm:
            p = Plug(vm, random.Random(seed))
            try:
                story(tap, p, number)
            finally:
                unplugs = p.unplugs
                vm.keep_logs = bool(tap.failed)
        tap.result(not vm.complaint, "console and sanitizers are clean", vm.complaint)
    except Exception:
        tap.result(False, "the VM did its part", traceback.format_exc())
    figure("unplugs", unplugs, add=True)
    tap.done()


if __name__ == "__main__":
    main()
