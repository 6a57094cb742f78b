"""Errors of a track of a made clip against its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..contract.arrays import Array
from ..contract.camera import axis_angles, project, rotation_matrices
from ..contract.track import MISSING, Track
from ..head.geometry import rigidly_aligned
from .clip import Truth


@dataclass(frozen=True)
class TrackErrors:
    """Errors of a track of the same head model as the truth's, over all frames with a face.

    Attributes:
        frames: Number compared.
        face: Mean distance of the face's vertices after rigid alignment without scale, per frame; median and 95 %, mm.
        rotation: Angle between the head's rotations; median and 95 %, degrees.
        depth: Median of the face's depth over the true one, minus 1.
        focal: Focal length over the true one, minus 1.
        pixels: Distance in the picture of the face's vertices from the true ones; median over vertices and frames.
        acceleration: RMS error of second differences of the face's aligned vertices, mm per frame^2.
        jaw_correlation, jaw_slope: Of the jaw's opening angle against the true one.
        blink_kept: Lid closing (share of the true one) when the true lids are shut.
        blink_false: Largest lid closing (95 %) when they are open.
        gaze: RMS error of the gaze's direction in the head, degrees.
    """

    frames: int
    face: tuple[float, float]
    rotation: tuple[float, float]
    depth: float
    focal: float
    pixels: float
    acceleration: float
    jaw_correlation: float
    jaw_slope: float
    blink_kept: float
    blink_false: float
    gaze: float


def compare(track: Track, truth: Truth) -> TrackErrors:
    """Compare a track with the truth of its clip; both of the built-in head."""
    rows = np.flatnonzero((track.status != MISSING) & (track.frame_index < len(truth)))
    frames = track.frame_index[rows]
    face = np.asarray(track.regions["face"])
    tracked, true = track.vertices[rows][:, face].astype(np.float64), truth.vertices[frames][:, face].astype(np.float64)
    aligned = rigidly_aligned(tracked, true)
    distance = 1000 * np.linalg.norm(aligned - true, axis=2).mean(axis=1)
    rotation, true_rotation = rotation_matrices(track.head_rotation[rows]), truth.head_rotation[frames]
    turn = np.degrees(np.linalg.norm(axis_angles(np.swapaxes(true_rotation, 1, 2) @ rotation), axis=1))
    placed = tracked @ np.swapaxes(rotation, 1, 2) + track.head_translation[rows, None]
    true_placed = true @ np.swapaxes(true_rotation, 1, 2) + truth.head_translation[frames, None]
    offset = np.linalg.norm(project(placed, track.intrinsics) - project(true_placed, truth.intrinsics), axis=2)
    depth = placed[..., 2].mean(axis=1) / true_placed[..., 2].mean(axis=1)
    shake = np.diff(aligned, 2, axis=0) - np.diff(true, 2, axis=0)
    jaw, true_jaw = track.jaw_pose[rows, 0], truth.jaw[frames, 0]
    blink_share, false = _blinks(track, truth, rows)
    return TrackErrors(
        frames=len(rows),
        face=_median_and_95(distance),
        rotation=_median_and_95(turn),
        depth=float(np.median(depth) - 1),
        focal=track.intrinsics.focal_x / truth.intrinsics.focal_x - 1,
        pixels=float(np.median(offset)),
        acceleration=float(1000 * np.sqrt((shake**2).sum(axis=2).mean())) if len(shake) else 0.0,
        jaw_correlation=_correlation(jaw, true_jaw),
        jaw_slope=_slope(jaw, true_jaw),
        blink_kept=blink_share,
        blink_false=false,
        gaze=_gaze_error(track, truth, rows),
    )


def _median_and_95(values: Array) -> tuple[float, float]:
    return float(np.median(values)), float(np.percentile(values, 95))


def _correlation(values: Array, true: Array) -> float:
    if np.ptp(values) < 1e-9 or np.ptp(true) < 1e-9:
        return float("nan")
    return float(np.corrcoef(values, true)[0, 1])


def _slope(values: Array, true: Array) -> float:
    centred = true - true.mean()
    return float((values * centred).sum() / max(float((centred**2).sum()), 1e-12))


def _blinks(track: Track, truth: Truth, rows: Array) -> tuple[float, float]:
    names = list(track.header["expression_names"])
    if "eyeBlinkLeft" not in names:
        return float("nan"), float("nan")
    columns = [names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]
    closing, true = track.expression[rows][:, columns], truth.blink[track.frame_index[rows]]
    shut, open_ = true > 0.9, true < 0.02
    blink_share = float((closing[shut] / true[shut]).mean()) if shut.any() else float("nan")
    return blink_share, float(np.percentile(closing[open_], 95)) if open_.any() else float("nan")


def _gaze_error(track: Track, truth: Truth, rows: Array) -> float:
    """RMS angle between the mean directions of both eyes, in the head's axes, while the eyes are open."""
    frames = track.frame_index[rows]
    tracked = _looking(track.left_eye_pose[rows]) + _looking(track.right_eye_pose[rows])
    true = _looking(truth.left_eye[frames]) + _looking(truth.right_eye[frames])
    cosine = (tracked * true).sum(axis=1) / (np.linalg.norm(tracked, axis=1) * np.linalg.norm(true, axis=1))
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    open_ = truth.blink[frames].max(axis=1) < 0.3
    return float(np.sqrt((angle[open_] ** 2).mean())) if open_.any() else float("nan")


def _looking(pose: Array) -> Array:
    return rotation_matrices(pose)[..., 2]
