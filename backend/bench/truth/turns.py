"""Truth on turns of the head, as far as they are seen: pitch and yaw of people who look to all sides, and profiles."""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np

from ...contract.camera import axis_angles
from ...contract.failure import Failure
from ...report.measures import head_angles
from ..chain import Setup, import_stages
from ..measures import metrics
from ..rows import Row, at_least, at_most, between
from ..scenes.known_clips import TURNING, Compared, compared, hard_clips, independent_clip, turning_people

PROFILE: Final = "profile"
NO_FURTHER: Final = 75.0
"""Degrees up to which a profile is to be followed."""
FRONT: Final = 10.0
LEVEL: Final = ("smile", "pucker", "aside", "still", "talk_still", "jaw_open")
"""Heads of different people that do not nod: only their constant pitch is measured."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Painted people who look to all sides, the shared ``truth_clip``, and clips of ``hard/``; see `known_clips`.

    Quality Standard, built-in head, focal length known. Gains: slope of the fitted angle against the true one over the
    tracked frames. Constant pitch: of the rotation that is the same in all frames and brings the truth nearest to the
    fit, painted people only (another head's axes need not mean the same), median of its size over the people. Profile:
    share of the frames turned by less than 75 degrees that are tracked, and their rotation error after the mean error
    of the frames turned by less than 10 degrees was removed.
    """
    import_stages()
    seeds = TURNING[:1] if setup.quick else TURNING
    people = compared(setup, chain(turning_people(setup, seeds), independent_clip(setup)))
    level = compared(setup, hard_clips(setup, () if setup.quick else LEVEL))
    profiles = compared(setup, hard_clips(setup, (PROFILE,)))
    for found in (people, level, profiles):
        if isinstance(found, Failure):
            return found
    assert isinstance(people, list) and isinstance(level, list) and isinstance(profiles, list)
    rows: list[Row] = []
    for one in people:
        yaw, pitch = gains(one)
        rows += [
            between(f"{one.name}: pitch gain", pitch, 0.95, 1.05),
            between(f"{one.name}: yaw gain", yaw, 0.95, 1.05),
            at_most(f"{one.name}: rotation, median", float(np.median(one.degrees)), 1.5, "°"),
        ]
    constants = [constant_pitch(one) for one in (*people, *level) if one.name != "truth_clip"]
    size = float(np.median(np.abs(constants)))
    mean = float(np.mean([gains(one)[1] for one in people]))
    rows += [
        at_most("constant pitch, median over people", size, 1.5, "°", people=constants),
        at_least("pitch gain, mean", mean, 0.95),
    ]
    return rows + [row for one in profiles for row in profile_rows(one)]


def gains(found: Compared) -> tuple[float, float]:
    """Return how much of yaw and of pitch is followed."""
    ours, true = head_angles(found.rotation), head_angles(found.true_rotation)
    return metrics.slope(ours[0], true[0]), metrics.slope(ours[1], true[1])


def constant_pitch(found: Compared) -> float:
    """Return by how many degrees the head looks up in all frames."""
    return -float(np.degrees(axis_angles(metrics.constant_rotation(found.rotation, found.true_rotation))[0]))


def profile_rows(found: Compared) -> list[Row]:
    """Return how far the profile is followed, and how well."""
    every = np.abs(head_angles(found.every_true_rotation)[0])
    angle = every[found.frames]
    front = angle < FRONT
    resting = metrics.constant_rotation(found.rotation[front], found.true_rotation[front])
    error = metrics.rotation_errors(found.rotation, found.true_rotation @ resting)
    within = angle < NO_FURTHER
    share = np.count_nonzero(within) / np.count_nonzero(every < NO_FURTHER)
    return [
        at_least(f"{found.name}: frames up to 75° that are tracked", 100 * share, 100, " %", 0),
        at_most(f"{found.name}: rotation up to 75°, worst", float(error[within].max()), 10, "°"),
    ]
