"""MediaPipe's 478 landmarks on a FLAME template: from files beside the model where they tell, else by registration."""

from __future__ import annotations

import numpy as np

from ..contract.names import LANDMARKS, LEFT_IRIS, RIGHT_IRIS
from .geometry import eyeballs, fitted_sphere, nearest_on_mesh
from .model import Floats, Integers, LandmarkEmbedding
from .registration import registered_face
from .side_files import SideFiles

IRIS_RADIUS = 0.0059
"""Metres; the visible iris is 11.7 mm wide with little variation between people (Rüfer et al., Cornea 2005)."""


def embed_landmarks(
    template: Floats, faces: Integers, weights: Floats, side: SideFiles, sha256: str
) -> LandmarkEmbedding:
    """Return where the landmarks lie on a template (V, 3) with triangles (F, 3).

    Raises:
        MeshProblem: the template has no eyeballs, or no face where one is expected.
    """
    points = registered_face(template, faces)
    left, right = eyeballs(template, faces)
    ball = np.zeros(len(template), dtype=bool)
    ball[left] = ball[right] = True
    skin_triangles = np.flatnonzero(~ball[faces].any(axis=1))
    triangle = np.zeros(LANDMARKS, dtype=np.int64)
    barycentric = np.zeros((LANDMARKS, 3))
    hit, place, _ = nearest_on_mesh(points, template, faces[skin_triangles])
    triangle[: len(points)], barycentric[: len(points)] = skin_triangles[hit], place
    for indices, vertices in ((LEFT_IRIS, left), (RIGHT_IRIS, right)):
        on_ball = np.zeros(len(template), dtype=bool)
        on_ball[vertices] = True
        ball_triangles = np.flatnonzero(on_ball[faces].all(axis=1))
        hit, place, _ = nearest_on_mesh(iris_points(template[vertices]), template, faces[ball_triangles])
        triangle[list(indices)], barycentric[list(indices)] = ball_triangles[hit], place
    return LandmarkEmbedding(triangle, barycentric, np.ones(LANDMARKS, dtype=bool), "registered")


def iris_points(ball: Floats) -> Floats:
    """Return the centre of the iris and four points of its ring (5, 3) on an eyeball that looks along +Z.

    MediaPipe's order after the centre: towards -x in the picture's right ... see `names.RIGHT_IRIS`.
    """
    centre, radius = fitted_sphere(ball)
    depth = np.sqrt(radius**2 - IRIS_RADIUS**2)
    ring = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) * IRIS_RADIUS
    points = np.concatenate([[[0, 0, radius]], np.column_stack([ring, np.full(4, depth)])])
    return centre + points
