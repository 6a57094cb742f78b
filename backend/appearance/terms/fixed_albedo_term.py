"""The pictures' part of the cost of single frames, while every point's colour and the light stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...contract.arrays import Floats, Singles
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.projection import Posed, derivatives, pose_landmarks
from ...fit.geometry.state import Frames, Shared
from ...fit.terms.landmark_term import FrameEquations
from ...fit.terms.pictures_cost import PicturesCost
from ...fit.terms.robust import cauchy_cost, cauchy_weight
from ..pictures.device import Pictures, pictures_of, read_features
from ..pictures.view import Feature, read_with_slope
from .photometric_jacobian_numba import RowModel, row_frames, row_model, rows_of_frame
from .photometric_term import LEAST_SEEN, PhotometricTuning, robust_cost, robust_weight, without_offsets

_BATCH: Final = 8
"""Frames that are posed at once on the processor: they stay in its cache."""


@dataclass(frozen=True)
class Colours:
    """What is known of N points.

    Attributes:
        colour: Of each point (N,).
        light: Coefficients (`DIRECTED_TERMS`,).
        sure: Whether a point has a colour (N,) bool.
    """

    colour: Singles
    light: Singles
    sure: NDArray[np.bool_]


def fixed_albedo_term(
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
    none = np.zeros(model.points, dtype=np.float32)
    visibility = np.stack([none if feature is None else feature.visibility * colours.sure for feature in features])
    lit = np.stack([none if feature is None else feature.light @ colours.light for feature in features])
    known, counts = lit + colours.colour, visibility * trust[:, None]
    if model.template.device.type == "cpu":
        return FixedAlbedoTerm(model, without_offsets(shared, model), row_model(model), features, known, counts, tuning)
    like = model.template
    expected, weights = (torch.as_tensor(values).to(like) for values in (known, counts))
    return DeviceFixedAlbedoTerm(
        model, without_offsets(shared, model), pictures_of(features, like), expected, weights, tuning
    )


@dataclass(frozen=True)
class FixedAlbedoTerm:
    """On the processor; see `fixed_albedo_term`.

    Attributes:
        model, shared: The points, and what the clip shares.
        rows: The points, as the kernel has them.
        features: Of the T frames.
        expected: What each point should look like (T, N).
        visibility: Weight of each point (T, N), 0 where a frame could not be read.
        tuning: Weights.
    """

    model: LandmarkModel
    shared: Shared
    rows: RowModel
    features: list[Feature | None]
    expected: Singles
    visibility: Singles
    tuning: PhotometricTuning

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        total = 0.0
        for batch in self._batches(frames, part):
            for one in batch.frames:
                total += float((one.visibility * robust_cost(one.residual, self.tuning)).sum())
        return self.tuning.evidence * total

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        size = frames.unknowns
        hessian = torch.zeros(len(frames), size, size, dtype=self.model.template.dtype)
        gradient = torch.zeros(len(frames), size, dtype=self.model.template.dtype)
        rotations = frames.rotation.float().numpy()
        scale = np.float32(self.tuning.evidence / self.tuning.noise**2)
        for batch in self._batches(frames, part):
            row_inputs = row_frames(self.model, self.shared, frames[batch.part], batch.posed)
            for one in batch.frames:
                row = batch.part.start + one.row
                index = np.flatnonzero(one.visibility > LEAST_SEEN)
                rows = rows_of_frame(self.rows, batch.posed, row_inputs, one.row, rotations[row], one.slope, index)
                weight = (one.visibility * robust_weight(one.residual, self.tuning))[index] * scale
                # torch's products: numpy's would start threads of their own inside of ours.
                jacobian = torch.from_numpy(rows)
                weighted = jacobian * torch.from_numpy(weight)[:, None]
                hessian[row] = jacobian.T @ weighted
                gradient[row] = weighted.T @ torch.from_numpy(one.residual[index])
        return FrameEquations(hessian, gradient)

    def _batches(self, frames: Frames, part: slice) -> Iterator[_Batch]:
        """Yield what a few frames show at a time."""
        focal = float(self.shared.focal)
        for start in range(0, len(frames), _BATCH):
            some = slice(start, min(start + _BATCH, len(frames)))
            posed = pose_landmarks(self.model, self.shared, frames[some])
            shown = []
            for row, camera in enumerate(posed.camera.double().numpy()):
                number = part.start + start + row
                feature = self.features[number]
                if feature is not None:
                    shown.append(self._shown(row, camera, focal, feature, number))
            yield _Batch(some, posed, shown)

    def _shown(self, row: int, camera: Floats, focal: float, feature: Feature, number: int) -> _Shown:
        pixels = focal * camera[:, :2] / np.maximum(camera[:, 2:], 1e-3) * feature.scale + feature.centre
        value = np.zeros(len(camera), dtype=np.float32)
        slope = np.zeros((len(camera), 2), dtype=np.float32)
        read_with_slope(feature.image, pixels, value, slope)
        along = (slope * (feature.scale * focal)).astype(np.float32)
        return _Shown(row, value - self.expected[number], along, self.visibility[number])


@dataclass(frozen=True)
class _Shown:
    """What one frame shows of N points: residual (N,), slope by its pixel times focal length (N, 2), weight (N,)."""

    row: int
    residual: Singles
    slope: Singles
    visibility: Singles


@dataclass(frozen=True)
class _Batch:
    """A few frames, of which some show something."""

    part: slice
    posed: Posed
    frames: list[_Shown]


@dataclass(frozen=True)
class DeviceFixedAlbedoTerm:
    """On a GPU, many frames at once; see `fixed_albedo_term`.

    Attributes:
        model, shared: The points, and what the clip shares.
        pictures: Of the T frames.
        expected: What each point should look like (T, N).
        visibility: Weight of each point (T, N), 0 where a frame could not be read.
        tuning: Weights.
    """

    model: LandmarkModel
    shared: Shared
    pictures: Pictures
    expected: Tensor
    visibility: Tensor
    tuning: PhotometricTuning

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        value, _ = read_features(self.model, self.shared, frames, self.pictures[part])
        size = (value - self.expected[part]) / (self.tuning.noise * self.tuning.spread)
        cost = cauchy_cost(size, self.tuning.spread)
        return self.tuning.evidence * float((self.visibility[part] * cost).sum())

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        posed = pose_landmarks(self.model, self.shared, frames)
        pictures = self.pictures[part]
        value, slope = pictures.read(posed.camera.float(), self.shared.focal.float())
        residual = value - self.expected[part]
        by_pixel = (slope * pictures.scale[:, None]).to(posed.camera)
        rows = derivatives(self.model, self.shared, frames, posed, along=by_pixel).frame[:, :, 0]
        size = residual / (self.tuning.noise * self.tuning.spread)
        visibility = self.visibility[part]
        weight = torch.where(visibility > LEAST_SEEN, visibility, torch.zeros_like(visibility)) * cauchy_weight(size)
        weighted = rows * (weight * (self.tuning.evidence / self.tuning.noise**2))[..., None]
        return FrameEquations(rows.mT @ weighted, (weighted.mT @ residual[..., None].to(rows))[..., 0])
