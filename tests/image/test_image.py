#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The image (image/make) as a host boots it: the data disk is unlocked if everything is
as its policy says, and stays locked if anything is not.

    test_image.py [WORD...]      cases whose name contains a WORD

First an owner makes a data disk on a direct boot, sealed to the verdict that image/predict
computes, and another one when OVMF boots the image, sealed to all that says which image it
is. That is booted again, by OVMF, and what the TPM says is compared with what was
predicted; by a host with another command line, who does not get the key; and the
first by hosts that each do something wrong, with a copy of the disk and of the TPM that
would unlock it.
"""

from __future__ import annotations

import base64
import filecmp
import hashlib
import json
import os
import re
import secrets
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parent))
from imagevm import IMAGE, TEST_KEYS, TOP, ImageVm, Tpm  # noqa: E402
from tap import Failed, Tap, check, equal, figure  # noqa: E402
from vm import BOOT_TIMEOUT, RUN_TIMEOUT, SLOW, Lines, VmError  # noqa: E402

JOBS = int(os.environ.get("TDI_JOBS") or os.cpu_count() or 1)
DISK_MIB = 48
TIMEOUT = 20 * SLOW             # of the tests' policies, in seconds: TCG is slow
GATE_SECONDS = 15
ROOT_SECONDS = 90               # systemd waits for the root disk
# What a function has done to memory, and whether anybody asked it to.
TOUCHED = ("dma_read_bytes_shared", "dma_write_bytes_shared", "dma_read_bytes_private",
           "dma_write_bytes_private", "dma_bytes_open", "dma_ok", "dma_refused", "interrupts")
PREDICTED = (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15)
FILE = "/srv/data/secret"


# --- policies -----------------------------------------------------------------

def gate(**changed: Any) -> bytes:
    """The image's policy, with something changed."""
    policy = json.loads((IMAGE / "policy/gate.json").read_text())
    policy["timeout"] = min(120, int(TIMEOUT))
    return json.dumps({**policy, **changed}).encode()


