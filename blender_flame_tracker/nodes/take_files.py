"""Track files of takes: where each lies is decided once, when it is first run, and kept on its Track File node.

A *take* is what one track holds: a clip, a person in it, a range of its frames. Each has a file of its own, so that a
second person or a shorter range never replaces what was tracked before; and saving the .blend, or saving it elsewhere,
moves no results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.checks import is_path, list_of, parse_json
from ...backend.contract.file_access import exists, is_file
from ...backend.contract.settings import TrackFileSettings
from .. import paths
from ..names import TREE
from .reading import all_upstream, kind_of

KEPT: Final = "places"
"""Property of a Track File node, as .blend files name it: JSON list of what `TakeFile` holds."""

_MOST_NAMES: Final = 1000


@dataclass(frozen=True)
class Take:
    """What one track holds.

    Attributes:
        clip: The video, or the first photograph.
        face: Folder of the person; empty for the largest face.
        frames: First and last frame, counted from 1; empty for the whole clip.
    """

    clip: Path
    face: str = ""
    frames: str = ""

    @property
    def usual(self) -> bool:
        """Whether it is the whole clip and its largest face."""
        return not self.face and not self.frames


@dataclass(frozen=True)
class TakeFile:
    """Where the track file of a take lies. Paths are as Blender writes them: relative to the .blend with ``//``.

    Attributes:
        clip, face, frames: Of the take.
        asked: The Track File node's own path when it was decided.
        file: The track file.
        before: The track file that the same take had in another folder, empty where it had none.
        first: The track file of the person of the clip whose lens and camera this one shares, empty where none does.
    """

    clip: str
    face: str
    frames: str
    asked: str
    file: str
    before: str = ""
    first: str = ""


def _holds(node: Any, entry: TakeFile, take: Take) -> bool:
    """Whether a file that a node keeps is that of a take."""
    return (entry.face, entry.frames) == (take.face, take.frames) and _is_of(node, entry, take.clip)


def _is_of(node: Any, entry: TakeFile, clip: Path) -> bool:
    """Whether a kept file is that of a clip. One of the same name is the same where the former is gone."""
    former = _absolute(node, entry.clip)
    return former == clip or (former.name == clip.name and not exists(former))


def take_of(node: Any, scene: bpy.types.Scene) -> Take | None:
    """Return the take that a Track File node writes as things are set, None where no clip is chosen yet."""
    above = all_upstream(node)
    source, face = above.get("photographs", above.get("video")), above.get("face")
    clip = source.clip() if source is not None else None
    if source is None or clip is None:
        return None
    return Take(clip, face.folder() if face is not None else "", source.frames(scene))


def file_of(node: Any, scene: bpy.types.Scene) -> Path:
    """Return the track file of a node: where it was decided to be, else where it would be."""
    return _file_of(node, take_of(node, scene))


def _file_of(node: Any, take: Take | None) -> Path:
    asked = node.path or TrackFileSettings().path
    if take is None:
        return _absolute(node, asked) if _is_full(asked) else Path(asked).expanduser().absolute()
    kept = next(
        (each for each in take_files_of(node) if _holds(node, each, take) and _same(node, each.asked, asked)), None
    )
    return _absolute(node, kept.file) if kept is not None else _free(node, take, asked)


def decide(node: Any, scene: bpy.types.Scene) -> None:
    """Keep for good where the results of the node's present take lie, and whose camera it shares."""
    take, asked = take_of(node, scene), node.path or TrackFileSettings().path
    if take is None:
        return
    file, first, before = _file_of(node, take), first_of(node, scene), ""
    found = list(take_files_of(node))
    there = next((each for each in found if _is_version(node, each, take, file.name)), None)
    if there is not None:
        before = there.before if _absolute(node, there.file) == file else there.file
    entry = TakeFile(
        _relative(node, take.clip),
        take.face,
        take.frames,
        _written(node, asked),
        _relative(node, file),
        before,
        _relative(node, first) if first is not None else "",
    )
    _keep(node, [entry if each is there else each for each in found] if there is not None else [*found, entry])


def _is_version(node: Any, entry: TakeFile, take: Take, name: str) -> bool:
    """Whether a kept file is that of a take under a name, in whatever folder; another name is another version."""
    return _holds(node, entry, take) and _absolute(node, entry.file).name == name


def before(node: Any, file: Path) -> Path | None:
    """Return where the take of a track file lay earlier, when the node wrote it to another folder; else None."""
    found = next((each for each in take_files_of(node) if _absolute(node, each.file) == file and each.before), None)
    return _absolute(node, found.before) if found is not None else None


def other_takes(node: Any, file: Path) -> list[Path]:
    """Return the track files of other ranges and versions of the person that a track file holds."""
    kept = take_files_of(node)
    this = next((each for each in kept if _absolute(node, each.file) == file), None)
    if this is None:
        return []
    files = [_absolute(node, each.file) for each in kept if (each.clip, each.face) == (this.clip, this.face)]
    return [each for each in files if each != file]


def range_of_tracked_clip(node: Any, file: Path) -> str:
    """Return the frames of a track file where it has a part of a clip that was tracked as a whole too, else nothing."""
    kept = take_files_of(node)
    part = next((each for each in kept if _absolute(node, each.file) == file), None)
    whole = ((each.clip, each.face) for each in kept if not each.frames)
    return part.frames if part is not None and (part.clip, part.face) in whole else ""


