"""The model files that the engine finds, and those that could be added, for the list in the preferences. No `bpy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...backend.contract import model_catalogue as catalogue
from ...backend.contract.events import entries_of, failure_of, text_of
from ...backend.contract.failure import Failure
from ...backend.contract.model_catalogue import KnownModel
from ...backend.contract.model_files import other_names
from ...backend.contract.supervision.process import Engine
from ...backend.contract.supervision.supervisor import EarlyEnd, Supervisor


@dataclass(frozen=True)
class ModelFile:
    """One model file, or one that could be there; as in the ``done`` event of ``models``.

    Attributes:
        name: For people.
        file: Path, empty for what is part of the program.
        adds: What it is good for.
        licence: Its terms in a sentence.
        commercial: Whether these allow commercial work; None where that is not known.
        usable: Whether it is there and can be used.
        problem: Why it cannot.
        advice: What to do about it.
        url: Where it is had.
    """

    name: str
    file: str = ""
    adds: str = ""
    licence: str = ""
    commercial: bool | None = None
    usable: bool = False
    problem: str = ""
    advice: str = ""
    url: str = ""


def _known(known: KnownModel, file: str = "", usable: bool = False) -> ModelFile:
    licence = known.licence
    return ModelFile(known.name, file, known.adds, licence.sentence, licence.commercial, usable, url=known.url)


BUILT_IN: Final = _known(catalogue.BUILT_IN, usable=True)

TO_BE_HAD: Final = tuple(_known(known, file) for file, known in catalogue.TO_ADD.items())
"""What can be added, with the file name that it comes under."""


_UNKNOWN: Final = Failure("models-unknown", "The engine could not look at the files.", "Press Check Engine above.")


class ModelList:
    """What the engine found in the folder of models.

    Attributes:
        folder: Where was looked, None before.
        found: The built-in head first, then the files.
        problem: Why nothing could be found out.
        over: Whether the engine has said all.
    """

    def __init__(self) -> None:
        self.supervisor = Supervisor()
        self.folder: Path | None = None
        self.found: tuple[ModelFile, ...] = (BUILT_IN,)
        self.problem: Failure | None = None
        self.over = False

    @property
    def busy(self) -> bool:
        """Whether the engine looks at the files now."""
        return self.supervisor.busy

    @property
    def to_be_had(self) -> tuple[ModelFile, ...]:
        """What could be added to what is there."""
        there = {Path(each.file).name.lower() for each in self.found if each.file}
        return tuple(each for each in TO_BE_HAD if not any(name.lower() in there for name in other_names(each.file)))

    def start(self, engine: Engine, folder: Path, log: Path) -> Failure | None:
        """Have the engine look at the files of a folder."""
        if self.busy:
            return None
        self.over, self.problem = (
            False,
            self.supervisor.start(engine, engine.command("models", models=folder), log, self),
        )
        if self.problem is None:
            self.folder = folder
        return self.problem

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event."""
        if event["event"] == "error":
            self.fail(failure_of(event, _UNKNOWN))
        elif event["event"] == "done" and isinstance(event.get("models"), list):
            self.over = True
            # What is not there is told under what could be added.
            there = [each for each in entries_of(event, "models") if each.get("file") and each.get("present") is True]
            self.found = (BUILT_IN, *(_entry(each) for each in there))

    def fail(self, failure: Failure) -> None:
        """Note why nothing could be found out."""
        self.problem, self.over = failure, True

    def cancelled(self) -> None:
        """Keep what was found before."""
        self.over = True

    def reason_of(self, end: EarlyEnd) -> Failure | None:
        """Say that nothing could be found out, where the engine failed."""
        return None if end.exit_code == 0 else _UNKNOWN


def _entry(entry: Mapping[str, Any]) -> ModelFile:
    commercial = entry.get("commercial")
    return ModelFile(
        text_of(entry, "version") or text_of(entry, "name"),
        text_of(entry, "file"),
        text_of(entry, "adds"),
        text_of(entry, "licence"),
        commercial if isinstance(commercial, bool) else None,
        entry.get("usable") is True,
        text_of(entry, "problem"),
        text_of(entry, "advice"),
        text_of(entry, "url"),
    )
