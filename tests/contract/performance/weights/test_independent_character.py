"""A real phone's weights on a character whose shapes are not ours, found again from the mesh that they make."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from makehuman import needs_makehuman, read_makehuman

from backend.contract import names
from backend.contract.arrays import Array
from backend.contract.camera import Intrinsics
from backend.contract.failure import Failure
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.formats.reading import read_performance
from backend.contract.performance.gaze import COLUMNS, gaze_of
from backend.contract.performance.performance import GEOMETRY
from backend.contract.performance.weights.basis import JAW_OPEN
from backend.contract.performance.weights.from_track import performance_of
from backend.contract.track import TRACKED, Track, header_of

TAKE = Path(__file__).resolve().parents[5] / "shared" / "data" / "retarget" / "livelink_take.csv"
RATE = 30


def character_shapes() -> tuple[Array, Array]:
    """The character at rest (V, 3) and its 52 shapes (V, 3, 52), metres, of the vertices that any of them moves."""
    character = read_makehuman()
    shapes = np.stack([character.offsets(channel) for channel in CHANNELS], axis=2)
    moved = np.abs(shapes).max(axis=(1, 2)) > 0
    return character.vertices[moved], shapes[moved]


HEADER = header_of(
    program_version="",
    intrinsics=Intrinsics.centred(640, 480, 800.0),
    rate=Fraction(RATE),
    focal={},
    model={},
    expression_names=CHANNELS,
    regions={},
    video={},
    settings={},
    report={},
)


def played(weights: Array, neutral: Array, shapes: Array) -> Track:
    """A track of the character that plays weights (T, 52); jaw and eyes turn as joints, nothing is known of lids."""
    frames, vertices = len(weights), len(neutral)
    of_shapes = shapes.copy()
    of_shapes[..., [INDEX["jawOpen"], *COLUMNS.ravel()]] = 0
    gaze = gaze_of(weights[:, COLUMNS])
    eyes = np.stack([gaze[..., 1], -gaze[..., 0], np.zeros((frames, 2))], axis=2)
    jaw = weights[:, INDEX["jawOpen"], None] * np.array([JAW_OPEN, 0, 0])
    unknown = np.full((frames, names.LANDMARKS, 2), np.nan, dtype=np.float32)
    return Track(
        frame_index=np.arange(frames),
        time=np.arange(frames) / RATE,
        shot=np.zeros(frames, np.int64),
        status=np.full(frames, TRACKED, np.int8),
        confidence=np.ones(frames, np.float32),
        reprojection_error=np.zeros(frames, np.float32),
        head_rotation=np.tile([np.pi, 0, 0], (frames, 1)),
        head_translation=np.tile([0, 0, 1.0], (frames, 1)),
        neck_pose=np.zeros((frames, 3)),
        jaw_pose=jaw,
        left_eye_pose=eyes[:, 0],
        right_eye_pose=eyes[:, 1],
        eyelids=np.zeros((frames, 2)),
        expression=weights,
        vertices=np.zeros((frames, vertices, 3), np.float32),
        landmarks=unknown,
        landmark_visibility=unknown[..., 0],
        scores=np.full((frames, len(names.MEDIAPIPE_SCORES)), np.nan, np.float32),
        identity=np.zeros(1),
        neutral_vertices=neutral.astype(np.float32),
        faces=np.zeros((1, 3), np.int32),
        uv=np.zeros((0, 2), np.float32),
        uv_faces=np.zeros((1, 3), np.int32),
        expression_basis=of_shapes.astype(np.float32),
        pose_correctives=np.zeros((vertices, 3, 36), np.float32),
        joints=np.zeros((5, 3)),
        joint_parents=np.array(names.JOINT_PARENTS),
        skinning_weights=np.eye(5, dtype=np.float32)[np.zeros(vertices, int)],
        landmark_triangle=np.full(names.LANDMARKS, -1, np.int32),
        landmark_barycentric=np.zeros((names.LANDMARKS, 3), np.float32),
        landmark_offsets=np.zeros((names.LANDMARKS, 3), np.float32),
        header=HEADER,
    )


@needs_makehuman
@pytest.mark.skipif(not TAKE.exists(), reason="the phone's take is not here")
def test_a_phones_weights_are_found_again_from_the_mesh_that_they_make() -> None:
    take = read_performance(TAKE)
    assert not isinstance(take, Failure)
    wanted = np.clip(np.nan_to_num(take.weights[:300]), 0, 1)
    neutral, shapes = character_shapes()
    solved = performance_of(played(wanted, neutral, shapes))
    assert not isinstance(solved, Failure)
    missed = np.nan_to_num(solved.performance.weights) - wanted
    assert np.sqrt(np.mean(missed**2)) < 0.015
    assert np.sqrt(np.mean(missed**2, axis=0)).max() < 0.04
    error = np.linalg.norm(np.einsum("vci,ti->tvc", shapes, missed), axis=2)
    assert np.sqrt(np.mean(error**2)) < 0.1e-3, "the character's vertices, metres"
    # Where nothing says where the lids' edges lie, the shape of the face tells the blinks.
    assert solved.performance.source[INDEX["eyeBlinkLeft"]] == GEOMETRY
