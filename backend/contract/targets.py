"""Protection of the user's files: nothing that the program did not write is replaced unless the user says so.

Asked twice, before the work starts and again when a file is written, as hours may lie between the two.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .atomic import write_atomically, write_folder_atomically
from .failure import Failure
from .marks import ENTRY, FOLDER_MARK, MARK, is_marked, mark_file, track_header

UNMARKED: Final = frozenset(
    {"report.json", "report.png", "sheet.png", "overlay.mp4", "texture.png", "texture_light.json"}
    | {"head.obj", "head.mtl", "overlay.png", "aligned.png", "rendered.png", "parsing.png", "photo.json", "photo.png"}
)
"""Files that versions before 0.2 wrote beside a track without a mark."""

UNMARKED_FOLDERS: Final = frozenset({"avatar", "frames", "meshes"})
"""The same for the folders of an export."""

_MOST_TRACKS: Final = 20
"""Tracks in a folder that are looked at to tell whether an earlier version wrote into it."""


class TargetRefused(OSError):  # noqa: N818 - no fault of the program: it keeps what is not its own
    """A file would have been replaced that the program did not write, or that is no place for a result."""

    def __init__(self, failure: Failure, path: Path) -> None:
        super().__init__(errno.EEXIST, failure.sentence.rstrip("."), str(path))
        self.failure = failure


@dataclass(frozen=True)
class Targets:
    """What a run may write.

    Attributes:
        overwrite: Whether the user said that files of others may be replaced.
        inputs: Files that the run reads. They are never replaced.
        recorded: Tells of a file without a mark whether it is as the program remembers having written it; None where
            it remembers nothing of it.
    """

    overwrite: bool = False
    inputs: tuple[Path, ...] = ()
    recorded: Callable[[Path], bool | None] = lambda _path: None
    _written: dict[Path, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    def problem(self, path: Path, *, folder: bool = False) -> Failure | None:
        """Return why a file, or a folder as a whole, may not be written at a place, or None."""
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            return _refused(path, f"cannot be checked: {getattr(error, 'strerror', None) or error}")
        kind = _special(status, folder=folder)
        if kind:
            return _refused(path, f"is {kind}, and results never replace one")
        if self._is_input(path) or (folder and self._holds_input(path)):
            return _refused(path, "is an input of this run and would be overwritten")
        if self.overwrite:
            return None
        if not folder and not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            return _refused(path, "already exists and is read-only", _REPLACE_ADVICE)
        if self._is_ours(path, status):
            return None
        return _refused(path, "already exists and was not written by this program", _REPLACE_ADVICE)

    def write(self, path: Path, write: Callable[[Path], object], *, synced: bool = False) -> Path:
        """Let a file be written whole and with the mark, see `write_atomically`; make its folder where needed.

        Raises:
            TargetRefused: It may not be replaced.
            OSError: It cannot be written.
        """
        self.require(path)
        path.parent.mkdir(parents=True, exist_ok=True)

        def write_marked(partial: Path) -> None:
            write(partial)
            mark_file(partial)
            self.require(path)  # the writing may have taken long

        write_atomically(path, write_marked, synced=synced)
        self._remember(path)
        return path

    def write_folder(self, folder: Path, write: Callable[[Path], object]) -> Path:
        """The same for a folder that is replaced as a whole."""
        self.require(folder, folder=True)
        folder.parent.mkdir(parents=True, exist_ok=True)

        def write_marked(partial: Path) -> None:
            write(partial)
            (partial / FOLDER_MARK).write_text(MARK + "\n", "ascii")
            self.require(folder, folder=True)

        return write_folder_atomically(folder, write_marked)

    def require(self, path: Path, *, folder: bool = False) -> None:
        """Raise `TargetRefused` where `problem` has something to say."""
        failure = self.problem(path, folder=folder)
        if failure is not None:
            raise TargetRefused(failure, path)

    def _is_input(self, path: Path) -> bool:
        """Whether a path is an input: by whatever name, links and capital letters included."""
        status = _status(path)
        return status is not None and (status.st_dev, status.st_ino) in self._input_files

    @functools.cached_property
    def _input_files(self) -> frozenset[tuple[int, int]]:
        """Device and number of every input; of a sequence there may be thousands."""
        statuses = (_status(path) for path in self.inputs)
        return frozenset((status.st_dev, status.st_ino) for status in statuses if status is not None)

    def _holds_input(self, folder: Path) -> bool:
        resolved = folder.resolve()
        return any(resolved in each.resolve().parents for each in self.inputs)

    def _is_ours(self, path: Path, status: os.stat_result) -> bool:
        if self._written.get(path) == _identity(status):
            return True
        ours = is_marked(path) or _is_empty_folder(path)
        if not ours:
            remembered = self.recorded(path)
            ours = _is_of_earlier_version(path) if remembered is None else remembered
        if ours:
            self._remember(path)
        return ours

    def _remember(self, path: Path) -> None:
        """Take note of a file of ours: what tells it from others, such as the track beside it, may change."""
        self._written[path] = _identity(path.lstat())


TAKEN: Final = "target-taken"
"""Code of the failure where the user may say that a file is replaced."""

_REPLACE_ADVICE: Final = "Choose another path, move it away, or allow it to be replaced (--overwrite)."
_MOVE_ADVICE: Final = "Choose another folder for the results."


def problems(targets: Targets, files: Iterable[Path], folders: Iterable[Path] = ()) -> list[Failure]:
    """Return what speaks against writing files and whole folders."""
    refusals = [targets.problem(path) for path in files] + [targets.problem(path, folder=True) for path in folders]
    return [failure for failure in refusals if failure is not None]


def _refused(path: Path, why: str, advice: str = _MOVE_ADVICE) -> Failure:
    code = TAKEN if advice is _REPLACE_ADVICE else "target-refused"
    return Failure(code, f"{path} {why}.", advice)


def _special(status: os.stat_result, *, folder: bool) -> str:
    """Name what a place is that cannot be a result, or return an empty text."""
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "" if folder else "a folder"
    if stat.S_ISREG(mode):
        return "a file" if folder else ""
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _is_of_earlier_version(path: Path) -> bool:
    """Whether a file or folder has a name that earlier versions gave, beside a track that such a version wrote."""
    if path.name in UNMARKED:
        track_folder = path.parent
    elif path.name in UNMARKED_FOLDERS and path.parent.name == "export":
        track_folder = path.parent.parent
    else:
        return False
    tracks = sorted(track_folder.glob("*.npz"))[:_MOST_TRACKS]
    headers = [header for header in map(track_header, tracks) if header is not None]
    return any(ENTRY not in header for header in headers)
