"""Files for the user that a stage has written, one by one: a changed option writes only the files that it concerns."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import Cache


class OutputRecord:
    """Record of the files of one stage with given inputs and code."""

    def __init__(self, cache: Cache, kind: str, key: str) -> None:
        """`key` stands for all that every file of the stage depends on."""
        self._cache = cache
        self._kind = f"{kind}-file"
        self._key = key

    def is_current(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> bool:
        """Whether these files, or what they are copies of, were written with the same settings and are unchanged."""
        return self._cache.recorded(self._kind, self._key_of(paths, depends_on), _numbered(paths)) is not None

    def record(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> None:
        """Take note of files that were just written."""
        with contextlib.suppress(OSError):  # No space for a note: they are written again next time.
            self._cache.record(self._kind, self._key_of(paths, depends_on), _numbered(paths), {})

    def _key_of(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> str:
        names = [path.name for path in paths]
        content = json.dumps([self._key, names, dict(depends_on)], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(content.encode("ascii")).hexdigest()[:32]


def _numbered(paths: Sequence[Path]) -> dict[str, Path]:
    return {str(number): path for number, path in enumerate(paths)}
