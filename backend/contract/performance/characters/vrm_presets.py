"""VRM's preset expressions as ARKit's channels, and the presets that come nearest to given weights.

What a preset stands for is the VRM add-on's own approximation for Blender (`arkit_mapping.py`), but for *angry* and
*sad*: these are what drives a model's moods in `vrm`, lowered brows and lowered corners of the mouth. Presets of gaze
are not among them: an animation has a point that is looked at instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import INDEX
from .convention import Parts, both_sides

PRESETS: Final[Mapping[str, Parts]] = {
    "aa": {"jawOpen": 0.5},
    "ih": {"jawOpen": 0.2, **both_sides("mouthStretch", 0.2)},
    "ou": {"jawOpen": 0.2, "mouthPucker": 0.2},
    "ee": {"jawOpen": 0.3, **both_sides("mouthStretch", 0.3)},
    "oh": {"jawOpen": 0.3, "mouthPucker": 0.3},
    "happy": both_sides("mouthSmile", 0.5),
    "angry": both_sides("browDown", 0.5),
    "sad": both_sides("mouthFrown", 0.5),
    "surprised": {"jawOpen": 0.25, "browInnerUp": 0.25, **both_sides("browOuterUp", 0.25)},
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
}
"""Preset of VRM 1.0 -> channel -> its weight where the preset is 1."""

_RIDGE: Final = 1e-3
_SWEEPS: Final = 200


def presets_for(weights: Array) -> Array:
    """Return the presets (T, presets), each 0 to 1, whose channels come nearest to weights (T, 52) without NaN.

    Least squares with bounds, by coordinate descent: a dozen unknowns on each frame.
    """
    table = np.zeros((len(PRESETS), len(INDEX)))
    for row, parts in enumerate(PRESETS.values()):
        for channel, factor in parts.items():
            table[row, INDEX[channel]] = factor
    product = table @ table.T + _RIDGE * np.eye(len(PRESETS))
    wanted = weights @ table.T
    result = np.zeros((len(weights), len(PRESETS)))
    for _ in range(_SWEEPS):
        for row in range(len(PRESETS)):
            missing = wanted[:, row] - result @ product[:, row]
            result[:, row] = np.clip(result[:, row] + missing / product[row, row], 0.0, 1.0)
    return result
