# SPDX-License-Identifier: GPL-2.0
"""tdi list."""
import json
import os
import shutil

import model
from bench import eq, has, hasnt, on_terminal, test
from model import BDF


@test
def list_without_a_tsm_says_so(b):
    b.tree.add_function(tee_io=True)
    ret = b.run("list")
    eq(ret.returncode, 0)
    has(ret.stdout, "no guest TSM is registered", "1 of 1 PCI functions announce TEE-IO")
    value, status = b.json("list.json", "list")
    eq((status, value["tsms"], value["devices"]), (0, [], []))


@test
def list_without_a_capable_device_says_so(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False)
    has(b.run("list").stdout, "None of 1 PCI functions announces TEE-IO")


@test
def list_with_an_unclaimed_device_says_so(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=True)
    has(b.run("list").stdout, "but no TSM claims one")


@test
def list_without_a_sysfs_is_an_empty_list(b):
    shutil.rmtree(b.tree.sys)
    ret = b.run("list")
    eq(ret.returncode, 0)
    has(ret.stdout, "no guest TSM")


@test
def list_aligns_its_columns(b):
    b.tree.add_tsm()
    b.tree.add_tdi(BDF, "nvme")
    b.tree.add_tdi("0000:02:00.0", "a-driver-with-a-long-name")
    b.tree.connected("0000:02:00.0")
    lines = b.run("list").stdout.splitlines()
    head, rows = lines[0], lines[1:3]
    for name, cells in (("ID", ["1234:7d52"] * 2), ("STATE", ["CONFIG_UNLOCKED", "RUN"]),
                        ("DMA", ["bounce", "direct"]), ("IDENTITY", ["none", "unverified"]),
                        ("TSM", ["-", "tsm0"])):
        for row, cell in zip(rows, cells):
            eq(row[head.index(name):].split()[0], cell)
    has("\n".join(lines[3:]), "emulated: it protects nothing")


