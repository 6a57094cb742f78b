"""Face Cap's text files, read: rows `k`, and the names of the shapes where a row `bs` gives them.

A row `k` has the time in milliseconds, the head's position (3) and rotation (3, degrees), the angles of left and right
eye (2 + 2), and 52 weights. In which unit and with which sign the eyes' angles and the position are counted is written
nowhere, so these are not used: the look weights tell the gaze.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ...failure import Failure, Notice
from ..channels import CHANNELS, INDEX
from ..performance import Performance
from .assembled import Tell, finite_numbers, of_file, rows_problem, scaled_weights
from .column_names import channel_of_column
from .head_angles import rotation_of
from .time_codes import rate_of

ORDER: Final = (
    "browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight", "eyeLookUpLeft",
    "eyeLookUpRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft",
    "eyeLookOutRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft",
    "eyeWideRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "jawOpen",
    "jawForward", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthRollUpper",
    "mouthRollLower", "mouthShrugUpper", "mouthShrugLower", "mouthClose", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "mouthStretchLeft", "mouthStretchRight", "tongueOut",
)  # fmt: skip
"""Face Cap's shapes by their index (bannaflak.com/face-cap/livemode.html, 2.2)."""
_BEFORE_SHAPES: Final = 12
"""Cells of a row `k` before the weights: the `k`, time, 3 + 3 of the head, 2 + 2 of the eyes."""


_UNKNOWN: Final = (
    "Units of the head's position and the eyes' angles are not documented; the look weights tell the gaze."
)


def is_face_cap(text: str) -> bool:
    """Whether a text has rows as Face Cap writes them."""
    return any(line.startswith("k,") for line in text.splitlines()[:50])


def parse_face_cap(text: str, path: Path, tell: Tell) -> Performance | Failure:
    """Return the performance of a text of Face Cap; single rows that are broken are left out with a notice."""
    rows, broken = _rows(text)
    problem = rows_problem(path, len(rows), broken, tell)
    if problem is not None:
        return problem
    numbers = np.array(rows)
    weights = np.full((len(rows), len(CHANNELS)), np.nan)
    for column, channel in enumerate(_order(text), start=_BEFORE_SHAPES - 1):
        if channel:
            weights[:, INDEX[channel]] = numbers[:, column]
    checked = scaled_weights(weights, path, tell)
    times = (numbers[:, 0] - numbers[0, 0]) / 1000
    rate = rate_of(times)
    if isinstance(checked, Failure):
        return checked
    if rate is None:
        sentence = f"{path.name} has a single frame, which has no rate."
        return Failure("performance-short", sentence, "Record a longer take.")
    tell(Notice("performance-face-cap", f"Of {path.name} the weights and the head's rotation are used.", _UNKNOWN))
    turned = np.radians(numbers[:, 4:7])
    rotation = rotation_of(-turned[:, [1, 0, 2]]) if turned.any() else None
    return of_file(path.stem, rate, times, checked, head_rotation=rotation)


def _rows(text: str) -> tuple[list[list[float]], list[int]]:
    """Return the numbers of the rows `k` that are whole and later than the one before, and the lines of the others."""
    rows, broken = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        mark, *cells = line.split(",")
        if mark != "k":
            continue
        values = finite_numbers(cells)
        whole = values is not None and len(values) == _BEFORE_SHAPES - 1 + len(ORDER)
        if values is None or not whole or (rows and values[0] <= rows[-1][0]):
            broken.append(number)
        else:
            rows.append(values)
    return rows, broken


def _order(text: str) -> tuple[str, ...]:
    """Return the channels of the weights: as a row `bs` names them, otherwise the documented ones; empty for others."""
    for line in text.splitlines():
        mark, *cells = line.split(",")
        names = tuple(channel_of_column(cell) or "" for cell in cells if cell)
        if mark == "bs" and len(names) == len(ORDER):
            return names
    return ORDER
