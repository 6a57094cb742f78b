"""Controls as an animator grabs them: rings and arrows in place of bones, sized by the head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bones
from .bones import Array
from .decomposition import RigShape

_SEGMENTS: Final = 32
_MADE: Final = "flame_control"
"""Custom property of the objects that serve as controls: made here, and renewed with the next import."""

Lines = tuple[Array, list[tuple[int, int]]]
"""Points in the bone's axes, which begin at its start and whose Y leads along it, and edges between them."""


def write_controls(rig: bpy.types.Object, shape: RigShape) -> None:
    """Give each bone its control; one that the user has replaced stays."""
    pose: Any = rig.pose
    for name, lines in _controls(shape).items():
        bone: Any = pose.bones[name]
        there = bone.custom_shape
        if there is not None and _MADE not in there:
            continue
        if there is None:
            there = bpy.data.objects.new(f"{rig.name} {name}", bpy.data.meshes.new(f"{rig.name} {name}"))
            there[_MADE] = True
            bone.custom_shape = there
            bone.use_custom_shape_bone_size = False
            if hasattr(bone, "custom_shape_wire_width"):  # Since Blender 4.2.
                bone.custom_shape_wire_width = 2.0
        mesh: Any = there.data
        mesh.clear_geometry()
        mesh.from_pydata(lines[0].tolist(), lines[1], [])


def remove_controls(rig: bpy.types.Object) -> None:
    """Delete the controls that were made here and that nothing else uses."""
    pose: Any = rig.pose
    for name in bones.NAMES:
        bone: Any = pose.bones.get(name)
        if bone is None or bone.custom_shape is None or _MADE not in bone.custom_shape:
            continue
        made = bone.custom_shape
        bone.custom_shape = None
        if made.users == 0:
            mesh = made.data
            bpy.data.objects.remove(made)
            if mesh.users == 0:
                bpy.data.meshes.remove(mesh)


def _controls(shape: RigShape) -> dict[str, Lines]:
    rest = dict(zip(bones.NAMES, shape.bones, strict=True))
    low, high = shape.neutral.min(axis=0), shape.neutral.max(axis=0)
    wide, deep = float(high[0] - low[0]), float(high[2] - low[2])
    crown = float(high[1] - rest[bones.HEAD].start[1])
    jaw = rest[bones.JAW]
    jaw_length = float(np.linalg.norm(jaw.end - jaw.start))
    apart = float(np.linalg.norm(rest[bones.LEFT_EYE].start - rest[bones.RIGHT_EYE].start))
    below = float(low[1] - rest[bones.ROOT].start[1])
    front = float(high[2] - rest[bones.LEFT_EYE].start[2])
    middle = float((low[2] + high[2]) / 2)
    return {
        bones.ROOT: _joined(
            _ring(0.75 * wide, 0.75 * wide, (0.0, below - 0.01, middle - rest[bones.ROOT].start[2])),
            _arrow((0.0, below - 0.01, middle - rest[bones.ROOT].start[2] + 0.75 * wide), 0.12 * wide),
        ),
        bones.NECK: _ring(
            0.48 * wide,
            0.48 * wide,
            (0.0, 0.45 * float(np.linalg.norm(rest[bones.NECK].end - rest[bones.NECK].start)), 0.0),
        ),
        bones.HEAD: _joined(
            _ring(0.4 * wide, 0.3 * deep, (0.0, crown + 0.06 * wide, middle - rest[bones.HEAD].start[2])),
            _crest(0.3 * deep, 0.16 * wide, (0.0, crown + 0.06 * wide, middle - rest[bones.HEAD].start[2])),
        ),
        bones.JAW: _arc(0.28 * wide, (0.0, jaw_length + 0.10 * wide, 0.0), 0.12 * wide),
        bones.LEFT_EYE: _gaze(0.2 * apart, front + 0.5 * apart),
        bones.RIGHT_EYE: _gaze(0.2 * apart, front + 0.5 * apart),
    }


def _ring(width: float, depth: float, centre: Sequence[float]) -> Lines:
    """An ellipse square to the bone."""
    angle = np.linspace(0, 2 * np.pi, _SEGMENTS, endpoint=False)
    across, along = width * np.cos(angle), depth * np.sin(angle)
    edges = [(index, (index + 1) % _SEGMENTS) for index in range(_SEGMENTS)]
    return np.stack((across, np.zeros_like(across), along), axis=1) + np.asarray(centre, dtype=np.float64), edges


def _arrow(tip: Sequence[float], size: float) -> Lines:
    """An arrow towards +Z, which shows where the face looks."""
    points = np.array([(-0.5, 0, 0), (0, 0, 1), (0.5, 0, 0)]) * size + np.asarray(tip, dtype=np.float64)
    return points, [(0, 1), (1, 2)]


def _crest(depth: float, height: float, centre: Sequence[float]) -> Lines:
    """A bow from front to back, which is seen when the ring below it is seen from the side."""
    angle = np.linspace(0, np.pi, _SEGMENTS // 2)
    points = np.stack([np.zeros_like(angle), height * np.sin(angle), depth * np.cos(angle)], axis=1)
    edges = [(index, index + 1) for index in range(len(angle) - 1)]
    return points + np.asarray(centre, dtype=np.float64), edges


def _arc(radius: float, foremost: Sequence[float], depth: float) -> Lines:
    """A bow in the bone's X-Y plane around the chin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, _SEGMENTS)
    points = np.stack([radius * np.sin(angle), depth * (np.cos(angle) - 1), np.zeros_like(angle)], axis=1)
    inner = points * (0.88, 1.0, 1.0) - (0.0, 0.25 * depth, 0.0)
    edges = [(index, index + 1) for index in range(_SEGMENTS - 1)]
    outline = _joined((points, edges), (inner, edges))
    count = _SEGMENTS
    return outline[0] + np.asarray(foremost, dtype=np.float64), [*outline[1], (0, count), (count - 1, 2 * count - 1)]


def _gaze(radius: float, distance: float) -> Lines:
    """A ring before the eye, and a line from the eye to it."""
    ring = _ring(radius, radius, (0.0, distance, 0.0))
    stick: Lines = (np.array([(0.0, 0.35 * distance, 0.0), (0.0, distance, 0.0)]), [(0, 1)])
    return _joined(ring, stick)


def _joined(*parts: Lines) -> Lines:
    points: list[NDArray[np.float64]] = []
    edges: list[tuple[int, int]] = []
    count = 0
    for part, links in parts:
        points.append(part)
        edges.extend((first + count, second + count) for first, second in links)
        count += len(part)
    return np.concatenate(points), edges
