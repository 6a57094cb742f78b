"""Price of each expression: low where it moves in a clip; high where it stays all through, which is the person."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch

from ..geometry.landmark_model import LandmarkModel
from ..geometry.state import Frames
from ..options.weights import Tuning, for_the_person
from .priors import FramePrior, frame_prior

CALM_SHARE: Final = 0.05
"""Share of the frames in which a shape is smallest, and of those in which it is largest."""


def motion_prior_of(model: LandmarkModel, tuning: Tuning, frames: Frames, *, neck_free: bool) -> FramePrior:
    """Return the prior of one frame with each expression priced by how it moves in a first solution.

    A shape that comes and goes costs what `frame_prior` says. One that is there in every frame explains something that
    is constant, as lips thinner than the model's, and costs as much as while the person was fitted; between both by
    its least size over its largest.

    Args:
        model, tuning: The landmark points and the weights.
        frames: The first solution.
        neck_free: Whether the neck may bend.
    """
    cheap = frame_prior(model, tuning, neck_free=neck_free)
    dear = frame_prior(model, for_the_person(tuning), neck_free=neck_free)
    size = frames.expression.abs().sort(dim=0).values
    few = int(CALM_SHARE * len(size))
    stays = size[few] / size[-1 - few].clamp_min(1e-9)
    between = torch.where(torch.isfinite(cheap.tail), cheap.tail + stays * (dear.tail - cheap.tail), cheap.tail)
    return replace(cheap, tail=between)
