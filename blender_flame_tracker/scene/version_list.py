"""List of the versions of an import: the track files that it can show, each with a name and what it was made from.

Kept on the import's collection as properties of Blender's, so that the list is saved, undone and appended with it. The
active version is the one whose file the collection's origin names. What the properties are stands in
`versions.properties`; without the add-on there is no list.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.file_access import is_file
from .. import paths

PROPERTY: Final = "flame_versions"
"""Property of collections that has the list."""
WHOLE: Final = "Whole Clip"
_FRAMES: Final = re.compile(r"(\d+)-(\d+|end)")
_NUMBER: Final = re.compile(r" \d+$")
_MOST_NAMES: Final = 1000


def versions_of(collection: bpy.types.Collection) -> tuple[Any, ...]:
    """Return the versions of an import in their order; none where no list is kept."""
    listed = list_of(collection)
    return () if listed is None else tuple(listed.items)


def list_of(collection: bpy.types.Collection) -> Any | None:
    """Return the list itself, None where the add-on's properties are not registered."""
    return getattr(collection, PROPERTY, None)


def version_of(collection: bpy.types.Collection, file: Path | str) -> Any | None:
    """Return the version that a track file is, or None."""
    return next((each for each in versions_of(collection) if each.file == str(file)), None)


def chosen_version(collection: bpy.types.Collection) -> Any | None:
    """Return the version that is chosen in the list, None where none is."""
    listed = list_of(collection)
    return listed.items[listed.row] if listed is not None and 0 <= listed.row < len(listed.items) else None


def note_version(collection: bpy.types.Collection, file: Path, label: str = "", made_from: Path | None = None) -> Any:
    """Let a track file be a version of an import, and return it; one that is there stays as it is.

    Args:
        collection: Of the import.
        file: Track file, absolute.
        label: What people call it, made unlike those of the others; empty is made of the file's name.
        made_from: Track file that it was made from.

    Returns:
        The version, None where no list is kept.
    """
    listed = list_of(collection)
    if listed is None or collection.library is not None:
        return None
    there = version_of(collection, file)
    if there is not None:
        return there
    version = listed.items.add()
    version.name = free_label(collection, label or label_of(file))
    version.file = str(file)
    version.made_from = "" if made_from is None else str(made_from)
    _write_relative(version, bpy.data.filepath)
    return version


def move_version(collection: bpy.types.Collection, file: Path | None, to: Path) -> None:
    """Let a version be the file that lies elsewhere now, and those that were made from it know."""
    if file is None or version_of(collection, to) is not None:
        return
    for version in versions_of(collection):
        version.file = str(to) if version.file == str(file) else version.file
        version.made_from = str(to) if version.made_from == str(file) else version.made_from
        _write_relative(version, bpy.data.filepath)


def free_label(collection: bpy.types.Collection, label: str) -> str:
    """Return a label that no version has yet: with a number behind it where it is taken."""
    taken = {each.name for each in versions_of(collection)}
    base = _NUMBER.sub("", label) or label
    names = (label, *(f"{base} {number}" for number in range(2, _MOST_NAMES)))
    return next((each for each in names if each not in taken), label)


def label_of(file: Path) -> str:
    """Return what a track file is called where nobody has named it: its range or version, else the whole clip."""
    words = paths.take_name(file, "clip").removeprefix("clip").strip()
    frames = _FRAMES.fullmatch(words)
    return f"Frames {words}" if frames is not None else (words[:1].upper() + words[1:]) or WHOLE


def renew_versions(collection: bpy.types.Collection) -> None:
    """Follow track files that were moved together with the .blend."""
    if not bpy.data.filepath:
        return
    for version in versions_of(collection):
        version.file = _renewed(version.file, version.beside)
        version.made_from = _renewed(version.made_from, version.made_from_beside)


def write_relative_paths(collection: bpy.types.Collection, blend: str) -> None:
    """Write the files as they are to be found from a .blend."""
    for version in versions_of(collection):
        _write_relative(version, blend)


def _renewed(file: str, beside: str) -> str:
    if not beside:
        return file
    moved = paths.absolute(beside)
    return str(moved) if str(moved) != file and is_file(moved) else file


def _write_relative(version: Any, blend: str) -> None:
    version.beside = _relative(version.file, blend)
    version.made_from_beside = _relative(version.made_from, blend)


def _relative(file: str, blend: str) -> str:
    if not file or not blend or Path(blend).drive != Path(file).drive:
        return ""
    return bpy.path.relpath(file, start=str(Path(blend).parent))
