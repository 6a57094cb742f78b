"""Truth on necks: how far the neck's base swings in the picture, as nobody's torso does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.camera import project
from ...contract.failure import Failure
from ...contract.track import MISSING
from ...data.landmark_distance import eye_distance
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...head.skinning import joint_positions, pose_vertices
from ...head.torso import NECK, about_head, neck_following_torso
from ..chain import Setup, found_and_fitted, import_stages, in_camera
from ..rows import Row, at_most, not_measured
from ..scenes.painted_people import painted_people

LIMIT: Final = 25.0
PEOPLE: Final = (2, 3)
FRAMES, QUICK_FRAMES = 72, 30
RATE: Final = Fraction(24)
CLIPS: Final = ("truth_clip/clip.mp4", "videos/intel_headpose_male.gif", "videos/intel_headpose_female-and-male.gif",
    "videos/intel_asl_again.mkv", "hard/shake.mp4", "hard/jaw_open.mp4")  # fmt: skip


def measure(setup: Setup) -> list[Row] | Failure:
    """Two painted people of the sample, and shared clips: heads that turn on torsos that hardly move.

    Value: length of the way of the middle of the neck's edge in the picture, from its 2.5th to its 97.5th hundredth
    along its main direction, over the mean distance of the eyes; beside it the same with a straight neck. Quality
    Standard, built-in head, focal length unknown. People sway and lean too, so nothing is not the goal.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    frames = QUICK_FRAMES if setup.quick else FRAMES
    for seed, made in zip(PEOPLE, painted_people(setup, head, PEOPLE, frames, RATE), strict=True):
        if isinstance(made, Failure):
            return made
        video, _ = made
        rows.append(_row(setup, head, video, f"sample person {seed}"))
    clips = [setup.data / name for name in CLIPS[:: 2 if setup.quick else 1]]
    return rows + [_row(setup, head, clip, str(clip.relative_to(setup.data))) for clip in clips if clip.is_file()]


def _row(setup: Setup, head: HeadModel, clip: Path, name: str) -> Row:
    what = f"neck, {name}: swing of its base"
    fitted = found_and_fitted(setup, clip, head, None)
    if isinstance(fitted, Failure):
        return not_measured(what, fitted)
    straight, bent = swings(head, fitted)
    return at_most(f"{what} (straight {straight:.0f} %)", bent, LIMIT, " % of the eyes' distance", 0, straight=straight)


def swings(head: HeadModel, fitted: Fit) -> tuple[float, float]:
    """Return how far the neck's base swings with a straight neck, and with one that follows the torso, per cent."""
    known = fitted.status != MISSING
    eyes = np.nanmean(eye_distance(fitted.landmarks.points[known, :, :2]))
    pose = neck_following_torso(
        head, fitted.pose, fitted.rotation, fitted.translation, fitted.landmarks.time, fitted.landmarks.shot, known
    )
    edge = head.regions["boundary"]
    straight = pose_vertices(head, fitted.pose, None, np.float32)
    bent = about_head(pose_vertices(head, pose, None, np.float32), pose.neck, joint_positions(head, pose, NECK))
    found = []
    for vertices in (straight, bent):
        middle = vertices[:, edge].mean(axis=1, keepdims=True).astype(np.float64)
        positions = project(in_camera(middle, fitted.rotation, fitted.translation), fitted.intrinsics)[known, 0]
        found.append(100 * float(way(positions) / eyes))
    return found[0], found[1]


def way(positions: Floats) -> float:
    """Return how far places (T, 2) spread along their main direction, without the outermost 2.5 % at both ends."""
    centred = positions - np.median(positions, axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    low, high = np.percentile(along, (2.5, 97.5))
    return float(high - low)
