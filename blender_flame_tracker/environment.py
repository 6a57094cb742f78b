"""The engine's environment as the preferences show it: its state, why, how far, and what helps. No `bpy` here."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..backend.contract.failure import Failure
from ..backend.contract.installation import Condition, Layout, look
from .process import Engine

ROOT: Final = Path(__file__).resolve().parents[1]
"""Folder of the add-on: it holds `backend`, `requirements` and `install_deps.py`."""


class State(enum.Enum):
    """Where the environment is; each has one button that helps."""

    NOT_INSTALLED = "not installed"
    CHECKING = "checking"
    INSTALLING = "installing"
    READY = "ready"
    OUTDATED = "outdated"
    BROKEN = "broken"
    CANCELLED = "cancelled"


_STATES: Final = {
    Condition.ABSENT: State.NOT_INSTALLED,
    Condition.COMPLETE: State.READY,
    Condition.OUTDATED: State.OUTDATED,
    Condition.BROKEN: State.BROKEN,
}


@dataclass
class Progress:
    """How far an installation is.

    Attributes:
        what: What happens now, for the user.
        fraction: Share of the whole, 0 to 1.
        seconds: Since it began.
        seconds_left: None while unknown.
    """

    what: str = ""
    fraction: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None


@dataclass
class Environment:
    """What is known of the engine's folder.

    Attributes:
        folder: The engine's folder.
        state: See `State`.
        reason: Why it is broken or outdated, in one sentence.
        advice: What to do about it.
        progress: While it is being installed.
        versions: Packages and their versions, when ready.
        device: What it computes on, when known.
    """

    folder: Path
    state: State = State.CHECKING
    reason: str = ""
    advice: str = ""
    progress: Progress = field(default_factory=Progress)
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""

    def look(self) -> None:
        """Read what lies in the folder: four small files, no process."""
        found = look(Layout(self.folder), ROOT / "requirements")
        self.state = _STATES[found.condition]
        self.reason = found.reason

    def engine(self) -> Engine | Failure:
        """Return the engine that lies in the folder now, whatever was known before."""
        return engine_in(self.folder)


def engine_in(folder: Path) -> Engine | Failure:
    """Return the engine in a folder, or say why there is none and what to do."""
    found = look(Layout(folder), ROOT / "requirements")
    if found.condition is Condition.COMPLETE:
        return Engine(Layout(folder).python, ROOT)
    if found.condition is Condition.ABSENT:
        return Failure(
            "engine-not-installed",
            "The tracking engine is not installed yet.",
            "Press Install Engine in the preferences of the add-on.",
        )
    if found.condition is Condition.OUTDATED:
        return Failure(
            "engine-outdated",
            f"The tracking engine is outdated: {found.reason}.",
            "Press Update Engine in the preferences of the add-on.",
        )
    return Failure(
        "engine-broken",
        f"The tracking engine is broken: {found.reason}.",
        "Press Repair Engine in the preferences of the add-on.",
    )
