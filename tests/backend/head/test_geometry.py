"""Geometry of meshes: normals of a known shape, and motions that are found again."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.camera import rotation_matrices
from backend.head.geometry import rigid_motion, rigidly_aligned, similarity
from backend.raster.normals import vertex_normals

POINTS = np.random.default_rng(3).normal(size=(12, 3))
TURN = rotation_matrices(np.array([0.4, -1.2, 2.0]))


def test_a_rigid_motion_is_found_again() -> None:
    rotation, translation = rigid_motion(POINTS, POINTS @ TURN.T + (1.0, -2.0, 3.0))
    np.testing.assert_allclose(rotation, TURN, atol=1e-12)
    np.testing.assert_allclose(translation, (1.0, -2.0, 3.0), atol=1e-12)


def test_each_frame_is_aligned_by_itself() -> None:
    frames = np.stack([POINTS, 1.1 * POINTS @ TURN.T + 5])
    aligned = rigidly_aligned(frames, np.stack([POINTS, POINTS]))
    np.testing.assert_allclose(aligned[0], POINTS, atol=1e-12)
    np.testing.assert_allclose(aligned[1], 1.1 * (POINTS - POINTS.mean(axis=0)) + POINTS.mean(axis=0), atol=1e-12)


def test_a_mirror_image_is_turned_and_never_mirrored() -> None:
    rotation, _ = rigid_motion(POINTS, POINTS * (-1.0, 1.0, 1.0))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_a_similarity_is_found_again() -> None:
    scale, rotation, translation = similarity(POINTS, 0.7 * POINTS @ TURN.T + (0.1, 0.2, 0.3))
    assert scale == pytest.approx(0.7)
    np.testing.assert_allclose(rotation, TURN, atol=1e-12)
    np.testing.assert_allclose(translation, (0.1, 0.2, 0.3), atol=1e-12)


def test_normals_of_an_octahedron_point_outwards_and_a_lonely_vertex_has_none() -> None:
    corners = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [5, 5, 5]], dtype=float)
    upper = [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]
    faces = np.array([*upper, *((b, a, 5) for a, b, _ in upper)])
    np.testing.assert_allclose(vertex_normals(corners, faces)[:6], corners[:6])
    assert (vertex_normals(corners, faces)[6] == 0).all()
