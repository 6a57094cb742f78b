"""Motion of the eyelids: always on a sphere around the eyeball, never through it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...contract.arrays import Floats, Integers
from .anatomy import Anatomy
from .deformation import Deformer
from .dimensions import EYE_CENTRE, LID_RADIUS

CLOSING_LINE = 0.24
"""Where the lids meet, as share of the way from the lower to the upper edge: the upper lid does most of it."""
REACH = 0.021
UPPER_FOLLOWS, LOWER_FOLLOWS = 0.40, 0.28
"""Share of the gaze's vertical angle by which the lids follow it."""
UPPER_DRAWN, LOWER_DRAWN = 0.15, 0.12
"""Share of the gaze's horizontal angle by which the eye draws the lids along, between corners that stay: the middle of
the upper one by a millimetre and a bit when it looks aside as far as it goes."""
RIM = 32
LID_BEND = 0.003
"""A lid folds like a skin: see `Deformer.spread`."""


def rows(side: int) -> tuple[Integers, Integers]:
    """Return positions in a lid ring of the upper and the lower edge (17 each), corner to corner, facing each other.

    Rings run counter-clockwise from outside, from the outer corner: along the right eye's lower lid, and along the left
    eye's upper one.
    """
    forth, back = np.arange(17), np.r_[0, np.arange(RIM - 1, 15, -1)]
    return (forth, back) if side == 1 else (back, forth)


def blink(anatomy: Anatomy, deformer: Deformer, side: int) -> Floats:
    """Return the displacement (V, 3) that closes one eye; side 0 right, 1 left."""
    centre = _centre(side)
    upper, lower = rows(side)
    directions = _directions(anatomy, side)
    meeting = directions[0, lower] * (1 - CLOSING_LINE) + directions[0, upper] * CLOSING_LINE
    meeting /= np.linalg.norm(meeting, axis=1, keepdims=True)
    target = np.empty_like(directions[0])
    target[upper], target[lower] = meeting, meeting
    return _moved(anatomy, deformer, side, target, centre)


def gaze_follow(anatomy: Anatomy, deformer: Deformer, side: int) -> Floats:
    """Return the displacement (V, 3) of the lids per sine of the eye's downward rotation."""
    return _per_sine(anatomy, deformer, side, (UPPER_FOLLOWS, LOWER_FOLLOWS), _pitched)


def gaze_draw(anatomy: Anatomy, deformer: Deformer, side: int) -> Floats:
    """Return the displacement (V, 3) of the lids per sine of the eye's rotation towards the subject's left."""
    return _per_sine(anatomy, deformer, side, (UPPER_DRAWN, LOWER_DRAWN), _yawed)


def _per_sine(
    anatomy: Anatomy,
    deformer: Deformer,
    side: int,
    follows: tuple[float, float],
    turned: Callable[[Floats, Floats], Floats],
) -> Floats:
    """Return the displacement (V, 3) of the lids per sine of a rotation of which both lids follow a share."""
    centre = _centre(side)
    directions = _directions(anatomy, side)[0]
    upper, lower = rows(side)
    share = np.zeros(RIM)
    bow = np.sin(np.linspace(0.0, np.pi, 17)) ** 0.7
    share[upper], share[lower] = follows[0] * bow, follows[1] * bow
    share[[0, 16]] = 0.0
    angle = np.radians(22.0)
    one = _moved(anatomy, deformer, side, turned(directions, share * angle), centre)
    other = _moved(anatomy, deformer, side, turned(directions, -share * angle), centre)
    return (one - other) / (2 * np.sin(angle))


def rim_mode(anatomy: Anatomy, deformer: Deformer, targets: tuple[Floats, Floats]) -> Floats:
    """Return the displacement (V, 3) that brings the rims of right and left lids into directions (32, 3)."""
    result = np.zeros_like(anatomy.points)
    for side, target in enumerate(targets):
        result += _moved(anatomy, deformer, side, target, _centre(side))
    return result


def wrapped(anatomy: Anatomy, deformer: Deformer, displacement: Floats) -> Floats:
    """Return a displacement with the lid edges it moves kept on their sphere and the lids' insides carried along."""
    result = displacement.copy()
    for side in (0, 1):
        rim = anatomy.lid_rings[side][0]
        if np.abs(displacement[rim]).max() < 1e-5:
            continue
        centre = _centre(side)
        position = anatomy.points[rim] + displacement[rim] - centre
        target = position / np.linalg.norm(position, axis=1, keepdims=True)
        correction = _rim_positions(anatomy, side, target, centre) - (position + centre)
        result += deformer.spread(rim, correction, _near(anatomy, side), bend=LID_BEND)
        _carry(anatomy, side, target, centre, result)
        _keep_outside(anatomy, side, centre, _near(anatomy, side), result)
    return result


