"""Edges of a bad stretch: frames between which the track jumps, and a pinned frame on one side explains the jump.

Where the tracker took something else for the head, and came back, all frames between are wrong alike, and what mends
one mends the others. So the change stays full up to the jump, which it takes away, and stops there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import Floats, Integers, Mask
from .pose_changes import Poses, changed, changes
from .reach import Anchors, Timing, segments, usual_reach

OVERSHOT: Final = 2
"""Frames beyond an automatic reach in which an edge is looked for, too: flags do not end exactly there."""
SHARPEST: Final = 4.0
"""Times the motion on each frame beside it that a jump has to reach: a head that moves fast does so for some frames."""
UNUSUAL: Final = 8.0
"""Times its usual size in the track that the change of motion at a jump has to reach, as for a jerk in `ranges`."""
LEAST: Final = 0.006
"""Metres that the head has to jump, across or by as much of a turn: a tenth of what is between the eyes."""
EXPLAINED: Final = 0.5
"""Share of a jump that may be left once the pinned frame's change is applied on its side."""
RADIUS: Final = 0.1
"""Metres from the head's middle to its surface, by which turns and growth are compared with motion across."""
_HEAD: Final = 6
"""Numbers of a change that are the head's: turn, picture and depth."""
_BESIDE: Final = 2
"""Steps on both sides of a jump that are compared with it."""


def with_edges(
    anchors: Anchors, automatic: Mask, poses: Poses, timing: Timing, values: Floats, middle: Floats
) -> Anchors:
    """Return pinned frames that change a bad stretch in full up to its edges, as far as it has any.

    Only the first jump beside a pinned frame is its edge, within its reach or the usual one.

    Args:
        anchors: N pinned frames.
        automatic: Whose reach nobody has set (N,); the others stay as they are, and no edge cuts them short.
        poses: Of T frames, as they were tracked.
        timing: Of the same frames.
        values: Change at each pinned frame (N, 20 + E).
        middle: Of the head, see `pose_changes.middle_of`.
    """
    if not automatic.any() or len(poses) < 2 * _BESIDE + 2:
        return anchors
    motion = _Motion.of(poses, timing, middle)
    rows, beside = motion.jumps()
    ends = [-1, *rows.tolist(), len(poses)]
    furthest = usual_reach(timing)
    pins = _Pins(
        anchors,
        values,
        automatic,
        np.maximum(anchors.left, furthest) + OVERSHOT,
        np.maximum(anchors.right, furthest) + OVERSHOT,
    )
    result = anchors
    for before, row, after, going in zip(ends[:-2], ends[1:-1], ends[2:], beside, strict=True):
        same = motion.segment[anchors.rows] == motion.segment[row]
        frames = timing.frame_index[row : row + 2]
        if not (same & ~automatic & pins.crossing(frames)).any():
            sides = pins.beside(frames, same & (anchors.rows > before) & (anchors.rows <= after))
            result = _stopped(result, frames, _explaining(motion, row, going, pins, frames, sides))
    return result


@dataclass(frozen=True)
class _Pins:
    """Pinned frames, and how far an edge is looked for around them.

    Attributes:
        anchors, values, automatic: See `with_edges`.
        left, right: Frames to both sides (N,).
    """

    anchors: Anchors
    values: Floats
    automatic: Mask
    left: Integers
    right: Integers

    def crossing(self, frames: Integers) -> Mask:
        """Return which are felt on the other side of two frames (N,)."""
        at = self.anchors.frames
        return np.where(at <= frames[0], at + self.anchors.right > frames[0], at - self.anchors.left < frames[1])

    def looking(self, frames: Integers) -> Mask:
        """Return for which two frames may be an edge (N,)."""
        at = self.anchors.frames
        near = np.where(at <= frames[0], frames[0] - at <= self.right, at - frames[1] <= self.left)
        return self.automatic & near

    def beside(self, frames: Integers, among: Mask) -> tuple[int | None, int | None]:
        """Return the nearest of some on either side of two frames, None where there is none."""
        left = np.flatnonzero(among & (self.anchors.frames <= frames[0]))
        right = np.flatnonzero(among & (self.anchors.frames > frames[0]))
        return (int(left[-1]) if len(left) else None), (int(right[0]) if len(right) else None)


