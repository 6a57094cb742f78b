"""Signature of a character: the names by which a mapping that was made for it before is found again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from .facts import CharacterFacts
from .mapping import Mapping
from .spellings import without_copy

_LEAST_ALIKE: Final = 0.8
"""Part of the names of a signature that a character must have: some keys may be gone."""


def likeness(signature: Collection[str], names: Collection[str]) -> float:
    """Return how much of a signature a character's names hold, 0 to 1; copies such as ``Head.001`` count as names."""
    wanted, there = {without_copy(name) for name in signature}, {without_copy(name) for name in names}
    return len(wanted & there) / len(wanted) if wanted else 0.0


def best_for(mappings: Iterable[Mapping], facts: CharacterFacts) -> Mapping | None:
    """Return the mapping that was made for this character, written for today's names; None without one.

    Of several the one with most names in common holds, of equal ones the first.
    """
    best: tuple[float, int, Mapping] | None = None
    for mapping in mappings:
        part = likeness(mapping.signature, facts.names)
        if part < _LEAST_ALIKE:
            continue
        fitted = fitted_to(mapping, facts)
        rank = (part, len(fitted.signature))
        if fitted.shapes or fitted.controls or fitted.joints or fitted.surface:
            best = max(best, (*rank, fitted), key=lambda each: each[:2]) if best is not None else (*rank, fitted)
    return best[2] if best is not None else None


def fitted_to(mapping: Mapping, facts: CharacterFacts) -> Mapping:
    """Return a mapping for a character whose objects may have other names, without targets that it does not have.

    An object is the one of its name, else of its name without ``.001``, else the one with most of its keys or bones.
    """
    there = {mesh.name: {key.name for key in mesh.keys} for mesh in facts.meshes}
    there |= {armature.name: {bone.name for bone in armature.bones} for armature in facts.armatures}
    wanted: dict[str, set[str]] = {}
    for shape in mapping.shapes:
        wanted.setdefault(shape.mesh, set()).add(shape.key)
    for each in (*mapping.controls, *mapping.joints, *mapping.surface):
        wanted.setdefault(each.armature, set()).add(each.bone)
    renamed = mapping.renamed(_partners(wanted, there))
    return replace(
        renamed,
        shapes=tuple(each for each in renamed.shapes if each.key in there.get(each.mesh, ())),
        controls=tuple(each for each in renamed.controls if each.bone in there.get(each.armature, ())),
        joints=tuple(each for each in renamed.joints if each.bone in there.get(each.armature, ())),
        surface=tuple(each for each in renamed.surface if each.bone in there.get(each.armature, ())),
    )


def _partners(wanted: dict[str, set[str]], there: dict[str, set[str]]) -> dict[str, str]:
    """Name in the mapping -> name in the character, each of these once."""
    partners = {name: name for name in wanted if name in there}

    def take(pairs: Iterable[tuple[str, str]]) -> None:
        for old, new in pairs:
            if old not in partners and new not in partners.values():
                partners[old] = new

    take((old, new) for old in wanted for new in there if without_copy(old) == without_copy(new))
    shared = {(old, new): len(wanted[old] & there[new]) for old in wanted for new in there}
    take(pair for pair in sorted(shared, key=lambda each: -shared[each]) if shared[pair] > 0)
    return partners


def grown(stored: Mapping, fresh: Mapping) -> Mapping | None:
    """Return a stored mapping with what the character has got since, as after shapes were made for it; None without.

    One that moves no face yet gives way to one that does, as after the file was chosen that says what keys mean.

    Args:
        stored: As the user may have edited it.
        fresh: Made of the character as it is now.
    """
    if not (stored.shapes or stored.controls or stored.surface):
        return fresh if fresh.shapes or fresh.controls or fresh.surface else None
    before = set(stored.signature)
    added = replace(
        fresh,
        shapes=tuple(each for each in fresh.shapes if each.key not in before),
        controls=tuple(each for each in fresh.controls if each.bone not in before),
        joints=tuple(each for each in fresh.joints if each.bone not in before),
        surface=tuple(each for each in fresh.surface if each.bone not in before),
    )
    if not (added.shapes or added.controls or added.joints or added.surface):
        return None
    return replace(
        stored,
        shapes=stored.shapes + added.shapes,
        controls=stored.controls + added.controls,
        joints=stored.joints + added.joints,
        surface=stored.surface + added.surface,
        signature=fresh.signature,
    )
