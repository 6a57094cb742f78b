"""Files and folders appear whole: made under a name that only this run has, beside their place, and then renamed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

Writer = Callable[[Path, Callable[[Path], object]], Path]
"""Lets a file be written at a place and returns it: `write_atomically`, or `Targets.write` for what users see."""

_HALF_MADE: Final = re.compile(r"\..*\.\d+-[0-9a-f]{8}\.partial(\.[^.]+)?")
_LONGEST_STEM: Final = 30
"""Characters of a file's name that the name of its half-made form repeats; file systems allow about 255 in all."""

_unfinished: set[Path] = set()


def write_atomically(path: Path, write: Callable[[Path], object], *, synced: bool = False) -> Path:
    """Let a file be written beside its place and renamed; return its path. What `write` raises goes on.

    Args:
        path: Where the file shall be, in a folder that exists; what is there before is replaced in one step.
        write: Writes the file to the path that it is given, which has the same ending.
        synced: Wait until the content is on the disk before the file is renamed, so that not even a power cut tears it.
    """
    with _half_made(path) as partial:
        write(partial)
        if synced:
            _sync(partial)
        partial.replace(path)
    return path


def write_folder_atomically(folder: Path, write: Callable[[Path], object]) -> Path:
    """Let a folder be written beside its place and moved there, replacing the one that is there before."""
    with _half_made(folder) as partial:
        write(partial)
        if folder.exists():
            with _half_made(folder) as old:  # renamed first: there is no moment with half of either
                folder.replace(old)
                try:
                    partial.replace(folder)
                except OSError:
                    old.replace(folder)
                    raise
        else:
            partial.replace(folder)
    return folder


def is_half_made(path: Path) -> bool:
    """Whether a file or folder has the name of one that a run has not finished."""
    return _HALF_MADE.fullmatch(path.name) is not None


def remove_half_made(target: Path) -> None:
    """Remove what ended runs have left half-made of a file or folder that nobody else writes now."""
    start = f".{target.stem[:_LONGEST_STEM]}."
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            if path.name.startswith(start) and is_half_made(path) and path not in _unfinished:
                _remove(path)


def abandon_half_made() -> None:
    """Remove what this process has not finished: it is about to end in the middle of its work."""
    for path in list(_unfinished):
        _remove(path)


@contextlib.contextmanager
def _half_made(path: Path) -> Iterator[Path]:
    """Give a name beside `path` that no other run uses; whatever is left there afterwards is removed."""
    stem = path.stem[:_LONGEST_STEM]
    partial = path.with_name(f".{stem}.{os.getpid()}-{secrets.token_hex(4)}.partial{path.suffix}")
    _unfinished.add(partial)
    try:
        yield partial
    finally:
        _remove(partial)
        _unfinished.discard(partial)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
