"""Performing of a tree's Retarget nodes: the track of a run put onto the characters that they name."""

from __future__ import annotations

from typing import Any

import bpy

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.supervision.run_state import Run
from ..nodes import state
from ..nodes.compile import Compiled, Retargeting
from ..nodes.tree import FlameTree
from . import playing


def perform(wanted: Retargeting, tree: FlameTree, scene: bpy.types.Scene, compiled: Compiled, run: Run) -> None:
    """Put one performance onto its character, and keep with run and tree how that went."""
    made = _performed(wanted, tree, scene)
    if isinstance(made, Failure):
        run.notices.append(Notice(made.code, made.sentence, made.advice))
        state.remember_import(tree, compiled, wanted.node, made)
        return
    run.notices.extend(Notice("retarget", line.text) for line in made.lines if line.level == "bad")
    state.remember_import(tree, compiled, wanted.node, None, made.summary)


def _performed(wanted: Retargeting, tree: FlameTree, scene: bpy.types.Scene) -> playing.Report | Failure:
    node: Any = tree.nodes.get(wanted.node)
    if node is None or node.character is None:
        return Failure("no-character", f"{wanted.node}: no character is chosen.", "Choose one on the node.")
    frame = scene.frame_current
    with bpy.context.temp_override(scene=scene):
        made = playing.ready(node.character, wanted.settings, wanted.track, bpy.context)
        played = made if isinstance(made, Failure) else playing.play(made, wanted.settings, node, bpy.context)
    # Nobody has pressed a button: whoever works meanwhile stays at the frame.
    scene.frame_set(frame)
    return played
