"""Spreading of pinned frames over a whole track: it passes through the hard ones and is drawn to the soft ones.

The difference between pinned and tracked pose, see `pose_changes`, is spread over the frames around, see `reach`; never
across a cut or a missing frame. It always applies to the track as it was before any corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import Array, Floats, Integers
from ..camera import project, project_clip, rotation_matrices
from ..failure import Failure
from ..quality import quality_of
from ..ranges import flagged, positions
from ..track import MISSING, TRACKED, Track
from .corrections import AUTOMATIC_REACH, ENTRY, Corrections, PinnedFrame
from .edges import with_edges
from .pose_changes import Poses, changed, changes, is_reachable, middle_of, poses_of, poses_of_keys
from .pose_space import expression_limits
from .posed_frames import moved_vertices
from .posed_head import PosedHead
from .reach import Anchors, Timing, anchors_of, spread
from .uncorrected import remembered_with, uncorrected_track
from .weights_again import weights_again

NEAREST: Final = 0.01
"""Metres before the camera from which a head can be pinned."""
LARGEST_ERROR: Final = 1e6
"""Pixels: a pin may be anywhere, and an error in the file may not."""


@dataclass(frozen=True)
class Spread:
    """Poses after corrections.

    Attributes:
        poses: Of all T frames; those out of reach are the same numbers as before.
        rows: Frames whose pose was changed, or that are pinned (N,).
        share: How far the hand decides on each frame (T,), 0 to 1.
        anchors: The pinned frames that the track has.
    """

    poses: Poses
    rows: Integers
    share: Floats
    anchors: Anchors


def corrected_track(track: Track, corrections: Corrections) -> Track | Failure:
    """Return a track with its pinned frames put right, and the frames around them.

    What the track was corrected with before is taken off first. Of changed frames follow: vertices; error and
    confidence, as far as the hand decides, by what the pins leave and by 1; the status of pinned ones, which count as
    tracked; ARKit's weights. Landmarks stay as detected, and stated errors as they were.

    Args:
        track: With or without corrections.
        corrections: Those of the result; pinned frames of other parts of the clip are kept in its header and change
            nothing.
    """
    base = uncorrected_track(track)
    if isinstance(base, Failure):
        return base
    header = {**base.header, ENTRY: corrections.to_plain()}
    if not any(each.frame in base.frame_index for each in corrections.pinned):
        return replace(base, header=header if corrections != Corrections() else base.header)
    misfit = pinned_problem(corrections.pinned, base.expression.shape[1]) or _absent_problem(base, corrections.pinned)
    if misfit is not None:
        return misfit
    timing = timing_of(base, corrections.pinned)
    over = spread_poses(poses_of(base), timing, corrections.pinned, middle_of(base), limits_of(base))
    moved = moved_track(replace(base, header=header), corrections.pinned, over)
    return replace(moved, **weights_again(moved, over.rows))


def moved_track(base: Track, pinned: Sequence[PinnedFrame], over: Spread) -> Track:
    """Return a track with poses after corrections, and what follows from them but for ARKit's weights.

    Args:
        base: Before these corrections.
        pinned: The pinned frames.
        over: Its poses after them.
    """
    rows = over.rows
    vertices = np.array(base.vertices)
    vertices[rows] = moved_vertices(base, rows, poses_of(base).rows(rows), over.poses.rows(rows))
    moved = replace(base, vertices=vertices, **over.poses.channels)
    moved = replace(moved, **_state(base, moved, pinned, over))
    remembered, before = remembered_with(base, rows)
    return replace(moved, uncorrected_rows=remembered, uncorrected=before)


def pinned_problem(pinned: Sequence[PinnedFrame], modes: int) -> Failure | None:
    """Return why frames cannot be put right as they were pinned, or None.

    Args:
        pinned: The frames.
        modes: Count of the track's expressions.
    """
    for each in pinned:
        if not is_reachable(each.pose):
            return Failure(
                "corrections-damaged",
                f"The pose of pinned frame {each.frame}, counted from 0, has numbers that no head reaches.",
                "Pin the frame again, or remove it from the corrections.",
            )
        if len(each.pose.expression) != modes:
            return Failure(
                "pose-of-another-head",
                f"Frame {each.frame}, counted from 0, was pinned on a head with {len(each.pose.expression)}"
                f" expressions, and this track's has {modes}.",
                "Pin the frame again on this track, or track with the head that it was pinned on.",
            )
        if not each.pose.head_translation[2] > NEAREST:
            return Failure(
                "pin-behind-camera",
                f"The head of pinned frame {each.frame}, counted from 0, is behind the camera.",
                "Pin the frame again, or remove it from the corrections.",
            )
    return None


def _absent_problem(track: Track, pinned: Sequence[PinnedFrame]) -> Failure | None:
    """Return that a frame has no head that could be put right, as in files of other programs, or None."""
    rows = np.flatnonzero(np.isin(track.frame_index, [each.frame for each in pinned]))
    poses = poses_of(track)
    absent = [row for row in rows.tolist() if not is_reachable(poses.at(row))]
    if not absent:
        return None
    return Failure(
        "no-head-to-pin",
        f"The track has no head on pinned frame {track.frame_index[absent[0]]}, counted from 0.",
        "Remove the frame from the corrections, or track the clip again.",
    )


def timing_of(track: Track, pinned: Sequence[PinnedFrame]) -> Timing:
    """Return when a track's frames are, and which are bad; that takes its time, and is left out if no reach asks."""
    rows = np.isin(track.frame_index, [each.frame for each in pinned])
    asked = any(each.reach == AUTOMATIC_REACH for each in pinned)
    bad = positions(flagged(quality_of(track)), len(track)) if asked else np.zeros(len(track), dtype=bool)
    step = float(np.median(np.diff(track.frame_index))) if len(track) > 1 else 1.0
    rate = float(track.rate) * step
    known = np.isfinite(track.head_rotation).all(axis=1) & np.isfinite(track.head_translation).all(axis=1)
    return Timing(track.frame_index, track.shot, ((track.status != MISSING) | rows) & known, bad, rate)


