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
_AT_A_FRAME: Final = 0.1
"""Frames by which a time may be beside a whole one and still be it."""


def _factors() -> Array:
    """Return what each channel adds to each control (52, controls)."""
    factors = np.zeros((len(INDEX), len(CONTROLS)))
    for channel, parts in EXPRESSIONS.items():
        for control, factor in parts.items():
            factors[INDEX[channel], CONTROLS.index(control)] = factor
    return factors


def metahuman_text(performance: Performance) -> str:
    """Return the CSV: a row per control and frame with a face; frames count from 0 at the performance's rate."""
    frames, weights = _on_whole_frames(performance)
    values = np.clip(weights @ _factors(), 0.0, 1.0)
    rows = [_HEADER]
    for frame, row in zip(frames.tolist(), values.tolist(), strict=True):
        rows += [f"{PREFIX}{name},{frame},{value:.6f}" for name, value in zip(CONTROLS, row, strict=True)]
    return "\n".join(rows) + "\n"


def _on_whole_frames(performance: Performance) -> tuple[Array, Array]:
    """Return frames (N,) that have a face, and their weights (N, 52): importers know whole frame numbers alone.

    Where times lie between frames, as in clips of a varying rate, the weights do too.
    """
    moments = performance.time * float(performance.rate)
    shown = performance.has_face
    weights = np.nan_to_num(performance.weights)
    nearest = np.round(moments).astype(np.int64)
    if np.abs(moments - nearest).max() < _AT_A_FRAME:
        return nearest[shown], weights[shown]
    frames = np.arange(nearest[0], nearest[-1] + 1)
    row = np.round(np.interp(frames, moments, np.arange(len(moments)))).astype(np.int64)
    frames = frames[shown[row]]
    between = [np.interp(frames, moments[shown], column) for column in weights[shown].T]
    return frames, np.stack(between, axis=1)
