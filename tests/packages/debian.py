# SPDX-License-Identifier: GPL-2.0
"""A plain Debian to install packages in, and a disk of it to boot.

    debian = Debian("name")             what tests/kernels/tree made, and a layer of ours on top
    debian.sh("dpkg -i /packages/x.deb")
    debian.disk(path)                   a file system of it, for a VM

Needs the mount namespace that tests/kernels/enter makes: the mounts end with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
BUILD = TOP / "build"
sys.path.insert(0, str(TOP / "tests/e2e"))
sys.dont_write_bytecode = True

from tap import Failed  # noqa: E402

BASE = BUILD / "trees/debian"
SCRATCH = BUILD / "scratch/packages"

# A shell for the test outside, on the second serial line, as early as the gate itself:
# what the machine does without its devices is looked at, too.
AGENT_UNIT = """\
[Unit]
Description=Commands for the test outside
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target

[Service]
ExecStart=/usr/local/bin/tdi-agent
StandardInput=file:/dev/ttyS1
StandardOutput=file:/dev/ttyS1
StandardError=journal+console
WorkingDirectory=/root

[Install]
WantedBy=sysinit.target
"""


class Debian:
    """A tree of its own for each name; what an earlier run left is gone."""

    def __init__(self, name: str, below: Debian | None = None):
        self.directory = SCRATCH / name
        self.root = self.directory / "root"
        shutil.rmtree(self.directory, ignore_errors=True)
        for part in ("upper", "work", "root"):
            (self.directory / part).mkdir(parents=True)
        # Layers of the tree that this one is put on, newest first.
        self.layers = [self.directory / "upper", *(below.layers if below else [BASE])]
        lower = ":".join(str(layer) for layer in self.layers[1:])
        self._mount("-t", "overlay", "overlay", "-o",
                    f"lowerdir={lower},upperdir={self.directory}/upper,"
                    f"workdir={self.directory}/work")
        for kind in ("proc", "sysfs"):
            self._mount("-t", kind, kind, at={"sysfs": "sys"}.get(kind, kind))
        self._mount("--rbind", "/dev", at="dev")
        self._mount("-t", "tmpfs", "tmpfs", at="run")
        self._mount("-t", "tmpfs", "tmpfs", at="tmp")
        # Nothing is started in there.
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)

    def _mount(self, *arguments: str, at: str = "") -> None:
        subprocess.run(["mount", *arguments, str(self.root / at)], check=True)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        to = self.root / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)
        to.chmod(mode)

    def run(self, script: str) -> tuple[int, str]:
        """A script in the tree; its exit status and output."""
        done = subprocess.run(
            ["chroot", str(self.root), "env", "-i", "LC_ALL=C.UTF-8", "HOME=/root",
             "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", check=False)
        return done.returncode, done.stdout

    def sh(self, script: str) -> str:
        status, output = self.run(script)
        if status:
            raise Failed(f"status {status} of: {script}\n{output}")
        return output.rstrip("\n")

    def has(self, path: str) -> bool:
        return os.path.lexists(self.root / path)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    @property
    def kernel(self) -> str:
        """The version of its newest kernel."""
        return max(os.listdir(self.root / "lib/modules"))

    def install(self, packages: list[Path]) -> str:
        """As apt does it, without a network: all that they need is there."""
        to = self.root / "tmp/packages"
        to.mkdir(exist_ok=True)
        for package in packages:
            shutil.copy(package, to)
        names = " ".join(f"/tmp/packages/{package.name}" for package in packages)
        return self.sh("apt-get install -qq -y --no-install-recommends"
                       f" -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold {names}")

    def initramfs(self) -> list[str]:
        """What is in it."""
        return self.sh(f"lsinitramfs /boot/initrd.img-{self.kernel}").splitlines()

    def disk(self, path: Path) -> None:
        """An ext4 of the tree as it is now, with what a VM of ours has besides."""
        extra = Debian(self.directory.name + "-disk", self)
        extra.write("etc/systemd/system/tdi-test-agent.service", AGENT_UNIT)
        extra.write("usr/local/bin/tdi-agent",
                    (TOP / "tests/e2e/initramfs/scripts/tdi-agent").read_text(), 0o755)
        extra.write("etc/fstab", "/dev/vda / ext4 errors=remount-ro 0 1\n")
        extra.write("etc/hostname", "guest\n")
        # One that has booted before, and what takes long while nobody looks at it.
        extra.write("etc/machine-id", "7d" * 16 + "\n")
        extra.sh("rm -f /usr/sbin/policy-rc.d && systemctl -q enable tdi-test-agent &&"
                 " systemctl -q mask getty.target ldconfig.service systemd-update-done.service"
                 " dpkg-db-backup.timer apt-daily.timer apt-daily-upgrade.timer"
                 " e2scrub_all.timer e2scrub_reap.service fstrim.timer")
        extra.unmount_insides()
        size = int(subprocess.run(["du", "-sm", str(extra.root)], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.split()[0])
        path.unlink(missing_ok=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,root_owner=0:0",
                        "-d", str(extra.root), str(path), f"{size * 5 // 4 + 300}M"], check=True)
        extra.close()

    def unmount_insides(self) -> None:
        for at in ("tmp", "run", "dev", "sys", "proc"):
            subprocess.run(["umount", "-R", "-l", str(self.root / at)], check=True)

    def close(self) -> None:
        """Ends the mounts, and removes the layer."""
        subprocess.run(["umount", "-R", "-l", str(self.root)], check=True)
        shutil.rmtree(self.directory)
