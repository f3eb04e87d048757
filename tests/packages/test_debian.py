#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The packages in a plain Debian (tests/kernels/tree debian): installed, where DKMS builds
the modules for its kernel; booted in a VM whose data disk is a TDI; upgraded; removed, and
booted again. Its kernel has nvme as a module, and the initramfs loads it.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from debian import BASE, SCRATCH, TOP, Debian  # noqa: E402
import vm as vms  # noqa: E402
from tap import Failed, Tap, check, equal, figure  # noqa: E402
from vm import SLOW, Vm, VmError  # noqa: E402

# A whole Debian, emulated.
vms.BOOT_TIMEOUT = 300 * SLOW

GATE = "/sys/devices/tdi-gate"
PCI = "/sys/bus/pci/devices"
UNITS = ("tdi-hold.service", "tdi-gate.service", "tdi-devices.target")
MODULES = ("tdi", "tdi-emu")
OLD, NEW = "0.1~before", "0.1~before+1"


# --- in a chroot -----------------------------------------------------------------

def packages(version: str) -> list[Path]:
    out = SCRATCH / f"debs-{version}"
    subprocess.run([TOP / "packaging/make-debs", "--version", version, "--epoch", "1767225600", out],
                   check=True)
    return sorted(out.glob("*.deb"))


def in_the_initramfs(debian: Debian) -> set[str]:
    """What of ours is in there."""
    return {name.rsplit("/", 1)[-1] for name in debian.initramfs() if "tdi" in name}


def what_is_installed_is_all_there(debian: Debian, version: str) -> None:
    status = debian.sh("dkms status")
    equal(status, f"tdisp-guest/{version}, {debian.kernel}, x86_64: installed", "dkms status")
    for module in MODULES:
        shown = debian.sh(f"modinfo -k {debian.kernel} -F filename {module}")
        equal(shown, f"/lib/modules/{debian.kernel}/updates/dkms/{module}.ko.xz", module)
    check({"tdi.ko.xz", "tdi-emu.ko.xz", "tdi", "tdi.conf"} <= in_the_initramfs(debian),
          f"the initramfs has the hold: {in_the_initramfs(debian)}")
    for unit in UNITS:
        equal(debian.sh(f"systemctl is-enabled {unit}"), "enabled", unit)
    equal(debian.sh("tdi --version"), f"tdi {version}", "tdi --version")
    equal(debian.sh("ls /etc/tdi"), "README", "what is in /etc/tdi")
    check(not debian.has("etc/modprobe.d/tdi.conf"), "it holds devices")
    equal(debian.sh("dpkg --audit"), "", "what dpkg complains of")


def an_upgrade_keeps_what_the_administrator_did(old: Debian, debs: list[Path]) -> None:
    new = Debian("upgraded", old)
    ours = {"etc/tdi/README": "what somebody wrote\n", "etc/tdi/gate.json": "{}\n",
            "etc/tdi/gate.json.p7s": "signed\n", "etc/tdi/gate-signer.pem": "me\n",
            "etc/modprobe.d/tdi.conf": "options tdi gate=none\n"}
    for path, text in ours.items():
        new.write(path, text)
    new.sh("systemctl -q disable tdi-devices.target")
    new.install(debs)
    for path, text in ours.items():
        equal(new.read(path), text, path)
    equal(new.run("systemctl is-enabled tdi-devices.target")[1].strip(), "disabled", "the target")
    # All else is as after a first installation.
    new.sh("systemctl -q enable tdi-devices.target")
    for path in list(ours)[1:]:
        (new.root / path).unlink()
    what_is_installed_is_all_there(new, NEW)
    check(not new.has(f"usr/src/tdisp-guest-{OLD}"), "no sources of the old version")
    new.close()


