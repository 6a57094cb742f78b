"""Runs of this Blender: started by panel, nodes and scripts, watched by one timer, and brought into the scene.

`engine.session` knows nothing of Blender; this module joins the two. What runs is kept in `nodes.run_registry`.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.failure import Failure
from ...backend.contract.supervision.process import Engine
from .. import redrawing
from ..engine.session import SILENCE, Run, RunState, Session
from ..handlers import add_handlers, remove_handlers
from ..nodes import state, take_files
from ..nodes.compile import Compiled, Delivery, Retaking, SceneImport, compile_tree
from ..nodes.exclusion import look_at_masks
from ..nodes.reading import stage_node
from ..nodes.run_registry import Ticket, run_of, ticket_of, tickets
from ..nodes.scene_state import flame_of
from ..nodes.tree import FlameTree
from ..own_operators import own_operators
from ..paths import new_run_folder
from ..polling import Poller
from ..preferences import preferences
from ..results.delivery import deliver, import_as_step, import_obstacle
from ..retarget.performing import perform
from ..scene.footage.plate import lacks_copy
from ..text import duration
from . import preflight, retaking

INTERVAL: Final = 0.1
"""Seconds between two looks at the engine; nothing is drawn more often."""

BUDGET: Final = 0.003
"""Seconds that one look may take to read what was said."""

OBSTACLE_INTERVAL: Final = 0.5
"""Seconds between two looks whether a result can be imported that has to wait."""

engine_override: Engine | None = None
"""Takes the place of the engine of the preferences, for scripts and tests."""


TREE_GONE: Final = "The node tree is not there any more."

Report = tuple[Literal["INFO", "WARNING", "ERROR"], str]
"""A level of Blender's reports, and a text."""

listeners: Final[list[Callable[[FlameTree, bpy.types.Scene, Run], None]]] = []
"""Called when a run is over and all of it that can be imported is in its scene."""

_session = Session()
_before_loading: dict[int, Ticket] = {}
_unreported: list[Report] = []


def session() -> Session:
    """Return the supervisor of the engine."""
    return _session


def start(
    tree: FlameTree, scene: bpy.types.Scene, target: str | None = None, *, overwrite: bool = False
) -> Run | Failure:
    """Run a tree, or what one of its nodes needs, and return at once.

    What would stop the run is looked for first: nodes that are not linked, an engine or a video that is not there, a
    folder that cannot be written to. When another run has the engine, this one waits for it.

    Args:
        tree: What to run.
        scene: Whose frame range may be asked for, and where the result goes.
        target: Name of the node up to which to run; the whole tree where None.
        overwrite: Whether files may be replaced that this program did not write.
    """
    earlier = run_of(tree)
    if earlier is not None and not earlier.state.final:
        return Failure("already-running", "This is being tracked already.", "Wait until it is finished, or cancel it.")
    look_at_masks(tree, scene)
    compiled = compile_tree(tree, scene, target)
    return compiled if isinstance(compiled, Failure) else begin(tree, scene, compiled, overwrite=overwrite)


def begin(tree: FlameTree, scene: bpy.types.Scene, compiled: Compiled, *, overwrite: bool = False) -> Run | Failure:
    """Run what was made of a tree, and return at once; see `start`."""
    engine = engine_now()
    if isinstance(engine, Failure):
        return engine
    compiled = replace(compiled, job=replace(compiled.job, overwrite=overwrite))
    problem = preflight.problem_of(compiled.job)
    if problem is not None:
        return problem
    try:
        folder = new_run_folder(scene.name)
    except OSError as error:
        return Failure(
            "log-not-writable",
            f"No log can be written to Blender's user folder: {error.strerror or error}.",
            "Make some space on that drive, and see that you may write to it.",
        )
    problem = _write_inputs(tree, scene, compiled)
    if problem is not None:
        return problem
    for name in compiled.tracks:
        take_files.decide(tree.nodes[name], scene)
    run = Run(compiled.job, engine, folder, owner=scene.name, models=preferences.models_folder())
    imports = [each for each in compiled.imports if each.automatic]
    tickets[tree.session_uid] = Ticket(run, tree.session_uid, scene.session_uid, compiled, imports=imports)
    _session.submit(run)
    POLLER.start()
    redrawing.TRACKING.redraw()
    return run


