"""Fits that pass through pinned frames, and whose other frames follow their landmarks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fitted_clips import fitted
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.camera import axis_angles
from backend.contract.corrections.corrections import SOFT, Corrections, KeyPose, Pin, PinnedFrame
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.failure import Failure
from backend.contract.options import to_dict
from backend.contract.settings import ArkitSettings, FitSettings, PinsSettings
from backend.contract.track import INTERPOLATED, TRACKED, Track, write_track
from backend.corrections.pinned_fit import pinned_fit
from backend.data.context import Context
from backend.data.types import Fit
from backend.head.skinning import pose_vertices
from backend.stages import arkit, pins
from backend.stages.track import track_of

FRAMES = 50
LED_ASTRAY = slice(18, 32)
"""Frames whose lower face the detector sees too far up, as if a hand were before the mouth."""


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES)


@pytest.fixture(scope="module")
def astray(clip: MadeClip, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    landmarks = clip.landmarks
    points = landmarks.points.copy()
    below = points[:, :, 1] > points[:, 4:5, 1]
    share = np.sin(np.linspace(0, np.pi, LED_ASTRAY.stop - LED_ASTRAY.start))[:, None]
    points[LED_ASTRAY, :, 1] -= 12 * share * below[LED_ASTRAY]
    return fitted(clip, tmp_path_factory.mktemp("fit"), replace(landmarks, points=points))


@pytest.fixture
def place(tmp_path: Path) -> Context:
    return replace(context(tmp_path), settings={"fit": to_dict(FitSettings())})


def true_pose(clip: MadeClip, row: int) -> KeyPose:
    pose = clip.pose
    parts = (
        axis_angles(clip.rotation[row]),
        clip.translation[row],
        np.zeros(3),
        pose.jaw[row],
        pose.left_eye[row],
        pose.right_eye[row],
        pose.eyelids[row],
        pose.expression[row],
    )
    return KeyPose(*(tuple(map(float, part)) for part in parts))


def pinned(clip: MadeClip, *rows: int, **more) -> Corrections:
    frames = clip.landmarks.frame_index
    return Corrections(pinned=tuple(PinnedFrame(int(frames[row]), true_pose(clip, row), **more) for row in rows))


def corrected(clip: MadeClip, fit: Fit, place: Context, corrections: Corrections, **settings) -> Fit | Failure:
    track = track_of(fit, clip.head, place)
    return pinned_fit(fit, track, clip.head, corrections, PinsSettings(**settings), place)


def error(clip: MadeClip, fit: Fit) -> float:
    """Mean error of the face's points where landmarks are led astray, millimetres, constants of the clip taken off."""
    face = clip.head.regions["face"]

    def in_camera(vertices: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        return vertices[:, face] @ np.swapaxes(rotation, 1, 2) + translation[:, None]

    true = in_camera(clip.vertices, clip.rotation, clip.translation)
    points = in_camera(pose_vertices(clip.head, fit.pose), fit.rotation, fit.translation)
    scale = np.median(true[..., 2].mean(axis=1) / points[..., 2].mean(axis=1))
    away = np.einsum("tji,tnj->tni", clip.rotation, scale * points - true)
    return 1000 * float(np.linalg.norm(away - np.median(away, axis=0), axis=2)[LED_ASTRAY].mean())


def second_difference(fit: Fit, place: Context, clip: MadeClip) -> np.ndarray:
    """Mean size of the points' second difference about every frame but the first and the last, metres."""
    return np.linalg.norm(np.diff(track_of(fit, clip.head, place).vertices, 2, axis=0), axis=2).mean(axis=1)


def test_pinned_poses_are_reached_to_the_last_digit_and_frames_out_of_reach_stay(clip, astray, place) -> None:
    corrections = pinned(clip, 25, reach=8)
    result = corrected(clip, astray, place, corrections)
    assert isinstance(result, Fit)
    track = track_of(result, clip.head, place)
    pose = corrections.pinned[0].pose
    assert np.allclose(track.head_rotation[25], pose.head_rotation, atol=1e-12)
    assert tuple(track.jaw_pose[25]) == pose.jaw_pose and tuple(track.expression[25]) == pose.expression
    for rows in (slice(0, 16), slice(35, None)):
        assert (result.rotation[rows] == astray.rotation[rows]).all()
        assert (result.pose.expression[rows] == astray.pose.expression[rows]).all()


def test_frames_between_pins_are_nearer_to_the_truth_when_they_follow_their_landmarks(clip, astray, place) -> None:
    corrections = pinned(clip, 10, 20, 30, 40)
    alone, refined = (corrected(clip, astray, place, corrections, refine=each) for each in (False, True))
    assert isinstance(alone, Fit) and isinstance(refined, Fit)
    # 1.9, 2.4 and 7.0 mm.
    assert error(clip, refined) < 0.9 * error(clip, alone) < 0.4 * error(clip, astray)


def test_a_soft_pin_draws_half_of_the_way(clip, astray, place) -> None:
    result = corrected(clip, astray, place, pinned(clip, 25, hardness=SOFT))
    assert isinstance(result, Fit)
    before, after, wanted = (each.pose.jaw[25, 0] for each in (astray, result, clip))
    assert after == pytest.approx((before + wanted) / 2, abs=1e-9)


def test_only_frames_between_two_are_solved_again_and_they_join_without_a_step(clip, astray, place) -> None:
    frames = clip.landmarks.frame_index
    corrections = pinned(clip, 10, 40, reach=3)
    alone = corrected(clip, astray, place, corrections, refine=False)
    ends = {"first_frame": int(frames[10]), "last_frame": int(frames[40])}
    result = corrected(clip, astray, place, corrections, **ends, blend=4)
    assert isinstance(alone, Fit) and isinstance(result, Fit)
    outside = np.r_[0:11, 40:FRAMES]
    assert (result.translation[outside] == alone.translation[outside]).all()
    assert not np.allclose(result.translation[15:35], alone.translation[15:35], atol=1e-6)
    bends = second_difference(result, place, clip)  # entry k is about frame k + 1
    joints, inside = bends[[8, 9, 10, 38, 39, 40]], bends[14:36]
    assert joints.max() <= inside.max()


def test_a_stretch_with_hard_edges_is_solved_again_up_to_them(clip, astray, place) -> None:
    # The tracker took something 35 pixels beside the head for it, for 14 frames.
    off = np.array([35.0, 0.0])
    points, translation = astray.landmarks.points.copy(), astray.translation.copy()
    points[LED_ASTRAY, :, :2] += off
    translation[LED_ASTRAY, 0] += off[0] / clip.intrinsics.focal_x * translation[LED_ASTRAY, 2]
    jumped = replace(astray, landmarks=replace(astray.landmarks, points=points), translation=translation)
    result = corrected(clip, jumped, place, pinned(clip, 25))
    assert isinstance(result, Fit)
    others = np.setdiff1d(np.arange(FRAMES), np.arange(FRAMES)[LED_ASTRAY])
    assert (result.translation[others] == astray.translation[others]).all()
    away = np.linalg.norm(result.translation - clip.translation, axis=1)[LED_ASTRAY]
    # 7 mm, as without the jump, which is 20 mm.
    assert away.max() < 0.01


def test_a_second_stage_keeps_what_the_first_has_pinned_and_all_of_it_comes_off_again(clip, astray, place) -> None:
    first, second = pinned(clip, 20, reach=8), pinned(clip, 27, reach=8)
    once = corrected(clip, astray, place, first, refine=False)
    assert isinstance(once, Fit)
    twice = corrected(clip, once, place, second, refine=False)
    assert isinstance(twice, Fit)
    assert twice.pinned == first.pinned + second.pinned
    for each in twice.pinned:
        row = int(np.flatnonzero(clip.landmarks.frame_index == each.frame)[0])
        assert tuple(twice.pose.expression[row]) == each.pose.expression
    tracked, before = uncorrected_track(track_of(twice, clip.head, place)), track_of(astray, clip.head, place)
    assert isinstance(tracked, Track) and (tracked.expression == before.expression).all()
    assert np.allclose(tracked.head_rotation, before.head_rotation) and "corrections" not in tracked.header
    again = corrected(clip, twice, place, second, refine=False)
    assert isinstance(again, Fit) and np.allclose(again.translation, twice.translation, atol=1e-12)


def test_a_frame_without_landmarks_can_be_pinned(clip, place, tmp_path) -> None:
    landmarks = clip.landmarks
    found = landmarks.found.copy()
    found[22:27] = False
    lost = np.where(found[:, None, None], landmarks.points, np.float32(np.nan))
    fit = fitted(clip, tmp_path, replace(landmarks, found=found, points=lost))
    result = corrected(clip, fit, place, pinned(clip, 24))
    assert isinstance(result, Fit)
    assert fit.status[24] == INTERPOLATED and result.status[24] == TRACKED
    assert np.isfinite(result.pose.expression).all()


def test_the_track_remembers_what_it_was_before(clip, astray, place) -> None:
    before = track_of(astray, clip.head, place)
    result = corrected(clip, astray, place, pinned(clip, 25))
    assert isinstance(result, Fit)
    base = uncorrected_track(track_of(result, clip.head, place))
    assert isinstance(base, Track)
    assert np.allclose(base.expression, before.expression) and np.allclose(base.head_rotation, before.head_rotation)
    assert (base.status == before.status).all() and np.allclose(base.confidence, before.confidence, atol=1e-6)


def test_corrections_of_something_else_are_refused_in_a_sentence(clip, astray, place) -> None:
    frames = clip.landmarks.frame_index
    pose = true_pose(clip, 25)
    cases = {
        "corrections-of-another-clip": PinnedFrame(int(frames[-1]) + 1, pose),
        "pose-of-another-head": PinnedFrame(int(frames[25]), replace(pose, expression=pose.expression[:-1])),
        "pins-of-another-head": PinnedFrame(
            int(frames[25]), pose, (Pin(len(clip.head.faces), (1.0, 0.0, 0.0), (5.0, 5.0)),)
        ),
    }
    for code, frame in cases.items():
        result = corrected(clip, astray, place, Corrections(pinned=(frame,)))
        assert isinstance(result, Failure) and result.code == code
    ends = corrected(clip, astray, place, pinned(clip, 25), first_frame=5, last_frame=6)
    assert isinstance(ends, Failure) and ends.code == "refine-range"


def test_a_pinned_pose_shows_the_same_head_as_in_blender(clip, astray, place) -> None:
    corrections = pinned(clip, 25)
    result = corrected(clip, astray, place, corrections)
    assert isinstance(result, Fit)
    track = track_of(result, clip.head, place)
    by_numpy = PosedHead(track).vertices(PosedHead(track).pose_at(25))
    face = track.regions["face"]
    assert np.abs(track.vertices[25] - by_numpy)[face].max() < 1e-4


def test_a_track_made_again_with_the_corrections_of_another_has_the_same_numbers(clip, astray, place, tmp_path) -> None:
    file, track_file = tmp_path / "a.corrections.json", tmp_path / "track.npz"
    file.write_text(pinned(clip, 20, 30).to_json())
    made = pins.run(astray, clip.head, PinsSettings(str(file)), place)
    assert isinstance(made, Fit)
    assert write_track(track_file, track_of(made, clip.head, place)) is None
    again = pins.run(astray, clip.head, PinsSettings(str(track_file)), place)
    assert isinstance(again, Fit) and again.pinned == made.pinned
    for name in ("rotation", "translation", "status", "confidence", "reprojection_error", "uncorrected"):
        assert np.array_equal(getattr(again, name), getattr(made, name), equal_nan=True)
    assert (again.pose.expression == made.pose.expression).all()


def test_the_weights_of_before_are_remembered_too(clip, astray, place) -> None:
    result = corrected(clip, astray, place, pinned(clip, 25, reach=4), refine=False)
    assert isinstance(result, Fit)
    before, after = (arkit.run(fit, clip.head, ArkitSettings(), place) for fit in (astray, result))
    assert isinstance(before, Fit) and isinstance(after, Fit) and before.arkit is not None
    base = uncorrected_track(track_of(after, clip.head, place))
    assert isinstance(base, Track)
    rows = result.uncorrected_rows
    assert np.allclose(base.arkit_weights[rows], before.arkit.weights[rows], atol=1e-3, equal_nan=True)
    assert not np.allclose(after.arkit.weights[25], before.arkit.weights[25], atol=1e-3, equal_nan=True)
