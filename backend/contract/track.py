"""The track file: one .npz without pickles and a JSON header, readable by numpy alone, in Blender's Python too."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from .arrays import Array
from .camera import Intrinsics
from .distortion import CurvedLens, Distortion
from .failure import Failure
from .marks import ENTRY, PROGRAM
from .shading import Shading
from .targets import TargetRefused, Targets
from .track_archive import WrongError, read_array, read_header
from .track_schema import (
    ARKIT_ARRAYS,
    ARRAYS,
    HEADER_DEFAULTS,
    OPTIONAL,
    SHADING,
    UNCORRECTED,
    header_problem,
    relations_problem,
)

SCHEMA: Final = 3
"""Of tracks whose lens is curved; readers of the second one would lay their head over footage that is not straight."""
ZOOM_SCHEMA: Final = 2
"""Of tracks whose lens zooms; readers of the first one would draw their head beside the face."""
ONE_LENS_SCHEMA: Final = 1
"""Of all others, which older versions read too."""
DISTORTION: Final = "distortion"
"""Entry of the header: coefficients as in `Distortion`, for its intrinsics; absent where the lens is straight."""
MISSING, INTERPOLATED, TRACKED = 0, 1, 2
NECK_TURNS: Final = "neck_turns"
"""Entry of the header: which end of the neck is turned by `Track.neck_pose`; absent in older files, as `HEAD`."""
HEAD, TORSO = "head", "torso"
STATUS_NAMES: Final = ("missing", "interpolated", "tracked")


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
        neck_pose, jaw_pose, left_eye_pose, right_eye_pose: (T, 3) float64. Where the header's `NECK_TURNS` is `TORSO`,
            head space goes with the head and the neck turns what is below it: FLAME's root is then the head turned back
            by the neck about its joint.
        eyelids: Left, right (T, 2) float64.
        expression: (T, E) float64.
        vertices: Head-space vertices of every frame (T, V, 3) float32.
        landmarks: Detected landmarks in full-frame pixels (T, 478, 2) float32, NaN where not found. All pixels of a
            track are those of its intrinsics; `curved` says where the footage has them.
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
        zoom: By how much longer the lens is on each frame than the header's intrinsics say (T,) float64; None where the
            focal length stays the same, and in older files.
        light, gain, albedo: As in `shading.Shading` (T, 9, 3), (T, 3) and (K,) float32, which space the albedo's code
            belongs to is in the header; None where nobody looked for them, and in older files.
        rotation_error, point_error: How far the head's rotation, degrees, and the face's points, millimetres, may be
            off (T,) float32, NaN where missing: two frames in three are within, nineteen in twenty within twice as
            much; what all frames have in common, such as the head's size, does not count. None in older files.
        arkit_weights, arkit_residual: ARKit's 52 weights (T, 52) in the order of `names.ARKIT`, NaN where there is no
            face or a channel is not tracked, and how far their face is off, millimetres (T,), both float32; None where
            nobody asked for them, and in older files. The header's ``arkit`` says where each comes from. Read them by
            `performance.of_track`.
        arkit_basis: What the 52 do to the vertices (V, 3, 52) float32, metres; None where `expression_basis` has them.
        eyelid_basis: What the two `eyelids` do to the vertices (V, 3, 2) float32, metres; None where the model has no
            lids of their own, and in older files.
        uncorrected_rows, uncorrected: Rows that corrections by hand changed (N,) int64, and what they were before
            (N, M) float64, see `corrections.uncorrected`; None where nothing was corrected, and in older files.
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
    zoom: Array | None = None
    rotation_error: Array | None = None
    point_error: Array | None = None
    arkit_weights: Array | None = None
    arkit_residual: Array | None = None
    arkit_basis: Array | None = None
    eyelid_basis: Array | None = None
    uncorrected_rows: Array | None = None
    uncorrected: Array | None = None

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def neck_turns_torso(self) -> bool:
        """Whether the neck turns the torso away from the head, and not the head away from the root."""
        return bool(self.header.get(NECK_TURNS) == TORSO)

    @property
    def intrinsics(self) -> Intrinsics:
        """The camera of the full frame; where the lens zooms see `intrinsics_at`."""
        return Intrinsics(**self.header["intrinsics"])

    def intrinsics_at(self, frame: int) -> Intrinsics:
        """Return the camera of the full frame with the focal length that it has on one frame."""
        return self.intrinsics.on_frame(frame, self.zoom)

    @property
    def curved(self) -> CurvedLens | None:
        """How the pixels of the track come back to the footage; None where they are those of the footage."""
        distortion = self.header.get(DISTORTION)
        return None if distortion is None else CurvedLens(self.intrinsics, Distortion(**distortion))

    @property
    def focal_lengths(self) -> Array:
        """Horizontal focal length on every frame in pixels (T,)."""
        return self.intrinsics.focal_x * (np.ones(len(self)) if self.zoom is None else self.zoom)

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
    zooms: bool = False,
    distortion: Distortion | None = None,
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
        zooms: Whether the file says by how much longer the lens is on each frame.
        distortion: Of the lens, for the intrinsics; None where it has none.
    """
    header: dict[str, Any] = {
        "schema": ZOOM_SCHEMA if zooms else ONE_LENS_SCHEMA,
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
    if distortion is not None:
        header |= {"schema": SCHEMA, DISTORTION: asdict(distortion)}
    if shading is not None:
        header["shading"] = {"space": shading.space}
    return {ENTRY: PROGRAM, **header}


def write_track(path: Path, track: Track, targets: Targets | None = None) -> Failure | None:
    """Write the track; the old file stays, or a whole new one is there.

    Args:
        path: Where.
        track: What.
        targets: What may be replaced; without it a track may, and nothing else.
    """
    every = {name: getattr(track, name) for name in (*ARRAYS, *OPTIONAL)}
    arrays = {name: values for name, values in every.items() if values is not None}
    header = np.frombuffer(json.dumps(track.header).encode("utf-8"), dtype=np.uint8)

    def write(partial: Path) -> None:
        with partial.open("wb") as stream:
            np.savez(stream, header=header, **arrays)

    try:
        (targets or Targets()).write(path, write, synced=True)
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "track-not-written",
            f"The track could not be written to {path}: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    return None


def read_track(path: Path) -> Track | Failure:
    """Read a track file; a damaged one, another format or another schema is refused with a sentence."""
    content = read_parts(path, ARRAYS, OPTIONAL)
    if isinstance(content, Failure):
        return content
    header, arrays = content
    shading = [name for name in SHADING if name in arrays]
    if shading and (len(shading) < len(SHADING) or "shading" not in header):
        return _not_a_track(path, f"of light, gain and albedo it has only {', '.join(shading)}")
    weights = [name for name in ARKIT_ARRAYS if name in arrays]
    if weights and (len(weights) < len(ARKIT_ARRAYS) or "arkit" not in header):
        return _not_a_track(path, "its ARKit weights are incomplete")
    if sum(name in arrays for name in UNCORRECTED) == 1:
        return _not_a_track(path, "what it was before its corrections is incomplete")
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
        Header and name -> array, as `track_schema` says that they must be, or why the file cannot be used.
    """
    if not path.is_file():
        return Failure(
            "track-not-found", f"There is no track file {path}.", "Choose the track.npz that tracking wrote."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            header = read_header(archive)
            problem = _header_failure(path, header)
            if problem is not None:
                return problem
            inside = set(archive.namelist())
            absent = [name for name in names if f"{name}.npy" not in inside]
            if absent:
                return _not_a_track(path, f"it lacks {', '.join(absent)}")
            present = [name for name in optional if f"{name}.npy" in inside]
            sizes: dict[str, int] = {}
            arrays = {name: read_array(archive, name, sizes) for name in (*names, *present)}
        wrong = relations_problem(arrays, header)
    except WrongError as error:
        return _not_a_track(path, str(error))
    except MemoryError:
        return _too_large(path)
    except Exception as error:  # noqa: BLE001 - a damaged archive fails in a dozen ways, and each means the same
        return _not_a_track(path, f"reading it failed ({type(error).__name__})")
    return ({**HEADER_DEFAULTS, **header}, arrays) if wrong is None else _not_a_track(path, wrong)


def _not_a_track(path: Path, why: str) -> Failure:
    return Failure(
        "track-damaged",
        f"{path.name} is not a track file or is damaged: {why}.",
        "Track the clip again; what is cached is not computed twice.",
    )


def _too_large(path: Path) -> Failure:
    return Failure(
        "out-of-memory",
        f"There is not enough memory to read {path.name}.",
        "Close other programs, or track a shorter range of the clip.",
    )


def _header_failure(path: Path, header: Any) -> Failure | None:
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        return _not_a_track(path, "its header has no schema")
    if header["schema"] > SCHEMA:
        return Failure(
            "track-newer",
            f"{path.name} was written by a newer version (its schema is not {SCHEMA}, which this one reads).",
            "Update FLAME Head Tracker.",
        )
    problem = header_problem(header)
    return None if problem is None else _not_a_track(path, problem)
