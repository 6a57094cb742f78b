"""Openings of a face: the pixels that show eyes and the inside of the mouth, as its landmarks say.

The mesh does not follow lids and lips to the pixel. Without this, lids are painted on eyeballs and teeth on lips.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_CORNERS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_CORNERS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ..lighting.plausible_light import believed_light
from ..raster.polygons import filled, signed_area
from .bake import EYE, MOUTH, SKIN, TEETH, UNKNOWN

Layers = NDArray[np.int8]

_EDGE: Final = 0.012
"""Of the distance of the eyes: the edge of an opening, where lashes, lids and lips are mixed with what is behind. None
on faces so small that little would be left."""
_EDGES: Final = -2
"""What no part of the head takes."""
_FEWEST: Final = 12
"""Pixels in all frames that tell a colour."""
_DARKEST: Final = 0.15
"""Share of the pixels inside mouths that are its depth."""
_FORWARD: Final = np.array([0.0, 0.0, -1.0])
_CHEEKS_AND_NOSE: Final = (50, 280, 205, 425, 195)
_DEPTH: Final = 0.6
"""Of the skin's brightness, the most that tongue and cheeks inside a mouth have: more is tooth or highlight."""
_TEETH: Final = ((0.15, 0.4), (0.04, 0.9))
"""By how much the logarithm of red over green of teeth is less than that of the skin beside them, at least, and their
least brightness relative to it: whiter, or as bright as a tongue in the shade of the lips is not."""


def layers_of(count: int, regions: Mapping[str, Array], faces: Array) -> Layers:
    """Return what each triangle (F,) of a head is: `SKIN`, `EYE`, `MOUTH` or `TEETH`."""
    layer = np.full(count, SKIN, dtype=np.int8)
    for names, value in (
        (("mouth_inside", "tongue"), MOUTH),
        (("teeth",), TEETH),
        (("left_eyeball", "right_eyeball"), EYE),
    ):
        for name in names:
            layer[np.asarray(regions.get(name, ()), dtype=np.int64)] = value
    corners = layer[faces]
    return np.where((corners == corners[:, :1]).all(axis=1), corners[:, 0], SKIN).astype(np.int8)


def openings(picture: Singles, landmarks: Array) -> Layers:
    """Return what each pixel shows (H, W): as `layers_of`, and what shows two of them at once.

    Args:
        picture: Linear (H, W, 3).
        landmarks: Its pixels (478, 2); where they are not known, nor is what is shown.
    """
    shown = np.full(picture.shape[:2], SKIN, dtype=np.int8)
    if not np.isfinite(landmarks).all():
        return np.full_like(shown, UNKNOWN)
    points = landmarks.astype(np.float64)
    corners = [points[list(pair)].mean(axis=0) for pair in (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS)]
    edge = round(_EDGE * float(np.linalg.norm(corners[0] - corners[1])))
    for upper, lower, value in (
        (RIGHT_EYE_UPPER, RIGHT_EYE_LOWER, EYE),
        (LEFT_EYE_UPPER[::-1], LEFT_EYE_LOWER[::-1], EYE),
        (INNER_LIPS_UPPER, INNER_LIPS_LOWER, MOUTH),
    ):
        polygon = points[[*upper, *lower[-2:0:-1]]]
        if signed_area(polygon) <= 0:
            continue
        opening = filled(polygon, shown.shape)
        around = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
        inner = cv2.erode(opening.astype(np.uint8), around)
        # Where lids or lips meet there is nothing between them, and the line is theirs.
        shown[opening & (cv2.dilate(inner, around) > 0)] = _EDGES
        shown[inner > 0] = value
    inside = shown == MOUTH
    if inside.any():
        teeth, depth = _like_teeth(picture, points)
        shown[inside & ~depth] = _EDGES
        shown[inside & teeth] = TEETH
    return shown


def _like_teeth(picture: Singles, landmarks: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the pixels (H, W) that are bright and less red than the skin of cheeks and nose, and the dark ones."""
    column, row = np.rint(landmarks[list(_CHEEKS_AND_NOSE)]).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < picture.shape[1]) & (row < picture.shape[0])
    if not inside.any():
        nowhere = np.zeros(picture.shape[:2], dtype=bool)
        return nowhere, nowhere
    skin = np.median(picture[row[inside], column[inside]], axis=0) + 1e-3
    redness = np.log((picture[..., 0] + 1e-3) / (picture[..., 1] + 1e-3))
    less_red, bright = np.log(skin[0] / skin[1]) - redness, picture.mean(axis=2) / skin.mean()
    white = [(less_red > least) & (bright > brightness) for least, brightness in _TEETH]
    return np.logical_or.reduce(white), bright < _DEPTH


class MouthColours:
    """The colours inside a person's mouth, from whatever shows them: a mesh shows its teeth at other places."""

    def __init__(self) -> None:
        self._teeth: list[Singles] = []
        self._every: list[Singles] = []

    def add(self, picture: Singles, shown: Layers, light: Array) -> None:
        """Look at a frame: linear (H, W, 3), what its pixels show (H, W), light times gain (9, 3)."""
        unlit = believed_light(_FORWARD, light)
        self._teeth.append((picture[shown == TEETH] / unlit).astype(np.float32))
        self._every.append((picture[np.isin(shown, (TEETH, MOUTH))] / unlit).astype(np.float32))

    def teeth(self) -> Array | None:
        """Return the teeth's colour without light (3,), or None where too few are seen."""
        teeth = np.concatenate([np.zeros((0, 3), np.float32), *self._teeth])
        if len(teeth) < _FEWEST:
            return None
        bright = teeth.mean(axis=1)
        return teeth[bright >= np.median(bright)].mean(axis=0)  # between them and at their edges it is darker

    def depth(self) -> Array | None:
        """Return the colour (3,) of what is darkest there, or None where no mouth is open."""
        every = np.concatenate([np.zeros((0, 3), np.float32), *self._every])
        if len(every) < _FEWEST:
            return None
        bright = every.mean(axis=1)
        return every[bright <= np.quantile(bright, _DARKEST)].mean(axis=0)
