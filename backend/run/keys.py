"""Keys of stages: what an output depends on, as one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..system.source_code import code_version


def stage_key(
    kind: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Iterable[Path],
    module: str,
    fingerprint_of: Callable[[Path], list[Any]] | None = None,
) -> str:
    """Return the key of a stage's output: 32 hexadecimal digits.

    Args:
        kind: Kind of stage.
        settings: Those of its settings that change the output.
        inputs: Name of an input -> key of the stage that gives it.
        files: Files from outside that it reads; each counts with its content, wherever it lies.
        module: Dotted name of the module that holds its code, see `code_version`.
        fingerprint_of: Says what is in a file, as `fingerprint` does, which it takes the place of.
    """
    content = {
        "kind": kind,
        "code": code_version(module),
        "settings": dict(settings),
        "inputs": dict(inputs),
        "files": [(fingerprint_of or fingerprint)(path) for path in files],
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
