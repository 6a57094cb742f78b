"""The user's Blender as another program: where it is, and a run of our command in it with its events."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..contract.child_environment import child_environment
from ..contract.events import decode, failure_of, text_of
from ..contract.failure import Failure
from ..contract.foreign_text import shown
from ..setup.process import run_program
from ..system.processes import HEADLESS

VARIABLE: Final = "BLENDER"
"""Environment variable that names it."""
SILENCE: Final = 3600.0
"""Seconds in which Blender says nothing after which it counts as stuck: one file of a long clip takes minutes."""
_INSIDE: Final = ("blender", "blender.exe", "Contents/MacOS/Blender")
"""Where the program lies in the folder that is downloaded, or in an application of macOS."""
_ADVICE: Final = (
    "Name it (--blender, of a run --export-blender) or set the variable BLENDER; it is free on blender.org."
)
_TRY_AGAIN: Final = (
    "Make sure that the disk is not full; then try another version of Blender, or fewer formats at once."
)

OnEvent = Callable[[dict[str, Any]], object]


def find_blender(given: str = "") -> Path | Failure:
    """Return the Blender to start: the one that is given, that the variable names, or that is installed.

    Args:
        given: Program, folder of it, or a Python with Blender's module; empty where the user named none.
    """
    named = given or os.environ.get(VARIABLE, "")
    if not named:
        installed = next(filter(None, map(_program, ("blender", *_usual_folders()))), None)
        return installed or Failure("blender-not-found", "There is no Blender on this computer's path.", _ADVICE)
    program = _program(named)
    return program or Failure("blender-not-found", f"There is no Blender at {named}.", _ADVICE)


def _program(named: str) -> Path | None:
    path = Path(named).expanduser()
    candidates = [str(path / inside) for inside in _INSIDE] if path.is_dir() else [str(path)]
    found = next(filter(None, map(shutil.which, candidates)), None)
    return None if found is None else Path(found).absolute()


def _usual_folders() -> list[str]:
    """Where installers of systems put it that do not put it on the path, newest first."""
    if sys.platform == "darwin":
        return ["/Applications/Blender.app"]
    if sys.platform != "win32":
        return []
    folders = Path(os.environ.get("PROGRAMFILES", "C:/Program Files"), "Blender Foundation").glob("Blender *")
    return [str(folder) for folder in sorted(folders, reverse=True)]


def run_in_blender(
    blender: Path, arguments: Sequence[str], on_event: OnEvent, check: Callable[[], object], silence: float = SILENCE
) -> Failure | None:
    """Run a command of ``headless/command.py`` in Blender to its end, and return why it failed, None where it did not.

    Args:
        blender: From `find_blender`.
        arguments: Command and what belongs to it.
        on_event: Gets what it says, but for its end.
        check: Called at least every second; Blender is ended when it raises.
        silence: Seconds without a word after which it is ended.
    """
    talk = _Talk(on_event, check, silence)
    try:
        outcome = run_program(
            [*_start(blender), *arguments],
            environment=child_environment(os.environ),
            on_line=talk.line,
            on_wait=talk.wait,
        )
    except _Stuck:
        return Failure("blender-stuck", f"Blender said nothing for {silence:.0f} s and was ended.", _TRY_AGAIN)
    if talk.failure is not None:
        return talk.failure
    if talk.done:
        return None
    last = f": {shown(talk.last)}" if talk.last else ""
    if outcome.code == 127:
        return Failure("blender-not-started", f"{blender} cannot be started{last}.", _ADVICE)
    if not talk.said:
        return Failure("not-a-blender", f"{blender} is no Blender that can do this{last.rstrip('.')}.", _ADVICE)
    return Failure("blender-crashed", f"Blender ended in the middle of its work{last.rstrip('.')}.", _TRY_AGAIN)


def _start(blender: Path) -> list[str]:
    """How our command begins; a Python that has Blender's module, as the demo installs it, runs it itself."""
    if blender.stem.lower().startswith("python"):
        return [str(blender), str(HEADLESS)]
    return [
        str(blender),
        "--background",
        "--factory-startup",
        "--python-exit-code",
        "1",
        "--python",
        str(HEADLESS),
        "--",
    ]


class _Stuck(Exception):  # noqa: N818 - ends the wait only
    """Blender says nothing any more."""


@dataclass
class _Talk:
    """What Blender said so far.

    Attributes:
        said: Whether it was understood at all.
        done: Whether it said that all is written.
        failure: Why it failed, in its own words.
        last: Last line that was no event.
    """

    on_event: OnEvent
    check: Callable[[], object]
    silence: float
    said: bool = False
    done: bool = False
    failure: Failure | None = None
    last: str = field(default="")

    def line(self, line: str) -> None:
        """Take a line of its output; exporters write there too."""
        self.check()
        event = decode(line)
        if event is None:
            self.last = line.strip() or self.last
            return
        self.said = True
        kind = text_of(event, "event")
        if kind == "error":
            self.failure = failure_of(event, Failure("export-failed", "Blender could not write it.", _TRY_AGAIN))
        elif kind == "done":
            self.done = True
        else:
            self.on_event(event)

    def wait(self, seconds: float) -> None:
        """Go on waiting, or not."""
        self.check()
        if seconds > self.silence:
            raise _Stuck
