"""People in a video, from a sample of its frames, by the code that tells people apart when all of it is tracked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.settings import LandmarkSettings
from ..landmarks.cuts import shots_of
from ..landmarks.detector import Detection
from ..landmarks.face import DetectionEffort, Face, find_face
from ..landmarks.networks import NetworkFiles, Networks
from ..landmarks.observations import ObservedFace, ObservedFrame, gather
from ..landmarks.people import people_of
from ..landmarks.pipeline import apart, portrait_of, thumbnail_of
from ..landmarks.search import everywhere
from ..system.pictures import reduced_to
from .pictures import THUMBNAIL, face_picture

LEAST_SIGHTINGS: Final = 2
"""Sightings that make a person: one alone may be anything."""

EFFORT: Final = DetectionEffort(settle=2, runs=())
_CHEEKS, _NOSE = (234, 454), 1


@dataclass(frozen=True)
class SampleFrame:
    """One frame of the sample, without its full picture.

    Attributes:
        position: In the clip.
        thumbnail: The picture, small.
        observed: What tells its shot and its people from others.
        faces: A small picture of each face in it.
    """

    position: int
    thumbnail: Picture
    observed: ObservedFrame
    faces: tuple[Picture, ...]


@dataclass(frozen=True)
class Sighting:
    """One person in one frame of the sample."""

    frame: SampleFrame
    face: Face
    picture: Picture

    @property
    def box(self) -> Floats:
        """Left, top, right and bottom of the landmarks in full-frame pixels (4,)."""
        points = self.face.points[:, :2]
        return np.concatenate([points.min(axis=0), points.max(axis=0)])

    @property
    def quality(self) -> float:
        """How well the person is seen here: near, certain, and looking into the camera."""
        points = self.face.points[:, :2]
        right, left, nose = points[_CHEEKS[0]], points[_CHEEKS[1]], points[_NOSE]
        across = left - right
        turned = abs(float((nose - (left + right) / 2) @ across) / max(float(across @ across), 1e-9))
        return self.face.region.side * self.face.presence * max(0.1, 1.0 - 2.0 * turned)


class FaceFinder:
    """Finds all faces of single pictures."""

    def __init__(self, files: NetworkFiles) -> None:
        self._networks = Networks(files)
        self._threshold = LandmarkSettings().detection_threshold

    def find(self, position: int, picture: Picture) -> SampleFrame:
        """Return what is seen in one picture of the clip, at its position."""
        faces: list[Face] = []
        for detection in everywhere(self._networks.detector, picture, self._threshold, self._confirm(picture)):
            face = find_face(self._networks, picture, detection.region(), EFFORT, self._threshold)
            if face is not None and all(apart(face.region, other.region) for other in faces):
                faces.append(face)
        observed = tuple(ObservedFace(face, portrait_of(picture, face), None) for face in faces)
        crops = tuple(face_picture(picture, face.region) for face in faces)
        return SampleFrame(
            position, reduced_to(picture, THUMBNAIL), ObservedFrame(observed, thumbnail_of(picture)), crops
        )

    def _confirm(self, picture: Picture) -> Callable[[Detection], bool]:
        def confirm(detection: Detection) -> bool:
            return (
                find_face(self._networks, picture, detection.region(), DetectionEffort(1, ()), self._threshold)
                is not None
            )

        return confirm


def people_in(samples: Sequence[SampleFrame], frames: int) -> list[list[Sighting]]:
    """Return the sightings of each person in time, the person who covers the most of the clip first.

    Args:
        samples: In the order of their positions.
        frames: Length of the clip.
    """
    if not samples:
        return []
    rows = [
        Sighting(sampled, observed.face, crop)
        for sampled in samples
        for observed, crop in zip(sampled.observed.faces, sampled.faces, strict=True)
    ]
    observations = gather(0, [sampled.observed for sampled in samples])
    positions = np.array([sampled.position for sampled in samples], dtype=np.int64)
    # Far apart in time much differs that is no cut; then people are known by what they look like, which is as well.
    shot = np.zeros(frames, dtype=np.int64)
    shot[positions] = shots_of(observations)
    observations = dataclasses.replace(observations, frame=positions[observations.frame])
    people = people_of(observations, shot, LEAST_SIGHTINGS)
    return [[rows[row] for row in person.rows] for person in people]
