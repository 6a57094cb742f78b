"""Robust losses: what they cost, and that their weights are those of the cost's slope."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backend.fit.terms.robust import cauchy_cost, cauchy_weight, huber

SIZES = torch.tensor([0.01, 0.5, 1.9, 2.1, 7.0]).double()


def test_huber_is_the_square_up_to_its_threshold_and_linear_beyond():
    cost, _ = huber(torch.tensor([1.0, 9.0, 16.0]), 2.0)
    assert cost.tolist() == pytest.approx([0.5, 4.0, 6.0])


def test_the_weight_of_huber_is_the_slope_of_its_cost_over_the_size():
    size = SIZES.clone().requires_grad_()
    cost, weight = huber(size.square(), 2.0)
    (slope,) = torch.autograd.grad(cost.sum(), size)
    assert torch.allclose(slope, weight * size)


def test_the_weight_of_cauchy_is_the_slope_of_its_cost_over_the_size():
    size = SIZES.clone().requires_grad_()
    (slope,) = torch.autograd.grad(cauchy_cost(size / 3.0, 3.0).sum(), size)
    assert torch.allclose(slope, cauchy_weight(size / 3.0) * size)


def test_cauchy_is_the_same_in_numpy_and_in_torch():
    np.testing.assert_allclose(cauchy_cost(SIZES.numpy(), 2.0), cauchy_cost(SIZES, 2.0).numpy())
