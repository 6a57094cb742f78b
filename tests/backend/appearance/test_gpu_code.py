"""Fit and Appearance on a pretended GPU: nothing is mixed up between processor and GPU, and both find the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from fake_gpu import NAME, OnDevice, fake_gpu
from synthetic_clips import MadeClip, made_clip
from textured_heads import as_fit, textured_pictures

from backend.appearance import clip as photometric_clip
from backend.appearance import key_frame_solve as photometric
from backend.appearance.clip import RefinedClip, Refinement, refine_clip
from backend.data.types import Camera
from backend.fit.clip import fit_clip
from backend.fit.clip_input import clip_input
from backend.fit.geometry.parallel import single_threaded_operations
from backend.fit.options.fit_options import FitOptions
from backend.fit.solved_frames import solved_frames
from backend.render.differentiable import choice

CPU = torch.device("cpu")
FRAMES = 6


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES, yaw=0.5)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    monkeypatch.setattr(choice, "_MAKERS", {**choice._MAKERS, NAME: choice._MAKERS["mps"]})
    with fake_gpu() as gpu:
        yield gpu


def prepared(clip: MadeClip):
    """Solved frames, solver's input and options of a clip whose focal length is known."""
    options = FitOptions(key_frames=3)
    solved = solved_frames(clip.landmarks, options.longest_gap)
    return solved, clip_input(clip.landmarks, Camera(clip.intrinsics.focal_x, "known"), solved), options


def test_mixing_up_devices_is_noticed(device: torch.device):
    there = torch.ones(3, device=device)
    assert isinstance(there + 1, OnDevice) and float((there + 1).sum()) == 6
    with pytest.raises(RuntimeError, match="same device"):
        there + torch.ones(3)
    with pytest.raises(TypeError, match="numpy"):
        np.asarray(there)


def test_a_fit_is_the_same(clip: MadeClip, device: torch.device):
    _, given, options = prepared(clip)
    expected, result = (fit_clip(clip.head, given, options, device=where) for where in (CPU, device))
    assert isinstance(result.frames.rotation, OnDevice)
    assert (result.frames.rotation.cpu() - expected.frames.rotation).abs().max() < 1e-3
    assert (result.frames.expression.cpu() - expected.frames.expression).abs().max() < 0.02


def test_a_refined_clip_is_the_same(clip: MadeClip, device: torch.device, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(photometric, "BANDS", ((2.0, 6.0, 2),))
    monkeypatch.setattr(photometric_clip, "SAMPLES", 600)
    solved, given, options = prepared(clip)
    pictures = textured_pictures(clip, np.arange(FRAMES))

    def refined(where: torch.device) -> RefinedClip:
        work = Refinement(
            fit=as_fit(clip, np.array([0.02, 0.0, 0.01])),
            head=clip.head,
            clip=given,
            solved=solved.index,
            keys=np.array([0, 2, 5]),
            key_views=[pictures[k] for k in (0, 2, 5)],
            views=lambda wanted: [pictures[k] for k in wanted],
            options=options,
            trust=1.0,
            device=where,
        )
        with single_threaded_operations():
            return refine_clip(work)

    expected, result = refined(CPU), refined(device)
    assert isinstance(result.frames.rotation, OnDevice)
    assert (result.frames.rotation.cpu() - expected.frames.rotation).abs().max() < 1e-3
    assert result.spread_after == pytest.approx(expected.spread_after, rel=0.02)
