"""The pictures' part of the cost of single frames, while every point's colour and the light stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .landmark_model import LandmarkModel
from .landmark_term import FrameEquations
from .photometric_device import Pictures, pictures_of, read_features
from .photometric_term import (
    LEAST_SEEN,
    PhotometricTuning,
    bare,
    brightness,
    frame_rows,
    robust_cost,
    robust_weight,
)
from .photometric_view import Feature, Singles
from .projection import derivatives, pose_landmarks
from .state import Frames, Shared


class PicturesCost(Protocol):
    """What the solver of the motion asks of the pictures."""

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        ...

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        ...


@dataclass(frozen=True)
class Colours:
    """What is known of N points.

    Attributes:
        colour: Of each point (N,).
        light: Coefficients (`LIGHT_TERMS`,).
        sure: Whether a point has a colour (N,) bool.
    """

    colour: Singles
    light: Singles
    sure: NDArray[np.bool_]


def known_colours(
    model: LandmarkModel,
    shared: Shared,
    features: list[Feature | None],
    colours: Colours,
    trust: Singles,
    tuning: PhotometricTuning,
) -> PicturesCost:
    """Return the pictures' part of the cost of T frames, on the device of the model.

    Args:
        model: The points.
        shared: What the clip shares.
        features: Of the T frames; None where a frame could not be read.
        colours: Of the points, and the light.
        trust: Weight of each frame (T,).
        tuning: Weights.
    """
    if model.template.device.type == "cpu":
        return KnownColours(model, shared, features, colours, trust, tuning)
    like, none = model.template, np.zeros(model.points, dtype=np.float32)
    seen = [none if feature is None else feature.seen * colours.sure for feature in features]
    lit = [none if feature is None else feature.light @ colours.light for feature in features]
    return DeviceKnownColours(
        model,
        bare(shared, model),
        pictures_of(features, like),
        torch.as_tensor(np.stack(lit) + colours.colour).to(like),
        torch.as_tensor(np.stack(seen) * trust[:, None]).to(like),
        tuning,
    )


@dataclass(frozen=True)
class KnownColours:
    """On the processor, frame by frame; see `known_colours`."""

    model: LandmarkModel
    shared: Shared
    features: list[Feature | None]
    colours: Colours
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

    def _base(self, feature: Feature, frame: int) -> Singles:
        return feature.seen * self.colours.sure * self.trust[frame]

    def _residual(self, frame: Frames, feature: Feature) -> tuple[Singles, Singles]:
        found = brightness(self.model, self.shared, frame, [feature])
        return found.value[0] - feature.light @ self.colours.light - self.colours.colour, found.slope[0]


@dataclass(frozen=True)
class DeviceKnownColours:
    """On a GPU, many frames at once; see `known_colours`.

    Attributes:
        model, shared: The points, and what the clip shares.
        pictures: Of the T frames.
        expected: What each point should look like (T, N).
        seen: Weight of each point (T, N), 0 where a frame could not be read.
        tuning: Weights.
    """

    model: LandmarkModel
    shared: Shared
    pictures: Pictures
    expected: Tensor
    seen: Tensor
    tuning: PhotometricTuning

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        value, _ = read_features(self.model, self.shared, frames, self.pictures[part])
        size = (value - self.expected[part]) / (self.tuning.noise * self.tuning.spread)
        cost = self.tuning.spread**2 / 2 * torch.log1p(size * size)
        return self.tuning.evidence * float((self.seen[part] * cost).sum())

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        posed = pose_landmarks(self.model, self.shared, frames)
        pictures = self.pictures[part]
        value, slope = pictures.read(posed.camera.float(), self.shared.focal.float())
        residual = value - self.expected[part]
        by_pixel = (slope * pictures.scale[:, None]).to(posed.camera)
        rows = derivatives(self.model, self.shared, frames, posed).frame
        rows = (by_pixel[:, :, None] @ rows)[:, :, 0]
        size = residual / (self.tuning.noise * self.tuning.spread)
        seen = self.seen[part]
        weight = torch.where(seen > LEAST_SEEN, seen, torch.zeros_like(seen)) / (1 + size * size)
        weighted = rows * (weight * (self.tuning.evidence / self.tuning.noise**2))[..., None]
        return FrameEquations(rows.mT @ weighted, (weighted.mT @ residual[..., None].to(rows))[..., 0])
