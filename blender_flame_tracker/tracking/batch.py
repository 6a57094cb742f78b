"""The batch of this Blender: many clips tracked by one process of the engine, watched by a timer of its own.

It belongs to no scene and no node tree, so that undo and the next .blend do not touch it; it ends with Blender.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.batch_files import GIVEN_BY_BATCH, SOME_FAILED
from ...backend.contract.failure import Failure
from ...backend.contract.job import ON_REQUEST, STAGES
from ...backend.contract.options import to_dict
from ...backend.contract.supervision.run_state import RunState
from .. import redrawing
from ..engine.batch_run import BatchRequest, BatchRun, start_batch
from ..nodes.scene_state import node_of
from ..nodes.tree import FlameTree
from ..paths import folder_problem, new_run_folder
from ..polling import Poller
from ..preferences import preferences
from ..properties import settings_from
from . import availability
from .runs import announce, engine_now

RESULTS: Final = "flame_batch"
"""Folder for the results in that of the clips, where no other is chosen."""

INTERVAL: Final = 0.2
"""Seconds between two looks at the engine."""

OF_THE_CLIP: Final = frozenset({"photographs", "face", "exclude", "pins", "track"})
"""Kinds of stages whose settings belong to one clip: who is followed in it, what is put right in it, its file."""

_RANGE: Final = ("first_frame", "last_frame")

_run: BatchRun | None = None
_request: BatchRequest | None = None


def current() -> BatchRun | None:
    """Return the latest batch, going or over; None where there was none."""
    return _run


def is_going() -> bool:
    """Whether a batch is at work."""
    return _run is not None and not _run.over


def start_problem() -> str:
    """Return why no batch can be begun now; empty if one can."""
    problem = availability.problem()
    if is_going():
        return "A batch is at work already"
    return problem.sentence if problem is not None else ""


def can_resume() -> bool:
    """Whether the latest batch was stopped, or left shots that could not be tracked."""
    return _run is not None and _run.over and _request is not None and (_run.failure is not None or _stopped(_run))


def _stopped(run: BatchRun) -> bool:
    return run.state is RunState.CANCELLED


def settings_of(tree: FlameTree | None, scene: bpy.types.Scene) -> tuple[dict[str, Any], list[str]] | Failure:
    """Return the settings of a tree that hold for any clip, kind -> name -> value, and which stages are added.

    Where there is no tree, they are the usual ones.
    """
    settings: dict[str, Any] = {}
    added = []
    for kind, spec in STAGES.items():
        node: Any = node_of(tree, kind, scene) if kind not in OF_THE_CLIP else None
        if node is None or node.mute:
            continue
        values = settings_from(node, spec.settings) if kind == "video" else node.settings(scene)
        if isinstance(values, Failure):
            return values
        left_out = _RANGE if kind == "video" else ()
        settings[kind] = {
            name: value
            for name, value in to_dict(values).items()
            if (kind, name) not in GIVEN_BY_BATCH and name not in left_out
        }
        if kind in ON_REQUEST:
            added.append(kind)
    return settings, added


def start(request: BatchRequest) -> BatchRun | Failure:
    """Start a batch and return at once."""
    global _run, _request
    if is_going():
        return Failure("batch-going", "A batch is at work already.", "Wait until it is finished, or cancel it.")
    engine = engine_now()
    if isinstance(engine, Failure):
        return engine
    problem = folder_problem(request.folder)
    if problem is not None:
        return problem
    try:
        folder = new_run_folder(f"batch {request.folder.name}")
    except OSError as error:
        sentence = f"No log can be written to Blender's user folder: {error.strerror or error}."
        return Failure("log-not-writable", sentence, "Make some space on that drive, and see that you may write to it.")
    run = start_batch(request, engine, folder, preferences.models_folder())
    if not isinstance(run, Failure):
        _run, _request = run, request
        POLLER.start()
        redrawing.TRACKING.redraw()
    return run


def resume() -> BatchRun | Failure:
    """Go on with the latest batch: what is done is not done again."""
    if _request is None:
        return Failure("batch-none", "There is no batch to go on with.", "Start one with Batch.")
    return start(_request)


def cancel() -> None:
    """Ask the batch to stop."""
    if _run is not None:
        _run.cancel()
        redrawing.TRACKING.redraw()


def wait(run: BatchRun, pause: float = 0.02) -> RunState:
    """Wait until a batch is over, for scripts and tests."""
    while run.supervisor.busy:
        run.supervisor.poll()
        time.sleep(pause)
    return run.state


def outcome(run: BatchRun) -> str:
    """Return in one line how a batch ended."""
    done = run.count("done", "cached")
    shots = f"{done} of {len(run.shots)} shots"
    if run.state is RunState.CANCELLED:
        return f"Stopped with {shots} done. Resume goes on from there."
    if run.failure is not None and run.failure.code != SOME_FAILED:
        return str(run.failure)
    failed = run.count("failed")
    return f"{shots} tracked, {failed} failed: the page says why." if failed else f"All {len(run.shots)} shots tracked."


def close(patience: float = 0.5) -> None:
    """End the batch now: Blender quits, or the add-on is disabled."""
    if _run is not None:
        _run.supervisor.close(patience)


def _poll() -> float | None:
    run = _run
    if run is None:
        return None
    was_over = run.over
    changed = run.supervisor.poll()
    if run.over and not was_over:
        _tell(run)
    redrawing.TRACKING.redraw_when(changed)
    return INTERVAL if run.supervisor.busy else None


POLLER: Final = Poller(_poll)


def _tell(run: BatchRun) -> None:
    """Report how it ended, and show the page of a batch that went through."""
    failed = run.state is RunState.FAILED
    announce([("ERROR" if failed else "INFO", outcome(run))])
    if run.state is RunState.DONE and bpy.context.window_manager.windows and not bpy.app.background:
        open_page(run.page)


def open_page(page: Path) -> None:
    """Show the page in the user's browser."""
    bpy.ops.wm.url_open(url=page.as_uri())


def chosen_inputs(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return the files that were chosen in a folder, or the folder itself where none was."""
    return [folder / name for name in names if name] or [folder]


CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """End the batch when Blender ends."""
    atexit.register(close)


def unregister() -> None:
    """End the batch, and forget it."""
    global _run, _request  # noqa: PLW0603
    close()
    POLLER.stop()
    atexit.unregister(close)
    _run = _request = None
