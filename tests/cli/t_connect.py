# SPDX-License-Identifier: GPL-2.0
"""tdi connect."""
import errno
import json
import os
import threading

import evidence as e
from bench import connected, eq, has, hasnt, ready, test, warning_ids
from model import BDF
from t_verify import _FILES


@test
def connect_unbinds_connects_and_binds_again(b):
    kernel = ready(b, disk=True)
    ret = b.run("connect", BDF)
    eq((ret.returncode, ret.stderr), (0, ""))
    eq(kernel.verbs(), ["unbind", "connect", "bind"])
    eq(kernel.log[1], (f"bus/pci/devices/{BDF}/tsm/connect", "tsm0"))
    has(ret.stdout, "connected to tsm0", "state RUN, DMA direct", "driver nvme is bound again",
        "identity was NOT verified", "protects nothing")


@test
def connect_json_fits_its_schema(b):
    ready(b)
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["outcome"], value["exit_status"], value["error"]), (0, "done", 0, None))
    eq(value["driver"], {"before": "nvme", "after": "nvme", "unbound": True, "rebound": True,
                         "error": None})
    eq(value["device"]["state"], "RUN")
    eq(warning_ids(value), ["platform-emulated", "identity-unverified"])


@test
def connect_of_a_device_without_driver_binds_none(b):
    kernel = ready(b, driver=None)
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.verbs()), (0, ["connect"]))
    has(ret.stdout, "no driver was bound")


@test
def connect_no_driver_leaves_it_without(b):
    kernel = ready(b)
    ret = b.run("connect", BDF, "--no-driver")
    eq((ret.returncode, kernel.verbs()), (0, ["unbind", "connect"]))
    has(ret.stdout, "no driver now")


@test
def connect_when_connected_touches_nothing(b):
    kernel = connected(b)
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["outcome"], kernel.log), (0, "unchanged", []))
    has(b.run("connect", BDF).stdout, "connected already")


REFUSALS = (
    (errno.EKEYREJECTED, 2), (errno.EBADMSG, 2), (errno.EPERM, 2), (errno.ESTALE, 2),
    (errno.ENOKEY, 3),
    (errno.ETIMEDOUT, 4), (errno.EREMOTEIO, 4), (errno.EIO, 4), (errno.ENXIO, 4),
    (errno.EBUSY, 5),
)


@test
def each_refusal_has_its_exit_status_reason_and_advice(b):
    kernel = ready(b)
    for err, expected in REFUSALS:
        kernel.on[b.tree.dev("tsm/connect")] = \
            lambda text, err=err: kernel.refuse("connect", err, "range 1: expected 0x0, found 0x1")
        value, status = b.json("verb.json", "connect", BDF)
        eq((err, status, value["exit_status"]), (err, expected, expected))
        eq((value["outcome"], value["error"]), ("failed", errno.errorcode[err]))
        eq(value["reason"], "range 1: expected 0x0, found 0x1")
        assert value["advice"]


@test
def every_other_error_of_the_kernel_is_a_failure(b):
    kernel = ready(b)
    known = {err for err, _ in REFUSALS} | {errno.ENODEV}
    for err in set(errno.errorcode) - known:
        kernel.on[b.tree.dev("tsm/connect")] = lambda text, err=err: err
        ret = b.run("connect", BDF)
        eq((err, ret.returncode), (err, 1))


@test
def a_refused_device_gets_its_driver_back(b):
    kernel = ready(b, disk=True)
    kernel.on[b.tree.dev("tsm/connect")] = \
        lambda text: kernel.refuse("connect", errno.EPERM, "ranges out of order")
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.verbs()), (2, ["unbind", "connect", "bind"]))
    has(ret.stderr, "connect failed: ranges out of order (EPERM)", "Do not use the device")
    has(ret.stdout, "driver nvme is bound again")


@test
def a_refused_device_gets_its_driver_back_even_with_no_driver(b):
    kernel = ready(b)
    kernel.on[b.tree.dev("tsm/connect")] = lambda text: errno.EPERM
    eq(b.run("connect", BDF, "--no-driver").returncode, 2)
    eq(kernel.verbs(), ["unbind", "connect", "bind"])


@test
def enokey_tells_how_to_allow_unverified_devices(b):
    kernel = ready(b)
    kernel.on[b.tree.dev("tsm/connect")] = lambda text: errno.ENOKEY
    ret = b.run("connect", BDF)
    eq(ret.returncode, 3)
    has(ret.stderr, "/sys/module/tdi/parameters/allow_unverified")


