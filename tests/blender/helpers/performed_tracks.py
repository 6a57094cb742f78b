"""Tracks whose file holds ARKit's weights, in a scene."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from flame_extension.backend.contract.names import ARKIT
from flame_extension.backend.contract.performance.stored import ArkitWeights
from flame_extension.backend.contract.track import Track
from review_helpers import make_good_track, write_file
from synthetic_tracks import with_rows

FRAMES = 30


def performed(first_frame: int = 0, **channels: np.ndarray) -> Track:
    """A track of 30 frames with some channels set; its tongue is not tracked, and rows 25 and 26 have no face."""
    weights = np.zeros((FRAMES, 52), dtype=np.float32)
    for name, values in channels.items():
        weights[:, ARKIT.index(name)] = values
    weights[:, ARKIT.index("tongueOut")] = np.nan
    weights[25:27] = np.nan
    source = tuple("not tracked" if name == "tongueOut" else "geometry" for name in ARKIT)
    trust = tuple(0.0 if name == "tongueOut" else 0.8 for name in ARKIT)
    kept = ArkitWeights(weights, np.full(FRAMES, 0.5, np.float32), source, trust)
    track = make_good_track(FRAMES, frame_index=first_frame + np.arange(FRAMES))
    header = {**track.header, "arkit": kept.header}
    return with_rows(track, header=header, arkit_weights=kept.weights, arkit_residual=kept.residual)


def imported(folder: Path, track: Track) -> bpy.types.Collection:
    """The track in the scene, from a file of its own; its collection."""
    path = write_file(folder, track)
    assert bpy.ops.import_scene.flame_track(filepath=str(path)) == {"FINISHED"}
    return next(each for each in bpy.data.collections if "flame_track" in each)
