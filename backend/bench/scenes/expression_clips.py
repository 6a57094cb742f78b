"""Clips in which a painted person makes one face after the other, for `bench.truth.expression`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.clip import Truth, make_clip
from ...sample.motion import posed
from ...sample.people import TEXTURE_SIZE, person
from ..chain import Setup

FACES: Final[Mapping[str, Mapping[str, float]]] = {
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "brows": {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "pucker": {"mouthPucker": 1.0},
    "rolled lips": {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
    "frown": {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0},
    "aside": {"mouthLeft": 1.0},
}
"""ARKit weights at the height of each face."""
LASTS: Final = 20
"""Frames of one face, from rest to rest."""
RATE: Final = Fraction(30)


@dataclass(frozen=True)
class Faces:
    """A clip of T frames.

    Attributes:
        video: The file.
        truth: What it shows.
        part: Name of a face -> its frames.
    """

    video: Path
    truth: Truth
    part: Mapping[str, slice]


def film_faces(setup: Setup, head: HeadModel, seed: int, faces: Mapping[str, Mapping[str, float]]) -> Faces | Failure:
    """Film a person who makes all faces in turn, still and from the front.

    Args:
        setup: Where files go.
        head: The built-in head.
        seed: Which person.
        faces: As `FACES`; `jaw` is its opening in radians.
    """
    part = {name: slice(LASTS * row, LASTS * (row + 1)) for row, name in enumerate(faces)}
    frames = LASTS * len(faces)
    curves: dict[str, Floats] = {}
    rise = np.sin(np.pi * np.arange(LASTS) / (LASTS - 1)) ** 2
    for name, weights in faces.items():
        for shape, weight in weights.items():
            curves.setdefault(shape, np.zeros(frames))[part[name]] = weight * rise
    plan = person(head, seed, frames=frames, rate=RATE, canvas=make_canvas(head, TEXTURE_SIZE))
    video = setup.work / f"faces{seed}.mp4"
    played = posed(head, plan.identity, curves, np.zeros((frames, 3)))
    truth = make_clip(head, plan, video, setup.work / f"faces{seed}.npz", performance=played)
    return truth if isinstance(truth, Failure) else Faces(video, truth, part)
