"""Clips of the built-in head with exact landmarks, made with the engine's own skinning but without the solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from backend.contract import names
from backend.contract.camera import Intrinsics, project, rotation_matrices
from backend.contract.settings import FitSettings
from backend.data.context import Context
from backend.data.fit_report import FitReport
from backend.data.types import Fit, HeadPose, Landmarks
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.terms.priors import relative_scale
from backend.head.builtin import builtin_head
from backend.head.builtin.identity import identity_names
from backend.head.model import HeadModel
from backend.head.skinning import pose_vertices
from backend.sample.people import DRAWN_MODES

LOOKS_AT_CAMERA = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class MadeClip:
    """A clip and its truth; `vertices` (T, V, 3) in head space."""

    head: HeadModel
    landmarks: Landmarks
    intrinsics: Intrinsics
    pose: HeadPose
    rotation: np.ndarray
    translation: np.ndarray
    vertices: np.ndarray

    def in_camera(self, vertices: np.ndarray, frame: int) -> np.ndarray:
        """Vertices of a frame in camera axes."""
        return vertices @ self.rotation[frame].T + self.translation[frame]


def context(tmp_path: Path) -> Context:
    """A context that listens to nobody."""
    return Context("fit", lambda event: None, lambda: False, tmp_path, tmp_path)


def made_clip(
    frames: int = 40,
    *,
    yaw: float = 0.5,
    focal: float = 1400.0,
    noise: float = 0.0,
    blink_at: int | None = None,
    looks: Mapping[str, float] | None = None,
) -> MadeClip:
    """Return a person who talks, looks around and turns the head, 0.75 m away; `looks` are identity modes by name."""
    # Exact landmarks lie on their places, not where a detector would see them.
    head = replace(builtin_head(), detector_offsets=None)
    generator = np.random.default_rng(5)
    times = np.arange(frames) / 30
    pose = _talking(head, times, generator, blink_at)
    for name, value in (looks or {}).items():
        pose.identity[identity_names().index(name)] += value
    swing = np.stack([0.1 * np.sin(2 * times), yaw * np.sin(1.5 * times), 0.05 * np.sin(times)], axis=1)
    rotation = LOOKS_AT_CAMERA @ rotation_matrices(swing)
    translation = np.stack([0.03 * np.sin(times), 0.02 * np.cos(times), 0.75 + 0.02 * np.sin(times)], axis=1)
    vertices = pose_vertices(head, pose)
    corners = head.faces[head.landmarks.triangle]
    places = np.einsum("nk,tnkc->tnc", head.landmarks.barycentric, vertices[:, corners])
    intrinsics = Intrinsics.centred(640, 480, focal)
    pixels = project(places @ np.swapaxes(rotation, 1, 2) + translation[:, None], intrinsics)
    pixels = pixels + generator.normal(scale=noise, size=pixels.shape) if noise else pixels
    landmarks = made_landmarks(pixels, times)
    return MadeClip(head, landmarks, intrinsics, pose, rotation, translation, vertices)


def made_fit(
    landmarks: Landmarks,
    intrinsics: Intrinsics,
    pose: HeadPose,
    rotation: np.ndarray,
    translation: np.ndarray,
    status: np.ndarray,
) -> Fit:
    """What the solver would say of a clip whose truth is known."""
    frames = len(status)
    return Fit(
        landmarks=landmarks,
        intrinsics=intrinsics,
        focal_source="known",
        focal_uncertainty=0.0,
        pose=pose,
        rotation=rotation,
        translation=translation,
        status=status,
        confidence=np.ones(frames),
        reprojection_error=np.zeros(frames),
        visibility=np.ones((frames, names.LANDMARKS), np.float32),
        landmark_offsets=np.zeros((names.LANDMARKS, 3)),
        report=FitReport(),
        settings=FitSettings(),
    )


def _talking(head: HeadModel, times: np.ndarray, generator: np.random.Generator, blink_at: int | None) -> HeadPose:
    identity = np.zeros(head.identity_basis.shape[2])
    identity[:DRAWN_MODES] = 0.7 * generator.normal(size=DRAWN_MODES)
    grows = relative_scale(_points(head)).numpy()
    identity -= grows * (grows @ identity) / (grows @ grows)  # one camera cannot see how large a head is
    expression = np.zeros((len(times), len(head.expression_names)))

    def shape(name: str) -> int:
        return head.expression_names.index(name)

    smile = 0.4 + 0.3 * np.sin(3 * times)
    expression[:, shape("mouthSmileLeft")] = expression[:, shape("mouthSmileRight")] = smile
    expression[:, shape("browInnerUp")] = 0.3 + 0.3 * np.sin(2.2 * times)
    if blink_at is not None:
        closing = np.clip(1 - np.abs(np.arange(len(times)) - blink_at) / 3, 0, 1)
        expression[:, shape("eyeBlinkLeft")] = expression[:, shape("eyeBlinkRight")] = closing
    zero = np.zeros_like(times)
    jaw = np.stack([0.12 + 0.1 * np.sin(9 * times), zero, zero], axis=1)
    gaze = np.stack([0.05 * np.sin(times), 0.2 * np.sin(1.3 * times), zero], axis=1)
    neck = np.zeros((len(times), 3))
    return HeadPose(identity, expression, neck, jaw, gaze, gaze, np.zeros((len(times), 2)))


def _points(head: HeadModel):
    import torch

    return landmark_model(head, torch.float64, torch.device("cpu"))


def made_landmarks(pixels: np.ndarray, times: np.ndarray) -> Landmarks:
    """Landmarks (T, 478, 2) as the detector would tell of a film of 640 x 480 pixels."""
    frames = len(times)
    depth = np.zeros((frames, names.LANDMARKS, 1))
    return Landmarks(
        frame_index=np.arange(frames),
        time=times,
        rate=Fraction(30),
        width=640,
        height=480,
        found=np.ones(frames, dtype=bool),
        points=np.concatenate([pixels, depth], axis=2).astype(np.float32),
        spread=np.zeros((frames, names.LANDMARKS), dtype=np.float32),
        scores=np.full((frames, 52), np.nan, dtype=np.float32),
        detection=np.ones(frames, dtype=np.float32),
        shot=np.zeros(frames, dtype=np.int64),
        masks=None,
        source="made",
        others=(),
        number=0,
        video={},
        metadata={},
        detected=False,
    )
