"""Report on one model file: what it is, and why it cannot be used. It is read as data; nothing in it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.foreign_text import reason
from ..contract.licences import UNKNOWN, Licence
from ..contract.model_files import ALBEDO, DECA_FILE, MICA_FILE, PARSING_WEIGHTS, SIDE_FILES, TASK_FILES, UV_TEXTURE

VERTICES, TRIANGLES = 5023, 9976
"""Of every version of FLAME, which the files beside a head belong to."""


@dataclass(frozen=True)
class FileReport:
    """What was found out about a file.

    Attributes:
        version: Which head model it is, for people; empty for other files, and where it could not be read.
        licence: Of a head model.
        problem, advice: Why it cannot be used and what to do, empty where it can.
    """

    version: str = ""
    licence: Licence = UNKNOWN
    problem: str = ""
    advice: str = ""


def examine(path: Path) -> FileReport:
    """Return what a file is, by its name and by what is in it."""
    try:
        return _EXAMINERS.get(path.name, _head)(path)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the list of files goes on
        return unusable(path, f"it cannot be read: {reason(error)}")


def unusable(path: Path, why: str) -> FileReport:
    """Return what is said of a file that could not be looked into."""
    advice = "Download it again from its makers, or remove it."
    return _from(Failure("model-file-unusable", f"{path.name} cannot be used: {why}.", advice))


def _head(path: Path) -> FileReport:
    from ..head.library import inspect_head_file

    head = inspect_head_file(path)
    return FileReport(head.version, head.licence, " ".join(head.problems), head.advice)


def _from(failure: Failure | None) -> FileReport:
    return FileReport() if failure is None else FileReport(problem=failure.sentence, advice=failure.advice)


def _side_file(path: Path) -> FileReport:
    from ..head.flame.side_files import side_file_problem

    return _from(side_file_problem(path, VERTICES, TRIANGLES))


def _task(path: Path) -> FileReport:
    from ..landmarks.networks import task_problem

    return _from(task_problem(path))


def _texture(path: Path) -> FileReport:
    from ..head.albedo.albedo_file import texture_problem

    return _from(texture_problem(path))


def _parsing(path: Path) -> FileReport:
    from ..parsing.bisenet import bisenet_problem

    return _from(bisenet_problem(path))


def _mica(path: Path) -> FileReport:
    from ..regress.mica import mica_problem

    return _from(mica_problem(path))


def _deca(path: Path) -> FileReport:
    from ..regress.deca import deca_problem

    return _from(deca_problem(path))


_EXAMINERS: Final[Mapping[str, Callable[[Path], FileReport]]] = {
    **dict.fromkeys(SIDE_FILES, _side_file),
    **dict.fromkeys(TASK_FILES, _task),
    **dict.fromkeys((UV_TEXTURE, ALBEDO), _texture),
    PARSING_WEIGHTS: _parsing,
    MICA_FILE: _mica,
    DECA_FILE: _deca,
}
"""What reads a file of that name, loaded when it is needed: torch takes seconds. Other names are of head models."""


def to_json_data(report: FileReport) -> dict[str, Any]:
    """Return a report as JSON keeps it."""
    licence = report.licence
    return {
        "version": report.version,
        "licence": [licence.name, licence.sentence, licence.commercial, licence.source],
        "problem": report.problem,
        "advice": report.advice,
    }


def from_json_data(data: Mapping[str, Any]) -> FileReport:
    """Return the report that `to_json_data` made that of."""
    return FileReport(data["version"], Licence(*data["licence"]), data["problem"], data["advice"])
