"""Truth on real clips: halves of one clip show the same person, different clips different people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...data.types import Landmarks
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Clock, Setup, find_landmarks, fit, import_stages
from ..measures.metrics import shape_distance
from ..rows import Row, at_least, at_most, without_target
from ..scenes.synthetic import landmarks_part

CLIPS: Final = ("videos/grid_bbaf2n.mpg", "videos/grid_lbax4n.mpg", "videos/grid_swiz3n.mpg",
    "videos/intel_asl_again.mkv", "videos/intel_headpose_male.gif", "videos/intel_headpose_female-and-male.gif",
    "hard/asl_eat.mkv", "hard/shake_sbia1a.mp4", "hard/pyfeat_single_face.mp4")  # fmt: skip
"""Nine people, one each."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Nine shared clips of nine people, each cut in two halves that are fitted by themselves.

    Quality Standard, built-in head, focal length unknown, no outline. Distance: root mean square over the region
    ``face`` of the fitted heads at rest, after similarity alignment. Nearest: share of the halves to which the other
    half of their clip is nearer than any half of another.
    """
    clips = [setup.data / name for name in CLIPS[:: 2 if setup.quick else 1] if (setup.data / name).is_file()]
    if len(clips) < 2:
        return Failure("no-clips", "There are no clips (shared/data/videos is not there).", "Give --data.")
    import_stages()
    head = builtin_head()
    faces: list[Floats] = []
    for clip in clips:
        landmarks = find_landmarks(setup, clip, "standard", Clock())
        halves = landmarks if isinstance(landmarks, Failure) else faces_of_halves(setup, head, _bare(landmarks))
        if isinstance(halves, Failure):
            return halves
        faces += halves
    apart = distances(np.stack(faces))
    same, other = of_pairs(apart)
    return [
        at_most(
            f"halves of {len(clips)} clips: distance of the two faces (worst {same.max():.2f})", same.mean(), 0.8, " mm"
        ),
        at_least(f"different people: distance (least {other.min():.2f})", other.mean(), 2.0, " mm"),
        at_least("halves nearest to their own other half", nearest_to_own(apart), 100, " %", 0),
        without_target("distance of different people over that of halves", other.mean() / same.mean()),
    ]


def _bare(landmarks: Landmarks) -> Landmarks:
    return replace(landmarks, masks=None)


def faces_of_halves(setup: Setup, head: HeadModel, landmarks: Landmarks) -> list[Floats] | Failure:
    """Return the face at rest (N, 3) of both halves of a clip."""
    middle, result = len(landmarks) // 2, []
    for part in (slice(0, middle), slice(middle, len(landmarks))):
        fitted = fit(setup, landmarks_part(landmarks, part), head, None)
        if isinstance(fitted, Failure):
            return fitted
        result.append((head.template + head.identity_basis @ fitted.pose.identity)[head.regions["face"]])
    return result


def nearest_to_own(apart: Floats) -> float:
    """Return the percentage of halves to which, by distances (F, F), their clip's other half is nearest."""
    return 100 * float(np.mean(apart.argmin(axis=1) // 2 == np.arange(len(apart)) // 2))


def distances(faces: Floats) -> Floats:
    """Return the distance of each face (F, N, 3) from each other after similarity alignment (F, F), millimetres.

    A face is infinitely far from itself, so that the nearest one is another.
    """
    result = np.full((len(faces), len(faces)), np.inf)
    for row, one in enumerate(faces):
        for column, other in enumerate(faces):
            if row != column:
                result[row, column] = 1000 * shape_distance(one, other)
    return result


def of_pairs(apart: Floats) -> tuple[Floats, Floats]:
    """Return the distances of halves of one clip, which follow each other, and those of different clips."""
    clip = np.arange(len(apart)) // 2
    same = (clip[:, None] == clip[None]) & np.isfinite(apart)
    return apart[same], apart[clip[:, None] != clip[None]]
