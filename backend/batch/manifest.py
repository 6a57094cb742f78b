"""The manifest batch.json: every shot of a batch and what became of it, whole on the disk after every change.

    schema            1
    program_version   of the program that wrote it
    workers           shots that were at work at once
    people            who is named in two shots or more: list of

        name
        identity      track file of one frame whose identity all of the person's shots get
        source        name of the shot that tells most of it
        made_of       shots from which it is: name -> key
        notices       what is good to know of it, as that of a shot

    shots             list of

        name          of the shot's folder, beside the manifest
        input         its file, seen from the manifest's folder where that is near
        settings      those that are not the usual ones: kind -> name -> value
        add           stages beyond the usual ones
        all_faces     whether everyone in it is tracked
        person        who is tracked in it, or empty
        state         waiting, running, done, failed, or skipped (done by an earlier run and unchanged)
        key           hash of settings, input, models and code
        seconds, peak_memory (bytes, 0: not known), starts (workers; 2 where one died)
        faces         list of {folder, artefacts: name -> file, figures}
        notices       list of {code, sentence, advice}
        failure       {code, sentence, advice} or null
        log           file with the details of a failure, or empty
        picture       still of a shot that failed, or empty
        identity      track file whose identity it has because a person is named, or empty

A manifest may be the input of a batch, too: ``name``, ``settings``, ``add``, ``all_faces`` and ``person`` count then,
and only ``input`` has to be there; a shot may also be the bare name of a file. All paths count from the manifest's
folder.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..contract.batch_files import MANIFEST, SCHEMA
from ..contract.checks import (
    is_number,
    is_object,
    is_path,
    is_real,
    is_text,
    is_whole,
    list_of,
    mapping_of,
    object_with,
    parse_json,
)
from ..contract.failure import Failure, Notice
from ..contract.marks import ENTRY
from ..contract.portable import near_name
from ..contract.targets import TAKEN, Targets
from .people import FoundIdentity, Person
from .shot import RUNNING, STATES, WAITING, FaceResult, Record, Shot, folder_name

OTHERS: Final = "others"

LARGEST: Final = 256 << 20
"""Bytes; a thousand shots take about two million."""

_WORDS: Final = object_with({"code": is_text, "sentence": is_text, "advice": is_text})
_RESULT: Final = object_with(
    {
        "name": is_path,
        "input": is_path,
        "state": lambda value: value in STATES,
        "key": is_text,
        "seconds": is_number,
        "peak_memory": is_real,
        "starts": is_whole,
        "faces": list_of(object_with({"folder": is_path, "artefacts": mapping_of(is_path), "figures": is_object})),
        "notices": list_of(_WORDS),
        "failure": lambda value: value is None or _WORDS(value),
        "log": is_path,
        "picture": is_path,
        "identity": is_path,
    }
)
_PERSON: Final = object_with(
    {"identity": is_path, "source": is_text, "made_of": mapping_of(is_text)}, {"notices": list_of(_WORDS)}
)


def write_manifest(
    folder: Path, records: Sequence[Record], people: Sequence[Person], workers: int, targets: Targets
) -> Path:
    """Write the manifest into the folder of a batch, in one step (`TargetRefused`, OSError)."""
    data = {
        "schema": SCHEMA,
        "program_version": __version__,
        "workers": workers,
        "people": [entry_of_person(person) for person in people if person.source],
    }
    shots = ",\n".join(_text_of(record, folder) for record in records)
    text = f'{json.dumps(data, indent=1)[:-2]},\n "shots": [\n{shots}\n ]\n}}'
    return targets.write(folder / MANIFEST, lambda partial: partial.write_text(text, "ascii"))


def _text_of(record: Record, folder: Path) -> str:
    """Return an entry as text: of all others it is the same as before, whenever one shot changes."""
    changing = (record.state, record.key, record.seconds, record.peak_memory, record.starts, record.identity)
    state = (*changing, record.log, record.picture, record.failure, tuple(record.notices), len(record.faces), folder)
    if record.written is None or record.written[0] != state:
        text = json.dumps(entry_of(record, folder), indent=1)
        record.written = state, "  " + text.replace("\n", "\n  ")
    return record.written[1]


def read_shots(path: Path) -> list[Any] | Failure:
    """Return the entries of a manifest as they stand there, whoever wrote it."""
    advice = 'A manifest looks like {"schema": 1, "shots": [{"input": "clip.mp4"}]}.'
    try:
        if path.stat().st_size > LARGEST:
            return Failure("batch-not-manifest", f"{path} is too large for a manifest.", "Choose the manifest.")
        data = parse_json(path.read_bytes(), is_object)
    except OSError as error:
        sentence = f"The manifest {path} could not be read: {error.strerror or error}."
        return Failure("batch-not-readable", sentence, "Choose an existing file.")
    if data is None or not isinstance(data.get("shots"), list):
        return Failure("batch-not-manifest", f"{path} is not a manifest in JSON with a list 'shots'.", advice)
    if data.get("schema") != SCHEMA:
        return _other_schema(path, data.get("schema"), advice)
    return data["shots"]


def _other_schema(path: Path, schema: Any, advice: str) -> Failure:
    if is_whole(schema, least=SCHEMA + 1):
        sentence = f"{path} was written by a newer version: it has schema {schema}, and this program reads {SCHEMA}."
        return Failure("batch-schema", sentence, "Use that version, or another folder for the results.")
    return Failure("batch-schema", f"{path} does not have schema {SCHEMA}, which this program reads.", advice)


def manifest_problem(folder: Path, targets: Targets) -> Failure | None:
    """Return why a batch cannot work in a folder because of the manifest that is there; None where it can."""
    path = folder / MANIFEST
    try:
        data = parse_json(path.read_bytes(), is_object) if path.stat().st_size <= LARGEST else None
    except OSError:
        return targets.problem(path)
    if data is not None and is_whole(data.get("schema"), least=SCHEMA + 1) and ENTRY in data:
        return _other_schema(path, data["schema"], "")
    problem = targets.problem(path)
    if problem is not None and problem.code == TAKEN and data is not None and ENTRY in data:
        sentence = f"{path} was changed after this program wrote it."
        advice = "Put it back, or allow it to be replaced (--overwrite): what it says of each shot counts then."
        return Failure(TAKEN, sentence, advice)
    return problem


def earlier_results(folder: Path) -> dict[str, Record]:
    """Return what earlier runs of a batch say of its shots, name -> record, without settings; empty without any.

    Entries that are not whole are left out: such shots are tracked again, from what the cache has of them.
    """
    entries = read_shots(folder / MANIFEST)
    if isinstance(entries, Failure):
        return {}
    records = (record_of(entry, Shot(Path(folder, entry["input"]), {})) for entry in entries if is_result(entry))
    return {record.name: record for record in records}


def earlier_people(folder: Path) -> dict[str, FoundIdentity]:
    """Return which identities earlier runs have found, by their files."""
    try:
        data = parse_json((folder / MANIFEST).read_bytes(), is_object)
    except OSError:
        return {}
    people = data.get("people") if data is not None else None
    if not isinstance(people, list):
        return {}
    found = ((entry["identity"], found_identity(entry)) for entry in people if _PERSON(entry))
    return {file: identity for file, identity in found if identity is not None}


def entry_of_person(person: Person) -> dict[str, Any]:
    """Return what the manifest says of somebody's identity, as JSON has it."""
    return {
        "name": person.name,
        "identity": person.file,
        "source": person.source,
        "made_of": person.made_of,
        "notices": [_words(notice) for notice in person.notices],
    }


