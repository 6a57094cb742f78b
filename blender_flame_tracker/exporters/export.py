"""Export of a take to one target: right settings, right objects, right range, and the scene as it was afterwards."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure, Notice
from ..scene.parts import Parts
from .camera_path import chan_text
from .losses import losses_of, losses_of_character
from .objects import animated_range, objects_of, with_carriers
from .presets import PRESETS, Preset
from .relative_keys import relative_keys

_AS_PLAYED: Final = {"export_animation_mode": "SCENE", "export_anim_scene_split_object": False}
"""Settings of glTF: what the scene plays, as one animation."""
_ERROR: Final = re.compile(r"\w+(\.\w+)*(Error|Exception): ")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: The file.
        frames: First and last scene frame in it.
        notices: What the target does not carry.
    """

    path: Path
    frames: tuple[int, int]
    notices: tuple[Notice, ...]


def export(context: bpy.types.Context, name: str, parts: Parts, path: Path) -> Exported | Failure:
    """Write an import for a target; the scene, its selection and its keys are afterwards as they were.

    Args:
        context: Of a window or of none.
        name: Key of `PRESETS`.
        parts: Of the import.
        path: File to write; it is written beside and renamed.
    """
    preset, scene = PRESETS[name], context.scene
    refused = problem_of(context, preset, parts)
    if refused is not None:
        return refused
    things = objects_of(preset, parts)
    frames = animated_range(things, scene)
    lost = losses_of(preset, parts, things)
    camera = None if preset.operator else parts.camera
    failure = _written(context, preset, things, path, frames, camera)
    return failure or Exported(path, frames, tuple(lost))


def export_character(
    context: bpy.types.Context, name: str, objects: Sequence[bpy.types.Object], path: Path
) -> Exported | Failure:
    """Write a character as it plays; the scene, its selection and its keys are afterwards as they were.

    Args:
        context: Of a window or of none.
        name: Key of `PRESETS`, one that is for a `TAKE`.
        objects: Of the character.
        path: File to write; it is written beside and renamed.
    """
    preset = PRESETS[name]
    refused = obstacle(context, preset)
    if refused is not None:
        return refused
    things = with_carriers(objects)
    frames = animated_range(things, context.scene)
    lost = losses_of_character(preset, things)
    return _written(context, preset, things, path, frames, None) or Exported(path, frames, tuple(lost))


def _written(
    context: bpy.types.Context,
    preset: Preset,
    things: Sequence[bpy.types.Object],
    path: Path,
    frames: tuple[int, int],
    camera: bpy.types.Object | None,
) -> Failure | None:
    """Write objects, or the path of a camera; return why that was not possible."""
    keys = relative_keys(things) if preset.relative_keys else nullcontext()
    try:
        with keys, _playing(context.scene, frames), _selected(context, things):
            _write(preset, things, path, frames, camera)
    except (RuntimeError, OSError, TypeError) as error:
        return Failure(
            "export-failed",
            f"Blender could not write {path.name}: {_reason(error)}.",
            "Choose a folder with free space that you may write to.",
        )
    return None


def problem_of(context: bpy.types.Context, preset: Preset, parts: Parts) -> Failure | None:
    """Return why an import cannot be written now, None where it can."""
    refused = obstacle(context, preset)
    if refused is None and context.view_layer.objects.get(parts.camera.name) is None:
        return Failure(
            "export-excluded",
            f"The collection '{parts.collection.name}' is excluded from the view layer.",
            "Tick its box in the Outliner, then export.",
        )
    return refused


def obstacle(context: bpy.types.Context, preset: Preset) -> Failure | None:
    """Return why nothing can be written for a target now, None where it can."""
    if context.mode != "OBJECT":
        return Failure("export-mode", "An object is being edited.", "Switch to Object Mode, then export.")
    if preset.operator and not _exists(preset.operator):
        return Failure(
            "export-missing",
            f"This Blender cannot write {preset.label}.",
            "Turn on the add-on that exports it in Blender's preferences, or use a Blender from blender.org.",
        )
    return None


def _exists(operator: str) -> bool:
    try:
        _operator(operator).get_rna_type()
    except (AttributeError, KeyError):
        return False
    return True


def _operator(name: str) -> Any:
    module, _, function = name.partition(".")
    return getattr(getattr(bpy.ops, module), function)


def has_layers(things: Iterable[bpy.types.Object]) -> bool:
    """Whether actions lie above each other, of which a file that takes one action each would miss some."""
    owners: list[Any] = [owner for thing in things for owner in (thing, getattr(thing.data, "shape_keys", None))]
    animations = [owner.animation_data for owner in owners if owner is not None]
    return any(each is not None and len(each.nla_tracks) > 0 for each in animations)


def _write(
    preset: Preset,
    things: Sequence[bpy.types.Object],
    path: Path,
    frames: tuple[int, int],
    camera: bpy.types.Object | None,
) -> None:
    """Write into a new folder beside the file, then move what was written to its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        if preset.operator:
            operator = _operator(preset.operator)
            known = operator.get_rna_type().properties
            wanted = {**preset.settings, **(_AS_PLAYED if has_layers(things) else {})}
            settings = {key: value for key, value in wanted.items() if key in known}
            operator(filepath=str(partial), check_existing=False, **settings)
        elif camera is not None:
            partial.write_text(chan_text(camera, frames), encoding="utf-8", newline="\n")
        for written in sorted(Path(folder).iterdir(), key=lambda each: each == partial):
            target = path.parent / written.name
            if written.is_dir():  # Textures of USD.
                shutil.copytree(written, target, dirs_exist_ok=True)
            else:
                written.replace(target)


@contextmanager
def _playing(scene: bpy.types.Scene, frames: tuple[int, int]) -> Iterator[None]:
    """Let the scene play these frames for a while."""
    before = scene.frame_start, scene.frame_end, scene.frame_current, scene.use_preview_range
    scene.use_preview_range = False
    scene.frame_start, scene.frame_end = frames
    try:
        yield
    finally:
        scene.frame_start, scene.frame_end = before[:2]
        scene.use_preview_range = before[3]
        scene.frame_set(before[2])


@contextmanager
def _selected(context: bpy.types.Context, things: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Let these objects alone be selected for a while."""
    layer = context.view_layer
    selected, active = [each for each in layer.objects if each.select_get()], layer.objects.active
    for each in layer.objects:
        each.select_set(False)
    for each in things:
        if layer.objects.get(each.name) is not None:
            each.select_set(True)
    layer.objects.active = things[0]
    try:
        yield
    finally:
        for each in layer.objects:
            each.select_set(each in selected)
        layer.objects.active = active


def _reason(error: Exception) -> str:
    """What an exporter says in a line; one in Python hands over its traceback, in which the last error counts."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Location:")]
    if not lines:
        return type(error).__name__
    raised = [line for line in lines if _ERROR.match(line)]
    return (raised[-1] if "Traceback" in lines[0] and raised else lines[0]).rstrip(".")
