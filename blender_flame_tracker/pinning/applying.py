"""Bringing of corrections into an import: as a version of its track that is shown, in line with them after an undo."""

from __future__ import annotations

import sys
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.corrections.corrections import Corrections
from ...backend.contract.failure import Failure
from ...backend.contract.track import Track
from ..handlers import add_handlers, remove_handlers
from ..results import selection
from ..scene.corrections import read_corrections, write_corrections
from ..scene.importer import ImportResult
from ..scene.origin import file_of
from ..scene.parts import is_import
from ..scene.version_list import version_of
from ..versions import activation
from .files import Sources, pinned_in, sources_of, was_written_here, write_corrections_file, write_pinned

LABEL: Final = "Pinned"
"""What the version with the pins is called."""


def apply_corrections(
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
    corrections: Corrections,
    corrected: Track | None = None,
) -> ImportResult | Failure:
    """Let an import show its track with corrections. What the user added to the import stays.

    Args:
        scene: That has the import.
        collection: Of the import.
        corrections: All of them; they take the place of those before.
        corrected: The track with them, where it has been computed already.
    """
    shown = file_of(collection)
    sources = _NO_FILE if shown is None else sources_of(shown)
    if isinstance(sources, Failure):
        return sources
    frame = scene.frame_current
    if corrections.pinned or pinned_in(sources.uncorrected):
        made = _show_pinned(scene, collection, corrections, sources, corrected)
    else:
        made = _show_uncorrected(scene, collection, corrections, sources)
    if scene.frame_current != frame:
        scene.frame_set(frame)  # Showing another version begins at the start.
    if not isinstance(made, Failure):
        write_corrections(collection, corrections)
        selection.WATCH.learn(file_of(collection) or sources.uncorrected)
    return made


_NO_FILE: Final = Failure("no-track-file", "It came from no track file.", "Import it from a track file.")


def _show_pinned(
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
    corrections: Corrections,
    sources: Sources,
    corrected: Track | None,
) -> ImportResult | Failure:
    was_shown = file_of(collection) == sources.pinned
    problem = write_pinned(sources, corrections, corrected)
    made = problem or activation.show_new(scene, collection, sources.pinned, LABEL, sources.uncorrected)
    if isinstance(made, Failure) and problem is None and was_shown:
        # What is in the scene was made of the earlier ones.
        write_pinned(sources, read_corrections(collection))
    return made


def _show_uncorrected(
    scene: bpy.types.Scene, collection: bpy.types.Collection, corrections: Corrections, sources: Sources
) -> ImportResult | Failure:
    made = write_corrections_file(sources.uncorrected, corrections) or activation.activate(
        scene, collection, sources.uncorrected
    )
    version = version_of(collection, sources.pinned)
    if not isinstance(made, Failure) and version is not None and sources.pinned != sources.uncorrected:
        activation.remove(collection, version, with_file=was_written_here(sources.pinned))
    return made


def renew_files() -> list[Failure]:
    """Make the track files that this session wrote what the corrections in the .blend say; return what failed."""
    failures = []
    for collection in bpy.data.collections:
        shown = file_of(collection) if is_import(collection) and collection.library is None else None
        if shown is None or not was_written_here(shown):
            continue
        if pinned_in(shown) == read_corrections(collection).pinned:
            continue
        sources = sources_of(shown)
        problem = sources if isinstance(sources, Failure) else write_pinned(sources, read_corrections(collection))
        failures.extend([] if problem is None else [problem])
    return failures


@persistent
def _undone(*_: Any) -> None:
    """Undo brings back the import as it was; the file that it was made of follows."""
    for failure in renew_files():
        print(failure, file=sys.stderr)


_HANDLERS: Final = (("undo_post", _undone), ("redo_post", _undone))

CLASSES: Final = ()


def register() -> None:
    """Follow undo and redo."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Take the handlers back."""
    remove_handlers(_HANDLERS)
