"""Lips touch and do not pass through each other, and those that meet in the picture meet on the head.

The landmarks alone do not say so: the detector sees the edges of the lips beside their places on the head, and a shape
that closes an open mouth goes on closing a shut one. So the gap of facing points, on the surface itself and without
the landmarks' offsets, may not be below that of the resting head, nor above what is seen where the lips are closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..geometry.landmark_model import LandmarkModel
from ..geometry.projection import height_derivatives, pose_landmarks
from ..geometry.state import Frames, Shared, neutral_frames

THROUGH: Final = 0.00015
"""Metres by which lips go through each other, one standard deviation: what nobody sees."""
APART: Final = 0.0003
"""Metres by which closed lips stand farther apart than they are seen, one standard deviation."""


@dataclass(frozen=True)
class LipGaps:
    """How far facing points are apart in T frames.

    Attributes:
        gap: Upper above lower point along the head's upright axis, beyond that of the resting head (T, P), metres.
        by_frame: Its derivative by the frames' unknowns (T, P, D).
        by_identity: By the identity (T, P, I), or None.
    """

    gap: Tensor
    by_frame: Tensor
    by_identity: Tensor | None


def lip_gaps(lips: LandmarkModel, shared: Shared, frames: Frames, *, of_identity: bool = False) -> LipGaps:
    """Return the gaps of the lips.

    Args:
        lips: The points of `FACING_LIPS` on the surface, all upper ones first (`LandmarkModel.lips`).
        shared: The clip; its offsets do not count.
        frames: T frames; their necks and eyes do not count.
        of_identity: Whether the derivative by the identity is wanted.
    """
    without_offsets = replace(shared, offsets=torch.zeros_like(lips.template))
    level = replace(frames, neck=torch.zeros_like(frames.neck), eyes=torch.zeros_like(frames.eyes))
    posed = pose_landmarks(lips, without_offsets, level)
    by_frame, by_identity = height_derivatives(lips, level, posed, of_identity=of_identity)
    gap = _apart(posed.head[..., 1]) - _apart(lips.template[None, :, 1])
    return LipGaps(gap, _apart(by_frame), None if by_identity is None else _apart(by_identity))


def _apart(values: Tensor) -> Tensor:
    half = values.shape[1] // 2
    return values[:, :half] - values[:, half:]


@dataclass(frozen=True)
class ContactErrors:
    """By how many standard deviations gaps are too small (negative) or too large (T, P), and its precision (T, P)."""

    error: Tensor
    precision: Tensor

    @property
    def cost(self) -> Tensor:
        """Cost per frame (T,)."""
        return 0.5 * (self.precision * self.error.square()).sum(1)


def contact_errors(gap: Tensor, most: Tensor) -> ContactErrors:
    """Return what is wrong with gaps (T, P), metres, of which each may be between 0 and `most` (T, P)."""
    below, above = gap.clamp_max(0), (gap - most).clamp_min(0)
    precision = (gap < 0) / THROUGH**2 + (gap > most) / APART**2
    return ContactErrors(below + above, precision.to(gap))


def resting_gaps(lips: LandmarkModel) -> Tensor:
    """Return how far each identity mode parts the lips of the resting face (P, I)."""
    like = lips.template
    still = neutral_frames(lips, torch.eye(3).to(like)[None], like.new_zeros(1, 3))
    none = Shared(like.new_zeros(lips.identity_modes), like.new_zeros(()), torch.zeros_like(like))
    gaps = lip_gaps(lips, none, still, of_identity=True).by_identity
    assert gaps is not None
    return gaps[0]
