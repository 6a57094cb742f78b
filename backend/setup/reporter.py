"""Protocol of what the installer tells while it works, to a person on a terminal or to a program that reads events.

See `report.terminal_reporter` and `report.event_reporter`.
"""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Takes what the installer has to say."""

    def stage(self, name: str) -> None:
        """Begin one of the stages of `event_reporter.STAGES`."""

    def step(self, text: str) -> None:
        """Begin a step."""

    def progress(self, text: str, done: float = 0, total: float = 0) -> None:
        """Say how far the present step is; may be called as often as one likes.

        Args:
            text: What happens now.
            done: Share of the stage that is done, in any unit; with a total of 0 it is unknown.
            total: The whole in the same unit.
        """

    def note(self, text: str) -> None:
        """Say something to know although the work goes on."""
