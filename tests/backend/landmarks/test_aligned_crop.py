"""Aligned pictures: the square, the cameras of crops and views, light and texture codes."""

from __future__ import annotations

import numpy as np
import pytest
from portrait_clips import background

from backend.contract.camera import Intrinsics, project, rotation_matrices
from backend.head.albedo.albedo_space import MODES, built_in_space
from backend.head.builtin import builtin_head
from backend.landmarks.aligned_crop import cut, cut_view, dlib68, ffhq_region
from backend.landmarks.crop import Region, apply
from backend.landmarks.crop_camera import (
    angle_of_view,
    corner_affine,
    crop_in_full_frame,
    from_six_dof,
    full_frame_in_crop,
    six_dof,
    square_camera,
    view_of,
)
from backend.raster.normals import vertex_normals
from backend.render.lit_head import lit_head
from backend.render.picture_light import FACTORS, Lit, basis, estimate_light, shaded

FRONTAL = np.diag([1.0, -1.0, -1.0])


def some_rotation(seed: int) -> np.ndarray:
    return FRONTAL @ rotation_matrices(np.random.default_rng(seed).normal(scale=0.4, size=3))


def points68(angle: float) -> np.ndarray:
    """A face of 100 pixels, turned clockwise by an angle in the picture."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48], points[48], points[54] = [-25, 0], [25, 0], [-18, 60], [18, 60]
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]]) + [200, 150]


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_the_aligned_square_is_ffhqs(angle: float) -> None:
    """The quadrilateral of FFHQ's own recipe, corner by corner: top left, bottom left, bottom right, top right."""
    points = points68(angle)
    eyes, mouth = points[36:48].mean(axis=0), (points[48] + points[54]) / 2
    across, down = points[42:48].mean(axis=0) - points[36:42].mean(axis=0), mouth - eyes
    x = across - np.flipud(down) * [-1, 1]
    x *= max(np.hypot(*across) * 2.0, np.hypot(*down) * 1.8) / np.hypot(*x)
    y, centre = np.flipud(x) * [-1, 1], eyes + 0.1 * down
    quad = np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])
    region = ffhq_region(points, 1.0)
    edges = apply(region.to_image(512), np.array([[-0.5, -0.5], [-0.5, 511.5], [511.5, 511.5], [511.5, -0.5]]))
    np.testing.assert_allclose(edges, quad, atol=1e-9)
    assert ffhq_region(points, 1.2).side == pytest.approx(1.2 * region.side)


def test_dlib_points_are_means_of_mediapipes() -> None:
    points = np.random.default_rng(0).normal(size=(478, 3))
    expected = [points[[132, 58]].mean(axis=0), points[[168, 6]].mean(axis=0), points[4]]
    np.testing.assert_allclose(dlib68(points)[[3, 27, 30]], expected)


