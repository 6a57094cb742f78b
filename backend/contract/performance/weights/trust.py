"""Trust in each channel: how well the tracker answers to it, and how far this clip and head tell it from others.

`ANSWER` was measured (``bench truth --only arkit``) on two painted people who make every shape in turn, and on an
independent rendered head that talks: the correlation of each channel with the known weights over the whole clip, times
twice its size against them where that is below a half; the mean of both kinds of clip where both show the channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ...arrays import Array
from ...track import TRACKED, Track
from ..channels import CHANNELS
from .products import MILLIMETRES

ANSWER: Final[Mapping[str, float]] = {
    "eyeBlink": 0.95,
    "eyeLookIn": 0.9,
    "eyeLookOut": 0.9,
    "eyeLookDown": 0.55,
    "eyeLookUp": 0.5,
    "eyeSquint": 0.3,
    "eyeWide": 0.75,
    "jawForward": 0.0,
    "jaw": 0.3,
    "jawOpen": 0.96,
    "mouthClose": 0.8,
    "mouthFunnel": 0.8,
    "mouthPucker": 0.9,
    "mouth": 0.95,
    "mouthSmile": 0.95,
    "mouthFrown": 0.15,
    "mouthDimple": 0.3,
    "mouthStretch": 0.7,
    "mouthRollLower": 0.5,
    "mouthRollUpper": 0.45,
    "mouthShrugLower": 0.05,
    "mouthShrugUpper": 0.05,
    "mouthPress": 0.1,
    "mouthLowerDown": 0.1,
    "mouthUpperUp": 0.8,
    "browDown": 0.45,
    "browInnerUp": 0.8,
    "browOuterUp": 0.95,
    "cheekPuff": 0.5,
    "cheekSquint": 0.0,
    "noseSneer": 0.3,
    "tongueOut": 0.0,
}
"""Channel without its side -> how well the tracker answers to it, 0 to 1; ``jaw`` and ``mouth`` are those sideways."""
WITH_SCORES: Final[Mapping[str, float]] = {
    "mouthSmile": 0.95,
    "mouthUpperUp": 0.8,
    "mouthLowerDown": 0.1,
    "mouthFrown": 0.15,
    "mouthDimple": 0.1,
    "mouthStretch": 0.7,
    "mouthPress": 0.15,
    "mouthRollLower": 0.4,
    "mouthRollUpper": 0.2,
    "mouthShrugLower": 0.2,
    "mouthShrugUpper": 0.05,
    "mouthPucker": 0.9,
    "mouthFunnel": 0.7,
}
"""The same of the channels that MediaPipe's scores count for, with them."""
_USUAL_ERROR: Final = 1.5
"""Millimetres by which the face's points of a usual clip may be off; for tracks that do not say."""
_TOLD_APART: Final = 0.07
"""Motion besides all other channels, per point error, at which a channel counts half."""
_POINTS: Final = 6.0
"""Point error in millimetres at which what joints and lids tell counts half."""
_UNEXPLAINED: Final = 0.5
"""Residual in millimetres at which all counts half."""


def trust_of(track: Track, alone: Array, residual: Array, scored: Array) -> Array:
    """Return the trust in each channel (52,), 0 to 1.

    Args:
        track: Which says how far its points may be off.
        alone: What each channel moves that no other does (52,), root mean square over the face in metres; infinite for
            those that joints or lids tell, 0 for those that nothing tells.
        residual: What of the face's motion no weights explain, by the mesh alone (T,), millimetres.
        scored: For which channels scores count (52,) bool.
    """
    tracked = track.status == TRACKED
    stated = None if track.point_error is None else track.point_error[tracked]
    error = _USUAL_ERROR if stated is None or not np.isfinite(stated).any() else float(np.nanmedian(stated))
    left = float(np.median(residual[tracked])) if tracked.any() else 0.0
    names = [_without_side(channel) for channel in CHANNELS]
    answer = np.array([(WITH_SCORES if scored[index] else ANSWER)[name] for index, name in enumerate(names)])
    with np.errstate(divide="ignore"):
        apart = 1 / (1 + (_TOLD_APART * error / (MILLIMETRES * alone)) ** 2)
    apart = np.where(np.isinf(alone), 1 / (1 + (error / _POINTS) ** 2), apart)
    return np.asarray(np.where(alone > 0, answer * apart / (1 + (left / _UNEXPLAINED) ** 2), 0))


def _without_side(channel: str) -> str:
    return channel.removesuffix("Left").removesuffix("Right")
