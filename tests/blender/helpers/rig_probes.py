"""Rigs as tests make them and measure them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import Track
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.keyframes import Channel
from scene_probes import evaluated_vertices

BOUND = 5e-5
"""Metres that a rig may be off."""
JAW = 'pose.bones["Jaw"].rotation_quaternion'


def bring_in(track: Track, **settings: Any) -> Any:
    """Import a track, as a rig where nothing else is said."""
    made = import_track(track, SceneSettings(**{"form": "rig", "plate": False, **settings}))
    assert not isinstance(made, Failure), made
    return made


def largest_distance(made: Any, track: Track, rows: Any = None, start: int = 1) -> float:
    """Metres between the evaluated head and the track's vertices, on the worst frame."""
    worst = 0.0
    for row in range(len(track)) if rows is None else rows:
        bpy.context.scene.frame_set(start + row)
        away = evaluated_vertices(made.parts.head) - blender_points(track.vertices[row])
        worst = max(worst, float(np.linalg.norm(away, axis=1).max()))
    return worst


def open_jaw_on_top(rig: bpy.types.Object, radians: float = 0.2) -> None:
    """Key a jaw that is open wider, on the active action."""
    turn = (np.cos(radians / 2), np.sin(radians / 2), 0.0, 0.0)
    channels = [Channel(JAW, index, np.array([1.0]), np.array([value])) for index, value in enumerate(turn)]
    keyframes.write_channels_on_top(rig, channels)
