"""Smoothness gives way where the head moves, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_clips import LOOKS_AT_CAMERA, MadeClip, context, made_landmarks

from backend.bench.measures.metrics import amplitude_and_phase
from backend.contract.camera import Intrinsics, axis_angles, project, rotation_matrices
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit
from backend.fit.evidence.observations import IRIS_CENTRES
from backend.fit.geometry.state import Frames
from backend.fit.terms.motion_power import motion_power
from backend.head.builtin import builtin_head
from backend.head.skinning import neutral_pose, pose_vertices
from backend.stages import fit as fit_stage

NOISE = 0.7
"""Pixels: what the detector's points tremble by on a face of this size."""
IRIS_NOISE = 0.25
"""Share of it by which irises tremble: they are found in the picture itself."""


def moving_clip(times: np.ndarray, turn: np.ndarray, shift: np.ndarray, noise: float = NOISE) -> MadeClip:
    """The built-in head at rest, turned and moved as given, seen with noise."""
    head = replace(builtin_head(), detector_offsets=None)
    pose = neutral_pose(head, len(times))
    rotation = LOOKS_AT_CAMERA @ rotation_matrices(turn)
    translation = shift + np.array([0.0, 0.0, 0.75])
    vertices = pose_vertices(head, pose)
    corners = head.faces[head.landmarks.triangle]
    points = np.einsum("nk,tnkc->tnc", head.landmarks.barycentric, vertices[:, corners])
    intrinsics = Intrinsics.centred(640, 480, 1400.0)
    pixels = project(points @ np.swapaxes(rotation, 1, 2) + translation[:, None], intrinsics)
    trembling = np.random.default_rng(3).normal(scale=noise, size=pixels.shape)
    trembling[:, list(IRIS_CENTRES)] *= IRIS_NOISE
    pixels = pixels + trembling
    return MadeClip(head, made_landmarks(pixels, times), intrinsics, pose, rotation, translation, vertices)


def fitted(clip: MadeClip, folder: Path) -> Fit:
    result = fit_stage.run(
        clip.landmarks, clip.head, Camera(1400.0, "known"), FitSettings(device="cpu"), context(folder)
    )
    assert isinstance(result, Fit), result
    return result


@pytest.mark.parametrize(("axis", "degrees", "hertz"), [(1, 25, 4.0), (0, 15, 2.5), (2, 15, 1.5), (1, 22, 1.0)])
def test_a_head_that_turns_keeps_its_amplitude_and_its_time(
    tmp_path: Path, axis: int, degrees: float, hertz: float
) -> None:
    times = np.arange(45) / 30
    turn = np.zeros((45, 3))
    turn[:, axis] = np.radians(degrees) * np.sin(2 * np.pi * hertz * times)
    clip = moving_clip(times, turn, np.zeros((45, 3)))
    fitted_turn = axis_angles(LOOKS_AT_CAMERA.T @ fitted(clip, tmp_path).rotation)[:, axis]
    amplitude, phase = amplitude_and_phase(fitted_turn, turn[:, axis])
    assert amplitude >= 0.97
    assert abs(phase) <= 2


@pytest.mark.parametrize("rate", [24, 60, 120])
def test_a_head_that_moves_keeps_its_amplitude_at_every_rate(tmp_path: Path, rate: int) -> None:
    times = np.arange(int(1.2 * rate)) / rate
    shift = np.zeros((len(times), 3))
    shift[:, 0] = 0.04 * np.sin(2 * np.pi * 3 * times)
    clip = moving_clip(times, np.zeros((len(times), 3)), shift)
    amplitude, phase = amplitude_and_phase(fitted(clip, tmp_path).translation[:, 0], shift[:, 0])
    assert amplitude >= 0.97
    assert abs(phase) <= 2


def test_a_still_head_does_not_tremble(tmp_path: Path) -> None:
    still = np.zeros((45, 3))
    result = fitted(moving_clip(np.arange(45) / 30, still, still), tmp_path)
    turns = np.linalg.norm(axis_angles(result.rotation[1:] @ np.swapaxes(result.rotation[:-1], 1, 2)), axis=1)
    assert np.degrees(np.median(turns)) < 0.03


def test_a_head_that_rests_after_a_shake_is_calm_again(tmp_path: Path) -> None:
    times = np.arange(60) / 30
    turn = np.zeros((60, 3))
    turn[:30, 1] = np.radians(20) * np.sin(2 * np.pi * 2 * times[:30])
    result = fitted(moving_clip(times, turn, np.zeros((60, 3))), tmp_path)
    turns = np.linalg.norm(axis_angles(result.rotation[1:] @ np.swapaxes(result.rotation[:-1], 1, 2)), axis=1)
    assert np.degrees(np.median(turns[40:])) < 0.03 < 1.0 < np.degrees(np.median(turns[:28]))


def steps(across: np.ndarray) -> Frames:
    """Frames that differ in place alone (T,)."""
    count = len(across)
    position = torch.zeros(count, 3, dtype=torch.float64)
    position[:, 0] = torch.as_tensor(across)

    def zeros(columns: int) -> torch.Tensor:
        return torch.zeros(count, columns, dtype=torch.float64)

    rotation = torch.eye(3, dtype=torch.float64).repeat(count, 1, 1)
    return Frames(rotation, position, zeros(3), zeros(3), zeros(4), zeros(2))


def test_power_is_measured_per_time_and_not_across_a_cut() -> None:
    times = np.arange(30) / 30
    jump = np.where(times < 0.5, 0.0, 1.0)
    every = torch.ones(29, dtype=torch.bool)
    cut = every.clone()
    cut[14] = False
    assert motion_power(steps(jump), torch.as_tensor(times), every).acceleration[:, 3].max() > 0.1
    assert motion_power(steps(jump), torch.as_tensor(times), cut).acceleration[:, 3].max() == 0.0

    def at(rate: int) -> float:
        fine = np.arange(rate) / rate
        frames = steps(0.1 * fine**2)
        power = motion_power(frames, torch.as_tensor(fine), torch.ones(rate - 1, dtype=torch.bool))
        return float(power.acceleration[rate // 2, 3])

    # The same acceleration: its square grows with the frame's duration, as the variance of the prior does.
    assert at(24) * 24 == pytest.approx(at(48) * 48, rel=1e-6)


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_clips_have_no_power(frames: int) -> None:
    power = motion_power(steps(np.zeros(frames)), torch.arange(frames) / 30, torch.ones(frames - 1, dtype=torch.bool))
    assert power.acceleration.shape == (0, 18) and power.velocity.shape == (frames - 1, 18)
