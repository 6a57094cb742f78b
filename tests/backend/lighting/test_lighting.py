"""Light that a picture may be divided by: it follows nine terms where they are sure, and makes nothing glow."""

from __future__ import annotations

import numpy as np

from backend.contract.shading import light_terms
from backend.lighting.plausible_light import DIMMEST, believed_light

WHITE = np.outer([0.8, 0.1, -0.1, -0.3, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0])


def normal_at(turn: float) -> np.ndarray:
    """A normal towards the camera, turned to the right (3,)."""
    return np.array([np.sin(turn), 0.0, -np.cos(turn)])


def test_ordinary_light_is_believed_as_it_is():
    normals = np.stack([normal_at(turn) for turn in np.radians((-30, 0, 30, 60))])
    np.testing.assert_allclose(believed_light(normals, WHITE), light_terms(normals) @ WHITE, rtol=0.04)


def test_the_tint_of_a_lamp_is_kept():
    warm = WHITE * (1.3, 1.0, 0.6)
    believed = believed_light(normal_at(0.3), warm)
    np.testing.assert_allclose(believed / believed[1], (1.3, 1.0, 0.6), rtol=1e-6)


def test_a_channel_that_is_dark_at_a_rim_makes_nothing_glow():
    light = WHITE.copy()
    light[1] = (0.2, 0.6, 1.2)  # red comes from everywhere, blue from the right alone
    rim = light_terms(normal_at(-1.2)) @ light
    assert rim[0] > 0.5 and rim[2] < 0
    believed = believed_light(normal_at(-1.2), light)
    assert believed.min() > 0.5 * DIMMEST
    assert np.ptp(np.log(believed)) < 0.75


def test_a_darker_frame_is_the_same_light_dimmed():
    normals = np.stack([normal_at(turn) for turn in (-1.4, 0.0, 1.0)])
    np.testing.assert_allclose(believed_light(normals, 0.1 * WHITE), 0.1 * believed_light(normals, WHITE), rtol=1e-9)
