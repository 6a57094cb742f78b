"""Plan of a batch: a folder for each shot, and what earlier runs have made of it already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..contract.file_access import is_file, is_folder
from ..contract.footage import is_picture
from .keys import Keys
from .manifest import MANIFEST, earlier_results
from .page import PAGE
from .shot import DONE, FAILED, SKIPPED, WAITING, Record, Shot, folder_name

_FRAME: Final = re.compile(r"[\W_]*[0-9]+$")
"""Number of a picture at the end of its name, and what is before it."""


def planned(shots: Sequence[Shot], folder: Path, keys: Keys, retry_failed: bool) -> tuple[list[Record], int]:
    """Return a record for each shot, in their order, and how many shots of earlier runs are not among them.

    A shot that is done and whose key has not changed is skipped where its files are there. One that failed stays
    failed unless its key has changed or `retry_failed` says so. All others wait.
    """
    earlier = earlier_results(folder)
    records = []
    for name, shot in zip(_names(shots, earlier), shots, strict=True):
        record = earlier.get(name)
        if record is None or record.shot.file != shot.file:
            record = Record(name, shot)
        record.shot = shot
        same = record.key != "" and record.key == keys.key_of(shot)
        if same and record.state in (DONE, SKIPPED) and _is_there(record, folder):
            record.state = SKIPPED
        elif not (same and record.state == FAILED and not retry_failed):
            record.reset()
        records.append(record)
    return records, len(set(earlier) - {record.name for record in records})


def waiting(records: Sequence[Record]) -> list[Record]:
    """Return the shots that are still to be tracked."""
    return [record for record in records if record.state == WAITING]


def _is_there(record: Record, folder: Path) -> bool:
    """Whether all files of a shot are there."""
    files = [file for face in record.faces for file in face.artefacts.values()]
    return bool(files) and all(is_file(folder / file) or is_folder(folder / file) for file in files)


def _names(shots: Sequence[Shot], earlier: Mapping[str, Record]) -> list[str]:
    """Return a folder name per shot; whoever had one before keeps it."""
    former: dict[Path, list[str]] = {}
    for record in earlier.values():
        former.setdefault(record.shot.file, []).append(record.name)
    taken = {MANIFEST.casefold(), PAGE.casefold()} | {folder_name(shot.name).casefold() for shot in shots if shot.name}
    taken |= {record.name.casefold() for record in earlier.values()}
    names = []
    for shot in shots:
        before = former.get(shot.file, [])
        if shot.name:
            name = folder_name(shot.name)
        elif before:
            name = before.pop(0)
        else:
            name = _free(shot.input, taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _free(file: Path, taken: Collection[str]) -> str:
    """Return the name of a file, with its folder or a number where another shot has that name.

    A sequence has the name of its pictures without their number, or that of its folder where they have only numbers.
    """
    stem = (_FRAME.sub("", file.stem) or file.parent.name) if is_picture(file) else file.stem
    name = folder_name(stem)
    if name.casefold() in taken:
        name = folder_name(f"{file.parent.name}_{stem}")
    first, number = name, 2
    while name.casefold() in taken:
        name, number = f"{first}-{number}", number + 1
    return name