def sign(text: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / "gate.json"
        path.write_bytes(text)
        subprocess.run([TOP / "image/test-policy", "--sign", TEST_KEYS, path], check=True)
        return path.with_name("gate.json.p7s").read_bytes()


def credentials(text: bytes, signature: bytes | None, **policies: bytes) -> dict[str, bytes]:
    """What a host would hand over: policies named "disk.json" come as disk=..."""
    disk = policies.get("disk") or (IMAGE / "policy/disk.json").read_bytes()
    given = {"tdi.gate": text, "tdi.policy.disk.json": disk}
    if signature is not None:
        given["tdi.gate.p7s"] = signature
    return given


def patient() -> dict[str, bytes]:
    """The image's own policy, with a timeout for machines as slow as this one."""
    text = gate()
    return credentials(text, sign(text))


# --- a booted image -------------------------------------------------------------

class Booted:
    """What a person finds in it."""

    def __init__(self, vm: ImageVm):
        self.vm, self.guest, self.emu = vm, vm.guest, vm.emu

    def sh(self, script: str, timeout: float = RUN_TIMEOUT) -> str:
        return self.guest.sh(script, timeout)

    def settle(self) -> None:
        """Until nothing is being started any more."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        while self.sh("udevadm settle -t 20; systemctl list-jobs --no-legend"):
            check(time.monotonic() < deadline, "units are still being started: "
                  + self.sh("systemctl list-jobs --no-legend"))
            time.sleep(0.3)

    def active(self, unit: str) -> bool:
        return self.guest.run(f"systemctl -q is-active {unit}")[0] == 0

    def decision(self) -> dict[str, Any]:
        decision: dict[str, Any] = json.loads(self.sh("cat /run/tdi/gate.json"))
        return decision

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.sh("tdi status --json"))
        return status

    def gate_lines(self, name: str) -> list[str]:
        return self.sh(f"cat /sys/devices/tdi-gate/{name}").splitlines()

    def pcr(self, number: int) -> str:
        return self.sh(f"tpm2_pcrread sha256:{number} | grep -o '0x.*'")[2:].lower()

    def bytes_of(self, path: str) -> bytes:
        return base64.b64decode(self.sh(f"base64 -w0 {path}"))

    def unlocked(self) -> bool:
        return self.guest.run("mountpoint -q /srv/data")[0] == 0

    def wait_unlocked(self) -> None:
        """Nothing in the boot waits for the disk; this does."""
        deadline = time.monotonic() + RUN_TIMEOUT
        while not self.unlocked():
            check(time.monotonic() < deadline, "the data disk is mounted: "
                  + self.sh("systemctl status --no-pager tdi-data.service || true"))
            time.sleep(0.3)


@contextmanager
def running(vm: ImageVm) -> Iterator[Booted]:
    """Nor may QEMU, emulator or console have anything to complain of."""
    with vm:
        yield Booted(vm)
    check(not vm.complaint, vm.complaint)


def no_window(b: Booted) -> None:
    equal(b.gate_lines("policy"), ["all"], "hold")
    equal(b.gate_lines("exposed"), [], "exposed")


def disk_is_private(b: Booted) -> None:
    found = b.status()["devices"]
    equal([(d["standing"], d["driver"], d["exposed"]) for d in found],
          [("accepted", "nvme", None)], "devices")
    bdf = found[0]["bdf"]
    equal(b.sh(f"cat /sys/bus/pci/devices/{bdf}/tsm/dma"), "direct", "dma")
    stats = b.emu.stats("nvme0")
    check(stats["dma_read_bytes_private"] > 0, "the disk reads private memory")
    equal(stats["dma_read_bytes_shared"] + stats["dma_write_bytes_shared"], 0, "shared bytes")


# --- the owner's boots ------------------------------------------------------------

class Owner:
    """The data disk and its TPM, as they are kept between boots."""

    def __init__(self, top: Path):
        self.top = top
        self.disk = top / "data.img"
        self.tpm = top / "tpm"
        self.made = False
        self.recovery = ""
        self.secret = secrets.token_hex(16)

    def copy(self, name: str) -> Owner:
        other = Owner(self.top / name)
        other.top.mkdir()
        shutil.copy(self.disk, other.disk)
        shutil.copytree(self.tpm, other.tpm, ignore=lambda _, names: [
            n for n in names if n.endswith((".sock", ".ctrl", ".lock")) or n == ".lock"])
        other.secret, other.recovery = self.secret, self.recovery
        return other

    def boot(self, name: str, kind: type[ImageVm] = ImageVm, **more: Any) -> Any:
        more.setdefault("tpm", Tpm(self.tpm))
        more.setdefault("credentials", patient())
        return kind(name, disk=self.disk, disk_mib=DISK_MIB, **more)


def predicted_pcrs() -> dict[str, dict[str, str]]:
    out = subprocess.run([TOP / "image/predict", IMAGE], check=True, capture_output=True, text=True)
    found: dict[str, dict[str, str]] = json.loads(out.stdout)
    return found


def the_first_boot(owner: Owner) -> None:
    """Its own policy, from the image; the owner makes the disk."""
    expected = predicted_pcrs()["sha256"]["15"]
    with running(owner.boot("first", credentials={})) as b:
        b.settle()
        decision = b.decision()
        equal((decision["verdict"], decision["reason"], decision["source"]),
              ("yes", None, "directory"), "decision")
        check(b.active("multi-user.target"), "multi-user.target is reached")
        equal(b.sh("systemctl --failed --no-legend"), "", "failed units")
        no_window(b)
        check("panic_on_corruption" in b.sh("dmsetup table root"), "verity panics")
        equal(b.sh("cat /sys/module/nvme_core/parameters/multipath"), "N", "NVMe multipath")
        equal(b.pcr(15), expected, "PCR 15")
        seconds = decision["decided_at_boottime"]
        figure("gate_seconds_after_kernel", round(seconds, 1))
        for wrong in ("", expected, f"15:sha256={expected}", f"--direct-boot {seal()}",
                      "--direct-boot 15:sha256=0", f"{seal()}+7:sha256={expected}"):
            check(b.guest.run(f"tdi-data-setup {wrong} 2>/dev/null")[0] != 0,
                  f"tdi-data-setup refuses {wrong!r}")
        equal(b.sh("blkid -p /dev/tdi/data || true"), "", "the disk is as it was")
        provision(b, owner, f"--direct-boot 15:sha256={expected}")
        check(seconds <= GATE_SECONDS * SLOW, f"decided {seconds:.1f} s after the kernel started,"
              f" {GATE_SECONDS * SLOW:.0f} are allowed")


def seal() -> str:
    """What image/predict says that a key is to be sealed to."""
    return subprocess.run([TOP / "image/predict", "--seal", IMAGE], check=True,
                          capture_output=True, text=True).stdout.strip()


def provision(b: Booted, owner: Owner, pcrs: str) -> None:
    owner.recovery = b.sh(f"tdi-data-setup {pcrs} 2>/run/setup.err || "
                          "{ cat /run/setup.err; systemctl status tdi-data srv-data.mount; exit 1; }",
                          timeout=3 * RUN_TIMEOUT)
    check(len(owner.recovery.split("-")) == 8, f"a recovery key: {owner.recovery!r}")
    b.wait_unlocked()
    b.sh(f"echo {owner.secret} >{FILE}; sync")
    disk_is_private(b)
    b.sh("systemctl stop srv-data.mount tdi-data.service")
    owner.made = True


def the_first_boot_by_firmware(owner: Owner) -> None:
    """The disk is made, sealed to the image and its verdict."""
    with running(owner.boot("uefi-first", uefi=True)) as b:
        b.settle()
        equal(b.decision()["verdict"], "yes", "decision")
        provision(b, owner, seal())


def another_image(owner: Owner) -> None:
    """The host's own command line, by the same firmware: all but what measures it agrees.

    Device, policy and verdict are the right ones; what is missing, the host's image extends
    by itself, for the events of 11 are as public as those of 15.
    """
    expected = predicted_pcrs()["sha256"]
    with running(owner.boot("another", uefi=True, handed=True)) as b:
        b.settle()
        equal(b.decision()["verdict"], "yes", "decision")
        equal(b.sh("cryptsetup isLuks --type luks2 /dev/tdi/data && echo yes"), "yes", "the disk")
        equal(int(b.pcr(11), 16), 0, "PCR 11, which nobody measured to")
        b.sh("tpm2_pcrextend " + " ".join(f"11:sha256={d}" for d in stub_digests()))
        for pcr, same in ((4, False), (9, False), (11, True), (12, True), (13, True), (15, True)):
            equal(b.pcr(pcr) == expected[str(pcr)], same, f"PCR {pcr} is as predicted")
        check(b.guest.run("systemctl restart tdi-data.service", timeout=3 * RUN_TIMEOUT)[0] != 0,
              "no key for another image")
        check(not b.unlocked() and b.guest.run("test -b /dev/mapper/data")[0] != 0,
              "the data stays locked")
        b.sh(f"printf %s {owner.recovery} | cryptsetup open --key-file - /dev/tdi/data data",
             timeout=3 * RUN_TIMEOUT)
        b.wait_unlocked()
        equal(b.sh(f"cat {FILE}"), owner.secret, "the recovery key opens it")
        b.sh("systemctl stop srv-data.mount; cryptsetup close data")


def stub_digests() -> list[str]:
    """What systemd's stub extends PCR 11 by, in order."""
    out = subprocess.run([TOP / "image/predict", "--events", IMAGE], check=True,
                         capture_output=True, text=True)
    return out.stdout.split()


def the_second_boot_by_firmware(owner: Owner) -> None:
    """OVMF, the unified kernel image, everything measured; the file is there."""
    with running(owner.boot("uefi", uefi=True)) as b:
        b.settle()
        equal(b.decision()["verdict"], "yes", "decision")
        figure("gate_seconds_after_kernel_uefi", round(b.decision()["decided_at_boottime"], 1))
        b.wait_unlocked()
        equal(b.sh(f"cat {FILE}"), owner.secret, "the file that was written")
        no_window(b)
        disk_is_private(b)
        no_variables(b)
        quoted(b)


def swapped_disk(owner: Owner) -> None:
    """A copy of the disk that is no accepted device's, under the name of the one that is."""
    other = owner.top / "other.img"
    shutil.copy(owner.disk, other)
    with running(owner.boot("swapped", qemu=(
            "-drive", f"if=none,id=other,format=raw,file={other}",
            "-device", "virtio-blk-pci,drive=other,bus=pcie.0,addr=0x11,disable-legacy=on,"
            "iommu_platform=on"))) as b:
        b.settle()
        b.wait_unlocked()
        b.sh("systemctl stop srv-data.mount tdi-data.service")
        disk = b.sh("for d in /dev/vd?; do cryptsetup isLuks $d && echo $d; done")
        b.sh(f"ln -sf {disk} /dev/tdi/data")
        check(b.guest.run("systemctl restart tdi-data.service", timeout=3 * RUN_TIMEOUT)[0] != 0,
              "it is not unlocked")
        check(f"found {disk.rpartition('/')[2]}" in b.sh("journalctl -b -u tdi-data -o cat --no-pager"),
              "the journal says why")
        check(not b.unlocked() and b.guest.run("test -b /dev/mapper/data")[0] != 0, "nothing is left")
        b.sh("ln -sf /dev/nvme0n1 /dev/tdi/data; systemctl restart tdi-data.service",
             timeout=3 * RUN_TIMEOUT)
        b.wait_unlocked()
        equal(b.sh(f"cat {FILE}"), owner.secret, "the file on the accepted one")


class WithOptions(ImageVm):
    """A host that has put systemd's options where firmware keeps its variables."""

    # VARIABLE_STORE_HEADER and AUTHENTICATED_VARIABLE_HEADER are EDK II's
    # (MdeModulePkg/Include/Guid/VariableFormat.h), the name and GUID systemd's.
    AT = 0x48 + 28
    GUID = uuid.UUID("8cf2644b-4b0b-428f-9387-6d876050dc67")
    OPTIONS = ("systemd.debug_shell=1 systemd.mask=tdi-gate.service"
               " systemd.unit=emergency.target rd.systemd.unit=emergency.target")

    def record(self) -> bytes:
        name, value = ((text + "\0").encode("utf-16le") for text in ("SystemdOptions", self.OPTIONS))
        added, nonvolatile_boot_runtime = 0x3f, 7
        return struct.pack("<HBBIQ16xIII16s", 0x55aa, added, 0, nonvolatile_boot_runtime, 0, 0,
                           len(name), len(value), self.GUID.bytes_le) + name + value

    def make_variables(self, store: Path) -> None:
        super().make_variables(store)
        with open(store, "r+b") as f:
            f.seek(self.AT)
            equal(set(f.read(len(self.record()))), {0xff}, "the store's first bytes")
            f.seek(self.AT)
            f.write(self.record())

    def believed(self) -> bool:
        """Firmware has found the record in order, and put its own variables behind it."""
        content = (self.directory / "vars.fd").read_bytes()
        behind = self.AT + (len(self.record()) + 3 & ~3)
        return (content[self.AT:].startswith(self.record())
                and content[behind:behind + 2] == b"\xaa\x55")


def options_in_a_variable(owner: Owner) -> None:
    """systemd would do as they say, gate or not; the variables are not read."""
    vm = owner.boot("variable", WithOptions, uefi=True)
    with running(vm) as b:
        b.settle()
        check(vm.believed(), "the variable is one to firmware")
        check(b.active("multi-user.target"), "multi-user.target is reached")
        check(b.active("tdi-gate.service"), "the gate is there")
        check(not b.active("debug-shell.service"), "no shell for the host")
        equal(b.decision()["verdict"], "yes", "decision")
        b.wait_unlocked()
        equal(b.sh(f"cat {FILE}"), owner.secret, "the file that was written")


def no_variables(b: Booted) -> None:
    """The variable store is the host's, and what it says is measured by nobody."""
    check(b.guest.run("test -d /sys/firmware/efi")[0] == 0, "firmware is UEFI")
    check(b.guest.run("mount -t efivarfs efivarfs /sys/firmware/efi/efivars")[0] != 0,
          "efivarfs cannot be mounted")
    equal(b.sh("ls /sys/firmware/efi/efivars 2>/dev/null || true"), "", "variables")


def quoted(b: Booted) -> None:
    """The TPM's own word for its PCRs, checked by tpm2-tools, against the prediction."""
    nonce = secrets.token_hex(16)
    pcrs = ",".join(str(n) for n in range(16))
    b.sh("cd /tmp && tpm2_createek -Q -c ek -G ecc -u ek.pub &&"
         " tpm2_createak -Q -C ek -c ak -G ecc -g sha256 -s ecdsa -u ak.pem -f pem &&"
         " tpm2_flushcontext -t", timeout=2 * RUN_TIMEOUT)
    b.sh(f"cd /tmp && tpm2_quote -Q -c ak -l sha256:{pcrs}+sha384:{pcrs} -q {nonce}"
         " -m quote -s signature -o pcrs", timeout=2 * RUN_TIMEOUT)
    files = {name: b.bytes_of(f"/tmp/{name}") for name in ("ak.pem", "quote", "signature", "pcrs")}
    files["firmware"] = b.bytes_of("/sys/kernel/security/tpm0/binary_bios_measurements")
    files["gate"] = b.bytes_of("/run/log/tdi/tpm-eventlog")
    values = pcr_values(b)
    with tempfile.TemporaryDirectory() as top:
        for name, data in files.items():
            (Path(top) / name).write_bytes(data)
        agree = [tool(top, "tpm2_checkquote", "-u", "ak.pem", "-m", "quote", "-s", "signature",
                      "-f", "pcrs", "-q", nonce)]
        for log in ("firmware", "gate"):
            said = tool(top, "tpm2_eventlog", log)
            agree.append(said and eventlog_agrees(said, values))
    figure("tpm2_tools_agree", int(all(agree)))
    expected = predicted_pcrs()
    wrong = [f"{bank} {n}: predicted {expected[bank][str(n)]}, found {values[bank][n]}"
             for bank in expected for n in PREDICTED if expected[bank][str(n)] != values[bank][n]]
    figure("pcr_predicted_equal", int(not wrong))
    check(all(agree), f"tpm2_checkquote, firmware's log, gate's log: {[bool(a) for a in agree]}")
    check(not wrong, "\n".join(wrong))


def tool(top: str, *argv: str) -> str:
    """What it says; nothing if it does not accept."""
    ret = subprocess.run(argv, cwd=top, capture_output=True, text=True, check=False, timeout=60)
    if ret.returncode:
        print(f"# {argv[0]}: {ret.stderr.strip()}")
    return "" if ret.returncode else ret.stdout or "accepted"


def pcr_values(b: Booted) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    bank = ""
    for line in b.sh("tpm2_pcrread sha256:all+sha384:all").splitlines():
        left, _, right = line.strip().partition(":")
        if right:
            found[bank][int(left)] = right.strip()[2:].lower()
        else:
            bank = left
            found[bank] = {}
    return found


def eventlog_agrees(said: str, values: dict[str, dict[int, str]]) -> bool:
    """The PCRs that tpm2_eventlog makes of a log are the TPM's."""
    bank, compared = "", 0
    for line in said[said.rindex("\npcrs:"):].splitlines():
        left, _, right = line.strip().partition(":")
        if left.strip().isdigit():
            compared += 1
            if int(right.strip(), 16) != int(values[bank][int(left)], 16):
                print(f"# {bank} {left}: the log gives {right}, the TPM {values[bank][int(left)]}")
                return False
        elif left in values:
            bank = left
    return compared > 0


# --- other hosts --------------------------------------------------------------------

def locked(b: Booted, status: int | tuple[int, ...], words: str, present: bool = True) -> None:
    """No data for anybody, and one clear reason; everything else is as always."""
    b.settle()
    check(b.active("multi-user.target"), "the rest of the system is up")
    decision = b.decision()
    equal(decision["verdict"], "no", "decision")
    check(decision["exit_status"] in ((status,) if isinstance(status, int) else status),
          f"exit status {decision['exit_status']} ({decision['reason']})")
    check(words in decision["reason"], f"the reason names {words!r}: {decision['reason']}")
    check(decision["seconds"] <= TIMEOUT + 1, f"decided in {decision['seconds']} s,"
          f" the timeout is {TIMEOUT} s")
    shown = b.status()
    equal(shown["decision"]["reason"], decision["reason"], "tdi status")
    check(decision["reason"] in b.sh("tdi status"), "tdi status tells a person")
    journal = b.sh("journalctl -b -u tdi-gate.service -o cat --no-pager")
    check(decision["reason"] in journal, f"the journal has it: {journal}")
    for unit in ("tdi-devices.target", "tdi-data.service", "srv-data.mount"):
        check(not b.active(unit), f"{unit} is not reached")
    check(not b.unlocked(), "nothing is mounted")
    equal(b.sh("dmsetup table | grep -c ' crypt ' || true"), "0", "dm-crypt")
    equal(b.guest.run("ls /dev/nvme?n1 /dev/tdi/data")[0] != 0, True, "no disk")
    no_window(b)
    if present:
        device = [d for d in shown["devices"] if d["id"] == "1234:7d52"]
        equal([(d["standing"], d["driver"]) for d in device], [("held", None)], "device")
        stats = b.emu.stats("nvme0")
        equal({n: stats[n] for n in TOUCHED if stats[n]}, {}, "what the disk did")


def unsigned(owner: Owner) -> None:
    with running(owner.boot("unsigned", credentials=credentials(gate(), None))) as b:
        locked(b, 3, "signature")


def altered(owner: Owner) -> None:
    text = gate()
    signature = sign(text)
    with running(owner.boot("altered", credentials=credentials(
            text.replace(b'"required": true', b'"required":false'), signature))) as b:
        locked(b, 3, "signature")


def altered_device_policy(owner: Owner) -> None:
    """The gate's is as it was signed, the one it names is not."""
    text = gate()
    disk = (IMAGE / "policy/disk.json").read_bytes().replace(b"measurements", b"measurements ", 1)
    given = credentials(text, sign(text), disk=disk)
    with running(owner.boot("altered-device", credentials=given)) as b:
        locked(b, 3, "disk.json")


def expired(owner: Owner) -> None:
    text = gate(not_before="2020-01-01T00:00:00Z", not_after="2021-01-01T00:00:00Z")
    with running(owner.boot("expired", credentials=credentials(text, sign(text)))) as b:
        locked(b, 3, "2021-01-01")


def other_vendor(owner: Owner) -> None:
    """The same IDs, another root of trust."""
    with running(owner.boot("other-vendor", ca=owner.top / "other-ca.pem")) as b:
        locked(b, (2, 3), "certs.anchor")


class OtherFirmware(ImageVm):
    def before_boot(self) -> None:
        self.emu.cmd("fault nvme0 other-firmware")


def other_firmware(owner: Owner) -> None:
    with running(owner.boot("other-firmware", OtherFirmware)) as b:
        locked(b, (2, 3), "measurements")


def no_device(owner: Owner) -> None:
    """The host gives the machine another device, that no entry asks for."""
    with running(owner.boot("no-device", nvme=0, dma=1)) as b:
        locked(b, 4, "expected 1 of 1234:7d52", present=False)
        equal([(d["id"], d["standing"], d["driver"]) for d in b.status()["devices"]],
              [("1234:7d51", "held", None)], "the other device")


def no_tpm(owner: Owner) -> None:
    with running(owner.boot("no-tpm", tpm=None)) as b:
        locked(b, 6, "TPM")


class Silent(ImageVm):
    """A host that never answers."""

    def before_boot(self) -> None:
        self.emu.cmd("silent on")


def silent_host(owner: Owner) -> None:
    with running(owner.boot("silent", Silent)) as b:
        locked(b, 4, "no TSM is registered")


class FallsSilent(ImageVm):
    """A host that stops answering once the device is locked."""

    def before_boot(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        try:
            line = Lines(self.directory / "control.sock", time.monotonic() + 20, lambda: True)
            deadline = time.monotonic() + BOOT_TIMEOUT
            locks = 0
            while not locks and time.monotonic() < deadline:
                line.write("stats")
                locks = json.loads(line.read(deadline))["functions"]["nvme0"]["locks"]
                time.sleep(0.01)
            line.write("silent on")
            line.read(deadline)
            line.close()
        except VmError:
            pass    # the VM has ended


def host_falls_silent(owner: Owner) -> None:
    with running(owner.boot("falls-silent", FallsSilent)) as b:
        locked(b, 4, "expected an answer")


def no_root_disk(owner: Owner) -> None:
    """There is nothing to go on with, and nobody to ask: the machine goes off by itself."""
    # A panic would have ended it, too.
    goes_off(owner.boot("no-root", root=False, agent=False), "Power down")


def goes_off(vm: ImageVm, words: str, complaint: str = "") -> None:
    vm.expected_dead_emulator = True
    with vm:
        deadline = time.monotonic() + BOOT_TIMEOUT + ROOT_SECONDS
        while not vm.qemu_ended():
            check(time.monotonic() < deadline, "the machine goes off")
            time.sleep(0.2)
        check(words in (vm.directory / "console.log").read_text(errors="replace"),
              f"the kernel's last words: {words}")
    check(re.fullmatch(complaint, vm.complaint), f"complaints: {vm.complaint}")


def flipped_bit(owner: Owner) -> None:
    """One bit of the root, in a program that no boot does without; verity stops the machine.

    Nothing has come near the disk by then.
    """
    root = owner.top / "root.img"
    shutil.copy(IMAGE / "root.img", root)
    with open(root, "r+b") as f:
        at = partition(f, "root-x86-64")
        shown = subprocess.run(["dump.erofs", f"--offset={at}", "-e",
                                "--path=/usr/lib/systemd/systemd", root],
                               check=True, capture_output=True, text=True).stdout
        extent = re.search(r"^\s*0:\s*0\.\..*:\s*(\d+)\.\.", shown, re.M)
        check(extent, f"where systemd is: {shown}")
        at += int(extent[1]) + 5000     # type: ignore[index]
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 0x10]))
    before = owner.disk.read_bytes()
    goes_off(owner.boot("flipped", root=root, agent=False), "dm-verity device corrupted",
             r"console: \S* *\S+\] Kernel panic - not syncing: dm-verity device corrupted")
    equal(owner.disk.read_bytes() == before, True, "the disk is as it was, to the byte")


