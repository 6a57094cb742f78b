"""Every derivative that is written by hand, against automatic differentiation."""

from __future__ import annotations

import pytest
import torch
from scipy.spatial.transform import Rotation
from solver_problems import normal, observations_of, random_frames, random_model, random_shared, with_lips
from torch import Tensor

from backend.fit.geometry.landmark_model import LandmarkModel
from backend.fit.geometry.projection import derivatives, pose_landmarks, project_landmarks
from backend.fit.geometry.state import EXPRESSION_START, Shared
from backend.fit.options.weights import Tuning
from backend.fit.solvers.banded import assemble, solve_banded
from backend.fit.terms.landmark_term import frame_equations, residuals, shared_equations
from backend.fit.terms.priors import frame_prior, shared_prior
from backend.fit.terms.smoothness import linearise_smoothness, smoothness_weights
from backend.head import rotation_torch as rotation

CENTRE = torch.zeros(2, dtype=torch.float64)
MODEL = random_model()
SHARED = random_shared(MODEL)
FRAMES = random_frames(MODEL)
TUNING = Tuning(
    acceleration_rotation=0.02,
    acceleration_position=0.003,
    acceleration_jaw=0.1,
    acceleration_gaze=0.3,
    acceleration_expression=0.7,
)


def test_exponential_agrees_with_scipy_and_is_exact_near_zero():
    vectors = torch.cat([normal(1, 20, 3), torch.zeros(1, 3), torch.full((1, 3), 1e-7)]).double()
    expected = torch.as_tensor(Rotation.from_rotvec(vectors.numpy()).as_matrix())
    assert torch.allclose(rotation.exponential(vectors), expected, atol=1e-14)


def test_gradient_of_the_exponential_at_zero_is_finite_and_right():
    zero = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    jacobian = torch.autograd.functional.jacobian(rotation.exponential, zero)
    expected = rotation.cross_matrix(torch.eye(3, dtype=torch.float64)).permute(1, 2, 0)
    assert torch.allclose(jacobian, expected)


@pytest.mark.parametrize("angle", [0.0, 1e-8, 1e-5, 1e-4, 1e-3, 0.05, 0.0999, 0.1001, 1.0])
def test_single_precision_agrees_with_double_at_every_size(angle: float):
    vector = angle * torch.tensor([[0.6, -0.48, 0.64]], dtype=torch.float64)
    for function in (rotation.exponential, rotation.left_jacobian, rotation.inverse_left_jacobian):
        assert torch.allclose(function(vector.float()).double(), function(vector), atol=1e-6)
    around = rotation.exponential(vector.float())
    assert torch.allclose(rotation.logarithm(around).double(), vector, atol=1e-6)


def test_logarithm_undoes_the_exponential():
    vectors = torch.cat([normal(2, 20, 3, scale=0.8), torch.zeros(1, 3), torch.full((1, 3), 1e-9)])
    assert torch.allclose(rotation.logarithm(rotation.exponential(vectors)), vectors, atol=1e-9)


def test_left_jacobian_and_its_inverse():
    vectors = normal(3, 10, 3)
    small = normal(4, 10, 3, scale=1e-6)
    moved = rotation.exponential(vectors + small)
    predicted = rotation.exponential((rotation.left_jacobian(vectors) @ small[..., None])[..., 0])
    assert torch.allclose(moved, predicted @ rotation.exponential(vectors), atol=1e-11)
    product = rotation.left_jacobian(vectors) @ rotation.inverse_left_jacobian(vectors)
    assert torch.allclose(product, torch.eye(3, dtype=torch.float64).expand(10, 3, 3), atol=1e-12)


def _pixels_after(step: Tensor, identity: Tensor, log_focal: Tensor, offset: Tensor) -> Tensor:
    moved = Shared(SHARED.identity + identity, SHARED.log_focal + log_focal, SHARED.offsets + offset)
    posed = pose_landmarks(MODEL, moved, FRAMES.retract(step))
    return project_landmarks(posed.camera, moved.focal, CENTRE)


