"""The tree of the panel: every kind of node once, linked as the engine's default job is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bpy

from ...backend.contract.job import default_job
from ...backend.contract.options import title_case
from . import stages
from .tree import TREE, FlameTree

_PLACES: Final[Mapping[str, tuple[float, float]]] = {
    "video": (-840.0, -40.0),
    "face": (-840.0, -260.0),
    "head": (-560.0, 420.0),
    "landmarks": (-560.0, 220.0),
    "camera": (-560.0, -160.0),
    "fit": (-280.0, 260.0),
    "smooth": (0.0, 260.0),
    "track": (280.0, 260.0),
    "scene": (560.0, 340.0),
    "report": (560.0, 20.0),
}
"""Chosen so that no link runs behind a node."""


def new_default_tree(name: str) -> FlameTree:
    """Return a new tree with the nodes of the default job and a Scene node."""
    tree = bpy.data.node_groups.new(name, TREE)
    tree.use_fake_user = True
    classes = {each.kind: each for each in stages.CLASSES}
    links = {stage.kind: stage.inputs for stage in default_job({}).stages} | {"scene": {"track": "track"}}
    nodes = {kind: _add(tree, classes[kind]) for kind in links}
    for kind, inputs in links.items():
        for input_name, source in inputs.items():
            tree.links.new(nodes[source].outputs[0], nodes[kind].inputs[title_case(input_name)])
    return tree


def _add(tree: bpy.types.NodeTree, node_class: type) -> bpy.types.Node:
    node = tree.nodes.new(node_class.bl_idname)
    others = sum(1 for each in tree.nodes if each.kind not in _PLACES)
    node.location = _PLACES.get(node_class.kind, (-560.0 + 280.0 * others, -460.0))
    node.select = False
    return node
