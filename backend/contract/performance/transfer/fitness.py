"""Reasons why a mesh gets no shapes: it is no face, or its landmarks lie elsewhere."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array, Floats, Integers, Mask
from ...failure import Failure
from .arkit_head import arkit_head
from .lips import Mouth
from .mesh import similarity
from .registration import Registration, source_mesh
from .sides import LOWER_LIP, NEITHER, UPPER_LIP

FEWEST: Final = 8
"""Landmarks without which the head's size, pose and proportions are not certain."""
_FEWEST_VERTICES: Final = 400
"""Of skin near the face; a lip is then two or three vertices high."""
_WORST_START: Final = 0.28
"""Residual of the landmarks against a human face's, as part of their spread."""
_WORST_MISS: Final = (0.0025, 0.009)
"""Median and 95th percentile, metres, of the laid face's distance from the mesh."""
_WORST_FOLDED: Final = 0.04
"""Part of the face's triangles that may point the wrong way."""


def start_problem(vertices: Array, faces: Array, numbers: Integers, positions: Floats) -> Failure | None:
    """Return why shapes cannot even be begun for a mesh and its landmarks, or None."""
    if len(faces) < _FEWEST_VERTICES:
        return Failure(
            "mesh-too-coarse",
            f"The mesh has only {len(faces)} triangles, too few for lips and lids.",
            "Choose the head's mesh itself, without a Decimate modifier.",
        )
    if not np.isfinite(vertices).all():
        return Failure("mesh-not-finite", "The mesh has vertices at no valid position.", "Repair the mesh first.")
    if len(numbers) < FEWEST:
        return Failure(
            "landmarks-few", f"Only {len(numbers)} landmarks are on the mesh.", f"Place at least {FEWEST} of them."
        )
    source = arkit_head().neutral[numbers]
    scale, rotation, shift = similarity(source, positions)
    residual = np.sqrt(((scale * source @ rotation.T + shift - positions) ** 2).sum(axis=1).mean())
    spread = np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean())
    if scale <= 0 or spread <= 0 or residual > _WORST_START * spread:
        return Failure(
            "landmarks-no-face",
            "The landmarks do not form a face: they are too far from where a face has them.",
            "Check that left and right are the character's own, and that each point is on the feature that it names.",
        )
    return None


def registration_problem(registration: Registration, skin: Mask, mouth: Mouth) -> Failure | None:
    """Return why a head that was laid onto a mesh does not fit it, or None."""
    head, target = arkit_head(), registration.target
    face = registration.warped.vertices[head.regions["face"]]
    inside = ((target.vertices > face.min(axis=0)) & (target.vertices < face.max(axis=0))).all(axis=1) & skin
    if inside.sum() < _FEWEST_VERTICES:
        return Failure(
            "mesh-too-coarse",
            f"The face has only {int(inside.sum())} vertices, too few for lips and lids.",
            "Subdivide the mesh, or apply its Subdivision modifier, and try again.",
        )
    median, most = registration.miss
    if median > _WORST_MISS[0] or most > _WORST_MISS[1]:
        return Failure(
            "mesh-no-face",
            f"The mesh is not shaped like a face: its surface is {median * 1e3:.1f} mm off in the middle and "
            f"{most * 1e3:.0f} mm at worst.",
            "Check the points, and that the mesh has the skin of the face.",
        )
    if _folded(registration) > _WORST_FOLDED:
        return Failure(
            "mesh-folded",
            "The face could not be laid onto the mesh without folds.",
            "Check that the points are where their names say, above all at the eyes and the mouth.",
        )
    return _mouth_problem(registration, skin, mouth)


def _folded(registration: Registration) -> float:
    """Return the part of the face's triangles that point away from where they did."""
    head = arkit_head()
    on_face = np.zeros(len(head.neutral), bool)
    on_face[head.regions["face"]] = True
    triangles = head.faces[on_face[head.faces].all(axis=1)]

    def normals(points: Floats) -> Floats:
        corner = points[triangles]
        return np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])

    before, after = normals(source_mesh().vertices), normals(registration.warped.vertices)
    area = np.linalg.norm(before, axis=1)
    return float(area[(before * after).sum(axis=1) < 0].sum() / area.sum())


def _mouth_problem(registration: Registration, skin: Mask, mouth: Mouth) -> Failure | None:
    """Return why the mouth cannot open: its lips are one surface, or edges there have more than two faces."""
    mesh, sides = registration.target, registration.target_sides
    along, height, depth = mouth.position_of(mesh.vertices)
    near = skin & (np.abs(along) < 0.5) & (np.abs(height) < 0.02) & (np.abs(depth) < 0.025)
    front = near & (np.abs(height) < 0.012) & (mesh.normals[:, 2] > 0.3)
    # From the front of a lip the way to the other one is around a corner; if it is shorter, the two are one surface.
    one, other = mesh.edges.T
    joined = front[one] & front[other] & (sides[one] + sides[other] == UPPER_LIP + LOWER_LIP)
    if joined.any() or (front & (sides == NEITHER)).any():
        return Failure(
            "mouth-closed-surface",
            "The lips of the mesh are one surface, so the mouth cannot open.",
            "Cut the mesh between the lips and give it an inside of the mouth.",
        )
    chosen = mesh.faces[near[mesh.faces].all(axis=1)]
    pairs = np.sort(np.concatenate([chosen[:, [0, 1]], chosen[:, [1, 2]], chosen[:, [2, 0]]]), axis=1)
    _, count = np.unique(pairs, axis=0, return_counts=True)
    if (count > 2).any():
        return Failure(
            "mouth-not-manifold",
            "Around the mouth, edges of the mesh have more than two faces.",
            "Remove doubled faces there (in Edit Mode: Select > All by Trait > Non Manifold) and try again.",
        )
    return None
