"""What the first bytes of a file tell."""

from __future__ import annotations

import struct


def opus_seconds(data: bytes) -> float | None:
    """Length of an OGG/Opus stream by its last granule position (RFC 7845); None: not one."""
    if data[:4] != b"OggS" or data[28:36] != b"OpusHead":
        return None
    (skip,) = struct.unpack_from("<H", data, 38)
    last = data.rfind(b"OggS")
    if last + 14 > len(data):
        return 0.0
    (granule,) = struct.unpack_from("<q", data, last + 6)
    return float(max(granule - skip, 0)) / 48000


def is_voice(data: bytes) -> bool:
    """OGG/Opus, MP3 or M4A: anything else sendVoice quietly sends as a document."""
    mp3 = data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")
    return opus_seconds(data) is not None or mp3 or data[4:8] == b"ftyp"


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG; None if it is neither."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None
