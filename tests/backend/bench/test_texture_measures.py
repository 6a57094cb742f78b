"""Measures of textures in the benchmark: glowing patches and pale rims are found, and nothing on an even face."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from backend.bench.measures.texture import glowing, hue_error, pale_rim
from backend.contract.track import Track
from backend.head.builtin import builtin_head
from backend.render.texture import texels
from backend.texture.metrics import visible_parts

HEAD = builtin_head()
TRACK = cast(
    Track,
    SimpleNamespace(
        regions=HEAD.regions,
        neutral_vertices=HEAD.template,
        faces=HEAD.faces.astype(np.int32),
        uv=HEAD.uv,
        uv_faces=HEAD.uv_faces,
    ),
)
SIZE = 256
RASTER = texels(HEAD.uv, HEAD.uv_faces, SIZE)


def painted(where: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """An even texture with another colour at some vertices (V,)."""
    picture = np.full((SIZE, SIZE, 3), (200, 150, 125), dtype=np.uint8)
    picture[(RASTER.ids >= 0) & where[HEAD.faces].any(axis=1)[RASTER.ids]] = colour
    return picture


def test_an_even_face_is_without_fault():
    even = painted(np.zeros(HEAD.vertex_count, bool), (0, 0, 0))
    assert glowing(even, TRACK) == 0 and hue_error(even, TRACK) < 1e-6
    assert pale_rim(even, TRACK, "scalp") == pytest.approx(0, abs=1e-6)


def test_a_violet_cheek_glows():
    cheek = np.linalg.norm(HEAD.template - HEAD.template[50], axis=1) < 0.02
    assert glowing(painted(cheek, (230, 140, 250)), TRACK) > 0.02


def test_a_white_line_below_the_hair_is_a_pale_rim():
    height = HEAD.template[HEAD.regions["scalp"], 1].min()
    face = np.zeros(HEAD.vertex_count, bool)
    face[HEAD.regions["face"]] = True
    scalp = HEAD.template[HEAD.regions["scalp"]]
    near = np.array([np.linalg.norm(scalp - point, axis=1).min() < 0.006 for point in HEAD.template])
    assert pale_rim(painted(face & near & (HEAD.template[:, 1] > height), (245, 240, 238)), TRACK, "scalp") > 0.1


def test_mouth_and_lids_are_parts_of_the_face_and_seen_apart():
    masks = visible_parts(np.arange(len(HEAD.faces), dtype=np.int32)[None].repeat(7, axis=0), HEAD.faces, HEAD.regions)
    assert masks["mouth"].any() and masks["lids"].any()
    inside = np.isin(HEAD.faces, HEAD.regions["teeth"]).all(axis=1)
    assert masks["mouth"][3, inside].all() and not masks["lids"][3, inside].any()
