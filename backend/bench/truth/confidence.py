"""Truth of confidence and stated errors: whether they rank frames and tell the size of the true ones."""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
from scipy.stats import rankdata

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ..chain import Setup, import_stages
from ..rows import Row, at_least, between, without_target
from ..scenes.known_clips import TURNING, Compared, compared, hard_clips, independent_clip, turning_people

LEARNED: Final = ("shake", "sw_2_12", "smile", "pucker", "blink", "still", "talk297", "occluder")
"""Of ``hard/``, the clips from which `fit.stated_errors` was learned."""
OTHERS: Final = ("sw_1.5_22", "sw_2.5_12", "brows", "aside", "jaw_open", "talk_still", "off_centre", "profile")
QUICK: Final = ("shake", "jaw_open")


def measure(setup: Setup) -> list[Row] | Failure:
    """The clips of ``hard/`` with a truth, ``truth_clip`` and painted people who turn to all sides.

    Quality Standard, built-in head, focal length known; tracked frames. Errors: of the rotation, and mean of the points
    in the camera after the clip's scale; once with what is constant in the clip removed and once as they are (see
    `known_clips`). Rank correlation: Spearman's, of the confidence with the error, the sign turned round. Within: share
    of the frames whose error is not above what the track states, and twice that.
    """
    import_stages()
    learned = compared(setup, hard_clips(setup, QUICK[:1] if setup.quick else LEARNED))
    others = compared(
        setup,
        chain(
            hard_clips(setup, QUICK[1:] if setup.quick else OTHERS),
            independent_clip(setup),
            turning_people(setup, TURNING[1:2] if setup.quick else TURNING[1:]),
        ),
    )
    for found in (learned, others):
        if isinstance(found, Failure):
            return found
    assert isinstance(learned, list) and isinstance(others, list)
    rows = [*_pooled("all clips", [*learned, *others]), *_pooled("clips not learned from", others)]
    rows += _covered("clips learned from", learned) + _covered("clips not learned from", others)
    for one in (*learned, *others):
        rows.append(without_target(f"{one.name}: rank correlation with degrees", rank(one.confidence, one.degrees)))
        rows.append(
            without_target(f"{one.name}: rank correlation with millimetres", rank(one.confidence, one.millimetres))
        )
    return rows


def rank(confidence: Floats, error: Floats) -> float:
    """Return Spearman's rank correlation of low confidence with a large error."""
    return -float(np.corrcoef(rankdata(confidence), rankdata(error))[0, 1])


def within(error: Floats, stated: Floats) -> tuple[float, float]:
    """Return which share of errors (N,) is not above the stated ones (N,), and above twice those."""
    return float(np.mean(error <= stated)), float(np.mean(error <= 2 * stated))


def _pooled(what: str, clips: list[Compared]) -> list[Row]:
    confidence = np.concatenate([one.confidence for one in clips])
    rows = []
    for unit in ("degrees", "millimetres"):
        free, raw = (np.concatenate([getattr(one, kind + unit) for one in clips]) for kind in ("", "raw_"))
        rows.append(at_least(f"{what}: rank correlation with {unit}", rank(confidence, free), 0.6))
        rows.append(without_target(f"{what}: the same, constants not removed", rank(confidence, raw)))
    return rows


def _covered(what: str, clips: list[Compared]) -> list[Row]:
    rows = []
    for column, unit in enumerate(("degrees", "millimetres")):
        error = np.concatenate([getattr(one, unit) for one in clips])
        once, twice = within(error, np.concatenate([one.stated[:, column] for one in clips]))
        rows.append(between(f"{what}: {unit} within what is stated, %", 100 * once, 63, 73, 0))
        rows.append(between(f"{what}: {unit} within twice that, %", 100 * twice, 90, 100, 0))
    return rows
