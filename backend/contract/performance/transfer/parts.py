"""Parts of a target beside its skin: eyeballs, teeth, tongue, lashes and whatever else lies on the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Floats, Integers, Mask
from .arkit_head import arkit_head
from .mesh import fitted_sphere
from .registration import Registration

_EYE_NEAR: Final = 0.012
"""Metres from where an eyeball is expected to its middle."""
_EYE_RADII: Final = (0.006, 0.022)
_ROUND: Final = 0.12
"""Largest deviation from a sphere, as part of its radius."""
_WITHIN: Final = 1.2
"""Pieces wholly within this many radii of an eyeball, as irises and corneas, turn with it."""
_MOUTH_MARGIN: Final = 0.012
_MOUTH_LENGTH: Final = 0.06
"""Metres by which parts of the mouth may reach farther than those of the built-in head: to the sides, and back."""
_BEHIND: Final = 0.0015
_ALL_THE_WAY: Final = 0.6
_TOOTH: Final = 0.016
"""Metres of width from which on a piece may be a tongue and is no single tooth."""


@dataclass(frozen=True)
class Parts:
    """Vertices of a target by what they belong to.

    Attributes:
        skin: The pieces that the landmarks lie on (V,).
        eyeballs: Of the left and the right eye.
        upper_teeth, lower_teeth, tongue: Pieces within the mouth.
        others: One array for each other piece: lashes, brows, beards, hair.
    """

    skin: Mask
    eyeballs: tuple[Integers, Integers]
    upper_teeth: Integers
    lower_teeth: Integers
    tongue: Integers
    others: tuple[Integers, ...]


def skin_of(pieces: Integers, landmark_vertices: Integers) -> Mask:
    """Return the vertices (V,) of the pieces that landmarks lie on."""
    return np.isin(pieces, np.unique(pieces[landmark_vertices]))


def parts_of(registration: Registration, pieces: Integers, skin: Mask) -> Parts:
    """Return what the pieces (V,) of a target are."""
    eyeballs: dict[str, list[Integers]] = {"left": [], "right": []}
    mouth: dict[str, list[Integers]] = {"upper_teeth": [], "lower_teeth": [], "tongue": []}
    others: list[Integers] = []
    rest = [np.flatnonzero(pieces == number) for number in np.unique(pieces[~skin])]
    balls = {side: _ball(registration, side, rest) for side in eyeballs}
    for vertices in rest:
        points = registration.target.vertices[vertices]
        side = next((side for side, ball in balls.items() if ball is not None and _within(points, ball)), None)
        inside = None if side else _part_of_mouth(registration, points)
        if side:
            eyeballs[side].append(vertices)
        elif inside:
            mouth[inside].append(vertices)
        else:
            others.append(vertices)
    return Parts(
        skin,
        (_joined(eyeballs["left"]), _joined(eyeballs["right"])),
        **{name: _joined(each) for name, each in mouth.items()},
        others=tuple(others),
    )


def _ball(registration: Registration, side: str, pieces: list[Integers]) -> tuple[Floats, float] | None:
    """Return the sphere of the largest piece that is an eyeball of a side, None if there is none."""
    expected, _ = fitted_sphere(registration.warped.vertices[arkit_head().regions[f"{side}_eyeball"]])
    best: tuple[Floats, float] | None = None
    for vertices in pieces:
        points = registration.target.vertices[vertices]
        if len(points) < 12 or np.linalg.norm(points.mean(axis=0) - expected) > 2 * _EYE_NEAR:
            continue
        centre, radius = fitted_sphere(points)
        off = np.abs(np.linalg.norm(points - centre, axis=1) - radius)
        fits = _EYE_RADII[0] < radius < _EYE_RADII[1] and float(np.median(off)) < _ROUND * radius
        near = np.linalg.norm(centre - expected) < _EYE_NEAR
        if fits and near and (best is None or radius > best[1]):
            best = centre, radius
    return best


def _within(points: Floats, ball: tuple[Floats, float]) -> bool:
    centre, radius = ball
    return bool(np.linalg.norm(points - centre, axis=1).max() < _WITHIN * radius)


def _part_of_mouth(registration: Registration, points: Floats) -> str | None:
    """Return the part of the mouth that a piece is, None outside of it.

    A piece is inside if it lies behind the skin around the mouth. Teeth are arches: along the middle line they are only
    in front, while a tongue is there all the way back.
    """
    head, warped = arkit_head(), registration.warped
    inside = warped.vertices[np.concatenate([head.regions["mouth_inside"], head.regions["lips"]])]
    low = inside.min(axis=0) - (_MOUTH_MARGIN, _MOUTH_MARGIN, _MOUTH_LENGTH)
    high = inside.max(axis=0) + np.array([_MOUTH_MARGIN, _MOUTH_MARGIN, 0.0])
    if ((points > low) & (points < high)).all(axis=1).mean() < 0.8:
        return None
    face = head.regions["face"]
    front = warped.vertices[face[warped.normals[face, 2] > 0.2]]
    before = front[np.linalg.norm(points[:, None, :2] - front[None, :, :2], axis=-1).argmin(axis=1), 2]
    if np.mean(before - points[:, 2] > _BEHIND) < 0.7:
        return None
    line = warped.vertices[head.bag_rings[0]].mean(axis=0)
    width = np.abs(points[:, 0] - line[0])
    middle = points[width < 0.25 * max(float(width.max()), 1e-9), 2]
    whole = len(middle) > 1 and np.ptp(middle) > _ALL_THE_WAY * np.ptp(points[:, 2])
    if whole and np.ptp(points[:, 0]) > _TOOTH and points[:, 1].mean() < line[1]:
        return "tongue"
    return "upper_teeth" if points[:, 1].mean() > line[1] else "lower_teeth"


def _joined(arrays: list[Integers]) -> Integers:
    return np.concatenate(arrays) if arrays else np.empty(0, np.int64)
