"""Clips without pictures: a performance of the built-in head, its exact landmarks, and noise on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.camera import Intrinsics, project
from ...data.types import HeadPose, Landmarks, PersonMasks
from ...head.model import HeadModel
from ...head.skinning import select_frames
from ...sample.clip import FACE_WIDTH, FACING, PIVOT, head_rotations
from ...sample.motion import perform
from ...sample.people import random_identity
from ..chain import in_camera, surface_landmarks

WIDTH, HEIGHT = 640, 480
RATE: Final = Fraction(30)
YAW: Final = np.radians(30.0)
"""The head turns this far to either side."""
FACE_PIXELS: Final = 300.0
NOISE: Final = 1.0
OUTLIERS, OUTLIER_SIZE = 0.02, 20.0
"""Share of landmarks that are thrown off in each frame, and by how much (standard deviation per axis, pixels)."""


@dataclass(frozen=True)
class Scene:
    """What happens in T frames of a clip without pictures.

    Attributes:
        pose: Of the head.
        rotation, translation: Head to camera (T, 3, 3), (T, 3).
        intrinsics: Camera.
        points: Exact landmarks on the surface in camera axes (T, 478, 3).
        blink: True closing of left and right lids (T, 2).
        landmarks: What the fit is given: exact landmarks with noise and outliers.
    """

    pose: HeadPose
    rotation: Floats
    translation: Floats
    intrinsics: Intrinsics
    points: Floats
    blink: Floats
    landmarks: Landmarks


def scene(head: HeadModel, seed: int, frames: int, focal: float, yaw: float = YAW) -> Scene:
    """Return a talking, blinking, turning head that fills 300 pixels.

    Args:
        head: The built-in head.
        seed: Person, performance and noise.
        frames: T.
        focal: Focal length in picture widths.
        yaw: How far the head turns to either side, radians; at 0 it does not turn in any way.
    """
    camera = Intrinsics.centred(WIDTH, HEIGHT, focal * WIDTH)
    acted = perform(head, usual_size(head, random_identity(head, seed)), frames, float(RATE), seed)
    angles = acted.head_angles.copy()
    angles *= yaw / YAW
    angles[:, 0] *= yaw / max(float(np.abs(angles[:, 0]).max()), 1e-9)
    rotation = head_rotations(replace(acted, head_angles=angles))
    start = np.array([0.0, 0.0, camera.focal_x * FACE_WIDTH / FACE_PIXELS])
    translation = start + FACING @ PIVOT - rotation @ PIVOT + acted.head_shift
    points = in_camera(surface_landmarks(head, acted.pose), rotation, translation)
    landmarks = landmarks_of(noisy(project(points, camera), seed), camera)
    return Scene(acted.pose, rotation, translation, camera, points, acted.blink, landmarks)


_PER_FRAME: Final = ("frame_index", "time", "found", "points", "spread", "scores", "detection", "shot")


def landmarks_part(landmarks: Landmarks, frames: slice) -> Landmarks:
    """Return some of the frames, with their masks."""
    part = replace(landmarks, **{name: getattr(landmarks, name)[frames] for name in _PER_FRAME})
    masks = landmarks.masks
    if masks is None:
        return part
    here = np.arange(len(landmarks))[frames]
    in_range = np.isin(masks.frame, here)
    skin = None if masks.skin is None else masks.skin[in_range]
    frame = np.searchsorted(here, masks.frame[in_range])
    return replace(part, masks=PersonMasks(frame, masks.mask[in_range], masks.to_image[in_range], skin))


def scene_part(whole: Scene, frames: slice) -> Scene:
    """Return some of the frames."""
    return Scene(
        select_frames(whole.pose, frames),
        whole.rotation[frames],
        whole.translation[frames],
        whole.intrinsics,
        whole.points[frames],
        whole.blink[frames],
        landmarks_part(whole.landmarks, frames),
    )


def usual_size(head: HeadModel, identity: Floats) -> Floats:
    """Return the identity (I,) changed as little as possible so that its landmarks have the template's mean radius.

    One camera cannot tell a large head far away from a small one nearby, so people of another size than the template's
    would measure that and nothing else.
    """
    corners, barycentric = head.faces[head.landmarks.triangle], head.landmarks.barycentric
    template = np.einsum("nk,nkx->nx", barycentric, head.template[corners])
    modes = np.einsum("nk,nkxm->nxm", barycentric, head.identity_basis[corners])
    modes = modes - modes.mean(axis=0)
    template = template - template.mean(axis=0)
    wanted = np.linalg.norm(template, axis=1).mean()
    for _ in range(4):
        shaped = template + modes @ identity
        radius = np.linalg.norm(shaped, axis=1)
        gradient = np.einsum("nx,nxm->m", shaped / radius[:, None], modes) / len(shaped)
        identity = identity - gradient * (radius.mean() - wanted) / (gradient @ gradient)
    return identity


def noisy(pixels: NDArray[Any], seed: int) -> Floats:
    """Return landmarks (T, N, 2) with noise on all and a large error on a few."""
    random = np.random.default_rng(900 + seed)
    result = pixels + NOISE * random.standard_normal(pixels.shape)
    wrong = random.random(pixels.shape[:2]) < OUTLIERS
    result[wrong] += OUTLIER_SIZE * random.standard_normal((int(wrong.sum()), 2))
    return result


def landmarks_of(pixels: Floats, camera: Intrinsics) -> Landmarks:
    """Return pixels (T, 478, 2) as the stage Landmarks gives them, found in every frame, without scores and depth."""
    frames = len(pixels)
    points = np.concatenate([pixels, np.zeros((frames, pixels.shape[1], 1))], axis=2).astype(np.float32)
    return Landmarks(
        frame_index=np.arange(frames),
        time=np.arange(frames) / float(RATE),
        rate=RATE,
        width=camera.width,
        height=camera.height,
        found=np.ones(frames, dtype=np.bool_),
        points=points,
        spread=np.full(points.shape[:2], np.nan, dtype=np.float32),
        scores=np.full((frames, 52), np.nan, dtype=np.float32),
        detection=np.ones(frames, dtype=np.float32),
        shot=np.zeros(frames, dtype=np.int64),
        masks=None,
        source="exact, with noise",
        others=(),
        number=0,
        video={"name": "none"},
        metadata={},
        detected=False,
    )
