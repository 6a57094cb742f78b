"""Result of one shot, written beside it by whoever tracked it elsewhere, until the manifest has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ..contract.atomic import write_atomically
from ..contract.checks import is_object, parse_json
from .manifest import entry_of
from .shot import Record

RESULT: Final = "shot.json"
_LARGEST: Final = 1 << 20


def write_result(record: Record, folder: Path) -> Path:
    """Write what became of a shot into its folder in that of the batch (OSError)."""
    text = json.dumps(entry_of(record, folder), indent=1)
    path = folder / record.name / RESULT
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda partial: partial.write_text(text, "ascii"))
    return path


def read_results(folder: Path, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the results that lie beside shots of these names; what cannot be read counts as absent."""
    for name in names:
        path = folder / name / RESULT
        try:
            data = parse_json(path.read_bytes(), is_object) if path.stat().st_size <= _LARGEST else None
        except OSError:
            continue
        if data is not None:
            yield data


def forget_results(folder: Path, names: Iterable[str]) -> None:
    """Remove the results of these shots, which the manifest has now."""
    for name in names:
        (folder / name / RESULT).unlink(missing_ok=True)
