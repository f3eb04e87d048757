#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The Debian packages, as far as they can be looked at without installing them: what is
in them, what they say of themselves, and that two builds make the same bytes.

test_debian.py installs them, boots that, and removes them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))
sys.dont_write_bytecode = True

from tap import Tap, check, equal  # noqa: E402

SCRATCH = TOP / "build/scratch/packages/built"
EPOCH = 1767225600    # a day that is neither today nor that of the last commit
NAMES = ("tdisp-guest-dkms", "tdisp-guest-gate", "tdisp-guest-tools")
VERSION = re.search(r'#define TDI_VERSION\t"(.+)"',
                    (TOP / "tools/attest/main.c").read_text())[1]    # type: ignore[index]


def output(*argv: str | Path, **more: object) -> str:
    return subprocess.run([str(a) for a in argv], check=True, text=True,
                          stdout=subprocess.PIPE, **more).stdout    # type: ignore[call-overload]


class Package:
    def __init__(self, path: Path):
        self.path = path
        self.fields = dict(re.findall(r"^(\S+): (.*)$", output("dpkg-deb", "-f", path), re.M))
        data = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True,
                              stdout=subprocess.PIPE).stdout
        control = subprocess.run(["dpkg-deb", "--ctrl-tarfile", path], check=True,
                                 stdout=subprocess.PIPE).stdout
        self.members, self.files = self._read(data)
        _, self.control = self._read(control)

    @staticmethod
    def _read(data: bytes) -> tuple[list[tarfile.TarInfo], dict[str, bytes]]:
        files = {}
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = tar.getmembers()
            for member in members:
                if member.isreg():
                    files[member.name.removeprefix("./")] = tar.extractfile(member).read()  # type: ignore[union-attr]
        return members, files

    def without_doc(self) -> set[str]:
        return {name for name in self.files if not name.startswith("usr/share/doc/")}


# --- two builds ----------------------------------------------------------------

def build_here() -> None:
    subprocess.run([TOP / "packaging/make-debs", "--epoch", str(EPOCH), SCRATCH / "here"],
                   check=True, umask=0o022)


def build_elsewhere() -> None:
    """Another place, another day, another user's habits, one job at a time."""
    tree = Path("/tmp/elsewhere-with-a-longer-name/tdisp")
    shutil.copytree(TOP, tree, ignore=lambda where, _: (
        [".git", "build"] if where == str(TOP) else ["__pycache__"]))
    (tree / "build").mkdir()
    environment = dict(os.environ, TZ="Pacific/Kiritimati", LC_ALL="C", USER="somebody",
                       DEBEMAIL="somebody@example.net", TDI_JOBS="1", CFLAGS="-O0")
    subprocess.run([tree / "packaging/make-debs", "--epoch", str(EPOCH), SCRATCH / "elsewhere"],
                   check=True, umask=0o077, env=environment, cwd="/tmp")
    shutil.rmtree(tree)


def hashes(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.iterdir())}


def two_builds_are_the_same() -> None:
    here = hashes(SCRATCH / "here")
    equal(sorted(name.rsplit("_", 1)[-1] for name in here),
          [f"{VERSION}.dsc", f"{VERSION}.tar.xz", "all.deb", "all.deb", "amd64.deb"],
          "what a build makes")
    equal(hashes(SCRATCH / "elsewhere"), here, "hashes of the other build")


def built() -> dict[str, Package]:
    packages = [Package(path) for path in sorted((SCRATCH / "here").glob("*.deb"))]
    return {package.fields["Package"]: package for package in packages}


# --- what is in them -----------------------------------------------------------

def tree_files(top: str, *, but: str = "\0") -> set[str]:
    """Files below a folder of the tree, by their path from there."""
    return {str(path.relative_to(TOP / top)) for path in (TOP / top).rglob("*")
            if path.is_file() and but not in str(path)}


def the_modules_sources_are_all_there(package: Package) -> None:
    home = f"usr/src/tdisp-guest-{VERSION}/"
    sources = tree_files("guest", but="/tests/") - {"Kbuild.kunit"}
    equal(package.without_doc(), {home + name for name in sources | {"dkms.conf"}}, "files")
    for name in sources:
        equal(package.files[home + name], (TOP / "guest" / name).read_bytes(), name)


def the_tools_are_all_there(package: Package) -> None:
    wanted = {"usr/bin/tdi", "usr/share/bash-completion/completions/tdi"}
    wanted |= {f"usr/share/tdisp-guest/schema/{name}" for name in tree_files("tools/attest/schema")}
    wanted |= {f"usr/share/man/man{name[-1]}/{name}.gz" for name in tree_files("tools/attest/man")}
    equal(package.without_doc(), wanted, "files")
    docs = "usr/share/doc/tdisp-guest-tools/"
    for name in ["README.rst", "CAVEATS.rst", "CHANGES.rst",
                 *(f"Documentation/{name}" for name in tree_files("Documentation"))]:
        text = package.files.get(docs + name) or gzip.decompress(
            package.files.get(f"{docs}{name}.gz") or gzip.compress(b""))
        equal(text, (TOP / name).read_bytes(), name)


