"""Crew of a batch: whoever works on its shots, on this computer or on others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from ..contract.failure import Failure, Notice
from ..contract.supervision.process import Engine
from .capacity import has_memory_for_another
from .shot import Record
from .words import few_memory
from .worker import MakeCommand, ShotWorker

_MEMORY_INTERVAL: Final = 1.0
"""Seconds between two looks at memory, while a shot waits for it."""


class Worker(Protocol):
    """One shot at work; everything happens in `poll`, which never waits. Its record is kept up to date."""

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        ...

    @property
    def fraction(self) -> float:
        """Share of the shot that is done, 0 to 1."""
        ...

    @property
    def at_work(self) -> str:
        """Name of the stage that runs now."""
        ...

    @property
    def step(self) -> tuple[int, int]:
        """Number of the face that is tracked now, counted from 1, and of all."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def poll(self) -> None:
        """Take what happened."""
        ...

    def cancel(self) -> None:
        """Ask it to stop; the shot waits again, and goes on later where it was."""
        ...

    def close(self) -> None:
        """End it for certain."""
        ...


class Crew(Protocol):
    """Those who work on the shots of a batch."""

    @property
    def size(self) -> int:
        """Shots that may be at work at once."""
        ...

    def worker(self, record: Record, *, survey: bool) -> Worker:
        """Return a worker for a shot, or for its survey (see `people`)."""
        ...

    def has_room(self, running: int) -> bool:
        """Whether one more shot can be begun now beside so many that are at work."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Return what is good to know since it was last asked."""
        ...

    def problem(self) -> Failure | None:
        """Return why nothing can be worked on any more; the shots that are not done wait for the next run."""
        ...


class LocalCrew:
    """Processes on this computer: as many as are asked for, and as memory allows.

    Args:
        size: Shots that may be at work at once.
        folder: Of the batch.
        engine, command: Which works, and how it is started for a job.
        overwrite: Whether files of others may be replaced.
    """

    def __init__(self, size: int, folder: Path, engine: Engine, command: MakeCommand, *, overwrite: bool) -> None:
        self.size = size
        self._making = (folder, engine, command, overwrite)
        self._asked_memory = time.monotonic()
        self._waits_for_memory = False
        self._notices: list[Notice] = []
        self._workers: list[ShotWorker] = []
        self._largest = 0

    def worker(self, record: Record, *, survey: bool) -> ShotWorker:
        """See `Crew.worker`."""
        worker = ShotWorker(record, *self._making, survey=survey)
        self._workers.append(worker)
        return worker

    def has_room(self, running: int) -> bool:
        """See `Crew.has_room`."""
        if not running:
            return True
        if running >= self.size:
            return False
        now = time.monotonic()
        if self._waits_for_memory and now - self._asked_memory < _MEMORY_INTERVAL:
            return False
        self._asked_memory = now
        self._largest = max([self._largest, *(worker.record.peak_memory for worker in self._workers)])
        self._workers = [worker for worker in self._workers if not worker.over]
        pids = [worker.pid for worker in self._workers if worker.pid is not None]
        enough = has_memory_for_another(pids, self._largest)
        if not enough and not self._waits_for_memory:
            self._notices.append(few_memory(running))
        self._waits_for_memory = not enough
        return enough

    def notices(self) -> Sequence[Notice]:
        """See `Crew.notices`."""
        said, self._notices = self._notices, []
        return said

    def problem(self) -> Failure | None:
        """See `Crew.problem`; processes of our own can always be started again."""
        return None
