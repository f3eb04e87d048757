# SPDX-License-Identifier: GPL-2.0
"""What the tests of the tdi command stand on.

TDI        the command as shipped: what only reads is tested on it
TDI_MODEL  the same sources with sanitizers and a model kernel below the writes
"""
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

import model
import schema_check

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "../../tools/attest/schema")
TDI = os.environ["TDI"]
TDI_MODEL = os.environ["TDI_MODEL"]
TIMEOUT = 30

TESTS = []


class Skip(Exception):
    """The reason why a test cannot run here."""


def test(fn):
    TESTS.append(fn)
    return fn


class Bench:
    """A tree, a model kernel when one is asked for, and the command."""

    def __init__(self, root):
        self.tree = model.Tree(root)
        self.kernel = None

    def start_kernel(self):
        self.kernel = model.Kernel(self.tree)
        return self.kernel

    def argv(self, binary, args):
        return [binary, "--sysfs", self.tree.sys, "--proc", self.tree.proc, *args]

    def env(self, **more):
        env = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
               "LSAN_OPTIONS": f"print_suppressions=0:suppressions={HERE}/lsan.supp",
               "UBSAN_OPTIONS": "print_stacktrace=1", "LC_ALL": "C", **more}
        if self.kernel:
            env["TDI_TEST_KERNEL"] = self.kernel.address
        return env

    def one(self, binary, *args, **kw):
        ret = subprocess.run(self.argv(binary, args), env=self.env(), capture_output=True,
                             timeout=TIMEOUT, check=False, **kw)
        ret.stdout, ret.stderr = ret.stdout.decode("ascii"), ret.stderr.decode("ascii")
        assert "Sanitizer" not in ret.stderr and "runtime error" not in ret.stderr, ret.stderr
        assert ret.returncode >= 0 and ret.returncode != 99, ret
        return ret

    @staticmethod
    def said(ret):
        """Status and output, without the time of day: two runs may see two seconds."""
        now = r'(^time +|"time": *")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'
        return ret.returncode, re.sub(now, r"\1NOW", ret.stdout, flags=re.M), ret.stderr

    def run(self, *args):
        """Both binaries must agree on what only reads; writes go to the model."""
        ret = self.one(TDI_MODEL, *args)
        if not self.kernel:
            shipped = self.one(TDI, *args)
            assert self.said(shipped) == self.said(ret), (shipped, ret)
        return ret

    def json(self, schema, *args):
        """Parsed and checked output, and the exit status."""
        ret = self.run(*args, "--json")
        value = schema_check.loads(ret.stdout)
        schema_check.check(value, SCHEMA, schema)
        return value, ret.returncode


def eq(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def has(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


def hasnt(text, *parts):
    for part in parts:
        assert part not in text, f"{part!r} is in:\n{text}"


def on_terminal(b, verb, **env):
    """What the command shipped writes to a terminal."""
    try:
        parent, child = pty.openpty()
    except OSError as e:
        raise Skip(f"no terminal: {e}") from e
    fcntl.ioctl(child, 0x5414, struct.pack("HHHH", 24, 200, 0, 0))     # TIOCSWINSZ
    with subprocess.Popen(b.argv(TDI, [verb]), env=b.env(**env), stdout=child):
        pass
    os.close(child)
    text = b""
    while True:
        try:
            chunk = os.read(parent, 4096)
        except OSError:         # EIO: the other side is closed
            chunk = b""
        if not chunk:
            os.close(parent)
            return text.decode()
        text += chunk


def warning_ids(value):
    return [w["id"] for w in value["warnings"]]


def as_nobody(b, *args):
    """What another user gets, who may look at the tree."""
    who = {}
    if os.geteuid() == 0:
        who = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chmod(b.tree.root, 0o755)
    elif os.access(b.tree.root, os.W_OK):
        raise Skip("the tree's files are this user's")
    try:
        if subprocess.run([TDI, "--version"], stdout=subprocess.DEVNULL, check=False, **who).returncode:
            raise Skip("another user cannot run the command")
        return b.one(*args, **who)
    except PermissionError as e:
        raise Skip(f"another user cannot run the command: {e}") from e


def ready(b, driver="nvme", disk=False):
    """A shared TDI with its driver, one TSM, a kernel."""
    b.tree.add_tsm()
    b.tree.add_tdi(driver=driver)
    if disk:
        b.tree.add_disk()
    return b.start_kernel()


def connected(b, **kw):
    kernel = ready(b, **kw)
    b.tree.connected()
    return kernel


def run_one(fn):
    root = tempfile.mkdtemp(prefix="tdi-test.")
    bench = Bench(root)
    try:
        fn(bench)
        if bench.kernel:
            bench.kernel.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def main(names):
    """Runs the tests of these names, or all; returns an exit status."""
    wanted = [fn for fn in TESTS if not names or fn.__name__ in names]
    print("TAP version 13")
    print(f"1..{len(wanted)}")
    failed = 0
    for i, fn in enumerate(wanted, 1):
        try:
            run_one(fn)
            print(f"ok {i} - {fn.__name__}", flush=True)
        except Skip as reason:
            print(f"ok {i} - {fn.__name__} # SKIP {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {i} - {fn.__name__}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    return 1 if failed or not wanted else 0
