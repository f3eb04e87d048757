# SPDX-License-Identifier: GPL-2.0
"""A fake /sys and /proc, and a model of the kernel behind it.

Tree is only files: what a device looks like. Kernel answers the writes that the
command makes (store_model.c brings them here) and changes the files as
Documentation/ABI/testing says; a test overrides what it wants to go wrong.
"""
import errno
import os
import shutil
import socket
import struct
import threading

BDF = "0000:01:00.0"
PORT = "0000:00:02.0"
BAR_KIB = 16
# Numbers that no real device node of the test machine has.
DISK_DEV = "259:9000"
PART_DEV = "259:9001"


def report(ranges=None, info=0x0003, msix=0x8007, device_info=b"dev"):
    """An interface report; ranges are (first_page, pages, attributes, range_id)."""
    if ranges is None:
        ranges = [(0x100, 2, 0, 0), (0x102, 1, 1, 0), (0x103, 1, 4, 0)]
    data = struct.pack("<HHHHII", info, 0, msix, 0, 0, len(ranges))
    for first, pages, attr, rid in ranges:
        data += struct.pack("<QII", first, pages, attr | rid << 16)
    return data + struct.pack("<I", len(device_info)) + device_info


def config_space(tee_io, master=False):
    """256 bytes with an MSI-X and a PCI Express capability."""
    cfg = bytearray(256)
    cfg[0x04] = 0x04 if master else 0x00
    cfg[0x06] = 0x10
    cfg[0x34] = 0x40
    cfg[0x40:0x42] = bytes([0x11, 0x60])
    cfg[0x60:0x62] = bytes([0x10, 0x00])
    struct.pack_into("<I", cfg, 0x64, 1 << 30 if tee_io else 0)
    return bytes(cfg)


