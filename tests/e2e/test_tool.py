#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The tdi command on a real kernel; tests/cli has every case on a model of one."""

import json
from typing import Any

from harness import Session, check, equal, main, other_ca, scenario


def tdi(s: Session, args: str, status: int = 0) -> str:
    found, out = s.guest.run(f"tdi {args} 2>&1")
    equal(found, status, f"exit status of tdi {args} ({out})")
    return out


def tdi_json(s: Session, args: str, status: int = 0) -> Any:
    return json.loads(tdi(s, f"{args} --json", status))


@scenario(all_kernels=True)
def the_command_connects_and_disconnects_under_the_stock_driver(s: Session) -> None:
    done = tdi_json(s, f"connect {s.nvme}")
    equal((done["outcome"], done["driver"]["after"]), ("done", "nvme"), "connect")
    s.expect("RUN", "direct")
    s.sh("test -b /dev/nvme0n1")    # it waited for the disk
    s.disk_works()
    equal(tdi_json(s, f"connect {s.nvme}")["outcome"], "unchanged", "connect again")
    done = tdi_json(s, f"disconnect {s.nvme}")
    equal((done["outcome"], done["driver"]["after"]), ("done", "nvme"), "disconnect")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def the_command_shows_what_the_kernel_holds(s: Session) -> None:
    s.reload()
    s.sh("echo 1 > /sys/module/tdi/parameters/allow_unverified")
    tdi(s, f"connect {s.nvme}")
    shown = tdi_json(s, f"show {s.nvme}")
    equal(shown["unreadable"], {}, "unreadable")
    equal([w["id"] for w in shown["warnings"]], ["platform-emulated", "identity-unverified"],
          "warnings")
    report = shown["report"]
    equal((report["malformed"], report["mismatch"]), (None, None), "report")
    check(report["ranges"] and all(r["bar_offset"] is not None for r in report["ranges"]),
          "ranges with their places in the BARs")
    check(min(shown["evidence_sizes"].values()) > 0, "all evidence is there")
    check("NOT verified" in tdi(s, f"show {s.nvme}"), "identity in plain words")
    tdi(s, f"disconnect {s.nvme}")


@scenario()
def the_command_lists_tdis_and_nothing_else(s: Session) -> None:
    listed = {d["bdf"]: d["why_no_tdi"] for d in tdi_json(s, "list --all")["devices"]}
    equal([bdf for bdf, why in listed.items() if not why], [s.nvme, s.dma], "TDIs")


@scenario()
def a_mounted_disk_keeps_its_driver(s: Session) -> None:
    s.sh("mount /dev/nvme0n1 /mnt")
    refused = tdi_json(s, f"connect {s.nvme}", 5)
    equal(refused["in_use"], [{"block": "nvme0n1", "use": "mounted", "where": "/mnt"}], "in use")
    equal(s.driver(s.nvme), "nvme", "driver")
    s.sh("umount /mnt")


@scenario()
def a_disk_mounted_out_of_sight_keeps_its_driver(s: Session) -> None:
    s.sh("unshare -m sh -c 'mount --make-rprivate / && mount /dev/nvme0n1 /mnt &&"
         " sleep 60' >/dev/null 2>&1 & echo $! >/tmp/hidden")
    s.wait("! dd if=/dev/nvme0n1 of=/dev/null iflag=excl count=0 2>/dev/null ||"
           " grep -q nvme0n1 /proc/$(cat /tmp/hidden)/mounts")
    refused = tdi_json(s, f"connect {s.nvme}", 5)
    equal([u["use"] for u in refused["in_use"]], ["claimed"], "in use")
    s.sh("kill $(cat /tmp/hidden)")
    s.wait(f"tdi connect {s.nvme} && tdi disconnect {s.nvme}")


@scenario()
def a_refused_device_works_as_before(s: Session) -> None:
    s.emu.cmd("lie swap-bars")
    check("Do not use the device" in tdi(s, f"connect {s.nvme}", 2), "advice")
    s.emu.cmd("truth")
    equal(s.driver(s.nvme), "nvme", "driver")
    s.disk_works()
    s.reload()
    s.bind_driver(s.nvme)
    check("tdi anchor add" in tdi(s, f"connect {s.nvme}", 3), "what to do about it")
    s.disk_works()


@scenario()
def an_interrupted_connect_gives_the_driver_back(s: Session) -> None:
    s.emu.cmd("delay 500")    # each call of the platform
    s.sh(f"tdi connect --json {s.nvme} >/tmp/out 2>&1 & echo $! >/tmp/pid")
    s.wait(f"! test -e /sys/bus/pci/devices/{s.nvme}/driver")
    s.sh("kill -TERM $(cat /tmp/pid)")
    s.emu.cmd("delay 0")
    s.wait("! kill -0 $(cat /tmp/pid)", 30)
    ended = json.loads(s.sh("cat /tmp/out"))
    check(ended["outcome"] == "failed" or ended["device"]["state"] == "RUN", "one or the other")
    equal(ended["driver"]["after"], "nvme", "driver")


def save_evidence(s: Session) -> None:
    """A bundle of honest evidence in /tmp/good.tar, the maker's CA in /tmp/ca.pem."""
    s.unbind_driver(s.nvme)
    s.do("lock")
    tdi(s, f"evidence {s.nvme} -o /tmp/good.tar")
    s.do("unlock")
    s.put("/tmp/ca.pem", s.root_ca())


@scenario(all_kernels=True)
def a_device_is_let_in_by_a_policy_for_exactly_what_was_verified(s: Session) -> None:
    s.reload()
    s.sh("rm -f /tmp/good.tar /tmp/policy.json")
    save_evidence(s)
    tdi(s, "policy init /tmp/good.tar --roots /tmp/ca.pem -o /tmp/policy.json")
    s.bind_driver(s.nvme)
    said = tdi(s, f"connect {s.nvme} --policy /tmp/policy.json")
    check("RUN" in said, said)
    equal(s.read("identity"), "approved", "identity")
    s.expect("RUN", "direct")
    s.disk_works()
    tdi(s, f"disconnect {s.nvme}")

    for fault, status, word in (("other-firmware", 3, "measurements.value"),
                                ("debug-on", 3, "measurements.device_mode")):
        s.emu.cmd(f"fault nvme0 {fault}")
        said = tdi(s, f"connect {s.nvme} --policy /tmp/policy.json", status)
        check(word in said, f"{fault}: {said}")
        s.emu.cmd("mend nvme0")
        s.expect("CONFIG_UNLOCKED", "bounce")
        equal(s.driver(s.nvme), "nvme", "driver")
        s.disk_works()


@scenario()
def a_device_of_another_maker_is_not_let_in_by_a_policy(s: Session) -> None:
    s.reload()
    s.bind_driver(s.nvme)
    s.put("/tmp/other.pem", other_ca())
    s.put("/tmp/lax.json", b'{"schema_version": 1, "kind": "policy", "emulated": "allowed"}')
    said = tdi(s, f"connect {s.nvme} --policy /tmp/lax.json --roots /tmp/other.pem", 2)
    check("certs.anchor" in said, said)
    s.expect("CONFIG_UNLOCKED", "bounce")
    equal(s.driver(s.nvme), "nvme", "driver")
    s.disk_works()


if __name__ == "__main__":
    main()
