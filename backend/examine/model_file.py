"""What one model file is, and why it cannot be used. It is read as data; nothing in it is run."""

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
class Look:
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


def look_at(path: Path) -> Look:
    """Return what a file is, by its name and by what is in it."""
    try:
        return _LOOKS.get(path.name, _head)(path)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the list of files goes on
        return unusable(path, f"it cannot be read: {reason(error)}")


def unusable(path: Path, why: str) -> Look:
    """Return what is said of a file that could not be looked into."""
    advice = "Download it again from its makers, or remove it."
    return _from(Failure("model-file-unusable", f"{path.name} cannot be used: {why}.", advice))


def _head(path: Path) -> Look:
    from ..head.library import inspect_head_file

    found = inspect_head_file(path)
    return Look(found.version, found.licence, " ".join(found.problems), found.advice)


def _from(failure: Failure | None) -> Look:
    return Look() if failure is None else Look(problem=failure.sentence, advice=failure.advice)


def _beside(path: Path) -> Look:
    from ..head.flame.side_files import side_file_problem

    return _from(side_file_problem(path, VERTICES, TRIANGLES))


def _task(path: Path) -> Look:
    from ..landmarks.networks import task_problem

    return _from(task_problem(path))


def _texture(path: Path) -> Look:
    from ..head.albedo.albedo_file import texture_problem

    return _from(texture_problem(path))


def _parsing(path: Path) -> Look:
    from ..parsing.bisenet import bisenet_problem

    return _from(bisenet_problem(path))


def _mica(path: Path) -> Look:
    from ..regress.mica import mica_problem

    return _from(mica_problem(path))


def _deca(path: Path) -> Look:
    from ..regress.deca import deca_problem

    return _from(deca_problem(path))


_LOOKS: Final[Mapping[str, Callable[[Path], Look]]] = {
    **dict.fromkeys(SIDE_FILES, _beside),
    **dict.fromkeys(TASK_FILES, _task),
    **dict.fromkeys((UV_TEXTURE, ALBEDO), _texture),
    PARSING_WEIGHTS: _parsing,
    MICA_FILE: _mica,
    DECA_FILE: _deca,
}
"""What reads a file of that name, loaded when it is needed: torch takes seconds. Other names are of head models."""


def as_plain(look: Look) -> dict[str, Any]:
    """Return a look as JSON keeps it."""
    licence = look.licence
    return {
        "version": look.version,
        "licence": [licence.name, licence.sentence, licence.commercial, licence.source],
        "problem": look.problem,
        "advice": look.advice,
    }


def from_plain(data: Mapping[str, Any]) -> Look:
    """Return the look that `as_plain` made that of."""
    return Look(data["version"], Licence(*data["licence"]), data["problem"], data["advice"])
