"""Damaged PNG files for the reader of the add-on, which reads without Blender."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from blender_flame_tracker.ui.picture_file import read_png

from .damage import damaged_bytes
from .kind import Kind

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png(rng: random.Random, *, odd: bool) -> bytes:
    """Return a PNG; where it is odd, its head does not fit what follows."""
    width, height = rng.choice((1, 7, 40)), rng.choice((1, 5, 30))
    colour = rng.choice((2, 6))
    row = width * (3 if colour == 2 else 4)
    data = b"".join(bytes([rng.choice((0, 1, 2))]) + rng.randbytes(row) for _ in range(height))
    depth = interlaced = 0
    if odd:
        width, height = (rng.choice((each, 0, 2**31 - 1, 2**32 - 1, 20_000)) for each in (width, height))
        colour, depth, interlaced = rng.choice((0, 2, 3, 6, 255)), rng.choice((8, 16, 0)), rng.choice((0, 1, 9))
        data = rng.choice((data, bytes([rng.randrange(256)]) + data[1:], bytes(30 << 20), b""))
    head = struct.pack(">IIBBBBB", width, height, depth if odd else 8, colour, 0, 0, interlaced)
    packed = zlib.compress(data)
    cut = rng.randrange(len(packed)) if rng.random() < 0.3 else len(packed)
    pieces = _chunk(b"IDAT", packed[:cut]) + (_chunk(b"IDAT", packed[cut:]) if cut < len(packed) else b"")
    return _SIGNATURE + _chunk(b"IHDR", head) + pieces + _chunk(b"IEND", b"")


def make(rng: random.Random) -> bytes:
    """Return a damaged picture, or one whose head says something else than its content."""
    if rng.random() < 0.4:
        return _png(rng, odd=True)
    return damaged_bytes(_png(rng, odd=False), rng)


def read(content: bytes, folder: Path) -> object:
    """Read the picture; None is right for what is none."""
    path = folder / "picture.png"
    path.write_bytes(content)
    pixels = read_png(path)
    assert pixels is None or (pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    return pixels


KIND: Final = Kind(make, read)
