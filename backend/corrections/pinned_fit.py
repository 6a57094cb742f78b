"""A fit that passes through frames pinned by hand, and whose other frames follow: the work of the stage Pins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.corrections.corrections import AUTOMATIC_REACH, Corrections
from ..contract.failure import Failure, Notice
from ..contract.settings import PinsSettings
from ..contract.track import TORSO
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
from ..fit.result import measured_again
from ..fit.solved_frames import SolvedFrames, solved_frames
from ..fit.solvers.motion import MotionProblem, solve_motion
from ..fit.terms.expression_rest import motion_prior_of
from ..fit.terms.lid_contact import lid_contact
from ..fit.terms.motion_power import motion_power
from ..fit.terms.smoothness import smoothness_weights
from ..head.model import HeadModel
from .pinned_poses import PinnedRows, pinned_rows, pins_problem, with_poses
from .source import beyond_end

REACH: Final = 0.4
"""Seconds to both sides over which a pinned frame changes its neighbours, where nothing else was asked for."""
_BESIDE: Final = 2
"""Frames at both ends of a stretch that stay as they are and join it to the rest: second differences need two."""


def pinned_fit(
    fit: Fit, head: HeadModel, corrections: Corrections, settings: PinsSettings, context: Context
) -> Fit | Failure:
    """Return the fit with the pinned frames' poses, and with neighbours that follow them.

    Args:
        fit, head: The finished fit, and its head.
        corrections: Whose pinned frames count.
        settings, context: As for every stage.
    """
    pinned = corrections.pinned
    problem = pins_problem(pinned, head) or beyond_end([each.frame for each in pinned], fit.landmarks, context)
    if problem is not None:
        return problem
    if corrections.excludes and fit.landmarks.excluded is None:
        context.notice(
            Notice(
                "exclusions-unused",
                "The corrections also say what shall not count, and that stage is not in the run.",
                "Add Exclude (--add exclude) to use them.",
            )
        )
    rows = pinned_rows(fit, pinned)
    if not len(rows.row):
        context.notice(Notice("no-pins", "No pinned frame is among those that are tracked; nothing was changed."))
        return replace(fit, pinned=pinned)
    follows_torso = context.settings.get("fit", {}).get("neck") == TORSO
    shares = _shares(fit, rows)
    spread = _spread(fit, rows, shares, follows_torso=follows_torso)
    changed = _refined(spread, head, rows, shares, context) if settings.refine else spread
    return replace(measured_again(changed, head), pinned=pinned)


def _smooth(share: Floats) -> Floats:
    """Return a way from 0 to 1 whose first and second derivatives are zero at both ends."""
    share = np.clip(share, 0.0, 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)


def _shares(fit: Fit, rows: PinnedRows) -> Floats:
    """Return how much of the change of each pinned frame every frame gets (P, T); their sum is 1 at most."""
    times, shot = fit.landmarks.time, fit.landmarks.shot
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    reach = [REACH if each.reach == AUTOMATIC_REACH else each.reach * step for each in rows.pinned]
    result = np.zeros((len(rows.row), len(times)))
    for p, row in enumerate(rows.row):
        away = np.abs(times - times[row])
        result[p] = (1 - _smooth(away / max(reach[p] + step, step))) * (shot == shot[row])
    for p in range(len(rows.row) - 1):
        first, second = rows.row[p], rows.row[p + 1]
        if shot[first] != shot[second]:
            continue
        between = slice(first, second + 1)
        apart = times[second] - times[first]
        over = _smooth((times[between] - times[first]) / apart)
        if apart <= reach[p] + reach[p + 1]:
            result[p, between], result[p + 1, between] = 1 - over, over
        result[p, second:], result[p + 1, : first + 1] = 0.0, 0.0
    return result


def _spread(fit: Fit, rows: PinnedRows, shares: Floats, *, follows_torso: bool) -> Fit:
    """Return the fit with what the pinned frames change, carried on to their neighbours by their shares."""
    from ..contract.camera import axis_angles, rotation_matrices

    there = with_poses(fit, rows.row, [each.pose for each in rows.pinned], follows_torso=follows_torso)

    def carried(before: Floats, after: Floats) -> Floats:
        return before + shares.T @ (after[rows.row] - before[rows.row])

    turns = axis_angles(there.rotation[rows.row] @ np.swapaxes(fit.rotation[rows.row], 1, 2))
    rotation = rotation_matrices(shares.T @ turns) @ fit.rotation
    names = ("neck", "jaw", "left_eye", "right_eye", "eyelids", "expression")
    pose = replace(fit.pose, **{name: carried(getattr(fit.pose, name), getattr(there.pose, name)) for name in names})
    spread = replace(fit, rotation=rotation, translation=carried(fit.translation, there.translation), pose=pose)
    return with_poses(spread, rows.row, [each.pose for each in rows.pinned], follows_torso=follows_torso)


@dataclass(frozen=True)
class _Solve:
    """What stays the same while stretches of a clip are solved again."""

    model: LandmarkModel
    shared: Shared
    frames: Frames
    clip: ClipInput
    solved: SolvedFrames
    options: FitOptions

    @staticmethod
    def of(fit: Fit, head: HeadModel) -> _Solve:
        options = FitOptions.from_settings(fit.settings)
        landmarks = unzoomed(fit.landmarks, fit.zoom, fit.centre)
        solved = solved_frames(landmarks, options.longest_gap)
        clip = clip_input(landmarks, fit.camera(fit.intrinsics.focal_x, fit.focal_source), solved)
        model = landmark_model(head, PRECISION, PROCESSOR)
        shared, frames = to_state(fit, model, solved.index, head.detector_offsets)
        return _Solve(model, shared, frames, clip, solved, options)

    @property
    def head_size(self) -> Floats:
        """Distance between the eyes in pixels, as if seen from the front (T,)."""
        metres = eye_distance(self.model.template.cpu().numpy()[None])[0]
        return metres / np.exp(self.frames.position[:, 2].cpu().double().numpy())

    def left_over(self, row: int) -> Floats:
        """Return how far the landmarks are from the head on a solved frame (478, 2), shares of the head's size."""
        posed = pose_landmarks(self.model, self.shared, self.frames[row : row + 1])
        centre = self.model.template.new_tensor(self.clip.centre)
        fitted = project_landmarks(posed.camera, self.shared.focal, centre)[0].cpu().double().numpy()
        return (self.clip.points[row, :, :2] - fitted) / self.head_size[row]


