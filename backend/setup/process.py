"""Child processes that see nothing of the user's Python settings and that end when the installer does."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..contract.child_environment import child_environment

# Proxy and certificate variables of the system are passed on untouched; of pip's own only those that say where and how
# packages are fetched, because the others (user, target, prefix, no-binary, ...) would change what is installed.
HONOURED_PIP_VARIABLES = frozenset(
    f"PIP_{name}"
    for name in (
        *("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "PROXY", "CERT", "CLIENT_CERT"),
        *("TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CACHE_DIR", "NO_CACHE_DIR", "CONFIG_FILE", "USE_FEATURE"),
        "KEYRING_PROVIDER",
    )
)
NETWORK_PIP_VARIABLES = frozenset({"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"})

# Runs `python -m MODULE ...` and leaves at once when standard input closes, that is when the installer is gone.
GUARD = """
import os, runpy, sys, threading
def watch():
    while os.read(0, 1):
        pass
    os._exit(130)
threading.Thread(target=watch, daemon=True).start()
sys.argv = sys.argv[1:]
target = sys.argv[0]
if target.endswith('.py'):
    runpy.run_path(target, run_name='__main__')
else:
    runpy.run_module(target, run_name='__main__', alter_sys=True)
"""


def clean_environment(temporary: Path | None = None, offline: bool = False) -> dict[str, str]:
    """Return the environment variables for a child: no ``PYTHON*``, no user site, only harmless ``PIP_*``.

    Args:
        temporary: Folder for temporary files, so that a small system folder is not filled.
        offline: Drop every index and configuration file, so that nothing can reach the network.
    """
    honoured = HONOURED_PIP_VARIABLES - NETWORK_PIP_VARIABLES if offline else HONOURED_PIP_VARIABLES
    user = {
        name: text
        for name, text in os.environ.items()
        if not name.upper().startswith("PIP_") or name.upper() in honoured
    }
    clean = child_environment(user)
    clean.update(PYTHONUNBUFFERED="1", PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    if offline:
        clean["PIP_CONFIG_FILE"] = os.devnull
    if temporary is not None:
        clean.update(TMPDIR=str(temporary), TEMP=str(temporary), TMP=str(temporary))
    return clean


@dataclass
class Outcome:
    """How a child process ended.

    Attributes:
        code: Exit status.
        lines: All lines that it wrote.
    """

    code: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that it wrote."""
        return "\n".join(self.lines)


def run_guarded(
    python: Path,
    arguments: Sequence[str],
    *,
    environment: dict[str, str],
    log: Path | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    on_wait: Callable[[float], None] = lambda seconds: None,
) -> Outcome:
    """Run a module or a script with an interpreter, isolated, and follow what it writes.

    Args:
        python: The interpreter.
        arguments: Name of a module or path of a script, and its arguments.
        environment: Variables, from `clean_environment`.
        log: File that everything is appended to.
        on_line: Called with each line.
        on_wait: Called about once a second with the seconds since the last line.

    Returns:
        The outcome; 127 when the interpreter could not be started. The child is stopped when an exception, such as
        Ctrl-C, passes through.
    """
    command = [str(python), "-I", "-c", GUARD, *arguments]
    shown = " ".join([str(python), *arguments])
    return run_program(command, environment=environment, log=log, on_line=on_line, on_wait=on_wait, shown=shown)


def run_program(
    command: Sequence[str],
    *,
    environment: dict[str, str],
    log: Path | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    on_wait: Callable[[float], None] = lambda seconds: None,
    shown: str = "",
) -> Outcome:
    """Run any program as `run_guarded` does, but one that does not notice by itself when the installer is gone."""
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
    except OSError as error:
        return Outcome(127, [f"{command[0]}: {error}"])
    outcome = Outcome(0)
    try:
        _append(log, "$ " + (shown or " ".join(command)))
        _follow(child, outcome, log, on_line, on_wait)
        outcome.code = child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()
    _append(log, f"exit status {outcome.code}")
    return outcome


def _follow(
    child: subprocess.Popen[str],
    outcome: Outcome,
    log: Path | None,
    on_line: Callable[[str], None],
    on_wait: Callable[[float], None],
) -> None:
    assert child.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(child.stdout, lines), daemon=True).start()
    last = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=1.0)
        except queue.Empty:
            on_wait(time.monotonic() - last)
            continue
        if line is None:
            return
        last = time.monotonic()
        outcome.lines.append(line)
        if not line.startswith("Progress "):
            _append(log, line)
        on_line(line)


def _pump(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    try:
        for line in stream:
            lines.put(line.rstrip("\r\n"))
    except ValueError:
        # The stream was closed under us while stopping.
        pass
    finally:
        lines.put(None)


def _append(log: Path | None, line: str) -> None:
    if log is None:
        return
    # An engine in a folder that may only be read is checked all the same, and a full disk is told by what is installed.
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8", errors="replace") as file:
        file.write(line + "\n")
