"""The list of clips for a batch, each with the person in it; it is part of the scene and saved with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.batch_files import MOST_WORKERS
from ...backend.contract.failure import Failure
from ..engine.batch_run import BatchRequest
from ..nodes.tree import FlameTree
from ..paths import absolute
from . import batch

PROPERTY: Final = "flame_batch"

WORKERS: Final = bpy.props.IntProperty(
    name="Shots at Once",
    description="How many shots are worked on at once; 0 is one per core, as far as memory goes",
    min=0,
    max=MOST_WORKERS,
)


class BatchClip(bpy.types.PropertyGroup):
    """A clip of a batch"""

    path: str
    person: str
    __annotations__: ClassVar = {
        "path": bpy.props.StringProperty(name="Clip", description="Video, image sequence, or folder of clips"),
        "person": bpy.props.StringProperty(
            name="Person",
            description="Who is in this clip: all clips of a person get one face shape. Empty: it gets its own",
        ),
    }


class BatchClips(bpy.types.PropertyGroup):
    """Clips for a batch, and how it is done"""

    clips: Any
    row: int
    results: str
    workers: int
    all_faces: bool
    __annotations__: ClassVar = {
        "clips": bpy.props.CollectionProperty(type=BatchClip),
        "row": bpy.props.IntProperty(name="Clip", description="Clip that is chosen in the list"),
        "results": bpy.props.StringProperty(
            name="Results",
            description=f"Folder for the results; empty is {batch.RESULTS} in the folder of the first clip",
            subtype="DIR_PATH",
        ),
        "workers": WORKERS,
        "all_faces": bpy.props.BoolProperty(
            name="All Faces", description="Track everyone in each clip, seen through one lens; then nobody is named"
        ),
    }


def list_of(scene: bpy.types.Scene) -> Any:
    """Return the list of a scene."""
    return getattr(scene, PROPERTY)


def add(scene: bpy.types.Scene, clips: Iterable[Path], person: str) -> int:
    """Add clips of a person to the list; return how many were not in it yet."""
    listed = list_of(scene)
    there = {each.path for each in listed.clips}
    new = [path for path in map(str, clips) if path not in there]
    for path in new:
        clip = listed.clips.add()
        clip.path, clip.person = path, person
        listed.row = len(listed.clips) - 1
    return len(new)


def request_of(scene: bpy.types.Scene, tree: FlameTree | None) -> BatchRequest | Failure:
    """Return the batch of the list, with the settings of a tree that hold for any clip."""
    listed = list_of(scene)
    made = batch.settings_of(tree, scene)
    if isinstance(made, Failure):
        return made
    inputs = [absolute(each.path) for each in listed.clips]
    return BatchRequest(
        inputs=inputs,
        folder=absolute(listed.results) if listed.results else inputs[0].parent / batch.RESULTS,
        settings=made[0],
        added=made[1],
        all_faces=listed.all_faces,
        people=["" if listed.all_faces else each.person.strip() for each in listed.clips],
        workers=listed.workers,
    )


CLASSES: Final = (BatchClip, BatchClips)


def register() -> None:
    """Give scenes a list."""
    setattr(bpy.types.Scene, PROPERTY, bpy.props.PointerProperty(type=BatchClips))


def unregister() -> None:
    """Take it from them."""
    delattr(bpy.types.Scene, PROPERTY)
