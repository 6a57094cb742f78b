"""Power of the motion in each part of a clip, from the clip itself: smoothness gives way where the head really moves.

Fixed weights on differences in time erase fast motion, and weights that keep it let a still face tremble. So the clip
is solved twice: loosely first, then with the variance of each difference enlarged by the power that the first solution
has there. In the words of statistics it is one step of expectation-maximisation for the noise of the process.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ..geometry.state import ROTATION, Frames
from .smoothness import MotionPower, differences

LOOSE: Final = 50.0
"""By this much the precision of differences is lowered in the first solution."""

SHARE: Final = 2.0
"""Times the power by which the variance is enlarged: with one, motion would still be pulled back a little.

A head that nods by 15 degrees at 2.5 Hz keeps 0.969 of its amplitude with 1, 0.983 with 3; a still one trembles by
0.0094 and 0.0095 degrees a frame."""

REACH: Final = 0.117
"""Seconds before and after over which the power is averaged: three frames at 30 frames/s, half a cycle at 4 Hz."""


def motion_power(frames: Frames, times: Tensor, joined: Tensor) -> MotionPower:
    """Return the mean squares of the differences around each frame.

    Args:
        frames: The loosely solved clip.
        times: Seconds (T,).
        joined: Whether t and t + 1 belong together (T - 1,) bool; nothing is averaged across what does not.
    """
    if len(times) < 3:
        empty = frames.position.new_zeros(0, frames.unknowns)
        return MotionPower(frames.position.new_zeros(max(len(times) - 1, 0), frames.unknowns), empty)
    duration = ((times[1:] - times[:-1]) * 30).clamp_min(1e-3)
    velocity, acceleration = differences(frames, duration)
    around = (duration[1:] + duration[:-1]) / 2
    shot = torch.cat([torch.zeros_like(joined[:1], dtype=torch.long), (~joined).long().cumsum(0)])
    both = joined[1:] & joined[:-1]
    return MotionPower(
        _power(velocity, duration, joined, (times[1:] + times[:-1]) / 2, shot[:-1]),
        _power(acceleration, around, both, times[1:-1], shot[1:-1]),
    )


def _power(difference: Tensor, duration: Tensor, valid: Tensor, times: Tensor, shot: Tensor) -> Tensor:
    square = difference.square() / duration[:, None]
    # The axes of a turn are one motion.
    square[:, ROTATION] = square[:, ROTATION].sum(1, keepdim=True)
    return SHARE * _local_mean(square * valid[:, None], valid, times, shot)


def _local_mean(values: Tensor, valid: Tensor, times: Tensor, shot: Tensor) -> Tensor:
    """Average the valid rows of (N, D) over `REACH` around each, within its shot."""
    # Shots are moved so far apart in time that no average reaches from one into the next.
    key = (times - times[:1]).double() + shot * (float(times[-1] - times[0]) + 2 * REACH + 1.0)
    first = torch.searchsorted(key, key - REACH - 1e-6)
    last = torch.searchsorted(key, key + REACH + 1e-6)
    sums = torch.cat([torch.zeros_like(values[:1]), values]).double().cumsum(0)
    counts = torch.cat([torch.zeros_like(valid[:1], dtype=torch.long), valid.long()]).cumsum(0)
    share = (counts[last] - counts[first]).clamp_min(1)
    return ((sums[last] - sums[first]) / share[:, None]).to(values)
