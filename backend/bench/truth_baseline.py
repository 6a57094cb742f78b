"""Ours beside the seed's per-frame descent."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch

from ..contract.camera import project
from ..contract.failure import Failure
from ..head.builtin import builtin_head
from ..head.model import Floats, HeadModel, HeadPose
from . import metrics
from .baseline import fit_per_frame
from .chain import Clock, Setup, face_vertices, fit, import_stages, in_camera, surface_landmarks
from .rows import Row, told
from .synthetic import Scene, scene, scene_part
from .truth_exact import FOCALS
from .truth_exact import FRAMES as WHOLE

FRAMES, QUICK_FRAMES = 10, 4
FIRST: Final = 40
CLIP: Final = 300


def measure(setup: Setup) -> list[Row] | Failure:
    """Ten frames (40 to 49) of person 1 of the benchmark `exact` with its noise, focal length told, fitted twice.

    Ours: the stage Fit on these ten frames alone. The seed's scheme: `baseline.fit_per_frame`, with the same head,
    landmarks and camera; it has no identity of its own (a network gave it one), so it is given the identity that ours
    found. Time: wall seconds of 300 frames; the baseline's is extrapolated from first and following frames, ours is
    measured on the ten and scaled, which is more than a long clip takes. Errors: as in `exact`; landmarks: median
    distance of the mesh's exact places from the true ones, pixels (noise and outliers not counted).
    """
    import_stages()
    head = builtin_head()
    frames = QUICK_FRAMES if setup.quick else FRAMES
    whole = scene(head, 1, WHOLE, FOCALS[1])
    one = scene_part(whole, slice(FIRST, FIRST + frames))
    clock = Clock()
    ours = fit(setup, one.landmarks, head, one.intrinsics.focal_x, clock)
    if isinstance(ours, Failure):
        return ours
    cuda = setup.device == "cuda" or (setup.device == "auto" and torch.cuda.is_available())
    device = torch.device("cuda" if cuda else "cpu")
    pixels = one.landmarks.points[..., :2].astype(np.float64)
    theirs = fit_per_frame(head, ours.pose.identity, pixels, one.intrinsics, device)
    pairs = {
        f"time of {CLIP} frames, extrapolated": (clock.wall["fit"] / frames * CLIP, theirs.seconds(CLIP), " s", 1),
    }
    mine = errors(head, one, ours.pose, ours.rotation, ours.translation)
    other = errors(head, one, theirs.pose, theirs.rotation, theirs.translation)
    units = {"face vertices": " mm", "rotation": "°", "landmarks": " px", "acceleration error": " mm/frame²"}
    pairs |= {name: (mine[name], other[name], unit, 2) for name, unit in units.items()}
    rows = []
    for name, (our_value, their_value, unit, digits) in pairs.items():
        rows.append(told(f"{frames} frames, ours: {name}", our_value, unit, digits))
        row = told(f"{frames} frames, seed's scheme on {device.type}: {name}", their_value, unit, digits)
        rows.append(replace(row, detail={"ours": our_value}))
    return rows


def errors(head: HeadModel, one: Scene, pose: HeadPose, rotation: Floats, translation: Floats) -> dict[str, float]:
    """Return what `measure` compares, of one of both fits."""
    found, true = face_vertices(head, pose), face_vertices(head, one.pose)
    placed = in_camera(found, rotation, translation)
    shake, _ = metrics.acceleration_errors(placed, in_camera(true, one.rotation, one.translation))
    points = in_camera(surface_landmarks(head, pose), rotation, translation)
    distance = np.linalg.norm(project(points, one.intrinsics) - project(one.points, one.intrinsics), axis=2)
    return {
        "face vertices": 1000 * float(metrics.vertex_errors(found, true).mean()),
        "rotation": float(np.median(metrics.rotation_errors(rotation, one.rotation))),
        "landmarks": float(np.median(distance)),
        "acceleration error": 1000 * shake,
    }
