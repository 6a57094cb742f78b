"""Least squares over a clip with bounds, smooth in time and sparse: accelerated projected gradients (Nesterov 1983).

Beck, Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm" (2009); restarted where the step turns back
(O'Donoghue, Candès 2015). All frames and channels at once, so that 5,000 frames take a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array

_STEPS: Final = 400
_SETTLED: Final = 2e-5
"""Largest change of a weight in a step at which nothing more is to be gained."""


@dataclass(frozen=True)
class Problem:
    """What is to be minimised over weights W (T, C): half the squared error, roughness and sum.

    Attributes:
        normal: Products of the shapes with each other (C, C), unit diagonal or near it.
        wanted: Products of the shapes with what is to be explained (T, C).
        roughness: Cost of half the squared second difference (T - 2, C); 0 across cuts and gaps.
        sum_cost: Cost of each channel's weight itself (C,), which drives small ones to zero.
        least, most: Bounds (T, C).
        alike: Pairs of channels that are drawn to each other (P, 2) int.
        pull: Cost of half the squared difference of each pair (T, P).
        drawn: Values that channels are drawn to (T, C).
        draw: Cost of half the squared distance from them (T, C).
    """

    normal: Array
    wanted: Array
    roughness: Array
    sum_cost: Array
    least: Array
    most: Array
    alike: Array
    pull: Array
    drawn: Array
    draw: Array


def solve(problem: Problem, start: Array | None = None) -> Array:
    """Return the weights (T, C)."""
    normal, sum_cost = problem.normal, problem.sum_cost
    steepest = np.linalg.eigvalsh(normal)[-1] + 16 * problem.roughness.max(initial=0)
    step = 1 / (steepest + 2 * problem.pull.max(initial=0) + problem.draw.max(initial=0))
    weights = np.clip(np.zeros_like(problem.wanted) if start is None else start, problem.least, problem.most)
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        gradient = ahead @ normal - problem.wanted + sum_cost + _rough_gradient(ahead, problem)
        gradient += problem.draw * (ahead - problem.drawn)
        if len(problem.alike):
            apart = problem.pull * (ahead[:, problem.alike[:, 0]] - ahead[:, problem.alike[:, 1]])
            gradient[:, problem.alike[:, 0]] += apart
            gradient[:, problem.alike[:, 1]] -= apart
        following = np.clip(ahead - step * gradient, problem.least, problem.most)
        change = following - weights
        if np.abs(change).max(initial=0) < _SETTLED:
            return following
        # Momentum that points uphill is dropped.
        if float(np.sum((ahead - following) * change)) > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / grown * change
        weights, momentum = following, grown
    return weights


def _rough_gradient(weights: Array, problem: Problem) -> Array:
    result = np.zeros_like(weights)
    if len(weights) < 3:
        return result
    second = problem.roughness * np.diff(weights, 2, axis=0)
    result[:-2] += second
    result[1:-1] -= 2 * second
    result[2:] += second
    return result
