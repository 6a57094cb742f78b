"""Objects of one character: what hangs together with the objects that the user chose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from ...scene.parts import is_import

_ANCESTORS = 8
"""How far up an object's parents are followed."""


def character_objects(scene: bpy.types.Scene, chosen: Iterable[bpy.types.Object]) -> tuple[bpy.types.Object, ...]:
    """Return meshes with keys or an armature, and the armatures, of the character that some objects belong to.

    Teeth, lashes, beard and tongue belong to it when they share its armature or its parent, or when they lie in a
    collection with it and have keys of the same names.

    Args:
        scene: In which the character stands.
        chosen: By the user; anything of the character.
    """
    chosen = [each for each in chosen if each.type in {"MESH", "ARMATURE", "EMPTY"}]
    armatures = {each.name: each for each in chosen if each.type == "ARMATURE"}
    armatures |= {found.name: found for each in chosen for found in armatures_of(each)}
    parents = {each.name for each in chosen} | {each.parent.name for each in chosen if each.parent is not None}
    names = {name for each in chosen for name in key_names(each)}
    collections = {found for each in chosen for found in each.users_collection if found != scene.collection}
    meshes = []
    for thing in scene.objects:
        if thing.type != "MESH" or any(is_import(each) for each in thing.users_collection):
            continue
        rigs = {found.name for found in armatures_of(thing)}
        # What hangs on another armature is another character, however near it stands in the outliner.
        together = rigs & armatures.keys() or (
            not rigs
            and (
                any(parent.name in parents for parent in _parents(thing))
                or (collections.intersection(thing.users_collection) and names.intersection(key_names(thing)))
            )
        )
        if thing in chosen or together:
            meshes.append(thing)
    meshes += [each for each in chosen if each.type == "MESH" and each not in meshes]
    # The face first, in tables and reports.
    meshes.sort(key=lambda each: -len(key_names(each)))
    for mesh in meshes:
        armatures |= {found.name: found for found in armatures_of(mesh)}
    return (*meshes, *armatures.values())


def armatures_of(thing: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the armatures that deform an object, or that it is parented to."""
    found: list[Any] = [each.object for each in _armature_modifiers(thing) if each.object is not None]
    found += [parent for parent in _parents(thing) if parent.type == "ARMATURE"]
    return list(dict.fromkeys(found))


def deforming_armature(thing: bpy.types.Object) -> bpy.types.Object | None:
    """Return the armature that deforms an object by its vertex groups, or None."""
    deforming = [each.object for each in _armature_modifiers(thing) if each.object is not None]
    if deforming:
        return deforming[0]
    parent = thing.parent
    is_deformed = parent is not None and parent.type == "ARMATURE" and thing.parent_type == "ARMATURE"
    return parent if is_deformed else None


def key_names(thing: bpy.types.Object) -> list[str]:
    """Return the names of an object's shape keys without the first, the basis."""
    keys: Any = getattr(thing.data, "shape_keys", None)
    return [] if keys is None else [block.name for block in keys.key_blocks[1:]]


def _armature_modifiers(thing: bpy.types.Object) -> list[Any]:
    return [each for each in thing.modifiers if each.type == "ARMATURE"]


def _parents(thing: bpy.types.Object) -> list[bpy.types.Object]:
    parents: list[bpy.types.Object] = []
    while thing.parent is not None and len(parents) < _ANCESTORS:
        thing = thing.parent
        parents.append(thing)
    return parents
