"""Looks at model files in a process apart, with a deadline and a limit on memory for each.

A file that ends or stops that process is named as unusable, and another process looks at the files after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ..system.processes import PROJECT
from .memory_limit import EXIT_MEMORY
from .model_file import Look, from_plain, unusable

_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""How many threads libraries make at once when they are loaded; each has memory of its own, and none is needed here."""


@dataclass(frozen=True)
class Limits:
    """What looking at one file may take.

    Attributes:
        seconds: For any file; loading torch is part of it.
        bytes_per_second: How slowly a large file may be read besides.
        memory: Bytes, those of the libraries included.
    """

    seconds: float = 60.0
    bytes_per_second: float = 20e6
    memory: int = 4 << 30

    def for_file(self, path: Path) -> float:
        """Seconds for a file."""
        try:
            return self.seconds + path.stat().st_size / self.bytes_per_second
        except OSError:
            return self.seconds


def look_apart(paths: Sequence[Path], limits: Limits | None = None) -> Mapping[Path, Look]:
    """Return what each file is."""
    limits = limits or Limits()
    found: dict[Path, Look] = {}
    rest = list(paths)
    while rest:
        seen, why = _looked_at(rest, limits)
        found.update(zip(rest, seen, strict=False))
        rest = rest[len(seen) :]
        if rest:
            found[rest[0]] = unusable(rest[0], why)
            rest = rest[1:]
    return found


def _looked_at(paths: Sequence[Path], limits: Limits) -> tuple[list[Look], str]:
    """What one process says of the first files, and why it said nothing of the next."""
    command = [sys.executable, "-s", "-B", "-m", __package__, str(limits.memory)]
    looks: list[Look] = []
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
        try:
            with contextlib.suppress(OSError):  # it has ended already
                process.stdin.write(json.dumps([str(path) for path in paths]).encode() + b"\n")
                process.stdin.flush()
            for path in paths:
                line = lines.get(timeout=limits.for_file(path))
                if line is None:
                    return looks, _why_ended(process.wait())
                looks.append(from_plain(json.loads(line)))
            return looks, ""
        except queue.Empty:
            return looks, "looking into it takes too long"
        except (ValueError, KeyError, TypeError):
            return looks, "looking into it gave no answer"
        finally:
            process.kill()


def _pass_on(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _why_ended(code: int) -> str:
    if code == EXIT_MEMORY:
        return "looking into it takes too much memory"
    return "looking into it ended the process that did"
