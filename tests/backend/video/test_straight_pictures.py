"""Pictures, landmarks and masks of a curved lens as a pinhole camera has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_clips import context, made_clip

from backend.contract.camera import Intrinsics
from backend.contract.distortion import CurvedLens, Distortion
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Landmarks, PersonMasks
from backend.fit.fitting import fit
from backend.fit.lens.straight_landmarks import straight_landmarks
from backend.video.straight import straight_picture

LENS = CurvedLens(Intrinsics(640, 480, 700.0, 700.0, 330.0, 230.0), Distortion(-0.15, 0.02))


def in_footage(landmarks: Landmarks) -> Landmarks:
    """Landmarks of a pinhole camera as the curved lens shows them."""
    points = landmarks.points.astype(np.float64)
    points[..., :2] = LENS.on_footage(points[..., :2])
    return replace(landmarks, points=points.astype(np.float32))


def test_a_line_that_the_lens_bends_is_straight_again() -> None:
    x, y = np.meshgrid(np.arange(640.0), np.arange(480.0))
    straight = LENS.straightened(np.stack([x, y], axis=-1))
    footage = np.exp(-(((straight[..., 1] - 60) / 2) ** 2)) * 255
    picture = straight_picture(np.repeat(footage[..., None], 3, axis=2).astype(np.uint8), LENS).astype(float)
    rows = (picture[..., 0] * y).sum(axis=0) / picture[..., 0].sum(axis=0)
    before = (footage * y).sum(axis=0) / footage.sum(axis=0)
    assert np.ptp(before[40:600]) > 4
    assert rows[40:600] == pytest.approx(60.0, abs=0.05)


def test_straight_landmarks_are_those_of_a_pinhole() -> None:
    landmarks = made_clip(6).landmarks
    back = straight_landmarks(in_footage(landmarks), LENS)
    assert back.points[..., :2] == pytest.approx(landmarks.points[..., :2], abs=1e-3)
    assert straight_landmarks(landmarks, None) is landmarks


def test_landmarks_beyond_the_border_stay_numbers() -> None:
    landmarks = made_clip(6).landmarks
    points = landmarks.points.copy()
    points[0, 0, :2] = (-4000.0, 200.0)
    folding = replace(LENS, distortion=Distortion(-0.3))
    assert np.isfinite(straight_landmarks(replace(landmarks, points=points), folding).points).all()


def test_masks_follow_the_straight_picture() -> None:
    to_image = np.array([[[2.5, 0.0, 20.0], [0.0, 2.5, 10.0]]])
    x, y = np.meshgrid(np.arange(200.0), np.arange(180.0))
    pixels = np.stack([x * 2.5 + 20, y * 2.5 + 10], axis=-1)

    def disc(at: np.ndarray) -> np.ndarray:
        return (255 * (np.linalg.norm(at - (120, 100), axis=-1) < 60)).astype(np.uint8)

    masks = PersonMasks(np.array([0]), disc(LENS.straightened(pixels))[None], to_image)
    landmarks = replace(made_clip(6).landmarks, masks=masks)
    straight = straight_landmarks(landmarks, LENS).masks
    assert straight is not None
    true, found = disc(pixels) / 255, straight.mask[0] / 255
    assert found.sum() == pytest.approx(true.sum(), rel=0.02)
    for axis in (x, y):
        assert (found * axis).sum() / found.sum() == pytest.approx((true * axis).sum() / true.sum(), abs=0.1)
    assert np.abs((masks.mask[0] / 255 * x).sum() / (masks.mask[0] / 255).sum() - (true * x).sum() / true.sum()) > 1


def test_a_head_in_a_curved_picture_is_fitted_as_in_a_straight_one(tmp_path) -> None:
    clip = made_clip(16, focal=700.0)
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    lens = CurvedLens(clip.intrinsics, LENS.distortion)
    points = clip.landmarks.points.astype(np.float64)
    points[..., :2] = lens.on_footage(points[..., :2])
    curved = replace(clip.landmarks, points=points.astype(np.float32))
    known = Camera(700.0, "known", centre=centre)
    straight = fit(clip.landmarks, clip.head, known, FitSettings(), context(tmp_path))
    fitted = fit(curved, clip.head, replace(known, curved=lens), FitSettings(), context(tmp_path))
    assert fitted.translation == pytest.approx(straight.translation, abs=2e-4)
    assert fitted.rotation == pytest.approx(straight.rotation, abs=2e-3)
    assert fitted.curved == lens
