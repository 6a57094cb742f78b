"""Straightened footage behind a camera: where the footage as it was filmed has what the camera shows, and back.

Points are in shares of the upright picture, from top left.
"""

from __future__ import annotations

import math
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.distortion import CurvedLens
from ..camera.distortion import clip_distortion, clip_intrinsics
from .plate import is_straightened

Floats = NDArray[np.float64]
_STEPS: Final = 8
"""Pieces of a straight side of an outline, which is bent where the footage is straightened."""


def lens_behind(camera: bpy.types.Object | None) -> CurvedLens | None:
    """Return the lens whose distortion is taken off the footage behind a camera; None where none is taken off."""
    data: Any = camera.data if camera is not None else None
    for picture in data.background_images if isinstance(data, bpy.types.Camera) else ():
        clip = picture.clip
        if clip is None or picture.source != "MOVIE_CLIP" or not is_straightened(picture):
            continue
        lens, distortion = clip_intrinsics(clip), clip_distortion(clip)
        if distortion is not None and min(lens.width, lens.height) > 0:
            turn = round(picture.rotation / (math.pi / 2))
            return CurvedLens(lens, distortion).turned_back(-turn)
    return None


def on_footage(shares: Floats, lens: CurvedLens | None) -> Floats:
    """Return where the footage has points (N, 2) that are shown; beyond the lens's edge they stay as they are."""
    if lens is None:
        return shares
    filmed = lens.on_footage(_pixels(shares, lens))
    back = _shares(lens.straightened(filmed), lens)
    is_right = np.isclose(back, shares, atol=1e-6).all(axis=1)
    return np.where(is_right[:, None], _shares(filmed, lens), shares)


def outline_as_shown(corners: Floats, lens: CurvedLens | None) -> Floats:
    """Return how a closed outline (C, 2) of the footage is shown, with more corners where its sides are bent."""
    if lens is None:
        return corners
    ends = np.roll(corners, -1, axis=0)
    along = (np.arange(_STEPS) / _STEPS)[None, :, None]
    fine = (corners[:, None] + along * (ends - corners)[:, None]).reshape(-1, 2)
    straight = _shares(lens.straightened(_pixels(fine, lens)), lens)
    return np.where(np.isfinite(straight), straight, fine)


def _pixels(shares: Floats, lens: CurvedLens) -> Floats:
    return shares * (lens.intrinsics.width, lens.intrinsics.height) - 0.5


def _shares(pixels: Floats, lens: CurvedLens) -> Floats:
    return (pixels + 0.5) / (lens.intrinsics.width, lens.intrinsics.height)
