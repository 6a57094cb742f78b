"""Poller: work that Blender's timer calls again and again, for as long as there is some."""

from __future__ import annotations

from collections.abc import Callable

import bpy

Work = Callable[[], float | None]
"""Returns after how many seconds it wants to be called again, None when there is nothing more to do."""


class Poller:
    """Calls `work` from Blender's timer, which runs between two drawings and never without a window.

    Args:
        work: What is called.
        delay: Seconds from `start` to the first call: what is asked for meanwhile is done once.
    """

    def __init__(self, work: Work, delay: float = 0.0) -> None:
        self._work = work
        self._delay = delay
        # Blender knows a timer by its function, and a method is another one each time it is asked for.
        self._call = self.poll_now

    @property
    def running(self) -> bool:
        """Whether the work will be called."""
        return bpy.app.timers.is_registered(self._call)

    def start(self) -> None:
        """Have the work called soon, unless it will be anyway."""
        if not self.running:
            bpy.app.timers.register(self._call, first_interval=self._delay)

    def stop(self) -> None:
        """Have it called no more."""
        if self.running:
            bpy.app.timers.unregister(self._call)

    def poll_now(self) -> float | None:
        """Do the work once, as the timer does."""
        return self._work()
