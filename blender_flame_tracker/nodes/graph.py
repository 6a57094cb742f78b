"""Drawn graph to job, as plain data: reroutes and muted nodes pass through, mistakes are named. No `bpy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...backend.contract.failure import Failure
from ...backend.contract.job import STAGES, Job, Stage, StageSpec, validate
from ...backend.contract.options import title_case
from .specs import givers

FILES: Final = ("track", "texture", "report", "export")
"""Kinds of stages that are run for their own sake. Blender's own stages are, too."""


@dataclass(frozen=True)
class Node:
    """A node as it is drawn.

    Attributes:
        name: Unique in the graph.
        label: What the user calls it.
        kind: Key of `STAGES` or of the Blender-side stages; empty for a reroute.
        spec: What it takes and gives; None for a reroute.
        muted: Whether it shall be passed by.
        links: Input name -> name of the node linked to it. A reroute has one, called "".
    """

    name: str
    label: str
    kind: str
    spec: StageSpec | None
    muted: bool = False
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sink:
    """A node of Blender's side that takes what the job gives: its name and, per input, the stage that feeds it."""

    name: str
    kind: str
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class RunPlan:
    """What is to be run, and what Blender does afterwards."""

    job: Job
    sinks: tuple[Sink, ...]


Graph = Mapping[str, Node]


def source_of(graph: Graph, node: Node, input_name: str) -> Node | Failure | None:
    """Return the node that really feeds an input, behind reroutes and muted nodes; None where nothing does."""
    wanted = node.spec.inputs[input_name] if node.spec else ""
    seen: list[str] = []
    name = node.links.get(input_name)
    while name is not None:
        if name in seen:
            return _circle([graph[each] for each in seen[seen.index(name) :]])
        seen.append(name)
        source = graph[name]
        if source.spec is not None and not source.muted:
            return source
        through = "" if source.spec is None else _passing(source, wanted)
        if through is None:
            return Failure(
                "node-muted",
                f"{node.label}: its input {title_case(input_name)} comes from {source.label}, which is muted"
                " and has nothing to pass on.",
                f"Unmute {source.label}, or link another node.",
            )
        name = source.links.get(through)
    return None


def sources(graph: Graph, name: str) -> Iterator[str]:
    """Yield the names of the nodes that feed a node, as far as they are linked."""
    node = graph[name]
    for input_name in node.spec.inputs if node.spec is not None else ():
        source = source_of(graph, node, input_name)
        if isinstance(source, Node):
            yield source.name


def given(graph: Graph, name: str) -> str | None:
    """Return the type of data that comes out of a node, or through a reroute; None where nothing does."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        node = graph[name]
        if node.spec is not None:
            return node.spec.output
        if "" not in node.links:
            return None
        name = node.links[""]
    return None


def to_job(graph: Graph, target: str | None = None) -> RunPlan | Failure:
    """Return the job of a graph. Every stage has its default settings: they are no matter of the graph.

    Args:
        graph: Name -> node.
        target: Name of the node up to which is run; everything that leads to a file or into the scene where None.
    """
    wanted = _wanted(graph, target)
    if isinstance(wanted, Failure):
        return wanted
    stages: dict[str, Stage] = {}
    sinks: dict[str, Sink] = {}
    for name in wanted:
        problem = _collect(graph, graph[name], stages, sinks, ())
        if problem is not None:
            return problem
    job = validate(list(stages.values()), settled=False)
    return job if isinstance(job, Failure) else RunPlan(job, tuple(sinks.values()))


def _wanted(graph: Graph, target: str | None) -> list[str] | Failure:
    if target is not None:
        node = graph.get(target)
        if node is None or node.spec is None:
            return Failure("node-missing", f"There is no node {target} to run to.", "Choose a node of the tree.")
        if node.muted:
            return Failure("node-muted", f"{node.label} is muted.", "Unmute it to run it.")
        return [target]
    ends = [node for node in graph.values() if node.spec is not None and _is_end(node.kind)]
    if not ends:
        return Failure(
            "tree-no-output",
            "The tree has no Track File, Scene, Texture, Report or Export node, so nothing would come out of it.",
            "Add one, or choose a node and press Run to Here.",
        )
    # What goes into the scene is made first: the animator need not wait for a report to see the head.
    found = [node.name for node in sorted(ends, key=lambda node: node.kind in STAGES) if not node.muted]
    if not found:
        labels = ", ".join(node.label for node in ends)
        return Failure("node-muted", f"All that would come out of the tree is muted: {labels}.", "Unmute one.")
    return found


def _is_end(kind: str) -> bool:
    return kind in FILES or kind not in STAGES


def _collect(
    graph: Graph, node: Node, stages: dict[str, Stage], sinks: dict[str, Sink], above: tuple[Node, ...]
) -> Failure | None:
    """Add a node and all that it needs; `above` are the nodes that wait for it."""
    if node in above:
        return _circle(list(above[above.index(node) :]))
    if node.name in stages or node.name in sinks:
        return None
    assert node.spec is not None
    inputs: dict[str, str] = {}
    for input_name, wanted in node.spec.inputs.items():
        source = _checked_source(graph, node, input_name, wanted)
        if input_name in node.spec.optional and _is_left_out(source):
            continue
        if isinstance(source, Failure):
            return source
        problem = _collect(graph, source, stages, sinks, (*above, node))
        if problem is not None:
            return problem
        inputs[input_name] = source.name
    if node.kind in STAGES:
        stages[node.name] = Stage(node.name, node.kind, node.spec.settings(), inputs)
    else:
        sinks[node.name] = Sink(node.name, node.kind, inputs)
    return None


def _checked_source(graph: Graph, node: Node, input_name: str, wanted: str) -> Node | Failure:
    source = source_of(graph, node, input_name)
    if source is None:
        return Failure(
            "node-input",
            f"{node.label}: nothing is linked to its input {title_case(input_name)}.",
            f"Link {givers(wanted)} to it.",
        )
    if isinstance(source, Node) and source.spec is not None and source.spec.output != wanted:
        return Failure(
            "node-type",
            f"{node.label}: its input {title_case(input_name)} can't take what {source.label} gives.",
            f"Link {givers(wanted)} to it.",
        )
    return source


def _is_left_out(source: Node | Failure) -> bool:
    """Whether nothing is linked, or what is linked is muted."""
    return isinstance(source, Failure) and source.code in ("node-input", "node-muted")


def _passing(node: Node, wanted: str) -> str | None:
    """Return the input that a muted node hands on instead of its output, or None."""
    assert node.spec is not None
    if node.spec.output != wanted:
        return None
    return next((name for name, type_name in node.spec.inputs.items() if type_name == wanted), None)


def _circle(nodes: list[Node]) -> Failure:
    """Name the nodes of a circle; each waits for the one after it in the list."""
    labels = " → ".join(node.label for node in (nodes[0], *reversed(nodes)))
    return Failure("node-cycle", f"These nodes wait for each other: {labels}.", "Remove a link of the circle.")
