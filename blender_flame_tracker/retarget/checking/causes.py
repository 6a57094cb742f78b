"""Causes for which something that has keys does not move, as a user can look them up and mend them."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...scene import keyframes
from ..writing.plan import Planned

MUTED: Final = "the shape key is muted (its check box is off)"
HIDDEN: Final = "it is hidden or its collection is switched off, so Blender does not evaluate it"
_UNKNOWN: Final = "nothing in Blender's settings says why"


_REPLACING: Final = (
    "MESH_CACHE", "MESH_SEQUENCE_CACHE", "NODES", "SURFACE_DEFORM", "SHRINKWRAP", "MESH_DEFORM", "DATA_TRANSFER",
)  # fmt: skip
"""Types of modifiers that may give a mesh another shape than its keys."""


def is_muted(planned: Planned) -> bool:
    """Whether a channel is that of a shape key which is muted."""
    if planned.kind != "shape":
        return False
    keys: Any = planned.owner
    return bool(keys.path_resolve(planned.channel.path.removesuffix(".value")).mute)


def cause_of(thing: bpy.types.Object, planned: Planned | None) -> str:
    """Return why a mesh, or one channel of it or of a bone, does not do what its keys say.

    Args:
        thing: The object.
        planned: The channel whose value is not the written one, or whose bone stands still; None where the mesh as a
            whole does not change its shape.
    """
    if planned is not None:
        found = _of_animation(planned) or (_of_key(planned) if planned.kind == "shape" else _of_bone(planned))
        return found or (_UNKNOWN if thing.visible_get() else HIDDEN)
    return _of_mesh(thing) or _UNKNOWN


def _of_animation(planned: Planned) -> str:
    """What keeps the keys from being played."""
    owner: Any = planned.owner
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return "it lost its action"
    if hasattr(animation, "action_slot") and animation.action_slot is None:
        return "its action has no slot chosen"
    path, index = planned.address
    if animation.drivers.find(path, index=index) is not None:
        return "a driver sets it, too"
    curve = keyframes.find_curve(owner, path, index)
    if curve is None:
        return "its curve is gone"
    if curve.mute or (curve.group is not None and curve.group.mute):
        return "its curve is muted in the Graph editor"
    if any(each.mute is False and each.type != "CYCLES" for each in curve.modifiers):
        return "a modifier changes its curve"
    if not curve.is_valid:
        return "its curve leads nowhere: the key or bone has another name"
    if animation.use_nla and any(track.is_solo for track in animation.nla_tracks):
        return "another track plays solo in the NLA"
    if animation.action_influence < 1 or animation.action_blend_type != "REPLACE":
        return "its action does not play at full influence in the NLA"
    return ""


def _of_key(planned: Planned) -> str:
    keys: Any = planned.owner
    block = keys.path_resolve(planned.channel.path.removesuffix(".value"))
    if block.mute:
        return MUTED
    low, high = block.slider_min, block.slider_max
    if planned.channel.value.max() > high or planned.channel.value.min() < low:
        return f"its slider goes from {low:g} to {high:g} only"
    return ""


def _of_bone(planned: Planned) -> str:
    pose: Any = planned.thing.pose
    data: Any = planned.thing.data
    bone = pose.bones.get(planned.bone)
    if bone is None:
        return ""
    active = [each.type.replace("_", " ").title() for each in bone.constraints if not each.mute and each.influence > 0]
    if active:
        return f"its constraint {active[0]} holds the bone"
    if data.pose_position == "REST":
        return "the armature shows its rest position"
    return ""


def _of_mesh(thing: bpy.types.Object) -> str:
    """What keeps a mesh from changing its shape though its keys have values."""
    if thing.show_only_shape_key:
        return "it shows its active shape key alone (the pin of its Shape Keys panel is on)"
    if thing.mode == "EDIT" and not thing.use_shape_key_edit_mode:
        return "it is in Edit Mode, which shows no shape keys"
    shown = [each for each in thing.modifiers if each.show_viewport]
    holding = [each for each in shown if each.type in _REPLACING]
    if holding:
        return f"its modifier '{holding[0].name}' replaces its shape"
    if shown:
        return f"its modifiers take the motion away, the last of them '{shown[-1].name}'"
    return ""
