"""Every installed rasteriser on every device: coverage, watertight edges, perspective, near plane, agreement."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rasterizer_scenes import CAMERA, PLACES, at_pixels, drawn_by, in_clip_space, opened, sphere

from backend.contract.camera import Intrinsics, project
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.differentiable import choice
from backend.render.differentiable.choice import best_rasterizer, rasterizers
from backend.render.differentiable.interpolate import interpolate


@pytest.fixture(params=PLACES, ids="-".join)
def drawing(request):
    """A function that draws with one library on one device."""
    own, device = opened(request.param)
    return lambda vertices, faces, camera=CAMERA: drawn_by(own, vertices, faces, camera, device)


def test_a_triangle_covers_the_pixels_whose_centres_it_contains(drawing):
    seen = drawing(at_pixels([(9.5, 9.5), (19.5, 9.5), (9.5, 19.5)], 1.0), [[0, 1, 2]])
    y, x = np.mgrid[:60, :80]
    expected = (x >= 10) & (y >= 10) & (x + y <= 28)
    border = x + y == 29
    ids = seen.ids[0].cpu().numpy()
    assert ids.shape == (60, 80)
    assert np.array_equal((ids == 0)[~border], expected[~border])
    assert torch.all(seen.barycentrics[seen.ids < 0] == 0)
    assert torch.all(torch.isinf(seen.depth[seen.ids < 0]))


@pytest.mark.parametrize("centre", [(40.0, 30.0), (40.5, 30.25), (39.5, 30.0), (37.123, 28.77)])
def test_no_pixel_falls_between_triangles_that_share_an_edge(drawing, centre):
    """Also where the fan's hub and its edges run exactly through pixel centres, and where corners differ in depth."""
    corners = [(4, 5), (40, 5), (75, 5), (75, 30), (75, 54), (40, 54), (4, 54), (4, 30)]
    fan = [(0, 1 + k, 1 + (k + 1) % 8) for k in range(8)]
    for depth in (1.0, np.array([0.8, *np.linspace(0.5, 3, 8)])):
        ids = drawing(at_pixels([centre, *corners], depth), fan).ids[0].cpu().numpy()
        assert np.all(ids[6:54, 5:75] >= 0)
        assert np.all(ids[:5] == -1)
        assert np.all(ids[:, 76:] == -1)


def test_barycentrics_are_perspective_correct(drawing):
    vertices = at_pixels([(2, 3), (76, 8), (30, 56)], np.array([0.3, 2.0, 0.9]))
    seen = drawing(vertices, [[0, 1, 2]])
    inside = (seen.ids[0] >= 0).cpu().numpy()
    weights = seen.barycentrics[0].cpu().numpy()[inside].astype(np.float64)
    points = weights @ vertices
    y, x = np.nonzero(inside)
    assert inside.sum() > 1000
    assert np.abs(project(points, CAMERA) - np.stack([x, y], axis=1)).max() < 0.01
    assert np.allclose(seen.depth[0].cpu().numpy()[inside], points[:, 2], rtol=1e-4)
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_the_nearer_triangle_wins_whatever_the_order(drawing):
    near, far = (at_pixels([(0, 0), (70, 0), (0, 50)], depth) for depth in (1.0, 1.001))
    for order, nearer in ((np.concatenate([near, far]), 0), (np.concatenate([far, near]), 1)):
        seen = drawing(order, [[0, 1, 2], [3, 4, 5]])
        assert set(seen.ids.unique().tolist()) == {-1, nearer}
        assert torch.allclose(seen.depth[seen.ids >= 0], torch.ones(()).to(seen.depth), atol=1e-5)


def test_what_is_behind_the_camera_is_not_drawn_and_what_crosses_is_cut(drawing):
    behind = np.array([[-1.0, -1, -1], [1, -1, -1], [0, 1, -2]])
    assert torch.all(drawing(behind, [[0, 1, 2]]).ids == -1)
    floor = np.array([[-50.0, 0.2, -5.0], [50, 0.2, -5.0], [0, 0.2, 40.0]])
    seen = drawing(floor, [[0, 1, 2]])
    row = np.arange(60)
    depth = 0.2 * CAMERA.focal_y / np.maximum(row - CAMERA.centre_y, 1e-9)
    expected = (row > CAMERA.centre_y) & (depth < 38)
    assert np.array_equal(seen.ids[0, :, 40].cpu().numpy() == 0, expected)
    assert np.allclose(seen.depth[0, :, 40].cpu().numpy()[expected], depth[expected], rtol=2e-3)


