"""Work on a farm's computer: what its Dask worker is asked to do. Everything that goes to and fro is plain data."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ...contract.failure import Failure
from ...contract.supervision.process import Engine
from ...system.project import MODELS, PROJECT
from ..manifest import entry_of
from ..one_shot import record_to_track, track_one
from ..shot import FAILED, Record
from ..shot_file import write_result
from ..worker import Program
from .checks import Needs, fitness

TOPIC: Final = "flame-batch"
"""Under which a worker says how far it is."""
_INTERVAL: Final = 1.0
"""Seconds between two words about progress, and between two looks whether somebody wants a stop."""


@dataclass(frozen=True)
class Order:
    """What counts for every shot of a batch on every computer.

    Attributes:
        models: Folder of model files.
        cache: Folder for unfinished work; empty for that of the user on each computer.
        overwrite: Whether files of others may be replaced.
        stop_file: Name of the file in the folder of the batch whose presence asks all to stop.
        program: Command in the engine's stead, see `worker.Program`.
    """

    models: str
    cache: str
    overwrite: bool
    stop_file: str
    program: tuple[str, ...] = ()

    def for_shot(self, record: Record, folder: Path, *, survey: bool) -> dict[str, Any]:
        """Return this order, and of a shot its folder and its entry of the manifest, as plain data."""
        # The folder of a survey lies deeper than a name of a shot may say.
        entry = {**entry_of(record, folder), "name": Path(record.name).name}
        return {"folder": str(folder), "name": record.name, "survey": survey, "entry": entry, **asdict(self)}


def check(needs: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether this computer can track shots, and how many at once: no more than its Dask worker has threads."""
    from distributed import get_worker

    here = fitness(Needs(**needs))
    return {**asdict(here), "shots": min(here.shots, get_worker().state.nthreads)}


def track(order: Mapping[str, Any]) -> dict[str, Any]:
    """Track one shot on this computer; return its entry of the manifest with what became of it."""
    folder = Path(order["folder"])
    record = record_to_track(order["entry"], folder)
    if isinstance(record, Failure):
        return {**order["entry"], "state": FAILED, "failure": asdict(record)}
    record.name = str(order["name"])
    heartbeat = _Heartbeat(folder / order["stop_file"], record.name)
    models = Path(order["models"]) if order["models"] else MODELS
    program = Program(Engine(Path(sys.executable), PROJECT), models, str(order["cache"]), tuple(order["program"]))
    track_one(
        record,
        folder,
        program.engine,
        program.command,
        overwrite=bool(order["overwrite"]),
        survey=bool(order["survey"]),
        stopped=heartbeat.stopped,
        progress=heartbeat.progress,
    )
    if record.finished and not order["survey"]:
        write_result(record, folder)
    return {**entry_of(record, folder), "name": order["entry"]["name"]}


class _Heartbeat:
    """Says how far a shot is, and looks whether it is to stop, about once a second."""

    def __init__(self, stop_file: Path, shot: str) -> None:
        self._stop_file = stop_file
        self._shot = shot
        self._looked = self._said = 0.0
        self._stopped = False

    def stopped(self) -> bool:
        """Whether somebody wants it to stop."""
        now = time.monotonic()
        if not self._stopped and now - self._looked >= _INTERVAL:
            self._looked, self._stopped = now, self._stop_file.exists()
        return self._stopped

    def progress(self, share: float, stage: str) -> None:
        """Tell the scheduler's clients."""
        now = time.monotonic()
        if now - self._said < _INTERVAL:
            return
        self._said = now
        from distributed import get_worker

        with contextlib.suppress(ValueError, OSError):  # Not in a worker, or its scheduler is gone: the work goes on.
            get_worker().log_event(TOPIC, {"shot": self._shot, "share": share, "stage": stage})
