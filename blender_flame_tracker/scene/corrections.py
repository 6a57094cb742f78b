"""Corrections by hand of an import, kept on its collection: saved with the .blend, and taken back by undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy

from ...backend.contract.corrections.corrections import ENTRY, Corrections, corrections_of, parse_corrections
from ...backend.contract.failure import Failure
from .stored import stored

STORED: Final = "flame_corrections"
"""Custom property of the collection: JSON of `Corrections`."""


def read_corrections(collection: bpy.types.Collection | None) -> Corrections:
    """Return what was put right by hand in an import; nothing where that is missing or cannot be read."""
    text = stored(collection, STORED, str) or ""
    found = _PARSED.get(text)
    if found is None:
        parsed = parse_corrections(text) if text else Corrections()
        if len(_PARSED) > 64:
            _PARSED.clear()
        found = _PARSED[text] = Corrections() if isinstance(parsed, Failure) else parsed
    return found


_PARSED: Final[dict[str, Corrections]] = {}
"""Text -> corrections: panels ask on every redraw."""


def write_corrections(collection: bpy.types.Collection, corrections: Corrections) -> None:
    """Keep corrections with an import."""
    if corrections != Corrections():
        collection[STORED] = corrections.to_json()
    elif STORED in collection:
        del collection[STORED]


def corrections_in(header: Mapping[str, Any]) -> Corrections | None:
    """Return what a track was corrected with by its header, None where it was not or that cannot be read."""
    found = corrections_of(header[ENTRY]) if ENTRY in header else None
    return None if isinstance(found, Failure) else found


def follow_track(collection: bpy.types.Collection, header: Mapping[str, Any]) -> None:
    """Let an import have the corrections of the track that was brought in.

    A track that was made without any leaves those of the import: they are the user's, to be put onto it.
    """
    found = corrections_in(header)
    if found is not None:
        write_corrections(collection, found)
