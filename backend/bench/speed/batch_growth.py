"""Cost of a batch for itself, from ten shots to a thousand, with an engine that does nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ...batch.crew import LocalCrew
from ...batch.driver import Batch
from ...batch.keys import Keys
from ...batch.page import write_page
from ...batch.plan import planned
from ...batch.shot import SKIPPED, Shot
from ...contract.job import STAGES
from ...contract.supervision.process import Engine
from ...contract.targets import Targets
from ...system.project import PROJECT
from ..chain import Setup
from ..rows import Row, at_most, without_target

COUNTS, QUICK_COUNTS = (10, 100, 1000), (10, 100)
GROWTH: Final = 3.0
"""Times that the driver's work per shot may grow: the manifest is written whole, which a thousand shots make long."""

LIMIT: Final = 50.0
"""Milliseconds of the driver's own work per shot: half a percent of the shortest that was tracked."""

_ENGINE: Final = """
import json, sys
job = json.load(open(sys.argv[1]))
track = next(stage for stage in job["stages"] if stage["kind"] == "track")["settings"]["path"]
import os
track = os.path.join(os.path.dirname(sys.argv[1]), track)
open(track, "w").close()
for event in (
    {"event": "hello", "protocol": 1, "version": "", "device": "", "pid": os.getpid()},
    {"event": "stage", "name": "track", "state": "done", "seconds": 0},
    {"event": "done", "outputs": {"track": track}, "seconds": 0},
):
    print(json.dumps(event), flush=True)
"""


def measure(setup: Setup) -> list[Row]:
    """Milliseconds of the driver's processor time per shot, with two workers, for 10, 100 and 1000 shots.

    The stages are left out: a worker is a Python that writes an empty track and says that it is done. Planning,
    starting and watching processes, manifest and events are the batch's. Then the plan of the same batch once more.
    """
    rows, costs = [], []
    for count in QUICK_COUNTS if setup.quick else COUNTS:
        cost, wall, again = _run(setup.work / str(count), count)
        costs.append(cost)
        rows.append(at_most(f"{count} shots: driver's work per shot", 1000 * cost, LIMIT, " ms", wall_seconds=wall))
        rows.append(without_target("  the same command again, all skipped", again, " s"))
    rows.append(at_most("  the last per shot, to the first", costs[-1] / costs[0], GROWTH))
    return rows


def _encoded(event: Mapping[str, Any]) -> None:
    """Take an event as somebody does who reads lines."""
    json.dumps(event)


def _run(folder: Path, count: int) -> tuple[float, float, float]:
    """Return the driver's seconds of processor per shot, its seconds on the wall, and those of a second plan."""
    clips, out = folder / "clips", folder / "out"
    clips.mkdir(parents=True)
    out.mkdir()
    engine_file = folder / "engine.py"
    engine_file.write_text(_ENGINE, "utf-8")
    settings = {kind: spec.settings() for kind, spec in STAGES.items()}
    shots = []
    for number in range(count):
        clip = clips / f"shot{number:04d}.mp4"
        clip.touch()
        shots.append(Shot(clip, settings))
    engine, targets, keys = Engine(Path(sys.executable), PROJECT), Targets(), Keys(folder / "models")
    started, before = time.perf_counter(), time.process_time()
    plan = planned(shots, out, keys, False)

    def command(job: Path, _log: Path) -> list[str]:
        return [sys.executable, "-I", "-S", str(engine_file), str(job)]

    crew = LocalCrew(2, out, engine, command, overwrite=False)
    batch = Batch(plan, out, keys, crew, _encoded, lambda: False, targets)
    batch.run()
    write_page(out, plan, time.perf_counter() - started, 2, targets)
    cost, wall = time.process_time() - before, time.perf_counter() - started
    started = time.perf_counter()
    again = planned(shots, out, keys, False)
    assert all(record.state == SKIPPED for record in again.records)
    return cost / count, wall, time.perf_counter() - started