def partition(disk: BinaryIO, label: str) -> int:
    """Where it begins, in bytes (UEFI 5.3: the GPT's header and entries)."""
    disk.seek(512)
    header = disk.read(92)
    first, count, size = struct.unpack_from("<QII", header, 72)
    disk.seek(first * 512)
    for _ in range(count):
        entry = disk.read(size)
        if entry[56:128].decode("utf-16le").rstrip("\0") == label:
            return int(struct.unpack_from("<Q", entry, 32)[0]) * 512
    raise Failed(f"no partition {label}")


# --- the build ------------------------------------------------------------------------

def nothing_reads_variables(_: Owner) -> None:
    """No efivarfs, in the root or the initramfs, and no runtime services to read it by."""
    listed = subprocess.run(["sh", "-c", f"zstd -dc {IMAGE}/initrd | cpio -t --quiet"], check=True,
                            capture_output=True, text=True).stdout
    check("/tdi.ko" in listed, "the initramfs is listed")
    for name, text in (("root", (IMAGE / "tree.txt").read_text()), ("initramfs", listed)):
        found = [line for line in text.splitlines() if "efivarfs" in line.rpartition("/")[2]]
        equal(found, [], f"efivarfs in the {name}")
    check("efi=noruntime" in (IMAGE / "cmdline").read_text().split(), "efi=noruntime")


