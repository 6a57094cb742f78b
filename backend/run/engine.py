"""The engine as a process: what it says on standard output, how it is stopped, and where its log goes."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from .. import __version__
from ..contract.atomic import abandon_half_made
from ..contract.events import PROTOCOL, Emit, encode, error_event
from ..contract.failure import Failure
from ..contract.identity_clips import with_identity_clips
from ..contract.job import Job
from ..data.previews import Previews, preview_folder
from ..data.stage_code import StageCode
from ..system.device import device_name
from ..system.locks import release_all
from .cache import Cache
from .registry import STAGE_CODE
from .runner import Finished, Stopped, run_job

Result = TypeVar("Result")

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_CANCELLED: Final = 128 + signal.SIGINT
"""As shells expect; another signal that stops us stands in its place."""

HEARTBEAT: Final = 1.0
"""Seconds of silence after which a heartbeat is sent."""

CANCEL_TIMEOUT: Final = 10.0
"""Seconds that a stage has to stop after being asked; then the process ends. Files appear whole, so none is torn."""

SIGNAL_TIMEOUT: Final = 5.0
"""The same after Ctrl-C or a polite kill, whose sender waits."""

ORPHAN_TIMEOUT: Final = 1.0
"""The same when nobody is there any more who could want the result: the program that started us has died."""

FINAL_EVENT_TIMEOUT: Final = 0.5
"""Seconds for the last event when the time is up; a reader that hangs must not hold the process."""


class Stop:
    """Whether the user asked to stop; asked twice, or ignored for some seconds, the process ends at once.

    Attributes:
        exit_code: With which the process ends when it was stopped.
        send_final_event: Says that it was; called when the process is ended in the middle of something.
    """

    def __init__(self) -> None:
        self.exit_code = EXIT_CANCELLED
        self._event = threading.Event()
        self._deadline = float("inf")
        self.send_final_event: Callable[[], None] = lambda: None

    def asked(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def ask(self, timeout: float = CANCEL_TIMEOUT) -> None:
        """Ask the stages to stop within so many seconds; a second call can only shorten them."""
        deadline = time.monotonic() + timeout
        if deadline >= self._deadline:
            return
        self._deadline = deadline
        self._event.set()
        watchdog = threading.Timer(timeout, self._time_is_up)
        watchdog.daemon = True
        watchdog.start()
        # The timer needs the interpreter, which a library may hold, or may get late on a busy computer; this does not.
        faulthandler.dump_traceback_later(timeout + 1.5 * FINAL_EVENT_TIMEOUT, exit=True, file=2)

    def _time_is_up(self) -> None:
        words = threading.Thread(target=self._end, daemon=True)
        words.start()
        words.join(FINAL_EVENT_TIMEOUT)
        os._exit(self.exit_code)

    def _end(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):  # in the middle of another line, or nobody reads any more
            self.send_final_event()
        abandon_half_made()
        release_all()
        os._exit(self.exit_code)

    def on_signal(self, number: int) -> None:
        """Take SIGINT, SIGTERM or SIGHUP."""
        if self.asked():
            self._time_is_up()
        self.exit_code = 128 + number
        self.ask(SIGNAL_TIMEOUT)


class EventLines:
    """Events as lines on a stream, one at a time from any thread, and a heartbeat when nothing else is said."""

    def __init__(self, stream: TextIO, stop: Stop) -> None:
        self._stream = stream
        self._stop = stop
        self._lock = threading.RLock()  # a signal may interrupt the thread that writes, and write the final event
        self._started = self._last = time.perf_counter()
        self._closed = threading.Event()

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write one event; a reader that is gone means that nobody wants the work."""
        with self._lock:
            self._last = time.perf_counter()
            try:
                self._stream.write(encode(event) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._stop.ask(ORPHAN_TIMEOUT)

    def send_heartbeats(self) -> None:
        """Send heartbeats until `close` (in a thread of its own)."""
        while not self._closed.wait(HEARTBEAT / 4):
            now = time.perf_counter()
            if now - self._last >= HEARTBEAT:
                self.emit({"event": "heartbeat", "seconds": round(now - self._started, 1)})

    def close(self) -> None:
        """End the heartbeat."""
        self._closed.set()


@dataclass(frozen=True)
class Streams:
    """Standard output and error of the process, kept aside while libraries write into the log instead."""

    output: TextIO
    error: TextIO


@contextlib.contextmanager
def own_streams(log: Path | None) -> Iterator[Streams]:
    """Keep standard output and error for ourselves: whatever a library prints goes to the log.

    C++ libraries print to the file descriptors, so it is these that are turned, not `sys.stdout`. Without a log
    (the cache cannot be written) what they say is dropped.
    """
    saved = [os.dup(1), os.dup(2)]
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    output = os.fdopen(os.dup(saved[0]), "w", encoding="utf-8", errors="backslashreplace", newline="\n")
    error = os.fdopen(os.dup(saved[1]), "w", encoding="utf-8", errors="backslashreplace", newline="\n")
    faulthandler.enable(sys.__stderr__ or 2)
    try:
        yield Streams(output, error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # the disk of the log is full
                stream.flush()
        for stream in (output, error):
            with contextlib.suppress(OSError):  # a reader that is gone
                stream.close()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in saved:
            os.close(descriptor)


def watch_input(stop: Stop) -> None:
    """Stop on a line ``cancel``, and soon at the end of standard input: then whoever started us is gone."""
    descriptor = sys.stdin.fileno() if sys.stdin is not None else None
    if descriptor is None:
        return
    rest = b""
    while True:
        try:
            chunk = os.read(descriptor, 4096)
        except OSError:
            chunk = b""
        if not chunk:
            stop.ask(ORPHAN_TIMEOUT)
            return
        *lines, rest = (rest + chunk).split(b"\n")
        if any(line.strip() == b"cancel" for line in lines):
            stop.ask()


def hello() -> dict[str, Any]:
    """Return the first event."""
    return {
        "event": "hello",
        "protocol": PROTOCOL,
        "version": __version__,
        "device": device_name(),
        "pid": os.getpid(),
    }


def with_signals(stop: Stop) -> None:
    """Let Ctrl-C and a polite kill stop the work cleanly, and end it where it hangs.

    Python's own handlers wait for the main thread, which may wait in turn: for FFmpeg, or for a drive that is gone. The
    number of a signal is written to a socket at once, wherever the main thread is, and another thread reads it there.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _wake_only)
    threading.Thread(target=_read_signals, args=(receiver, sender, stop), name="signals", daemon=True).start()


def _wake_only(_number: int, _frame: Any) -> None:
    """Do nothing: without a handler of Python's, nothing is written to the socket."""


def _read_signals(receiver: socket.socket, _sender: socket.socket, stop: Stop) -> None:
    """Take signals as they come; both ends of the socket live as long as this."""
    while numbers := receiver.recv(16):
        for number in numbers:
            stop.on_signal(number)


def run_guarded(
    job: Job,
    cache: Cache,
    models: Path,
    emit: Emit,
    stop: Stop,
    log: Path | None,
    registry: Mapping[str, StageCode] = STAGE_CODE,
    *,
    previews: bool = False,
) -> Finished | Stopped | Failure:
    """Run a job; an error of the program itself becomes a failure too, see `guarded`."""
    shown = _previews(cache, emit) if previews else None

    def work(said: Emit) -> Finished | Stopped | Failure:
        whole = with_identity_clips(job)
        if isinstance(whole, Failure):
            said(error_event(whole))
            return whole
        return run_job(whole, cache, models, said, stop.asked, registry, shown)

    return guarded(work, emit, log)


def _previews(cache: Cache, emit: Emit) -> Previews | None:
    try:
        return Previews(preview_folder(cache.root), emit)
    except OSError:  # A cache that cannot be written to any more: the run itself says so.
        return None


def guarded(work: Callable[[Emit], Result], emit: Emit, log: Path | None) -> Result | Failure:
    """Return what `work` does; an error of the program itself becomes a failure, and its traceback goes to the log."""

    def with_log(event: Mapping[str, Any]) -> None:
        emit({**event, "log": str(log)} if event.get("event") == "error" and log is not None else event)

    try:
        return work(with_log)
    except Exception as error:  # noqa: BLE001 - the border of the process: no traceback may reach the user
        traceback.print_exc(file=sys.stderr)
        failure = Failure(
            "internal",
            f"Something went wrong inside the engine ({type(error).__name__}: {error}).",
            "Please report it with the log file; running again resumes where it stopped.",
        )
        with_log(error_event(failure))
        return failure