@dataclass(frozen=True)
class _Motion:
    """How the head moves from every row of a track to the next.

    Attributes:
        poses, middle: Of the track, see `pose_changes.changes`.
        steps: Changes of the head from each row to the next (T - 1, 6).
        depth: Metres from the camera (T,).
        segment: Number of the segment of each row (T,), -1 where the head is missing.
    """

    poses: Poses
    middle: Floats
    steps: Floats
    depth: Floats
    segment: Integers

    @staticmethod
    def of(poses: Poses, timing: Timing, middle: Floats) -> _Motion:
        segment = np.full(len(poses), -1)
        for number, rows in enumerate(segments(timing)):
            segment[rows] = number
        # Rows without a head may hold any numbers: they repeat the last one with a head, and no step there counts.
        last = np.maximum.accumulate(np.where(segment >= 0, np.arange(len(poses)), np.argmax(segment >= 0)))
        poses = poses.rows(last)
        steps = changes(poses.rows(slice(0, -1)), poses.rows(slice(1, None)), middle)[:, :_HEAD]
        return _Motion(poses, middle, steps, np.maximum(poses.head_translation[:, 2], RADIUS), segment)

    def jumps(self) -> tuple[Integers, Floats]:
        """Return the rows behind which the track jumps (N,), and how the head would move there without (N, 6)."""
        row = np.arange(_BESIDE, len(self.steps) - _BESIDE)
        together = (self.segment[row - _BESIDE] == self.segment[row + 1 + _BESIDE]) & (self.segment[row] >= 0)
        row = row[together]
        if not len(row):
            return row, np.zeros((0, _HEAD))
        beside = (self.steps[row - 1] + self.steps[row + 1]) / 2
        unlike = self._size(self.steps[row] - beside, row)
        moving = self._size(self.steps, np.arange(len(self.steps)))
        fastest = np.max([moving[row + by] for by in range(-_BESIDE, _BESIDE + 1) if by], axis=0)
        jump = (unlike > LEAST) & (unlike > UNUSUAL * np.median(unlike)) & (moving[row] > SHARPEST * fastest)
        return row[jump], beside[jump]

    def is_explained(self, row: int, going: Floats, before: Floats, after: Floats) -> bool:
        """Whether changes of the two rows of a jump leave at most half of it.

        Args:
            row: Behind which the track jumps.
            going: How the head would move there without (6,).
            before, after: Changes of the row and the next (20 + E,).
        """
        both = changed(self.poses.rows(slice(row, row + 2)), np.stack([before, after]), self.middle)
        left = changes(both.rows(slice(0, 1)), both.rows(slice(1, 2)), self.middle)[0, :_HEAD]
        jump, rest = self._size(np.stack([self.steps[row] - going, left - going]), np.array([row, row]))
        return bool(rest <= EXPLAINED * jump)

    def _size(self, steps: Floats, rows: Integers) -> Floats:
        """Return how far steps (N, 6) from rows (N,) move the head's surface, metres."""
        across = steps[:, 3:5] * self.depth[rows, None]
        return np.linalg.norm(np.concatenate([RADIUS * steps[:, :3], across, RADIUS * steps[:, 5:]], axis=1), axis=1)


def _explaining(
    motion: _Motion, row: int, going: Floats, pins: _Pins, frames: Integers, sides: tuple[int | None, int | None]
) -> int | None:
    """Return which of the pinned frames on both sides of a jump explains it, None where neither or both do."""
    looking, crossing = pins.looking(frames), pins.crossing(frames)
    none = np.zeros_like(pins.values[0])
    explains = []
    for side, at in enumerate(sides):
        other = sides[1 - side]
        # What is pinned on the other side may be the same change: then the jump is the person's.
        others = [none] if other is None or not crossing[other] else [none, pins.values[other]]
        pairs = [] if at is None or not looking[at] else [(pins.values[at], each) for each in others]
        explains.append(
            bool(pairs) and all(motion.is_explained(row, going, *(pair if side == 0 else pair[::-1])) for pair in pairs)
        )
    return None if explains[0] == explains[1] else sides[explains.index(True)]


def _stopped(anchors: Anchors, frames: Integers, at: int | None) -> Anchors:
    """Return the pinned frames with one of them felt in full up to an edge between two frames, and not beyond."""
    if at is None:
        return anchors
    to_the_right = anchors.frames[at] <= frames[0]
    distance = frames[0] - anchors.frames[at] if to_the_right else anchors.frames[at] - frames[1]
    reach, stops = ("right", "stops_right") if to_the_right else ("left", "stops_left")
    this = np.arange(len(anchors.rows)) == at
    return replace(
        anchors,
        **{reach: np.where(this, distance, getattr(anchors, reach)), stops: getattr(anchors, stops) | this},
    )
