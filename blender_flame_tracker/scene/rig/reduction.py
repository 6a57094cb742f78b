"""Reduction of keys: few keys with smooth curves between them, and no vertex off by more than a bound.

Every curve is fitted by least squares with as few keys as keep it within a tolerance, which says how far the mesh would
be off if that curve alone were wrong. Errors of curves add up, so the tolerance is a share of the bound, found by
measuring the mesh itself on every frame.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..keyframes import BEZIER, Channel
from . import bones
from .bones import Array
from .decomposition import Animation, RigShape, largest_distance
from .hermite import hermite, hermite_basis

_FIRST_SHARE: Final = 0.3
"""Of the bound, for a single curve: what a clip of speech needs."""
_SMALLEST_SHARE: Final = 1e-3
_TRIALS: Final = 5
_MEASURED: Final = 400
"""Frames that are measured first; only what holds on them is measured on all."""
_GOOD: Final = 0.85
"""Share of the bound that is near enough to it."""
_STEADY: Final = 1e-6
"""Weight of the slopes' own estimate, which decides only where the samples do not."""


@dataclass(frozen=True)
class Curve:
    """Numbers that are keyed on the same frames. K samples, C numbers.

    Attributes:
        path: Data path of the numbers, from their owner.
        samples: (K, C).
        reach: Metres that a change by 1 moves some vertex at most.
        group: Name that its channels stand under.
    """

    path: str
    samples: Array
    reach: float
    group: str


@dataclass(frozen=True)
class Keys:
    """Keys of a curve: frames (N,), values and slopes (N, C)."""

    frame: Array
    value: Array
    slope: Array

    def at(self, frame: NDArray[np.floating]) -> Array:
        """Return the curve at frames (K,)."""
        return hermite(frame, self.frame, self.value, self.slope)

    def channels(self, curve: Curve) -> list[Channel]:
        """Return them as channels."""
        return [
            Channel(curve.path, index, self.frame, self.value[:, index], BEZIER, self.slope[:, index], curve.group)
            for index in range(self.value.shape[1])
        ]


@dataclass(frozen=True)
class Reduction:
    """What is left of the keys of a rig.

    Attributes:
        keys: Of each curve.
        left, before: Number of keys, counted as Blender does: one for each number.
        largest: Metres that some vertex is off on the worst frame.
    """

    keys: list[Keys]
    left: int
    before: int
    largest: float


