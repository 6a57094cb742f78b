"""The pictures' part of the cost: each point of the skin keeps its colour over the clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...contract.arrays import Singles
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.projection import derivatives, pose_landmarks
from ...fit.geometry.state import Frames, Shared
from ...fit.geometry.surface_samples import points_of
from ...fit.terms.robust import cauchy_cost, cauchy_weight
from ..pictures.device import pictures_of, read_features
from ..pictures.view import DIRECTED_TERMS, Feature, read_with_slope

LEAST_SEEN = 0.02
"""Points that are seen less than this are left out of a frame."""


@dataclass(frozen=True)
class PhotometricTuning:
    """Weights of the pictures' part.

    Attributes:
        noise: Standard deviation of the fine structure of log brightness.
        spread: Residuals of this many sigma have half their weight: highlights, occluders, what the head cannot do.
        evidence: Weight of all points together, as with the landmarks: neighbouring points see the same texture.
        light: Standard deviation of the light's coefficients.
        fewest: A point's colour means something from this many frames on.
    """

    noise: float = 0.006
    spread: float = 2.0
    evidence: float = 0.05
    light: float = 1.0
    fewest: int = 3


@dataclass(frozen=True)
class Brightness:
    """What T frames show at N points: value (T, N), derivative by the pixel of the view (T, N, 2)."""

    value: Singles
    slope: Singles


def brightness(model: LandmarkModel, shared: Shared, frames: Frames, features: list[Feature]) -> Brightness:
    """Return what is seen where the points fall, on whichever device."""
    if model.template.device.type != "cpu":
        value, slope = read_features(model, shared, frames, pictures_of(features, model.template))
        return Brightness(value.cpu().numpy(), slope.cpu().numpy())
    posed = pose_landmarks(model, without_offsets(shared, model), frames)
    camera = posed.camera.detach().cpu().numpy().astype(np.float64)
    value = np.zeros(camera.shape[:2], dtype=np.float32)
    slope = np.zeros((*camera.shape[:2], 2), dtype=np.float32)
    focal = float(shared.focal)
    for index, feature in enumerate(features):
        positions = camera[index]
        on_frame = focal * positions[:, :2] / np.maximum(positions[:, 2:], 1e-3)
        pixels = on_frame * feature.scale + feature.centre
        read_with_slope(feature.image, pixels, value[index], slope[index])
    return Brightness(value, slope)


def without_offsets(shared: Shared, model: LandmarkModel) -> Shared:
    """Return the clip's unknowns for points without offsets."""
    return replace(shared, offsets=torch.zeros_like(model.template))


def robust_weight(residual: Singles, tuning: PhotometricTuning) -> Singles:
    """Return Cauchy's weight of residuals: what is far off hardly pulls."""
    return cauchy_weight(residual / np.float32(tuning.noise * tuning.spread)).astype(np.float32)


def robust_cost(residual: Singles, tuning: PhotometricTuning) -> Singles:
    """Return Cauchy's cost of residuals."""
    size = residual / np.float32(tuning.noise * tuning.spread)
    return cauchy_cost(size, tuning.spread).astype(np.float32)


def colours(value: Singles, visibility: Singles, tuning: PhotometricTuning, rounds: int = 5) -> tuple[Singles, Singles]:
    """Return each point's colour (N,), the robust mean of what the frames show (T, N), and the weights (T, N)."""
    often = (visibility > LEAST_SEEN).sum(axis=0) >= tuning.fewest
    base = np.where(often, visibility, 0).astype(np.float32)
    weight = base
    colour = np.zeros(value.shape[1], dtype=np.float32)
    for _ in range(rounds):
        colour = (weight * value).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
        weight = base * robust_weight(value - colour, tuning)
    return colour, weight


@dataclass(frozen=True)
class FrameRows:
    """Derivatives of one frame's residuals at the M points that are seen.

    Attributes:
        index: Which points (M,).
        frame_columns: By the frame's unknowns (M, D).
        identity: By the identity (M, I).
        log_focal: By the log focal length (M,).
    """

    index: NDArray[np.int64]
    frame_columns: Tensor
    identity: Tensor
    log_focal: Tensor


def frame_rows(
    model: LandmarkModel,
    shared: Shared,
    frame: Frames,
    feature: Feature,
    slope: Singles,
    used: Singles,
) -> FrameRows:
    """Return the derivatives for a single frame.

    Args:
        slope: Derivative of the brightness by the view's pixel (N, 2).
        used: Weight of each point (N,); those below `LEAST_SEEN` are left out.
    """
    index = np.flatnonzero(used > LEAST_SEEN)
    part = points_of(model, torch.as_tensor(index, device=model.template.device))
    unshifted = without_offsets(shared, part)
    along = torch.as_tensor(slope[index] * feature.scale).to(model.template)[None]
    derivative = derivatives(
        part, unshifted, frame, pose_landmarks(part, unshifted, frame), along=along, of_shared=True
    )
    assert derivative.identity is not None and derivative.log_focal is not None
    return FrameRows(index, derivative.frame[0, :, 0], derivative.identity[0, :, 0], derivative.log_focal[0, :, 0])


def no_light() -> Singles:
    """Return light without direction."""
    return np.zeros(DIRECTED_TERMS, dtype=np.float32)
