"""Supervision of one engine process: its start, its answer, its events, its deadlines and its end. No `bpy` here.

What is said is applied by an `EventHandler`; there are four: a run, a task of the installer, a search for faces, and
the list of model files. Nothing here waits but `wait` and `close`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ..failure import Failure
from .process import Engine, EngineProcess, start_process, version_problem

POLL_BUDGET: Final = 0.004
"""Seconds that one poll may take to read what was said."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a process has for what it should do.

    Attributes:
        cancel: To go after it was asked to stop; then it is killed.
        final_event: To go after its final event.
        hello: To say hello; None where it need not.
        hello_after_noise: The same for a program that has said other things than events.
    """

    cancel: float = 12.0
    final_event: float = 5.0
    hello: float | None = None
    hello_after_noise: float | None = None


@dataclass(frozen=True)
class EarlyEnd:
    """An end without a final event, for which nobody asked.

    Attributes:
        exit_code: Of the process; None where it was given up on because it did not say hello.
        seconds: Since it was started.
    """

    exit_code: int | None
    seconds: float


class EventHandler(Protocol):
    """Applies what one process says. After the final event, and after `fail` and `cancelled`, it is `over`."""

    @property
    def over(self) -> bool:
        """Whether nothing that is said counts any more."""
        ...

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event."""
        ...

    def fail(self, failure: Failure) -> None:
        """Note why it failed."""
        ...

    def cancelled(self) -> None:
        """Note that it was ended because somebody wanted that."""
        ...

    def reason_of(self, end: EarlyEnd) -> Failure | None:
        """Say what went wrong; None where nothing did."""
        ...


class Supervisor:
    """Looks after one process at a time; everything happens in `poll`, which a timer calls.

    Args:
        timeouts: Of every process.
        clock: Seconds, for tests.
    """

    def __init__(self, timeouts: Timeouts | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.timeouts = timeouts or Timeouts()
        self.clock = clock
        self._process: EngineProcess | None = None
        self._handler: EventHandler | None = None
        self._ending: EngineProcess | None = None
        self._answered = self._cancelled = False
        self._deadline: float | None = None
        self._started = self._last_event = 0.0

    @property
    def busy(self) -> bool:
        """Whether a process is at work."""
        return self._process is not None

    @property
    def ending(self) -> bool:
        """Whether a process that was let go of is not gone yet."""
        return self._ending is not None and self._ending.ending

    @property
    def stopping(self) -> bool:
        """Whether the process was asked to stop and has not said its final event."""
        return self._cancelled and self._handler is not None and not self._handler.over

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return self._process.pid if self._process is not None else None

    @property
    def seconds(self) -> float:
        """Time since the process was started."""
        return self.clock() - self._started

    @property
    def silence(self) -> float:
        """Seconds since the latest event, heartbeats included."""
        return self.clock() - self._last_event

    def start(self, engine: Engine, command: list[str], log: Path, handler: EventHandler) -> Failure | None:
        """Start a process; nothing else may be `busy` here.

        Args:
            engine: Where it is.
            command: Whole, see `Engine.command`.
            log: Takes what it writes to standard error.
            handler: Applies what it says.
        """
        process = start_process(engine, command, log)
        if isinstance(process, Failure):
            return process
        self._process = process
        self._handler = handler
        self._answered = self._cancelled = False
        self._deadline = None
        self._started = self._last_event = self.clock()
        return None

    def cancel(self, timeout: float | None = None) -> None:
        """Ask the process to stop; it is killed when it is still there after `timeout` seconds."""
        if self._process is None or self._deadline is not None:
            return
        self._cancelled = True
        self._deadline = self.clock() + (self.timeouts.cancel if timeout is None else timeout)
        self._process.ask_to_stop()

    def poll(self, budget: float = POLL_BUDGET) -> bool:
        """Read what was said, for at most about `budget` seconds, and see to the end; return whether there is news."""
        process, handler = self._process, self._handler
        if process is None or handler is None:
            return False
        until = time.perf_counter() + budget
        changed = False
        while (event := process.take()) is not None:
            self._hear(event, handler)
            changed = changed or event["event"] != "heartbeat"
            if time.perf_counter() > until:
                break
        return self._see_to_the_end(process, handler) or changed

    def wait(self, tick: Callable[[], None] = lambda: None, pause: float = 0.02) -> None:
        """Poll until the process is gone, for scripts and tests; `tick` is called in between."""
        while self.busy or self.ending:
            self.poll()
            tick()
            time.sleep(pause)

    def let_go(self) -> None:
        """End the process by force where it has not ended by itself, without waiting for that."""
        if self._process is not None:
            self._process.end_aside()
            self._ending = self._process
        self._process = self._handler = None

    def close(self, patience: float = 1.0) -> None:
        """End everything now: another file is opened, the add-on is disabled, or Blender quits.

        Args:
            patience: Seconds in which the process may stop by itself.
        """
        process, handler = self._process, self._handler
        self._process = self._handler = None
        if process is not None:
            process.end(patience)
        if handler is not None and not handler.over:
            handler.cancelled()
        if self._ending is not None:
            self._ending.join(3.0)
            self._ending = None

    def _hear(self, event: Mapping[str, Any], handler: EventHandler) -> None:
        self._last_event = self.clock()
        if handler.over:
            return
        handler.take(event)
        if event["event"] == "hello":
            self._answered = True
            problem = version_problem(event)
            if problem is not None:
                handler.fail(problem)

    def _see_to_the_end(self, process: EngineProcess, handler: EventHandler) -> bool:
        """Let go of a process that has ended, or that should have."""
        code = process.ended
        if code is None and not self._is_overdue(process, handler):
            return False
        if not handler.over and self._cancelled:
            handler.cancelled()
        elif not handler.over:
            reason = handler.reason_of(EarlyEnd(code, self.seconds))
            if reason is not None:
                handler.fail(reason)
        self.let_go()
        return True

    def _is_overdue(self, process: EngineProcess, handler: EventHandler) -> bool:
        now = self.clock()
        if handler.over and self._deadline is None:
            self._deadline = now + self.timeouts.final_event
        if self._deadline is not None:
            return now >= self._deadline
        limit = self.timeouts.hello_after_noise if process.noise else self.timeouts.hello
        # Any program may lie where the engine should.
        return not self._answered and limit is not None and self.seconds > limit