@test
def success_is_read_back_not_believed(b):
    kernel = ready(b)
    for state, dma, name in (("CONFIG_LOCKED", "bounce", ""), ("ERROR", "blocked", ""),
                             ("RUN", "bounce", "tsm0"), ("RUN", "direct", ""),
                             ("RUN", "direct", "tsm1"), ("CONFIG_UNLOCKED", "bounce", "")):
        b.tree.shared()

        def lie(text, state=state, dma=dma, name=name):
            b.tree.tsm("state", state + "\n")
            b.tree.tsm("dma", dma + "\n")
            b.tree.tsm("connect", name + "\n")
            return 0

        kernel.on[b.tree.dev("tsm/connect")] = lie
        kernel.bind()
        value, status = b.json("verb.json", "connect", BDF)
        eq(((state, dma, name), status, value["outcome"]), ((state, dma, name), 4, "failed"))


@test
def no_driver_is_bound_to_a_device_in_between(b):
    kernel = ready(b)
    for state, dma in (("ERROR", "blocked"), ("CONFIG_LOCKED", "bounce"), ("RUN", "blocked"),
                       ("RUN", "direct"), ("CONFIG_UNLOCKED", "blocked"), ("whatever", "bounce")):
        b.tree.shared()
        kernel.bind()
        kernel.log.clear()

        def broken(text, state=state, dma=dma):
            b.tree.tsm("state", state + "\n")
            b.tree.tsm("dma", dma + "\n")
            return errno.EREMOTEIO

        kernel.on[b.tree.dev("tsm/connect")] = broken
        ret = b.run("connect", BDF)
        eq((state, ret.returncode, kernel.verbs()), (state, 4, ["unbind", "connect"]))
        has(ret.stderr, "NOT bound again")


@test
def a_silent_platform_costs_the_device_nothing(b):
    kernel = ready(b)

    def silent(text):
        b.tree.remove(b.tree.dev("tsm/state"))
        os.mkdir(b.tree.path(b.tree.dev("tsm/state")))
        return errno.ETIMEDOUT

    kernel.on[b.tree.dev("tsm/connect")] = silent
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["driver"]["rebound"], value["device"]["state"]), (4, True, None))
    # and with the state unknown from the start, the driver stays where it is
    kernel.log.clear()
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.log), (1, []))
    has(ret.stderr, "cannot read the device's state")


@test
def a_driver_that_does_not_come_back_is_a_failure(b):
    kernel = ready(b)
    kernel.on["bus/pci/drivers/nvme/bind"] = lambda text: errno.EIO
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["outcome"], value["driver"]["error"]), (4, "done", "EIO"))
    eq((value["driver"]["before"], value["driver"]["after"]), ("nvme", None))


@test
def a_driver_that_never_binds_is_waited_for_and_is_a_failure(b):
    kernel = ready(b)
    kernel.on["bus/pci/drivers/nvme/bind"] = lambda text: 0
    ret = b.run("connect", BDF, "--wait", "1")
    eq(ret.returncode, 4)
    has(ret.stderr, "could NOT be bound again")


@test
def a_driver_that_binds_late_is_waited_for(b):
    kernel = ready(b, disk=True)

    def later(text):
        threading.Timer(0.3, lambda: kernel.bind(disk=False)).start()
        threading.Timer(0.6, b.tree.add_disk).start()
        return 0

    kernel.on["bus/pci/drivers/nvme/bind"] = later
    ret = b.run("connect", BDF)
    eq((ret.returncode, ret.stderr), (0, ""))
    assert os.path.exists(b.tree.path("class/block/nvme0n1"))


@test
def disks_that_do_not_come_back_are_a_failure(b):
    kernel = ready(b, disk=True)
    kernel.on["bus/pci/drivers/nvme/bind"] = lambda text: kernel.bind(disk=False)
    ret = b.run("connect", BDF, "--wait", "1")
    eq(ret.returncode, 4)
    has(ret.stderr, "not all of its disks came back")


@test
def another_driver_in_its_place_is_a_failure(b):
    kernel = ready(b)
    b.tree.add_driver("usurper")
    kernel.on["bus/pci/drivers/nvme/bind"] = lambda text: (
        kernel.bind("bus/pci/drivers/usurper/bind"), errno.ENODEV)[1]
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["driver"]["after"]), (4, "usurper"))


