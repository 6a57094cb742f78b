"""The one loop and the three linear solvers behind it, on problems whose minimum is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from solver_problems import normal
from torch import Tensor

from backend.fit.solvers.dense import DenseSystem
from backend.fit.solvers.levenberg_marquardt import Limits, Step, minimise
from backend.fit.solvers.schur import ArrowSystem

LIMITS = Limits(steps=60, tolerance=1e-12)


@dataclass
class Rosenbrock:
    """A bent valley, whose bottom is at (1, 1)."""

    lowered: list[float] = field(default_factory=list)

    def residuals(self, at: Tensor) -> Tensor:
        return torch.stack([10 * (at[1] - at[0] ** 2), 1 - at[0]])

    def cost(self, at: Tensor) -> float:
        return 0.5 * float(self.residuals(at).square().sum())

    def linearise(self, at: Tensor) -> DenseSystem:
        rows = torch.autograd.functional.jacobian(self.residuals, at)
        return DenseSystem(self.cost(at), rows.T @ rows, rows.T @ self.residuals(at), torch.ones(2).double())

    def retract(self, at: Tensor, step: Step[Tensor]) -> Tensor:
        return at + step.increment

    def follow(self, at: Tensor) -> None:
        self.lowered.append(self.cost(at))


def test_the_bottom_of_a_bent_valley_is_found():
    minimum = minimise(Rosenbrock(), torch.tensor([-1.2, 1.0]).double(), LIMITS)
    assert minimum.converged and minimum.cost < 1e-12 < minimum.first_cost
    assert torch.allclose(minimum.unknowns, torch.ones(2).double(), atol=1e-5)


def test_no_step_is_taken_that_costs_more():
    problem, shown = Rosenbrock(), []
    start = torch.tensor([-1.2, 1.0]).double()
    minimise(problem, start, LIMITS, watch=lambda at: shown.append(problem.cost(at)))
    assert shown == sorted(shown, reverse=True)


def test_the_problem_follows_the_unknowns_in_the_first_steps_alone():
    problem = Rosenbrock()
    minimise(problem, torch.tensor([-1.2, 1.0]).double(), Limits(steps=60, tolerance=1e-12, following=4))
    assert 1 <= len(problem.lowered) <= 4


def test_a_linear_problem_does_what_its_system_promises():
    hessian, gradient = normal(1, 6, 6), normal(2, 6)
    hessian = hessian @ hessian.T + torch.eye(6).double()
    step = DenseSystem(0.0, hessian, gradient, torch.ones(6).double()).solve(0.3)
    assert step is not None
    change = float(gradient @ step.increment + 0.5 * step.increment @ hessian @ step.increment)
    assert step.gain == pytest.approx(-change)


def test_a_system_that_curves_down_has_no_step():
    assert DenseSystem(0.0, -torch.eye(3), torch.ones(3), torch.ones(3)).solve(1e-3) is None


def arrow(blocks: int = 4, size: int = 3, border: int = 5) -> tuple[ArrowSystem, Tensor, Tensor]:
    """An arrow, and the same as one dense system with the blocks first."""
    count = blocks * size
    rows = torch.zeros(60, count + border).double()
    for k, part in enumerate(normal(3, blocks, 15, size)):
        rows[15 * k : 15 * (k + 1), size * k : size * (k + 1)] = part
    rows[:, count:] = normal(4, 60, border)
    hessian, gradient = rows.T @ rows, normal(5, count + border)
    diagonal_blocks = torch.stack(
        [hessian[size * k : size * (k + 1), size * k : size * (k + 1)] for k in range(blocks)]
    )
    system = ArrowSystem(
        cost=0.0,
        blocks=diagonal_blocks,
        gradient=gradient[:count].reshape(blocks, size),
        coupling=hessian[:count, count:].reshape(blocks, size, border),
        border=hessian[count:, count:],
        border_gradient=gradient[count:],
        damping=normal(6, size).abs(),
        border_damping=normal(7, border).abs(),
    )
    return system, hessian, gradient


def test_eliminating_the_blocks_changes_nothing():
    system, hessian, gradient = arrow()
    damping = torch.cat([system.damping.repeat(4), system.border_damping])
    whole, step = DenseSystem(0.0, hessian, gradient, damping).solve(0.4), system.solve(0.4)
    assert step is not None and whole is not None
    assert torch.allclose(torch.cat([step.increment.blocks.flatten(), step.increment.border]), whole.increment)
    assert step.gain == pytest.approx(whole.gain)


def test_the_deviation_of_an_unknown_is_that_of_the_whole_inverse():
    system, hessian, _ = arrow()
    assert system.sigma(2) == pytest.approx(float(torch.linalg.inv(hessian)[14, 14].sqrt()), rel=1e-6)
