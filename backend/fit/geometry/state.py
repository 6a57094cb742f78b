"""The unknowns of the fit and how a step changes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...head.rotation_torch import exponential
from .landmark_model import LandmarkModel

ROTATION = slice(0, 3)
POSITION = slice(3, 6)
NECK = slice(6, 9)
JAW = slice(9, 12)
EYES = slice(12, 16)
EXPRESSION_START = 16
"""Columns of one frame's unknowns: rotation, position, neck, jaw, gaze (left pitch, yaw, right pitch, yaw), expression.
"""


@dataclass(frozen=True)
class Shared:
    """Unknowns of the whole clip.

    Attributes:
        identity: (I,).
        log_focal: Scalar tensor, log of the focal length in pixels.
        offsets: Offset of each landmark on the surface (N, 3), metres, head axes.
    """

    identity: Tensor
    log_focal: Tensor
    offsets: Tensor

    @property
    def focal(self) -> Tensor:
        """Focal length in pixels."""
        return self.log_focal.exp()

    def retract(self, step: Tensor, tangents: Tensor) -> Shared:
        """Return the clip after a step (I + 1, or I + 1 + 2 N with offsets along both tangents (N, 3, 2))."""
        modes = len(self.identity)
        offsets = self.offsets
        if len(step) > modes + 1:
            offsets = offsets + (tangents @ step[modes + 1 :].reshape(-1, 2, 1))[..., 0]
        return Shared(self.identity + step[:modes], self.log_focal + step[modes], offsets)


@dataclass(frozen=True)
class Frames:
    """Unknowns of T frames.

    Attributes:
        rotation: Head to camera (T, 3, 3), OpenCV camera axes.
        position: Of the pivot (T, 3): x and y in metres, and log(z / focal). Dividing the depth by the focal length
            keeps the picture of the head where it is while the focal length changes.
        neck, jaw: Axis-angle (T, 3).
        eyes: Left pitch, left yaw, right pitch, right yaw (T, 4): the x and y components of the axis-angle.
        expression: (T, E).
    """

    rotation: Tensor
    position: Tensor
    neck: Tensor
    jaw: Tensor
    eyes: Tensor
    expression: Tensor

    def __len__(self) -> int:
        return self.rotation.shape[0]

    @property
    def unknowns(self) -> int:
        """Unknowns per frame."""
        return EXPRESSION_START + self.expression.shape[1]

    def __getitem__(self, index: slice | Tensor) -> Frames:
        return Frames(*(getattr(self, name)[index] for name in _FIELDS))

    def values(self) -> Tensor:
        """Return all unknowns but the rotation as (T, D); the rotation's columns are zero (it has no coordinates)."""
        zero = torch.zeros_like(self.position)
        return torch.cat([zero, self.position, self.neck, self.jaw, self.eyes, self.expression], dim=1)

    def retract(self, step: Tensor) -> Frames:
        """Return the frames after a step (T, D); the rotation turns by exp(step) from the left."""
        return Frames(
            rotation=exponential(step[:, ROTATION]) @ self.rotation,
            position=self.position + step[:, POSITION],
            neck=self.neck + step[:, NECK],
            jaw=self.jaw + step[:, JAW],
            eyes=self.eyes + step[:, EYES],
            expression=self.expression + step[:, EXPRESSION_START:],
        )

    def translation(self, focal: Tensor) -> Tensor:
        """Return the pivot in camera axes (T, 3), metres."""
        return torch.stack([self.position[:, 0], self.position[:, 1], self.position[:, 2].exp() * focal], dim=1)

    def with_frames(self, index: slice | Tensor, part: Frames) -> Frames:
        """Return a copy in which `part` stands at `index`."""
        copies = {}
        for name in _FIELDS:
            copies[name] = getattr(self, name).clone()
            copies[name][index] = getattr(part, name)
        return replace(self, **copies)


_FIELDS = ("rotation", "position", "neck", "jaw", "eyes", "expression")


def eye_vectors(eyes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the axis-angles (T, 3) of the left and the right eye; they do not roll."""
    zero = torch.zeros_like(eyes[:, 0])
    left = torch.stack([eyes[:, 0], eyes[:, 1], zero], dim=1)
    right = torch.stack([eyes[:, 2], eyes[:, 3], zero], dim=1)
    return left, right


def neutral_frames(model: LandmarkModel, rotation: Tensor, position: Tensor) -> Frames:
    """Return frames with a neutral face at the given poses."""
    frames = rotation.shape[0]

    def zeros(columns: int) -> Tensor:
        return torch.zeros(frames, columns, dtype=rotation.dtype, device=rotation.device)

    return Frames(rotation, position, zeros(3), zeros(3), zeros(4), zeros(model.expression_modes))


def concatenate(parts: list[Frames]) -> Frames:
    """Return the frames of all parts in a row."""
    return Frames(*(torch.cat([getattr(part, name) for part in parts]) for name in _FIELDS))
