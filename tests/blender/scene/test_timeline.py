"""Scene frames and the frames of the track that they show."""

from fractions import Fraction

import numpy as np
import pytest
from flame_extension.blender_flame_tracker.scene.timeline import (
    blender_rate,
    footage_rate,
    make_timeline,
    turning_points,
)

NTSC = Fraction(30000, 1001)


def place(frame_index, time, rate, start_at=1, played=None):
    return make_timeline(np.asarray(frame_index), np.asarray(time), Fraction(rate), played, start_at)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25, 2), NTSC, Fraction(60), Fraction(1, 2)])
def test_constant_rate_gives_every_scene_frame_one_frame_of_the_track(rate):
    index = np.arange(5000)
    timeline = place(index, index / float(rate), rate)
    assert timeline.steady and timeline.footage_start == 1
    assert np.array_equal(timeline.frame, index + 1) and np.array_equal(timeline.row, index)


@pytest.mark.parametrize("unit", [0.01, 0.001])
def test_times_rounded_by_the_container_are_still_constant(unit):
    index = np.arange(62)
    timeline = place(index, np.round(index / 12 / unit) * unit, 12)
    assert timeline.steady and np.array_equal(timeline.frame, index + 1)


def test_a_part_of_the_footage_starts_where_it_should_and_the_footage_before():
    index = np.arange(100, 120)
    timeline = place(index, index / 30, 30, start_at=1001)
    assert timeline.frame[0] == timeline.first == 1001 and timeline.last == 1020
    assert timeline.footage_start == 901


def test_a_stride_leaves_the_frames_between_to_interpolation():
    index = np.arange(0, 40, 3)
    timeline = place(index, index / 30, footage_rate(index, index / 30, Fraction(10)))
    assert timeline.rate == 30 and np.array_equal(timeline.frame, index + 1)


@pytest.mark.parametrize(
    ("keep", "nominal", "footage"),
    [
        (np.arange(20), Fraction(25), Fraction(25)),
        (np.arange(0, 200, 2), Fraction(15), Fraction(30)),
        (np.arange(0, 200, 2), NTSC / 2, NTSC),
        (np.round(np.arange(100) * 30 / 12).astype(int), Fraction(12), Fraction(30)),
        (np.array([7]), Fraction(25), Fraction(25)),
    ],
)
def test_the_rate_of_the_footage_is_found_behind_a_stride(keep, nominal, footage):
    assert footage_rate(keep, keep / float(footage), nominal) == footage


def test_variable_rate_holds_a_frame_as_long_as_the_footage_does():
    # Frame 1 stays for three scene frames, frame 3 comes half a frame late and is seen a whole frame late.
    timeline = place([0, 1, 2, 3, 4], np.array([0, 1, 4, 5.5, 6]) / 30, 30)
    assert not timeline.steady
    assert list(zip(timeline.frame.tolist(), timeline.row.tolist(), strict=True)) == [
        (1, 0), (2, 1), (4, 1), (5, 2), (6, 2), (6.5, 3), (7, 4),
    ]  # fmt: skip


def test_frames_that_are_too_quick_to_be_shown_keep_their_real_time():
    timeline = place([0, 1, 2, 3], np.array([0, 0.4, 0.7, 1.0]) / 25, 25)
    assert np.allclose(timeline.frame, [1, 1.4, 1.7, 2]) and timeline.row.tolist() == [0, 1, 2, 3]


def test_keys_of_any_clip_increase():
    random = np.random.default_rng(3)
    for _ in range(20):
        time = np.cumsum(random.uniform(0.005, 0.12, 200))
        timeline = place(np.arange(200), time, 25, start_at=7)
        assert (np.diff(timeline.frame) > 0).all() and set(timeline.row) == set(range(200))
        assert (
            timeline.first == 7 and np.abs(timeline.frame - timeline.footage_start - time[timeline.row] * 25).max() < 4
        )


def test_when_blender_plays_at_another_rate_that_rate_is_taken():
    time = np.array([0, 2, 3, 5, 7, 9, 10, 12]) / 30
    timeline = place(np.arange(8), time, 30, played=Fraction(24))
    assert timeline.rate == 24
    steady = place(np.arange(80), np.arange(80) / 29.99, 30, played=Fraction(2999, 100))
    assert steady.steady and steady.rate == 30


@pytest.mark.parametrize(
    ("rate", "pair"),
    [
        (Fraction(24), (24, 1.0)),
        (NTSC, (30, 1.001)),
        (Fraction(24000, 1001), (24, 1.001)),
        (Fraction(25, 2), (25, 2.0)),
        (Fraction(1, 4), (1, 4.0)),
        (Fraction(29142248, 1000000), (29, 29 / 29.142248)),
    ],
)
def test_scene_rates(rate, pair):
    assert blender_rate(rate) == pytest.approx(pair)
    assert blender_rate(rate)[0] / blender_rate(rate)[1] == pytest.approx(float(rate), rel=1e-12)


def test_a_straight_curve_needs_its_ends_and_its_bends():
    frame = np.array([1.0, 2, 3, 6, 7, 8])
    assert turning_points(frame, np.array([1.0, 2, 3, 4, 5, 6])).tolist() == [0, 2, 3, 5]
    assert turning_points(frame[:1], frame[:1]).tolist() == [0]
