"""People whose lens is known, for the benchmark of the focal length: near and far, upright and lying pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.camera import focal_from_millimetres
from ...contract.failure import Failure
from ...data.types import Landmarks
from ...head.model import HeadModel
from ...sample.canvas import Canvas
from ...sample.clip import make_clip
from ...sample.people import person
from ...stages.camera import FULL_FRAME
from ..chain import Clock, Setup, find_landmarks
from ..measures.metrics import smooth_step

RATE: Final = Fraction(5)
"""Frames/s: so few that the head turns and nods within a dozen frames."""
FRAMES: Final = 12
WIDER: Final = (0.03, 0.03)
"""Mean and deviation by which heads are wider beside the face than the built-in head: real ones by 5 to 6 %."""
STANDING_OFF: Final = (0.004, 0.004)
"""Metres by which ears stand off further than those of the built-in head."""
HIGHER: Final = (0.0, 0.04)
"""Share by which the skull is higher and longer."""


@dataclass(frozen=True)
class LensScene:
    """How a person is filmed: name, lens in mm of a full-frame camera, picture, width of the face in the picture."""

    name: str
    lens: float
    width: int
    height: int
    face_width: float


SHOTS: Final = (
    LensScene("phone at arm's length", 28, 360, 640, 170),
    LensScene("phone at arm's length, close", 25, 360, 640, 230),
    LensScene("phone held by another", 28, 360, 640, 80),
    LensScene("webcam", 30, 640, 480, 170),
    LensScene("webcam, near", 33, 640, 360, 200),
    LensScene("24 mm", 24, 640, 360, 130),
    LensScene("35 mm, near", 35, 640, 360, 190),
    LensScene("35 mm, far", 35, 640, 480, 90),
    LensScene("50 mm", 50, 640, 480, 190),
    LensScene("50 mm, far", 50, 640, 360, 90),
    LensScene("85 mm", 85, 640, 360, 190),
    LensScene("85 mm, upright", 85, 360, 640, 160),
)


def unlike(head: HeadModel, seed: int) -> HeadModel:
    """Return the head with skull and ears that its own identities do not reach, as those of real people."""
    random = np.random.default_rng(900 + seed)
    wider, off, higher = (mean + spread * random.standard_normal() for mean, spread in (WIDER, STANDING_OFF, HIGHER))
    positions = head.template
    beside = smooth_step((0.035 - positions[:, 2]) / 0.05) * smooth_step((positions[:, 1] + 0.11) / 0.04)
    changed = positions.copy()
    changed[:, 0] *= 1 + wider * beside
    for name in ("left_ear", "right_ear"):
        ear = head.regions[name]
        changed[ear, 0] += np.sign(positions[ear, 0]) * off * smooth_step((np.abs(positions[ear, 0]) - 0.06) / 0.02)
    skull = smooth_step((positions[:, 1] - 0.04) / 0.05) * smooth_step((0.04 - positions[:, 2]) / 0.06)
    changed[:, 1:] += higher * skull[:, None] * (positions[:, 1:] - (0.04, 0.0))
    return replace(head, template=changed)


def filmed_through(
    setup: Setup, head: HeadModel, canvas: Canvas, shot: LensScene, seed: int, frames: int = FRAMES
) -> tuple[Landmarks, float] | Failure:
    """Return the landmarks of a person who was filmed so, and the true focal length in pixels."""
    long_side = max(shot.width, shot.height)
    focal = focal_from_millimetres(shot.lens, FULL_FRAME, long_side)
    plan = person(
        head,
        seed,
        focal=focal / shot.width,
        width=shot.width,
        height=shot.height,
        frames=frames,
        rate=RATE,
        face_width=shot.face_width,
        canvas=canvas,
    )
    video: Path = setup.work / f"lens{seed}.mp4"
    truth = make_clip(unlike(head, seed), plan, video, setup.work / f"lens{seed}.npz")
    if isinstance(truth, Failure):
        return truth
    landmarks = find_landmarks(setup, video, "standard", Clock())
    return landmarks if isinstance(landmarks, Failure) else (landmarks, focal)
