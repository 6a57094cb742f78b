"""Tracks that have something to look at, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from flame_extension.backend.contract.names import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from flame_extension.backend.contract.track import INTERPOLATED, MISSING, Track, write_track
from synthetic_tracks import make_track, with_rows


def make_good_track(frames: int = 30, **changes: Any) -> Track:
    """A track in which no frame is bad: its landmarks lie on the face, and its eyes are 70 pixels apart."""
    track = make_track(frames, **changes)
    triangle = np.full(478, 20, dtype=np.int32)
    for name, corners in (("left_eyeball", LEFT_EYE_CORNERS), ("right_eyeball", RIGHT_EYE_CORNERS)):
        on_eye = np.isin(track.faces, track.regions[name]).all(axis=1)
        triangle[list(corners)] = np.flatnonzero(on_eye)[0]
    barycentric = np.full((478, 3), 1 / 3, dtype=np.float32)
    return with_rows(track, landmark_triangle=triangle, landmark_barycentric=barycentric)


def make_bad_track(frames: int = 30, **changes: Any) -> Track:
    """A track with three bad ranges: rows 5 to 7 missing, 8 interpolated, 15 and 16 far off, 20 uncertain."""
    track = make_good_track(frames, **changes)
    track.status[5:8], track.status[8] = MISSING, INTERPOLATED
    track.reprojection_error[15:17] = 9.0
    track.confidence[20] = 0.1
    return track


def write_file(folder: Path, track: Track) -> Path:
    """Write a track into a folder of its own."""
    path = folder / "track.npz"
    assert write_track(path, track) is None
    return path
