"""Six people and their cameras, for the benchmark: identities within the head's own spread, painted or portrayed."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import Intrinsics
from ..head.model import HeadModel
from .appearance import painted
from .canvas import Canvas, make_canvas
from .clip import ClipPlan

FOCALS: Final = (0.9, 1.2, 1.5, 1.8, 2.1, 2.5)
"""Focal lengths in picture widths: from a phone at arm's length to a portrait lens."""
TEXTURE_SIZE: Final = 896
DRAWN_MODES: Final = 96
"""Modes in which people differ, so that they stay the same people when the head gets more modes at the end."""


def random_identity(head: HeadModel, seed: int, spread: float = 0.8) -> Floats:
    """Return identity coefficients (I,), of which the first ones are drawn from the head's own distribution."""
    modes = head.identity_basis.shape[2]
    drawn = min(DRAWN_MODES, modes)
    return np.pad(spread * np.random.default_rng(50 + seed).standard_normal(drawn), (0, modes - drawn))


def person(
    head: HeadModel,
    seed: int,
    *,
    focal: float | None = None,
    width: int = 640,
    height: int = 480,
    frames: int = 90,
    rate: Fraction = Fraction(30),
    face_width: float = 190.0,
    canvas: Canvas | None = None,
) -> ClipPlan:
    """Return the plan of a clip of a painted person.

    Args:
        head: The built-in head.
        seed: Which person; the same seed gives the same clip.
        focal: Focal length in picture widths; one of `FOCALS` by the seed where None.
        width, height: Of the picture.
        frames, rate: Length of the clip.
        face_width: Of the face in the picture, pixels.
        canvas: Of this head, to save making it again.
    """
    lens = FOCALS[seed % len(FOCALS)] if focal is None else focal
    return ClipPlan(
        identity=random_identity(head, seed),
        appearance=painted(canvas or make_canvas(head, TEXTURE_SIZE), seed),
        intrinsics=Intrinsics.centred(width, height, lens * width),
        frames=frames,
        rate=rate,
        face_width=face_width,
        seed=seed,
    )
