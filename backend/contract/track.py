"""The track file: one .npz without pickles and a JSON header, readable by numpy alone, in Blender's Python too."""

from __future__ import annotations

import contextlib
import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .camera import Intrinsics
from .failure import Failure
from .shading import ALBEDO_SPACES, Shading

SCHEMA: Final = 1
MISSING, INTERPOLATED, TRACKED = 0, 1, 2
STATUS_NAMES: Final = ("missing", "interpolated", "tracked")

Array = NDArray[Any]


@dataclass(frozen=True)
class Track:
    """A tracked head. T frames, V vertices, I identity and E expression modes, J joints.

    Axes, units and pixels as in `camera`; rotations in arrays called ``*_pose`` and ``head_rotation`` are axis-angle.
    A point x of head space lies at ``R(head_rotation) x + head_translation`` in camera axes.

    Attributes:
        frame_index: Frame of the source video (T,) int64.
        time: Presentation time in seconds (T,) float64.
        shot: Number of the shot (T,) int64.
        status: `MISSING`, `INTERPOLATED` or `TRACKED` (T,) int8.
        confidence: 0..1 (T,) float32.
        reprojection_error: Median landmark error in pixels (T,) float32, NaN where not tracked.
        head_rotation, head_translation: Head to camera (T, 3) float64.
        neck_pose, jaw_pose, left_eye_pose, right_eye_pose: (T, 3) float64.
        eyelids: Left, right (T, 2) float64.
        expression: (T, E) float64.
        vertices: Head-space vertices of every frame (T, V, 3) float32.
        landmarks: Detected landmarks in full-frame pixels (T, 478, 2) float32, NaN where not found.
        landmark_visibility: (T, 478) float32.
        scores: MediaPipe's 52 scores (T, 52) float32, NaN where there are none.
        identity: (I,) float64.
        neutral_vertices: Identity applied, all else zero (V, 3) float32.
        faces, uv, uv_faces: (F, 3) int32, (U, 2) float32, (F, 3) int32.
        expression_basis: (V, 3, E) float32.
        pose_correctives: (V, 3, 9 (J - 1)) float32.
        joints: Rest positions for this identity (J, 3) float64.
        joint_parents: (J,) int32.
        skinning_weights: (V, J) float32.
        landmark_triangle, landmark_barycentric: Embedding (478,) int32, -1 where the model has no such place, and
            (478, 3) float32.
        landmark_offsets: (478, 3) float32 metres.
        header: Everything else, see `header_of`.
        light, gain, albedo: As in `shading.Shading` (T, 9, 3), (T, 3) and (K,) float32, which space the albedo's code
            belongs to is in the header; None where nobody looked for them, and in older files.
    """

    frame_index: Array
    time: Array
    shot: Array
    status: Array
    confidence: Array
    reprojection_error: Array
    head_rotation: Array
    head_translation: Array
    neck_pose: Array
    jaw_pose: Array
    left_eye_pose: Array
    right_eye_pose: Array
    eyelids: Array
    expression: Array
    vertices: Array
    landmarks: Array
    landmark_visibility: Array
    scores: Array
    identity: Array
    neutral_vertices: Array
    faces: Array
    uv: Array
    uv_faces: Array
    expression_basis: Array
    pose_correctives: Array
    joints: Array
    joint_parents: Array
    skinning_weights: Array
    landmark_triangle: Array
    landmark_barycentric: Array
    landmark_offsets: Array
    header: Mapping[str, Any]
    light: Array | None = None
    gain: Array | None = None
    albedo: Array | None = None

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def intrinsics(self) -> Intrinsics:
        """The camera of the full frame."""
        return Intrinsics(**self.header["intrinsics"])

    @property
    def rate(self) -> Fraction:
        """Nominal frame rate."""
        numerator, denominator = self.header["rate"]
        return Fraction(numerator, denominator)

    @property
    def regions(self) -> dict[str, Array]:
        """Region name -> vertex indices."""
        return {name: np.array(indices, dtype=np.int64) for name, indices in self.header["regions"].items()}

    @property
    def shading(self) -> Shading | None:
        """Light, gain and albedo together, or None."""
        if self.light is None or self.gain is None or self.albedo is None:
            return None
        return Shading(self.light, self.gain, self.albedo, self.header["shading"]["space"])


