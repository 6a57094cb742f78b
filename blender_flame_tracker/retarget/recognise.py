"""Recognition of the user's character: from objects in the scene to a mapping and a report on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.performance.characters.check import check_character
from ...backend.contract.performance.characters.mapping import Mapping
from ...backend.contract.performance.characters.recognition import recognise
from ...backend.contract.performance.characters.report import CharacterReport
from .facts import read_facts
from .gather import character_objects


@dataclass(frozen=True)
class Recognised:
    """A character and how a performance drives it.

    Attributes:
        mapping: What is driven.
        report: What was found, and what is in the way.
        objects: All of the character that counts: meshes first, then armatures.
    """

    mapping: Mapping
    report: CharacterReport
    objects: tuple[bpy.types.Object, ...]


def recognise_character(context: bpy.types.Context, objects: Iterable[bpy.types.Object]) -> Recognised | Failure:
    """Recognise the character that objects belong to, and check it.

    Args:
        context: For the scene.
        objects: Anything of the character: its face, its armature, or all of it.
    """
    gathered = character_objects(context.scene, objects)
    if not gathered:
        return Failure(
            "no-character",
            "No character is selected.",
            "Select the mesh of its face or its armature.",
        )
    facts = read_facts(gathered)
    mapping = recognise(facts)
    if isinstance(mapping, Failure):
        return mapping
    return Recognised(mapping, check_character(facts, mapping), gathered)
