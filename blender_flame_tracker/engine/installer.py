"""The processes that look at, check and make the engine's environment, one at a time. No `bpy` here."""

from __future__ import annotations

import enum
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...backend.contract.events import PROTOCOL, failure_of
from ...backend.contract.failure import Failure
from .environment import ROOT, Environment, State
from .process import Engine, EngineProcess, start

PATIENCE: Final = 30.0
"""Seconds between asking the installer to stop and killing it: it takes away what is half-made first."""

FINISH: Final = 5.0
"""Seconds that it has to go after its last word."""


class Task(enum.Enum):
    """What `install_deps.py` is asked for, with its flag."""

    PLAN = "--plan"
    STATE = "--state"
    CHECK = "--check"
    INSTALL = ""


_BEGINNINGS: Final = {
    Task.PLAN: (State.CHECKING, "Looking at what has to be downloaded"),
    Task.STATE: (State.CHECKING, "Looking at all files of the engine"),
    Task.CHECK: (State.CHECKING, "Starting the engine and trying every part of it"),
    Task.INSTALL: (State.INSTALLING, "Starting"),
}


_OTHER_VERSION: Final = Failure(
    "installer-other-version", "The files of the add-on are of different versions.", "Install the add-on's zip again."
)


_SILENT: Final = Failure("installer-failed", "The installer failed without saying why.", "Look into the log.")


@dataclass(frozen=True)
class Request:
    """What the user chose.

    Attributes:
        folder: The engine's folder.
        wheels: Folder of wheels; then the network is not used.
        python: Interpreter to make it with, empty to let the installer look for one.
        torch: ``auto``, ``cpu`` or ``cuda``.
    """

    folder: Path
    wheels: Path | None = None
    python: str = ""
    torch: str = "auto"

    def arguments(self, task: Task, python: Path) -> list[str]:
        """Return the whole command. Nothing of the user's Python settings is read; no byte code is written."""
        command = [str(python), "-I", "-B", str(ROOT / "install_deps.py"), "--events", "--target", str(self.folder)]
        command += [task.value] if task.value else []
        if task in (Task.PLAN, Task.INSTALL):
            command += ["--wheelhouse", str(self.wheels), "--no-network"] if self.wheels is not None else []
            command += ["--python", self.python] if self.python else []
            command += ["--torch", self.torch]
        return command


class Installer:
    """Runs one task at a time on an `Environment`. Everything happens in `poll`, which a timer calls.

    Args:
        environment: What is kept up to date.
        python: Interpreter that runs `install_deps.py`: Blender's, which it never takes as base of the environment.
    """

    def __init__(self, environment: Environment, python: Path | None = None) -> None:
        self.environment = environment
        self._python = python or Path(sys.executable)
        self._process: EngineProcess | None = None
        self._task = Task.STATE
        self._started = 0.0
        self._deadline: float | None = None
        self._over = False
        self._before = (environment.state, environment.reason, environment.advice)

    @property
    def busy(self) -> bool:
        """Whether a process runs."""
        return self._process is not None

    @property
    def task(self) -> Task:
        """The latest task."""
        return self._task

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._process is not None and self._deadline is not None and not self._over

    def start(self, task: Task, request: Request, log: Path) -> Failure | None:
        """Start a task; refused while another runs.

        Args:
            task: What to do.
            request: With what.
            log: File for what the installer itself writes to standard error; pip's words go to the engine's folder.
        """
        if self.busy:
            return Failure("installer-busy", "The engine is being looked at already.", "Wait until that is finished.")
        environment = self.environment
        self._before = (environment.state, environment.reason, environment.advice)
        environment.folder = request.folder
        # Where the installer of the add-on lies is the working folder; it needs no engine.
        process = start(Engine(self._python, ROOT), request.arguments(task, self._python), log)
        if isinstance(process, Failure):
            self.environment.fail(process)
            return process
        self._process, self._task, self._deadline, self._over = process, task, None, False
        self._started = time.monotonic()
        self.environment.begin(*_BEGINNINGS[task])
        return None

    def cancel(self) -> None:
        """Ask the installer to stop; what is downloaded stays."""
        if self._process is not None and self._deadline is None:
            self._deadline = time.monotonic() + PATIENCE
            self.environment.progress.what = "Stopping"
            self._process.ask_to_stop()

    def poll(self, budget: float = 0.004) -> bool:
        """Read what was said, for at most about `budget` seconds; return whether anything changed."""
        process = self._process
        if process is None:
            return False
        self.environment.progress.seconds = time.monotonic() - self._started
        until = time.perf_counter() + budget
        changed = False
        while (event := process.take()) is not None:
            self._take(event)
            changed = True
            if time.perf_counter() > until:
                return True
        return self._look_after(process) or changed

    def wait(self, tick: Callable[[], None] = lambda: None, pause: float = 0.05) -> State:
        """Poll until the task is over, for scripts and tests."""
        while self.busy:
            self.poll()
            tick()
            time.sleep(pause)
        return self.environment.state

    def close(self, patience: float = 1.0) -> None:
        """End the task now: the add-on is disabled, or Blender quits. What is half-made is removed the next time."""
        if self._process is not None:
            self._process.end(patience)
            self._process = self._deadline = None
            if self.environment.busy:
                self.environment.cancelled()

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if self._over:
            return
        if kind == "hello" and event.get("protocol") != PROTOCOL:
            self._over = True
            self.environment.fail(_OTHER_VERSION)
        elif kind == "done":
            self._over = True
            self._take_done(event)
        elif kind == "error":
            self._over = True
            self.environment.fail(failure_of(event, _SILENT))
        elif kind == "cancelled":
            self._over = True
            self.environment.cancelled()
        elif self._deadline is None:
            self.environment.take(event)

    def _take_done(self, event: dict[str, Any]) -> None:
        environment = self.environment
        plan, state = event.get("plan"), event.get("state")
        if isinstance(plan, dict):
            # To look at a plan changes nothing, so it says what it said before.
            environment.state, environment.reason, environment.advice = self._before
            environment.take_plan(plan)
        elif isinstance(state, dict):
            environment.take_state(state)
        else:
            environment.look()

    def _look_after(self, process: EngineProcess) -> bool:
        code = process.ended
        now = time.monotonic()
        if code is not None:
            if not self._over:
                self._ended_without_a_word(code)
            self._release()
            return True
        if self._over and self._deadline is None:
            self._deadline = now + FINISH
        if self._deadline is not None and now > self._deadline:
            if not self._over:
                self.environment.cancelled()
            self._release()
            return True
        return False

    def _ended_without_a_word(self, code: int) -> None:
        if self._deadline is not None:
            self.environment.cancelled()
            return
        self.environment.fail(
            Failure(
                "installer-died",
                f"The installer ended in the middle of its work (exit status {code}).",
                "Try again: what was downloaded is kept. If it happens again, look into the log.",
            )
        )

    def _release(self) -> None:
        if self._process is not None:
            self._process.end_aside()
        self._process = self._deadline = None
