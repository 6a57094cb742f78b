"""Solves the normal equations of a row of frames: blocks along the diagonal, neighbours joined by smoothness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded
from threadpoolctl import ThreadpoolController
from torch import Tensor

from ...contract.arrays import Floats
from ..terms.smoothness import SmoothnessHessian
from .levenberg_marquardt import Step


def as_numpy(tensor: Tensor) -> Floats:
    """Return a tensor's values in double precision on the processor."""
    return tensor.detach().cpu().double().numpy()


@dataclass(frozen=True)
class BandedSystem:
    """T frames of D unknowns.

    Attributes:
        cost: Where it was linearised.
        blocks: Each frame's own block (T, D, D).
        gradient: (T, D), smoothness included.
        band: What smoothness adds to the hessian.
        damping: Of a frame's unknowns (D,), per unit of damping.
    """

    cost: float
    blocks: Tensor
    gradient: Tensor
    band: SmoothnessHessian
    damping: Tensor

    def solve(self, damping: float) -> Step[Tensor] | None:
        """Return the damped step (T, D); None where the equations are not positive definite."""
        added = damping * self.damping
        damped = self.blocks.clone()
        damped.diagonal(dim1=1, dim2=2).add_(added)
        solved = solve_banded(assemble(damped, self.band), self.gradient)
        if solved is None:
            return None
        step = torch.as_tensor(solved).to(self.gradient)
        return Step(step, 0.5 * float((step * (added * step - self.gradient)).sum()))


def assemble(blocks: Tensor, band: SmoothnessHessian) -> Floats:
    """Return the hessian as LAPACK's lower band: entry (k, j) is H[j + k, j].

    Args:
        blocks: Each frame's own block (T, D, D), symmetric.
        band: What smoothness adds.

    Returns:
        (bands, T D): 2 D + 3 bands, or D + 3 where no second difference is in use, or D for a single frame.
    """
    by_frame = as_numpy(blocks)
    frames, size, _ = by_frame.shape
    bending = frames > 2 and bool(band.after.any())
    count = 2 * size + 3 if bending else (size + 3 if frames > 1 else size)
    result = np.zeros((count, frames, size))
    for below in range(size):
        diagonal = np.diagonal(by_frame, -below, axis1=1, axis2=2)
        result[below, :, : size - below] = diagonal
    result[0] += as_numpy(band.main)
    _add_turn(result, as_numpy(band.main_turn), 0, symmetric=True)
    if frames > 1:
        result[size, :-1] = as_numpy(band.next)
        _add_turn(result, as_numpy(band.next_turn), size, symmetric=False)
    if bending:
        result[2 * size, :-2] = as_numpy(band.after)
        _add_turn(result, as_numpy(band.after_turn), 2 * size, symmetric=False)
    return result.reshape(count, frames * size)


def _add_turn(result: Floats, turn: Floats, start: int, *, symmetric: bool) -> None:
    """Add the rotation's dense blocks (…, 3, 3), whose diagonal lies `start` bands below the main one."""
    for row in range(3):
        for column in range(3):
            if not symmetric or row >= column:
                result[start + row - column, : len(turn), column] += turn[:, row, column]


def solve_banded(hessian: Floats, gradient: Tensor) -> Floats | None:
    """Return the step (T, D) that solves H step = -gradient, or None where H is not positive definite."""
    right = -as_numpy(gradient)
    # The band's blocks are so small that threads only wait for each other: one is ten times faster than two.
    with _thread_pools().limit(limits=1, user_api="blas"):
        try:
            factor = cholesky_banded(hessian, lower=True, overwrite_ab=False, check_finite=False)
        except LinAlgError:
            return None
        return cho_solve_banded((factor, True), right.ravel(), check_finite=False).reshape(right.shape)


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()