def spread_poses(
    poses: Poses,
    timing: Timing,
    pinned: Sequence[PinnedFrame],
    middle: Floats,
    limits: Floats | None = None,
) -> Spread:
    """Return poses that pass through pinned frames, without anything of a track that follows from them.

    Args:
        poses: Of T frames, as they were tracked.
        timing: Of the same frames.
        pinned: See `pinned_problem`; those of other frames change nothing.
        middle: Of the head, see `pose_changes.middle_of`.
        limits: Least and most of lids and expression (2 + E, 2), which neighbours keep if they did before.
    """
    anchors = anchors_of(pinned, timing)
    if not len(anchors.rows):
        return Spread(poses, anchors.rows, np.zeros(len(poses)), anchors)
    of_frame = {each.frame: each.pose for each in pinned}
    keys = poses_of_keys([of_frame[frame] for frame in anchors.frames.tolist()])
    values = changes(poses.rows(anchors.rows), keys, middle)
    automatic = {each.frame for each in pinned if each.reach == AUTOMATIC_REACH}
    anchors = with_edges(anchors, np.isin(anchors.frames, list(automatic)), poses, timing, values, middle)
    change, share = spread(timing, anchors, values)
    rows = np.union1d(np.flatnonzero(change.any(axis=1)), anchors.rows)
    after = changed(poses.rows(rows), change[rows], middle)
    if limits is not None:
        after = _within(after, poses.rows(rows), keys, limits)
    result = poses.with_rows(rows, after)
    same = rows[~change[rows].any(axis=1)]
    result = result.with_rows(same, poses.rows(same))
    hard = anchors.hard
    return Spread(result.with_rows(anchors.rows[hard], keys.rows(np.flatnonzero(hard))), rows, share, anchors)


