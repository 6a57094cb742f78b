"""Small random heads and clips for the solver's tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from backend.fit.evidence.observations import Observations
from backend.fit.geometry.landmark_model import FACING_LIPS, LandmarkModel
from backend.fit.geometry.state import Frames, Shared
from backend.head.rotation_torch import exponential

OPENCV_FROM_HEAD = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64))
"""A head that looks straight into the camera."""


def normal(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    """Reproducible normal numbers in double precision."""
    return torch.as_tensor(np.random.default_rng(seed).normal(scale=scale, size=shape))


def random_model(points: int = 30, identities: int = 5, expressions: int = 7) -> LandmarkModel:
    """A head that is a cloud of points, each moved by every mode and every joint."""
    weights = normal(1, points, 5).abs()
    normals = normal(2, points, 3)
    tangents = torch.linalg.qr(normals[..., None], mode="complete").Q[..., 1:]
    return LandmarkModel(
        template=normal(3, points, 3, scale=0.05),
        identity=normal(4, points, 3, identities, scale=0.003),
        expression=normal(5, points, 3, expressions, scale=0.003),
        correctives=normal(6, points, 3, 36, scale=0.003),
        weights=weights / weights.sum(1, keepdim=True),
        joints=normal(7, 5, 3, scale=0.05),
        joint_identity=normal(8, 5, 3, identities, scale=0.003),
        joint_expression=normal(9, 5, 3, expressions, scale=0.003),
        normals=normals / normals.norm(dim=1, keepdim=True),
        tangents=tangents,
        known=torch.ones(points, dtype=torch.bool),
        pivot=normal(10, 3, scale=0.02),
        expression_low=torch.zeros(expressions, dtype=torch.float64),
        expression_high=torch.ones(expressions, dtype=torch.float64),
        quick=torch.arange(expressions) % 2 == 0,
        lids=0,
        reach=tuple(torch.arange(points) for _ in range(5)),
    )


def with_lips(model: LandmarkModel) -> LandmarkModel:
    """The same head; its first points are also the facing points of its lips."""
    points = slice(0, 2 * len(FACING_LIPS))
    lips = replace(
        model,
        template=model.template[points],
        identity=model.identity[points],
        expression=model.expression[points],
        correctives=model.correctives[points],
        weights=model.weights[points],
        normals=model.normals[points],
        tangents=model.tangents[points],
        known=model.known[points],
        reach=tuple(torch.arange(2 * len(FACING_LIPS)) for _ in range(5)),
    )
    return replace(model, lips=lips)


def random_shared(model: LandmarkModel) -> Shared:
    """An identity, a focal length of 665 px, and offsets."""
    return Shared(
        normal(11, model.identity_modes),
        torch.tensor(6.5, dtype=torch.float64),
        normal(12, model.points, 3, scale=0.002),
    )


def random_frames(model: LandmarkModel, count: int = 4) -> Frames:
    """Heads about 0.6 m away, turned and grimacing."""
    depth = torch.log(torch.full((count, 1), 0.6 / 665, dtype=torch.float64)) + normal(13, count, 1, scale=0.02)
    return Frames(
        rotation=OPENCV_FROM_HEAD @ exponential(normal(14, count, 3, scale=0.3)),
        position=torch.cat([normal(15, count, 2, scale=0.05), depth], dim=1),
        neck=normal(16, count, 3, scale=0.2),
        jaw=normal(17, count, 3, scale=0.2),
        eyes=normal(18, count, 4, scale=0.2),
        expression=normal(19, count, model.expression_modes, scale=0.5) + 0.5,
    )


def observations_of(pixels: Tensor, pairs: Tensor, contour: Tensor) -> Observations:
    """Observations with uneven weights, one missing frame left to the caller."""
    frames, points = pixels.shape[:2]
    direction = normal(20, frames, len(contour), 2)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    metric = torch.eye(2) - 0.5 * direction[..., :, None] * direction[..., None, :]
    return Observations(
        pixels=pixels,
        weight=normal(21, frames, points).abs(),
        noise=torch.full((frames,), 1.5, dtype=torch.float64),
        metric=metric.double(),
        contour=contour,
        pairs=pairs,
        pair_weight=normal(22, frames, len(pairs)).abs(),
        lip_gap=normal(25, frames, len(FACING_LIPS), scale=0.01).abs(),
        jaw_precision=normal(26, frames).abs(),
        gaze=normal(23, frames, 4, scale=0.2),
        gaze_precision=normal(24, frames, 4).abs(),
    )
