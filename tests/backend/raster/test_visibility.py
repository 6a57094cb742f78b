"""Visibility by depth: a small square before a wall, looked at straight on."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.camera import Intrinsics, project
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.raster.visibility import FAR, VisibilityLimits, depth_bounds, facing, is_unobstructed, visibility

CAMERA = Intrinsics.centred(101, 101, 100.0)
LIMITS = VisibilityLimits(behind=0.005, hidden=0.2, clear=0.6, beside=5, step=0.03)
PIXEL = 0.01
"""Metres across a pixel of the wall, which is a metre away."""


def square(half: float, depth: float) -> np.ndarray:
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    return np.array([(x, y, depth) for x, y in corners])


def depth_of_scene() -> np.ndarray:
    """The wall fills the middle 81 pixels of the picture, the square before it the middle 23 or so."""
    vertices = np.concatenate([square(0.4, 1.0), square(0.1, 0.9)])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    return NumbaRasterizer(threads=1).rasterize(vertices, faces, CAMERA).depth


def seen(points: list[tuple[float, float, float]], limits: VisibilityLimits = LIMITS) -> list[bool]:
    places = np.array(points)
    return is_unobstructed(places, project(places, CAMERA), depth_of_scene(), limits).tolist()


def test_points_before_a_surface_are_seen_and_points_behind_one_are_not() -> None:
    assert seen([(0.25, 0.0, 1.0), (0.0, 0.0, 0.9), (0.0, 0.0, 1.0)]) == [True, True, False]


def test_a_point_may_lie_behind_the_nearest_surface_by_the_limit_alone() -> None:
    assert seen([(0.25, 0.0, 1.004), (0.25, 0.0, 1.006)]) == [True, False]


def test_points_beside_an_outline_are_not_seen_where_outlines_matter() -> None:
    beside_the_background = (0.4 - PIXEL, 0.0, 1.0)
    without = VisibilityLimits(behind=0.005, hidden=0.2, clear=0.6)
    assert seen([beside_the_background]) == [False]
    assert seen([beside_the_background], without) == [True]


def test_the_rim_of_a_picture_shows_nothing_where_it_is_excluded() -> None:
    wide = VisibilityLimits(behind=0.005, hidden=0.2, clear=0.6, border=40)
    assert seen([(0.2, 0.0, 1.0)]) == [True]
    assert seen([(0.2, 0.0, 1.0)], wide) == [False]


def test_points_beside_the_picture_and_behind_the_camera_are_not_seen() -> None:
    points = np.array([(0.9, 0.0, 1.0), (0.0, 0.0, -1.0)])
    assert not is_unobstructed(points, project(points, CAMERA, nearest=0.01), depth_of_scene(), LIMITS).any()


@pytest.mark.parametrize(("cosine", "expected"), [(-1.0, 0.0), (0.2, 0.0), (0.4, 0.5), (0.6, 1.0), (1.0, 1.0)])
def test_visibility_rises_evenly_between_the_two_angles(cosine: float, expected: float) -> None:
    assert facing(np.array(cosine), LIMITS) == pytest.approx(expected)
    point = np.array([[0.25, 0.0, 1.0]])
    view = -point / np.linalg.norm(point)
    across = np.cross(view, (0.0, 1.0, 0.0)) / np.linalg.norm(np.cross(view, (0.0, 1.0, 0.0)))
    normal = 3 * (cosine * view + np.sqrt(1 - cosine**2) * across)
    found = visibility(point, normal, project(point, CAMERA), depth_of_scene(), LIMITS)
    assert found == pytest.approx([expected])


def test_bounds_of_depth_reach_over_neighbours_and_take_nothing_as_far() -> None:
    depth = np.full((5, 5), 2.0, dtype=np.float32)
    depth[2, 2], depth[0, 0] = 1.0, np.inf
    nearest, furthest = depth_bounds(depth, around=3, beside=3)
    assert nearest[1, 1] == 1 and nearest[0, 4] == 2 and nearest[4, 4] == 2
    assert furthest[1, 1] == FAR and furthest[3, 3] == 2
    alone, _ = depth_bounds(depth, around=1, beside=1)
    assert alone[2, 2] == 1 and alone[1, 1] == 2 and alone[0, 0] == FAR
