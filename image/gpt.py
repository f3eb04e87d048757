#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Puts the image's three partitions on a disk whose every byte is given.

    gpt.py OUT ROOTHASH ESP ROOT VERITY

The partitions of root and verity have the halves of the root hash as their UUIDs, as
the Discoverable Partitions Specification says: "roothash=" is all that the kernel's
command line needs to name them. UEFI 2.10, 5.3.
"""

import os
import struct
import sys
import uuid
import zlib
from pathlib import Path

SECTOR = 512
ALIGN = 2048            # sectors
ENTRIES = 128
ENTRY = 128             # bytes

ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
ROOT = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")
VERITY = uuid.UUID("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5")
READ_ONLY = 1 << 60


def layout(sizes: list[int]) -> list[tuple[int, int]]:
    """First and last sector of each."""
    at, places = ALIGN, []
    for size in sizes:
        sectors = -(-size // SECTOR)
        places.append((at, at + sectors - 1))
        at = -(-(at + sectors) // ALIGN) * ALIGN
    return places


def entry(kind: uuid.UUID, own: uuid.UUID, place: tuple[int, int], flags: int, name: str) -> bytes:
    return struct.pack("<16s16sQQQ72s", kind.bytes_le, own.bytes_le, *place, flags,
                       name.encode("utf-16-le"))


def header(mine: int, other: int, table: int, last: int, disk: uuid.UUID, entries: bytes) -> bytes:
    def pack(crc: int) -> bytes:
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, mine, other,
                           2 + ENTRIES * ENTRY // SECTOR, last, disk.bytes_le, table,
                           ENTRIES, ENTRY, zlib.crc32(entries))
    return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")


def protective_mbr(sectors: int) -> bytes:
    part = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1,
                       min(sectors - 1, 0xffffffff))
    return b"\0" * 446 + part + b"\0" * 48 + b"\x55\xaa"


def main(out: Path, roothash: str, parts: list[Path]) -> None:
    places = layout([p.stat().st_size for p in parts])
    table_sectors = ENTRIES * ENTRY // SECTOR
    last_usable = places[-1][1]
    sectors = last_usable + 1 + table_sectors + 1
    # 1 MiB whole, and so is what is behind a loop device or virtio-blk.
    sectors = -(-sectors // ALIGN) * ALIGN
    last_usable = sectors - table_sectors - 2
    half = uuid.UUID(roothash[:32]), uuid.UUID(roothash[32:64])
    disk = uuid.uuid5(half[0], "disk")
    entries = b"".join((
        entry(ESP, uuid.uuid5(half[0], "esp"), places[0], 0, "esp"),
        entry(ROOT, half[0], places[1], READ_ONLY, "root-x86-64"),
        entry(VERITY, half[1], places[2], READ_ONLY, "root-x86-64-verity"),
    )).ljust(ENTRIES * ENTRY, b"\0")
    part = out.with_suffix(".part")
    with open(part, "wb") as f:
        f.truncate(sectors * SECTOR)
        f.write(protective_mbr(sectors))
        f.write(header(1, sectors - 1, 2, last_usable, disk, entries))
        f.write(entries)
        f.seek((sectors - table_sectors - 1) * SECTOR)
        f.write(entries)
        f.write(header(sectors - 1, 1, sectors - table_sectors - 1, last_usable, disk, entries))
        for path, (first, _) in zip(parts, places):
            f.seek(first * SECTOR)
            f.write(path.read_bytes())
    os.rename(part, out)


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], [Path(p) for p in sys.argv[3:]])
