"""Tracks that show a face otherwise than it is: a jaw aside at a turn, cheeks for a squint, scores at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backend.bench.scenes.known_weights import pose_of_weights, track_of_pose
from backend.contract.failure import Failure
from backend.contract.names import JOINTS
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.weights.face import squints_of
from backend.contract.performance.weights.from_track import performance_of
from backend.contract.performance.weights.motion import motion_of
from backend.contract.performance.weights.scores import AT_REST, Scored
from backend.contract.track import Track
from backend.head.builtin import builtin_head

SCORED = ("mouthSmileLeft", "mouthPressLeft")


def _track(channels: dict[str, float], *, detected: bool) -> Track:
    """A face that makes some channels in eleven frames, from rest and back."""
    weights = np.zeros((11, len(CHANNELS)))
    for name, value in channels.items():
        weights[:, INDEX[name]] = value * np.sin(np.pi * np.arange(11) / 10)
    track = track_of_pose(builtin_head(), pose_of_weights(builtin_head(), weights))
    return replace(track, landmarks=np.zeros_like(track.landmarks)) if detected else track


def _weights(track: Track) -> np.ndarray:
    solved = performance_of(track)
    assert not isinstance(solved, Failure)
    return solved.performance.weights


def test_cheeks_that_a_fit_raises_are_neither_a_squint_nor_wide_eyes() -> None:
    weights = _weights(_track({"cheekSquintLeft": 1.0, "cheekSquintRight": 1.0}, detected=True))
    assert np.isnan(weights[:, INDEX["cheekSquintLeft"]]).all()
    assert weights[:, [INDEX["eyeSquintLeft"], INDEX["eyeWideLeft"]]].max() < 0.05


def test_a_squint_that_a_fit_shows_little_of_counts_for_more_and_lids_close_no_further() -> None:
    squints = [INDEX["eyeSquintLeft"], INDEX["eyeSquintRight"]]
    shown = _track({"eyeSquintLeft": 0.04, "eyeSquintRight": 0.04}, detected=True)
    weights = _weights(shown)
    assert 0.15 < weights[5, squints].min() <= weights[5, squints].max() < 0.25
    assert weights[:, INDEX["eyeBlinkLeft"]].max() < 0.02
    known = _weights(replace(shown, landmarks=np.full_like(shown.landmarks, np.nan)))
    np.testing.assert_allclose(known[5, squints], 0.04, atol=0.01)


def test_a_lid_that_is_thrown_off_in_one_frame_is_no_squint_nor_does_it_cross_a_cut() -> None:
    shown = np.zeros((12, 2))
    shown[4] = 0.1
    shown[8:] = 0.1
    joined = np.ones(11, dtype=bool)
    joined[7] = False
    np.testing.assert_allclose(squints_of(shown, joined, 30.0)[:, 0], np.r_[np.zeros(8), np.full(4, 0.6)])


def test_a_jaw_that_the_joint_turns_aside_counts_by_a_third() -> None:
    straight = _track({}, detected=True)
    aside = replace(straight, jaw_pose=np.tile([0.0, 0.01, 0.0], (len(straight), 1)))
    motion = motion_of(aside, np.arange(len(straight.neutral_vertices)))
    moved = np.abs(motion.columns @ motion.coefficients[0]).max()
    arm = np.abs(straight.neutral_vertices - straight.joints[JOINTS.index("jaw")]).max()
    assert 0 < moved < 0.31 * 0.01 * arm


def test_what_a_score_says_all_clip_long_counts_less_where_resting_faces_score_too() -> None:
    wanted = np.tile([0.9, 0.4], (8, 1))
    wanted[4, 1] = 0.7
    at_rest = np.array([AT_REST[name.removesuffix("Left")] for name in SCORED])
    scored = Scored(wanted, np.full(2, 0.2), np.full(2, 0.3), at_rest)
    found = scored.without_rest(np.zeros((8, 2))).wanted
    assert found[0, 0] > 0.85
    assert found[0, 1] < 0.2
    np.testing.assert_allclose(found[4] - found[0], [0, 0.3])


def test_scores_of_no_frame_stay_as_they_are() -> None:
    nothing = Scored(np.full((3, 1), np.nan), np.full(1, 0.2), np.full(1, 0.3), np.array([0.1]))
    assert np.isnan(nothing.without_rest(np.zeros((3, 1))).wanted).all()