UNIT = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=systemctl --force --force poweroff
"""
HOSTS_UNIT = {"systemd.extra-unit.host.service": UNIT.encode(),
              "systemd.unit-dropin.basic.target": b"[Unit]\nWants=host.service\n"}


def hosts_units(owner: Owner) -> None:
    """A unit from the host's SMBIOS, which would be root's in an image that nobody altered.

    Nothing that a key is sealed to tells of it.
    """
    check("systemd.import_credentials=no" in (IMAGE / "cmdline").read_text().split(),
          "the image takes no credentials")
    vm = owner.boot("unit-taken", agent=False, credentials=HOSTS_UNIT)
    vm.expected_dead_emulator = True
    with vm:
        wait_for(vm.qemu_ended, "the unit is one to who takes it: the machine goes off")
    vm = owner.boot("unit", agent=False, credentials=HOSTS_UNIT, shipped=True)
    with vm:
        wait_for(lambda: vm.emu.stats("nvme0")["dma_read_bytes_private"] > 0,
                 "the gate lets the disk in")
        time.sleep(5 * SLOW)
        check(not vm.qemu_ended(), "nobody has run the host's unit")
    check(not vm.complaint, vm.complaint)


def wait_for(what: Callable[[], bool], claim: str) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT
    while not what():
        check(time.monotonic() < deadline, claim)
        time.sleep(0.2)


PRODUCTS = ("root.img", "tdisp-guest.efi", "vmlinuz", "initrd", "cmdline", "roothash", "tree.txt",
            "pcrs.json")


def two_builds_are_one(_: Owner) -> None:
    """From the same inputs, in other directories, one after the other."""
    same = False
    made = []
    try:
        with tempfile.TemporaryDirectory(dir=IMAGE) as top:
            for name, mask in (("a", 0o022), ("b", 0o077)):
                out = Path(top) / name
                ret = subprocess.run(
                    [TOP / "image/build", IMAGE / "input/base.tar", IMAGE / "input", out],
                    env={**os.environ, **build_environment()}, capture_output=True, text=True,
                    check=False, umask=mask)
                check(ret.returncode == 0, ret.stderr)
                made.append(out)
            differ = [p for p in PRODUCTS
                      if not filecmp.cmp(made[0] / p, made[1] / p, shallow=False)
                      or not filecmp.cmp(made[0] / p, IMAGE / p, shallow=False)]
        same = not differ
        check(same, f"differ: {differ}")
    finally:
        figure("reproducible", int(same))


def build_environment() -> dict[str, str]:
    return dict(line.split("=", 1) for line in
                (IMAGE / "input/environment").read_text().splitlines())


# --- all of it ---------------------------------------------------------------------------

Case = Callable[[Owner], None]
OWNERS: tuple[tuple[str, Case], ...] = (
    ("first boot: accepted, no window, the disk is made, sealed to the predicted verdict",
     the_first_boot),
    ("first boot by firmware: the disk is made, sealed to image and verdict",
     the_first_boot_by_firmware),
)
MEASURED: tuple[tuple[str, Case], ...] = (
    ("second boot by firmware: the file is there; PCRs as predicted; tpm2-tools agree",
     the_second_boot_by_firmware),
    ("systemd's options in a variable of firmware: nobody reads them", options_in_a_variable),
    ("another image by the same firmware, with the right verdict, gets no key; the recovery key"
     " opens", another_image),
)
OTHERS: tuple[tuple[str, Case], ...] = (
    ("an unsigned policy", unsigned),
    ("an altered policy", altered),
    ("an altered policy of a device", altered_device_policy),
    ("an expired policy", expired),
    ("a device of another vendor in its place", other_vendor),
    ("a device with other firmware", other_firmware),
    ("another kind of device", no_device),
    ("no TPM", no_tpm),
    ("a host that never answers", silent_host),
    ("a host that falls silent", host_falls_silent),
)

# Other ways to get at data or machine.
ENDS: tuple[tuple[str, Case], ...] = (
    ("no root disk: the machine goes off", no_root_disk),
    ("one flipped bit of the root: the machine goes off, the disk untouched", flipped_bit),
    ("a unit from the host's SMBIOS: nobody runs it", hosts_units),
    ("another disk in the place of the accepted one is locked again", swapped_disk),
)
# No machine is started.
STILL: tuple[tuple[str, Case], ...] = (
    ("two builds of one image are the same, bit for bit", two_builds_are_one),
    ("nothing in the image can read the host's variables", nothing_reads_variables),
)


def attempt(case: Case, owner: Owner) -> tuple[bool, str]:
    try:
        case(owner)
        return True, ""
    except (Failed, VmError) as e:
        return False, str(e)
    except Exception:
        return False, traceback.format_exc()


def on_a_copy(case: Case, owner: Owner) -> tuple[bool, str]:
    if not owner.made:
        return False, "there is no data disk"
    start = time.monotonic()
    ok, said = attempt(case, owner.copy(case.__name__))
    print(f"# {case.__name__}: {time.monotonic() - start:.1f} s {said}", flush=True)
    return ok, said


def main(words: list[str]) -> None:
    def chosen(cases: Iterable[tuple[str, Case]]) -> list[tuple[str, Case]]:
        return [c for c in cases
                if not words or any(w in f"{c[0]} {c[1].__name__}" for w in words)]

    tap = Tap()
    measured_cases, others = chosen(MEASURED), chosen(OTHERS)
    ends, still = chosen(ENDS), chosen(STILL)
    done = []
    # One more than there are CPUs: some wait for a time to pass.
    with tempfile.TemporaryDirectory(prefix="tdi-image-", dir="/dev/shm") as top, \
            ThreadPoolExecutor(JOBS + 1) as pool:
        owner = Owner(Path(top))
        measured = Owner(Path(top) / "measured")
        measured.top.mkdir()
        first = [(claim, pool.submit(attempt, case, of))
                 for (claim, case), of, users in zip(OWNERS, (owner, measured),
                                                     (others or ends, measured_cases))
                 if users or chosen([(claim, case)])]
        for claim, boot in first:
            tap.result(boot.result()[0], claim, boot.result()[1])
        runs = [(claim, case, pool.submit(on_a_copy, case, of))
                for cases, of in ((ends, owner), (measured_cases, measured), (others, owner))
                for claim, case in cases]
        runs += [(claim, case, pool.submit(attempt, case, owner)) for claim, case in still]
        for claim, case, run in runs:
            ok, said = run.result()
            if case in dict(OTHERS).values():
                claim += ": the data stays locked, the rest comes up"
                done.append(ok)
            tap.result(ok, claim, said)
    if others:
        figure("fail_closed_cases", len(others))
        figure("fail_closed_ok", sum(done))
    tap.done()


if __name__ == "__main__":
    main(sys.argv[1:])
