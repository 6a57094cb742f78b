"""The processes that look at, check and make the engine's environment, one at a time. No `bpy` here."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...backend.contract.events import failure_of
from ...backend.contract.failure import Failure
from ...backend.contract.supervision.process import OTHER_VERSION, Engine
from ...backend.contract.supervision.supervisor import EarlyEnd, Supervisor, Timeouts
from .environment import ROOT, EngineState, Environment

TIMEOUTS: Final = Timeouts(cancel=30.0, final_event=5.0)
"""Asked to stop, the installer first takes away what is half-made."""


class Task(enum.Enum):
    """What `install_deps.py` is asked for, with its flag."""

    PLAN = "--plan"
    STATE = "--state"
    CHECK = "--check"
    INSTALL = ""


_BEGINNINGS: Final = {
    Task.PLAN: (EngineState.CHECKING, "Looking at what has to be downloaded"),
    Task.STATE: (EngineState.CHECKING, "Looking at all files of the engine"),
    Task.CHECK: (EngineState.CHECKING, "Starting the engine and trying every part of it"),
    Task.INSTALL: (EngineState.INSTALLING, "Starting"),
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
        timeouts: Of every task.

    Attributes:
        task: The latest task.
        over: Whether its end is known.
    """

    def __init__(self, environment: Environment, python: Path | None = None, timeouts: Timeouts = TIMEOUTS) -> None:
        self.environment = environment
        self.supervisor = Supervisor(timeouts)
        self.task = Task.STATE
        self.over = True
        self._python = python or Path(sys.executable)
        self._before = (environment.state, environment.reason, environment.advice)

    @property
    def busy(self) -> bool:
        """Whether a process runs."""
        return self.supervisor.busy

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self.supervisor.stopping

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
        command = request.arguments(task, self._python)
        failure = self.supervisor.start(Engine(self._python, ROOT), command, log, self)
        if failure is not None:
            environment.fail(failure)
            return failure
        self.task, self.over = task, False
        environment.begin(*_BEGINNINGS[task])
        return None

    def cancel(self) -> None:
        """Ask the installer to stop; what is downloaded stays."""
        if self.busy and not self.stopping:
            self.environment.progress.what = "Stopping"
            self.supervisor.cancel()

    def poll(self) -> bool:
        """Read what was said, without waiting; return whether there is news."""
        if self.busy:
            self.environment.progress.seconds = self.supervisor.seconds
        return self.supervisor.poll()

    def wait(self, tick: Callable[[], None] = lambda: None) -> EngineState:
        """Poll until the task is over, for scripts and tests."""
        self.supervisor.wait(tick)
        return self.environment.state

    def close(self) -> None:
        """End the task now: the add-on is disabled, or Blender quits. What is half-made is removed the next time."""
        self.supervisor.close()

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event."""
        kind = event["event"]
        if kind == "done":
            self.over = True
            self._take_done(event)
        elif kind == "error":
            self.fail(failure_of(event, _SILENT))
        elif kind == "cancelled":
            self.cancelled()
        elif not self.stopping:
            self.environment.take(event)

    def fail(self, failure: Failure) -> None:
        """Note why the task failed."""
        self.over = True
        self.environment.fail(_OTHER_VERSION if failure.code == OTHER_VERSION else failure)

    def cancelled(self) -> None:
        """Note that the user stopped the task."""
        self.over = True
        self.environment.cancelled()

    def reason_of(self, end: EarlyEnd) -> Failure:
        """Say that the installer itself failed."""
        return Failure(
            "installer-died",
            f"The installer ended in the middle of its work (exit status {end.exit_code}).",
            "Try again: what was downloaded is kept. If it happens again, look into the log.",
        )

    def _take_done(self, event: Mapping[str, Any]) -> None:
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
