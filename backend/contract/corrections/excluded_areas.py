"""Outlines of the areas of the picture that shall not count, frame by frame."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from .corrections import Area


def area_corners(area: Area, frame: int) -> Floats | None:
    """Return an area's corners (C, 2) on a frame of the video, shares of the picture; None where it is not there.

    Between two keys corners move straight; before the first and after the last they stay.
    """
    if not area.keys or frame < area.first or (0 <= area.last < frame):
        return None
    frames = np.array([key.frame for key in area.keys], dtype=np.float64)
    corners = np.array([key.corners for key in area.keys], dtype=np.float64)
    after = int(np.clip(np.searchsorted(frames, frame), 0, len(frames) - 1))
    before = after if frames[after] <= frame else max(after - 1, 0)
    if before == after or frame <= frames[before]:
        return corners[before]
    share = (frame - frames[before]) / (frames[after] - frames[before])
    return (1 - share) * corners[before] + share * corners[after]
