"""Origin of an imported track, its file: absolute, and relative to the .blend, so that projects can be moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.file_access import is_file
from ..handlers import add_handlers, remove_handlers
from .parts import TRACK, origin_of
from .stored import stored
from .version_list import renew_versions, write_relative_paths

BESIDE: Final = "flame_track_relative"
"""Custom property of the collection: the track file as Blender writes relative paths (``//``)."""


def file_of(collection: bpy.types.Collection) -> Path | None:
    """Return the track file of an import, None where it came from no file. The disk is not touched."""
    origin = stored(collection, TRACK, str)
    return None if not origin or origin.startswith("clip:") else Path(origin)


def write_origin(collection: bpy.types.Collection, path: Path) -> None:
    """Let an import belong to this file from now on."""
    collection[TRACK] = origin_of(path, "")
    _write_relative(collection, bpy.data.filepath)


def renew_origins() -> None:
    """Follow track files that were moved together with the .blend."""
    for collection in _imports():
        renew_versions(collection)
        relative = stored(collection, BESIDE, str)
        if not relative or not bpy.data.filepath:
            continue
        moved = Path(bpy.path.abspath(relative))
        if str(moved) != collection[TRACK] and is_file(moved):
            collection[TRACK] = origin_of(moved, "")


def _imports() -> list[bpy.types.Collection]:
    """Collections of tracks that came from files; those linked from another .blend can't be changed."""
    return [each for each in bpy.data.collections if each.library is None and file_of(each) is not None]


def _write_relative(collection: bpy.types.Collection, blend: str) -> None:
    write_relative_paths(collection, blend)
    path = file_of(collection)
    if path is None or not blend or Path(blend).drive != path.drive:
        if BESIDE in collection:
            del collection[BESIDE]
        return
    collection[BESIDE] = bpy.path.relpath(str(path), start=str(Path(blend).parent))


@persistent
def _loaded(*_: Any) -> None:
    renew_origins()


@persistent
def _saving(blend: Any = "", *_: Any) -> None:
    """Write the paths as they are seen from the place to which the file is saved."""
    for collection in _imports():
        _write_relative(collection, blend if isinstance(blend, str) else bpy.data.filepath)


@persistent
def _saved(*_: Any) -> None:
    """Saving a copy elsewhere leaves the session where it was."""
    for collection in _imports():
        _write_relative(collection, bpy.data.filepath)


_HANDLERS: Final = (("load_post", _loaded), ("save_pre", _saving), ("save_post", _saved))

CLASSES: Final = ()


def register() -> None:
    """Follow the .blend when it is opened and saved."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Take the handlers back."""
    remove_handlers(_HANDLERS)