def the_gate_is_all_there_and_has_no_policy(package: Package) -> None:
    homes = {"systemd": "usr/lib/systemd/system", "udev": "usr/lib/udev/rules.d",
             "modprobe.d": "usr/lib/modprobe.d", "dracut": "usr/lib/dracut/modules.d",
             "initramfs-tools": "usr/share/initramfs-tools"}
    boot = tree_files("tools/boot")
    equal({name.split("/")[0] for name in boot}, set(homes), "parts of tools/boot")
    wanted = {f"{homes[kind]}/{rest}" for kind, _, rest in (name.partition("/") for name in boot)}
    wanted |= {"usr/libexec/tdisp-guest/tdi-in-use", "etc/tdi/README"}
    equal(package.without_doc(), wanted, "files")
    equal(package.control["conffiles"], b"/etc/tdi/README\n", "conffiles")
    # Who is run must be a program.
    for member in package.members:
        name = member.name.removeprefix("./")
        program = name.startswith(("usr/libexec", "usr/share/initramfs-tools", "usr/lib/dracut"))
        if member.isreg():
            equal(bool(member.mode & 0o100), program, f"may {name} be run")
    scripts = package.control["postinst"].decode()
    for unit in ("tdi-hold.service", "tdi-gate.service", "tdi-devices.target"):
        check(f"deb-systemd-helper enable '{unit}'" in scripts, f"{unit} is enabled")
    check(not re.search(r"systemctl.*\b(re)?start\b|deb-systemd-invoke", scripts),
          "nothing is started, and no device taken from whoever uses it")
    check(b"activate-noawait update-initramfs" in package.control["triggers"],
          "the initramfs is made anew")


def everything_is_roots_and_dated(packages: dict[str, Package]) -> None:
    for package in packages.values():
        for member in package.members:
            what = f"{package.path.name}: {member.name}"
            equal((member.uname, member.gname), ("root", "root"), what)
            check(not member.mode & 0o022, f"{what} is writable for root alone")
            check(member.mode & 0o444 == 0o444, f"{what} can be read by everybody")
            equal(int(member.mtime), EPOCH, f"date of {what}")


def nothing_tells_of_a_machine(packages: dict[str, Package]) -> None:
    # The root has the tree in /src; the other build had its own in /tmp.
    places = re.compile(rb"(?<!usr)(%s|/src)/|/tmp/elsewhere|build/scratch|\.stage"
                        % re.escape(str(TOP)).encode())
    for package in packages.values():
        for name, content in [*package.files.items(), *package.control.items()]:
            # Documentation tells how the root sees the tree.
            if name.endswith((".rst", ".rst.gz")):
                continue
            text = gzip.decompress(content) if name.endswith(".gz") else content
            found = places.search(text)
            check(not found, f"{package.path.name}: {name} has {found and found[0]!r}")


# --- what they say of themselves -----------------------------------------------

def they_are_named_and_numbered(packages: dict[str, Package]) -> None:
    equal(tuple(sorted(packages)), NAMES, "packages")
    for name, package in packages.items():
        equal((package.fields["Version"], package.fields["Source"]), (VERSION, "tdisp-guest"), name)
        text = gzip.decompress(package.files[f"usr/share/doc/{name}/changelog.gz"]).decode()
        equal(text.split("\n")[0], f"tdisp-guest ({VERSION}) unstable; urgency=medium", "changelog")
        check("Thu, 01 Jan 2026 00:00:00 +0000" in text, "the changelog has the date")


def they_depend_on_what_they_need(packages: dict[str, Package]) -> None:
    needs = {name: {word.split()[0] for word in package.fields["Depends"].split(", ")}
             for name, package in packages.items()}
    check("dkms" in needs["tdisp-guest-dkms"], "the modules are DKMS's")
    check({"tdisp-guest-tools", "tdisp-guest-dkms", "systemd", "udev"} <= needs["tdisp-guest-gate"],
          "the gate has its tool and its modules")
    for library in ("libc6", "libjson-c5", "libkeyutils1", "libssl3t64", "libtss2-esys-3.0.2-0t64"):
        check(library in needs["tdisp-guest-tools"], f"tdi depends on {library}")
    equal([packages[name].fields["Architecture"] for name in NAMES], ["all", "all", "amd64"],
          "architectures")


