"""Doubled motion: what a bone and a shape key of one mesh both do is left to one of them, never added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array
from .facts import CharacterFacts
from .mapping import ControlTarget, JointTarget, ShapeTarget

CHANNELS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "jaw": ("jawOpen", "jawLeft", "jawRight"),
    "left_eye": tuple(f"eyeLook{way}Left" for way in ("In", "Out", "Up", "Down")),
    "right_eye": tuple(f"eyeLook{way}Right" for way in ("In", "Out", "Up", "Down")),
}
"""Joint -> the channels that its bone turns by."""
_SHARED: Final = 0.05
"""Part of a key's motion at vertices that a bone turns as well, from which the two do the same: teeth that are one mesh
with the face have more, stray weights of a few vertices less."""


def does_the_same(way: Array, weight: Array) -> bool:
    """Whether a key moves what a bone turns.

    Args:
        way: How far the key moves each vertex (V,).
        weight: How much of each vertex the bone turns, itself and by the bones below it (V,).
    """
    total = float(np.sum(way))
    return total > 0 and float(np.sum(way * weight)) > _SHARED * total


@dataclass(frozen=True)
class Doubled:
    """A bone and the keys that move the same vertices by the same channels.

    Attributes:
        joint: Target of the bone.
        keys: (mesh, key).
    """

    joint: JointTarget
    keys: tuple[tuple[str, str], ...]


def doubled(facts: CharacterFacts, joints: Iterable[JointTarget], shapes: Iterable[ShapeTarget]) -> tuple[Doubled, ...]:
    """Return which bones do what keys of the same vertices do, whether they are used or not."""
    shared = {(mesh.name, key.name): key.shared_with for mesh in facts.meshes for key in mesh.keys}
    found = []
    for joint in joints:
        channels = CHANNELS_OF.get(joint.joint, ())
        keys = tuple(
            (shape.mesh, shape.key)
            for shape in shapes
            if any(channel in shape.parts for channel in channels)
            and joint.bone in shared.get((shape.mesh, shape.key), ())
        )
        if keys:
            found.append(Doubled(joint, keys))
    return tuple(found)


def left_to_keys(
    facts: CharacterFacts, joints: tuple[JointTarget, ...], shapes: tuple[ShapeTarget, ...]
) -> tuple[JointTarget, ...]:
    """Return the joints with those unused whose turn shape keys do already: keys are made for the face they are on.

    A jaw bone stays in use when it turns meshes, such as teeth, that have no key of its channels, and when no key opens
    the mouth: keys for jaw aside alone, as of the tracked head itself, leave the opening to it.
    """
    parts = {(shape.mesh, shape.key): shape.parts for shape in shapes}
    off = {
        each.joint
        for each in doubled(facts, joints, shapes)
        if each.joint.joint != "jaw" or any("jawOpen" in parts[key] for key in each.keys)
    }
    for joint in joints:
        channels = CHANNELS_OF.get(joint.joint, ())
        meshes = [mesh for mesh in facts.meshes if joint.bone in mesh.bones]
        is_followed = any(channel in shape.parts for shape in shapes for channel in channels)
        # A bone that turns nothing would be keyed for nothing, beside keys that do the work.
        if channels and is_followed and not meshes:
            off.add(joint)
    return tuple(replace(joint, use=False) if joint in off else joint for joint in joints)


def left_to_controls(joints: tuple[JointTarget, ...], controls: Iterable[ControlTarget]) -> tuple[JointTarget, ...]:
    """Return the joints with those unused whose channels a face board has: it turns jaw and eyes itself."""
    followed = {channel for control in controls for channel in control.parts}
    return tuple(
        replace(joint, use=False) if followed.intersection(CHANNELS_OF.get(joint.joint, ())) else joint
        for joint in joints
    )
