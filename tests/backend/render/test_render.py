"""Rasteriser and overlay: coverage, perspective, near plane, and agreement with the project's own projection."""

from __future__ import annotations

import numpy as np
import pytest
from rasterizer_scenes import CAMERA, at_pixels, sphere

from backend.contract.camera import Intrinsics, project
from backend.raster.normals import facing_camera, vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.overlay import draw_head, draw_landmarks, head_look


def test_a_triangle_covers_the_pixels_whose_centres_it_contains():
    vertices = at_pixels([(9.5, 9.5), (19.5, 9.5), (9.5, 19.5)], 1.0)
    raster = NumbaRasterizer().rasterize(vertices, np.array([[0, 1, 2]]), CAMERA)
    y, x = np.mgrid[:60, :80]
    expected = (x >= 10) & (y >= 10) & (x + y <= 28)
    border = x + y == 29
    assert np.array_equal((raster.ids == 0)[~border], expected[~border])
    assert np.all(raster.barycentrics[raster.ids < 0] == 0)
    assert np.all(np.isinf(raster.depth[raster.ids < 0]))


def test_the_nearer_triangle_wins_whatever_the_order():
    near = at_pixels([(0, 0), (70, 0), (0, 50)], 1.0)
    far = at_pixels([(0, 0), (70, 0), (0, 50)], 2.0)
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    front = NumbaRasterizer().rasterize(np.concatenate([near, far]), faces, CAMERA)
    back = NumbaRasterizer().rasterize(np.concatenate([far, near]), faces, CAMERA)
    assert set(np.unique(front.ids)) == {-1, 0}
    assert set(np.unique(back.ids)) == {-1, 1}
    assert np.allclose(front.depth[front.ids == 0], 1.0)


@pytest.mark.parametrize("centre", [(40.0, 30.0), (40.5, 30.25), (39.5, 30.0)])
def test_a_closed_fan_covers_every_pixel_exactly_once(centre):
    """Also where the fan's hub and its edges run exactly through pixel centres."""
    corners = [(4, 5), (40, 5), (75, 5), (75, 30), (75, 54), (40, 54), (4, 54), (4, 30)]
    vertices = at_pixels([centre, *corners], 1.0)
    count = np.zeros((60, 80), dtype=int)
    for k in range(len(corners)):
        face = np.array([[0, 1 + k, 1 + (k + 1) % len(corners)]])
        if k % 2:
            face = face[:, ::-1]
        count += NumbaRasterizer().rasterize(vertices, face, CAMERA).ids >= 0
    assert np.all(count[6:54, 5:75] == 1)
    assert count.max() == 1


def test_barycentrics_are_perspective_correct_and_agree_with_project():
    vertices = at_pixels([(2, 3), (76, 8), (30, 56)], np.array([0.3, 2.0, 0.9]))
    faces = np.array([[0, 1, 2]])
    raster = NumbaRasterizer().rasterize(vertices, faces, CAMERA)
    seen = raster.ids >= 0
    points = raster.interpolate(vertices, faces)[seen]
    y, x = np.nonzero(seen)
    assert seen.sum() > 1000
    assert np.abs(project(points, CAMERA) - np.stack([x, y], axis=1)).max() < 1e-3
    assert np.allclose(raster.depth[seen], points[:, 2], atol=1e-6)
    assert np.allclose(raster.barycentrics[seen].sum(axis=1), 1, atol=1e-6)


def test_a_mesh_agrees_with_project_and_with_one_thread():
    vertices, faces = sphere()
    camera = Intrinsics.centred(320, 240, 400.0)
    two, one = (
        NumbaRasterizer(2).rasterize(vertices, faces, camera),
        NumbaRasterizer(1).rasterize(vertices, faces, camera),
    )
    assert np.array_equal(two.ids, one.ids)
    assert np.array_equal(two.depth, one.depth)
    y, x = np.nonzero(two.ids >= 0)
    points = two.interpolate(vertices, faces)[two.ids >= 0]
    assert np.abs(project(points, camera) - np.stack([x, y], axis=1)).max() < 0.01


