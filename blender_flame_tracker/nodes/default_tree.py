"""The tree of the panel: every kind of node once, linked as the engine's default job is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import bpy

from ...backend.contract.job import SUBSTITUTES, default_job
from ...backend.contract.options import title_case
from ..names import TREE
from . import stages
from .base import StageNode
from .reading import kind_of
from .tree import FlameTree

COLUMN: Final = 280.0
"""From one node to the next."""

_PLACES: Final[Mapping[str, tuple[float, float]]] = {
    "video": (-840.0, -40.0),
    "face": (-840.0, -260.0),
    "head": (-560.0, 420.0),
    "landmarks": (-560.0, 220.0),
    "camera": (-560.0, -160.0),
    "exclude": (-280.0, 220.0),
    "fit": (-280.0, 260.0),
    "appearance": (0.0, 260.0),
    "smooth": (0.0, 260.0),
    "pins": (280.0, 260.0),
    "arkit": (280.0, 260.0),
    "track": (280.0, 260.0),
    "texture": (560.0, 0.0),
    "scene": (560.0, 340.0),
    "report": (560.0, -100.0),
}
"""Chosen so that no link runs behind a node."""

_RIGHT, _DOWN = (COLUMN, 0.0), (0.0, -280.0)
_FINISHING: Final = ("smooth", "pins", "arkit", "track", "texture", "scene", "report")
_MOVED: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "exclude": dict.fromkeys(("fit", "appearance", *_FINISHING), _RIGHT),
    "appearance": dict.fromkeys(_FINISHING, _RIGHT),
    "pins": dict.fromkeys(("arkit", "track", "texture", "scene", "report"), _RIGHT),
    "arkit": dict.fromkeys(("track", "texture", "scene", "report"), _RIGHT),
    "texture": {"scene": _RIGHT, "report": _DOWN},
}
"""Kind that is added -> how far others move to make room for it."""


def new_default_tree(name: str, added: Collection[str] = ()) -> FlameTree:
    """Return a new tree with the nodes of the default job and a Scene node.

    Args:
        name: Of the tree.
        added: Kinds that are part of it besides the usual ones, or instead of one of them; see `default_job`.
    """
    groups: Any = bpy.data.node_groups  # Known for Blender's own types of trees alone.
    tree: FlameTree = groups.new(name, TREE)
    tree.use_fake_user = True
    classes = {each.kind: each for each in stages.CLASSES}
    links = {stage.kind: stage.inputs for stage in default_job({}, added).stages}
    links["scene"] = {"track": "track"} | ({"texture": "texture"} if "texture" in links else {})
    nodes = {kind: _add(tree, classes[kind], links) for kind in links}
    for kind, inputs in links.items():
        for input_name, source in inputs.items():
            tree.links.new(nodes[source].outputs[0], nodes[kind].inputs[title_case(input_name)])
    return tree


def _add(tree: bpy.types.NodeTree, node_class: type[StageNode], kinds: Collection[str]) -> bpy.types.Node:
    node = tree.nodes.new(node_class.bl_idname)
    kind = SUBSTITUTES.get(node_class.kind, node_class.kind)
    others = sum(1 for each in tree.nodes if SUBSTITUTES.get(kind_of(each), kind_of(each)) not in _PLACES)
    x, y = _PLACES.get(kind, (-560.0 + COLUMN * others, -600.0))
    moves = [_MOVED[each][kind] for each in kinds if kind in _MOVED.get(each, ())]
    node.location = (x + sum(move[0] for move in moves), y + sum(move[1] for move in moves))
    node.select = False
    return node


def switch_stage(tree: FlameTree, kind: str, nodes: Mapping[str, bpy.types.Node | None], on: bool) -> None:
    """Let a tree have a stage that costs time, or pass it by.

    A node that is there is muted or unmuted, so that its settings stay; else one is put where the default tree has it.

    Args:
        tree: To change.
        kind: ``exclude``, ``appearance``, ``pins``, ``arkit`` or ``texture``.
        nodes: Kind -> the node of the tree that the new one stands among, for every kind that it needs.
        on: Whether the stage shall run.
    """
    node = nodes.get(kind)
    if node is not None:
        node.mute = not on
        return
    if on:
        _insert(tree, kind, nodes)


def _insert(tree: FlameTree, kind: str, nodes: Mapping[str, bpy.types.Node | None]) -> None:
    node: Any = tree.nodes.new(next(each for each in stages.CLASSES if each.kind == kind).bl_idname)
    node.select = False
    sources = {socket.identifier: nodes.get(socket.identifier) for socket in node.inputs}
    before = sources.get("fit") or sources.get("track") or sources.get("landmarks")
    if kind in ("pins", "arkit"):
        before = sources["fit"] = _source_of_finished(nodes, kind) or before
    if before is not None:
        below = _PLACES[kind][1] - _PLACES[kind_of(before)][1]
        node.location = (before.location.x + COLUMN, before.location.y + below)
        _make_room(tree, kind, before)
    if kind in ("exclude", "appearance", "pins", "arkit") and before is not None:
        _step_between(tree, before, node)
    for socket in node.inputs:
        source = sources[socket.identifier]
        if source is not None:
            tree.links.new(source.outputs[0], socket)
    scene = nodes.get("scene")
    taker = scene.inputs.get(title_case(kind)) if scene is not None else None
    if taker is not None and not taker.is_linked:
        tree.links.new(node.outputs[0], taker)


def _source_of_finished(nodes: Mapping[str, bpy.types.Node | None], kind: str) -> bpy.types.Node | None:
    """Return the node whose fit is finished, None where there is none: what is written, but weights come after pins."""
    taker = (nodes.get("arkit") if kind == "pins" else None) or nodes.get("track")
    links: Any = taker.inputs["Fit"].links if taker is not None else ()
    return links[0].from_node if links else None


def _make_room(tree: FlameTree, kind: str, before: bpy.types.Node) -> None:
    """Move what stands to the right of a node, as it stands in the default tree with a node of the kind."""
    for other in tree.nodes:
        move = _MOVED[kind].get(kind_of(other))
        if move is not None and other.location.x > before.location.x:
            other.location = (other.location.x + move[0], other.location.y + move[1])


def _step_between(tree: FlameTree, before: bpy.types.Node, node: bpy.types.Node) -> None:
    """Let everything that took what a node gives take it from the new one."""
    for link in [each for each in tree.links if each.from_node == before]:
        taker: Any = link.to_socket
        tree.links.new(node.outputs[0], taker)


def replace_source(tree: FlameTree, old: bpy.types.Node | None, kind: str) -> bpy.types.Node:
    """Put a node of another kind that gives the same in the place of one, and return it."""
    node = tree.nodes.new(next(each for each in stages.CLASSES if each.kind == kind).bl_idname)
    node.select = False
    if old is not None:
        node.location = old.location
        _step_between(tree, old, node)
        tree.nodes.remove(old)
    return node
