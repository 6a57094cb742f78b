"""Visibility of landmarks: those are seen whose surface faces the camera."""

from __future__ import annotations

import torch
from torch import Tensor

from ...contract import names
from .landmark_model import LandmarkModel
from .parallel import over_chunks
from .projection import pose_landmarks
from .state import Frames, Shared

HIDDEN, SEEN = -0.05, 0.3
"""Cosine between normal and view below which a landmark counts as hidden and above which as fully seen."""


def landmark_visibility(model: LandmarkModel, shared: Shared, frames: Frames, chunk: int = 32) -> Tensor:
    """Return the visibility of each landmark (T, N), a ramp between 0 and 1 of the angle to the viewing ray."""

    def of(part: slice) -> Tensor:
        return _of_frames(model, shared, frames[part])

    return torch.cat(over_chunks(of, len(frames), chunk, model.template.device))


def _of_frames(model: LandmarkModel, shared: Shared, frames: Frames) -> Tensor:
    posed = pose_landmarks(model, shared, frames)
    normals = (posed.blend @ model.normals[..., None])[..., 0] @ frames.rotation.transpose(1, 2)
    if model.points == names.LANDMARKS:
        # An iris is seen as long as its eye is: the eyeball's own normal says nothing about the lids.
        for iris, corners in (
            (names.RIGHT_IRIS, names.RIGHT_EYE_CORNERS),
            (names.LEFT_IRIS, names.LEFT_EYE_CORNERS),
        ):
            normals[:, list(iris)] = normals[:, list(corners)].mean(1, keepdim=True)
    view = -posed.camera / posed.camera.norm(dim=-1, keepdim=True)
    cosine = (normals * view).sum(-1) / normals.norm(dim=-1).clamp_min(1e-9)
    return ((cosine - HIDDEN) / (SEEN - HIDDEN)).clamp(0, 1)
