"""The face in a photograph, looked at as often as the best quality of clips does."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.failure import Failure
from ..landmarks.crop import Picture
from ..landmarks.detector import Detection
from ..landmarks.face import Face, Plan, find_face
from ..landmarks.networks import Networks
from ..landmarks.pipeline import PLANS
from ..landmarks.search import everywhere

THRESHOLD: Final = 0.5


def faces_in(networks: Networks, picture: Picture, threshold: float = THRESHOLD) -> list[Face]:
    """Return the faces of a picture, the largest first, with quick looks only."""
    quick = Plan(settle=3, runs=())

    def confirm(detection: Detection) -> bool:
        return find_face(networks, picture, detection.region(), Plan(1, ()), threshold) is not None

    found: list[Face] = []
    for detection in everywhere(networks.detector, picture, threshold, confirm):
        face = find_face(networks, picture, detection.region(), quick, threshold)
        if face is not None and all(_apart(face, other) for other in found):
            found.append(face)
    return sorted(found, key=lambda face: -face.region.side)


def _apart(one: Face, other: Face) -> bool:
    distance = np.hypot(one.region.centre_x - other.region.centre_x, one.region.centre_y - other.region.centre_y)
    return bool(distance > 0.25 * min(one.region.side, other.region.side))


def look_closely(networks: Networks, picture: Picture, face: Face, threshold: float = THRESHOLD) -> Face:
    """Return the same face from ten averaged looks; as it was where they see none."""
    return find_face(networks, picture, face.region, PLANS["best"], threshold) or face


def main_face(networks: Networks, picture: Picture, name: str) -> tuple[Face, int] | Failure:
    """Return the largest face of a picture, looked at closely, and how many there are."""
    faces = faces_in(networks, picture)
    if not faces:
        return Failure(
            "no-face", f"No face was found in {name}.", "Choose a picture in which a face is seen, 30 pixels or wider."
        )
    return look_closely(networks, picture, faces[0]), len(faces)


def stacked(faces: list[Face]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return points (T, 478, 3), spread (T, 478) and scores (T, 52) of one face per picture."""
    return (
        np.stack([face.points for face in faces]).astype(np.float32),
        np.stack([face.spread for face in faces]).astype(np.float32),
        np.stack([face.scores for face in faces]).astype(np.float32),
    )
