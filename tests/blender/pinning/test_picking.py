"""A click meets the nearest triangle, and the point of it that is seen there."""

import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics, project
from flame_extension.blender_flame_tracker.pinning.picking import pick_point

CAMERA = Intrinsics.centred(640, 480, 700.0)
NEAR = np.array([[-0.1, -0.1, 1.0], [0.2, -0.1, 2.0], [-0.1, 0.2, 1.5]])
FAR = NEAR * 3.0
POINTS = np.concatenate([FAR, NEAR])
FACES = np.array([[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("shares", [(0.2, 0.5, 0.3), (0.9, 0.05, 0.05), (1 / 3, 1 / 3, 1 / 3)])
def test_the_point_that_is_picked_is_the_one_seen_there_also_on_a_slanted_triangle(shares):
    pixel = project(np.array(shares) @ NEAR, CAMERA)
    picked = pick_point(POINTS, FACES, CAMERA, tuple(pixel))
    assert picked.triangle == 1 and np.allclose(picked.barycentric, shares, atol=1e-9)


def test_what_is_hidden_is_not_picked():
    pixel = tuple(project(NEAR.mean(axis=0), CAMERA))
    assert pick_point(POINTS, FACES[::-1], CAMERA, pixel).triangle == 0


def test_a_click_beside_the_mesh_picks_nothing():
    assert pick_point(POINTS, FACES, CAMERA, (5.0, 470.0)) is None


def test_triangles_behind_the_camera_are_passed_over():
    behind = POINTS * (1, 1, -1)
    assert pick_point(behind, FACES, CAMERA, (320.0, 240.0)) is None
