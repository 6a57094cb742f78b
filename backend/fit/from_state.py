"""From the solver's unknowns to the pose of a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import axis_angles, rotation_matrices
from ..data.types import HeadPose
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared, eye_vectors
from .solvers.banded import as_numpy


@dataclass(frozen=True)
class Placed:
    """T frames of a head: its pose, and head-to-camera rotation (T, 3, 3) and translation (T, 3) in metres."""

    pose: HeadPose
    rotation: Floats
    translation: Floats


def pose_of(model: LandmarkModel, shared: Shared, frames: Frames) -> HeadPose:
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


def placed(model: LandmarkModel, shared: Shared, frames: Frames) -> Placed:
    """Return the head of some frames as the fit has them."""
    # Back to exact rotations: single precision leaves them off by 1e-7 after a few steps.
    rotation = rotation_matrices(axis_angles(as_numpy(frames.rotation)))
    pose = pose_of(model, shared, frames)
    return Placed(pose, rotation, as_numpy(frames.translation(shared.focal)) - rotation @ as_numpy(model.pivot))