class Tree:
    """Files of a fake /sys (self.sys) and /proc (self.proc) below a directory."""

    def __init__(self, root):
        self.root = root
        self.sys = os.path.join(root, "sys")
        self.proc = os.path.join(root, "proc")
        for path in ("bus/pci/devices", "bus/pci/drivers", "class/tsm", "class/block"):
            os.makedirs(os.path.join(self.sys, path))
        self.put("bus/pci/drivers_probe", "")
        os.makedirs(os.path.join(self.proc, "self"))
        self.mounts([])
        with open(os.path.join(self.proc, "swaps"), "w", encoding="ascii") as f:
            f.write("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")

    def path(self, name):
        return os.path.join(self.sys, name)

    def put(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        # Replaced in one go: a reader sees the old text or the new one.
        with open(path + ".new", "wb") as f:
            f.write(content)
        os.rename(path + ".new", path)

    def link(self, name, target):
        path = self.path(name)
        if os.path.islink(path):
            os.unlink(path)
        home = os.path.realpath(os.path.dirname(path))
        os.symlink(os.path.relpath(os.path.realpath(self.path(target)), home), path)

    def remove(self, name):
        path = self.path(name)
        if os.path.islink(path) or os.path.isfile(path):
            os.unlink(path)
        elif os.path.isdir(path):
            shutil.rmtree(path)

    def dev(self, name, bdf=BDF):
        return f"bus/pci/devices/{bdf}/{name}"

    def tsm(self, name, text, bdf=BDF):
        self.put(self.dev(f"tsm/{name}", bdf), text)

    def add_tsm(self, name="tsm0", platform="emulated", mode="devsec"):
        self.put(f"class/tsm/{name}/pci_mode", mode + "\n")
        self.put(f"class/tsm/{name}/platform", platform + "\n")

    def add_function(self, bdf=BDF, driver=None, tee_io=True, ids=("0x1234", "0x7d52", "0x010802")):
        home = f"devices/pci0000:00/{PORT}/{bdf}"
        os.makedirs(self.path(home))
        self.link(f"bus/pci/devices/{bdf}", home)
        for name, text in zip(("vendor", "device", "class"), ids):
            self.put(f"{home}/{name}", text + "\n")
        self.put(f"{home}/config", config_space(tee_io, driver is not None))
        lines = ["0x0000000000000000 0x0000000000000000 0x0000000000000000"] * 13
        lines[0] = f"0x00000000c0000000 0x{0xc0000000 + BAR_KIB * 1024 - 1:016x} 0x0000000000140204"
        self.put(f"{home}/resource", "\n".join(lines) + "\n")
        if driver:
            self.add_driver(driver)
            self.link(f"{home}/driver", f"bus/pci/drivers/{driver}")

    def add_driver(self, driver):
        self.put(f"bus/pci/drivers/{driver}/bind", "")
        self.put(f"bus/pci/drivers/{driver}/unbind", "")

    def hold(self, policy="all", held=(BDF,), exposed=()):
        """The kernel's gate; exposed are (bdf, driver)."""
        self.put("devices/tdi-gate/policy", policy + "\n")
        self.put("devices/tdi-gate/held", "".join(f"{bdf}\n" for bdf in held))
        self.put("devices/tdi-gate/exposed", "".join(f"{bdf} {name}\n" for bdf, name in exposed))

    def held(self):
        with open(self.path("devices/tdi-gate/held"), encoding="ascii") as f:
            return f.read().split()

    def boot(self, name="boot-1"):
        """The kernel's name for this boot."""
        path = os.path.join(self.proc, "sys/kernel/random")
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "boot_id"), "w", encoding="ascii") as f:
            f.write(name + "\n")

    def add_tdi(self, bdf=BDF, driver="nvme", **kw):
        self.add_function(bdf, driver, **kw)
        for verb in ("connect", "lock"):
            self.tsm(verb, "\n", bdf)
        for verb in ("disconnect", "unlock"):
            self.tsm(verb, "", bdf)
        self.shared(bdf)
        self.tsm("generation", "0\n", bdf)
        self.tsm("result", "\n", bdf)

    def shared(self, bdf=BDF):
        self.tsm("state", "CONFIG_UNLOCKED\n", bdf)
        self.tsm("dma", "bounce\n", bdf)
        self.tsm("identity", "none\n", bdf)
        self.tsm("connect", "\n", bdf)
        self.tsm("lock", "\n", bdf)
        for name in ("nonce", "certificates", "vca", "measurements", "report"):
            self.tsm(name, b"", bdf)

    def connected(self, bdf=BDF, tsm="tsm0", generation=3):
        self.tsm("state", "RUN\n", bdf)
        self.tsm("dma", "direct\n", bdf)
        self.tsm("identity", "unverified\n", bdf)
        self.tsm("connect", tsm + "\n", bdf)
        self.tsm("lock", tsm + "\n", bdf)
        self.tsm("generation", f"{generation}\n", bdf)
        self.tsm("nonce", bytes(range(32)), bdf)
        self.tsm("certificates", b"c" * 1800, bdf)
        self.tsm("vca", b"v" * 300, bdf)
        self.tsm("measurements", b"m" * 600, bdf)
        self.tsm("report", report(), bdf)

    def dma_files(self, bdf=BDF, choices="[direct] split", **stats):
        """What modules have since they have modes to choose from."""
        names = ("live", "bounced_bytes", "bounced_mappings", "shared_pages", "leaked_pages")
        self.tsm("dma_mode", choices + "\n", bdf)
        self.tsm("dma_stats", "".join(f"{n} {stats.get(n, 0)}\n" for n in names), bdf)

    def pool(self, slabs=32768, used=0, high_water=0, cpus="0-1", cmdline="quiet swiotlb=32768,force"):
        """The kernel's bounce pool; slabs None: there is none."""
        home = "kernel/debug/swiotlb"
        os.makedirs(self.path(home), exist_ok=True)
        if slabs is not None:
            for name, value in (("nslabs", slabs), ("used", used), ("used_hiwater", high_water)):
                self.put(f"{home}/io_tlb_{name}", f"{value}\n")
        self.put("devices/system/cpu/possible", cpus + "\n")
        with open(os.path.join(self.proc, "cmdline"), "w", encoding="ascii") as f:
            f.write(cmdline + "\n")

    def add_virtio(self, name, bdf=None, access_platform=True, driver="virtio_blk"):
        """A virtio device, below a PCI function or elsewhere."""
        home = f"devices/pci0000:00/{PORT}/{bdf}/{name}" if bdf else f"devices/platform/{name}"
        bits = ["0"] * 64
        bits[32], bits[33] = "1", "01"[access_platform]
        self.put(f"{home}/features", "".join(bits) + "\n")
        os.makedirs(self.path("bus/virtio/devices"), exist_ok=True)
        self.link(f"bus/virtio/devices/{name}", home)
        if driver:
            os.makedirs(self.path(f"bus/virtio/drivers/{driver}"), exist_ok=True)
            self.link(f"{home}/driver", f"bus/virtio/drivers/{driver}")

    def add_disk(self, bdf=BDF):
        home = f"devices/pci0000:00/{PORT}/{bdf}/nvme/nvme0/nvme0n1"
        self.put(f"{home}/dev", DISK_DEV + "\n")
        self.put(f"{home}/nvme0n1p1/dev", PART_DEV + "\n")
        self.put(f"{home}/nvme0n1p1/partition", "1\n")
        os.makedirs(self.path(f"{home}/nvme0n1p1/holders"), exist_ok=True)
        self.link("class/block/nvme0n1", home)
        self.link("class/block/nvme0n1p1", f"{home}/nvme0n1p1")

    def remove_disk(self, bdf=BDF):
        self.remove("class/block/nvme0n1")
        self.remove("class/block/nvme0n1p1")
        self.remove(f"devices/pci0000:00/{PORT}/{bdf}/nvme")

    def add_dm(self, name="dm-0", dev="253:9000", below="nvme0n1p1"):
        self.put(f"devices/virtual/block/{name}/dev", dev + "\n")
        self.link(f"class/block/{name}", f"devices/virtual/block/{name}")
        self.link(f"class/block/{below}/holders/{name}", f"devices/virtual/block/{name}")

    def mounts(self, entries):
        """Entries are (major:minor, mount point, source)."""
        with open(os.path.join(self.proc, "self/mountinfo"), "w", encoding="ascii") as f:
            f.write("22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw\n")
            for i, (dev, point, source) in enumerate(entries):
                f.write(f"{100 + i} 27 {dev} / {point} rw,relatime shared:{i} master:2 "
                        f"- ext4 {source} rw\n")

    def swap(self, device):
        with open(os.path.join(self.proc, "swaps"), "a", encoding="ascii") as f:
            f.write(f"{device}\tpartition\t1024\t0\t-2\n")


