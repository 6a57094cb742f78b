"""Pictures that the engine writes for panels: the add-on reads them without Blender, pixel for pixel."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from backend.system.pictures import write_picture
from blender_flame_tracker.ui.picture_file import read_png


def photograph(height: int, width: int) -> np.ndarray:
    """Gradients with noise on them, so that every way to store differences would pay off somewhere."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x * 255 / width, y * 255 / height, (x + y) * 127 / (width + height)], axis=2)
    return (smooth + np.random.default_rng(0).normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8)


def test_what_the_engine_writes_is_read_exactly(tmp_path: Path) -> None:
    picture = photograph(90, 160)
    write_picture(tmp_path / "face 0 é.png", picture)
    read = read_png(tmp_path / "face 0 é.png")
    assert read is not None, "the engine stores differences that the add-on can't undo at once"
    assert np.array_equal(read, picture)


def test_a_damaged_picture_is_no_picture(tmp_path: Path) -> None:
    file = tmp_path / "cut.png"
    write_picture(file, photograph(40, 40))
    whole = file.read_bytes()
    for content in (b"", b"\xff\xd8\xff\xe0 a JPEG", whole[:20], whole[: len(whole) // 2]):
        file.write_bytes(content)
        assert read_png(file) is None
    with pytest.raises(OSError):
        read_png(tmp_path / "not there.png")


def test_a_picture_that_unfolds_to_more_than_it_says_is_none(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    write_picture(file, photograph(4, 4))
    content = file.read_bytes()
    packed = zlib.compress(bytes(200 << 20), 9)
    chunk = b"IDAT" + packed
    head = content[: content.index(b"IDAT") - 4]
    file.write_bytes(head + struct.pack(">I", len(packed)) + chunk + struct.pack(">I", zlib.crc32(chunk)))
    tracemalloc.start()
    assert read_png(file) is None
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()
