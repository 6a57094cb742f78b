"""Solution of a bone face: locations and turns of its controls on every frame, found on the evaluated rig.

Joints are turned first. Then each control is moved to its goal by the response of the rig: aims of the eyes, primaries,
and secondaries with what is left. What remains is measured on the evaluated rig and corrected, in rounds over all
frames that are not there yet: a few frames first, between which the others begin.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import quaternions
from ....backend.contract.failure import Failure, Notice
from ....backend.contract.performance.characters.mapping import JointTarget, Mapping
from ...steps import Steps
from .controls import AIM, Control, controls_of, eyes_of, fit_of
from .goals import goals_of
from .motion import SurfaceMotion
from .response import Response, measure_response
from .turns import turns_of
from .working_copy import WorkingCopy, working_copy

Array = NDArray[np.float64]

_TOLERANCE: Final = 3e-5
"""Metres of the person's face: a change by less is not worth another round."""
_ROUNDS: Final = 5
"""Of evaluation and correction; two are enough where nothing bends."""
_STRIDE: Final = 6
"""Frames from one that begins at rest to the next: of 1, 3, 6 and 12 this took the fewest evaluations."""
_GAIN: Final = 0.9
"""A round that leaves more than this part of the error was in vain."""


@dataclass(frozen=True)
class Remaining:
    """How far a control stays off its goal on the evaluated rig, in millimetres of the person's face.

    Attributes:
        bone: Name of the control.
        way: Farthest that it goes.
        worst: Over all frames.
        frame: Index of the worst frame.
    """

    bone: str
    way: float
    worst: float
    frame: int


@dataclass(frozen=True)
class SurfaceSolution:
    """What a bone face is keyed with. K frames.

    Attributes:
        locations: Bone -> (K, 3), in its own space.
        rotations: Bone -> axis-angle (K, 3), in its own space.
        remaining: Of each control of the surface.
        missing: Controls and joints of the mapping that the rig does not have.
        notices: What is to be said.
    """

    locations: dict[str, Array]
    rotations: dict[str, Array]
    remaining: tuple[Remaining, ...]
    missing: tuple[str, ...]
    notices: tuple[Notice, ...]


def solve_surface(
    armature: bpy.types.Object,
    mapping: Mapping,
    axes: Array,
    motion: SurfaceMotion,
    neck_share: float,
) -> Steps[SurfaceSolution | Failure]:
    """Return in steps what to key on a bone face so that it follows a person's. Nothing of the rig is changed.

    Args:
        armature: With the controls.
        mapping: Its surface and joint targets of this armature count.
        axes: Of the character's face, see `Fit`.
        motion: Of the person, K frames.
        neck_share: Part of the head's turn that the neck takes.
    """
    surface = [each for each in mapping.surface if each.use and each.armature == armature.name]
    joints = [each for each in mapping.joints if each.use and each.armature == armature.name]
    bones: dict[str, object] = {} if armature.pose is None else {bone.name: bone for bone in armature.pose.bones}
    there = [each for each in surface if each.bone in bones]
    turning = [each for each in joints if each.bone in bones]
    missing = tuple(each.bone for each in (*surface, *joints) if each.bone not in bones)
    if surface and not there:
        return Failure(
            "surface-missing",
            f"'{armature.name}' has none of the {len(surface)} controls that its mapping names.",
            "Check the character again; that makes a new mapping.",
        )
    with working_copy(armature, [each.bone for each in (*there, *turning)]) as copy:
        eyes = eyes_of(armature, turning, copy)
        controls = controls_of(there, eyes, copy, motion)
        fit = fit_of(controls, axes, motion)
        aims = {eye.aim for eye in eyes.values()}
        turns, notices = turns_of([each for each in turning if each.bone not in aims], copy, fit, motion, neck_share)
        response = measure_response(copy, controls)
        goals = goals_of(controls, eyes, fit, motion, response)
        posed = _Posed(copy, controls, goals, response, turns, _head(turning, copy), fit.scale)
        locations, errors = yield from posed.solve()
    return SurfaceSolution(
        locations={each.bone: locations[:, index] for index, each in enumerate(controls)},
        rotations=turns,
        remaining=_remaining(controls, goals, errors, fit.scale),
        missing=missing,
        notices=tuple(notices),
    )


def _head(joints: Sequence[JointTarget], copy: WorkingCopy) -> int | None:
    """Index of the bone in whose space the face is measured."""
    return next((copy.index[each.bone] for each in joints if each.joint == "head"), None)


