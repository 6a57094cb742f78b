"""Stage Smooth: a filter on the finished fit, per group of channels, that never works across cuts or gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.camera import axis_angles, rotation_matrices
from ..contract.failure import Failure
from ..contract.settings import SmoothSettings
from ..contract.track import MISSING
from ..data.context import Context
from ..data.stage_code import LONGEST_SUMMARY, StageCode
from ..data.types import Fit
from .arkit import without_outdated

_REACH = 2.5
"""Half width of the filter in units of its length: beyond it the weights are below 5 %."""
_JUMP = 4.0
"""Differences beyond this many typical frame-to-frame changes are jumps (a blink, a saccade) and are kept."""


def run(fit: Fit, settings: SmoothSettings, context: Context) -> Fit | Failure:
    """Return the fit with each group of channels smoothed over its length in seconds; 0 leaves a group as it is."""
    if settings == SmoothSettings():
        return fit
    fit = without_outdated(fit, context)
    times = fit.landmarks.time
    rotation, translation = fit.rotation.copy(), fit.translation.copy()
    pose = fit.pose
    channels = {
        "expression": (pose.expression.copy(), settings.expression, True),
        "eyelids": (pose.eyelids.copy(), settings.expression, True),
        "jaw": (pose.jaw.copy(), settings.jaw, False),
        "neck": (pose.neck.copy(), settings.jaw, False),
        "left_eye": (pose.left_eye.copy(), settings.eyes, True),
        "right_eye": (pose.right_eye.copy(), settings.eyes, True),
    }
    for part in _stretches(fit):
        context.check()
        if settings.pose > 0:
            rotation[part] = _smooth_rotations(rotation[part], times[part], settings.pose)
            translation[part] = smooth(translation[part], times[part], settings.pose)
        for values, length, keep_jumps in channels.values():
            if length > 0:
                values[part] = smooth(values[part], times[part], length, keep_jumps=keep_jumps)
    smoothed = {name: values for name, (values, _, _) in channels.items()}
    return replace(fit, rotation=rotation, translation=translation, pose=replace(pose, **smoothed))


def _stretches(fit: Fit) -> list[Integers]:
    """Return the runs of frames that belong together: same shot, none missing."""
    good = np.flatnonzero(fit.status != MISSING)
    if len(good) == 0:
        return []
    breaks = (np.diff(good) != 1) | (np.diff(fit.landmarks.shot[good]) != 0)
    return np.split(good, np.flatnonzero(breaks) + 1)


def smooth(values: Floats, times: Floats, length: float, *, keep_jumps: bool = False) -> Floats:
    """Return values (T, C) after a local quadratic regression, which keeps peaks better than a mean of equal width.

    Args:
        values: Channels over time.
        times: Seconds (T,), uneven steps allowed.
        length: Standard deviation of the Gaussian window in seconds.
        keep_jumps: Give less weight to values that differ by a jump, so that blinks and saccades keep their height.
    """
    result = values.copy()
    typical = np.median(np.abs(np.diff(values, axis=0)), axis=0) if len(values) > 1 else np.zeros(values.shape[1])
    limit = np.maximum(_JUMP * typical, 1e-9)
    for index, now in enumerate(times):
        near = slice(*np.searchsorted(times, [now - _REACH * length, now + _REACH * length + 1e-9]))
        offset = (times[near] - now) / length
        weights = np.repeat(np.exp(-0.5 * offset**2)[:, None], values.shape[1], axis=1)
        if keep_jumps:
            weights *= 1 / (1 + ((values[near] - values[index]) / limit) ** 4)
        result[index] = _quadratic_at_zero(offset, values[near], weights)
    return result


def _quadratic_at_zero(offset: Floats, values: Floats, weights: Floats) -> Floats:
    """Return the value at 0 of the weighted quadratic through (offset, values), per channel (C,)."""
    design = np.stack([np.ones_like(offset), offset, offset**2], axis=1)
    normal = np.einsum("tc,ti,tj->cij", weights, design, design) + 1e-9 * np.eye(3)
    right = np.einsum("tc,ti,tc->ci", weights, design, values)
    return np.linalg.solve(normal, right[..., None])[:, 0, 0]


def _smooth_rotations(rotations: Floats, times: Floats, length: float) -> Floats:
    """Smooth rotations (T, 3, 3) in the tangent space of each frame, so that no axis or angle is special."""
    result = rotations.copy()
    for index, now in enumerate(times):
        near = slice(*np.searchsorted(times, [now - _REACH * length, now + _REACH * length + 1e-9]))
        offset = (times[near] - now) / length
        away = axis_angles(rotations[near] @ rotations[index].T)
        weights = np.repeat(np.exp(-0.5 * offset**2)[:, None], 3, axis=1)
        result[index] = rotation_matrices(_quadratic_at_zero(offset, away, weights)) @ rotations[index]
    return result


def summary(_output: Fit, settings: SmoothSettings) -> str:
    """What was smoothed, and over how long."""
    lengths = {"pose": settings.pose, "expression": settings.expression, "jaw": settings.jaw, "eyes": settings.eyes}
    used = {name: length for name, length in lengths.items() if length > 0}
    if not used:
        return "no smoothing"
    words = ", ".join(f"{name} {length:.2g} s" for name, length in used.items())
    return words if len(words) <= LONGEST_SUMMARY else f"smoothed: {', '.join(used)}"


CODE: Final = StageCode(run, keep="nothing", summary=summary)
