"""People who are named: all shots of one person get one identity, found before the shots themselves are tracked.

First every shot of the person is fitted by itself, without anything being drawn; the mean of their identities is then
that of all, see `shared_identity`. Landmarks and masks are found once: the second fit takes them from the cache. An
identity stays for shots that are added later, so that finished ones need not be tracked again; it is found
anew when a shot from which it was found has changed, or its file is gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..contract.file_access import is_file
from ..contract.outputs import TRACK
from ..contract.targets import TargetRefused, Targets
from ..contract.track import Track, read_track, write_track
from .keys import Keys
from .shared_identity import shared_head
from .shot import JOB, LOG, WAITING, Record, folder_name

PEOPLE: Final = "people"
"""Folder of identities in that of the batch."""


@dataclass
class Person:
    """Somebody who is named in two shots or more.

    Attributes:
        name: As it was written first.
        records: The person's shots.
        file: Of the identity, in the folder of the batch.
        source: Name of the shot that tells most of it; empty before it is found, or where it cannot be.
        made_of: Name of a shot that has a share in it -> its key then.
        surveys: Records of the fits without anything drawn, by the name of the shot; empty where none is needed.
    """

    name: str
    records: list[Record]
    file: str
    source: str = ""
    made_of: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, Record] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether a shot of the person is still to be looked at before the others can be tracked."""
        return any(not survey.finished for survey in self.surveys.values())


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
        while stem.casefold() in taken:
            stem, number = f"{first}-{number}", number + 1
        taken.add(stem.casefold())
        people.append(Person(name, group, f"{PEOPLE}/{stem}.npz"))
    return people


EarlierIdentities = Mapping[str, tuple[str, Mapping[str, str]]]
"""File of an identity -> the shot that tells most of it, and what it was made of."""


def take_earlier(person: Person, earlier: EarlierIdentities, folder: Path, keys: Keys) -> None:
    """Take the identity that an earlier run found, where nothing has changed of what it was found from.

    Args:
        person: Who.
        earlier: What the manifest has of identities.
        folder: Of the batch.
        keys: Of the shots.
    """
    source, made_of = earlier.get(person.file, ("", {}))
    shots = {record.name: record.shot for record in person.records}
    same = all(keys.key_of(shots[name]) == key for name, key in made_of.items() if name in shots)
    if source and same and is_file(folder / person.file):
        person.source, person.made_of = source, dict(made_of)
        for record in person.records:
            record.identity = person.file


def begin(person: Person) -> None:
    """Make the surveys of somebody whose identity is not known, if a shot of the person is to be tracked."""
    if person.source or not any(record.state == WAITING for record in person.records):
        return
    base = person.file.removesuffix(".npz")
    person.surveys = {record.name: Record(f"{base}/{record.name}", record.shot) for record in person.records}


def settle(person: Person, folder: Path, keys: Keys, targets: Targets) -> None:
    """Find the identity when all surveys are over, and give it to the person's shots (OSError, `TargetRefused`).

    Where no survey went well there is none: every shot then says by itself what is wrong with it.
    """
    tracks = {}
    for name, survey in person.surveys.items():
        track = read_track(folder / survey.name / TRACK) if survey.faces else None
        if isinstance(track, Track):
            tracks[name] = track
    shared = shared_head(tracks)
    if shared is None:
        return
    head, shares = shared
    failure = write_track(folder / person.file, head, targets)
    if failure is not None:
        raise TargetRefused(failure, folder / person.file)
    person.source = max(shares, key=shares.__getitem__)
    person.made_of = {record.name: keys.key_of(record.shot) for record in person.records if record.name in shares}
    for record in person.records:
        record.identity = person.file
    for survey in person.surveys.values():
        _tidy(folder / survey.name)


def _tidy(folder: Path) -> None:
    """Remove what a survey wrote, and nothing else."""
    with contextlib.suppress(OSError):
        for name in (TRACK, JOB, LOG):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
