"""Writes FLAME files in each form in which FLAME was ever published, from the built-in head."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from backend.head.builtin import builtin_head

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Data to test on, beside the repository; tests that use it skip where it is absent."""

IDENTITY = 12
"""Identity modes that the written files have; the other 288 of FLAME's 300 are zero."""


def flame_content() -> dict[str, Any]:
    """The built-in head under FLAME's keys: 300 identity and 100 expression modes, unused ones zero."""
    head = builtin_head()
    shapes = np.zeros((head.vertex_count, 3, 400))
    shapes[:, :, :IDENTITY] = head.identity_basis[:, :, :IDENTITY]
    shapes[:, :, 300 : 300 + head.expression_basis.shape[2]] = head.expression_basis
    parents = np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], dtype=np.int64)
    return {
        "v_template": head.template.copy(),
        "f": head.faces.astype(np.uint32),
        "shapedirs": shapes,
        "posedirs": head.pose_correctives.copy(),
        "J_regressor": sparse.csc_matrix(head.joint_regressor),
        "J": head.joint_regressor @ head.template,
        "weights": head.skinning_weights.copy(),
        "kintree_table": parents,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


@contextmanager
def fake_chumpy() -> Iterator[type]:
    """A module `chumpy.ch` with a class `Ch` that keeps its array as chumpy does: in its state, as x."""

    class Ch:
        def __init__(self, x: np.ndarray | None = None) -> None:
            self.x = x

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    module = types.ModuleType("chumpy.ch")
    module.Ch = Ch  # type: ignore[attr-defined]
    sys.modules["chumpy"], sys.modules["chumpy.ch"] = types.ModuleType("chumpy"), module
    try:
        yield Ch
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def _pickled(content: dict[str, Any], protocol: int) -> bytes:
    return pickle.dumps(content, protocol)


def _with_chumpy(content: dict[str, Any]) -> bytes:
    """FLAME 2017 to 2020: chumpy objects around the arrays that once were variables."""
    with fake_chumpy() as wrapped:
        kept = ("v_template", "shapedirs", "posedirs", "weights", "J")
        return pickle.dumps({k: wrapped(v) if k in kept else v for k, v in content.items()}, 2)


def _as_bytes(content: dict[str, Any]) -> bytes:
    return pickle.dumps({**content, "bs_style": b"lbs", "bs_type": b"lrotmin"}, 2)


def _dense(content: dict[str, Any]) -> bytes:
    return pickle.dumps({**content, "J_regressor": content["J_regressor"].toarray()}, 4)


def _coordinates(content: dict[str, Any]) -> bytes:
    return pickle.dumps({**content, "J_regressor": content["J_regressor"].tocoo()}, 4)


def _fortran_and_big_endian(content: dict[str, Any]) -> bytes:
    other = {"shapedirs": np.asfortranarray(content["shapedirs"]), "v_template": content["v_template"].astype(">f8")}
    return pickle.dumps({**content, **other}, 2)


FORMS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "numpy, protocol 0": lambda content: _pickled({**content, "shapedirs": content["shapedirs"].astype("f4")}, 0),
    "numpy, protocol 2": lambda content: _pickled(content, 2),
    "numpy, protocol 4": lambda content: _pickled(content, 4),
    "numpy, protocol 5": lambda content: _pickled(content, 5),
    "chumpy": _with_chumpy,
    "strings as bytes": _as_bytes,
    "dense regressor": _dense,
    "coordinate regressor": _coordinates,
    "Fortran order, big endian": _fortran_and_big_endian,
}


def write_npz(path: Path, content: dict[str, Any]) -> Path:
    """The same keys in a ``.npz``, without objects."""
    dense = {k: v.toarray() if sparse.issparse(v) else v for k, v in content.items()}
    np.savez(path, **dense)
    return path
