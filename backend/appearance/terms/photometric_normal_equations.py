"""The pictures' normal equations of all key frames together, with every point's colour eliminated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract.arrays import Integers, Singles
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.parallel import PROCESSOR, over_chunks
from ...fit.geometry.projection import derivatives, pose_landmarks
from ...fit.geometry.state import Frames, Shared
from ..pictures.view import DIRECTED_TERMS, Feature
from .photometric_term import LEAST_SEEN, frame_rows, without_offsets

BATCH: Final = 16
"""Frames whose derivatives are held at once on a GPU."""


@dataclass(frozen=True)
class PictureResiduals:
    """What K frames show of N points, against their colours.

    Attributes:
        slope: Derivative of the brightness by the view's pixel (K, N, 2).
        residual: Brightness without light, less the colour (K, N).
        precision: Weight of each residual (K, N); colours are its means.
        used: Weight by which points are chosen (K, N): those below `LEAST_SEEN` are left out.
    """

    slope: Singles
    residual: Singles
    precision: Singles
    used: Singles


def picture_equations(
    points: LandmarkModel,
    shared: Shared,
    frames: Frames,
    features: list[Feature],
    shown: PictureResiduals,
    columns: Integers,
) -> tuple[Tensor, Tensor]:
    """Return hessian (U, U) and gradient (U,), float64, on the device of the points.

    The U unknowns are the chosen ones of the K frames one after the other, identity, log focal length, and the light.

    Args:
        points: N points of the skin.
        shared, frames: Where they are.
        features: What the frames show.
        shown: The same against the points' colours.
        columns: Which of a frame's unknowns (C,) are chosen.
    """
    border = points.identity_modes + 1 + DIRECTED_TERMS
    device = points.template.device
    chosen = torch.as_tensor(np.concatenate([columns, frames.unknowns + np.arange(border)]), device=device)
    equations = _PictureEquations(points.points, len(features), len(columns), border, device)
    jacobians = _on_processor if device.type == "cpu" else _on_device
    for k, index, every in jacobians(points, shared, frames, features, shown):
        jacobian = every[:, chosen]
        weight = torch.as_tensor(shown.precision[k]).to(jacobian)
        errors = torch.as_tensor(shown.residual[k]).to(jacobian)
        equations.add(k, index, jacobian, weight, errors)
    return equations.without_colours(shown.precision.sum(axis=0)), equations.gradient


class _PictureEquations:
    """Normal equations of K frames with S unknowns each and a border, frame by frame, and the colours' part of them."""

    def __init__(self, points: int, frames: int, size: int, border: int, device: torch.device) -> None:
        self._size, self._border = size, border
        total = frames * size + border
        self._by_colour = torch.zeros(points, total, dtype=torch.float32, device=device)
        self._hessian = torch.zeros(total, total, dtype=torch.float64, device=device)
        self.gradient = torch.zeros(total, dtype=torch.float64, device=device)

    def add(self, frame: int, index: Tensor | None, jacobian: Tensor, weight: Tensor, errors: Tensor) -> None:
        """Add the derivatives (M, S + B) of a frame at M points; weight and errors are of all N."""
        if index is not None:
            weight, errors = weight[index], errors[index]
        weighted = jacobian * weight[:, None]
        size = self._size
        columns, border = slice(frame * size, (frame + 1) * size), slice(len(self.gradient) - self._border, None)
        block, pull = (jacobian.T @ weighted).double(), (weighted.T @ errors).double()
        self._hessian[columns, columns] += block[:size, :size]
        self._hessian[columns, border] += block[:size, size:]
        self._hessian[border, columns] += block[size:, :size]
        self._hessian[border, border] += block[size:, size:]
        self.gradient[columns] += pull[:size]
        self.gradient[border] += pull[size:]
        rows = slice(None) if index is None else index
        self._by_colour[rows, columns] = weighted[:, :size]
        self._by_colour[rows, border] += weighted[:, size:]

    def without_colours(self, precision: Singles) -> Tensor:
        """Return the hessian with the points' colours eliminated, whose precisions (N,) are given."""
        certain = torch.as_tensor(np.sqrt(1 / np.maximum(precision, 1e-12))).to(self._by_colour)
        scaled = self._by_colour * certain[:, None]
        return self._hessian - (scaled.T @ scaled).double()


def _on_processor(
    points: LandmarkModel, shared: Shared, frames: Frames, features: list[Feature], shown: PictureResiduals
) -> Iterator[tuple[int, Tensor | None, Tensor]]:
    """Yield the derivatives (M, C) of each frame's residuals at the M points that it shows, and which these are."""

    def rows_of(part: slice) -> tuple[Tensor, Tensor]:
        k = part.start
        rows = frame_rows(points, shared, frames[part], features[k], shown.slope[k], shown.used[k])
        lit = torch.as_tensor(-features[k].light[rows.index]).to(rows.frame_columns)
        return torch.as_tensor(rows.index), torch.cat(
            [rows.frame_columns, rows.identity, rows.log_focal[:, None], lit], 1
        ).float()

    for k, (index, jacobian) in enumerate(over_chunks(rows_of, len(features), 1, PROCESSOR)):
        yield k, index, jacobian


def _on_device(
    points: LandmarkModel, shared: Shared, frames: Frames, features: list[Feature], shown: PictureResiduals
) -> Iterator[tuple[int, Tensor | None, Tensor]]:
    """Yield the derivatives (N, C) of each frame's residuals at all points, 0 where it does not show them."""
    unshifted = without_offsets(shared, points)
    like = points.template

    def rows_of(part: slice) -> Tensor:
        posed = pose_landmarks(points, unshifted, frames[part])
        scale = np.stack([feature.scale for feature in features[part]])
        chosen = (shown.used[part] > LEAST_SEEN)[..., None]
        along = torch.as_tensor(shown.slope[part] * scale[:, None] * chosen).to(like)
        derivative = derivatives(points, unshifted, frames[part], posed, along=along, of_shared=True)
        assert derivative.identity is not None and derivative.log_focal is not None
        light = torch.as_tensor(-np.stack([feature.light for feature in features[part]]) * chosen).to(like)
        geometry = torch.cat([derivative.frame, derivative.identity, derivative.log_focal[..., None]], dim=-1)
        return torch.cat([geometry[:, :, 0], light], dim=-1).float()

    k = 0
    for batch in over_chunks(rows_of, len(features), BATCH, like.device):
        for jacobian in batch:
            yield k, None, jacobian
            k += 1
