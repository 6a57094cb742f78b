"""What is known of every node: whether its result is there and still true. Looked up while drawing, found elsewhere."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

import bpy

from . import compile as compiling


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
    """State of a node with what is shown of it: share done, main result or failure, and the time it took."""

    state: NodeState
    fraction: float = 0.0
    text: str = ""
    seconds: float | None = None


_fingerprints: Final[dict[int, dict[str, str]]] = {}
"""Tree -> node -> fingerprint of the latest refresh."""


def refresh(tree: bpy.types.NodeTree) -> None:
    """Find out anew what the results of a tree's nodes depend on. Never called while drawing."""
    scene = bpy.context.scene
    if scene is not None:
        _fingerprints[tree.session_uid] = compiling.fingerprints(tree, scene)


def status_of(node: Any) -> Status:
    """Return how a node stands."""
    now = _fingerprints.get(node.id_data.session_uid, {}).get(node.name, "")
    if not node.result_fingerprint:
        return Status(NodeState.NOT_RUN)
    if node.result_fingerprint != now:
        return Status(NodeState.STALE, text=node.result_text)
    return Status(NodeState.CACHED, 1.0, node.result_text)