def test_projection_derivatives_agree_with_autograd():
    zeros = (
        torch.zeros(len(FRAMES), FRAMES.unknowns, dtype=torch.float64),
        torch.zeros_like(SHARED.identity),
        torch.zeros((), dtype=torch.float64),
        torch.zeros_like(SHARED.offsets),
    )
    step, identity, log_focal, offset = torch.autograd.functional.jacobian(_pixels_after, zeros)
    derivative = derivatives(MODEL, SHARED, FRAMES, pose_landmarks(MODEL, SHARED, FRAMES), of_shared=True)
    by_frame = torch.stack([step[frame, :, :, frame] for frame in range(len(FRAMES))])
    assert torch.allclose(derivative.frame, by_frame, atol=1e-9)
    assert torch.allclose(derivative.identity, identity, atol=1e-9)
    assert torch.allclose(derivative.log_focal, log_focal, atol=1e-9)
    for point in range(MODEL.points):
        assert torch.allclose(derivative.offset[:, point], offset[:, point, :, point], atol=1e-9)


def _observed():
    pixels = _pixels_after(
        normal(30, len(FRAMES), FRAMES.unknowns, scale=0.01),
        torch.zeros_like(SHARED.identity),
        torch.zeros((), dtype=torch.float64),
        torch.zeros_like(SHARED.offsets),
    )
    return observations_of(pixels, torch.tensor([[0, 1], [4, 9]]), torch.tensor([5, 6, 7]))


@pytest.mark.parametrize("model", [MODEL, with_lips(MODEL)], ids=["landmarks alone", "lips in contact"])
def test_gradients_of_the_landmark_term_agree_with_autograd(model: LandmarkModel):
    observations = _observed()
    visibility = normal(31, len(FRAMES), MODEL.points).abs().clamp(0, 1)

    def cost(step: Tensor, dense: Tensor, along: Tensor) -> Tensor:
        offsets = SHARED.offsets + (MODEL.tangents @ along[..., None])[..., 0]
        moved = Shared(SHARED.identity + dense[:-1], SHARED.log_focal + dense[-1], offsets)
        return residuals(model, moved, FRAMES.retract(step), observations, visibility, TUNING).cost.sum()

    zeros = (
        torch.zeros(len(FRAMES), FRAMES.unknowns, dtype=torch.float64),
        torch.zeros(MODEL.identity_modes + 1, dtype=torch.float64),
        torch.zeros(MODEL.points, 2, dtype=torch.float64),
    )
    step, dense, along = torch.autograd.functional.jacobian(cost, zeros)
    errors = residuals(model, SHARED, FRAMES, observations, visibility, TUNING)
    frames = frame_equations(model, SHARED, FRAMES, observations, errors)
    assert torch.allclose(frames.gradient, step, rtol=1e-8)

    without_pairs = observations_of(observations.pixels, observations.pairs, observations.contour)
    without_pairs.pair_weight.zero_()
    observations.pair_weight.zero_()
    _, dense, along = torch.autograd.functional.jacobian(cost, zeros)
    clip = shared_equations(model, SHARED, FRAMES, without_pairs, errors, offsets=True)
    assert torch.allclose(clip.gradient, torch.cat([dense, along.flatten()]), rtol=1e-8)
    assert torch.allclose(clip.hessian, clip.hessian.T)


def _links(duration: Tensor, together: Tensor):
    times = torch.cat([torch.zeros(1, dtype=torch.float64), duration.cumsum(0)])
    depth = torch.full((len(times),), 0.6, dtype=torch.float64)
    return smoothness_weights(MODEL, TUNING, times, together, depth, 1.0)


