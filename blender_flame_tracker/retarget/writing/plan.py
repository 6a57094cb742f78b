"""Plan of what is written onto a character: every channel with its values, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Failure, Notice
from ....backend.contract.performance.channels import INDEX
from ....backend.contract.performance.characters.doubling import CHANNELS_OF
from ....backend.contract.performance.characters.mapping import ControlTarget, Mapping, ShapeTarget, values_of
from ....backend.contract.retarget_settings import RetargetSettings
from ...scene.keyframes import Animated, Channel, bone_path, bone_property_path, value_path
from ...steps import Steps
from .bone_faces import bone_faces
from .chosen_parts import written_channels
from .face_axes import face_axes
from .frames import Keyed
from .joints import Turn, rest_rotation, rotation_channels, turns_of
from .planned import Planned

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """All that is written, and what is to be said of it.

    Attributes:
        planned: Channels.
        frame: Scene frames (K,).
        turns: Of the joints.
        driven, undriven: Channels of the performance that something follows, and that nothing does.
        not_tracked: Channels that the performance does not tell, though something would follow.
        missing: Targets of the mapping that the character does not have.
        notices: What is to be said.
    """

    planned: tuple[Planned, ...]
    frame: Array
    turns: tuple[Turn, ...]
    driven: tuple[str, ...]
    undriven: tuple[str, ...]
    not_tracked: tuple[str, ...]
    missing: tuple[str, ...]
    notices: tuple[Notice, ...]

    @property
    def owners(self) -> list[tuple[Animated, list[Planned]]]:
        """Owners with their channels, each once."""
        owners: dict[int, tuple[Animated, list[Planned]]] = {}
        for each in self.planned:
            owners.setdefault(each.owner.as_pointer(), (each.owner, []))[1].append(each)
        return list(owners.values())


def plan_of(mapping: Mapping, keyed: Keyed, settings: RetargetSettings) -> Steps[Plan | Failure]:
    """Return in steps what a performance becomes on a character, or why nothing does.

    Args:
        mapping: Of the character, nothing in it doubled.
        keyed: Performance on frames of the scene.
        settings: Regions, shares and limits.
    """
    weights = keyed.weights
    tracked = ~np.isnan(weights).any(axis=0)
    wanted = written_channels(settings)
    missing: list[str] = []
    planned = [*_shapes(mapping.shapes, wanted, tracked, weights, keyed.frame, missing)]
    planned += _controls(mapping.controls, wanted, tracked, weights, keyed.frame, missing)
    faces = yield from bone_faces(mapping, keyed, settings, missing)
    if isinstance(faces, Failure):
        return faces
    others = replace(mapping, joints=tuple(each for each in mapping.joints if each.armature not in faces.armatures))
    joints, turns, said = _joints(others, keyed, settings, missing)
    planned = _once([*planned, *faces.planned, *joints])
    if not planned:
        return _nothing(mapping, missing)
    driven = (_followed(mapping, turns) | faces.driven) & wanted
    return Plan(
        tuple(planned),
        keyed.frame,
        tuple(turns),
        tuple(name for name in INDEX if name in driven and tracked[INDEX[name]]),
        tuple(name for name in INDEX if name in wanted and name not in driven and tracked[INDEX[name]]),
        tuple(name for name in INDEX if name in driven and not tracked[INDEX[name]]),
        tuple(missing),
        (*faces.notices, *said),
    )


def _followed(mapping: Mapping, turns: Sequence[Turn]) -> frozenset[str]:
    return mapping.channels.union(*(CHANNELS_OF.get(turn.target.joint, ()) for turn in turns))


def _chosen(
    target: ShapeTarget | ControlTarget, wanted: frozenset[str], tracked: NDArray[np.bool_]
) -> ShapeTarget | ControlTarget | None:
    """The target with the channels of the regions that are written; None where none of them is told."""
    parts = {name: factor for name, factor in target.parts.items() if name in wanted}
    if not target.use or not any(tracked[INDEX[name]] for name in parts):
        return None
    return replace(target, parts=parts)


def _shapes(
    targets: Sequence[ShapeTarget],
    wanted: frozenset[str],
    tracked: NDArray[np.bool_],
    weights: Array,
    frame: Array,
    missing: list[str],
) -> Iterator[Planned]:
    for target in targets:
        chosen = _chosen(target, wanted, tracked)
        if chosen is None:
            continue
        thing = bpy.data.objects.get(target.mesh)
        mesh: Any = thing.data if thing is not None and thing.type == "MESH" else None
        keys = mesh.shape_keys if mesh is not None else None
        if thing is None or keys is None or target.key not in keys.key_blocks:
            missing.append(f"{target.key} of {target.mesh}")
            continue
        channel = _channel(value_path(target.key), 0, frame, values_of(chosen, weights))
        yield Planned(keys, thing, channel, f"{target.mesh}: {target.key}", "shape", key=target.key)


def _controls(
    targets: Sequence[ControlTarget],
    wanted: frozenset[str],
    tracked: NDArray[np.bool_],
    weights: Array,
    frame: Array,
    missing: list[str],
) -> Iterator[Planned]:
    for target in targets:
        chosen = _chosen(target, wanted, tracked)
        if chosen is None:
            continue
        thing = bpy.data.objects.get(target.armature)
        address = None if thing is None else _control_address(thing, target)
        if thing is None or address is None:
            missing.append(f"{target.bone or target.name} of {target.armature}")
            continue
        owner, path = address
        channel = _channel(path, max(target.index, 0), frame, values_of(chosen, weights))
        yield Planned(owner, thing, channel, f"{target.armature}: {target.bone or target.name}", "control", target.bone)


def _control_address(thing: bpy.types.Object, target: ControlTarget) -> tuple[Animated, str] | None:
    """Owner and data path of a control; None where the character does not have it."""
    bone = thing.pose.bones.get(target.bone) if thing.pose is not None else None
    if bone is None:
        return None
    if target.path != "property":
        if target.path == "rotation_euler" and bone.rotation_mode in ("QUATERNION", "AXIS_ANGLE"):
            return None
        return thing, bone_path(target.bone, target.path)
    return (thing, bone_property_path(target.bone, target.name)) if target.name in bone else None


def _joints(
    mapping: Mapping, keyed: Keyed, settings: RetargetSettings, missing: list[str]
) -> tuple[list[Planned], list[Turn], list[Notice]]:
    used = [each for each in mapping.joints if each.use]
    there = []
    for each in used:
        thing = bpy.data.objects.get(each.armature)
        if thing is not None and thing.pose is not None and each.bone in thing.pose.bones:
            there.append(each)
        else:
            missing.append(f"{each.bone} of {each.armature}")
    if not there:
        return [], [], []
    thing = bpy.data.objects[there[0].armature]
    axes = face_axes(thing, mapping)
    turns, notices = turns_of(replace(mapping, joints=tuple(there)), thing, axes, keyed, settings)
    if turns and axes.notice is not None:
        notices.append(axes.notice)
    planned = []
    for turn in turns:
        bone: Any = thing.pose.bones[turn.target.bone]
        last, values = rotation_channels(bone, turn.local)
        rest = rest_rotation(last)
        path = bone_path(bone.name, last)
        planned += [
            Planned(thing, thing, _channel(path, index, keyed.frame, values[:, index]),
                    f"{thing.name}: {bone.name}", "joint", bone.name, rest=rest[index])
            for index in range(values.shape[1])
        ]  # fmt: skip
    return planned, turns, notices


def _channel(path: str, index: int, frame: Array, value: Array) -> Channel:
    """Keys of a number; one that never changes needs those at the ends alone."""
    if len(frame) > 2 and np.ptp(value) == 0:
        return Channel(path, index, frame[[0, -1]], value[[0, -1]])
    return Channel(path, index, frame, value)


def _once(planned: Sequence[Planned]) -> list[Planned]:
    """Leave out what is there twice, as where two objects have the same mesh; the first one counts."""
    first: dict[tuple[int, str, int], Planned] = {}
    for each in planned:
        first.setdefault((each.owner.as_pointer(), *each.address), each)
    return list(first.values())


def _nothing(mapping: Mapping, missing: Sequence[str]) -> Failure:
    if missing:
        return Failure(
            "mapping-of-another",
            f"The character has none of the {len(missing)} keys and bones that its mapping names.",
            "Check the character again; that makes a new mapping.",
        )
    if not mapping.shapes and not mapping.controls and not mapping.joints and not mapping.surface:
        return Failure(
            "no-match",
            "Nothing of the character was recognised: it has no keys or bones that a face's channels drive.",
            "Make ARKit shapes for it, or map its keys by hand.",
        )
    if not mapping.shapes and not mapping.controls and not mapping.surface:
        return Failure(
            "no-face",
            "Only bones of the character were recognised, none of its shape keys, and this performance does not tell"
            " how they turn.",
            "Map its keys by hand in the table, or make ARKit shapes for it.",
        )
    return Failure(
        "nothing-to-write",
        "Nothing that the performance tells is used by the character's mapping and the regions that are chosen.",
        "Switch a region on, or use more of the mapping.",
    )
