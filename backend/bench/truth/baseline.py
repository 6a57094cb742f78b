"""Our fit beside the per-frame gradient descent of the research tracker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from ...contract.arrays import Floats
from ...contract.camera import project
from ...contract.failure import Failure
from ...data.types import HeadPose
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...head.skinning import select_frames
from ..chain import Clock, Setup, face_vertices, fit, import_stages, in_camera, surface_landmarks
from ..measures import metrics
from ..per_frame_fit import PerFrameFit, fit_per_frame
from ..rows import Row
from ..scenes.synthetic import Scene, scene, scene_part
from .exact import FOCALS

FRAMES, QUICK_FRAMES = 10, 4
FIRST: Final = 40
CLIP, QUICK_CLIP = 300, 100


def measure(setup: Setup) -> list[Row] | Failure:
    """Person 1 of the benchmark `exact` with its noise, focal length given, 300 frames.

    Ours: the stage Fit on the whole clip, its wall time measured, its errors on frames 40 to 49. Per-frame descent:
    `fit_per_frame` on these ten frames, with the same head, landmarks and camera; its time for 300 frames is
    extrapolated from the first frame's and the mean of the others. It has no identity of its own (a network gave it
    one), so it is given the one that ours found. On the processor it has one thread: two are slower on work so small.
    Errors: as in `exact`; landmarks: median distance in pixels between the mesh's exact places and the true ones, free
    of noise and outliers.
    """
    import_stages()
    # Exact landmarks lie on their places, not where a detector would see them.
    head = replace(builtin_head(), detector_offsets=None)
    frames = QUICK_FRAMES if setup.quick else FRAMES
    clip = QUICK_CLIP if setup.quick else CLIP
    whole, chosen = scene(head, 1, clip, FOCALS[1]), slice(FIRST, FIRST + frames)
    one, clock = scene_part(whole, chosen), Clock()
    ours = fit(setup, whole.landmarks, head, one.intrinsics.focal_x, clock)
    if isinstance(ours, Failure):
        return ours
    cuda = setup.device == "cuda" or (setup.device == "auto" and torch.cuda.is_available())
    device = torch.device("cuda" if cuda else "cpu")
    pixels = one.landmarks.points[..., :2].astype(np.float64)
    theirs = _on_one_thread(lambda: fit_per_frame(head, ours.pose.identity, pixels, one.intrinsics, device))
    pairs = {
        f"time of {clip} frames (the per-frame fit's extrapolated)": (clock.wall["fit"], theirs.seconds(clip), " s", 1)
    }
    own = select_frames(ours.pose, chosen)
    mine = errors(head, one, own, ours.rotation[chosen], ours.translation[chosen])
    other = errors(head, one, theirs.pose, theirs.rotation, theirs.translation)
    units = {"face vertices": " mm", "rotation": "°", "landmarks": " px", "acceleration error": " mm/frame²"}
    pairs |= {name: (mine[name], other[name], unit, 2) for name, unit in units.items()}
    place = "on the processor" if device.type == "cpu" else f"on {device.type}"
    return [
        Row(
            f"ours / per-frame fit {place}: {name}",
            "",
            f"{our_value:.{digits}f} / {their_value:.{digits}f}{unit}",
            None,
            our_value,
            {"per-frame fit": their_value},
        )
        for name, (our_value, their_value, unit, digits) in pairs.items()
    ]


def _on_one_thread(work: Callable[[], PerFrameFit]) -> PerFrameFit:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return work()
    finally:
        torch.set_num_threads(threads)


def errors(head: HeadModel, one: Scene, pose: HeadPose, rotation: Floats, translation: Floats) -> dict[str, float]:
    """Return what `measure` compares, of one of both fits."""
    estimated, true = face_vertices(head, pose), face_vertices(head, one.pose)
    placed = in_camera(estimated, rotation, translation)
    shake, _ = metrics.acceleration_errors(placed, in_camera(true, one.rotation, one.translation))
    points = in_camera(surface_landmarks(head, pose), rotation, translation)
    distance = np.linalg.norm(project(points, one.intrinsics) - project(one.points, one.intrinsics), axis=2)
    return {
        "face vertices": 1000 * float(metrics.vertex_errors(estimated, true).mean()),
        "rotation": float(np.median(metrics.rotation_errors(rotation, one.rotation))),
        "landmarks": float(np.median(distance)),
        "acceleration error": 1000 * shake,
    }
