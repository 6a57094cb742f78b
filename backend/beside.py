"""Files of the user are written beside their place and renamed: a whole one is there, or the old one, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path


def written_beside(path: Path, write: Callable[[Path], object]) -> Path:
    """Let a file be written beside its place and renamed; return its path. What `write` raises goes on."""
    beside = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return path
