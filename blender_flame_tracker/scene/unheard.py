"""Frames that are only looked at: no handler, of this or another add-on, takes them for the user's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


@contextmanager
def nobody_listening() -> Iterator[None]:
    """Keep handlers, which other add-ons have as well, from poses that are only tried."""
    handlers: Any = bpy.app.handlers
    lists = (
        handlers.depsgraph_update_pre,
        handlers.depsgraph_update_post,
        handlers.frame_change_pre,
        handlers.frame_change_post,
    )
    waiting = [list(each) for each in lists]
    for each in lists:
        each.clear()
    try:
        yield
    finally:
        for each, functions in zip(lists, waiting, strict=True):
            each.extend(functions)
