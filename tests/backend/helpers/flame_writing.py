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


class Chumpy:
    """Makes objects that pickle as those of chumpy 0.70 do: names of classes, and all that it leaves in their state."""

    def __init__(self) -> None:
        self.modules: dict[str, types.ModuleType] = {}

    def array(self, values: np.ndarray) -> Any:
        """An object around an array."""
        return self.formula("ch", "Ch", x=values)

    def formula(self, module: str, operation: str, **operands: Any) -> Any:
        """An operation that was not carried out yet, such as ``add`` of ``chumpy.ch_ops``."""
        name = f"chumpy.{module}"
        here = self.modules.setdefault(name, types.ModuleType(name))
        if not hasattr(here, operation):
            setattr(here, operation, type(operation, (), {"__module__": name}))
        result = getattr(here, operation)()
        flags = {"_dirty_vars": set(operands), "_itr": None, "_make_dense": False, "_make_sparse": False}
        deps = {"shape": {"deps": "r", "value": None, "out_of_date": True}}
        result.__dict__.update(flags, _depends_on_deps=deps, **operands, _status="new")
        return result


@contextmanager
def fake_chumpy() -> Iterator[Chumpy]:
    """Stand-ins for chumpy, under whose names Python pickles what is made with them."""
    made = Chumpy()
    sys.modules["chumpy"] = types.ModuleType("chumpy")
    for name in ("ch", "ch_ops", "reordering"):
        made.modules[f"chumpy.{name}"] = sys.modules[f"chumpy.{name}"] = types.ModuleType(f"chumpy.{name}")
    try:
        yield made
    finally:
        for name in ("chumpy", *made.modules):
            del sys.modules[name]


def _pickled(content: dict[str, Any], protocol: int) -> bytes:
    return pickle.dumps(content, protocol)


_VARIABLES = ("v_template", "shapedirs", "posedirs", "weights", "J")


def _with_chumpy(protocol: int) -> Callable[[dict[str, Any]], bytes]:
    """FLAME 2017 to 2020: chumpy objects around the arrays that once were variables."""

    def write(content: dict[str, Any]) -> bytes:
        with fake_chumpy() as chumpy:
            return pickle.dumps({k: chumpy.array(v) if k in _VARIABLES else v for k, v in content.items()}, protocol)

    return write


def _edited_with_chumpy(content: dict[str, Any]) -> bytes:
    """A model that somebody changed: a slice and a reshape were not carried out when it was saved."""
    with fake_chumpy() as chumpy:
        twice = chumpy.array(np.vstack([content["v_template"], content["v_template"]]))
        flat = chumpy.array(content["weights"].ravel())
        places = np.arange(content["v_template"].size)
        edited = {
            "v_template": chumpy.formula("reordering", "Select", a=twice, idxs=places, preferred_shape=(5023, 3)),
            "weights": chumpy.formula("reordering", "Reshape", a=flat, newshape=(-1, 5)),
        }
        return pickle.dumps({**content, **edited}, 2)


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
    "chumpy, protocol 0": _with_chumpy(0),
    "chumpy, protocol 2": _with_chumpy(2),
    "chumpy, protocol 4": _with_chumpy(4),
    "chumpy, edited": _edited_with_chumpy,
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
