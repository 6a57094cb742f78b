"""Reading a node tree of Blender's as plain data: who is linked to whom, and which links are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import bpy

from ...backend.contract.failure import Failure
from . import graph as graphs
from .graph import Graph, Node
from .specs import spec_of

REROUTE = "NodeReroute"


class StageFace(Protocol):
    """What a tree asks of a node of ours, see `base.StageNode`: Blender knows it as a node like any other."""

    def settings(self, _scene: bpy.types.Scene) -> Any:
        """Return the settings for the engine, or a `Failure`."""
        ...

    def read(self, settings: Any) -> tuple[Path, ...]:
        """Return the files that it reads."""
        ...

    def content(self, _scene: bpy.types.Scene) -> str:
        """Return what its result depends on of Blender's things."""
        ...

    def write_inputs(self, _scene: bpy.types.Scene, _settings: Any) -> Failure | None:
        """Write what the engine reads and only Blender knows."""
        ...

    def written(self, _scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the files that it writes for the user."""
        ...

    def is_there(self, _scene: bpy.types.Scene) -> bool:
        """Whether what it has made in the scene still is there."""
        ...


def kind_of(node: Any) -> str:
    """Return the kind of one of our nodes, an empty text for any other, such as one that is not known here."""
    return getattr(node, "kind", "")


def nodes_of(tree: bpy.types.NodeTree, kind: str) -> list[Any]:
    """Return the nodes of a kind."""
    return [node for node in tree.nodes if kind_of(node) == kind]


def stage_node(tree: bpy.types.NodeTree, name: str) -> StageFace:
    """Return one of our nodes by its name."""
    node: Any = tree.nodes[name]
    return node


def linked(tree: bpy.types.NodeTree) -> Iterator[tuple[Any, Any]]:
    """Yield the nodes that each link comes from and goes to, as they are drawn."""
    return ((link.from_node, link.to_node) for link in tree.links)


def name_of(node: Any) -> str:
    """Return what the user calls a node."""
    return node.label or node.name


def graph_of(tree: bpy.types.NodeTree) -> Graph:
    """Return a tree as plain data. Frames, muted links and nodes that are not ours are left out."""
    ours = {node.name: node for node in tree.nodes if kind_of(node) or node.bl_idname == REROUTE}
    links: dict[str, dict[str, str]] = {name: {} for name in ours}
    for link, (source, taker) in zip(tree.links, linked(tree), strict=True):
        if not link.is_muted and source.name in ours and taker.name in ours:
            links[taker.name][_input(link) if kind_of(taker) else ""] = source.name
    return {
        name: Node(name, name_of(node), kind_of(node), _spec(node), node.mute and bool(kind_of(node)), links[name])
        for name, node in ours.items()
    }


def _input(link: Any) -> str:
    """Return the identifier of the socket that a link goes to."""
    return link.to_socket.identifier


def _spec(node: Any) -> Any:
    return spec_of(node.kind) if kind_of(node) else None


def upstream(node: Any, kind: str) -> Any | None:
    """Return the nearest node of a kind that a node depends on (itself, where it is one), or None."""
    graph = graph_of(node.id_data)
    return _nearest(node, kind, lambda name: graphs.sources(graph, name))


def all_upstream(node: Any) -> dict[str, Any]:
    """Return the nearest node of every kind that a node depends on, itself among them: one look at the tree for all."""
    graph = graph_of(node.id_data)
    found: dict[str, Any] = {}
    waiting, seen = [node.name], {node.name}
    while waiting:
        name = waiting.pop(0)
        found.setdefault(graph[name].kind, node.id_data.nodes[name])
        for other in graphs.sources(graph, name):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return found


def folder_of_track(node: Any, scene: bpy.types.Scene) -> Path | None:
    """Return the folder of the track file that a node depends on: where results go unless the user says otherwise."""
    track = upstream(node, "track")
    return Path(track.settings(scene).path).parent if track is not None else None


def downstream(node: Any, kind: str) -> Any | None:
    """Return the nearest node of a kind that depends on a node, or None."""
    graph = graph_of(node.id_data)
    takers: dict[str, list[str]] = {}
    for name in graph:
        for source in graphs.sources(graph, name):
            takers.setdefault(source, []).append(name)
    return _nearest(node, kind, lambda name: takers.get(name, ()))


def _nearest(node: Any, kind: str, neighbours: Callable[[str], Any]) -> Any | None:
    waiting, seen = [node.name], {node.name}
    while waiting:
        name = waiting.pop(0)
        found = node.id_data.nodes[name]
        if kind_of(found) == kind:
            return found
        for other in neighbours(name):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return None


def wrong_links(tree: bpy.types.NodeTree) -> Iterator[Any]:
    """Yield the links that bring a node something that it can't take, also through reroutes."""
    graph = graph_of(tree)
    for link, (source, to_node) in zip(tree.links, linked(tree), strict=True):
        taker = graph.get(to_node.name)
        if taker is None or taker.spec is None or source.name not in graph:
            continue
        given = graphs.given(graph, source.name)
        wanted = taker.spec.inputs.get(_input(link))
        if given is not None and given != wanted:
            yield link