def _write_inputs(tree: FlameTree, scene: bpy.types.Scene, compiled: Compiled) -> Failure | None:
    """Write what the engine reads and only Blender knows; return the first thing that cannot be written."""
    for stage in compiled.job.stages:
        problem = stage_node(tree, stage.name).write_inputs(scene, stage.settings)
        if problem is not None:
            return problem
    return None


def engine_now() -> Engine | Failure:
    """Return the engine that does the work, looked at afresh, or why there is none."""
    return engine_override or preferences.engine()


def cancel(tree: FlameTree) -> None:
    """Ask the run of a tree to stop."""
    run = run_of(tree)
    if run is not None:
        _session.cancel(run)
        redrawing.TRACKING.redraw()


def wait(run: Run) -> RunState:
    """Wait until a run is over and its result is in the scene, for scripts and tests.

    Where the result has to wait for object mode, nothing else is waited for: see `waiting_import`.
    """
    ticket = ticket_of(run)
    if ticket is not None:
        ticket.announce = False
    _session.wait(run, _settle_all)
    _settle_all()
    return run.state


def waiting_import(tree: FlameTree | None) -> str:
    """Return why the finished result of a tree is not in the scene yet, or an empty text."""
    ticket = tickets.get(tree.session_uid) if tree is not None else None
    return import_obstacle() if ticket is not None and _due(ticket) else ""


def silence_of(run: Run) -> str:
    """Return a sentence when the engine has given no sign of life for too long, else an empty text."""
    seconds = _session.silent_for(run)
    return f"No sign of life from the engine for {seconds:.0f} s." if seconds > SILENCE else ""


def close(patience: float = 0.5) -> None:
    """End all runs now."""
    _session.close(patience)


def tree_of(number: int) -> FlameTree | None:
    """Return the tree of that `session_uid`, None where it was removed."""
    return next((tree for tree in state.ours() if tree.session_uid == number), None)


def _scene(ticket: Ticket) -> bpy.types.Scene | None:
    return next((scene for scene in bpy.data.scenes if scene.session_uid == ticket.scene), None)


# The timer.


def _poll() -> float | None:
    """Read what the engine said, deal with runs that are over, and redraw; called by Blender while there is work."""
    changed = _session.poll(BUDGET)
    changed = _settle_all() or changed
    redrawing.TRACKING.redraw_when(changed)
    if _session.busy:
        return INTERVAL
    return OBSTACLE_INTERVAL if any(ticket.imports for ticket in tickets.values()) else None


POLLER: Final = Poller(_poll)


# What becomes of a run.


def _settle_all() -> bool:
    """Deal with every run that is over, and with what can be imported; return whether anything happened."""
    happened = False
    for ticket in list(tickets.values()):
        if ticket.run.state.final and not ticket.settled:
            ticket.settled = happened = True
            _settle(ticket)
    if not import_obstacle() and any(_due(ticket) for ticket in tickets.values()):
        happened = True
        import_as_step(import_due)
    for ticket in list(tickets.values()):
        tree, scene = tree_of(ticket.tree), _scene(ticket)
        if ticket.settled and not ticket.imports and not ticket.reported:
            ticket.reported = True
            if tree is not None and scene is not None:
                for listener in listeners:
                    listener(tree, scene, ticket.run)
    return happened


def _due(ticket: Ticket) -> list[Delivery]:
    """What can be imported now: its track is written, while reports and overlays may still be made."""
    stages, over = ticket.run.stages, ticket.run.state.final
    made = {name for name, stage in stages.items() if stage.state in ("done", "cached")}
    ready = [each for each in ticket.imports if made.issuperset(each.needs)]
    # The report copies footage that Blender shows wrongly; without that copy the head would stand over the original.
    return [each for each in ready if over or made.issuperset(each.copied_by) or not lacks_copy(each.track)]


