"""Eyes and mouth in the texture: from pixels inside lids and lips alone, whole eyeballs, and the person's teeth."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.camera import Intrinsics, project
from backend.head.builtin import builtin_head
from backend.render.texture import texels
from backend.texture.bake import EYE, MOUTH, SKIN, TEETH, UNKNOWN, Bake, FramePicture, TexelLayout, add_frame
from backend.texture.eyeballs import whole_eyeballs
from backend.texture.inpaint import part_masks
from backend.texture.mouth_shade import shade_in_mouth
from backend.texture.openings import MouthColours, layers_of, openings

HEAD = builtin_head()
FACES = HEAD.faces.astype(np.int32)
CAMERA = Intrinsics.centred(400, 400, 1300)
VERTICES = HEAD.template * (1, -1, -1) + (0, 0, 0.8)
SKIN_COLOUR, TOOTH, RED = (0.5, 0.3, 0.22), (0.6, 0.55, 0.48), (0.12, 0.04, 0.03)
WHITE_LIGHT = np.zeros((9, 3))
WHITE_LIGHT[0] = 1.0


def landmarks() -> np.ndarray:
    """Where the head's own landmarks lie in the picture (478, 2)."""
    positions = np.einsum("nk,nkc->nc", HEAD.landmarks.barycentric, VERTICES[HEAD.faces[HEAD.landmarks.triangle]])
    return project(positions, CAMERA)


def with_open_mouth() -> tuple[np.ndarray, np.ndarray]:
    """A picture of skin with teeth above a dark gap between its lips, and its landmarks."""
    points = landmarks()
    lower = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
    points[lower[1:-1], 1] += 16
    picture = np.tile(np.array(SKIN_COLOUR, np.float32), (400, 400, 1))
    top = int(points[13, 1])
    picture[top - 4 : top + 8, 150:250] = TOOTH
    picture[top + 8 : top + 24, 150:250] = RED
    return picture, points


def test_every_triangle_belongs_to_skin_eyes_mouth_or_teeth():
    layer = layers_of(HEAD.vertex_count, HEAD.regions, FACES)
    assert (layer[np.isin(FACES, HEAD.regions["left_eyeball"]).all(axis=1)] == EYE).all()
    assert (layer[np.isin(FACES, HEAD.regions["teeth"]).all(axis=1)] == TEETH).all()
    assert (layer[np.isin(FACES, HEAD.regions["nose"]).all(axis=1)] == SKIN).all()


def test_a_head_without_teeth_has_skin_and_eyes():
    few = {name: HEAD.regions[name] for name in ("face", "left_eyeball", "right_eyeball")}
    assert set(layers_of(HEAD.vertex_count, few, FACES)) == {SKIN, EYE}


def test_landmarks_tell_eyes_teeth_and_the_depth_of_the_mouth_apart():
    picture, points = with_open_mouth()
    shown = openings(picture, points)
    column, row = np.rint(points[13]).astype(int)
    assert shown[row + 4, column] == TEETH and shown[row + 14, column] == MOUTH
    assert shown[row - 6, column] == SKIN
    column, row = np.rint(points[468]).astype(int)
    assert shown[row, column] == EYE


def test_lips_that_touch_keep_the_line_between_them():
    shut = landmarks()
    shut[[191, 80, 81, 82, 13, 312, 311, 310, 415]] = shut[[95, 88, 178, 87, 14, 317, 402, 318, 324]]
    shown = openings(np.full((400, 400, 3), 0.3, np.float32), shut)
    assert not np.isin(shown, (MOUTH, TEETH)).any()
    column, row = np.rint(shut[13]).astype(int)
    assert shown[row, column] == SKIN


def test_nothing_is_told_where_there_are_no_landmarks():
    shown = openings(np.zeros((9, 9, 3), np.float32), np.full((478, 2), np.nan))
    assert (shown == UNKNOWN).all()


