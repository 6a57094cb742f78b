"""Goals of controls: where each one is to be on every frame, in a head that does not turn. Numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import rotation_matrices
from ....backend.contract.names import INNER_LIPS_LOWER, INNER_LIPS_UPPER
from .controls import AIM, UPPER_LIDS, Control, Eye, Fit
from .motion import SurfaceMotion
from .response import Response

Array = NDArray[np.float64]

_LEAST_OPENING: Final = np.radians(2.0)
"""Eyes of a person that are narrower at rest do not tell how far lids have to go."""
_GAINS: Final = (0.5, 2.0)
"""Of eyes that are far narrower or wider than the person's not even the lids' way fits."""
_FACING_LIPS: Final[Mapping[int, int]] = dict(zip(INNER_LIPS_UPPER[1:-1], INNER_LIPS_LOWER[1:-1], strict=True))
"""Landmark of the upper lip's inner edge -> that of the lower one's which faces it."""


def goals_of(
    controls: Sequence[Control], eyes: Mapping[int, Eye], fit: Fit, motion: SurfaceMotion, response: Response
) -> Array:
    """Return where controls are to be (K, C, 3), in the space of the armature."""
    goals = []
    lips = _lip_ways(controls, motion)
    for index, each in enumerate(controls):
        if each.order == AIM:
            goals.append(_looked_at(each, eyes, fit, motion))
        elif each.eye is not None and each.eye in eyes:
            eye = eyes[each.eye]
            outwards = (each.rest - eye.centre) / np.linalg.norm(each.rest - eye.centre)
            goals.append(_lid(each, controls, eye, fit, motion, held=response.holds(index, outwards)))
        else:
            way = lips[index] if index in lips else _way(each, motion)
            goals.append(each.rest + fit.scale * way @ fit.axes.T)
    return np.stack(goals, axis=1)


def _lip_ways(controls: Sequence[Control], motion: SurfaceMotion) -> dict[int, Array]:
    """Ways (K, 3) of controls that face each other across the mouth, by their positions in the sequence.

    Together they go as their points do, but from each other as far as the inner edges of the lips: what a control
    follows in the middle of a lip changes its distance with the lip's thickness, and lips that close would not.
    """
    ways = {}
    for upper, control in enumerate(controls):
        edge = next((index for index in control.landmarks if index in _FACING_LIPS), None)
        lower = next((index for index, each in enumerate(controls)
                      if edge is not None and _FACING_LIPS[edge] in each.landmarks), None)  # fmt: skip
        if edge is None or lower is None:
            continue
        apart = motion.landmarks[:, edge] - motion.landmarks[:, _FACING_LIPS[edge]]
        rest = motion.neutral[edge] - motion.neutral[_FACING_LIPS[edge]]
        # Sums of weights take lips through each other, as a mouth that closes by more than the jaw opens.
        apart[:, 1] = np.maximum(apart[:, 1], min(rest[1], 0.0))
        ways[upper], ways[lower] = _way(control, motion), _way(controls[lower], motion)
        missing = (apart - rest) * (control.factor + controls[lower].factor) / 2 - (ways[upper] - ways[lower])
        ways[upper], ways[lower] = ways[upper] + missing / 2, ways[lower] - missing / 2
    return ways


def _looked_at(control: Control, eyes: Mapping[int, Eye], fit: Fit, motion: SurfaceMotion) -> Array:
    """The aim goes round the eye as the person's gaze turns."""
    assert control.eye is not None and motion.eyes is not None
    centre = eyes[control.eye].centre
    turned = fit.axes @ rotation_matrices(motion.eyes[:, control.eye]) @ fit.axes.T
    return centre + turned @ (control.rest - centre)


def _neutral(control: Control, motion: SurfaceMotion) -> Array:
    return motion.neutral[list(control.landmarks)].mean(axis=0)


def _way(control: Control, motion: SurfaceMotion) -> Array:
    """Mean way of a control's points from the person's rest (K, 3), in the axes of the head."""
    chosen = list(control.landmarks)
    return (motion.landmarks[:, chosen] - motion.neutral[chosen]).mean(axis=1) * control.factor


def _lid(
    control: Control, controls: Sequence[Control], eye: Eye, fit: Fit, motion: SurfaceMotion, *, held: bool
) -> Array:
    """A lid glides on the eye: it goes round it, and leaves it only by what the person's leaves theirs.

    Up and down it goes as far as closes the character's eye when the person's is closed. A rig that holds its lids on a
    sphere lets them not leave it.
    """
    assert control.eye is not None
    person = _neutral(control, motion) - motion.eye_centres[control.eye]
    now = _polar(person + _way(control, motion))
    rest, start = _polar((control.rest - eye.centre) @ fit.axes), _polar(person)
    gains = np.array([1.0, _opening(control, controls, eye, fit, motion), 0.0 if held else fit.scale])
    return eye.centre + _cartesian(rest + gains * (now - start)) @ fit.axes.T


def _opening(control: Control, controls: Sequence[Control], eye: Eye, fit: Fit, motion: SurfaceMotion) -> float:
    """The character's opening over the person's, as elevations, from a lid's control to the one across."""
    side = control.eye
    assert side is not None
    is_upper = UPPER_LIDS[side].issuperset(control.landmarks)
    across = [
        each
        for each in controls
        if each.eye == side and each.order != AIM and UPPER_LIDS[side].issuperset(each.landmarks) != is_upper
    ]
    if not across:
        return 1.0
    centre = motion.eye_centres[side]
    here = _polar(_neutral(control, motion) - centre)
    others = np.array([_polar(_neutral(each, motion) - centre) for each in across])
    nearest = int(np.argmin(np.abs(others[:, 0] - here[0])))
    person = here[1] - others[nearest, 1]
    rests = [_polar((each.rest - eye.centre) @ fit.axes)[1] for each in (control, across[nearest])]
    if abs(person) < _LEAST_OPENING:
        return 1.0
    return float(np.clip((rests[0] - rests[1]) / person, *_GAINS))


def _polar(points: Array) -> Array:
    """Azimuth, elevation and distance (..., 3) of points round an eye; x to the left, y up, z out of the face."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z)), np.linalg.norm(points, axis=-1)], axis=-1)


def _cartesian(polar: Array) -> Array:
    azimuth, elevation, distance = np.moveaxis(polar, -1, 0)
    flat = distance * np.cos(elevation)
    return np.stack([flat * np.sin(azimuth), distance * np.sin(elevation), flat * np.cos(azimuth)], axis=-1)