def _settle(ticket: Ticket) -> None:
    ticket.imports = _due(ticket)
    tree = tree_of(ticket.tree)
    if tree is None:
        return
    state.remember(tree, ticket.compiled, ticket.run)
    if ticket.announce and not ticket.imports:
        announce(outcome(ticket.run))
    elif ticket.announce and import_obstacle():
        announce([("INFO", f"{_success_sentence(ticket.run)} {import_obstacle()}")])


def import_due() -> None:
    """Bring into their scenes what can be imported now; as one step of undo, which whoever calls this makes."""
    for ticket in list(tickets.values()):
        due = _due(ticket)
        if due and not import_obstacle():
            _import(ticket, due)


def _import(ticket: Ticket, wanted: list[Delivery]) -> None:
    """Bring results into their scene."""
    ticket.imports = [each for each in ticket.imports if each not in wanted]
    scene, tree = _scene(ticket), tree_of(ticket.tree)
    if scene is None or tree is None:
        return
    if ticket.announce:
        flame_of(scene).open_result()
    for each in wanted:
        if isinstance(each, SceneImport):
            deliver(each, tree, scene, ticket.compiled, ticket.run)
        elif isinstance(each, Retaking):
            retaking.deliver(each, scene, ticket.run)
        else:
            perform(each, tree, scene, ticket.compiled, ticket.run)
    if ticket.announce and ticket.settled and not ticket.imports:
        announce(outcome(ticket.run))


# What the user is told.


def outcome(run: Run) -> list[Report]:
    """Return what to tell of a run that is over: pairs of a report level and a text, the most important last."""
    told: list[Report] = [("WARNING", f"{notice.sentence} {notice.advice}".strip()) for notice in run.notices]
    if run.state is RunState.FAILED and run.failure is not None:
        return [("ERROR", str(run.failure))]
    if run.state is RunState.CANCELLED:
        return [("INFO", "Cancelled. What was finished is kept: Resume goes on from there.")]
    return [*told, ("INFO", _success_sentence(run))]


def _success_sentence(run: Run) -> str:
    frames = next((s.summary.split(",")[0] for s in run.stages.values() if s.kind == "track" and s.summary), "")
    if all(stage.state == "cached" for stage in run.stages.values()):
        return f"All was up to date ({frames})." if frames else "All was up to date."
    took = duration(run.seconds, tenths_below=10.0)
    return f"Tracked {frames} in {took}." if frames else f"Finished in {took}."


def announce(words: list[Report]) -> None:
    """Report something in Blender's status bar; where there is no window there is nobody to tell."""
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows:
        return
    _unreported.extend(words)
    with bpy.context.temp_override(window=windows[0]):
        own_operators().announce("INVOKE_DEFAULT")


def take_unreported() -> list[Report]:
    """Return what is to be reported and was not yet, once."""
    told = list(_unreported)
    _unreported.clear()
    return told


# What ends runs: another file, undo of the tree itself, the add-on disabled, Blender's end.


@persistent
def _before_load(*_arguments: object) -> None:
    """End the engine: it works for a file that is about to be closed."""
    global _before_loading  # noqa: PLW0603 - a file that could not be read leaves all as it was
    close()
    _before_loading = dict(tickets)
    tickets.clear()


@persistent
def _after_failed_load(*_arguments: object) -> None:
    tickets.update(_before_loading)


@persistent
def _after_undo(*_arguments: object) -> None:
    """End runs whose tree was undone away: nobody could see or stop them."""
    for ticket in tickets.values():
        if not ticket.run.state.final and tree_of(ticket.tree) is None:
            _session.cancel(ticket.run)


_HANDLERS: Final = (
    ("load_pre", _before_load),
    ("load_post_fail", _after_failed_load),
    ("undo_post", _after_undo),
    ("redo_post", _after_undo),
)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Listen to what ends runs."""
    add_handlers(_HANDLERS)
    atexit.register(close)


def unregister() -> None:
    """End all runs, and listen no more."""
    close()
    POLLER.stop()
    tickets.clear()
    _before_loading.clear()
    atexit.unregister(close)
    remove_handlers(_HANDLERS)
