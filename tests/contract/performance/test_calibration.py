"""Calibration: neutral frame, gain, offset, curve and clamp, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.contract.failure import Failure
from backend.contract.performance.calibration import (
    PRESETS,
    Calibration,
    Response,
    calibrated,
    neutral_problem,
    parse_calibration,
)
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.gaze import COLUMNS, REST, gaze_of, weights_of
from backend.contract.performance.neutral import propose_neutral
from backend.contract.performance.performance import GEOMETRY, NOT_TRACKED, Performance

TONGUE = INDEX["tongueOut"]


def performance(frames: int = 60, **changes: np.ndarray) -> Performance:
    """A face at rest, with some channels set; its tongue is not tracked."""
    weights = np.zeros((frames, 52))
    for name, values in changes.items():
        weights[:, INDEX[name]] = values
    weights[:, TONGUE] = np.nan
    source = tuple(NOT_TRACKED if name == "tongueOut" else GEOMETRY for name in CHANNELS)
    gaze = gaze_of(weights[:, COLUMNS])
    time = np.arange(frames) / 25
    still = np.zeros((frames, 3))
    return Performance("take", Fraction(25), time, weights, gaze, still, still, source, np.ones(52))


def channel(result: Performance, name: str) -> np.ndarray:
    return result.weights[:, INDEX[name]]


def blinking(frames: int = 60, opened: float = 0.2, closed: float = 0.85) -> np.ndarray:
    lid = np.full(frames, opened)
    lid[30:33] = [0.6, closed, 0.5]
    return lid


def test_a_calibration_that_changes_nothing_keeps_every_bit() -> None:
    take = performance(mouthSmileLeft=np.linspace(0, 1.053, 60), eyeLookInLeft=np.linspace(0, 1, 60))
    result = calibrated(take, Calibration())
    assert np.array_equal(result.weights, take.weights, equal_nan=True) and result.gaze is take.gaze


def test_the_resting_face_counts_as_zero_and_motion_keeps_its_size() -> None:
    take = performance(mouthSmileLeft=0.2 + np.linspace(-0.1, 0.5, 60), browInnerUp=np.full(60, 0.15))
    result = calibrated(take, Calibration(neutral=(10,)))
    rest = channel(take, "mouthSmileLeft")[10]
    assert np.allclose(channel(result, "mouthSmileLeft"), np.maximum(channel(take, "mouthSmileLeft") - rest, 0))
    assert not channel(result, "browInnerUp").any()
    assert np.isnan(result.weights[:, TONGUE]).all()


def test_a_blink_still_closes_the_eye_after_the_neutral_frame_is_chosen() -> None:
    take = performance(eyeBlinkLeft=blinking())
    lid = channel(calibrated(take, Calibration(neutral=(5,))), "eyeBlinkLeft")
    assert lid[5] == 0 and lid[31] == pytest.approx(1.0)


def test_someone_who_never_blinks_does_not_blink_when_calibrated() -> None:
    lid = channel(calibrated(performance(eyeBlinkLeft=np.linspace(0.2, 0.4, 60)), Calibration((0,))), "eyeBlinkLeft")
    assert lid.max() < 0.3


def test_a_jaw_that_rests_aside_moves_both_ways_from_there() -> None:
    take = performance(jawLeft=np.linspace(0.2, 0, 60))
    result = calibrated(take, Calibration(neutral=(0,)))
    assert np.allclose(channel(result, "jawRight"), 0.2 - channel(take, "jawLeft"))
    assert not channel(result, "jawLeft").any()


def test_gaze_does_not_count_from_the_neutral_frame() -> None:
    take = performance(eyeLookInLeft=np.full(60, 0.4))
    result = calibrated(take, Calibration(neutral=(0,)))
    assert np.array_equal(channel(result, "eyeLookInLeft"), channel(take, "eyeLookInLeft"))


def test_master_gain_leaves_blinks_and_gaze_alone() -> None:
    ramp = np.linspace(0, 1, 60)
    take = performance(mouthSmileLeft=ramp, eyeBlinkLeft=ramp, eyeLookUpLeft=ramp, eyeWideLeft=ramp)
    result = calibrated(take, Calibration(master=0.5))
    assert np.allclose(channel(result, "mouthSmileLeft"), ramp / 2) and np.allclose(
        channel(result, "eyeWideLeft"), ramp / 2
    )
    assert np.array_equal(channel(result, "eyeBlinkLeft"), ramp)
    assert np.array_equal(channel(result, "eyeLookUpLeft"), ramp)


def test_channel_region_and_master_act_together() -> None:
    ramp = np.linspace(0, 1, 60)
    answers = Calibration(
        master=0.5,
        regions={"mouth": Response(gain=2.0, curve=2.0)},
        channels={"mouthSmileLeft": Response(gain=0.8, offset=0.1, low=0.15, high=0.7)},
    )
    result = calibrated(performance(mouthSmileLeft=ramp, mouthSmileRight=ramp, jawOpen=ramp), answers)
    assert np.allclose(channel(result, "mouthSmileLeft"), np.clip(0.8 * ramp**2 + 0.1, 0.15, 0.7))
    assert np.allclose(channel(result, "mouthSmileRight"), ramp**2)
    assert np.allclose(channel(result, "jawOpen"), ramp / 2)


@pytest.mark.parametrize("calibration", [Calibration(master=0.6), Calibration(regions={"jaw": Response(gain=1.4)})])
def test_lips_that_are_shut_over_an_open_jaw_stay_shut(calibration: Calibration) -> None:
    jaw = np.linspace(0, 0.7, 60)
    result = calibrated(performance(jawOpen=jaw, mouthClose=jaw, mouthFunnel=jaw), calibration)
    assert not np.allclose(channel(result, "jawOpen"), jaw)
    assert np.allclose(channel(result, "mouthClose"), channel(result, "jawOpen"))
    open_mouth = calibrated(performance(jawOpen=jaw), calibration)
    assert not channel(open_mouth, "mouthClose").any()


def test_lips_stay_shut_when_they_count_from_a_neutral_frame() -> None:
    jaw = np.linspace(0.05, 0.7, 60)
    result = calibrated(performance(jawOpen=jaw, mouthClose=jaw + 0.03), Calibration(neutral=(0,)))
    assert np.allclose(channel(result, "jawOpen"), jaw - 0.05) and channel(result, "mouthClose")[0] == 0
    assert (channel(result, "mouthClose") >= channel(result, "jawOpen") - 1e-9).all()


def test_the_lips_own_channel_still_answers() -> None:
    jaw = np.linspace(0, 0.7, 60)
    result = calibrated(
        performance(jawOpen=jaw, mouthClose=jaw), Calibration(channels={"mouthClose": Response(gain=0.5)})
    )
    assert np.allclose(channel(result, "mouthClose"), jaw / 2) and np.array_equal(channel(result, "jawOpen"), jaw)


def test_frames_without_a_face_and_channels_that_are_not_tracked_stay_so() -> None:
    take = performance(jawOpen=np.linspace(0, 1, 60))
    take.weights[20:25] = np.nan
    calibration = Calibration((3, 22), 1.5, {"tongue": Response(offset=0.3), "mouth": Response(offset=0.2)})
    result = calibrated(take, calibration)
    assert np.array_equal(result.has_face, take.has_face)
    assert np.isnan(result.weights[:, TONGUE]).all() and (channel(result, "mouthFunnel")[result.has_face] == 0.2).all()


@pytest.mark.parametrize("rest", [0.0, REST])
def test_eye_bones_follow_the_calibrated_look_channels_whatever_the_eyes_rest_at(rest: float) -> None:
    angles = np.radians(np.random.default_rng(1).uniform(-12, 12, (60, 2, 2)))
    take = performance()
    take.weights[:, COLUMNS] = weights_of(angles, rest)
    take = replace(take, gaze=angles)
    result = calibrated(take, Calibration(regions={"gaze": Response(gain=0.5)}))
    assert result.gaze is not None
    assert np.allclose(result.gaze, gaze_of(result.weights[:, COLUMNS], rest), atol=1e-9)


def test_the_neutral_frame_is_the_most_frontal_and_still_one_of_a_face_that_does_little() -> None:
    smile = np.zeros(120)
    smile[60:] = 0.7  # held: as still as rest
    lid = np.full(120, 0.1)
    lid[40:50] = 0.9
    take = performance(120, mouthSmileLeft=smile, eyeBlinkLeft=lid)
    head = np.zeros((120, 3))
    head[:30, 1] = np.radians(25)
    take = replace(take, head_rotation=head)
    chosen = propose_neutral(take)
    assert chosen is not None and 30 <= chosen < 60 and not 40 <= chosen < 50


def test_a_neutral_frame_without_a_face_is_refused_with_a_sentence_and_changes_nothing() -> None:
    take = performance(jawOpen=np.full(60, 0.3))
    take.weights[20:25] = np.nan
    problem = neutral_problem(take, Calibration(neutral=(22,)))
    assert isinstance(problem, Failure) and problem.code == "neutral-no-face"
    assert neutral_problem(take, Calibration(neutral=(22, 3))) is None
    assert np.array_equal(calibrated(take, Calibration(neutral=(22,))).weights, take.weights, equal_nan=True)


def test_frames_that_were_not_tracked_are_proposed_only_where_there_are_no_others() -> None:
    tracked = np.zeros(60, dtype=bool)
    tracked[40] = True
    assert propose_neutral(performance(), tracked) == 40
    assert propose_neutral(performance(), np.zeros(60, dtype=bool)) is not None


def test_no_frame_is_proposed_where_no_face_is() -> None:
    take = performance()
    take.weights[:] = np.nan
    assert propose_neutral(take) is None


def test_a_calibration_comes_back_from_json_and_names_only_what_differs() -> None:
    calibration = Calibration(
        (4, 7),
        1.2,
        {"brows": Response(gain=1.5)},
        {"jawOpen": Response(offset=-0.1, curve=2.0), "cheekPuff": Response()},
    )
    text = calibration.to_json()
    again = parse_calibration(text)
    assert isinstance(again, Calibration)
    assert json.loads(text)["channels"] == {"jawOpen": {"offset": -0.1, "curve": 2.0}}
    assert all(again.response_of(name) == calibration.response_of(name) for name in CHANNELS)
    assert again.neutral == (4, 7) and again.without_neutral().neutral == ()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_differ_keep_zero_at_zero_and_stay_in_range(name: str) -> None:
    ramp = np.linspace(0, 1, 60)
    take = performance(**dict.fromkeys(CHANNELS[:51], ramp))
    result = calibrated(take, PRESETS[name])
    assert np.nanmax(result.weights) <= 1 and not np.nan_to_num(result.weights[0]).any()
    assert np.array_equal(result.weights, take.weights, equal_nan=True) == (name == "As Tracked")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "calibration-not-json"),
        ('{"schema": 9}', "calibration-schema"),
        ('{"schema": 1, "master": 1e9}', "calibration-damaged"),
        ('{"schema": 1, "channels": {"jawOpen": {"curve": 0}}}', "calibration-damaged"),
        ('{"schema": 1, "neutral": [-1]}', "calibration-damaged"),
        ('{"schema": 1, "channels": {"jawOpenn": {}}}', "calibration-name"),
    ],
)
def test_what_is_not_a_calibration_is_refused_with_a_code(text: str, code: str) -> None:
    problem = parse_calibration(text)
    assert isinstance(problem, Failure) and problem.code == code


def test_what_lies_beyond_the_weights_counts_from_neutral_frames_that_show_a_face() -> None:
    acted = performance(4)
    acted.weights[1] = np.nan
    beyond = np.zeros((4, 478, 3)) + np.arange(4.0)[:, None, None]
    beyond[1] = np.nan
    moved = calibrated(replace(acted, beyond=beyond), Calibration((1, 2, 9))).beyond
    assert moved is not None
    assert np.nanmax(np.abs(moved[:, 0, 0] - [-2, np.nan, 0, 1])) == 0