def what_is_mounted_keeps_the_gate_from_holding(debian: Debian) -> None:
    """The postinst, where something is in use: a first installation holds nothing then."""
    layer = Debian("in-use", debian)
    conf = "/etc/modprobe.d/tdi.conf"
    postinst = "/var/lib/dpkg/info/tdisp-guest-gate.postinst configure"
    layer.sh(postinst)
    check(not layer.has(conf[1:]), "nothing is in use, and the gate holds")
    layer.write("usr/libexec/tdisp-guest/tdi-in-use", "#!/bin/sh\necho 0000:02:00.0 /srv\n", 0o755)
    layer.sh(f"{postinst} {OLD}")
    check(not layer.has(conf[1:]), "an upgrade changes nothing")
    said = layer.sh(postinst)
    check("0000:02:00.0 /srv" in said and conf in said, f"it says so: {said}")
    equal(layer.sh("modprobe --showconfig | grep '^options tdi '"), "options tdi gate=none", "modprobe")
    # Who installs it again has had the time to think about it.
    layer.write(conf[1:], "# mine\noptions tdi gate=listed gate_devices=1234:7d52\n")
    layer.sh(postinst)
    check(layer.read(conf[1:]).startswith("# mine"), "the administrator's own file stays")
    layer.close()


def leftovers(debian: Debian) -> list[str]:
    """Files that are not in the plain Debian, by their name."""
    names = debian.sh("find / -xdev ! -type d \\( -name '*tdi*' -o -path '*tdisp*' -o -path '*/tdi/*'"
                      " \\) | LC_ALL=C sort").splitlines()
    return [name for name in names if not (BASE / name[1:]).exists()]


def removing_leaves_a_plain_debian(debian: Debian) -> Debian:
    gone = Debian("removed", debian)
    shutil.copy(BASE / f"boot/initrd.img-{gone.kernel}", gone.root / "tmp/initrd")
    before = gone.sh("lsinitramfs /tmp/initrd")
    gone.write("etc/tdi/gate.json", "{}\n")
    gone.sh("apt-get remove -qq -y 'tdisp-guest-*'")
    equal(in_the_initramfs(gone), set(), "of ours in the initramfs")
    equal(gone.sh("dkms status"), "", "dkms status")
    check(not gone.has(f"lib/modules/{gone.kernel}/updates/dkms/tdi.ko.xz"), "the modules are gone")
    kept = [name for name in leftovers(gone) if not name.startswith(("/var/lib/dpkg", "/etc/systemd",
                                                                     "/var/lib/systemd"))]
    equal(kept, ["/etc/tdi/README", "/etc/tdi/gate.json"], "configuration that is kept")
    gone.sh("apt-get purge -qq -y 'tdisp-guest-*'")
    equal(leftovers(gone), ["/etc/tdi/gate.json"], "what stays is the administrator's")
    after = gone.sh(f"lsinitramfs /boot/initrd.img-{gone.kernel}")
    equal(sorted(after.splitlines()), sorted(before.splitlines()), "the initramfs, as it was")
    return gone


# --- in a VM ---------------------------------------------------------------------

