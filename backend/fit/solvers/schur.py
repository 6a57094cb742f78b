"""Normal equations in the shape of an arrow: blocks that touch only a border, which are eliminated first.

The Schur complement of the blocks is as large as the border, so the cost grows with the number of blocks alone (Triggs
et al., "Bundle adjustment: a modern synthesis", 2000, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from .levenberg_marquardt import Step

RIDGE: Final = 1e-9
"""Added to the blocks where their inverse is wanted without damping."""


@dataclass(frozen=True)
class ArrowStep:
    """Changes of the border (S,) and of the blocks (T, D)."""

    border: Tensor
    blocks: Tensor


@dataclass(frozen=True)
class ArrowSystem:
    """T blocks of D unknowns and a border of S.

    Attributes:
        cost: Where it was linearised.
        blocks: (T, D, D), with their gradient (T, D).
        gradient: Of the blocks.
        coupling: Between blocks and border (T, D, S).
        border: (S, S).
        border_gradient: (S,).
        damping: Of the blocks' unknowns (D,), and of the border's (S,), per unit of damping.
        border_damping: Of the border.
    """

    cost: float
    blocks: Tensor
    gradient: Tensor
    coupling: Tensor
    border: Tensor
    border_gradient: Tensor
    damping: Tensor
    border_damping: Tensor

    def solve(self, damping: float) -> Step[ArrowStep] | None:
        """Return the damped step; None where the equations are not positive definite."""
        inner, outer = damping * self.damping, damping * self.border_damping
        eliminated = self.eliminate(inner)
        if eliminated is None:
            return None
        factor, hessian, gradient = eliminated
        hessian = hessian.clone()
        hessian.diagonal().add_(outer)
        border_factor, failed = torch.linalg.cholesky_ex(hessian)
        if bool(failed):
            return None
        border = -torch.cholesky_solve(gradient[:, None], border_factor)[:, 0]
        blocks = self.blocks_after(border, factor)
        gain = 0.5 * (border * (outer * border - self.border_gradient)).sum()
        gain += 0.5 * (blocks * (inner * blocks - self.gradient)).sum()
        return Step(ArrowStep(border, blocks), float(gain))

    def sigma(self, column: int) -> float:
        """Return the standard deviation of one of the border's unknowns, all else being free."""
        eliminated = self.eliminate(torch.full_like(self.damping, RIDGE))
        if eliminated is None:
            return float("inf")
        _, hessian, gradient = eliminated
        unit = torch.zeros_like(gradient)
        unit[column] = 1.0
        factor, failed = torch.linalg.cholesky_ex(hessian)
        if bool(failed):
            return float("inf")
        return float(torch.cholesky_solve(unit[:, None], factor)[column, 0].clamp_min(0).sqrt())

    def blocks_after(self, border: Tensor, factor: Tensor) -> Tensor:
        """Return the change of the blocks (T, D) that belongs to one of the border (S,).

        Args:
            border: Of the border.
            factor: Of each block, from `eliminate`.
        """
        right = self.gradient + self.coupling @ border
        return -torch.cholesky_solve(right[..., None], factor)[..., 0]

    def eliminate(self, damping: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return the factor of each block, and the reduced hessian and gradient of the border."""
        blocks = self.blocks.clone()
        blocks.diagonal(dim1=1, dim2=2).add_(damping)
        factor, failed = torch.linalg.cholesky_ex(blocks)
        if bool(failed.any()):
            return None
        both = torch.cat([self.coupling, self.gradient[..., None]], dim=2)
        # One triangular solve gives L^-1 B; the complement is then a single symmetric product over all blocks.
        half = torch.linalg.solve_triangular(factor, both, upper=False).flatten(0, 1)
        coupling, gradient = half[:, :-1], half[:, -1]
        return factor, self.border - coupling.T @ coupling, self.border_gradient - coupling.T @ gradient
