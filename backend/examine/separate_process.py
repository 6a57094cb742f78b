"""Examination of model files in a separate process, with a deadline and a limit on memory for each.

A file that ends or stops that process is named as unusable, and another process examines the files after it.
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
from .model_file import FileReport, from_json_data, unusable

_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""How many threads libraries make at once when they are loaded; each has memory of its own, and none is needed here."""


@dataclass(frozen=True)
class Limits:
    """What the examination of one file may take.

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


def examine_separately(paths: Sequence[Path], limits: Limits | None = None) -> Mapping[Path, FileReport]:
    """Return what each file is."""
    limits = limits or Limits()
    reports: dict[Path, FileReport] = {}
    rest = list(paths)
    while rest:
        answers, why = _examined(rest, limits)
        reports.update(zip(rest, answers, strict=False))
        rest = rest[len(answers) :]
        if rest:
            reports[rest[0]] = unusable(rest[0], why)
            rest = rest[1:]
    return reports


def _examined(paths: Sequence[Path], limits: Limits) -> tuple[list[FileReport], str]:
    """What one process says of the first files, and why it said nothing of the next."""
    command = [sys.executable, "-s", "-B", "-m", __package__, str(limits.memory)]
    reports: list[FileReport] = []
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=_queue_lines, args=(process.stdout, lines), daemon=True).start()
        try:
            with contextlib.suppress(OSError):  # it has ended already
                process.stdin.write(json.dumps([str(path) for path in paths]).encode() + b"\n")
                process.stdin.flush()
            for path in paths:
                line = lines.get(timeout=limits.for_file(path))
                if line is None:
                    return reports, _why_ended(process.wait())
                reports.append(from_json_data(json.loads(line)))
            return reports, ""
        except queue.Empty:
            return reports, "examining it takes too long"
        except (ValueError, KeyError, TypeError):
            return reports, "examining it gave no answer"
        finally:
            process.kill()


def _queue_lines(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _why_ended(code: int) -> str:
    if code == EXIT_MEMORY:
        return "examining it takes too much memory"
    return "examining it crashed the process that did it"
