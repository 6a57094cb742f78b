"""Performance of a track: the weights that its file holds, or else solved on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..failure import Failure
from ..track import Track, read_track
from .gaze import COLUMNS, gaze_of
from .performance import Performance
from .stored import weights_in
from .weights.from_track import head_motion, performance_of


def performance_of_file(track: Track | Path) -> Performance | Failure:
    """Return the performance of a track or a track file, whether or not the stage *ARKit Weights* was in its run.

    Weights that the file holds are preferred: they were solved with the settings that the user chose. Where they have
    to be solved, that takes a second for thousands of frames.
    """
    found = read_track(track) if isinstance(track, Path) else track
    if isinstance(found, Failure):
        return found
    stored = weights_in(found)
    if stored is None:
        solved = performance_of(found)
        return solved if isinstance(solved, Failure) else solved.performance
    weights = stored.weights.astype(np.float64)
    rotation, translation = head_motion(found)
    return Performance(
        name=str(found.header["video"].get("name", "")),
        rate=found.rate,
        time=found.time - found.time[0],
        weights=weights,
        gaze=gaze_of(weights[:, COLUMNS]),
        head_rotation=rotation,
        head_translation=translation,
        source=stored.source,
        trust=np.array(stored.trust),
    )
