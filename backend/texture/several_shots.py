"""One texture from several shots of a person: what each shows is brought to the first one's scale and added to it.

Light and albedo share a scale in each channel, which every shot settles for itself, so that the same skin is baked
darker or warmer from one shot than from another. Colours are linear light.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from .bake import ANYTHING, Bake, TexelLayout
from .inpaint import ENOUGH, Hints

FEWEST: Final = 0.002
"""Share of the texture's texels that two shots must both show well for one to be brought to the other's scale."""
WELL: Final = 0.3
"""A texel that its best frame sees as well as this is compared: beside outlines, colours are of something else."""
_SOFT: Final = 1 / 128
"""Part of the texture's width over which a shot's weights are made even before they are compared with another's."""
_FADED: Final = 1e-3
"""Least part of its weight that a shot keeps where it sees little: it counts there if no other shot sees more."""
_DARKEST: Final = 1e-3
"""Linear brightness below which a ratio of colours is one of grain."""


@dataclass(frozen=True)
class ShotTexture:
    """What one shot tells of a head's colours."""

    bake: Bake
    hints: Hints


def scale_between(first: Bake, other: Bake, layout: TexelLayout) -> Array | None:
    """Return what another shot's colours are multiplied by (3,) to be those of the first; None where few texels tell.

    The median ratio over the skin that both show well: what one shows with a highlight, a shadow or a hand on it moves
    it little.
    """
    skin = layout.raster.ids >= 0
    if layout.shows is not None:
        skin &= layout.shows[layout.raster.ids] != ANYTHING
    both = skin & (first.best > WELL) & (other.best > WELL)
    one, another = first.mean()[both].astype(np.float64), other.mean()[both].astype(np.float64)
    bright = (one > _DARKEST).all(axis=1) & (another > _DARKEST).all(axis=1)
    if np.count_nonzero(bright) < FEWEST * both.size:
        return None
    return np.exp(np.median(np.log(one[bright]) - np.log(another[bright]), axis=0))


def faded_out(shot: ShotTexture) -> ShotTexture:
    """Return a shot with even weights that fade out where it sees too little by itself.

    At the edge of what frames show, texels are in sight one by one and by chance; beside another shot, of other light
    or with hair there, they would be speckles.
    """
    bake, sigma = shot.bake, len(shot.bake.weight) * _SOFT
    even = cv2.GaussianBlur(bake.weight, (0, 0), sigma)
    enough = cv2.GaussianBlur(np.minimum(bake.best / np.float32(ENOUGH), 1), (0, 0), sigma)
    weight = (even * np.clip(2 * enough - 1, _FADED, 1) * (bake.weight > 0)).astype(np.float32)
    return replace(shot, bake=Bake(bake.mean() * weight[..., None], weight, bake.best))


def joined(first: ShotTexture, other: ShotTexture, scale: Array) -> ShotTexture:
    """Return what two shots tell together; every frame counts as it would in a clip of both."""
    scaled = scale.astype(np.float32)
    bake = Bake(
        first.bake.colour + scaled * other.bake.colour,
        first.bake.weight + other.bake.weight,
        np.maximum(first.bake.best, other.bake.best),
    )
    return ShotTexture(bake, _joined_hints(first.hints, other.hints, scale))


def _joined_hints(first: Hints, other: Hints, scale: Array) -> Hints:
    count = first.scalp_count + other.scalp_count
    total = first.scalp * first.scalp_count[:, None] + scale * other.scalp * other.scalp_count[:, None]
    teeth, depth = (
        one if one is not None or another is None else scale * another
        for one, another in ((first.teeth, other.teeth), (first.depth, other.depth))
    )
    return Hints(total / np.maximum(count, 1)[:, None], count, teeth, depth)


def share_of(one: Bake, whole: Bake, texels: NDArray[np.bool_]) -> float:
    """Return the mean share 0..1 that one shot has of the colours of some texels (S, S), of those that any shows."""
    weight = whole.weight[texels & (whole.weight > 0)]
    part = one.weight[texels & (whole.weight > 0)]
    return float((part / weight).mean()) if len(weight) else 0.0
