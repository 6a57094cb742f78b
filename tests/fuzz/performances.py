"""Damaged takes of Live Link Face, Face Cap and Audio2Face; what can be read is written in every format, too."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Final

from backend.contract.failure import Failure
from backend.contract.performance.formats.column_names import HEADER
from backend.contract.performance.formats.face_cap import ORDER
from backend.contract.performance.formats.packets import stream_of
from backend.contract.performance.formats.reading import read_performance
from backend.contract.performance.formats.writing import files_of, losses_of
from backend.export.performances import take_of

from .damage import damaged_bytes, damaged_data
from .kind import Kind

_FRAMES: Final = 6
_NUMBERS: Final = [round(0.01 * index, 3) for index in range(61)]
_CSV: Final = "\n".join(
    [
        ",".join(HEADER),
        *(f"23:59:59:{40 + 4 * frame:02d}.5,61,{','.join(map(str, _NUMBERS))}" for frame in range(_FRAMES)),
    ]
)
_FACE_CAP: Final = "\n".join(f"k,{17 * frame},{','.join(map(str, _NUMBERS[:10]))}," + ",".join(["0.5"] * 52)
                             for frame in range(_FRAMES))  # fmt: skip
_AUDIO2FACE: Final[dict[str, Any]] = {
    "exportFps": 30,
    "numFrames": _FRAMES,
    "facsNames": list(ORDER),
    "weightMat": [_NUMBERS[:52]] * _FRAMES,
}


def make(rng: random.Random) -> bytes:
    """Return a damaged take."""
    how = rng.randrange(4)
    if how == 3:
        return json.dumps(damaged_data(_AUDIO2FACE, rng, rng.choice((0.003, 0.02)))).encode("utf-8", "surrogatepass")
    good = (_CSV, _FACE_CAP, json.dumps(_AUDIO2FACE))[how]
    return damaged_bytes(good.encode(), rng)


def read(content: bytes, folder: Path) -> object:
    """Read the take, and write it in the other formats."""
    path = folder / "take.csv"
    path.write_bytes(content)
    performance = read_performance(path)
    if isinstance(performance, Failure):
        return performance
    take = take_of(performance, path.stem)
    stream_of(performance, "Face")
    for name in ("live_link", "metahuman", "vrma"):
        losses_of(name, take)
        files = files_of(name, take)
        if isinstance(files, Failure):
            return files
    return performance


KIND: Final = Kind(make, read)
