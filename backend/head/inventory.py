"""Everything that a folder of models holds or lacks: heads, face networks and what lies beside a head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.licences import (
    APACHE,
    BASEL,
    DECA,
    FLAME_PAGE,
    FLAME_SITE,
    PROGRAM,
    TASK_PAGE,
    TEXTURE,
    UNKNOWN,
    Licence,
)
from .library import FoundModel, find_models
from .side_files import (
    ALBEDO,
    EMBEDDING_68,
    EMBEDDING_105,
    EYELIDS,
    REGIONS,
    UNUSED,
    UV_OBJECT,
    UV_TEXTURE,
    side_file_problem,
)

VERTICES, TRIANGLES = 5023, 9976
"""Of every version of FLAME, which the files beside a head belong to."""

TASK_FILE: Final = "face_landmarker.task"

TaskCheck = Callable[[Path], Failure | None]
"""Returns why a file is not MediaPipe's face landmarker, or None."""


@dataclass(frozen=True)
class Entry:
    """One model file, or one that could be there; fields as in the ``done`` event of ``models``.

    Attributes:
        name: For people.
        file: Path, empty for what is part of the program.
        kind: ``head``, ``landmarks`` or ``beside`` (a head).
        version: Which one it is, empty where that is not known.
        adds: What it is good for.
        licence: Its terms.
        present: Whether it is there.
        problem, advice: Why it is not usable and what to do, empty where it is.
        url: Where to get it, empty where it comes with the program or nobody knows.
    """

    name: str
    file: str
    kind: str
    version: str
    adds: str
    licence: Licence
    present: bool = True
    problem: str = ""
    advice: str = ""
    url: str = ""

    @property
    def usable(self) -> bool:
        """Whether tracking will take it."""
        return self.present and not self.problem


@dataclass(frozen=True)
class _Known:
    name: str
    adds: str
    licence: Licence
    url: str


_DECA_URL: Final = "https://github.com/yfeng95/DECA"
_LIDS: Final = _Known(
    "Eyelids", "lids that close, which FLAME's own do not", UNKNOWN, "https://github.com/Zielon/metrical-tracker"
)
_BESIDE: Final[Mapping[str, _Known]] = {
    REGIONS: _Known("Regions of the face", "vertex groups of the face", FLAME_SITE, FLAME_PAGE),
    UV_OBJECT: _Known("Texture coordinates", "a UV map", FLAME_SITE, FLAME_PAGE),
    UV_TEXTURE: _Known("Texture coordinates and skin", "a UV map", TEXTURE, FLAME_PAGE),
    EYELIDS[0]: _LIDS,
    EYELIDS[1]: _LIDS,
    ALBEDO: _Known("Skin colour", "texture codes of photographs and exports", BASEL, FLAME_PAGE),
    EMBEDDING_105: _Known("105 landmarks", "landmarks where FLAME's makers put them", FLAME_SITE, FLAME_PAGE),
    EMBEDDING_68: _Known("68 landmarks", "landmarks where DECA has them", DECA, _DECA_URL),
}


def inventory(folder: Path, task_problem: TaskCheck) -> list[Entry]:
    """Return the built-in head, the heads of a folder, the face networks, and what lies beside the heads.

    Nothing in a file is run: they are read by `library.find_models` and `side_files`.
    """
    models = find_models(folder)
    return [_built_in(), *(_head(model) for model in models), _task(folder, task_problem), *_beside(folder)]


def _built_in() -> Entry:
    return Entry("Built-in head", "", "head", "Built-in head", "a head that always works", PROGRAM)


def _head(model: FoundModel) -> Entry:
    problem = " ".join(model.problems)
    url = FLAME_PAGE if problem or "FLAME 20" in model.version else ""
    return Entry(
        model.version or model.path.name,
        str(model.path),
        "head",
        model.version,
        "a head to fit",
        model.licence,
        problem=problem,
        advice=model.advice,
        url=url,
    )


def _task(folder: Path, task_problem: TaskCheck) -> Entry:
    path = folder / TASK_FILE
    present = path.is_file()
    failure = task_problem(path) if present else None
    if not present:
        failure = Failure(
            "task-not-found",
            f"{TASK_FILE} is not there; the older face networks are used.",
            "Download it and put it into the folder of models.",
        )
    return Entry(
        "Face landmarks and scores",
        str(path),
        "landmarks",
        "MediaPipe Face Landmarker" if present and failure is None else "",
        "finer lids and lips, and 52 expression scores",
        APACHE,
        present,
        "" if failure is None else failure.sentence,
        "" if failure is None else failure.advice,
        TASK_PAGE,
    )


def _beside(folder: Path) -> list[Entry]:
    entries = []
    for name, known in _BESIDE.items():
        path = folder / name
        if path.is_file():
            failure = side_file_problem(path, VERTICES, TRIANGLES)
            problem, advice = ("", "") if failure is None else (failure.sentence, failure.advice)
            found = (known.name, str(path), "beside", "", known.adds, known.licence)
            entries.append(Entry(*found, problem=problem, advice=advice, url=known.url))
    for name in UNUSED:
        if (folder / name).is_file():
            problem, advice = "It is a model of skin colour, which this version does not use.", "It may stay or go."
            found = ("Skin colour", str(folder / name), "beside", "", "nothing yet", UNKNOWN)
            entries.append(Entry(*found, problem=problem, advice=advice, url=FLAME_PAGE))
    return entries
