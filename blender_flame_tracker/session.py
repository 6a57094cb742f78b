"""Runs of the engine, one at a time, as panel, nodes and scripts see them. No `bpy` here: a timer of Blender's polls.

A `Run` goes from WAITING over RUNNING (and CANCELLING) to one of DONE, FAILED, CANCELLED, and stays to be looked at.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..backend.contract.events import PROTOCOL
from ..backend.contract.failure import Failure, Notice
from ..backend.contract.job import Job
from .process import Engine, EngineProcess, start

CANCEL_PATIENCE: Final = 12.0
"""Seconds between asking the engine to stop and killing it; it gives itself ten."""

FINISH_PATIENCE: Final = 5.0
"""Seconds that the process has to go after its last word."""

SILENCE: Final = 30.0
"""Seconds without an event, heartbeats included, after which the user is told that there is no sign of life."""


class State(enum.Enum):
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
        return self in (State.DONE, State.FAILED, State.CANCELLED)


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
        state: See `State`.
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
    state: State = State.WAITING
    stages: dict[str, StageProgress] = field(default_factory=dict)
    preview: Path | None = None
    notices: list[Notice] = field(default_factory=list)
    outputs: dict[str, Path] = field(default_factory=dict)
    failure: Failure | None = None
    log: Path = Path()
    device: str = ""
    version: str = ""
    answered: bool = False
    last_sign: float = 0.0
    started: float = 0.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.log = self.folder / "engine.log"
        self.stages = {each.name: StageProgress(each.name, each.kind, each.kind) for each in self.job.stages}

    def fail(self, failure: Failure) -> None:
        """End the run with a failure."""
        self.state, self.failure = State.FAILED, failure
        for stage in self.stages.values():
            if stage.state == "running":
                stage.state = "failed"

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event. Fields that are missing or of the wrong kind are passed over: a newer engine may differ."""
        kind = event.get("event")
        if self.state.final:
            return
        handler = _HANDLERS.get(str(kind))
        if handler is not None:
            handler(self, event)


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _number(event: Mapping[str, Any], name: str) -> float | None:
    value = event.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _take_hello(run: Run, event: Mapping[str, Any]) -> None:
    run.answered = True
    run.device, run.version = _text(event, "device"), _text(event, "version")
    if event.get("protocol") != PROTOCOL:
        run.fail(
            Failure(
                "engine-other-version",
                f"The engine is of another version ({run.version or 'unknown'}) than the add-on.",
                "Install the engine again in the preferences of the add-on.",
            )
        )


def _take_job(run: Run, event: Mapping[str, Any]) -> None:
    stages = event.get("stages")
    named = (
        [each for each in stages if isinstance(each, dict) and _text(each, "name")] if isinstance(stages, list) else []
    )
    if named:
        progress = [
            StageProgress(_text(e, "name"), _text(e, "kind"), _text(e, "label") or _text(e, "name")) for e in named
        ]
        run.stages = {stage.name: stage for stage in progress}


def _take_stage(run: Run, event: Mapping[str, Any]) -> None:
    stage = run.stages.get(_text(event, "name"))
    if stage is None or _text(event, "state") not in ("running", "cached", "done"):
        return
    stage.state = _text(event, "state")
    stage.seconds = _number(event, "seconds")
    stage.seconds_left = None
    summary = event.get("summary")
    stage.summary = summary if isinstance(summary, str) else stage.summary


def _take_progress(run: Run, event: Mapping[str, Any]) -> None:
    stage = run.stages.get(_text(event, "name"))
    if stage is not None:
        stage.state = "running"
        stage.done, stage.total = int(_number(event, "done") or 0), int(_number(event, "total") or 0)
        stage.seconds_left = _number(event, "seconds_left")


def _take_preview(run: Run, event: Mapping[str, Any]) -> None:
    if _text(event, "path"):
        run.preview = Path(_text(event, "path"))


def _take_notice(run: Run, event: Mapping[str, Any]) -> None:
    run.notices.append(Notice(_text(event, "code"), _text(event, "sentence"), _text(event, "advice")))


def _take_done(run: Run, event: Mapping[str, Any]) -> None:
    outputs = event.get("outputs")
    files = outputs.items() if isinstance(outputs, dict) else ()
    run.outputs = {str(name): Path(path) for name, path in files if isinstance(path, str)}
    run.state = State.DONE


def _take_error(run: Run, event: Mapping[str, Any]) -> None:
    sentence = _text(event, "sentence") or "The engine failed without saying why."
    if _text(event, "log"):
        run.log = Path(_text(event, "log"))
    run.fail(Failure(_text(event, "code") or "engine-failed", sentence, _text(event, "advice")))


def _take_cancelled(run: Run, _event: Mapping[str, Any]) -> None:
    run.state = State.CANCELLED


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


