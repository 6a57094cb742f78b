"""Rows of a track that are imported, which of them show a head, and on which frames of the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ...backend.contract.track import MISSING, Track
from .head import shape_keys
from .timeline import Timeline


@dataclass(frozen=True)
class Selection:
    """The rows of the track to import (T,), which of them show a head (T,) bool, and the number of their shot (T,)."""

    rows: NDArray[np.int64]
    with_head: NDArray[np.bool_]
    shot: NDArray[np.int64]


def select_rows(track: Track, settings: SceneSettings) -> Selection | Failure:
    """The rows in the range, which counts as the footage does, or why there is nothing to import or too much of it."""
    index = np.asarray(track.frame_index)
    inside = np.ones(len(index), dtype=bool)
    if settings.first_frame >= 0:
        inside &= index >= settings.first_frame
    if settings.last_frame >= 0:
        inside &= index <= settings.last_frame
    rows = np.flatnonzero(inside)
    if len(rows) == 0:
        return _nothing_in_range(index, settings)
    finite = np.isfinite(np.asarray(track.vertices)[rows]).all(axis=(1, 2))
    finite &= np.isfinite(track.head_rotation[rows]).all(axis=1) & np.isfinite(track.head_translation[rows]).all(axis=1)
    with_head = (np.asarray(track.status)[rows] != MISSING) & finite
    if not with_head.any():
        return Failure(
            "no-face-in-range",
            "No frame of the range shows a face.",
            "Choose another range, or track the clip with a lower detection threshold.",
        )
    if settings.has_frames:
        refusal = shape_keys.too_many_keys(len(track.neutral_vertices), index[rows[with_head]])
        if refusal is not None:
            return refusal
    return Selection(rows, with_head, np.asarray(track.shot)[rows])


def _nothing_in_range(index: NDArray[np.int64], settings: SceneSettings) -> Failure:
    if len(index) == 0:
        return Failure("track-empty", "The track has no frames.", "Track the clip again.")
    first = settings.first_frame if settings.first_frame >= 0 else int(index[0])
    last = settings.last_frame if settings.last_frame >= 0 else int(index[-1])
    return Failure(
        "no-frames-in-range",
        f"The track has no frame from {first} to {last}; it goes from {index[0]} to {index[-1]}.",
        "Choose a range within the track, or -1 for its ends.",
    )


def keys_with_head(selection: Selection, timeline: Timeline) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scene frames and rows (within the selection) of the keys that show a head."""
    with_head = selection.with_head[timeline.row]
    return timeline.frame[with_head], timeline.row[with_head]
