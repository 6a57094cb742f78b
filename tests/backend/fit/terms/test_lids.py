"""Lids that are shut in the picture are shut on the head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_clips import context, made_clip

from backend.bench.chain import surface_landmarks
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit, Landmarks
from backend.fit.evidence.lid_gaps import EYES, MIDDLE, OPENINGS, openings, with_true_lids
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import Shared, neutral_frames
from backend.fit.terms.lid_contact import lid_contact
from backend.head.builtin import builtin_head
from backend.head.builtin.identity import identity_names
from backend.landmarks.networks import NetworkFiles, find_networks
from backend.stages import fit as fit_stage

MIDDLES = [(upper[MIDDLE], lower[MIDDLE]) for upper, lower in EYES]
TASK = "face_landmarker.task, 4 runs per frame"


def opened(landmarks: Landmarks, right: float, left: float) -> Landmarks:
    """The same landmarks with both eyes opened that far in all frames."""
    points = landmarks.points.copy()
    for side, wanted in enumerate((right, left)):
        factor = wanted / openings(points)[:, side, None, None]
        for upper, lower in zip(EYES[side][0][1:-1], EYES[side][1][1:-1], strict=True):
            middle = (points[:, upper] + points[:, lower]) / 2
            for point in (upper, lower):
                points[:, point] = middle + factor[..., 0] * (points[:, point] - middle)
    return replace(landmarks, points=points, source=TASK)


def test_both_eyes_of_a_person_with_wide_eyes_are_wide() -> None:
    head = builtin_head()
    mode = head.identity_basis[..., identity_names().index("eye_opening")]
    right, left = (mode[upper, 1] - mode[lower, 1] for upper, lower in MIDDLES)
    assert right == pytest.approx(left, rel=1e-3) and right > 0.0004


def test_the_upper_lid_follows_the_eye_more_than_the_lower_one() -> None:
    head = builtin_head()
    for joint, (upper, lower) in zip((4, 3), MIDDLES, strict=True):
        follow = head.pose_correctives[:, 1, 9 * (joint - 1) + 7]
        assert follow[upper] < 1.3 * follow[lower] < 0


def test_gaps_of_shut_eyes_are_taken_off_and_open_eyes_stay() -> None:
    clip = made_clip(frames=4).landmarks
    for right, left, wanted in ((0.35, 0.33, (0.35, 0.33)), (0.03, 0.04, (0.0, 0.0)), (0.12, 0.13, (0.12, 0.13))):
        corrected = openings(with_true_lids(opened(clip, right, left)))
        assert np.allclose(corrected, wanted, atol=1e-3)
    unknown = replace(clip, source="a network of tomorrow")
    assert with_true_lids(unknown) is unknown.points


def test_a_wink_is_of_one_eye() -> None:
    """The detector lets the open eye droop and the shut one open."""
    corrected = openings(with_true_lids(opened(made_clip(frames=4).landmarks, 0.25, 0.09)))
    assert np.all(corrected[:, 0] > 0.3) and np.all(corrected[:, 1] < 0.02)


def test_every_network_that_is_used_has_its_gaps_measured(tmp_path: Path) -> None:
    networks = find_networks("", tmp_path)
    assert isinstance(networks, NetworkFiles)
    assert any(networks.source.startswith(name) for name in OPENINGS)


def test_derivatives_of_the_contact_are_those_of_its_cost() -> None:
    model = landmark_model(builtin_head(), torch.float64, torch.device("cpu"))
    like = model.template
    frames = neutral_frames(model, torch.eye(3).to(like).expand(3, 3, 3), like.new_zeros(3, 3))
    shared = Shared(
        0.3 * torch.ones_like(like[: model.identity_modes, 0]), like.new_tensor(7.0), torch.zeros_like(like)
    )
    points = opened(made_clip(frames=3).landmarks, 0.01, 0.01).points
    points[1] = made_clip(frames=3).landmarks.points[1]
    contact = lid_contact(model, shared, frames, points)
    assert contact is not None
    expression = torch.full((3, model.expression_modes), 0.1, dtype=torch.float64, requires_grad=True)
    gradient = torch.autograd.grad(contact.cost(expression).sum(), expression)[0]
    shut, assembled, hessian = contact.equations(expression.detach())
    assert shut.tolist() == [0, 2] and not gradient[1].any()
    assert torch.allclose(assembled, gradient[shut])
    exact = torch.autograd.functional.hessian(lambda x: contact.cost(x).sum(), expression.detach())
    assert torch.allclose(hessian[0], exact[0, :, 0, :])  # pyright: ignore - one input, one tensor


def test_a_head_that_cannot_close_its_lids_is_not_asked_to() -> None:
    head = builtin_head()
    column = [index for index, name in enumerate(head.expression_names) if not name.startswith(("eye", "cheek"))]
    stiff = replace(
        head,
        detector_motions=None,
        expression_basis=head.expression_basis[..., column],
        expression_range=head.expression_range[column],
    )
    model = landmark_model(stiff, torch.float64, torch.device("cpu"))
    like = model.template
    frames = neutral_frames(model, torch.eye(3).to(like).expand(3, 3, 3), like.new_zeros(3, 3))
    shared = Shared(like.new_zeros(model.identity_modes), like.new_tensor(7.0), torch.zeros_like(like))
    assert lid_contact(model, shared, frames, opened(made_clip(frames=3).landmarks, 0.01, 0.01).points) is None


def test_a_blink_of_three_frames_shuts_the_lids_though_the_detector_leaves_a_gap(tmp_path: Path) -> None:
    clip = made_clip(frames=30)
    shut = opened(clip.landmarks, 0.04, 0.045).points
    half = opened(clip.landmarks, 0.2, 0.2).points
    points = clip.landmarks.points.copy()
    points[14:17] = np.stack([half[14], shut[15], half[16]])
    landmarks = replace(clip.landmarks, points=points, source=TASK)
    result = fit_stage.run(landmarks, clip.head, Camera(1400.0, "known"), FitSettings(device="cpu"), context(tmp_path))
    assert isinstance(result, Fit)
    surface = surface_landmarks(clip.head, result.pose)
    gaps = np.array([[surface[t, upper, 1] - surface[t, lower, 1] for upper, lower in MIDDLES] for t in (5, 15, 25)])
    assert np.all(np.abs(gaps[1]) < 0.0005) and np.all(gaps[[0, 2]] > 0.007)
