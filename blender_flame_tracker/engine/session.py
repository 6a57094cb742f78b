"""The supervisor of the engine: one run at a time, the others queued. No `bpy` here: a timer of Blender's polls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ...backend.contract.failure import Failure
from .process import EngineProcess, start
from .run_state import Run, StageProgress, State

__all__ = ["SILENCE", "Run", "Session", "StageProgress", "State"]

CANCEL_PATIENCE: Final = 12.0
"""Seconds between asking the engine to stop and killing it; it gives itself ten."""

FINISH_PATIENCE: Final = 5.0
"""Seconds that the process has to go after its last word."""

SHORT_PATIENCE: Final = 2.0
"""The same for an engine that gave no sign of life before: it hangs, and will not hear."""

STRANGER_PATIENCE: Final = 10.0
"""Seconds within which a program that says other things than events must become the engine."""

ANSWER_PATIENCE: Final = 120.0
"""Seconds within which the engine has to say its first word, also where a virus scanner looks at every file of it."""

SILENCE: Final = 30.0
"""Seconds without an event, heartbeats included, after which the user is told that there is no sign of life."""


class Session:
    """Runs jobs one after the other. Everything happens in `poll`, which a timer calls; nothing else waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: list[Run] = []
        self._current: Run | None = None
        self._process: EngineProcess | None = None
        self._deadline: float | None = None
        self._ending: EngineProcess | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything to poll for."""
        return self._process is not None or bool(self._waiting) or self._ending is not None

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
            patience = SHORT_PATIENCE if self.silent_for(run) > SILENCE else CANCEL_PATIENCE
            run.state = State.CANCELLING
            self._deadline = self._clock() + patience
            self._process.ask_to_stop()

    def poll(self, budget: float = 0.004) -> bool:
        """Start, read and end what is due, for at most about `budget` seconds; return whether anything changed."""
        changed = False
        if self._ending is not None and not self._ending.ending:
            self._ending, changed = None, True
        if self._process is None and self._ending is None and self._waiting:
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
        while not run.state.final or run is self._current or self._ending is not None:
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
            self._process.end(patience)
            self._process = self._current = self._deadline = None
        if self._ending is not None:
            self._ending.join(3.0)
            self._ending = None

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
        cache = ("--cache", run.cache) if run.cache is not None else ()
        command = run.engine.command("run", job_file, "--log", run.log, *cache, models=run.models)
        process = start(run.engine, command, run.log)
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
            self._release()
            return True
        if not run.answered and not run.state.final:
            self._see_whether_it_answers(process, run)
        if run.state.final and self._deadline is None:
            self._deadline = self._clock() + FINISH_PATIENCE
        if self._deadline is not None and self._clock() > self._deadline:
            if not run.state.final:
                run.state = State.CANCELLED
            self._release()
            return True
        return False

    def _see_whether_it_answers(self, process: EngineProcess, run: Run) -> None:
        """Give up on a program that runs on without saying hello: any program may lie where the engine should."""
        seconds = self._clock() - run.started
        if seconds > (STRANGER_PATIENCE if process.noise else ANSWER_PATIENCE):
            run.fail(_not_ours(run, f"after {seconds:.0f} s"))
            self._deadline = self._clock()

    def _ended_without_a_word(self, run: Run, code: int) -> None:
        if run.state is State.CANCELLING:
            run.state = State.CANCELLED
        elif not (run.engine.python.is_file() and (run.engine.root / "backend").is_dir()):
            run.fail(
                Failure(
                    "engine-missing",
                    "The engine was removed while it worked.",
                    "Install the engine again in the preferences of the add-on.",
                )
            )
        elif run.answered:
            run.fail(
                Failure(
                    "engine-died",
                    f"The engine ended in the middle of its work ({_exit_words(code)}).",
                    "Start it again: what was finished is kept. If it happens again, look into the log.",
                )
            )
        else:
            run.fail(_not_ours(run, _exit_words(code)))

    def _release(self) -> None:
        """Let go of the process, which is ended by force where it has not ended by itself."""
        if self._process is not None:
            self._process.end_aside()
        self._ending = self._process
        self._process = self._current = self._deadline = None


def _not_ours(run: Run, circumstance: str) -> Failure:
    return Failure(
        "engine-not-ours",
        f"{run.engine.python.name} did not answer as the engine does ({circumstance}).",
        "Choose the engine's folder in the preferences of the add-on, or install the engine again.",
    )


def _exit_words(code: int) -> str:
    """Say how a process ended; a negative status is the number of a signal (9: killed, 11: crashed)."""
    if code == -9:
        return "it was killed, by a person or because the memory was full"
    if code in (-11, -6, -4, -7, 0xC0000005):
        return "it crashed"
    return f"exit status {code}"
