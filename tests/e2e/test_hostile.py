#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What else a hostile host, device or process may try; each was a hole once.

The device fails closed, and nothing hangs.
"""

from harness import Session, check, equal, main, scenario

DMATEST = "/sys/kernel/debug/tdi-dmatest"


def dmatest(s: Session, test: str, size: int) -> int:
    """Exit status of one round of the DMA test driver."""
    return s.guest.run(f"echo {size} > {DMATEST}/{s.dma}/{test}")[0]


def kernel_code(s: Session) -> str:
    return "0x" + s.sh("grep 'Kernel code' /proc/iomem").strip().split("-")[0].lstrip("0")


@scenario()
def a_mapping_that_leaked_keeps_private_memory_shut(s: Session) -> None:
    s.sh("modprobe tdi-dmatest")
    s.wait(f"test -e {DMATEST}/{s.dma}/leak")
    equal(dmatest(s, "leak", 4096), 0, "leak")
    s.unbind_driver(s.dma)
    s.refuse("connect", "EBUSY", "live mappings", bdf=s.dma)
    s.expect("CONFIG_UNLOCKED", bdf=s.dma)
    answer = s.emu.cmd(f"probe dma0 read {kernel_code(s)} 64")
    equal(answer["result"], "refused", "probe after the refused connect")
    # The mapping is lost for good, and with it this VM's dma0.
    s.vm.over = True


@scenario(all_kernels=True)
def the_dma_api_moves_every_byte_in_both_modes(s: Session) -> None:
    s.sh("modprobe tdi-dmatest")
    for mode in ("bounce", "direct"):
        s.unbind_driver(s.dma)
        if mode == "direct":
            s.do("connect", bdf=s.dma)
        equal(s.read("dma", s.dma), mode, "mode")
        s.emu.cmd("stats reset")
        s.bind_driver(s.dma)
        s.wait(f"test -e {DMATEST}/{s.dma}/streaming")
        for test in ("streaming", "coherent"):
            for size in (64, 4096, 12288, 65536, 131072):
                equal(dmatest(s, test, size), 0, f"{mode} {test} {size}")
        stats = s.emu.stats("dma0")
        moved = {kind: stats[f"dma_read_bytes_{kind}"] + stats[f"dma_write_bytes_{kind}"]
                 for kind in ("shared", "private")}
        used, unused = ("shared", "private") if mode == "bounce" else ("private", "shared")
        check(moved[used] >= 4 * 212992, f"{moved[used]} bytes of {used} memory")
        equal(moved[unused], 0, f"bytes of {unused} memory")
        equal(stats["dma_refused"], 0, "refused")
        equal(s.sh(f"cat /sys/kernel/debug/tdi/{s.dma}/dma_live"), "0", "live mappings")
        equal(s.sh(f"cat /sys/kernel/debug/tdi/{s.dma}/dma_leaked_pages"), "0", "leaked pages")
    s.unbind_driver(s.dma)
    s.do("disconnect", bdf=s.dma)


@scenario()
def a_device_that_the_host_unlocked_is_not_accepted_again_from_memory(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("unlock nvme0")
    # Whether accept finds it, or the watch did.
    s.refuse("accept", "EREMOTEIO|EINVAL", "state", value="1")
    equal(s.read("dma"), "blocked", "dma")
    equal(s.read("connect"), "", "connect")
    equal(s.read("accept"), "0", "accept")
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_state_that_surprises_blocks_the_device(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("relock nvme0")
    equal(s.state(), "CONFIG_LOCKED", "state, from the TSM")
    equal(s.read("dma"), "blocked", "dma")
    s.do("unlock")
    s.disk_works()


@scenario()
def a_host_that_hands_over_a_byte_at_a_time_is_given_up_on(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("lie short-reads")
    s.emu.cmd("delay 200")
    s.refuse("connect", "ETIMEDOUT", "within", timeout=60)
    s.emu.cmd("truth")
    s.emu.cmd("delay 0")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_verb_that_the_host_slows_down_can_be_killed(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.emu.cmd("lie short-reads")
    s.emu.cmd("delay 200")
    s.sh(f"(echo {s.tsm} > /sys/bus/pci/devices/{s.nvme}/tsm/connect) 2>/dev/null &"
         " echo $! > /tmp/pid; sleep 2; kill -9 $(cat /tmp/pid)")
    s.emu.cmd("delay 0")
    s.wait("! test -e /proc/$(cat /tmp/pid)", 5)
    s.emu.cmd("truth")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_function_left_locked_stays_blocked_when_it_comes_back(s: Session) -> None:
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.emu.cmd("lie skip-stop nvme0")
    port = s.sh(f"basename $(dirname $(readlink -f /sys/bus/pci/devices/{s.nvme}))")
    s.sh(f"echo 1 > /sys/bus/pci/devices/{s.nvme}/remove")
    s.sh(f"echo 1 > /sys/bus/pci/devices/{port}/rescan")
    s.wait(f"test -d /sys/bus/pci/devices/{s.nvme}/tsm")
    equal(s.read("dma"), "blocked", "dma")
    s.emu.cmd("truth")
    s.unbind_driver(s.nvme)
    s.do("unlock")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def anchors_are_not_for_a_root_without_capabilities(s: Session) -> None:
    s.reload()
    s.put("/tmp/maker.pem", s.root_ca())
    status, out = s.guest.run("/usr/lib/tdi/setpriv --inh-caps=-all --bounding-set=-all --securebits=+noroot"
                              " tdi anchor add /tmp/maker.pem 2>&1")
    check(status == 1 and "not permitted" in out, f"refused: {status} {out}")
    check(s.sh("tdi anchor list").startswith("no anchors"), "no anchor")
    s.refuse("connect", "ENOKEY", "anchor")


@scenario(tee_mailbox=True)
def a_mailbox_that_claims_to_be_a_device_hangs_nothing(s: Session) -> None:
    # That the modules loaded is the point: this session would not be there.
    s.unbind_driver(s.nvme)
    s.do("connect")
    s.expect("RUN", "direct")
    s.do("disconnect")
    s.disk_works()


if __name__ == "__main__":
    main(cpus=2)
