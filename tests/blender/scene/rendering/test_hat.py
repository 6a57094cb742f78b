"""The hat of the pictures: it goes around the head, and every part hangs on it."""

import bpy
import numpy as np
import pytest

from tools.hat import HatShape, make_hat


@pytest.fixture
def hat():
    head = bpy.data.objects.new("head", None)
    bpy.context.scene.collection.objects.link(head)
    return head, {part.name: part for part in make_hat(head, HatShape())}


def points(part):
    return np.array([vertex.co for vertex in part.data.vertices])


def test_every_part_hangs_on_the_head_at_the_opening(hat):
    head, parts = hat
    assert len(parts) == 4
    for part in parts.values():
        assert part.parent == head and tuple(part.location) == pytest.approx(HatShape.centre)


def test_the_crown_stands_on_the_oval_of_the_opening_and_narrows_upwards(hat):
    crown = points(hat[1]["hat crown"])
    foot = crown[crown[:, 2] < 1e-6]
    oval = (foot[:, 0] / HatShape.half_width) ** 2 + (foot[:, 1] / HatShape.half_length) ** 2
    assert oval == pytest.approx(np.ones(len(foot)), abs=1e-4)
    upper = crown[crown[:, 2] > 0.8 * HatShape.height]
    assert np.abs(upper[:, 0]).max() < HatShape.half_width
    assert HatShape.height < crown[:, 2].max() < 1.1 * HatShape.height


def test_the_brim_is_as_wide_as_asked_and_dips_in_front(hat):
    brim = points(hat[1]["hat brim"])
    assert np.abs(brim[:, 0]).max() == pytest.approx(HatShape.half_width + HatShape.brim, abs=0.002)
    front, back = brim[brim[:, 1].argmin()], brim[brim[:, 1].argmax()]
    assert front[2] < 0 < back[2]


def test_band_and_bow_lie_outside_the_crown(hat):
    for name in ("hat band", "hat bow"):
        for x, y, _ in points(hat[1][name]):
            assert np.hypot(x / HatShape.half_width, y / HatShape.half_length) > 0.95
