"""Identities on a render farm: a task surveys each shot of a named person, one more finds the identity of each person.

The steps of the template depend on each other; what one task leaves for the next lies beside the shots and identities.
"""

from __future__ import annotations

from pathlib import Path

from ...contract.batch_files import MANIFEST
from ...contract.failure import Failure
from ...contract.file_access import is_file
from ..keys import key_with_identity
from ..manifest import is_result, read_shots, record_of
from ..one_shot import record_to_track
from ..people import Person, people_of
from ..shot import FAILED, Record
from ..shot_file import read_identity_results, read_results

_ADVICE = "Write it again (batch --openjd)."


def record_in(folder: Path, name: str) -> Record | Failure:
    """Return the record of a shot of a batch's manifest, to be tracked."""
    entries = read_shots(folder / MANIFEST)
    if isinstance(entries, Failure):
        return entries
    entry = next((each for each in entries if isinstance(each, dict) and each.get("name") == name), None)
    if entry is None:
        return Failure("farm-no-shot", f"{folder / MANIFEST} has no shot '{name}'.", _ADVICE)
    return record_to_track(entry, folder)


def people_in(folder: Path) -> list[Person] | Failure:
    """Return everyone who is named in two shots or more of a batch's manifest."""
    entries = read_shots(folder / MANIFEST)
    if isinstance(entries, Failure):
        return entries
    records = []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("person"):
            record = record_to_track(entry, folder)
            if isinstance(record, Failure):
                return record
            records.append(record)
    return people_of(records)


def survey_in(folder: Path, name: str) -> Record | Failure:
    """Return the record of the survey of a shot."""
    person = _person_with(folder, name)
    if isinstance(person, Failure):
        return person
    if person is None:
        sentence = f"Nobody is named in the shot '{name}' and in another one of {folder / MANIFEST}."
        return Failure("farm-no-person", sentence, _ADVICE)
    return next(person.survey_of(record) for record in person.records if record.name == name)


def person_in(folder: Path, stem: str) -> Person | Failure:
    """Return a person whose surveys are over, as far as they have left a result.

    Args:
        folder: Of the batch.
        stem: Name of the identity's file, without its ending.
    """
    people = people_in(folder)
    if isinstance(people, Failure):
        return people
    person = next((each for each in people if Path(each.file).stem == stem), None)
    if person is None:
        return Failure("farm-no-person", f"{folder / MANIFEST} has no person '{stem}'.", _ADVICE)
    for record in person.records:
        survey = person.survey_of(record)
        entry = next(read_results(folder, [survey.name]), None)
        if entry is None or not is_result(entry):
            survey.state = FAILED
        else:
            survey = record_of(entry, record.shot)
        person.surveys[record.name] = survey
    return person


def take_identity(record: Record, folder: Path) -> Failure | None:
    """Let a shot have the identity that a task has found since the batch was planned."""
    person = _person_with(folder, record.name) if record.shot.person and not record.identity else None
    if person is None or isinstance(person, Failure):
        return person
    found = read_identity_results(folder, [person]).get(person.file)
    if found is not None and found.source and is_file(folder / person.file):
        record.identity = person.file
        record.key = key_with_identity(record.key, folder / person.file)
    return None


def _person_with(folder: Path, name: str) -> Person | Failure | None:
    people = people_in(folder)
    if isinstance(people, Failure):
        return people
    return next((each for each in people if any(record.name == name for record in each.records)), None)
