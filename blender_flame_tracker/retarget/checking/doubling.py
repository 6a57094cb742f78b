"""Sharing out of what a bone and a shape key both do, where a mapping uses both: it is never added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from ....backend.contract.failure import Notice
from ....backend.contract.performance.characters.doubling import CHANNELS_OF, does_the_same
from ....backend.contract.performance.characters.mapping import Mapping, ShapeTarget
from ..recognising.facts import bone_weights
from ..recognising.gather import deforming_armature
from ..writing.face_axes import key_offsets


def without_doubling(mapping: Mapping) -> tuple[Mapping, list[Notice]]:
    """Return the mapping with each shape key doing only what bones that move the same vertices leave to it.

    A bone that takes the whole turn leaves the key at zero; one with a share of 0.6 leaves it 0.4.
    """
    notices: list[Notice] = []
    shapes = list(mapping.shapes)
    for joint in mapping.joints:
        channels = CHANNELS_OF.get(joint.joint, ()) if joint.use and joint.share > 0 else ()
        rest = 1 - min(joint.share, 1.0)
        shared: list[ShapeTarget] = []
        for index, target in enumerate(shapes):
            doubled = [channel for channel in channels if channel in target.parts]
            if not target.use or not doubled or not _same_vertices(target, joint.armature, joint.bone):
                continue
            left = {name: factor * (rest if name in doubled else 1.0) for name, factor in target.parts.items()}
            shapes[index] = replace(target, parts=left)
            shared.append(target)
        if shared:
            notices.append(_shared_out(shared, joint.bone, rest))
    return replace(mapping, shapes=tuple(shapes)), notices


def _same_vertices(target: ShapeTarget, armature: str, bone: str) -> bool:
    """Whether a good part of what a key moves hangs on a bone, or on one below it, too."""
    thing, rig = bpy.data.objects.get(target.mesh), bpy.data.objects.get(armature)
    if thing is None or rig is None or deforming_armature(thing) != rig:
        return False
    data: Any = rig.data
    offsets = key_offsets(thing, target.key)
    if offsets is None or bone not in data.bones:
        return False
    turned = {bone, *(each.name for each in data.bones[bone].children_recursive)}
    return does_the_same(np.linalg.norm(offsets, axis=1), bone_weights(thing, turned))


def _shared_out(shared: Sequence[ShapeTarget], bone: str, rest: float) -> Notice:
    keys = ", ".join(dict.fromkeys(target.key for target in shared))
    meshes = ", ".join(f"'{name}'" for name in dict.fromkeys(target.mesh for target in shared))
    does = "stay at zero" if rest == 0 else f"do {rest:.0%} of it"
    return Notice("shared-out", f"The bone '{bone}' moves what {keys} of {meshes} move: these keys {does}.")
