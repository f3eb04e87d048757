# SPDX-License-Identifier: GPL-2.0
"""tdi recovery, and what tdi show tells of it."""
import errno
import os
import re

from bench import TDI, as_nobody, eq, has, hasnt, ready, test, warning_ids
from model import BDF

PATH = f"bus/pci/devices/{BDF}/tsm/recovery"


def files(b, choices="[stay-down] recover", stats="losses 3\nrecovered 1\nchanged 1\nfailed 1\n"):
    b.tree.tsm("recovery", choices + "\n")
    b.tree.tsm("recovery_stats", stats)


def settable(b):
    kernel = ready(b)
    files(b)

    def store(text):
        words = ["[" + w + "]" if w == text else w for w in ("stay-down", "recover")]
        b.tree.tsm("recovery", " ".join(words) + "\n")
        return 0
    kernel.on[PATH] = store
    return kernel


# ---- show ----

@test
def show_tells_how_a_device_recovers_and_how_often_it_did(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    files(b)
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["recovery"]), (0, {
        "choices": ["stay-down", "recover"], "chosen": "stay-down",
        "stats": {"losses": 3, "recovered": 1, "changed": 1, "failed": 1}, "unreadable": {}}))
    has(b.run("show", BDF).stdout, "Recovery    [stay-down] recover: once lost it stays down",
        "3 lost, 1 recovered, 1 came back with other evidence, 1 failed\n")


@test
def show_of_a_module_without_recovery_says_nothing_of_it(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["recovery"]), (0, None))
    hasnt(b.run("show", BDF).stdout, "ecover", "counted")
    b.tree.tsm("recovery", "stay-down [recover]\n")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["recovery"]["chosen"], value["recovery"]["stats"]), (0, "recover", None))


@test
def show_of_recovery_files_that_make_no_sense_is_a_failure(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    files(b, choices="[\x1b]", stats="losses x\n")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["recovery"]), (1, {"choices": None, "chosen": None, "stats": None,
                                         "unreadable": {"choices": "EPROTO", "stats": "EPROTO"}}))
    files(b, stats="losses 1\nnewer 4\n")
    value, status = b.json("show.json", "show", BDF)
    eq((status, value["recovery"]["stats"]["losses"], value["recovery"]["stats"]["failed"]),
       (0, 1, None))


# ---- recovery ----

@test
def recovery_shows_policy_and_counters(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    files(b, "stay-down [recover]")
    value, status = b.json("recovery-verb.json", "recovery", BDF)
    eq((status, value["outcome"], value["error"], warning_ids(value)),
       (0, "shown", None, ["platform-emulated"]))
    eq(value["recovery"]["chosen"], "recover")
    ret = b.run("recovery", "01:00.0")
    eq((ret.returncode, ret.stderr), (0, ""))
    has(ret.stdout, f"{BDF}: recovery stay-down [recover]: once lost it is locked again, attested",
        f"{BDF}: 3 lost, 1 recovered")


@test
def recovery_is_set_and_read_back(b):
    kernel = settable(b)
    ret = b.run("recovery", BDF, "recover")
    eq((ret.returncode, ret.stderr, kernel.log), (0, "", [(PATH, "recover")]))
    has(ret.stdout, "recovery is recover now", "stay-down [recover]")
    value, status = b.json("recovery-verb.json", "recovery", BDF, "stay-down")
    eq((status, value["outcome"], value["recovery"]["chosen"]), (0, "done", "stay-down"))
    eq(len(kernel.log), 2)


@test
def recovery_that_is_set_already_touches_nothing(b):
    kernel = settable(b)
    value, status = b.json("recovery-verb.json", "recovery", BDF, "stay-down")
    eq((status, value["outcome"], kernel.log), (0, "unchanged", []))
    has(b.run("recovery", BDF, "stay-down").stdout, "is stay-down already")


@test
def a_policy_that_the_kernel_does_not_offer_is_refused_before_it_is_asked(b):
    kernel = settable(b)
    for word in ("restart", "", "[recover]", "recover ", "\x1b[2J"):
        ret = b.run("recovery", BDF, word)
        eq((word, ret.returncode, ret.stdout, kernel.log), (word, 1, "", []))
        has(ret.stderr, 'expected one of [stay-down] recover, found "')
        assert not re.search(r"[^\n\x20-\x7e]", ret.stderr), ret


@test
def recovery_of_an_older_module_says_so_plainly(b):
    kernel = ready(b)
    for args in ((BDF,), (BDF, "recover")):
        ret = b.run("recovery", *args)
        eq((ret.returncode, ret.stdout, kernel.log), (1, "", []))
        has(ret.stderr, "the module tdi that is loaded knows none")
        value, status = b.json("recovery-verb.json", "recovery", *args)
        eq((status, value["outcome"], value["error"], value["recovery"]),
           (1, "failed", "ENOENT", None))


@test
def recovery_that_the_kernel_refuses_has_its_status_reason_and_advice(b):
    kernel = settable(b)
    for err, expected in ((errno.EBUSY, 5), (errno.EIO, 4), (errno.EPERM, 2), (errno.EINVAL, 1)):
        kernel.on[PATH] = lambda text, err=err: err
        value, status = b.json("recovery-verb.json", "recovery", BDF, "recover")
        eq((err, status, value["outcome"], value["error"]),
           (err, expected, "failed", errno.errorcode[err]))
        eq(value["reason"], os.strerror(err))
        kernel.on[PATH] = lambda text, err=err: kernel.refuse("recovery", err, "no reset")
        eq(b.json("recovery-verb.json", "recovery", BDF, "recover")[0]["reason"], "no reset")
        b.tree.tsm("result", "\n")
    kernel.on[PATH] = lambda text: (0, errno.EACCES)
    ret = b.run("recovery", BDF, "recover")
    eq(ret.returncode, 1)
    has(ret.stderr, "cannot open tsm/recovery: Permission denied (EACCES)", "This takes root.")
    kernel.on[PATH] = lambda text: 0
    ret = b.run("recovery", BDF, "recover")
    eq((ret.returncode, ret.stdout), (4, ""))
    has(ret.stderr, "the kernel reported success, but shows stay-down")


@test
def anybody_may_look_at_recovery_and_root_may_set_it(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    files(b)
    eq(as_nobody(b, TDI, "recovery", BDF).returncode, 0)
    ret = as_nobody(b, TDI, "recovery", BDF, "recover")
    eq((ret.returncode, ret.stdout), (1, ""))
    has(ret.stderr, "This takes root.")


@test
def recovery_of_what_is_no_tdi_exits_4(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False)
    eq(b.run("recovery", BDF).returncode, 4)
    eq(b.run("recovery", "07:00.0", "recover").returncode, 4)


@test
def recovery_that_cannot_be_read_is_a_failure(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    files(b, choices="[a b]")
    ret = b.run("recovery", BDF)
    eq((ret.returncode, ret.stdout), (1, ""))
    has(ret.stderr, "expected words, the chosen one in brackets")
    files(b, stats="losses -1\n")
    ret = b.run("recovery", BDF)
    eq(ret.returncode, 1)
    has(ret.stderr, "cannot read tsm/recovery_stats")
