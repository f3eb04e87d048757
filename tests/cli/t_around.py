# SPDX-License-Identifier: GPL-2.0
"""Man page, completion, and the schema check itself."""
import json
import os
import re
import subprocess

import schema_check
from bench import HERE, SCHEMA, TIMEOUT, eq, has, test
from model import BDF


@test
def the_man_page_names_every_verb_option_and_exit_status(b):
    with open(os.path.join(HERE, "../../tools/attest/man/tdi.1"), encoding="ascii") as f:
        page = f.read().replace("\\-", "-")
    text = b.run("--help").stdout
    for verb in ("list", "show", "bounce", "audit", "recovery", "watch", "connect", "disconnect",
                 "measure", "quote", "verify", "gate", "status"):
        text += b.run("help", verb).stdout
    for option in set(re.findall(r"--[a-z-]+", text)):
        has(page, option)
    for status in "0123456":
        has(page, f".B {status}\n")
    for section in ("NAME", "SYNOPSIS", "EXAMPLES", "EXIT STATUS", "FILES"):
        has(page, section)


def complete(b, *words):
    """What bash completes @words to, the last of them unfinished."""
    script = os.path.join(HERE, "../../tools/attest/completions/tdi")
    code = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_tdi; printf "%s\\n" "${COMPREPLY[@]}"')
    ret = subprocess.run(["bash", "-c", code, "bash", script, "tdi", *words], timeout=TIMEOUT,
                         env=b.env(TDI_COMPLETE_SYSFS=b.tree.sys), capture_output=True, check=True)
    eq(ret.stderr, b"")
    return set(ret.stdout.decode().split())


@test
def bash_completes_verbs_options_devices_and_tsms(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    eq(complete(b, ""), {"list", "show", "bounce", "audit", "recovery", "watch", "connect",
                         "disconnect", "anchor", "evidence", "measure", "quote", "verify", "gate",
                         "status", "policy", "help"})
    eq(complete(b, "dis"), {"disconnect"})
    eq(complete(b, "show", "0000"), {BDF})
    eq(complete(b, "connect", BDF, "--tsm", ""), {"tsm0"})
    eq(complete(b, "gate", "--device", "0000"), {BDF})
    eq(complete(b, "help", "l"), {"list"})
    eq(complete(b, "evidence", "0000"), {BDF})
    for verb in ("list", "show", "bounce", "audit", "recovery", "watch", "connect", "disconnect",
                 "verify", "measure", "quote", "gate", "status"):
        options = set(re.findall(r"^  (--[a-z-]+)", b.run("help", verb).stdout, re.M))
        eq((verb, complete(b, verb, "--")), (verb, options | {"--help"}))


@test
def the_schema_check_refuses_what_it_should(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.connected()
    value, _ = b.json("show.json", "show", BDF)
    breakages = (
        lambda v: v.pop("nonce"), lambda v: v.update(extra=1),
        lambda v: v.update(schema_version=2), lambda v: v["device"].update(bdf="x"),
        lambda v: v["device"].update(state=3), lambda v: v["report"]["ranges"][1].pop("size"),
        lambda v: v["evidence_sizes"].update(vca=-1), lambda v: v["warnings"][0].update(id="x"),
        lambda v: v["device"]["unreadable"].update(state=1), lambda v: v["dma"].pop("why"),
        lambda v: v["dma"]["why"].update(id="x"),
    )
    for i, damage in enumerate(breakages):
        bad = json.loads(json.dumps(value))
        damage(bad)
        try:
            schema_check.check(bad, SCHEMA, "show.json")
        except schema_check.Invalid:
            continue
        raise AssertionError(f"damage {i} went through")
