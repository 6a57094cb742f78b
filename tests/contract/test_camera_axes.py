"""The camera: one place for every change of axes, checked against things one can see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backend.contract.camera import (
    BLENDER_FROM_OPENCV,
    BLENDER_WORLD_FROM_FLAME,
    Intrinsics,
    axis_angles,
    blender_head_to_camera,
    blender_lens,
    blender_points,
    focal_from_angle,
    focal_from_millimetres,
    project,
    quaternions,
    resized_points,
    rotation_matrices,
)

FACING = np.diag([1.0, -1.0, -1.0])
"""Head to camera of a head that looks into the camera, upright."""


def test_changes_of_axes_are_rotations() -> None:
    for matrix in (BLENDER_FROM_OPENCV, BLENDER_WORLD_FROM_FLAME):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3))
        assert np.linalg.det(matrix) == pytest.approx(1)


def test_the_middle_of_the_picture_is_between_its_middle_pixels() -> None:
    camera = Intrinsics.centred(640, 480, 500.0)
    np.testing.assert_allclose(project(np.array([0.0, 0.0, 2.0]), camera), [319.5, 239.5])


def test_pixels_keep_their_centres_when_a_picture_is_cut_out_scaled_and_resized() -> None:
    """Pixel c of a picture lies at (c + 0.5) s - 0.5 of one that is s times as large."""
    camera = Intrinsics(640, 480, 500.0, 490.0, 322.0, 236.5)
    point = np.array([[0.03, -0.02, 0.7]])
    pixel = project(point, camera)
    np.testing.assert_allclose(project(point, camera.cropped(10, 7, 200, 100)), pixel - (10, 7))
    np.testing.assert_allclose(project(point, camera.scaled(3)), (pixel + 0.5) * 3 - 0.5)
    np.testing.assert_allclose(project(point, camera.resized(160, 240)), (pixel + 0.5) * (0.25, 0.5) - 0.5)
    np.testing.assert_allclose(
        project(point, camera.resized(160, 240)), resized_points(pixel, camera, camera.resized(160, 240))
    )
    assert (camera.scaled(0.3).width, camera.scaled(0.3).height) == (192, 144)


def test_a_camera_scaled_to_whole_pixels_fits_the_picture_and_not_the_factor() -> None:
    """The edges of the picture stay its edges though 101 x 0.5 is no whole number of pixels."""
    small = Intrinsics.centred(101, 60, 80.0).scaled(0.5)
    assert (small.width, small.centre_x) == (50, 24.5)


def test_a_window_around_points_holds_them_and_ends_with_the_picture() -> None:
    camera = Intrinsics.centred(100, 80, 90.0)
    window = camera.window_around(np.array([[30.2, 40.0], [35.7, 41.9]]), margin=2)
    assert window == (28, 38, 10, 6)
    assert np.zeros((80, 100))[window.slices].shape == (6, 10)
    assert camera.window_around(np.array([[-50.0, 70.0], [3.5, 200.0]]), margin=1) == (0, 69, 5, 11)
    assert camera.window_around(np.array([[-50.0, 70.0], [3.5, 200.0]]), margin=1, least=6) is None
    assert camera.window_around(np.array([[-50.0, 70.0], [-40.0, 71.0]]), margin=3) is None


def test_points_behind_the_camera_have_pixels_where_a_nearest_depth_is_given() -> None:
    camera = Intrinsics.centred(100, 80, 90.0)
    points = np.array([[0.1, 0.0, -1.0], [0.1, 0.0, 0.5]])
    np.testing.assert_allclose(project(points, camera, nearest=0.01)[:, 0], [49.5 + 900, 49.5 + 18])


def test_a_head_in_front_of_the_camera_looks_as_in_a_mirrored_portrait() -> None:
    """The subject's left ear is on the right of the picture, and its cranium above its chin."""
    camera = Intrinsics.centred(640, 480, 500.0)
    left_ear, cranium, nose = np.array([[0.07, 0, 0], [0, 0.1, 0], [0, 0, 0.1]]) @ FACING.T + [0, 0, 0.6]
    assert project(left_ear, camera)[0] > 319.5
    assert project(cranium, camera)[1] < 239.5
    assert nose[2] < 0.6, "the nose is nearer than the ears"


def test_blender_head_space_looks_along_minus_y_with_z_up() -> None:
    left, up, out = np.eye(3)
    np.testing.assert_allclose(blender_points(left), [1, 0, 0])
    np.testing.assert_allclose(blender_points(up), [0, 0, 1])
    np.testing.assert_allclose(blender_points(out), [0, -1, 0])


def test_blender_and_opencv_see_the_same_point_in_the_same_pixel() -> None:
    """Project by Blender's own formula (lens, sensor, shift, camera looking along -Z) and compare."""
    random = np.random.default_rng(1)
    camera = Intrinsics(1280, 720, 910.0, 905.0, 655.25, 340.5)
    lens = blender_lens(camera)
    rotation = rotation_matrices(random.normal(size=3))
    translation = np.array([0.05, -0.02, 0.8])
    points = random.normal(scale=0.08, size=(50, 3))
    expected = project(points @ rotation.T + translation, camera)

    matrix = blender_head_to_camera(rotation, translation)
    seen = blender_points(points) @ matrix[:3, :3].T + matrix[:3, 3]
    width_at_one = lens.sensor_width / lens.lens
    aspect = lens.pixel_aspect_y / lens.pixel_aspect_x
    x = (seen[:, 0] / -seen[:, 2] / width_at_one - lens.shift_x) * camera.width + camera.width / 2 - 0.5
    y = camera.height / 2 - 0.5 - (seen[:, 1] / -seen[:, 2] / width_at_one - lens.shift_y) * camera.width / aspect
    np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=1e-9)


def test_focal_lengths_that_everyone_knows() -> None:
    assert focal_from_angle(90, 1000) == pytest.approx(500)
    assert focal_from_millimetres(36, 36, 1920) == 1920
    lens = blender_lens(Intrinsics.centred(1920, 1080, focal_from_millimetres(50, 36, 1920)))
    assert (lens.lens, lens.shift_x, lens.shift_y) == pytest.approx((50, 0, 0))


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 1e-6, 9.9e-5, 1.01e-4, 0.1, 2.0, math.pi - 1e-9, math.pi])
def test_rotations_come_back_at_every_size(angle: float) -> None:
    axis = np.array([2.0, -3.0, 6.0]) / 7
    matrix = rotation_matrices(axis * angle)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(rotation_matrices(axis_angles(matrix)), matrix, atol=1e-12)
    np.testing.assert_allclose(axis_angles(matrix), axis * angle, atol=1e-8)


def test_a_quarter_turn_by_hand() -> None:
    np.testing.assert_allclose(rotation_matrices(np.array([0, 0, math.pi / 2])) @ [1, 0, 0], [0, 1, 0], atol=1e-15)


def test_quaternions_never_jump_to_the_far_side() -> None:
    turning = np.stack([np.zeros(50), np.linspace(0, 4 * math.pi, 50), np.zeros(50)], axis=1)
    result = quaternions(axis_angles(rotation_matrices(turning)))
    assert (np.sum(result[1:] * result[:-1], axis=1) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(result, axis=1), 1)
