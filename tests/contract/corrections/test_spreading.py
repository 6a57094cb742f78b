"""Pinned frames spread over a track: exact where hard, smooth around, untouched out of reach, and never twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_clips import made_clip
from tracks_to_correct import builtin_track, flame_track

from backend.contract.camera import axis_angles, rotation_matrices
from backend.contract.corrections.corrections import (
    AUTOMATIC_REACH,
    ENTRY,
    SOFT,
    Corrections,
    KeyPose,
    Pin,
    PinnedFrame,
)
from backend.contract.corrections.pose_changes import changed, changes, middle_of, poses_of
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.corrections.reach import Timing, automatic_reach, ramp
from backend.contract.corrections.spreading import corrected_track
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.failure import Failure
from backend.contract.performance.weights.from_track import performance_of
from backend.contract.track import INTERPOLATED, MISSING, TRACKED, Track, read_track, write_track

OFF = 0.15
"""Radians by which pinned heads are turned away from the tracked ones."""


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    """Eighty frames of the built-in head, numbered from 100, every second of the video."""
    made = builtin_track(tmp_path_factory.mktemp("clip"), clip=made_clip(80))
    return replace(made, frame_index=100 + np.arange(80))


def moved(pose: KeyPose, turn: float = OFF, across: float = 0.02, smile: float = 0.1) -> KeyPose:
    rotation = rotation_matrices(np.array([0.0, turn, 0.0])) @ rotation_matrices(np.array(pose.head_rotation))
    x, y, z = pose.head_translation
    return replace(
        pose,
        head_rotation=tuple(axis_angles(rotation).tolist()),
        head_translation=(x + across, y, z),
        expression=tuple(value + smile for value in pose.expression),
    )


def pinned(track: Track, row: int, reach: int = 8, hardness: str = "hard", **moves: float) -> PinnedFrame:
    pose = moved(PosedHead(track).pose_at(row), **moves)
    return PinnedFrame(int(track.frame_index[row]), pose, (), hardness, reach)


def corrected(track: Track, *frames: PinnedFrame) -> Track:
    made = corrected_track(track, Corrections(frames))
    assert not isinstance(made, Failure), made
    return made


def difference(track: Track, other: Track) -> np.ndarray:
    return changes(poses_of(track), poses_of(other), middle_of(track))


def same_rows(one: Track, other: Track, rows: np.ndarray) -> bool:
    names = [*poses_of(one).channels, "vertices", "status", "confidence", "reprojection_error"]
    return all(np.array_equal(getattr(one, name)[rows], getattr(other, name)[rows], equal_nan=True) for name in names)


def test_changes_and_what_they_change_are_each_others_inverse(track: Track) -> None:
    start, end = poses_of(track), poses_of(track).rows(np.arange(80)[::-1])
    again = changed(start, changes(start, end, middle_of(track)), middle_of(track))
    for name, values in end.channels.items():
        assert np.allclose(again.channels[name], values, atol=1e-9), name


def test_the_track_passes_through_a_hard_frame_and_is_the_same_out_of_its_reach(track: Track) -> None:
    key = pinned(track, 40)
    after = corrected(track, key)
    assert PosedHead(after).pose_at(40) == key.pose
    inside = np.arange(40 - 8, 40 + 9)
    assert np.array_equal(after.uncorrected_rows, inside)
    assert same_rows(track, after, np.setdiff1d(np.arange(80), inside))
    assert (np.abs(difference(track, after)[inside, 1]) > 0).all()


def test_vertices_are_those_of_the_poses(track: Track) -> None:
    after = corrected(track, pinned(track, 40))
    head = PosedHead(after)
    for row in (34, 40, 45):
        assert np.abs(head.vertices(head.pose_at(row)) - after.vertices[row]).max() < 1e-5


def test_vertices_follow_in_flames_layout_too(tmp_path: Path) -> None:
    track = flame_track(tmp_path, 12, follows_torso=True)
    after = corrected(track, pinned(track, 6, reach=3))
    for row in (4, 6, 9):
        head = PosedHead(track).on(row)
        assert np.abs(head.vertices(PosedHead(after).pose_at(row)) - after.vertices[row]).max() < 1e-5


def test_the_change_fades_without_a_step_in_slope_or_curvature(track: Track) -> None:
    change = difference(track, corrected(track, pinned(track, 40, reach=15)))[:, 1]
    assert change[40] == pytest.approx(OFF, abs=1e-9)
    assert (np.diff(change[24:41]) >= 0).all() and (np.diff(change[40:57]) <= 0).all()
    # The sharpest bend of the curve 6 x^5 - 15 x^4 + 10 x^3 over 16 frames.
    assert np.abs(np.diff(change, 2)).max() < 1.05 * OFF * 10 / np.sqrt(3) / 16**2
    assert ramp(np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [1.0, 1.0, 0.0, 0.0]


def test_between_frames_that_reach_each_other_the_change_goes_from_one_to_the_other(track: Track) -> None:
    alike = difference(track, corrected(track, pinned(track, 30), pinned(track, 42)))
    assert np.allclose(alike[30:43, 1], OFF, atol=1e-9)
    rising = difference(track, corrected(track, pinned(track, 30), pinned(track, 42, turn=3 * OFF)))[30:43, 1]
    assert (np.diff(rising) > 0).all() and rising[0] == pytest.approx(OFF) and rising[-1] == pytest.approx(3 * OFF)


def test_frames_that_do_not_reach_each_other_leave_the_track_between_them_alone(track: Track) -> None:
    after = corrected(track, pinned(track, 20), pinned(track, 60))
    assert same_rows(track, after, np.arange(29, 52))


def test_every_one_of_many_hard_frames_is_reached(track: Track) -> None:
    keys = [
        pinned(track, row, turn=0.02 * index, reach=5 + index) for index, row in enumerate((10, 11, 17, 30, 31, 60))
    ]
    after = corrected(track, *keys)
    for key in keys:
        assert PosedHead(after).pose_at(key.frame - 100) == key.pose


def test_a_soft_frame_is_drawn_to_and_yields_to_hard_ones(track: Track) -> None:
    alone = difference(track, corrected(track, pinned(track, 40, hardness=SOFT)))
    assert alone[40, 1] == pytest.approx(OFF / 2)
    both = corrected(track, pinned(track, 36), pinned(track, 40, hardness=SOFT, turn=2 * OFF))
    change = difference(track, both)[:, 1]
    assert change[36] == pytest.approx(OFF) and OFF < change[40] < 2 * OFF


def test_nothing_is_carried_across_cuts_and_missing_frames(track: Track) -> None:
    cut = replace(track, shot=(np.arange(80) >= 43).astype(np.int64))
    assert same_rows(cut, corrected(cut, pinned(cut, 40)), np.arange(43, 80))
    status = np.where(np.arange(80) == 37, MISSING, TRACKED).astype(np.int8)
    gap = replace(track, status=status)
    assert same_rows(gap, corrected(gap, pinned(gap, 40)), np.arange(38))


def test_a_pinned_frame_counts_as_tracked_with_the_error_that_its_pins_leave(track: Track) -> None:
    lost = replace(
        track,
        status=np.where(np.arange(80) == 40, INTERPOLATED, TRACKED).astype(np.int8),
        confidence=np.full(80, 0.2, np.float32),
    )
    key = pinned(lost, 40)
    head = PosedHead(lost)
    triangle, shares = int(lost.landmark_triangle[1]), tuple(lost.landmark_barycentric[1].astype(float).tolist())
    point = head.motion(key.pose, np.array([triangle]), np.array([shares])).points[0]
    lens = lost.intrinsics
    pixel = (lens.focal_x * point[0] / point[2] + lens.centre_x + 3, lens.focal_y * point[1] / point[2] + lens.centre_y)
    after = corrected(lost, replace(key, pins=(Pin(triangle, shares, pixel),)))
    assert after.status[40] == TRACKED and after.confidence[40] == 1
    assert after.reprojection_error[40] == pytest.approx(3, abs=0.01)
    assert lost.confidence[38] < after.confidence[38] < 1


def test_corrections_never_add_up_and_can_be_taken_off(track: Track, tmp_path: Path) -> None:
    first, second = Corrections((pinned(track, 40),)), Corrections((pinned(track, 44, reach=3),))
    once = corrected_track(track, first)
    assert not isinstance(once, Failure) and write_track(tmp_path / "track.npz", once) is None
    stored = read_track(tmp_path / "track.npz")
    assert not isinstance(stored, Failure) and stored.header[ENTRY] == once.header[ENTRY]
    twice = corrected_track(stored, first)
    other, direct = corrected_track(stored, second), corrected_track(track, second)
    back, none = uncorrected_track(stored), corrected_track(stored, Corrections())
    for one, same in ((once, twice), (direct, other), (track, back), (track, none)):
        assert not isinstance(one, Failure) and not isinstance(same, Failure)
        names = [*poses_of(one).channels, "status", "confidence", "reprojection_error"]
        assert all(np.allclose(getattr(one, name), getattr(same, name), atol=1e-6, equal_nan=True) for name in names)
        assert all(np.array_equal(getattr(one, name), getattr(same, name)) for name in list(poses_of(one).channels))
        assert np.abs(one.vertices - same.vertices).max() < 1e-6
    assert not isinstance(back, Failure) and ENTRY not in back.header and back.uncorrected is None


def test_an_automatic_reach_goes_through_the_flagged_frames() -> None:
    flags = np.zeros(100, dtype=bool)
    flags[40:60] = True
    flags[62:64] = True
    timing = Timing(np.arange(100), np.zeros(100, int), np.ones(100, bool), flags, 25.0)
    assert automatic_reach(20, timing) == (10, 10)
    assert automatic_reach(45, timing) == (45 - 40, 63 - 45)


def test_a_bad_stretch_is_mended_by_one_frame_of_automatic_reach(track: Track) -> None:
    status = np.where((np.arange(80) >= 30) & (np.arange(80) < 60), INTERPOLATED, TRACKED).astype(np.int8)
    after = corrected(replace(track, status=status), pinned(track, 45, reach=AUTOMATIC_REACH))
    assert after.uncorrected_rows is not None
    assert (after.uncorrected_rows[0], after.uncorrected_rows[-1]) == (30, 59)


def test_neighbours_keep_the_limits_of_the_face(track: Track) -> None:
    after = corrected(track, pinned(track, 40, smile=-0.5))
    others = np.setdiff1d(np.arange(80), [40])
    assert after.expression[others].min() >= track.expression.min() - 0.5 - 1e-9
    strong = corrected(track, pinned(track, 40, smile=0.55))
    assert strong.expression.max() <= max(1.0, strong.expression[40].max())


def test_arkits_weights_follow(track: Track) -> None:
    solved = performance_of(track)
    assert not isinstance(solved, Failure)
    source, trust = list(solved.performance.source), [float(each) for each in solved.performance.trust]
    with_weights = replace(
        track,
        arkit_weights=solved.performance.weights.astype(np.float32),
        arkit_residual=solved.residual.astype(np.float32),
        header={**track.header, "arkit": {"source": source, "trust": trust}},
    )
    after = corrected(with_weights, pinned(track, 40, turn=0.0, across=0.0, smile=0.4))
    smile = list(track.header["expression_names"]).index("mouthSmileLeft")
    assert after.expression[40, smile] > track.expression[40, smile] + 0.3
    changed_rows = after.uncorrected_rows
    assert changed_rows is not None and after.arkit_weights is not None and with_weights.arkit_weights is not None
    others = np.setdiff1d(np.arange(80), changed_rows)
    assert np.array_equal(after.arkit_weights[others], with_weights.arkit_weights[others], equal_nan=True)
    assert np.nanmax(np.abs(after.arkit_weights[40] - with_weights.arkit_weights[40])) > 0.1
    back = uncorrected_track(after)
    assert not isinstance(back, Failure) and back.arkit_weights is not None
    assert np.array_equal(back.arkit_weights, with_weights.arkit_weights, equal_nan=True)


def test_frames_of_other_parts_of_the_clip_change_nothing_and_are_remembered(track: Track) -> None:
    key = replace(pinned(track, 40), frame=5000)
    after = corrected(track, key)
    assert same_rows(track, after, np.arange(80)) and after.header[ENTRY]["pinned"][0]["frame"] == 5000


def test_what_was_pinned_on_another_head_is_refused(track: Track) -> None:
    key = pinned(track, 40)
    other = corrected_track(track, Corrections((replace(key, pose=replace(key.pose, expression=(0.0,))),)))
    assert isinstance(other, Failure) and other.code == "pose-of-another-head"
    behind = corrected_track(track, Corrections((replace(key, pose=replace(key.pose, head_translation=(0, 0, -1.0))),)))
    assert isinstance(behind, Failure) and behind.code == "pin-behind-camera"