def found_identity(entry: Any) -> FoundIdentity | None:
    """Return what an entry says of an identity; None where it is not one."""
    if not _PERSON(entry):
        return None
    notices = [Notice(**_sentence(notice)) for notice in entry.get("notices", ())]
    return FoundIdentity(entry["source"], entry["made_of"], notices)


def is_result(entry: Any) -> bool:
    """Whether this is what `entry_of` makes of a shot, with a name that a folder in that of the batch can have."""
    return _RESULT(entry) and all(folder_name(part) == part for part in entry["name"].split("/"))


@functools.lru_cache(maxsize=1 << 16)
def _input_name(path: Path, folder: Path) -> str:
    """Return how an input is called from a folder: asked for every shot whenever one changes."""
    return near_name(path, folder)


def entry_of(record: Record, folder: Path) -> dict[str, Any]:
    """Return what the manifest in a folder says of a shot, as JSON has it.

    The work on a person's identity, which is never in the manifest, has one entry more: the shots that it is solved
    from.
    """
    entry = _entry_of_shot(record, folder)
    return {**entry, OTHERS: [asked_of(shot, folder) for shot in record.others]} if record.others else entry


def asked_of(shot: Shot, folder: Path) -> dict[str, Any]:
    """Return what an entry says of what is asked for."""
    return {
        "input": _input_name(shot.input, folder),
        "settings": shot.changed_settings,
        "add": list(shot.added),
        "all_faces": shot.all_faces,
        "person": shot.person,
    }


def _entry_of_shot(record: Record, folder: Path) -> dict[str, Any]:
    return {
        "name": record.name,
        **asked_of(record.shot, folder),
        "state": record.state,
        "key": record.key,
        "seconds": round(record.seconds, 2),
        "peak_memory": record.peak_memory,
        "starts": record.starts,
        "faces": [
            {"folder": face.folder, "artefacts": dict(face.artefacts), "figures": dict(face.figures)}
            for face in record.faces
        ],
        "notices": [_words(notice) for notice in record.notices],
        "failure": None if record.failure is None else _words(record.failure),
        "log": record.log,
        "picture": record.picture,
        "identity": record.identity,
    }


def _words(message: Failure | Notice) -> dict[str, str]:
    return {"code": message.code, "sentence": message.sentence, "advice": message.advice}


def record_of(entry: Mapping[str, Any], shot: Shot) -> Record:
    """Return what became of a shot, as an entry says for which `is_result` holds; one that was at work waits again."""
    failure = entry["failure"]
    return Record(
        name=entry["name"],
        shot=shot,
        state=entry["state"] if entry["state"] != RUNNING else WAITING,
        key=entry["key"],
        seconds=float(entry["seconds"]),
        peak_memory=int(entry["peak_memory"]),
        starts=entry["starts"],
        faces=[FaceResult(face["folder"], face["artefacts"], face["figures"]) for face in entry["faces"]],
        notices=[Notice(**_sentence(notice)) for notice in entry["notices"]],
        failure=None if failure is None else Failure(**_sentence(failure)),
        log=entry["log"],
        picture=entry["picture"],
        identity=entry["identity"],
    )


def _sentence(words: Mapping[str, str]) -> dict[str, str]:
    return {name: words[name] for name in ("code", "sentence", "advice")}
