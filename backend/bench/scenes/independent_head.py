"""The shared clip of an independent head: what its file of truth says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...contract.arrays import Array, Floats
from ..chain import in_camera


@dataclass(frozen=True)
class FilmedHead:
    """What ``truth_clip`` shows, T frames, in camera axes (its README says how it is written).

    Attributes:
        rotation: Head to camera (T, 3, 3).
        points: The head's own 68 points (T, 68, 3).
        vertices: Of every tenth frame (T / 10, V, 3).
        triangles: (F, 3).
        jaw: jawOpen (T,).
        blink: Left, right (T, 2).
        gaze: Direction of both eyes (T, 3).
        focal: In pixels.
    """

    rotation: Floats
    points: Floats
    vertices: Floats
    triangles: Array
    jaw: Floats
    blink: Floats
    gaze: Floats
    focal: float


def read_truth(path: Path) -> FilmedHead:
    """Read ``truth.npz``."""
    with np.load(path, allow_pickle=False) as file:
        world, shift = file["R"].astype(np.float64), file["t"].astype(np.float64)
        rotation = world @ file["head_R"]
        every_tenth = file["verts_every_10"].astype(np.float64)
        quads = file["quads"]
        yaw, pitch = np.radians(file["gaze_yaw_pitch_deg"].astype(np.float64)).T
        forward = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)
        return FilmedHead(
            rotation=rotation,
            points=in_camera(file["landmarks68"].astype(np.float64), world, shift),
            vertices=in_camera(every_tenth, world[::10], shift[::10]),
            triangles=np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]),
            jaw=file["jawOpen"].astype(np.float64),
            blink=file["blink"].astype(np.float64),
            gaze=np.einsum("tij,tj->ti", rotation, forward),
            focal=float(file["K"][0, 0]),
        )
