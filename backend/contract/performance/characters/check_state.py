"""Check of the state that a character's data are in: what cannot be changed or would not be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .facts import HALF_OVERRIDDEN, LINKED, OVERRIDDEN, ArmatureFacts, CharacterFacts, KeyFacts, MeshFacts, Vector
from .mapping import Mapping
from .report import AMBER, GREEN, RED, Row, named

_REPLACING: Final = {
    "MESH_CACHE": "Mesh Cache",
    "MESH_SEQUENCE_CACHE": "Mesh Sequence Cache",
    "SURFACE_DEFORM": "Surface Deform",
    "MESH_DEFORM": "Mesh Deform",
}
"""Modifiers that put vertices elsewhere, whatever shape keys do."""
_FLAT: Final = 1e-9
"""Scale below which nothing is left of a character."""

MESH_OVERRIDE: Final = "Shift-click the chain beside the mesh's name in its Object Data properties to override it, too."
"""What is to be done where Blender has overridden an object without its mesh, as it does by default."""


def state_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    """Yield the findings on modes, origin, keys, modifiers, bones and scale of what the mapping uses."""
    used = {each.mesh for each in mapping.shapes if each.use}
    meshes = [mesh for mesh in facts.meshes if mesh.name in used]
    rigs = {each.armature for each in (*mapping.controls, *mapping.joints, *mapping.surface) if each.use}
    armatures = [armature for armature in facts.armatures if armature.name in rigs]
    yield from _blocking_rows(meshes, armatures)
    yield from _origin_rows([*meshes, *armatures])
    yield from _key_rows(meshes, mapping)
    yield from _modifier_rows(meshes, mapping)
    yield from _bone_rows(armatures, mapping)
    yield from _scale_rows([*meshes, *armatures])


def _blocking_rows(meshes: Iterable[MeshFacts], armatures: Iterable[ArmatureFacts]) -> Iterator[Row]:
    edited = [each.name for each in (*meshes, *armatures) if each.is_edited]
    if edited:
        yield Row(RED, "Mode", f"{named(edited)} {_is(edited)} in Edit Mode.", "Go back to Object Mode.")
    absolute = [mesh.name for mesh in meshes if not mesh.is_relative]
    if absolute:
        sentence = f"The keys of {named(absolute)} are absolute: their values do nothing."
        yield Row(RED, "Keys", sentence, "Turn Relative on in the panel Shape Keys.")
    resting = [armature.name for armature in armatures if armature.is_resting]
    if resting:
        sentence = f"{named(resting)} {_is(resting)} shown in Rest Position: no pose can be seen."
        yield Row(RED, "Pose", sentence, "Choose Pose Position in the armature's properties.")


def _origin_rows(things: Iterable[MeshFacts | ArmatureFacts]) -> Iterator[Row]:
    things = list(things)
    linked = [each.name for each in things if each.origin == LINKED]
    if linked:
        yield Row(
            RED,
            "Linked",
            f"{named(linked)} {_is(linked)} linked from another file and can't be changed here.",
            "Make a library override of it (Object > Library Override > Make), or open that file.",
        )
    half = [each.name for each in things if each.origin == HALF_OVERRIDDEN]
    if half:
        sentence = f"The mesh of {named(half)} is still linked, so its shape keys can't be changed."
        yield Row(RED, "Linked", sentence, MESH_OVERRIDE)
    overridden = [each.name for each in things if each.origin == OVERRIDDEN]
    if overridden:
        yield Row(GREEN, "Linked", f"{named(overridden)}: library overrides, which take animation of their own.")


def _key_rows(meshes: Iterable[MeshFacts], mapping: Mapping) -> Iterator[Row]:
    wanted = {(each.mesh, each.key) for each in mapping.shapes if each.use}
    keys = [key for mesh in meshes for key in mesh.keys if (mesh.name, key.name) in wanted]
    for label, chosen, sentence, advice in (
        ("Muted", [key for key in keys if key.is_muted], "muted, and would not be seen", "Tick them in the list."),
        (
            "Empty",
            [key for key in keys if key.reach <= 0],
            "empty: they move nothing",
            "Leave them out, or sculpt them.",
        ),
        ("Drivers", [key for key in keys if key.is_driven], "driven already", "Choose what becomes of their drivers."),
        (
            "Animated",
            [key for key in keys if key.is_animated],
            "animated already",
            "Choose what becomes of their keys.",
        ),
    ):
        if chosen:
            yield Row(AMBER, label, f"{_count(chosen)} {_are(chosen)} {sentence}: {_names(chosen)}.", advice)
    locked = [key for key in keys if key.is_locked]
    if locked:
        yield Row(GREEN, "Locked", f"{_names(locked)}: locked against sculpting; values are keyed all the same.")
    narrow = [key for key in keys if key.high < 1 or key.low > 0]
    if narrow:
        yield Row(GREEN, "Sliders", f"The range of {_names(narrow)} is narrower than 0 to 1, and is widened if needed.")
    alone = [mesh.name for mesh in meshes if mesh.shows_one_key]
    if alone:
        advice = "Switch Solo Active Shape Key (the pin) off."
        yield Row(AMBER, "Solo", f"{named(alone)} shows only the active key: no performance would be seen.", advice)


def _modifier_rows(meshes: Iterable[MeshFacts], mapping: Mapping) -> Iterator[Row]:
    replacing = [
        f"{_REPLACING[kind]} of {mesh.name}"
        for mesh in meshes
        for kind, is_shown in mesh.modifiers
        if kind in _REPLACING and is_shown
    ]
    if replacing:
        yield Row(
            AMBER, "Modifiers", f"{named(replacing)} may hide what keys do.", "Switch it off to see the face move."
        )
    sided = {each.mesh for each in mapping.shapes if len(each.parts) == 1 and next(iter(each.parts)).endswith("Left")}
    halves = [mesh.name for mesh in meshes if ("MIRROR", True) in mesh.modifiers and mesh.name in sided]
    if halves:
        yield Row(
            AMBER,
            "Modifiers",
            f"{named(halves)} {_is(halves)} mirrored by a modifier: a key of one side moves both.",
            "Apply the Mirror modifier before shape keys are made, or drive one side's keys only.",
        )
    hidden = [mesh.name for mesh in meshes if ("ARMATURE", False) in mesh.modifiers]
    if hidden:
        advice = "Show it in the viewport to see the head turn."
        yield Row(AMBER, "Modifiers", f"The Armature modifier of {named(hidden)} is switched off.", advice)


def _bone_rows(armatures: Iterable[ArmatureFacts], mapping: Mapping) -> Iterator[Row]:
    wanted = {(each.armature, each.bone) for each in (*mapping.joints, *mapping.controls) if each.use}
    bones = [bone for rig in armatures for bone in rig.bones if (rig.name, bone.name) in wanted]
    held = [bone.name for bone in bones if bone.is_driven]
    if held:
        sentence = f"{named(held)} {_is(held)} turned by constraints or drivers already."
        yield Row(AMBER, "Bones", sentence, "Choose the bone that controls it in the table, or switch them off.")
    animated = [bone.name for bone in bones if bone.is_animated]
    if animated:
        sentence = f"{named(animated)} {_is(animated)} animated already."
        yield Row(AMBER, "Bones", sentence, "Choose what becomes of their keys.")
    locked = [bone.name for bone in bones if bone.is_locked]
    if locked:
        yield Row(GREEN, "Bones", f"The rotation of {named(locked)} is locked; keys turn it all the same.")


def _scale_rows(things: Iterable[MeshFacts | ArmatureFacts]) -> Iterator[Row]:
    things = list(things)
    flat = [each.name for each in things if min(abs(size) for size in each.scale) < _FLAT]
    if flat:
        yield Row(RED, "Scale", f"{named(flat)} {_is(flat)} scaled to nothing.", "Give it another scale than 0.")
        return
    mirrored = [each.name for each in things if each.scale[0] < 0]
    if mirrored:
        yield Row(
            AMBER,
            "Scale",
            f"{named(mirrored)} {_is(mirrored)} mirrored by a negative scale: left and right change sides.",
            "Apply the scale (Object > Apply > Scale), then check again.",
        )
    uneven = [each.name for each in things if _is_uneven(each.scale)]
    if uneven:
        sentence = f"{named(uneven)} {_is(uneven)} scaled unevenly: turned parts are sheared."
        yield Row(AMBER, "Scale", sentence, "Apply the scale (Object > Apply > Scale).")


def _is_uneven(scale: Vector) -> bool:
    sizes = [abs(each) for each in scale]
    return max(sizes) > 1.001 * min(sizes)


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _are(keys: list[KeyFacts]) -> str:
    return _is([key.name for key in keys])


def _count(keys: list[KeyFacts]) -> str:
    return "1 key" if len(keys) == 1 else f"{len(keys)} keys"


def _names(keys: list[KeyFacts]) -> str:
    return named(dict.fromkeys(key.name for key in keys), 5)
