"""Fits the head inside of square crops with the research tracker's angle of view."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ..aligned.camera import square_camera
from ..aligned.crop import SEED_SCALE, SIZE, dlib68, ffhq_region
from ..contract.failure import Failure
from ..contract.settings import FitSettings
from ..head.model import Floats
from ..landmarks.crop import Picture, Region, inverse
from ..landmarks.face import Face
from ..parsing.parser import whole_square
from ..photo.fitting import Emit, landmarks_of, moved, silent_context
from ..regress.starts import best_fit, guessed_starts
from ..solve.fitting import fit as fit_landmarks
from ..stages.data import Camera
from .config import SeedConfig
from .dictionary import FittedCrop
from .parts import Parts

FITTED: Final = SIZE
"""Side in pixels of the crop in which the fit counts, whatever the size of the pictures."""


def aligned_region(points: Floats) -> Region:
    """Return the aligned square of version 1.01 around landmarks (478, 2 or more)."""
    return ffhq_region(dlib68(points), SEED_SCALE)


def fit_settings(config: SeedConfig) -> FitSettings:
    """Return the settings of the fit."""
    device = config.device.type if config.device.type in ("cuda", "mps") else "cpu"
    return FitSettings(device=device)


def chosen_gpu(config: SeedConfig) -> contextlib.AbstractContextManager[object]:
    """Return a context in which ``cuda`` is the GPU of that number which the configuration names."""
    return torch.cuda.device(config.device) if config.device.type == "cuda" else contextlib.nullcontext()


def fit_picture(
    picture: Picture, face: Face, parts: Parts, config: SeedConfig, *, realign: bool, emit: Emit | None = None
) -> FittedCrop | Failure:
    """Fit the head to one face, in the aligned square around it or in the picture as it is.

    `emit` hears which networks that guess the identity are not used.
    """
    aligned = aligned_region(face.points)
    fitted = aligned if realign else whole_square(picture)
    inside = moved(face, inverse(fitted.to_image(FITTED)))
    landmarks = landmarks_of([inside], FITTED, FITTED, source=parts.networks_source)
    camera = Camera(square_camera(FITTED).focal_x, "known")
    with tempfile.TemporaryDirectory() as work:
        context = silent_context(Path(work))
        telling = silent_context(Path(work), emit)
        starts = guessed_starts([(picture, face.points)], parts.head, parts.guesses, telling)
        settings = fit_settings(config)
        with chosen_gpu(config):
            fit = best_fit(parts.head, starts, lambda one: fit_landmarks(landmarks, one, camera, settings, context))
    if isinstance(fit, Failure):
        return fit
    return FittedCrop(
        picture=picture,
        fitted=fitted,
        aligned=aligned,
        points=np.asarray(face.points),
        scores=face.scores,
        pose=fit.pose,
        rotation=fit.rotation[0],
        translation=fit.translation[0],
    )