class Machine:
    """A VM of a Debian, and words for what one looks at."""

    # What the disk had read and written of memory that the host sees, at the last look.
    seen_open = 0
    # .. and how much of that the firmware has each time.
    firmware = 0

    def __init__(self, vm: Vm):
        self.vm, self.emu = vm, vm.emu

    def sh(self, script: str) -> str:
        return self.vm.guest.sh(script)

    def up(self) -> str:
        """Waits until it has started all that it starts, and says how that went."""
        return self.vm.guest.run("systemctl is-system-running --wait", 300 * SLOW)[1].strip()

    def nvme(self) -> str:
        found = self.vm.guest.functions("7d52")
        equal(len(found), 1, "functions with id 1234:7d52")
        return found[0]

    def driver(self, bdf: str) -> str:
        return self.sh(f"basename $(readlink {PCI}/{bdf}/driver) 2>/dev/null || true")

    def gate(self, name: str) -> str:
        return self.sh(f"cat {GATE}/{name}")

    def unit(self, name: str) -> str:
        return self.vm.guest.run(f"systemctl is-active {name}")[1].strip()

    def put(self, path: str, data: bytes) -> None:
        self.sh(f"echo {base64.b64encode(data).decode()} | base64 -d > {path}")

    def wait(self, condition: str, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout * SLOW
        while self.vm.guest.run(condition)[0]:
            if time.monotonic() > deadline:
                raise Failed(f"never came true: {condition}")
            time.sleep(0.5)

    def reboot(self) -> None:
        self.vm.guest.boots("systemctl reboot; sleep 600")

    def result(self) -> dict[str, Any]:
        """What was decided at boot."""
        found: dict[str, Any] = json.loads(self.sh("cat /run/tdi/gate.json"))
        return found


def machine(name: str, debian: Debian, disk: Path) -> Vm:
    boot = debian.root / "boot"
    return Vm(name, debian.kernel, image=boot / f"vmlinuz-{debian.kernel}",
              initramfs=boot / f"initrd.img-{debian.kernel}", memory="2G", dma=0, msi=True,
              reboot=True, # A busy machine may starve this one for long.
              append="rdinit=/init root=/dev/vda rw rcupdate.rcu_cpu_stall_suppress=1",
              qemu=("-drive", f"file={disk},if=none,id=root,format=raw,snapshot=on",
                    "-device", "virtio-blk-pci,drive=root,addr=0x10,disable-legacy=on,"
                               "iommu_platform=on"))


def open_bytes(m: Machine) -> int:
    """What the disk has read and written since the last look of memory that the host sees."""
    stats = m.emu.stats("nvme0")
    before = m.seen_open
    m.seen_open = sum(stats[name] for name in ("dma_read_bytes_shared", "dma_write_bytes_shared",
                                               "dma_bytes_open"))
    return m.seen_open - before


def without_a_policy_the_disk_is_held(m: Machine) -> None:
    equal(m.up(), "degraded", "how the machine came up")
    failed = m.sh("systemctl --failed --no-legend --plain | cut -d' ' -f1").split()
    equal(failed, ["tdi-gate.service"], "units that failed")
    equal((m.unit("multi-user.target"), m.unit("tdi-devices.target")), ("active", "inactive"),
          "multi-user, tdi-devices")
    bdf = m.nvme()
    m.sh("lsmod | grep -qw ^nvme")    # there is a driver that would like to
    equal((m.gate("policy"), m.gate("held").split(), m.gate("exposed")), ("all", [bdf], ""),
          "policy, held, exposed")
    equal(m.driver(bdf), "", "driver")
    result = m.result()
    equal((result["verdict"], result["policy"], result["signer"]), ("no", None, None), "decision")
    check("/etc/tdi" in f"{result['reason']} {result['advice']}", f"it says where: {result}")
    equal(m.sh("systemctl show -P ExecMainStatus tdi-gate"), str(result["exit_status"]), "status")
    status, _ = m.vm.guest.run(f"echo {bdf} > /sys/bus/pci/drivers/nvme/bind")
    check(status, "root cannot bind one either")
    equal(m.sh("ls /dev | grep nvme || true"), "", "disks")
    # The firmware looked at it. It needs no interrupts, and every driver does.
    m.firmware = open_bytes(m)
    equal(m.emu.stats("nvme0")["interrupts"], 0, "interrupts that the disk raised")


def signed(text: bytes) -> tuple[bytes, bytes]:
    """A signature of it, and whose."""
    with tempfile.TemporaryDirectory() as tmp:
        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, cwd=tmp,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        Path(tmp, "gate.json").write_bytes(text)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes",
                "-keyout", "key.pem", "-out", "gate-signer.pem", "-days", "30",
                "-subj", "/CN=who decides what boots", "-addext", "keyUsage=critical,digitalSignature")
        openssl("cms", "-sign", "-binary", "-in", "gate.json", "-signer", "gate-signer.pem",
                "-inkey", "key.pem", "-md", "sha384", "-outform", "DER", "-out", "gate.json.p7s")
        return Path(tmp, "gate.json.p7s").read_bytes(), Path(tmp, "gate-signer.pem").read_bytes()


