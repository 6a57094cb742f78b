"""Memory of what a corrected track was before, so that corrections never add up and can be taken off again.

Arrays ``uncorrected_rows`` (N,) and ``uncorrected`` (N, 20 + E + 3, and 53 more with ARKit's weights): of every changed
frame its pose in the order of `KeyPose`, status, confidence and reprojection error, weights and their residual. Its
vertices follow from these, to a ten-millionth of a metre.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Floats, Integers
from ..failure import Failure
from ..track import Track
from ..track_schema import values_problem
from .corrections import ENTRY
from .pose_changes import Poses, poses_of
from .posed_frames import moved_vertices

STATE = ("status", "confidence", "reprojection_error")
ARKIT = ("arkit_weights", "arkit_residual")


def before_of(track: Track, rows: Integers) -> Floats:
    """Return what is to be remembered of some rows before they are changed (N, M)."""
    parts = [
        np.asarray(getattr(track, name)[rows], dtype=np.float64).reshape(len(rows), -1)
        for name in _remembered_of(track)
    ]
    return np.concatenate(parts, axis=1)


def remembered_with(track: Track, rows: Integers) -> tuple[Integers, Floats]:
    """Return the rows that are to be remembered when some more are changed (N,), and what they were (N, M).

    Of rows that earlier corrections of the same run changed, what they were before these.
    """
    values = before_of(track, rows)
    if track.uncorrected_rows is None or track.uncorrected is None:
        return rows, values
    every = np.union1d(rows, track.uncorrected_rows)
    result = np.empty((len(every), values.shape[1]))
    result[np.searchsorted(every, rows)] = values
    # ARKit's weights, which another stage may have solved meanwhile, stand last and are solved anew.
    result[np.searchsorted(every, track.uncorrected_rows)] = track.uncorrected[:, : values.shape[1]]
    return every, result


def _remembered_of(track: Track) -> list[str]:
    """Return the arrays whose rows are remembered, in their order."""
    return [*poses_of(track).channels, *STATE, *(ARKIT if track.arkit_weights is not None else ())]


def uncorrected_track(track: Track) -> Track | Failure:
    """Return a track as it was before its corrections; one without any as it is."""
    header = {name: value for name, value in track.header.items() if name != ENTRY}
    rows, remembered = track.uncorrected_rows, track.uncorrected
    if rows is None or remembered is None:
        return track if ENTRY not in track.header else replace(track, header=header)
    names = _remembered_of(track)
    widths = [int(np.prod(getattr(track, name).shape[1:])) for name in names]
    if remembered.shape != (len(rows), sum(widths)):
        return _damaged()
    before: dict[str, Any] = {}
    for name, values in zip(names, np.split(remembered, np.cumsum(widths)[:-1], axis=1), strict=True):
        array = np.array(getattr(track, name))
        if values_problem(name, values) is not None:
            return _damaged()
        array[rows] = values.reshape(array[rows].shape)
        before[name] = array
    poses = Poses(**{name: before[name] for name in poses_of(track).channels})
    vertices = np.array(track.vertices)
    vertices[rows] = moved_vertices(track, rows, poses_of(track).rows(rows), poses.rows(rows))
    return replace(track, header=header, vertices=vertices, uncorrected_rows=None, uncorrected=None, **before)


def _damaged() -> Failure:
    return Failure(
        "corrections-damaged",
        "What the track was before its corrections cannot be understood.",
        "Track the clip again, then correct it.",
    )
