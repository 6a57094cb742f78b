"""Measures of ARKit weights on weights that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from backend.bench.measures.weights import answer, bands, errors, second_difference
from backend.contract.performance.channels import CHANNELS, INDEX


def zeros(frames: int = 40) -> np.ndarray:
    return np.zeros((frames, len(CHANNELS)))


def test_a_blink_is_measured_from_half_to_height_and_back() -> None:
    weights = zeros()
    weights[18:24, INDEX["eyeBlinkLeft"]] = [0.3, 0.6, 0.9, 0.7, 0.4, 0.1]
    (blink,) = bands(weights, 30).blinks
    assert (blink.peak, blink.step) == pytest.approx((0.9, 0.3))
    assert (30 * blink.closing, 30 * blink.opening) == pytest.approx((2, 2))


def test_habits_count_frames_with_a_face_alone() -> None:
    weights = zeros()
    weights[:, INDEX["jawLeft"]] = weights[:, INDEX["jawRight"]] = 0.2
    weights[20:] = np.nan
    found = bands(weights, 30)
    assert found.both == 1 and found.active == 2 and found.zeros == pytest.approx(50 / 52)
    assert found.lowered is None and found.sides is None and not found.blinks


def test_sides_are_compared_where_both_move() -> None:
    weights, wave = zeros(), np.sin(np.linspace(0, 9, 40)) ** 2
    weights[:, INDEX["browDownLeft"]], weights[:, INDEX["browDownRight"]] = wave, 0.5 * wave
    weights[:, INDEX["eyeWideLeft"]] = wave
    assert bands(weights, 30).sides == pytest.approx(1)


def test_lowered_eyes_and_closed_lips_are_found() -> None:
    weights = zeros()
    weights[:10, INDEX["eyeLookDownLeft"]], weights[:10, INDEX["eyeBlinkLeft"]] = 0.5, 0.2
    weights[:4, INDEX["mouthClose"]] = 0.3
    found = bands(weights, 30)
    assert found.lowered == pytest.approx(0.2) and found.beyond_jaw == pytest.approx(0.1)


def test_errors_name_the_worst_channel_and_skip_those_not_tracked() -> None:
    weights = zeros()
    weights[:, INDEX["tongueOut"]] = np.nan
    weights[:, INDEX["mouthPucker"]] = 0.52
    every, worst, channel = errors(weights, zeros())
    assert channel == "mouthPucker" and worst == pytest.approx(0.52) and every == pytest.approx(0.52 / 51**0.5)


def test_an_answer_is_a_share_of_the_height_and_a_correlation() -> None:
    wanted = 0.6 * np.sin(np.linspace(0, np.pi, 31))
    share, correlation = answer(0.5 * wanted, wanted)
    assert share == pytest.approx(0.5, abs=0.01) and correlation == pytest.approx(1)
    assert answer(np.zeros(31), wanted) == (0, 0)


def test_the_second_difference_of_a_ramp_is_nothing() -> None:
    weights = zeros()
    weights[:, 0] = np.linspace(0, 1, 40)
    weights[::2, 1] = 0.1
    found = second_difference(weights)
    assert found[0] == pytest.approx(0, abs=1e-12) and found[1] == pytest.approx(0.2)
