"""A run of the engine as it is seen from outside: its stages, its notices, how it ended. No `bpy` here.

A `Run` goes from WAITING over RUNNING (and CANCELLING) to one of DONE, FAILED, CANCELLED, and stays to be looked at.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..events import entries_of, failure_of, number_of, text_of
from ..failure import Failure, Notice
from ..job import Job
from .process import Engine
from .supervisor import EarlyEnd


class RunState(enum.Enum):
    """Where a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


_WEIGHTS: Final = {
    "landmarks": 10.0,
    "fit": 4.0,
    "appearance": 12.0,
    "arkit": 1.0,
    "track": 1.0,
    "texture": 4.0,
    "report": 5.0,
    "export": 10.0,
}
"""How long stages take beside each other, roughly, as measured on clips of 75 to 300 frames; the others are brief."""

_BRIEF: Final = 0.3

_TOO_EARLY: Final = 0.05
"""Share of a run before which nobody can tell how long the rest takes."""


@dataclass
class StageProgress:
    """One stage of a run.

    Attributes:
        name, kind, label: As in the job.
        state: ``waiting``, ``running``, ``cached``, ``done`` or ``failed``.
        done, total: Steps; total 0 while unknown.
        seconds_left: None while unknown.
        seconds: That it took, when done.
        summary: Its main result in words, when known.
    """

    name: str
    kind: str
    label: str
    state: str = "waiting"
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    seconds: float | None = None
    summary: str = ""

    @property
    def fraction(self) -> float:
        """Share that is done, 0 to 1."""
        if self.state in ("done", "cached"):
            return 1.0
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


@dataclass
class Run:
    """One job on its way through the engine.

    Attributes:
        job: What is run.
        engine: Which engine runs it.
        folder: For the job file and the log of this run.
        owner: Who asked, e.g. the name of a scene.
        cache, models: Folders of the engine; its own where None.
        state: See `RunState`.
        stages: Name -> progress, in order.
        preview: Picture of the latest frame, or None.
        notices: What the user should know.
        outputs: Name -> file, when done.
        failure: Why it failed.
        log: Where the details are.
        device, version: Of the engine, once it has answered.
        seconds: From the start of the engine to its end, or until now.
    """

    job: Job
    engine: Engine
    folder: Path
    owner: str = ""
    cache: Path | None = None
    models: Path | None = None
    state: RunState = RunState.WAITING
    stages: dict[str, StageProgress] = field(default_factory=dict)
    preview: Path | None = None
    notices: list[Notice] = field(default_factory=list)
    outputs: dict[str, Path] = field(default_factory=dict)
    failure: Failure | None = None
    log: Path = Path()
    device: str = ""
    version: str = ""
    answered: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.log = self.folder / "engine.log"
        labels = {each.name: each.label for each in self.job.stages}
        self.stages = {each.name: StageProgress(each.name, each.kind, labels[each.name]) for each in self.job.stages}

    @property
    def fraction(self) -> float:
        """Share of the whole work that is done, 0 to 1; what was there already does not count."""
        work = [(_WEIGHTS.get(each.kind, _BRIEF), each) for each in self.stages.values() if each.state != "cached"]
        whole = sum(weight for weight, _ in work)
        return sum(weight * each.fraction for weight, each in work) / whole if whole else 1.0

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take, judged by what the first part took; None while that is too little.

        Never less than the stage at work says of itself.
        """
        done = self.fraction
        said = max((each.seconds_left or 0.0 for each in self.stages.values()), default=0.0)
        return max(said, self.seconds * (1 - done) / done) if done > _TOO_EARLY else None

    def fail(self, failure: Failure) -> None:
        """End the run with a failure."""
        self.state, self.failure = RunState.FAILED, failure
        for stage in self.stages.values():
            if stage.state == "running":
                stage.state = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state.final

    def cancelled(self) -> None:
        """End the run because somebody wanted that."""
        self.state = RunState.CANCELLED

    def reason_of(self, end: EarlyEnd) -> Failure:
        """Say why the engine ended in the middle of its work, or was no engine."""
        if end.exit_code is None:
            return self._not_ours(f"after {end.seconds:.0f} s")
        if not (self.engine.python.is_file() and (self.engine.root / "backend").is_dir()):
            return Failure(
                "engine-missing",
                "The engine was removed while it worked.",
                "Install the engine again in the preferences of the add-on.",
            )
        if not self.answered:
            return self._not_ours(_exit_words(end.exit_code))
        return Failure(
            "engine-died",
            f"The engine ended in the middle of its work ({_exit_words(end.exit_code)}).",
            "Start it again: what was finished is kept. If it happens again, look into the log.",
        )

    def _not_ours(self, circumstance: str) -> Failure:
        return Failure(
            "engine-not-ours",
            f"{self.engine.python.name} did not answer as the engine does ({circumstance}).",
            "Choose the engine's folder in the preferences of the add-on, or install the engine again.",
        )

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event. Fields that are missing or of the wrong kind are passed over: a newer engine may differ."""
        kind = event.get("event")
        if self.state.final:
            return
        handler = _HANDLERS.get(str(kind))
        if handler is not None:
            handler(self, event)


