"""Truth on motion: the head is where the face is at any speed, and still where the face is still."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.camera import axis_angles
from ...contract.failure import Failure
from ...data.landmark_distance import eye_distance
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Clock, Setup, find_landmarks, fit, import_stages
from ..measures import metrics
from ..rows import Row, at_most, between

MOVING: Final = ("shake", "sw_1.5_22", "sw_2_12", "sw_2.5_12")
"""Clips with a truth in which the head turns left and right."""
STILL: Final = "still"
SHAKEN: Final = "shake_sbia1a"
TALKING: Final = ("grid_bbaf2n", "grid_lbax4n", "grid_swiz3n")


@dataclass(frozen=True)
class _Fitted:
    fit: Fit
    eye_distance: Floats


def measure(setup: Setup) -> list[Row] | Failure:
    """Amplitude and phase of a head that is shaken, p95 of the reprojection error, and jitter of calm ones.

    Clips ``hard/`` of the shared data whose turns are known, a real one under a shaken camera, and calm ones. Quality
    Standard, built-in head, focal length known where the truth has it. Amplitude and phase by least squares against
    the true angle about the vertical axis; jitter is the median turn from frame to frame, and the median second
    difference of the head's place in the picture as a share of the distance between the eyes.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    for name in (*MOVING, SHAKEN, STILL, *TALKING):
        path = _path(setup.data, name)
        if path is None or (setup.quick and name not in ("shake", STILL)):
            continue
        truth = _truth(path)
        found = _fitted(setup, path, head, None if truth is None else truth[0])
        if isinstance(found, Failure):
            return found
        rows += _rows(name, found, None if truth is None else truth[1])
    return rows


def _path(data: Path, name: str) -> Path | None:
    found = [path for folder in ("hard", "videos") for path in sorted((data / folder).glob(f"{name}.m*"))]
    return found[0] if found else None


def _truth(path: Path) -> tuple[float, Floats] | None:
    """Focal length in pixels and head-to-camera rotations (T, 3, 3)."""
    file = path.with_name(f"{path.stem}_truth.npz")
    if not file.is_file():
        return None
    with np.load(file) as truth:
        return float(np.ravel(truth["K"])[0]), np.asarray(truth["head_rotation"], dtype=np.float64)


def _fitted(setup: Setup, path: Path, head: HeadModel, focal: float | None) -> _Fitted | Failure:
    landmarks = find_landmarks(setup, path, "standard", Clock())
    if isinstance(landmarks, Failure):
        return landmarks
    result = fit(setup, landmarks, head, focal)
    if isinstance(result, Failure):
        return result
    points = np.where(landmarks.found[:, None, None], landmarks.points, np.nan)
    return _Fitted(result, eye_distance(points[..., :2].astype(np.float64)))


def _rows(name: str, found: _Fitted, truth: Floats | None) -> list[Row]:
    fitted, size = found.fit, float(np.nanmedian(found.eye_distance))
    share = 100 * fitted.reprojection_error / size
    limit = 0.6 if name == SHAKEN else 0.9
    worst = float(np.nanpercentile(share, 95))
    rows = [at_most(f"{name}: reprojection error, 95 %", worst, limit, " % of eye distance")]
    if name in MOVING and truth is not None:
        amplitude, phase = _kept(fitted.rotation, truth[: len(fitted.rotation)])
        return [
            *rows,
            between(f"{name}: amplitude kept", amplitude, 0.97, 1.1),
            at_most(f"{name}: phase", phase, 2, "°"),
        ]
    if name == SHAKEN:
        return rows
    turns = axis_angles(fitted.rotation[1:] @ np.swapaxes(fitted.rotation[:-1], 1, 2))
    turn = float(np.degrees(np.median(np.linalg.norm(turns, axis=1))))
    pixels = fitted.intrinsics.focal_x * fitted.translation[:, :2] / fitted.translation[:, 2:]
    jitter = float(np.median(np.linalg.norm(np.diff(pixels, 2, axis=0), axis=1)))
    if name == STILL:
        rows.append(at_most(f"{name}: turn per frame", turn, 0.011, "°", 4))
    return [*rows, at_most(f"{name}: jitter in the picture", 100 * jitter / size, 0.16, " % of eye distance")]


def _kept(found: Floats, true: Floats) -> tuple[float, float]:
    """Share of the amplitude of the turn about the vertical axis that is kept, and the phase in degrees."""
    angles = []
    for rotation in (found, true):
        rest = metrics.nearest_rotations(rotation.mean(axis=0))
        angles.append(axis_angles(rotation @ rest.T)[:, 1])
    amplitude, phase = metrics.amplitude_and_phase(*angles)
    return amplitude, abs(phase)
