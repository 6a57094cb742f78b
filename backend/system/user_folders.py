"""Folders on a user's computer in which the program keeps its own files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..contract.file_access import home


def user_cache() -> Path:
    """Return the folder in which this system keeps caches of a user's programs, with our name under it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")
    return base / "flame-head-tracker"
