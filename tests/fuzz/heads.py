"""Damaged FLAME files in numpy's format, built into a head."""

from __future__ import annotations

import functools
import io
import random
from pathlib import Path
from typing import Final

import numpy as np

from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.head.builtin import builtin_head
from backend.head.builtin.head import flame_arrays
from backend.head.flame.flame_file import load_flame
from backend.head.skinning import neutral_pose, pose_vertices

from .damage import damaged_archive, damaged_bytes
from .kind import Kind
from .pickles import small_head


def _members() -> dict[str, np.ndarray]:
    head = small_head()
    head["J_regressor"] = head["J_regressor"].toarray()
    return {name: np.asarray(value) for name, value in head.items()}


def _packed(members: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **members)  # pyright: ignore[reportArgumentType]
    return stream.getvalue()


_GOOD: Final = _members()
_WHOLE: Final = _packed(_GOOD)


@functools.cache
def _person() -> dict[str, np.ndarray]:
    """Return the built-in head as a file has it: one that can be built, and takes a second for it."""
    arrays = {name: np.asarray(value) for name, value in flame_arrays(builtin_head()).items()}
    return {name: value.astype(np.float16) if name == "shapedirs" else value for name, value in arrays.items()}


def make(rng: random.Random) -> bytes:
    """Return an archive with damaged bytes, members, or numbers."""
    how = rng.randrange(4)
    if how == 0:
        return damaged_bytes(_WHOLE, rng)
    if how == 1:
        return damaged_archive(_WHOLE, rng)
    members = dict(_person() if rng.random() < 0.1 else _GOOD)
    key = rng.choice([name for name, value in members.items() if value.dtype.kind in "fui"])
    with np.errstate(all="ignore"):
        values = members[key].astype(np.float64)
        values.reshape(-1)[rng.randrange(values.size)] = rng.choice((np.nan, np.inf, -1, 1e300, 1e30, 2**31, 0.5))
        shapes = (
            values,
            values.astype(members[key].dtype),
            values[:0],
            values[:-1],
            values.ravel(),
            values.T,
            values * 0,
        )
        members[key] = rng.choice(shapes)
    return _packed(members)


def read(content: bytes, folder: Path) -> object:
    """Load the head and pose it once."""
    path = folder / "head.npz"
    path.write_bytes(content)
    head = load_flame(path, HeadSettings(source="file", file=str(path)))
    if isinstance(head, Failure):
        return head
    pose = neutral_pose(head, 1, np.zeros(head.identity_basis.shape[2]))
    return pose_vertices(head, pose).shape


KIND: Final = Kind(make, read)
