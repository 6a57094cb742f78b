"""How much of an expression the fit keeps, and how calm it is where the face rests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..head.builtin import builtin_head
from ..head.model import Floats
from . import metrics
from .chain import Clock, Setup, find_landmarks, fit, import_stages, surface_landmarks
from .rows import Row, at_least, at_most, between

CALM_SHARE: Final = 0.05
"""Share of the frames in which each shape is smallest: what is left there is not expression."""

Curve = Callable[[Floats], Floats]
"""Takes points (T, 478, 3) in head space; returns one number per frame."""


def _above(points: tuple[int, int], origin: tuple[int, ...], axis: int) -> Curve:
    return lambda found: found[:, points, axis].mean(axis=1) - found[:, origin, axis].mean(axis=1)


def _mouth_aside(found: Floats) -> Floats:
    return found[:, (13, 14, 61, 291), 0].mean(axis=1) - found[:, _EYES, 0].mean(axis=1)


def _mouth_width(found: Floats) -> Floats:
    return metrics.gap(found, 61, 291)


def _mouth_gap(found: Floats) -> Floats:
    return metrics.gap(found, 13, 14)


_EYES: Final = (33, 263)


@dataclass(frozen=True)
class _Measured:
    """A name for people, what is followed, the least share to be kept, and the greatest."""

    title: str
    curve: Curve
    least: float
    most: float | None = None


CLIPS: Final[Mapping[str, _Measured]] = {
    "smile": _Measured("mouth corners up", _above((61, 291), _EYES, 1), 0.8),
    "brows": _Measured("brows up", _above((105, 334), _EYES, 1), 0.8),
    "pucker": _Measured("width of the mouth", _mouth_width, 0.8),
    "aside": _Measured("mouth aside", _mouth_aside, 0.5),
    "jaw_open": _Measured("chin down", _above((152, 152), (1,), 1), 0.9, 1.1),
    "talk297": _Measured("width in speech", _mouth_width, 0.8),
    "talk_still": _Measured("mouth gap", _mouth_gap, 0.9, 1.1),
}


def measure(setup: Setup) -> list[Row] | Failure:
    """Share of a movement that the mesh keeps, and what coefficients are left at rest.

    Clips ``hard/`` of the shared data whose points are known. Quality Standard, built-in head, focal length known. The
    share is the slope of a distance on the fitted mesh, in head space and without landmark offsets, over the true one.
    Left at rest: the 5th percentile of each coefficient's size over the clip, summed over all shapes.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    for name in CLIPS:
        path = setup.data / "hard" / f"{name}.mp4"
        file = path.with_name(f"{name}_truth.npz")
        if not (path.is_file() and file.is_file()) or (setup.quick and name not in ("smile", "jaw_open")):
            continue
        landmarks = find_landmarks(setup, path, "standard", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        with np.load(file) as truth:
            true = np.asarray(truth["landmarks_mm"], dtype=np.float64) / 1000
            focal = float(np.ravel(truth["K"])[0])
        fitted = fit(setup, landmarks, head, focal)
        if isinstance(fitted, Failure):
            return fitted
        rows += rows_of(name, surface_landmarks(head, fitted.pose), true, fitted.pose.expression)
    return rows


def rows_of(name: str, found: Floats, true: Floats, expression: Floats) -> list[Row]:
    """Return the rows of one clip.

    Args:
        name: One of `CLIPS`.
        found, true: Points in head space (T, 478, 3), metres.
        expression: Coefficients (T, E).
    """
    measured = CLIPS[name]
    count = min(len(found), len(true))
    kept = metrics.slope(measured.curve(found[:count]), measured.curve(true[:count]))
    what = f"{name}: {measured.title}, kept"
    if measured.most is None:
        first = at_least(what, kept, measured.least)
    else:
        first = between(what, kept, measured.least, measured.most)
    rest = np.quantile(np.abs(expression), CALM_SHARE, axis=0)
    return [first, at_most(f"{name}: coefficients at rest, all shapes", float(rest.sum()), 0.25)]
