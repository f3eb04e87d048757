# SPDX-License-Identifier: GPL-2.0
"""Disks in use keep their driver."""
import os

import model
from bench import Skip, eq, has, ready, test, warning_ids
from model import BDF


def refused_as_busy(b, kernel, block, use, where):
    for verb in ("connect", "disconnect"):
        b.tree.shared() if verb == "connect" else b.tree.connected()
        value, status = b.json("verb.json", verb, BDF)
        eq((verb, status, kernel.log), (verb, 5, []))
        has(str(value["in_use"]), str({"block": block, "use": use, "where": where}))
        eq(value["driver"]["after"], "nvme")
        ret = b.run(verb, BDF)
        has(ret.stderr, "in use", block, "--force")


@test
def a_mounted_disk_keeps_its_driver(b):
    kernel = ready(b, disk=True)
    b.tree.mounts([(model.DISK_DEV, "/data", "/dev/whatever")])
    refused_as_busy(b, kernel, "nvme0n1", "mounted", "/data")


@test
def a_mounted_partition_keeps_its_driver(b):
    kernel = ready(b, disk=True)
    b.tree.mounts([("8:1", "/", "/dev/sda1"), (model.PART_DEV, "/my\\040data", "/dev/root")])
    refused_as_busy(b, kernel, "nvme0n1p1", "mounted", "/my\\x5c040data")


@test
def a_mount_with_an_anonymous_number_is_found_by_its_source(b):
    kernel = ready(b, disk=True)
    b.tree.mounts([("0:55", "/btrfs", "/dev/nvme0n1p1")])
    refused_as_busy(b, kernel, "nvme0n1p1", "mounted", "/btrfs")


@test
def swap_on_the_disk_keeps_its_driver(b):
    kernel = ready(b, disk=True)
    b.tree.swap("/dev/nvme0n1p1")
    refused_as_busy(b, kernel, "nvme0n1p1", "swap", None)


@test
def a_device_mapper_on_top_keeps_its_driver_and_names_its_mount(b):
    kernel = ready(b, disk=True)
    b.tree.add_dm()
    b.tree.mounts([("253:9000", "/crypt", "/dev/mapper/crypt")])
    refused_as_busy(b, kernel, "nvme0n1p1", "held", "dm-0")
    refused_as_busy(b, kernel, "dm-0", "mounted", "/crypt")


@test
def holders_that_go_in_circles_are_survived(b):
    ready(b, disk=True)
    b.tree.add_dm("dm-0")
    os.makedirs(b.tree.path("devices/virtual/block/dm-0/holders"))
    b.tree.link("class/block/dm-0/holders/nvme0n1p1", "class/block/nvme0n1p1")
    eq(b.run("connect", BDF).returncode, 5)


@test
def an_nvme_multipath_disk_keeps_its_driver(b):
    kernel = ready(b)
    home = f"devices/pci0000:00/{model.PORT}/{BDF}/nvme/nvme0/nvme0c0n1"
    b.tree.put(f"{home}/hidden", "1\n")
    b.tree.link("class/block/nvme0c0n1", home)
    head = "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1"
    b.tree.put(f"{head}/dev", model.DISK_DEV + "\n")
    b.tree.put(f"{head}/nvme0n1p1/dev", model.PART_DEV + "\n")
    b.tree.put(f"{head}/nvme0n1p1/partition", "1\n")
    b.tree.link("class/block/nvme0n1", head)
    b.tree.link("class/block/nvme0n1p1", f"{head}/nvme0n1p1")
    b.tree.mounts([(model.PART_DEV, "/mp", "/dev/nvme0n1p1")])
    refused_as_busy(b, kernel, "nvme0n1p1", "mounted", "/mp")


@test
def a_disk_that_is_open_exclusively_keeps_its_driver(b):
    kernel = ready(b, disk=True)
    for n in range(7, -1, -1):
        try:
            fd = os.open(f"/dev/loop{n}", os.O_RDONLY | os.O_EXCL)
            break
        except OSError:
            continue
    else:
        raise Skip("no free loop device to claim (the private root has none)")
    rdev = os.fstat(fd).st_rdev
    home = f"devices/pci0000:00/{model.PORT}/{BDF}/block/loop{n}"
    b.tree.put(f"{home}/dev", f"{os.major(rdev)}:{os.minor(rdev)}\n")
    b.tree.link(f"class/block/loop{n}", home)
    try:
        refused_as_busy(b, kernel, f"loop{n}", "claimed", None)
    finally:
        os.close(fd)


@test
def another_devices_mount_is_none_of_ours(b):
    ready(b, disk=True)
    b.tree.mounts([("8:1", "/", "/dev/sda1"), ("0:5", "/dev", "devtmpfs"),
                   ("259:90", "/x", "/dev/nvme0n11")])
    eq(b.run("connect", BDF).returncode, 0)


@test
def mounts_that_cannot_be_read_are_a_refusal(b):
    kernel = ready(b, disk=True)
    os.unlink(os.path.join(b.tree.proc, "self/mountinfo"))
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.log), (1, []))
    has(ret.stderr, "cannot tell whether")


@test
def force_goes_on_and_says_so(b):
    kernel = ready(b, disk=True)
    b.tree.mounts([(model.DISK_DEV, "/data", "/dev/nvme0n1")])
    value, status = b.json("verb.json", "connect", BDF, "--force")
    eq((status, kernel.verbs()), (0, ["unbind", "connect", "bind"]))
    has(" ".join(warning_ids(value)), "in-use")


@test
def mountinfo_that_makes_no_sense_is_survived(b):
    ready(b, disk=True)
    with open(os.path.join(b.tree.proc, "self/mountinfo"), "w", encoding="ascii") as f:
        f.write("\n\n1\n1 2 3 4 5 6 -\n1 2 x:y / / rw - ext4\n" + "- " * 5000 + "\n" + "x" * 100000)
    eq(b.run("connect", BDF).returncode, 0)
