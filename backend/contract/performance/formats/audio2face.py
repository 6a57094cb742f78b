"""Audio2Face's JSON, read: `weightMat` with a row per frame, `facsNames`, `exportFps`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from ...arrays import Array
from ...checks import is_number, is_text, list_of, object_with
from ...failure import Failure, Notice
from ..channels import CHANNELS, INDEX
from ..performance import Performance
from .assembled import Tell, of_file, scaled_weights
from .column_names import channel_of_column
from .time_codes import rate_near

_USUAL_RATE: Final = 60.0
"""Frames per second of files that do not tell theirs, as readers of them take it."""
_MOST: Final = 1e4
_CHECK: Final = object_with({"weightMat": list_of(list_of(lambda value: is_number(value, -_MOST, _MOST)))})
_NAMES: Final = list_of(is_text)


def is_audio2face(data: Any) -> bool:
    """Whether this is an object as Audio2Face writes it."""
    return isinstance(data, dict) and "weightMat" in data


def parse_audio2face(data: Any, path: Path, tell: Tell) -> Performance | Failure:
    """Return the performance of what Audio2Face wrote."""
    names = data.get("facsNames")
    if not _CHECK(data) or not _NAMES(names):
        return _damaged(path, "its weights or their names are missing or of another kind")
    rows = data["weightMat"]
    if not rows or any(len(row) != len(names) for row in rows):
        return _damaged(path, f"not every frame has {len(names)} weights")
    weights = scaled_weights(_by_channel(np.array(rows, dtype=np.float64), names), path, tell)
    if isinstance(weights, Failure):
        return weights
    rate = data.get("exportFps", data.get("fps"))
    if not is_number(rate, 1, 1000):
        tell(Notice("performance-rate", f"{path.name} does not tell its frame rate: it is read as {_USUAL_RATE:.0f}."))
        rate = _USUAL_RATE
    nominal = rate_near(float(rate))
    return of_file(path.stem, nominal, np.arange(len(rows)) / float(nominal), weights)


def _by_channel(numbers: Array, names: list[str]) -> Array:
    weights = np.full((len(numbers), len(CHANNELS)), np.nan)
    for column, name in enumerate(names):
        channel = channel_of_column(name)
        if channel is not None:
            weights[:, INDEX[channel]] = numbers[:, column]
    return weights


def _damaged(path: Path, why: str) -> Failure:
    return Failure(
        "performance-damaged",
        f"{path.name} is not a file of Audio2Face or is damaged: {why}.",
        "Export the blendshape weights as JSON again.",
    )
