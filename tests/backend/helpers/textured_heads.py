"""Pictures of made heads with blotches, fits that are turned away from them, and the problem of turning them back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from synthetic_clips import MadeClip

from backend.appearance.key_frame_solve import PhotometricProblem, picture_columns
from backend.appearance.pictures.view import FeatureMaker, View
from backend.appearance.terms.photometric_term import PhotometricTuning
from backend.contract.camera import Intrinsics, rotation_matrices
from backend.contract.settings import FitSettings
from backend.data.fit_report import FitReport
from backend.data.landmark_distance import eye_distance
from backend.data.types import Fit
from backend.fit.conversion import to_state
from backend.fit.evidence.observations import observe
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import Frames, Shared
from backend.fit.geometry.surface_samples import choose_samples, sample_model
from backend.fit.options.weights import Tuning
from backend.fit.solvers.identity import IdentityProblem
from backend.fit.terms.priors import LOCKED, frame_prior, shared_prior, with_free_rigid_offset
from backend.head.model import HeadModel
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer


def textured_pictures(clip: MadeClip, frames: np.ndarray) -> list[View]:
    """Pictures of a head with blotches of 3 to 8 mm, lit from above."""
    random = np.random.default_rng(3)
    position = clip.head.template
    waves = random.normal(size=(60, 3)) * 700
    blotch = 0.04 * np.sin(position @ waves.T + random.uniform(0, 6, 60)).sum(axis=1) / 3
    camera = Intrinsics.centred(640, 480, clip.intrinsics.focal_x)
    views = []
    for frame in frames:
        vertices = clip.in_camera(clip.vertices[frame], frame)
        raster = NumbaRasterizer(threads=1).rasterize(vertices, clip.head.faces, camera)
        light = 0.15 * vertex_normals(vertices, clip.head.faces)[:, 1]
        shown = raster.interpolate((4.5 + blotch + light)[:, None], clip.head.faces)[..., 0]
        image = np.where(raster.ids >= 0, shown, 3.0).astype(np.float32)
        views.append(View(image, np.ones(2), np.array([camera.centre_x, camera.centre_y])))
    return views


def as_fit(clip: MadeClip, turn: np.ndarray) -> Fit:
    """A fit that has the head turned by a constant about a point between the ears, and all else right."""
    centre = np.array([0.0, 0.0, 0.02])
    rotation = clip.rotation @ rotation_matrices(turn)
    translation = clip.translation + clip.rotation @ centre - rotation @ centre
    count = len(clip.rotation)
    return Fit(
        landmarks=clip.landmarks,
        intrinsics=clip.intrinsics,
        focal_source="known",
        focal_uncertainty=0.0,
        pose=clip.pose,
        rotation=rotation,
        translation=translation,
        status=np.full(count, 2, dtype=np.int8),
        confidence=np.ones(count),
        reprojection_error=np.zeros(count),
        visibility=np.ones((count, 478), dtype=np.float32),
        landmark_offsets=np.zeros((478, 3)),
        report=FitReport(),
        settings=FitSettings(),
    )


def problem_of(
    clip: MadeClip, fit: Fit, frames: np.ndarray, dtype: torch.dtype = torch.float32
) -> tuple[PhotometricProblem, Shared, Frames]:
    """The joint problem of some frames, with landmarks that count next to nothing."""
    head: HeadModel = clip.head
    tuning = replace(Tuning(), evidence=1e-4)
    model = landmark_model(head, dtype, torch.device("cpu"))
    shared, state = to_state(fit, model, frames, None)
    size = eye_distance(model.template.numpy()[None])[0] / np.exp(state.position[:, 2].numpy())
    points = clip.landmarks
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    observations = observe(points.points[frames], points.scores[frames], centre, size, model, tuning)
    prior = shared_prior(model, tuning, log_focal=float(shared.log_focal), focal_sigma=LOCKED, offsets=True)
    mean = prior.dense_mean.clone()
    mean[:-1] = shared.identity
    held = torch.diag(torch.full((model.identity_modes,), 1e4)).to(prior.dense_precision)
    precision = prior.dense_precision.clone()
    precision[:-1, :-1] = held
    prior = with_free_rigid_offset(replace(prior, dense_mean=mean, dense_precision=precision), model, 0.07, 0.003)
    landmarks = IdentityProblem(model, observations, frame_prior(model, tuning, neck_free=False), prior, tuning)
    samples = choose_samples(head, 1000)
    maker, views = FeatureMaker(head, samples), textured_pictures(clip, frames)
    points = sample_model(head, samples, model)
    problem = PhotometricProblem(landmarks, points, head, maker, views, PhotometricTuning(), picture_columns(points))
    return problem, shared, state