def test_what_is_behind_the_camera_is_not_drawn_and_what_crosses_is_cut():
    behind = np.array([[-1.0, -1, -1], [1, -1, -1], [0, 1, -2]])
    assert np.all(NumbaRasterizer().rasterize(behind, np.array([[0, 1, 2]]), CAMERA).ids == -1)
    floor = np.array([[-50.0, 0.2, -5.0], [50, 0.2, -5.0], [0, 0.2, 40.0]])
    raster = NumbaRasterizer().rasterize(floor, np.array([[0, 1, 2]]), CAMERA)
    row = np.arange(60)
    depth = 0.2 * CAMERA.focal_y / np.maximum(row - CAMERA.centre_y, 1e-9)
    expected = (row > CAMERA.centre_y) & (depth < 38)
    assert np.array_equal(raster.ids[:, 40] == 0, expected)
    assert np.allclose(raster.depth[expected, 40], depth[expected], rtol=1e-4)


def test_reused_memory_gives_the_same_picture():
    vertices, faces = sphere()
    fresh, reusing = NumbaRasterizer(), NumbaRasterizer(reuse=True)
    for camera in (Intrinsics.centred(160, 120, 200.0), CAMERA):
        assert np.array_equal(
            fresh.rasterize(vertices, faces, camera).ids, reusing.rasterize(vertices, faces, camera).ids
        )


def test_normals_point_outwards_and_half_a_sphere_faces_the_camera():
    vertices, faces = sphere()
    normals = vertex_normals(vertices, faces)
    outwards = vertices - (0.02, -0.01, 0.5)
    assert np.einsum("vc,vc->v", normals, outwards / 0.1).min() > 0.99
    assert 0.3 < len(facing_camera(vertices, faces)) / len(faces) < 0.5


def test_the_overlay_lies_where_the_head_projects_and_nowhere_else():
    vertices, faces = sphere()
    camera = Intrinsics.centred(320, 240, 400.0)
    image = np.full((240, 320, 3), 40, dtype=np.uint8)
    drawn = draw_head(image, vertices, faces, camera)
    changed = np.any(drawn != image, axis=2)
    covered = NumbaRasterizer().rasterize(vertices, faces, camera).ids >= 0
    assert np.all(changed[covered])
    y, x = np.nonzero(changed)
    pixels = project(vertices, camera)
    assert abs(x.min() - pixels[:, 0].min()) < 1.5
    assert abs(y.max() - pixels[:, 1].max()) < 1.5
    assert np.all(image == 40)


def test_a_head_out_of_sight_leaves_the_footage_alone():
    vertices, faces = sphere()
    image = np.full((60, 80, 3), 40, dtype=np.uint8)
    for shift in ((0, 0, -2.0), (9.0, 0, 0), (np.nan, 0, 0)):
        assert np.array_equal(draw_head(image, vertices + shift, faces, CAMERA), image)


def test_eyes_are_told_apart_from_skin():
    vertices, _ = sphere(centre=(0, 0, 0))
    look = head_look(vertices, {"left_eyeball": np.arange(len(vertices))})
    front, back = np.argmax(vertices[:, 2]), np.argmin(vertices[:, 2])
    assert look.colour[front].max() < 0.1
    assert look.colour[back].min() > 0.9


def test_landmarks_are_drawn_at_subpixel_places_and_missing_ones_are_left_out():
    image = np.zeros((20, 20, 3), dtype=np.uint8)
    points = np.array([[5.5, 7.0], [np.nan, np.nan], [500.0, 3.0]])
    drawn = draw_landmarks(image, points, np.array([1.0, 1.0, 1.0]))[..., 1].astype(float)
    y, x = np.mgrid[:20, :20]
    assert np.allclose(((x * drawn).sum() / drawn.sum(), (y * drawn).sum() / drawn.sum()), (5.5, 7.0), atol=0.02)