class Session:
    """Runs jobs one after the other. Everything happens in `poll`, which a timer calls; nothing else waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: list[Run] = []
        self._current: Run | None = None
        self._process: EngineProcess | None = None
        self._deadline: float | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything to poll for."""
        return self._process is not None or bool(self._waiting)

    @property
    def current(self) -> Run | None:
        """The run that has the engine now, or None."""
        return self._current

    @property
    def queue(self) -> tuple[Run, ...]:
        """Runs that wait for their turn."""
        return tuple(self._waiting)

    def silent_for(self, run: Run) -> float:
        """Return for how many seconds a running engine has said nothing; above `SILENCE` the user should know."""
        alive = run is self._current and not run.state.final
        return self._clock() - run.last_sign if alive else 0.0

    def submit(self, run: Run) -> None:
        """Take a run; it starts with the next `poll` when nothing else runs."""
        self._waiting.append(run)

    def cancel(self, run: Run) -> None:
        """Ask a run to stop; one that waits is taken from the queue. It is killed when it does not listen."""
        if run in self._waiting:
            self._waiting.remove(run)
            run.state = State.CANCELLED
        elif run is self._current and run.state is State.RUNNING and self._process is not None:
            run.state = State.CANCELLING
            self._deadline = self._clock() + CANCEL_PATIENCE
            self._process.ask_to_stop()

    def poll(self, budget: float = 0.004) -> bool:
        """Start, read and end what is due, for at most about `budget` seconds; return whether anything changed."""
        changed = False
        if self._process is None and self._waiting:
            self._start(self._waiting.pop(0))
            changed = True
        process, run = self._process, self._current
        if process is None or run is None:
            return changed
        until = time.perf_counter() + budget
        if not run.state.final:
            run.seconds = self._clock() - run.started
        while (event := process.take()) is not None:
            run.last_sign = self._clock()
            run.take(event)
            changed = changed or event["event"] != "heartbeat"
            if time.perf_counter() > until:
                return changed
        return self._look_after(process, run) or changed

    def wait(self, run: Run, tick: Callable[[], None] = lambda: None, pause: float = 0.02) -> State:
        """Poll until the run is over, for scripts and tests; `tick` is called in between."""
        while not run.state.final or (run is self._current and self._process is not None):
            self.poll()
            tick()
            time.sleep(pause)
        return run.state

    def close(self, patience: float = 1.0) -> None:
        """End everything now: another file is opened, the add-on is disabled, or Blender quits."""
        for run in self._waiting:
            run.state = State.CANCELLED
        self._waiting.clear()
        if self._process is not None:
            if self._current is not None and not self._current.state.final:
                self._current.state = State.CANCELLED
            self._release(patience)

    def _start(self, run: Run) -> None:
        job_file = run.folder / "job.json"
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
            job_file.write_text(run.job.to_json(), encoding="utf-8")
        except OSError as error:
            run.fail(
                Failure(
                    "job-not-written",
                    f"The job could not be written to {run.folder}: {error.strerror or error}.",
                    "Choose a folder with free space that you may write to.",
                )
            )
            return
        process = start(run.engine, run.engine.arguments(job_file, run.cache, run.models), run.log)
        if isinstance(process, Failure):
            run.fail(process)
            return
        self._process, self._current, self._deadline = process, run, None
        run.state, run.last_sign, run.started = State.RUNNING, self._clock(), self._clock()

    def _look_after(self, process: EngineProcess, run: Run) -> bool:
        """Deal with an engine that has ended, or that should have."""
        code = process.ended
        if code is not None:
            if not run.state.final:
                self._ended_without_a_word(run, code)
            self._release(0.0)
            return True
        if run.state.final and self._deadline is None:
            self._deadline = self._clock() + FINISH_PATIENCE
        if self._deadline is not None and self._clock() > self._deadline:
            if not run.state.final:
                run.state = State.CANCELLED
            self._release(0.0)
            return True
        return False

    def _ended_without_a_word(self, run: Run, code: int) -> None:
        if run.state is State.CANCELLING:
            run.state = State.CANCELLED
        elif run.answered:
            run.fail(
                Failure(
                    "engine-died",
                    f"The engine ended in the middle of its work (exit status {code}).",
                    "Start it again: what was finished is kept. If it happens again, look into the log.",
                )
            )
        else:
            run.fail(
                Failure(
                    "engine-not-ours",
                    f"{run.engine.python.name} did not answer as the engine does (exit status {code}).",
                    "Choose the engine's folder in the preferences of the add-on, or install the engine again.",
                )
            )

    def _release(self, patience: float) -> None:
        if self._process is not None:
            self._process.end(patience)
        self._process = self._current = self._deadline = None
