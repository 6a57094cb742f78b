"""End of a case: in a forked child with limits on time and memory, watched for what no file may bring about."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from backend.contract.failure import Failure

from .watching import Harm, watch

VALUE, SENTENCE, INTERNAL, CRASH, HANG, HARM = KINDS = ("value", "sentence", "internal", "crash", "hang", "harm")
"""What a case may come to: the first two are right."""
PATIENCE: Final = 30.0
"""Seconds of the processor after which a case hangs; eight times as many on the clock count too."""
MEMORY: Final = 24 << 30
"""Bytes of addresses; libraries alone take several billion."""
LONGEST: Final = 2500


@dataclass(frozen=True)
class Ending:
    """How a case ended.

    Attributes:
        kind: One of `KINDS`.
        detail: Code of the failure, or what went wrong and where.
        seconds: Of the processor.
    """

    kind: str
    detail: str
    seconds: float = 0.0


def ending_of(work: Callable[[], object], folder: Path) -> Ending:
    """Run `work` in a forked child that may write to a folder alone, and say how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_the_child(work, folder, writer)
    os.close(writer)
    content = _heard(reader, time.monotonic() + 8 * PATIENCE)
    os.close(reader)
    if content is None:
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if content is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return Ending(HANG, f"no end after {seconds:.0f} s", seconds)
    if os.WIFSIGNALED(status):
        return Ending(CRASH, signal.Signals(os.WTERMSIG(status)).name, seconds)
    if not content:
        return Ending(CRASH, f"exit status {os.WEXITSTATUS(status)} without a word", seconds)
    kind, detail = json.loads(content)
    return Ending(kind, detail, seconds)


def judged(value: object) -> tuple[str, str]:
    """Return kind and detail of what a case returned: a failure has to be a sentence, anything else is a value."""
    if not isinstance(value, Failure):
        return VALUE, ""
    text = str(value)
    if value.code == "internal" or "Traceback" in text:
        return INTERNAL, text[:300]
    if not text.isprintable() or len(text) > LONGEST or not value.sentence.strip().endswith("."):
        return INTERNAL, f"no clear sentence: {text[:300]!r}"
    return SENTENCE, value.code


def _be_the_child(work: Callable[[], object], folder: Path, writer: int) -> None:
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(PATIENCE), int(PATIENCE) + 5))
    harm: list[Harm] = []
    answer: tuple[str, str]
    try:
        watch(folder, harm)
        answer = judged(work())
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        answer = INTERNAL, place_of(error)
    if harm:
        answer = HARM, str(harm[0])
    with contextlib.suppress(OSError):
        os.write(writer, json.dumps(answer).encode())
    os._exit(0)


def place_of(error: BaseException) -> str:
    """Return an error, and where it came from, on one line."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - whatever it is
        text = "?"
    return f"{type(error).__name__}: {text[:200]} @ {where}"


def _heard(reader: int, deadline: float) -> Any:
    """Return what the child wrote, None where it took too long."""
    content = b""
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(reader, 1 << 16)
        if not part:
            return content
        content += part
