# SPDX-License-Identifier: GPL-2.0
"""tdi audit."""
import os
import re

from bench import TDI, as_nobody, eq, has, hasnt, test, warning_ids
from model import BDF

OTHER = "0000:02:00.0"
LINES = ("command coalesce 14 0x004 0x00000403 modprobe\n"
         "port-bridge-control refuse 1 0x03e 0x00000040 kworker/0:1 two\n"
         "device-control unbind-first 18446744073709551615 0x068 0xffffffff sh\n")


@test
def audit_is_a_table_that_is_aligned(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.tsm("audit", LINES)
    ret = b.run("audit", BDF)
    eq((ret.returncode, ret.stderr), (0, ""))
    head, *rows = ret.stdout.splitlines()[:4]
    for name, cells in (("REGISTER", ["command", "port-bridge-control", "device-control"]),
                        ("EFFECT", ["coalesce", "refuse", "unbind-first"]),
                        ("OFFSET", ["0x004", "0x03e", "0x068"]),
                        ("VALUE", ["0x00000403", "0x00000040", "0xffffffff"])):
        eq([row[head.index(name):].split()[0] for row in rows], cells)
    eq([row[head.index("TASK"):] for row in rows], ["modprobe", "kworker/0:1 two", "sh"])
    # Numbers end where their heading ends.
    end = head.index("COUNT") + len("COUNT")
    eq([row[:end].split()[-1] for row in rows], ["14", "1", "18446744073709551615"])
    has(ret.stdout, "coalesce: not done; whoever", "unbind-first: not done; possible")


@test
def audit_json_fits_its_schema(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    b.tree.tsm("audit", LINES)
    value, status = b.json("audit.json", "audit")
    eq((status, warning_ids(value)), (0, ["platform-emulated"]))
    device = value["devices"][0]
    eq((device["bdf"], device["error"], device["reason"]), (BDF, None, None))
    eq(device["entries"][0], {"register": "command", "effect": "coalesce", "count": 14,
                              "offset": "0x004", "value": "0x00000403", "task": "modprobe"})
    eq([e["count"] for e in device["entries"]], [14, 1, 2**64 - 1])


@test
def audit_says_where_nothing_was_tried(b):
    b.tree.add_tsm(platform="real")
    b.tree.add_tdi()
    b.tree.tsm("audit", "")
    ret = b.run("audit", BDF)
    eq((ret.returncode, ret.stdout), (0, f"{BDF}  nothing was tried\n"))
    value, status = b.json("audit.json", "audit", BDF)
    eq((status, value["devices"][0]["entries"]), (0, []))


@test
def audit_without_a_device_is_of_every_tdi_and_else_of_those_named(b):
    b.tree.add_tsm()
    b.tree.add_function("0000:00:03.0", tee_io=False)
    b.tree.add_tdi()
    b.tree.add_tdi(OTHER)
    b.tree.tsm("audit", "")
    b.tree.tsm("audit", LINES, OTHER)
    for args, bdfs in (([], [BDF, OTHER]), (["02:00.0"], [OTHER]), ([OTHER, BDF], [OTHER, BDF])):
        value, status = b.json("audit.json", "audit", *args)
        eq((status, [d["bdf"] for d in value["devices"]]), (0, bdfs))
    text = b.run("audit").stdout
    has(text, f"{BDF}  nothing was tried", f"{OTHER}  command ")


@test
def audit_of_an_older_module_says_so_plainly(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.add_tdi(OTHER)
    b.tree.tsm("audit", LINES, OTHER)
    ret = b.run("audit")
    eq(ret.returncode, 1)
    has(ret.stderr, f"tdi: {BDF}: not known: the module tdi that is loaded keeps no audit")
    has(ret.stdout, f"{OTHER}  command ")
    hasnt(ret.stdout, "nothing was tried", BDF)
    value, status = b.json("audit.json", "audit", BDF)
    eq((status, value["devices"][0]["entries"], value["devices"][0]["error"]), (1, None, "ENOENT"))


@test
def audit_of_what_is_no_tdi_exits_4(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False)
    for bdf, why in ((BDF, "not a TDI: no TEE-IO bit"), ("0000:07:00.0", "no such PCI device")):
        ret = b.run("audit", bdf)
        eq((ret.returncode, ret.stdout), (4, ""))
        has(ret.stderr, why)
    ret = b.run("audit")
    eq(ret.returncode, 0)
    has(ret.stdout, "No function is a TDI")
    b.tree.remove("class/tsm/tsm0")
    has(b.run("audit").stdout, "no guest TSM is registered")


@test
def a_task_that_calls_itself_hostile_names_is_escaped(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for task in (b"\x1b[2J\x07", b"\x9b31m", b"a\0b", b'"\\', b" lead", b"\r0000:02:00.0  fake",
                 b"", b"x" * 3000):
        b.tree.tsm("audit", b"command refuse 1 0x4 0x0 " + task + b"\n")
        ret = b.run("audit", BDF)
        eq((task, ret.returncode, ret.stderr), (task, 0, ""))
        assert not re.search(r"[^\n\x20-\x7e]", ret.stdout), ret
        eq(sum(line.startswith("0000:") for line in ret.stdout.splitlines()), 1)
        value, _ = b.json("audit.json", "audit", BDF)
        assert len(value["devices"][0]["entries"][0]["task"]) < 128
    b.tree.tsm("audit", b"command refuse 1 0x4 0x0 \x1b a\n")
    eq(b.json("audit.json", "audit")[0]["devices"][0]["entries"][0]["task"], "\\x1b a")


@test
def a_line_that_makes_no_sense_is_named_and_nothing_else_is_told(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    good = b"command refuse 1 0x004 0x00000000 sh\n"
    effects = "one of coalesce, refuse, unbind-first"
    offset, value_ = "an offset from 0x0 to 0xfff", "a value of up to 8 digits after 0x"
    for bad, expected, found in (
            (b"\n", "the name of a register", "nothing"),
            (b"com\x1bmand refuse 1 0x4 0x0 sh\n", "the name of a register", '"com\\x1bmand"'),
            (b" command refuse 1 0x4 0x0 sh\n", "the name of a register", "nothing"),
            (b"c" * 40 + b" refuse 1 0x4 0x0 sh\n", "the name of a register", '"ccc'),
            (b"command\n", effects, "nothing"),
            (b"command allow 1 0x4 0x0 sh\n", effects, '"allow"'),
            (b"command refuse\0x 1 0x4 0x0 sh\n", effects, '"refuse\\x00x"'),
            (b"command  refuse 1 0x4 0x0 sh\n", effects, "nothing"),
            (b"command refuse -1 0x4 0x0 sh\n", "a decimal count", '"-1"'),
            (b"command refuse 18446744073709551616 0x4 0x0 sh\n", "a decimal count", '"184'),
            (b"command refuse 1 4 0x0 sh\n", offset, '"4"'),
            (b"command refuse 1 0x1000 0x0 sh\n", offset, '"0x1000"'),
            (b"command refuse 1 0x 0x0 sh\n", offset, '"0x"'),
            (b"command refuse 1 0x4 0x1g sh\n", value_, '"0x1g"'),
            (b"command refuse 1 0x4 0x100000000 sh\n", value_, '"0x100000000"'),
            (b"command refuse 1 0x4\n", value_, "nothing"),
            (b"command refuse 1 0x4 0x0 s", "a newline at its end", '"command'),
            (b"x" * 500, "a newline at its end", '...')):
        b.tree.tsm("audit", good + bad)
        ret = b.run("audit", BDF)
        eq((bad, ret.returncode), (bad, 1))
        has(ret.stderr, f"tdi: {BDF}: line 2 of tsm/audit: expected {expected}, found ", found)
        assert not re.search(r"[^\n\x20-\x7e]", ret.stderr), ret
        hasnt(ret.stdout, "command", "nothing was tried")
        value, status = b.json("audit.json", "audit", BDF)
        device = value["devices"][0]
        eq((status, device["entries"], device["error"]), (1, None, "EPROTO"))
        has(device["reason"], expected)


@test
def an_audit_without_end_is_bounded(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.tsm("audit", LINES * 1000)
    value, status = b.json("audit.json", "audit", BDF)
    eq((status, value["devices"][0]["error"]), (1, "EFBIG"))
    b.tree.tsm("audit", (LINES * 1000)[:65536].rsplit("\n", 1)[0] + "\n")
    value, status = b.json("audit.json", "audit", BDF)
    eq(status, 0)
    assert len(value["devices"][0]["entries"]) > 1000


@test
def the_audit_is_roots(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.tsm("audit", LINES)
    os.chmod(b.tree.path(b.tree.dev("tsm/audit")), 0o400)
    ret = as_nobody(b, TDI, "audit", BDF)
    eq((ret.returncode, ret.stdout), (1, ""))
    has(ret.stderr, "can be read by root only")