def test_gradient_of_smoothness_agrees_with_autograd():
    frames = random_frames(MODEL, 6)
    between = _links(torch.tensor([0.03, 0.04, 0.1, 0.03, 0.03]).double(), torch.tensor([1, 1, 1, 0, 1]).bool())
    zero = torch.zeros(6, frames.unknowns, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(
        lambda step: linearise_smoothness(frames.retract(step), between).cost, zero
    )
    assert torch.allclose(linearise_smoothness(frames, between).gradient, expected, rtol=1e-7, atol=1e-7)


def test_smoothness_does_not_cross_a_cut():
    frames = random_frames(MODEL, 4)
    between = _links(torch.tensor([0.03, 0.03, 0.03]).double(), torch.tensor([1, 0, 1]).bool())
    apart = frames.with_frames(slice(2, 4), frames[2:4].retract(normal(40, 2, frames.unknowns, scale=0.1)))
    shifted = frames[2:4].values() - frames[2:4].values()
    assert shifted.abs().max() == 0
    first = linearise_smoothness(frames[:2], _links(torch.tensor([0.03]).double(), torch.tensor([1]).bool())).cost
    last = linearise_smoothness(apart[2:4], _links(torch.tensor([0.03]).double(), torch.tensor([1]).bool())).cost
    assert torch.allclose(linearise_smoothness(apart, between).cost, first + last)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_banded_solve_equals_dense_solve(count: int):
    frames = random_frames(MODEL, count)
    size = frames.unknowns
    blocks = normal(50, count, size, size)
    blocks = blocks @ blocks.transpose(1, 2) + size * torch.eye(size, dtype=torch.float64)
    between = _links(torch.full((count - 1,), 0.03).double(), torch.ones(count - 1).bool())
    band = linearise_smoothness(frames, between)
    gradient = normal(51, count, size)
    banded = assemble(blocks, band)
    dense = torch.zeros(count * size, count * size, dtype=torch.float64)
    for below in range(len(banded)):
        diagonal = torch.as_tensor(banded[below, : count * size - below])
        dense += torch.diag(diagonal, -below) + (torch.diag(diagonal, below) if below else 0)
    expected = -torch.linalg.solve(dense, gradient.flatten()).reshape(count, size)
    assert torch.allclose(torch.as_tensor(solve_banded(banded, gradient)), expected, atol=1e-10)
    by_frame = torch.stack([dense[i * size : (i + 1) * size, i * size : (i + 1) * size] for i in range(count)])
    added = by_frame - blocks
    assert torch.linalg.eigvalsh(added).min() > -1e-6


def test_gradients_of_the_priors_agree_with_autograd():
    prior = frame_prior(MODEL, TUNING, neck_free=True)
    zero = torch.zeros(len(FRAMES), FRAMES.unknowns, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda step: prior.evaluate(FRAMES.retract(step))[0].sum(), zero)
    assert torch.allclose(prior.evaluate(FRAMES)[1], expected, rtol=1e-9, atol=1e-9)
    assert bool((FRAMES.expression.abs() > prior.tail).any()), "no expression is in the tail"

    clip = shared_prior(MODEL, TUNING, log_focal=6.4, focal_sigma=0.05, offsets=True)

    def cost(dense: Tensor, along: Tensor) -> Tensor:
        offsets = SHARED.offsets + (MODEL.tangents @ along[..., None])[..., 0]
        return clip.evaluate(Shared(SHARED.identity + dense[:-1], SHARED.log_focal + dense[-1], offsets))[0]

    zeros = (torch.zeros(MODEL.identity_modes + 1).double(), torch.zeros(MODEL.points, 2).double())
    dense, along = torch.autograd.functional.jacobian(cost, zeros)
    assert torch.allclose(clip.evaluate(SHARED)[1], torch.cat([dense, along.flatten()]), rtol=1e-9)


def test_an_expression_costs_linearly_beyond_its_tail_and_by_the_square_without_tails():
    still = FRAMES[:1]
    still = still.retract(-still.values())

    def pull(size: float, *, tails: bool) -> float:
        prior = frame_prior(MODEL, TUNING, neck_free=True, tails=tails)
        step = torch.zeros_like(still.values())
        step[0, EXPRESSION_START] = size
        return float(prior.evaluate(still.retract(step))[1][0, EXPRESSION_START])

    assert pull(0.8, tails=True) == pytest.approx(pull(0.4, tails=True))
    assert pull(0.002, tails=True) == pytest.approx(2 * pull(0.001, tails=True))
    assert pull(0.8, tails=False) == pytest.approx(2 * pull(0.4, tails=False))
