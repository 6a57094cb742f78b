"""The driver of a batch: starts workers as cores and memory allow, and writes down every change at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..contract.events import Emit, notice_event
from ..contract.failure import Failure, Notice
from ..contract.supervision.process import Engine
from ..contract.targets import Targets
from ..run.progress import INTERVAL
from .capacity import has_memory_for_another
from .keys import Keys
from .manifest import write_manifest
from .shot import DONE, FAILED, RUNNING, SKIPPED, WAITING, Record
from .worker import MakeCommand, ShotWorker

WHOLE: Final = "batch"
"""Name under which the progress of all shots is said."""

_PAUSE: Final = 0.03
"""Seconds between two looks at the workers."""

_MEMORY_INTERVAL: Final = 1.0
"""Seconds between two looks at memory, while a shot waits for it."""

_TOO_EARLY: Final = 0.2
"""Shots that have to be done before the time left is said."""


@dataclass
class Batch:
    """A batch that runs.

    Attributes:
        records: Of all shots, kept up to date.
        folder: Of the batch.
        keys: Of the shots.
        workers: Shots that may be at work at once.
        engine, command: Which works, and how it is started for a job.
        emit: Takes events: per shot ``stage`` and ``progress``, and ``progress`` of the whole.
        stopped: Whether somebody asked to stop.
        targets: Which files may be written.
    """

    records: Sequence[Record]
    folder: Path
    keys: Keys
    workers: int
    engine: Engine
    command: MakeCommand
    emit: Emit
    stopped: Callable[[], bool]
    targets: Targets
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._running: list[ShotWorker] = []
        self._started = self._said = self._asked_memory = self.clock()
        self._fresh = sum(record.state == WAITING for record in self.records)
        self._largest = 0
        self._waits_for_memory = False

    def run(self) -> bool:
        """Track all shots that wait; return whether all have ended, and not whether they are well.

        Raises:
            OSError: The manifest cannot be written; the workers are ended.
        """
        self._say_job()
        try:
            self.save()
            return self._run()
        finally:
            for worker in self._running:
                worker.close()

    def save(self) -> None:
        """Write the manifest."""
        write_manifest(self.folder, self.records, self.workers, self.targets)

    def _run(self) -> bool:
        waiting = iter([record for record in self.records if record.state == WAITING])
        following = next(waiting, None)
        while following is not None or self._running:
            if self.stopped():
                self._stop()
                return False
            if following is not None and self._may_start():
                self._start(following)
                following = next(waiting, None)
            for worker in list(self._running):
                worker.poll()
                if worker.over:
                    self._finish(worker)
            self._say_progress()
            time.sleep(_PAUSE)
        return True

    def _may_start(self) -> bool:
        if not self._running:
            return True
        if len(self._running) >= self.workers:
            return False
        now = self.clock()
        if self._waits_for_memory and now - self._asked_memory < _MEMORY_INTERVAL:
            return False
        self._asked_memory = now
        pids = [worker.pid for worker in self._running if worker.pid is not None]
        enough = has_memory_for_another(pids, self._largest)
        if not enough and not self._waits_for_memory:
            self.emit(notice_event(_few_memory(len(self._running)), WHOLE))
        self._waits_for_memory = not enough
        return enough

    def _start(self, record: Record) -> None:
        record.key = self.keys.key_of(record.shot)
        worker = ShotWorker(record, self.folder, self.engine, self.command, self.targets.overwrite)
        self._running.append(worker)
        self.emit({"event": "stage", "name": record.name, "state": "running"})
        worker.start()
        self.save()

    def _finish(self, worker: ShotWorker) -> None:
        self._running.remove(worker)
        record = worker.record
        self._largest = max(self._largest, record.peak_memory)
        self.save()
        self._say_end(record)

    def _stop(self) -> None:
        """Let all workers stop; their shots wait for the next run of the batch."""
        for worker in self._running:
            worker.cancel()
            worker.record.reset()
        self.save()
        while self._running:
            for worker in list(self._running):
                worker.poll()
                if worker.over:
                    self._running.remove(worker)
            time.sleep(_PAUSE)

    def _say_job(self) -> None:
        names = [record.name for record in self.records]
        shots = [{"name": name, "kind": "shot", "label": name} for name in names]
        self.emit({"event": "job", "stages": [*shots, {"name": WHOLE, "kind": "batch", "label": "All shots"}]})
        for record in self.records:
            if record.state in (SKIPPED, FAILED):
                self._say_end(record)

    def _say_end(self, record: Record) -> None:
        state = {SKIPPED: "cached", DONE: "done", FAILED: "failed"}[record.state]
        said = {"event": "stage", "name": record.name, "state": state, "seconds": round(record.seconds, 3)}
        self.emit({**said, "summary": summary_of(record)})

    def _say_progress(self) -> None:
        now = self.clock()
        if now - self._said < INTERVAL:
            return
        self._said = now
        words = []
        for worker in self._running:
            name, (face, faces) = worker.record.name, worker.step
            at_work = worker.at_work + (f", face {face}" if faces > 1 else "")
            share = round(worker.fraction, 3)
            self.emit({"event": "progress", "name": name, "done": share, "total": 1, "text": at_work})
            words.append(f"{name}: {at_work} {round(100 * share)} %" if at_work else name)
        done = sum(record.finished for record in self.records) + sum(worker.fraction for worker in self._running)
        whole = {"event": "progress", "name": WHOLE, "done": round(done, 3), "total": len(self.records)}
        self.emit({**whole, "seconds_left": self._seconds_left(done, now), "text": "; ".join(words)})

    def _seconds_left(self, done: float, now: float) -> float | None:
        fresh = done - (len(self.records) - self._fresh)
        if fresh < _TOO_EARLY:
            return None
        return round((len(self.records) - done) * (now - self._started) / fresh, 1)


def summary_of(record: Record) -> str:
    """Return what became of a shot in one line; of a failure, its sentence."""
    if record.failure is not None:
        return record.failure.sentence
    return "; ".join(_face_words(record))


def _face_words(record: Record) -> Iterator[str]:
    for face in record.faces:
        frames = face.figures.get("frames", {})
        words = [f"{frames['tracked']} of {frames['total']} frames"] if frames else ["tracked"]
        if face.figures.get("error_px") is not None:
            words.append(f"{face.figures['error_px']:.2f} px")
        yield (f"{Path(face.folder).name}: " if len(record.faces) > 1 else "") + ", ".join(words)


def counts_of(records: Sequence[Record]) -> dict[str, int]:
    """Return how many shots are in each state, without those in which none is."""
    states = [record.state for record in records]
    return {state: states.count(state) for state in (DONE, SKIPPED, FAILED, RUNNING, WAITING) if state in states}


def failure_of_batch(records: Sequence[Record], page: Path) -> Failure | None:
    """Return that shots failed, or None where all are well."""
    failed = [record.name for record in records if record.state == FAILED]
    if not failed:
        return None
    some = f"One of {len(records)} shots" if len(failed) == 1 else f"{len(failed)} of {len(records)} shots"
    return Failure(
        "batch-shots-failed",
        f"{some} failed.",
        f"{page} says why. After mending them, run the same command again; --retry-failed tries unchanged ones, too.",
    )


def _few_memory(count: int) -> Notice:
    shots = "one shot is" if count == 1 else f"{count} shots are"
    return Notice("batch-memory", f"Memory is short: {shots} worked on at once until there is more.")


def event_of_end(outputs: dict[str, str], seconds: float, records: Sequence[Record]) -> dict[str, Any]:
    """Return the fields of the final event."""
    return {"outputs": outputs, "seconds": round(seconds, 3), "shots": counts_of(records)}
