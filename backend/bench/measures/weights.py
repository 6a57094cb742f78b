"""Measures of ARKit weights: habits by which phones' takes are known, and errors against weights that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.performance.channels import CHANNELS, EXCLUSIVE, INDEX
from ...contract.performance.weights.habits import ALIKE

ACTIVE: Final = 0.05
"""Weight above which a channel counts as active."""
BOTH: Final = 0.01
"""Weight above which two exclusive channels count as up."""
MOVES: Final = 0.1
"""Largest weight that a channel must reach for the correlation of its sides to mean something."""
DOWN, SHUT = 0.3, 0.5
"""Look weight of lowered eyes, and the weight of a blink."""
FEWEST: Final = 5
"""Frames of lowered eyes that say something of them; fewer are the beginning of a blink."""


@dataclass(frozen=True)
class Blink:
    """A blink: its largest weight, seconds from half to that and back to half, and the largest step per frame."""

    peak: float
    closing: float
    opening: float
    step: float


@dataclass(frozen=True)
class Bands:
    """Habits of a performance; None where it shows nothing of the kind.

    Attributes:
        zeros: Share of exact zeros.
        active: Channels above `ACTIVE`, mean over the frames.
        both: Share of frames with both of an exclusive pair up, of the worst pair.
        sides: Correlation of left and right, lowest of `habits.ALIKE` that move.
        beyond_jaw: Share of frames with mouthClose beyond jawOpen by more than 0.02.
        lowered: Median of eyeBlink while the eyes look down and no blink is on.
        blinks: Of the left eye.
    """

    zeros: float
    active: float
    both: float
    sides: float | None
    beyond_jaw: float
    lowered: float | None
    blinks: tuple[Blink, ...]


def bands(weights: Array, rate: float) -> Bands:
    """Return the habits of weights (T, 52); channels that are not tracked count as zero, missing frames not at all."""
    present = np.nan_to_num(weights[~np.isnan(weights).all(axis=1)])
    column = {name: present[:, INDEX[name]] for name in CHANNELS}
    sides = [
        float(np.corrcoef(column[f"{name}Left"], column[f"{name}Right"])[0, 1])
        for name in ALIKE
        if min(column[f"{name}Left"].max(), column[f"{name}Right"].max()) > MOVES
    ]
    blink, down = column["eyeBlinkLeft"], column["eyeLookDownLeft"]
    lowered = (down > DOWN) & (blink < SHUT)
    return Bands(
        zeros=float((present <= 0).mean()),
        active=float((present > ACTIVE).sum(axis=1).mean()),
        both=max(float((np.minimum(column[a], column[b]) > BOTH).mean()) for a, b in EXCLUSIVE),
        sides=min(sides) if sides else None,
        beyond_jaw=float((column["mouthClose"] - column["jawOpen"] > 0.0201).mean()),
        lowered=float(np.median(blink[lowered])) if lowered.sum() >= FEWEST else None,
        blinks=tuple(_blinks(blink, rate)),
    )


def second_difference(weights: Array) -> Floats:
    """Return the root mean square of each channel's second difference (52,); NaN where it is not tracked."""
    return np.asarray(np.sqrt(np.mean(np.diff(weights, 2, axis=0) ** 2, axis=0)))


def errors(weights: Array, wanted: Array) -> tuple[float, float, str]:
    """Return the root mean square error, that of the worst channel, and its name; channels not tracked are left out."""
    by_channel = np.sqrt(np.mean((weights - wanted) ** 2, axis=0))
    worst = int(np.nanargmax(by_channel))
    return float(np.sqrt(np.nanmean(by_channel**2))), float(by_channel[worst]), CHANNELS[worst]


def answer(weights: Array, wanted: Array) -> tuple[float, float]:
    """Return a channel's share of the known weights (T,) where these are above nine tenths of their height, and its
    correlation with them."""
    high = wanted > 0.9 * wanted.max()
    still = weights.std() < 1e-9 or wanted.std() < 1e-9
    correlation = 0.0 if still else float(np.corrcoef(weights, wanted)[0, 1])
    return float(weights[high].mean() / wanted[high].mean()), correlation


def _blinks(blink: Array, rate: float) -> list[Blink]:
    blinks, frame = [], 1
    while frame < len(blink) - 1:
        peak = blink[frame]
        if peak > SHUT and blink[frame - 1] <= peak > blink[frame + 1]:
            half = (peak + min(blink[max(0, frame - 8) : frame + 9].min(), DOWN)) / 2
            first, last = frame, frame
            while first > 0 and blink[first] > half:
                first -= 1
            while last < len(blink) - 1 and blink[last] > half:
                last += 1
            steps = np.abs(np.diff(blink[max(first - 3, 0) : last + 4]))
            blinks.append(Blink(float(peak), (frame - first) / rate, (last - frame) / rate, float(steps.max())))
            frame = last
        frame += 1
    return blinks