@single_threaded_operations()
def _refined(start: Fit, head: HeadModel, rows: PinnedRows, shares: Floats, context: Context) -> Fit:
    """Return the fit with the frames that pins reach solved again; pinned ones and those beyond stay as they are.

    What the landmarks are off at a pinned pose is how wrong the detector is there. It is taken off its landmarks
    around, by the pin's share, so that these are read relative to the pin.
    """
    work = _Solve.of(start, head)
    of_solved = np.flatnonzero(np.isin(rows.row, work.solved.index))
    at = np.searchsorted(work.solved.index, rows.row[of_solved])
    bias = np.zeros((len(work.frames), 478, 2))
    near = shares[:, work.solved.index]
    for p, row in zip(of_solved, at, strict=True):
        left = np.nan_to_num(work.left_over(int(row)))
        bias += near[p][:, None, None] * left
    bias *= work.head_size[:, None, None]
    free = near.sum(axis=0) > 0
    free[at] = False
    points = work.clip.points.copy()
    points[..., :2] -= bias
    clip = replace(work.clip, points=points)
    frames = work.frames
    for part in _stretches(free):
        context.check()
        solved = _solved_part(replace(work, clip=clip), frames[part], free[part], part)
        frames = frames.with_frames(torch.arange(part.start, part.stop), solved)
    return _as_fit(start, work, frames, free)


def _stretches(free: NDArray[np.bool_]) -> list[slice]:
    """Return the runs of frames that move, each with what stays beside it."""
    moving = np.flatnonzero(free)
    if not len(moving):
        return []
    breaks = np.flatnonzero(np.diff(moving) > 2 * _BESIDE) + 1
    return [
        slice(max(int(run[0]) - _BESIDE, 0), min(int(run[-1]) + _BESIDE + 1, len(free)))
        for run in np.split(moving, breaks)
    ]


def _solved_part(work: _Solve, start: Frames, free: NDArray[np.bool_], part: slice) -> Frames:
    model, tuning, clip = work.model, work.options.tuning, work.clip
    times = torch.as_tensor(clip.times[part]).to(work.shared.identity)
    together = torch.as_tensor(clip.together[part.start : part.stop - 1])
    depth = start.translation(work.shared.focal)[:, 2]
    counted = None if clip.counted is None else clip.counted[part]
    observations = observe(
        clip.points[part], clip.scores[part], clip.centre, work.head_size[part], model, tuning, counted
    )
    lids = lid_contact(model, work.shared, start, clip.counted_points[part])
    problem = MotionProblem(
        model,
        work.shared,
        observations,
        motion_prior_of(model, tuning, work.frames, neck_free=work.options.neck_free),
        smoothness_weights(
            model,
            tuning,
            times,
            together,
            depth,
            work.options.smoothness,
            power=motion_power(start, times, together),
        ),
        tuning,
        lids=lids,
        held=torch.as_tensor(~free),
    )
    return solve_motion(problem, start).frames


def _as_fit(start: Fit, work: _Solve, frames: Frames, free: NDArray[np.bool_]) -> Fit:
    """Return a fit with what was solved again on the frames that moved."""
    head = from_state(work.model, work.shared, frames)
    rows, moved = work.solved.index[free], np.flatnonzero(free)

    def placed(before: Floats, after: Floats) -> Floats:
        result = before.copy()
        result[rows] = after[moved]
        return result

    names = ("expression", "neck", "jaw", "left_eye", "right_eye", "eyelids")
    pose = {name: placed(getattr(start.pose, name), getattr(head.pose, name)) for name in names}
    return replace(
        start,
        pose=replace(start.pose, **pose),
        rotation=placed(start.rotation, head.rotation),
        translation=placed(start.translation, head.translation),
    )
