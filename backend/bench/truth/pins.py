"""Truth on frames pinned by hand: how much nearer the head is to the truth, on pinned frames and between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...contract.arrays import Floats, Integers
from ...contract.camera import axis_angles, project, rotation_matrices
from ...contract.corrections.corrections import Corrections, Pin, PinnedFrame
from ...contract.corrections.frame_solve import solve_frame
from ...contract.corrections.pose_changes import changed, middle_of, poses_of
from ...contract.corrections.posed_frames import moved_vertices
from ...contract.corrections.posed_head import PosedHead
from ...contract.corrections.spreading import corrected_track
from ...contract.failure import Failure
from ...contract.track import Track
from ...head.builtin import builtin_head
from ...stages.track import track_of
from ..chain import Setup, context, fit, import_stages
from ..measures.metrics import rotation_errors
from ..rows import Row, at_most, without_target
from ..scenes.known_clips import KnownClip, hard_clips

CLIPS: Final = ("occluder", "profile", "shake", "jaw_open", "aside")
EVERY: Final = 10
"""Frames from one pinned frame to the next."""
POINTS: Final = (1, 152, 33, 263, 61, 291)
"""Landmarks that are pinned: nose, chin, outer corners of the eyes, corners of the mouth."""
MANY: Final = 20
"""Pins of the solve that is timed."""
BROKEN: Final = (20, 40)
"""Frames of a clip whose track is led astray, and the few in them that are pinned:"""
MENDED: Final = (22, 30, 38)
ASTRAY: Final = (0.12, 0.2, 0.06)
"""By which the head is turned there at most (axis-angle, camera axes), and ..."""
SLIPPED: Final = (0.12, -0.08, 0.1)
"""... moved: in units of its depth across, and in the logarithm of that."""

_LIMITS: Final = {
    "degrees": ("rotation", "°", 2.5),
    "millimetres": ("points", " mm", 10.0),
    "pixels": ("picture", " px", 8.0),
}
"""Measure -> its name, unit, and what a mended track is to reach."""


@dataclass(frozen=True)
class _Errors:
    """Of every frame: rotation in degrees, and of the points in millimetres and pixels, means over these (T,)."""

    degrees: Floats
    millimetres: Floats
    pixels: Floats


def measure(setup: Setup) -> list[Row] | Failure:
    """Every tenth frame of shared hard clips pinned at six points of the truth; and a track led astray mended.

    Quality Standard, built-in head, focal length known. Errors of rotation, and of all landmarks' places in camera
    axes (scaled by one number for the clip, as one camera cannot see how large a head is) and in the picture; medians
    over the frames, before and after. Then twenty frames of the clip ``shake`` are turned and moved away by a smooth
    curve, by 14 degrees at most, and three of them are pinned. The time is the processor's.
    """
    import_stages()
    rows: list[Row] = []
    for clip in hard_clips(setup, CLIPS[:1] if setup.quick else CLIPS):
        if isinstance(clip, Failure):
            return clip
        tracked = _track(setup, clip)
        if isinstance(tracked, Failure):
            return tracked
        if not rows:
            rows.append(_speed(tracked))
        pinned = np.arange(EVERY // 2, len(tracked), EVERY)
        after = _corrected(tracked, clip, pinned)
        if isinstance(after, Failure):
            return after
        rows += _rows(f"pins, {clip.name}, every {EVERY}th frame", tracked, after, clip, np.arange(len(tracked)))
        if clip.name == "shake":
            astray = _astray(tracked)
            mended = _corrected(astray, clip, np.array(MENDED))
            if isinstance(mended, Failure):
                return mended
            rows += _rows(
                f"pins, {clip.name} astray, {len(MENDED)} frames", astray, mended, clip, np.arange(*BROKEN), tracked
            )
    return rows


def _track(setup: Setup, clip: KnownClip) -> Track | Failure:
    head = builtin_head()
    fitted = fit(setup, clip.landmarks, head, clip.focal)
    return fitted if isinstance(fitted, Failure) else track_of(fitted, head, context(setup, "track"))


def _speed(track: Track) -> Row:
    """Return the processor time of one solve for twenty pins of a head that is turned and nearer, median of nine."""
    head = PosedHead(track).on(EVERY)
    start = head.pose_at(EVERY)
    points = np.flatnonzero(track.landmark_triangle >= 0)[:: len(track.landmark_triangle) // MANY][:MANY]
    x, y, depth = start.head_translation
    turned = axis_angles(
        rotation_matrices(np.array([0.1, 0.2, 0.1])) @ rotation_matrices(np.array(start.head_rotation))
    )
    pose = replace(start, head_rotation=tuple(turned.tolist()), head_translation=(x + 0.02, y, 0.95 * depth))
    there = head.motion(pose, track.landmark_triangle[points], track.landmark_barycentric[points]).points
    pins = _pins(track, points.tolist(), project(there, track.intrinsics))
    seconds = []
    for _ in range(9):
        began = time.process_time()
        solve_frame(head, start, pins, track.intrinsics)
        seconds.append(time.process_time() - began)
    return at_most(f"pins, one solve for {MANY}", 1000 * float(np.median(seconds)), 20, " ms", 1)


def _pins(track: Track, points: Sequence[int], pixels: Floats) -> list[Pin]:
    """Return pins of landmarks at as many pixels."""
    shares = np.asarray(track.landmark_barycentric, dtype=np.float64)
    return [
        Pin(int(track.landmark_triangle[point]), tuple(shares[point].tolist()), tuple(pixel.tolist()))
        for point, pixel in zip(points, pixels, strict=True)
    ]


def _corrected(track: Track, clip: KnownClip, rows: Integers) -> Track | Failure:
    """Return the track after frames were pinned where the truth has their points."""
    head, pinned = PosedHead(track), []
    for row in rows.tolist():
        pins = _pins(track, POINTS, project(clip.points[row, list(POINTS)], track.intrinsics))
        solved = solve_frame(head.on(row), head.pose_at(row), pins, track.intrinsics_at(row))
        if isinstance(solved, Failure):
            return solved
        pinned.append(PinnedFrame(int(track.frame_index[row]), solved.pose, tuple(pins)))
    return corrected_track(track, Corrections(tuple(pinned)))


def _astray(track: Track) -> Track:
    """Return a track whose head is led away over some frames, and back."""
    first, last = BROKEN
    rows = np.arange(first, last)
    share = np.sin(np.pi * (np.arange(len(rows)) + 0.5) / len(rows))
    change = np.zeros((len(rows), 20 + track.expression.shape[1]))
    change[:, :6] = np.outer(share, [*ASTRAY, *SLIPPED])
    before = poses_of(track).rows(rows)
    after = changed(before, change, middle_of(track))
    vertices = np.array(track.vertices)
    vertices[rows] = moved_vertices(track, rows, before, after)
    return replace(track, vertices=vertices, **poses_of(track).with_rows(rows, after).channels)


def _errors(track: Track, clip: KnownClip, scale: float) -> _Errors:
    points, true = _points(track), clip.points[: len(track)]
    pixels = [project(each, track.intrinsics) for each in (points, true)]
    return _Errors(
        rotation_errors(rotation_matrices(track.head_rotation), clip.rotation[: len(track)]),
        1000 * np.linalg.norm(scale * points - true, axis=2).mean(axis=1),
        np.linalg.norm(pixels[0] - pixels[1], axis=2).mean(axis=1),
    )


def _points(track: Track) -> Floats:
    """Return the landmarks' places (T, 478, 3) in camera axes."""
    corners = track.faces[track.landmark_triangle]
    places = np.einsum("nk,tnkx->tnx", track.landmark_barycentric, track.vertices[:, corners], optimize=True)
    return places @ np.swapaxes(rotation_matrices(track.head_rotation), 1, 2) + track.head_translation[:, None]


def _scale(track: Track, clip: KnownClip) -> float:
    """How much larger the true head is than the tracked one, which one camera cannot see."""
    true = clip.points[: len(track), :, 2].mean(axis=1)
    return float(np.median(true / _points(track)[..., 2].mean(axis=1)))


def _rows(
    what: str, before: Track, after: Track, clip: KnownClip, frames: Integers, good: Track | None = None
) -> list[Row]:
    """Return rows of a track before and after; `good` is the track that was led astray, whose scale counts."""
    errors = [_errors(track, clip, _scale(good or track, clip)) for track in (before, after)]
    rows = []
    for name, (label, unit, limit) in _LIMITS.items():
        was, now = (float(np.median(getattr(each, name)[frames])) for each in errors)
        worst = float(getattr(errors[1], name)[frames].max())
        rows.append(without_target(f"{what}: {label} before", was, unit))
        title = f"{what}: {label} after"
        mended = without_target(title, now, unit, worst=worst)
        rows.append(mended if good is None else at_most(title, now, limit, unit, worst=worst))
    return rows
