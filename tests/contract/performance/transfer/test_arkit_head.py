"""The table of the built-in head, as Blender reads it."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.names import INNER_LIPS_LOWER, INNER_LIPS_UPPER, LEFT_EYE_LOWER, LEFT_EYE_UPPER, LEFT_IRIS
from backend.contract.performance.channels import CHANNELS, INDEX, mirrored
from backend.contract.performance.transfer.arkit_head import arkit_head

LOWER, UPPER = list(INNER_LIPS_LOWER[1:-1]), list(INNER_LIPS_UPPER[1:-1])


def landmarks(**weights: float) -> np.ndarray:
    row = np.zeros((1, len(CHANNELS)))
    for name, value in weights.items():
        row[0, INDEX[name]] = value
    return arkit_head().landmarks_of(row)[0]


def test_every_channel_moves_the_head_and_only_by_centimetres() -> None:
    largest = np.linalg.norm(arkit_head().displacements, axis=1).max(axis=0)
    assert largest.min() > 0.0015
    assert largest.max() < 0.06


@pytest.mark.parametrize("channel", CHANNELS)
def test_left_is_the_mirror_image_of_right(channel: str) -> None:
    head = arkit_head()
    other = head.displacements[head.mirror, :, INDEX[mirrored(channel)]] * (-1.0, 1.0, 1.0)
    # In is measured equal for both eyes and out is not: 0.57 and 0.58 rad.
    assert np.abs(other - head.displacements[:, :, INDEX[channel]]).max() < 2e-4


def test_an_open_jaw_parts_the_lips_and_mouth_close_shuts_them() -> None:
    opened = landmarks(jawOpen=1.0)
    closed = landmarks(jawOpen=1.0, mouthClose=1.0)
    assert np.linalg.norm(opened[UPPER] - opened[LOWER], axis=1).max() > 0.02
    assert np.linalg.norm(closed[UPPER] - closed[LOWER], axis=1).max() < 1e-4


def test_a_blink_shuts_the_lids() -> None:
    closed = landmarks(eyeBlinkLeft=1.0)
    gap = np.linalg.norm(closed[list(LEFT_EYE_UPPER)] - closed[list(LEFT_EYE_LOWER)], axis=1)
    assert gap.max() < 3e-4


def test_irises_turn_with_the_gaze_and_stay_on_their_eyeball() -> None:
    head = arkit_head()
    rest = landmarks()
    for name, axis, sign in (("eyeLookInLeft", 0, -1), ("eyeLookOutLeft", 0, 1), ("eyeLookUpLeft", 1, 1)):
        half = landmarks(**{name: 0.5})
        moved = half[LEFT_IRIS[0]] - rest[LEFT_IRIS[0]]
        assert sign * moved[axis] > 0.002, name
        radius = np.linalg.norm([half[LEFT_IRIS[0]] - head.joints[3], rest[LEFT_IRIS[0]] - head.joints[3]], axis=1)
        assert radius[0] == pytest.approx(radius[1], abs=1e-7)


def test_a_frame_without_a_face_has_no_landmarks_and_an_untracked_channel_counts_as_zero() -> None:
    weights = np.zeros((2, len(CHANNELS)))
    weights[0] = np.nan
    weights[1, INDEX["tongueOut"]] = np.nan
    result = arkit_head().landmarks_of(weights)
    assert np.isnan(result[0]).all()
    np.testing.assert_allclose(result[1], landmarks(), atol=1e-9)
