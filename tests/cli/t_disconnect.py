# SPDX-License-Identifier: GPL-2.0
"""tdi disconnect, and signals."""
import errno
import os
import signal
import subprocess
import threading
import time

from bench import TDI_MODEL, TIMEOUT, connected, eq, has, ready, test
from model import BDF


@test
def disconnect_unbinds_disconnects_and_binds_again(b):
    kernel = connected(b, disk=True)
    ret = b.run("disconnect", BDF)
    eq((ret.returncode, ret.stderr), (0, ""))
    eq(kernel.verbs(), ["unbind", "disconnect", "bind"])
    eq(kernel.log[1][1], "tsm0")
    has(ret.stdout, "disconnected from tsm0", "state CONFIG_UNLOCKED, DMA bounce",
        "driver nvme is bound again")
    value, status = b.json("verb.json", "disconnect", BDF)
    eq((status, value["outcome"]), (0, "unchanged"))


@test
def disconnect_no_driver_leaves_it_without(b):
    kernel = connected(b)
    eq(b.run("disconnect", BDF, "--no-driver").returncode, 0)
    eq(kernel.verbs(), ["unbind", "disconnect"])


@test
def disconnect_leads_out_of_lock_and_error(b):
    kernel = ready(b, driver=None)
    for name, text in (("state", "CONFIG_LOCKED\n"), ("state", "ERROR\n"), ("dma", "blocked\n"),
                       ("lock", "tsm0\n")):
        b.tree.shared()
        b.tree.tsm(name, text)
        kernel.log.clear()
        eq((name, b.run("disconnect", BDF).returncode), (name, 0))
        eq(kernel.verbs(), ["unlock"])


@test
def disconnect_with_an_unreadable_state_still_tries(b):
    kernel = connected(b)
    b.tree.remove(b.tree.dev("tsm/state"))
    os.mkdir(b.tree.path(b.tree.dev("tsm/state")))
    kernel.on[b.tree.dev("tsm/disconnect")] = \
        lambda text: kernel.refuse("disconnect", errno.ETIMEDOUT, "no answer")
    ret = b.run("disconnect", BDF)
    eq((ret.returncode, kernel.verbs()), (4, ["unbind", "disconnect"]))
    has(ret.stderr, "no answer", "NOT bound again")


@test
def a_failed_disconnect_of_a_running_device_gives_the_driver_back(b):
    kernel = connected(b)
    kernel.on[b.tree.dev("tsm/disconnect")] = lambda text: errno.EREMOTEIO
    value, status = b.json("verb.json", "disconnect", BDF)
    eq((status, value["driver"]["rebound"], value["device"]["state"]), (4, True, "RUN"))


@test
def disconnect_with_several_tsms_knows_which(b):
    kernel = connected(b)
    b.tree.add_tsm("tsm1")
    eq(b.run("disconnect", BDF).returncode, 0)
    eq(kernel.log[1][1], "tsm0")


@test
def a_signal_undoes_connect_and_gives_the_driver_back(b):
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if b.kernel:
            b.kernel.stop()
            os.unlink(b.kernel.address)
        else:
            ready(b, disk=True).stop()
            os.unlink(b.kernel.address)
        kernel = b.start_kernel()
        asked = threading.Event()

        def hang(text, asked=asked):
            asked.set()
            return "hang"

        kernel.on[b.tree.dev("tsm/connect")] = hang
        with subprocess.Popen(b.argv(TDI_MODEL, ["connect", BDF]), env=b.env(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as proc:
            assert asked.wait(TIMEOUT)
            # Again until it hits the write: before that it only leaves a note.
            end = time.monotonic() + TIMEOUT
            while not kernel.hung_up.wait(0.05) and proc.poll() is None:
                assert time.monotonic() < end, f"signal {sig} changes nothing"
                proc.send_signal(sig)
            _, err = proc.communicate(timeout=TIMEOUT)
        eq((sig, proc.returncode, kernel.verbs()), (sig, 1, ["unbind", "connect", "bind"]))
        has(err.decode(), "EINTR")


@test
def a_closed_pipe_does_not_cost_the_device_its_driver(b):
    kernel = ready(b)
    parent, child = os.pipe()
    os.close(parent)
    ret = subprocess.run(b.argv(TDI_MODEL, ["connect", BDF]), env=b.env(), stdout=child,
                         stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    os.close(child)
    eq((ret.returncode, kernel.verbs()), (1, ["unbind", "connect", "bind"]))
    has(ret.stderr.decode(), "cannot write")
