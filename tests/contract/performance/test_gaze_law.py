"""The law between gaze and look channels, against takes of a phone."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from backend.contract.performance.channels import CHANNELS, INDEX, mirrored, region_of
from backend.contract.performance.gaze import COLUMNS, REST, gaze_of, weights_of

TAKE = Path(__file__).resolve().parents[4] / "shared" / "data" / "retarget" / "livelink_take.csv"


def test_gaze_survives_the_way_through_weights() -> None:
    gaze = np.radians(np.random.default_rng(0).uniform(-20, 20, (50, 2, 2)))
    assert np.allclose(gaze_of(weights_of(gaze)), gaze, atol=1e-12)
    assert np.allclose(gaze_of(weights_of(gaze, REST), REST), gaze, atol=1e-12)


def test_looking_to_the_own_left_turns_the_left_eye_out_and_the_right_eye_in() -> None:
    left = np.full((1, 2, 2), [-0.3, 0.0])
    inward, outward, up, down = np.moveaxis(weights_of(left)[0], 1, 0)
    assert inward[0] == 0 < outward[0] and outward[1] == 0 < inward[1] and not up.any() and not down.any()


@pytest.mark.skipif(not TAKE.exists(), reason="the phone's take is not here")
def test_weights_of_a_phone_give_the_angles_that_it_measured() -> None:
    with TAKE.open() as stream:
        rows = list(csv.DictReader(stream))
    names = {name.lower(): name for name in rows[0]}
    weights = np.array([[float(row[names[channel.lower()]]) for channel in CHANNELS] for row in rows])
    eyes = np.array(
        [[[float(row[f"{side}Eye{axis}"]) for axis in ("Yaw", "Pitch")] for side in ("Left", "Right")] for row in rows]
    )
    assert np.sqrt(np.mean((gaze_of(weights[:, COLUMNS], REST) - eyes) ** 2)) < 0.006


def test_every_channel_has_a_region_and_a_mirror_image() -> None:
    assert {mirrored(mirrored(channel)) for channel in CHANNELS} == set(CHANNELS) == set(INDEX)
    assert region_of("eyeLookInLeft") == "gaze" and region_of("eyeBlinkLeft") == "eyes"
