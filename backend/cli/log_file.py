"""Check that a file may be the log: details are only ever added to a log, not to a video or somebody's notes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from ..contract.failure import Failure

SUFFIXES: Final = frozenset({"", ".log", ".txt", ".out", ".err"})
"""Of text files that are there already and may be added to."""

_START: Final = 4096


def log_problem(path: Path) -> Failure | None:
    """Return why nothing can be added to a file, or None."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size > 0 and not _is_log(path):
            return _refused(path, "already exists and is not a log")
        if stat.S_ISDIR(status.st_mode):
            return _refused(path, "is a folder")
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISCHR(status.st_mode)):
            return _refused(path, "is not a file")
    except (FileNotFoundError, NotADirectoryError):
        return None if path.parent.is_dir() else _refused(path, "is in a folder that does not exist")
    except (OSError, ValueError) as error:
        return _refused(path, f"cannot be used: {getattr(error, 'strerror', None) or error}")
    return None if os.access(path, os.W_OK) else _refused(path, "is read-only")


def _is_log(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(_START)
    text = start.decode("utf-8", errors="ignore")
    return path.suffix.lower() in SUFFIXES and "\0" not in text and len(text.encode()) >= len(start) - 3


def _refused(path: Path, why: str) -> Failure:
    return Failure("log-refused", f"The log {path} {why}.", "Give --log another file, or leave it out.")
