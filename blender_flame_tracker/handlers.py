"""Handlers that Blender calls when something has happened, added and taken back by the modules that have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy


def add_handlers(handlers: Sequence[tuple[str, Callable[..., Any]]]) -> None:
    """Let Blender call functions.

    Args:
        handlers: Names in `bpy.app.handlers`, such as ``load_post``, and the function to call then.
    """
    for name, handler in handlers:
        getattr(bpy.app.handlers, name).append(handler)


def remove_handlers(handlers: Sequence[tuple[str, Callable[..., Any]]]) -> None:
    """Take back what `add_handlers` added, in reverse; a handler that is not there any more is passed over."""
    for name, handler in reversed(handlers):
        called = getattr(bpy.app.handlers, name)
        if handler in called:
            called.remove(handler)
