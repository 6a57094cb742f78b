"""Names of files as a track hands them on: seen from its own folder, and never through somebody's home folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from .job import STAGES
from .options import SEPARATOR, options_of


def portable_name(path: Path, folder: Path) -> str:
    """Return how a file is called, seen from a folder, with ``/`` on every system; its bare name where that is far.

    Far is another drive, a file with which the folder shares nothing but the root, and one that lies in a home folder
    in which the folder does not lie: its way would name a person.
    """
    try:
        place, start = _real(path.parent), _real(folder)
        shared = Path(os.path.commonpath([place, start]))
    except (ValueError, OSError):  # other drives
        return path.name
    home = _real(Path.home())
    if shared == Path(shared.anchor) or (shared in home.parents and home.parent in (place, *place.parents)):
        return path.name
    return PurePath(os.path.relpath(place / path.name, start)).as_posix()


def stated_file(name: str, folder: Path | None) -> Path | None:
    """Return the file that a track in a folder speaks of; older tracks hold whole paths. None where nobody can tell."""
    if not name:
        return None
    path = Path(name)
    if path.is_absolute():
        return path
    return None if folder is None else Path(os.path.normpath(_real(folder) / path))


def portable_header(header: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the header of a track without whole paths: in what is said of the video, and in all settings.

    Args:
        header: As of `track.header_of`.
        folder: In which the track lies.
    """
    video = dict(header["video"])
    if video.get("path"):
        video["path"] = portable_name(Path(video["path"]), folder)
    settings = {kind: _portable_settings(kind, values, folder) for kind, values in header["settings"].items()}
    return {**header, "video": video, "settings": settings}


def _portable_settings(kind: str, values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    if kind not in STAGES:
        return dict(values)
    paths = {option.name for option in options_of(STAGES[kind].settings) if option.kind == "path"}
    return {name: _names(value, folder) if name in paths else value for name, value in values.items()}


def _names(value: Any, folder: Path) -> Any:
    """Return the value of a setting that names a file, or several."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(SEPARATOR)]
    if not all(Path(part).is_absolute() for part in parts):
        parts = [value]  # a name may hold the separator
    return SEPARATOR.join(portable_name(Path(part), folder) if Path(part).is_absolute() else part for part in parts)


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))