def test_eyeballs_take_no_lids_and_lids_no_eyeballs():
    raster = texels(HEAD.uv, HEAD.uv_faces, 256)
    layout = TexelLayout(raster, FACES, layers_of(HEAD.vertex_count, HEAD.regions, FACES))
    points = landmarks()
    shown = openings(np.full((400, 400, 3), 0.3, np.float32), points)
    picture = np.where((shown == EYE)[..., None], (0.1, 0.9, 0.1), SKIN_COLOUR).astype(np.float32)
    picture[(shown != EYE) & (shown != SKIN)] = (1, 0, 0)  # the edge, which nobody takes
    flat = np.ones((400, 400), np.float32)
    bake = Bake.empty(256)
    add_frame(bake, layout, FramePicture(picture, flat, flat, CAMERA, VERTICES, WHITE_LIGHT, 1.0, shown))
    layer = layout.layer
    assert layer is not None
    visible = (bake.weight > 1e-4) & (raster.ids >= 0)
    eye, skin = (visible & (layer[raster.ids] == which) for which in (EYE, SKIN))
    colour = bake.mean()
    assert eye.sum() > 20 and (colour[eye][:, 1] > 0.5).mean() > 0.9
    assert (colour[skin][:, 1] < 0.5).mean() > 0.99


def test_teeth_have_the_colour_of_those_that_were_seen():
    picture, points = with_open_mouth()
    mouth = MouthColours()
    assert mouth.teeth() is None and mouth.depth() is None
    mouth.add(0.5 * picture, openings(picture, points), 0.5 * WHITE_LIGHT)
    np.testing.assert_allclose(mouth.teeth(), TOOTH, rtol=0.02)
    np.testing.assert_allclose(mouth.depth(), RED, rtol=0.02)


def test_back_teeth_are_darker_than_front_ones():
    teeth = np.asarray(HEAD.regions["teeth"])
    shade = shade_in_mouth(HEAD.template, HEAD.faces, teeth)
    depth = HEAD.template[teeth, 2].max() - HEAD.template[teeth, 2]
    assert shade[depth < 0.004].mean() > 0.8 > 0.6 > shade[depth > 0.02].mean() > 0.2


@pytest.mark.parametrize("aside", [0.0, 0.08])
def test_a_whole_eye_is_drawn_from_the_part_between_the_lids(aside: float):
    size = 512
    raster = texels(HEAD.uv, HEAD.uv_faces, size)
    masks = {name: mask for name, mask in part_masks(raster, FACES, HEAD.regions).items() if "eyeball" in name}
    points = raster.interpolate(HEAD.template, HEAD.faces)
    true = np.zeros((size, size, 3), np.float32)
    share = np.zeros((size, size), np.float32)
    lamp, iris = np.zeros((size, size), bool), np.zeros((size, size), bool)
    for name, mask in masks.items():
        vertices = HEAD.template[HEAD.regions[name]]
        away = points - (vertices.max(axis=0) + vertices.min(axis=0)) / 2
        position = away[..., :2] / np.maximum(away[..., 2:], 1e-6)
        ratio = np.linalg.norm(position - (aside, 0), axis=2) / 0.55
        front = mask & (away[..., 2] > 0.004)
        true[mask] = (0.6, 0.57, 0.53)
        true[front & (ratio < 1)] = (0.12, 0.2, 0.3)
        true[front & (ratio < 0.36)] = 0.01
        share[front & (np.abs(position[..., 1]) < 0.42) & (np.abs(position[..., 0]) < 0.9)] = 1
        lamp |= front & (np.linalg.norm(position - (aside + 0.15, 0.1), axis=2) < 0.08)
        iris |= front & (ratio < 0.9)
    filmed = np.where(lamp[..., None], 1, true * (share > 0)[..., None]).astype(np.float32)
    drawn = whole_eyeballs(filmed, share, raster, HEAD.template, HEAD.faces, HEAD.regions, masks, 1.0)
    for name, mask in masks.items():
        inside = iris[mask]
        assert np.abs(drawn[name] - true[mask])[inside].mean() < 0.05, "round behind the lids too, and without the lamp"
        white = drawn[name][~inside] / (0.6, 0.57, 0.53)
        assert np.quantile(white, 0.1) > 0.5 and white.max() < 1.1, "clean white, in the shade of the lids"
