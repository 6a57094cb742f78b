"""Shots that a folder, a list of files or a manifest names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..contract.checks import is_object, is_path, is_text, is_yes_or_no, list_of, mapping_of, object_with
from ..contract.clip_search import clips_in
from ..contract.failure import Failure
from ..contract.file_access import exists, is_folder
from ..contract.footage import VIDEO_SUFFIXES, is_picture
from ..contract.foreign_text import shown
from ..contract.job import ON_REQUEST
from .manifest import read_shots
from .plan import RESERVED
from .shot import Shot, folder_name, path_from

LARGEST_LIST: Final = 16 << 20
"""Bytes of a text file with paths."""

_LINE_ADVICE: Final = "Write one path per line, and after a tab, if wanted, who is in it."

_ENTRY: Final = object_with(
    {"input": is_path},
    {
        "name": is_path,
        "settings": mapping_of(is_object),
        "add": list_of(lambda value: value in ON_REQUEST),
        "all_faces": is_yes_or_no,
        "person": is_text,
    },
)


def shots_of(source: Path, usual: Shot, out: Path) -> list[Shot] | Failure:
    """Return the shots of a batch, each once, in their order.

    Args:
        source: A folder (all its videos and image sequences, also in folders in it), a text file with a path per line,
            or a manifest; absolute.
        usual: Shot with the settings that count where nothing else is said; its input does not count.
        out: Folder of the batch, which is no source even where it lies in `source`.
    """
    if not exists(source):
        return Failure("batch-not-readable", f"There is no {source}.", "Choose a folder, a list or a manifest.")
    if is_folder(source):
        shots: list[Shot] | Failure = [replace(usual, input=file) for file in clips_in(source, out)]
        if not shots:
            return Failure("batch-empty", f"There is no video in {source}.", "Choose another folder.")
        return shots
    if source.suffix.lower() in VIDEO_SUFFIXES or is_picture(source):
        return Failure("batch-one-clip", f"{source.name} is one clip.", "Give 'track' a clip, and 'batch' many.")
    shots = _of_manifest(source, usual, out) if source.suffix.lower() == ".json" else _of_list(source, usual)
    if not isinstance(shots, Failure) and not shots:
        return Failure("batch-empty", f"{source} names no shots.", "Write the path of a video on each line.")
    return shots


def _of_list(path: Path, usual: Shot) -> list[Shot] | Failure:
    """Read a list: a path on each line, counted from the list's folder; empty lines and those with # say nothing.

    After a tab there may be the name of the person, as a spreadsheet writes a second column.
    """
    try:
        if path.stat().st_size > LARGEST_LIST:
            return Failure("batch-not-list", f"{path} is too large for a list of clips.", "Choose the list.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return Failure("batch-not-list", f"{path} is not a text file.", "Write a list with one path per line in UTF-8.")
    except OSError as error:
        sentence = f"The list {path} could not be read: {error.strerror or error}."
        return Failure("batch-not-readable", sentence, "Choose an existing file.")
    shots = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        file, _, person = map(str.strip, line.partition("\t"))
        if not is_path(file) or "\t" in person:
            sentence = f"Line {number} of {path.name} is not a path: {shown(line)}."
            return Failure("batch-not-list", sentence, _LINE_ADVICE)
        shots.append(replace(usual, input=path_from(_unquoted(file), path.parent), person=person))
    return list({(shot.input, shot.person.casefold()): shot for shot in shots}.values())


def _unquoted(path: str) -> str:
    """Return a path without the quotation marks in which Windows copies one."""
    return path[1:-1] if len(path) > 2 and path[0] == path[-1] == '"' else path


def _with_folder(shot: Shot, out: Path) -> list[Shot] | Failure:
    """Return the shot, or where its input is a folder, one for each clip in it."""
    if not is_folder(shot.input):
        return [shot]
    if shot.name:
        return Failure(
            "batch-name",
            f"'{shown(shot.name)}' is the name of one shot, and {shot.input} is a folder of clips.",
            "Leave out the name, or name each clip.",
        )
    clips = [replace(shot, input=file) for file in clips_in(shot.input, out)]
    return clips or Failure("batch-empty", f"There is no video in {shot.input}.", "Choose another folder.")


def _of_manifest(path: Path, usual: Shot, out: Path) -> list[Shot] | Failure:
    entries = read_shots(path)
    if isinstance(entries, Failure):
        return entries
    shots = []
    for number, entry in enumerate(entries, 1):
        shot = shot_of_entry({"input": entry} if is_text(entry) else entry, usual, path.parent)
        if shot is None:
            return Failure(
                "batch-not-manifest",
                f"Shot number {number} of {path.name} is not as a manifest has it.",
                "A shot has 'input', and if wanted 'name', 'person', 'settings' (by kind of stage), 'add' (a list) and"
                " 'all_faces' (true or false).",
            )
        if isinstance(shot, Failure):
            return shot
        clips = _with_folder(shot, out)
        if isinstance(clips, Failure):
            return clips
        shots += clips
    names = [shot.name.casefold() for shot in shots if shot.name]
    unfit = next((shot.name for shot in shots if shot.name and not _is_fit(shot.name)), None)
    if unfit is not None:
        sentence = f"'{shown(unfit)}' in {path.name} cannot be the name of a shot's folder."
        return Failure("batch-name", sentence, "Use letters, digits, spaces, '-', '_' and dots, 80 at most.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return Failure("batch-name", f"Two shots of {path.name} are called '{shown(twice)}'.", "Name them differently.")
    return shots


def _is_fit(name: str) -> bool:
    return folder_name(name) == name and name.casefold() not in RESERVED


def shot_of_entry(entry: Any, usual: Shot, folder: Path) -> Shot | Failure | None:
    """Return the shot that an entry of a manifest asks for, or None where it is not one.

    Args:
        entry: As JSON has it; what a batch has written beyond what is asked for does not count.
        usual: As of `shots_of`.
        folder: Of the manifest.
    """
    if not _ENTRY(entry):
        return None
    settings: Mapping[str, Mapping[str, Any]] = entry.get("settings", {})
    shot = replace(
        usual,
        input=path_from(entry["input"], folder),
        name=entry.get("name", ""),
        added=tuple(entry.get("add", usual.added)),
        all_faces=entry.get("all_faces", usual.all_faces),
        person=entry.get("person", "").strip(),
    )
    return shot.with_settings(settings, folder)