def the_command_is_hardened_and_knows_its_version(package: Package) -> None:
    tdi = SCRATCH / "tdi"
    tdi.write_bytes(package.files["usr/bin/tdi"])
    tdi.chmod(0o755)
    equal(output(tdi, "--version").strip(), f"tdi {VERSION}", "version")
    shown = output("readelf", "-W", "-h", "-d", "-l", "--dyn-syms", tdi)
    for what, sign in (("PIE", r"Type:\s+DYN"), ("RELRO", "GNU_RELRO"), ("BIND_NOW", r"\bNOW\b"),
                       ("stack protector", "__stack_chk_fail"), ("FORTIFY", r"__\w+_chk\b"),
                       ("a stack that is not run", r"GNU_STACK.* RW +0x")):
        check(re.search(sign, shown), f"{what}: nothing like {sign}")
    check(not re.search(r"\.debug_info|\.symtab", output("readelf", "-W", "-S", tdi)), "stripped")


def stanzas() -> list[tuple[list[str], str]]:
    """debian/copyright: globs and licence, in its order."""
    found = []
    for text in (TOP / "packaging/debian/copyright").read_text().split("\n\n"):
        files = re.search(r"^Files:((?:.|\n )*)$", text, re.M)
        licence = re.search(r"^License: (.*)$", text, re.M)
        if files and licence:
            found.append((files[1].split(), licence[1]))
    return found


def the_copyright_file_says_what_the_sources_say() -> None:
    words = {"GPL-2.0": "GPL-2", "GPL-2.0 OR BSD-3-Clause": "GPL-2 or BSD-3-Clause"}
    seen = set()
    for top in ("guest", "tools", "packaging"):
        for name in sorted(tree_files(top)):
            head = (TOP / top / name).read_bytes()[:300].decode(errors="replace")
            spdx = re.search(r"SPDX-License-Identifier:\s*(.*?)\s*(?:\*/|-->)?\s*$", head, re.M)
            if not spdx:
                continue
            path = f"{top}/{name}"
            said = [licence for globs, licence in stanzas()
                    if any(fnmatchcase(path, glob) for glob in globs)][-1]
            equal(said, words[spdx[1]], f"licence of {path}")
            seen.add(said)
    equal(seen, set(words.values()), "licences met")


# --- dkms.conf -------------------------------------------------------------------

def sourced(text: str, config: str = "") -> dict[str, str]:
    """dkms.conf as DKMS reads it, for a kernel with that configuration."""
    (SCRATCH / "config").write_text(config)
    out = output("bash", "-euc", f". /dev/stdin; kernel={SCRATCH};"
                 ' echo "modules ${BUILT_MODULE_NAME[*]}";'
                 ' echo "places ${DEST_MODULE_LOCATION[*]}"; echo "make ${MAKE[0]}";'
                 ' echo "kernels $BUILD_EXCLUSIVE_KERNEL"; echo "auto $AUTOINSTALL";'
                 ' echo "version $PACKAGE_VERSION"', input=text,
                 env={"PATH": os.environ["PATH"], "kernel_config": str(SCRATCH / "config"),
                      "kernel_source_dir": "/headers", "kernelver": "none", "dkms_tree": "/dkms"})
    return dict(line.partition(" ")[::2] for line in out.splitlines())


def dkms_builds_each_module_for_each_supported_kernel(package: Package) -> None:
    conf = sourced(package.files[f"usr/src/tdisp-guest-{VERSION}/dkms.conf"].decode(),
                   "CONFIG_EVERYTHING=y\n")
    kbuild = (TOP / "guest/Kbuild").read_text()
    always = re.findall(r"[\w-]+(?=\.o)", " ".join(re.findall(r"^obj-m\s*\+=(.*)$", kbuild, re.M)))
    equal(conf["modules"].split(), always, "modules of any kernel")
    check({"tdi", "tdi-emu"} <= set(always), "the core, and the emulated platform")
    objects = re.findall(r"^obj-.*$", kbuild, re.M)
    options = "".join(f"{name}=y\n" for name in re.findall(r"CONFIG_\w+", " ".join(objects)))
    conf_all = sourced(package.files[f"usr/src/tdisp-guest-{VERSION}/dkms.conf"].decode(), options)
    equal(sorted(conf_all["modules"].split()),
          sorted(re.findall(r"[\w-]+(?=\.o)", " ".join(objects))), "modules of a kernel with it all")
    equal(set(conf["places"].split()), {"/updates/dkms"}, "where they go")
    equal((conf["auto"], conf["version"]), ("yes", VERSION), "AUTOINSTALL, version")
    check(f"M=/dkms/tdisp-guest/{VERSION}/build" in conf["make"], "where it builds")
    for kernel, expected in (("6.12.107+deb13-amd64", True), ("6.12.107+deb13-cloud-amd64", True),
                             ("7.2.12+deb13-amd64", True), ("6.1.0-40-amd64", False),
                             ("6.120.1-amd64", False), ("17.2.1", False), ("7.20.1", False)):
        equal(bool(re.search(conf["kernels"], kernel)), expected, kernel)