def _centre(side: int) -> Floats:
    return EYE_CENTRE * (1.0 if side == 1 else -1.0, 1.0, 1.0)


def _directions(anatomy: Anatomy, side: int) -> Floats:
    """Return unit directions (rings, 32, 3) of the lid rings from the eyeball's centre."""
    offset = anatomy.points[anatomy.lid_rings[side]] - _centre(side)
    return offset / np.linalg.norm(offset, axis=-1, keepdims=True)


def _pitched(directions: Floats, angle: Floats) -> Floats:
    """Return directions (N, 3) turned downwards about the x axis by angles (N,) in radians."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = directions.T
    return np.stack([x, c * y - s * z, s * y + c * z], 1)


def _yawed(directions: Floats, angle: Floats) -> Floats:
    """Return directions (N, 3) turned towards the subject's left about the y axis by angles (N,) in radians."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = directions.T
    return np.stack([c * x + s * z, y, c * z - s * x], 1)


def _rim_positions(anatomy: Anatomy, side: int, target: Floats, centre: Floats) -> Floats:
    """Return places (32, 3) of the rim in the target directions at its own distance from the centre."""
    rim = anatomy.points[anatomy.lid_rings[side][0]] - centre
    radius = np.linalg.norm(rim, axis=1, keepdims=True)
    upper, lower = rows(side)
    even = 0.5 * (radius[upper] + radius[lower])
    radius[upper], radius[lower] = even, even
    return centre + np.maximum(radius, LID_RADIUS) * target


def _near(anatomy: Anatomy, side: int) -> Integers:
    """Return the skin vertices around an eye that its lids carry along."""
    distance = np.linalg.norm(anatomy.points[anatomy.parts["face"]] - _centre(side), axis=1)
    brow = anatomy.points[anatomy.parts["face"], 1] > EYE_CENTRE[1] + 0.0165
    return anatomy.parts["face"][(distance < REACH) & ~brow]


def _moved(anatomy: Anatomy, deformer: Deformer, side: int, target: Floats, centre: Floats) -> Floats:
    """Return the displacement (V, 3) that brings the rim into target directions (32, 3).

    The skin around follows in direction, not in place: it slides around the eyeball at the distance that it has.
    """
    rim, near = anatomy.lid_rings[side][0], _near(anatomy, side)
    offset = anatomy.points - centre
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    direction = offset / radius
    goal = _rim_positions(anatomy, side, target, centre) - centre
    goal_radius = np.linalg.norm(goal, axis=1, keepdims=True)
    change = np.hstack([goal / goal_radius - direction[rim], goal_radius - radius[rim]])
    spread = deformer.spread(rim, change, near, bend=LID_BEND)
    turned = direction + spread[:, :3]
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    result = (radius + spread[:, 3:]) * turned - offset
    _carry(anatomy, side, target, centre, result)
    return result


def _carry(anatomy: Anatomy, side: int, target: Floats, centre: Floats, result: Floats) -> None:
    """Move the lids' margin and inner side with their rim; written into `result`."""
    rings = anatomy.lid_rings[side]
    directions = _directions(anatomy, side)
    turn = target - directions[0]
    for ring, share in zip(range(1, len(rings)), (1.0, 0.8, 0.25), strict=False):
        points = anatomy.points[rings[ring]] - centre
        radius = np.linalg.norm(points, axis=1, keepdims=True)
        goal = target if ring == 1 else directions[ring] + share * turn
        goal = goal / np.linalg.norm(goal, axis=1, keepdims=True)
        result[rings[ring]] = radius * goal - points


def _keep_outside(anatomy: Anatomy, side: int, centre: Floats, near: Integers, result: Floats) -> None:
    """Push the skin that came nearer to the eyeball than a lid is thick back out; written into `result`."""
    skin = np.setdiff1d(near, anatomy.lid_rings[side][0])
    position = anatomy.points[skin] + result[skin] - centre
    distance = np.linalg.norm(position, axis=1)
    least = np.minimum(LID_RADIUS, np.linalg.norm(anatomy.points[skin] - centre, axis=1))
    push = np.maximum(least - distance, 0.0)
    result[skin] += position / distance[:, None] * push[:, None]