def first_of(node: Any, scene: bpy.types.Scene) -> Path | None:
    """Return the track file of the person of the clip whose lens and camera the present take shares, or None.

    One camera has filmed them all: whoever is tracked later shares it with whom was tracked first.
    """
    take, kept = take_of(node, scene), take_files_of(node)
    if take is None:
        return None
    if not kept:
        return None
    name = _file_of(node, take).name
    entry = next((each for each in kept if _is_version(node, each, take, name)), None)
    if entry is not None:
        return _absolute(node, entry.first) if entry.first else None
    others = [each for each in kept if each.face != take.face and _is_of(node, each, take.clip)]
    files = (_absolute(node, each.first or each.file) for each in others)
    return next((file for file in files if is_file(file)), None)


def take_files_of(node: Any) -> tuple[TakeFile, ...]:
    """Return the track files that a node keeps. What cannot be read, as from a .blend edited by hand, is none."""
    text = getattr(node, KEPT)
    if text not in _PARSED:
        if len(_PARSED) > 256:
            _PARSED.clear()
        _PARSED[text] = _parsed(text)
    return _PARSED[text]


_PARSED: Final[dict[str, tuple[TakeFile, ...]]] = {}
"""Text -> track files: panels ask on every redraw."""


def _parsed(text: str) -> tuple[TakeFile, ...]:
    content = parse_json(text, _are_take_files) if text else None
    return tuple(TakeFile(**each) for each in content or ())


def _are_take_files(content: Any) -> bool:
    names = {each.name for each in fields(TakeFile)}
    return isinstance(content, list) and all(
        isinstance(each, dict)
        and set(each) <= names
        and all(is_path(value) for value in each.values())
        and each.get("clip")
        and each.get("file")
        and {"face", "frames", "asked"} <= set(each)
        for each in content
    )


def _keep(node: Any, kept: list[TakeFile]) -> None:
    setattr(node, KEPT, json.dumps([vars(each) for each in kept]))


def rewrite(node: Any, write: Any) -> None:
    """Let a function rewrite all paths that a node keeps, as when the .blend is saved elsewhere."""
    found = take_files_of(node)
    if found:
        _keep(
            node,
            [
                replace(
                    each,
                    clip=write(each.clip),
                    asked=write(each.asked) if _is_full(each.asked) else each.asked,
                    file=write(each.file),
                    before=write(each.before) if each.before else "",
                    first=write(each.first) if each.first else "",
                )
                for each in found
            ],
        )


def adopt(node: Any, scene: bpy.types.Scene) -> None:
    """Let a node that ran before its files were kept go on with the file that it wrote then."""
    if getattr(node, KEPT) or not node.result_files:
        return
    take, asked = take_of(node, scene), node.path or TrackFileSettings().path
    kept = parse_json(node.result_files, list_of(lambda each: isinstance(each, list) and is_path((each or [0])[0])))
    if not kept or take is None or _is_full(asked):
        return
    name = kept[0][0]
    usual = paths.shot_folder(take.clip) / asked
    file = next((each for each in (Path(name), usual) if each.is_absolute() and is_file(each)), None)
    if file is not None:
        _keep(node, [TakeFile(_relative(node, take.clip), take.face, take.frames, asked, _relative(node, file))])


def another_name(node: Any) -> str:
    """Return a path like that of a Track File node that no such node of the file has."""
    asked = node.path or TrackFileSettings().path
    head, slash, name = asked.rpartition("/")
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    base = re.sub(r"_\d+$", "", stem)
    there = {each.path or TrackFileSettings().path for each in _all_nodes()}
    names = (f"{head}{slash}{base}_{number}{dot}{suffix}" for number in range(2, _MOST_NAMES))
    return next((each for each in names if each not in there), asked)


def _free(node: Any, take: Take, asked: str) -> Path:
    """Return the usual file of a take, under another name where that is another node's or another take's."""
    taken = {
        _absolute(other, entry.file)
        for other in _all_nodes()
        for entry in take_files_of(other)
        if other != node or not _holds(node, entry, take)
    }
    if _is_full(asked):
        # What the user has named is left as it is, until another take lies there.
        file = _absolute(node, asked)
        if file not in taken or take.usual:
            return file
        folder = file.parent
    else:
        file = Path(asked).expanduser()
        folder = paths.shot_folder(take.clip) / file.parent
    stem = f"{file.stem}_{take.frames}" if take.frames else file.stem
    wanted = paths.absolute(str(folder / take.face / take.frames / f"{stem}{file.suffix}"))
    names = (wanted.with_stem(f"{wanted.stem}_{number}") for number in range(2, _MOST_NAMES))
    return next((each for each in (wanted, *names) if each not in taken), wanted) if wanted in taken else wanted


def _all_nodes() -> Iterator[Any]:
    for tree in bpy.data.node_groups:
        if tree.bl_idname == TREE:
            yield from (node for node in tree.nodes if kind_of(node) == "track")


def _is_full(asked: str) -> bool:
    return asked.startswith("//") or Path(asked).expanduser().is_absolute()


def _same(node: Any, one: str, other: str) -> bool:
    return one == other or (_is_full(one) and _is_full(other) and _absolute(node, one) == _absolute(node, other))


def _written(node: Any, asked: str) -> str:
    return _relative(node, _absolute(node, asked)) if _is_full(asked) else asked


def _absolute(node: Any, path: str) -> Path:
    return paths.absolute(path, node.id_data.library)


def _relative(node: Any, path: Path) -> str:
    return paths.relative(path) if node.id_data.library is None else str(path)
