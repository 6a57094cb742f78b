"""Ownership of a cache folder: a marker names the folder, and only names of our own form are ever removed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..contract.atomic import is_half_made
from ..contract.failure import Failure
from .locks import FileLock

MARKER: Final = "MADE_BY_FLAME_HEAD_TRACKER.txt"
MARKER_TEXT: Final = (
    "Finished and unfinished work of FLAME Head Tracker, kept so that nothing is computed twice.\n"
    "'python -m backend cache clear' empties this folder; no result is lost by that, only time.\n"
)

ENTRIES, WORK, LOGS, PREVIEWS, HEADS, COMPILED, RUNNING = (
    *("entries", "work", "logs", "previews", "heads", "numba", "running"),
)
"""Folders in a cache."""

_KEY: Final = "[0-9a-f]{32}"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(form)
    for name, form in {
        ENTRIES: rf"\.?[a-z]+(-file)?-{_KEY}(\.npz|\.json)?(\.\d+\.partial)?",
        WORK: rf"[a-z]+-{_KEY}(-\d+)?(\.lock)?",
        LOGS: r"engine-\d{8}-\d{6}-\d+\.log",
        PREVIEWS: r"\d+",
        HEADS: r"(arkit|builtin_head|landmarks)_[0-9a-f]+\.npz",
        COMPILED: r"\w+_[0-9a-f]{40}",
        RUNNING: r"\d+-[0-9a-f]{8}\.lock",
    }.items()
}
"""Folder -> the form of the names in it that we give."""

_INSIDE: Final[Mapping[str, re.Pattern[str]]] = {
    ENTRIES: re.compile(r"[a-z]+_\d+(\.npz|\.\d+\.partial)"),
    PREVIEWS: re.compile(r"\d{6}\.png"),
    COMPILED: re.compile(r".+\.py\d+\.(nbi|\d+\.nbc)(\.tmp\.\w+)?"),
}
"""The same for files in the folders in it; a folder of unfinished work is ours as a whole."""


class ForeignFolder(OSError):  # noqa: N818 - no fault of the program: the folder is somebody's
    """A folder was to be used as a cache that holds other things."""

    def __init__(self, root: Path) -> None:
        super().__init__(0, "it holds other things and was not made by this program", str(root))


def claim(root: Path, *, usual: bool) -> None:
    """Make the folder and mark it as ours.

    Args:
        root: The folder. One without a marker must be empty, or hold nothing but what earlier versions made.
        usual: Whether it is the one in the user's own cache folder, which is ours by its name.

    Raises:
        ForeignFolder: It holds other things.
        OSError: It cannot be made or written to.
    """
    root.mkdir(parents=True, exist_ok=True)
    if not is_claimed(root):
        if not (usual or _is_empty(root) or _is_of_earlier_version(root)):
            raise ForeignFolder(root)
        (root / MARKER).write_text(MARKER_TEXT, "ascii")


def is_claimed(root: Path) -> bool:
    """Whether a folder has the marker."""
    return (root / MARKER).is_file()


def unclaimed_problem(root: Path, *, usual: bool) -> Failure | None:
    """Return why a folder that is there cannot be looked at as a cache, or None."""
    try:
        if not root.is_dir() or usual or is_claimed(root) or _is_empty(root) or _is_of_earlier_version(root):
            return None
    except OSError as error:
        sentence = f"The cache folder {root} cannot be read: {error.strerror or error}."
        return Failure("cache-unusable", sentence, "Name one with --cache that you may read.")
    return Failure(
        "cache-not-ours",
        f"{root} holds other things and is not a cache of this program; nothing in it was touched.",
        "Name the folder that you gave with --cache before, or leave --cache out to use your own cache.",
    )


def owned_paths(root: Path, *folders: str) -> Iterator[Path]:
    """Yield what in some folders of a cache has a name of our form; links are never ours."""
    for name in folders:
        for path in _listed(root / name):
            if not path.is_symlink() and (_FORMS[name].fullmatch(path.name) or is_half_made(path)):
                yield path


def owned_files(root: Path, *folders: str) -> Iterator[Path]:
    """Yield the files of `owned_paths`, and those of our form in the folders of `owned_paths`."""
    for path in owned_paths(root, *folders):
        if not path.is_dir():
            yield path
        elif _is_owned_whole(path):
            yield from (each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        else:
            yield from _owned_inside(path)


def remove(path: Path) -> None:
    """Remove something of ours: a file, a folder of unfinished work, or of another folder what is ours in it."""
    with contextlib.suppress(OSError):
        if not path.is_dir():
            path.unlink(missing_ok=True)
        elif _is_owned_whole(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            for each in _owned_inside(path):
                each.unlink(missing_ok=True)
            path.rmdir()


def remove_work(path: Path) -> None:
    """Remove a folder of unfinished work, and its lock, unless an engine is at it."""
    name = path.name.removesuffix(".lock")
    lock = FileLock(path.with_name(f"{name}.lock"))
    with contextlib.suppress(OSError):
        if lock.acquire():
            remove(path.with_name(name))
            lock.release()


def running_processes(root: Path) -> set[int]:
    """Return the process numbers of engines that work with a cache, this one included."""
    processes: set[int] = set()
    for path in owned_paths(root, RUNNING):
        lock = FileLock(path)
        with contextlib.suppress(OSError):
            if lock.acquire():
                lock.release()  # its process ended without removing it
            else:
                processes.add(int(path.name.partition("-")[0]))
    return processes


def process_number(path: Path) -> int | None:
    """Return the number of the process that a log or a folder of previews belongs to."""
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else None


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 where another engine has just finished with it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def modified_time(path: Path) -> float:
    """Return when a file was changed, in seconds since 1970; 0 where it has just gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _is_owned_whole(folder: Path) -> bool:
    return folder.parent.name == WORK or is_half_made(folder)


def _owned_inside(folder: Path) -> list[Path]:
    inside = _INSIDE.get(folder.parent.name)
    if inside is None:
        return []
    return [path for path in _listed(folder) if inside.fullmatch(path.name) or is_half_made(path)]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_empty(root: Path) -> bool:
    return next(iter(os.scandir(root)), None) is None


def _is_of_earlier_version(root: Path) -> bool:
    """Whether a folder without a marker holds nothing but what versions before 0.2 made in a cache."""
    if not (root / ENTRIES).is_dir():
        return False
    owned = {path for name in _FORMS for path in owned_paths(root, name)}
    for folder in _listed(root):
        if folder.name not in _FORMS or folder.is_symlink() or not folder.is_dir():
            return False
        if folder.name not in (COMPILED, HEADS) and any(path not in owned for path in _listed(folder)):
            return False
    return True