def _remaining(controls: Sequence[Control], goals: Array, errors: Array, scale: float) -> tuple[Remaining, ...]:
    found = []
    for index, control in enumerate(controls):
        if control.order == AIM:
            continue
        way = np.linalg.norm(goals[:, index] - control.rest, axis=1).max()
        error = errors[:, index] / scale * 1000
        worst = int(np.argmax(error))
        found.append(Remaining(control.bone, float(way / scale * 1000), float(error[worst]), worst))
    return tuple(found)


class _Posed:
    """A rig that is brought to its goals on many frames at a time."""

    def __init__(
        self,
        copy: WorkingCopy,
        controls: Sequence[Control],
        goals: Array,
        response: Response,
        turns: dict[str, Array],
        head: int | None,
        scale: float,
    ) -> None:
        self._copy = copy
        self._chosen = np.array([each.index for each in controls])
        self._goals = goals
        self._response = response
        self._turning = np.array([copy.index[name] for name in turns], dtype=np.int64)
        self._turns = np.stack([quaternions(turn) for turn in turns.values()], axis=1) if turns else None
        self._head = head
        self._tolerance = _TOLERANCE * scale
        self._rest_frames = response.frames

    def solve(self) -> Steps[tuple[Array, Array]]:
        """Return in steps locations (K, C, 3) and how far the controls stay off their goals (K, C)."""
        frames, count = self._goals.shape[:2]
        locations, errors = np.zeros((frames, count, 3)), np.zeros((frames, count))
        first = np.unique(np.append(np.arange(0, frames, _STRIDE), frames - 1))
        part = len(first) / max(frames, 1)
        locations[first], errors[first] = yield from self._solve_frames(first, locations[first], (0.0, part))
        between = np.setdiff1d(np.arange(frames), first)
        if len(between) > 0:
            start = _between(first, locations[first], between)
            locations[between], errors[between] = yield from self._solve_frames(between, start, (part, 1.0))
        return locations, errors

    def _solve_frames(
        self, frames: NDArray[np.int64], start: Array, parts: tuple[float, float]
    ) -> Steps[tuple[Array, Array]]:
        locations, best = start.copy(), start.copy()
        least = np.full(start.shape[:2], np.inf)
        left = np.arange(len(frames))
        for number in range(_ROUNDS):
            # Each round halves what is left of the bar: how many there will be, nobody knows.
            begun, ended = (parts[0] + (parts[1] - parts[0]) * (1.0 - 0.5**each) for each in (number, number + 1))
            points, turned = yield from self._measured(frames[left], locations[left], (begun, ended))
            ways = self._goals[frames[left]] - points
            errors = np.linalg.norm(ways, axis=2)
            before, now = least[left].sum(axis=1), errors.sum(axis=1)
            better = now < before
            best[left[better]], least[left[better]] = locations[left[better]], errors[better]
            changes = self._response.locations_for(ways, turned)
            # Where a constraint holds a control, an error remains that no change mends.
            going = (now < _GAIN * before) & (np.abs(changes).max(axis=(1, 2)) >= self._tolerance)
            left = left[going]
            if len(left) == 0:
                break
            locations[left] += changes[going]
        return best, least

    def _measured(
        self, frames: NDArray[np.int64], locations: Array, parts: tuple[float, float]
    ) -> Steps[tuple[Array, Array]]:
        """Points of the controls (F, C, 3) and turns of their bones from rest (F, C, 3, 3), in the head at rest."""
        turns = None if self._turns is None else self._turns[frames]
        kept = self._chosen if self._head is None else np.append(self._chosen, self._head)
        matrices = np.empty((len(frames), len(kept), 4, 4))
        with closing(self._copy.play(self._chosen, locations, self._turning, turns)) as played:
            for done, each in enumerate(played):
                matrices[done] = each[kept]
                yield parts[0] + (parts[1] - parts[0]) * (done + 1) / len(frames)
        if self._head is not None:
            back = self._copy.rest[self._head] @ np.linalg.inv(matrices[:, -1])
            matrices = back[:, None] @ matrices[:, :-1]
        axes = matrices[..., :3, :3] / np.linalg.norm(matrices[..., :3, :3], axis=2, keepdims=True)
        return matrices[..., :3, 3], axes @ self._rest_frames.transpose(0, 2, 1)


def _between(known: NDArray[np.int64], values: Array, frames: NDArray[np.int64]) -> Array:
    """Values (F, ...) on frames between those where they are known."""
    after = np.searchsorted(known, frames)
    before = after - 1
    part = (frames - known[before]) / (known[after] - known[before])
    return values[before] + part[:, None, None] * (values[after] - values[before])
