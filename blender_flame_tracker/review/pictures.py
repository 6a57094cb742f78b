"""Pictures of a review: footage, head and scene, each rendered by Blender at the size of the film."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..scene.camera.lens_map import remove_unused_maps
from ..scene.footage.plate import background_of, is_straightened
from ..scene.parts import Parts
from ..scene.rendering.over_footage import lay_over_footage

Pixels = NDArray[np.float32]
"""RGBA picture (H, W, 4), the lowest row first, as Blender keeps it."""

_NAME: Final = "FLAME Review"
"""Of what is made for a review and removed after it."""
_BACKDROP: Final = (0.05, 0.052, 0.056)
_WORKBENCH: Final = "BLENDER_WORKBENCH"
_PATHS: Final = (
    "render.engine",
    "render.filepath",
    "render.resolution_x",
    "render.resolution_y",
    "render.resolution_percentage",
    "render.use_stamp",
    "render.use_border",
    "render.use_sequencer",
    "display.shading.light",
    "display.shading.color_type",
)
"""What of the user's scene is set while a picture of it is rendered."""


def footage_scene(scene: bpy.types.Scene, parts: Parts, size: tuple[int, int]) -> bpy.types.Scene:
    """Return a scene that shows the footage alone, as it lies behind the head.

    Args:
        scene: Of the track.
        parts: Of the track, with a clip.
        size: Width and height in pixels.
    """
    made = empty_scene(scene, size)
    made.collection.objects.link(parts.camera)
    made.camera = parts.camera
    made.render.film_transparent = True
    background = background_of(parts.lens, parts.clip, "BACK")
    assert parts.clip is not None
    turn = background.rotation if background is not None else 0.0
    lay_over_footage(made, parts.clip, turn, straighten=is_straightened(background))
    return made


def head_scene(scene: bpy.types.Scene, parts: Parts, size: tuple[int, int], textured: bool) -> bpy.types.Scene:
    """Return a scene that shows the head alone, whatever it does in the render of the user's own."""
    made = empty_scene(scene, size)
    made.render.engine = _WORKBENCH
    made.camera = parts.camera
    made.collection.objects.link(parts.camera)
    head: Any = parts.head.copy()
    head.name = _NAME
    head.hide_render = head.is_holdout = head.is_shadow_catcher = False
    made.collection.objects.link(head)
    shading = made.display.shading
    shading.light, shading.color_type = "STUDIO", "TEXTURE" if textured else "MATERIAL"
    made.world = bpy.data.worlds.new(_NAME)
    made.world.color = _BACKDROP
    return made


def remove_scene(scene: bpy.types.Scene) -> None:
    """Remove a scene that was made here, with what was made for it."""
    given: Any = scene
    objects = [each for each in scene.collection.objects if each.name.startswith(_NAME)]
    tree = getattr(given, "compositing_node_group", None)
    world = scene.world
    bpy.data.scenes.remove(scene)
    for each in objects:
        bpy.data.objects.remove(each)
    if tree is not None and tree.users == 0:
        bpy.data.node_groups.remove(tree)
    if world is not None and world.users == 0 and world.name.startswith(_NAME):
        bpy.data.worlds.remove(world)
    remove_unused_maps()


def rendered(scene: bpy.types.Scene, frame: int, file: Path) -> Pixels:
    """Return what a scene that was made here shows on a frame.

    Args:
        scene: Rendered.
        frame: Of the scene.
        file: PNG to write on the way.

    Raises:
        RuntimeError: Blender can't render here, as without a graphics card.
    """
    scene.frame_set(frame)
    scene.render.filepath = str(file)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return read_pixels(file)


