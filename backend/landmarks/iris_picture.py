"""The centres of the irises in the picture itself: where a dark disc stands best against the white around it.

The networks' irises follow a glance by half: measured on painted people the error of their centres is 0.6 px sideways
and 0.5 px in height with constant parts of up to 1.4 px, of eyes 37 px wide; the disc's is 0.15 px and 0.35 px.

The idea is Daugman's circular edge detector ("High confidence visual recognition of persons by a test of statistical
independence", 1993) with bands in place of edges, for eyes of a few pixels: the mean of a ring outside the rim minus
that of a ring inside it, of what the lids leave free.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np

from ..contract.arrays import Floats, Singles
from ..contract.names import (
    LEFT_EYE_CORNERS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    LEFT_IRIS,
    RIGHT_EYE_CORNERS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
    RIGHT_IRIS,
)
from .crop import Patch, apply, inverse

EYE: Final = 48.0
"""Width of the eye in the cut-out, pixels."""
WIDTH, HEIGHT = 76, 46
RADIUS: Final = 0.0929
"""Of an iris, over the distance between the eyes: 5.85 of 63 mm. Irises differ less between people than anything."""
RADII: Final = (0.92, 1.0, 1.08)
"""Times that, which are tried."""
Bands = tuple[tuple[float, float], tuple[float, float]]
DISC: Final[Bands] = ((0.0, 0.96), (1.04, 1.40))
RIM: Final[Bands] = ((0.75, 0.97), (1.03, 1.25))
"""Rings inside and outside, in radii: the broad ones find the iris, the narrow ones place it."""
NEAR: Final = 1
"""Most pixels of the cut-out from the one to the other, each way."""
LEAST_INSIDE, LEAST_OUTSIDE = 0.25, 0.08
"""Shares of the rings that must be free of lids."""
CONTRAST: Final = 4.0
"""Least difference of the rings in steps of 8-bit brightness, weighted by how much of them is free."""
UNLIKELY: Final = 0.5
"""Radii at which picture and network are believed alike: farther apart the disc may be a shadow in the corner of the
eye, or a wet lid. Usual are 0.2. Up and down both eyes move as one."""
NARROW: Final = 0.12
"""Opening of the lids over the width of the eye, below which no iris is looked for."""
RED: Final = np.array([0.6, 0.3, 0.1], dtype=np.float32)
"""Weights of the colours: blue and brown irises alike are dark in red, and the white of the eye is not."""


def with_iris_centres(patch: Patch, points: Floats) -> Floats:
    """Return landmarks (478, 3) whose irises lie where the picture shows them; unclear ones stay.

    Args:
        patch: Part of the picture that holds the face.
        points: Landmarks in full-frame pixels.
    """
    eyes = points[list(LEFT_EYE_CORNERS)].mean(axis=0) - points[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    radius = RADIUS * float(np.linalg.norm(eyes))
    level = eyes[:2] / max(float(np.linalg.norm(eyes[:2])), 1e-6)
    axes = np.array([level, [-level[1], level[0]]])
    moves: dict[tuple[int, ...], Floats] = {}
    for upper, lower, iris in (
        (RIGHT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_IRIS),
        (LEFT_EYE_UPPER[::-1], LEFT_EYE_LOWER[::-1], LEFT_IRIS),
    ):
        centre = _centre(patch, points[list(upper)], points[list(lower)], radius)
        if centre is not None:
            moves[iris] = axes @ (centre - points[iris[0], :2])
    result = points.copy()
    if moves:
        down = float(np.mean([move[1] for move in moves.values()]))
        for iris, move in moves.items():
            result[list(iris), :2] += np.array([_damped(move[0], radius), _damped(down, radius)]) @ axes
    return result


def _damped(move: float, radius: float) -> float:
    """Return how far an iris is moved that the picture shows so far from where the network has it."""
    return move / (1 + (move / (UNLIKELY * radius)) ** 2)


def _centre(patch: Patch, upper: Floats, lower: Floats, radius: float) -> Floats | None:
    """Return the centre (2,) of one iris in full-frame pixels.

    Args:
        upper, lower: Edges of the lids (9, 3), from the corner at the left of an upright picture to the other.
        radius: Of the iris, pixels.
    """
    width = float(np.linalg.norm(upper[0] - upper[-1]))
    opening = float(np.linalg.norm(upper[4, :2] - lower[4, :2]))
    if width < 4 or opening < NARROW * width:
        return None
    to_eye = _to_eye(upper[0, :2], upper[-1, :2], EYE / width)
    picture = _cut_out(patch, to_eye)
    uncovered = _between_lids(apply(to_eye, upper[:, :2]), apply(to_eye, lower[:, :2]))
    centre = _best(picture, uncovered, radius * EYE / width)
    return None if centre is None else apply(inverse(to_eye), centre)


def _to_eye(left: Floats, right: Floats, scale: float) -> Floats:
    """Return the matrix (2, 3) from full-frame pixels to a level cut-out with the eye in its middle."""
    angle = np.arctan2(right[1] - left[1], right[0] - left[0])
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    return np.column_stack([turn, middle - turn @ (left + right) / 2])


def _cut_out(patch: Patch, to_eye: Floats) -> Singles:
    """Return the brightness (HEIGHT, WIDTH) of the eye."""
    back = inverse(to_eye)
    to_patch = np.column_stack([patch.to_patch[:, :2] @ back[:, :2], apply(patch.to_patch, back[:, 2])])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(patch.pixels, to_patch, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return pixels.astype(np.float32) @ RED


def _between_lids(upper: Floats, lower: Floats) -> Singles:
    """Return where neither lid nor lashes lie (HEIGHT, WIDTH), 0..1."""
    outline = np.concatenate([upper, lower[-2:0:-1]])
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], (255,), lineType=cv2.LINE_AA, shift=4)
    return cv2.erode(mask, np.ones((5, 3), dtype=np.uint8)).astype(np.float32) / 255


def _best(picture: Singles, uncovered: Singles, radius: float) -> Floats | None:
    """Return where the disc stands out most (x, y), to parts of a pixel, or None where it does not."""
    response = _standing_out(picture, uncovered, DISC, (radius,))
    y, x = _highest(response)
    if response[y, x] < CONTRAST or not (NEAR < x < WIDTH - 1 - NEAR and NEAR < y < HEIGHT - 1 - NEAR):
        return None
    reach = int(np.ceil(1.1 * radius * RIM[1][1])) + NEAR + 2
    top, left = max(y - reach, 0), max(x - reach, 0)
    part = slice(top, y + reach + 1), slice(left, x + reach + 1)
    rim = _standing_out(picture[part], uncovered[part], RIM, tuple(radius * factor for factor in RADII))
    around = rim[y - top - NEAR : y - top + NEAR + 1, x - left - NEAR : x - left + NEAR + 1]
    down, right = _highest(around)
    if around[down, right] <= 0:
        return None
    y, x = y - NEAR + down, x - NEAR + right
    across, along = rim[y - top, x - left - 1 : x - left + 2], rim[y - top - 1 : y - top + 2, x - left]
    return np.array([x + _vertex(across), y + _vertex(along)])


def _highest(values: Singles) -> tuple[int, int]:
    y, x = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(y), int(x)


def _standing_out(picture: Singles, uncovered: Singles, bands: Bands, radii: tuple[float, ...]) -> Singles:
    """Return by how much a disc around each pixel is darker than what is around it, at the best of some radii."""
    masked, best = picture * uncovered, np.full(picture.shape, -1, dtype=np.float32)
    for radius in radii:
        inside, outside = _rings(round(4 * radius), bands)
        share_in, share_out = _mean(uncovered, inside), _mean(uncovered, outside)
        light_in = _mean(masked, inside) / np.maximum(share_in, 1e-3)
        light_out = _mean(masked, outside) / np.maximum(share_out, 1e-3)
        weight = np.sqrt(np.maximum(share_in * share_out, 0) / (share_in + share_out + 1e-6))
        enough = (share_in > LEAST_INSIDE) & (share_out > LEAST_OUTSIDE)
        best = np.maximum(best, np.where(enough, (light_out - light_in) * weight, -1))
    return best


def _mean(picture: Singles, ring: Singles) -> Any:
    return cv2.filter2D(picture, -1, ring, borderType=cv2.BORDER_CONSTANT)


def _vertex(values: Singles) -> float:
    """Return where the parabola through three values has its top, -0.5 to 0.5 from the middle one."""
    before, top, after = (float(value) for value in values)
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


@lru_cache(maxsize=256)
def _rings(quarters: int, bands: Bands) -> tuple[Singles, Singles]:
    """Return the rings inside and outside a rim whose radius is so many quarters of a pixel; each sums to one."""
    radius = quarters / 4
    reach = int(np.ceil(radius * bands[1][1])) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    distance = np.hypot(x, y)

    def ring(low: float, high: float) -> Singles:
        band = np.clip(distance - low * radius + 0.5, 0, 1) * np.clip(high * radius - distance + 0.5, 0, 1)
        return (band / band.sum()).astype(np.float32)

    return ring(*bands[0]), ring(*bands[1])
