"""Check of a saved scene: Blender's own camera compared with the engine's projection, in pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import project, rotation_matrices
from ...backend.contract.failure import Failure
from ...backend.contract.track import MISSING, Track, read_track
from ..scene.parts import Parts, parts_of
from ..scene.timeline import make_timeline

FRAMES = 13
"""Frames looked at, spread over the clip."""


def measure_projection(track_file: Path, blend: Path) -> dict[str, Any] | str:
    """Return frames, median and worst distance in pixels over all vertices of some frames, or what is wrong."""
    track = read_track(track_file)
    if isinstance(track, Failure):
        return str(track)
    if not blend.is_file():
        return f"There is no file {blend}."
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    found = [parts for parts in map(parts_of, bpy.data.collections) if isinstance(parts, Parts)]
    if not found:
        return f"{blend.name} holds no imported track."
    scene = bpy.context.scene
    timeline = make_timeline(track.frame_index, track.time, track.rate, track.rate, scene.frame_start)
    seen = np.flatnonzero(np.asarray(track.status)[timeline.row] != MISSING)
    keys = seen[np.unique(np.linspace(0, len(seen) - 1, FRAMES).astype(int))]
    distances = []
    for key in keys:
        scene.frame_set(round(float(timeline.frame[key])))
        here, there = _through_camera(found[0], scene), _by_engine(track, int(timeline.row[key]))
        distances.append(np.linalg.norm(here - there, axis=1))
    every = np.concatenate(distances)
    return {"frames": len(keys), "median": float(np.median(every)), "worst": float(every.max())}


def _through_camera(parts: Parts, scene: bpy.types.Scene) -> NDArray[np.float64]:
    """Pixels (V, 2) of the head on the current frame, by the matrix with which Blender renders."""
    depsgraph, render = bpy.context.evaluated_depsgraph_get(), scene.render
    projection = parts.camera.calc_matrix_camera(
        depsgraph,
        x=render.resolution_x,
        y=render.resolution_y,
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    head = parts.head.evaluated_get(depsgraph)
    into_camera = parts.camera.evaluated_get(depsgraph).matrix_world.normalized().inverted()
    matrix = np.array(projection @ into_camera @ head.matrix_world, dtype=np.float64)
    mesh: Any = head.data
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    clip = points.reshape(-1, 3).astype(np.float64) @ matrix[:, :3].T + matrix[:, 3]
    device = clip[:, :2] / clip[:, 3:]
    size = np.array([render.resolution_x, render.resolution_y])
    return (device * (1, -1) + 1) / 2 * size - 0.5


def _by_engine(track: Track, row: int) -> NDArray[np.float64]:
    rotation = rotation_matrices(track.head_rotation[row])
    return project(track.vertices[row] @ rotation.T + track.head_translation[row], track.intrinsics_at(row))
