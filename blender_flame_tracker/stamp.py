"""How a file is told from a newer one of the same name."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds."""


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file, None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
