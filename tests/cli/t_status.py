# SPDX-License-Identifier: GPL-2.0
"""tdi status."""
import errno
import os
import shutil
import time

from bench import as_nobody, Skip, TDI, eq, has, hasnt, test
from model import BDF
from t_gate import EVIDENCE, OTHER, YES, Gate


def status(g, *args):
    """As JSON, and as text."""
    args = ("status", "--result", g.result, *args)
    value, code = g.b.json("status.json", *args)
    eq(code, 0)
    return value, g.b.one(TDI, *args).stdout


def row(value, bdf=BDF):
    return next(d for d in value["devices"] if d["bdf"] == bdf)


@test
def status_tells_of_a_machine_without_a_gate(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    path = os.path.join(b.tree.root, "gate.json")
    value, code = b.json("status.json", "status", "--result", path)
    eq((code, value["hold"]["policy"], value["hold"]["works"], value["decision"]),
       (0, None, False, None))
    has(value["hold"]["reason"], "module tdi is not loaded, or knows no gate")
    has(value["decision_problem"], "nothing was decided")
    eq((row(value)["standing"], row(value)["driver"], row(value)["verdict"]),
       ("shared", "nvme", None))
    has(b.run("status", "--result", path).stdout, "hold:      none: ", "decision:  none: ")


@test
def status_follows_the_decision(b):
    g = Gate(b, devices=(BDF, OTHER), exposed=((OTHER, "nvme"),))
    g.sign(g.gate(g.entry(address=BDF), exposed="allowed"))
    value, text = status(g)
    eq((row(value)["standing"], value["decision"]), ("held", None))
    has(text, "held", "nothing was decided about it")
    eq(g.run()[1], YES)
    time.sleep(0.02)
    value, text = status(g)
    eq((value["hold"], value["decision_problem"]),
       ({"policy": "all", "works": True, "reason": None}, None))
    decision = value["decision"]
    eq((decision["verdict"], decision["signer"], decision["expired"], decision["reason"]),
       ("yes", "CN=signer", False, None))
    assert 0.01 < decision["age_seconds"] < 60
    eq((row(value)["standing"], row(value)["verdict"], row(value)["driver"], row(value)["name"]),
       ("accepted", "accepted", "nvme", "data disk"))
    eq((row(value, OTHER)["standing"], row(value, OTHER)["exposed"]), ("held", "nvme"))
    has(row(value, OTHER)["reason"], "policy: expected an entry")
    has(text, "decision:  yes, 20", "signer:    CN=signer", "(data disk)",
        "EXPOSED to nvme before the hold")
    # A later word about one device counts.
    g.sign(g.gate(g.entry(address=OTHER), exposed="allowed"))
    g.on("lock", lambda text: errno.EKEYREJECTED, OTHER)
    eq(g.run("--device", OTHER, again=True)[1], EVIDENCE)
    value, _ = status(g)
    eq((row(value, OTHER)["verdict"], row(value)["verdict"]), ("refused", "accepted"))


@test
def status_tells_why_it_was_no(b):
    g = Gate(b)
    g.sign(g.gate(g.entry(), g.entry("log disk", device="beef"), timeout=2))
    g.on("lock", lambda text: "hang")
    g.run()
    value, text = status(g)
    eq((value["decision"]["verdict"], value["absent"], row(value)["verdict"],
        row(value)["standing"]), ("no", ["log disk"], "failed", "held"))
    has(row(value)["reason"], "deadline: expected an answer within")
    has(text, "decision:  no", "deadline: ", "absent:    log disk: ")


@test
def status_believes_no_result_but_roots_and_this_boots(b):
    g = Gate(b)
    eq(g.run()[1], YES)
    g.tree.boot("boot-2")
    value, text = status(g)
    eq(value["decision"], None)
    has(value["decision_problem"], "is of another boot")
    has(text, "decision:  none: ")
    g.tree.boot()
    os.chmod(g.result, 0o666)
    value, _ = status(g)
    eq((value["decision"], row(value)["verdict"]), (None, None))
    has(value["decision_problem"], "is not to be believed: it is no file that only root can write")
    os.chmod(g.result, 0o644)
    # A decision about one device is not the one of the boot, nor another device's.
    shutil.copy(g.result, os.path.join(g.run_dir, f"gate-{BDF}.json"))
    os.unlink(g.result)
    value, _ = status(g)
    eq((value["decision"], row(value)["verdict"]), (None, None))


@test
def status_can_be_asked_by_anybody(b):
    if os.geteuid():
        raise Skip("tests run by another user already")
    g = Gate(b)
    eq(g.run()[1], YES)
    for path in (g.run_dir, os.path.dirname(g.run_dir)):
        os.chmod(path, 0o755)
    ret = as_nobody(b, TDI, "status", "--result", g.result)
    eq(ret.returncode, 0)
    has(ret.stdout, "decision:  yes", "accepted")
    hasnt(ret.stdout, "believed")
