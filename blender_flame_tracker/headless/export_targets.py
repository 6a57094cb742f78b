"""Export of a track in a Blender that the engine started; run it through `command.py export`.

Standard output has the engine's events, each a line of JSON: ``progress`` at the start and when a file is written (its
name is that of the target), ``notice``, and ``done`` or ``error`` at the end.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ...backend.contract.events import encode, error_event, notice_event
from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ..exporters.of_track import export_each
from ..exporters.presets import PRESETS

ENDED: Final = 130


def export_targets(track: Path, folders: Mapping[str, Path], stem: str, settings: SceneSettings) -> int:
    """Write a file into a folder for each target and return the exit status.

    Args:
        track: Track file.
        folders: Name of a target -> folder.
        stem: Name of the files without their endings.
        settings: For the import.
    """
    unknown = [name for name in folders if name not in PRESETS]
    if unknown:
        return _failed(
            Failure("export-target", f"There is no target '{unknown[0]}'.", f"There are {', '.join(PRESETS)}.")
        )
    targets = {name: folder / f"{stem}{PRESETS[name].ending}" for name, folder in folders.items()}
    outputs: dict[str, str] = {}
    said = set()
    _say_progress("", 0, len(targets))  # A sign of life: from here on it is no stranger that fails.
    for name, written in export_each(track, targets, settings):
        if isinstance(written, Failure):
            return _failed(written, name)
        outputs[name] = str(written.path)
        for notice in written.notices:
            if notice not in said:
                _say(notice_event(notice, name))
            said.add(notice)
        _say_progress(name, len(outputs), len(targets))
    _say({"event": "done", "outputs": outputs})
    return 0


def end_with_input() -> None:
    """End this Blender when its standard input does: the program that started it is gone or wants no more."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(ENDED)

    threading.Thread(target=watch, daemon=True).start()


def _say_progress(name: str, done: int, total: int) -> None:
    _say({"event": "progress", "name": name, "done": done, "total": total, "seconds_left": None})


def _failed(failure: Failure, name: str = "") -> int:
    _say(error_event(failure, name))
    sys.stderr.write(f"{failure}\n")
    return 1


def _say(event: Mapping[str, Any]) -> None:
    # A line of its own also where an exporter has left one unfinished.
    sys.stdout.write(f"\n{encode(event)}\n")
    sys.stdout.flush()
