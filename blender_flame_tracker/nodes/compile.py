"""Compiler from a node tree of Blender's to a job: all that only Blender knows is resolved here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.job import Job, Stage
from ...backend.contract.lens_file import lens_of_track
from ...backend.contract.retarget_settings import RetargetSettings
from ...backend.contract.settings import SceneSettings
from ...backend.contract.track import read_parts
from . import graph as graphs
from . import take_files
from .fingerprint import fingerprints
from .graph import Sink
from .reading import graph_of, name_of, stage_node, upstream


@dataclass(frozen=True)
class SceneImport:
    """What a Scene node does with a track when it is there.

    Attributes:
        node: Name of the Scene node.
        track_node: Name of the Track File node that feeds it.
        track: The file.
        settings: How it is imported.
        automatic: Whether it is imported as soon as it is finished.
        needs: Names of the nodes that must have run before: of the track file, and of the texture where one is linked.
        copied_by: Names of the nodes that write a copy of the footage beside that track where Blender needs one.
    """

    node: str
    track_node: str
    track: Path
    settings: SceneSettings
    automatic: bool
    needs: tuple[str, ...] = ()
    copied_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retargeting:
    """What a Retarget node does with a track when it is there, and in the scene where a Scene node brings it there.

    Attributes:
        node: Name of the Retarget node.
        track_node, track, needs, copied_by: As of `SceneImport`.
        settings: How its performance is put onto the character, which the node names.
    """

    node: str
    track_node: str
    track: Path
    settings: RetargetSettings
    needs: tuple[str, ...] = ()
    copied_by: tuple[str, ...] = ()
    automatic: bool = True


@dataclass(frozen=True)
class Retaking:
    """What becomes of a range of a track that was solved again: it is joined into the track as a new version.

    Attributes:
        node: Name of the Scene node whose settings count, or of the Track File node where there is none.
        track_node, needs, copied_by: As of `SceneImport`.
        track: The file of the range.
        settings: How the track is imported where it is not in the scene.
        base: Track file that the range is joined into.
        words: First and last frame of the range, counted from 1.
        blend_frames: Frames at both ends over which the one goes over into the other.
    """

    node: str
    track_node: str
    track: Path
    settings: SceneSettings
    base: Path
    words: str
    blend_frames: int
    needs: tuple[str, ...] = ()
    copied_by: tuple[str, ...] = ()
    automatic: bool = True


Delivery = SceneImport | Retargeting | Retaking
"""What Blender does with what the engine made."""


@dataclass(frozen=True)
class Compiled:
    """A tree as the engine and the importer take it.

    Attributes:
        job: For the engine.
        imports: For Blender, afterwards; what comes into the scene first.
        tracks: Name of a Track File node -> absolute path of its file.
        fingerprints: Name of a node -> what its result depends on, as one text, at this moment.
        written: Name of a node -> files that it writes.
    """

    job: Job
    imports: tuple[Delivery, ...]
    tracks: Mapping[str, Path]
    fingerprints: Mapping[str, str]
    written: Mapping[str, tuple[Path, ...]]


def compile_tree(tree: bpy.types.NodeTree, scene: bpy.types.Scene, target: str | None = None) -> Compiled | Failure:
    """Return what is run for a tree, or the first thing that is wrong with it, by the name of the node.

    Args:
        tree: The node tree.
        scene: For its frame range, where a node asks for that.
        target: Name of the node up to which is run; the whole tree where None.
    """
    plan = graphs.to_job(graph_of(tree), target)
    if isinstance(plan, Failure):
        return plan
    stages: list[Stage] = []
    for stage in plan.job.stages:
        settings = stage_node(tree, stage.name).settings(scene)
        if isinstance(settings, Failure):
            return settings
        stages.append(replace(stage, settings=settings))
    stages = _with_shared_lens(tree, scene, stages)
    written = {stage.name: stage_node(tree, stage.name).written(scene) for stage in stages}
    problem = _clash(tree, stages, written)
    if problem is not None:
        return problem
    tracks = {stage.name: Path(stage.settings.path) for stage in stages if stage.kind == "track"}
    imports = _imports(tree, scene, plan.sinks, stages)
    if isinstance(imports, Failure):
        return imports
    return Compiled(Job(tuple(stages)), imports, tracks, fingerprints(tree, scene), written)


def _with_shared_lens(tree: bpy.types.NodeTree, scene: bpy.types.Scene, stages: list[Stage]) -> list[Stage]:
    """Let the takes of several people of a clip have the lens that was found for the first, unless one is known."""
    lenses: dict[str, Mapping[str, Any]] = {}
    for stage in stages:
        lens = _lens_of(take_files.first_of(tree.nodes[stage.name], scene)) if stage.kind == "track" else None
        camera = upstream(tree.nodes[stage.name], "camera") if lens is not None else None
        if lens is not None and camera is not None and camera.focal_mode in ("estimate", "metadata"):
            lenses[camera.name] = lens
    return [_with_lens(stage, lenses[stage.name]) if stage.name in lenses else stage for stage in stages]


def _with_lens(stage: Stage, lens: Mapping[str, Any]) -> Stage:
    return replace(stage, settings=replace(stage.settings, **lens))


def _lens_of(track: Path | None) -> dict[str, Any] | None:
    """Return the camera's settings for the lens of a track, None where there is none."""
    found = read_parts(track, ()) if track is not None else None
    return None if found is None or isinstance(found, Failure) else lens_of_track(found[0])


def _imports(
    tree: bpy.types.NodeTree, scene: bpy.types.Scene, sinks: Iterable[Sink], stages: list[Stage]
) -> tuple[Delivery, ...] | Failure:
    imports: list[Delivery] = []
    settings_of = {stage.name: stage.settings for stage in stages}
    reports = [stage for stage in stages if stage.kind == "report" and stage.settings.plate]
    for sink in sinks:
        node: Any = tree.nodes[sink.name]
        settings = node.settings(scene)
        if isinstance(settings, Failure):
            return settings
        track = sink.inputs["track"]
        needs = tuple(sink.inputs.values())
        copied_by = tuple(stage.name for stage in reports if stage.inputs["track"] == track)
        file = Path(settings_of[track].path)
        if sink.kind == "retarget":
            imports.append(Retargeting(sink.name, track, file, settings, needs, copied_by))
            continue
        imports.append(SceneImport(sink.name, track, file, settings, node.automatic, needs, copied_by))
    return tuple(sorted(imports, key=lambda each: isinstance(each, Retargeting)))


def _clash(
    tree: bpy.types.NodeTree, stages: Iterable[Stage], written: Mapping[str, tuple[Path, ...]]
) -> Failure | None:
    """Return whether two nodes would write one file, or one would write what another reads."""
    writers: dict[str, Any] = {}
    for name, files in written.items():
        for path in files:
            other, node = writers.setdefault(_same(path), tree.nodes[name]), tree.nodes[name]
            if other != node:
                return Failure(
                    "nodes-one-file",
                    f"{name_of(other)} and {name_of(node)} would write the same file, {path.name}.",
                    "Give one of them another file or folder.",
                )
    for stage in stages:
        node: Any = tree.nodes[stage.name]
        for path in node.read(stage.settings):
            other = writers.get(_same(path))
            if other is not None:
                return Failure(
                    "nodes-one-file",
                    f"{name_of(node)} reads {path.name}, which {name_of(other)} would write.",
                    "Give one of them another file.",
                )
    return None


def _same(path: Path) -> str:
    return os.path.normcase(path)
