"""One shot of a batch, tracked from beginning to end wherever a worker is: what a driver on many machines calls.

A manifest's entry says what is asked for, and another one what became of it, so that both travel as JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.job import STAGES
from ..contract.supervision.process import Engine
from .inputs import shot_of_entry
from .manifest import OTHERS, is_result, record_of
from .shot import Record, Shot
from .worker import MakeCommand, ShotWorker

_PAUSE: Final = 0.05
"""Seconds between two looks at the engine."""


def record_to_track(entry: Mapping[str, Any], folder: Path) -> Record | Failure:
    """Return the record of a shot that an entry of the manifest in a folder asks for, to be tracked."""
    usual = Shot(Path(), {kind: spec.settings() for kind, spec in STAGES.items()})
    shot = shot_of_entry(entry, usual, folder)
    if shot is None or not is_result(entry):
        return Failure("batch-not-manifest", "An entry is not as a manifest has it.", "Plan the batch again.")
    if isinstance(shot, Failure):
        return shot
    others = []
    for each in entry.get(OTHERS, ()):
        other = shot_of_entry(each, usual, folder)
        if isinstance(other, Failure) or other is None:
            return other or Failure("batch-not-manifest", "A shot of the person is not as a manifest has it.", "")
        others.append(other)
    identity = str(entry["identity"])
    return Record(str(entry["name"]), shot, key=str(entry["key"]), identity=identity, others=tuple(others))


def track_one(
    record: Record,
    folder: Path,
    engine: Engine,
    command: MakeCommand,
    *,
    overwrite: bool = False,
    survey: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[float, str], object] = lambda _share, _stage: None,
) -> Record:
    """Track one shot and return its record, which says what became of it; stopped, it waits again.

    Args:
        record: What is asked for, with its name in the batch, its key, and its identity where a person is named.
        folder: Of the batch, as this machine sees it.
        engine, command: Which works, and how it is started for a job.
        overwrite: Whether files of others may be replaced.
        survey: Whether the track alone is made, see `people`.
        stopped: Whether somebody asked to stop.
        progress: Takes the share that is done and the name of the stage at work.
    """
    worker = ShotWorker(record, folder, engine, command, overwrite, survey=survey)
    try:
        worker.start()
        while not worker.over:
            if stopped():
                worker.cancel()
                record.reset()
            worker.poll()
            progress(worker.fraction, worker.at_work)
            time.sleep(_PAUSE)
    finally:
        worker.close()
    return record


def take_result(record: Record, entry: Any) -> bool:
    """Write what became of a shot elsewhere into its record; return whether it counts.

    One that is not whole, or of another key than was asked for, is passed over: its shot waits on.
    """
    if not is_result(entry) or entry["key"] != record.key:
        return False
    made = record_of(entry, record.shot)
    record.state, record.failure, record.log, record.picture = made.state, made.failure, made.log, made.picture
    record.seconds, record.peak_memory, record.starts = made.seconds, made.peak_memory, made.starts
    record.faces, record.notices, record.identity = made.faces, made.notices, made.identity
    return True
