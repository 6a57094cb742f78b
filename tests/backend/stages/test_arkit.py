"""The stage ARKit Weights: between fit and track file, so that the one file holds the weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_clips import context, made_clip, made_fit

from backend.contract.failure import Failure
from backend.contract.names import MEDIAPIPE_SCORES
from backend.contract.performance.channels import INDEX
from backend.contract.performance.of_track import performance_of_file
from backend.contract.performance.performance import NOT_TRACKED, Performance
from backend.contract.performance.stored import ArkitWeights, weights_in
from backend.contract.settings import ArkitSettings, SmoothSettings, TrackFileSettings
from backend.contract.track import MISSING, TRACKED
from backend.data.types import Fit, TrackFile
from backend.head.model import HeadModel
from backend.run.serialise import read, write
from backend.stages import arkit as arkit_stage
from backend.stages import smooth as smooth_stage
from backend.stages import track as track_stage

FRAMES = 40
MOUTH = [column for name, column in INDEX.items() if name.startswith("mouth")]


@pytest.fixture(scope="module")
def clip():
    return made_clip(frames=FRAMES, blink_at=20)


@pytest.fixture(scope="module")
def fit(clip) -> Fit:
    status = np.where(np.arange(FRAMES) < 3, MISSING, TRACKED).astype(np.int8)
    return made_fit(clip.landmarks, clip.intrinsics, clip.pose, clip.rotation, clip.translation, status)


def solved(fit: Fit, clip, folder: Path, **settings) -> ArkitWeights:
    result = arkit_stage.run(fit, clip.head, ArkitSettings(**settings), context(folder))
    assert isinstance(result, Fit), result
    assert result.arkit is not None and np.array_equal(result.rotation, fit.rotation)
    return result.arkit


def test_the_track_file_holds_the_weights_and_where_they_come_from(clip, fit, tmp_path: Path):
    stage = arkit_stage.run(fit, clip.head, ArkitSettings(), context(tmp_path))
    assert isinstance(stage, Fit)
    written = track_stage.run(stage, clip.head, TrackFileSettings(path=str(tmp_path / "track.npz")), context(tmp_path))
    assert isinstance(written, TrackFile)
    performance = performance_of_file(written.path)
    assert isinstance(performance, Performance) and stage.arkit is not None
    assert np.array_equal(performance.weights.astype(np.float32), stage.arkit.weights, equal_nan=True)
    assert not performance.has_face[:3].any() and performance.has_face[3:].all()
    assert performance.source[INDEX["tongueOut"]] == NOT_TRACKED and performance.source[INDEX["jawOpen"]] == "joint"
    assert performance.weights[19:22, INDEX["eyeBlinkLeft"]].max() > 0.9
    stored = weights_in(written.track)
    assert stored is not None and stored.basis is None  # The built-in head's own expressions are ARKit's.


def test_a_track_without_the_stage_gives_the_same_performance(clip, fit, tmp_path: Path):
    with_stage = arkit_stage.run(fit, clip.head, ArkitSettings(), context(tmp_path))
    assert isinstance(with_stage, Fit)
    one, other = (
        performance_of_file(track_stage.track_of(each, clip.head, context(tmp_path))) for each in (with_stage, fit)
    )
    assert isinstance(one, Performance) and isinstance(other, Performance)
    assert one.source == other.source and np.allclose(one.weights, other.weights, atol=1e-6, equal_nan=True)
    assert one.gaze is not None and other.gaze is not None
    assert np.allclose(one.gaze, other.gaze, atol=1e-6, equal_nan=True)
    for name in ("time", "head_rotation", "head_translation", "trust"):
        assert np.allclose(getattr(one, name), getattr(other, name), equal_nan=True), name


def test_what_is_kept_of_a_run_is_what_was_solved(clip, fit, tmp_path: Path):
    stage = arkit_stage.run(fit, clip.head, ArkitSettings(neutral="frame", neutral_frame=5), context(tmp_path))
    assert isinstance(stage, Fit) and stage.arkit is not None
    with (tmp_path / "kept").open("wb") as stream:
        write(stream, stage, {})
    again = read(tmp_path / "kept").arkit
    assert np.array_equal(again.weights, stage.arkit.weights, equal_nan=True)
    assert again.header == stage.arkit.header


def test_each_setting_does_something(clip, fit, tmp_path: Path):
    trembling = fit.pose.expression + np.random.default_rng(1).normal(0, 0.03, fit.pose.expression.shape)
    noisy = replace(fit, pose=replace(fit.pose, expression=trembling))

    def mouth(**settings) -> np.ndarray:
        return solved(noisy, clip, tmp_path, **settings).weights[3:, MOUTH]

    usual = mouth()
    assert np.mean(np.diff(mouth(smoothness=50.0), 2, axis=0) ** 2) < 0.5 * np.mean(np.diff(usual, 2, axis=0) ** 2)
    assert (mouth(sparsity=20.0) == 0).sum() > 1.2 * (usual == 0).sum()


def test_scores_count_unless_they_are_left_out(clip, fit, tmp_path: Path):
    scores = np.zeros_like(fit.landmarks.scores)
    scores[:, MEDIAPIPE_SCORES.index("mouthSmileLeft")] = 0.9
    smiling = replace(fit, landmarks=replace(fit.landmarks, scores=scores))
    smile = INDEX["mouthSmileLeft"]
    used, unused = (solved(smiling, clip, tmp_path, scores=each).weights[5:, smile].mean() for each in (True, False))
    assert used > unused + 0.1


def test_weights_count_from_the_neutral_frame_but_lids_still_close(clip, fit, tmp_path: Path):
    chosen = solved(fit, clip, tmp_path, neutral="frame", neutral_frame=10)
    assert chosen.neutral_frame == 10 and not np.nan_to_num(chosen.weights[10, MOUTH]).any()
    assert chosen.weights[19:22, INDEX["eyeBlinkLeft"]].max() > 0.9
    proposed = solved(fit, clip, tmp_path, neutral="proposed")
    assert proposed.neutral_frame is not None and 3 <= proposed.neutral_frame < FRAMES
    assert abs(proposed.neutral_frame - 20) > 1  # Not the blink.


@pytest.mark.parametrize(("frame", "code"), [(FRAMES, "neutral-frame-outside"), (1, "neutral-no-face")])
def test_a_neutral_frame_that_shows_no_face_is_refused(clip, fit, tmp_path: Path, frame: int, code: str):
    problem = arkit_stage.run(fit, clip.head, ArkitSettings(neutral="frame", neutral_frame=frame), context(tmp_path))
    assert isinstance(problem, Failure) and problem.code == code


def test_the_summary_says_how_many_channels_and_what_is_left(clip, fit, tmp_path: Path):
    stage = arkit_stage.run(fit, clip.head, ArkitSettings(), context(tmp_path))
    assert arkit_stage.summary(stage, ArkitSettings()).startswith("48 of 52 channels, 0.")


def test_weights_are_left_out_where_the_fit_is_changed_after_them(clip, fit, tmp_path: Path):
    stage = arkit_stage.run(fit, clip.head, ArkitSettings(), context(tmp_path))
    assert isinstance(stage, Fit)
    events: list[dict] = []
    listening = replace(context(tmp_path), emit=events.append)
    assert smooth_stage.run(stage, SmoothSettings(), listening) is stage and not events
    smoothed = smooth_stage.run(stage, SmoothSettings(expression=0.1), listening)
    assert isinstance(smoothed, Fit) and smoothed.arkit is None
    assert [event["code"] for event in events] == ["weights-outdated"]


def strange(head: HeadModel) -> HeadModel:
    """The same head with expressions that are not ARKit's by name."""
    return replace(
        head, expression_names=tuple(f"expression_{number}" for number, _ in enumerate(head.expression_names))
    )


