"""Parts of a performance that are written: channels of the chosen regions, gaze, and turns of the head. Numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.performance.channels import CHANNELS, region_of
from ....backend.contract.performance.gaze import COLUMNS, gaze_of
from ....backend.contract.retarget_settings import RetargetSettings
from .frames import Keyed

Array = NDArray[np.float64]


def written_channels(settings: RetargetSettings) -> frozenset[str]:
    """Return the channels of the regions that are written."""
    return frozenset(channel for channel in CHANNELS if settings.uses(region_of(channel)))


def gaze_on(keyed: Keyed) -> Array | None:
    """Return the gaze (K, 2, 2): what is known of it, else what the look weights stand for."""
    if keyed.gaze is not None and np.isfinite(keyed.gaze).all():
        return keyed.gaze
    weights = keyed.weights[:, COLUMNS]
    return None if np.isnan(weights).any() else gaze_of(weights)


def head_on(keyed: Keyed, settings: RetargetSettings) -> Array | None:
    """Return the head's turn (K, 3) from the rest that was chosen, with its gain, within its limit; axis-angle."""
    if keyed.head_rotation is None or not np.isfinite(keyed.head_rotation).all():
        return None
    turn = keyed.head_rotation
    if settings.head_rest == "average":
        # Turns of a filmed head are small enough for their mean to be one.
        turn = turn - turn.mean(axis=0)
    turn = turn * settings.head_gain
    angle = np.linalg.norm(turn, axis=1, keepdims=True)
    return turn * np.minimum(1.0, np.radians(settings.head_limit) / np.maximum(angle, 1e-9))
