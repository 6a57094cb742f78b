"""Hashes of files: two files count as one where their bytes are equal, whatever their folder and date."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

PARTS: Final = 8
PART: Final = 16384
"""Bytes of each of the parts that are looked at, the first and the last ones of a file among them."""


def size_and_hash(path: Path) -> tuple[int, str] | None:
    """Return size in bytes and a hash of evenly spread parts of a file, of a small one of all; None where none is.

    Archives and films have tables at one of their ends that change with all that is in them.
    """
    try:
        if not path.is_file():
            return None
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size <= PARTS * PART:
                digest.update(stream.read())
            else:
                for part in range(PARTS):
                    stream.seek((size - PART) * part // (PARTS - 1))
                    digest.update(stream.read(PART))
    except (OSError, RuntimeError):  # The latter for a link to itself.
        return None
    return size, digest.hexdigest()
