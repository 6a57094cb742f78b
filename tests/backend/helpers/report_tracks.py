"""A made track whose landmarks are exactly known, for the tests of the report."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from backend.contract.camera import Intrinsics, axis_angles
from backend.contract.names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from backend.contract.track import TRACKED, Track, header_of

FRAMES, WIDTH, HEIGHT, FOCAL = 20, 161, 121, 200.0
FACING = np.diag([1.0, -1.0, -1.0])
EYES = 0.06
"""Metres from eye to eye."""


def places_of_a_flat_face() -> np.ndarray:
    """Landmarks (478, 3) of a flat face: eyes 60 mm apart, lids 10 mm apart, lips closed, the rest on a ring."""
    angle = np.linspace(0, 2 * math.pi, 478, endpoint=False)
    places = np.stack([0.07 * np.cos(angle), 0.09 * np.sin(angle), np.zeros(478)], axis=1)
    eyes = ((RIGHT_EYE_UPPER, RIGHT_EYE_LOWER, -1), (LEFT_EYE_UPPER, LEFT_EYE_LOWER, 1))
    for upper, lower, side in eyes:
        for row, height in ((upper, 0.005), (lower, -0.005)):
            for step, landmark in enumerate(row):
                outwards = 0.012 - 0.024 * step / (len(row) - 1)
                places[landmark] = [side * (EYES / 2 + outwards), 0.03 + height * (0 < step < len(row) - 1), 0]
    for upper, lower in zip(INNER_LIPS_UPPER, INNER_LIPS_LOWER, strict=True):
        places[upper] = places[lower] = [0.0, -0.04, 0]
    return places


def a_track(frames: int = FRAMES) -> Track:
    """Every landmark is a small triangle of its own, so that its place is exactly known. The head stands 0.6 m away."""
    size = 0.003
    corners = np.array([[-size, -size, 0], [size, -size, 0], [0, 2 * size, 0]])
    neutral = (places_of_a_flat_face()[:, None] + corners).reshape(-1, 3).astype(np.float32)
    count = len(neutral)
    still = np.zeros((frames, 3))
    faces = np.arange(count, dtype=np.int32).reshape(-1, 3)
    header = header_of(
        program_version="1",
        intrinsics=Intrinsics.centred(WIDTH, HEIGHT, FOCAL),
        rate=Fraction(25),
        focal={"source": "estimated", "uncertainty": 0.05},
        model={"name": "Flat face", "licence": "none"},
        expression_names=("smile",),
        regions={},
        video={"name": "clip é.mp4"},
        settings={"fit": {}},
        report={"shots": 1, "face": 0, "others": [{"number": 1}], "fit": {"iterations": 3}},
    )
    return Track(
        frame_index=np.arange(frames),
        time=np.arange(frames) / 25,
        shot=np.zeros(frames, np.int64),
        status=np.full(frames, TRACKED, np.int8),
        confidence=np.full(frames, 0.9, np.float32),
        reprojection_error=np.full(frames, 0.5, np.float32),
        head_rotation=np.tile(axis_angles(FACING), (frames, 1)),
        head_translation=still + np.array([0, 0, 0.6]),
        neck_pose=still,
        jaw_pose=still + np.array([math.radians(5), 0, 0]),
        left_eye_pose=still,
        right_eye_pose=still,
        eyelids=np.zeros((frames, 2)),
        expression=np.zeros((frames, 1)),
        vertices=np.tile(neutral, (frames, 1, 1)),
        landmarks=np.full((frames, 478, 2), 60, np.float32),
        landmark_visibility=np.ones((frames, 478), np.float32),
        scores=np.full((frames, 52), np.nan, np.float32),
        identity=np.zeros(1),
        neutral_vertices=neutral,
        faces=faces,
        uv=np.zeros((3, 2), np.float32),
        uv_faces=np.zeros_like(faces),
        expression_basis=np.zeros((count, 3, 1), np.float32),
        pose_correctives=np.zeros((count, 3, 36), np.float32),
        joints=np.zeros((5, 3)),
        joint_parents=np.array([-1, 0, 1, 1, 1], np.int32),
        skinning_weights=np.ones((count, 5), np.float32) / 5,
        landmark_triangle=np.arange(478, dtype=np.int32),
        landmark_barycentric=np.full((478, 3), 1 / 3, np.float32),
        landmark_offsets=np.zeros((478, 3), np.float32),
        header=header,
    )
