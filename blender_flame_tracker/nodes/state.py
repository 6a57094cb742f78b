"""State of every node: whether its result is there and still true. Looked up while drawing, found elsewhere.

A node's *fingerprint* is one text made of all that its result depends on. Results are kept under it for the session, so
that undoing a change shows the old result as up to date again, and on the nodes, so that they are saved with the file.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.checks import parse_json
from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ...backend.contract.supervision.run_state import Run, StageProgress
from .. import redrawing
from ..handlers import add_handlers, remove_handlers
from ..names import TREE
from ..polling import Poller
from . import evaluated, run_registry
from .compile import Compiled
from .fingerprint import contents_of, fingerprints
from .reading import kind_of, stage_node, upstream, wrong_links

_HEADLESS = bpy.app.background

_registered = False

DELAY: Final = 0.05
"""Seconds after a change until the tree is looked through: what changes at once is looked through once."""


class NodeState(enum.Enum):
    """How a node stands."""

    NOT_RUN = "not run"
    CACHED = "up to date"
    STALE = "stale"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Status:
    """How a node stands, as it is shown.

    Attributes:
        state: See `NodeState`.
        fraction: Share that is done, 0 to 1.
        text: Main result, or the sentence of the failure; what a stale node had found last.
        seconds: That it took, or that are left while it runs; None while unknown.
        advice: What to do about a failure.
    """

    state: NodeState
    fraction: float = 0.0
    text: str = ""
    seconds: float | None = None
    advice: str = ""


@dataclass(frozen=True)
class _Known:
    """What a refresh found out about a node.

    Attributes:
        fingerprint: What its result depends on.
        files: What the files look like that it writes.
        there: Whether what it has made in the scene is there.
    """

    fingerprint: str
    files: str
    there: bool


@dataclass(frozen=True)
class _Result:
    """What a run has found, and what the files looked like that it wrote."""

    status: Status
    files: str


_known: Final[dict[int, dict[str, _Known]]] = {}
"""`session_uid` of a tree -> name of a node -> what is known of it."""

_results: Final[dict[str, _Result]] = {}
"""Fingerprint -> result."""

_due: Final[set[int]] = set()
"""Trees that are to be looked through."""


def status_of(node: Any) -> Status:
    """Return how a node stands. Cheap enough for drawing: nothing is computed, and no file is touched."""
    tree = node.id_data
    known = _known.get(tree.session_uid, {}).get(node.name)
    run, compiled = run_registry.run_of(tree), run_registry.compiled_of(tree)
    if run is not None and compiled is not None and not run.state.final and node.name in run.stages:
        unchanged = known is None or compiled.fingerprints.get(node.name) == known.fingerprint
        live = _live(run.stages[node.name], unchanged)
        if live is not None:
            return live
    return _settled(node, known)


def _live(stage: StageProgress, unchanged: bool) -> Status | None:
    """Return how a node stands during a run; None where only what was known before counts."""
    if stage.state == "running":
        return Status(NodeState.RUNNING, stage.fraction, stage.summary, stage.seconds_left)
    if stage.state == "waiting":
        return Status(NodeState.WAITING)
    return _finished(stage) if unchanged else None


def _finished(stage: StageProgress) -> Status | None:
    if stage.state == "done":
        return Status(NodeState.DONE, 1.0, stage.summary, stage.seconds)
    if stage.state == "cached":
        return Status(NodeState.CACHED, 1.0, stage.summary)
    return None


def _settled(node: Any, known: _Known | None) -> Status:
    result = _results.get(known.fingerprint) if known is not None else None
    if result is not None and known is not None:
        failed = result.status.state is NodeState.FAILED
        if failed or (known.there and result.files == known.files):
            return result.status
    return Status(NodeState.STALE, text=node.result_text) if node.result_fingerprint else Status(NodeState.NOT_RUN)


def mark(tree: bpy.types.NodeTree) -> None:
    """Have a tree looked through soon. This is all that happens when something is edited."""
    if not _registered:  # Blender calls while classes come and go one by one; nothing of `tree` may be touched then.
        return
    if _HEADLESS:  # There timers never fire, and nobody drags a slider.
        refresh(tree)
        return
    _due.add(tree.session_uid)
    POLLER.start()


def refresh(tree: bpy.types.NodeTree) -> None:
    """Find out anew what the results of a tree's nodes depend on, and which links are wrong. Never while drawing."""
    scene = bpy.context.scene
    if scene is None:
        return
    for link in wrong_links(tree):
        # Blender forgets it with every edit, and has just then called us.
        link.is_valid = False
    found = fingerprints(tree, scene)
    _known[tree.session_uid] = {
        name: _Known(text, contents_of(stage_node(tree, name).written(scene)), stage_node(tree, name).is_there(scene))
        for name, text in found.items()
    }
    for name in found:
        _learn(tree.nodes[name])


def refresh_all() -> None:
    """Look through all trees of the file."""
    trees = ours()
    for gone in set(_known) - {tree.session_uid for tree in trees}:
        del _known[gone]
    for tree in trees:
        refresh(tree)


def ours() -> list[Any]:
    """Return the FLAME trees of the file."""
    return [tree for tree in bpy.data.node_groups if tree.bl_idname == TREE]


def remember(tree: bpy.types.NodeTree, compiled: Compiled, run: Run) -> None:
    """Keep what a run that is over has found: on the nodes, and under the fingerprints that they had at its start."""
    for stage in run.stages.values():
        failed = stage.state == "failed" and run.failure is not None
        status = _failed(run.failure) if failed and run.failure is not None else _finished(stage)
        if status is not None:
            written = compiled.written.get(stage.name, ())
            _keep(tree, stage.name, compiled.fingerprints.get(stage.name, ""), written, status)
    refresh(tree)


