"""Law between gaze and the eight look channels, as phones of Live Link Face follow it.

Measured on two takes of one actor (7,839 frames, rms 0.004 rad); the rest angle may be his own, the slopes are equal in
both takes. Yaw is positive towards the subject's right, pitch positive downwards; radians.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..arrays import Array
from .channels import INDEX

IN: Final = 0.62
OUT: Final = (0.57, 0.58)
"""Of left and right eye."""
UP: Final = 0.445
DOWN: Final = 0.611
REST: Final = 0.068
"""How far outwards each eye points at zero weights, 3.9 degrees."""

OUTWARD: Final = np.array([[REST, 0.0], [-REST, 0.0]])
"""What a phone's gaze of left and right eye, yaw and pitch, lacks to the gaze counted from rest (2, 2)."""

_SIDES: Final = ("Left", "Right")


def weights_of(gaze: Array, rest: float = 0.0) -> Array:
    """Return the look weights (T, 2, 4) of a gaze: left and right eye; in, out, up, down.

    Args:
        gaze: Left and right eye, yaw and pitch (T, 2, 2).
        rest: Outward angle of eyes at weight zero: `REST` for what a phone streams; 0 where gaze is counted from a
            person's own rest, as in tracks.
    """
    inward = np.stack([gaze[:, 0, 0] + rest, rest - gaze[:, 1, 0]], axis=1)
    down = gaze[:, :, 1]
    return np.stack(
        [
            np.clip(inward / IN, 0, 1),
            np.clip(-inward / np.array(OUT), 0, 1),
            np.clip(-down / UP, 0, 1),
            np.clip(down / DOWN, 0, 1),
        ],
        axis=2,
    )


def gaze_of(weights: Array, rest: float = 0.0) -> Array:
    """Return the gaze (T, 2, 2) that look weights (T, 2, 4) stand for; the inverse of `weights_of`."""
    inward = weights[..., 0] * IN - weights[..., 1] * np.array(OUT)
    pitch = weights[..., 3] * DOWN - weights[..., 2] * UP
    yaw = np.stack([inward[:, 0] - rest, rest - inward[:, 1]], axis=1)
    return np.stack([yaw, pitch], axis=2)


COLUMNS: Final = np.array([[INDEX[f"eyeLook{way}{side}"] for way in ("In", "Out", "Up", "Down")] for side in _SIDES])
"""Columns of `Performance.weights` of the look channels, laid out as `weights_of` returns them (2, 4)."""