def test_a_head_with_other_expressions_gets_arkits_shapes_and_keeps_them_in_the_file(clip, fit, tmp_path: Path):
    usual = solved(fit, clip, tmp_path)
    result = arkit_stage.run(fit, strange(clip.head), ArkitSettings(), context(tmp_path))
    assert isinstance(result, Fit) and result.arkit is not None and result.arkit.basis is not None
    assert result.arkit.basis.shape == (clip.head.vertex_count, 3, 52)
    # Transferred onto itself, the head has nearly the shapes that it had.
    assert np.nanmedian(np.abs(result.arkit.weights - usual.weights)) < 0.02


def test_a_head_that_cannot_have_arkits_shapes_still_gets_its_track(clip, fit, tmp_path: Path, monkeypatch):
    refusal = Failure("not-a-face", "The mesh is not a face.", "Choose another.")
    monkeypatch.setattr("backend.head.arkit_basis.arkit_basis", lambda head: refusal)
    events: list[dict] = []
    listening = replace(context(tmp_path), emit=events.append)
    result = arkit_stage.run(fit, strange(clip.head), ArkitSettings(), listening)
    assert isinstance(result, Fit) and result.arkit is None
    assert [event["code"] for event in events if event["event"] == "notice"] == ["not-a-face"]
    assert arkit_stage.summary(result, ArkitSettings()) == "no weights"