def reduce_keys(
    shape: RigShape, axes: Array, animation: Animation, curves: list[Curve], frame: NDArray[np.float64], bound: float
) -> Reduction:
    """Return the fewest keys found with which no vertex is off by more than a bound.

    Args:
        shape: Of the rig.
        axes: Of each bone at rest as columns, in head axes (6, 3, 3).
        animation: On the frames.
        curves: Locations and quaternions of each bone in turn, then the values of the shapes.
        frame: Scene frames (K,), increasing.
        bound: Metres.
    """
    before = sum(curve.samples.size for curve in curves)
    some = slice(None, None, max(1, len(frame) // _MEASURED))
    best: Reduction | None = None
    share = _FIRST_SHARE
    for _ in range(_TRIALS):
        keys = [_fitted(curve, frame, share * bound / max(curve.reach, 1e-9)) for curve in curves]
        played = animation_of([each.at(frame) for each in keys], axes)
        largest = largest_distance(shape, animation.at(some), played.at(some))
        if largest <= bound:
            largest = largest_distance(shape, animation, played)
        left = sum(each.value.size for each in keys)
        if largest <= bound and (best is None or left < best.left):
            best = Reduction(keys, left, before, largest)
        if _GOOD * bound <= largest <= bound or share <= _SMALLEST_SHARE:
            break
        share = max(share * 0.95 * bound / max(largest, 1e-2 * bound), _SMALLEST_SHARE)
    if best is not None:
        return best
    whole = [Keys(frame, curve.samples, _slopes(frame, curve.samples)) for curve in curves]
    return Reduction(whole, before, before, 0.0)


def animation_of(samples: list[Array], axes: Array) -> Animation:
    """Return what a rig does of the samples of its curves, in the order of `reduce_keys`."""
    count = len(bones.NAMES)
    locations = np.stack(samples[0 : 2 * count : 2], axis=1)
    turns = _matrices(np.stack(samples[1 : 2 * count : 2], axis=1))
    values = np.concatenate(samples[2 * count :], axis=1) if len(samples) > 2 * count else np.zeros((len(turns), 0))
    rotations = np.einsum("bij,kbjl,bml->kbim", axes, turns, axes)
    return Animation(values, rotations, np.einsum("bij,kbj->kbi", axes, locations))


def _matrices(quaternions: Array) -> Array:
    """Rotation matrices (…, 3, 3) of quaternions (…, 4), w first, of any length."""
    w, x, y, z = np.moveaxis(quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _fitted(curve: Curve, frame: NDArray[np.float64], tolerance: float) -> Keys:
    """Keys with which no sample is off by more than a tolerance."""
    samples = curve.samples
    if not np.ptp(samples, axis=0).max() > tolerance:
        ends = np.unique([0, len(frame) - 1])
        middle = (samples.min(axis=0) + samples.max(axis=0)) / 2
        return Keys(frame[ends], np.repeat(middle[None], len(ends), axis=0), np.zeros((len(ends), samples.shape[1])))
    knots = np.array([0, len(frame) - 1])
    slopes = _slopes(frame, samples)
    while True:
        keys = _least_squares(frame, samples, knots, slopes)
        error = np.linalg.norm(keys.at(frame) - samples, axis=1)
        more = _split(knots, error, tolerance)
        if not more:
            return keys
        knots = np.union1d(knots, more)


def _split(knots: NDArray[np.int64], error: Array, tolerance: float) -> list[int]:
    """Samples that become knots too: where a stretch is worst, and more of them where it is very bad."""
    more: list[int] = []
    for first, last in itertools.pairwise(knots.tolist()):
        worst = float(error[first : last + 1].max())
        if worst <= tolerance or last - first < 2:
            continue
        # The error of a cubic curve grows with the fourth power of its length.
        parts = int(np.clip(np.ceil((worst / tolerance) ** 0.25), 2, 8))
        if parts == 2:
            more.append(int(first + 1 + np.argmax(error[first + 1 : last])))
        else:
            more.extend(np.unique(np.linspace(first, last, parts + 1)[1:-1].round().astype(np.int64)).tolist())
    return [each for each in more if each not in knots]


def _least_squares(frame: NDArray[np.float64], samples: Array, knots: NDArray[np.int64], slopes: Array) -> Keys:
    """Curve with knots at some of the samples that is nearest to all."""
    time = frame[knots]
    before, basis = hermite_basis(frame, time)
    count = len(knots)
    # Value and slope of a knot are a block of two; blocks touch their neighbours only.
    middle, upper = np.zeros((count, 2, 2)), np.zeros((count, 2, 2))
    answer = np.zeros((count, 2, samples.shape[1]))
    first, second = basis[:, :2], basis[:, 2:]
    np.add.at(middle, before, first[:, :, None] * first[:, None])
    np.add.at(middle, before + 1, second[:, :, None] * second[:, None])
    np.add.at(upper, before, first[:, :, None] * second[:, None])
    np.add.at(answer, before, first[:, :, None] * samples[:, None])
    np.add.at(answer, before + 1, second[:, :, None] * samples[:, None])
    middle[:, 0, 0] += _STEADY
    middle[:, 1, 1] += _STEADY
    answer[:, 0] += _STEADY * samples[knots]
    answer[:, 1] += _STEADY * slopes[knots]
    result = np.array(_solved(middle.tolist(), upper.tolist(), answer.tolist()))
    return Keys(time, result[:, 0], result[:, 1])


def _solved(
    middle: list[list[list[float]]], upper: list[list[list[float]]], answer: list[list[list[float]]]
) -> list[list[list[float]]]:
    """Solve symmetric equations of 2 x 2 blocks that touch their neighbours only (Thomas algorithm), in place.

    Plain numbers: numpy takes longer to begin with two than to be done.
    """
    shares = []
    for index, ((a, b), (_, d)) in enumerate(middle):
        determinant = a * d - b * b
        (p, q), (r, s) = upper[index]
        # The block's inverse times the one beside it.
        one, two = (d * p - b * r) / determinant, (d * q - b * s) / determinant
        three, four = (a * r - b * p) / determinant, (a * s - b * q) / determinant
        shares.append((one, two, three, four))
        first, second = answer[index]
        if index + 1 < len(middle):
            after, values = middle[index + 1], answer[index + 1]
            after[0][0] -= one * p + three * r
            after[0][1] -= one * q + three * s
            after[1][1] -= two * q + four * s
            values[0] = [v - one * x - three * y for v, x, y in zip(values[0], first, second, strict=True)]
            values[1] = [v - two * x - four * y for v, x, y in zip(values[1], first, second, strict=True)]
        answer[index] = [
            [(d * x - b * y) / determinant for x, y in zip(first, second, strict=True)],
            [(a * y - b * x) / determinant for x, y in zip(first, second, strict=True)],
        ]
    for index in range(len(middle) - 2, -1, -1):
        one, two, three, four = shares[index]
        value, slope = answer[index + 1]
        first, second = answer[index]
        answer[index] = [
            [v - one * x - two * y for v, x, y in zip(first, value, slope, strict=True)],
            [v - three * x - four * y for v, x, y in zip(second, value, slope, strict=True)],
        ]
    return answer


def _slopes(frame: NDArray[np.float64], samples: Array) -> Array:
    return np.gradient(samples, frame, axis=0) if len(frame) > 1 else np.zeros_like(samples)