def remember_import(
    tree: bpy.types.NodeTree, compiled: Compiled, node_name: str, failure: Failure | None, text: str = "Imported"
) -> None:
    """Keep that the track of a Scene node was imported, or why not."""
    status = _failed(failure) if failure is not None else Status(NodeState.DONE, 1.0, text)
    _keep(tree, node_name, compiled.fingerprints.get(node_name, ""), (), status)
    refresh(tree)


def note_import(track: Path, settings: SceneSettings, scene: bpy.types.Scene) -> None:
    """Let the Scene nodes of a track know that it has been imported by hand with their settings."""
    for tree in ours():
        for node in tree.nodes:
            source = upstream(node, "track") if kind_of(node) == "scene" else None
            if source is None or Path(source.settings(scene).path) != track or node.settings(scene) != settings:
                continue
            fingerprint = fingerprints(tree, scene)[node.name]
            _keep(tree, node.name, fingerprint, (), Status(NodeState.DONE, 1.0, "Imported"))
            refresh(tree)


def _keep(tree: bpy.types.NodeTree, name: str, fingerprint: str, written: Iterable[Path], status: Status) -> None:
    """Keep a result under its fingerprint, and on its node if that is still there."""
    if not fingerprint:
        return
    failed = status.state is NodeState.FAILED
    files = contents_of(written)
    _results[fingerprint] = _Result(status, files)
    node: Any = tree.nodes.get(name)
    if node is None or not kind_of(node):
        return
    if node.result_fingerprint not in ("", fingerprint):
        _set_aside(node)
    node.result_fingerprint, node.result_files, node.result_text = fingerprint, files, status.text
    node.result_failed, node.result_advice = failed, status.advice


def forget_copy(node: Any, source: Any) -> None:
    """Take the result from the copy of a node: it is found again where the copy depends on the same."""
    _learn(source)
    node.result_fingerprint = node.result_files = node.result_text = node.result_advice = node.result_others = ""
    node.result_failed = False


_MOST_OTHERS: Final = 12


def _set_aside(node: Any) -> None:
    """Keep the latest result that went well among the others: its take may be looked at again."""
    if node.result_failed:
        return
    others = [each for each in _others(node) if each[0] != node.result_fingerprint]
    others.append((node.result_fingerprint, node.result_files, node.result_text))
    node.result_others = json.dumps(others[-_MOST_OTHERS:])


def _others(node: Any) -> list[tuple[str, str, str]]:
    """Fingerprint, files and text of what a node has found for other takes."""
    return [tuple(each) for each in parse_json(node.result_others or "[]", _are_others) or ()]


def _are_others(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(each, list) and len(each) == 3 and all(isinstance(text, str) for text in each) for each in content
    )


def _learn(node: Any) -> None:
    """Make known for the session what a node has from an earlier one."""
    for fingerprint, files, text in _others(node):
        _results.setdefault(fingerprint, _Result(Status(NodeState.CACHED, 1.0, text), files))
    if not node.result_fingerprint or node.result_fingerprint in _results:
        return
    if node.result_failed:
        status = Status(NodeState.FAILED, 0.0, node.result_text, None, node.result_advice)
    else:
        status = Status(NodeState.CACHED, 1.0, node.result_text)
    _results[node.result_fingerprint] = _Result(status, node.result_files)


def _failed(failure: Failure) -> Status:
    return Status(NodeState.FAILED, 0.0, failure.sentence, None, failure.advice)


# When it is looked through.


def _look_through() -> None:
    for tree in ours():
        if tree.session_uid in _due:
            refresh(tree)
    _due.clear()
    redrawing.TRACKING.redraw()


POLLER: Final = Poller(_look_through, DELAY)


@persistent
def _everything_changed(*_arguments: object) -> None:
    """Another file, another folder for its files, or a step of undo."""
    refresh_all()


_OWNER: Final = object()

_WATCHED: Final = (
    (bpy.types.Node, "name"),
    (bpy.types.Scene, "frame_start"),
    (bpy.types.Scene, "frame_end"),
    (bpy.types.Camera, "lens"),
    (bpy.types.Camera, "sensor_width"),
    (bpy.types.Camera, "sensor_height"),
    (bpy.types.Camera, "sensor_fit"),
)
"""What nodes depend on that is no property of theirs with a callback of ours."""


def _mark_all() -> None:
    for tree in ours():
        mark(tree)


_MARK_SOON: Final = Poller(_mark_all)


@persistent
def _watch(*_arguments: object) -> None:
    """Listen to Blender's own properties; Blender forgets that with every file."""
    bpy.msgbus.clear_by_owner(_OWNER)
    subscribe: Any = bpy.msgbus.subscribe_rna  # A property of every thing of a type is a key too.
    for key in _WATCHED:
        subscribe(key=key, owner=_OWNER, args=(), notify=_mark_all)


_HANDLERS: Final = (
    ("load_post", _watch),
    ("load_post", _everything_changed),
    ("save_post", _everything_changed),
    ("undo_post", _everything_changed),
    ("redo_post", _everything_changed),
)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Listen to what changes more than one node."""
    global _registered  # noqa: PLW0603 - one add-on, one state
    _registered = True
    add_handlers(_HANDLERS)
    _watch()
    # While an add-on is registered, the file may not be looked at.
    if not _HEADLESS:
        _MARK_SOON.start()


def unregister() -> None:
    """Listen no more, and forget."""
    global _registered  # noqa: PLW0603
    _registered = False
    evaluated.leave()
    bpy.msgbus.clear_by_owner(_OWNER)
    POLLER.stop()
    _MARK_SOON.stop()
    remove_handlers(_HANDLERS)
    _known.clear()
    _results.clear()
    _due.clear()
