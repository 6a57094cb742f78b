"""An installation as events, one line of JSON each: what Blender's preferences show. See `contract.events`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

from ... import __version__
from ...contract.events import PROTOCOL, encode, error_event
from ...contract.failure import Failure

HEARTBEAT: Final = 1.0
"""Seconds of silence after which a heartbeat is sent."""


STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class SetupStage:
    """A part of the work.

    Attributes:
        name: In events.
        label: For the user.
        weight: Share of the time that it usually takes; all together are 1.
    """

    name: str
    label: str
    weight: float


STAGES: Final = (
    SetupStage("python", "Python", 0.05),
    SetupStage("environment", "Environment", 0.04),
    SetupStage("packages", "Packages", 0.86),
    SetupStage("check", "Check", 0.05),
)


class EventReporter:
    """Says stages, progress and notices on a stream, from any thread, and sends heartbeats while nothing else is said.

    A reader that is gone is no error here: `watch_input` notices it and stops the work.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._started = self._last = time.monotonic()
        self._stage = ""
        self._stage_started = 0.0
        self._rate_from: tuple[float, float] | None = None
        threading.Thread(target=self._beat, daemon=True).start()

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write one event."""
        with self._lock:
            self._last = time.monotonic()
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(encode(event) + "\n")
                self._stream.flush()

    def hello(self) -> None:
        """Send the first event: protocol and version."""
        self.emit(
            {"event": "hello", "protocol": PROTOCOL, "version": __version__, "device": "", "pid": os.getpid()},
        )

    def job(self) -> None:
        """Say what the stages are."""
        stages = [{"name": each.name, "kind": each.name, "label": each.label, "weight": each.weight} for each in STAGES]
        self.emit({"event": "job", "stages": stages})

    def stage(self, name: str) -> None:
        """Begin a stage; the one before is done."""
        self._end_stage()
        self._stage, self._stage_started, self._rate_from = name, time.monotonic(), None
        self.emit({"event": "stage", "name": name, "state": "running"})

    def step(self, text: str) -> None:
        """Begin a step of the stage."""
        self.progress(text)

    def progress(self, text: str, done: float = 0, total: float = 0) -> None:
        """Say how far the stage is."""
        self.emit(
            {
                "event": "progress",
                "name": self._stage,
                "done": int(done),
                "total": int(total),
                "seconds_left": self._seconds_left(done, total),
                "text": text,
            }
        )

    def note(self, text: str) -> None:
        """Say something to know although the work goes on."""
        self.emit({"event": "notice", "name": self._stage, "code": "setup", "sentence": text, "advice": ""})

    def done(self, outputs: Mapping[str, str], **more: Any) -> None:
        """Say that all is done, as the last event."""
        self._end_stage()
        seconds = round(time.monotonic() - self._started, 1)
        self.emit({"event": "done", "outputs": dict(outputs), "seconds": seconds, **more})

    def failed(self, failure: Failure, log: str) -> None:
        """Say why the work ends, as the last event."""
        self.emit({**error_event(failure, self._stage), "log": log})

    def cancelled(self) -> None:
        """Say that the work was stopped, as the last event."""
        self.emit({"event": "cancelled"})

    def close(self) -> None:
        """End the heartbeat."""
        self._closed.set()

    def _end_stage(self) -> None:
        if self._stage:
            seconds = round(time.monotonic() - self._stage_started, 1)
            self.emit({"event": "stage", "name": self._stage, "state": "done", "seconds": seconds, "summary": ""})
        self._stage = ""

    def _seconds_left(self, done: float, total: float) -> float | None:
        """Estimate from the pace since the stage began to move; None in the first seconds."""
        now = time.monotonic()
        if not total or done <= 0:
            return None
        if self._rate_from is None:
            self._rate_from = (now, done)
        since, at = self._rate_from
        if now - since < 3.0 or done <= at:
            return None
        return round((now - since) * max(total - done, 0) / (done - at), 1)

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT / 4):
            now = time.monotonic()
            if now - self._last >= HEARTBEAT:
                self.emit({"event": "heartbeat", "seconds": round(now - self._started, 1)})


@contextlib.contextmanager
def own_output() -> Iterator[TextIO]:
    """Keep standard output for events: whatever else is printed goes to standard error, which is the log."""
    kept = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    stream = os.fdopen(kept, "w", encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        yield stream
    finally:
        sys.stdout.flush()
        with contextlib.suppress(OSError):  # A reader that is gone.
            stream.flush()
        os.dup2(stream.fileno(), 1)


def stop_when_asked() -> None:
    """Raise `KeyboardInterrupt` in the main thread on ``cancel`` or the end of standard input, and on SIGTERM."""
    for number in STOPPING:
        signal.signal(number, _stop)
    threading.Thread(target=_watch_input, daemon=True).start()


def stop_no_more() -> None:
    """Let nothing interrupt the last event, or the clearing away after the first interruption."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _stop(_number: int, _frame: Any) -> None:
    stop_no_more()
    raise KeyboardInterrupt


def _watch_input() -> None:
    rest = b""
    while True:
        try:
            chunk = os.read(0, 4096)
        except OSError:
            chunk = b""
        *lines, rest = (rest + chunk).split(b"\n")
        if not chunk or any(line.strip() == b"cancel" for line in lines):
            break
    if os.name == "nt":
        import _thread

        _thread.interrupt_main()
    else:
        # A real signal also wakes a main thread that waits in a system call.
        os.kill(os.getpid(), signal.SIGINT)