def limits_of(track: Track) -> Floats:
    """Return least and most of lids and expression (2 + E, 2)."""
    return np.concatenate([np.tile([0.0, 1.0], (2, 1)), expression_limits(tuple(track.header["expression_names"]))])


def _within(after: Poses, before: Poses, keys: Poses, limits: Floats) -> Poses:
    """Keep lids and expression within their limits, or within what was tracked or pinned beyond them."""

    def bounded(name: str, usual: Floats) -> Floats:
        values, old, pinned = (poses.channels[name] for poses in (after, before, keys))
        least = np.minimum(np.minimum(usual[:, 0], pinned.min(axis=0)), old)
        most = np.maximum(np.maximum(usual[:, 1], pinned.max(axis=0)), old)
        return np.clip(values, least, most)

    return replace(after, eyelids=bounded("eyelids", limits[:2]), expression=bounded("expression", limits[2:]))


def _state(base: Track, moved: Track, pinned: Sequence[PinnedFrame], over: Spread) -> dict[str, Array]:
    """Return status, confidence and error of a track whose poses and vertices were changed."""
    rows, share = over.rows, over.share[over.rows]
    status, confidence, error = np.array(base.status), np.array(base.confidence), np.array(base.reprojection_error)
    status[over.anchors.rows] = TRACKED
    confidence[rows] += share * (1 - confidence[rows])
    before, after = landmark_errors(base, rows), landmark_errors(moved, rows)
    measured = np.maximum(error[rows] + np.nan_to_num(after - before), 0.0)
    error[rows] = np.where(status[rows] == TRACKED, (1 - share) * measured, np.nan)
    of_frame = {each.frame: each for each in pinned}
    for row, frame in zip(over.anchors.rows.tolist(), over.anchors.frames.tolist(), strict=True):
        error[row] = _pins_error(moved, row, of_frame[frame])
    return {"status": status, "confidence": confidence, "reprojection_error": error}


def _pins_error(track: Track, row: int, pinned: PinnedFrame) -> float:
    """Median distance of the pins of a frame from their pixels; 0 if only its pose was changed."""
    pins = [each for each in pinned.pins if 0 <= each.triangle < len(track.faces)]
    if not pins:
        return 0.0
    head = PosedHead(track).on(row)
    points = head.points(
        head.pose_at(row), np.array([each.triangle for each in pins]), np.array([each.barycentric for each in pins])
    )
    rotation = rotation_matrices(track.head_rotation[row])
    pixels = project(points @ rotation.T + track.head_translation[row], track.intrinsics_at(row), nearest=1e-3)
    errors = np.linalg.norm(pixels - np.array([each.pixel for each in pins]), axis=1)
    return min(float(np.median(errors)), LARGEST_ERROR)


def landmark_errors(track: Track, rows: Integers) -> Floats:
    """Return the median distance of the visible landmarks of some rows from where they were detected (N,), pixels.

    The engine knows more of how its detector places landmarks, so that its errors are smaller; differences compare.
    """
    triangle = np.asarray(track.landmark_triangle)
    corners = np.asarray(track.faces)[np.maximum(triangle, 0)]
    points = np.einsum("nk,tnkx->tnx", track.landmark_barycentric, track.vertices[rows][:, corners])
    rotation = rotation_matrices(track.head_rotation[rows])
    in_camera = (points + track.landmark_offsets) @ np.swapaxes(rotation, 1, 2) + track.head_translation[rows, None]
    zoom = None if track.zoom is None else track.zoom[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.linalg.norm(project_clip(in_camera, track.intrinsics, zoom) - track.landmarks[rows], axis=2)
    distance[(np.asarray(track.landmark_visibility[rows]) <= 0.5) | (triangle < 0)] = np.nan
    known = np.isfinite(distance).any(axis=1)
    result = np.full(len(rows), np.nan)
    result[known] = np.nanmedian(distance[known], axis=1)
    return result
