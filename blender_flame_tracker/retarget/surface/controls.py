"""Controls of a bone face: what follows which points, where it rests, and how the person's face fits the character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.names import (
    LEFT_EYE_CORNERS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_CORNERS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ....backend.contract.performance.characters.mapping import JointTarget, SurfaceTarget
from .motion import SurfaceMotion
from .working_copy import WorkingCopy

Array = NDArray[np.float64]

AIM: Final = -1
"""Order of a target that an eye looks at: it is moved before all else, for lids may follow the eye."""
_TRACKING: Final = ("DAMPED_TRACK", "TRACK_TO", "LOCKED_TRACK")
EYES: Final = ("left_eye", "right_eye")
UPPER_LIDS: Final = (
    frozenset(LEFT_EYE_UPPER) - frozenset(LEFT_EYE_CORNERS),
    frozenset(RIGHT_EYE_UPPER) - frozenset(RIGHT_EYE_CORNERS),
)
LOWER_LIDS: Final = (
    frozenset(LEFT_EYE_LOWER) - frozenset(LEFT_EYE_CORNERS),
    frozenset(RIGHT_EYE_LOWER) - frozenset(RIGHT_EYE_CORNERS),
)
"""Edges of the lids of left and right eye without the corners, which do not close."""


@dataclass(frozen=True)
class Control:
    """A bone that is moved to where its points go.

    Attributes:
        bone: Name.
        index: In the pose of the rig.
        landmarks: Whose mean it follows; none for an aim.
        order: 0 primary, 1 secondary; `AIM` for what an eye looks at.
        factor: How far of the points' way it goes.
        rest: Its head at rest (3,), in the space of the armature.
        eye: 0 or 1 for an aim or a lid of left or right eye, else None.
    """

    bone: str
    index: int
    landmarks: tuple[int, ...]
    order: int
    factor: float
    rest: Array
    eye: int | None = None


@dataclass(frozen=True)
class Eye:
    """An eye of the character.

    Attributes:
        centre: What it turns about (3,), at rest.
        aim: Bone that it looks at; None where it is turned itself.
    """

    centre: Array
    aim: str | None


@dataclass(frozen=True)
class Fit:
    """How the person's face becomes the character's.

    Attributes:
        axes: Columns: to the subject's left, up, out of the face (3, 3), in the space of the armature.
        scale: Units of the armature for a metre of the person.
    """

    axes: Array
    scale: float


def trackers_of(armature: bpy.types.Object) -> dict[str, str]:
    """Return target -> bone that points at it, for bones that track another one."""
    bones: Any = armature.pose.bones if armature.pose is not None else ()
    return {
        constraint.subtarget: bone.name
        for bone in bones
        for constraint in bone.constraints
        if constraint.type in _TRACKING and constraint.target == armature
    }


def eyes_of(armature: bpy.types.Object, joints: Sequence[JointTarget], copy: WorkingCopy) -> dict[int, Eye]:
    """Return the eyes that bones are mapped for: 0 left, 1 right. A bone that another one tracks is an aim."""
    trackers = trackers_of(armature)
    found = {}
    for joint in joints:
        if joint.joint in EYES and joint.bone in copy.index:
            turning = trackers.get(joint.bone, joint.bone)
            aim = joint.bone if turning != joint.bone else None
            found[EYES.index(joint.joint)] = Eye(copy.rest[copy.index[turning], :3, 3], aim)
    return found


def controls_of(
    targets: Sequence[SurfaceTarget], eyes: dict[int, Eye], copy: WorkingCopy, motion: SurfaceMotion
) -> list[Control]:
    """Return aims, then primaries, then secondaries, of bones that the rig has and points that the face has."""
    found = []
    for side, eye in eyes.items():
        if eye.aim is not None and motion.eyes is not None:
            index = copy.index[eye.aim]
            found.append(Control(eye.aim, index, (), AIM, 1.0, copy.rest[index, :3, 3], side))
    there = ~np.isnan(motion.landmarks).any(axis=(0, 2))
    for target in sorted(targets, key=lambda each: each.order):
        landmarks = tuple(index for index in target.landmarks if there[index])
        if target.bone in copy.index and landmarks:
            index = copy.index[target.bone]
            side = next((side for side in (0, 1) if _is_lid(landmarks, side)), None)
            rest = copy.rest[index, :3, 3]
            found.append(Control(target.bone, index, landmarks, target.order, target.factor, rest, side))
    return found


def _is_lid(landmarks: Sequence[int], side: int) -> bool:
    return UPPER_LIDS[side].issuperset(landmarks) or LOWER_LIDS[side].issuperset(landmarks)


def fit_of(controls: Sequence[Control], axes: Array, motion: SurfaceMotion) -> Fit:
    """Return how the person's face fits the character's, by the corners of the eyes, else by all controls."""
    points = [each for each in controls if each.order != AIM]
    if not points:
        return Fit(axes, 1.0)
    scale = _between_corners(points, motion)
    if scale is None:
        rest = np.array([each.rest for each in points])
        person = np.array([motion.neutral[list(each.landmarks)].mean(axis=0) for each in points])
        scale = float(np.sqrt(np.sum((rest - rest.mean(axis=0)) ** 2) / np.sum((person - person.mean(axis=0)) ** 2)))
    return Fit(axes, scale)


def _between_corners(controls: Sequence[Control], motion: SurfaceMotion) -> float | None:
    rests = {each.landmarks: each.rest for each in controls}
    for left, right in zip(LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, strict=True):
        if (left,) in rests and (right,) in rests:
            person = float(np.linalg.norm(motion.neutral[left] - motion.neutral[right]))
            return float(np.linalg.norm(rests[(left,)] - rests[(right,)])) / person
    return None
