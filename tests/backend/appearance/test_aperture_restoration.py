"""After the pictures: lids and lips as the landmarks have them, offsets that follow; identities do not turn faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from solver_problems import random_frames
from torch import Tensor

from backend.appearance.aperture_restoration import explaining_offsets, with_openings
from backend.data.landmark_distance import eye_distance
from backend.fit.evidence.observations import LID_PAIRS, LIP_PAIRS, observe
from backend.fit.geometry.landmark_model import LandmarkModel, landmark_model
from backend.fit.geometry.projection import pose_landmarks, project_landmarks
from backend.fit.geometry.state import Frames, Shared
from backend.fit.options.weights import Tuning
from backend.fit.solvers.identity import IdentityProblem
from backend.fit.terms.landmark_term import residuals
from backend.fit.terms.priors import LOCKED, SharedPrior, frame_prior, relative_tilt, shared_prior, with_tilt_prior
from backend.head.builtin import builtin_head
from backend.head.rotation_torch import exponential

MODEL = landmark_model(builtin_head(), torch.float64, torch.device("cpu"))


def with_identity(model: LandmarkModel, moved: torch.Tensor) -> LandmarkModel:
    """The head with a single identity mode that moves its points by this (N, 3)."""
    return replace(model, identity=moved[..., None], joint_identity=model.joint_identity[..., :1] * 0)


def prior_of(model: LandmarkModel) -> SharedPrior:
    return shared_prior(model, Tuning(), log_focal=6.5, focal_sigma=LOCKED, offsets=True)


def test_a_mode_that_turns_the_face_is_seen_as_that_turn():
    turn = torch.tensor([0.01, -0.004, 0.002], dtype=torch.float64)
    moved = MODEL.template @ exponential(turn[None])[0].T - MODEL.template + torch.tensor([0.0, 0.003, 0.0]).double()
    rows = relative_tilt(with_identity(MODEL, moved))
    np.testing.assert_allclose(rows[:, 0].numpy(), turn.numpy(), atol=1e-4)


def test_a_face_that_an_identity_turns_costs_as_it_turns():
    prior = prior_of(MODEL)
    random = torch.as_tensor(np.random.default_rng(2).normal(size=(3, MODEL.identity_modes)))
    for identity in random:
        shared = Shared(identity, torch.tensor(6.5).double(), torch.zeros_like(MODEL.template))
        turned = relative_tilt(MODEL) @ identity / 0.01
        more = with_tilt_prior(prior, MODEL, 0.01).evaluate(shared)[0] - prior.evaluate(shared)[0]
        assert float(more) == pytest.approx(0.5 * float(turned @ turned))


def test_offsets_take_what_the_landmarks_are_off_and_nothing_else_moves():
    frames = random_frames(MODEL, 8)
    frames = replace(frames, expression=frames.expression * 0, neck=frames.neck * 0, jaw=frames.jaw * 0)
    shared = Shared(0.3 * torch.ones(MODEL.identity_modes).double(), torch.tensor(6.5).double(), MODEL.template * 0)
    away = torch.as_tensor(np.random.default_rng(4).normal(scale=0.002, size=(MODEL.points, 2, 1)))
    away[torch.tensor(LID_PAIRS + LIP_PAIRS).flatten()] = 0.0  # what meets is not parted, see `test_offsets`
    true = replace(shared, offsets=(MODEL.tangents @ away)[..., 0])
    pixels = project_landmarks(pose_landmarks(MODEL, true, frames).camera, true.focal, torch.zeros(2).double())
    size = eye_distance(MODEL.template.numpy()[None])[0] / np.exp(frames.position[:, 2].numpy())
    observations = observe(pixels.numpy(), np.full((8, 52), np.nan), (0.0, 0.0), size, MODEL, Tuning())
    problem = IdentityProblem(
        MODEL, observations, frame_prior(MODEL, Tuning(), neck_free=False), prior_of(MODEL), Tuning()
    )
    explained = explaining_offsets(problem, shared, frames)

    def missed(now: Shared) -> float:
        visible = torch.ones(8, MODEL.points, dtype=torch.float64)
        return float(residuals(MODEL, now, frames, observations, visible, Tuning()).cost.sum())

    assert missed(explained) < 0.3 * missed(shared)
    assert explained.identity is shared.identity


def test_lids_and_lips_go_back_to_where_the_fit_has_them_and_the_rest_of_the_face_stays():
    fitted = random_frames(MODEL, 3)
    fitted = replace(
        fitted, jaw=0.02 * fitted.jaw, expression=0.3 * fitted.expression.clamp(0, 1), neck=0 * fitted.neck
    )
    jaw = fitted.jaw + torch.tensor([0.04, 0.0, 0.0]).double()
    refined = replace(fitted, rotation=fitted.rotation[[1, 2, 0]], jaw=jaw, expression=0.8 * fitted.expression)
    before = Shared(torch.zeros(MODEL.identity_modes).double(), torch.tensor(6.5).double(), MODEL.template * 0)
    after = replace(before, identity=0.3 * torch.ones(MODEL.identity_modes).double())
    opened = with_openings(MODEL, frame_prior(MODEL, Tuning(), neck_free=False), (before, fitted), (after, refined))

    def openings(shared: Shared, frames: Frames) -> Tensor:
        points = pose_landmarks(MODEL, shared, frames).head
        pairs = torch.tensor(LID_PAIRS + LIP_PAIRS)
        return (points[:, pairs[:, 0]] - points[:, pairs[:, 1]])[..., 1:].norm(dim=-1)

    wanted, off = openings(before, fitted), openings(after, refined)
    assert float((off - wanted).abs().mean()) > 0.001
    assert float((openings(after, opened) - wanted).abs().mean()) < 0.0002
    moved = (pose_landmarks(MODEL, after, opened).head - pose_landmarks(MODEL, after, refined).head).norm(dim=-1)
    assert float(moved.mean()) < 0.0008
    assert opened.rotation is refined.rotation and opened.jaw is fitted.jaw and opened.eyes is refined.eyes