@test
def a_driver_without_bind_is_reprobed(b):
    kernel = ready(b)
    b.tree.remove("bus/pci/drivers/nvme/bind")
    eq(b.run("connect", BDF).returncode, 0)
    eq(kernel.verbs(), ["unbind", "connect", "bind", "drivers_probe"])


@test
def a_driver_that_cannot_be_unbound_stops_everything(b):
    kernel = ready(b)
    kernel.on[b.tree.dev("driver/unbind")] = lambda text: (0, errno.EACCES)
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.verbs()), (1, ["unbind"]))
    has(ret.stderr, "cannot unbind the driver: Permission denied", "takes root")


@test
def a_file_that_cannot_be_opened_is_no_verdict_on_the_device(b):
    kernel = ready(b, driver=None)
    b.tree.tsm("result", "connect: an old reason\n")
    kernel.on[b.tree.dev("tsm/connect")] = lambda text: (0, errno.EPERM)
    ret = b.run("connect", BDF)
    eq(ret.returncode, 1)
    hasnt(ret.stderr, "an old reason")
    has(ret.stderr, "cannot open tsm/connect")


@test
def a_device_that_vanishes_is_reported(b):
    kernel = ready(b)

    def vanish(text):
        b.tree.remove(f"bus/pci/devices/{BDF}")
        return errno.ENODEV

    kernel.on[b.tree.dev("tsm/connect")] = vanish
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["device"]), (4, None))


@test
def a_missing_or_ambiguous_tsm_is_an_error_before_anything_happens(b):
    kernel = ready(b)
    ret = b.run("connect", BDF, "--tsm", "tsm7")
    eq(ret.returncode, 4)
    b.tree.add_tsm("tsm1")
    ret = b.run("connect", BDF)
    eq(ret.returncode, 1)
    has(ret.stderr, "several TSMs", "--tsm")
    b.tree.remove("class/tsm/tsm0")
    b.tree.remove("class/tsm/tsm1")
    ret = b.run("connect", BDF)
    eq((ret.returncode, kernel.log), (4, []))
    has(ret.stderr, "no TSM is registered")


@test
def a_named_tsm_is_used(b):
    kernel = ready(b)
    b.tree.add_tsm("tsm1")
    eq(b.run("connect", BDF, "--tsm", "tsm0").returncode, 0)
    eq(kernel.log[1][1], "tsm0")


@test
def connect_of_a_locked_or_broken_device_is_busy_and_keeps_its_driver(b):
    kernel = ready(b)
    for name, text in (("state", "CONFIG_LOCKED\n"), ("state", "ERROR\n"), ("dma", "blocked\n"),
                       ("lock", "tsm0\n")):
        b.tree.shared()
        b.tree.tsm(name, text)
        ret = b.run("connect", BDF)
        eq((name, ret.returncode, kernel.log), (name, 5, []))
        has(ret.stderr, "tdi disconnect")


@test
def connect_of_no_tdi_or_no_device_exits_4(b):
    b.tree.add_tsm()
    b.tree.add_function(tee_io=False, driver="nvme")
    kernel = b.start_kernel()
    value, status = b.json("verb.json", "connect", BDF)
    eq((status, value["reason"]), (4, "not a TDI: no TEE-IO bit"))
    value, status = b.json("verb.json", "connect", "0000:07:00.0")
    eq((status, value["reason"], kernel.log), (4, "no such PCI device", []))


@test
def no_driver_is_bound_while_the_kernel_holds_the_device(b):
    kernel = ready(b)

    def half(text):
        b.tree.tsm("lock", "tsm0\n")    # the guest's view is ERROR, the TSM's is unlocked
        return errno.EREMOTEIO

    kernel.on[b.tree.dev("tsm/connect")] = half
    eq((b.run("connect", BDF).returncode, kernel.verbs()), (4, ["unbind", "connect"]))


# ---- what the policy asks of the machine ----

def policy_file(**members):
    return _FILES.put("machine.json", json.dumps({
        "schema_version": 1, "kind": "policy", "emulated": "allowed", **members}))


