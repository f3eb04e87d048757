# SPDX-License-Identifier: GPL-2.0
"""DMA that must not happen, made to happen by the emulator, and counted.

The device is as malicious as it likes ("probe"): what stops it is the other side, and
the counters of the other side say so. Each row of the table is a state that the
function is brought into, what it then tries, and the reason for which it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from measure import PCI, Bench, Unavailable

PAGES = 8		# tried in each row, read and written: twice as many attempts
PAGE = 4096
VTOM = 1 << 40		# guest/arch/emu's


class Probe:
    """A function of the emulator, and addresses to try."""

    def __init__(self, bench: Bench):
        self.bench, self.emu = bench, bench.vm.emu
        self.bdf, self.name = bench.dma, "dma0"

    def private(self) -> list[int]:
        """The VM's own: pages of the kernel's code."""
        line = self.bench.guest.sh("grep 'Kernel code' /proc/iomem")
        return self._owned(int(line.split("-")[0], 16), "private")

    def shared(self) -> list[int]:
        """The host's, too: pages of the swiotlb pool, which is 64 MiB somewhere in RAM."""
        for gpa in range(0, 1 << 30, 32 << 20):
            if self._owner(gpa) == "shared":
                return self._owned(gpa, "shared")
        raise Unavailable("no swiotlb pool is shared")

    def _owner(self, gpa: int) -> str:
        owner: str = self.emu.cmd(f"page {gpa:#x}")["owner"]
        return owner

    def _owned(self, start: int, owner: str) -> list[int]:
        pages = [start + i * PAGE for i in range(PAGES)]
        for page in pages:
            found = self._owner(page)
            if found != owner:
                raise Unavailable(f"page {page:#x}: expected {owner}, found {found}")
        return pages

    def try_it(self, operation: str, address: int) -> str:
        answer = self.emu.cmd(f"probe {self.name} {operation} {address:#x} 64")
        return answer.get("reason", "?") if answer["result"] == "refused" else "ok"


# --- states ---------------------------------------------------------------------------

State = Callable[[Probe], AbstractContextManager[None]]


def set_command(probe: Probe, bits: str) -> None:
    probe.bench.guest.sh(f"/usr/bin/setpci -s {probe.bdf} COMMAND={bits}")


@contextmanager
def unlocked(probe: Probe) -> Iterator[None]:
    """Not accepted, and its driver may have it do DMA."""
    set_command(probe, "0006:0006")
    yield


@contextmanager
def without_bme(probe: Probe) -> Iterator[None]:
    set_command(probe, "0002:0006")
    yield
    set_command(probe, "0006:0006")


def accepted(mode: str) -> State:
    @contextmanager
    def enter(probe: Probe) -> Iterator[None]:
        with probe.bench.accepted(mode, probe.bdf):
            yield
    return enter


def after(mode: str) -> State:
    """Was accepted; is not any more."""
    @contextmanager
    def enter(probe: Probe) -> Iterator[None]:
        with probe.bench.accepted(mode, probe.bdf):
            pass
        set_command(probe, "0006:0006")
        yield
    return enter


def error_from(mode: str) -> State:
    """Memory Space Enable is cleared while it runs: ERROR, by TDISP's rules."""
    @contextmanager
    def enter(probe: Probe) -> Iterator[None]:
        with probe.bench.accepted(mode, probe.bdf):
            set_command(probe, "0004:0006")
            yield
            set_command(probe, "0006:0006")
    return enter


# --- the table ------------------------------------------------------------------------

@dataclass
class Row:
    claim: str
    state: State
    addresses: Callable[[Probe], list[int]]
    reason: str


def above(pages: Callable[[Probe], list[int]]) -> Callable[[Probe], list[int]]:
    return lambda probe: [VTOM + page for page in pages(probe)]


ROWS = [
    Row("bounce: private memory", unlocked, Probe.private, "private-page"),
    Row("bounce: with Bus Master off", without_bme, Probe.shared, "bus-master-off"),
    Row("direct: shared memory", accepted("direct"), Probe.shared, "shared-page"),
    Row("direct: in ERROR", error_from("direct"), Probe.private, "error-state"),
    Row("direct: after unbind", after("direct"), Probe.private, "private-page"),
    Row("split: shared memory, below vTOM", accepted("split"), Probe.shared, "below-vtom-shared"),
    Row("split: private memory, above vTOM", accepted("split"), above(Probe.private),
        "above-vtom-private"),
    Row("split: in ERROR", error_from("split"), Probe.private, "error-state"),
    Row("split: after unbind", after("split"), Probe.private, "private-page"),
]

# In a VM with an IOMMU: device addresses, of which nothing is mapped.
IOMMU_ROWS = [
    Row("iommu: what no driver mapped", accepted("iommu"), Probe.private, "unmapped-iova"),
    Row("iommu: the pool, unmapped", accepted("iommu"), Probe.shared, "unmapped-iova"),
    Row("iommu: with Bus Master off", without_bme, Probe.private, "bus-master-off"),
    Row("iommu: in ERROR", error_from("iommu"), Probe.private, "error-state"),
    Row("iommu: after unbind", after("iommu"), Probe.private, "unmapped-iova"),
]


@dataclass
class Result:
    row: Row
    attempted: int = 0
    refused: int = 0	# by the emulator's counter
    wrong: str = ""	# another reason than expected, or none
    skip: str = ""


def attempt(probe: Probe, row: Row) -> Result:
    result = Result(row)
    try:
        addresses = row.addresses(probe)
        with row.state(probe):
            before = probe.emu.stats(probe.name)["dma_refused"]
            for address in addresses:
                for operation in ("read", "write"):
                    result.attempted += 1
                    answer = probe.try_it(operation, address)
                    if answer != row.reason:
                        result.wrong = f"{operation} {address:#x}: expected {row.reason}, found {answer}"
                        # If it was not refused, it must not go on writing there.
                        if answer == "ok":
                            break
            result.refused = probe.emu.stats(probe.name)["dma_refused"] - before
    except Unavailable as e:
        result.skip = str(e)
    return result


def all_rows(bench: Bench, rows: list[Row]) -> list[Result]:
    """The core is loaded, no driver is bound to the dmatest function."""
    assert not bench.guest.run(f"test ! -e {PCI}/{bench.dma}/driver")[0]
    return [attempt(Probe(bench), row) for row in rows]
