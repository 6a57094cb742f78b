"""A shot of a batch: what is asked for, and what became of it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..contract.batch_files import GIVEN_BY_BATCH
from ..contract.checks import is_path
from ..contract.failure import Failure, Notice
from ..contract.job import STAGES
from ..contract.options import from_dict, options_of, to_dict

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
"""Done by an earlier run of the batch, and nothing has changed since."""
STATES: Final = (WAITING, RUNNING, DONE, FAILED, SKIPPED)

JOB: Final = "job.json"
LOG: Final = "engine.log"
"""Files in the folder of a shot, beside its results."""

_UNFIT: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]+')
"""Letters that are not in names of folders on every system."""

_LONGEST_NAME: Final = 80


def folder_name(name: str) -> str:
    """Return a name as that of a folder which every system can have."""
    return _UNFIT.sub("_", name)[:_LONGEST_NAME].strip(". ") or "shot"


def path_from(text: str, folder: Path) -> Path:
    """Return a path that is counted from a folder; ``~`` stands for the user's folder where there is such a user."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # ~nobody
        path = path.expanduser()
    return Path(os.path.normpath(folder / path))


@dataclass(frozen=True)
class Shot:
    """A shot that shall be tracked.

    Attributes:
        input: Its video, or the first file of its image sequence; absolute.
        settings: Kind -> settings, complete but for `GIVEN_BY_BATCH`.
        added: Kinds of stages beyond the usual ones.
        all_faces: Whether everyone in it is tracked.
        name: Of its folder, if somebody gave it one.
        person: Who is tracked in it, if somebody said so: all shots of a person get one identity.
    """

    input: Path
    settings: Mapping[str, Any]
    added: tuple[str, ...] = ()
    all_faces: bool = False
    name: str = ""
    person: str = ""

    @property
    def file(self) -> Path:
        """The input by the name that it has however somebody came to its folder; a link keeps its name."""
        return Path(os.path.realpath(self.input.parent), self.input.name)

    @functools.cached_property
    def changed_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings that are not the usual ones, kind -> name -> value, as a manifest holds them."""
        changed: dict[str, dict[str, Any]] = {}
        for kind, settings in self.settings.items():
            usual = to_dict(STAGES[kind].settings())
            values = {
                name: value
                for name, value in to_dict(settings).items()
                if value != usual[name] and (kind, name) not in GIVEN_BY_BATCH
            }
            if values:
                changed[kind] = values
        return changed

    def with_settings(self, values: Mapping[str, Mapping[str, Any]], folder: Path) -> Shot | Failure:
        """Return the shot with other settings where `values` has some.

        Args:
            values: Kind -> name -> value, as a manifest holds them.
            folder: From which its relative paths count.
        """
        settings = dict(self.settings)
        for kind, changes in values.items():
            if kind not in STAGES:
                return Failure(
                    "batch-settings",
                    f"{self.input.name}: there is no kind of stage '{kind}'.",
                    f"Kinds: {', '.join(STAGES)}.",
                )
            given = sorted(name for name in changes if (kind, name) in GIVEN_BY_BATCH)
            if given:
                return Failure(
                    "batch-settings",
                    f"{self.input.name}: '{given[0]}' of '{kind}' follows from the shot's file and folder.",
                    "Leave it out.",
                )
            whole = {**to_dict(settings[kind]), **_absolute_paths(kind, changes, folder)}
            made = from_dict(STAGES[kind].settings, whole, f"{self.input.name}, '{kind}'")
            if isinstance(made, Failure):
                return made
            settings[kind] = made
        return replace(self, settings=settings)


def _absolute_paths(kind: str, values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the settings of a kind with paths that count from a folder made absolute, each of several."""
    options = {option.name: option for option in options_of(STAGES[kind].settings) if option.kind == "path"}
    result = dict(values)
    for name, value in values.items():
        if name in options and is_path(value) and value:
            result[name] = options[name].with_paths(value, lambda part: str(path_from(part, folder)))
    return result


@dataclass(frozen=True)
class FaceResult:
    """Files that were made of one face.

    Attributes:
        folder: In the folder of the batch, with ``/``.
        artefacts: Name -> file in the folder of the batch, with ``/``.
        figures: How well it went, see `figures.figures_of`; empty without a report.
    """

    folder: str
    artefacts: Mapping[str, str]
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Record:
    """What became of a shot.

    Attributes:
        name: Of its folder in that of the batch.
        shot: What is asked for.
        state: One of `STATES`.
        key: Of all that the result depends on, as it was when the work began; empty before.
        seconds: That the work took.
        peak_memory: Bytes of the worker at most; 0 where the system does not say.
        starts: Workers that were started for it.
        faces: One, or with *All Faces* one per person.
        notices: What the engine wanted to be known.
        failure: Why it failed.
        log: File with details in the folder of the batch; empty where there is none.
        picture: Still of a shot that failed, in the folder of the batch; empty where there is none.
        identity: Track file in the folder of the batch whose identity it gets; empty where its own is fitted.
        others: Shots of the same person from which one identity is solved together with this one; see
            `joint_identity`.
    """

    name: str
    shot: Shot
    state: str = WAITING
    key: str = ""
    seconds: float = 0.0
    peak_memory: int = 0
    starts: int = 0
    faces: list[FaceResult] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    failure: Failure | None = None
    log: str = ""
    picture: str = ""
    identity: str = ""
    others: tuple[Shot, ...] = ()
    written: tuple[tuple[Any, ...], str] | None = field(default=None, repr=False, compare=False)
    """The entry of the manifest as it was written last, and for which state."""

    @property
    def finished(self) -> bool:
        """Whether it has its result, or none will come."""
        return self.state in (DONE, FAILED, SKIPPED)

    def reset(self) -> None:
        """Forget what an earlier run made of it: it begins anew, with the identity that it is to have."""
        self.state, self.key, self.failure, self.log, self.picture = WAITING, "", None, "", ""
        self.seconds, self.peak_memory, self.starts = 0.0, 0, 0
        self.faces, self.notices = [], []