def rendered_as_set_up(scene: bpy.types.Scene, size: tuple[int, int], frame: int, file: Path, *, solid: bool) -> Pixels:
    """Return what the user's own scene renders on a frame; its settings are as before afterwards.

    Args:
        scene: Rendered.
        size: Of the picture in square pixels.
        frame: Of the scene.
        file: PNG to write on the way.
        solid: As the solid view shows it.
    """
    given: Any = scene
    across, up = given.render.pixel_aspect_x, given.render.pixel_aspect_y
    # With the pixels that the scene has, so that camera and compositor see what they always do.
    rendering = (max(1, round(size[0] / across)), max(1, round(size[1] / up)))
    with _borrowed(scene, rendering, solid):
        pixels = rendered(scene, frame, file)
    return _stretched(_stretched(pixels, 1, size[0]), 0, size[1])


def _stretched(pixels: Pixels, axis: int, count: int) -> Pixels:
    """Return a picture with another number of rows (axis 0) or columns (axis 1), read between its own."""
    length = pixels.shape[axis]
    if length == count:
        return pixels
    position = np.clip((np.arange(count) + 0.5) * length / count - 0.5, 0, length - 1)
    before = np.minimum(position.astype(np.int64), max(length - 2, 0))
    share = (position - before).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    one, other = pixels.take(before, axis), pixels.take(np.minimum(before + 1, length - 1), axis)
    return one * (1 - share) + other * share


def read_pixels(file: Path) -> Pixels:
    """Return the picture of a file."""
    image: Any = bpy.data.images.load(str(file), check_existing=False)
    try:
        width, height = image.size
        values = np.empty(width * height * 4, dtype=np.float32)
        image.pixels.foreach_get(values)
    finally:
        bpy.data.images.remove(image)
    return values.reshape(height, width, 4)


def write_pixels(pixels: Pixels, file: Path) -> None:
    """Write a picture as PNG."""
    height, width, _ = pixels.shape
    image: Any = bpy.data.images.new(_NAME, width, height)
    try:
        image.pixels.foreach_set(np.ascontiguousarray(pixels, dtype=np.float32).ravel())
        image.filepath_raw, image.file_format = str(file), "PNG"
        image.save()
    finally:
        bpy.data.images.remove(image)


def empty_scene(scene: bpy.types.Scene, size: tuple[int, int]) -> Any:
    """A scene that shows nothing yet, at the rate and in the colors of another."""
    made: Any = bpy.data.scenes.new(_NAME)
    given: Any = scene
    render = made.render
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.fps, render.fps_base = given.render.fps, given.render.fps_base
    made.frame_start, made.frame_end = given.frame_start, given.frame_end
    made.view_settings.view_transform = "Standard"
    write_png(render.image_settings)
    with contextlib.suppress(TypeError):  # A Blender without Cycles; Workbench then, which needs a graphics card.
        render.engine = "CYCLES"
        made.cycles.samples, made.cycles.device, made.cycles.use_denoising = 1, "CPU", False
    if render.engine != "CYCLES":
        render.engine = _WORKBENCH
    return made


def write_png(settings: Any) -> None:
    """Let pictures be written as PNG; since 5.0 a scene that writes films must be told so first."""
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGB"


@contextlib.contextmanager
def _borrowed(scene: bpy.types.Scene, size: tuple[int, int], solid: bool) -> Iterator[None]:
    """Set what a picture needs in the user's scene, and give all of it back."""
    given: Any = scene
    before = {path: given.path_resolve(path) for path in _PATHS}
    images = given.render.image_settings
    form = {
        name: getattr(images, name) for name in ("media_type", "file_format", "color_mode") if hasattr(images, name)
    }
    frame, subframe = given.frame_current, given.frame_subframe
    try:
        render = given.render
        render.resolution_x, render.resolution_y = size
        render.resolution_percentage = 100
        render.use_stamp = render.use_border = render.use_sequencer = False
        write_png(images)
        if solid:
            render.engine = _WORKBENCH
            given.display.shading.light, given.display.shading.color_type = "STUDIO", "TEXTURE"
        yield
    finally:
        for path, value in before.items():
            owner, _, name = path.rpartition(".")
            setattr(given.path_resolve(owner), name, value)
        for name, value in form.items():
            setattr(images, name, value)
        given.frame_set(frame, subframe=subframe)
