"""Schema of the track file: kind, shape and range of every array, and of every header value that is read.

All functions here return what is wrong in a few words, or None; `track` makes a sentence of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from .arrays import Array
from .camera import Intrinsics
from .checks import LARGEST_WHOLE, Check, is_number, is_path, is_text, is_whole, list_of, mapping_of, maybe, object_with
from .distortion import Distortion
from .names import ARKIT, LANDMARKS
from .shading import ALBEDO_SPACES

LARGEST: Final = 1e7
"""Of all numbers without a range of their own: metres, radians, pixels and codes stay far below."""
LONGEST_TIME: Final = 1e9
"""Seconds; thirty years."""
LARGEST_PICTURE: Final = 65536
"""Pixels along a side, as Blender's render settings allow."""
MOST_REGIONS: Final = 1000


@dataclass(frozen=True)
class Kind:
    """What the values of an array are.

    Attributes:
        dtype: In which `Track` has them; a file may have another one of the same kind.
        shape: A letter stands for the same number wherever it occurs.
        least, most: Both included.
        may_be_unknown: Whether NaN stands for what was not found.
    """

    dtype: str
    shape: tuple[str | int, ...]
    least: float = -LARGEST
    most: float = LARGEST
    may_be_unknown: bool = False


_POSE: Final = Kind("float64", ("T", 3), may_be_unknown=True)
KINDS: Final[Mapping[str, Kind]] = {
    "frame_index": Kind("int64", ("T",), 0, LARGEST_WHOLE),
    "time": Kind("float64", ("T",), -LONGEST_TIME, LONGEST_TIME),
    "shot": Kind("int64", ("T",), 0, LARGEST_WHOLE),
    "status": Kind("int8", ("T",), 0, 2),
    "confidence": Kind("float32", ("T",), -0.001, 1.001),
    "reprojection_error": Kind("float32", ("T",), 0, may_be_unknown=True),
    "head_rotation": _POSE,
    "head_translation": _POSE,
    "neck_pose": _POSE,
    "jaw_pose": _POSE,
    "left_eye_pose": _POSE,
    "right_eye_pose": _POSE,
    "eyelids": Kind("float64", ("T", 2), may_be_unknown=True),
    "expression": Kind("float64", ("T", "E"), may_be_unknown=True),
    "vertices": Kind("float32", ("T", "V", 3), may_be_unknown=True),
    "landmarks": Kind("float32", ("T", LANDMARKS, 2), may_be_unknown=True),
    "landmark_visibility": Kind("float32", ("T", LANDMARKS), may_be_unknown=True),
    "scores": Kind("float32", ("T", "S"), may_be_unknown=True),
    "identity": Kind("float64", ("I",)),
    "neutral_vertices": Kind("float32", ("V", 3)),
    "faces": Kind("int32", ("F", 3), 0, LARGEST_WHOLE),
    "uv": Kind("float32", ("U", 2)),
    "uv_faces": Kind("int32", ("F", 3), 0, LARGEST_WHOLE),
    "expression_basis": Kind("float32", ("V", 3, "E")),
    "pose_correctives": Kind("float32", ("V", 3, "P")),
    "joints": Kind("float64", ("J", 3)),
    "joint_parents": Kind("int32", ("J",), -1, LARGEST_WHOLE),
    "skinning_weights": Kind("float32", ("V", "J")),
    "landmark_triangle": Kind("int32", (LANDMARKS,), -1, LARGEST_WHOLE),
    "landmark_barycentric": Kind("float32", (LANDMARKS, 3)),
    "landmark_offsets": Kind("float32", (LANDMARKS, 3)),
    "light": Kind("float32", ("T", 9, 3)),
    "gain": Kind("float32", ("T", 3)),
    "albedo": Kind("float32", ("K",)),
    "zoom": Kind("float64", ("T",), 1e-3, 1e3),
    "rotation_error": Kind("float32", ("T",), 0, may_be_unknown=True),
    "point_error": Kind("float32", ("T",), 0, may_be_unknown=True),
    "arkit_weights": Kind("float32", ("T", len(ARKIT)), -0.001, 2, may_be_unknown=True),
    "arkit_residual": Kind("float32", ("T",), 0, may_be_unknown=True),
    "arkit_basis": Kind("float32", ("V", 3, len(ARKIT))),
    "eyelid_basis": Kind("float32", ("V", 3, 2)),
    "uncorrected_rows": Kind("int64", ("N",), 0, LARGEST_WHOLE),
    "uncorrected": Kind("float64", ("N", "M"), may_be_unknown=True),
}
SHADING: Final = ("light", "gain", "albedo")
"""Arrays that a file has together or not at all."""
ARKIT_ARRAYS: Final = ("arkit_weights", "arkit_residual")
"""Arrays that a file has together or not at all, and with them the header's entry ``arkit``."""
UNCORRECTED: Final = ("uncorrected_rows", "uncorrected")
"""Arrays that a file has together or not at all."""
OPTIONAL: Final = (
    *SHADING,
    "zoom",
    "rotation_error",
    "point_error",
    *ARKIT_ARRAYS,
    "arkit_basis",
    "eyelid_basis",
    *UNCORRECTED,
)
ARRAYS: Final = tuple(name for name in KINDS if name not in OPTIONAL)
_POINTS_INTO: Final[Mapping[str, str]] = {
    "faces": "V",
    "uv_faces": "U",
    "landmark_triangle": "F",
    "uncorrected_rows": "T",
}
"""Arrays of indices -> the letter of the shape of what they point into."""


