"""Person against background around a head, by the segmentation network of the wheel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Picture
from .crop import Region, apply, inverse, patch_around
from .face import Face
from .networks import Network
from .skin_mask import skin_mask

_FACES_WIDE = 2.6
"""Side of the square over the face: cranium, ears and shoulders are in it."""
_UP = 0.08
"""How far the square's centre lies above the face's, in sides: there is more head above the face than below."""


def mask_positions(frames: int, most: int = 24) -> Integers:
    """Return the positions in a clip at which masks are made, spread evenly."""
    return np.unique(np.round((np.arange(min(most, frames)) + 0.5) * frames / min(most, frames) - 0.5).astype(np.int64))


@dataclass(frozen=True)
class HeadMasks:
    """Masks of the surroundings of a head, upright with it.

    Attributes:
        person: (256, 256) uint8, 255 = person.
        skin: (256, 256) uint8, 255 = bare skin.
        to_image: Mask pixels -> full-frame pixels (2, 3).
    """

    person: NDArray[np.uint8]
    skin: NDArray[np.uint8]
    to_image: Floats


def head_masks(network: Network, picture: Picture, face: Face) -> HeadMasks:
    """Return the masks of the person and of the skin around a face."""
    region = around_head(face)
    size = network.size
    crop = patch_around(picture, region, size, margin=1.0).sample(region, size)
    share = network.run_picture(crop)[0].reshape(size, size)
    matrix = region.to_image(size)
    # Outside the picture nothing is known; no person there is what the black of the crop suggests too.
    mask = np.round(np.clip(share, 0.0, 1.0) * 255).astype(np.uint8)
    points = apply(inverse(matrix), face.points[:, :2].astype(np.float64))
    return HeadMasks(mask, skin_mask(crop, mask, points), matrix)


def around_head(face: Face) -> Region:
    """Return the square around the whole head, level with the eyes."""
    return around_face_region(face.region)


def around_face_region(region: Region) -> Region:
    """Return the same for the square in which a face's landmarks are found, see `face.region_of`."""
    return region.moved(0.0, -_UP * _FACES_WIDE / 1.5, _FACES_WIDE / 1.5, 0.0)
