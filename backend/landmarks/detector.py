"""BlazeFace on a picture, on parts of it and on turned ones: where faces are and how they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Floats, Picture
from .crop import Region, apply, patch_around
from .networks import Network, sigmoid

SIZE: Final = 128
_OVERLAP: Final = 0.3
"""Intersection over union from which two boxes are one face (face_detector_graph.cc, min_suppression_threshold)."""
_REGION_OF_BOX: Final = 1.67
_REGION_UP: Final = 0.024
"""Side of the landmark network's crop over the side of the detector's box, and how far above its centre, in sides. So
the crop is nearly at rest at once; MediaPipe's own 1.5 without a shift (face_landmarker_graph.cc) is 11 % small."""


@dataclass(frozen=True)
class Detection:
    """One face.

    Attributes:
        score: Certainty, 0..1.
        box: Left, top, right, bottom (4,) in full-frame pixels, of the upright square around a face that may be turned.
        keypoints: Right eye, left eye, nose, mouth, right ear, left ear (6, 2), full-frame pixels; the subject's sides.
    """

    score: float
    box: Floats
    keypoints: Floats

    @property
    def width(self) -> float:
        """Side of the box in pixels."""
        return float(self.box[2] - self.box[0])

    @property
    def centre(self) -> Floats:
        """Centre of the box (2,)."""
        return (self.box[:2] + self.box[2:]) / 2

    def region(self) -> Region:
        """Return the square from which landmarks can be found, level with the eyes."""
        right, left = self.keypoints[0], self.keypoints[1]
        roll = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        centre = self.centre
        square = Region(float(centre[0]), float(centre[1]), self.width * _REGION_OF_BOX, roll, self.score)
        return square.moved(0.0, -_REGION_UP, 1.0, 0.0)


def _anchors() -> Floats:
    """Centres (896, 2) of the boxes as shares of the picture: two per cell of 16 x 16, six per cell of 8 x 8."""
    parts = []
    for cells, count in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 1, 2) + 0.5) / cells
        parts.append(np.repeat(centres, count, axis=1).reshape(-1, 2))
    return np.concatenate(parts)


_ANCHORS: Final = _anchors()


def detect_in(network: Network, picture: Picture, region: Region, threshold: float) -> list[Detection]:
    """Return the faces in a square of the picture, best first."""
    crop = patch_around(picture, region, SIZE, margin=1.0).sample(region, SIZE)
    outputs = network.run_picture(crop, low=-1.0)
    raw, logits = sorted(outputs, key=len, reverse=True)
    scores = sigmoid(logits)
    chosen = np.flatnonzero(scores >= threshold)
    if len(chosen) == 0:
        return []
    values = raw.reshape(-1, 16)[chosen].astype(np.float64) / SIZE
    centre = values[:, 0:2] + _ANCHORS[chosen]
    half = values[:, 2:4] / 2
    keypoints = values[:, 4:].reshape(-1, 6, 2) + _ANCHORS[chosen][:, None]
    # Shares of the crop (0 and 1 are its edges) -> its pixel centres -> the full frame.
    matrix = region.to_image(SIZE)
    scale = region.side / SIZE
    middle = apply(matrix, centre * SIZE - 0.5)
    # The upright box around a turned one is as large as the face itself: the region's roll comes from the eyes.
    reach = half * SIZE * scale
    boxes = np.concatenate([middle - reach, middle + reach], axis=1)
    points = apply(matrix, keypoints.reshape(-1, 2) * SIZE - 0.5).reshape(-1, 6, 2)
    return merged([Detection(float(s), b, k) for s, b, k in zip(scores[chosen], boxes, points, strict=True)])


def merged(detections: list[Detection]) -> list[Detection]:
    """Return one detection per face: overlapping ones are averaged by their scores, as BlazeFace does."""
    rest = sorted(detections, key=lambda d: -d.score)
    result: list[Detection] = []
    while rest:
        best = rest[0]
        group = [d for d in rest if overlap(best.box, d.box) > _OVERLAP]
        rest = [d for d in rest if overlap(best.box, d.box) <= _OVERLAP]
        weights = np.array([d.score for d in group])
        weights /= weights.sum()
        box = np.tensordot(weights, np.stack([d.box for d in group]), axes=1)
        keypoints = np.tensordot(weights, np.stack([d.keypoints for d in group]), axes=1)
        result.append(Detection(best.score, box, keypoints))
    return result


def overlap(a: Floats, b: Floats) -> float:
    """Return the intersection over union of two boxes; a box inside another counts as the same face."""
    size = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    common = float(size[0] * size[1])
    areas = [float((c[2] - c[0]) * (c[3] - c[1])) for c in (a, b)]
    if common <= 0 or min(areas) <= 0:
        return 0.0
    return max(common / (sum(areas) - common), 0.9 * common / min(areas) if common > 0.8 * min(areas) else 0.0)


def whole_picture(picture: Picture) -> Region:
    """Return the square around the whole picture."""
    height, width = picture.shape[:2]
    return Region((width - 1) / 2, (height - 1) / 2, float(max(width, height)), 0.0)


def reduced(picture: Picture, longest: int) -> tuple[Picture, float]:
    """Return the picture with its longest side at most `longest`, and full-frame pixels per pixel of it."""
    height, width = picture.shape[:2]
    factor = max(width, height) / longest
    if factor <= 1:
        return picture, 1.0
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), factor
