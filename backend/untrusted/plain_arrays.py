"""``.npz`` and ``.npy`` files of plain numbers, read so that a small file can never ask for a lot of memory."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

_LARGEST: Final = 1 << 29
"""Most bytes that the arrays of one file may have together; FLAME's have about 50 MB."""
_KINDS: Final = "biufUS"
"""Truth values, numbers and text, by `numpy.dtype.kind`."""


def read_npz(path: Path, only: Container[str] | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a ``.npz`` file by name, all of them or some.

    Raises:
        Exception: it is damaged, holds Python objects, or claims more than it holds; the libraries that read it have
            exceptions of many kinds for that.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        members = [info for info in members if only is None or info.filename[:-4] in only]
        if sum(info.file_size for info in members) > _LARGEST:
            raise ValueError("it unpacks to far more than a head model")
        for info in members:
            with archive.open(info) as stream:
                _check_header(stream, info.file_size)
            with archive.open(info) as stream:
                arrays[info.filename[:-4]] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def read_npy(path: Path) -> np.ndarray[Any, Any]:
    """Return the array of a ``.npy`` file of numbers; exceptions as `read_npz`."""
    size = path.stat().st_size
    if size > _LARGEST:
        raise ValueError("it is much larger than any file of a head model")
    with path.open("rb") as stream:
        _check_header(stream, size)
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Return shape, type and whether the first index counts fastest, as the header of a ``.npy`` stream claims.

    What follows in the stream is the content. Exceptions as `read_npz`.
    """
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"its format {version} is unknown")
    shape, fortran, dtype = readers[version](stream)
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("an array has an impossible shape")
    return shape, dtype, fortran


def _check_header(stream: IO[bytes], size: int) -> None:
    """Refuse objects and records, and arrays that are larger than the file that is said to hold them."""
    shape, dtype, _ = read_header(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects instead of numbers")
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise ValueError("an array is of an unusual type")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"an array claims the shape {shape} but has {size} bytes")
