"""Looks of tests at a scene: evaluated vertices, Blender's own projection, the picture of the footage."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from flame_extension.backend.contract.camera import Intrinsics, project, rotation_matrices
from flame_extension.backend.contract.track import Track
from flame_extension.blender_flame_tracker.scene.rendering import render
from flame_extension.blender_flame_tracker.scene.rendering.over_footage import lay_over_footage
from mathutils import Vector


def evaluated_vertices(thing: bpy.types.Object) -> np.ndarray:
    """Vertices (V, 3) of an object on the current frame, in its own space."""
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def pixels_by_view(head: bpy.types.Object, camera: bpy.types.Object, intrinsics: Intrinsics) -> np.ndarray:
    """Pixels (V, 2) of the head on the current frame, by `world_to_camera_view`."""
    scene = bpy.context.scene
    world = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world
    views = [world_to_camera_view(scene, camera, world @ Vector(point)) for point in evaluated_vertices(head)]
    return np.array([(view.x * intrinsics.width - 0.5, (1 - view.y) * intrinsics.height - 0.5) for view in views])


def pixels_by_matrix(head: bpy.types.Object, camera: bpy.types.Object, intrinsics: Intrinsics) -> np.ndarray:
    """Pixels (V, 2) of the head on the current frame, by the projection matrix with which Blender renders."""
    depsgraph, render_settings = bpy.context.evaluated_depsgraph_get(), bpy.context.scene.render
    projection = camera.calc_matrix_camera(
        depsgraph,
        x=render_settings.resolution_x,
        y=render_settings.resolution_y,
        scale_x=render_settings.pixel_aspect_x,
        scale_y=render_settings.pixel_aspect_y,
    )
    into_camera = camera.evaluated_get(depsgraph).matrix_world.normalized().inverted()
    matrix = np.array(projection @ into_camera @ head.evaluated_get(depsgraph).matrix_world, dtype=np.float64)
    points = evaluated_vertices(head).astype(np.float64)
    clip = points @ matrix[:, :3].T + matrix[:, 3]
    device = clip[:, :2] / clip[:, 3:]
    x = (device[:, 0] + 1) / 2 * intrinsics.width - 0.5
    y = (1 - device[:, 1]) / 2 * intrinsics.height - 0.5
    return np.stack([x, y], axis=1)


def pixels_by_engine(track: Track, row: int) -> np.ndarray:
    """Pixels (V, 2) of a row of the track, by the contract's projection."""
    rotation = rotation_matrices(track.head_rotation[row])
    return project(track.vertices[row] @ rotation.T + track.head_translation[row], track.intrinsics_at(row))


def footage_picture(clip: bpy.types.MovieClip, frame: int, folder: Path) -> np.ndarray:
    """What Blender shows of a movie clip on a frame of the scene: RGB (H, W, 3), 0..1."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = True
    lay_over_footage(scene, clip)
    render.set_renderer(scene, render.StillSettings(engine="BLENDER_WORKBENCH"))
    scene.frame_set(frame)
    scene.render.filepath = str(folder / "looking.png")
    bpy.ops.render.render(write_still=True)
    return read_picture(Path(scene.render.filepath))


def read_picture(path: Path) -> np.ndarray:
    """A picture file as RGB (H, W, 3), 0..1."""
    image = bpy.data.images.load(str(path))
    pixels = np.empty(image.size[0] * image.size[1] * image.channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(image.size[1], image.size[0], image.channels)[::-1, :, :3]
    bpy.data.images.remove(image)
    return pixels
