"""Following of a head that is sculpted: the imported head shows at once what was changed, stroke by stroke."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.failure import Failure
from ...backend.contract.supervision.process import Engine
from .. import redrawing
from ..handlers import add_handlers, remove_handlers
from ..polling import Poller
from ..scene.head.identity_change import EDITED, edited_head, show_change
from .editing import fill_sliders, model_hash, modes_of
from .modes import ModeSearch

INTERVAL: Final = 0.2
"""Seconds between two looks at the engine."""
SEARCH: Final = ModeSearch()


def ask_for_modes(engine: Engine, collection: bpy.types.Collection, track: Path, models: Path | None) -> Failure | None:
    """Have the engine tell the modes of a head, unless they are known; the sliders come when it has."""
    edited = edited_head(collection)
    if edited is None or modes_of(collection) is not None or not SEARCH.over:
        return None
    problem = SEARCH.start(engine, track, model_hash(edited), models)
    if problem is not None:
        return problem
    if bpy.app.background:  # no timer runs there
        while not SEARCH.over:
            SEARCH.supervisor.poll()
            time.sleep(0.02)
        _fill()
        return SEARCH.failure
    POLLER.start()
    return None


def _tick() -> float | None:
    redrawing.TRACKING.redraw_when(SEARCH.supervisor.poll())
    if not SEARCH.over:
        return INTERVAL
    _fill()
    redrawing.TRACKING.redraw()
    return INTERVAL if SEARCH.supervisor.busy or SEARCH.supervisor.ending else None


def _fill() -> None:
    for collection in bpy.data.collections:
        if collection.library is None and edited_head(collection) is not None:
            fill_sliders(collection)


POLLER: Final = Poller(_tick)


@persistent
def _changed(_scene: Any, depsgraph: Any = None) -> None:
    """Show a stroke on the imported head."""
    if depsgraph is None:
        return
    for update in depsgraph.updates:
        if not update.is_updated_geometry or not isinstance(update.id, bpy.types.Object):
            continue
        thing: Any = update.id.original
        for collection in thing.users_collection:
            if collection.get(EDITED) == thing:
                show_change(collection)


_HANDLERS: Final = (("depsgraph_update_post", _changed),)
CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Follow what is sculpted."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Follow nothing any more, and end what runs."""
    remove_handlers(_HANDLERS)
    POLLER.stop()
    SEARCH.supervisor.close(0.0)
