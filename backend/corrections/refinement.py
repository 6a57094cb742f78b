"""Frames around pinned ones, solved again with their landmarks, which are read relative to the pins.

A pinned pose tells how wrong the landmarks are there. That is taken off those around, by each pinned frame's share, so
that the relative motion of the landmarks is followed and their error is not. What the solve makes of a pinned frame all
the same, by its priors, it makes of its neighbours too: the change from there to the pinned pose is spread over them as
without a solve, so that no frame stands out. Where landmarks are not trusted, as in profiles, what the pins alone make
stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.camera import axis_angles, rotation_matrices
from ..contract.corrections.corrections import PinnedFrame
from ..contract.corrections.pose_changes import Poses, changed, changes, middle_of, mixed, poses_of
from ..contract.corrections.reach import Anchors, Timing, ramp, spread
from ..contract.corrections.spreading import Spread, limits_of, spread_poses
from ..contract.track import Track
from ..data.context import Context
from ..data.landmark_distance import eye_distance
from ..data.types import Fit
from ..fit.clip import PRECISION
from ..fit.clip_input import ClipInput, clip_input
from ..fit.conversion import from_state, to_state
from ..fit.evidence.observations import observe
from ..fit.geometry.landmark_model import LandmarkModel, landmark_model
from ..fit.geometry.parallel import PROCESSOR, single_threaded_operations
from ..fit.geometry.projection import pose_landmarks, project_landmarks
from ..fit.geometry.state import Frames, Shared
from ..fit.lens.zoom import unzoomed
from ..fit.options.fit_options import FitOptions
from ..fit.solved_frames import solved_frames
from ..fit.solvers.motion import MotionProblem, joined, solve_in_windows
from ..fit.terms.expression_rest import motion_prior_of
from ..fit.terms.lid_contact import lid_contact
from ..fit.terms.motion_power import motion_power
from ..fit.terms.smoothness import smoothness_weights
from ..head.model import HeadModel

TRUSTED: Final = 0.6
"""Confidence from which on the landmarks of a frame are followed as they are; with less, the pins alone count more."""
_EVENLY: Final = 4
"""Frames to both sides over which that is evened out."""
_BESIDE: Final = 12
"""Frames to both sides that are solved with those that change, so that smoothness has something to hold on to."""


@dataclass(frozen=True)
class Between:
    """Rows of a track between which frames are solved again, without these two.

    Attributes:
        first, last: The ends.
        blend: Frames at both ends over which the new motion takes over.
    """

    first: int
    last: int
    blend: int

    def share(self, frames: int) -> Floats:
        """Return how far the new motion counts (T,): 0 up to the ends, 1 in the middle."""
        row = np.arange(frames)
        inwards = np.minimum(row - self.first, self.last - row)
        return (1 - ramp(inwards / (self.blend + 1))) * (inwards > 0)


def refined(
    fit: Fit,
    head: HeadModel,
    track: Track,
    over: Spread,
    timing: Timing,
    pinned: Sequence[PinnedFrame],
    between: Between | None,
    context: Context,
) -> Spread:
    """Return the poses after a solve around the pinned frames.

    Args:
        fit, head: As tracked, and its head.
        track: Of the fit.
        over: What the pins alone make of it.
        timing, pinned: Of the track.
        between: Where frames are solved again; None for all that the pins reach.
        context: Whether to stop.
    """
    work = _Work.of(fit, head, track, context)
    if between is None:
        return replace(over, poses=work.following(over, _weights(timing, over.anchors)))
    inside = slice(between.first, between.last + 1)
    near = timing.part(inside)
    apart = int(near.frame_index[-1] - near.frame_index[0])
    reaching = [replace(each, reach=apart) for each in pinned]
    part = spread_poses(work.tracked.rows(inside), near, reaching, work.middle, limits_of(track))
    if not len(part.anchors.rows):
        return over
    rows = np.arange(between.first, between.last + 1)
    chained = Spread(
        over.poses.with_rows(rows, part.poses),
        rows,
        _widened(part.share, inside, len(track)),
        replace(part.anchors, rows=part.anchors.rows + between.first),
    )
    poses = work.following(chained, _widened(_weights(near, part.anchors), inside, len(track)))
    new = between.share(len(track))
    return Spread(
        _exact(work.mixed(over.poses, poses, new), over),
        np.union1d(over.rows, rows[1:-1]),
        np.maximum(over.share, chained.share * new),
        over.anchors,
    )


def _weights(timing: Timing, anchors: Anchors) -> Floats:
    """Return how much of the change of each of N pinned frames every frame gets (T, N)."""
    firm = replace(anchors, hard=np.ones(len(anchors.rows), dtype=bool))
    return spread(timing, firm, np.eye(len(anchors.rows)))[0]


def _widened(values: Floats, inside: slice, frames: int) -> Floats:
    """Return values of a part of a clip as those of all T frames, 0 elsewhere."""
    result = np.zeros((frames, *values.shape[1:]))
    result[inside] = values
    return result


def _exact(poses: Poses, over: Spread) -> Poses:
    """Return the poses with those of pinned frames, and of frames out of reach, to the last digit."""
    return poses.with_rows(over.anchors.rows, over.poses.rows(over.anchors.rows))


@dataclass(frozen=True)
class _Work:
    """A clip that is solved again, S of its T frames.

    Attributes:
        fit: As tracked; its landmarks are `clip`'s.
        tracked: Its poses (T).
        middle: Of the head, see `pose_changes.middle_of`.
        model, shared: The landmark points, and what the clip shares.
        offsets: Of the head's own landmarks, see `to_state`.
        clip: Landmarks of the frames that can be solved.
        index: Which frames these are (S,).
        options: How the fit was made.
        context: Whether to stop.
    """

    fit: Fit
    tracked: Poses
    middle: Floats
    model: LandmarkModel
    shared: Shared
    offsets: Floats | None
    clip: ClipInput
    index: Integers
    options: FitOptions
    context: Context

    @staticmethod
    def of(fit: Fit, head: HeadModel, track: Track, context: Context) -> _Work:
        options = FitOptions.from_settings(fit.settings)
        landmarks = unzoomed(fit.landmarks, fit.zoom, fit.centre)
        solved = solved_frames(landmarks, options.longest_gap)
        clip = clip_input(landmarks, fit.camera(fit.intrinsics.focal_x, fit.focal_source), solved)
        model = landmark_model(head, PRECISION, PROCESSOR)
        shared, _ = to_state(fit, model, solved.index[:1], head.detector_offsets)
        return _Work(
            fit,
            poses_of(track),
            middle_of(track),
            model,
            shared,
            head.detector_offsets,
            clip,
            solved.index,
            options,
            context,
        )

    @cached_property
    def trust(self) -> Floats:
        """How far the landmarks of each frame are followed (T,): little in profiles, not at all where none are."""
        shares = np.clip(self.fit.confidence / TRUSTED, 0.0, 1.0)
        padded = np.pad(shares, _EVENLY, mode="edge")
        width = 2 * _EVENLY + 1
        return np.convolve(padded, np.full(width, 1 / width), mode="valid")

    def mixed(self, before: Poses, after: Poses, share: Floats) -> Poses:
        """Return the poses a share (T,) of the way from some to others."""
        rows = np.flatnonzero(share > 0)
        return before.with_rows(rows, mixed(before.rows(rows), after.rows(rows), share[rows], self.middle))

    def following(self, over: Spread, weights: Floats) -> Poses:
        """Return the poses of a spread after a solve; pinned frames keep theirs, and so do those out of reach.

        Args:
            over: What the pins alone make.
            weights: How much of the change of each of N pinned frames every frame gets (T, N).
        """
        solved = self._solved(over, weights)
        moved = self.mixed(over.poses, solved, over.share)
        rows = over.anchors.rows
        missed = changes(moved.rows(rows), over.poses.rows(rows), self.middle)
        felt = np.flatnonzero(weights.any(axis=1))
        back = changed(moved.rows(felt), weights[felt] @ missed, self.middle)
        followed = np.where(weights.any(axis=1), self.trust, 0.0)
        return _exact(self.mixed(over.poses, moved.with_rows(felt, back), followed), over)

    def _state(self, poses: Poses) -> Frames:
        """Return the unknowns of the frames that can be solved (S)."""
        pose = replace(
            self.fit.pose,
            jaw=poses.jaw_pose,
            left_eye=poses.left_eye_pose,
            right_eye=poses.right_eye_pose,
            eyelids=poses.eyelids,
            expression=poses.expression,
        )
        fit = replace(
            self.fit,
            pose=pose,
            rotation=rotation_matrices(poses.head_rotation),
            translation=poses.head_translation,
        )
        return to_state(fit, self.model, self.index, self.offsets)[1]

    @single_threaded_operations()
    def _solved(self, over: Spread, weights: Floats) -> Poses:
        """Return the poses (T) with the frames that the pins reach solved again."""
        start = self._state(over.poses)
        points = self.clip.points.copy()
        points[..., :2] -= self._bias(over, weights, start)
        clip = replace(self.clip, points=points)
        result = over.poses
        for part in _stretches(over.share[self.index] > 0):
            self.context.check()
            result = result.with_rows(self.index[part], self._poses(self._solved_part(clip, start, part)))
        return result

    def _bias(self, over: Spread, weights: Floats, start: Frames) -> Floats:
        """Return how wrong the landmarks are (S, 478, 2), pixels, by the pinned frames and by what was tracked.

        Where no pinned frame is felt, landmarks are off by what the fit left over, so that nothing changes.
        """
        size = self._head_size(start)
        before = self._left_over(self._state(self.tracked)) / size[:, None, None]
        after = self._left_over(start) / size[:, None, None]
        near = weights[self.index]
        known = np.isfinite(after).all(axis=(1, 2)) if len(after) else np.zeros(0, dtype=bool)
        bias = np.clip(1 - near.sum(axis=1), 0, 1)[:, None, None] * before
        for anchor, row in enumerate(over.anchors.rows.tolist()):
            at = int(np.searchsorted(self.index, row))
            if at < len(self.index) and self.index[at] == row and known[at]:
                bias += near[:, anchor, None, None] * after[at]
        return np.nan_to_num(bias) * size[:, None, None]

    def _left_over(self, frames: Frames) -> Floats:
        """Return how far the landmarks are from the head (S, 478, 2), pixels; NaN where no face was found."""
        posed = pose_landmarks(self.model, self.shared, frames)
        centre = self.model.template.new_tensor(self.clip.centre)
        fitted = project_landmarks(posed.camera, self.shared.focal, centre).cpu().double().numpy()
        return self.clip.points[..., :2] - fitted

    def _head_size(self, frames: Frames) -> Floats:
        """Return the distance between the eyes in pixels, as if seen from the front (S,)."""
        metres = eye_distance(self.model.template.cpu().numpy()[None])[0]
        return metres / np.exp(frames.position[:, 2].cpu().double().numpy())

    def _solved_part(self, clip: ClipInput, start: Frames, part: slice) -> Frames:
        model, tuning, options = self.model, self.options.tuning, self.options
        frames, size = start[part], self._head_size(start)[part]
        counted = None if clip.counted is None else clip.counted[part]
        observations = observe(clip.points[part], clip.scores[part], clip.centre, size, model, tuning, counted)
        prior = motion_prior_of(model, tuning, start, neck_free=options.neck_free)
        times = torch.as_tensor(clip.times[part]).to(self.shared.identity)
        together = torch.as_tensor(clip.together[part.start : part.stop - 1])
        depth = frames.translation(self.shared.focal)[:, 2]
        power = motion_power(frames, times, together)
        lids = lid_contact(model, self.shared, frames, clip.counted_points[part])

        def problem_of(window: slice) -> MotionProblem:
            between = smoothness_weights(
                model,
                tuning,
                times[window],
                together[window.start : window.stop - 1],
                depth[window],
                options.smoothness,
                power=power[window],
            )
            closed = None if lids is None else lids[window]
            return MotionProblem(model, self.shared, observations[window], prior, between, tuning, lids=closed)

        return joined(solve_in_windows(problem_of, frames))[0]

    def _poses(self, frames: Frames) -> Poses:
        head = from_state(self.model, self.shared, frames)
        return Poses(
            head_rotation=axis_angles(head.rotation),
            head_translation=head.translation,
            neck_pose=head.pose.neck,
            jaw_pose=head.pose.jaw,
            left_eye_pose=head.pose.left_eye,
            right_eye_pose=head.pose.right_eye,
            eyelids=head.pose.eyelids,
            expression=head.pose.expression,
        )


def _stretches(moving: NDArray[np.bool_]) -> list[slice]:
    """Return the runs of frames that move, each with some beside it."""
    rows = np.flatnonzero(moving)
    if not len(rows):
        return []
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 2 * _BESIDE) + 1)
    return [slice(max(int(run[0]) - _BESIDE, 0), min(int(run[-1]) + _BESIDE + 1, len(moving))) for run in runs]