def attestable(b):
    """A kernel with evidence that verifies; what is approved it accepts."""
    kernel = ready(b)
    evidence = e.Evidence()

    def lock(text):
        for name, value in (("state", "CONFIG_LOCKED\n"), ("lock", text + "\n"),
                            ("generation", "3\n"), ("nonce", evidence.nonce),
                            ("certificates", evidence.chain.spdm(evidence.digest)),
                            ("vca", evidence.vca), ("measurements", evidence.pairs),
                            ("report", e.report(ranges=[(0x100, 4, 0, 0)]))):
            b.tree.tsm(name, value)
        return 0

    def accept(text):
        b.tree.tsm("state", "RUN\n")
        b.tree.tsm("dma", "direct\n")
        b.tree.tsm("identity", "approved\n")
        b.tree.tsm("connect", "tsm0\n")
        return 0
    for name, answer in (("lock", lock), ("approve", lambda text: 0), ("accept", accept)):
        kernel.on[b.tree.dev("tsm/" + name)] = answer
    return kernel, ["--roots", _FILES.put("roots", evidence.chain.root)]


@test
def connect_by_policy_locks_verifies_approves_and_accepts(b):
    kernel, roots = attestable(b)
    b.tree.add_virtio("virtio0", access_platform=False)     # allowed unless it is refused
    for members in ({}, {"virtio_bypass": "allowed"}):
        kernel.log.clear()
        b.tree.shared()
        value, status = b.json("verb.json", "connect", BDF, *roots, "--policy",
                               policy_file(**members))
        eq((status, value["reason"], value["device"]["identity"]), (0, None, "approved"))
        eq(kernel.verbs(), ["unbind", "lock", "approve", "accept", "bind"])
        eq(kernel.log[2][1], "generation=3")


@test
def a_policy_that_refuses_virtio_past_the_dma_api_comes_before_anything_else(b):
    kernel, roots = attestable(b)
    args = ["connect", BDF, *roots, "--policy", policy_file(virtio_bypass="refused")]
    b.tree.add_function("0000:00:04.0", driver="virtio-pci", tee_io=False)
    b.tree.add_virtio("virtio0", access_platform=True)
    b.tree.add_virtio("virtio1", "0000:00:04.0", access_platform=False, driver="virtio_net")
    b.tree.add_virtio("virtio2", access_platform=False, driver="virtio_console")
    b.tree.add_virtio("virtio3", access_platform=False, driver=None)
    ret = b.run(*args)
    eq((ret.returncode, kernel.log), (3, []))
    has(ret.stderr, "virtio_bypass: expected no virtio device that goes past the DMA API, found "
        "virtio1 at 0000:00:04.0 (virtio_net), virtio2 (virtio_console) (ENOKEY)\n",
        "Have the host offer ACCESS_PLATFORM")
    hasnt(ret.stdout + ret.stderr, "virtio0", "virtio3", "bound again")
    value, status = b.json("verb.json", *args)
    eq((status, value["outcome"], value["error"]), (3, "failed", "ENOKEY"))
    eq((value["driver"]["after"], value["driver"]["unbound"], kernel.log), ("nvme", False, []))
    has(value["reason"], "virtio1", "virtio2")
    # Without them it is connected.
    for name in ("virtio1", "virtio2"):
        b.tree.remove(f"bus/virtio/devices/{name}")
    value, status = b.json("verb.json", *args)
    eq((status, value["outcome"]), (0, "done"))


@test
def what_cannot_be_told_of_virtio_is_refused_with_the_rest(b):
    kernel, roots = attestable(b)
    args = ["connect", BDF, *roots, "--policy", policy_file(virtio_bypass="refused")]
    b.tree.add_virtio("virtio0")
    b.tree.put("devices/platform/virtio0/features", "01\n")
    ret = b.run(*args)
    eq((ret.returncode, kernel.log), (3, []))
    has(ret.stderr, "found virtio0 (virtio_blk)")
    b.tree.remove("bus/virtio/devices")
    b.tree.put("bus/virtio/devices", "no directory")
    ret = b.run(*args)
    eq((ret.returncode, kernel.log), (1, []))
    has(ret.stderr, "cannot tell whether virtio devices go past the DMA API")


@test
def a_machine_full_of_virtio_is_named_in_bounds(b):
    kernel, roots = attestable(b)
    for i in range(60):
        b.tree.add_virtio(f"virtio{i}", access_platform=False, driver="d" * 40)
    ret = b.run("connect", BDF, *roots, "--policy", policy_file(virtio_bypass="refused"))
    eq((ret.returncode, kernel.log), (3, []))
    has(ret.stderr, "found virtio0 (ddd", ", ... (ENOKEY)")
    assert len(ret.stderr) < 1200
