"""Everything that a folder of models holds or lacks: heads, face networks and what lies beside a head."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.licences import (
    APACHE,
    BASEL,
    DECA,
    FACE_PARSING,
    FLAME_PAGE,
    FLAME_SITE,
    MICA,
    PROGRAM,
    TASK_PAGE,
    TEXTURE,
    UNKNOWN,
    Licence,
)
from .file_names import (
    ALBEDO,
    EMBEDDING_68,
    EMBEDDING_105,
    EYELIDS,
    PARSING_WEIGHTS,
    REGIONS,
    UNUSED,
    UV_OBJECT,
    UV_TEXTURE,
)
from .library import FoundModel, find_models
from .side_files import side_file_problem

VERTICES, TRIANGLES = 5023, 9976
"""Of every version of FLAME, which the files beside a head belong to."""

TASK_FILE: Final = "face_landmarker.task"
_TO_ADD: Final = "It is optional: get it from its authors and put it into the folder of models."

Check = Callable[[Path], Failure | None]
"""Returns why a file is not what its name says, or None."""


@dataclass(frozen=True)
class Entry:
    """One model file, or one that could be there; fields as in the ``done`` event of ``models``.

    Attributes:
        name: For people.
        file: Path, empty for what is part of the program.
        kind: ``head``, ``landmarks``, ``beside`` (a head), ``guess`` (of the identity), ``parsing`` or ``colour``.
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
    EYELIDS[0]: _LIDS,
    EYELIDS[1]: _LIDS,
    EMBEDDING_105: _Known("105 landmarks", "landmarks where FLAME's makers put them", FLAME_SITE, FLAME_PAGE),
    EMBEDDING_68: _Known("68 landmarks", "landmarks where DECA has them", DECA, _DECA_URL),
}


MICA_FILE, DECA_FILE = "mica.tar", "deca_model.tar"
_GUESS: Final = "a guess of the identity as a start of the fit, for FLAME 2020 alone; kept only where it helps"
_OPTIONAL: Final[Mapping[str, tuple[str, _Known]]] = {
    UV_TEXTURE: (
        "colour",
        _Known("FLAME texture space", "skin colours from faces: codes of photographs and exports", TEXTURE, FLAME_PAGE),
    ),
    ALBEDO: (
        "colour",
        _Known(
            "Basel albedo space",
            "skin colours from faces, where the texture space is not there",
            BASEL,
            "https://github.com/TimoBolkart/BFM_to_FLAME",
        ),
    ),
    PARSING_WEIGHTS: (
        "parsing",
        _Known(
            "BiSeNet face parsing",
            "parsing that knows glasses, hats and jewels, and what hides the skin",
            FACE_PARSING,
            "https://github.com/zllrunning/face-parsing.PyTorch",
        ),
    ),
    MICA_FILE: ("guess", _Known("MICA", _GUESS, MICA, "https://github.com/Zielon/MICA")),
    DECA_FILE: ("guess", _Known("DECA", _GUESS, DECA, _DECA_URL)),
}
"""Files that are listed also where they are not there: kind, and what is known of them."""


def inventory(folder: Path, checks: Mapping[str, Check]) -> list[Entry]:
    """Return the built-in head, the heads of a folder, the face networks, what lies beside the heads, and the rest.

    Nothing in a file is run: they are read by `library.find_models` and `side_files`.

    Args:
        folder: Of model files.
        checks: Name of a file -> what looks into it: of the landmarker's, and of those of `_OPTIONAL`.
    """
    models = find_models(folder)
    heads = {model.version for model in models if not model.problems}
    optional = [_optional(folder / name, kind, known, checks[name], heads) for name, (kind, known) in _OPTIONAL.items()]
    return [
        _built_in(),
        *(_head(model) for model in models),
        _task(folder, checks[TASK_FILE]),
        *_beside(folder),
        *optional,
    ]


def _optional(path: Path, kind: str, known: _Known, check: Check, heads: Collection[str]) -> Entry:
    present = path.is_file()
    failure = check(path) if present else Failure("not-there", f"{path.name} is not there.", _TO_ADD)
    if failure is None:
        failure = _without_its_head(kind, heads)
    problem, advice = ("", "") if failure is None else (failure.sentence, failure.advice)
    found = (known.name, str(path), kind, "", known.adds, known.licence)
    return Entry(*found, present=present, problem=problem, advice=advice, url=known.url)


def _without_its_head(kind: str, heads: Collection[str]) -> Failure | None:
    """Why a file that belongs to FLAME heads is of no use beside these."""
    if kind == "guess" and not any("2020" in head for head in heads):
        return Failure(
            "no-such-head",
            "It is of use with the head FLAME 2020 alone, and there is none in the folder.",
            "Put generic_model.pkl of FLAME 2020 beside it.",
        )
    if kind == "colour" and not any("FLAME" in head for head in heads):
        return Failure(
            "no-such-head",
            "It is of use with a FLAME head alone, and there is none in the folder.",
            "Put a FLAME file beside it; the built-in head has skin colours of its own.",
        )
    return None


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


def _task(folder: Path, task_problem: Check) -> Entry:
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
