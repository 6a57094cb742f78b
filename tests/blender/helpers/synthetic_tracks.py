"""Tracks without an engine: a ball with a nose, two eyeballs and a moving mouth, in front of any camera."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.track import TRACKED, Track, header_of

FULL_SIZE = 5023
"""Vertices of a FLAME head."""


def ball(rings: int, segments: int, radius: float, centre: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of a sphere."""
    polar = np.linspace(0, np.pi, rings + 2)[1:-1]
    around = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    grid = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(around),
            np.sin(polar)[:, None] * np.sin(around),
            np.cos(polar)[:, None] * np.ones(segments),
        ],
        axis=-1,
    ).reshape(-1, 3)
    vertices = np.concatenate([grid, [[0, 0, 1], [0, 0, -1]]]) * radius + centre
    top, bottom = len(grid), len(grid) + 1
    faces = []
    for segment in range(segments):
        following = (segment + 1) % segments
        faces.append((top, segment, following))
        for ring in range(rings - 1):
            a, b = ring * segments + segment, ring * segments + following
            faces += [(a, a + segments, b), (b, a + segments, b + segments)]
        last = (rings - 1) * segments
        faces.append((bottom, last + following, last + segment))
    return vertices, np.array(faces)


def make_track(
    frames: int = 12,
    *,
    full_size: bool = False,
    intrinsics: Intrinsics | None = None,
    rate: Fraction = Fraction(25),
    frame_index: np.ndarray | None = None,
    time: np.ndarray | None = None,
    status: np.ndarray | None = None,
    video: dict[str, Any] | None = None,
    seed: int = 0,
) -> Track:
    """A track with every frame different; 5023 vertices where `full_size`."""
    random = np.random.default_rng(seed)
    vertices, faces, regions = _head(full_size)
    frame_index = np.arange(frames) if frame_index is None else np.asarray(frame_index)
    moving = vertices + 0.004 * random.standard_normal((frames, len(vertices), 3))
    phase = np.linspace(0, 2 * np.pi, frames)
    # A head turned by half a turn, so that the camera sees its face, and then some.
    rotation = np.stack([np.pi + 0.4 * np.sin(phase), 0.3 * np.cos(phase), 0.2 * np.sin(2 * phase)], axis=1)
    translation = np.stack([0.05 * np.sin(phase), 0.03 * np.cos(phase), 0.6 + 0.1 * np.sin(phase)], axis=1)
    return Track(
        frame_index=frame_index,
        time=frame_index / float(rate) if time is None else np.asarray(time),
        shot=np.zeros(frames, dtype=np.int64),
        status=np.full(frames, TRACKED, dtype=np.int8) if status is None else np.asarray(status, dtype=np.int8),
        confidence=np.ones(frames, dtype=np.float32),
        reprojection_error=np.ones(frames, dtype=np.float32),
        head_rotation=rotation,
        head_translation=translation,
        neck_pose=np.zeros((frames, 3)),
        jaw_pose=np.zeros((frames, 3)),
        left_eye_pose=np.zeros((frames, 3)),
        right_eye_pose=np.zeros((frames, 3)),
        eyelids=np.zeros((frames, 2)),
        expression=np.zeros((frames, 1)),
        vertices=moving.astype(np.float32),
        landmarks=np.full((frames, 478, 2), np.nan, dtype=np.float32),
        landmark_visibility=np.zeros((frames, 478), dtype=np.float32),
        scores=np.full((frames, 52), np.nan, dtype=np.float32),
        identity=np.zeros(1),
        neutral_vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        uv=random.random((len(vertices), 2)).astype(np.float32),
        uv_faces=faces.astype(np.int32),
        expression_basis=np.zeros((len(vertices), 3, 1), dtype=np.float32),
        pose_correctives=np.zeros((len(vertices), 3, 36), dtype=np.float32),
        joints=np.array([[0, -0.1, 0], [0, -0.05, 0], [0, -0.02, 0.03], [0.03, 0.03, 0.07], [-0.03, 0.03, 0.07]]),
        joint_parents=np.array([-1, 0, 1, 1, 1], dtype=np.int32),
        skinning_weights=np.tile(np.eye(5, dtype=np.float32)[0], (len(vertices), 1)),
        landmark_triangle=np.zeros(478, dtype=np.int32),
        landmark_barycentric=np.zeros((478, 3), dtype=np.float32),
        landmark_offsets=np.zeros((478, 3), dtype=np.float32),
        header=header_of(
            program_version="test",
            intrinsics=intrinsics or Intrinsics.centred(640, 480, 700.0),
            rate=rate,
            focal={"source": "known", "uncertainty": 0.0},
            model={"name": "Ball"},
            expression_names=("nothing",),
            regions=regions,
            video={"name": "take one.mp4", "path": "", "rotation": 0, **(video or {})},
            settings={},
            report={},
        ),
    )


def _head(full_size: bool) -> tuple[np.ndarray, np.ndarray, dict[str, list[int]]]:
    parts = [
        ball(60, 65, 0.1, (0, 0, 0)) if full_size else ball(8, 10, 0.1, (0, 0, 0)),
        ball(20, 28, 0.012, (0.03, 0.03, 0.07)) if full_size else ball(5, 6, 0.012, (0.03, 0.03, 0.07)),
        ball(19, 29, 0.012, (-0.03, 0.03, 0.07)) if full_size else ball(5, 6, 0.012, (-0.03, 0.03, 0.07)),
    ]
    if full_size:
        spare = FULL_SIZE - sum(len(vertices) for vertices, _ in parts)
        assert spare >= 0, spare
        parts.append((np.tile([[0.0, 0.1, 0.0]], (spare, 1)), np.zeros((0, 3), dtype=int)))
    vertices = np.concatenate([part[0] for part in parts])
    starts = np.cumsum([0] + [len(part[0]) for part in parts])
    faces = np.concatenate([part[1] + start for part, start in zip(parts, starts, strict=False)])
    regions = {
        "scalp": list(range(starts[1])),
        "lips": list(range(4)),
        "left_eyeball": list(range(starts[1], starts[2])),
        "right_eyeball": list(range(starts[2], starts[3])),
    }
    return vertices, faces.astype(int), regions


def with_rows(track: Track, **changes: Any) -> Track:
    """The track with some arrays changed."""
    return replace(track, **changes)
