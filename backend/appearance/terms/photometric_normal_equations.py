"""The pictures' normal equations of all key frames together, with every point's colour eliminated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract.arrays import Integers, Singles
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.parallel import PROCESSOR, over_chunks
from ...fit.geometry.projection import derivatives, pose_landmarks
from ...fit.geometry.state import Frames, Shared
from ..view import DIRECTED_TERMS, Feature
from .photometric_term import LEAST_SEEN, bare, frame_rows

BATCH: Final = 16
"""Frames whose derivatives are held at once on a GPU."""


def picture_equations(
    points: LandmarkModel,
    shared: Shared,
    frames: Frames,
    features: list[Feature],
    slope: Singles,
    residual: Singles,
    precision: Singles,
    used: Singles,
    columns: Integers,
) -> tuple[Tensor, Tensor]:
    """Return hessian (U, U) and gradient (U,), float64, on the device of the points.

    The U unknowns are the chosen ones of the K frames one after the other, identity, log focal length, and the light.

    Args:
        points: N points of the skin.
        shared, frames: Where they are.
        features: What the frames show.
        slope: Derivative of the brightness by the view's pixel (K, N, 2).
        residual: Brightness without light, less the colour (K, N).
        precision: Weight of each residual (K, N); colours are its means.
        used: Weight by which points are chosen (K, N): those below `LEAST_SEEN` are left out.
        columns: Which of a frame's unknowns (C,) are chosen.
    """
    size = len(columns)
    border = points.identity_modes + 1 + DIRECTED_TERMS
    total = len(features) * size + border
    place = points.template.device
    kept = torch.as_tensor(np.concatenate([columns, frames.unknowns + np.arange(border)]), device=place)
    stacked = torch.zeros(points.points, total, dtype=torch.float32, device=place)
    hessian = torch.zeros(total, total, dtype=torch.float64, device=place)
    gradient = torch.zeros(total, dtype=torch.float64, device=place)
    of = _on_processor if place.type == "cpu" else _on_device
    for k, index, every in of(points, shared, frames, features, slope, used):
        jacobian = every[:, kept]
        weight = torch.as_tensor(precision[k]).to(jacobian)
        errors = torch.as_tensor(residual[k]).to(jacobian)
        if index is not None:
            weight, errors = weight[index], errors[index]
        weighted = jacobian * weight[:, None]
        own, last = slice(k * size, (k + 1) * size), slice(total - border, total)
        block, pull = (jacobian.T @ weighted).double(), (weighted.T @ errors).double()
        hessian[own, own] += block[:size, :size]
        hessian[own, last] += block[:size, size:]
        hessian[last, own] += block[size:, :size]
        hessian[last, last] += block[size:, size:]
        gradient[own] += pull[:size]
        gradient[last] += pull[size:]
        rows = slice(None) if index is None else index
        stacked[rows, own] = weighted[:, :size]
        stacked[rows, last] += weighted[:, size:]
    certain = torch.as_tensor(np.sqrt(1 / np.maximum(precision.sum(axis=0), 1e-12))).to(stacked)
    scaled = stacked * certain[:, None]
    return hessian - (scaled.T @ scaled).double(), gradient


def _on_processor(
    points: LandmarkModel, shared: Shared, frames: Frames, features: list[Feature], slope: Singles, used: Singles
) -> Iterator[tuple[int, Tensor | None, Tensor]]:
    """Yield the derivatives (M, C) of each frame's residuals at the M points that it shows, and which these are."""

    def rows_of(part: slice) -> tuple[Tensor, Tensor]:
        k = part.start
        rows = frame_rows(points, shared, frames[part], features[k], slope[k], used[k])
        lit = torch.as_tensor(-features[k].light[rows.index]).to(rows.own)
        return torch.as_tensor(rows.index), torch.cat(
            [rows.own, rows.identity, rows.log_focal[:, None], lit], 1
        ).float()

    for k, (index, jacobian) in enumerate(over_chunks(rows_of, len(features), 1, PROCESSOR)):
        yield k, index, jacobian


def _on_device(
    points: LandmarkModel, shared: Shared, frames: Frames, features: list[Feature], slope: Singles, used: Singles
) -> Iterator[tuple[int, Tensor | None, Tensor]]:
    """Yield the derivatives (N, C) of each frame's residuals at all points, 0 where it does not show them."""
    own = bare(shared, points)
    like = points.template

    def rows_of(part: slice) -> Tensor:
        posed = pose_landmarks(points, own, frames[part])
        scale = np.stack([feature.scale for feature in features[part]])
        chosen = (used[part] > LEAST_SEEN)[..., None]
        along = torch.as_tensor(slope[part] * scale[:, None] * chosen).to(like)
        found = derivatives(points, own, frames[part], posed, along=along, of_shared=True)
        assert found.identity is not None and found.log_focal is not None
        light = torch.as_tensor(-np.stack([feature.light for feature in features[part]]) * chosen).to(like)
        geometry = torch.cat([found.frame, found.identity, found.log_focal[..., None]], dim=-1)
        return torch.cat([geometry[:, :, 0], light], dim=-1).float()

    k = 0
    for batch in over_chunks(rows_of, len(features), BATCH, like.device):
        for jacobian in batch:
            yield k, None, jacobian
            k += 1
