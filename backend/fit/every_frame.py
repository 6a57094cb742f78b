"""Every frame of a clip, solved twice: loosely, to learn how much moves where, then as smoothly as that allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..contract.arrays import Floats
from .clip_input import ClipInput
from .evidence.observations import Observations
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared
from .listener import Listener
from .options.fit_options import FitOptions
from .solvers.motion import MotionProblem, joined, solve_in_windows
from .solvers.pose_covariance import pose_sigma
from .terms.expression_rest import motion_prior_of
from .terms.lid_contact import lid_contact
from .terms.motion_power import LOOSE, motion_power
from .terms.priors import FramePrior, frame_prior
from .terms.smoothness import MotionPower, smoothness_weights


@dataclass(frozen=True)
class FittedFrames:
    """All frames of a clip.

    Attributes:
        frames: T of them.
        visibility: Of each landmark (T, N).
        pose_sigma: What landmarks and smoothness leave open of the pose, degrees and millimetres (T, 2).
        iterations: Most steps of a window.
        converged: Whether every window ended by itself.
    """

    frames: Frames
    visibility: Tensor
    pose_sigma: Floats
    iterations: int
    converged: bool


@dataclass(frozen=True)
class ClipMotion:
    """What both passes over the frames have in common.

    Attributes:
        model: The landmark points.
        clip: Times, what belongs together, landmarks.
        options: Weights, smoothness, neck.
        shared: What the clip shares, which stays as it is.
        observations: Of every frame.
        depth: Rough distance of the head in every frame (T,), metres.
        listener: Hears of it.
    """

    model: LandmarkModel
    clip: ClipInput
    options: FitOptions
    shared: Shared
    observations: Observations
    depth: Tensor
    listener: Listener

    def loosely(self, start: Frames) -> Frames:
        """Return the frames after the first pass, with lips that may pass through each other."""
        prior = frame_prior(self.model, self.options.tuning, neck_free=self.options.neck_free)
        return self._fitted(start, prior, None, 0.0).frames

    def smoothly(self, loose: Frames) -> FittedFrames:
        """Return the frames after the second pass, from those after the first."""
        prior = motion_prior_of(self.model, self.options.tuning, loose, neck_free=self.options.neck_free)
        return self._fitted(loose, prior, motion_power(loose, self._times, self._together), 0.5)

    @property
    def _times(self) -> Tensor:
        return torch.as_tensor(self.clip.times).to(self.shared.identity)

    @property
    def _together(self) -> Tensor:
        return torch.as_tensor(self.clip.together, device=self.shared.identity.device)

    def _fitted(self, start: Frames, prior: FramePrior, power: MotionPower | None, begun: float) -> FittedFrames:
        """Solve the clip in windows; `begun` is the share of the work that was done before."""
        lids = lid_contact(self.model, self.shared, start, self.clip.counted_points)

        def problem_of(part: slice) -> MotionProblem:
            between = smoothness_weights(
                self.model,
                self.options.tuning,
                self._times[part],
                self._together[part.start : part.stop - 1],
                self.depth[part],
                self.options.smoothness,
                loose=LOOSE if power is None else 1.0,
                power=None if power is None else power[part],
            )
            lips = self.model.with_free_lips() if power is None else self.model
            closed = None if lids is None else lids[part]
            observations = self.observations[part]
            return MotionProblem(lips, self.shared, observations, prior, between, self.options.tuning, lids=closed)

        def report(done: int, total: int) -> None:
            self.listener.progress("motion", round(100 * (begun + done / total / 2)), 100)

        def show(part: slice, frames: Frames) -> None:
            self.listener.watch(self.model, self.shared, np.arange(part.start, part.stop), frames)

        results = solve_in_windows(problem_of, start, progress=report, watch=show)
        frames, visibility = joined(results)
        depth = frames.translation(self.shared.focal)[:, 2].cpu().double().numpy()
        covariance = np.concatenate([result.covariance for _, result in results])
        return FittedFrames(
            frames=frames,
            visibility=visibility,
            pose_sigma=pose_sigma(covariance, depth),
            iterations=max(result.iterations for _, result in results),
            converged=all(result.converged for _, result in results),
        )
