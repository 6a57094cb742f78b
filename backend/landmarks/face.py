"""The landmarks of one face in one picture: the crop is moved until it rests, then repeated runs are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.names import FACE_LANDMARKS, LANDMARKS, LEFT_EYE_CORNERS, MEDIAPIPE_SCORES, RIGHT_EYE_CORNERS
from ..data.landmark_mirror import mirror_table
from .crop import Patch, Region, apply, patch_around
from .iris import add_irises
from .iris_picture import with_iris_centres
from .networks import Networks, sigmoid

_REGION_OF_FACE: Final = 1.5
"""Side of the crop over the longer side of the levelled box around the landmarks (face_landmarks_detector_graph.cc)."""
_SCORE_POINTS: Final = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)  # fmt: skip
"""What the score network takes (mediapipe/tasks/cc/vision/face_landmarker/face_blendshapes_graph.cc)."""
_PRESENCE_MIDDLE: Final = 2.0
_PRESENCE_STEP: Final = 4.0
"""From the network's logit to a certainty. Measured: clear faces 14 to 27, half hidden ones 2 to 10, other things
below 0; MediaPipe's plain logistic function is 1.0000 for all that is not the latter."""
_PROFILE: Final = np.radians(50)
_PROFILE_PRESENCE: Final = 0.05
_PROFILE_CERTAINTY: Final = 0.7
"""A face that is turned this far counts with less presence where the face detector is as certain as this. Of a head
that turns away (``profile.mp4`` of the shared hard clips) that network's certainty stays at 0.8 to 0.9 up to 88
degrees; the presence falls from 0.65 at 58 degrees to 0.3 at 73 and 0.05 beyond 80, and at 73 the points still show the
turn within 6 degrees."""
_CHEEKS: Final = (234, 454)
_MIRROR: Final = mirror_table()


@dataclass(frozen=True)
class CropVariant:
    """One more look at the face, by a slightly different crop.

    Attributes:
        x, y: Shift as share of the crop's side.
        scale: Of the crop's side.
        roll: Radians.
        mirrored: Whether the crop is flipped.
    """

    x: float
    y: float
    scale: float
    roll: float
    mirrored: bool


@dataclass(frozen=True)
class DetectionEffort:
    """How much work is done per face.

    Attributes:
        settle: Most runs to bring the crop to rest.
        runs: Runs that are averaged after that; where empty, the last run of settling is the result.
        tolerance: How far from rest the crop may be, in units of `_rests`.
    """

    settle: int
    runs: tuple[CropVariant, ...]
    tolerance: float = 1.0

    @property
    def run_count(self) -> int:
        """Number of runs in the average."""
        return max(1, len(self.runs))


def jittered_runs(count: int) -> tuple[CropVariant, ...]:
    """Return `count` crops spread evenly in scale, shift and roll, every second one mirrored (Standard, Best).

    The spread is what the crop of a still face varies by from frame to frame, so that the mean no longer depends on it.
    """
    golden = (np.sqrt(5) - 1) / 2
    runs = []
    for k in range(count):
        angle = 2 * np.pi * k / max(count, 1)
        spread = 2 * (((k + 0.5) * golden) % 1.0) - 1
        turn = 2 * (((k + 0.5) * golden * golden + 0.25) % 1.0) - 1
        runs.append(
            CropVariant(
                0.02 * np.cos(angle), 0.02 * np.sin(angle), 1.0 + 0.06 * spread, np.radians(5.0) * turn, k % 2 == 1
            )
        )
    return tuple(runs)


@dataclass(frozen=True)
class Face:
    """One face in one picture.

    Attributes:
        points: (478, 3) full-frame pixels, depth in the same scale.
        spread: RMS disagreement of the runs in pixels (478,); NaN for one run.
        scores: (52,), NaN where the score network is not there.
        presence: Certainty of the landmark network that this is a face, 0..1.
        region: The crop at rest.
    """

    points: Floats
    spread: Floats
    scores: Floats
    presence: float
    region: Region


def region_of(points: Floats) -> Region:
    """Return the levelled square around landmarks (468 or more, 2 or 3), from which they are found again."""
    right = points[list(RIGHT_EYE_CORNERS), :2].mean(axis=0)
    left = points[list(LEFT_EYE_CORNERS), :2].mean(axis=0)
    roll = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    cos, sin = np.cos(roll), np.sin(roll)
    turn = np.array([[cos, -sin], [sin, cos]])
    level = points[:FACE_LANDMARKS, :2] @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    centre = turn @ ((low + high) / 2)
    return Region(float(centre[0]), float(centre[1]), float((high - low).max()) * _REGION_OF_FACE, roll)


