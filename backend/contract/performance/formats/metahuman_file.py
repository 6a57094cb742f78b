"""MetaHuman's control CSV, written: `curve_name,frame_number,value`, as Unreal's Rig Mapper imports it.

The Rig Mapper puts it onto an animation of the face or, through a definition, onto the control board. Keys are sparse:
a frame without a face has none.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import INDEX
from ..characters.metahuman import CONTROLS, EXPRESSIONS, PREFIX
from ..performance import Performance

_HEADER: Final = "curve_name,frame_number,value"


def _factors() -> Array:
    """Return what each channel adds to each control (52, controls)."""
    factors = np.zeros((len(INDEX), len(CONTROLS)))
    for channel, parts in EXPRESSIONS.items():
        for control, factor in parts.items():
            factors[INDEX[channel], CONTROLS.index(control)] = factor
    return factors


def metahuman_text(performance: Performance) -> str:
    """Return the CSV: a row per control and frame with a face; frames count from 0 at the performance's rate."""
    values = np.clip(np.nan_to_num(performance.weights) @ _factors(), 0.0, 1.0)
    frames = np.round(performance.time * float(performance.rate)).astype(np.int64)
    rows = [_HEADER]
    for frame, has_face, row in zip(frames.tolist(), performance.has_face, values.tolist(), strict=True):
        if has_face:
            rows += [f"{PREFIX}{name},{frame},{value:.6f}" for name, value in zip(CONTROLS, row, strict=True)]
    return "\n".join(rows) + "\n"
