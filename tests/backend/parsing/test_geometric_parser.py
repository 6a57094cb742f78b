"""Our own parsing: the classes of a drawn person are where they were painted, and borders follow the colours."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from synthetic_clips import made_clip

from backend.contract.camera import Intrinsics, project
from backend.head.builtin import builtin_head
from backend.parsing import classes
from backend.parsing.boundary_refinement import moved_to_colours, without_islands
from backend.parsing.geometric_parser import Portrait, parse_portrait
from backend.raster.rasterizer_numba import NumbaRasterizer

SIZE = 512


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    """A head turned a little, with brown hair and a red shirt, before a blue wall."""
    clip = made_clip(4, yaw=0.4)
    head = clip.head
    vertices = clip.in_camera(clip.vertices[3], 3)
    camera = Intrinsics.centred(SIZE, SIZE, 1100.0)
    vertices = vertices - [vertices[:, 0].mean(), vertices[:, 1].mean(), 0]
    tone = np.full((head.vertex_count, 3), [205.0, 150.0, 125.0])
    tone[head.regions["scalp"]] = (70, 45, 30)
    raster = NumbaRasterizer(threads=1).rasterize(vertices, head.faces, camera)
    shown = raster.interpolate(tone, head.faces)
    there = raster.ids >= 0
    picture = np.where(there[..., None], shown, [90, 120, 200.0])
    shirt = np.zeros(there.shape, dtype=np.uint8)
    bottom = int(np.flatnonzero(there.any(axis=1))[-1])
    cv2.ellipse(shirt, (SIZE // 2, bottom + 60), (230, 110), 0, 0, 360, (1,), -1)
    picture = np.where(((shirt > 0) & ~there)[..., None], [170, 30, 40.0], picture)
    points = np.einsum("nk,nkc->nc", head.landmarks.barycentric, vertices[head.faces[head.landmarks.triangle]])
    noisy = picture + np.random.default_rng(0).normal(scale=3, size=picture.shape)
    return Portrait(
        np.clip(noisy, 0, 255).astype(np.uint8),
        camera,
        vertices,
        project(points, camera),
        (there | (shirt > 0)).astype(np.float64),
    )


@pytest.fixture(scope="module")
def parsing(portrait: Portrait) -> np.ndarray:
    return parse_portrait(portrait, builtin_head())


@pytest.mark.parametrize(("landmarks", "number"), [
    ((50, 280), classes.SKIN), ((4, 5), classes.NOSE), ((105, 66), classes.RIGHT_BROW), ((334, 296), classes.LEFT_BROW),
    ((468,), classes.RIGHT_EYE), ((473,), classes.LEFT_EYE), ((0, 37), classes.UPPER_LIP),
    ((17, 84), classes.LOWER_LIP),
])  # fmt: skip
def test_features_are_where_the_landmarks_are(
    landmarks: tuple[int, ...], number: int, portrait: Portrait, parsing: np.ndarray
) -> None:
    for landmark in landmarks:
        x, y = np.rint(portrait.landmarks[landmark]).astype(int)
        assert number in parsing[y - 4 : y + 5, x - 4 : x + 5], classes.NAMES[number]


def test_hair_shirt_neck_and_wall_are_told_apart(portrait: Portrait, parsing: np.ndarray) -> None:
    colour = portrait.picture.astype(int)
    wall = colour[..., 2] > 170
    shirt = (colour[..., 0] > 140) & (colour[..., 1] < 70)
    hair = (colour.max(axis=2) < 95) & (np.arange(SIZE)[:, None] < portrait.landmarks[4, 1])
    assert (parsing[wall] == classes.BACKGROUND).mean() > 0.95
    assert (parsing[shirt] == classes.CLOTH).mean() > 0.9
    assert (parsing[hair] == classes.HAIR).mean() > 0.9
    below = portrait.landmarks[152] + [0, 25]
    x, y = np.rint(below).astype(int)
    assert parsing[y, x] == classes.NECK
    ear = np.isin(parsing, (classes.LEFT_EAR, classes.RIGHT_EAR))
    assert ear.sum() > 200, "one ear is turned to the camera"


def test_it_does_without_the_person(portrait: Portrait) -> None:
    parsing = parse_portrait(replace(portrait, person=None), builtin_head())
    assert {classes.SKIN, classes.NOSE, classes.UPPER_LIP, classes.NECK} <= set(np.unique(parsing))


def halves(border: int) -> np.ndarray:
    """Hair above a row, skin below."""
    result = np.full((240, 240), classes.SKIN)
    result[:border] = classes.HAIR
    return result


def lab_of(parsing: np.ndarray) -> np.ndarray:
    colours = np.where((parsing == classes.HAIR)[..., None], [50.0, 132.0, 135.0], [170.0, 145.0, 150.0])
    return colours + np.random.default_rng(1).normal(scale=3, size=colours.shape)


def test_a_border_moves_to_where_the_colours_change() -> None:
    moved = moved_to_colours(halves(112), lab_of(halves(120)), np.zeros((240, 240), dtype=bool))
    rows = (moved == classes.HAIR).sum(axis=0)
    assert np.abs(rows - 120).max() <= 3
    kept = moved_to_colours(halves(112), lab_of(halves(120)), np.ones((240, 240), dtype=bool))
    np.testing.assert_array_equal(kept, halves(112))


def test_crumbs_become_what_is_around_them() -> None:
    parsing = halves(100)
    parsing[150:155, 60:65] = classes.HAIR
    parsing[40:45, 60:65] = classes.CLOTH
    np.testing.assert_array_equal(without_islands(parsing), halves(100))
