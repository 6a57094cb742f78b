"""Results of one shot, and of one identity, written beside them by whoever made them elsewhere.

They stay there until the manifest has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ..contract.atomic import write_atomically
from ..contract.checks import is_object, parse_json
from .manifest import entry_of, entry_of_person, found_identity
from .people import FoundIdentity, Person
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
        data = _read(folder / name / RESULT)
        if data is not None:
            yield data


def forget_results(folder: Path, names: Iterable[str]) -> None:
    """Remove the results of these shots, which the manifest has now."""
    for name in names:
        (folder / name / RESULT).unlink(missing_ok=True)


def write_identity_result(person: Person, folder: Path) -> Path:
    """Write what is known of somebody's identity beside it, also that there is none (OSError)."""
    text = json.dumps(entry_of_person(person), indent=1)
    path = _beside(person, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda partial: partial.write_text(text, "ascii"))
    return path


def read_identity_results(folder: Path, people: Iterable[Person]) -> dict[str, FoundIdentity]:
    """Return what lies beside the identities of these people, by their files; what cannot be read counts as absent."""
    found = {}
    for person in people:
        identity = found_identity(_read(_beside(person, folder)))
        if identity is not None:
            found[person.file] = identity
    return found


def forget_identity_results(folder: Path, people: Iterable[Person]) -> None:
    """Remove what lies beside the identities of these people, which the manifest has now."""
    for person in people:
        _beside(person, folder).unlink(missing_ok=True)


def _beside(person: Person, folder: Path) -> Path:
    return folder / f"{person.folder}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return parse_json(path.read_bytes(), is_object) if path.stat().st_size <= _LARGEST else None
    except OSError:
        return None
