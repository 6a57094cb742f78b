"""Frames in which a face was seen and the model lies beside it: they were solved, and are not called tracked."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import Array
from .camera import rotation_matrices
from .names import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from .track import STATUS_NAMES, TRACKED, Track

MISFIT: Final = 0.05
"""Share of the distance between the eyes, as seen from the front, from which an error means that the model misses."""
MISFIT_WORDS: Final = "model does not fit"


class FittedFrames(Protocol):
    """The arrays of a track from which an error can be told, whether all of it was read or only these."""

    @property
    def head_rotation(self) -> Any: ...  # noqa: D102
    @property
    def head_translation(self) -> Any: ...  # noqa: D102
    @property
    def reprojection_error(self) -> Any: ...  # noqa: D102
    @property
    def status(self) -> Any: ...  # noqa: D102
    @property
    def landmark_triangle(self) -> Any: ...  # noqa: D102
    @property
    def landmark_barycentric(self) -> Any: ...  # noqa: D102
    @property
    def neutral_vertices(self) -> Any: ...  # noqa: D102
    @property
    def faces(self) -> Any: ...  # noqa: D102


def misfits(fitted: FittedFrames, focal: Array, frames: slice = slice(None)) -> NDArray[np.bool_]:
    """Return in which frames the model misses the landmarks that were detected.

    The file says `TRACKED` of them, so that every reader of old and new files finds a head there.

    Args:
        fitted: A track, or the small arrays of one.
        focal: Focal length of every frame in pixels (T,).
        frames: Which frames.
    """
    left, right = (_middle(fitted, corners) for corners in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS))
    forwards = rotation_matrices(np.asarray(fitted.head_rotation, dtype=np.float64)[frames])[:, 2]
    depth = forwards @ ((left + right) / 2) + np.asarray(fitted.head_translation)[frames, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        # From the front, whichever way the head is turned: a profile's eyes lie close together in the picture.
        size = focal[frames] * np.linalg.norm(left - right) / depth
        missed = np.asarray(fitted.reprojection_error, dtype=np.float64)[frames] > MISFIT * size
    return (np.asarray(fitted.status)[frames] == TRACKED) & (depth > 0) & missed


def status_words(track: Track) -> list[str]:
    """Return the status of every frame in words (T,)."""
    missed = misfits(track, track.focal_lengths)
    return [MISFIT_WORDS if miss else STATUS_NAMES[status] for status, miss in zip(track.status, missed, strict=True)]


def _middle(fitted: FittedFrames, corners: tuple[int, ...]) -> Array:
    """Middle of an eye on the head at rest (3,), NaN where the model has no such landmarks."""
    chosen = list(corners)
    triangle = np.asarray(fitted.landmark_triangle)[chosen]
    if (triangle < 0).any():
        return np.full(3, np.nan)
    vertices = np.asarray(fitted.neutral_vertices, dtype=np.float64)[np.asarray(fitted.faces)[triangle]]
    return np.einsum("lcx,lc->lx", vertices, np.asarray(fitted.landmark_barycentric)[chosen]).mean(axis=0)
