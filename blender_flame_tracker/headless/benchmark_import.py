"""Measurement of an import; run it through `command.py benchmark`."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import bpy
import numpy as np

from ...backend.contract.camera import Intrinsics
from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ...backend.contract.track import TRACKED, Track, header_of
from ..scene.importer import ImportResult, import_track


def measure_import(frames: int, vertices: int, repetitions: int = 3) -> dict[str, Any] | str:
    """Import a moving sheet of triangles a few times and return the best times, or why it failed.

    Returns:
        ``frames``, ``vertices``, ``import_seconds``, ``import_again_seconds``, ``frame_change_milliseconds``,
        ``blender``.
    """
    track = _sheet(frames, vertices)
    first, again, made = [], [], None
    for _ in range(repetitions):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        for seconds in (first, again):
            start = time.perf_counter()
            made = import_track(track, SceneSettings(plate=False))
            seconds.append(time.perf_counter() - start)
            if isinstance(made, Failure):
                return str(made)
    assert made is not None, "at least one repetition"
    return {
        "frames": frames,
        "vertices": len(track.neutral_vertices),
        "import_seconds": round(min(first), 3),
        "import_again_seconds": round(min(again), 3),
        "frame_change_milliseconds": round(1000 * _frame_change(made), 3),
        "blender": bpy.app.version_string,
    }


def _frame_change(made: ImportResult) -> float:
    """Seconds to go to another frame and evaluate it."""
    scene = bpy.context.scene
    steps = np.linspace(made.timeline.first, made.timeline.last, 40).astype(int)
    start = time.perf_counter()
    for frame in steps:
        scene.frame_set(int(frame))
    return (time.perf_counter() - start) / len(steps)


def _sheet(frames: int, vertices: int) -> Track:
    """A track with a strip of triangles in the place of the head, every vertex of it moving."""
    random = np.random.default_rng(0)
    neutral = random.standard_normal((vertices, 3)).astype(np.float32) * 0.1
    corners = np.arange(vertices - 2)
    faces = np.stack([corners, corners + 1, corners + 2], axis=1).astype(np.int32)
    moves = random.standard_normal((8, vertices, 3)).astype(np.float32) * 0.01
    zeros, index = np.zeros((frames, 3)), np.arange(frames)
    rate = Fraction(30)
    header = header_of(
        program_version="benchmark",
        intrinsics=Intrinsics.centred(1280, 720, 1200.0),
        rate=rate,
        focal={},
        model={},
        expression_names=(),
        regions={},
        video={"name": "benchmark"},
        settings={},
        report={},
    )
    return Track(
        frame_index=index,
        time=index / float(rate),
        shot=np.zeros(frames, dtype=np.int64),
        status=np.full(frames, TRACKED, dtype=np.int8),
        confidence=np.ones(frames, dtype=np.float32),
        reprojection_error=np.zeros(frames, dtype=np.float32),
        head_rotation=np.stack([np.pi + 0.3 * np.sin(index / 20), 0.3 * np.cos(index / 17), 0 * index], axis=1),
        head_translation=np.tile([0.0, 0.0, 1.0], (frames, 1)) + 0.1 * np.sin(index / 30)[:, None],
        neck_pose=zeros,
        jaw_pose=zeros,
        left_eye_pose=zeros,
        right_eye_pose=zeros,
        eyelids=np.zeros((frames, 2)),
        expression=np.zeros((frames, 0)),
        vertices=neutral + moves[index % len(moves)],
        landmarks=np.full((frames, 478, 2), np.nan, dtype=np.float32),
        landmark_visibility=np.zeros((frames, 478), dtype=np.float32),
        scores=np.full((frames, 52), np.nan, dtype=np.float32),
        identity=np.zeros(0),
        neutral_vertices=neutral,
        faces=faces,
        uv=np.zeros((vertices, 2), dtype=np.float32),
        uv_faces=faces,
        expression_basis=np.zeros((vertices, 3, 0), dtype=np.float32),
        pose_correctives=np.zeros((vertices, 3, 0), dtype=np.float32),
        joints=np.zeros((5, 3)),
        joint_parents=np.array([-1, 0, 1, 1, 1], dtype=np.int32),
        skinning_weights=np.zeros((vertices, 5), dtype=np.float32),
        landmark_triangle=np.zeros(478, dtype=np.int32),
        landmark_barycentric=np.zeros((478, 3), dtype=np.float32),
        landmark_offsets=np.zeros((478, 3), dtype=np.float32),
        header=header,
    )
