"""Queue of faces: everyone in a clip is tracked, one run after the other, all seen through one camera.

Whoever comes later takes over lens and camera of the first, as `nodes.take_files` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.supervision.run_state import Run, RunState
from ..engine.quick_look import SeenFace
from ..nodes import run_registry
from ..nodes.scene_state import node_of
from ..nodes.stages.face import face_folder
from ..nodes.tree import FlameTree
from . import runs


@dataclass
class _Queue:
    """Faces of a tree that wait.

    Attributes:
        faces: All that are tracked, in this order.
        position: Of the one that is tracked now.
        chosen: What the Face node said before.
        run: Of that one; None until it has begun.
        failures: What went wrong with whom.
    """

    faces: tuple[SeenFace, ...]
    position: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    run: Run | None = None
    failures: list[str] = field(default_factory=list)


_queues: Final[dict[int, _Queue]] = {}
"""`session_uid` of a tree -> who is tracked."""

_CHOICE: Final = ("number", "point_x", "point_y", "point_frame", "choose", "clicked")


def prepare(tree: FlameTree, scene: bpy.types.Scene, faces: tuple[SeenFace, ...]) -> None:
    """Let the next run of a tree be the first of several, one for each of the faces."""
    node = node_of(tree, "face", scene)
    _queues[tree.session_uid] = _Queue(faces, chosen={name: getattr(node, name) for name in _CHOICE})
    _follow(tree, scene, faces[0])


def begun(tree: FlameTree) -> None:
    """Take note of the first face's run; where a folder has to be chosen before, it begins later."""
    queue, run = _queues.get(tree.session_uid), run_registry.run_of(tree)
    if queue is not None and run is not None and not run.state.final:
        queue.run = run


def forget(tree: FlameTree) -> None:
    """Track one face alone: those that wait for a run which never began are forgotten."""
    _queues.pop(tree.session_uid, None)


def give_up(tree: FlameTree, scene: bpy.types.Scene) -> None:
    """Track nobody else, and follow again whom the user had chosen."""
    queue = _queues.pop(tree.session_uid, None)
    node = node_of(tree, "face", scene)
    if queue is None or node is None:
        return
    for name, value in queue.chosen.items():
        setattr(node, name, value)
    # The largest face, or one by its number, was tracked by its place: as that it is known to be up to date.
    same = next((face for face in queue.faces if face_folder(face.number) == node.folder()), None)
    if same is not None:
        _follow(tree, scene, same)


def words(tree: FlameTree | None) -> str:
    """Return how far the work is, such as ``Face 2 of 3``; empty where one face alone is tracked. For drawing."""
    queue = _queues.get(tree.session_uid) if tree is not None else None
    if queue is None:
        return ""
    return f"Face {queue.faces[queue.position].number + 1}, {queue.position + 1} of {len(queue.faces)}"


def wait(tree: FlameTree) -> list[str]:
    """Wait until everyone is tracked, for scripts and tests; return what went wrong with whom."""
    queue = _queues.get(tree.session_uid)
    while tree.session_uid in _queues and (run := run_registry.run_of(tree)) is not None:
        runs.wait(run)
    return queue.failures if queue is not None else []


def _follow(tree: FlameTree, scene: bpy.types.Scene, face: SeenFace) -> None:
    node = node_of(tree, "face", scene)
    if node is not None:
        node.follow(face.number, face.point, face.frame)


def _over(tree: FlameTree, scene: bpy.types.Scene, run: Run) -> None:
    """Go on with the next face when a run is over and its head is in the scene."""
    queue = _queues.get(tree.session_uid)
    if queue is None:
        return
    if queue.run not in (None, run):  # Its own run was lost with an undone tree.
        del _queues[tree.session_uid]
        return
    face = queue.faces[queue.position]
    if run.state is RunState.FAILED and run.failure is not None:
        queue.failures.append(f"Face {face.number + 1}: {run.failure.sentence}")
    while run.state is not RunState.CANCELLED and queue.position + 1 < len(queue.faces):
        queue.position += 1
        _follow(tree, scene, queue.faces[queue.position])
        started = runs.start(tree, scene)
        if not isinstance(started, Failure):
            queue.run = started
            return
        queue.failures.append(f"Face {queue.faces[queue.position].number + 1}: {started.sentence}")
    give_up(tree, scene)
    if queue.failures:
        runs.announce([("WARNING", each) for each in queue.failures])


CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Listen to runs that are over."""
    runs.listeners.append(_over)


def unregister() -> None:
    """Listen no more, and forget."""
    runs.listeners.remove(_over)
    _queues.clear()
