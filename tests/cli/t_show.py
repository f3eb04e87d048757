# SPDX-License-Identifier: GPL-2.0
"""tdi show."""
import json
import os
import re
import threading
import time

import model
from bench import TDI_MODEL, eq, has, hasnt, test, warning_ids
from model import BDF


@test
def show_of_what_is_no_tdi_exits_4_with_the_reason(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False)
    ret = b.run("show", BDF)
    eq(ret.returncode, 4)
    has(ret.stderr, "not a TDI: no TEE-IO bit")
    ret = b.run("show", "0000:07:00.0")
    eq(ret.returncode, 4)
    has(ret.stderr, "no such PCI device")


@test
def show_of_a_shared_device_has_no_evidence(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    ret = b.run("show", BDF)
    eq(ret.returncode, 0)
    has(ret.stdout, "CONFIG_UNLOCKED", "every byte is copied", "no evidence", "protects nothing")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["report"], value["nonce"], value["generation"]), (0, None, None, 0))


@test
def show_says_plainly_what_is_not_verified_and_not_protected(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    ret = b.run("show", BDF)
    eq(ret.returncode, 0)
    has(ret.stdout, "identity was NOT verified", "The platform is emulated: it protects nothing.",
        "who signed the measurements")
    value, _ = b.json("show.json", "show", BDF)
    eq(warning_ids(value), ["platform-emulated", "identity-unverified"])


@test
def show_of_a_verified_device_warns_of_nothing(b):
    b.tree.add_tsm(platform="real")
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("identity", "verified\n")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["warnings"]), (0, []))
    hasnt(b.run("show", BDF).stdout, "WARNING", "NOT", "emulated")


