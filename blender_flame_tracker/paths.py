"""Paths as Blender writes them, the folder of a shot, our folder at the user's, and what is writable.

Blender marks a path that is relative to the saved .blend with ``//``; such paths go on working when a project folder is
moved to another machine, so they are kept as they are and resolved only when something is read or started.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

import bpy

from ..backend.contract.failure import Failure
from ..backend.contract.file_access import exists, is_folder
from ..backend.contract.footage import is_picture

ROOT_PACKAGE: Final = __name__.rsplit(".", 2)[0]
"""Name under which Blender knows the add-on, e.g. ``bl_ext.user_default.blender_flame_tracker``."""

RUNS_KEPT: Final = 20
"""Folders of earlier runs, with their logs, that are kept."""

_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)
_NUMBER_OF_FRAME: Final = re.compile(r"[._ -]*(\d+|#+)$")
_LONGEST_NAME: Final = 80
_RUN: Final = re.compile(r"\d{8}-\d{6}-\d{6} ")
_PART_OF_SHOT: Final = re.compile(r"face\d+|face_at_\d+_\d+(_frame_\d+)?|\d+-(\d+|end)")
"""Folders of a person or a range in the folder of a shot."""


def absolute(path: str, library: bpy.types.Library | None = None) -> Path:
    """Return a path that a user chose in Blender (not empty) as an absolute one: ``//`` and ``~`` resolved.

    Args:
        path: As Blender writes it.
        library: That of the datablock which names it: ``//`` is the folder of that file.
    """
    found = Path(bpy.path.abspath(path, library=library))
    with contextlib.suppress(RuntimeError):  # There is no such user.
        found = found.expanduser()
    return Path(os.path.normpath(found.absolute()))


def relative(path: Path) -> str:
    """Return a path as it is best saved: relative to the .blend where that is saved on the same drive."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # Another drive.
        return str(path)


def safe_name(name: str) -> str:
    """Return a name that every system takes for a file: Windows forbids more than others."""
    cleaned = _FORBIDDEN.sub("_", name)[:_LONGEST_NAME].strip().rstrip(". ")
    return f"_{cleaned}" if _RESERVED.match(cleaned) or not cleaned else cleaned


def clip_name(video: Path) -> str:
    """Return what people call a clip: the name of its file, without the frame number of an image sequence."""
    if not is_picture(video):
        return video.stem
    return _NUMBER_OF_FRAME.sub("", video.stem) or video.parent.name or video.stem


def shot_folder(video: Path) -> Path:
    """Return the folder for all that is made of a clip: beside the saved .blend, else beside the clip."""
    base = Path(bpy.data.filepath).parent if bpy.data.filepath else video.parent
    return base / f"{safe_name(clip_name(video))}_flame"


def take_name(track: Path, clip: str = "") -> str:
    """Return what people call what a track file holds: the clip, and which person, range or version of it.

    Args:
        track: The file.
        clip: Name of the clip; else that of the folder is taken.
    """
    said, folder = [], track.parent
    while _PART_OF_SHOT.fullmatch(folder.name):
        said.insert(0, re.sub(r"^face(?=\d)", "face ", folder.name).replace("_", " "))
        folder = folder.parent
    version = track.stem.removeprefix("track_").replace("_", " ") if track.stem.startswith("track_") else ""
    if version and version not in said:
        said.append(version.removeprefix(f"{said[-1]} ") if said else version)
    return " ".join([clip or folder.name.removesuffix("_flame"), *said])


def user_folder(name: str) -> Path:
    """Return a folder of ours in the user's Blender settings; it is not created."""
    if ROOT_PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path=name))
    return Path(bpy.utils.user_resource("CONFIG")) / "flame_head_tracker" / name


def folder_problem(folder: Path) -> Failure | None:
    """Return why nothing can be written to a folder, which need not be there yet, or None. Leaves nothing behind."""
    there = folder
    while not is_folder(there):
        if exists(there) or there.is_symlink():
            return _not_writable(folder, f"{there.name} is a file")
        if there.parent == there:
            return _not_writable(folder, "its drive is not there")
        there = there.parent
    # Asking for permissions lies on network drives and on Windows: only writing tells.
    try:
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return _not_writable(folder, error.strerror or str(error))


def _not_writable(folder: Path, why: str) -> Failure:
    return Failure(
        "folder-not-writable",
        f"Nothing can be written to {folder}: {why[:1].lower()}{why[1:]}.",
        "Choose another folder for the results.",
    )


def new_run_folder(owner: str) -> Path:
    """Return a new folder for the job and the log of a run; only the latest of the earlier ones stay."""
    runs = user_folder("runs")
    runs.mkdir(parents=True, exist_ok=True)
    ours = (entry for entry in runs.iterdir() if _RUN.match(entry.name) and entry.is_dir())
    earlier = sorted(ours, key=lambda entry: entry.name)
    for folder in earlier[: max(0, len(earlier) - RUNS_KEPT + 1)]:
        shutil.rmtree(folder, ignore_errors=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    folder = runs / f"{stamp} {safe_name(owner[:40])}"
    folder.mkdir()
    return folder
