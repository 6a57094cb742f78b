"""Listeners of changed calibrations: who plays a performance, plays it anew at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import bpy

Listener = Callable[[Any, frozenset[str] | None], None]
"""(collection or scene whose calibration has changed, channels that may have changed or None for all)."""

on_calibration_changed: Final[list[Listener]] = []
"""Called within the change itself, so that what they write is the same step of undo. They have to be quick: under a
tenth of a second, as they are called while a slider is dragged."""

players: Final[list[Callable[[bpy.types.Scene], bool]]] = []
"""Each says whether a scene has something that plays performances. For drawing."""

_silent = 0


def tell(holder: Any, channels: frozenset[str] | None) -> None:
    """Tell everyone that a calibration has changed."""
    if not _silent:
        for listener in on_calibration_changed:
            listener(holder, channels)


def has_player(scene: bpy.types.Scene) -> bool:
    """Whether there is anything in a scene that follows calibrations."""
    return any(plays(scene) for plays in players)


def is_silent() -> bool:
    """Whether several properties are being set, of which is told when it is done."""
    return _silent > 0


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep quiet of the changes that are made meanwhile."""
    global _silent  # noqa: PLW0603 - one state of the session, as Blender calls us back from within itself
    _silent += 1
    try:
        yield
    finally:
        _silent -= 1