def find_face(
    networks: Networks, picture: Picture, start: Region, effort: DetectionEffort, threshold: float
) -> Face | None:
    """Return the face in a region of the picture, or None where the network sees none."""
    region, size = start, networks.landmarks.size
    points, presence = np.zeros((0, 3)), 0.0
    patch = patch_around(picture, start, size, filled=True)
    for _ in range(effort.settle):
        if not patch.covers(region):
            patch = patch_around(picture, region, size, filled=True)
        points, presence = run_landmarks(networks, patch, region, mirrored=False)
        if not _is_face(points, presence, start, threshold):
            return None
        last, region = region, region_of(points)
        if not _sensible(region, picture):
            return None
        if _rests(last, region, effort.tolerance):
            break
    if effort.runs:
        if not patch.covers(region.moved(0, 0, 1.1, 0)):
            patch = patch_around(picture, region, size, filled=True)
        results = [
            run_landmarks(networks, patch, region.moved(r.x, r.y, r.scale, r.roll), mirrored=r.mirrored)
            for r in effort.runs
        ]
        every = np.stack([result[0] for result in results])
        presence = float(np.mean([result[1] for result in results]))
        points = every.mean(axis=0)
        spread = np.sqrt(((every - points)[..., :2] ** 2).sum(axis=-1).sum(axis=0) / max(1, len(results) - 1))
        # Mirrored runs see the gaze differently: without them its error on the rendered clip is 2.8, not 3.5 degrees.
        upright = every[[not run.mirrored for run in effort.runs]].mean(axis=0)
        points[FACE_LANDMARKS:] = upright[FACE_LANDMARKS:]
    else:
        spread, upright = np.full(LANDMARKS, np.nan), points
    if not _is_face(points, presence, start, threshold):
        return None
    scores = _scores(networks, upright)
    return Face(with_iris_centres(patch, points), spread, scores, presence, region)


def _is_face(points: Floats, presence: float, start: Region, threshold: float) -> bool:
    """Whether what was seen from a region is a face: the network says so, or it is a profile that the detector sees."""
    if presence >= threshold:
        return True
    across = points[_CHEEKS[1]] - points[_CHEEKS[0]]
    turned = abs(float(np.arctan2(across[2], np.hypot(across[0], across[1])))) > _PROFILE
    return turned and presence >= min(_PROFILE_PRESENCE, threshold) and start.certainty >= _PROFILE_CERTAINTY


def run_landmarks(networks: Networks, patch: Patch, region: Region, *, mirrored: bool) -> tuple[Floats, float]:
    """Run the landmark network once: points (478, 3) in full-frame pixels, presence 0..1."""
    size = networks.landmarks.size
    outputs = networks.landmarks.run_picture(patch.sample(region, size, mirrored=mirrored))
    output = outputs[0].reshape(-1, 3).astype(np.float64)
    presence = float(sigmoid((outputs[1] - _PRESENCE_MIDDLE) / _PRESENCE_STEP)[0])
    if mirrored:
        output[:, 0] = size - 1 - output[:, 0]
        output = output[_MIRROR[: len(output)]]
    points = np.empty_like(output)
    points[:, :2] = apply(region.to_image(size), output[:, :2])
    points[:, 2] = output[:, 2] * (region.side / size)
    if networks.iris is not None:
        points = add_irises(networks.iris, patch, points)
    return points, presence


def _scores(networks: Networks, points: Floats) -> Floats:
    """The 52 scores of landmarks; the network takes pixels of the picture."""
    if networks.scores is None:
        return np.full(len(MEDIAPIPE_SCORES), np.nan)
    chosen = points[list(_SCORE_POINTS), :2].astype(np.float32)
    return networks.scores.run(chosen)[0].astype(np.float64)


def _rests(before: Region, after: Region, tolerance: float) -> bool:
    """Whether a further run would see nearly the same crop: within 1.5 % of its side, 3 % of its size and 2 degrees."""
    shift = np.hypot(after.centre_x - before.centre_x, after.centre_y - before.centre_y) / before.side
    roll = abs((after.roll - before.roll + np.pi) % (2 * np.pi) - np.pi)
    size = abs(after.side / before.side - 1)
    return bool(max(shift / 0.015, size / 0.03, roll / np.radians(2)) < tolerance)


def _sensible(region: Region, picture: Picture) -> bool:
    """Whether the square still touches the picture and has a size that a face can have."""
    height, width = picture.shape[:2]
    inside = -region.side / 2 < region.centre_x < width + region.side / 2
    inside = inside and -region.side / 2 < region.centre_y < height + region.side / 2
    return bool(inside and 12 < region.side < 4 * max(width, height))
