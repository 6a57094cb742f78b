"""Candidates for the character: what the user chose, else what is selected, else the only one in the scene."""

from __future__ import annotations

from typing import Any

import bpy

from ....backend.contract.performance.characters.rigify import is_meta_rig
from ...scene.parts import is_import
from ..properties import holder_in
from .gather import armatures_of, key_names


def character_in(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the object that stands for the character: that of panel or node, else the one that is proposed."""
    chosen = holder_in(context).character
    if chosen is not None and context.scene.objects.get(chosen.name) == chosen:
        return chosen
    return proposed(context)


def proposed(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the active object where it can be of a character, else the face of the only one; None without one."""
    active = getattr(context, "active_object", None)
    if active is not None and can_be(active):
        return active
    candidates = [thing for thing in context.scene.objects if can_be(thing)]
    faces = [thing for thing in candidates if key_names(thing)] or candidates
    if not faces:
        return None
    shared = set.intersection(*({each.name for each in _anchors(thing)} for thing in faces))
    return max(faces, key=lambda thing: len(key_names(thing))) if shared else None


def _anchors(thing: bpy.types.Object) -> list[bpy.types.Object]:
    """What several objects of one character have in common: itself, its armatures, its parent."""
    return [thing, *armatures_of(thing), *([thing.parent] if thing.parent is not None else [])]


def can_be(thing: bpy.types.Object) -> bool:
    """Whether an object has keys or bones, and is neither of an imported track nor a meta-rig."""
    data: Any = thing.data
    if thing.type == "ARMATURE" and is_meta_rig(data.bones.keys()):
        return False
    if thing.type not in ("MESH", "ARMATURE") or (thing.type == "MESH" and not key_names(thing)):
        return False
    return not any(is_import(collection) for collection in thing.users_collection)
