"""Time codes of Live Link Face and frame rates: seconds to `HH:MM:SS:FF.mmm` and back, and the rate of a row of times.

The base of FF stands nowhere in the file. Unreal's importer takes it as 60 where any FF is above 30, and else as 30;
so does the reader here, and the writer sees to it that one is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from ...arrays import Array

BASE: Final = 60
"""Frames that a second of a written time code counts, whatever the rate of the clip."""
_LAST_SMALL: Final = 30.0
"""Largest FF from which Unreal's importer concludes a base of 30."""
_CODE: Final = re.compile(r"\s*(\d{1,2}):(\d{1,2}):(\d{1,2}):(\d{1,3}(?:\.\d+)?)\s*", re.ASCII)
_DAY: Final = 24 * 3600.0
_KNOWN: Final = tuple(Fraction(rate) for rate in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120)) + tuple(
    Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)
)
_NEAR: Final = 0.02
"""How far a measured rate may be from a known one, as a share of it."""


def parts_of(code: str) -> tuple[float, float] | None:
    """Return whole seconds and the frames of a time code, or None where it is none."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    hours, minutes, seconds = (int(found[part]) for part in (1, 2, 3))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return hours * 3600.0 + minutes * 60.0 + seconds, float(found[4])


def seconds_of(parts: Sequence[tuple[float, float]]) -> Array:
    """Return the times of rows in seconds from the first, from `parts_of` each; midnight may come between."""
    whole, frames = np.array(parts, dtype=np.float64).reshape(-1, 2).T
    base = BASE if (frames > _LAST_SMALL).any() else BASE // 2
    seconds = whole + frames / base
    # A jump forth over half a day is a damaged row, and the next one jumps back.
    seconds -= _DAY * np.concatenate([[0], np.cumsum(np.round(np.diff(seconds) / _DAY))])
    return seconds - seconds[0]


def rising_rows(times: Array) -> tuple[Array, bool]:
    """Return which rows are played, in their order (K,), and whether the file has them in another one.

    A few rows that are not later than those before are left out, as few as possible: one damaged time code shall not
    take all that follow it. Where most would be left out, the rows are sorted.

    Args:
        times: Seconds (T,), as the rows stand in the file.
    """
    last: list[float] = []
    ends: list[int] = []
    before = np.full(len(times), -1)
    for row, time in enumerate(times.tolist()):
        length = bisect_left(last, time)
        before[row] = ends[length - 1] if length else -1
        if last[length : length + 1] != [time]:  # Of rows with the same time the first one counts.
            last[length : length + 1], ends[length : length + 1] = [time], [row]
    if 2 * len(ends) < len(times):
        return np.unique(times, return_index=True)[1], True
    rows = [ends[-1]]
    while before[rows[-1]] >= 0:
        rows.append(int(before[rows[-1]]))
    return np.array(rows[::-1]), False


def time_codes(times: Array) -> list[str]:
    """Return the time code of each frame.

    Args:
        times: Seconds from the first frame (T,).
    """
    start = 0.0
    if not ((np.round(times * BASE, 3) % BASE) > _LAST_SMALL).any():
        start = (_LAST_SMALL + 1) / BASE  # Shorter than half a second: an importer would else take 30 as the base.
    return [_time_code(start + float(time)) for time in times]


def _time_code(seconds: float) -> str:
    thousandths = round(seconds * BASE * 1000)
    whole, frame = divmod(thousandths, BASE * 1000)
    hours, minutes, second = whole // 3600 % 24, whole // 60 % 60, whole % 60
    return f"{hours:02d}:{minutes:02d}:{second:02d}:{frame // 1000:02d}.{frame % 1000:03d}"


def rate_near(rate: float) -> Fraction:
    """Return the frame rate that films and cameras know near a measured one; where none is near, the rate itself."""
    nearest = min(_KNOWN, key=lambda known: abs(float(known) - rate))
    return nearest if abs(float(nearest) - rate) <= _NEAR * float(nearest) else Fraction(rate).limit_denominator(1001)


def rate_of(times: Array) -> Fraction | None:
    """Return the nominal rate of frames at these seconds (T,), some of which may be lacking; None for a single one."""
    steps = np.diff(times)
    if len(steps) == 0:
        return None
    usual = float(np.percentile(steps, 50, method="lower"))
    frames = np.round(steps / usual).clip(1)
    return rate_near(float(frames.sum() / steps.sum()))
