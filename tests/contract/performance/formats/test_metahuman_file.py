"""MetaHuman's control CSV, against the poses of Unreal's own table for ARKit."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.characters.metahuman import EXPRESSIONS
from backend.contract.performance.formats.metahuman_file import metahuman_text
from backend.contract.performance.performance import FILE, Performance

ALL = ("UL", "UR", "DL", "DR")
POSES = {
    "eyeLookInLeft": {"eyeLookRightL": 1}, "eyeLookOutLeft": {"eyeLookLeftL": 1},
    "eyeLookInRight": {"eyeLookLeftR": 1}, "eyeLookOutRight": {"eyeLookRightR": 1},
    "eyeBlinkLeft": {"eyeBlinkL": 1}, "eyeWideRight": {"eyeWidenR": 1}, "eyeSquintLeft": {"eyeSquintInnerL": 1},
    "jawForward": {"jawFwd": 0.9986}, "jawOpen": {"jawOpen": 1},
    "mouthFunnel": {f"mouthFunnel{part}": 1 for part in ALL},
    "mouthPucker": {f"mouth{name}{part}": value for part in ALL
                    for name, value in (("LipsPurse", 1), ("LipsTowards", 0.4122), ("Funnel", 0.7519))},
    "mouthSmileLeft": {"mouthCornerPullL": 1}, "mouthFrownRight": {"mouthCornerDepressR": 1},
    "mouthRollLower": {"mouthLowerLipRollInL": 1, "mouthLowerLipRollInR": 1,
                       "mouthUpperLipRollInL": 0.4988, "mouthUpperLipRollInR": 0.4988},
    "mouthShrugUpper": {"jawChinRaiseUL": 1, "jawChinRaiseUR": 1},
    "mouthPressRight": {"mouthPressUR": 1, "mouthPressDR": 1},
    "browInnerUp": {"browLateralL": 1, "browLateralR": 1, "browRaiseInL": 1, "browRaiseInR": 1},
    "browOuterUpLeft": {"browRaiseInL": 1, "browRaiseOuterL": 1},
    "cheekPuff": {"mouthCheekBlowL": 1, "mouthCheekBlowR": 1, "mouthLipsBlowL": 1, "mouthLipsBlowR": 1},
    "noseSneerLeft": {"noseWrinkleL": 1}, "cheekSquintRight": {"eyeCheekRaiseR": 1},
    "tongueOut": {"tongueOut": 0.7689, "tongueDown": 0.826, "tongueWide": 0.6278, "tongueRollDown": 0.2473},
    "mouthClose": {f"mouthLipsTogether{part}": 1 for part in ALL},
}  # fmt: skip
"""Channel at 1 -> controls that are not 0, as the pose asset has them."""


def posed() -> Performance:
    """A performance that shows each channel alone on a frame of its own."""
    count = len(CHANNELS)
    return Performance(
        "poses", Fraction(30), np.arange(count) / 30, np.eye(count), None, None, None, (FILE,) * count, np.ones(count)
    )


def read(text: str) -> dict[int, dict[str, float]]:
    """Frame -> control -> value."""
    frames: dict[int, dict[str, float]] = defaultdict(dict)
    for row in csv.DictReader(io.StringIO(text)):
        frames[int(row["frame_number"])][row["curve_name"]] = float(row["value"])
    return frames


@pytest.mark.parametrize("channel", POSES)
def test_a_channel_alone_gives_the_pose_of_the_table(channel: str) -> None:
    controls = read(metahuman_text(posed()))[INDEX[channel]]
    moved = {name: value for name, value in controls.items() if value}
    assert moved == pytest.approx({f"CTRL_expressions_{name}": value for name, value in POSES[channel].items()})


def test_every_channel_has_controls_and_right_is_the_mirror_of_left() -> None:
    assert set(EXPRESSIONS) == set(CHANNELS)
    for channel in CHANNELS:
        if channel.endswith("Left") and "Look" not in channel and channel not in ("jawLeft", "mouthLeft"):
            other = EXPRESSIONS[channel.removesuffix("Left") + "Right"]
            assert {name[:-1] + "R": value for name, value in EXPRESSIONS[channel].items()} == other


def test_values_stay_within_the_range_of_controls_and_gaps_have_no_keys() -> None:
    performance = posed()
    weights = np.ones_like(performance.weights)
    weights[3] = np.nan
    frames = read(metahuman_text(replace(performance, weights=weights)))
    assert 3 not in frames and len(frames) == len(CHANNELS) - 1
    assert max(max(controls.values()) for controls in frames.values()) == 1.0
    assert metahuman_text(performance).startswith("curve_name,frame_number,value\nCTRL_expressions_")


def test_times_between_frames_give_weights_between_those_of_the_footage() -> None:
    performance = posed()
    times = np.cumsum(np.resize([0.02, 0.05, 0.03], len(performance)))
    ramp = np.zeros_like(performance.weights)
    ramp[:, INDEX["jawOpen"]] = times
    varying = replace(performance, time=times - times[0], weights=ramp)
    frames = read(metahuman_text(varying))
    assert sorted(frames) == list(range(len(frames))) and abs(len(frames) - 30 * varying.time[-1]) < 1.1
    opened = [frames[frame]["CTRL_expressions_jawOpen"] for frame in sorted(frames)]
    expected = np.minimum(times[0] + np.arange(len(frames)) / 30, times[-1])
    assert opened == pytest.approx(np.clip(expected, 0, 1), abs=1e-6)
