"""Ranges of frames that someone should look at, each with the reason: one rule for the report and for Blender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .misfit import MISFIT_WORDS
from .quality import Quality
from .track import INTERPOLATED, MISSING, TRACKED

LOW_CONFIDENCE: Final = 0.4
HIGH_ERROR: Final = 0.04
"""Share of the eye distance above which a landmark error is worth a look; the usual one is 0.01 to 0.02."""
JUMP: Final = 8.0
"""Times its usual size that the second difference has to reach to count as a jump ..."""
LEAST_JUMP: Final = 0.03
"""... and the share of the eye distance that it has to exceed."""
CLOSE: Final = 3
"""Frames between two ranges of one reason below which they are one."""


LABELS: Final = {
    "missing": "no face",
    "misfit": MISFIT_WORDS,
    "interpolated": "interpolated",
    "error": "large error",
    "confidence": "uncertain",
    "jump": "jerk",
}
"""Reason -> a word or two for people."""


@dataclass(frozen=True)
class FlaggedRange:
    """Frames to look at.

    Attributes:
        first, last: Positions in the track, both included.
        reason: ``missing``, ``misfit``, ``interpolated``, ``error``, ``confidence`` or ``jump``.
        sentence: For people.
    """

    first: int
    last: int
    reason: str
    sentence: str


def flagged(quality: Quality) -> list[FlaggedRange]:
    """Return the ranges, in the order of their first frames."""
    tracked = quality.status == TRACKED
    with np.errstate(invalid="ignore", divide="ignore"):
        share = quality.error / quality.eye_distance
        usual = np.nanmedian(quality.tremble) if np.isfinite(quality.tremble).any() else 0.0
        jump = (quality.tremble > JUMP * usual) & (quality.tremble > LEAST_JUMP * quality.eye_distance)
        reasons = {
            "missing": (quality.status == MISSING, 0, "No face was found."),
            "interpolated": (
                quality.status == INTERPOLATED,
                0,
                "The face was lost for a moment; the motion is interpolated.",
            ),
            "misfit": (
                quality.misfit,
                CLOSE,
                "The model does not fit: it lies beside the detected face, so do not trust these frames.",
            ),
            "error": (
                tracked & (share > HIGH_ERROR) & ~quality.misfit,
                CLOSE,
                "The mesh lies further from the landmarks than usual.",
            ),
            "confidence": (tracked & (quality.confidence < LOW_CONFIDENCE), CLOSE, "The landmarks are uncertain."),
            "jump": (tracked & jump, CLOSE, "The head jerks; check whether the person does, too."),
        }
    ranges = [
        FlaggedRange(first, last, reason, sentence)
        for reason, (where, close, sentence) in reasons.items()
        for first, last in runs(where, close)
    ]
    return sorted(ranges, key=lambda flag: (flag.first, flag.last))


def runs(where: NDArray[np.bool_], close: int = 0) -> list[tuple[int, int]]:
    """Return first and last index of each run of true values; runs at most `close` apart are one."""
    result: list[tuple[int, int]] = []
    for index in np.flatnonzero(where).tolist():
        if result and index - result[-1][1] <= close + 1:
            result[-1] = (result[-1][0], index)
        else:
            result.append((index, index))
    return result


def positions(flags: list[FlaggedRange], count: int) -> NDArray[Any]:
    """Return which of the track's frames lie in a range (count,) bool; ranges may overlap."""
    inside = np.zeros(count, dtype=bool)
    for flag in flags:
        inside[flag.first : flag.last + 1] = True
    return inside
