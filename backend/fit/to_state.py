"""From a fit back to the solver's unknowns; `from_state` is the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract.arrays import Floats, Integers
from ..head.skinning import select_frames
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared

if TYPE_CHECKING:
    from ..data.types import Fit


def state_of(fit: Fit, model: LandmarkModel, frames: Integers, own_offsets: Floats | None) -> tuple[Shared, Frames]:
    """Return the unknowns of some frames of a fit.

    Args:
        fit: A finished fit of the same head.
        model: The landmark points of that head.
        frames: Positions in the clip (K,).
        own_offsets: Offsets that the head itself has and `model` contains (478, 3); the fit's are told with them.
    """
    pose = select_frames(fit.pose, frames)
    focal = fit.intrinsics.focal_x
    rotation, pivot = fit.rotation[frames], model.pivot.cpu().double().numpy()
    camera = fit.translation[frames] + rotation @ pivot
    offsets = fit.landmark_offsets if own_offsets is None else fit.landmark_offsets - own_offsets
    expression = np.concatenate([pose.expression, pose.eyelids[:, : model.lids]], axis=1)

    def tensor(values: Floats) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(model.template)

    shared = Shared(tensor(pose.identity), model.template.new_tensor(float(np.log(focal))), tensor(offsets))
    place = np.column_stack([camera[:, :2], np.log(camera[:, 2] / focal)])
    eyes = np.concatenate([pose.left_eye[:, :2], pose.right_eye[:, :2]], axis=1)
    values = (rotation, place, pose.neck, pose.jaw, eyes, expression)
    return shared, Frames(*(tensor(value) for value in values))
