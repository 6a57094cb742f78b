"""``.npz`` and ``.npy`` files of plain numbers, read so that a small file can never ask for a lot of memory."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

_LARGEST: Final = 2 << 30
"""Most bytes that the arrays of one file may have together; FLAME's have about 50 MB."""


def read_npz(path: Path, only: Container[str] | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a ``.npz`` file by name, all of them or some.

    Raises:
        ValueError: it is damaged, holds Python objects, or claims more than it holds.
        OSError, zipfile.BadZipFile: it cannot be read.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        members = [info for info in members if only is None or info.filename[:-4] in only]
        if sum(info.file_size for info in members) > _LARGEST:
            raise ValueError("it unfolds to much more than a head model")
        for info in members:
            with archive.open(info) as stream:
                _check_header(stream, info.file_size)
            with archive.open(info) as stream:
                arrays[info.filename[:-4]] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def read_npy(path: Path) -> np.ndarray[Any, Any]:
    """Return the array of a ``.npy`` file of numbers; exceptions as `read_npz`."""
    with path.open("rb") as stream:
        _check_header(stream, path.stat().st_size)
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type that the header of a ``.npy`` stream claims; what follows in the stream is the content."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"its format {version} is unknown")
    return shape, dtype


def _check_header(stream: IO[bytes], size: int) -> None:
    """Refuse objects, and arrays that are larger than the file that is said to hold them."""
    shape, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects instead of numbers")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"an array claims the shape {shape} but has {size} bytes")
