"""Engine of this Blender: its environment, what works on it, and the timer that watches while something does."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Notice
from .. import redrawing
from ..engine.environment import EngineState, Environment
from ..engine.installer import Installer, Task
from ..engine.model_files import ModelList
from ..polling import Poller
from .sandbox import sandbox_notice_of

INTERVAL: Final = 0.1
"""Seconds between two looks at the processes."""

environment = Environment(Path())
installer = Installer(environment)
models = ModelList()
sandbox_notice: Notice | None = None
"""What to know about this kind of Blender; found out once."""

listeners: Final[list[Callable[[Task, EngineState], None]]] = []
"""Called in the timer when a task of the installer is over."""


def watch() -> None:
    """Read what the processes say from now on, until they are gone."""
    POLLER.start()


def close() -> None:
    """End what runs."""
    installer.close()
    models.supervisor.close(0.0)


def _tick() -> float | None:
    was_busy = installer.busy
    changed = installer.poll()
    changed = models.supervisor.poll() or changed
    if was_busy and not installer.busy:
        for listener in listeners:
            listener(installer.task, environment.state)
    redrawing.PREFERENCES.redraw_when(changed)
    return INTERVAL if installer.busy or models.busy else None


POLLER: Final = Poller(_tick)


CLASSES: Final[tuple[type[Any], ...]] = ()


def register() -> None:
    """Find out which Blender this is; end everything when it quits."""
    global sandbox_notice  # noqa: PLW0603 - it never changes
    sandbox_notice = sandbox_notice_of(bpy.app.binary_path, os.environ)
    atexit.register(close)


def unregister() -> None:
    """End everything now."""
    close()
    POLLER.stop()
    atexit.unregister(close)