def give_a_policy(m: Machine) -> None:
    """As Documentation/install.rst has it."""
    bdf = m.nvme()
    m.put("/tmp/maker-ca.pem", (m.emu.directory / "root-ca.pem").read_bytes())
    m.sh(f"cd {PCI}/{bdf}/tsm && ls /sys/class/tsm >lock && tdi evidence {bdf} -o /tmp/disk.tar &&"
         " ls /sys/class/tsm >unlock")
    m.sh("tdi policy init /tmp/disk.tar --roots /tmp/maker-ca.pem -o /etc/tdi/disk.json")
    policy = m.sh("cat /etc/tdi/disk.json; echo .")[:-1].encode()
    today = datetime.datetime.now(datetime.UTC)
    gate = json.dumps({
        "schema_version": 1, "kind": "gate", "description": "one data disk",
        "not_after": f"{today + datetime.timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
        "timeout": 100,
        "devices": [{"name": "data disk", "vendor": "1234", "device": "7d52", "count": 1,
                     "required": True, "policy": "disk.json",
                     "policy_sha256": hashlib.sha256(policy).hexdigest()}]}, indent=2).encode()
    signature, signer = signed(gate)
    for name, data in (("gate.json", gate), ("gate.json.p7s", signature),
                       ("gate-signer.pem", signer)):
        m.put(f"/etc/tdi/{name}", data)
    equal(m.gate("held").split(), [bdf], "held")


def with_a_signed_policy_the_disk_is_accepted(m: Machine) -> None:
    m.reboot()
    equal(m.up(), "running", "how the machine came up")
    for unit in UNITS:
        equal(m.unit(unit), "active", unit)
    bdf = m.nvme()
    equal((m.gate("policy"), m.gate("held"), m.gate("exposed")), ("all", "", ""),
          "policy, held, exposed")
    equal((m.driver(bdf), m.sh(f"cat {PCI}/{bdf}/tsm/state {PCI}/{bdf}/tsm/dma")),
          ("nvme", "RUN\ndirect"), "driver, state and dma")
    check(m.emu.stats("nvme0")["interrupts"], "the driver uses it")
    equal(open_bytes(m), m.firmware, "bytes that the disk got of what the host sees")
    result = m.result()
    equal((result["verdict"], [(d["bdf"], d["verdict"]) for d in result["devices"]]),
          ("yes", [(bdf, "accepted")]), "decision")
    figure("packages_gate_seconds_after_kernel", result["decided_at_boottime"])


def the_disk_works_and_is_seen_to_be_in_use(m: Machine) -> None:
    in_use = "/usr/libexec/tdisp-guest/tdi-in-use"
    equal(m.sh(in_use), "", "in use before it is mounted")
    m.sh("mkfs.ext4 -q /dev/nvme0n1 && mount /dev/nvme0n1 /srv &&"
         " dd if=/dev/urandom of=/srv/file bs=64k count=16 2>/dev/null && sync")
    before = m.sh("sha256sum </srv/file")
    equal(m.sh(in_use), f"{m.nvme()} /srv", "in use")
    m.sh("umount /srv; echo 3 >/proc/sys/vm/drop_caches; mount /dev/nvme0n1 /srv")
    equal(m.sh("sha256sum </srv/file"), before, "hash of the file")
    m.sh("umount /srv")
    equal(open_bytes(m), 0, "bytes that the disk got of what the host sees")


def a_disk_that_is_plugged_in_is_accepted(m: Machine) -> None:
    m.vm.unplug("nvme0")
    m.vm.plug("nvme0")
    m.wait("test -b /dev/nvme0n1")
    bdf = m.nvme()
    equal((m.driver(bdf), m.sh(f"cat {PCI}/{bdf}/tsm/state")), ("nvme", "RUN"), "driver, state")
    m.wait(f"systemctl show -p Result,ExecMainStatus tdi-gate@{bdf} |"
           " grep -c -e Result=success -e ExecMainStatus=0 | grep -qx 2")
    equal((m.gate("held"), m.gate("exposed")), ("", ""), "held, exposed")
    m.sh("mount /dev/nvme0n1 /srv && sha256sum </srv/file && umount /srv")
    equal(open_bytes(m), 0, "bytes that the disk got of what the host sees")


