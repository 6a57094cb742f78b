"""Plan of bone faces, as of Rigify: what their controls, joints and aims of the eyes are keyed with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Failure, Notice
from ....backend.contract.performance.channels import CHANNELS, INDEX
from ....backend.contract.performance.characters.doubling import CHANNELS_OF
from ....backend.contract.performance.characters.mapping import Mapping
from ....backend.contract.retarget_settings import RetargetSettings
from ...scene.keyframes import Channel, bone_path
from ...steps import Steps
from ..surface.controls import EYES, trackers_of
from ..surface.motion import SurfaceMotion, channels_that_move, played_motion, region_of_landmarks
from ..surface.solution import Remaining, SurfaceSolution, solve_surface
from .chosen_parts import head_on, written_channels
from .face_axes import face_axes
from .frames import Keyed
from .joints import in_face, region_of_joint, rest_rotation, rotation_channels
from .planned import Planned

Array = NDArray[np.float64]

_WORTH_SAYING: Final = 1.0
"""Millimetres of the person's face by which a control may stay off its point without a word."""
_WORTH_MOVING: Final = 0.1


@dataclass(frozen=True)
class BoneFaces:
    """What the bone faces of a character are keyed with.

    Attributes:
        planned: Channels.
        armatures: Those whose joints are among them.
        driven: Channels of the performance that they follow.
        notices: What is to be said.
    """

    planned: tuple[Planned, ...] = ()
    armatures: frozenset[str] = frozenset()
    driven: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()


def bone_faces(
    mapping: Mapping, keyed: Keyed, settings: RetargetSettings, missing: list[str]
) -> Steps[BoneFaces | Failure]:
    """Return in steps what the controls that follow the surface are keyed with, and the joints of the same armatures.

    Args:
        mapping: Of the character.
        keyed: Performance on frames of the scene.
        settings: Regions, shares and limits.
        missing: Gets what the mapping names and the character does not have.
    """
    chosen = [each for each in mapping.surface if each.use and settings.uses(region_of_landmarks(each.landmarks))]
    made = BoneFaces()
    for name in dict.fromkeys((*(each.armature for each in chosen), *_aiming(mapping))):
        thing = bpy.data.objects.get(name)
        if thing is None or thing.pose is None:
            missing.append(name)
            continue
        joints = [
            each
            for each in mapping.joints
            if each.use and each.armature == name and settings.uses(region_of_joint(each.joint))
        ]
        here = replace(mapping, surface=tuple(chosen), joints=tuple(joints))
        axes = face_axes(thing, mapping)
        motion = _motion_on(keyed, settings)
        solved = yield from solve_surface(thing, here, axes.matrix, motion, settings.neck_share)
        if isinstance(solved, Failure):
            return solved
        missing += [f"{bone} of {name}" for bone in solved.missing]
        said = [*solved.notices, *_said(name, solved, keyed)]
        if axes.notice is not None:
            said.append(axes.notice)
        made = BoneFaces(
            (*made.planned, *_planned(thing, solved, keyed.frame)),
            made.armatures | {name},
            made.driven | _driven(here),
            (*made.notices, *said),
        )
    return made


def _aiming(mapping: Mapping) -> Iterator[str]:
    """Armatures whose eyes look at targets, as Rigify's do though shape keys play the face: there nothing is turned."""
    for joint in mapping.joints:
        thing = bpy.data.objects.get(joint.armature)
        if joint.use and joint.joint in EYES and thing is not None and joint.bone in trackers_of(thing):
            yield joint.armature


def _motion_on(keyed: Keyed, settings: RetargetSettings) -> SurfaceMotion:
    """The face playing the performance, without the channels of regions that are not written."""
    unwanted = [INDEX[channel] for channel in CHANNELS if channel not in written_channels(settings)]
    weights = keyed.weights.copy()
    weights[:, unwanted] = 0.0
    eyes = [in_face(name, keyed, settings) for name in ("left_eye", "right_eye")]
    jaw = in_face("jaw", keyed, settings)
    return played_motion(
        weights,
        keyed.beyond,
        np.zeros((len(weights), 3)) if jaw is None else jaw,
        None if eyes[0] is None or eyes[1] is None else np.stack([eyes[0], eyes[1]], axis=1),
        head_on(keyed, settings),
    )


def _planned(thing: bpy.types.Object, solved: SurfaceSolution, frame: Array) -> Iterator[Planned]:
    bones: Any = thing.pose.bones if thing.pose is not None else {}
    for name, values in solved.locations.items():
        yield from _channels(thing, name, "location", values, (0.0, 0.0, 0.0), "surface", frame)
    for name, turns in solved.rotations.items():
        path, values = rotation_channels(bones[name], turns)
        yield from _channels(thing, name, path, values, rest_rotation(path), "joint", frame)


def _channels(
    thing: bpy.types.Object, bone: str, path: str, values: Array, rest: tuple[float, ...], kind: str, frame: Array
) -> Iterator[Planned]:
    for index, value in enumerate(values.T):
        channel = Channel(bone_path(bone, path), index, frame, value)
        yield Planned(thing, thing, channel, f"{thing.name}: {bone}", kind, bone, rest=rest[index])


def _driven(mapping: Mapping) -> frozenset[str]:
    """Channels that move a point which a control follows, and those of the joints."""
    points = sorted({index for each in mapping.surface for index in each.landmarks})
    return frozenset(channels_that_move(points)).union(*(CHANNELS_OF.get(each.joint, ()) for each in mapping.joints))


def _said(name: str, solved: SurfaceSolution, keyed: Keyed) -> Iterator[Notice]:
    """How near the controls come to their points, and which do not."""
    moving = [each for each in solved.remaining if each.way > _WORTH_MOVING]
    if not moving:
        return
    worst = max(moving, key=lambda each: each.worst)
    frame = keyed.frame[worst.frame]
    yield Notice(
        "surface-followed",
        f"'{name}': {len(moving)} controls follow the face to {worst.worst:.2f} mm of it or better, "
        f"'{worst.bone}' least, on frame {frame:.0f}.",
    )
    off = [each for each in moving if each.worst > _WORTH_SAYING]
    if off:
        yield _held(off)


def _held(off: list[Remaining]) -> Notice:
    names = ", ".join(f"{each.bone} {each.worst:.1f} mm" for each in sorted(off, key=lambda each: -each.worst)[:6])
    return Notice(
        "surface-held",
        f"Constraints or locks of the rig keep {len(off)} controls off their points: {names}.",
        "Look at the constraints of these bones; they were left as they are.",
    )