def claim_problem(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], sizes: dict[str, int]) -> str | None:
    """Check what a file claims of an array before its values are read, and note the sizes that it settles.

    Args:
        name: Of the array.
        shape, dtype: As the file says.
        sizes: Letter of the shapes -> number; those of this array are added.
    """
    kind = KINDS[name]
    allowed = "iu" if kind.dtype.startswith("int") else "iuf"
    if dtype.kind not in allowed:
        return f"'{name}' has values of the kind {dtype.name} instead of {kind.dtype}"
    if len(shape) != len(kind.shape):
        return f"'{name}' has {len(shape)} dimensions instead of {len(kind.shape)}"
    for size, letter in zip(shape, kind.shape, strict=True):
        expected = letter if isinstance(letter, int) else sizes.setdefault(letter, size)
        if size != expected:
            return f"'{name}' has the shape {shape}, where one side should be {expected}"
    return None


def values_problem(name: str, values: Array) -> str | None:
    """Check that the values of an array are numbers within their range."""
    if values.size == 0:
        return None
    kind = KINDS[name]
    # Reductions that skip NaN where it is allowed; no copy is made of what may be a gigabyte.
    low, high = (np.fmin, np.fmax) if kind.may_be_unknown else (np.minimum, np.maximum)
    with np.errstate(invalid="ignore"):
        least, most = float(low.reduce(values, axis=None)), float(high.reduce(values, axis=None))
    if math.isnan(least):
        return None if kind.may_be_unknown else f"'{name}' has values that are not numbers"
    if least < kind.least or most > kind.most:
        worst = least if least < kind.least else most
        return f"'{name}' has the value {worst:g}, which is impossible"
    return None


def relations_problem(arrays: Mapping[str, Array], header: Mapping[str, Any]) -> str | None:
    """Check arrays that speak of each other: order of frames, and indices into a mesh. Some arrays may be absent."""
    frame_index, time, parents = (arrays.get(name) for name in ("frame_index", "time", "joint_parents"))
    if frame_index is not None and (np.diff(frame_index) <= 0).any():
        return "its frames are out of order"
    if time is not None and (np.diff(time) < 0).any():
        return "its times are out of order"
    if parents is not None and (parents >= np.arange(len(parents))).any():
        return "'joint_parents' makes a circle"
    sizes = {
        letter: size
        for name, values in arrays.items()
        for letter, size in zip(KINDS[name].shape, values.shape, strict=True)
        if isinstance(letter, str)
    }
    for name, letter in _POINTS_INTO.items():
        indices = arrays.get(name)
        if indices is None or letter not in sizes:
            continue
        if (indices.size == 0 and name == "faces") or (indices.size and int(indices.max()) >= sizes[letter]):
            return f"'{name}' points outside of its mesh"
    return _names_problem(sizes, header)