@test
def list_shows_tdis_only_and_all_shows_the_rest_with_a_reason(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.add_function("0000:00:03.0", tee_io=False, driver="virtio-pci")
    b.tree.add_function("0000:00:04.0", tee_io=True)
    b.tree.add_function("0000:00:05.0")
    b.tree.put(b.tree.dev("config", "0000:00:05.0"), model.config_space(True)[:64])
    hasnt(b.run("list").stdout, "0000:00:03.0")
    text = b.run("list", "--all").stdout
    has(text, "no TEE-IO bit", "TEE-IO, but no TSM claims it", "root can")
    value, status = b.json("list.json", "list", "--all")
    eq(status, 0)
    eq({d["bdf"]: d["why_no_tdi"] for d in value["devices"]},
       {BDF: None, "0000:00:03.0": "no-tee-io", "0000:00:04.0": "not-claimed",
        "0000:00:05.0": "tee-io-unknown"})


@test
def the_function_of_a_tsm_is_no_tdi_for_its_class_directory(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False, driver="tdi-emu")
    os.makedirs(b.tree.path(b.tree.dev("tsm/tsm0")))
    value, status = b.json("list.json", "list")
    eq((status, value["devices"]), (0, []))


@test
def a_capability_list_that_loops_or_lies_is_survived(b):
    b.tree.add_tsm()
    for i, cfg in enumerate((bytes([0x10, 0x10]) * 128, b"\xff" * 256, b"", b"\x10" * 63,
                             b"\x10" * 65, bytes([0x11, 0x40]) * 128, b"\x10\xfc" * 128)):
        bdf = f"0000:00:1{i}.0"
        b.tree.add_function(bdf)
        b.tree.put(b.tree.dev("config", bdf), cfg)
    eq(b.run("list", "--all").returncode, 0)


@test
def list_json_fits_its_schema(b):
    b.tree.add_tsm()
    b.tree.add_tsm("tsm1", "another")
    b.tree.add_tdi()
    b.tree.connected()
    value, status = b.json("list.json", "list")
    eq(status, 0)
    eq(value["tsms"][1], {"name": "tsm1", "platform": "another"})
    dev = value["devices"][0]
    eq((dev["state"], dev["dma"], dev["identity"], dev["tsm"], dev["driver"]),
       ("RUN", "direct", "unverified", "tsm0", "nvme"))


@test
def json_may_be_asked_for_before_the_verb(b):
    b.tree.add_tsm()
    eq(json.loads(b.run("--json", "list").stdout)["kind"], "list")


@test
def a_host_side_tsm_is_not_listed(b):
    b.tree.add_tsm("tsm0", mode="link")
    value, _ = b.json("list.json", "list")
    eq(value["tsms"], [])


@test
def a_state_that_cannot_be_read_is_shown_and_is_a_failure(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.remove(b.tree.dev("tsm/state"))
    os.mkdir(b.tree.path(b.tree.dev("tsm/state")))      # read() gives EISDIR, even to root
    value, status = b.json("list.json", "list")
    eq((status, value["devices"][0]["state"], value["devices"][0]["unreadable"]),
       (1, None, {"state": "EISDIR"}))
    has(b.run("list").stdout, "?EISDIR")


@test
def colour_is_for_terminals_that_want_it(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    has(on_terminal(b, "list", TERM="xterm"), "\x1b[32mRUN")
    hasnt(on_terminal(b, "list", TERM="xterm", NO_COLOR="1"), "\x1b")
    hasnt(on_terminal(b, "list", TERM="dumb"), "\x1b")
    hasnt(b.run("list").stdout, "\x1b")


@test
def list_names_the_virtio_devices_that_go_past_the_dma_api(b):
    b.tree.add_tsm()
    b.tree.add_tdi(driver="virtio-pci")
    b.tree.add_function("0000:00:04.0", driver="virtio-pci", tee_io=False)
    b.tree.add_virtio("virtio0", BDF)
    b.tree.add_virtio("virtio1", "0000:00:04.0", access_platform=False, driver="virtio_net")
    b.tree.add_virtio("virtio2", access_platform=False, driver="virtio_console")
    b.tree.add_virtio("virtio3", access_platform=False, driver=None)
    for args in (["list"], ["list", "--all"]):
        ret = b.run(*args)
        eq((ret.returncode, ret.stderr), (0, ""))
        has(ret.stdout, "\nvirtio1 at 0000:00:04.0 (virtio_net) did not negotiate ACCESS_PLATFORM: "
            "it goes past the DMA API.\nvirtio2 (virtio_console) did not")
        hasnt(ret.stdout, "virtio0", "virtio3")
    value, status = b.json("list.json", "list")
    eq(status, 0)
    eq([(v["name"], v["bdf"], v["driver"], v["access_platform"]) for v in value["virtio"]],
       [("virtio0", BDF, "virtio_blk", True), ("virtio1", "0000:00:04.0", "virtio_net", False),
        ("virtio2", None, "virtio_console", False)])


@test
def list_without_virtio_says_nothing_of_it(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    hasnt(b.run("list").stdout, "virtio", "ACCESS_PLATFORM")
    eq(b.json("list.json", "list")[0]["virtio"], [])


@test
def virtio_features_that_make_no_sense_are_a_hole_in_the_list(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.add_virtio("virtio0")
    for text in ("", "0" * 33, "0" * 33 + "2" + "0" * 30, "0" * 20 + "\x1b" + "1" * 43):
        b.tree.put("devices/platform/virtio0/features", text + "\n")
        ret = b.run("list")
        eq((text, ret.returncode), (text, 1))
        has(ret.stdout,
            "virtio0 (virtio_blk): whether it goes past the DMA API cannot be told (EPROTO)")
        value, status = b.json("list.json", "list")
        eq((status, value["virtio"][0]["access_platform"]), (1, None))