def header_of(
    *,
    program_version: str,
    intrinsics: Intrinsics,
    rate: Fraction,
    focal: Mapping[str, Any],
    model: Mapping[str, Any],
    expression_names: tuple[str, ...],
    regions: Mapping[str, Any],
    video: Mapping[str, Any],
    settings: Mapping[str, Any],
    report: Mapping[str, Any],
    shading: Shading | None = None,
) -> dict[str, Any]:
    """Return the header of a track.

    Args:
        program_version: Of the engine.
        intrinsics: Camera of the full frame.
        rate: Nominal frame rate.
        focal: {source: known | metadata | estimated | assumed, uncertainty: standard deviation of log focal}.
        model: `HeadModel.summary()`.
        expression_names: A name per expression mode.
        regions: Region name -> vertex indices.
        video: {name, path, sha256, duration, codec, frames, rotation}.
        settings: Kind of stage -> its settings as a dictionary.
        report: Numbers about the run.
        shading: Whose arrays are in the file, if any are.
    """
    header = {
        "schema": SCHEMA,
        "program_version": program_version,
        "intrinsics": {field.name: getattr(intrinsics, field.name) for field in fields(Intrinsics)},
        "rate": [rate.numerator, rate.denominator],
        "focal": dict(focal),
        "model": dict(model),
        "expression_names": list(expression_names),
        "regions": {name: [int(index) for index in indices] for name, indices in regions.items()},
        "video": dict(video),
        "settings": dict(settings),
        "report": dict(report),
    }
    if shading is not None:
        header["shading"] = {"space": shading.space}
    return header


def write_track(path: Path, track: Track) -> Failure | None:
    """Write the track beside `path` and rename it, so that a whole file is there or the old one stays."""
    beside = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            every = {name: getattr(track, name) for name in (*_ARRAYS, *_OPTIONAL)}
            arrays = {name: values for name, values in every.items() if values is not None}
            header = np.frombuffer(json.dumps(track.header).encode("utf-8"), dtype=np.uint8)
            np.savez(stream, header=header, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # where the folder itself is not one, there is nothing to remove either
            beside.unlink(missing_ok=True)
        return Failure(
            "track-not-written",
            f"The track could not be written to {path}: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    return None


def read_track(path: Path) -> Track | Failure:
    """Read a track file; a damaged one, another format or another schema is refused with a sentence."""
    found = read_parts(path, _ARRAYS, _OPTIONAL)
    if isinstance(found, Failure):
        return found
    header, arrays = found
    there = [name for name in _OPTIONAL if name in arrays]
    if there and (len(there) < len(_OPTIONAL) or "shading" not in header):
        return _not_a_track(path, f"of light, gain and albedo it has {', '.join(there)} alone")
    return Track(header=header, **arrays)


def read_parts(
    path: Path, names: Sequence[str], optional: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, Array]] | Failure:
    """Read the header and some of the arrays of a track file, which takes as long as these are big.

    Args:
        path: Track file.
        names: Of arrays, as in `Track`.
        optional: Of arrays that are left out of the answer where the file lacks them.

    Returns:
        Header and name -> array, whose sizes fit together, or why the file cannot be used.
    """
    if not path.is_file():
        return Failure(
            "track-not-found", f"There is no track file {path}.", "Choose the track.npz that tracking wrote."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "header" not in archive.files:
                return _not_a_track(path, "it has no header")
            header = json.loads(archive["header"].tobytes().decode("utf-8"))
            problem = _header_problem(path, header)
            if problem is not None:
                return problem
            absent = [name for name in names if name not in archive.files]
            if absent:
                return _not_a_track(path, f"it lacks {', '.join(absent)}")
            there = [name for name in optional if name in archive.files]
            arrays = {name: archive[name] for name in (*names, *there)}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        return _not_a_track(path, f"reading it failed ({error})")
    problem = _shape_problem(path, arrays)
    return (header, arrays) if problem is None else problem


def _not_a_track(path: Path, why: str) -> Failure:
    return Failure(
        "track-damaged",
        f"{path.name} is no track file or is damaged: {why}.",
        "Track the clip again; what is cached is not computed twice.",
    )


def _header_problem(path: Path, header: Any) -> Failure | None:
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        return _not_a_track(path, "its header has no schema")
    if header["schema"] > SCHEMA:
        return Failure(
            "track-newer",
            f"{path.name} was written by a newer version (schema {header['schema']}, this one reads {SCHEMA}).",
            "Update FLAME Head Tracker.",
        )
    absent = [name for name in _HEADER_CHECKS if name not in header]
    if absent:
        return _not_a_track(path, f"its header lacks {', '.join(absent)}")
    checks = {**_HEADER_CHECKS, **_OPTIONAL_HEADER_CHECKS}
    wrong = [name for name, is_right in checks.items() if name in header and not is_right(header[name])]
    return _not_a_track(path, f"in its header {', '.join(wrong)} cannot be understood") if wrong else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_HEADER_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "intrinsics": lambda value: (
        isinstance(value, dict)
        and set(value) == {field.name for field in fields(Intrinsics)}
        and all(_is_number(number) for number in value.values())
        and min(value["width"], value["height"], value["focal_x"], value["focal_y"]) > 0
    ),
    "rate": lambda value: (
        isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) and n > 0 for n in value)
    ),
    "focal": lambda value: isinstance(value, dict),
    "model": lambda value: isinstance(value, dict),
    "expression_names": lambda value: isinstance(value, list),
    "regions": lambda value: isinstance(value, dict),
    "video": lambda value: isinstance(value, dict),
    "settings": lambda value: isinstance(value, dict),
}
_OPTIONAL_HEADER_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "shading": lambda value: isinstance(value, dict) and value.get("space") in ALBEDO_SPACES,
}


