"""Known weights to a mesh and back to weights, on the built-in head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.bench.scenes.known_weights import TAKE, pose_of_weights, single_channels, take_weights, track_of_pose
from backend.contract.failure import Failure
from backend.contract.names import MEDIAPIPE_SCORES
from backend.contract.performance.channels import CHANNELS, EXCLUSIVE, INDEX
from backend.contract.performance.performance import (
    APERTURE,
    GEOMETRY,
    GEOMETRY_AND_SCORE,
    JOINT,
    NOT_TRACKED,
)
from backend.contract.performance.weights.basis import basis_of
from backend.contract.performance.weights.from_track import Solved, performance_of
from backend.contract.performance.weights.options import ArkitOptions
from backend.contract.track import MISSING, TORSO, Track
from backend.head.builtin import builtin_head

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def track_of(weights: np.ndarray) -> Track:
    head = builtin_head()
    return track_of_pose(head, pose_of_weights(head, weights))


def solved(track: Track) -> Solved:
    result = performance_of(track)
    assert isinstance(result, Solved)
    return result


def weights_of(track: Track) -> np.ndarray:
    return solved(track).performance.weights


def test_every_channel_by_itself_comes_back_and_brings_no_other_with_it() -> None:
    wanted = single_channels()
    error = weights_of(track_of(wanted)) - wanted
    tracked = [channel for channel in range(len(CHANNELS)) if CHANNELS[channel] != "tongueOut"]
    assert np.isnan(error[:, INDEX["tongueOut"]]).all()
    assert np.abs(error[:, tracked]).max() < 0.08
    assert np.sqrt(np.mean(error[:, tracked] ** 2)) < 0.01


@pytest.mark.skipif(not (DATA / TAKE).exists(), reason="the phone's take is not here")
def test_a_phones_take_comes_back() -> None:
    wanted = np.clip(take_weights(DATA / TAKE)[:300], 0, 1)
    error = weights_of(track_of(wanted)) - wanted
    assert np.sqrt(np.nanmean(error**2)) < 0.03
    assert np.sqrt(np.nanmean(error[:, :-1] ** 2, axis=0)).max() < 0.08


def test_turning_neck_and_head_changes_no_weight() -> None:
    track = track_of(single_channels()[::5])
    wanted = weights_of(track)
    turned = np.radians(30) * np.sin(np.linspace(0, 9, len(track)))[:, None] * [0.4, 0.8, 0.3]
    for changed in (
        replace(track, head_rotation=track.head_rotation + turned),
        replace(track, neck_pose=turned),
        replace(track, neck_pose=turned, header={**track.header, "neck_turns": TORSO}),
    ):
        assert np.nanmax(np.abs(weights_of(changed) - wanted)) < 1e-6


def test_a_blink_of_three_frames_keeps_its_height_width_and_steps() -> None:
    weights = np.zeros((40, len(CHANNELS)))
    weights[20:23, BLINKS] = np.array([0.55, 0.95, 0.45])[:, None]
    assert np.abs(weights_of(track_of(weights))[:, BLINKS] - weights[:, BLINKS]).max() < 0.02


def test_lids_are_scaled_between_this_persons_open_and_closed() -> None:
    weights = np.zeros((60, len(CHANNELS)))
    weights[:, BLINKS] = 0.3
    weights[20:24, BLINKS] = 1.0
    weights[39:42, BLINKS] = 0.65
    blink = weights_of(track_of(weights))[:, BLINKS]
    assert np.abs(blink[:18]).max() < 0.02, "eyes that rest half open are open"
    assert blink[20:24].min() > 0.97, "closed is closed"
    assert np.abs(blink[40] - 0.5).max() < 0.02, "half-way stays half-way"


def test_missing_frames_are_rows_of_nothing_and_smear_nothing() -> None:
    weights = np.zeros((30, len(CHANNELS)))
    weights[16:, INDEX["mouthSmileLeft"]] = 0.8
    track = track_of(weights)
    status = track.status.copy()
    status[10:16] = MISSING
    gone = {
        name: np.where((status == MISSING)[:, None], np.nan, getattr(track, name))
        for name in ("expression", "jaw_pose", "left_eye_pose", "right_eye_pose", "head_rotation", "head_translation")
    }
    performance = solved(replace(track, status=status, **gone)).performance
    assert np.isnan(performance.weights[10:16]).all() and performance.has_face.sum() == 24
    smile = performance.weights[:, INDEX["mouthSmileLeft"]]
    assert smile[9] == 0 and abs(smile[16] - 0.8) < 0.01


def test_shots_are_solved_apart() -> None:
    weights = np.zeros((20, len(CHANNELS)))
    weights[10:, INDEX["browDownLeft"]] = 0.7
    weights[:10, INDEX["browOuterUpLeft"]] = 0.7
    track = replace(track_of(weights), shot=np.repeat([0, 1], 10))
    assert np.nanmax(np.abs(weights_of(track) - weights)) < 0.02


def test_exclusive_channels_are_never_up_together() -> None:
    random = np.random.default_rng(3)
    weights = np.clip(random.uniform(-0.5, 0.8, (50, len(CHANNELS))), 0, 1)
    found = weights_of(track_of(weights))
    for first, second in EXCLUSIVE:
        assert np.minimum(found[:, INDEX[first]], found[:, INDEX[second]]).max() < 0.01


def test_closed_lips_never_exceed_an_open_jaw() -> None:
    weights = np.zeros((20, len(CHANNELS)))
    weights[:, INDEX["mouthClose"]] = 0.8
    weights[:, INDEX["jawOpen"]] = np.linspace(0, 1, 20)
    found = weights_of(track_of(weights))
    excess = found[:, INDEX["mouthClose"]] - found[:, INDEX["jawOpen"]]
    assert excess.max() < 0.021
    assert excess[found[:, INDEX["mouthClose"]] > 0.101].max() < 0.001


def test_each_channel_says_where_it_comes_from() -> None:
    source = dict(zip(CHANNELS, solved(track_of(single_channels()[::20])).performance.source, strict=True))
    assert source["mouthSmileLeft"] == GEOMETRY and source["eyeBlinkRight"] == APERTURE
    assert source["jawOpen"] == source["eyeLookInLeft"] == JOINT and source["tongueOut"] == NOT_TRACKED


def test_one_frame_and_no_face_are_answered() -> None:
    track = track_of(single_channels()[4:5])
    assert solved(track).performance.weights.shape == (1, len(CHANNELS))
    nobody = performance_of(replace(track, status=np.zeros(1, dtype=np.int8)))
    assert isinstance(nobody, Failure) and nobody.code == "no-face-in-track"


def test_a_head_without_arkits_shapes_says_so() -> None:
    track = track_of(single_channels()[:3])
    names = [f"expression_{index:03d}" for index in range(track.expression.shape[1])]
    unknown = replace(track, header={**track.header, "expression_names": names})
    assert not isinstance(basis_of(replace(unknown, arkit_basis=basis_of(track).displacement)), Failure)


def test_noise_on_a_face_at_rest_is_stilled_and_a_step_is_not() -> None:
    random = np.random.default_rng(1)
    weights = np.zeros((90, len(CHANNELS)))
    weights[:, INDEX["mouthSmileLeft"]] = 0.3
    weights[45:, INDEX["browInnerUp"]] = 0.6
    noisy = np.clip(weights + 0.004 * random.standard_normal(weights.shape), 0, 1)
    found = weights_of(track_of(noisy))
    assert np.sqrt(np.nanmean(np.diff(found[:40], 2, axis=0) ** 2)) < 0.0015
    assert found[44, INDEX["browInnerUp"]] < 0.05 and found[45, INDEX["browInnerUp"]] > 0.55


def test_no_weight_is_negative_or_above_one() -> None:
    random = np.random.default_rng(5)
    track = track_of(np.clip(random.uniform(-1, 1.3, (60, len(CHANNELS))), 0, 1))
    jaw = track.jaw_pose + 0.02 * random.standard_normal(track.jaw_pose.shape)
    found = weights_of(replace(track, jaw_pose=jaw, expression=1.4 * track.expression - 0.1))
    assert np.nanmin(found) >= 0 and np.nanmax(found) <= 1


def test_trust_is_earned() -> None:
    track = track_of(single_channels()[::20])
    trust = dict(zip(CHANNELS, solved(track).performance.trust, strict=True))
    assert trust["tongueOut"] == 0 and trust["jawForward"] == 0
    assert trust["mouthSmileLeft"] > 0.8 > trust["mouthFrownLeft"]
    worse = replace(track, point_error=np.full(len(track), 6.0, dtype=np.float32))
    assert np.all(solved(worse).performance.trust <= np.array(list(trust.values())))


def test_lids_of_a_heads_own_are_read_from_its_mesh() -> None:
    """A head whose lids are no expression of it, as those of a FLAME file with lids beside it."""
    head = builtin_head()
    weights = np.zeros((30, len(CHANNELS)))
    weights[10:14, BLINKS] = [0.9, 0.8]
    weights[:, INDEX["mouthSmileLeft"]] = np.linspace(0, 0.7, 30)
    track = track_of(weights)
    columns = [head.expression_names.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    expression = track.expression.copy()
    expression[:, columns] = 0
    apart = replace(track, expression=expression, eyelids=weights[:, BLINKS])
    assert np.abs(weights_of(apart)[:, BLINKS] - weights[:, BLINKS]).max() < 0.02


def with_scores(track: Track, scores: dict[str, float]) -> Track:
    """The track as if its landmarks and some scores had been detected on all frames, all other scores being zero."""
    found = np.zeros((len(track), len(MEDIAPIPE_SCORES)), dtype=np.float32)
    for name, score in scores.items():
        found[:, MEDIAPIPE_SCORES.index(name)] = score
    return replace(track, scores=found, landmarks=np.zeros_like(track.landmarks))


def test_a_smile_that_identity_has_taken_comes_back_by_its_score() -> None:
    weights = np.zeros((40, len(CHANNELS)))
    smile = INDEX["mouthSmileLeft"]
    weights[:, smile] = 0.2 + 0.1 * np.sin(np.linspace(0, 12, 40))
    alone = weights_of(track_of(weights))[:, smile]
    found = weights_of(with_scores(track_of(weights), {"mouthSmileLeft": 0.9}))[:, smile]
    assert np.median(alone) < 0.25 and np.median(found) > 0.6
    assert np.ptp(found) > 0.1, "what changes is still told by the mesh"


def test_thick_lips_are_not_rolled_where_the_score_says_so() -> None:
    weights = np.zeros((40, len(CHANNELS)))
    weights[:, INDEX["mouthRollLower"]] = 0.8
    track = track_of(weights)
    assert weights_of(track)[:, INDEX["mouthRollLower"]].min() > 0.75
    assert weights_of(with_scores(track, {}))[:, INDEX["mouthRollLower"]].max() < 0.2
    without = performance_of(with_scores(track, {}), ArkitOptions(scores=False))
    assert isinstance(without, Solved)
    assert without.performance.weights[:, INDEX["mouthRollLower"]].min() > 0.75


def test_a_channel_says_if_scores_count_for_it_and_if_no_picture_shows_it() -> None:
    performance = solved(with_scores(track_of(single_channels()[::20]), {})).performance
    source = dict(zip(CHANNELS, performance.source, strict=True))
    assert source["mouthSmileLeft"] == GEOMETRY_AND_SCORE and source["browInnerUp"] == GEOMETRY
    assert source["jawForward"] == source["cheekSquintLeft"] == NOT_TRACKED
    assert np.isnan(performance.weights[:, INDEX["jawForward"]]).all()
