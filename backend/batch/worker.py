"""One shot at work: its jobs, one after the other, each in a process that is watched and, if it dies, started again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.file_access import exists, is_file, is_folder
from ..contract.job import Job, default_job
from ..contract.outputs import REPORT, TRACK
from ..contract.portable import job_text
from ..contract.supervision.process import Engine
from ..contract.supervision.run_state import Run, RunState
from ..contract.supervision.supervisor import Supervisor, Timeouts
from ..contract.targets import TargetRefused, Targets
from ..run.everyone import everyone_after_the_first, job_of_face
from ..system.memory import memory_of
from ..system.writable import not_writable
from .figures import figures_of
from .joint_identity import joint_job, up_to_track
from .shot import DONE, FAILED, JOB, LOG, RUNNING, FaceResult, Record
from .still import STILL, StillReader

MOST_STARTS: Final = 2
"""Of a worker for one job: one that dies is started once more, and goes on where the first one was."""

CANCEL_TIMEOUT: Final = 3.0
"""Seconds that a worker has to stop; after Ctrl-C this process has five for all of it."""

SILENCE: Final = 120.0
"""Seconds without a sign of life, of which there is one every second, after which a worker counts as dead."""

_TIMEOUTS: Final = Timeouts(cancel=CANCEL_TIMEOUT, final_event=5.0, hello=SILENCE)
_DIED: Final = frozenset({"engine-died", "engine-not-ours"})
"""Codes of a run that ended without a word of its own."""

MakeCommand = Callable[[Path, Path], list[str]]
"""Returns the command that runs a job file and appends details to a log."""


@dataclass(frozen=True)
class Program:
    """What runs the jobs of a batch.

    Attributes:
        engine: Which works.
        models: Folder of model files.
        cache: Folder for unfinished work; empty for that of the user.
        instead: Command that takes a job file in the engine's stead; empty for the engine.
    """

    engine: Engine
    models: Path
    cache: str = ""
    instead: tuple[str, ...] = ()

    def command(self, job: Path, log: Path) -> list[str]:
        """See `MakeCommand`."""
        started = (
            [*self.instead, str(job), "--events"]
            if self.instead
            else self.engine.command("run", job, models=self.models)
        )
        return [*started, *(["--cache", self.cache] if self.cache else []), "--log", str(log)]


@dataclass
class ShotWorker:
    """A shot on its way.

    Attributes:
        record: What became of it, which is kept up to date.
        folder: Of the batch.
        engine: Which works.
        command: How it is started.
        overwrite: Whether files of others may be replaced.
        survey: Whether the track alone is made, from which a person's identity is found.
        clock: Seconds, for tests.
    """

    record: Record
    folder: Path
    engine: Engine
    command: MakeCommand
    overwrite: bool
    survey: bool = False
    clock: Callable[[], float] = time.monotonic
    _supervisor: Supervisor = field(init=False)
    _run: Run = field(init=False)
    _settings: dict[str, Any] = field(default_factory=dict)
    _jobs: list[Job] = field(default_factory=list)
    _failures: list[Failure] = field(default_factory=list)
    _position: int = 0
    _starts: int = 0
    _began: float = 0.0
    _cancelled: bool = False
    _has_new_log: bool = False
    _still: StillReader | None = None

    def __post_init__(self) -> None:
        self._supervisor = Supervisor(_TIMEOUTS)

    def start(self) -> None:
        """Begin with the first job."""
        self.record.state, self._began = RUNNING, self.clock()
        self.record.log = f"{self.record.name}/{LOG}"
        self._has_new_log = not exists(self._out / LOG)
        shot = self.record.shot
        if not exists(shot.input):
            failure = Failure(
                "video-not-found", f"There is no file {shot.input}.", "Correct its path, or leave it out."
            )
            self._end(failure)
            return
        self._settings = {**shot.settings, "video": replace(shot.settings["video"], path=str(shot.input))}
        if self.record.identity:
            identity = str(self.folder / self.record.identity)
            self._settings["head"] = replace(shot.settings["head"], identity_track=identity)
        job = self._first_job()
        if isinstance(job, Failure):
            self._end(job)
            return
        self._jobs = [job]
        self._start_job()

    def _first_job(self) -> Job | Failure:
        shot = self.record.shot
        if self.record.others:
            return joint_job(self._settings, self.record.others, self._out / TRACK)
        if shot.all_faces:
            return job_of_face(self._settings, shot.added, self._out, 0)
        track = replace(shot.settings["track"], path=str(self._out / TRACK))
        job = default_job({**self._settings, "track": track}, shot.added)
        return up_to_track(job) if self.survey else job

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return not self._supervisor.busy and self._still is None and (self.record.finished or self._cancelled)

    @property
    def pid(self) -> int | None:
        """Number of the process that works."""
        return self._supervisor.pid

    @property
    def fraction(self) -> float:
        """Share of the shot that is done, 0 to 1; of further faces nobody knows before the first is tracked."""
        return min(1.0, (self._position + self._run.fraction) / len(self._jobs)) if self._jobs else 0.0

    @property
    def at_work(self) -> str:
        """Name of the stage that runs now."""
        running = [stage.label for stage in self._run.stages.values() if stage.state == "running"] if self._jobs else []
        return running[-1] if running else ""

    @property
    def step(self) -> tuple[int, int]:
        """Number of the face that is tracked now, counted from 1, and of all."""
        return self._position + 1, len(self._jobs)

    def poll(self) -> None:
        """Take what the worker has said, and go on where it has ended."""
        if self._still is not None:
            self._poll_still()
        if not self._supervisor.busy:
            return
        memory = memory_of(self._supervisor.pid or 0)
        if memory is not None:
            self.record.peak_memory = max(self.record.peak_memory, memory[1])
        self._supervisor.poll()
        if self._supervisor.busy and self._supervisor.silence > SILENCE and not self._run.over:
            self._run.fail(Failure("engine-died", "The engine gave no sign of life.", ""))
            self._supervisor.let_go()
        if not self._supervisor.busy and not self._cancelled:
            self._after_job()

    def cancel(self) -> None:
        """Ask the worker to stop; the shot waits again, and goes on later where it was."""
        self._cancelled = True
        self._supervisor.cancel()
        self._drop_still()

    def close(self) -> None:
        """End the worker for certain."""
        self._supervisor.close(0.0)
        self._drop_still()

    @property
    def _out(self) -> Path:
        return self.folder / self.record.name

    @property
    def _job_folder(self) -> Path:
        return Path(self._jobs[self._position].stage("track").settings.path).parent

    def _start_job(self) -> None:
        job = replace(self._jobs[self._position], overwrite=self.overwrite)
        file, log = self._job_folder / JOB, self._out / LOG
        self._run = Run(job, self.engine, self._out)
        self._starts += 1
        self.record.starts += 1
        try:
            text = job_text(job, file.parent)
            targets = Targets(self.overwrite, (self.record.shot.input,))
            targets.write(file, lambda partial: partial.write_text(text + "\n", "utf-8"))
        except TargetRefused as refused:
            self._end(refused.failure)
            return
        except OSError as error:
            self._end(not_writable(file.parent, error))
            return
        self._run.state = RunState.RUNNING
        failure = self._supervisor.start(self.engine, self.command(file, log), log, self._run)
        if failure is not None:
            self._end(failure)

    def _after_job(self) -> None:
        run = self._run
        died = run.state is RunState.CANCELLED or (run.failure is not None and run.failure.code in _DIED)
        if died and self._starts < MOST_STARTS:
            self._start_job()
            return
        self.record.notices += [notice for notice in run.notices if notice not in self.record.notices]
        if run.state is RunState.DONE:
            self.record.faces.append(self._result())
            self._find_others()
        else:
            self._failures.append(self._failure_of(run, died))
        if self._position + 1 < len(self._jobs):
            self._position, self._starts = self._position + 1, 0
            self._start_job()
        else:
            self._end(self._failures[0] if self._failures else None)

    def _find_others(self) -> None:
        """Make the jobs of all other faces, once the first is tracked."""
        if self.record.shot.all_faces and self._position == 0:
            people, settings = everyone_after_the_first(self._settings, self._out)
            self._jobs += [job_of_face(settings, self.record.shot.added, self._out, k) for k in range(1, people)]

    def _failure_of(self, run: Run, died: bool) -> Failure:
        failure = _end_of(run) if died or run.failure is None else run.failure
        if len(self._jobs) == 1:
            return failure
        return Failure(failure.code, f"Face {self._position + 1}: {failure.sentence}", failure.advice)

    def _result(self) -> FaceResult:
        outputs = {**self._run.outputs, "job": self._job_folder / JOB}
        artefacts = {name: _in_folder(path, self.folder) for name, path in outputs.items()}
        folder = _in_folder(self._job_folder, self.folder)
        return FaceResult(folder, artefacts, figures_of(self._run.outputs.get("report", self._job_folder / REPORT)))

    def _end(self, failure: Failure | None) -> None:
        record = self.record
        record.state, record.failure = (DONE, None) if failure is None else (FAILED, failure)
        record.seconds = self.clock() - self._began
        log = self._out / LOG
        if failure is None or not is_file(log) or not log.stat().st_size:
            record.log = ""
            if self._has_new_log:
                with contextlib.suppress(OSError):  # Windows removes no file that is still being closed
                    log.unlink(missing_ok=True)
        if failure is not None and not record.faces and self._settings and is_folder(self._out) and not self.survey:
            self._still = StillReader(self.engine, self._settings["video"], self._out / STILL, self.overwrite)

    def _poll_still(self) -> None:
        """Take the still of a shot that failed, once it is there."""
        assert self._still is not None
        self._still.poll()
        if self._still.over:
            self._still = None
            self.record.picture = f"{self.record.name}/{STILL}" if is_file(self._out / STILL) else ""

    def _drop_still(self) -> None:
        if self._still is not None:
            self._still.close()
            self._still = None


def _in_folder(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if folder in path.parents else str(path)


def _end_of(run: Run) -> Failure:
    """Return why a shot could not be tracked whose workers died, both."""
    if run.state is RunState.CANCELLED:
        sentence = "The engine was ended from outside, and again after it had been started once more."
    else:
        reason = run.failure.sentence if run.failure is not None else ""
        sentence = f"{reason} It was started twice." if reason else "The engine ended twice in the middle of its work."
    advice = "If memory is short, use fewer --workers; --retry-failed goes on where it stopped."
    return Failure("worker-died", sentence, advice)
