"""Tracks without footage of a head that makes known ARKit weights, and the weights of a phone's take."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.camera import Intrinsics, axis_angles
from ...contract.failure import Failure
from ...contract.performance.channels import CHANNELS, INDEX
from ...contract.performance.formats.reading import read_performance
from ...contract.performance.gaze import COLUMNS, gaze_of
from ...contract.performance.weights.basis import JAW_OPEN
from ...contract.performance.weights.from_track import FACING
from ...contract.track import HEAD, NECK_TURNS, TRACKED, Track, header_of
from ...data.types import HeadPose
from ...head.model import HeadModel
from ...head.skinning import pose_vertices, rest_joints, shaped_template

TAKE: Final = Path("retarget") / "livelink_take.csv"
"""In the shared data: 1,499 frames of a real take of Live Link Face, 30 frames/s."""
TAKE_RATE: Final = Fraction(30)


def take_weights(path: Path) -> Floats:
    """Return the weights (T, 52) of a take of Live Link Face, in the order of `CHANNELS`."""
    take = read_performance(path)
    assert not isinstance(take, Failure), take
    return take.weights


def arkit_channel(name: str) -> str | None:
    """Return the channel of one of ICT-FaceKit's shapes: of two sides where ARKit has one both belong to it."""
    sided = re.sub("_R$", "Right", re.sub("_L$", "Left", name))
    return next((channel for channel in (sided, name.removesuffix("_L").removesuffix("_R")) if channel in INDEX), None)


def single_channels() -> Floats:
    """Return weights (T, 52) in which each channel rises to 1 and falls in nine frames, in turn.

    mouthClose closes the lips over a jaw that is open as far: by itself it stands for nothing that a face can do.
    """
    rise = np.array([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0])
    weights = np.asarray(np.kron(np.eye(len(CHANNELS)), rise[:, None]), dtype=np.float64)
    weights[:, INDEX["jawOpen"]] += weights[:, INDEX["mouthClose"]]
    return weights


def pose_of_weights(
    head: HeadModel, weights: Floats, expression: Floats | None = None, jaw_open: float = JAW_OPEN
) -> HeadPose:
    """Return the pose of a head's mean person that makes weights (T, 52).

    Args:
        head: Any.
        weights: Of all channels.
        expression: The head's own coefficients for them (T, E); where None its expressions are ARKit's.
        jaw_open: Turn of its jaw at jawOpen 1, radians.
    """
    frames = len(weights)
    gaze = gaze_of(weights[:, COLUMNS])
    eyes = np.stack([gaze[..., 1], -gaze[..., 0], np.zeros((frames, 2))], axis=2)
    jaw = np.zeros((frames, 3))
    jaw[:, 0] = jaw_open * weights[:, INDEX["jawOpen"]]
    if expression is None:
        expression = weights[:, [INDEX[name] for name in head.expression_names]]
    return HeadPose(
        identity=np.zeros(head.identity_basis.shape[2]),
        expression=expression,
        neck=np.zeros((frames, 3)),
        jaw=jaw,
        left_eye=eyes[:, 0],
        right_eye=eyes[:, 1],
        eyelids=np.zeros((frames, 2)),
    )


def track_of_pose(head: HeadModel, pose: HeadPose, rate: Fraction = TAKE_RATE) -> Track:
    """Return the track of a head that looks into the camera half a metre away, with nothing detected."""
    frames, landmarks = len(pose), head.landmarks
    nothing = np.full((frames, 478), np.nan, dtype=np.float32)
    return Track(
        frame_index=np.arange(frames),
        time=np.arange(frames) / float(rate),
        shot=np.zeros(frames, dtype=np.int64),
        status=np.full(frames, TRACKED, dtype=np.int8),
        confidence=np.ones(frames, dtype=np.float32),
        reprojection_error=np.zeros(frames, dtype=np.float32),
        head_rotation=np.tile(axis_angles(FACING), (frames, 1)),
        head_translation=np.tile([0.0, 0.0, 0.5], (frames, 1)),
        neck_pose=pose.neck,
        jaw_pose=pose.jaw,
        left_eye_pose=pose.left_eye,
        right_eye_pose=pose.right_eye,
        eyelids=pose.eyelids,
        expression=pose.expression,
        vertices=pose_vertices(head, pose, dtype=np.float32),
        landmarks=np.stack([nothing, nothing], axis=2),
        landmark_visibility=nothing,
        scores=np.full((frames, 52), np.nan, dtype=np.float32),
        identity=pose.identity,
        neutral_vertices=shaped_template(head, pose.identity).astype(np.float32),
        faces=head.faces.astype(np.int32),
        uv=head.uv.astype(np.float32),
        uv_faces=head.uv_faces.astype(np.int32),
        expression_basis=head.expression_basis.astype(np.float32),
        pose_correctives=head.pose_correctives.astype(np.float32),
        joints=rest_joints(head, pose.identity),
        joint_parents=head.joint_parents.astype(np.int32),
        skinning_weights=head.skinning_weights.astype(np.float32),
        landmark_triangle=np.where(landmarks.known, landmarks.triangle, -1).astype(np.int32),
        landmark_barycentric=landmarks.barycentric.astype(np.float32),
        landmark_offsets=np.zeros((478, 3), dtype=np.float32),
        header=_header(head, rate),
    )


def _header(head: HeadModel, rate: Fraction) -> dict[str, Any]:
    header = header_of(
        program_version="none",
        intrinsics=Intrinsics.centred(640, 480, 700.0),
        rate=rate,
        focal={"source": "known", "uncertainty": 0.0},
        model=head.summary(),
        expression_names=head.expression_names,
        regions=head.regions,
        video={"name": "known weights"},
        settings={},
        report={},
    )
    return {**header, NECK_TURNS: HEAD}
