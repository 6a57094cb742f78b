"""One pinned frame amid frames that are off as a whole: it mends them to their edges, and nothing that moves fast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_clips import made_clip
from tracks_to_correct import builtin_track

from backend.contract.camera import project, rotation_matrices
from backend.contract.corrections.corrections import AUTOMATIC_REACH, SOFT, Corrections, PinnedFrame
from backend.contract.corrections.pose_changes import Poses, changed, middle_of, poses_of
from backend.contract.corrections.reach import Anchors
from backend.contract.corrections.spreading import Spread, corrected_track, spread_poses, timing_of
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.failure import Failure
from backend.contract.track import Track

BAD = slice(30, 45)
HARD_EDGES = np.zeros(80)
HARD_EDGES[BAD] = 1.0
SOFT_EDGES = np.interp(np.arange(80), [26, 32, 42, 48], [0, 1, 1, 0])


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Track:
    """Eighty frames of the built-in head as it was."""
    return builtin_track(tmp_path_factory.mktemp("clip"), clip=made_clip(80))


def off(track: Track, share: np.ndarray, across: float = 35.0, degrees: float = 12.0) -> Poses:
    """The poses with the head off by pixels and degrees, as far as a share of each frame (T,) says."""
    change = np.zeros((len(track), 20 + track.expression.shape[1]))
    change[:, 1], change[:, 3] = np.radians(degrees) * share, across / track.intrinsics.focal_x * share
    return changed(poses_of(track), change, middle_of(track))


def with_poses(track: Track, poses: Poses) -> Track:
    return replace(track, head_rotation=poses.head_rotation, head_translation=poses.head_translation)


def pinned(true: Track, row: int, **more) -> PinnedFrame:
    return PinnedFrame(int(true.frame_index[row]), poses_of(true).at(row), **more)


def spread_over(track: Track, *frames: PinnedFrame) -> Spread:
    return spread_poses(poses_of(track), timing_of(track, frames), frames, middle_of(track))


def stops(anchors: Anchors) -> tuple[list[bool], list[bool]]:
    return anchors.stops_left.tolist(), anchors.stops_right.tolist()


def pixels(track: Track, poses: Poses) -> np.ndarray:
    """Where the middle of the head and a point before it are in the picture (T, 4)."""
    points = middle_of(track) + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.08]])
    in_camera = points @ np.swapaxes(rotation_matrices(poses.head_rotation), 1, 2) + poses.head_translation[:, None]
    return project(in_camera, track.intrinsics, nearest=1e-3).reshape(len(poses), -1)


@pytest.mark.parametrize("row", [34, 37, 41])
def test_one_pinned_frame_mends_all_of_a_stretch_with_hard_edges_and_nothing_else(true: Track, row: int) -> None:
    track = with_poses(true, off(true, HARD_EDGES))
    after = spread_over(track, pinned(true, row))
    assert stops(after.anchors) == ([True], [True])
    away = np.abs(pixels(true, after.poses) - pixels(true, poses_of(true))).max(axis=1)
    assert away.max() < 4.0
    others = np.setdiff1d(np.arange(80), np.arange(80)[BAD])
    assert np.array_equal(after.poses.head_rotation[others], track.head_rotation[others])
    assert np.array_equal(np.flatnonzero(after.share), np.arange(80)[BAD]) and (after.share[BAD] == 1).all()


def test_it_comes_off_again_to_the_last_bit(true: Track) -> None:
    track = with_poses(true, off(true, HARD_EDGES))
    after = corrected_track(track, Corrections((pinned(true, 37),)))
    assert not isinstance(after, Failure) and after.uncorrected_rows is not None
    assert after.uncorrected_rows.tolist() == list(range(30, 45))
    back = uncorrected_track(after)
    assert not isinstance(back, Failure)
    assert np.array_equal(back.head_translation, track.head_translation)
    assert np.array_equal(back.confidence, track.confidence)


def test_a_soft_frame_counts_up_to_the_edges_too(true: Track) -> None:
    after = spread_over(with_poses(true, off(true, HARD_EDGES)), pinned(true, 37, hardness=SOFT))
    hard = spread_over(with_poses(true, off(true, HARD_EDGES)), pinned(true, 37))
    assert stops(after.anchors) == ([True], [True]) and np.array_equal(after.share, hard.share)


@pytest.mark.parametrize("share", [SOFT_EDGES, np.zeros(80)], ids=["soft edges", "none"])
def test_without_hard_edges_the_change_fades(true: Track, share: np.ndarray) -> None:
    key = PinnedFrame(int(true.frame_index[37]), off(true, share - 1).at(37))
    after = spread_over(with_poses(true, off(true, share)), key)
    assert stops(after.anchors) == ([False], [False])
    assert (np.abs(np.diff(after.share)) < 0.3).all()


def test_fast_motion_is_no_edge_whatever_is_pinned_beside_it(true: Track) -> None:
    # The head turns 50 degrees and moves 60 pixels within five frames, 24 pixels between two of them, and back.
    rise = np.interp(np.arange(80), [30, 31, 32, 33, 34, 35], [0, 0.1, 0.3, 0.7, 0.9, 1])
    fast = with_poses(true, off(true, rise - np.roll(rise, 12) * (np.arange(80) > 41), across=60.0, degrees=50.0))
    for row in range(24, 50):
        for undone in (-0.2, 0.2, 0.4, 1.0):
            key = PinnedFrame(int(true.frame_index[row]), off(fast, np.full(80, -undone), 60.0, 50.0).at(row))
            assert stops(spread_over(fast, key).anchors) == ([False], [False])


def test_a_jump_that_the_pinned_frame_does_not_explain_is_no_edge(true: Track) -> None:
    track = with_poses(true, off(true, HARD_EDGES))
    little = PinnedFrame(int(true.frame_index[37]), off(track, -np.ones(80), 8.0, 2.0).at(37))
    assert stops(spread_over(track, little).anchors) == ([False], [False])
    other_way = PinnedFrame(int(true.frame_index[37]), off(track, np.ones(80)).at(37))
    assert stops(spread_over(track, other_way).anchors) == ([False], [False])


def test_the_same_change_on_both_sides_of_a_jump_leaves_it_to_the_person(true: Track) -> None:
    track = with_poses(true, off(true, HARD_EDGES))
    keys = [PinnedFrame(int(true.frame_index[row]), off(track, -np.ones(80)).at(row)) for row in (40, 48)]
    assert not any(stops(spread_over(track, *keys).anchors)[1])


def test_the_nearest_jump_is_the_edge(true: Track) -> None:
    twice = np.zeros(80)
    twice[30:36] = twice[40:46] = 1.0
    after = spread_over(with_poses(true, off(true, twice)), pinned(true, 33))
    assert np.flatnonzero(after.share).tolist() == list(range(30, 36))


def test_a_reach_that_was_set_stays(true: Track) -> None:
    track = with_poses(true, off(true, HARD_EDGES))
    after = spread_over(track, pinned(true, 37, reach=10))
    assert stops(after.anchors) == ([False], [False]) and np.flatnonzero(after.share).tolist() == list(range(27, 48))
    # Nor is one cut short by an edge of another.
    beside = spread_over(track, pinned(true, 35, reach=12), pinned(true, 40, reach=AUTOMATIC_REACH))
    assert stops(beside.anchors)[1] == [False, False]
