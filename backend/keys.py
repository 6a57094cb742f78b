"""Keys of stages: what an output depends on, as one hash."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

BACKEND: Final = Path(__file__).resolve().parent


def stage_key(
    kind: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Iterable[Path],
    sources: tuple[str, ...],
    look: Callable[[Path], list[Any]] | None = None,
) -> str:
    """Return the key of a stage's output: 32 hexadecimal digits.

    Args:
        kind: Kind of stage.
        settings: Those of its settings that change the output.
        inputs: Name of an input -> key of the stage that gives it.
        files: Files from outside that it reads; each counts with its content, wherever it lies.
        sources: Its code, see `code_version`.
        look: Says what is in a file, as `fingerprint` does, which it takes the place of.
    """
    content = {
        "kind": kind,
        "code": code_version(sources),
        "settings": dict(settings),
        "inputs": dict(inputs),
        "files": [(look or fingerprint)(path) for path in files],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def fingerprint(path: Path) -> list[Any]:
    """Return what tells a file from one with other content, wherever both lie: its size and a hash of all of it."""
    try:
        if not path.is_file():
            return [path.name, "not a file"]
        with path.open("rb") as stream:
            return [path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()]
    except (OSError, RuntimeError):  # The latter for a link to itself.
        return [path.name, "not readable"]


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
