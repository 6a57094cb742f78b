"""Stage Appearance: it keeps out where it cannot help, and says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_clips import MadeClip, made_clip
from textured_heads import as_fit

from backend.appearance import refinement as refining
from backend.appearance.clip import RefinedClip, Refinement
from backend.contract.settings import AppearanceSettings, FitSettings, VideoSettings
from backend.data.context import Context
from backend.data.types import Fit, Video
from backend.fit.conversion import to_state
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.options.fit_options import FitOptions
from backend.stages import appearance
from backend.stages import video as video_stage


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(8)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    folder = tmp_path_factory.mktemp("stills")
    for frame in range(8):
        Image.new("RGB", (640, 480), (90, 80, 70)).save(folder / f"{frame:03d}.png")
    context = Context("video", lambda _event: None, lambda: False, folder, folder)
    opened = video_stage.run(VideoSettings(path=str(folder / "000.png")), context)
    assert isinstance(opened, Video)
    return opened


def listening(folder: Path) -> tuple[Context, list[dict]]:
    """A context that keeps its events."""
    events: list[dict] = []
    return Context("appearance", events.append, lambda: False, folder, folder), events


def unchanged(before: float, after: float):
    """A refinement that changes nothing and claims these spreads."""

    def refine(work: Refinement, progress=None) -> RefinedClip:
        model = landmark_model(work.head, torch.float64, torch.device("cpu"))
        shared, frames = to_state(work.fit, model, work.solved, work.head.detector_offsets)
        visible = torch.ones(len(frames), 478, dtype=torch.float64)
        assert len(work.key_views) == len(work.keys) > 4
        return RefinedClip(model, shared, frames, visible, work.keys, np.zeros(8, np.float32), before, after)

    return refine


def test_a_handful_of_frames_is_left_alone(clip: MadeClip, video: Video, tmp_path: Path):
    fit = as_fit(clip, np.zeros(3))
    few = replace(fit, status=np.where(np.arange(8) < 3, fit.status, 0).astype(np.int8))
    context, events = listening(tmp_path)
    result = appearance.run(few, clip.head, video, AppearanceSettings(), context)
    assert isinstance(result, Fit)
    assert result.rotation is few.rotation and result.pose is few.pose
    assert result.shading is not None and result.shading.light.shape == (8, 9, 3)
    assert [event["code"] for event in events if event["event"] == "notice"] == ["appearance-left"]


def test_a_space_of_skin_colour_that_is_added_makes_the_stage_stale(tmp_path: Path):
    def read() -> set[str]:
        return {path.name for path in appearance.CODE.files(AppearanceSettings(), tmp_path)}

    assert read() == set()
    for name in ("FLAME_texture.npz", "79999_iter.pth", "notes.txt"):
        (tmp_path / name).touch()
    assert read() == {"FLAME_texture.npz", "79999_iter.pth"}


def test_a_refinement_that_does_not_help_is_not_used_and_that_is_said(
    clip: MadeClip, video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fit = as_fit(clip, np.zeros(3))
    monkeypatch.setattr(refining, "refine_clip", unchanged(0.01, 0.011))
    context, events = listening(tmp_path)
    result = appearance.run(fit, clip.head, video, AppearanceSettings(), context)
    assert isinstance(result, Fit)
    assert result.rotation is fit.rotation and result.pose is fit.pose
    assert result.report.appearance is not None and not result.report.appearance.used
    assert [event["code"] for event in events if event["event"] == "notice"] == ["appearance-left"]


def test_a_fit_is_refined_with_the_settings_with_which_it_was_made(
    clip: MadeClip, video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = FitSettings(neck="held", landmark_offsets=False, smoothness=3.0)
    given: list[Refinement] = []

    def refine(work: Refinement, progress: object) -> RefinedClip:
        given.append(work)
        return unchanged(0.01, 0.011)(work, progress)

    monkeypatch.setattr(refining, "refine_clip", refine)
    context, _ = listening(tmp_path)
    appearance.run(replace(as_fit(clip, np.zeros(3)), settings=made), clip.head, video, AppearanceSettings(), context)
    assert given[0].options == FitOptions.from_settings(made) != FitOptions()


def test_a_refinement_that_helps_is_used_and_comes_back_exactly(
    clip: MadeClip, video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fit = as_fit(clip, np.zeros(3))
    monkeypatch.setattr(refining, "refine_clip", unchanged(0.01, 0.005))
    context, events = listening(tmp_path)
    result = appearance.run(fit, clip.head, video, AppearanceSettings(), context)
    assert isinstance(result, Fit)
    assert result.report.appearance is not None
    assert result.report.appearance.steadier == pytest.approx(0.5)
    np.testing.assert_allclose(result.rotation, fit.rotation, atol=1e-9)
    np.testing.assert_allclose(result.translation, fit.translation, atol=1e-9)
    np.testing.assert_allclose(result.pose.expression, fit.pose.expression, atol=1e-12)
    assert result.intrinsics.focal_x == pytest.approx(fit.intrinsics.focal_x)
    assert not [event for event in events if event["event"] == "notice"]
