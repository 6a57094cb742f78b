"""Fingerprint of a result, one text: settings, the files that are read, and the same of the nodes before it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_folder
from ...backend.contract.options import options_of, to_dict
from ..file_stamp import stamp_of
from . import graph as graphs
from .graph import Graph, Node
from .reading import graph_of, stage_node


def fingerprints(tree: bpy.types.NodeTree, scene: bpy.types.Scene) -> dict[str, str]:
    """Return the fingerprint of every node by its name. Looks at files, so it is never called while drawing."""
    graph = graph_of(tree)
    found: dict[str, str] = {}
    for name, node in graph.items():
        if node.spec is not None:
            _add(tree, scene, graph, name, found, ())
    return found


def _add(
    tree: bpy.types.NodeTree,
    scene: bpy.types.Scene,
    graph: Graph,
    name: str,
    found: dict[str, str],
    above: tuple[str, ...],
) -> str:
    """Add the fingerprint of a node and of all that it depends on; `above` are the nodes that wait for it."""
    if name in found or name in above:
        return found.get(name, "circle")
    node, face = graph[name], stage_node(tree, name)
    settings = face.settings(scene)
    assert node.spec is not None
    inputs: dict[str, str] = {}
    for input_name in node.spec.inputs:
        source = graphs.source_of(graph, node, input_name)
        linked = isinstance(source, Node)
        inputs[input_name] = _add(tree, scene, graph, source.name, found, (*above, name)) if linked else "nothing"
    content = {
        "kind": node.kind,
        "settings": settings.sentence if isinstance(settings, Failure) else _placeless(settings),
        "inputs": inputs,
        "files": "" if isinstance(settings, Failure) else contents_of(face.read(settings)),
    }
    of_blender = face.content(scene)
    if of_blender:  # Nodes without have the fingerprints that earlier versions gave them.
        content["content"] = of_blender
    text = json.dumps(content, sort_keys=True)
    found[name] = hashlib.sha256(text.encode()).hexdigest()[:32]
    return found[name]


def contents_of(files: Iterable[Path]) -> str:
    """Return as one text what is in files, nothing where they are not there, and what is in folders, by name and size.

    Neither where they lie counts nor when they were written, so that a project can be moved or copied.
    """
    return json.dumps([_content_of(path) for path in files])


def _content_of(path: Path) -> list[Any]:
    if not is_folder(path):
        return [path.name, *(stamp_of(path) or ())]
    try:
        return [path.name, sorted([entry.name, entry.stat().st_size] for entry in os.scandir(path))]
    except OSError:
        return [path.name]


def _placeless(settings: Any) -> dict[str, Any]:
    """Settings without paths: of what is read the content counts, and what is written is looked at by itself."""
    paths = {each.name for each in options_of(settings) if each.kind == "path"}
    return {name: value for name, value in to_dict(settings).items() if name not in paths}
