"""A finished file and a still of an imported track, without a window: what the demo shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.settings import SceneSettings
from ..footage.plate import background_of
from ..importer import ImportResult, import_track
from .over_footage import lay_over_footage


@dataclass(frozen=True)
class StillSettings:
    """How the still is rendered.

    Attributes:
        frame: Scene frame; None takes the middle of the clip.
        engine: ``CYCLES`` or ``BLENDER_WORKBENCH``; both work without a screen.
        samples: Per pixel, for Cycles.
        footage: Whether the footage is laid behind the head.
    """

    frame: int | None = None
    engine: str = "CYCLES"
    samples: int = 16
    footage: bool = True


def build_scene(
    track: Path, blend: Path, picture: Path | None, settings: SceneSettings, still: StillSettings
) -> ImportResult | Failure:
    """Start an empty file, import a track, save the file, and render a still through its camera.

    Where the light of the footage is not imported, lamps are added. The saved file renders the same picture in a
    window: the footage is laid behind by its compositor.

    Args:
        track: Track file.
        blend: File to save; replaced where it exists.
        picture: PNG to write, None for none.
        settings: For the import.
        still: For the picture.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    result = import_track(track, settings, scene)
    if isinstance(result, Failure):
        return result
    if settings.light == "none":
        add_light(result)
    if still.footage and result.parts.clip is not None:
        background = background_of(result.parts.lens, result.parts.clip, "BACK")
        lay_over_footage(scene, result.parts.clip, background.rotation if background else 0.0)
    set_renderer(scene, still)
    scene.frame_set(still.frame if still.frame is not None else (scene.frame_start + scene.frame_end) // 2)
    try:
        blend.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(blend.resolve()), compress=True)
        if picture is not None:
            scene.render.filepath = str(picture.resolve())
            bpy.ops.render.render(write_still=True)
    except (RuntimeError, OSError) as error:
        return Failure(
            "scene-not-written",
            f"Blender could not write {blend.name} or its picture: {error}.",
            "Choose a folder with free space that you may write to.",
        )
    return result


def add_light(result: ImportResult) -> None:
    """Light the head from beside the camera, with soft light all around, all in the track's collection."""
    scene, parts = bpy.context.scene, result.parts
    distance = (parts.camera.matrix_world.translation - parts.head.matrix_world.translation).length
    for name, place, power in (
        ("key", (-0.8, 0.8, 0.0), 24.0),
        ("fill", (1.1, 0.1, 0.0), 5.0),
        ("rim", (0.7, 0.6, -1.7), 14.0),
    ):
        light: Any = bpy.data.lights.new(f"{parts.collection.name} {name}", "AREA")
        # Measured from the head, so that it is as bright near and far.
        light.size = 0.6 * distance
        light.energy = power * distance * distance
        thing = bpy.data.objects.new(light.name, light)
        parts.collection.objects.link(thing)
        thing.parent = parts.camera
        thing.location = [part * distance for part in place]
        aim: Any = thing.constraints.new("TRACK_TO")
        aim.target = parts.head
        aim.track_axis, aim.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
    world: Any = bpy.data.worlds.new(parts.collection.name)
    if world.node_tree is None:  # There from the start since 5.0.
        world.use_nodes = True
    tree: Any = world.node_tree
    tree.nodes["Background"].inputs["Color"].default_value = (0.28, 0.28, 0.28, 1.0)
    scene.world = world


def set_renderer(scene: bpy.types.Scene, still: StillSettings) -> None:
    """Set the render engine and a view in which the footage keeps its colours."""
    given: Any = scene  # Which engines and views there are, and `cycles`, is for this Blender to say.
    given.render.engine = still.engine
    given.render.film_transparent = True
    # AgX and Filmic would change the colours of the footage; Standard gives them back as they are.
    given.view_settings.view_transform = "Standard"
    given.render.image_settings.file_format = "PNG"
    given.render.image_settings.color_mode = "RGB"
    if still.engine == "CYCLES":
        given.cycles.device = "CPU"
        given.cycles.samples = still.samples
        given.cycles.use_denoising = True
    else:
        given.display.shading.light = "STUDIO"
        given.display.shading.color_type = "MATERIAL"
