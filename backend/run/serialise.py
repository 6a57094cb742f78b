"""Dataclasses of the stages as one .npz: a tree of JSON and plain arrays, no pickles, only classes named here."""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from ..contract.camera import Intrinsics
from ..contract.corrections.corrections import (
    Area,
    AreaKey,
    Corrections,
    FrameRange,
    KeyPose,
    Matte,
    Pin,
    PinnedFrame,
)
from ..contract.distortion import CurvedLens, Distortion
from ..contract.performance.stored import ArkitWeights
from ..contract.settings import FitSettings
from ..contract.shading import Shading
from ..data.fit_report import AppearanceReport, FitReport, SolveReport
from ..data.types import Camera, Fit, HeadPose, Landmarks, Person, PersonMasks, Video

_KINDS: Final = (
    AppearanceReport, Area, AreaKey, ArkitWeights, Camera, Corrections, CurvedLens, Distortion, Fit, FitReport,
    FitSettings, FrameRange, HeadPose, Intrinsics, KeyPose, Landmarks, Matte, Person, PersonMasks, Pin, PinnedFrame,
    Shading, SolveReport, Video,
)  # fmt: skip
CLASSES: Final = {kind.__name__: kind for kind in _KINDS}
"""What may be stored; a name that is not here is refused on reading and on writing."""

TREE: Final = "tree"
META: Final = "meta"


class Unreadable(Exception):  # noqa: N818 - not a fault of the program: a file that is damaged or of another kind
    """The file is damaged or was not written by `write`."""


def write(stream: BinaryIO, value: Any, meta: dict[str, Any]) -> None:
    """Write a value of the classes above, and a small dictionary that can be read without it.

    Raises:
        TypeError: The value contains something that has no stored form.
    """
    arrays: dict[str, np.ndarray] = {}
    tree = _encode(value, arrays)
    np.savez(stream, allow_pickle=False, **{TREE: _text(tree), META: _text(meta)}, **arrays)


def read(path: Path) -> Any:
    """Return the value in a file.

    Raises:
        Unreadable: The file is damaged.
    """
    return _read(path, lambda archive: _decode(_json(archive[TREE]), archive))


def read_meta(path: Path) -> dict[str, Any]:
    """Return the small dictionary alone, without reading the arrays.

    Raises:
        Unreadable: The file is damaged.
    """
    return _read(path, lambda archive: dict(_json(archive[META])))


def _read(path: Path, what: Any) -> Any:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return what(archive)
    except Exception as error:  # a zip can be damaged in dozens of ways, each with an error of its own
        raise Unreadable(f"{path.name}: {error}") from error


def _text(data: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(data, allow_nan=False).encode("utf-8"), dtype=np.uint8)


def _json(array: np.ndarray) -> Any:
    return json.loads(array.tobytes().decode("utf-8"))


def _encode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.generic):
        return _encode(value.item(), arrays)
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects has no stored form")
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, Fraction):
        return {"fraction": [value.numerator, value.denominator]}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_encode(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_encode(key, arrays), _encode(item, arrays)] for key, item in value.items()]}
    name = type(value).__name__
    if CLASSES.get(name) is type(value):
        return {name: {field.name: _encode(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}}
    raise TypeError(f"{name} has no stored form")


def _decode(node: Any, arrays: Any) -> Any:
    if isinstance(node, list):
        return [_decode(item, arrays) for item in node]
    if not isinstance(node, dict):
        return node
    ((tag, content),) = node.items()
    if tag in CLASSES:
        return CLASSES[tag](**{name: _decode(item, arrays) for name, item in content.items()})
    readers = {
        "array": lambda: arrays[content],
        "float": lambda: float(content),
        "path": lambda: Path(content),
        "fraction": lambda: Fraction(*content),
        "tuple": lambda: tuple(_decode(item, arrays) for item in content),
        "dict": lambda: {_decode(key, arrays): _decode(item, arrays) for key, item in content},
    }
    return readers[tag]()