_SHAPES: Final[Mapping[str, tuple[str | int, ...]]] = {
    "frame_index": ("T",),
    "time": ("T",),
    "shot": ("T",),
    "status": ("T",),
    "confidence": ("T",),
    "reprojection_error": ("T",),
    "head_rotation": ("T", 3),
    "head_translation": ("T", 3),
    "neck_pose": ("T", 3),
    "jaw_pose": ("T", 3),
    "left_eye_pose": ("T", 3),
    "right_eye_pose": ("T", 3),
    "eyelids": ("T", 2),
    "expression": ("T", "E"),
    "vertices": ("T", "V", 3),
    "landmarks": ("T", "L", 2),
    "landmark_visibility": ("T", "L"),
    "scores": ("T", "S"),
    "identity": ("I",),
    "neutral_vertices": ("V", 3),
    "faces": ("F", 3),
    "uv": ("U", 2),
    "uv_faces": ("F", 3),
    "expression_basis": ("V", 3, "E"),
    "pose_correctives": ("V", 3, "P"),
    "joints": ("J", 3),
    "joint_parents": ("J",),
    "skinning_weights": ("V", "J"),
    "landmark_triangle": ("L",),
    "landmark_barycentric": ("L", 3),
    "landmark_offsets": ("L", 3),
    "light": ("T", 9, 3),
    "gain": ("T", 3),
    "albedo": ("K",),
}
"""Shape of every array; a letter stands for the same number wherever it occurs (see `Track`)."""
_OPTIONAL: Final = ("light", "gain", "albedo")
"""Arrays that a file has together or not at all."""
_ARRAYS: Final = tuple(name for name in _SHAPES if name not in _OPTIONAL)


def _shape_problem(path: Path, arrays: Mapping[str, Array]) -> Failure | None:
    """Refuse arrays whose sizes contradict each other, which would fail much later and less clearly."""
    sizes: dict[str, int] = {}
    for name, values in arrays.items():
        shape, wanted = values.shape, _SHAPES[name]
        if len(shape) != len(wanted):
            return _not_a_track(path, f"'{name}' has {len(shape)} dimensions instead of {len(wanted)}")
        for size, letter in zip(shape, wanted, strict=True):
            expected = letter if isinstance(letter, int) else sizes.setdefault(letter, size)
            if size != expected:
                return _not_a_track(path, f"'{name}' has the shape {shape}, where one side should be {expected}")
    for name, count in (("faces", "V"), ("uv_faces", "U")):
        indices = arrays.get(name)
        if indices is None or count not in sizes:
            continue
        if indices.size == 0 or indices.min() < 0 or indices.max() >= sizes[count]:
            return _not_a_track(path, f"'{name}' points outside of its mesh")
    return None
