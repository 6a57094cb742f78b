"""Head and camera of a track as glTF, FBX, USD and Alembic: folders that a Blender of the user fills."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..contract.events import number_of, text_of
from ..contract.failure import Failure, Notice
from ..contract.performance.formats.assembled import Tell
from ..contract.performance.formats.take_names import part
from ..contract.settings import ExportSettings
from ..contract.targets import Targets
from .blender_program import OnEvent, find_blender, run_in_blender

Progress = Callable[[int, int], object]


class _Failed(Exception):  # noqa: N818 - carries a failure out of what makes folders, which then leaves none
    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def write_scenes(
    track: Path,
    clip: str,
    settings: ExportSettings,
    folders: Mapping[str, Path],
    targets: Targets,
    tell: Tell,
    progress: Progress = lambda _done, _total: None,
    check: Callable[[], object] = lambda: None,
) -> dict[str, Path] | Failure:
    """Start Blender once and let it write all `scene_formats`; either all folders appear or none.

    Args:
        track: Track file.
        clip: Name of the clip, after which the files are called.
        settings: Formats, motion, rig and Blender.
        folders: Where each format goes.
        targets: What may be replaced (TargetRefused, OSError).
        tell: Gets what a target does not carry.
        progress: Gets files written and files in all.
        check: Called all the time; Blender is ended when it raises.
    """
    blender = find_blender(settings.blender)
    if isinstance(blender, Failure):
        return blender
    wanted = ["--name", part(clip, "Clip"), "--motion", settings.motion, *(["--rig"] if settings.rig else [])]
    hear = _listener(tell, lambda done: progress(done, len(settings.scene_formats)))

    def fill(halves: Mapping[str, Path]) -> None:
        named = [word for name, folder in halves.items() for word in ("--target", name, str(folder))]
        arguments = ["export", str(track.absolute()), *named, *wanted, "--end-with-input"]
        failure = run_in_blender(blender, arguments, hear, check)
        if failure is not None:
            raise _Failed(failure)
        empty = next((name for name, folder in halves.items() if not _has_file(folder)), None)
        if empty is not None:
            raise _Failed(Failure("export-empty", f"Blender wrote nothing for {empty}.", "Try another version of it."))

    new = {parent for folder in folders.values() for parent in folder.parents if not parent.exists()}
    try:
        return _write_together(settings.scene_formats, folders, targets, fill)
    except _Failed as failed:
        return failed.failure
    finally:
        for parent in sorted(new, reverse=True):
            with contextlib.suppress(OSError):  # It holds what was written.
                parent.rmdir()


def _listener(tell: Tell, progress: Callable[[int], object]) -> OnEvent:
    """Return what hears Blender's events: hands on its notices, and how many files are written."""

    def hear(event: dict[str, Any]) -> None:
        if text_of(event, "event") == "notice":
            tell(Notice(text_of(event, "code"), text_of(event, "sentence"), text_of(event, "advice")))
        elif text_of(event, "event") == "progress":
            progress(int(number_of(event, "done") or 0))

    return hear


def _has_file(folder: Path) -> bool:
    return any(file.is_file() and file.stat().st_size for file in folder.iterdir())


def _write_together(
    names: Sequence[str], folders: Mapping[str, Path], targets: Targets, fill: Callable[[Mapping[str, Path]], object]
) -> dict[str, Path]:
    """Make a half-made folder for each name, fill all of them at once, and move them where they belong."""
    halves: dict[str, Path] = {}
    written: dict[str, Path] = {}

    def write(rest: Sequence[str]) -> None:
        if not rest:
            fill(halves)
            return

        def write_others(half: Path) -> None:
            half.mkdir(parents=True)
            halves[rest[0]] = half
            write(rest[1:])

        written[rest[0]] = targets.write_folder(folders[rest[0]], write_others)

    write(names)
    return {name: written[name] for name in names}
