"""Words of the VRM add-on for Blender on an armature: expressions, bones, and what the eyes look by.

Names of its properties: saturday06/VRM-Addon-for-Blender, `vrm0/property_group.py` and `vrm1/property_group.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import bpy

from ....backend.contract.performance.characters.facts import Bind, Expression, VrmFacts
from ....backend.contract.performance.characters.vrm import PRESETS_OF_VRM_0

_PRESETS: Final = {
    "happy": "happy", "angry": "angry", "sad": "sad", "relaxed": "relaxed", "surprised": "surprised", "aa": "aa",
    "ih": "ih", "ou": "ou", "ee": "ee", "oh": "oh", "blink": "blink", "blink_left": "blinkLeft",
    "blink_right": "blinkRight", "look_up": "lookUp", "look_down": "lookDown", "look_left": "lookLeft",
    "look_right": "lookRight",
}  # fmt: skip
"""Property of the add-on -> preset of VRM 1.0."""
_BONES: Final = ("head", "neck", "jaw", "left_eye", "right_eye")
_BONES_OF_VRM_0: Final = {"leftEye": "left_eye", "rightEye": "right_eye"}
_OVERRIDES: Final = (("override_blink", "blink"), ("override_look_at", "look"), ("override_mouth", "mouth"))


def vrm_of(objects: Iterable[bpy.types.Object]) -> VrmFacts | None:
    """Return what the VRM add-on knows of a character; None without the add-on, or where it knows nothing of it."""
    for thing in objects:
        extension: Any = getattr(thing.data, "vrm_addon_extension", None) if thing.type == "ARMATURE" else None
        if extension is None:
            continue
        found = _version_0(extension.vrm0) if extension.spec_version == "0.0" else _version_1(extension.vrm1)
        if found.bones or any(each.binds for each in found.expressions):
            return found
    return None


def _version_0(vrm: Any) -> VrmFacts:
    groups = vrm.blend_shape_master.blend_shape_groups
    expressions = tuple(
        Expression(
            PRESETS_OF_VRM_0.get(group.preset_name, group.name), tuple(_binds(group.binds, "mesh")), group.is_binary
        )
        for group in groups
    )
    named: dict[str, str] = {
        _BONES_OF_VRM_0.get(each.bone) or str(each.bone): each.node.bone_name for each in vrm.humanoid.human_bones
    }
    return VrmFacts("0", expressions, _there(named), vrm.first_person.look_at_type_name != "BlendShape")


def _version_1(vrm: Any) -> VrmFacts:
    presets = ((name, getattr(vrm.expressions.preset, prop, None)) for prop, name in _PRESETS.items())
    named = [*((each.custom_name, each) for each in vrm.expressions.custom), *presets]
    expressions = tuple(
        Expression(
            name,
            tuple(_binds(group.morph_target_binds, "node")),
            group.is_binary,
            tuple(what for prop, what in _OVERRIDES if getattr(group, prop) != "none"),
        )
        for name, group in named
        if group is not None
    )
    bones = {joint: getattr(vrm.humanoid.human_bones, joint).node.bone_name for joint in _BONES}
    return VrmFacts("1", expressions, _there(bones), vrm.look_at.type != "expression")


def _binds(binds: Iterable[Any], owner: str) -> Iterator[Bind]:
    for bind in binds:
        mesh = getattr(bind, owner).mesh_object_name
        if mesh and bind.index:
            yield Bind(mesh, bind.index, bind.weight)


def _there(bones: dict[str, str]) -> dict[str, str]:
    return {joint: name for joint, name in bones.items() if joint in _BONES and name}
