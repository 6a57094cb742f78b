"""Films whose every frame says its own number, written with the standard library: any times, any rate."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, BITS = 128, 64, 8


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """RGB picture (H, W, 3) with a number in eight vertical bars, bright for 1, least bit at the left."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    for bit in range(BITS):
        pixels[:, bit * width // BITS : (bit + 1) * width // BITS] = 230 if number >> bit & 1 else 20
    return pixels


def number_in(pixels: np.ndarray) -> int:
    """The number that a picture (H, W, 3), 0..1, shows."""
    columns = pixels.mean(axis=(0, 2))
    middle = (np.arange(BITS) + 0.5) * len(columns) / BITS
    return sum(int(columns[int(x)] > 0.5) << bit for bit, x in enumerate(middle))


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of an RGB picture."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_picture(path: Path, colour: tuple[float, float, float], width: int = 8, height: int = 8) -> Path:
    """A picture of one colour, 0..1."""
    path.write_bytes(png(np.full((height, width, 3), np.rint(np.multiply(colour, 255)), dtype=np.uint8)))
    return path


def write_sequence(folder: Path, count: int, first: int = 1) -> Path:
    """Write numbered pictures that count from 0; return the first file."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        (folder / f"shot_{first + index:04d}.png").write_bytes(png(picture(index)))
    return folder / f"shot_{first:04d}.png"


SOUND_RATE = 8000


def write_film(path: Path, times: np.ndarray, rate: float | None = None, *, sound: np.ndarray | None = None) -> Path:
    """Write a Matroska film with a picture at each time (seconds, rounded to milliseconds).

    Source of the format: RFC 9559 (Matroska) and RFC 8794 (EBML). The pictures are PNGs in Video for Windows' frame
    ('MPNG'). `rate` becomes the track's default duration; `sound` (N,) int16 at 8 kHz its sound.
    """
    bitmap = struct.pack("<IiiHH4sIiiII", 40, WIDTH, HEIGHT, 1, 24, b"MPNG", WIDTH * HEIGHT * 3, 0, 0, 0, 0)
    duration = [_number(0x23E383, round(1e9 / rate))] if rate else []
    track = [
        _number(0xD7, 1),
        _number(0x73C5, 1),
        _number(0x83, 1),
        *duration,
        _element(0x86, b"V_MS/VFW/FOURCC"),
        _element(0x63A2, bitmap),
        _element(0xE0, _number(0xB0, WIDTH) + _number(0xBA, HEIGHT)),
    ]
    clusters = b"".join(_cluster(round(1000 * time), png(picture(index))) for index, time in enumerate(times))
    tracks = _element(0xAE, b"".join(track))
    if sound is not None:
        about = _element(0xB5, struct.pack(">d", SOUND_RATE)) + _number(0x9F, 1) + _number(0x6264, 16)
        numbers = _number(0xD7, 2) + _number(0x73C5, 2) + _number(0x83, 2)
        tracks += _element(0xAE, numbers + _element(0x86, b"A_PCM/INT/LIT") + _element(0xE1, about))
        clusters = _cluster(0, sound.astype("<i2").tobytes(), number=2) + clusters
    last = 1000 * (times[-1] + (1 / rate if rate else 0.04))
    info = _number(0x2AD7B1, 1_000_000) + _element(0x4489, struct.pack(">d", last))
    segment = _element(0x1549A966, info) + _element(0x1654AE6B, tracks) + clusters
    kind = _element(0x4282, b"matroska") + _number(0x4287, 4) + _number(0x4285, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_element(0x1A45DFA3, kind) + _element(0x18538067, segment))
    return path


def _cluster(milliseconds: int, data: bytes, number: int = 1) -> bytes:
    block = bytes([0x80 | number]) + struct.pack(">hB", 0, 0x80) + data
    return _element(0x1F43B675, _number(0xE7, milliseconds) + _element(0xA3, block))


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _element(identifier: int, data: bytes) -> bytes:
    head = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
    return head + (len(data) | 1 << 56).to_bytes(8, "big") + data
