"""Check of a character before anything is written onto it: what is there, what is missing, what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..channels import CHANNELS
from .check_motion import motion_rows
from .check_state import state_rows
from .doubling import CHANNELS_OF
from .facts import CharacterFacts
from .mapping import Mapping
from .recognition import CONVENTIONS
from .report import AMBER, GREEN, CharacterReport, Row, named
from .vrm import PRESETS, left_out

SELDOM_MISSED: Final = frozenset({"tongueOut"})
"""Channels without which a character counts as whole: cameras hardly ever tell them."""
_UNNAMED: Final = "target_"
"""Start of the names that Blender's glTF importer gives keys without one."""


def check_character(facts: CharacterFacts, mapping: Mapping) -> CharacterReport:
    """Return all findings on a character.

    Args:
        facts: As it stands now.
        mapping: By which it would be driven.
    """
    rows = [*_shape_rows(facts, mapping), *_mesh_rows(facts, mapping), *motion_rows(facts, mapping)]
    return CharacterReport((*rows, *state_rows(facts, mapping)))


def driven_channels(mapping: Mapping) -> frozenset[str]:
    """Return the channels that something in use follows, bones of jaw and eyes included."""
    by_bones = {channel for each in mapping.joints if each.use for channel in CHANNELS_OF.get(each.joint, ())}
    return mapping.channels | by_bones


def _shape_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    driven = driven_channels(mapping)
    missing = [channel for channel in CHANNELS if channel not in driven]
    if mapping.surface and not mapping.channels:
        points = sum(each.use for each in mapping.surface)
        yield Row(GREEN, "Face", f"{mapping.kind}: {points} controls follow points of the tracked face.")
    elif not mapping.channels:
        yield Row(AMBER, "Face", "No shape key of the face is known: only bones turn.", _advice(facts))
    else:
        there = f"{len(CHANNELS) - len(missing)} of {len(CHANNELS)} channels move it"
        is_whole = set(missing) <= SELDOM_MISSED
        lacking = f", without {named(missing, 6)}" if missing else ""
        advice = "" if is_whole else "The rest stays still: map keys of it by hand, or leave it so."
        yield Row(GREEN if is_whole else AMBER, "Face", f"{mapping.kind}: {there}{lacking}.", advice)
    approximate = {PRESETS, *(f"{each.name} shapes" for each in CONVENTIONS if each.is_approximate)}
    if approximate & set(mapping.kind.split(" and ")):
        yield Row(
            AMBER,
            "Precision",
            "Its shapes are whole mouths and moods, which several channels drive together: this is approximate.",
            "Set the factors in the table by eye; shapes of ARKit follow a face more closely.",
        )
    if facts.vrm is not None and (moods := left_out(facts.vrm.expressions)):
        yield Row(
            AMBER,
            "Moods",
            f"{named(moods)} would switch blink, gaze or mouth off, and {'is' if len(moods) == 1 else 'are'} not used.",
            "Set their overrides to None in the VRM's expressions to have them follow the face.",
        )


def _advice(facts: CharacterFacts) -> str:
    if any(key.name.startswith(_UNNAMED) for mesh in facts.meshes for key in mesh.keys):
        return "If it comes from a .vrm file, choose that file: it says what its numbered shape keys mean."
    if any(mesh.keys for mesh in facts.meshes):
        return "Map its shape keys by hand in the table."
    return "Make ARKit shapes for its face, or map controls by hand in the table."


def _mesh_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    driven: dict[str, int] = {}
    for shape in mapping.shapes:
        driven[shape.mesh] = driven.get(shape.mesh, 0) + shape.use
    moving = [f"{name} ({count} keys)" for name, count in driven.items() if count]
    others = [mesh.name for mesh in facts.meshes if not driven.get(mesh.name)]
    if moving:
        still = f" {named(others)} only {'goes' if len(others) == 1 else 'go'} with bones." if others else ""
        yield Row(GREEN, "Meshes", f"{named(moving, 6)}.{still}")