@test
def show_tells_sizes_nonce_generation_and_last_verb(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("result", "connect: ok: generation 3\n")
    value, _ = b.json("show.json", "show", BDF)
    eq(value["evidence_sizes"]["certificates"], 1800)
    eq(value["evidence_sizes"]["report"], len(model.report()))
    eq(value["nonce"], bytes(range(32)).hex())
    eq((value["generation"], value["result"]), (3, "connect: ok: generation 3"))
    has(b.run("show", BDF).stdout, bytes(range(32)).hex(), "1800 bytes", "connect: ok")


@test
def show_explains_the_report(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    text = b.run("show", BDF).stdout
    has(text, "matches the device's BARs", "not permitted while locked", "3 MMIO ranges")
    rows = [line.split() for line in text.splitlines() if re.match(r" +0 +0x", line)]
    eq(rows, [["0", "0x0", "8", "KiB", "private"],
              ["0", "0x2000", "4", "KiB", "private", "MSI-X", "table"],
              ["0", "0x3000", "4", "KiB", "shared"]])
    value, _ = b.json("show.json", "show", BDF)
    eq([(r["bar_offset"], r["size"], r["non_tee"], r["msix_table"]) for r in value["report"]["ranges"]],
       [(0, 8192, False, False), (8192, 4096, False, True), (12288, 4096, True, False)])


@test
def show_has_the_firmware_update_bit_the_right_way_round(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    for info, word, flag in ((1, "not permitted while locked", True), (0, "PERMITTED", False)):
        b.tree.tsm("report", model.report(info=info))
        has(b.run("show", BDF).stdout, word)
        value, _ = b.json("show.json", "show", BDF)
        eq(value["report"]["interface_info"]["no_firmware_update"], flag)


@test
def show_explains_every_interface_bit(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    names = ["no_firmware_update", "dma_without_pasid", "dma_with_pasid", "ats", "prs"]
    for bit, name in enumerate(names):
        b.tree.tsm("report", model.report(info=1 << bit))
        value, _ = b.json("show.json", "show", BDF)
        info = value["report"]["interface_info"]
        eq([n for n in names if info[n]], [name])


@test
def a_report_that_does_not_match_exits_2(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("report", model.report([(0x100, 2, 0, 2)]))
    ret = b.run("show", BDF)
    eq(ret.returncode, 2)
    has(ret.stdout, "DOES NOT MATCH", "WARNING")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["report"]["ranges"][0]["bar_offset"]), (2, None))
    assert value["report"]["mismatch"]
    has(" ".join(warning_ids(value)), "report-mismatch")


@test
def a_malformed_report_exits_2_with_the_check(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    good = model.report()
    for bad in (good[:-1], good + b"\0", good[:19], b"\0", b"\xff" * 64,
                good[:12] + b"\xff\xff\xff\xff" + good[16:]):
        b.tree.tsm("report", bad)
        value, status = b.json("show.json", "show", BDF)
        eq((status, value["report"]["ranges"]), (2, []))
        assert value["report"]["malformed"]["check"]
        has(b.run("show", BDF).stdout, "MALFORMED")


@test
def evidence_without_end_is_bounded(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("report", b"\0" * 65537)
    for name in ("certificates", "measurements"):
        os.truncate(b.tree.path(b.tree.dev(f"tsm/{name}")), 1 << 40)
    b.tree.tsm("nonce", b"n" * 33)
    b.tree.tsm("generation", "9" * 5000)
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["report"], value["generation"], value["nonce"]), (2, None, None, None))
    eq(value["unreadable"], {"certificates": "EFBIG", "measurements": "EFBIG", "report": "EFBIG",
                             "nonce": "EBADMSG"})


@test
def a_report_of_the_largest_size_is_shown_whole(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("report", model.report(device_info=b"i" * (65536 - 20 - 48)))
    value, status = b.json("show.json", "show", BDF)
    eq((status, len(value["report"]["ranges"])), (0, 3))


@test
def nothing_from_outside_reaches_the_terminal_unescaped(b):
    b.tree.add_tsm(platform="\x1b]0;evil\x07")
    b.tree.add_tdi()
    b.tree.connected()
    evil = "connect: \x1b[2J\x9b\"quoted\" \\ \u00e9 two\nlines\r\n"
    for name in ("result", "state", "dma", "identity", "connect", "lock"):
        b.tree.tsm(name, evil)
    b.tree.put(b.tree.dev("driver_override"), evil)
    os.makedirs(b.tree.path("class/tsm/\x1b[31mtsm9"))
    for args in (["show", BDF], ["list"], ["list", "--all"]):
        ret = b.run(*args)
        assert not re.search(r"[^\n\x20-\x7e]", ret.stdout + ret.stderr), ret
    value, _ = b.json("show.json", "show", BDF)
    eq(value["result"], "connect: \\x1b[2J\\xc2\\x9b\"quoted\" \\x5c \\xc3\\xa9 two\\x0alines\\x0d")
    eq(value["device"]["tsm"], None)


@test
def an_endless_line_is_cut_and_says_so(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.tsm("result", "r" * 100000)
    value, _ = b.json("show.json", "show", BDF)
    assert value["result"].endswith("r...") and len(value["result"]) < 1100


@test
def show_warns_of_error_and_of_run_without_acceptance(b):
    b.tree.add_tsm(platform="real")
    b.tree.add_tdi()
    b.tree.tsm("state", "ERROR\n")
    b.tree.tsm("dma", "blocked\n")
    value, _ = b.json("show.json", "show", BDF)
    eq(warning_ids(value), ["state-error", "dma-blocked"])
    b.tree.shared()
    b.tree.tsm("state", "RUN\n")
    value, _ = b.json("show.json", "show", BDF)
    eq(warning_ids(value), ["run-not-accepted"])


@test
def evidence_that_changes_while_it_is_read_is_reported(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    # A FIFO in place of the number: each read gets the next one.
    path = b.tree.path(b.tree.dev("tsm/generation"))
    os.unlink(path)
    os.mkfifo(path)
    stop = threading.Event()

    def feed():
        n = 0
        while not stop.is_set():
            n += 1
            with open(path, "w", encoding="ascii") as f:
                f.write(f"{n}\n")
            time.sleep(0.02)    # lets the reader see the end of this one

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    ret = b.one(TDI_MODEL, "show", BDF, "--json")
    stop.set()
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    value = json.loads(ret.stdout)
    eq(ret.returncode, 2)
    has(" ".join(warning_ids(value)), "evidence-changing")
