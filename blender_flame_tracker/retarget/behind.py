"""Characters that have stayed behind: their track was tracked, corrected or placed anew since it was applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import bpy

from ..scene.record import read_record

_APPLIED: Final[dict[int, tuple[str, tuple[Any, ...]]]] = {}
"""`session_uid` of an object -> name of the import's collection that its character plays, and how that was then."""


def remember_import(objects: Iterable[bpy.types.Object], holder: bpy.types.ID) -> None:
    """Take note of how a track is imported that was just applied to a character.

    Args:
        objects: Of the character.
        holder: Collection of the import; anything else, as the scene for files of other programs, stays as it is.
    """
    for each in objects:
        _APPLIED.pop(each.session_uid, None)
        if isinstance(holder, bpy.types.Collection):
            _APPLIED[each.session_uid] = holder.name, _state_of(holder)


def is_behind(thing: bpy.types.Object) -> bool:
    """Whether the track was changed since it was applied to the character of an object. For drawing."""
    name, then = _APPLIED.get(thing.session_uid, ("", ()))
    collection = bpy.data.collections.get(name)
    return collection is not None and _state_of(collection) != then


def _state_of(collection: bpy.types.Collection) -> tuple[Any, ...]:
    """What says which file is imported, and when it plays."""
    record = read_record(collection)
    settings = record.settings
    placed = settings.start_at if record.start_at is None else record.start_at
    return record.stamp, placed, settings.first_frame, settings.last_frame, record.played, record.shown_at
