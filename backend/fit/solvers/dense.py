"""Normal equations in which everything touches everything, solved by Cholesky's decomposition."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .levenberg_marquardt import Step


@dataclass(frozen=True)
class DenseSystem:
    """U unknowns.

    Attributes:
        cost: Where it was linearised.
        hessian: (U, U).
        gradient: (U,).
        damping: Of each unknown (U,), per unit of damping.
    """

    cost: float
    hessian: Tensor
    gradient: Tensor
    damping: Tensor

    def solve(self, damping: float) -> Step[Tensor] | None:
        """Return the damped step (U,); None where the equations are not positive definite."""
        added = damping * self.damping
        hessian = self.hessian.clone()
        hessian.diagonal().add_(added)
        factor, failed = torch.linalg.cholesky_ex(hessian)
        if bool(failed):  # by rounding, where something is hardly known: enlarged a little it goes
            hessian.diagonal().mul_(1 + 1e-3)
            factor, failed = torch.linalg.cholesky_ex(hessian)
        if bool(failed):
            return None
        step = -torch.cholesky_solve(self.gradient[:, None], factor)[:, 0]
        return Step(step, 0.5 * float((step * (added * step - self.gradient)).sum()))
