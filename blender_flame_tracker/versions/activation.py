"""Versions of an import: one more is added, another one is shown, one is copied or left out of the list.

`add` and `activate` are for whatever makes a changed track: pins, a range that was tracked again.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.atomic import write_atomically
from ...backend.contract.failure import Failure
from ...backend.contract.file_access import exists
from ...backend.contract.marks import is_marked
from ...backend.contract.settings import SceneSettings
from ..paths import safe_name
from ..results.first_view import import_and_show
from ..scene.camera.motion import motion_of
from ..scene.importer import ImportResult
from ..scene.origin import file_of
from ..scene.parts import Parts, parts_of
from ..scene.record import read_record
from ..scene.version_list import free_label, list_of, note_version, version_of, versions_of
from . import comparison

_MOST_NAMES: Final = 1000


def add(collection: bpy.types.Collection, path: Path, label: str = "", made_from: Path | None = None) -> Any | None:
    """Add a track file to the versions of an import, choose it in the list, and return it.

    Args:
        collection: Of the import.
        path: Track file that was written.
        label: What people call it, as "Pinned"; one that is taken gets a number. Empty is made of the file's name.
        made_from: Track file that it was made from, None where it was not made from another.

    Returns:
        The version, None where the collection is linked from another file.
    """
    shown = file_of(collection)
    if shown is not None:
        note_version(collection, shown)  # Imports of earlier versions have no list yet.
    version = note_version(collection, path, label, made_from)
    _choose(collection, path)
    return version


def show_new(
    scene: bpy.types.Scene, collection: bpy.types.Collection, path: Path, label: str, made_from: Path | None = None
) -> ImportResult | Failure:
    """Add a track file to the versions of an import and show it; see `add`. A failure leaves the list as it was."""
    there = version_of(collection, path) is not None
    version = add(collection, path, label, made_from)
    made = activate(scene, collection, path)
    if isinstance(made, Failure) and version is not None and not there:
        remove(collection, version)
    return made


def activate(scene: bpy.types.Scene, collection: bpy.types.Collection, path: Path) -> ImportResult | Failure:
    """Let an import show one of its versions: its objects get the head, the motion and the lens of that track file.

    How it was imported stays, and what the user has added to it. A failure leaves the scene as it was.
    """
    shown = file_of(collection)
    if shown is not None:
        note_version(collection, shown)
    frame = scene.frame_current
    made = import_and_show(path, settings_of(collection), scene)
    if scene.frame_current != frame:
        scene.frame_set(frame)  # An import begins at its start; here the two are to be judged.
    if not isinstance(made, Failure):
        if not comparison.is_compared(made.parts.collection):
            _choose(made.parts.collection, path)
        elif shown is not None:
            _choose(made.parts.collection, shown)  # The two change sides.
        comparison.renew(scene, made.parts.collection)
    return made


def settings_of(collection: bpy.types.Collection) -> SceneSettings:
    """Return how an import would be brought up to date: as it was imported, who moves as it was switched since."""
    settings, parts = read_record(collection).settings, parts_of(collection)
    if not isinstance(parts, Parts) or parts.shares_camera:
        return settings
    return replace(settings, motion=motion_of(parts.camera))


def active_version(collection: bpy.types.Collection) -> Any | None:
    """Return the version that an import shows, None where it has no list yet."""
    shown = file_of(collection)
    return version_of(collection, shown) if shown is not None else None


def maker_of(collection: bpy.types.Collection, version: Any) -> str:
    """Return the name of what a version was made from, or of its file where it is not in the list; else nothing."""
    if not version.made_from:
        return ""
    found = version_of(collection, version.made_from)
    return found.name if found is not None else Path(version.made_from).name


def duplicate(collection: bpy.types.Collection, version: Any) -> Any | Failure:
    """Copy the file of a version beside it, add the copy to the list, and return it."""
    source, label = Path(version.file), free_label(collection, version.name)
    target = free_file(source, label)
    try:
        write_atomically(target, lambda partial: shutil.copyfile(source, partial))
    except OSError as error:
        return Failure(
            "version-not-copied",
            f"{source.name} cannot be copied: {error.strerror or error}.",
            "See that the file is there, and that there is room in its folder.",
        )
    return add(collection, target, label, source)


def remove(collection: bpy.types.Collection, version: Any, with_file: bool = False) -> Failure | None:
    """Take a version from the list, and its file from the disk where that is wanted and no other import has it.

    The active version cannot be removed: nothing would be left to show.
    """
    if version == active_version(collection):
        return Failure("version-active", f"{version.name} is what is shown.", "Activate another version first.")
    file = Path(version.file)
    if with_file:
        problem = _delete(file, collection)
        if problem is not None:
            return problem
    listed = list_of(collection)
    assert listed is not None
    listed.items.remove(next(index for index, each in enumerate(listed.items) if each == version))
    listed.row = min(listed.row, len(listed.items) - 1)
    return None


def free_file(beside: Path, label: str) -> Path:
    """Return a track file that does not exist yet, beside another one and named after a label."""
    name = safe_name(label).lower().replace(" ", "_")
    usual = beside.with_name(f"track_{name}.npz")
    names = (usual, *(usual.with_stem(f"{usual.stem}_{number}") for number in range(2, _MOST_NAMES)))
    return next((each for each in names if not exists(each)), usual)


def _delete(file: Path, collection: bpy.types.Collection) -> Failure | None:
    others = [each for each in bpy.data.collections if each != collection]
    if any(version_of(each, file) is not None or file_of(each) == file for each in others):
        return Failure(
            "version-shared", f"{file.name} is shown by another import, too.", "Remove the version without its file."
        )
    if exists(file) and not is_marked(file):
        return Failure("version-foreign", f"{file.name} was not written by this program.", "Delete it by hand.")
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        return Failure(
            "version-not-deleted",
            f"{file.name} cannot be deleted: {error.strerror or error}.",
            "Remove the version without its file.",
        )
    return None


def _choose(collection: bpy.types.Collection, path: Path) -> None:
    listed = list_of(collection)
    for index, each in enumerate(versions_of(collection)):
        if listed is not None and each.file == str(path):
            listed.row = index
