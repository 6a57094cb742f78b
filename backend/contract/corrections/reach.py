"""Reach of pinned frames over time: how far each is felt, and what the change is between and beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats, Integers, Mask
from .corrections import AUTOMATIC_REACH, HARD, PinnedFrame

SECONDS: Final = 0.4
"""Reach of a pinned frame that is not flagged."""
BRIDGED: Final = 3
"""Good frames between two flagged ones that an automatic reach passes over."""
SOFTNESS: Final = 0.5
"""Share of the way that a soft pinned frame draws the track."""
SUPPORT: Final = 3.0
"""Width of the kernel between pinned frames, in units of their largest distance."""


@dataclass(frozen=True)
class Timing:
    """When the frames of a track are, and which belong together.

    Attributes:
        frame_index, shot: As in `Track` (T,).
        present: Frames with a head (T,).
        flagged: Frames that someone should look at (T,).
        rate: Frames per second of the source video.
    """

    frame_index: Integers
    shot: Integers
    present: Mask
    flagged: Mask
    rate: float

    def part(self, rows: slice) -> Timing:
        """Return when some of the frames are."""
        return Timing(self.frame_index[rows], self.shot[rows], self.present[rows], self.flagged[rows], self.rate)


@dataclass(frozen=True)
class Anchors:
    """Pinned frames of a track, in their order.

    Attributes:
        rows: Of the track (N,).
        frames: Of the source video (N,).
        left, right: Frames over which they are felt to both sides (N,).
        hard: Whether the track passes through them (N,).
        stops_left, stops_right: Whether they are felt in full over these frames, which end at an edge, see `edges`
            (N,).
    """

    rows: Integers
    frames: Integers
    left: Integers
    right: Integers
    hard: Mask
    stops_left: Mask
    stops_right: Mask

    def part(self, chosen: NDArray[np.bool_] | slice) -> Anchors:
        """Return some of them."""
        return Anchors(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @property
    def edges(self) -> Integers:
        """Frames (E,) behind which, up to the next, nothing is felt of what is pinned on the other side."""
        after = (self.frames + self.right)[self.stops_right]
        return np.union1d(after, (self.frames - self.left)[self.stops_left] - 1)


def anchors_of(pinned: Sequence[PinnedFrame], timing: Timing) -> Anchors:
    """Return where pinned frames stand in a track, and how far they reach; those of other frames are left out."""
    row_of = {int(frame): row for row, frame in enumerate(timing.frame_index)}
    there = [each for each in pinned if each.frame in row_of]
    rows = np.array([row_of[each.frame] for each in there], dtype=np.int64)
    reaches = [
        automatic_reach(row, timing) if each.reach == AUTOMATIC_REACH else (each.reach, each.reach)
        for row, each in zip(rows, there, strict=True)
    ]
    left, right = np.array(reaches, dtype=np.int64).reshape(-1, 2).T
    hard = np.array([each.hardness == HARD for each in there], dtype=bool)
    nowhere = np.zeros(len(rows), dtype=bool)
    return Anchors(rows, timing.frame_index[rows], left, right, hard, nowhere, nowhere)


def automatic_reach(row: int, timing: Timing) -> tuple[int, int]:
    """Return frames to the left and right: to the last flagged one around a row, or a usual number if it is good.

    Not beyond: frames that nobody flags follow their landmarks, and a correction that fades out over them spoils them
    by a large part of itself.
    """
    usual = usual_reach(timing)
    if not timing.flagged[row]:
        return usual, usual
    reaches = []
    for step in (-1, 1):
        last, at = row, row + step
        while 0 <= at < len(timing.flagged) and abs(at - last) <= BRIDGED + 1:
            last = at if timing.flagged[at] else last
            at += step
        reaches.append(int(abs(timing.frame_index[last] - timing.frame_index[row])))
    return reaches[0], reaches[1]


def usual_reach(timing: Timing) -> int:
    """Return the frames to both sides over which a pinned frame that is not flagged is felt."""
    return max(round(SECONDS * timing.rate), 1)


def segments(timing: Timing, edges: Integers | None = None) -> list[Integers]:
    """Return the rows that belong together: one shot, none missing between them, and no edge, see `Anchors.edges`."""
    rows = np.flatnonzero(timing.present)
    breaks = (np.diff(rows) != 1) | (np.diff(timing.shot[rows]) != 0)
    if edges is not None:
        side = np.searchsorted(edges, timing.frame_index[rows], side="left")
        breaks |= np.diff(side) != 0
    return np.split(rows, np.flatnonzero(breaks) + 1) if len(rows) else []


def spread(timing: Timing, anchors: Anchors, values: Floats) -> tuple[Floats, Floats]:
    """Spread the values of pinned frames over a track.

    Args:
        timing: T frames.
        anchors: N pinned frames.
        values: Change at each of them (N, C).

    Returns:
        Change of every frame (T, C), and by how much the hand decides there (T,), 0 to 1.
    """
    firm = values.copy()
    if not anchors.hard.all():
        without, _ = _spread_all(timing, anchors.part(anchors.hard), values[anchors.hard], anchors.edges)
        before = without[anchors.rows]
        firm = np.where(anchors.hard[:, None], values, before + SOFTNESS * (values - before))
    return _spread_all(timing, anchors, firm, anchors.edges)


def _spread_all(timing: Timing, anchors: Anchors, values: Floats, edges: Integers) -> tuple[Floats, Floats]:
    change, share = np.zeros((len(timing.frame_index), values.shape[1])), np.zeros(len(timing.frame_index))
    for rows in segments(timing, edges):
        first, last = np.searchsorted(anchors.rows, [rows[0], rows[-1] + 1])
        inside = anchors.part(slice(first, last))
        for chain in _chains(inside):
            part = inside.part(chain)
            frames = timing.frame_index[rows]
            felt = _felt(frames, part)
            near = np.flatnonzero(felt > 0)
            between = _between(frames[near], part.frames, values[first:last][chain])
            change[rows[near]] = felt[near, None] * between
            share[rows[near]] = felt[near]
    return change, share


def _chains(anchors: Anchors) -> list[slice]:
    """Return the runs of pinned frames of which each reaches the next."""
    if not len(anchors.rows):
        return []
    # One that reaches over its neighbour is felt beside that, too.
    left = np.maximum.accumulate((anchors.left - anchors.frames)[::-1])[::-1] + anchors.frames
    right = np.maximum.accumulate(anchors.right + anchors.frames) - anchors.frames
    apart = right[:-1] + left[1:] < np.diff(anchors.frames)
    ends = np.flatnonzero(apart) + 1
    return [slice(a, b) for a, b in zip([0, *ends.tolist()], [*ends.tolist(), len(anchors.rows)], strict=True)]


def _felt(frames: Integers, chain: Anchors) -> Floats:
    """Return how much a chain is felt on frames (T,): 1 from its first to its last, fading out beside them.

    Up to an edge it does not fade; the frames end there.
    """
    before = np.max(chain.left - (chain.frames - chain.frames[0]))
    after = np.max(chain.right - (chain.frames[-1] - chain.frames))
    away_left = (chain.frames[0] - frames) / (before + 1) * ~chain.stops_left[0]
    away_right = (frames - chain.frames[-1]) / (after + 1) * ~chain.stops_right[-1]
    return np.minimum(ramp(away_left), ramp(away_right))


def ramp(share: Floats) -> Floats:
    """Return 1 up to 0, 0 from 1 on, and between them a curve whose slope and curvature are 0 at both ends."""
    x = np.clip(share, 0.0, 1.0)
    return 1 - x**3 * (10 - 15 * x + 6 * x**2)


def _between(frames: Integers, anchors: Integers, values: Floats) -> Floats:
    """Return values (T, C) that pass through those of anchors (N, C), constant where these are all the same.

    A sum of Wendland's functions (1 - r)^3 (3 r + 1), which are C2 and of finite reach ("Piecewise polynomial, positive
    definite and compactly supported radial functions of minimal degree", 1995), and a constant.
    """
    if len(anchors) == 1:
        return np.repeat(values, len(frames), axis=0)
    width = SUPPORT * np.diff(anchors).max()
    count = len(anchors)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = _wendland(np.abs(anchors[:, None] - anchors) / width)
    system[count, count] = 0.0
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((1, values.shape[1]))]))
    return _wendland(np.abs(frames[:, None] - anchors) / width) @ weights[:count] + weights[count]


def _wendland(distance: Floats) -> Floats:
    return np.maximum(1 - distance, 0.0) ** 3 * (3 * distance + 1)
