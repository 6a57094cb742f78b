"""PNG files as the engine writes them, read without Blender: opening them there would touch the scene's data."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {2: 3, 6: 4}
"""Colour type -> channels: RGB and RGBA."""
_NONE, _SUB, _UP = 0, 1, 2
_LARGEST: Final = 64 << 20
"""Bytes of pixels; the engine's pictures have at most 1 MB."""


def read_png(path: Path) -> NDArray[np.uint8] | None:
    """Return the pixels of a PNG (H, W, 3 or 4), None where it is not of the simple kind that the engine writes.

    That is 8 bits of colour, not interlaced, with rows that are stored as they are or as differences from the left or
    from above: what numpy undoes at once. Raises OSError where the file can't be read.
    """
    chunks = _chunks(path.read_bytes())
    head = chunks.get(b"IHDR")
    if head is None or len(head) != 13:
        return None
    width, height, depth, colour, _method, _filter, interlaced = struct.unpack(">IIBBBBB", head)
    channels = _CHANNELS.get(colour, 0)
    if depth != 8 or not channels or interlaced or not width or not height:
        return None
    data = _unpacked(chunks.get(b"IDAT", b""), height * (1 + width * channels))
    if data is None:
        return None
    rows = data.reshape(height, -1)
    return _unfiltered(rows[:, 0], rows[:, 1:].reshape(height, width, channels))


def _unpacked(packed: bytes, size: int) -> NDArray[np.uint8] | None:
    """Return what was packed where it is of this size, and none of it that is more: a small file may hold gigabytes."""
    if not 0 < size <= _LARGEST:
        return None
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, size + 1)
    except zlib.error:
        return None
    return np.frombuffer(data, dtype=np.uint8) if len(data) == size and unpacking.eof else None


def _chunks(content: bytes) -> dict[bytes, bytes]:
    """Return name -> data; pieces of the same name are joined. A file that is cut short gives what is there."""
    pieces: dict[bytes, list[bytes]] = {}
    place = len(_SIGNATURE) if content.startswith(_SIGNATURE) else len(content)
    while place + 8 <= len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        pieces.setdefault(name, []).append(content[place + 8 : place + 8 + length])
        place += length + 12
    return {name: b"".join(parts) for name, parts in pieces.items()}


def _unfiltered(filters: NDArray[np.uint8], stored: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Undo the differences: per row from the left (all at once), then from above (row by row)."""
    if not np.isin(filters, (_NONE, _SUB, _UP)).all():
        return None
    picture = stored.copy()
    sub = filters == _SUB
    picture[sub] = np.cumsum(stored[sub], axis=1, dtype=np.uint8)
    for row in np.flatnonzero(filters == _UP):
        if row > 0:
            picture[row] += picture[row - 1]
    return picture
