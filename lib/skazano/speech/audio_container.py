"""What the container itself says about a file that was cut short.

Ogg pages: RFC 3533. Mapping of Opus into Ogg: RFC 7845. RIFF/WAVE: the data chunk's size.
"""

from __future__ import annotations

import functools
import os
import struct
from typing import BinaryIO

OGG_HEADER = struct.Struct("<4sBBqIIIB")  # capture, version, flags, granule, serial, number, crc, n
OGG_EOS = 0x04
UNKNOWN_SIZES = (0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF)  # written by programs that stream


def ogg_salvage(file: BinaryIO) -> bytes | None:
    """The whole file with its broken last page rebuilt from the packets that are complete.

    None when nothing is wrong: not Ogg, or the last page is there in full. The mended file ends
    with a page that carries the end-of-stream flag. Without it libsndfile drops the rest of the
    last second, and refuses a file whose only page of sound is broken.
    """
    size = os.fstat(file.fileno()).st_size
    offset, granule = 0, 0
    while True:
        file.seek(offset)
        head = file.read(OGG_HEADER.size + 255)
        if head[:4] != b"OggS":
            file.seek(0)
            return None
        if len(head) < OGG_HEADER.size:
            return _start(file, offset)
        lacing = head[OGG_HEADER.size : OGG_HEADER.size + head[OGG_HEADER.size - 1]]
        end = offset + OGG_HEADER.size + head[OGG_HEADER.size - 1] + sum(lacing)
        if end > size:
            file.seek(offset)
            return _start(file, offset) + _rebuilt_page(file.read(), granule)
        granule = max(granule, OGG_HEADER.unpack_from(head)[3])
        offset = end


def wav_is_cut(file: BinaryIO) -> bool:
    """True if a RIFF/WAVE file's data chunk says that it is longer than the file."""
    head = _start(file, 1 << 16)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    size = os.fstat(file.fileno()).st_size
    offset = 12
    while offset + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, offset)
        if name == b"data":
            return length not in UNKNOWN_SIZES and offset + 8 + length > size + 1
        offset += 8 + length + (length & 1)
    return False


def _start(file: BinaryIO, size: int) -> bytes:
    """The first `size` bytes; the file stands at its beginning again."""
    here = file.tell()
    file.seek(0)
    data = file.read(size)
    file.seek(here)
    return data


def _rebuilt_page(page: bytes, granule_before: int) -> bytes:
    """A page of the packets of `page` that lie in it completely, or b"" if there is none."""
    _, version, flags, granule, serial, number, _, count = OGG_HEADER.unpack_from(page)
    lacing = page[OGG_HEADER.size : OGG_HEADER.size + count]
    room = len(page) - OGG_HEADER.size - count
    kept, used, length = 0, 0, 0
    for i, value in enumerate(lacing):
        length += value
        if length > room:
            break
        if value < 255:
            kept, used = i + 1, length
    if kept == 0:
        return b""
    # Packets of one stream last equally long, so the granule position grows evenly with them.
    packets, whole = (sum(v < 255 for v in part) for part in (lacing[:kept], lacing))
    reached = granule_before + (granule - granule_before) * packets // max(1, whole)
    header = OGG_HEADER.pack(b"OggS", version, flags | OGG_EOS, reached, serial, number, 0, kept)
    start = OGG_HEADER.size + count
    mended = bytearray(header + lacing[:kept] + page[start : start + used])
    struct.pack_into("<I", mended, 22, _ogg_crc(mended))
    return bytes(mended)


@functools.cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


def _ogg_crc(data: bytes | bytearray) -> int:
    """CRC-32 with polynomial 04C11DB7, not reflected, starting from zero (RFC 3533, 6)."""
    table, crc = _crc_table(), 0
    for byte in data:
        crc = (crc << 8) & 0xFFFFFFFF ^ table[(crc >> 24) ^ byte]
    return crc
