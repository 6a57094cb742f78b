"""Plan of a batch: a folder for each shot, and what earlier runs have made of it already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..contract.batch_files import MANIFEST, PAGE
from ..contract.file_access import exists, is_file, is_folder
from ..contract.footage import is_picture
from .keys import Keys, key_with_identity
from .manifest import earlier_people, earlier_results, is_result, record_of
from .people import PEOPLE, Person, begin, people_of, take_earlier
from .shot import DONE, FAILED, SKIPPED, WAITING, Record, Shot, folder_name
from .shot_file import read_identity_results, read_results

RESERVED: Final = frozenset({MANIFEST, PAGE, PEOPLE})
"""Names in the folder of a batch that are not those of shots, in small letters."""

_FRAME: Final = re.compile(r"[\W_]*[0-9]+$")
"""Number of a picture at the end of its name, and what is before it."""


@dataclass(frozen=True)
class Plan:
    """All that a batch does.

    Attributes:
        records: One for each shot, in their order.
        people: Who is named in two shots or more.
        left_out: How many shots of earlier runs are not among them.
    """

    records: tuple[Record, ...]
    people: tuple[Person, ...]
    left_out: int

    @property
    def waiting(self) -> list[Record]:
        """The shots that are still to be tracked."""
        return [record for record in self.records if record.state == WAITING]

    @property
    def surveys(self) -> tuple[Record, ...]:
        """What is to be done for people before their shots, see `people`."""
        return tuple(survey for person in self.people for survey in person.surveys.values())


def planned(shots: Sequence[Shot], folder: Path, keys: Keys, retry_failed: bool) -> Plan:
    """Return the plan of a batch.

    A shot that is done and whose key has not changed is skipped where its files are there. One that failed stays
    failed unless its key has changed or `retry_failed` says so. All others wait.
    """
    earlier = earlier_results(folder)
    for entry in read_results(folder, earlier):  # Of other computers: newer than the manifest, which has none of them.
        if is_result(entry) and entry["name"] in earlier:
            earlier[entry["name"]] = record_of(entry, earlier[entry["name"]].shot)
    moved = _moved(shots, earlier, folder, keys)
    records = []
    for name, shot in zip(_names(shots, earlier, moved), shots, strict=True):
        record = earlier.get(name) or Record(name, shot)
        record.shot, record.identity = shot, ""
        records.append(record)
    people = people_of(records)
    results = read_identity_results(folder, people)
    identities = {**earlier_people(folder), **results}
    for person in people:
        take_earlier(person, identities, records, folder, keys)
    for record in records:
        _decide(record, folder, keys, retry_failed)
    for person in people:
        found = results.get(person.file)
        if found is None or found.source:  # a task of a farm has looked for it, and may have found nothing
            begin(person)
    return Plan(tuple(records), tuple(people), len(set(earlier) - {record.name for record in records}))


def _decide(record: Record, folder: Path, keys: Keys, retry_failed: bool) -> None:
    """Let a shot wait, unless an earlier run has done with it."""
    same = record.key != "" and record.key == key_of(record, folder, keys)
    if same and record.state in (DONE, SKIPPED) and _is_there(record, folder):
        record.state = SKIPPED
    elif not (same and record.state == FAILED and not retry_failed):
        record.reset()


def key_of(record: Record, folder: Path, keys: Keys) -> str:
    """Return the key of a shot as it is now, with the identity that it is to have."""
    key = keys.key_of(record.shot)
    return key_with_identity(key, folder / record.identity) if record.identity else key


def _is_there(record: Record, folder: Path) -> bool:
    """Whether all files of a shot are there."""
    files = [file for face in record.faces for file in face.artefacts.values()]
    return bool(files) and all(is_file(folder / file) or is_folder(folder / file) for file in files)


def _moved(shots: Sequence[Shot], earlier: Mapping[str, Record], folder: Path, keys: Keys) -> dict[str, Path]:
    """Return which earlier shots were moved, or the batch was, since they were tracked: name -> their file now."""
    given = {shot.file for shot in shots}
    gone: dict[str, list[Record]] = {}
    for record in earlier.values():
        if record.shot.file not in given and not exists(record.shot.file):
            gone.setdefault(record.shot.file.name, []).append(record)
    former = {record.shot.file for record in earlier.values()}
    found: dict[str, Path] = {}
    for shot in shots:
        if shot.file in former:
            continue
        for record in gone.get(shot.file.name, ()):
            same = record.state == WAITING or record.key == key_of(replace(record, shot=shot), folder, keys)
            if same and record.name not in found:
                found[record.name] = shot.file
                break
    return found


def _names(shots: Sequence[Shot], earlier: Mapping[str, Record], moved: Mapping[str, Path]) -> list[str]:
    """Return a folder name per shot; whoever had one before keeps it."""
    former: dict[Path, list[str]] = {}
    for record in earlier.values():
        former.setdefault(record.shot.file, []).append(record.name)
    for name, file in moved.items():
        former.setdefault(file, []).append(name)
    taken = set(RESERVED) | {folder_name(shot.name).casefold() for shot in shots if shot.name}
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
