"""Runs cases and counts how they end."""

from __future__ import annotations

import collections
import importlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .ending import CRASH, HANG, KINDS, PATIENCE, SENTENCE, VALUE, Ending, ending_of
from .kind import Kind
from .watching import CACHES

SHARES: Final = {
    "events": 0.15,
    "jobs": 0.1,
    "tracks": 0.15,
    "corrections": 0.05,
    "pictures": 0.1,
    "videos": 0.15,
    "pickles": 0.15,
    "heads": 0.05,
    "weights": 0.1,
    "performances": 0.1,
    "characters": 0.05,
}
IN_BLENDER: Final = {"imports": 0.03, "blends": 0.02}
"""The same for what Blender's module does, where it is installed; see `in_blender`."""

"""Kind of input -> its share of the cases; each is a module of this package."""
EXAMPLES: Final = 3


@dataclass
class Counts:
    """How the cases of one kind ended.

    Attributes:
        endings: Kind of ending -> how often.
        said: Code of a failure -> how often.
        bad: What should not be -> numbers of the first cases in which it was.
        slowest: Seconds of the processor, and the number of that case.
    """

    endings: collections.Counter[str] = field(default_factory=collections.Counter)
    said: collections.Counter[str] = field(default_factory=collections.Counter)
    bad: dict[str, list[int]] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)

    def add(self, number: int, ending: Ending) -> None:
        """Count a case."""
        self.endings[ending.kind] += 1
        self.slowest = max(self.slowest, (ending.seconds, number))
        if ending.kind == SENTENCE:
            self.said[ending.detail] += 1
        elif ending.kind != VALUE:
            self.bad.setdefault(f"{ending.kind}: {_general(ending.detail)}", []).append(number)


def run(name: str, numbers: Sequence[int], seed: int, work: Path) -> Counts:
    """Run numbered cases of a kind; each has a folder of its own below `work`, which is empty again at the end."""
    counts = Counts()
    endings = _endings_in_blender if name in IN_BLENDER else _endings
    for number, ending in endings(name, numbers, seed, work):
        counts.add(number, ending)
    return counts


def _endings(name: str, numbers: Sequence[int], seed: int, work: Path) -> Iterator[tuple[int, Ending]]:
    kind: Kind = importlib.import_module(f"{__package__}.{name}").KIND
    folder = work / name
    for number in numbers:
        content = content_of(kind, name, number, seed)
        folder.mkdir(parents=True)
        here = Path.cwd()
        os.chdir(folder)
        try:
            yield number, ending_of(lambda content=content: kind.read(content, folder), folder)
        finally:
            os.chdir(here)
            shutil.rmtree(folder, ignore_errors=True)


def _endings_in_blender(name: str, numbers: Sequence[int], seed: int, work: Path) -> Iterator[tuple[int, Ending]]:
    """Run cases in a process with Blender, and in a new one after each that it did not survive."""
    waiting = collections.deque(numbers)
    while waiting:
        arguments = [name, str(seed), str(waiting[0]), str(len(waiting)), str(work / name)]
        command = [sys.executable, "-m", f"{__package__}.in_blender", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            stuck = threading.Timer(PATIENCE, process.kill)
            stuck.start()
            for line in process.stdout:
                stuck.cancel()
                stuck = threading.Timer(8 * PATIENCE, process.kill)
                stuck.start()
                what, _number, *rest = line.rstrip("\n").split("\t")
                if what == "END":
                    yield waiting.popleft(), Ending(rest[0], json.loads(rest[1]))
            stuck.cancel()
        if waiting:
            code = process.wait()
            kind = HANG if code == -signal.SIGKILL else CRASH
            yield waiting.popleft(), Ending(kind, f"Blender ended with status {code}")


def content_of(kind: Kind, name: str, number: int, seed: int) -> bytes:
    """Return the content of a case, always the same for the same seed and number."""
    return kind.make(random.Random(f"{seed} {name} {number}"))


def table(found: dict[str, Counts]) -> str:
    """Return the counts as a table, and below it what should not be."""
    rows = [("kind", *KINDS, "cases", "slowest")]
    total: collections.Counter[str] = collections.Counter()
    for name, counts in found.items():
        total += counts.endings
        slowest = f"{counts.slowest[0]:.1f} s (case {counts.slowest[1]})"
        rows.append((name, *(str(counts.endings[kind]) for kind in KINDS), str(counts.endings.total()), slowest))
    rows.append(("all", *(str(total[kind]) for kind in KINDS), str(total.total()), ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for name, counts in found.items():
        if counts.said:
            lines.append(f"{name}: {', '.join(f'{code} {count}' for code, count in counts.said.most_common(12))}")
        for what, numbers in sorted(counts.bad.items()):
            first = ", ".join(str(number) for number in numbers[:EXAMPLES])
            lines.append(f"{name}: {len(numbers)} times {what} (cases {first})")
    return "\n".join(lines)


def is_good(found: dict[str, Counts]) -> bool:
    """Whether every case ended as a value or a clear sentence."""
    return not any(counts.bad for counts in found.values())


def _general(text: str) -> str:
    """Return what went wrong without the numbers and names of the one case."""
    return re.sub(r"'[^']{0,200}'", "'…'", re.sub(r"0x[0-9a-f]+|(?<!:)\b\d+", "#", text))[:240]


def prepare(work: Path) -> None:
    """Let all that the program keeps lie below `work`, and load nothing from elsewhere."""
    work.mkdir(parents=True, exist_ok=True)
    for variable in (*CACHES, "XDG_CONFIG_HOME", "HOME"):
        folder = work / variable.lower()
        folder.mkdir(exist_ok=True)
        os.environ[variable] = str(folder)
    sys.dont_write_bytecode = True
