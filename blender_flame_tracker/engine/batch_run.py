"""A batch of the engine as it is seen from outside: its shots, how far all are, how it ended. No `bpy` here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ...backend.contract.atomic import write_atomically
from ...backend.contract.batch_files import PAGE, SCHEMA, SOME_FAILED, WHOLE
from ...backend.contract.events import entries_of, failure_of, number_of, text_of
from ...backend.contract.failure import Failure, Notice
from ...backend.contract.outputs import TRACK
from ...backend.contract.supervision.process import Engine
from ...backend.contract.supervision.run_state import RunState
from ...backend.contract.supervision.supervisor import EarlyEnd, Supervisor, Timeouts

LIST: Final = "shots.json"
"""The shots and their settings, as the engine's batch takes them."""

_UNSAID: Final = Failure("batch-failed", "The engine could not track these clips.", "Look into the log.")


@dataclass
class ShotProgress:
    """One shot of a batch.

    Attributes:
        name: Of its folder.
        state: ``waiting``, ``running``, ``cached`` (done by an earlier run), ``done`` or ``failed``.
        fraction: Share that is done, 0 to 1.
        words: What became of it, or what is done just now.
    """

    name: str
    state: str = "waiting"
    fraction: float = 0.0
    words: str = ""


@dataclass
class BatchRun:
    """A batch; `poll` its supervisor until it is `over`.

    Attributes:
        folder: Where the results go.
        log: Takes what the engine writes to standard error.
        state: Where it is.
        shots: By name, in their order; empty until the engine has named them.
        fraction: Share of all that is done, 0 to 1.
        seconds_left: How long it will still take; None while nobody can tell.
        notices: What the engine wanted to be known.
        failure: Why it failed as a whole, or that some shots did.
    """

    folder: Path
    log: Path
    state: RunState = RunState.RUNNING
    shots: dict[str, ShotProgress] = field(default_factory=dict)
    fraction: float = 0.0
    seconds_left: float | None = None
    notices: list[Notice] = field(default_factory=list)
    failure: Failure | None = None
    supervisor: Supervisor = field(default_factory=lambda: Supervisor(Timeouts(cancel=15.0, final_event=10.0)))
    _answered: bool = False

    @property
    def page(self) -> Path:
        """The page about all shots, which is there when the batch is over."""
        return self.folder / PAGE

    @property
    def over(self) -> bool:
        """Whether nothing that is said counts any more."""
        return self.state.final

    def count(self, *states: str) -> int:
        """Return how many shots are in one of these states."""
        return sum(shot.state in states for shot in self.shots.values())

    def tracks_of(self, name: str) -> list[Path]:
        """Return the track files of a shot: one, or one for each person."""
        single = self.folder / name / TRACK
        return [single] if single.is_file() else sorted((self.folder / name).glob(f"face*/{TRACK}"))

    def cancel(self) -> None:
        """Ask the engine to stop; what is finished is kept."""
        if self.state is RunState.RUNNING:
            self.state = RunState.CANCELLING
            self.supervisor.cancel()

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event. Fields that are missing or of the wrong kind are passed over: a newer engine may differ."""
        kind = event.get("event")
        if kind == "hello":
            self._answered = True
        elif kind == "job":
            names = (text_of(each, "name") for each in entries_of(event, "stages") if text_of(each, "kind") != WHOLE)
            self.shots = {name: ShotProgress(name) for name in names if name}
        elif kind in ("stage", "progress"):
            self._take_progress(event)
        elif kind == "notice":
            said = (text_of(event, name) for name in ("code", "sentence", "advice"))
            self.notices.append(Notice(*said))
        elif kind == "done":
            self.state, self.fraction = RunState.DONE, 1.0
        elif kind == "error":
            failure = failure_of(event, _UNSAID)
            self.fail(failure)
            if failure.code == SOME_FAILED:
                self.state, self.fraction = RunState.DONE, 1.0
        elif kind == "cancelled":
            self.cancelled()

    def _take_progress(self, event: Mapping[str, Any]) -> None:
        shot = self.shots.get(text_of(event, "name"))
        done, total = number_of(event, "done") or 0.0, number_of(event, "total") or 0.0
        if shot is None and event["event"] == "progress":
            self.fraction = min(1.0, done / total) if total > 0 else self.fraction
            self.seconds_left = number_of(event, "seconds_left")
        elif shot is not None and event["event"] == "progress":
            shot.state, shot.fraction, shot.words = "running", min(1.0, done), text_of(event, "text")
        elif shot is not None and text_of(event, "state") in ("running", "cached", "done", "failed"):
            shot.state = text_of(event, "state")
            shot.words = text_of(event, "summary")
            shot.fraction = 0.0 if shot.state == "running" else 1.0

    def fail(self, failure: Failure) -> None:
        """End it with a failure."""
        self.state, self.failure = RunState.FAILED, failure

    def cancelled(self) -> None:
        """End it because somebody wanted that; its shots wait."""
        self.state = RunState.CANCELLED
        for shot in self.shots.values():
            shot.state = "waiting" if shot.state == "running" else shot.state

    def reason_of(self, end: EarlyEnd) -> Failure:
        """Say that the engine ended in the middle."""
        if not self._answered:
            sentence = f"The engine did not begin with the batch (exit status {end.exit_code})."
            return Failure("engine-not-ours", sentence, "Check the engine in the preferences of the add-on.")
        sentence = f"The engine ended in the middle of the batch (exit status {end.exit_code})."
        return Failure("engine-died", sentence, "Resume goes on where it stopped. If it happens again, see the log.")


@dataclass(frozen=True)
class BatchRequest:
    """What the user chose.

    Attributes:
        inputs: Clips, or folders of clips; absolute.
        folder: For the results.
        settings: Kind -> name -> value, for all shots; files with their whole paths.
        added: Kinds of stages beyond the usual ones.
        all_faces: Whether everyone in each clip is tracked.
        people: Who is in each of them, in the same order; empty where each gets its own face shape.
        workers: Shots at once; 0 for as many as cores and memory allow.
    """

    inputs: Sequence[Path]
    folder: Path
    settings: Mapping[str, Mapping[str, Any]]
    added: Sequence[str] = ()
    all_faces: bool = False
    people: Sequence[str] = ()
    workers: int = 0

    def text(self) -> str:
        """Return the shots as the engine's batch reads them."""
        common = {"settings": self.settings, "add": list(self.added), "all_faces": self.all_faces}
        people = self.people or [""] * len(self.inputs)
        named = zip(self.inputs, people, strict=True)
        shots = [{"input": str(path), "person": person, **common} for path, person in named]
        return json.dumps({"schema": SCHEMA, "shots": shots}, indent=1)


def start_batch(request: BatchRequest, engine: Engine, folder: Path, models: Path | None) -> BatchRun | Failure:
    """Start a batch, or go on with one that is in the same folder of results.

    Args:
        request: What the user chose.
        engine: Which works.
        folder: For the list of shots and the log.
        models: Folder of model files; the engine's own where None.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / LIST, lambda partial: partial.write_text(request.text(), encoding="utf-8"))
    except OSError as error:
        sentence = f"The list of shots could not be written to {folder}: {error.strerror or error}."
        return Failure("job-not-written", sentence, "Make some space on that drive, and see that you may write to it.")
    run = BatchRun(request.folder, folder / "engine.log")
    flags = ["--out", request.folder, "--log", run.log, "--retry-failed"]
    flags += ["--workers", str(request.workers)] if request.workers else []
    command = engine.command("batch", folder / LIST, *flags, models=models)
    return run.supervisor.start(engine, command, run.log, run) or run
