"""Observations in the pictures, as the solver uses them: pixels, their noise and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...contract import names
from ...data.landmark_distance import eye_distance
from ..geometry.landmark_model import LID_PAIRS, LIDS, LandmarkModel
from ..options.weights import Tuning
from .gaze_scores import gaze_from_scores
from .iris_noise import steadiness
from .jaw_rest import jaw_precision
from .lid_gaps import openings
from .lip_closure import largest_gaps

LIP_PAIRS: Final = tuple(zip(names.INNER_LIPS_UPPER[2:-2], names.INNER_LIPS_LOWER[2:-2], strict=True))
"""Facing points of the lips, without the corners, where the opening is always zero."""

_LIPS: Final = (
    *names.INNER_LIPS_UPPER,
    *names.INNER_LIPS_LOWER,
    *names.OUTER_LIPS_UPPER,
    *names.OUTER_LIPS_LOWER,
)
_IRIS_RINGS: Final = (*names.RIGHT_IRIS[1:], *names.LEFT_IRIS[1:])
IRIS_CENTRES: Final = (names.RIGHT_IRIS[0], names.LEFT_IRIS[0])
HIDDEN, FREE = 0.08, 0.20
"""Openings of the lids over the width of the eye at which the iris is hidden and well seen."""


@dataclass(frozen=True)
class Observations:
    """T frames of N landmarks and P facing pairs.

    Attributes:
        pixels: Full-frame pixels relative to the principal point (T, N, 2); 0 where not seen.
        weight: Weight of each landmark before visibility and robustness (T, N); 0 where not seen.
        noise: Standard deviation of a landmark in pixels (T,).
        metric: For the contour points only: (T, C, 2, 2), turns an error into one along and one across the contour.
        contour: Indices of the contour points (C,).
        pairs: Indices of facing points (P, 2).
        pair_weight: (T, P), already divided by the square of its noise in pixels.
        lip_gap: How far facing points of `FACING_LIPS` may be apart (T, Q), metres; infinite where not closed.
        jaw_precision: With which the jaw is shut (T,), 1/rad^2.
        gaze: Expected gaze (T, 4) in the order of `Frames.eyes`; gaze_precision (T, 4), 0 where nothing is expected.
    """

    pixels: Tensor
    weight: Tensor
    noise: Tensor
    metric: Tensor
    contour: Tensor
    pairs: Tensor
    pair_weight: Tensor
    lip_gap: Tensor
    jaw_precision: Tensor
    gaze: Tensor
    gaze_precision: Tensor

    def __len__(self) -> int:
        return self.pixels.shape[0]

    def __getitem__(self, index: slice | Tensor) -> Observations:
        return Observations(
            self.pixels[index],
            self.weight[index],
            self.noise[index],
            self.metric[index],
            self.contour,
            self.pairs,
            self.pair_weight[index],
            self.lip_gap[index],
            self.jaw_precision[index],
            self.gaze[index],
            self.gaze_precision[index],
        )


def group_weights(tuning: Tuning) -> np.ndarray:
    """Return the weight of each of the 478 landmarks; the points of the iris rings have none (their radius varies)."""
    weights = np.ones(names.LANDMARKS)
    weights[list(names.FACE_OVAL)] = tuning.contour_weight
    weights[list(LIDS)] = tuning.lid_weight
    weights[list(_LIPS)] = tuning.lip_weight
    weights[list(_IRIS_RINGS)] = 0.0
    weights[list(IRIS_CENTRES)] = tuning.iris_weight
    return weights


def observe(
    points: np.ndarray,
    scores: np.ndarray,
    centre: tuple[float, float],
    head_size: np.ndarray,
    model: LandmarkModel,
    tuning: Tuning,
    counted: NDArray[np.bool_] | None = None,
) -> Observations:
    """Turn detected landmarks into observations.

    Args:
        points: Full-frame pixels (T, 478, 2 or 3); NaN where the face was not found.
        scores: MediaPipe's expression scores (T, 52), NaN where there are none.
        centre: Principal point in pixels.
        head_size: Distance between the eyes in pixels, as if seen from the front (T,).
        model: Landmark points of the head; landmarks it does not know get no weight.
        tuning: Weights.
        counted: Which landmarks count (T, 478); None where all do.
    """
    dtype, device = model.template.dtype, model.template.device
    pixels = points[..., :2].astype(np.float64) - np.asarray(centre)
    detected = np.isfinite(pixels).all(axis=(1, 2))
    pixels[~detected] = 0.0
    known = model.known.cpu().numpy()
    points = where_counted(points, counted)
    weight = _weights(points, known, tuning) * detected[:, None]
    size = np.where(detected, head_size, 1.0)
    pairs, pair_weight = _facing_pairs(known, size, tuning)
    gaze, gaze_precision = gaze_from_scores(scores, tuning.gaze_score)
    if counted is not None:
        weight *= counted
        pair_weight = pair_weight * counted[:, pairs].all(axis=2)
        gaze_precision *= counted[:, (*LIDS, *IRIS_CENTRES)].all(axis=1, keepdims=True)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=dtype, device=device)

    return Observations(
        pixels=tensor(pixels),
        weight=tensor(weight),
        noise=tensor(tuning.landmark_sigma * size),
        metric=tensor(_contour_metric(pixels, tuning.contour_slide)),
        contour=torch.as_tensor(names.FACE_OVAL, device=device),
        pairs=torch.as_tensor(pairs, device=device),
        pair_weight=tensor(pair_weight * detected[:, None]),
        lip_gap=tensor(largest_gaps(points, size, float(eye_distance(model.template.cpu().numpy()[None])[0]))),
        jaw_precision=tensor(jaw_precision(points, scores, size)),
        gaze=tensor(gaze),
        gaze_precision=tensor(gaze_precision),
    )


def _weights(points: np.ndarray, known: np.ndarray, tuning: Tuning) -> np.ndarray:
    """Return the weight of each landmark by its group (T, 478); an iris counts as far as it is steady and seen."""
    weight = np.repeat((group_weights(tuning) * known * tuning.evidence)[None], len(points), axis=0)
    weight[:, IRIS_CENTRES] *= steadiness(points, eye_distance(points)) * _iris_visibility(points)
    return weight


def where_counted(points: np.ndarray, counted: NDArray[np.bool_] | None) -> np.ndarray:
    """Return points (T, 478, 2 or 3), NaN those that do not count: what is measured on them is not known then."""
    return points if counted is None else np.where(counted[..., None], points, np.nan)


def _facing_pairs(known: np.ndarray, size: np.ndarray, tuning: Tuning) -> tuple[np.ndarray, np.ndarray]:
    """Return the facing points of lids and lips (P, 2), and the weights of their openings (T, P)."""
    pairs = np.array(LID_PAIRS + LIP_PAIRS)
    aperture = np.repeat([tuning.lid_aperture, tuning.lip_aperture], [len(LID_PAIRS), len(LIP_PAIRS)])
    return pairs, tuning.evidence * known[pairs].all(axis=1) / np.square(aperture * size[:, None])


def _iris_visibility(points: np.ndarray) -> np.ndarray:
    """Return how far the lids leave the right and the left iris free (T, 2), 0 to 1, of points (T, 478, 2 or 3)."""
    return np.nan_to_num((openings(points) - HIDDEN) / (FREE - HIDDEN)).clip(0, 1)


def _contour_metric(pixels: np.ndarray, slide: float) -> np.ndarray:
    """Return (T, C, 2, 2) that keeps an error across the contour and weakens one along it: contour points slide."""
    loop = pixels[:, list(names.FACE_OVAL)]
    tangent = np.roll(loop, -1, axis=1) - np.roll(loop, 1, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
    outer = tangent[..., :, None] * tangent[..., None, :]
    return np.eye(2) - (1 - np.sqrt(slide)) * outer
