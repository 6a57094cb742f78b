"""Recognition of the user's character: from objects in the scene to a mapping and a report on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.performance.characters.check import check_character
from ....backend.contract.performance.characters.facts import CharacterFacts, VrmFacts
from ....backend.contract.performance.characters.mapping import Mapping
from ....backend.contract.performance.characters.recognition import recognise
from ....backend.contract.performance.characters.report import CharacterReport
from ....backend.contract.performance.characters.signature import best_for, fitted_to, grown
from ....backend.contract.performance.characters.vrm_file import UNREADABLE, read_vrm
from ...paths import absolute
from ..mapping.mapping_files import saved_mappings
from ..mapping.mapping_group import group_of
from ..mapping.mapping_store import holder_of, stored_mapping
from .facts import read_facts
from .gather import character_objects
from .vrm_addon import vrm_of
from .vrm_import import vrm_of_import

STORED: Final = "stored"
"""Origin of a mapping: the .blend holds it on the character."""
SAVED: Final = "saved"
"""Origin of a mapping: it was saved for a character with the same names."""
MADE: Final = "made"
"""Origin of a mapping: it was made now, of the character's names."""


@dataclass(frozen=True)
class Recognised:
    """A character and how a performance drives it.

    Attributes:
        mapping: What is driven.
        report: What was found, and what is in the way.
        objects: All of the character that counts: meshes first, then armatures.
        holder: Which of them keeps the mapping in the .blend (`mapping_store`).
        origin: One of `STORED`, `SAVED`, `MADE`.
    """

    mapping: Mapping
    report: CharacterReport
    objects: tuple[bpy.types.Object, ...]
    holder: bpy.types.Object
    origin: str


def recognise_character(
    context: bpy.types.Context, objects: Iterable[bpy.types.Object], *, anew: bool = False
) -> Recognised | Failure:
    """Recognise the character that objects belong to, and check it. Nothing is changed.

    The mapping is the one that the character keeps, else one that was saved for a character with its names, else a
    new one.

    Args:
        context: For the scene.
        objects: Anything of the character: its face, its armature, or all of it.
        anew: Make a new one whatever is kept.
    """
    objects = list(objects)
    gathered = character_objects(context.scene, objects)
    if not gathered:
        instance = next((each for each in objects if each.instance_type == "COLLECTION"), None)
        if instance is not None:
            return Failure(
                "instance",
                f"'{instance.name}' only shows a collection that is elsewhere.",
                "Make a library override of it (Object > Library Override > Make), or its instances real.",
            )
        return Failure(
            "no-character",
            "No character is selected.",
            "Select the mesh of its face or its armature.",
        )
    holder = holder_of(gathered)
    assert holder is not None
    vrm = _vrm_of(gathered, holder)
    if isinstance(vrm, Failure):
        stored = None if anew else stored_mapping(holder)
        if vrm.code != UNREADABLE or stored is None or not stored.shapes:
            return vrm
        vrm = None  # The file is gone, but not the mapping that was made of it.
    facts = read_facts(gathered, vrm)
    found, origin = _mapping_of(facts, holder, anew)
    if isinstance(found, Failure):
        return found
    return Recognised(found, check_character(facts, found), gathered, holder, origin)


def _mapping_of(facts: CharacterFacts, holder: bpy.types.Object, anew: bool) -> tuple[Mapping | Failure, str]:
    """Return the mapping of a character, and where it comes from."""
    fresh = recognise(facts)
    stored = None if anew else stored_mapping(holder)
    if stored is not None:
        fitted = fitted_to(stored, facts)
        more = grown(fitted, fresh) if isinstance(fresh, Mapping) else None
        return (fitted, STORED) if more is None else (more, MADE)
    saved = None if anew else best_for(saved_mappings(), facts)
    return (fresh, MADE) if saved is None else (saved, SAVED)


def lost_targets(recognised: Recognised) -> tuple[str, ...]:
    """Return the keys and bones that the character's kept mapping drives and that it no longer has."""
    kept = stored_mapping(recognised.holder)
    return () if kept is None else tuple(sorted(_targets_of(kept) - _targets_of(recognised.mapping)))


def _targets_of(mapping: Mapping) -> set[str]:
    shapes = {f"{each.key} of {each.mesh}" for each in mapping.shapes if each.use}
    bones = (*mapping.controls, *mapping.joints, *mapping.surface)
    return shapes | {f"{each.bone} of {each.armature}" for each in bones if each.use}


@dataclass(frozen=True)
class Fitted:
    """A mapping of another character or from a file, made fit for this one.

    Attributes:
        mapping: Without what the character does not have.
        report: On the character with it.
        left_out: How many targets the character does not have.
    """

    mapping: Mapping
    report: CharacterReport
    left_out: int


def fitted_mapping(context: bpy.types.Context, thing: bpy.types.Object, mapping: Mapping) -> Fitted | Failure:
    """Return a mapping for the character that an object belongs to; a failure if nothing of it is there."""
    facts = read_facts(character_objects(context.scene, [thing]))
    found = replace(fitted_to(mapping, facts), signature=tuple(sorted(facts.names)))
    left_out = _count(mapping) - _count(found)
    if _count(found) == 0:
        return Failure(
            "mapping-of-another",
            f"'{thing.name}' has none of the {left_out} keys and bones that the mapping names.",
            "Choose the mapping of this character, or check the character, which makes one.",
        )
    return Fitted(found, check_character(facts, found), left_out)


def _count(mapping: Mapping) -> int:
    return len(mapping.shapes) + len(mapping.controls) + len(mapping.joints) + len(mapping.surface)


def _vrm_of(objects: Iterable[bpy.types.Object], holder: bpy.types.Object) -> VrmFacts | Failure | None:
    """Return what the VRM add-on says of a character, else the file that the user named, else what its import kept of
    its file; None for other characters.
    """
    objects = list(objects)
    file = group_of(holder).vrm_file
    return vrm_of(objects) or (read_vrm(absolute(file)) if file else vrm_of_import(objects))
