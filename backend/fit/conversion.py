"""Conversion between the solver's unknowns and the pose of a head, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract.arrays import Floats, Integers
from ..contract.camera import axis_angles, rotation_matrices
from ..data.types import HeadPose
from ..head.skinning import select_frames
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared, eye_vectors
from .solvers.banded import as_numpy

if TYPE_CHECKING:
    from ..data.types import Fit


@dataclass(frozen=True)
class PosedHead:
    """T frames of a head: its pose, and head-to-camera rotation (T, 3, 3) and translation (T, 3) in metres."""

    pose: HeadPose
    rotation: Floats
    translation: Floats


def head_pose(model: LandmarkModel, shared: Shared, frames: Frames) -> HeadPose:
    """Return what the unknowns of T frames say of the head itself."""
    modes = model.expression_modes - model.lids
    expression = as_numpy(frames.expression)
    left, right = eye_vectors(frames.eyes)
    return HeadPose(
        identity=as_numpy(shared.identity),
        expression=expression[:, :modes],
        neck=as_numpy(frames.neck),
        jaw=as_numpy(frames.jaw),
        left_eye=as_numpy(left),
        right_eye=as_numpy(right),
        eyelids=expression[:, modes:] if model.lids else np.zeros((len(frames), 2)),
    )


def from_state(model: LandmarkModel, shared: Shared, frames: Frames) -> PosedHead:
    """Return the head of some frames as the unknowns have it."""
    # Back to exact rotations: single precision leaves them off by 1e-7 after a few steps.
    rotation = rotation_matrices(axis_angles(as_numpy(frames.rotation)))
    pose = head_pose(model, shared, frames)
    return PosedHead(pose, rotation, as_numpy(frames.translation(shared.focal)) - rotation @ as_numpy(model.pivot))


def to_state(fit: Fit, model: LandmarkModel, frames: Integers, head_offsets: Floats | None) -> tuple[Shared, Frames]:
    """Return the unknowns of some frames of a fit.

    Args:
        fit: A finished fit of the same head.
        model: The landmark points of that head.
        frames: Positions in the clip (K,).
        head_offsets: Offsets that the head itself has and `model` contains (478, 3); the fit's are given with them.
    """
    pose = select_frames(fit.pose, frames)
    focal = fit.intrinsics.focal_x
    rotation, pivot = fit.rotation[frames], model.pivot.cpu().double().numpy()
    camera = fit.translation[frames] + rotation @ pivot
    offsets = fit.landmark_offsets if head_offsets is None else fit.landmark_offsets - head_offsets
    expression = np.concatenate([pose.expression, pose.eyelids[:, : model.lids]], axis=1)

    def tensor(values: Floats) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(model.template)

    shared = Shared(tensor(pose.identity), model.template.new_tensor(float(np.log(focal))), tensor(offsets))
    position = np.column_stack([camera[:, :2], np.log(camera[:, 2] / focal)])
    eyes = np.concatenate([pose.left_eye[:, :2], pose.right_eye[:, :2]], axis=1)
    values = (rotation, position, pose.neck, pose.jaw, eyes, expression)
    return shared, Frames(*(tensor(value) for value in values))
