"""Sharing out of what a bone and a shape key both do, where a mapping uses both: it is never added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import bpy
import numpy as np

from ...backend.contract.failure import Notice
from ...backend.contract.performance.characters.doubling import CHANNELS_OF
from ...backend.contract.performance.characters.mapping import Mapping, ShapeTarget
from .face_axes import key_offsets
from .joints import bone_weights, meshes_on

_SHARED: Final = 0.2
"""Part of a key's motion at vertices that a bone moves as well, above which the two do the same."""


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
    """Whether a good part of what a key moves hangs on a bone, too."""
    thing, rig = bpy.data.objects.get(target.mesh), bpy.data.objects.get(armature)
    if thing is None or rig is None:
        return False
    if thing not in meshes_on(rig):
        return False
    offsets = key_offsets(thing, target.key)
    if offsets is None:
        return False
    motion = np.linalg.norm(offsets, axis=1)
    return bool(motion.sum() > 0 and (motion * bone_weights(thing, bone)).sum() > _SHARED * motion.sum())


def _shared_out(shared: Sequence[ShapeTarget], bone: str, rest: float) -> Notice:
    keys = ", ".join(dict.fromkeys(target.key for target in shared))
    meshes = ", ".join(f"'{name}'" for name in dict.fromkeys(target.mesh for target in shared))
    does = "stay at zero" if rest == 0 else f"do {rest:.0%} of it"
    return Notice("shared-out", f"The bone '{bone}' moves what {keys} of {meshes} move: these keys {does}.")