def a_disk_that_is_another_stays_held(m: Machine) -> None:
    m.vm.unplug("nvme0")
    m.emu.cmd("fault nvme0 other-firmware")
    m.vm.plug("nvme0")
    m.wait("grep -q . " + f"{GATE}/held")
    bdf = m.nvme()
    m.wait(f"systemctl is-failed -q tdi-gate@{bdf}")
    equal((m.driver(bdf), m.gate("held").split()), ("", [bdf]), "driver, held")
    equal(m.sh("ls /dev | grep nvme || true"), "", "disks")
    m.emu.cmd("mend nvme0")


def a_machine_without_the_packages_boots(m: Machine) -> None:
    """.. and its initramfs gives the disk to the driver, which shows what the hold is good for."""
    equal(m.up(), "running", "how the machine came up")
    equal(m.driver(m.nvme()), "nvme", "driver")
    equal(m.sh("lsmod | grep -w ^tdi || true; ls -d /sys/devices/tdi* 2>/dev/null || true"), "",
          "of ours in the kernel")


# --- all of it -------------------------------------------------------------------

class Story:
    """Claims in an order: after one that does not hold, the rest is not tried."""

    def __init__(self, tap: Tap):
        self.tap = tap
        self.over = False

    def tell(self, claim: Callable[..., Any], *arguments: Any) -> Any:
        name = claim.__name__.replace("_", " ")
        if self.over:
            self.tap.result(False, name, "not tried, after what failed before")
            return None
        start, value = time.monotonic(), None
        try:
            value = claim(*arguments)
            self.tap.result(True, name)
        except Exception as e:
            self.over = True
            self.tap.result(False, name, str(e) if isinstance(e, Failed) else traceback.format_exc())
        self.tap.explain(f"{time.monotonic() - start:.1f} s")
        return value

    def boot(self, name: str, debian: Debian, *claims: Callable[[Machine], None]) -> None:
        disk = SCRATCH / f"{name}.img"
        try:
            debian.disk(disk)
            with machine(name, debian, disk) as vm:
                m = Machine(vm)
                for claim in claims:
                    self.tell(claim, m)
                vm.keep_logs = self.over
            self.tap.result(not vm.complaint, f"{name}: neither kernel nor emulator complain",
                            vm.complaint)
        except VmError as e:
            self.over = True
            self.tap.result(False, f"{name}: the machine boots", str(e))
        disk.unlink(missing_ok=True)


def installing_builds_and_enables_all(debian: Debian, debs: list[Path]) -> None:
    debian.install(debs)
    what_is_installed_is_all_there(debian, OLD)


def main() -> None:
    tap = Tap()
    if not BASE.exists():
        tap.result(True, "the packages are installed",
                   skip="no Debian to install them in: tests/kernels/tree debian makes one")
        tap.done()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    story = Story(tap)
    debian = Debian("installed")
    story.tell(installing_builds_and_enables_all, debian, packages(OLD))
    if not story.over:
        story.tell(what_is_mounted_keeps_the_gate_from_holding, debian)
        story.tell(an_upgrade_keeps_what_the_administrator_did, debian, packages(NEW))
        story.boot("packages", debian, without_a_policy_the_disk_is_held, give_a_policy,
                   with_a_signed_policy_the_disk_is_accepted,
                   the_disk_works_and_is_seen_to_be_in_use,
                   a_disk_that_is_plugged_in_is_accepted, a_disk_that_is_another_stays_held)
        story.over = False
        removed = story.tell(removing_leaves_a_plain_debian, debian)
        if removed:
            story.boot("packages-removed", removed, a_machine_without_the_packages_boots)
            removed.close()
    debian.close()
    tap.done()


if __name__ == "__main__":
    main()
