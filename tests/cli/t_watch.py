# SPDX-License-Identifier: GPL-2.0
"""tdi watch. What a message may look like is tests/unit/test_uevent.c's."""
import contextlib
import errno
import os
import re
import socket
import subprocess

import schema_check
from bench import SCHEMA, TDI, TDI_MODEL, TIMEOUT, Skip, eq, has, hasnt, test
from model import BDF

OTHER = "0000:02:00.0"


def message(event="lost", bdf=BDF, state="ERROR", reason="expected RUN", **more):
    path = f"/devices/pci0000:00/0000:00:02.0/{bdf}"
    values = {"ACTION": "change", "DEVPATH": path, "SUBSYSTEM": "pci", "TDI_EVENT": event,
              "TDI_STATE": state, "TDI_REASON": reason, "SEQNUM": "4711", **more}
    return f"change@{path}\0".encode() + b"".join(f"{k}={v}\0".encode() for k, v in values.items())


class Watch:
    """The command while it listens; messages go to it."""

    def __init__(self, b, *args):
        where = os.path.join(b.tree.root, "uevents")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
            server.bind(where)
            server.listen()
            server.settimeout(TIMEOUT)
            self.process = subprocess.Popen(
                b.argv(TDI_MODEL, ["watch", *args]), env=b.env(TDI_TEST_UEVENTS=where),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.socket, _ = server.accept()
        os.unlink(where)

    def send(self, msg, err=0):
        self.socket.send(bytes([err]) + msg)

    def line(self):
        return self.process.stdout.readline().decode("ascii")

    def end(self):
        """Status, the rest of stdout, stderr."""
        with contextlib.closing(self.socket):
            out, err = self.process.communicate(timeout=TIMEOUT)
        hasnt(err.decode("ascii"), "Sanitizer", "runtime error")
        return self.process.returncode, out.decode("ascii"), err.decode("ascii")


def newer(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    b.tree.tsm("recovery", "[stay-down] recover\n")


@test
def watch_writes_a_line_for_each_event_at_once(b):
    newer(b)
    w = Watch(b, "--count", "3")
    head = w.line()
    for event, state, reason in (("lost", "ERROR", "expected RUN, found ERROR"),
                                 ("recovered", "RUN", "same evidence"),
                                 ("unlocked", "CONFIG_UNLOCKED", "")):
        w.send(message(event, state=state, reason=reason))
        row = w.line()      # it is there before the next is sent
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ", row), row
        for name, cell in (("DEVICE", BDF), ("EVENT", event), ("STATE", state)):
            eq(row[head.index(name):].split()[0], cell)
        eq(row[head.index("REASON"):], (reason or "-") + "\n")
    eq(w.end(), (0, "", ""))


@test
def watch_json_fits_its_schema_line_by_line(b):
    newer(b)
    w = Watch(b, "--json", "--count", "2")
    for reason, want in (("why", "why"), ("", None)):
        w.send(message(reason=reason))
        value = schema_check.loads(w.line())
        schema_check.check(value, SCHEMA, "watch.json")
        eq((value["kind"], value["bdf"], value["event"], value["state"], value["reason"]),
           ("event", BDF, "lost", "ERROR", want))
    eq(w.end(), (0, "", ""))


@test
def watch_tells_of_those_devices_that_were_named(b):
    newer(b)
    w = Watch(b, "02:00.0", OTHER, "--count", "1")
    w.line()
    w.send(message())
    w.send(message(bdf="0000:02:00.1"))
    w.send(message("accepted", bdf=OTHER))
    status, out, _ = w.end()
    eq((status, len(out.splitlines())), (0, 1))
    has(out, OTHER, "accepted")


@test
def watch_is_not_interested_in_other_events(b):
    newer(b)
    w = Watch(b, "--count", "1")
    w.line()
    for other in (b"", b"\0", b"x", b"change@/devices/x\0ACTION=change\0nonsense\0",
                  message(SUBSYSTEM="net"),
                  message().replace(b"TDI_EVENT=", b"SYNTH_ARG_TDI_EVENT=")):
        w.send(other)
    w.send(b"", errno.EAGAIN)
    w.send(message())
    status, out, err = w.end()
    eq((status, len(out.splitlines()), err), (0, 1, ""))


@test
def what_was_missed_is_told_and_is_a_failure(b):
    newer(b)
    bad = message().replace(b"TDI_STATE=", b"TDI_STAT=")
    for msg, err, words in ((b"", errno.ENOBUFS, "more events than"),
                            (b"", errno.EMSGSIZE, "at most 8192 bytes"),
                            (bad, 0, 'TDI_STATE: expected a value, found ""'),
                            (message(event="\x1b[2J"), 0, 'expected a word, found "\\x1b[2J"'),
                            (message()[:-1], 0, "a zero byte at its end")):
        w = Watch(b, "--count", "1")
        w.send(msg, err)
        w.send(message())
        status, out, complaint = w.end()
        eq((words, status, len(out.splitlines())), (words, 1, 2))
        has(complaint, "an event was missed: ", words)
        w = Watch(b, "--count", "1", "--json")
        w.send(msg, err)
        w.send(message())
        status, out, complaint = w.end()
        eq((status, complaint), (1, ""))
        values = [schema_check.loads(line) for line in out.splitlines()]
        for value in values:
            schema_check.check(value, SCHEMA, "watch.json")
        eq([v["kind"] for v in values], ["missed", "event"])


@test
def a_hostile_reason_is_escaped(b):
    newer(b)
    w = Watch(b, "--count", "1")
    w.send(message(reason="\x1b[2J\n2026-11-20T10:00:00Z  fake\x07"))
    status, out, _ = w.end()
    eq((status, len(out.splitlines())), (0, 2))
    has(out, "\\x1b[2J\\x0a2026")


@test
def watch_ends_in_time(b):
    newer(b)
    w = Watch(b, "--timeout", "1")
    status, out, err = w.end()
    eq((status, len(out.splitlines()), err), (0, 1, ""))
    w = Watch(b, "--timeout", "1", "--count", "2", "--json")
    w.send(message())
    status, out, err = w.end()
    eq((status, len(out.splitlines())), (4, 1))
    has(err, "expected 2 events, found 1 in 1 seconds")


@test
def watch_says_when_nothing_will_come_any_more(b):
    newer(b)
    w = Watch(b)
    w.socket.close()
    status, _, err = w.end()
    eq(status, 1)
    has(err, "no more events will come")
    ret = b.one(TDI_MODEL, "watch")
    eq((ret.returncode, ret.stdout), (1, ""))
    has(ret.stderr, "cannot listen to the kernel's events")


@test
def watch_of_an_older_module_says_so_plainly(b):
    b.tree.add_tsm()
    b.tree.add_tdi()
    for args in ([], [BDF], ["--json", "--count", "1"]):
        ret = b.run("watch", *args, "--timeout", "1")
        eq((ret.returncode, ret.stdout), (1, ""))
        has(ret.stderr, "the module tdi that is loaded sends no events")


@test
def messages_that_are_not_the_kernels_are_dropped(b):
    """On the real socket: root sends what looks like the kernel's, and is not heard."""
    newer(b)
    with subprocess.Popen(b.argv(TDI, ["watch", "--timeout", "2"]), env=b.env(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        head = watch.stdout.readline().decode()
        if not head:
            raise Skip("no socket for uevents: " + watch.stderr.read().decode().strip())
        has(head, "REASON")
        try:
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as s:
                s.bind((0, 0))
                s.sendto(message(), (watch.pid, 0))     # a first socket's port is the pid
                s.sendto(message(), (0, 1))
        except OSError as e:
            watch.communicate(timeout=TIMEOUT)
            raise Skip(f"cannot send by netlink: {e}") from e
        out, err = watch.communicate(timeout=TIMEOUT)
    eq((watch.returncode, out, err), (0, b"", b""))


@test
def wrong_arguments_of_watch_exit_1(b):
    for args in (["x"], [BDF, "01"], ["--count", "0"], ["--count", "-1"], ["--count", "x"],
                 ["--count", "4294967296"], ["--timeout", "0"], ["--timeout", "1s"],
                 ["--timeout", "99999999999999999999"], ["--frob"]):
        ret = b.run("watch", *args)
        eq((args, ret.returncode, ret.stdout), (args, 1, ""))
        assert ret.stderr, args