def test_outside_of_the_picture_is_white() -> None:
    picture = np.zeros((100, 120, 3), np.uint8)
    crop = cut(picture, Region(0.0, 0.0, 200.0, 0.3), 64)
    assert crop[0, 0].tolist() == [255, 255, 255]
    assert crop[40, 40].tolist() == [0, 0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_six_numbers_are_the_camera(seed: int) -> None:
    rotation, translation = some_rotation(seed), np.array([0.02, -0.03, 0.9])
    again = from_six_dof(six_dof(rotation, translation))
    np.testing.assert_allclose(again[0], rotation, atol=1e-6)
    np.testing.assert_allclose(again[1], translation, atol=1e-6)


def test_a_camera_straight_ahead_has_no_angles_and_stands_in_front() -> None:
    np.testing.assert_allclose(six_dof(FRONTAL, np.array([0, 0, 1.0])), [0, 0, 0, 0, 0, 1], atol=1e-7)


def test_a_crop_in_the_full_frame_and_back_is_the_same_camera() -> None:
    region = Region(300.0, 210.0, 240.0, 0.4)
    rotation, translation = some_rotation(1), np.array([0.01, 0.02, 0.9])
    points = np.random.default_rng(2).normal(scale=0.1, size=(20, 3))
    crop = square_camera(512)
    inside = project(points @ rotation.T + translation, crop)
    full, turned, moved = crop_in_full_frame(region, crop, 640, 480, rotation, translation)
    outside = project(points @ turned.T + moved, full)
    np.testing.assert_allclose(outside, apply(region.to_image(512), inside), atol=1e-9)
    again, turn = full_frame_in_crop(region, 512, full)
    np.testing.assert_allclose(project((points @ turned.T + moved) @ turn.T, again), inside, atol=1e-9)
    assert again.focal_x == pytest.approx(crop.focal_x)


def test_a_view_sees_every_point_where_its_homography_says() -> None:
    camera = Intrinsics.centred(1280, 720, 1000.0)
    region = Region(950.0, 200.0, 260.0, -0.3)
    view = view_of(region, camera, 512)
    points = np.random.default_rng(3).normal(scale=0.1, size=(30, 3)) + np.array([0.3, -0.1, 1.0])
    pixels = np.concatenate([project(points, camera), np.ones((30, 1))], axis=1) @ view.homography.T
    np.testing.assert_allclose(project(points @ view.turn.T, view.intrinsics), pixels[:, :2] / pixels[:, 2:], atol=1e-8)
    np.testing.assert_allclose(view.turn @ view.turn.T, np.eye(3), atol=1e-12)
    centre = view.homography @ [950.0, 200.0, 1.0]
    np.testing.assert_allclose(centre[:2] / centre[2], [255.5, 255.5], atol=1e-9)
    assert 10 < angle_of_view(view.intrinsics) < 20


def test_a_view_straight_ahead_is_the_aligned_square() -> None:
    """In the middle of the picture turning the camera changes nothing, so both ways of cutting agree."""
    picture = background(600, 600, seed=4)
    region = Region(299.5, 299.5, 512.0, 0.0)
    view = view_of(region, Intrinsics.centred(600, 600, 1e5), 512)
    difference = cut_view(picture, view.homography).astype(int) - cut(picture, region)
    assert np.abs(difference[4:-4, 4:-4]).max() <= 2


def test_pixels_from_the_corner() -> None:
    matrix = Region(30.0, 20.0, 100.0, 0.5).to_image(50)
    point = np.array([12.0, 7.0])
    np.testing.assert_allclose(apply(corner_affine(matrix), point + 0.5), apply(matrix, point) + 0.5)


def test_light_of_a_rendered_head_is_found_again() -> None:
    head = builtin_head()
    space = built_in_space(head)
    camera, translation = square_camera(512), np.array([0.0, 0.0, 0.95])
    true = np.zeros((9, 3))
    true[:4] = np.array([[1.0, 1, 1], [0.35, 0.3, 0.3], [0.2, 0.2, 0.25], [0.3, 0.3, 0.3]]) * 0.45 / FACTORS[0]
    code = np.zeros(MODES)
    code[[0, 1]] = 0.8, -0.6
    picture, normals = rendered(head, space, true, code, camera, translation)
    skin = np.asarray(head.regions["face"])
    found = estimate_light(picture, camera, head.template, head.faces, FRONTAL, translation, space, skin)
    assert found.error < 0.02
    seen = skin[normals[skin, 2] > 0.4]
    wanted = space.albedo(code)[seen] * (basis(normals[seen]) @ true)
    assert np.abs(shaded(found, normals)[seen] - wanted).mean() < 0.015
    known = estimate_light(picture, camera, head.template, head.faces, FRONTAL, translation, space, skin, code)
    np.testing.assert_array_equal(known.code, code)


def rendered(head, space, light, code, camera, translation) -> tuple[np.ndarray, np.ndarray]:
    normals = vertex_normals(head.template, head.faces)
    lit = Lit(light, code, space.albedo(code), 0.0, 0)
    colour, cover = lit_head(camera, head.template, head.faces, FRONTAL, translation, lit)
    return np.rint(255 * colour * cover[..., None]).astype(np.uint8), normals


def test_a_black_picture_gives_neutral_light() -> None:
    head = builtin_head()
    space = built_in_space(head)
    black = np.zeros((64, 64, 3), np.uint8)
    skin = np.asarray(head.regions["face"])
    place = (head.template, head.faces, FRONTAL, np.array([0.0, 0.0, 1.0]))
    found = estimate_light(black, square_camera(64), *place, space, skin)
    np.testing.assert_allclose(basis(np.array([[0.0, 0, 1]])) @ found.light, 1.0)
