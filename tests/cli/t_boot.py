# SPDX-License-Identifier: GPL-2.0
"""tools/boot: units, rules and hooks, as far as they can be looked at without a boot."""
import os
import re
import shutil
import subprocess

from bench import HERE, Skip, TDI, eq, has, hasnt, test

BOOT = os.path.join(HERE, "../../tools/boot")
UNITS = ("tdi-hold.service", "tdi-gate.service", "tdi-gate@.service", "tdi-devices.target")


def text(name):
    with open(os.path.join(BOOT, name), encoding="ascii") as f:
        return f.read()


def unit(name):
    """Its settings as {key: [words]}, of all sections."""
    found = {}
    for line in text("systemd/" + name).splitlines():
        key, eq_sign, value = line.partition("=")
        if eq_sign and line[0] != "#":
            found.setdefault(key, []).extend(value.split())
    return found


def systemd_says(b, change=lambda name, content: content):
    """What systemd-analyze has to say about the units, in a root of their own."""
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    root = os.path.join(b.tree.root, "root")
    shutil.rmtree(root, ignore_errors=True)
    home = os.path.join(root, "usr/lib/systemd/system")
    for path in (home, os.path.join(root, "usr/bin"), os.path.join(root, "sbin")):
        os.makedirs(path)
    if os.path.isdir("/usr/lib/systemd/system"):
        for name in os.listdir("/usr/lib/systemd/system"):
            if name.endswith(".target"):
                shutil.copy(os.path.join("/usr/lib/systemd/system", name), home)
    shutil.copy(TDI, os.path.join(root, "usr/bin/tdi"))
    shutil.copy("/bin/true", os.path.join(root, "sbin/modprobe"))
    for name in UNITS:
        with open(os.path.join(home, name), "w", encoding="ascii") as f:
            f.write(change(name, text("systemd/" + name)))
    # A colon would be the name of an alias.
    names = [name.replace("@.", "@x.") for name in UNITS]
    return subprocess.run(["systemd-analyze", "verify", "--man=no", "--root=" + root, *names],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@test
def systemd_has_nothing_to_say_about_the_units(b):
    ret = systemd_says(b)
    eq((ret.returncode, ret.stdout), (0, ""))
    # and it would
    ret = systemd_says(b, lambda name, content: content.replace("[Unit]", "[Unit]\nBogus=1"))
    assert ret.stdout.count("Unknown key 'Bogus'") >= len(UNITS), ret.stdout
    ret = systemd_says(b, lambda name, content: content.replace("/usr/bin/tdi", "/usr/bin/none"))
    assert ret.returncode, ret


@test
def nothing_that_boots_the_machine_requires_the_gate(b):
    for name in UNITS:
        found = unit(name)
        # Only what names the target is kept from starting; others want it, at most.
        hasnt(found, "RequiredBy", "BindsTo", "OnFailure", "FailureAction", "RequisiteOf")
        eq((name, found["DefaultDependencies"]), (name, ["no"]))
        for key in ("Requires", "WantedBy", "Before"):
            for word in found.get(key, []):
                has(("tdi-hold.service", "tdi-gate.service", "tdi-devices.target", "sysinit.target",
                     "multi-user.target", "initrd.target", "shutdown.target", "systemd-udevd.service",
                     "systemd-udev-trigger.service", "systemd-modules-load.service"), word)
    # What is waited for ends by itself.
    for name in UNITS[:3]:
        seconds = int(unit(name)["TimeoutStartSec"][0])
        assert 0 < seconds <= 180, (name, seconds)
    eq(unit("tdi-devices.target")["Requires"], ["tdi-gate.service"])
    eq(unit("tdi-devices.target")["After"], ["tdi-gate.service"])
    for name in ("systemd-udevd.service", "systemd-modules-load.service"):
        has(unit("tdi-hold.service")["Before"], name)


@test
def udev_takes_the_rule(b):
    rule = text("udev/70-tdi.rules")
    has(rule, 'ENV{SYNTH_UUID}==""', 'tdi-gate@$kernel.service')
    if not shutil.which("udevadm"):
        raise Skip("no udevadm")
    path = os.path.join(BOOT, "udev/70-tdi.rules")
    ret = subprocess.run(["udevadm", "verify", path], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False)
    if "Unknown command verb" in ret.stdout:
        raise Skip("this udevadm verifies nothing")
    eq(ret.returncode, 0)


@test
def modprobe_gets_the_hold(b):
    options = re.findall(r"^options tdi (.*)$", text("modprobe.d/tdi.conf"), re.M)
    eq(options, ["gate=all"])
    # Else the kernel joins an accepted controller and one that says it is the same.
    has(text("modprobe.d/tdi.conf"), "\noptions nvme_core multipath=N\n")


def run_hook(b, udev):
    """The hook in an initramfs that has this script of udev's."""
    root = os.path.join(b.tree.root, "initramfs")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(os.path.join(root, "scripts/init-top"))
    os.makedirs(os.path.join(root, "bin"))
    script = os.path.join(root, "scripts/init-top/udev")
    modinfo = os.path.join(root, "bin/modinfo")
    for path, content in ((script, udev), (modinfo, "#!/bin/sh\nexit 0\n")):
        with open(path, "w", encoding="ascii") as f:
            f.write(content)
        os.chmod(path, 0o755)
    env = {"PATH": os.path.dirname(modinfo) + ":" + os.environ["PATH"], "DESTDIR": root,
           "version": "0", "__MODULES_TO_ADD": os.path.join(b.tree.root, "modules"), "LC_ALL": "C"}
    ret = subprocess.run([os.path.join(BOOT, "initramfs-tools/hooks/tdi")], env=env, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    order = subprocess.run([script, "prereqs"], text=True, stdout=subprocess.PIPE, check=False)
    return ret, order.stdout.split()


@test
def the_initramfs_hook_puts_the_hold_before_udev(b):
    if not os.path.exists("/usr/share/initramfs-tools/hook-functions"):
        raise Skip("no initramfs-tools")
    for name in ("hooks/tdi", "scripts/init-top/tdi"):
        ret = subprocess.run([os.path.join(BOOT, "initramfs-tools", name), "prereqs"], text=True,
                             stdout=subprocess.PIPE, check=False)
        eq((ret.returncode, ret.stdout.strip()), (0, ""))
    for line in ('PREREQS=""', 'PREREQ=""', 'PREREQS="keymap"'):
        name = line.partition("=")[0]
        ret, order = run_hook(b, f"#!/bin/sh -e\n{line}\nprereqs() {{ echo \"${name}\"; }}\n"
                              "case \"$1\" in prereqs) prereqs; exit 0 ;; esac\n")
        eq((line, ret.returncode), (line, 0))
        has(order, "tdi")
    # One that it cannot change is no silent success.
    ret, order = run_hook(b, "#!/bin/sh -e\necho none\n")
    eq((ret.returncode, order), (1, ["none"]))
    has(ret.stdout, "cannot put the hold before udev")


@test
def udevs_own_script_comes_after_the_hold(b):
    path = "/usr/share/initramfs-tools/scripts/init-top/udev"
    if not os.path.exists(path):
        raise Skip("no udev script of initramfs-tools")
    with open(path, encoding="ascii") as f:
        ret, order = run_hook(b, f.read())
    eq((ret.returncode, order), (0, ["tdi"]))
    with open(os.path.join(b.tree.root, "modules"), encoding="ascii") as f:
        has(f.read().split(), "tdi", "tdi-emu")
