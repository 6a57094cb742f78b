"""Parser of portraits: the network's where its file is there, the geometric one where it is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats, Picture
from ..contract.camera import Intrinsics
from ..contract.failure import Failure, Notice
from ..contract.model_files import PARSING_WEIGHTS, find_model_file
from ..head.model import HeadModel
from ..landmarks.crop import Region, apply, inverse, patch_around
from ..landmarks.face import region_of
from ..landmarks.masks import around_face_region
from ..landmarks.networks import Network
from .bisenet import SIZE, BiSeNet, load_bisenet, parse_any, parse_with
from .classes import COLOURS
from .geometric_parser import Portrait, parse_portrait
from .skin_views import Parse

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
            return f"BiSeNet ({PARSING_WEIGHTS})"
        return OWN if self.person is not None else OWN_WITHOUT_PERSON

    def parse(self, portrait: Portrait) -> NDArray[np.int64]:
        """Return the classes of the picture's pixels."""
        if self.network is not None:
            return parse_with(self.network, portrait.picture)
        return parse_portrait(portrait, self.head)

    def parse_square(
        self, picture: Picture, region: Region, landmarks: Floats, camera: Intrinsics, vertices: Floats
    ) -> NDArray[np.int64]:
        """Return the classes (512, 512) of a square of a picture.

        Args:
            picture: Full frame, RGB.
            region: The square.
            landmarks: (478, 2 or more), full-frame pixels.
            camera: Of the square at 512 pixels.
            vertices: In that camera's axes (V, 3).
        """
        to_square = inverse(region.to_image(SIZE))
        person = None
        if self.network is None and self.person is not None:
            looked_at = [whole_square(picture), around_face_region(region_of(landmarks))]
            person = person_share(self.person, picture, looked_at, (SIZE, SIZE), to_square)
        patch = dataclasses.replace(patch_around(picture, region, SIZE, margin=1.0), outside=(255.0, 255.0, 255.0))
        inside = apply(to_square, landmarks[:, :2])
        return self.parse(Portrait(patch.sample(region, SIZE), camera, vertices, inside, person))


def open_parser(
    head: HeadModel,
    person: Network | None,
    models: Path,
    file: Path | None,
    device: torch.device,
    tell: Callable[[Notice], None] | None = None,
) -> Parser | Failure:
    """Return the parser with BiSeNet where its weights are there, else ours.

    Args:
        head: The fitted head.
        person: As in `Parser`.
        models: Folder of model files, in which weights are looked for.
        file: Weights that somebody named; a failure where they are unfit.
        device: Of the network.
        tell: Hears that the weights in the folder are unfit, and ours is used then; a failure where it is None.
    """
    found = file or find_model_file(models, PARSING_WEIGHTS)
    if found is None:
        return Parser(head, person)
    network = load_bisenet(found, device)
    if not isinstance(network, Failure):
        return Parser(head, person, network)
    if file is not None or tell is None:
        return network
    tell(Notice("parsing-file-unfit", f"{network.sentence} Our own parsing is used.", network.advice))
    return Parser(head, person)


def open_classes(models: Path, device: torch.device, tell: Callable[[Notice], None]) -> Parse | None:
    """Return what gives `occluders` the classes of pictures: BiSeNet with the weights in the folder of models.

    None where there are none, or unfit ones, which `tell` hears.
    """
    file = find_model_file(models, PARSING_WEIGHTS)
    if file is None:
        return None
    network = load_bisenet(file, device)
    if isinstance(network, Failure):
        tell(Notice("parsing-file-unfit", f"{network.sentence} Colours tell what hides the skin.", network.advice))
        return None
    return lambda picture: parse_any(network, picture)


def person_share(
    network: Network,
    picture: Picture,
    regions: list[Region],
    size: tuple[int, int] | None = None,
    to_target: Floats | None = None,
) -> Floats:
    """Return how surely each pixel of a picture, or of another one made of it, is the person (h, w), 0..1.

    Args:
        network: Segmentation network, made for people who fill the picture.
        picture: RGB (H, W, 3).
        regions: Squares that are looked at, each finer than the one before where they overlap.
        size: Width and height of the result; those of the picture where None.
        to_target: Pixels of the picture -> of the result, affine (2, 3) or projective (3, 3); the same where None.
    """
    width, height = size or (picture.shape[1], picture.shape[0])
    onward = np.eye(3)
    if to_target is not None:
        onward[: len(to_target)] = to_target
    total = np.zeros((height, width), dtype=np.float32)
    weight = np.full((height, width), 1e-6, dtype=np.float32)
    for order, region in enumerate(regions):
        side = network.size
        crop = patch_around(picture, region, side, margin=1.0).sample(region, side)
        share = np.clip(network.run_picture(crop)[0].reshape(side, side), 0, 1).astype(np.float32)
        ramp = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / (0.1 * side)
        border = np.minimum(np.minimum(ramp[:, None], ramp[None]), 1.0).astype(np.float32)
        matrix = onward @ np.concatenate([region.to_image(side), [[0.0, 0.0, 1.0]]])
        layers = [cv2.warpPerspective(layer, matrix, (width, height)) for layer in (share, border)]
        strength = layers[1] * 8.0**order
        total += layers[0] * strength
        weight += strength
    return np.asarray(total / weight, dtype=np.float64)


def whole_square(picture: Picture) -> Region:
    """Return the square in the middle around the whole picture."""
    height, width = picture.shape[:2]
    return square_around(width, height)


def square_around(width: int, height: int) -> Region:
    """Return the square in the middle around a picture of that size."""
    return Region((width - 1) / 2, (height - 1) / 2, float(max(width, height)), 0.0)


def moved_points(points: Floats, matrix: Floats) -> Floats:
    """Return points (N, 2) under an affine (2, 3) or projective (3, 3) map."""
    if matrix.shape == (2, 3):
        return apply(matrix, points)
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def coloured(parsing: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a parsing as a picture to look at."""
    return np.array(COLOURS, dtype=np.uint8)[parsing]