def dkms_conf_of(kbuild: str) -> tuple[int, str]:
    (SCRATCH / "Kbuild").write_text(kbuild)
    ret = subprocess.run([TOP / "packaging/debian/dkms-conf", SCRATCH / "Kbuild",
                          TOP / "tests/kernels/supported"], text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ret.returncode, ret.stdout


def a_module_that_wants_an_option_is_expected_with_it_only() -> None:
    for line in ("obj-$(CONFIG_GUEST)", "obj-$(if $(CONFIG_GUEST),m)"):
        status, conf = dkms_conf_of(f"obj-m += tdi.o \\\n\ttdi-emu.o\n{line} += tdi-x.o\n")
        equal(status, 0, conf)
        for config, modules in (("CONFIG_GUEST=m\n", ["tdi", "tdi-emu", "tdi-x"]),
                                ("CONFIG_GUEST=y\n", ["tdi", "tdi-emu", "tdi-x"]),
                                ("# CONFIG_GUEST is not set\nCONFIG_GUEST_2=y\n",
                                 ["tdi", "tdi-emu"])):
            equal(sourced(conf, config)["modules"].split(), modules, config)
    status, conf = dkms_conf_of("obj-m += tdi.o\nobj-$(if $(and $(CONFIG_A),$(CONFIG_B)),m) += tdi-x.o\n")
    equal(status, 0, conf)
    for config, modules in (("CONFIG_A=y\nCONFIG_B=m\n", ["tdi", "tdi-x"]),
                            ("CONFIG_A=y\n", ["tdi"]), ("CONFIG_B=y\n", ["tdi"])):
        equal(sourced(conf, config)["modules"].split(), modules, config)


def a_kbuild_that_it_cannot_read_is_refused() -> None:
    for kbuild in ("obj-m += $(if $(CONFIG_X),tdi-x.o)\n", "obj-$(X) += tdi.o\n", "obj-m := tdi.o\n",
                   "obj-$(CONFIG_X)$(X) += tdi.o\n"):
        status, said = dkms_conf_of(kbuild)
        check(status != 0, f"{kbuild!r} is refused, not: {said}")


def lintian_has_nothing_to_say() -> None:
    said = subprocess.run(["lintian", "--allow-root", "--tag-display-limit", "0",
                           *(SCRATCH / "here").glob("*.deb"), *(SCRATCH / "here").glob("*.dsc")],
                          text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout
    equal(re.findall(r"^[EW]: .*", said, re.M), [], "errors and warnings")


def main() -> None:
    tap = Tap()
    for tool in ("dpkg-buildpackage", "dh", "dh_dkms"):
        if not shutil.which(tool):
            tap.result(True, "the packages are built", skip=f"no {tool} here")
            tap.done()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        for build in [pool.submit(build_here), pool.submit(build_elsewhere)]:
            build.result()
    tap.run("two builds, in other places, are the same to the byte", two_builds_are_the_same)
    packages = built()
    tap.run("the packages are named and numbered", lambda: they_are_named_and_numbered(packages))
    tap.run("the packages depend on what they need", lambda: they_depend_on_what_they_need(packages))
    for name, claims in (
            ("tdisp-guest-dkms", (the_modules_sources_are_all_there,
                                  dkms_builds_each_module_for_each_supported_kernel)),
            ("tdisp-guest-tools", (the_tools_are_all_there,
                                   the_command_is_hardened_and_knows_its_version)),
            ("tdisp-guest-gate", (the_gate_is_all_there_and_has_no_policy,))):
        for claim in claims:
            tap.run(f"{name}: {claim.__name__.replace('_', ' ')}",
                    lambda claim=claim, name=name: claim(packages[name]))    # type: ignore[misc]
    tap.run("everything is root's, and of one date", lambda: everything_is_roots_and_dated(packages))
    tap.run("nothing tells of a machine", lambda: nothing_tells_of_a_machine(packages))
    tap.run("the copyright file says what the sources say",
            the_copyright_file_says_what_the_sources_say)
    tap.run("a module that wants an option is expected with it only",
            a_module_that_wants_an_option_is_expected_with_it_only)
    tap.run("a Kbuild that dkms-conf cannot read is refused", a_kbuild_that_it_cannot_read_is_refused)
    if shutil.which("lintian"):
        tap.run("lintian has nothing to say", lintian_has_nothing_to_say)
    else:
        tap.result(True, "lintian has nothing to say", skip="no lintian")
    tap.figure("packages_kib", sum(p.stat().st_size for p in (SCRATCH / "here").glob("*.deb")) >> 10)
    shutil.rmtree(SCRATCH)
    tap.done()


if __name__ == "__main__":
    main()
