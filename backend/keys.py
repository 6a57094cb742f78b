"""Keys of stages: what an output depends on, as one hash."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

BACKEND: Final = Path(__file__).resolve().parent
SAMPLE: Final = 65536
"""Bytes at either end of a file that are hashed along with its size and time."""


def stage_key(
    kind: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Iterable[Path],
    sources: tuple[str, ...],
) -> str:
    """Return the key of a stage's output: 32 hexadecimal digits.

    Args:
        kind: Kind of stage.
        settings: Those of its settings that change the output.
        inputs: Name of an input -> key of the stage that gives it.
        files: Files from outside that it reads; each counts with path, size, time and both ends of its content.
        sources: Its code, see `code_version`.
    """
    content = {
        "kind": kind,
        "code": code_version(sources),
        "settings": dict(settings),
        "inputs": dict(inputs),
        "files": [fingerprint(path) for path in files],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def fingerprint(path: Path) -> list[Any]:
    """Return what tells a file from another one, or from itself after a change, without reading all of it."""
    try:
        path = path.resolve()
        status = path.stat()
        if not path.is_file():
            return [str(path), "not a file"]
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            digest.update(stream.read(SAMPLE))
            stream.seek(max(0, status.st_size - SAMPLE))
            digest.update(stream.read(SAMPLE))
    except (OSError, RuntimeError):  # The latter for a link to itself.
        return [str(path), "not readable"]
    return [str(path), status.st_size, status.st_mtime_ns, digest.hexdigest()]


@functools.cache
def code_version(sources: tuple[str, ...]) -> str:
    """Return a hash of the code of a stage and its tables: a changed program never meets its old results.

    Args:
        sources: Files and folders, relative to ``backend``. numpy's version counts too.
    """
    digest = hashlib.sha256(np.__version__.encode("ascii"))
    for source in sources:
        path = BACKEND / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.parent.name != "__pycache__":
                digest.update(file.relative_to(BACKEND).as_posix().encode("utf-8"))
                digest.update(file.read_bytes())
    return digest.hexdigest()
