"""The manifest batch.json: every shot of a batch and what became of it, whole on the disk after every change.

    schema            1
    program_version   of the program that wrote it
    workers           shots that were at work at once
    shots             list of

        name          of the shot's folder, beside the manifest
        input         its file, seen from the manifest's folder where that is near
        settings      those that are not the usual ones: kind -> name -> value
        add           stages beyond the usual ones
        all_faces     whether everyone in it is tracked
        state         waiting, running, done, failed, or skipped (done by an earlier run and unchanged)
        key           hash of settings, input, models and code
        seconds, peak_memory (bytes, 0: not known), starts (workers; 2 where one died)
        faces         list of {folder, artefacts: name -> file, figures}
        notices       list of {code, sentence, advice}
        failure       {code, sentence, advice} or null
        log           file with the details of a failure, or empty

A manifest may be the input of a batch, too: ``name``, ``settings``, ``add`` and ``all_faces`` count then, and only
``input`` has to be there; a shot may also be the bare name of a file. All paths count from the manifest's folder.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .. import __version__
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
from ..contract.portable import near_name
from ..contract.targets import Targets
from .shot import STATES, WAITING, FaceResult, Record, Shot

SCHEMA: Final = 1
MANIFEST: Final = "batch.json"
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
    }
)


def write_manifest(folder: Path, records: Sequence[Record], workers: int, targets: Targets) -> Path:
    """Write the manifest into the folder of a batch, in one step (`TargetRefused`, OSError)."""
    data = {
        "schema": SCHEMA,
        "program_version": __version__,
        "workers": workers,
        "shots": [_entry(record, folder) for record in records],
    }
    text = json.dumps(data, indent=1)
    return targets.write(folder / MANIFEST, lambda partial: partial.write_text(text, "ascii"))


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
        sentence = f"{path} does not have schema {SCHEMA}, which this program reads."
        return Failure("batch-schema", sentence, advice)
    return data["shots"]


def earlier_results(folder: Path) -> dict[str, Record]:
    """Return what earlier runs of a batch say of its shots, name -> record, without settings; empty without any.

    Entries that are not whole are left out: such shots are tracked again, from what the cache has of them.
    """
    entries = read_shots(folder / MANIFEST)
    if isinstance(entries, Failure):
        return {}
    records = (_record(entry, folder) for entry in entries if _RESULT(entry))
    return {record.name: record for record in records}


@functools.lru_cache(maxsize=1 << 16)
def _input_name(path: Path, folder: Path) -> str:
    """Return how an input is called from a folder: asked for every shot whenever one changes."""
    return near_name(path, folder)


def _entry(record: Record, folder: Path) -> dict[str, Any]:
    return {
        "name": record.name,
        "input": _input_name(record.shot.input, folder),
        "settings": record.shot.changed_settings,
        "add": list(record.shot.added),
        "all_faces": record.shot.all_faces,
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
    }


def _words(message: Failure | Notice) -> dict[str, str]:
    return {"code": message.code, "sentence": message.sentence, "advice": message.advice}


def _record(entry: Mapping[str, Any], folder: Path) -> Record:
    failure = entry["failure"]
    return Record(
        name=entry["name"],
        shot=Shot(Path(folder, entry["input"]), {}),
        state=entry["state"] if entry["state"] != "running" else WAITING,
        key=entry["key"],
        seconds=float(entry["seconds"]),
        peak_memory=int(entry["peak_memory"]),
        starts=entry["starts"],
        faces=[FaceResult(face["folder"], face["artefacts"], face["figures"]) for face in entry["faces"]],
        notices=[Notice(**_sentence(notice)) for notice in entry["notices"]],
        failure=None if failure is None else Failure(**_sentence(failure)),
        log=entry["log"],
    )


def _sentence(words: Mapping[str, str]) -> dict[str, str]:
    return {name: words[name] for name in ("code", "sentence", "advice")}
