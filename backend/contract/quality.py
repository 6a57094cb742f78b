"""Quality of a track, frame by frame, from the small arrays of its file alone: no mesh of any frame is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from .arrays import Array, Mask
from .camera import Intrinsics, project_clip, rotation_matrices
from .corrections.corrections import ENTRY, Corrections, PinnedFrame, corrections_of
from .failure import Failure
from .misfit import misfits
from .names import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from .track import MISSING, TRACKED, Track, read_parts


@dataclass(frozen=True)
class Quality:
    """Numbers per frame (T,); error, distance and tremble are NaN where there are none.

    Attributes:
        frame_index, time, shot, status, confidence: As in `Track`.
        error: Median landmark error in pixels where the frame was tracked.
        misfit: Whether the frame was tracked and the model misses the face all the same.
        eye_distance: Between the midpoints of the eyes in the picture, pixels.
        tremble: Second difference in the picture of the head without its expression (median), pixels per frame^2.
        rate: Nominal frames per second.
        video: Header of the track about its footage.
        settings, report: Header of the track about how it was made; what is in them is not known for certain.
        pinned: Frames that were pinned by hand, with which the track was made.
        corrected: Frames that corrections by hand changed (T,), None where there are none.
    """

    frame_index: Array
    time: Array
    shot: Array
    status: Array
    confidence: Array
    error: Array
    misfit: Array
    eye_distance: Array
    tremble: Array
    rate: Fraction
    video: Mapping[str, Any]
    settings: Mapping[str, Any]
    report: Mapping[str, Any]
    pinned: tuple[PinnedFrame, ...] = ()
    corrected: Mask | None = None

    def __len__(self) -> int:
        return len(self.frame_index)


@dataclass(frozen=True)
class QualityArrays:
    """The arrays of a `Track` that are needed, under its names."""

    frame_index: Array
    time: Array
    shot: Array
    status: Array
    confidence: Array
    reprojection_error: Array
    head_rotation: Array
    head_translation: Array
    neutral_vertices: Array
    faces: Array
    landmark_triangle: Array
    landmark_barycentric: Array
    zoom: Array | None = None
    uncorrected_rows: Array | None = None


_OPTIONAL: Final = ("zoom", "uncorrected_rows")
_NAMES: Final = tuple(each.name for each in fields(QualityArrays) if each.name not in _OPTIONAL)


def read_quality(path: Path) -> Quality | Failure:
    """Read how good a track is; refused with the same sentences as `read_track`."""
    content = read_parts(path, _NAMES, _OPTIONAL)
    if isinstance(content, Failure):
        return content
    header, arrays = content
    return _quality(QualityArrays(**arrays), header)


def quality_of(track: Track) -> Quality:
    """Return how good a track is."""
    return _quality(QualityArrays(**{name: getattr(track, name) for name in (*_NAMES, *_OPTIONAL)}), track.header)


def _quality(arrays: QualityArrays, header: Mapping[str, Any]) -> Quality:
    status = np.asarray(arrays.status)
    rotation = rotation_matrices(arrays.head_rotation)
    points = np.einsum("tij,lj->tli", rotation, _resting_points(arrays), optimize=True)
    intrinsics = Intrinsics(**header["intrinsics"])
    zoom = np.ones(len(status)) if arrays.zoom is None else np.asarray(arrays.zoom)
    with np.errstate(invalid="ignore", divide="ignore"):
        pixels = project_clip(points + arrays.head_translation[:, None], intrinsics, arrays.zoom)
        eyes = [pixels[:, list(corners)].mean(axis=1) for corners in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS)]
        distance = np.linalg.norm(eyes[0] - eyes[1], axis=-1)
    return Quality(
        frame_index=np.asarray(arrays.frame_index, dtype=np.int64),
        time=np.asarray(arrays.time, dtype=np.float64),
        shot=np.asarray(arrays.shot),
        status=status,
        confidence=np.where(status == MISSING, 0.0, np.asarray(arrays.confidence, dtype=np.float64)),
        error=np.where(status == TRACKED, np.asarray(arrays.reprojection_error, dtype=np.float64), np.nan),
        misfit=misfits(arrays, intrinsics.focal_x * zoom),
        eye_distance=np.where(status == MISSING, np.nan, distance),
        tremble=tremble(pixels, status, np.asarray(arrays.shot)),
        rate=Fraction(*header["rate"]),
        video=header["video"],
        settings=header.get("settings") or {},
        report=header.get("report") or {},
        pinned=_pinned(header),
        corrected=None if arrays.uncorrected_rows is None else np.isin(np.arange(len(status)), arrays.uncorrected_rows),
    )


def _pinned(header: Mapping[str, Any]) -> tuple[PinnedFrame, ...]:
    corrections = corrections_of(header[ENTRY]) if ENTRY in header else Corrections()
    return () if isinstance(corrections, Failure) else corrections.pinned


def _resting_points(arrays: QualityArrays) -> Array:
    """Landmarks on the head at rest (478, 3); NaN where the model has none."""
    embedded = np.asarray(arrays.landmark_triangle) >= 0
    corners = np.asarray(arrays.faces)[np.where(embedded, arrays.landmark_triangle, 0)]
    points = np.einsum(
        "lcx,lc->lx", np.asarray(arrays.neutral_vertices, dtype=np.float64)[corners], arrays.landmark_barycentric
    )
    return np.where(embedded[:, None], points, np.nan)


def tremble(pixels: Array, status: Array, shot: Array) -> Array:
    """Return the second difference of points in the picture (T, L, 2), where three neighbours were tracked in a shot.

    Returns:
        Median over the points (T,), pixels per frame^2, NaN elsewhere.
    """
    result = np.full(len(pixels), np.nan)
    tracked = status == TRACKED
    together = tracked[2:] & tracked[1:-1] & tracked[:-2] & (shot[2:] == shot[:-2])
    middle = np.flatnonzero(together) + 1
    complete = np.isfinite(pixels[middle]).all(axis=(0, 2)) if len(middle) else np.zeros(0, dtype=bool)
    if complete.any():
        points = pixels[:, complete]
        second = points[middle + 1] - 2 * points[middle] + points[middle - 1]
        result[middle] = np.median(np.linalg.norm(second, axis=-1), axis=1)
    return result
