"""Checks that never raise whether a path exists: a folder without permission counts as empty.

The methods of `Path` raise an error there, which everybody who asks would have to expect.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether a file, or a link to one, can be seen there."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether a folder, or a link to one, can be seen there."""
    return os.path.isdir(path)  # noqa: PTH112


def exists(path: Path) -> bool:
    """Whether anything can be seen there."""
    return os.path.exists(path)  # noqa: PTH110


def access_problem(path: Path) -> str:
    """Return in the system's words why a file may not be read; empty where it may, and where there is none."""
    try:
        if stat.S_ISREG(path.stat().st_mode):  # others, such as pipes, may wait for ever
            path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


def home() -> Path:
    """Return the user's home folder; the root where there is none, as for users without a name in containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.sep)
