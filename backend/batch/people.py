"""People who are named: all shots of one person get one identity, found before the shots themselves are tracked.

First every shot of the person is fitted by itself, without anything being drawn: a survey. Then one identity is solved
from all of them together, see `joint_identity`; where that cannot be done it is the mean of the surveys', see
`shared_identity`. Landmarks and masks are found once: what comes later takes them from the cache. An identity stays for
shots that are added later, so that finished ones need not be tracked again; it is found anew when a shot from which it
was found has changed or shows somebody else, or its file is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..contract.failure import Notice
from ..contract.file_access import is_file
from .keys import Keys
from .shot import FAILED, Record, folder_name

PEOPLE: Final = "people"
"""Folder of identities in that of the batch."""

TOGETHER: Final = "-together"
"""Ends the name of the folder in which an identity is solved."""


@dataclass
class Person:
    """Somebody who is named in two shots or more.

    Attributes:
        name: As it was written first.
        records: The person's shots.
        file: Of the identity, in the folder of the batch.
        source: Name of the shot that tells most of it; empty before it is found, or where it cannot be.
        made_of: Name of a shot that has a share in it -> its key then.
        notices: What is good to know of it.
        surveys: Records of the fits without anything drawn, by the name of the shot; empty where none is needed.
        joint: Record of the joint solve; None before the surveys are over, and where fewer than two show the person.
    """

    name: str
    records: list[Record]
    file: str
    source: str = ""
    made_of: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    surveys: dict[str, Record] = field(default_factory=dict)
    joint: Record | None = None

    @property
    def folder(self) -> str:
        """In that of the batch, for the surveys."""
        return self.file.removesuffix(".npz")

    def survey_of(self, record: Record) -> Record:
        """Return the work of fitting one of the person's shots without anything being drawn."""
        return Record(f"{self.folder}/{record.name}", record.shot)

    @property
    def waits(self) -> bool:
        """Whether something is still to be done before the person's shots can be tracked."""
        return any(not survey.finished for survey in self.surveys.values()) or (
            self.joint is not None and not self.joint.finished
        )


def people_of(records: Sequence[Record]) -> list[Person]:
    """Return everyone who is named in two shots or more; capital letters and spaces around a name do not count."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.shot.person:
            groups.setdefault(record.shot.person.casefold(), []).append(record)
    people, taken = [], set()
    for group in (group for group in groups.values() if len(group) > 1):
        name = group[0].shot.person
        first = stem = folder_name(name)
        number = 2
        while {stem.casefold(), f"{stem}{TOGETHER}".casefold()} & taken:
            stem, number = f"{first}-{number}", number + 1
        taken |= {stem.casefold(), f"{stem}{TOGETHER}".casefold()}
        people.append(Person(name, group, f"{PEOPLE}/{stem}.npz"))
    return people


@dataclass(frozen=True)
class FoundIdentity:
    """What an earlier run, or a farm's task, says of an identity.

    Attributes:
        source, made_of, notices: As of `Person`.
    """

    source: str
    made_of: Mapping[str, str]
    notices: Sequence[Notice] = ()


def take_earlier(
    person: Person, earlier: Mapping[str, FoundIdentity], records: Sequence[Record], folder: Path, keys: Keys
) -> None:
    """Take the identity that was found before, where nothing has changed of what it was found from.

    Args:
        person: Who.
        earlier: By the file of the identity.
        records: Of the batch: a shot in which somebody else is named by now tells nothing of this person.
        folder: Of the batch.
        keys: Of the shots.
    """
    before = earlier.get(person.file)
    if before is None or not before.source or not is_file(folder / person.file):
        return
    shots = {record.name: record.shot for record in person.records}
    if any(record.name in before.made_of and record.name not in shots for record in records):
        return
    if all(keys.key_of(shots[name]) == key for name, key in before.made_of.items() if name in shots):
        give(person, before)


def give(person: Person, found: FoundIdentity) -> None:
    """Give an identity to the shots of a person."""
    person.source, person.made_of, person.notices = found.source, dict(found.made_of), list(found.notices)
    for record in person.records:
        record.identity = person.file


def begin(person: Person) -> None:
    """Make the surveys of somebody whose identity is not known: every shot waits for it, also one that is tracked.

    A shot that failed and has not changed would fail again.
    """
    if person.source:
        return
    records = [record for record in person.records if record.state != FAILED]
    for record in records:
        record.reset()
    person.surveys = {record.name: person.survey_of(record) for record in records}
