"""From a node tree of Blender's to a job: all that only Blender knows is resolved here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.job import Job, Stage
from ...backend.contract.options import options_of, to_dict
from ...backend.contract.settings import SceneSettings
from . import graph as graphs
from .base import StageNode, spec_of
from .graph import Graph, Node


@dataclass(frozen=True)
class SceneImport:
    """What a Scene node does with a track when it is there.

    Attributes:
        node: Name of the Scene node.
        track_node: Name of the Track File node that feeds it.
        track: The file.
        settings: How it is imported.
        automatic: Whether it is imported as soon as it is finished.
    """

    node: str
    track_node: str
    track: Path
    settings: SceneSettings
    automatic: bool


@dataclass(frozen=True)
class Compiled:
    """A tree as the engine and the importer take it.

    Attributes:
        job: For the engine.
        imports: For the importer, afterwards.
        tracks: Name of a Track File node -> absolute path of its file.
        fingerprints: Name of a node -> what its result depends on, as one text, at this moment.
    """

    job: Job
    imports: tuple[SceneImport, ...]
    tracks: Mapping[str, Path]
    fingerprints: Mapping[str, str]


def compile_tree(tree: bpy.types.NodeTree, scene: bpy.types.Scene, target: str | None = None) -> Compiled | Failure:
    """Return what is run for a tree, or the first thing that is wrong with it, by the name of the node.

    Args:
        tree: The node tree.
        scene: For frame range and folders.
        target: Name of the node up to which is run; the whole tree where None.
    """
    graph = graph_of(tree)
    plan = graphs.to_job(graph, target)
    if isinstance(plan, Failure):
        return plan
    resolved: dict[str, Stage] = {}
    for stage in plan.job.stages:
        settings = tree.nodes[stage.name].settings(scene)
        if isinstance(settings, Failure):
            return settings
        resolved[stage.name] = replace(stage, settings=settings)
    job = Job(tuple(resolved.values()))
    tracks = {stage.name: Path(stage.settings.path) for stage in job.stages if stage.kind == "track"}
    imports = []
    for sink in plan.sinks:
        node = tree.nodes[sink.name]
        settings = node.settings(scene)
        if isinstance(settings, Failure):
            return settings
        track = sink.inputs["track"]
        imports.append(SceneImport(sink.name, track, tracks[track], settings, node.automatic))
    return Compiled(job, tuple(imports), tracks, fingerprints(tree, scene))


def graph_of(tree: bpy.types.NodeTree) -> Graph:
    """Return the tree as plain data, without the settings. Frames and strange nodes are left out."""
    ours = {node.name for node in tree.nodes if isinstance(node, StageNode) or node.bl_idname == "NodeReroute"}
    links: dict[str, dict[str, str]] = {}
    for link in tree.links:
        if not link.is_muted and link.from_node.name in ours:
            reroute = link.to_node.bl_idname == "NodeReroute"
            links.setdefault(link.to_node.name, {})["" if reroute else link.to_socket.identifier] = link.from_node.name
    nodes: dict[str, Node] = {}
    for node in tree.nodes:
        label = node.label or node.name
        if isinstance(node, StageNode):
            nodes[node.name] = Node(
                node.name, label, node.kind, spec_of(node.kind), None, node.mute, links.get(node.name, {})
            )
        elif node.bl_idname == "NodeReroute":
            nodes[node.name] = Node(node.name, label, "", None, None, False, links.get(node.name, {}))
    return nodes


def upstream(node: bpy.types.Node, kind: str) -> bpy.types.Node | None:
    """Return the nearest node of a kind that a node depends on, or None."""
    graph = graph_of(node.id_data)
    waiting, seen = [node.name], set()
    while waiting:
        here = graph[waiting.pop(0)]
        if here.name in seen or here.spec is None:
            continue
        seen.add(here.name)
        if here.kind == kind:
            return node.id_data.nodes[here.name]
        for input_name in here.spec.inputs:
            source = graphs.source_of(graph, here, input_name)
            if isinstance(source, Node):
                waiting.append(source.name)
    return None


def fingerprints(tree: bpy.types.NodeTree, scene: bpy.types.Scene) -> dict[str, str]:
    """Return for every node what its result depends on: settings, files, and the same of the nodes before it."""
    graph = graph_of(tree)
    found: dict[str, str] = {}
    for name, node in graph.items():
        if node.spec is not None:
            _fingerprint(tree, scene, graph, name, found, ())
    return found


def _fingerprint(
    tree: bpy.types.NodeTree,
    scene: bpy.types.Scene,
    graph: Graph,
    name: str,
    found: dict[str, str],
    above: tuple[str, ...],
) -> str:
    if name in found or name in above:
        return found.get(name, "circle")
    node = graph[name]
    assert node.spec is not None
    settings = tree.nodes[name].settings(scene)
    inputs: dict[str, str] = {}
    for input_name in node.spec.inputs:
        source = graphs.source_of(graph, node, input_name)
        known = isinstance(source, Node)
        inputs[input_name] = (
            _fingerprint(tree, scene, graph, source.name, found, (*above, name)) if known else "nothing"
        )
    values: Any = settings.code if isinstance(settings, Failure) else to_dict(settings)
    content = {"kind": node.kind, "settings": values, "inputs": inputs, "files": _files(node.kind, settings)}
    text = json.dumps(content, sort_keys=True, default=str)
    found[name] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return found[name]


def _files(kind: str, settings: Any) -> list[Any]:
    """Return size and time of the files that a stage reads."""
    if isinstance(settings, Failure) or kind in ("track", "report"):
        return []
    paths = [getattr(settings, each.name) for each in options_of(settings) if each.kind == "path"]
    return [_stamp(Path(path)) for path in paths if path]


def _stamp(path: Path) -> list[Any]:
    try:
        status = path.stat()
    except OSError:
        return ["not readable"]
    return [status.st_size, status.st_mtime_ns]
