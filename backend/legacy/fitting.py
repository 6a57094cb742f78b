"""Fit of the head inside of square crops that have an angle of view of their own, as the research tracker does."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure
from ..contract.settings import FitSettings
from ..data.types import Camera, Fit
from ..fit.fitting import fit as fit_landmarks
from ..fit.refit import refitted
from ..landmarks.aligned_crop import SIZE, dlib68, ffhq_region
from ..landmarks.crop import Region, inverse
from ..landmarks.crop_camera import angle_of_view, square_camera
from ..landmarks.face import Face
from ..parsing.parser import whole_square
from ..photo.fitting import Emit, landmarks_of, moved, silent_context
from ..regress.starts import best_fit, guessed_starts
from .config import LegacyConfig
from .dictionary_v1 import FittedCrop
from .parts import Parts
from .previous_result import PreviousResult

FITTED: Final = SIZE
"""Side in pixels of the crop in which the fit counts, whatever the size of the pictures."""


def aligned_region(points: Floats, config: LegacyConfig) -> Region:
    """Return the aligned square around landmarks (478, 2 or more), as wide as the version has it."""
    return ffhq_region(dlib68(points[:, :2]), config.version.crop_scale)


def crop_camera(config: LegacyConfig) -> Camera:
    """Return what is known of the camera of the crops."""
    focal = square_camera(FITTED, config.degrees).focal_x
    return Camera(None, "estimated", guess=focal) if config.free_angle else Camera(focal, "known")


def fitted_angle(fit: Fit, config: LegacyConfig) -> float:
    """Return the angle of view of the crops of a fit, in degrees."""
    return angle_of_view(fit.intrinsics) if config.free_angle else config.degrees


def fit_settings(config: LegacyConfig) -> FitSettings:
    """Return the settings of the fit."""
    device = config.device.type if config.device.type in ("cuda", "mps") else "cpu"
    return FitSettings(device=device)


def chosen_gpu(config: LegacyConfig) -> contextlib.AbstractContextManager[object]:
    """Return a context in which ``cuda`` is the GPU of that number which the configuration names."""
    return torch.cuda.device(config.device) if config.device.type == "cuda" else contextlib.nullcontext()


def fit_picture(
    picture: Picture,
    face: Face,
    parts: Parts,
    config: LegacyConfig,
    *,
    realign: bool,
    previous: PreviousResult | None = None,
    emit: Emit | None = None,
) -> FittedCrop | Failure:
    """Fit the head to one face, in the aligned square around it or in the picture as it is.

    Args:
        picture, face, parts, config: What is fitted and how.
        realign: Whether in the aligned square.
        previous: The head on the picture before, where the fit shall begin with it.
        emit: Hears which networks that guess the identity are not used.
    """
    aligned = aligned_region(face.points, config)
    fitted = aligned if realign else whole_square(picture)
    inside = moved(face, inverse(fitted.to_image(FITTED)))
    landmarks = landmarks_of([inside], FITTED, FITTED, source=parts.networks_source)
    camera, settings = crop_camera(config), fit_settings(config)
    with tempfile.TemporaryDirectory() as work, chosen_gpu(config):
        context = silent_context(Path(work))
        if previous is not None and camera.focal is not None:
            start = previous.as_fit(landmarks, parts.head, camera.focal, settings)
            fit = refitted(start, parts.head, camera.focal, 0.0)
        else:
            telling = silent_context(Path(work), emit)
            starts = guessed_starts([(picture, face.points)], parts.head, parts.guesses, telling)
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
        degrees=fitted_angle(fit, config),
        fit=fit,
    )
