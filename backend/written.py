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


class Written:
    """Remembers the files of one stage with given inputs and code."""

    def __init__(self, cache: Cache, kind: str, key: str) -> None:
        """`key` stands for all that every file of the stage depends on."""
        self._cache = cache
        self._kind = f"{kind}-file"
        self._key = key

    def there(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> bool:
        """Whether the files were written with the same settings and have not changed since."""
        return self._cache.recorded(self._kind, self._key_of(paths, depends_on)) is not None

    def remember(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> None:
        """Take note of files that were just written."""
        with contextlib.suppress(OSError):  # No space for a note: they are written again next time.
            files = {str(number): path for number, path in enumerate(paths)}
            self._cache.record(self._kind, self._key_of(paths, depends_on), files, {})

    def _key_of(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> str:
        places = [str(path) for path in paths]
        content = json.dumps([self._key, places, dict(depends_on)], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(content.encode("ascii")).hexdigest()[:32]
