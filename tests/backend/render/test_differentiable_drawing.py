"""Steps after the rasteriser: interpolation, light, textures and silhouettes, and their gradients."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from rasterizer_scenes import CAMERA, PLACES, at_pixels, drawn_by, in_clip_space, opened, sphere

from backend.contract.camera import Intrinsics
from backend.contract.shading import light_terms
from backend.raster.normals import vertex_normals as numpy_normals
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.differentiable.antialias import antialias, mesh_edges
from backend.render.differentiable.choice import best_rasterizer
from backend.render.differentiable.clip import clip_space, lens_of
from backend.render.differentiable.drawing import Lighting, draw_lit, textured_mesh
from backend.render.differentiable.interpolate import interpolate, slopes, with_gradients
from backend.render.differentiable.shading import shade, vertex_normals
from backend.render.differentiable.texture import mip_texture, read_texture

TRIANGLE = at_pixels([(2, 3), (76, 8), (30, 56)], np.array([0.3, 2.0, 0.9]))
FACE = torch.tensor([[0, 1, 2]])


@pytest.fixture(params=PLACES, ids="-".join)
def place(request):
    """Rasteriser and device."""
    return opened(request.param)


def built_in():
    return best_rasterizer(torch.device("cpu"))


def random(*shape):
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape))


# Interpolation


def test_weights_from_the_vertices_are_those_of_the_rasteriser(place):
    rasterizer, device = place
    vertices, faces = sphere()
    own = torch.as_tensor(faces, device=device)
    clip = in_clip_space(vertices, device=device)
    seen = drawn_by(rasterizer, vertices, faces, device=device)
    found = with_gradients(seen, clip, own)
    there = seen.ids >= 0
    assert (found.barycentrics - seen.barycentrics).abs()[there].max() < 5e-3
    assert (found.depth - seen.depth)[there].abs().max() < 1e-5
    assert torch.isinf(found.depth[~there]).all()


def test_gradients_of_interpolation_are_those_of_finite_differences():
    seen = drawn_by(built_in(), TRIANGLE, FACE, Intrinsics(8, 6, 10.0, 11.0, 3.5, 2.5))
    vertices = torch.tensor(TRIANGLE, requires_grad=True)
    attributes = random(3, 2).requires_grad_()
    lens = lens_of(Intrinsics(8, 6, 10.0, 11.0, 3.5, 2.5))

    def picture(points, values):
        clip = clip_space(points[None], lens, 8, 6)
        found = with_gradients(seen, clip, FACE)
        depth = torch.where(seen.ids >= 0, found.depth, torch.zeros_like(found.depth))
        return interpolate(values, FACE, found), depth

    assert (seen.ids >= 0).sum() > 8
    assert torch.autograd.gradcheck(picture, (vertices, attributes))


def test_slopes_are_what_a_camera_moved_by_a_little_sees():
    values = random(3, 2)
    seen = drawn_by(built_in(), TRIANGLE, FACE)

    def picture(right, down):
        moved = Intrinsics(80, 60, 100.0, 110.0, 39.5 - right, 29.5 - down)
        clip = in_clip_space(TRIANGLE, moved, dtype=torch.float64)
        return interpolate(values, FACE, with_gradients(seen, clip, FACE)), clip

    step = 1e-4
    expected = [picture(step, 0)[0] - picture(-step, 0)[0], picture(0, step)[0] - picture(0, -step)[0]]
    found = slopes(values, FACE, FACE, picture(0, 0)[1], seen)
    assert torch.allclose(found, torch.stack(expected, dim=-1) / (2 * step), atol=1e-6)
    assert found[seen.ids >= 0].abs().min() > 0


# Light


def test_normals_and_light_are_those_of_the_rest_of_the_program():
    vertices, faces = sphere()
    expected = numpy_normals(vertices, faces)
    normals = vertex_normals(torch.as_tensor(vertices)[None], torch.as_tensor(faces))
    assert np.abs(normals[0].numpy() - expected).max() < 1e-9
    light = random(1, 9, 3)
    lit = light_terms(expected) @ light[0].numpy()
    least = 0.3 * light[:, 0].abs()
    assert np.abs(shade(normals, light, least)[0].numpy() - np.maximum(lit, least.numpy())).max() < 1e-9


# Textures


def test_texels_are_read_at_their_centres_and_between_them():
    picture = random(4, 6, 3)
    texture = mip_texture(picture)
    centre = torch.tensor([(2 + 0.5) / 6, 1 - (1 + 0.5) / 4])
    assert torch.allclose(read_texture(texture, centre), picture[1, 2])
    half = torch.tensor([3 / 6, 1 - (1 + 0.5) / 4])
    assert torch.allclose(read_texture(texture, half), (picture[1, 2] + picture[1, 3]) / 2)
    assert torch.allclose(read_texture(texture, torch.tensor([1.0, 0.0])), picture[3, 5])


@pytest.mark.parametrize("size", [(64, 64), (48, 20), (7, 13)])
def test_levels_end_at_one_texel_and_keep_a_plain_colour(size):
    texture = mip_texture(torch.full((*size, 3), 0.3))
    assert texture.size[-1].tolist() == [1, 1]
    assert int(texture.size.prod(1).sum()) == len(texture.texels)
    for texels in (0.1, 1.0, 3.0, 7.7, 100.0, 1e6):
        by_pixel = torch.eye(2)[None] * texels / torch.tensor([size[1], size[0]])
        assert torch.allclose(read_texture(texture, torch.rand(1, 2), by_pixel), torch.tensor(0.3))


def test_a_texture_that_is_squeezed_is_read_from_a_coarser_level():
    """A checkerboard seen from afar is grey, near it is not, and in between it changes without a step."""
    y, x = np.mgrid[:64, :64]
    texture = mip_texture(torch.as_tensor(((x + y) % 2)[..., None].astype(float)))
    uv = torch.tensor([(20 + 0.5) / 64, (20 + 0.5) / 64]).double()

    def contrast(texels):
        return float((read_texture(texture, uv, torch.eye(2).double() * texels / 64) - 0.5).abs())

    found = [contrast(texels) for texels in (0.5, 1.0, 1.2, 1.5, 1.9, 2.0, 5.0)]
    assert found[0] == found[1] == pytest.approx(0.5)
    assert found[-2:] == pytest.approx([0, 0])
    assert all(0 < later < earlier for earlier, later in pairwise(found[1:5]))


def test_gradients_of_textures_are_those_of_finite_differences():
    picture = random(4, 3, 1).requires_grad_()
    uv = torch.tensor([[0.31, 0.62], [0.77, 0.24], [0.53, 0.9]]).double().requires_grad_()
    by_pixel = (random(3, 2, 2) / 3).requires_grad_()

    def colours(texels, places, slopes_there):
        return read_texture(mip_texture(texels), places, slopes_there)

    assert torch.autograd.gradcheck(colours, (picture, uv, by_pixel))


# Silhouettes


def covers(vertices, faces, camera=CAMERA, smooth=True):
    """How much of each pixel a mesh covers (H, W), in double precision."""
    faces = torch.as_tensor(np.asarray(faces))
    clip = clip_space(vertices[None], lens_of(camera), camera.width, camera.height)
    seen = built_in().rasterize(clip, faces, camera.width, camera.height)
    mask = (seen.ids >= 0).double()[..., None]
    return (antialias(mask, seen, clip, mesh_edges(faces)) if smooth else mask)[0, ..., 0]


@pytest.mark.parametrize("right", [29.6, 29.9, 30.0, 30.2, 30.499])
def test_a_straight_edge_covers_the_share_of_the_pixels_that_lies_inside(right):
    """A rectangle from the middle of pixel 9 to `right` (in pixels, whole numbers are centres) and rows 10 to 20."""
    corners = at_pixels([(9.5, 9.5), (right, 9.5), (right, 20.5), (9.5, 20.5)], 1.0)
    found = covers(torch.as_tensor(corners), [(0, 1, 2), (0, 2, 3)])
    assert torch.allclose(found[12:19, 10:29], torch.ones(()).double())
    assert float(found[15].sum()) == pytest.approx(right - 9.5, abs=1e-9)
    assert float(found[:, 20].sum()) == pytest.approx(11, abs=1e-9)


def test_no_edge_inside_a_surface_is_smoothed():
    vertices, faces = sphere()
    clip = in_clip_space(vertices)
    own = torch.as_tensor(faces)
    seen = built_in().rasterize(clip, own, 80, 60)
    colour = torch.rand(1, 60, 80, 3)
    changed = (antialias(colour, seen, clip, mesh_edges(own)) != colour).any(-1)[0].numpy()
    inside = (seen.ids[0] >= 0).numpy()
    near_outline = np.zeros_like(inside)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        near_outline |= inside != np.roll(inside, shift, axis=axis)
    assert changed.sum() > 40
    assert not changed[~near_outline].any()


def test_a_nearer_part_of_the_mesh_is_smoothed_against_a_further_one():
    """A small square before a large one, as a nose before a cheek: its edge is no edge of the mask."""
    large = at_pixels([(5, 5), (75, 5), (75, 55), (5, 55)], 2.0)
    small = at_pixels([(20, 20), (40.25, 20), (40.25, 40), (20, 40)], 1.0)
    faces = torch.tensor([(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 6, 7)])
    clip = in_clip_space(np.concatenate([large, small]), dtype=torch.float64)
    seen = built_in().rasterize(clip, faces, 80, 60)
    colour = (seen.ids >= 2).double()[..., None]
    found = antialias(colour, seen, clip, mesh_edges(faces))[0, 30, :, 0]
    assert float(found.sum()) == pytest.approx(40.25 - 20, abs=1e-9)


def test_a_smooth_silhouette_has_the_area_of_the_true_outline():
    """Of a ball, in parallel light: a circle. Its hard mask flickers by whole pixels as it moves."""
    camera = Intrinsics(96, 96, 40_000.0, 40_000.0, 47.5, 47.5)
    area = np.pi * (40_000 * 0.1 / 100) ** 2
    smooth, hard = [], []
    for shift in np.linspace(0, 1, 7):
        vertices, faces = sphere(60, 120, centre=(shift / 400, shift / 900, 100.0))
        smooth.append(float(covers(torch.as_tensor(vertices), faces, camera).sum()))
        hard.append(float(covers(torch.as_tensor(vertices), faces, camera, smooth=False).sum()))
    assert np.std(smooth) < 0.4 * np.std(hard)
    assert abs(np.mean(smooth) / area - 1) < 0.01


def test_gradients_of_a_silhouette_are_those_of_finite_differences():
    """Moved, turned and enlarged; differences over a tenth of a pixel, in which pixels change sides."""
    vertices, faces = sphere(20, 30)
    start = torch.as_tensor(vertices)
    weights = torch.as_tensor(np.add.outer(np.linspace(-1, 1, 60), np.linspace(0, 2, 80)))
    middle = start.mean(0)

    def value(change):
        moved = middle + (start - middle) * (1 + change[2]) + torch.stack([change[0], change[1], 0 * change[0]])
        return (covers(moved, faces) * weights).sum()

    change = torch.zeros(3).double().requires_grad_()
    (gradient,) = torch.autograd.grad(value(change), change)
    for axis, step in enumerate((5e-4, 5e-4, 5e-3)):
        ahead, back = torch.zeros(3).double(), torch.zeros(3).double()
        ahead[axis], back[axis] = step, -step
        expected = float(value(ahead) - value(back)) / (2 * step)
        assert abs(float(gradient[axis]) - expected) < 0.03 * abs(expected)


# All together


def a_head(device, dtype=torch.float32):
    """A ball with a smooth texture, its light and everything else that drawing needs."""
    vertices, faces = sphere(24, 32)
    uv = np.column_stack([0.5 + (vertices[:, 0] - 0.02) * 4, 0.5 - (vertices[:, 1] + 0.01) * 4])
    y, x = np.mgrid[:64, :64] / 64
    texture = np.stack([0.3 + 0.2 * x, 0.4 + 0.1 * np.sin(6 * y), 0.2 + 0.3 * x * y], axis=-1).astype(np.float32)
    light = np.zeros((9, 3))
    light[0], light[1:4] = 1.0, np.random.default_rng(1).normal(size=(3, 3)) * 0.15

    def tensor(values):
        return torch.as_tensor(values, device=device, dtype=dtype)

    mesh = textured_mesh(torch.as_tensor(faces, device=device), tensor(uv), torch.as_tensor(faces, device=device))
    return vertices, faces, uv, texture, light, mesh, tensor


def lighting(vertices, mesh, light):
    """The light on poses of a head (B, V, 3), with 0.3 of its constant part everywhere."""
    return Lighting(vertex_normals(vertices, mesh.faces), light, 0.3 * light[:, 0].abs())


def test_a_head_shows_its_texture_under_its_light(place):
    rasterizer, device = place
    vertices, faces, uv, texture, light, mesh, tensor = a_head(device)
    background = torch.full((2, 60, 80, 3), 0.05, device=device)
    poses = tensor(np.stack([vertices + np.array([0.05, 0, 0]), vertices]))
    lens, texels = lens_of(CAMERA).to(device), mip_texture(tensor(texture))
    lit = lighting(poses, mesh, tensor(np.stack([light, light])))
    drawn = draw_lit(rasterizer, mesh, poses, lens, texels, lit, background)
    raster = NumbaRasterizer().rasterize(vertices, faces, CAMERA)
    normals = raster.interpolate(numpy_normals(vertices, faces), faces)
    shading = light_terms(normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)) @ light
    place = raster.interpolate(uv, faces).astype(np.float32) * (64, -64) + (-0.5, 63.5)
    colours = cv2.remap(texture, *np.moveaxis(place.astype(np.float32), 2, 0), cv2.INTER_LINEAR)
    expected = colours * np.maximum(shading, 0.3 * np.abs(light[0]))
    cover = drawn.cover[1].cpu().numpy()
    inside = cover == 1
    assert inside.sum() > 800
    assert np.abs(drawn.colour[1].cpu().numpy() - expected)[inside].max() < 0.01
    assert np.all(drawn.colour[1].cpu().numpy()[cover == 0] == np.float32(0.05))
    assert 0 < ((cover > 0) & (cover < 1)).sum() < 150
    assert float(drawn.cover[0].sum()) == pytest.approx(float(drawn.cover[1].sum()), rel=0.1)


def test_gradients_of_a_drawn_head_are_those_of_finite_differences(place):
    """By the head's place, light and texture, of the distance to a picture of it elsewhere under another light."""
    rasterizer, device = place
    dtype = torch.float64
    vertices, _, _, texture, light, mesh, tensor = a_head(device, dtype)
    background = torch.full((1, 60, 80, 3), 0.05, device=device, dtype=dtype)
    lens = lens_of(CAMERA).to(device)

    def picture(shift, change, tint):
        points = tensor(vertices)[None] + shift
        lit = lighting(points, mesh, tensor(light)[None] + change)
        return draw_lit(rasterizer, mesh, points, lens, mip_texture(tensor(texture) * tint), lit, background).colour

    start = (tensor([0.0, 0, 0]), torch.zeros_like(tensor(light)), tensor([1.0, 1, 1]))
    wanted = picture(tensor([0.004, -0.003, 0.01]), 0.1 * tensor(light).roll(1, 0), tensor([1.1, 0.9, 1.0]))

    def value(*changes):
        return (picture(*changes) - wanted).square().sum()

    def at(which, index, amount):
        parts = [part.clone() for part in start]
        parts[which][index] += amount
        return [part.requires_grad_() for part in parts]

    # The mean gradient over a way is the difference between its ends, but for the jumps of pixels that change sides: a
    # pixel at the outline gets the colour of its inner neighbour before it has its own.
    for which, index, reach in ((0, 0, 5e-4), (0, 1, 5e-4), (1, (2, 1), 1e-2), (2, 0, 1e-2)):
        gradients = []
        for amount in np.linspace(-reach, reach, 5)[:-1] + reach / 4:
            leaves = at(which, index, amount)
            gradients.append(float(torch.autograd.grad(value(*leaves), leaves)[which][index]))
        ahead, back = (float(value(*at(which, index, amount)).detach()) for amount in (reach, -reach))
        assert np.mean(gradients) == pytest.approx((ahead - back) / (2 * reach), rel=0.1)
