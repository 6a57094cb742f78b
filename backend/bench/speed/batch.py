"""Many shots: how many an hour with one, two and four workers, in how much memory, and what a killed process loses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...contract.events import decode
from ...contract.failure import Failure
from ...system.project import PROJECT
from ..chain import Setup
from ..rows import Row, at_most, without_target
from ..scenes.many_clips import BROKEN, FRAMES, write_many

WORKERS: Final = (1, 2, 4)
QUICK_SHOTS: Final = 5
KILLED_SHOTS: Final = 8
"""Of the batch whose processes are killed."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Shots an hour, processor seconds and peak memory of ``batch`` with 1, 2 and 4 workers, each from an empty cache.

    `Setup.shots` clips of 20 frames, Draft, no overlay video; one of them is torn, one shows nobody, one shows two
    people of whom both are tracked. Memory is the kernel's high-water mark of the largest worker. Then eight of the
    clips once more with two workers: a worker is killed, then the command itself, and the command is run again; what
    is lost are shots that are not as they would have been, and shots that were done before and tracked again.
    """
    count = QUICK_SHOTS if setup.quick else setup.shots
    made = write_many(setup, count, setup.work / "clips")
    if isinstance(made, Failure):
        return made
    rows: list[Row] = []
    for workers in WORKERS:
        end = _Command(setup, made[0], setup.work / f"with{workers}", workers).run()
        if isinstance(end, Failure):
            return end
        rows += _rows(end, count, made[1], workers)
    if sys.platform.startswith("linux"):
        rows += _killed(setup, min(count, KILLED_SHOTS))
    return rows


@dataclass(frozen=True)
class _End:
    """A batch that has ended: seconds on the wall and of the processor, and its shots as the manifest has them."""

    seconds: float
    processor: float
    shots: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class _Command:
    """The command ``batch`` on the clips, with a cache of its own."""

    setup: Setup
    manifest: Path
    folder: Path
    workers: int

    def start(self) -> subprocess.Popen[str]:
        flags = ["--out", self.folder, "--cache", self.folder.with_suffix(".cache"), "--workers", self.workers]
        flags += ["--quality", "draft", "--no-overlay", "--models", self.setup.models, "--events"]
        command = [sys.executable, "-m", "backend", "batch", self.manifest, *flags]
        return subprocess.Popen(
            [str(word) for word in command],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, heard: Callable[[dict[str, Any], int], bool] = lambda _event, _pid: False) -> _End | Failure:
        """Run it to its end, or until `heard` says that it was killed: called with every event, and its number."""
        started, before = time.perf_counter(), _children()
        with self.start() as process:
            assert process.stdout is not None
            for line in process.stdout:
                event = decode(line)
                if event is not None and heard(event, process.pid):
                    break
            process.wait()
        try:
            shots = json.loads((self.folder / "batch.json").read_text("ascii"))["shots"]
        except OSError as error:
            return Failure("bench-batch", f"The batch wrote no manifest: {error.strerror}.", "Run it by hand.")
        return _End(time.perf_counter() - started, _children() - before, shots)


def _children() -> float:
    """Return the processor's seconds of all processes that this one has started and seen end."""
    times = os.times()
    return times.children_user + times.children_system


def _rows(end: _End, count: int, faces: int, workers: int) -> list[Row]:
    label = f"{count} shots of {FRAMES} frames, {workers} worker{'s' if workers > 1 else ''}"
    failed = [shot["name"] for shot in end.shots if shot["state"] == "failed"]
    done = sum(len(shot["faces"]) for shot in end.shots)
    states = [shot["state"] for shot in end.shots]
    peaks = [shot["peak_memory"] for shot in end.shots]
    detail = {"states": states, "failed": failed, "seconds": end.seconds, "peak_bytes": peaks}
    wrong = abs(len(failed) - BROKEN) + abs(done - faces) + sum(state not in ("done", "failed") for state in states)
    return [
        without_target(f"{label}: shots an hour", 3600 * count / end.seconds, digits=0, **detail),
        without_target("  seconds of the processor per shot", end.processor / count, " s", digits=1),
        without_target("  largest worker", max(peaks) / 1e9, " GB"),
        at_most(f"  shots and faces not as expected ({len(failed)} failed, {done} faces)", wrong, 0, digits=0),
    ]


def _killed(setup: Setup, count: int) -> list[Row]:
    made = write_many(setup, count, setup.work / "clips-to-be-killed")
    if isinstance(made, Failure):
        return []
    command = _Command(setup, made[0], setup.work / "killed", 2)
    killer = _Killer()
    first = command.run(killer.heard)
    before = {} if isinstance(first, Failure) else {shot["name"]: shot for shot in first.shots}
    time.sleep(2.0)  # workers whose driver died notice it, and let go of the cache
    second = command.run()
    if isinstance(second, Failure):
        return []
    again = [
        shot["name"]
        for shot in second.shots
        if before.get(shot["name"], {}).get("state") == "done" and shot["state"] != "skipped"
    ]
    wrong = abs(sum(shot["state"] == "failed" for shot in second.shots) - BROKEN)
    wrong += abs(sum(len(shot["faces"]) for shot in second.shots) - made[1])
    finished = sum(shot["state"] == "done" for shot in before.values())
    label = f"{count} shots, a worker killed ({killer.workers}), then the command with {finished} done"
    return [
        at_most(f"{label}: shots lost", wrong, 0, digits=0, states=[shot["state"] for shot in second.shots]),
        at_most("  shots tracked again that were done", len(again), 0, digits=0, names=again),
    ]


class _Killer:
    """Kills the first worker that is at work, and the command when half of its shots have ended."""

    def __init__(self) -> None:
        self.workers = self.ended = self.shots = 0

    def heard(self, event: dict[str, Any], command: int) -> bool:
        """Take an event; return whether the command was killed."""
        kind = event["event"]
        if kind == "job":
            self.shots = len(event["stages"]) - 1
        if kind == "progress" and event.get("text") and not self.workers:
            child = next(iter(_workers_of(command)), 0)
            if child:
                os.kill(child, signal.SIGKILL)
                self.workers += 1
        self.ended += kind == "stage" and event["state"] in ("done", "failed")
        if self.ended < max(1, self.shots // 2):
            return False
        os.kill(command, signal.SIGKILL)
        return True


def _workers_of(command: int) -> list[int]:
    """Return the numbers of the processes that run a job for a batch."""
    children = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == command and b"\0run\0" in (process / "cmdline").read_bytes():
                children.append(int(process.name))
    return children
