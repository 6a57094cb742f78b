"""Measures where MediaPipe's landmarks lie on the built-in head, on painted people.

A landmark's place on the head is where MediaPipe's own mesh has it; what the networks answer lies some millimetres
beside it (contour, nose tip, upper lids), in the same way for everybody. `make_detector_turns` and
`make_detector_motions` make the tables of the other two.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from backend.contract import names
from backend.contract.arrays import Floats, Integers
from backend.contract.camera import project
from backend.contract.failure import Failure
from backend.contract.settings import FaceSettings, LandmarkSettings, VideoSettings
from backend.data.context import Context
from backend.data.landmark_mirror import mirror_table
from backend.data.types import Landmarks
from backend.fit.geometry.landmark_model import FACING_LIPS
from backend.head.model import HeadModel
from backend.raster.normals import vertex_normals
from backend.sample.clip import Truth
from backend.stages import landmarks as landmark_stage
from backend.stages import video as video_stage

FIRST_SEED: Final = 100
"""Far from the seeds of the benchmark, which must not be measured on its own people."""
RATE: Final = Fraction(4)
TEXTURE_SIZE: Final = 512
_FACING: Final = (0.2, 0.6)
"""Cosine between normal and view from which a landmark counts, and at which it counts fully."""
_PRIOR: Final = 2.0
"""Frames' worth of evidence for no offset: directions that no frame shows stay at zero."""


def detector_offsets(head: HeadModel, truth: Truth, landmarks: Landmarks) -> Floats:
    """Return the offsets (478, 3), metres in head axes, that explain one clip's landmarks best, its truth known."""
    detected = np.flatnonzero(landmarks.found)
    rotation = truth.head_rotation[detected]
    error, camera = errors_across(head, truth, landmarks, detected)
    facing = facing_camera(head, truth, rotation, camera)
    visibility = np.clip((facing - _FACING[0]) / (_FACING[1] - _FACING[0]), 0, 1)
    across = rotation[:, :2]
    normal_matrix = np.einsum("tn,tai,taj->nij", visibility, across, across) + _PRIOR * np.eye(3)
    right = np.einsum("tn,tai,tna->ni", visibility, across, error)
    return np.linalg.solve(normal_matrix, right[..., None])[..., 0]


def errors_across(head: HeadModel, truth: Truth, landmarks: Landmarks, frames: Integers) -> tuple[Floats, Floats]:
    """Return how far beside their places landmarks are seen in F frames, and these places.

    Returns:
        Across the view at the places' depth (F, 478, 2), metres; places in camera axes (F, 478, 3).
    """
    corners = head.faces[head.landmarks.triangle]
    vertices = truth.vertices[frames][:, corners].astype(np.float64)
    positions = np.einsum("nk,tnkc->tnc", head.landmarks.barycentric, vertices)
    camera = np.einsum("tij,tnj->tni", truth.head_rotation[frames], positions) + truth.head_translation[frames, None]
    error = landmarks.points[frames, :, :2] - project(camera, truth.intrinsics)
    return error * camera[..., 2:] / truth.intrinsics.focal_x, camera


def facing_camera(head: HeadModel, truth: Truth, rotation: Floats, positions: Floats) -> Floats:
    """Return the cosine (F, 478) between the surface's normals at rest and the view.

    Args:
        head, truth: Who is filmed.
        rotation: Head to camera (F, 3, 3).
        positions: Of the landmarks in camera axes (F, 478, 3).
    """
    corners = head.faces[head.landmarks.triangle]
    at_vertices = vertex_normals(truth.neutral_vertices, head.faces)
    normals = np.einsum("nk,nkc->nc", head.landmarks.barycentric, at_vertices[corners])
    return -(np.einsum("tij,nj->tni", rotation, normals) * positions).sum(-1) / np.linalg.norm(positions, axis=-1)


def landmarks_of(clip: Path, task: Path, work: Path) -> Landmarks | Failure:
    """Return the landmarks and scores of a clip.

    Args:
        clip: The video.
        task: ``face_landmarker.task``.
        work: Folder for temporary files.
    """
    context = Context("measure", lambda event: None, lambda: False, work / "chunks", work)
    video = video_stage.run(VideoSettings(path=str(clip)), context)
    if isinstance(video, Failure):
        return video
    settings = LandmarkSettings(task_file=str(task), person_mask=False)
    return landmark_stage.run(video, FaceSettings(), settings, context)


def symmetric(offsets: Floats) -> Floats:
    """Return offsets (478, 3) averaged with their mirror image; the irises, which show the gaze, have none."""
    mirrored = offsets[mirror_table()] * [-1.0, 1.0, 1.0]
    result = (offsets + mirrored) / 2
    result[names.FACE_LANDMARKS :] = 0.0
    return result


def meeting(offsets: Floats) -> Floats:
    """Return offsets (478, 3) that do not part the edges of the lips, which touch at rest.

    What is seen of open mouths says nothing of closed ones, and the slit hides its edges.
    """
    result = offsets.copy()
    upper, lower = np.array(FACING_LIPS).T
    result[upper] = result[lower] = (offsets[upper] + offsets[lower]) / 2
    return result
