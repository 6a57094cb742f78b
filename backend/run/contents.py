"""Hashes of the files that stages read; a file with the same size and time as before is not read again.

Keys of stages are made of these, so that a project which was moved or copied finds its finished work again, and a
frame that was retouched in place does not.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from ..contract.content import size_and_hash
from .cache import CONTENTS, Cache
from .keys import fingerprint

Known = dict[str, list[Any]]
"""Name of a file -> size, time of change (ns), hash of some parts of it, and hash of all of it."""


class Contents:
    """Hashes of files, remembered in the cache: an entry for each folder from which files were read."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._known: dict[Path, Known] = {}
        self._changed: set[Path] = set()

    def fingerprint(self, path: Path) -> list[Any]:
        """Return what tells a file from one with other content, wherever both lie: its size and a hash of all of it."""
        path = path.absolute()
        parts = size_and_hash(path)
        if parts is None:
            return fingerprint(path)
        known, size = self._of_folder(path.parent), parts[0]
        # Clocks of file systems are coarse: some of the content counts besides the time.
        stamp = [size, path.stat().st_mtime_ns, parts[1]]
        if known.get(path.name, [])[:3] != stamp:
            known[path.name] = [*stamp, fingerprint(path)[1]]
            self._changed.add(path.parent)
        return [size, known[path.name][3]]

    def save(self) -> None:
        """Remember what was read."""
        for folder in self._changed:
            with contextlib.suppress(OSError):  # No space: it is read again next time.
                self._cache.record(CONTENTS, _key(folder), {}, {"known": self._known[folder]})
        self._changed.clear()

    def _of_folder(self, folder: Path) -> Known:
        if folder not in self._known:
            recorded = self._cache.recorded(CONTENTS, _key(folder))
            known = recorded[1].get("known") if recorded is not None else None
            self._known[folder] = (
                {name: stamp for name, stamp in known.items() if _is_stamp(stamp)} if isinstance(known, dict) else {}
            )
        return self._known[folder]


def _is_stamp(stamp: Any) -> bool:
    return isinstance(stamp, list) and len(stamp) == 4 and isinstance(stamp[3], str)


def _key(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:32]
