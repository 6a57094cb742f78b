"""Rows of Live Link Face: 52 weights and nine angles of a frame, as file and stream count them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import CHANNELS, INDEX
from ..gaze import COLUMNS, OUTWARD, REST, gaze_of
from ..performance import Performance
from .column_names import SHAPE_COLUMNS, channel_of_column
from .head_angles import angles_of

_ORDER: Final = [INDEX[str(channel_of_column(name))] for name in SHAPE_COLUMNS]
"""Column of `Performance.weights` for each shape column of the file."""


def live_link_values(performance: Performance) -> Array:
    """Return the 61 numbers of each frame in the order of the file's columns (T, 61); zeros without a face.

    Channels that are not tracked are zero. The eyes' angles follow from the gaze where that is known, otherwise from
    the look weights by the law of the phone; both count from where the app's eyes point at rest.
    """
    weights = np.nan_to_num(performance.weights)
    gaze = gaze_of(weights[:, COLUMNS], REST) if performance.gaze is None else performance.gaze - OUTWARD
    eyes = np.concatenate([gaze, np.zeros_like(gaze[..., :1])], axis=2).reshape(len(performance), 6)
    head = np.zeros((len(performance), 3))
    if performance.head_rotation is not None:
        known = np.isfinite(performance.head_rotation).all(axis=1)
        head[known] = angles_of(performance.head_rotation[known])
    values = np.nan_to_num(np.concatenate([weights[:, _ORDER], head, eyes], axis=1))
    values[~performance.has_face] = 0.0
    assert values.shape[1] == len(CHANNELS) + 9
    return values
