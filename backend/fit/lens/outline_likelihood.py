"""Likelihood of focal lengths by the gaps between the outline of the head and that of the person.

A gap is hair, a hand, the head's own shape, or the focal length. What is wrong with the shape of ears, skull or face is
wrong in every direction and on every frame, so each part has an error of its own that all of its gaps share, and which
is integrated out: however many directions are seen, the focal length is known no better than the head's shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import log_ndtr

from ...contract.arrays import Floats, Integers
from ..outline.silhouette import FACE, LEFT_EAR, RIGHT_EAR, SCALP

SHAPE_SIGMA: Final = 5.0
"""Millimetres by which head model, landmarks and mask leave the outline in doubt where it is bare."""
HAIR: Final = 20.0
"""Mean height of hair, millimetres."""
BARE: Final = {SCALP: 0.5, LEFT_EAR: 0.5, RIGHT_EAR: 0.5, FACE: 0.7}
"""How likely it is that no hair covers a part of the outline."""
INDEPENDENT: Final = {SCALP: 3.0, LEFT_EAR: 1.0, RIGHT_EAR: 1.0, FACE: 1.0}
"""How many independent measurements a part is worth beside the error that all share."""
TOO_SMALL: Final = {SCALP: (2.0, 6.0), LEFT_EAR: (4.0, 7.0), RIGHT_EAR: (4.0, 7.0), FACE: (2.0, 6.0)}
"""Millimetres by which a person's part reaches further than the head's, and their deviation: the head is narrower than
most people, its ears lie closer. Both ears share one error. With that the stated deviations of the focal length
cover 68 and 95 % of the errors at one and two of them (`bench truth --only lens`, 19 clips, 12 of which are people with
other skulls and ears than the head can have); with a new error in every direction they covered 25 and 58 %."""
_TOGETHER: Final = ((SCALP,), (LEFT_EAR, RIGHT_EAR), (FACE,))
_NODES: Final = 11
_FEWEST: Final = 6
"""Directions of a part that must be seen."""
_LEAST_LIKELY: Final = 1e-5
"""Per millimetre: a hand before the face or a gap in the mask counts no more than this."""
_SHORTEST, _LONGEST = 0.35, 4.0
"""How far the grid reaches beyond the hypotheses, shares of the shortest and the longest."""
_GRID: Final = 161
_SAYS: Final = 0.85
"""Share of the deviation of the whole grid from which on a likelihood says nothing."""
_TOLD_APART: Final = 2.0
"""Difference of log likelihood from which one focal length is told from another."""


@dataclass(frozen=True)
class Likelihood:
    """Logarithm of the likelihood (N,) on an even grid of log focal (N,), pixels."""

    grid: Floats
    value: Floats

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation on the grid; the deviation is infinite where next to nothing is said."""
        mean, sigma = _moments(self.grid, self.value)
        return mean, sigma if sigma < _SAYS * _moments(self.grid, np.zeros(len(self.grid)))[1] else float("inf")

    def longer_than(self) -> float | None:
        """Return the focal length in pixels that it must exceed where it does not say by how much, else None."""
        if self.value[-1] < self.value.max() - _TOLD_APART:
            return None
        unlikely = np.flatnonzero(self.value < self.value.max() - _TOLD_APART)
        return float(np.exp(self.grid[unlikely[-1]])) if len(unlikely) else None


def likelihood_of(focals: Floats, gap: Floats, part: Integers) -> Likelihood:
    """Return what gaps say of the focal length.

    Args:
        focals: Hypotheses in pixels, ascending (H,).
        gap: Millimetres that the person reaches beyond the head in each direction, by hypothesis (H, …).
        part: Which part of the outline that is (…); others than those of `silhouette` are left out.
    """
    grid = np.linspace(np.log(focals[0] * _SHORTEST), np.log(focals[-1] * _LONGEST), _GRID)
    value = np.zeros(len(grid))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    for parts in _TOGETHER:
        by_part = [(number, gap[:, part == number]) for number in parts]
        between = [(number, _between(focals, gaps, grid)) for number, gaps in by_part if gaps.shape[1] >= _FEWEST]
        if between:
            mean, sigma = TOO_SMALL[parts[0]]
            shifted = [
                np.log(weight) + sum(_of_part(number, gaps - (mean + sigma * node)) for number, gaps in between)
                for node, weight in zip(nodes, weights / weights.sum(), strict=True)
            ]
            value += np.logaddexp.reduce(shifted, axis=0)
    return Likelihood(grid, value)


def log_likelihood(gap: Floats, hairless: float) -> Floats:
    """Return the logarithm of how likely a gap is, per millimetre.

    A bare outline is off by a Gaussian; hair adds an exponential, which makes an exponentially modified Gaussian
    (Grushka, "Characterization of exponentially modified Gaussian peaks in chromatography", 1972).

    Args:
        gap: How far the mask reaches beyond the head, millimetres.
        hairless: How likely it is that there is no hair.
    """
    error = gap / SHAPE_SIGMA
    skin = -0.5 * error**2 - np.log(SHAPE_SIGMA * np.sqrt(2 * np.pi))
    ratio = SHAPE_SIGMA / HAIR
    hair = 0.5 * ratio**2 - gap / HAIR - np.log(HAIR) + log_ndtr(error - ratio)
    likely = np.logaddexp(np.log(hairless) + skin, np.log1p(-hairless) + hair)
    return np.logaddexp(likely, np.log(_LEAST_LIKELY))


def _of_part(number: int, gap: Floats) -> Floats:
    return INDEPENDENT[number] * log_likelihood(gap, BARE[number]).mean(axis=1)


def _between(focals: Floats, gap: Floats, grid: Floats) -> Floats:
    """Return the gaps (N, D) on the grid: smooth in the perspective, which is the inverse of the focal length.

    Beyond the hypotheses they go on in a straight line, to those of a lens without any perspective.
    """
    known, wanted = 1 / focals[::-1], np.exp(-grid)
    curve = CubicSpline(known, gap[::-1], bc_type="natural")
    inside = np.clip(wanted, known[0], known[-1])
    return np.asarray(curve(inside) + (wanted - inside)[:, None] * curve(inside, 1))


def _moments(grid: Floats, logarithm: Floats) -> tuple[float, float]:
    weight = np.exp(logarithm - logarithm.max())
    weight /= weight.sum()
    mean = weight @ grid
    return float(mean), float(np.sqrt(weight @ (grid - mean) ** 2))
