"""Progress of a stage: how often it is said, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..contract.events import Emit

INTERVAL: Final = 0.1
"""Seconds between two lines of progress of one stage; more often helps nobody and costs time."""

LEAST_ELAPSED: Final = 0.5
"""Seconds of work before the time left is guessed."""


class ProgressThrottle:
    """Passes a stage's events on, progress not too often and with the time left where the stage does not know it."""

    def __init__(self, emit: Emit, clock: Callable[[], float] = time.perf_counter) -> None:
        self._emit = emit
        self._clock = clock
        self._last = float("-inf")
        self._first: tuple[float, int] | None = None

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take one event."""
        if event.get("event") != "progress":
            self._emit(event)
            return
        now = self._clock()
        done, total = int(event["done"]), int(event["total"])
        if self._first is None or done < self._first[1]:  # a stage may count anew for its next part
            self._first = (now, done)
        if now - self._last < INTERVAL and done < total:
            return
        self._last = now
        left = event.get("seconds_left")
        self._emit({**event, "seconds_left": self._left(now, done, total) if left is None else round(left, 1)})

    def _left(self, now: float, done: int, total: int) -> float | None:
        """Extrapolate from the work since the first progress: what a resumed run found done says nothing of speed."""
        assert self._first is not None
        elapsed, work = now - self._first[0], done - self._first[1]
        if elapsed < LEAST_ELAPSED or work <= 0:
            return None
        return round((total - done) * elapsed / work, 1)
