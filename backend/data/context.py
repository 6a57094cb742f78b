"""Context of a running stage: events, folders, and the user's wish to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..contract.arrays import Picture
from ..contract.events import Emit, notice_event
from ..contract.failure import Notice
from ..contract.targets import Targets
from .previews import Previews

Item = TypeVar("Item")


class WrittenFiles(Protocol):
    """Remembers which files for the user were written, and from what."""

    def is_current(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> bool:
        """Return whether these files were written with the same settings and are unchanged."""
        ...

    def record(self, paths: Sequence[Path], depends_on: Mapping[str, Any]) -> None:
        """Take note of files that were just written."""
        ...


@dataclass(frozen=True)
class Context:
    """What a stage may use besides its inputs.

    Attributes:
        name: Name of the stage in the job, for events.
        emit: Sends an event.
        cancelled: Whether the user asked to stop; stages look at it at least every half second and raise `Cancelled`.
        work: Folder for unfinished work of this stage (chunks), kept for a resumed run.
        models: Folder of model files.
        settings: Kind of stage -> settings, of this stage and of all that it depends on, for the track's header.
        previews: Where pictures of the work go, or None where nobody watches.
        written: Which files for the user are there already, or None where nobody remembers.
        reusable_work: Folder for finished parts of the work that other settings can use too, or None; see `cache`.
        targets: Writes files for the user, as far as they may be replaced.
    """

    name: str
    emit: Emit
    cancelled: Callable[[], bool]
    work: Path
    models: Path
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    previews: Previews | None = None
    written: WrittenFiles | None = None
    reusable_work: Path | None = None
    targets: Targets = field(default_factory=Targets)

    def progress(self, done: int, total: int, seconds_left: float | None = None) -> None:
        """Say how far the stage is."""
        self.emit({"event": "progress", "name": self.name, "done": done, "total": total, "seconds_left": seconds_left})

    def notice(self, notice: Notice) -> None:
        """Tell the user something that does not stop the work."""
        self.emit(notice_event(notice, self.name))

    def preview(self, frame: int, draw: Callable[[], Picture | None]) -> None:
        """Show a picture of the work, made by `draw`, if somebody watches and it is time for one; see `Previews.show`.

        Costs nothing else, so that stages may call it for every frame.
        """
        if self.previews is not None:
            self.previews.show(self.name, frame, draw)

    def write_once(self, paths: Sequence[Path], depends_on: Mapping[str, Any], write: Callable[[], object]) -> None:
        """Let files for the user be written, unless an earlier run wrote the same ones and they are still there.

        Args:
            paths: The files, written together.
            depends_on: What they are made of besides the stage's inputs: their own settings.
            write: Writes them.
        """
        if self.written is None or not self.written.is_current(paths, depends_on):
            write()
            if self.written is not None:
                self.written.record(paths, depends_on)

    def checked(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, and stop between two of them when the user asked to."""
        for item in items:
            self.check()
            yield item

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""
        if self.cancelled():
            raise Cancelled


class Cancelled(Exception):  # noqa: N818 - not an error
    """The user asked to stop; caught by the runner alone."""
