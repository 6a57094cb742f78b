"""The one way to a parsing: the network's where its file is there, our own where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.failure import Failure
from ..head.model import Floats, HeadModel
from ..landmarks.crop import Picture, Region, apply, patch_around
from ..landmarks.networks import Network
from .bisenet import FILE, BiSeNet, load_bisenet, parse_with
from .classes import COLOURS
from .own import Portrait, parse_portrait

OWN: Final = "our own parsing from landmarks, mesh and person segmentation"
OWN_WITHOUT_PERSON: Final = "our own parsing from landmarks and mesh, without hair and cloth"


@dataclass(frozen=True)
class Parser:
    """How pictures are parsed.

    Attributes:
        head: The fitted head.
        person: MediaPipe's segmentation network, or None where the wheel is not there.
        network: BiSeNet with its weights, or None.
    """

    head: HeadModel
    person: Network | None
    network: BiSeNet | None = None

    @property
    def source(self) -> str:
        """Which of the ways is used, for reports."""
        if self.network is not None:
            return f"BiSeNet ({FILE})"
        return OWN if self.person is not None else OWN_WITHOUT_PERSON

    def parse(self, portrait: Portrait) -> NDArray[np.int64]:
        """Return the classes of the picture's pixels."""
        if self.network is not None:
            return parse_with(self.network, portrait.picture)
        return parse_portrait(portrait, self.head)


def open_parser(
    head: HeadModel, person: Network | None, models: Path, file: Path | None, device: torch.device
) -> Parser | Failure:
    """Return the parser; `file` or else the one in the folder of models is used where it is there."""
    found = file or (models / FILE if (models / FILE).is_file() else None)
    if found is None:
        return Parser(head, person)
    network = load_bisenet(found, device)
    return network if isinstance(network, Failure) else Parser(head, person, network)


def person_share(network: Network, picture: Picture, regions: list[Region]) -> Floats:
    """Return how surely each pixel of a picture is the person (H, W), 0..1.

    Args:
        network: Segmentation network, made for people who fill the picture.
        picture: RGB.
        regions: Squares that are looked at, each finer than the one before where they overlap.
    """
    height, width = picture.shape[:2]
    total, weight = np.zeros((height, width)), np.full((height, width), 1e-6)
    for order, region in enumerate(regions):
        size = network.size
        crop = patch_around(picture, region, size, margin=1.0).sample(region, size)
        share = np.clip(network.run_picture(crop)[0].reshape(size, size), 0, 1).astype(np.float32)
        ramp = np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5) / (0.1 * size)
        border = np.minimum(np.minimum(ramp[:, None], ramp[None]), 1.0).astype(np.float32)
        matrix = region.to_image(size)
        layers = [cv2.warpAffine(layer, matrix, (width, height), flags=cv2.INTER_LINEAR) for layer in (share, border)]
        strength = layers[1] * 8.0**order
        total += layers[0] * strength
        weight += strength
    return total / weight


def whole_square(picture: Picture) -> Region:
    """Return the square in the middle around the whole picture."""
    height, width = picture.shape[:2]
    return Region((width - 1) / 2, (height - 1) / 2, float(max(width, height)), 0.0)


def in_square(share: Floats, to_square: Floats, size: int) -> Floats:
    """Return a map of the full frame in another picture: `to_square` (2, 3) or (3, 3) leads there."""
    values = share.astype(np.float32)
    if to_square.shape == (3, 3):
        return cv2.warpPerspective(values, to_square, (size, size), flags=cv2.INTER_LINEAR).astype(np.float64)
    return cv2.warpAffine(values, to_square, (size, size), flags=cv2.INTER_LINEAR).astype(np.float64)


def moved_points(points: Floats, matrix: Floats) -> Floats:
    """Return points (N, 2) under an affine (2, 3) or projective (3, 3) map."""
    if matrix.shape == (2, 3):
        return apply(matrix, points)
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def coloured(parsing: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a parsing as a picture to look at."""
    return np.array(COLOURS, dtype=np.uint8)[parsing]
