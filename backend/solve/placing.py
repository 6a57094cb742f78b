"""From the solver's unknowns to the pose of a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..contract.camera import axis_angles, rotation_matrices
from ..head.model import Floats, HeadPose
from .landmark_model import LandmarkModel
from .state import Frames, Shared, eye_vectors


@dataclass(frozen=True)
class Placed:
    """T frames of a head: its pose, and head-to-camera rotation (T, 3, 3) and translation (T, 3) in metres."""

    pose: HeadPose
    rotation: Floats
    translation: Floats


def placed(model: LandmarkModel, shared: Shared, frames: Frames) -> Placed:
    """Return the head of some frames as the fit has them."""

    def plain(tensor: torch.Tensor) -> Floats:
        return tensor.detach().cpu().double().numpy()

    modes = model.expression_modes - model.lids
    expression = plain(frames.expression)
    left, right = eye_vectors(frames.eyes)
    # Back to exact rotations: single precision leaves them off by 1e-7 after a few steps.
    rotation = rotation_matrices(axis_angles(plain(frames.rotation)))
    pose = HeadPose(
        identity=plain(shared.identity),
        expression=expression[:, :modes],
        neck=plain(frames.neck),
        jaw=plain(frames.jaw),
        left_eye=plain(left),
        right_eye=plain(right),
        eyelids=expression[:, modes:] if model.lids else np.zeros((len(frames), 2)),
    )
    return Placed(pose, rotation, plain(frames.translation(shared.focal)) - rotation @ plain(model.pivot))
