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
from .assembled import Tell, of_file, scaled_weights
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


def is_face_cap(text: str) -> bool:
    """Whether a text has rows as Face Cap writes them."""
    return any(line.startswith("k,") for line in text.splitlines()[:50])


def parse_face_cap(text: str, path: Path, tell: Tell) -> Performance | Failure:
    """Return the performance of a text of Face Cap; single rows that are broken are left out with a notice."""
    order = ORDER
    rows, broken = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split(",")
        if cells[0] == "bs" and len(names := [channel_of_column(cell) or "" for cell in cells[1:] if cell]) == len(
            ORDER
        ):
            order = tuple(names)
        if cells[0] != "k":
            continue
        values = _numbers(cells[1:])
        if values is None or len(cells) != _BEFORE_SHAPES + len(ORDER) or (rows and values[0] <= rows[-1][0]):
            broken.append(number)
        else:
            rows.append(values)
    if len(broken) > len(rows) or not rows:
        where = f", the first of them in line {broken[0]}" if broken else ""
        sentence = f"Most rows of {path.name} are broken{where}."
        return Failure("performance-damaged", sentence, "Export the recording from Face Cap again.")
    if broken:
        sentence = f"{len(broken)} of the rows of {path.name} are broken, the first in line {broken[0]}."
        tell(Notice("performance-broken-rows", sentence, "The frames are left out; the others keep their times."))
    numbers = np.array(rows)
    weights = np.full((len(rows), len(CHANNELS)), np.nan)
    for column, channel in enumerate(order, start=_BEFORE_SHAPES - 1):
        if channel:
            weights[:, INDEX[channel]] = numbers[:, column]
    checked = scaled_weights(weights, path, tell)
    if isinstance(checked, Failure):
        return checked
    times = (numbers[:, 0] - numbers[0, 0]) / 1000
    turned = np.radians(numbers[:, 4:7])
    rotation = rotation_of(-turned[:, [1, 0, 2]]) if turned.any() else None
    rate = rate_of(times)
    if rate is None:
        return Failure(
            "performance-short", f"{path.name} has a single frame, which has no rate.", "Record a longer take."
        )
    return of_file(path.stem, rate, times, checked, head_rotation=rotation)


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
