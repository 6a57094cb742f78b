"""Work in steps: generators that yield which part of it is done, so that a window stays alive and ESC can stop it."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Generic, TypeVar

import bpy

Made = TypeVar("Made")

Steps = Generator[float, None, Made]
"""Yields the part that is done, 0 to 1, and returns what it has made. Closed before that, it leaves nothing behind."""


def finished(steps: Steps[Made]) -> Made:
    """Return what steps make, all done at once; the mouse shows how far they are."""
    manager = bpy.context.window_manager
    manager.progress_begin(0, 1)
    try:
        while True:
            manager.progress_update(next(steps))
    except StopIteration as end:
        return end.value
    finally:
        manager.progress_end()


class InSteps(Generic[Made]):
    """Steps that are done piece by piece.

    Attributes:
        done: Part that is done.
        made: What was made; None before the end.
    """

    def __init__(self, steps: Steps[Made]) -> None:
        self._steps = steps
        self.done = 0.0
        self.made: Made | None = None

    def work(self, seconds: float) -> bool:
        """Go on for some time, and return whether there is more to do."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                self.done = next(self._steps)
        except StopIteration as end:
            self.done, self.made = 1.0, end.value
            return False
        return True

    def stop(self) -> None:
        """Give up what is not done, and remove what it needed."""
        self._steps.close()