def _exit_words(code: int) -> str:
    """Say how a process ended; a negative status is the number of a signal (9: killed, 11: crashed)."""
    if code == -9:
        return "it was killed, by a person or because the memory was full"
    if code in (-11, -6, -4, -7, 0xC0000005):
        return "it crashed"
    return f"exit status {code}"


def _take_hello(run: Run, event: Mapping[str, Any]) -> None:
    run.answered = True
    run.device, run.version = text_of(event, "device"), text_of(event, "version")


def _take_job(run: Run, event: Mapping[str, Any]) -> None:
    progress = [
        StageProgress(text_of(each, "name"), text_of(each, "kind"), text_of(each, "label") or text_of(each, "name"))
        for each in entries_of(event, "stages")
        if text_of(each, "name")
    ]
    if progress:
        run.stages = {stage.name: stage for stage in progress}


def _take_stage(run: Run, event: Mapping[str, Any]) -> None:
    stage = run.stages.get(text_of(event, "name"))
    if stage is None or text_of(event, "state") not in ("running", "cached", "done"):
        return
    stage.state = text_of(event, "state")
    stage.seconds = number_of(event, "seconds")
    stage.seconds_left = None
    summary = event.get("summary")
    stage.summary = summary if isinstance(summary, str) else stage.summary


def _take_progress(run: Run, event: Mapping[str, Any]) -> None:
    stage = run.stages.get(text_of(event, "name"))
    if stage is not None:
        stage.state = "running"
        stage.done, stage.total = int(number_of(event, "done") or 0), int(number_of(event, "total") or 0)
        stage.seconds_left = number_of(event, "seconds_left")


def _take_preview(run: Run, event: Mapping[str, Any]) -> None:
    if text_of(event, "path"):
        run.preview = Path(text_of(event, "path"))


def _take_notice(run: Run, event: Mapping[str, Any]) -> None:
    run.notices.append(Notice(text_of(event, "code"), text_of(event, "sentence"), text_of(event, "advice")))


def _take_done(run: Run, event: Mapping[str, Any]) -> None:
    outputs = event.get("outputs")
    files = outputs.items() if isinstance(outputs, dict) else ()
    run.outputs = {str(name): Path(path) for name, path in files if isinstance(path, str)}
    run.state = RunState.DONE


def _take_error(run: Run, event: Mapping[str, Any]) -> None:
    run.fail(failure_of(event, Failure("engine-failed", "The engine failed without saying why.", "Look into the log.")))


def _take_cancelled(run: Run, _event: Mapping[str, Any]) -> None:
    run.state = RunState.CANCELLED


_HANDLERS: Final[Mapping[str, Callable[[Run, Mapping[str, Any]], None]]] = {
    "hello": _take_hello,
    "job": _take_job,
    "stage": _take_stage,
    "progress": _take_progress,
    "preview": _take_preview,
    "notice": _take_notice,
    "done": _take_done,
    "error": _take_error,
    "cancelled": _take_cancelled,
}
