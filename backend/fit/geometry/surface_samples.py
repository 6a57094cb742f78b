"""Fixed points on the skin of a head, spread evenly, whose colour is compared from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...contract.arrays import Floats, Integers
from ...head.model import HeadModel, LandmarkEmbedding
from .landmark_model import LandmarkModel, landmark_model

SKIN: Final = ("face", "forehead")
NOT_SKIN: Final = ("left_eyeball", "right_eyeball", "mouth_inside", "teeth", "tongue")
"""Regions of a head: eyeballs turn by themselves, and light hardly reaches the inside of the mouth."""
UNDER_THE_NOSE: Final = 2
"""The landmark below which mouth, chin and jaw move more than any head model follows: on rendered people points
there pull the whole face."""


@dataclass(frozen=True)
class SurfaceSamples:
    """N points on a head.

    Attributes:
        triangle: Face index (N,).
        barycentric: Weights of its corners (N, 3).
    """

    triangle: Integers
    barycentric: Floats

    def __len__(self) -> int:
        return len(self.triangle)

    def at(self, values: Floats, faces: Integers) -> Floats:
        """Return values per vertex (V, ...) at the points (N, ...)."""
        return np.einsum("nk,nk...->n...", self.barycentric, values[faces[self.triangle]])


def vertices_of(head: HeadModel, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which vertices (V,) are in any of the named regions; a head need not have all of them."""
    result = np.zeros(head.vertex_count, dtype=bool)
    for name in names:
        result[head.regions.get(name, np.zeros(0, dtype=np.int64))] = True
    return result


def skin_faces(head: HeadModel) -> np.ndarray:
    """Return which triangles (F,) are neither eyeball nor inside of the mouth."""
    return ~vertices_of(head, NOT_SKIN)[head.faces].any(axis=1)


def choose_samples(head: HeadModel, count: int) -> SurfaceSamples:
    """Return `count` points, evenly spread by area over the skin of the upper face; the same for the same head."""
    inside = vertices_of(head, SKIN)
    if head.landmarks.known[UNDER_THE_NOSE]:
        corners = head.template[head.faces[head.landmarks.triangle[UNDER_THE_NOSE]]]
        inside &= head.template[:, 1] > (head.landmarks.barycentric[UNDER_THE_NOSE] @ corners)[1]
    triangles = np.flatnonzero(inside[head.faces].all(axis=1) & skin_faces(head))
    return spread_samples(head, triangles, count)


def spread_samples(head: HeadModel, triangles: Integers, count: int) -> SurfaceSamples:
    """Return `count` points, evenly spread by area over some triangles; the same for the same head."""
    corners = head.template[head.faces[triangles]]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    random = np.random.default_rng(0)
    quantile = (np.arange(count) + random.uniform(size=count)) / count
    chosen = triangles[np.searchsorted(np.cumsum(area) / area.sum(), quantile).clip(0, len(triangles) - 1)]
    first, second = np.sqrt(random.uniform(size=count)), random.uniform(size=count)
    weights = np.stack([1 - first, first * (1 - second), first * second], axis=1)
    return SurfaceSamples(chosen, weights.astype(np.float64))


def sample_model(head: HeadModel, samples: SurfaceSamples, landmarks: LandmarkModel) -> LandmarkModel:
    """Return the points of a head as the solver sees them, with the pivot of its landmarks: poses mean the same."""
    everywhere = LandmarkEmbedding(samples.triangle, samples.barycentric, np.ones(len(samples), dtype=bool), "samples")
    sampled = replace(head, landmarks=everywhere, detector_offsets=None)
    template = landmarks.template
    return replace(landmark_model(sampled, template.dtype, template.device), pivot=landmarks.pivot)


def points_of(model: LandmarkModel, index: Tensor) -> LandmarkModel:
    """Return the model of some of its points (M,) int64, ascending."""
    row = torch.full((model.points,), -1, dtype=torch.int64, device=index.device)
    row[index] = torch.arange(len(index), device=index.device)
    reach = tuple(row[points][row[points] >= 0] for points in model.reach)
    parts = {
        name: getattr(model, name)[index]
        for name in ("template", "identity", "expression", "correctives", "weights", "normals", "tangents", "known")
    }
    return replace(model, reach=reach, **parts)
