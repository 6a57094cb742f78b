"""The pictures' part of the cost: each point of the skin keeps its colour over the clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .landmark_model import LandmarkModel
from .landmark_term import FrameEquations
from .photometric_view import LIGHT_TERMS, Feature, Singles, read_with_slope
from .projection import derivatives, pose_landmarks
from .state import Frames, Shared
from .surface_samples import points_of

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
    """Return what is seen where the points fall."""
    posed = pose_landmarks(model, bare(shared, model), frames)
    camera = posed.camera.detach().cpu().numpy().astype(np.float64)
    value = np.zeros(camera.shape[:2], dtype=np.float32)
    slope = np.zeros((*camera.shape[:2], 2), dtype=np.float32)
    focal = float(shared.focal)
    for index, feature in enumerate(features):
        places = camera[index]
        on_frame = focal * places[:, :2] / np.maximum(places[:, 2:], 1e-3)
        pixels = on_frame * feature.scale + feature.centre
        read_with_slope(feature.image, pixels, value[index], slope[index])
    return Brightness(value, slope)


def bare(shared: Shared, model: LandmarkModel) -> Shared:
    """Return the clip's unknowns for points without offsets."""
    return replace(shared, offsets=torch.zeros_like(model.template))


def robust_weight(residual: Singles, tuning: PhotometricTuning) -> Singles:
    """Return Cauchy's weight of residuals: what is far off hardly pulls."""
    size = residual / np.float32(tuning.noise * tuning.spread)
    return (1 / (1 + size * size)).astype(np.float32)


def robust_cost(residual: Singles, tuning: PhotometricTuning) -> Singles:
    """Return Cauchy's cost of residuals."""
    size = residual / np.float32(tuning.noise * tuning.spread)
    return (tuning.spread**2 / 2 * np.log1p(size * size)).astype(np.float32)


def colours(value: Singles, seen: Singles, tuning: PhotometricTuning, rounds: int = 5) -> tuple[Singles, Singles]:
    """Return each point's colour (N,), the robust mean of what the frames show (T, N), and the weights (T, N)."""
    often = (seen > LEAST_SEEN).sum(axis=0) >= tuning.fewest
    base = np.where(often, seen, 0).astype(np.float32)
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
        own: By the frame's unknowns (M, D).
        identity: By the identity (M, I), or None.
        log_focal: By the log focal length (M,), or None.
    """

    index: NDArray[np.int64]
    own: Tensor
    identity: Tensor | None
    log_focal: Tensor | None


def frame_rows(
    model: LandmarkModel,
    shared: Shared,
    frame: Frames,
    feature: Feature,
    slope: Singles,
    used: Singles,
    of_shared: bool,
) -> FrameRows:
    """Return the derivatives for a single frame.

    Args:
        slope: Derivative of the brightness by the view's pixel (N, 2).
        used: Weight of each point (N,); those below `LEAST_SEEN` are left out.
        of_shared: Whether those by identity and focal length are wanted.
    """
    index = np.flatnonzero(used > LEAST_SEEN)
    part = points_of(model, torch.as_tensor(index, device=model.template.device))
    own = bare(shared, part)
    found = derivatives(part, own, frame, pose_landmarks(part, own, frame), of_shared=of_shared)
    by_pixel = torch.as_tensor(slope[index] * feature.scale).to(model.template)[:, None]

    def along(rows: Tensor) -> Tensor:
        return (by_pixel @ rows[0])[:, 0]

    if found.identity is None or found.log_focal is None:
        return FrameRows(index, along(found.frame), None, None)
    focal = (by_pixel[:, 0] * found.log_focal[0]).sum(1)
    return FrameRows(index, along(found.frame), along(found.identity), focal)


@dataclass(frozen=True)
class KnownColours:
    """The pictures' part of the cost of T frames while every point's colour and the light stay as they are.

    Attributes:
        model: The points.
        shared: What the clip shares.
        features: Of the T frames; None where a frame could not be read.
        colour: Of each point (N,).
        light: Coefficients (`LIGHT_TERMS`,).
        sure: Whether a point has a colour (N,) bool.
        trust: Weight of each frame (T,).
        tuning: Weights.
    """

    model: LandmarkModel
    shared: Shared
    features: list[Feature | None]
    colour: Singles
    light: Singles
    sure: NDArray[np.bool_]
    trust: Singles
    tuning: PhotometricTuning

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        total = 0.0
        for place, feature in enumerate(self.features[part]):
            if feature is None:
                continue
            residual, _ = self._residual(frames[place : place + 1], feature)
            seen = self._base(feature, part.start + place)
            total += float((seen * robust_cost(residual, self.tuning)).sum())
        return self.tuning.evidence * total

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        like = self.model.template
        hessian = torch.zeros(len(frames), frames.unknowns, frames.unknowns, dtype=like.dtype, device=like.device)
        gradient = torch.zeros(len(frames), frames.unknowns, dtype=like.dtype, device=like.device)
        for place, feature in enumerate(self.features[part]):
            if feature is None:
                continue
            frame = frames[place : place + 1]
            residual, slope = self._residual(frame, feature)
            base = self._base(feature, part.start + place)
            rows = frame_rows(self.model, self.shared, frame, feature, slope, base, of_shared=False)
            weight = (base * robust_weight(residual, self.tuning))[rows.index]
            weight = torch.as_tensor(weight * np.float32(self.tuning.evidence / self.tuning.noise**2)).to(like)
            weighted = rows.own * weight[:, None]
            hessian[place] = rows.own.T @ weighted
            gradient[place] = weighted.T @ torch.as_tensor(residual[rows.index]).to(like)
        return FrameEquations(hessian, gradient)

    def part(self, frames: slice) -> KnownColours:
        """Return the same for a window of the frames."""
        return replace(self, features=self.features[frames], trust=self.trust[frames])

    def _base(self, feature: Feature, frame: int) -> Singles:
        return feature.seen * self.sure * self.trust[frame]

    def _residual(self, frame: Frames, feature: Feature) -> tuple[Singles, Singles]:
        found = brightness(self.model, self.shared, frame, [feature])
        return found.value[0] - feature.light @ self.light - self.colour, found.slope[0]


def no_light() -> Singles:
    """Return light without direction."""
    return np.zeros(LIGHT_TERMS, dtype=np.float32)
