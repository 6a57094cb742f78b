"""One engine process: started cleanly, read without ever waiting for it, ended for certain. No `bpy` here."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from ..child_environment import child_environment
from ..events import PROTOCOL, decode, text_of
from ..failure import Failure

LONGEST_LINE: Final = 1 << 16
"""Bytes; no event is longer. What is longer is noise and is not kept."""

LINGERING: Final = 0.5
"""Seconds after its exit for which the rest of what an engine said is waited for."""

OTHER_VERSION: Final = "engine-other-version"
"""Code of the failure of an engine that this add-on does not understand."""

OF_BLENDER: Final = ("BLENDER_", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES")
"""How variables begin that are Blender's own; libraries that it preloads do not belong into another process."""

_REPLACED: Final = frozenset({"progress", "heartbeat", "preview"})
"""Kinds of events of which only the latest matters."""


@dataclass(frozen=True)
class Engine:
    """Where the engine is.

    Attributes:
        python: Interpreter of its environment.
        root: Folder that holds the package `backend`.
    """

    python: Path
    root: Path

    def command(self, verb: str, *arguments: str | Path, models: Path | None) -> list[str]:
        """Return the command that does something and says events. No byte code is written into the add-on's folder.

        Args:
            verb: What to do: ``run``, ``look``, ``models``.
            arguments: Of that.
            models: Folder of model files; the engine's own where None.
        """
        command = [str(self.python), "-s", "-B", "-m", "backend", verb, *map(str, arguments), "--events"]
        return [*command, "--models", str(models)] if models is not None else command


def version_problem(hello: Mapping[str, Any]) -> Failure | None:
    """Return why an engine that said ``hello`` cannot be understood, or None."""
    if hello.get("protocol") == PROTOCOL:
        return None
    return Failure(
        OTHER_VERSION,
        f"The engine is of another version ({text_of(hello, 'version') or 'unknown'}) than the add-on.",
        "Install the engine again in the preferences of the add-on.",
    )


@contextlib.contextmanager
def _broken_pipe_is_no_signal() -> Iterator[None]:
    """Let a write to a process that is gone be an error alone.

    Python ignores SIGPIPE when it is a program of its own. Inside Blender nobody does, and it would end Blender.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        if signal.SIGPIPE in signal.sigpending():
            signal.sigwait({signal.SIGPIPE})
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class EngineProcess:
    """A running engine. All methods return at once, except `end`, which takes as long as it is allowed to."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self._lock = threading.Lock()
        self._exited: float | None = None
        self._ending: threading.Thread | None = None
        self._events: deque[dict[str, Any]] = deque()
        self.noise = 0
        """Lines on standard output that were no events."""
        self._reader = threading.Thread(target=self._read, name="flame-engine-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Exit code when the process is gone and all that it said has been taken, else None."""
        code = self._process.poll()
        if code is None or self._events:
            return None
        if self._exited is None:
            self._exited = time.monotonic()
        # Something that the engine started may hold its output open; it is not waited for.
        if self._reader.is_alive() and time.monotonic() - self._exited < LINGERING:
            return None
        return None if self._events else code

    def take(self) -> dict[str, Any] | None:
        """Return the next event, or None where there is none at the moment."""
        with self._lock:
            return self._events.popleft() if self._events else None

    def ask_to_stop(self) -> None:
        """Ask the engine to cancel: it finishes the frame, keeps its cache whole, and goes."""
        stream = self._process.stdin
        if stream is None or stream.closed:
            return
        with _broken_pipe_is_no_signal(), contextlib.suppress(OSError, ValueError):  # It is gone already.
            stream.write(b"cancel\n")
            stream.flush()

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        if self._process.poll() is not None and self._group_is_gone():
            return
        if sys.platform == "win32":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(self.pid)],
                check=False,
                capture_output=True,
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _group_is_gone(self) -> bool:
        if sys.platform == "win32":
            return True
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return True
        return False

    def end(self, patience: float) -> None:
        """Ask, wait for `patience` seconds, kill, and release everything."""
        self.ask_to_stop()
        if self._process.stdin is not None:
            with _broken_pipe_is_no_signal(), contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._reader.join(1.0)
        with contextlib.suppress(OSError):  # A full disk: what is missing then are words about noise.
            self._log.close()

    def end_aside(self) -> None:
        """End it at once without waiting for that: also a kill takes its time, and Blender draws meanwhile."""
        self._ending = threading.Thread(target=self.end, args=(0.0,), name="flame-engine-end", daemon=True)
        self._ending.start()

    @property
    def ending(self) -> bool:
        """Whether `end_aside` was called and is not through yet."""
        return self._ending is not None and self._ending.is_alive()

    def join(self, patience: float) -> None:
        """Wait until `end_aside` is through."""
        if self._ending is not None:
            self._ending.join(patience)

    def _read(self) -> None:
        """Take lines from standard output until it ends; in a thread of its own."""
        stream = self._process.stdout
        assert stream is not None
        while line := stream.readline(LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
                self._note_noise(line[:200] + b"...\n")
                self._skip_rest(stream)
                continue
            event = decode(line.decode("utf-8", errors="replace"))
            if event is None:
                self._note_noise(line)
            else:
                self._append(event)
        stream.close()

    def _skip_rest(self, stream: IO[bytes]) -> None:
        while (part := stream.readline(LONGEST_LINE)) and not part.endswith(b"\n"):
            pass

    def _note_noise(self, line: bytes) -> None:
        """Count it, and keep the first of it in the log, where it may explain what is wrong."""
        self.noise += 1
        if self.noise <= 100:
            with contextlib.suppress(OSError, ValueError):  # A full disk, or a log that is closed.
                self._log.write(b"[not an event] " + line)
                self._log.flush()

    def _append(self, event: dict[str, Any]) -> None:
        """Queue an event; the latest news replaces older news of its kind, so that the queue stays short."""
        with self._lock:
            last = self._events[-1] if self._events else {}
            same = last.get("event") == event["event"] and last.get("name") == event.get("name")
            if same and event["event"] in _REPLACED:
                self._events.pop()
            self._events.append(event)


def start_process(engine: Engine, arguments: list[str], log_file: Path) -> EngineProcess | Failure:
    """Start the engine in a process group of its own, without a console window.

    Args:
        engine: Where it is.
        arguments: Whole command, see `Engine.command`.
        log_file: Takes what the engine writes to standard error.
    """
    if not engine.python.is_file():
        return Failure(
            "engine-missing",
            f"The engine is not where it was: there is no {engine.python}.",
            "Install the engine again in the preferences of the add-on.",
        )
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        log = log_file.open("ab")
    except OSError as error:
        return Failure(
            "log-not-writable",
            f"The log {log_file} cannot be written: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=engine.root,
            env=child_environment(os.environ, OF_BLENDER),
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )
    except OSError as error:
        log.close()
        return Failure(
            "engine-not-startable",
            f"{engine.python.name} could not be started: {error.strerror or error}.",
            "Choose the engine's folder in the preferences of the add-on, or install the engine again.",
        )
    return EngineProcess(process, log)
