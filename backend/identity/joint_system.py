"""Normal equations of several clips that have some unknowns of the border in common: an arrow of arrows.

Each clip's frames are eliminated first, then what belongs to that clip alone, as its focal length. What is left of
every clip are equations of the person alone, and these add up. See `fit.solvers.schur`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..fit.solvers.levenberg_marquardt import Step
from ..fit.solvers.schur import RIDGE, ArrowStep, ArrowSystem


@dataclass(frozen=True)
class JointStep:
    """A change of every clip; what they have in common changes alike in all."""

    clips: tuple[ArrowStep, ...]


@dataclass(frozen=True)
class PersonPrior:
    """What is known beforehand of the C unknowns that the clips have in common.

    Attributes:
        cost: Where it was linearised.
        hessian: (C, C), with the gradient (C,).
        gradient: Of the cost.
        damping: Per unit of damping (C,).
    """

    cost: float
    hessian: Tensor
    gradient: Tensor
    damping: Tensor


@dataclass(frozen=True)
class _Reduced:
    """One clip's equations of what the clips have in common, and what leads back to all of its unknowns.

    Attributes:
        frames: Factor of each frame's block.
        apart: Factor of what is the clip's alone, after its frames (P, P).
        between: Rows of the clip's unknowns, columns of the common ones (P, C).
        apart_gradient: (P,).
        hessian, gradient: Of the common unknowns (C, C), (C,).
    """

    frames: Tensor
    apart: Tensor
    between: Tensor
    apart_gradient: Tensor
    hessian: Tensor
    gradient: Tensor


@dataclass(frozen=True)
class JointSystem:
    """Several clips near some unknowns.

    Attributes:
        clips: Each clip's equations, without priors of what they have in common.
        common: Which columns of every clip's border that is (S,) bool.
        prior: Of what they have in common.
    """

    clips: tuple[ArrowSystem, ...]
    common: Tensor
    prior: PersonPrior

    @property
    def cost(self) -> float:
        """Cost where it was linearised."""
        return self.prior.cost + sum(clip.cost for clip in self.clips)

    def solve(self, damping: float) -> Step[JointStep] | None:
        """Return the damped step; None where the equations are not positive definite."""
        reduced = self._reduced(damping)
        outer = damping * self.prior.damping
        factor = None if reduced is None else self._factor(reduced, outer)
        if reduced is None or factor is None:
            return None
        gradient = self.prior.gradient + sum(each.gradient for each in reduced)
        change = -torch.cholesky_solve(gradient[:, None], factor)[:, 0]
        steps = tuple(_step(clip, each, self.common, change) for clip, each in zip(self.clips, reduced, strict=True))
        gain = float(0.5 * change @ (outer * change - self.prior.gradient))
        gain += sum(self._gain(clip, step, damping) for clip, step in zip(self.clips, steps, strict=True))
        return Step(JointStep(steps), gain)

    def savings(self) -> list[float]:
        """Return by how much each clip's cost would fall if what they have in common were its alone.

        By the linearised problem, with the priors of a person; infinite where that cannot be told.
        """
        reduced = self._reduced(RIDGE)
        result = []
        for each in reduced or ():
            factor, failed = torch.linalg.cholesky_ex(each.hessian + self.prior.hessian)
            change = torch.cholesky_solve(each.gradient[:, None], factor)[:, 0]
            result.append(float("inf") if bool(failed) else float(0.5 * each.gradient @ change))
        return result or [float("inf")] * len(self.clips)

    def _gain(self, clip: ArrowSystem, step: ArrowStep, damping: float) -> float:
        """Return by how much one clip's linearised cost falls."""
        outer = torch.where(self.common, 0.0, damping * clip.border_damping)
        inner = damping * clip.damping
        gain = 0.5 * (step.border * (outer * step.border - clip.border_gradient)).sum()
        return float(gain + 0.5 * (step.blocks * (inner * step.blocks - clip.gradient)).sum())

    def _reduced(self, damping: float) -> list[_Reduced] | None:
        """Return what each clip says of the common unknowns, or None where one of them cannot be solved."""
        result = [_reduce(clip, self.common, damping) for clip in self.clips]
        known = [each for each in result if each is not None]
        return known if len(known) == len(result) else None

    def _factor(self, reduced: list[_Reduced], outer: Tensor) -> Tensor | None:
        hessian = self.prior.hessian + torch.stack([each.hessian for each in reduced]).sum(0)
        hessian.diagonal().add_(outer)
        factor, failed = torch.linalg.cholesky_ex(hessian)
        return None if bool(failed) else factor


def _reduce(clip: ArrowSystem, common: Tensor, damping: float) -> _Reduced | None:
    """Eliminate a clip's frames, then what of its border is its alone."""
    eliminated = clip.eliminate(damping * clip.damping)
    if eliminated is None:
        return None
    frames, border, gradient = eliminated
    apart = ~common
    hessian = border[apart][:, apart].clone()
    hessian.diagonal().add_(damping * clip.border_damping[apart])
    factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        return None
    both = torch.cat([border[apart][:, common], gradient[apart, None]], dim=1)
    half = torch.linalg.solve_triangular(factor, both, upper=False)
    return _Reduced(
        frames=frames,
        apart=factor,
        between=both[:, :-1],
        apart_gradient=both[:, -1],
        hessian=border[common][:, common] - half[:, :-1].T @ half[:, :-1],
        gradient=gradient[common] - half[:, :-1].T @ half[:, -1],
    )


def _step(clip: ArrowSystem, reduced: _Reduced, common: Tensor, change: Tensor) -> ArrowStep:
    """Return the change of one clip that belongs to one of what the clips have in common (C,)."""
    right = reduced.apart_gradient + reduced.between @ change
    border = torch.zeros_like(clip.border_gradient)
    border[common] = change
    border[~common] = -torch.cholesky_solve(right[:, None], reduced.apart)[:, 0]
    return ArrowStep(border, clip.blocks_after(border, reduced.frames))