def _names_problem(sizes: Mapping[str, int], header: Mapping[str, Any]) -> str | None:
    """Check what the header tells of the mesh."""
    vertices, modes = sizes.get("V"), sizes.get("E")
    if vertices is not None and any(max(indices, default=0) >= vertices for indices in header["regions"].values()):
        return "a region points outside of its mesh"
    if modes is not None and len(header["expression_names"]) != modes:
        return f"it has {modes} expressions and {len(header['expression_names'])} names for them"
    return None


def header_problem(header: Mapping[str, Any]) -> str | None:
    """Check the header of a track of this schema; values that only newer versions know are passed over."""
    absent = [name for name in _HEADER if name not in header]
    if absent:
        return f"its header lacks {', '.join(absent)}"
    checks = {**_HEADER, **_OPTIONAL_HEADER}
    wrong = [name for name, is_right in checks.items() if name in header and not is_right(header[name])]
    if wrong:
        return f"in its header {', '.join(wrong)} cannot be understood"
    try:
        json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (UnicodeEncodeError, RecursionError):
        return "its header cannot be written again"
    return None


def _is_camera(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {field.name for field in fields(Intrinsics)}
        and all(is_whole(value[name], 1, LARGEST_PICTURE) for name in ("width", "height"))
        and all(is_number(value[name], 1e-3, LARGEST) for name in ("focal_x", "focal_y"))
        and all(is_number(value[name], -LARGEST, LARGEST) for name in ("centre_x", "centre_y"))
    )


def _is_distortion(value: dict[str, Any]) -> bool:
    names = {field.name for field in fields(Distortion)}
    return set(value) == names and all(is_number(each, -LARGEST, LARGEST) for each in value.values())


def _is_regions(value: Any) -> bool:
    return mapping_of(list_of(is_whole))(value) and len(value) <= MOST_REGIONS and "" not in value


def _is_turn(value: Any) -> bool:
    return is_number(value, -360, 360)


_NAME, _COUNT = maybe(is_path), maybe(is_whole)
_HEADER: Final[Mapping[str, Check]] = {
    "intrinsics": _is_camera,
    "rate": list_of(lambda value: is_whole(value, 1), 2),
    "focal": object_with(
        {}, {"source": maybe(is_text), "uncertainty": maybe(lambda value: isinstance(value, (int, float)))}
    ),
    "model": object_with({}, {**dict.fromkeys(("name", "licence", "file", "sha256"), _NAME), "vertices": _COUNT}),
    "expression_names": list_of(is_text),
    "regions": _is_regions,
    "video": object_with(
        {},
        {
            **dict.fromkeys(("name", "path", "codec"), _NAME),
            "photographs": maybe(list_of(is_path)),
            "rotation": maybe(_is_turn),
        },
    ),
    "settings": mapping_of(lambda _value: True),
}
_OPTIONAL_HEADER: Final[Mapping[str, Check]] = {
    "shading": lambda value: isinstance(value, dict) and value.get("space") in ALBEDO_SPACES,
    "distortion": lambda value: isinstance(value, dict) and _is_distortion(value),
    "report": mapping_of(lambda _value: True),
    "program_version": is_text,
    "arkit": object_with(
        {
            "source": list_of(is_text, len(ARKIT)),
            "trust": list_of(lambda value: is_number(value, 0, 1), len(ARKIT)),
        },
        {"neutral_frame": maybe(is_whole)},
    ),
}
HEADER_DEFAULTS: Final[Mapping[str, Any]] = {"report": {}, "program_version": ""}
"""What is read of a header that does not say it."""