class Kernel:
    """Answers writes on a socket; self.log is [(path, text)] in their order.

    on: path -> function(text) that replaces the default; it returns an errno, or
    (opened, errno), or "hang", which a signal ends, or "hang till killed".
    """

    def __init__(self, tree, bdf=BDF):
        self.tree, self.bdf = tree, bdf
        self.log, self.on = [], {}
        self.errors = []
        self.disk = os.path.exists(tree.path("class/block/nvme0n1"))
        self.address = os.path.join(tree.root, "kernel")
        self.hung_up = threading.Event()
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(self.address)
        self.server.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()
        if self.errors:
            raise self.errors[0]

    def _serve(self):
        while True:
            try:
                conn, _ = self.server.accept()
            except OSError:
                return
            with conn:
                path, text = conn.recv(4096).decode().split("\n", 1)
                self.log.append((path, text))
                try:
                    answer = self._answer(path, text, conn)
                except Exception as e:      # shown by stop(), in the test's thread
                    self.errors.append(e)
                    answer = (1, errno.EIO)
                try:
                    conn.send(f"{answer[0]} {answer[1]}".encode())
                except OSError:
                    self.hung_up.set()

    def _answer(self, path, text, conn):
        if path in self.on:
            ret = self.on[path](text)
            if ret == "hang":
                # until the writer goes away: a signal took it out of write()
                conn.recv(1)
                self.hung_up.set()
                return (1, errno.EINTR)
            if ret == "hang till killed":
                conn.send(b"killable")
                conn.recv(1)
                self.hung_up.set()
                return (1, errno.EINTR)
            return ret if isinstance(ret, tuple) else (1, ret)
        if not os.path.exists(self.tree.path(path)):
            return (0, errno.ENOENT)
        return (1, self._default(path, text))

    def _default(self, path, text):
        tree, bdf = self.tree, self.bdf
        name = os.path.basename(path)
        if name in ("unbind", "bind", "drivers_probe"):
            if text != bdf:
                return errno.ENODEV
            return self.unbind() if name == "unbind" else self.bind(path)
        if os.path.exists(tree.path(tree.dev("driver"))):
            return self.refuse(name, errno.EBUSY, "a driver is bound")
        if name == "connect":
            if text != "tsm0":
                return self.refuse(name, errno.ENXIO, "no such TSM")
            tree.connected(bdf)
            tree.tsm("result", "connect: ok: generation 3\n", bdf)
            return 0
        if name in ("disconnect", "unlock"):
            tree.shared(bdf)
            tree.tsm("result", f"{name}: ok\n", bdf)
            return 0
        return errno.EINVAL

    def refuse(self, verb, err, reason):
        self.tree.tsm("result", f"{verb}: {reason}\n", self.bdf)
        return err

    def unbind(self):
        self.tree.remove(self.tree.dev("driver"))
        if self.disk:
            self.tree.remove_disk(self.bdf)
        return 0

    def bind(self, path="bus/pci/drivers/nvme/bind", disk=True):
        driver = "nvme" if path.endswith("drivers_probe") else path.split("/")[-2]
        self.tree.link(self.tree.dev("driver"), f"bus/pci/drivers/{driver}")
        if self.disk and disk:
            self.tree.add_disk(self.bdf)
        return 0

    def verbs(self):
        """Names of the files written, in order."""
        return [os.path.basename(path) for path, _ in self.log]
