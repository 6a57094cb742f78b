"""Robust losses and their weights: Huber's for what is off now and then, Cauchy's for what may be off altogether.

A solve takes the weights as constant during a step (iteratively reweighted least squares). Formulas: Huber, "Robust
estimation of a location parameter", 1964; Black and Anandan, "The robust estimation of multiple motions", 1996.
"""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor

Values = TypeVar("Values", np.ndarray, Tensor)


def huber(square: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Return Huber's cost and weight of residuals: a half of the square, linear beyond the threshold.

    Args:
        square: Squared residuals in standard deviations (…).
        threshold: In standard deviations.
    """
    size = square.clamp_min(1e-20).sqrt()
    inside = size <= threshold
    cost = torch.where(inside, square / 2, threshold * size - threshold**2 / 2)
    return cost, torch.where(inside, torch.ones_like(size), threshold / size)


def cauchy_weight(size: Values) -> Values:
    """Return Cauchy's weight of residuals (…), given in units of the size at which they have half their weight."""
    return cast(Values, 1 / (1 + size * size))


def cauchy_cost(size: Values, scale: float) -> Values:
    """Return Cauchy's cost of residuals.

    Args:
        size: As for `cauchy_weight` (…).
        scale: The size at which they have half their weight, standard deviations.
    """
    square = size * size
    logarithm = torch.log1p(square) if isinstance(square, Tensor) else np.log1p(square)
    return cast(Values, scale**2 / 2 * logarithm)
