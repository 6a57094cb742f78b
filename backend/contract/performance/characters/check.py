"""Check of a character before anything is written onto it."""

from __future__ import annotations

from collections.abc import Iterator

from ..channels import CHANNELS
from .facts import CharacterFacts
from .mapping import Mapping
from .report import AMBER, GREEN, CharacterReport, Row


def check_character(facts: CharacterFacts, mapping: Mapping) -> CharacterReport:
    """Return what is there of the 52 channels, and what is in the way."""
    return CharacterReport(tuple(_shape_rows(facts, mapping)))


def _shape_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    missing = [channel for channel in CHANNELS if channel not in mapping.channels]
    if mapping.surface and not mapping.channels:
        yield Row(GREEN, "Surface", f"{len(mapping.surface)} controls follow the points of the face.")
    elif not mapping.channels:
        yield Row(AMBER, "Shapes", "No shape key of the face is known; only bones turn.", "Make ARKit shapes for it.")
    elif missing:
        there = len(CHANNELS) - len(missing)
        yield Row(AMBER, "Shapes", f"{there} of {len(CHANNELS)} channels; missing: {', '.join(missing)}.")
    else:
        yield Row(GREEN, "Shapes", f"All {len(CHANNELS)} channels.")
