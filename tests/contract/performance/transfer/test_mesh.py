"""Triangle meshes without the engine."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.performance.transfer.arkit_head import arkit_head
from backend.contract.performance.transfer.mesh import Mesh, fitted_sphere, similarity
from backend.contract.performance.transfer.nearest import nearest_points
from backend.contract.performance.transfer.sides import LOWER_LIP, UPPER_LIP, sides_of


@pytest.fixture(scope="module")
def head() -> Mesh:
    return Mesh(arkit_head().neutral, arkit_head().faces)


def test_pieces_are_what_hangs_together(head: Mesh) -> None:
    pieces = head.pieces()
    regions = arkit_head().regions
    for name in ("left_eyeball", "right_eyeball", "tongue"):
        assert len(np.unique(pieces[regions[name]])) == 1
        assert np.isin(np.flatnonzero(pieces == pieces[regions[name][0]]), regions[name]).all()


def test_the_way_along_the_surface_from_lip_to_lip_goes_around_the_corner(head: Mesh) -> None:
    distance = head.distances_from(np.array([13]), 0.2)
    assert np.linalg.norm(head.vertices[13] - head.vertices[14]) < 1e-6
    assert 0.03 < distance[14] < 0.07


def test_lips_that_lie_on_each_other_are_on_two_sides(head: Mesh) -> None:
    sides = sides_of(head, {index: index for index in range(468)})
    rim = arkit_head().bag_rings[0]
    assert (sides[rim[3:18]] == LOWER_LIP).all()
    assert (sides[rim[23:38]] == UPPER_LIP).all()


def test_points_on_the_surface_are_found_where_they_are(head: Mesh) -> None:
    random = np.random.default_rng(0)
    triangles = random.integers(0, len(head.faces), 300)
    weights = random.dirichlet((1, 1, 1), 300)
    points = np.einsum("nk,nkc->nc", weights, head.vertices[head.faces[triangles]])
    found = nearest_points(points, head, np.ones(len(head), bool))
    assert np.percentile(found.distance, 98) < 1e-9
    assert found.distance.max() < 3e-3  # long thin triangles of the scalp, whose corners are all far
    np.testing.assert_allclose(
        np.linalg.norm(found.values_of(head.faces, head.vertices) - points, axis=1), found.distance, atol=1e-12
    )


def test_nothing_is_found_where_nothing_is_allowed(head: Mesh) -> None:
    found = nearest_points(head.vertices[:3], head, np.zeros(len(head), bool))
    assert np.isinf(found.distance).all()


def test_a_sphere_and_a_similarity_are_measured_exactly() -> None:
    points = np.random.default_rng(1).normal(size=(40, 3))
    sphere = points / np.linalg.norm(points, axis=1, keepdims=True) * 0.7 + (1.0, 2.0, 3.0)
    centre, radius = fitted_sphere(sphere)
    np.testing.assert_allclose([*centre, radius], [1.0, 2.0, 3.0, 0.7], atol=1e-9)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    scale, rotation, shift = similarity(points, 3.0 * points @ turn.T + (1.0, 0.0, -2.0))
    np.testing.assert_allclose(rotation, turn, atol=1e-9)
    np.testing.assert_allclose([scale, *shift], [3.0, 1.0, 0.0, -2.0], atol=1e-9)
