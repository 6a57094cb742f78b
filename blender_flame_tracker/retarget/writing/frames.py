"""Frames of the scene on which a performance is keyed, and what it is there. Numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.performance.performance import Performance

_SAME_RATE: Final = 1e-4
"""Share by which two rates may differ that count as one, as for the footage of a track."""


@dataclass(frozen=True)
class Keyed:
    """A performance on frames of the scene, those without a face left out.

    Attributes:
        frame: Whole frames, increasing (K,) float64.
        weights: (K, 52); NaN in channels that are not tracked.
        gaze: (K, 2, 2) as `Performance.gaze`, or None.
        head_rotation: (K, 3) as `Performance.head_rotation`, or None.
        retimed: Whether the scene has another rate, so that values lie between those of the performance.
        beyond: (K, 478, 3) as `Performance.beyond`, or None.
    """

    frame: NDArray[np.float64]
    weights: NDArray[np.float64]
    gaze: NDArray[np.float64] | None
    head_rotation: NDArray[np.float64] | None
    retimed: bool
    beyond: NDArray[np.float64] | None = None

    def within(self, first: float, last: float) -> Keyed:
        """Return what lies from one frame to another, both included."""
        inside = (self.frame >= first) & (self.frame <= last)
        gaze, head, beyond = self.gaze, self.head_rotation, self.beyond
        return Keyed(
            self.frame[inside],
            self.weights[inside],
            None if gaze is None else gaze[inside],
            None if head is None else head[inside],
            self.retimed,
            None if beyond is None else beyond[inside],
        )


def on_frames(performance: Performance, rate: Fraction, start: float) -> Keyed:
    """Return a performance on the frames of a scene.

    At the performance's own rate every frame of it is one of the scene, with the very same values. At another rate it
    lasts as long as it was played, and a frame of the scene has what lies between the two frames around its time.

    Args:
        performance: Of any length; a frame without a face gets no key.
        rate: Frames per second of the scene.
        start: Scene frame of the performance's first.
    """
    has_face = performance.has_face
    time = np.asarray(performance.time, dtype=np.float64)
    index = np.rint(time * float(performance.rate))
    one_for_one = abs(float(rate / performance.rate) - 1) <= _SAME_RATE and bool(np.all(np.diff(index) > 0))
    if one_for_one:
        return Keyed(
            (start + index)[has_face],
            performance.weights[has_face],
            None if performance.gaze is None else performance.gaze[has_face],
            None if performance.head_rotation is None else performance.head_rotation[has_face],
            False,
            None if performance.beyond is None else performance.beyond[has_face],
        )
    frame, before, part = _between(time * float(rate), has_face)
    return Keyed(
        start + frame,
        _mixed(performance.weights, before, part),
        None if performance.gaze is None else _mixed(performance.gaze, before, part),
        None if performance.head_rotation is None else _mixed(performance.head_rotation, before, part),
        True,
        None if performance.beyond is None else _mixed(performance.beyond, before, part),
    )


def _between(
    time: NDArray[np.float64], has_face: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Whole frames (K,), the row before each (K,), and how far on the way to the next one it lies (K,).

    Args:
        time: Of the rows, in frames of the scene (T,).
        has_face: Of the rows (T,); a frame between two rows needs both.
    """
    frame = np.arange(np.ceil(time[0] - 1e-6), np.floor(time[-1] + 1e-6) + 1)
    before = np.clip(np.searchsorted(time, frame + 1e-6, side="right") - 1, 0, len(time) - 1)
    after = np.minimum(before + 1, len(time) - 1)
    length = time[after] - time[before]
    part = np.where(length > 0, (frame - time[before]) / np.where(length > 0, length, 1.0), 0.0)
    part = np.where(np.abs(part) < 1e-6, 0.0, part)
    shown = has_face[before] & (has_face[after] | (part == 0))
    return frame[shown], before[shown], part[shown]


def _mixed(rows: NDArray[Any], before: NDArray[np.int64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    after = np.minimum(before + 1, len(rows) - 1)
    part = part.reshape(-1, *[1] * (rows.ndim - 1))
    # Not where the part is 0: the row after may have no face.
    return np.where(part == 0, rows[before], rows[before] * (1 - part) + rows[after] * part)
