"""Speed of the legacy interface for one photograph, from the file to the dictionary."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

from ...contract.failure import Failure
from ...sample.sample import write_sample
from ..chain import Setup
from ..rows import Row, at_most, without_target

TARGET: Final = 1.5
CALLS, QUICK_CALLS = 5, 2
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg"})


def measure(setup: Setup) -> list[Row] | Failure:
    """Seconds of `Tracker.load_image_and_run(path, realign=True)` on the processor, all keys of the dictionary.

    The photographs of the data's folder ``images``, each several times in turn, after one call that is told by itself
    as it carries what only a first call costs; without them a frame of the sample. The slowest photograph's median
    counts. `start_up` is importing the interface and setting up a tracker; `processor_seconds` are those of all cores.
    """
    pictures = _pictures(setup)
    if isinstance(pictures, Failure):
        return pictures
    started = time.perf_counter()
    from ...flame_head_tracker import Tracker

    config: dict[str, Any] = {"device": "cpu"}
    if setup.task_file:
        config["mediapipe_face_landmarker_v2_path"] = setup.task_file
    tracker = Tracker(config)
    start_up = time.perf_counter() - started
    first = _timed(tracker, pictures[0])[0]
    medians, processor = {}, {}
    for path in pictures:
        calls = [_timed(tracker, path) for _ in range(QUICK_CALLS if setup.quick else CALLS)]
        medians[path.name], processor[path.name] = np.median(calls, axis=0).tolist()
    slowest = max(medians, key=lambda name: medians[name])
    what = f"One photograph, file to dictionary ({len(pictures)} photographs, the slowest: {slowest})"
    return [
        at_most(what, medians[slowest], TARGET, " s", seconds=medians, processor_seconds=processor, start_up=start_up),
        without_target("The same, work of the processor", processor[slowest], " s"),
        without_target("The first call of a process, after start-up", first, " s"),
        without_target("Start-up: import and Tracker(...)", start_up, " s"),
    ]


def _timed(tracker: Any, path: Path) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    tracker.load_image_and_run(path, realign=True)
    return time.perf_counter() - wall, time.process_time() - processor


def _pictures(setup: Setup) -> list[Path] | Failure:
    folder = setup.data / "images"
    paths = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES) if folder.is_dir() else []
    if paths:
        return paths
    made = write_sample(setup.work / "sample", frames=1, models=setup.models)
    if isinstance(made, Failure):
        return made
    path = setup.work / "sample.png"
    with av.open(str(made.video)) as container:
        Image.fromarray(next(container.decode(video=0)).to_ndarray(format="rgb24")).save(path)
    return [path]
