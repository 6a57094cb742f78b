"""Frames of a clip that are solved: those with a face, and short gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Integers
from ..contract.track import INTERPOLATED, MISSING, TRACKED
from ..data.types import Landmarks


@dataclass(frozen=True)
class SolvedFrames:
    """The frames of a clip that are solved.

    Attributes:
        status: Of every frame (T,).
        index: Positions of the frames that take part (S,).
        together: Whether solved frames k and k + 1 are joined by smoothness (S - 1,).
        nearest: For every frame the solved one whose values it shows (T,), a position in `index`.
    """

    status: NDArray[np.int8]
    index: Integers
    together: NDArray[np.bool_]
    nearest: Integers


def solved_frames(landmarks: Landmarks, longest_gap: float) -> SolvedFrames:
    """Return which frames are solved; gaps up to `longest_gap` seconds are bridged."""
    detected, times, shot = landmarks.found, landmarks.time, landmarks.shot
    status = np.where(detected, TRACKED, MISSING).astype(np.int8)
    tracked = np.flatnonzero(detected)
    for before, after in pairwise(tracked):
        short = times[after] - times[before] <= longest_gap
        if after - before > 1 and short and shot[before] == shot[after]:
            status[before + 1 : after] = INTERPOLATED
    index = np.flatnonzero(status != MISSING)
    together = (np.diff(index) == 1) & (np.diff(shot[index]) == 0)
    next_solved = np.searchsorted(index, np.arange(len(detected)))
    left, right = np.clip(next_solved - 1, 0, len(index) - 1), np.clip(next_solved, 0, len(index) - 1)
    position = np.arange(len(detected))
    nearer_left = np.abs(position - index[left]) < np.abs(position - index[right])
    return SolvedFrames(status, index, together, np.where(nearer_left, left, right))
