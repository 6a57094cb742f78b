"""The filter on finished tracks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from fitted_clips import fitted
from synthetic_clips import context, made_clip

from backend.contract.settings import SmoothSettings
from backend.data.types import Fit
from backend.stages import smooth as smooth_stage
from backend.stages.smooth import smooth

TIMES = np.arange(60) / 30


def test_a_parabola_passes_unchanged_so_peaks_keep_their_height():
    values = np.stack([TIMES**2, 3 * TIMES], axis=1)
    assert np.allclose(smooth(values, TIMES, 0.1), values, atol=1e-6)


def test_noise_becomes_less():
    noise = np.random.default_rng(1).normal(size=(60, 4))
    assert smooth(noise, TIMES, 0.1).std() < 0.6 * noise.std()


def test_uneven_times_are_respected():
    times = np.sort(np.random.default_rng(2).uniform(0, 2, 60))
    values = (times**2)[:, None]
    assert np.allclose(smooth(values, times, 0.1), values, atol=1e-6)


def test_a_blink_is_kept_where_a_plain_filter_flattens_it():
    values = 0.01 * np.random.default_rng(3).normal(size=(60, 1))
    values[29:32, 0] += 1.0
    assert smooth(values, TIMES, 0.15, keep_jumps=True)[30, 0] > 0.95
    assert smooth(values, TIMES, 0.15)[30, 0] < 0.8


def test_zero_leaves_everything_as_it_is_and_a_length_only_its_group(tmp_path: Path):
    clip = made_clip(frames=20, noise=2.0)
    fit = fitted(clip, tmp_path, smoothness=0.0)
    same = smooth_stage.run(fit, SmoothSettings(), context(tmp_path))
    posed = smooth_stage.run(fit, SmoothSettings(pose=0.1), context(tmp_path))
    assert isinstance(same, Fit)
    assert isinstance(posed, Fit)
    assert np.array_equal(same.rotation, fit.rotation)
    assert np.array_equal(same.pose.expression, fit.pose.expression)
    assert np.array_equal(posed.pose.expression, fit.pose.expression)
    shake = np.abs(np.diff(fit.translation, 2, axis=0)).mean()
    assert np.abs(np.diff(posed.translation, 2, axis=0)).mean() < 0.5 * shake
    identity = posed.rotation @ np.swapaxes(posed.rotation, 1, 2)
    assert np.allclose(identity, np.eye(3), atol=1e-9)


def test_nothing_crosses_a_cut(tmp_path: Path):
    clip = made_clip(frames=20)
    fit = fitted(clip, tmp_path)
    jumped = fit.translation.copy()
    jumped[10:, 0] += 0.2
    shot = np.repeat([0, 1], 10)
    cut = replace(fit, translation=jumped, landmarks=replace(fit.landmarks, shot=shot))
    result = smooth_stage.run(cut, SmoothSettings(pose=0.2), context(tmp_path))
    assert isinstance(result, Fit)
    assert np.diff(result.translation[:, 0])[9] > 0.18
