"""Timeline: which frame of the scene shows which frame of the track. Numpy alone, tested without a scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NTSC: Final = 1001
_LARGEST_FPS: Final = 32767
_USUAL_RATES: Final = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)
_TICKS: Final = (0.01, 0.001)
"""Units, in seconds, to which GIF and Matroska round the times of frames."""
_ALLOWANCE: Final = 1e-3
"""In frames: for times that were computed, not rounded."""


@dataclass(frozen=True)
class Timeline:
    """Where the frames of a track lie in the scene.

    Attributes:
        rate: Scene frames per second of footage.
        footage_start: Scene frame at which the footage's first frame is shown (may lie before the scene's range).
        frame: Scene frames of the keys (K,) float64, increasing.
        row: Row of the track of each key (K,); a row comes twice where the footage holds its frame.
        steady: Whether every key lies on a whole frame because the footage has a constant rate.
    """

    rate: Fraction
    footage_start: int
    frame: NDArray[np.float64]
    row: NDArray[np.int64]
    steady: bool

    def moved(self, frames: int) -> Timeline:
        """Return the same, some frames later."""
        return replace(self, footage_start=self.footage_start + frames, frame=self.frame + frames)

    def gliding(self) -> Timeline:
        """Return the same with a key for each row where it is first shown: what moves glides on while footage holds."""
        fresh = np.diff(self.row, prepend=-1) != 0
        return replace(self, frame=self.frame[fresh], row=self.row[fresh])

    @property
    def first(self) -> int:
        """First frame of the scene that the clip fills."""
        return int(np.ceil(self.frame[0]))

    @property
    def last(self) -> int:
        """Last frame of the scene that the clip fills."""
        return int(np.ceil(self.frame[-1]))


def footage_rate(frame_index: NDArray[Any], time: NDArray[Any], nominal: Fraction) -> Fraction:
    """Return the rate of the footage itself, of which a track with a stride has seen only some of the frames.

    Args:
        frame_index: Frames of the footage (T,).
        time: Their times in seconds (T,).
        nominal: Rate of the track's frames.
    """
    frames = int(frame_index[-1]) - int(frame_index[0])
    seconds = float(time[-1]) - float(time[0])
    if frames == len(frame_index) - 1 or seconds <= 0:
        return nominal
    measured = frames / seconds
    stride = max(1, round(measured / float(nominal)))
    # In this order where two are equally near.
    candidates = (nominal * stride, nominal, *_USUAL_RATES)
    nearest = min(candidates, key=lambda rate: abs(float(rate) / measured - 1))
    if abs(float(nearest) / measured - 1) < 0.005:
        return nearest
    return Fraction(measured).limit_denominator(NTSC)


def make_timeline(
    frame_index: NDArray[Any], time: NDArray[Any], nominal: Fraction, played: Fraction | None, start_at: int
) -> Timeline:
    """Place the frames of a track so that each lies where Blender shows its frame of the footage.

    Measured with Blender 4.2, 4.5 and 5.0: a movie clip goes on by one frame of the file's own rate per scene frame,
    by time: scene frame s shows the last frame that begins at or before (s - footage_start) / rate seconds, rounded
    to the file's unit of time.

    * Where that makes frame k of the footage scene frame footage_start + k, all keys lie there.
    * Otherwise (variable rate) a frame is keyed at the first scene frame that shows it, and once more at the last one
      where the footage holds it. A frame that no scene frame shows keeps its real, fractional time.

    Args:
        frame_index: Frames of the footage (T,), increasing.
        time: Their presentation times in seconds from the start of the footage (T,), increasing.
        nominal: Rate of the footage.
        played: Rate at which Blender plays it, None where that is the nominal one or nothing is played.
        start_at: Scene frame of the first row.
    """
    frame_index = np.asarray(frame_index, dtype=np.int64)
    time = np.asarray(time, dtype=np.float64)
    rate = nominal if played is None else played
    shown = _first_showing(time, float(rate))
    if np.all(shown - shown[0] == frame_index - frame_index[0]):
        start = start_at - int(frame_index[0])
        # Blender's rate differs from the file's by the rounding of a duration, if at all: not worth an odd number.
        whole = nominal if abs(float(rate / nominal) - 1) < 1e-3 else rate
        return Timeline(whole, start, (start + frame_index).astype(np.float64), np.arange(len(time)), True)
    start = start_at - int(shown[0])
    frames, rows = _held_keys(time * float(rate), shown, frame_index)
    return Timeline(rate, start, frames + start, rows, False)


def _first_showing(time: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """First whole frame, from the start of the footage, that shows what begins at each time (T,).

    Blender rounds the time of a scene frame to the file's unit, so that a frame may be half a unit late.
    """
    tick = next((unit for unit in _TICKS if np.allclose(time / unit, np.round(time / unit), atol=1e-6, rtol=0)), 0.0)
    return np.ceil(time * rate - 0.5 * tick * rate - _ALLOWANCE)


def _held_keys(
    place: NDArray[np.float64], shown: NDArray[np.float64], frame_index: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keys (frames from the start of the footage, rows) of a clip of variable rate.

    Args:
        place: Real times of the rows in scene frames (T,).
        shown: First scene frame that shows each row (T,).
        frame_index: Frames of the footage (T,).
    """
    frames: list[float] = []
    rows: list[int] = []
    for row in range(len(place)):
        last_row = row + 1 == len(place)
        # The next one is due by the same scene frame: this one is never on screen.
        hidden = not last_row and shown[row + 1] <= shown[row]
        frames.append(float(place[row]) if hidden else float(shown[row]))
        rows.append(row)
        neighbours = not last_row and frame_index[row + 1] == frame_index[row] + 1
        if neighbours and not hidden and shown[row + 1] - shown[row] > 1:
            frames.append(float(shown[row + 1]) - 1)
            rows.append(row)
    return np.array(frames), np.array(rows, dtype=np.int64)


def blender_rate(rate: Fraction) -> tuple[int, float]:
    """Return (fps, fps_base) whose quotient is the rate, in the form that Blender's own menu uses."""
    if rate.denominator == NTSC and rate.numerator % 1000 == 0:
        return rate.numerator // 1000, 1.001
    if rate.numerator <= _LARGEST_FPS and rate >= 1:
        return rate.numerator, float(rate.denominator)
    whole = max(1, round(rate))
    return whole, float(Fraction(whole) / rate)


def turning_points(frame: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the positions that a piecewise straight curve needs: the ends, and where its slope changes."""
    if len(frame) < 3:
        return np.arange(len(frame))
    slope = np.diff(value) / np.diff(frame)
    bends = np.flatnonzero(slope[1:] != slope[:-1]) + 1
    return np.concatenate([[0], bends, [len(frame) - 1]])
