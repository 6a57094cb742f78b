"""Names of files as tracks and jobs hand them on: seen from their own folder, not through somebody's home folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Final

from .corrections.corrections import ENTRY
from .failure import Failure
from .file_access import home
from .job import Job, is_kind, parse_job, spec_of
from .options import Option, options_of, to_dict

_RELATIVE_TO: Final = "relative_to"
_THIS_FILE: Final = "this file"
"""Entry of a job whose relative paths count from its own folder; those of other jobs from where the engine starts."""


def portable_name(path: Path, folder: Path) -> str:
    """Return how a file is called, seen from a folder, with ``/`` on every system; its bare name where that is far.

    Far is another drive, a file with which the folder shares nothing but the root, and one that lies in a home folder
    in which the folder does not lie: its way would name a person.
    """
    return _relative(path, folder) or path.name


def near_name(path: Path, folder: Path) -> str:
    """Return how a file is called, seen from a folder; its whole path where that is far, see `portable_name`."""
    return _relative(path, folder) or str(path)


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
    result = {**header, "video": video, "settings": settings}
    corrections = header.get(ENTRY)
    if isinstance(corrections, Mapping) and corrections.get("matte"):
        # A track whose corrections are used again has to find the pictures.
        matte = {**corrections["matte"], "path": near_name(Path(corrections["matte"]["path"]), folder)}
        result[ENTRY] = {**corrections, "matte": matte}
    return result


def job_text(job: Job, folder: Path) -> str:
    """Return a job as JSON for a file in a folder: what is near is named from there, so that both can move together.

    What is far, see `portable_name`, keeps its whole path: a job has to find its files.
    """
    data = json.loads(job.to_json())
    for stage in data["stages"]:
        stage["settings"] = _renamed(
            stage["kind"], stage["settings"], lambda path: _relative(path, folder) if path.is_absolute() else None
        )
    data[_RELATIVE_TO] = _THIS_FILE
    return json.dumps(data, indent=2)


def read_job(text: str, folder: Path) -> Job | Failure:
    """Read and validate the text of a job in a folder; paths count from there where the job says so."""
    job = parse_job(text)
    if isinstance(job, Failure) or json.loads(text).get(_RELATIVE_TO) != _THIS_FILE:
        return job
    stages = []
    for stage in job.stages:
        values = _renamed(
            stage.kind,
            to_dict(stage.settings),
            lambda path: None if path.expanduser().is_absolute() else os.path.normpath(folder.absolute() / path),
        )
        stages.append(replace(stage, settings=type(stage.settings)(**values)))
    return replace(job, stages=tuple(stages))


def _portable_settings(kind: str, values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return _renamed(kind, values, lambda path: portable_name(path, folder) if path.is_absolute() else None)


def _renamed(kind: str, values: Mapping[str, Any], rename: Callable[[Path], str | None]) -> dict[str, Any]:
    """Return the settings of a stage with other names for files, where `rename` gives one."""
    if not is_kind(kind):
        return dict(values)
    paths = {option.name: option for option in options_of(spec_of(kind).settings) if option.kind == "path"}
    return {
        name: _names(paths[name], value, rename) if name in paths and isinstance(value, str) and value else value
        for name, value in values.items()
    }


def _names(option: Option, value: str, rename: Callable[[Path], str | None]) -> str:
    """Return another name for the file that a setting names, or for each of several."""
    return option.with_paths(value, lambda part: rename(Path(part)) or part)


def _relative(path: Path, folder: Path) -> str | None:
    """Return how a file is called, seen from a folder, or None where it is far."""
    try:
        file_folder, start = _real(path.parent), _real(folder)
        shared = Path(os.path.commonpath([file_folder, start]))
    except (ValueError, OSError):  # other drives
        return None
    home_folder = _real(home())
    if shared == Path(shared.anchor) or (
        shared in home_folder.parents and home_folder.parent in (file_folder, *file_folder.parents)
    ):
        return None
    return PurePath(os.path.relpath(file_folder / path.name, start)).as_posix()


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))
