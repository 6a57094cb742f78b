"""First view of an imported head: views look through the camera, nothing stands before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import bpy

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.settings import SceneSettings
from ..nodes import state
from ..scene.head.texture import PICTURE
from ..scene.importer import ImportResult, import_track
from ..scene.parts import find_collection, origin_of
from ..scene.starting_scene import is_start_cube


def import_and_show(track: Path, settings: SceneSettings, scene: bpy.types.Scene) -> ImportResult | Failure:
    """Import a track, select its head, and after the first import let it be seen. Needs no context of a window."""
    earlier = find_collection(scene, origin_of(track, ""))
    was_plain = earlier is None or PICTURE not in earlier
    result = import_track(track, settings, scene)
    if isinstance(result, Failure):
        return result
    state.note_import(track, settings, scene)
    _select(scene, result.parts.carrier)
    if settings.camera_view and was_plain and PICTURE in result.parts.collection:
        _show_textures(scene)
    if not settings.camera_view or not result.fresh:
        return result
    if scene.camera == result.parts.camera:
        _look_through_camera(scene)
    return replace(result, notices=(*result.notices, *_hide_default_cube(scene)))


def _select(scene: bpy.types.Scene, head: bpy.types.Object) -> None:
    """Make the head the active object and the only selected one, wherever it is not excluded."""
    for layer in scene.view_layers:
        layer.update()  # Else it does not know the head yet (Blender 5.2).
        if head.name not in layer.objects:
            continue
        for thing in list(layer.objects.selected):
            thing.select_set(False, view_layer=layer)
        head.select_set(True, view_layer=layer)
        layer.objects.active = head


def _look_through_camera(scene: bpy.types.Scene) -> None:
    """Turn the 3D views of the scene to its camera, except those in which one object is looked at alone."""
    for window, area, space in views_of(scene):
        if space.local_view is not None or space.region_quadviews:
            continue
        if space.region_3d is not None:
            space.region_3d.view_perspective = "CAMERA"
        region = next((each for each in area.regions if each.type == "WINDOW"), None)
        if region is not None and not bpy.app.background:
            with bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.view3d.view_center_camera()


def _show_textures(scene: bpy.types.Scene) -> None:
    """Let solid views that show the materials' plain colours show their pictures."""
    for _window, _area, space in views_of(scene):
        shading = space.shading
        if shading.type == "SOLID" and shading.color_type == "MATERIAL":
            shading.color_type = "TEXTURE"


def views_of(scene: bpy.types.Scene) -> Iterator[tuple[bpy.types.Window, bpy.types.Area, bpy.types.SpaceView3D]]:
    """Yield the 3D views that show a scene."""
    for window in bpy.context.window_manager.windows:
        if window.scene == scene:
            for area in window.screen.areas:
                if isinstance(area.spaces.active, bpy.types.SpaceView3D):
                    yield window, area, area.spaces.active


def _hide_default_cube(scene: bpy.types.Scene) -> list[Notice]:
    hidden = [thing for thing in scene.objects if not thing.hide_render and is_start_cube(thing)]
    for thing in hidden:
        for layer in scene.view_layers:
            if thing.name in layer.objects:
                thing.hide_set(True, view_layer=layer)
        thing.hide_render = True
    if not hidden:
        return []
    return [
        Notice(
            "cube-hidden",
            "Blender's default cube was hidden, because the head would stand inside of it.",
            "Click its eye and its camera in the Outliner to see it again.",
        )
    ]
