"""Jobs of the engine, one after the other: one run has the engine, the others wait. No `bpy` here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ...backend.contract.failure import Failure
from ...backend.contract.supervision.run_state import Run, RunState
from ...backend.contract.supervision.supervisor import POLL_BUDGET, Supervisor, Timeouts

TIMEOUTS: Final = Timeouts(cancel=12.0, final_event=5.0, hello=120.0, hello_after_noise=10.0)
"""The engine gives itself ten seconds to cancel. Its first word may take long: a virus scanner may look at every file
of it. A program that says other things than events is soon known to be something else."""

SILENT_CANCEL_TIMEOUT: Final = 2.0
"""Seconds to go for an engine that gave no sign of life before: it hangs, and will not hear."""

SILENCE: Final = 30.0
"""Seconds without an event, heartbeats included, after which the user is told that there is no sign of life."""


class Session:
    """Runs jobs one after the other. Everything happens in `poll`, which a timer calls; nothing else waits."""

    def __init__(self, timeouts: Timeouts = TIMEOUTS, clock: Callable[[], float] = time.monotonic) -> None:
        self.supervisor = Supervisor(timeouts, clock)
        self._waiting: list[Run] = []
        self._current: Run | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything to poll for."""
        return self._current is not None or bool(self._waiting)

    @property
    def current(self) -> Run | None:
        """The run that has the engine now, also while that is ended; or None."""
        return self._current

    @property
    def queue(self) -> tuple[Run, ...]:
        """Runs that wait for their turn."""
        return tuple(self._waiting)

    def silent_for(self, run: Run) -> float:
        """Return for how many seconds a running engine has said nothing; above `SILENCE` the user should know."""
        return self.supervisor.silence if run is self._current and not run.over else 0.0

    def submit(self, run: Run) -> None:
        """Take a run; it starts with the next `poll` when nothing else runs."""
        self._waiting.append(run)

    def cancel(self, run: Run) -> None:
        """Ask a run to stop; one that waits is taken from the queue. It is killed when it does not listen."""
        if run in self._waiting:
            self._waiting.remove(run)
            run.cancelled()
        elif run is self._current and run.state is RunState.RUNNING:
            timeout = SILENT_CANCEL_TIMEOUT if self.silent_for(run) > SILENCE else None
            run.state = RunState.CANCELLING
            self.supervisor.cancel(timeout)

    def poll(self, budget: float = POLL_BUDGET) -> bool:
        """Start, read and end what is due, for at most about `budget` seconds; return whether there is news."""
        changed = False
        if self._current is not None and not self.supervisor.busy and not self.supervisor.ending:
            self._current, changed = None, True
        if self._current is None and self._waiting:
            self._start(self._waiting.pop(0))
            changed = True
        run = self._current
        if run is not None and not run.over:
            run.seconds = self.supervisor.seconds
        return self.supervisor.poll(budget) or changed

    def wait(self, run: Run, tick: Callable[[], object] = lambda: None, pause: float = 0.02) -> RunState:
        """Poll until the run is over, for scripts and tests; `tick` is called in between."""
        while not run.over or run is self._current:
            self.poll()
            tick()
            time.sleep(pause)
        return run.state

    def close(self, patience: float = 1.0) -> None:
        """End everything now: another file is opened, the add-on is disabled, or Blender quits."""
        for run in self._waiting:
            run.cancelled()
        self._waiting.clear()
        self.supervisor.close(patience)
        self._current = None

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
        failure = self.supervisor.start(run.engine, command, run.log, run)
        if failure is not None:
            run.fail(failure)
            return
        self._current, run.state = run, RunState.RUNNING
