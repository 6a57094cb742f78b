"""Irises and eye contours for the 468-point network of the wheel, by MediaPipe's iris network."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.names import FACE_LANDMARKS, LANDMARKS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from ..data.landmark_mirror import mirror_table
from .crop import Patch, Region, apply
from .networks import Network

_REGION_OF_EYE: Final = 2.3
"""Side of the crop over the distance between the corners (mediapipe/modules/iris_landmark)."""
_RIGHT_CONTOUR: Final = np.array(
    [
        33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23, 22, 26, 112,
        243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221,
        189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193,
    ]
)  # fmt: skip
"""Face point of each of the network's 71 points of the subject's right eye (tensors_to_face_landmarks…)."""
_LIDS: Final = 16
"""The first points of the contour are the lids; the rest lies around the eye, where the face network is as good."""


def add_irises(network: Network, patch: Patch, points: Floats) -> Floats:
    """Return 478 points (478, 3): the face's 468 with lids replaced by the finer ones, and both irises.

    Args:
        network: The iris network, made for the eye at the left of the picture; the other eye is shown to it mirrored.
        patch: Part of the picture that holds the face.
        points: Face points (468, 3), full-frame pixels.
    """
    result = np.empty((LANDMARKS, 3))
    result[:FACE_LANDMARKS] = points
    mirror: Integers = mirror_table()
    for corners, mirrored, first in ((RIGHT_EYE_CORNERS, False, 468), (LEFT_EYE_CORNERS, True, 473)):
        contour, iris = _run_iris_network(network, patch, points[corners[0]], points[corners[1]], mirrored=mirrored)
        lids = mirror[_RIGHT_CONTOUR] if mirrored else _RIGHT_CONTOUR
        result[lids[:_LIDS], :2] = contour[:_LIDS]
        result[first : first + 5, :2] = iris[[0, 3, 2, 1, 4]] if mirrored else iris
        result[first : first + 5, 2] = points[lids[:_LIDS], 2].mean()
    return result


def _run_iris_network(
    network: Network, patch: Patch, outer: Floats, inner: Floats, *, mirrored: bool
) -> tuple[Floats, Floats]:
    """Contour (71, 2) and iris (5, 2) of one eye in full-frame pixels."""
    across = (inner - outer)[:2] * (-1.0 if mirrored else 1.0)
    middle = (inner + outer)[:2] / 2
    side = max(4.0, float(np.hypot(*across))) * _REGION_OF_EYE
    region = Region(float(middle[0]), float(middle[1]), side, float(np.arctan2(across[1], across[0])))
    outputs = network.run_picture(patch.sample(region, network.size, mirrored=mirrored))
    points = [np.asarray(output, dtype=np.float64).reshape(-1, 3)[:, :2] for output in sorted(outputs, key=len)]
    if mirrored:
        for part in points:
            part[:, 0] = network.size - 1 - part[:, 0]
    iris, contour = (apply(region.to_image(network.size), part) for part in points)
    return contour, iris
