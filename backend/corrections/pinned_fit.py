"""A fit that passes through frames pinned by hand, and whose other frames follow: the work of the stage Pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..contract.camera import rotation_matrices
from ..contract.corrections.corrections import HARD, Corrections, PinnedFrame
from ..contract.corrections.pose_changes import middle_of, poses_of
from ..contract.corrections.spreading import (
    limits_of,
    moved_track,
    pinned_problem,
    spread_poses,
    timing_of,
)
from ..contract.failure import Failure, Notice
from ..contract.settings import PinsSettings
from ..contract.track import TORSO, Track
from ..data.context import Context
from ..data.types import Fit
from ..head.model import HeadModel
from .refinement import Between, refined
from .source import beyond_end


def pinned_fit(
    fit: Fit, track: Track, head: HeadModel, corrections: Corrections, settings: PinsSettings, context: Context
) -> Fit | Failure:
    """Return the fit with the pinned frames' poses, and with neighbours that follow them.

    Args:
        fit, head: The finished fit, and its head.
        track: Of the fit, as it would be written.
        corrections: Whose pinned frames count.
        settings, context: As for every stage.
    """
    pinned = _with_earlier(corrections.pinned, fit.pinned)
    between = _between(track, settings)
    problem = (
        pinned_problem(pinned, track.expression.shape[1])
        or _triangles_problem(pinned, track)
        or beyond_end([each.frame for each in pinned], fit.landmarks, context)
        or (between if isinstance(between, Failure) else None)
    )
    if problem is not None:
        return problem
    assert not isinstance(between, Failure)
    _say_what_is_unused(corrections, fit, context)
    timing = timing_of(track, pinned)
    over = spread_poses(poses_of(track), timing, pinned, middle_of(track), limits_of(track))
    if not len(over.anchors.rows):
        context.notice(Notice("no-pins", "No pinned frame is among those that are tracked; nothing was changed."))
        return replace(fit, pinned=_all_of(corrections.pinned, fit.pinned))
    if settings.refine:
        over = refined(fit, head, track, over, timing, pinned, between, context)
    follows_torso = context.settings.get("fit", {}).get("neck") == TORSO
    every = _all_of(corrections.pinned, fit.pinned)
    return _with_track(fit, moved_track(track, pinned, over), every, follows_torso=follows_torso)


def _all_of(pinned: Sequence[PinnedFrame], earlier: Sequence[PinnedFrame]) -> tuple[PinnedFrame, ...]:
    """Return pinned frames and those of an earlier stage of the run, of which they take the place."""
    of_frame = {each.frame: each for each in (*earlier, *pinned)}
    return tuple(of_frame[frame] for frame in sorted(of_frame))


def _with_earlier(pinned: Sequence[PinnedFrame], earlier: Sequence[PinnedFrame]) -> tuple[PinnedFrame, ...]:
    """Return what counts after an earlier stage: its hard frames stay where they are, its soft ones have counted."""
    return tuple(each for each in _all_of(pinned, earlier) if each not in earlier or each.hardness == HARD)


def _between(track: Track, settings: PinsSettings) -> Between | Failure | None:
    """Return between which rows of the track frames are solved again; None where that is not limited."""
    if settings.first_frame < 0 and settings.last_frame < 0:
        return None
    ends = np.searchsorted(track.frame_index, [settings.first_frame, settings.last_frame])
    known = np.isin([settings.first_frame, settings.last_frame], track.frame_index).all()
    if not known or ends[1] - ends[0] < 2:
        return Failure(
            "refine-range",
            f"Between frames {settings.first_frame} and {settings.last_frame}, counted from 0, no tracked frame lies.",
            f"Name two frames from {track.frame_index[0]} to {track.frame_index[-1]} with some between them.",
        )
    return Between(int(ends[0]), int(ends[1]), settings.blend)


def _triangles_problem(pinned: Sequence[PinnedFrame], track: Track) -> Failure | None:
    """Return why pins cannot belong to the track's head, or None."""
    for each in pinned:
        if any(not 0 <= pin.triangle < len(track.faces) for pin in each.pins):
            return Failure(
                "pins-of-another-head",
                f"A pin on frame {each.frame}, counted from 0, is on a triangle that this head does not have.",
                "Use the head with which the pins were made.",
            )
    return None


def _say_what_is_unused(corrections: Corrections, fit: Fit, context: Context) -> None:
    if corrections.excludes and fit.landmarks.excluded is None:
        context.notice(
            Notice(
                "exclusions-unused",
                "The corrections also say what of the clip shall not count, and the stage for that is not in the run.",
                "Add Exclude (--add exclude) to use them.",
            )
        )


def _with_track(fit: Fit, track: Track, pinned: tuple[PinnedFrame, ...], *, follows_torso: bool) -> Fit:
    """Return the fit with what a corrected track of it says.

    Args:
        fit: The fit.
        track: Corrected.
        pinned: The pinned frames.
        follows_torso: Whether the neck is found from the head's motion when the track is written.
    """
    pose = replace(
        fit.pose,
        neck=fit.pose.neck if follows_torso else track.neck_pose,
        jaw=track.jaw_pose,
        left_eye=track.left_eye_pose,
        right_eye=track.right_eye_pose,
        eyelids=track.eyelids,
        expression=track.expression,
    )
    # Back and forth between matrix and axis-angle changes the last digits: only what was moved is taken over.
    moved = track.uncorrected_rows
    rotation = fit.rotation.copy()
    rotation[moved] = rotation_matrices(track.head_rotation[moved])
    return replace(
        fit,
        pose=pose,
        rotation=rotation,
        translation=track.head_translation,
        status=track.status,
        confidence=track.confidence.astype(np.float64),
        reprojection_error=track.reprojection_error.astype(np.float64),
        pinned=pinned,
        uncorrected_rows=moved,
        uncorrected=track.uncorrected,
    )
