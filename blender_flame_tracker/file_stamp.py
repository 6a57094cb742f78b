"""Stamp of a file, made of what is in it: the same wherever the file lies and whenever it changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..backend.contract.content import size_and_hash

Stamp = tuple[int, int]
"""Size in bytes, and a number made of the content."""

_DIGITS: Final = 12
_LARGEST: Final = 16**_DIGITS
_MOST: Final = 512

_known: Final[dict[Path, tuple[tuple[int, int], Stamp]]] = {}
"""Path -> size and time of change when it was read, and its stamp: panels and nodes ask again and again."""


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file, None where there is none. It is read again only when its time of change differs."""
    now = changed(path)
    if now is None:
        return None
    known = _known.get(path)
    if known is not None and known[0] == now:
        return known[1]
    content = size_and_hash(path)
    if content is None:
        return None
    stamp = (content[0], int(content[1][:_DIGITS], 16))
    while len(_known) >= _MOST:
        _known.pop(next(iter(_known)), None)
    _known[path] = (now, stamp)
    return stamp


def changed(path: Path) -> tuple[int, int] | None:
    """Return size and time of change (ns) of a file, None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def is_of_time(stamp: Stamp) -> bool:
    """Whether a stamp was made by an earlier version, which took the time of change for the content."""
    return stamp[1] >= _LARGEST