def test_every_picture_of_a_batch_shows_its_own_pose(drawing):
    vertices, faces = sphere(12, 16)
    poses = vertices + np.array([[0, 0, 0], [0.02, 0, 0], [0, 0, 9], [0, 0.01, 0.1]])[:, None]
    together = drawing(poses, faces)
    for number, pose in enumerate(poses):
        alone = drawing(pose, faces)
        assert torch.equal(together.ids[number], alone.ids[0])
        assert torch.allclose(together.barycentrics[number], alone.barycentrics[0], atol=1e-6)


@pytest.mark.parametrize("size", [(320, 240), (101, 77), (64, 200)])
def test_all_agree_with_the_picture_of_the_built_in_one(drawing, size):
    """Pixels whose centre lies on an edge to within rounding may go to either side; what they show is the same."""
    vertices, faces = sphere()
    camera = Intrinsics.centred(*size, 400.0)
    expected = NumbaRasterizer().rasterize(vertices, faces, camera)
    seen = drawing(vertices, faces, camera)
    ids = seen.ids[0].cpu().numpy()
    assert (ids != expected.ids).mean() < 0.002
    assert ((ids >= 0) != (expected.ids >= 0)).sum() <= 2
    both = (ids >= 0) & (expected.ids >= 0)
    assert np.abs(seen.depth[0].cpu().numpy()[both] - expected.depth[both]).max() < 1e-4
    places = interpolate(torch.as_tensor(vertices), torch.as_tensor(faces), _on_processor(seen))[0].numpy()
    assert np.abs(places - expected.interpolate(vertices, faces))[both].max() < 2e-4


def _on_processor(seen):
    return type(seen)(seen.ids.cpu(), seen.barycentrics.cpu(), seen.depth.cpu())


def test_clip_space_ends_at_the_picture_and_at_the_near_plane():
    corners = at_pixels([(-0.5, -0.5), (79.5, 59.5), (39.5, 29.5)], np.array([0.01, 2.0, 1000.0]))
    clip = in_clip_space(corners, dtype=torch.float64)[0]
    normal = clip[:, :3] / clip[:, 3:]
    assert torch.allclose(normal[:, :2], torch.tensor([[-1.0, -1], [1, 1], [0, 0]]).double(), atol=1e-9)
    assert torch.allclose(normal[(0, 2), 2], torch.tensor([-1.0, 1.0]).double(), atol=1e-9)


def test_the_built_in_one_is_always_there_and_the_others_say_why_not():
    found = rasterizers(torch.device("cpu"))
    assert best_rasterizer(torch.device("cpu")).name == found.working[0].name == "numba"
    assert {rasterizer.name for rasterizer in found.working} | set(found.problems) == {"numba", "PyTorch3D"}
    assert all(found.problems.values())


@pytest.mark.parametrize("error", [OSError("libcudart.so.12: not found"), RuntimeError("no kernel image"), None])
def test_a_library_that_does_not_work_here_is_passed_over(monkeypatch, error):
    class Broken:
        name = f"broken by {error}"

        def __init__(self, device):
            if error is not None:
                raise error

        def rasterize(self, clip, faces, width, height):
            return drawn_by(best_rasterizer(torch.device("cpu")), np.full((3, 3), -1.0), [[0, 1, 2]])

    others = choice._MAKERS["cpu"]
    assert best_rasterizer(torch.device("cpu")).name == "numba"
    monkeypatch.setattr(choice, "_MAKERS", {"cpu": (*others[:1], (Broken.name, Broken)), "mps": ()})
    found = rasterizers(torch.device("cpu"))
    assert [rasterizer.name for rasterizer in found.working] == ["numba"]
    assert found.problems[Broken.name] == ("it draws nothing" if error is None else str(error))
