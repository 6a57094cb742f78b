"""Joint system: several clips whose unknowns are eliminated one after the other, as if all were solved at once."""

from __future__ import annotations

import torch

from backend.fit.solvers.schur import ArrowSystem
from backend.identity.joint_system import JointSystem, PersonPrior

COMMON = torch.tensor([True, True, True, False, True])
"""Five unknowns of a clip's border: the fourth, a lens, is the clip's alone."""
FRAMES, UNKNOWNS = 3, 4


def clip_of(seed: int) -> ArrowSystem:
    """Normal equations of random residuals of three frames of four unknowns and the border."""
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randn(FRAMES, 20, UNKNOWNS, generator=generator, dtype=torch.float64)
    border = torch.randn(FRAMES, 20, len(COMMON), generator=generator, dtype=torch.float64)
    residuals = torch.randn(FRAMES, 20, generator=generator, dtype=torch.float64)
    return ArrowSystem(
        cost=float(0.5 * residuals.square().sum()),
        blocks=torch.einsum("tnd,tne->tde", frames, frames),
        gradient=torch.einsum("tnd,tn->td", frames, residuals),
        coupling=torch.einsum("tnd,tns->tds", frames, border),
        border=torch.einsum("tns,tnr->sr", border, border),
        border_gradient=torch.einsum("tns,tn->s", border, residuals),
        damping=torch.full((UNKNOWNS,), 0.3, dtype=torch.float64),
        border_damping=torch.tensor([0.0, 0.0, 0.0, 2.0, 0.0], dtype=torch.float64),
    )


def joint_of(*seeds: int) -> JointSystem:
    prior = torch.eye(4, dtype=torch.float64) * 0.7
    gradient = torch.tensor([0.1, -0.2, 0.3, 0.0], dtype=torch.float64)
    return JointSystem(tuple(map(clip_of, seeds)), COMMON, PersonPrior(0.5, prior, gradient, prior.diagonal()))


def all_at_once(system: JointSystem, damping: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The whole problem as one dense system: common unknowns, then each clip's lens and frames."""
    apart = 1 + FRAMES * UNKNOWNS
    size = 4 + len(system.clips) * apart
    hessian, gradient = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    hessian[:4, :4] += system.prior.hessian + damping * torch.diag(system.prior.damping)
    gradient[:4] += system.prior.gradient
    for number, clip in enumerate(system.clips):
        first = 4 + number * apart
        border = torch.tensor([0, 1, 2, first, 3])
        hessian[border[:, None], border] += clip.border + damping * torch.diag(clip.border_damping)
        gradient[border] += clip.border_gradient
        for frame in range(FRAMES):
            rows = first + 1 + frame * UNKNOWNS + torch.arange(UNKNOWNS)
            hessian[rows[:, None], rows] += clip.blocks[frame] + damping * torch.diag(clip.damping)
            gradient[rows] += clip.gradient[frame]
            hessian[rows[:, None], border] += clip.coupling[frame]
            hessian[border[:, None], rows] += clip.coupling[frame].T
    return hessian, gradient


def test_eliminating_clip_by_clip_gives_the_step_of_all_unknowns_at_once() -> None:
    system = joint_of(1, 2, 3)
    step = system.solve(0.4)
    assert step is not None
    hessian, gradient = all_at_once(system, 0.4)
    whole = -torch.linalg.solve(hessian, gradient)
    for number, clip in enumerate(step.increment.clips):
        first = 4 + number * (1 + FRAMES * UNKNOWNS)
        assert torch.allclose(clip.border, whole[torch.tensor([0, 1, 2, first, 3])], atol=1e-10)
        assert torch.allclose(clip.blocks.flatten(), whole[first + 1 : first + 1 + FRAMES * UNKNOWNS], atol=1e-10)


def test_the_gain_is_what_the_linearised_problem_says() -> None:
    system = joint_of(1, 2)
    step = system.solve(0.4)
    assert step is not None
    undamped, gradient = all_at_once(system, 0.0)
    damped, _ = all_at_once(system, 0.4)
    whole = -torch.linalg.solve(damped, gradient)
    falls = -(gradient @ whole + 0.5 * whole @ undamped @ whole)
    assert abs(step.gain - float(falls)) < 1e-10


def test_one_clip_is_solved_as_it_is_alone() -> None:
    alone = clip_of(4)
    nothing = torch.zeros(4, dtype=torch.float64)
    joint = JointSystem((alone,), COMMON, PersonPrior(0.0, torch.zeros(4, 4, dtype=torch.float64), nothing, nothing))
    together, expected = joint.solve(0.1), alone.solve(0.1)
    assert together is not None
    assert expected is not None
    assert torch.allclose(together.increment.clips[0].border, expected.increment.border, atol=1e-10)
    assert abs(together.gain - expected.gain) < 1e-10


def test_a_clip_that_wants_another_person_would_save_more() -> None:
    agreeing = joint_of(1, 1).savings()
    assert max(joint_of(1, 7).savings()) > max(agreeing)
