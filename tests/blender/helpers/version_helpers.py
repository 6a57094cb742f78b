"""Helpers of the tests of versions: track files of one clip whose heads differ, and what a scene shows of them."""

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.version_list import versions_of
from synthetic_tracks import make_track


def make_version(number=0, frames=8, **options):
    """A track; of another number, the same mesh elsewhere on the same frames."""
    track = make_track(frames, **options)
    aside = np.array([0.01, 0.0, 0.02]) * number
    return replace(
        track, vertices=track.vertices + np.float32(0.001 * number), head_translation=track.head_translation + aside
    )


def write_version(folder, name, number=0, **options):
    """Write such a track, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    assert write_track(folder / name, make_version(number, **options)) is None
    return folder / name


def labels(collection):
    """Names of the versions of an import."""
    return [each.name for each in versions_of(collection)]


def shown(collection):
    """Name of the file that an import shows."""
    return Path(collection["flame_track"]).name


def first_point(frame):
    """Where the first vertex of the head is in the space of the camera, on a frame."""
    bpy.context.scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    head, camera = (bpy.data.objects[f"take one {name}"].evaluated_get(graph) for name in ("head", "camera"))
    return np.array(camera.matrix_world.inverted() @ head.matrix_world @ head.data.vertices[0].co)
