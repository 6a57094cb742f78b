"""Lays the built-in head onto another head: similarity, landmarks, then the surface, smoothly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from ...arrays import Floats, Integers, Mask
from ...names import FACE_LANDMARKS
from ..channels import INDEX
from .arkit_head import ArkitHead, arkit_head
from .mesh import Mesh, similarity
from .nearest import SurfacePoints, nearest_points
from .sides import SEEDS, may_touch, sides_of
from .warp import Warp, local_frames

_PARTING: Final = 0.05
"""jawOpen at which the source's lips, which lie on each other at rest, are apart enough for a warp of space."""
_ROUNDS: Final = 6
_FARTHEST: Final = 0.012
"""Metres from which the surface is no longer taken for the same part of the face."""
_SMOOTHING: Final = 8
_EVERY_ANCHOR: Final = 40
_ANCHORS: Final = 0.1
"""How little the back of the head counts that is taken to be as the built-in head's: landmarks in front say nothing of
it, and a warp that follows them alone makes heads flat."""


@dataclass(frozen=True)
class Registration:
    """The built-in head laid onto a target. All positions are in the built-in head's size and axes.

    Attributes:
        target: The target's triangles.
        scale, rotation, shift: The target's own positions are ``scale * rotation @ position + shift``.
        warped: Positions of the built-in head's vertices on the target (S, 3).
        frames: What takes the built-in head's displacements to the target (S, 3, 3).
        source_sides, target_sides: As in `sides` (S,), (V,).
        miss: Distance of the laid face from the target's surface: median and 95th percentile over it, metres.
    """

    target: Mesh
    scale: float
    rotation: Floats
    shift: Floats
    warped: Mesh
    frames: Floats
    source_sides: Integers
    target_sides: Integers
    miss: tuple[float, float]


@lru_cache(maxsize=1)
def source_mesh() -> Mesh:
    """Return the built-in head at rest."""
    head = arkit_head()
    return Mesh(head.neutral, head.faces)


@lru_cache(maxsize=1)
def source_sides() -> Integers:
    """Return the sides (S,) of the built-in head's vertices."""
    return sides_of(source_mesh(), {index: index for index in range(FACE_LANDMARKS)})


@lru_cache(maxsize=1)
def skin_of_source() -> Mask:
    """Return which vertices (S,) are skin, mouth and lids of the built-in head: all but eyeballs, teeth and tongue."""
    head = arkit_head()
    skin = np.ones(len(head.neutral), bool)
    for name in ("left_eyeball", "right_eyeball", "upper_teeth", "lower_teeth", "tongue"):
        skin[head.regions[name]] = False
    return skin


def nearest_of_side(
    points: Floats, normals: Floats, sides: Integers, mesh: Mesh, mesh_sides: Integers, allowed: Mask, reach: float
) -> SurfacePoints:
    """Return the nearest points of a mesh within a reach, on the same side of mouth and lids, facing the same way."""
    result = SurfacePoints(np.zeros(len(points), np.int64), np.zeros((len(points), 3)), np.full(len(points), np.inf))
    for side in np.unique(sides):
        rows = np.flatnonzero(sides == side)
        found = nearest_points(
            points[rows], mesh, allowed & may_touch(int(side), mesh_sides), normals[rows], 0.2, reach
        )
        result.triangle[rows], result.barycentric[rows] = found.triangle, found.barycentric
        result.distance[rows] = found.distance
    return result


def _seeds(warped: Floats, target: Mesh, allowed: Mask) -> dict[int, int]:
    """Return the target's vertex next to each landmark from which the sides of slits are measured."""
    numbers = np.array(SEEDS)
    normals = source_mesh().moved(warped).normals[numbers]
    found = nearest_points(warped[numbers], target, allowed, normals, 0.3, _FARTHEST)
    corners = target.faces[found.triangle]
    vertices = corners[np.arange(len(numbers)), found.barycentric.argmax(axis=1)]
    near = np.isfinite(found.distance)
    return dict(zip(numbers[near].tolist(), vertices[near].tolist(), strict=True))


def laid_on_surface(
    head: ArkitHead, warped: Floats, target: Mesh, target_sides: Integers, allowed: Mask
) -> tuple[Floats, tuple[float, float]]:
    """Return the positions with the face laid on the target's surface, and how far it was off at the end."""
    rest = source_mesh()
    face = np.union1d(head.regions["face"], head.regions["neck"])
    distance = np.zeros(0)
    for _ in range(_ROUNDS):
        mesh = rest.moved(warped)
        points = nearest_of_side(
            warped[face], mesh.normals[face], source_sides()[face], target, target_sides, allowed, 2 * _FARTHEST
        )
        goal = points.values_of(target.faces, target.vertices)
        facing = points.values_of(target.faces, target.normals)
        near = (points.distance < _FARTHEST) & ((facing * mesh.normals[face]).sum(axis=1) > 0.3)
        distance = np.minimum(points.distance, 2 * _FARTHEST)
        step = np.zeros_like(warped)
        step[face[near]] = (goal - warped[face])[near]
        warped = warped + _spread(rest, step, face[near])
    distance = distance[np.isin(face, head.regions["face"])]
    return warped, (float(np.median(distance)), float(np.percentile(distance, 95)))


def _spread(mesh: Mesh, step: Floats, certain: Integers) -> Floats:
    """Return steps smoothed over the mesh; those that are not certain follow their neighbours."""
    weight = np.zeros(len(mesh))
    weight[certain] = 1.0
    for _ in range(_SMOOTHING):
        step = 0.5 * (step + mesh.mean_of_neighbours(step))
        weight = 0.5 * (weight + mesh.mean_of_neighbours(weight))
    return step / np.maximum(weight, 0.35)[:, None]


def register(target: Mesh, landmarks: Integers, positions: Floats, allowed: Mask) -> Registration:
    """Lay the built-in head onto a target.

    Args:
        target: Its mesh, in its own size and axes.
        landmarks: Numbers of the landmarks that are known on it (N,), at least six and not in one plane.
        positions: Where they are (N, 3).
        allowed: Vertices (V,) of its skin, mouth and lids.
    """
    head, rest = arkit_head(), source_mesh()
    scale, rotation, shift = similarity(positions, rest.vertices[landmarks])
    sized = target.moved(scale * target.vertices @ rotation.T + shift)
    goals = scale * positions @ rotation.T + shift
    parted = rest.vertices + _PARTING * head.displacements[..., INDEX["jawOpen"]]
    anchors = np.concatenate(
        [head.regions[name][::_EVERY_ANCHOR] for name in ("left_ear", "right_ear", "scalp", "neck")]
    )
    warp = Warp(
        np.concatenate([parted[landmarks], rest.vertices[anchors]]),
        np.concatenate([goals, rest.vertices[anchors]]),
        np.concatenate([np.zeros(len(landmarks)), np.full(len(anchors), _ANCHORS)]),
    )
    warped = warp(parted)
    sides = sides_of(sized, _seeds(warped, sized, allowed))
    warped, miss = laid_on_surface(head, warped, sized, sides, allowed)
    mesh = rest.moved(warped)
    frames = local_frames(rest, mesh, head.regions["face"])
    return Registration(sized, scale, rotation, shift, mesh, frames, source_sides(), sides, miss)
