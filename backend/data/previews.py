"""Pictures of the work while it goes on, for whoever watches a run.

<cache>/previews/<process>/<number>.png, the newest few of a run; those of earlier runs go when the next one begins.
PNG, whatever its size: the add-on reads it without Blender, which stops for a second when it closes a picture in a
scene of thousands of objects.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..contract.arrays import Picture
from ..contract.events import Emit
from ..system import cache_folder
from ..system.cache_folder import PREVIEWS
from ..system.pictures import write_picture

HEIGHT: Final = 360
"""Largest height of a preview in pixels."""

INTERVAL: Final = 0.5
"""Least seconds from one preview to the next."""

SHARE: Final = 0.03
"""Most of the time that previews may take; dear ones come less often ..."""

LONGEST: Final = 5.0
"""... but not less often than this, in seconds."""

KEPT: Final = 3
"""Pictures that stay: a reader may still be at the one before the last."""


class Previews:
    """Draws, writes and announces a picture when one is due; every other call costs next to nothing."""

    def __init__(self, folder: Path, emit: Emit, clock: Callable[[], float] = time.perf_counter) -> None:
        self._folder = folder
        self._emit = emit
        self._clock = clock
        self._due = float("-inf")
        self._name = ""
        self._number = 0

    def show(self, name: str, frame: int, draw: Callable[[], Picture | None]) -> None:
        """Show a picture of the work if it is time for one.

        Args:
            name: Of the stage.
            frame: Of the video that is drawn, counted from 0.
            draw: Returns the picture, at most `HEIGHT` high, or None where there is nothing to see.
        """
        started = self._clock()
        if started < self._due and name == self._name:
            return
        self._name = name
        picture = draw()
        path = self._folder / f"{self._number:06d}.png"
        try:
            if picture is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_picture(path, picture)
                (self._folder / f"{self._number - KEPT:06d}.png").unlink(missing_ok=True)
        except OSError:  # A full disk, or a reader that holds the old file: the work does not need the picture.
            picture = None
        now = self._clock()
        self._due = now + min(max(INTERVAL, (now - started) / SHARE), LONGEST)
        if picture is not None:
            self._number += 1
            self._emit({"event": "preview", "name": name, "frame": frame, "path": str(path)})


def preview_folder(cache: Path) -> Path:
    """Return the folder for the previews of this process, after removing those of earlier runs (OSError)."""
    at_work = cache_folder.running_processes(cache) - {os.getpid()}  # the engine of another Blender
    for old in cache_folder.owned_paths(cache, PREVIEWS):
        if cache_folder.process_number(old) not in at_work:
            cache_folder.remove(old)
    folder = cache / PREVIEWS / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    return folder
