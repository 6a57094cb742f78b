"""Everything that a folder of models holds or lacks: heads, face networks and what lies beside a head."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.licences import (
    DECA,
    FLAME_PAGE,
    FLAME_SITE,
    UNKNOWN,
    Licence,
)
from ..contract.model_catalogue import BUILT_IN, LANDMARKER, OPTIONAL, KnownModel
from ..contract.model_files import (
    ALBEDO,
    DECA_FILE,
    EMBEDDING_68,
    EMBEDDING_105,
    EYELIDS,
    MICA_FILE,
    PARSING_WEIGHTS,
    REGIONS,
    TASK_FILES,
    UNUSED,
    UV_OBJECT,
    UV_TEXTURE,
    find_model_file,
    head_files,
    task_file,
    zip_archives,
)
from .model_file import FileReport

_TO_ADD: Final = "It is optional: get it from its authors and put it into the model folder."

Examine = Callable[[Sequence[Path]], Mapping[Path, FileReport]]
"""Says what each of some files is."""


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


_DECA_URL: Final = "https://github.com/yfeng95/DECA"
_LIDS: Final = KnownModel(
    "Eyelids", "lids that close, which FLAME's own do not", UNKNOWN, "https://github.com/Zielon/metrical-tracker"
)
_BESIDE: Final[Mapping[str, KnownModel]] = {
    REGIONS: KnownModel("Regions of the face", "vertex groups of the face", FLAME_SITE, FLAME_PAGE),
    UV_OBJECT: KnownModel("Texture coordinates", "a UV map", FLAME_SITE, FLAME_PAGE),
    EYELIDS[0]: _LIDS,
    EYELIDS[1]: _LIDS,
    EMBEDDING_105: KnownModel("105 landmarks", "landmarks where FLAME's makers put them", FLAME_SITE, FLAME_PAGE),
    EMBEDDING_68: KnownModel("68 landmarks", "landmarks where DECA has them", DECA, _DECA_URL),
}


_KINDS: Final[Mapping[str, str]] = {
    UV_TEXTURE: "colour",
    ALBEDO: "colour",
    PARSING_WEIGHTS: "parsing",
    MICA_FILE: "guess",
    DECA_FILE: "guess",
}
"""Kinds of the files that are listed also where they are not there."""


def inventory(folder: Path, examine: Examine) -> list[Entry]:
    """Return the built-in head, the heads of a folder, the face networks, what lies beside the heads, and the rest.

    Nothing in a file is run.

    Args:
        folder: Of model files; folders in it that are named after FLAME count too.
        examine: Reports on all files at once, see `separate_process.examine_separately`.
    """
    heads = head_files(folder)
    task = task_file(folder)
    optional_files = {name: find_model_file(folder, name) for name in (*_BESIDE, *OPTIONAL)}
    present = [*heads, task, *optional_files.values()]
    reports = examine([path for path in dict.fromkeys(present) if path is not None])
    entries = sorted((_head(path, reports[path]) for path in heads), key=lambda entry: not entry.usable)
    versions = {entry.version for entry in entries if entry.usable}
    optional = [
        _optional(folder / name, optional_files[name], _KINDS[name], known, reports, versions)
        for name, known in OPTIONAL.items()
    ]
    beside = [
        _side_file(path, _BESIDE[name], reports[path]) for name in _BESIDE if (path := optional_files[name]) is not None
    ]
    others = [*beside, *_unused(folder), *optional]
    return [_built_in(), *entries, *_packed(folder), _task(folder, task, reports), *others]


def _optional(
    usual: Path,
    path: Path | None,
    kind: str,
    known: KnownModel,
    reports: Mapping[Path, FileReport],
    heads: Collection[str],
) -> Entry:
    """A file that is listed also where it is not there, in its usual place then."""
    report = FileReport(problem=f"{usual.name} is missing.", advice=_TO_ADD) if path is None else reports[path]
    if not report.problem:
        report = _without_its_head(kind, heads)
    return Entry(
        known.name,
        str(path or usual),
        kind,
        "",
        known.adds,
        known.licence,
        present=path is not None,
        problem=report.problem,
        advice=report.advice,
        url=known.url,
    )


def _without_its_head(kind: str, heads: Collection[str]) -> FileReport:
    """Why a file that belongs to FLAME heads is of no use beside these."""
    if kind == "guess" and not any("2020" in head for head in heads):
        return FileReport(
            problem="It only works with the head FLAME 2020, which is not in the folder.",
            advice="Put generic_model.pkl of FLAME 2020 next to it.",
        )
    if kind == "colour" and not any("FLAME" in head for head in heads):
        return FileReport(
            problem="It only works with a FLAME head, and there is none in the folder.",
            advice="Put a FLAME file next to it; the built-in head has skin colours of its own.",
        )
    return FileReport()


def _built_in() -> Entry:
    return Entry(BUILT_IN.name, "", "head", BUILT_IN.name, BUILT_IN.adds, BUILT_IN.licence)


def _head(path: Path, report: FileReport) -> Entry:
    url = FLAME_PAGE if report.problem or "FLAME 20" in report.version else ""
    fields = (report.version or path.name, str(path), "head", report.version, "a head to fit", report.licence)
    return Entry(*fields, problem=report.problem, advice=report.advice, url=url)


def _packed(folder: Path) -> list[Entry]:
    problem, advice = "It is still zipped.", "Unzip it here; the resulting folder can stay as it is."
    return [
        Entry(path.name, str(path), "head", "", "a head to fit", UNKNOWN, True, problem, advice, FLAME_PAGE)
        for path in zip_archives(folder)
    ]


def _task(folder: Path, path: Path | None, reports: Mapping[Path, FileReport]) -> Entry:
    report = (
        FileReport(
            problem=f"{TASK_FILES[0]} is missing; the older face networks are used.",
            advice="Download it and put it into the model folder.",
        )
        if path is None
        else reports[path]
    )
    return Entry(
        "Face landmarks and scores",
        str(path or folder / TASK_FILES[0]),
        "landmarks",
        "" if report.problem else LANDMARKER.name,
        LANDMARKER.adds,
        LANDMARKER.licence,
        path is not None,
        report.problem,
        report.advice,
        LANDMARKER.url,
    )


def _side_file(path: Path, known: KnownModel, report: FileReport) -> Entry:
    fields = (known.name, str(path), "beside", "", known.adds, known.licence)
    return Entry(*fields, problem=report.problem, advice=report.advice, url=known.url)


def _unused(folder: Path) -> list[Entry]:
    problem, advice = "It is a model of skin colour, which this version does not use.", "It can stay or be removed."
    return [
        Entry("Skin colour", str(path), "beside", "", "nothing yet", UNKNOWN, True, problem, advice, FLAME_PAGE)
        for name in UNUSED
        if (path := find_model_file(folder, name)) is not None
    ]
