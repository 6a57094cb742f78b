"""Archive of a track file: its header and arrays, which are checked before room is made for them."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .arrays import Array
from .track_schema import KINDS, claim_problem, values_problem

_LARGEST_HEADER: Final = 64 << 20
"""Bytes; that of a clip has some hundred thousand."""


class WrongError(Exception):
    """Carries what is wrong with a file through the reading of its parts."""


def read_header(archive: zipfile.ZipFile) -> Any:
    """Return what the header says, whatever that is."""
    if "header.npy" not in archive.namelist():
        raise WrongError("it has no header")
    if archive.getinfo("header.npy").file_size > _LARGEST_HEADER:
        raise WrongError("its header is too long")
    values = _read_values(archive, "header", lambda _shape, dtype: "its header is not text" if dtype != "u1" else None)
    try:
        return json.loads(values.tobytes().decode("utf-8"))
    except (ValueError, RecursionError):  # Also numbers of thousands of digits, and thousands of brackets.
        raise WrongError("its header is not JSON") from None


def read_array(archive: zipfile.ZipFile, name: str, sizes: dict[str, int]) -> Array:
    """Return an array in its kind."""
    values = _read_values(archive, name, lambda shape, dtype: claim_problem(name, shape, dtype, sizes))
    problem = values_problem(name, values)
    if problem is not None:
        raise WrongError(problem)
    return values.astype(KINDS[name].dtype, order="C", copy=False)


def _read_values(
    archive: zipfile.ZipFile, name: str, problem_of: Callable[[tuple[int, ...], np.dtype[Any]], str | None]
) -> Array:
    """Return an array of the archive; what it claims to be is checked before room is made for it."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise WrongError(f"'{name}' is in an unknown format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        problem = problem_of(shape, dtype)
        if problem is not None:
            raise WrongError(problem)
        if stream.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
            raise WrongError(f"'{name}' is not as long as it claims")
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
