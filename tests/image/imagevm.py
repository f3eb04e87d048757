# SPDX-License-Identifier: GPL-2.0
"""The image in QEMU, with a TPM, and tdisp-emu as the data disk, TSM and host.

    with ImageVm("name", tpm=Tpm(directory)) as vm:
        vm.guest.run("tdi status")

Topology: tests/e2e/vm.py's, and

    QEMU --- virtio-blk, read only: build/image/root.img
         --- tpm-crb: swtpm (what it keeps outlives the VM)
         --- OVMF, uefi=True: starts root.img's EFI/BOOT/BOOTX64.EFI, or with handed=True
             what QEMU hands over; else SeaBIOS, and QEMU hands kernel, initramfs and
             command line over

The image has no way in. One with the tests' keys lets the host hand systemd credentials to
it, by SMBIOS: that is how the agent on ttyS1 gets in here, as a unit of the root, and how
other policies do. With shipped=True it is told not to, like any other.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from vm import (BOOT_TIMEOUT, BUILD, EMU_TIMEOUT, TOP, Emulator, Guest, Vm, VmError, VmTimeout,
                _end, _spawn)

IMAGE = BUILD / "image"
TEST_KEYS = IMAGE / "test"
OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")

AGENT = """[Unit]
Description=Commands of the test, from ttyS1
DefaultDependencies=no
After=sysinit.target
[Service]
ExecStart=/bin/sh %d/agent.script
ImportCredential=agent.script
StandardInput=tty
StandardOutput=tty
StandardError=journal
TTYPath=/dev/ttyS1
SuccessExitStatus=0 1
"""
AGENT_WANTED = "[Unit]\nWants=tdi-agent.service\n"


class Tpm:
    """What a swtpm keeps, and one swtpm per VM on it. SHA-256 and SHA-384 banks."""

    def __init__(self, state: Path):
        self.state = state
        self.control = state / "control.sock"
        self._process: subprocess.Popen[bytes] | None = None
        if not state.exists():
            state.mkdir(parents=True)
            self._choose_banks()

    def _choose_banks(self) -> None:
        data = self.state / "data.sock"
        self.start("--server", f"type=unixio,path={data}", "--flags", "not-need-init,startup-clear")
        environment = dict(os.environ, TPM2TOOLS_TCTI=f"swtpm:path={data}")
        deadline = time.monotonic() + EMU_TIMEOUT
        # libtss2's way to a swtpm wants its control channel beside it.
        (self.state / "data.sock.ctrl").symlink_to(self.control)
        while not (data.exists() and self.control.exists()):
            if time.monotonic() > deadline:
                raise VmTimeout("swtpm does not start")
            time.sleep(0.02)
        done = subprocess.run(
            ["tpm2_pcrallocate", "sha1:none+sha256:all+sha384:all+sha512:none"],
            env=environment, capture_output=True, text=True, timeout=EMU_TIMEOUT, check=False)
        subprocess.run(["tpm2_shutdown", "--clear"], env=environment, capture_output=True,
                       timeout=EMU_TIMEOUT, check=False)
        self.stop()
        if done.returncode:
            raise VmError(f"tpm2_pcrallocate: {done.stderr}")

    def start(self, *more: str) -> None:
        self.control.unlink(missing_ok=True)
        self._process = _spawn(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.state}",
                                "--ctrl", f"type=unixio,path={self.control}", *more],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + EMU_TIMEOUT
        while not self.control.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise VmError("swtpm does not start")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            _end(self._process, EMU_TIMEOUT)
            self._process = None


class ImageVm(Vm):
    """The image of a directory. disk: the data disk, kept; root: another root disk, or none;
    credentials: the host's."""

    def __init__(self, name: str, *, tpm: Tpm | None, directory: Path = IMAGE,
                 disk: Path | None = None, uefi: bool = False, handed: bool = False,
                 root: Path | bool = True, ca: Path | None = None,
                 credentials: Mapping[str, bytes] | None = None, agent: bool = True,
                 append: str = "", dma: int = 0, shipped: bool = False, **more: Any):
        super().__init__(name, (directory / "roothash").read_text()[:12], dma=dma, append=append,
                         initramfs=directory / "initrd", image=directory / "vmlinuz", **more)
        self.name = f"image-{name}"
        self.tpm, self.uefi, self.files = tpm, uefi, directory
        self.disk, self.handed = disk, handed
        self.root = directory / "root.img" if root is True else root
        self.ca = ca or TEST_KEYS / "ca.pem"
        self.agent, self.shipped = agent, shipped
        self.credentials = dict(credentials or {})
        if agent:
            self.credentials |= {
                "systemd.extra-unit.tdi-agent.service": AGENT.encode(),
                "systemd.unit-dropin.multi-user.target": AGENT_WANTED.encode(),
                "agent.script": (TOP / "tests/e2e/initramfs/scripts/tdi-agent").read_bytes()}

    def _start(self) -> None:
        disk = self.disk or self.directory / "disk.img"
        if not disk.exists():
            with open(disk, "wb") as f:
                f.truncate(self.disk_mib << 20)
        if self.tpm:
            self.tpm.start()
        if self.with_emulator:
            self.emu = Emulator(self.directory, [
                "--disk", str(disk), "--nvme", str(self.nvme), "--dma", str(self.dma),
                "--ca", str(self.ca), *self.devices])
        self.before_boot()
        with open(self.directory / "qemu.log", "wb") as log:
            self._qemu = _spawn(self._qemu_argv(), stdout=log, stderr=log)
        if self.with_emulator:
            self._forget_firmware()
        if self.agent:
            self.guest = Guest(self.directory / "agent.sock", lambda: not self.qemu_ended())

    def _forget_firmware(self) -> None:
        """What firmware did with the disk, looking for something to boot, is not counted.

        systemd has spoken, in the initramfs; udev, which loads drivers, comes after that.
        """
        deadline = time.monotonic() + BOOT_TIMEOUT
        console = self.directory / "console.log"
        while not (console.exists() and b"slice" in console.read_bytes()):
            if self.qemu_ended() or time.monotonic() > deadline:
                raise VmTimeout("no initramfs speaks")
            time.sleep(0.05)
        self.emu.cmd("stats reset")

    def before_boot(self) -> None:
        """For who wants to say something to the emulator first."""

    def make_variables(self, store: Path) -> None:
        """Firmware's variables, as on a new machine."""
        shutil.copy(OVMF_VARS, store)

    def _qemu_argv(self) -> list[str | Path]:
        argv = super()._qemu_argv()
        at = argv.index("-append")
        cmdline = (self.files / "cmdline").read_text()
        if self.shipped:
            cmdline = cmdline.replace(" systemd.import_credentials=yes", "")
        argv[at + 1] = f"{cmdline} {self.append}"
        if self.uefi:
            for option in () if self.handed else ("-kernel", "-initrd", "-append"):
                at = argv.index(option)
                del argv[at:at + 2]
            self.make_variables(self.directory / "vars.fd")
            argv += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
                     "-drive", f"if=pflash,format=raw,unit=1,file={self.directory / 'vars.fd'}"]
        if self.root:
            argv += ["-drive",
                     f"if=none,id=root,format=raw,readonly=on,file={self.root}",
                     "-device", "virtio-blk-pci,drive=root,bus=pcie.0,addr=0x10,"
                     "disable-legacy=on,iommu_platform=on"
                     + (",bootindex=0" if self.uefi and not self.handed else "")]
        if self.tpm:
            argv += ["-chardev", f"socket,id=tpm,path={self.tpm.control}",
                     "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]
        for name, value in self.credentials.items():
            argv += ["-smbios", "type=11,value=io.systemd.credential.binary:"
                     f"{name}={base64.b64encode(value).decode()}"]
        return argv

    def _stop(self) -> str:
        try:
            return super()._stop()
        finally:
            if self.tpm:
                self.tpm.stop()
