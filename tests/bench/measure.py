# SPDX-License-Identifier: GPL-2.0
"""What the DMA API and a disk cost in a VM, in its instructions.

The VM runs under icount, where the guest's clock counts what its one CPU executes: the
numbers are the same from run to run, however busy the machine is. tests/bench/guest
measures the DMA API, tests/bench/load.c the disk.

A configuration is how the VM is booted and what its devices are then:

    plain         dma-direct in a VM without swiotlb; the devices are nobody's TDI
    swiotlb       .. with swiotlb=force, what a confidential VM pays
    bounce        a TDI that is not accepted
    direct        accepted, mode direct
    split         accepted, mode split
    plain-iommu   dma-iommu: plain, with an IOMMU that the VM programs
    iommu         accepted, mode iommu, in such a VM
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from vm import BUILD, SLOW, Vm, VmError  # noqa: E402

PCI = "/sys/bus/pci/devices"
DEBUGFS = "/sys/kernel/debug/tdi-bench"
FAMILIES = ("map", "alloc", "sg", "sync")
SLOW_GUEST = 300 * SLOW

# None larger: swiotlb and IOVA caches make the block layer split those, and what is
# split is not polled for, but spun for.
IO_SIZES = (4 << 10, 16 << 10, 64 << 10, 128 << 10)
IO_COUNT = 96

# Family, or "map to" and "read rand", to size (sg: entries) to instructions.
Numbers = dict[str, dict[int, int]]


class Unavailable(Exception):
    """This configuration cannot be had here; says why."""


@dataclass
class Measured:
    numbers: Numbers = field(default_factory=dict)
    # What the two halves of the repetitions disagreed about.
    disagree: list[str] = field(default_factory=list)
    # What could not be done at all, as a mapping larger than swiotlb makes any.
    failed: list[str] = field(default_factory=list)

    def put(self, name: str, size: int, insns: int) -> None:
        self.numbers.setdefault(name, {})[size] = insns


def fields(line: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in line.split()[1:])


class Bench:
    """A VM to measure in: its dmatest function and its disk."""

    def __init__(self, vm: Vm):
        self.vm, self.guest = vm, vm.guest
        self.dma = self.guest.functions("7d51")[0]
        self.nvme = self.guest.functions("7d52")[0]
        self.guest.sh("modprobe tdi-bench")

    def unbind(self, bdf: str) -> None:
        self.guest.sh(f"if [ -e {PCI}/{bdf}/driver ]; then echo {bdf} > {PCI}/{bdf}/driver/unbind; fi")

    def bind(self, bdf: str, driver: str) -> None:
        self.unbind(bdf)
        self.guest.sh(f"echo {driver} > {PCI}/{bdf}/driver_override && "
                      f"echo {bdf} > /sys/bus/pci/drivers_probe && test -e {PCI}/{bdf}/driver")

    # --- TDIs ------------------------------------------------------------------

    def read(self, bdf: str, attribute: str) -> str:
        return self.guest.read(f"{PCI}/{bdf}/tsm/{attribute}")

    def write(self, bdf: str, attribute: str, value: str = "") -> None:
        value = value or self.guest.sh("ls /sys/class/tsm").split()[0]
        self.guest.sh(f"cd {PCI}/{bdf}/tsm; echo {value} > {attribute} || {{ cat result; exit 1; }}")

    def load_tdi(self) -> None:
        """The devices become TDIs that are not accepted; without drivers."""
        self.unbind(self.dma)
        self.unbind(self.nvme)
        # Under icount the clock jumps while the guest sleeps: patience is none in it.
        patience = "timeout_ms=600000" if self.vm.icount is not None else ""
        status, out = self.guest.run(f"modprobe tdi allow_unverified=1 && modprobe tdi-emu {patience}")
        if status or self.guest.run(f"test -d {PCI}/{self.dma}/tsm")[0]:
            reason = out or self.guest.run("dmesg | grep -i tdi | tail -n 1")[1]
            raise Unavailable(f"the core does not take the device: {reason.strip()}")
        self.unbind(self.nvme)

    @contextmanager
    def accepted(self, mode: str, *functions: str) -> Iterator[None]:
        """Connected in that mode; no driver is bound at either end."""
        for bdf in functions:
            if self.guest.run(f"test -e {PCI}/{bdf}/tsm/dma_mode")[0] == 0:
                offered = self.read(bdf, "dma_mode")
                if mode not in re.findall(r"[\w-]+", offered):
                    raise Unavailable(f"the core offers {offered}")
                self.write(bdf, "dma_mode", mode)
            self.write(bdf, "connect")
            found = self.read(bdf, "dma")
            if found != mode:
                self.write(bdf, "disconnect")
                raise Unavailable(f"the core connects in mode {found}")
        yield
        for bdf in functions:
            self.unbind(bdf)
            self.write(bdf, "disconnect")

    # --- measuring -------------------------------------------------------------

    def measure_api(self, into: Measured) -> int:
        """The DMA API, for the dmatest function, less what reading the clock takes: that is
        returned."""
        self.bind(self.dma, "tdi-bench")
        clock = int(fields(self.guest.read(f"{DEBUGFS}/{self.dma}/clock"))["insns"])
        for family in FAMILIES:
            out = self.guest.sh(f"cat {DEBUGFS}/{self.dma}/{family}", SLOW_GUEST)
            for line in out.splitlines():
                self._take(into, line, family, clock)
        self.unbind(self.dma)
        return clock

    @staticmethod
    def _take(into: Measured, line: str, family: str, clock: int) -> None:
        f = fields(line)
        size = int(f.get("size") or f["entries"])
        name = f"{family} {f['dir']}" if "dir" in f else family
        if "error" in f:
            into.failed.append(f"{name} {size}: {f['error']}")
            return
        insns, again = int(f["insns"]), int(f["again"])
        # Allocations can be interrupted, and what the allocator has at hand differs.
        if family != "alloc" and abs(insns - again) > insns // 500:
            into.disagree.append(f"{name} {size}: {insns}, then {again}")
        into.put(name, size, min(insns, again) - clock)

    def measure_disk(self, into: Measured) -> None:
        self.bind(self.nvme, "nvme")
        self.guest.sh("for i in $(seq 100); do test -b /dev/nvme0n1 && exit; sleep 0.1; done; exit 1")
        for op in ("read", "write"):
            for order in ("seq", "rand"):
                out = self.guest.sh("".join(
                    f"tdi-load cost /dev/nvme0n1 {op} {size} {order} {IO_COUNT} || exit;"
                    for size in IO_SIZES), SLOW_GUEST)
                for line in out.splitlines():
                    f = fields(line)
                    into.put(f"{op} {order}", int(f["size"]), int(f["median"]))
        self.unbind(self.nvme)


def icount_vm(kernel: str, **options: object) -> Vm:
    # Queues that are polled, and so interrupts are none of the costs.
    return Vm("bench", kernel, icount=0, append="nvme.poll_queues=1",
              initramfs=BUILD / f"bench/{kernel}.img", **options)  # type: ignore[arg-type]


@dataclass
class Kernel:
    """What was measured in one kernel."""
    name: str
    found: dict[str, Measured] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def series(self) -> str:
        return ".".join(self.name.split(".")[:2])

    def measure(self) -> None:
        self._in_vm(("plain",), swiotlb="noforce")
        self._in_vm(("swiotlb", "bounce", "direct", "split"))
        self._in_vm(("plain-iommu",), swiotlb="noforce", iommu=True)
        self._in_vm(("iommu",), iommu=True)

    def _in_vm(self, configurations: tuple[str, ...], **options: object) -> None:
        start = time.monotonic()
        vm = icount_vm(self.name, **options)
        try:
            with vm:
                bench = Bench(vm)
                for name in configurations:
                    try:
                        self._one(bench, name)
                    except (Unavailable, VmError) as e:
                        self.skipped[name] = " ".join(str(e).split())
        except VmError as e:
            for name in configurations:
                if name not in self.found:
                    self.skipped.setdefault(name, " ".join(str(e).split()))
        if vm.complaint:
            self.complaints.append(f"{', '.join(configurations)}: {vm.complaint}")
        print(f"# {self.series()}: {', '.join(configurations)}: {time.monotonic() - start:.0f} s",
              flush=True)

    def _one(self, bench: Bench, name: str) -> None:
        result = Measured()
        if name in ("plain", "swiotlb", "plain-iommu"):
            bench.measure_api(result)
            bench.measure_disk(result)
        elif name == "bounce":
            bench.load_tdi()
            bench.measure_api(result)
        else:
            if name == "iommu":
                bench.load_tdi()
            with bench.accepted(name, bench.dma, bench.nvme):
                bench.measure_api(result)
                bench.measure_disk(result)
        self.found[name] = result


# --- the kernel's own benchmark --------------------------------------------------

# Averages are in units of 100 ns: an instruction takes 2^this ns, so that they say more.
REFEREE_ICOUNT = 4
REFEREE_PAGES = (1, 4, 16, 64)


@dataclass
class Verdict:
    configuration: str
    pages: int
    theirs: float
    ours: float


def referee(name: str) -> list[Verdict]:
    """dma_map_benchmark and tdi-bench side by side, in a kernel of our own that has it."""
    verdicts: list[Verdict] = []
    for configurations, swiotlb in ((("plain",), "noforce"), (("swiotlb", "direct"), "32768,force")):
        with Vm("bench-referee", name, icount=REFEREE_ICOUNT, swiotlb=swiotlb,
                image=BUILD / f"kernels/{name}/bzImage",
                initramfs=BUILD / f"bench/{name}.img") as vm:
            bench = Bench(vm)
            for configuration in configurations:
                if configuration == "direct":
                    bench.load_tdi()
                    with bench.accepted("direct", bench.dma):
                        verdicts += _side_by_side(bench, configuration)
                else:
                    verdicts += _side_by_side(bench, configuration)
    return verdicts


def _side_by_side(bench: Bench, configuration: str) -> list[Verdict]:
    ours = Measured()
    clock = bench.measure_api(ours)
    bench.bind(bench.dma, "dma_map_benchmark")
    verdicts = []
    for pages in REFEREE_PAGES:
        f = fields(bench.guest.sh(f"tdi-referee {pages} from 1", SLOW_GUEST))
        # It reads the clock around each of the two.
        theirs = (int(f["map"]) + int(f["unmap"])) * 100 - 2 * clock
        verdicts.append(Verdict(configuration, pages, theirs / (1 << REFEREE_ICOUNT),
                                ours.numbers["map from"][pages << 12] / (1 << REFEREE_ICOUNT)))
    bench.unbind(bench.dma)
    return verdicts
