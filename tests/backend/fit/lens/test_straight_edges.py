"""The distortion of a lens is told from lines that it bends, and from nothing else."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from backend.contract.arrays import Picture
from backend.contract.camera import Intrinsics
from backend.contract.distortion import CurvedLens, Distortion
from backend.fit.lens.straight_edges import LineEvidence, lens_from_edges

WIDTH, HEIGHT = 640, 480
CENTRE = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
LINES = ((20, 30, 600, 70), (40, 440, 620, 410), (50, 40, 30, 430), (590, 60, 620, 430), (150, 100, 170, 400),
         (480, 90, 470, 420), (100, 380, 560, 350), (120, 130, 520, 110))  # fmt: skip


def room(*, drawn: bool = True) -> Picture:
    """Beams in a grey room, with noise."""
    picture = np.full((HEIGHT, WIDTH), 110, dtype=np.uint8)
    for x0, y0, x1, y1 in LINES if drawn else ():
        cv2.line(picture, (x0, y0), (x1, y1), 190, 9, cv2.LINE_AA)
    return noisy(picture)


def noisy(picture: np.ndarray) -> Picture:
    grain = np.random.default_rng(2).normal(0, 3, picture.shape)
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.8) + grain
    return np.repeat(np.clip(soft, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def bent(picture: Picture, k1: float) -> Picture:
    """The picture as a lens shows it that bends its corners by a share."""
    focal = math.hypot(WIDTH, HEIGHT) / 2
    lens = CurvedLens(Intrinsics(WIDTH, HEIGHT, focal, focal, *CENTRE), Distortion(k1))
    grid = np.stack(np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float)), axis=-1)
    source = lens.straightened(grid).astype(np.float32)
    return cv2.remap(picture, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("k1", [-0.2, -0.1, -0.05, 0.05])
def test_a_room_tells_how_its_lines_are_bent(k1: float) -> None:
    found = lens_from_edges([bent(room(), k1)], CENTRE)
    assert isinstance(found, LineEvidence)
    assert found.coefficient == pytest.approx(k1, abs=0.015)
    assert abs(found.coefficient - k1) < 3 * found.sigma
    assert found.lens(WIDTH, HEIGHT, CENTRE).distortion.k1 == found.coefficient


def test_straight_lines_tell_of_no_distortion() -> None:
    assert lens_from_edges([room()], CENTRE) is None


def test_an_empty_wall_tells_nothing() -> None:
    assert lens_from_edges([bent(room(drawn=False), -0.2)], CENTRE) is None


def test_curved_things_are_no_lines() -> None:
    picture = np.full((HEIGHT, WIDTH), 110, dtype=np.uint8)
    for index, radius in enumerate((90, 130, 170, 240, 330, 420)):
        cv2.ellipse(picture, (180 + 40 * index, 240), (radius, radius // 2), 10 * index, 0, 360, 200, 6, cv2.LINE_AA)
    assert lens_from_edges([noisy(picture)], CENTRE) is None


def test_lines_on_one_side_alone_are_not_believed() -> None:
    picture = bent(room(), -0.15).copy()
    picture[HEIGHT // 3 :] = 110
    picture[:, : WIDTH // 8], picture[:, -WIDTH // 8 :] = 110, 110
    assert lens_from_edges([picture], CENTRE) is None


def test_pictures_that_contradict_each_other_are_not_believed() -> None:
    assert lens_from_edges([bent(room(), -0.05), bent(room(), -0.2)], CENTRE) is None
