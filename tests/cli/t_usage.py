# SPDX-License-Identifier: GPL-2.0
"""The command line."""
import re
import subprocess

from bench import TDI, TIMEOUT, eq, has, hasnt, test
from model import BDF


@test
def help_lists_every_verb_and_the_exit_statuses(b):
    ret = b.run("--help")
    eq(ret.returncode, 0)
    has(ret.stdout, "list", "show", "bounce", "audit", "recovery", "watch", "connect",
        "3 policy refuses", "6 TPM", "measure", "quote")


@test
def help_of_a_verb_is_the_same_both_ways(b):
    for verb in ("list", "show", "bounce", "audit", "recovery", "watch", "connect",
                 "disconnect", "gate", "status"):
        one, other = b.run("help", verb), b.run(verb, "--help")
        eq((one.returncode, other.returncode), (0, 0))
        eq(one.stdout, other.stdout)
        has(one.stdout, f"usage: tdi {verb}")


@test
def version_is_one_line(b):
    ret = b.run("--version")
    eq(ret.returncode, 0)
    assert re.fullmatch(r"tdi \S+\n", ret.stdout), ret.stdout


@test
def wrong_usage_exits_1_and_writes_nothing_to_stdout(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for args in ([], ["frobnicate"], ["--frobnicate"], ["list", "x"], ["list", "--x"], ["show"],
                 ["show", BDF, BDF], ["bounce", BDF], ["bounce", "--x"], ["audit", "x"],
                 ["audit", BDF, "--x"], ["audit", BDF, "01:00"], ["connect"],
                 ["recovery"], ["recovery", "recover"], ["recovery", BDF, "recover", "x"],
                 ["connect", BDF, "--wait", "-1"],
                 ["connect", BDF, "--wait", "99999999999999999999"],
                 ["connect", BDF, "--tsm", "../tsm0"], ["connect", BDF, "--tsm", ""],
                 ["disconnect", BDF, "--nonsense"], ["status", BDF],
                 ["status", "--x"], ["help", "x"]):
        ret = b.run(*args)
        eq((args, ret.returncode, ret.stdout), (args, 1, ""))
        assert ret.stderr, args


@test
def what_is_no_pci_address_is_refused(b):
    for bdf in ("", "01", "01:00", "01:00.", "01:00.8", "01:20.0", "1:2:3:4.5", "000:01:00.0",
                "0000:01:00.0x", "0000:01:00.0/../x", "../0000:01:00.0", "\x1b[2J", "-1:00.0",
                "123456789:01:00.0", " 01:00.0"):
        ret = b.run("show", "--", bdf)
        eq((bdf, ret.returncode), (bdf, 1))
        hasnt(ret.stderr, "\x1b")


@test
def a_pci_address_may_be_short_or_in_capitals(b):
    b.tree.add_tsm()
    b.tree.add_tdi("0000:0a:00.0")
    for bdf in ("0a:00.0", "0A:00.0", "0000:0A:00.0", "a:0.0"):
        value, status = b.json("show.json", "show", bdf)
        eq((status, value["device"]["bdf"]), (0, "0000:0a:00.0"))


@test
def output_that_cannot_be_written_is_a_failure(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    with open("/dev/full", "w", encoding="ascii") as full:
        ret = subprocess.run(b.argv(TDI, ["list"]), env=b.env(), stdout=full,
                             stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    eq(ret.returncode, 1)
    has(ret.stderr.decode(), "cannot write")
