"""People of FLAME 2023 Open's identity space, brought into correspondence with the built-in head, for comparison only.

FLAME 2023 Open: Li, Bolkart, Black, Li, Romero 2017, CC BY 4.0; its coefficients are in standard deviations of the
thousands of scans from which it was made. Nothing of it is in the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csc_matrix, diags
from scipy.sparse.linalg import splu

from ...contract import names
from ...contract.arrays import Floats, Integers
from ...contract.failure import Failure
from ...head.builtin.deformation import laplacian
from ...head.ears import ear_outlines
from ...head.embedding.landmark_embedding import measured_surface_points
from ...head.geometry import nearest_on_mesh, similarity
from ...head.model import HeadModel, LandmarkEmbedding
from ...head.regions import derive_regions
from ...raster.normals import vertex_normals

FILE: Final = "flame_open/flame2023open_identity60_only.npz"
SKIN: Final = ("face", "neck", "scalp", "left_ear", "right_ear")
STIFFNESS: Final = (1e2, 1e2, 3e1, 1e1, 3.0, 1.0, 1.0)
"""Weight of the surface's bending in each round of the registration, against millimetres."""
MARKS: Final = (1.0, 1.0, 0.5, 0.3, 0.1, 0.05, 0.05)
"""Weight of landmarks and outlines of the ears in each round: they bring the surfaces near, which then decide."""
NEAR, MARKED = 0.003, 0.002
"""Standard deviation of a place on the surface, and of a landmark, metres."""
FACING: Final = 0.5
"""Least cosine between the normals of two places that may belong together."""


@dataclass(frozen=True)
class People:
    """FLAME's mean (V, 3), triangles (F, 3) and identity modes (V, 3, I), metres."""

    template: Floats
    faces: Integers
    modes: Floats

    def person(self, random: np.random.Generator) -> Floats:
        """Return the vertices (V, 3) of a random person of the space."""
        return self.template + self.modes @ random.standard_normal(self.modes.shape[2])


@dataclass(frozen=True)
class Correspondence:
    """For vertices of the built-in head (N,) the places on FLAME's mesh: corners (N, 3) and barycentric (N, 3)."""

    vertices: Integers
    corners: Integers
    barycentric: Floats

    def places(self, vertices: Floats) -> Floats:
        """Return the places (N, 3) on a FLAME head (V, 3)."""
        return np.einsum("nk,nkc->nc", self.barycentric, vertices[self.corners])


def flame_people(data: Path) -> People | Failure:
    """Return FLAME 2023 Open's identities from the shared data."""
    path = data / FILE
    if not path.is_file():
        return Failure("no-people", f"FLAME 2023 Open ({FILE}) is not there.", "Give --data.")
    with np.load(path, allow_pickle=False) as file:
        return People(
            file["v_template"].astype(np.float64), file["faces"].astype(np.int64), file["shapedirs"].astype(np.float64)
        )


def correspondence(head: HeadModel, people: People) -> Correspondence:
    """Return where the built-in head's skin lies on FLAME's: landmarks and ears first, then closest points.

    The built-in head is bent onto FLAME's mean as little as that allows, in rounds of falling stiffness; places whose
    normals disagree are left to the bending alone.
    """
    embedding = _landmarks(people)
    regions = derive_regions(people.template, people.faces, embedding)
    balls = np.concatenate([regions["left_eyeball"], regions["right_eyeball"]])
    outside = people.faces[~np.isin(people.faces, balls).any(axis=1)]
    skin = np.unique(np.concatenate([head.regions[name] for name in SKIN]))
    points, marked, goals = _aligned(head, people, embedding, regions)
    bending = _bending(points, head.faces[np.isin(head.faces, skin).all(axis=1)])
    normals = vertex_normals(people.template, people.faces)
    moved = points.copy()
    for stiffness, mark in zip(STIFFNESS, MARKS, strict=True):
        triangle, barycentric, _ = nearest_on_mesh(moved[skin], people.template, outside)
        place = Correspondence(skin, outside[triangle], barycentric)
        facing = (vertex_normals(moved, head.faces)[skin] * place.places(normals)).sum(axis=1) > FACING
        weight, pull = np.full(len(points), 1e-3), np.zeros_like(points)
        weight[skin] += facing / NEAR**2
        pull[skin] += (facing / NEAR**2)[:, None] * (place.places(people.template) - points[skin])
        np.add.at(weight, marked, mark / MARKED**2)
        np.add.at(pull, marked, mark / MARKED**2 * (goals - points[marked]))
        moved = points + splu(csc_matrix(stiffness * bending + diags(weight))).solve(pull)
    triangle, barycentric, _ = nearest_on_mesh(moved[skin], people.template, outside)
    return Correspondence(skin, outside[triangle], barycentric)


def _landmarks(people: People) -> LandmarkEmbedding:
    places = measured_surface_points(people.faces, len(people.template))
    if places is None:
        raise ValueError("the file's mesh is not FLAME's")
    triangle, barycentric = np.zeros(names.LANDMARKS, np.int64), np.zeros((names.LANDMARKS, 3))
    triangle[: names.FACE_LANDMARKS], barycentric[: names.FACE_LANDMARKS] = places
    return LandmarkEmbedding(triangle, barycentric, np.ones(names.LANDMARKS, np.bool_), "measured")


def _aligned(
    head: HeadModel, people: People, embedding: LandmarkEmbedding, regions: dict[str, Integers]
) -> tuple[Floats, Integers, Floats]:
    """Return the built-in head (V, 3) laid on FLAME's mean by its landmarks, vertices (M,), and their goals (M, 3)."""
    face = slice(names.FACE_LANDMARKS)  # the first vertices of the built-in head are these landmarks
    goals = np.einsum(
        "nk,nkc->nc", embedding.barycentric[face], people.template[people.faces[embedding.triangle[face]]]
    )
    scale, rotation, shift = similarity(head.template[face], goals)
    marked, places = [np.arange(names.FACE_LANDMARKS)], [goals]
    ours, theirs = ear_outlines(head.template, head.regions), ear_outlines(people.template, regions)
    if ours is not None and theirs is not None:
        marked += [outline.start for outline in ours]
        places += [outline.positions(people.template) for outline in theirs]
    return scale * head.template @ rotation.T + shift, np.concatenate(marked), np.concatenate(places)


def _bending(points: Floats, triangles: Integers) -> csc_matrix:
    stiffness, area = laplacian(points, triangles)
    return csc_matrix(stiffness @ diags(1.0 / area) @ stiffness)
