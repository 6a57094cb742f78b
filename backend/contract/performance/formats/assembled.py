"""A performance put together from what a file says: sources, trust, and weights in one unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import Array
from ...failure import Failure, Notice
from ..performance import FILE, NOT_TRACKED, Performance

Tell = Callable[[Notice], object]
"""Gets what is good to know of a file that could be read."""
_LARGEST_WEIGHT: Final = 2.0
"""Of weights from 0 to 1; phones write up to 1.05."""
_LARGEST_PERCENTAGE: Final = 200.0


def of_file(
    name: str,
    rate: Fraction,
    times: Array,
    weights: Array,
    *,
    gaze: Array | None = None,
    head_rotation: Array | None = None,
) -> Performance:
    """Return the performance; channels that are NaN on every frame with a face are not tracked.

    Args:
        name: For people.
        rate: Nominal frames per second.
        times: Seconds (T,).
        weights: (T, 52), NaN where the file says nothing.
        gaze: (T, 2, 2) as in `Performance`.
        head_rotation: (T, 3) as in `Performance`.
    """
    tracked = ~np.isnan(weights).all(axis=0)
    sources = tuple(FILE if each else NOT_TRACKED for each in tracked)
    return Performance(name, rate, times, weights, gaze, head_rotation, None, sources, tracked.astype(np.float64))


def scaled_weights(weights: Array, path: Path, tell: Tell) -> Array | Failure:
    """Return weights as they are counted here, 0 to 1; those of a file that counts to 100 are divided."""
    if np.isnan(weights).all():
        return Failure(
            "performance-no-channel",
            f"{path.name} has none of ARKit's 52 channels.",
            "Choose a file of Live Link Face, Face Cap or Audio2Face with ARKit's names.",
        )
    largest = float(np.nanmax(np.abs(weights)))
    if largest <= _LARGEST_WEIGHT:
        return weights
    if largest <= _LARGEST_PERCENTAGE:
        tell(Notice("performance-percent", f"The weights of {path.name} go up to {largest:.0f}: they are percentages."))
        return weights / 100
    return Failure(
        "performance-weights",
        f"The weights of {path.name} go up to {largest:.3g}, which no face does.",
        "Check which program wrote the file.",
    )


def finite_numbers(cells: Sequence[str]) -> list[float] | None:
    """Return the numbers in the cells of a row, or None where one is none."""
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def rows_problem(path: Path, good: int, broken: Sequence[int], tell: Tell) -> Failure | None:
    """Say which rows are left out; return a failure where no row is good, or more are broken.

    Args:
        path: The file.
        good: How many rows are used.
        broken: Lines of the others.
        tell: Gets the notice.
    """
    first = f"the first in line {broken[0]}" if broken else ""
    if not good or len(broken) > good:
        sentence = f"Most rows of {path.name} are broken, {first}." if broken else f"{path.name} has no row of a frame."
        return Failure("performance-damaged", sentence, "Export the recording again.")
    if broken:
        rows = "A row" if len(broken) == 1 else f"{len(broken)} rows"
        sentence = f"{rows} of {path.name} cannot be read, {first}."
        tell(Notice("performance-broken-rows", sentence, "These frames are left out; the others keep their times."))
    return None
