"""Faces in a photograph, detected as often as the best quality of clips does."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.failure import Failure, Notice
from ..contract.settings import FaceSettings
from ..data.context import Context
from ..landmarks.detector import Detection
from ..landmarks.face import DetectionEffort, Face, find_face
from ..landmarks.networks import Networks
from ..landmarks.pipeline import EFFORTS
from ..landmarks.search import everywhere

THRESHOLD: Final = 0.5
QUALITY: Final = "best"


def faces_in(networks: Networks, picture: Picture, threshold: float = THRESHOLD) -> list[Face]:
    """Return the faces of a picture, the largest first, with quick looks only."""
    quick = DetectionEffort(settle=3, runs=())

    def confirm(detection: Detection) -> bool:
        return find_face(networks, picture, detection.region(), DetectionEffort(1, ()), threshold) is not None

    found: list[Face] = []
    for detection in everywhere(networks.detector, picture, threshold, confirm):
        face = find_face(networks, picture, detection.region(), quick, threshold)
        if face is not None and all(_apart(face, other) for other in found):
            found.append(face)
    return sorted(found, key=lambda face: -face.region.side)


def _apart(one: Face, other: Face) -> bool:
    distance = np.hypot(one.region.centre_x - other.region.centre_x, one.region.centre_y - other.region.centre_y)
    return bool(distance > 0.25 * min(one.region.side, other.region.side))


def look_closely(
    networks: Networks, picture: Picture, face: Face, threshold: float = THRESHOLD, quality: str = QUALITY
) -> Face:
    """Return the same face from several averaged looks; as it was where they see none."""
    return find_face(networks, picture, face.region, EFFORTS[quality], threshold) or face


def chosen_face(
    networks: Networks,
    picture: Picture,
    name: str,
    choice: FaceSettings,
    context: Context,
    *,
    threshold: float = THRESHOLD,
    quality: str = QUALITY,
) -> Face | Failure:
    """Return the face that is meant, looked at closely; a notice says which it is where there are several."""
    faces = faces_in(networks, picture, threshold)
    if not faces:
        return Failure(
            "no-face", f"No face was found in {name}.", "Choose a picture in which a face is seen, 30 pixels or wider."
        )
    number = 0
    if choice.choose == "number":
        number = choice.number
    elif choice.choose == "nearest":
        point = np.array([choice.point_x * picture.shape[1], choice.point_y * picture.shape[0]])
        centres = np.array([[face.region.centre_x, face.region.centre_y] for face in faces])
        number = int(np.linalg.norm(centres - point, axis=1).argmin())
    if number >= len(faces):
        return Failure(
            "no-such-face",
            f"{name} shows only {len(faces)} face{'' if len(faces) == 1 else 's'}.",
            "Choose a smaller number; 0 is the largest face.",
        )
    if len(faces) > 1 and choice.choose == "largest":
        context.notice(
            Notice(
                "several-faces",
                f"There are {len(faces)} faces in {name}; the largest is taken.",
                "Choose another one if that is not the one you mean.",
            )
        )
    return look_closely(networks, picture, faces[number], threshold, quality)


def stacked(faces: list[Face]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return points (T, 478, 3), spread (T, 478) and scores (T, 52) of one face per picture."""
    return (
        np.stack([face.points for face in faces]).astype(np.float32),
        np.stack([face.spread for face in faces]).astype(np.float32),
        np.stack([face.scores for face in faces]).astype(np.float32),
    )
