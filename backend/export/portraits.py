"""Contents of a frame that every writer needs: the picture, a view of the face and the mask of the person in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.camera import Intrinsics, project, rotation_matrices
from ..contract.names import LANDMARKS
from ..contract.track import Track
from ..landmarks.aligned_crop import SIZE, VERSION_4_SCALE, cut_view, dlib68, ffhq_region
from ..landmarks.crop import Region
from ..landmarks.crop_camera import TurnedView, view_of
from ..landmarks.face import region_of
from ..landmarks.masks import around_face_region
from ..landmarks.networks import Network
from ..parsing.parser import moved_points, person_share, whole_square

_DOUBTFUL: Final = 0.35
_SURE: Final = 0.65
"""Shares below and above which a pixel surely is background or person: what the network does not know is grey."""


@dataclass(frozen=True)
class SeenHead:
    """One frame of a track.

    Attributes:
        rotation, translation: Head to camera of the full frame (3, 3), (3,).
        in_camera: Vertices in its axes (V, 3).
        landmarks: Detected, where the head's own lie in a frame without detection (478, 2), full-frame pixels.
    """

    rotation: Floats
    translation: Floats
    in_camera: Floats
    landmarks: Floats


def seen_head(track: Track, frame: int) -> SeenHead:
    """Return the head of a frame in the full frame's camera."""
    rotation = np.asarray(rotation_matrices(track.head_rotation[frame]))
    translation = np.asarray(track.head_translation[frame])
    in_camera = track.vertices[frame].astype(np.float64) @ rotation.T + translation
    landmarks = track.landmarks[frame].astype(np.float64)
    if not np.isfinite(landmarks).all():
        landmarks = np.where(
            np.isfinite(landmarks), landmarks, modelled_landmarks(track, in_camera, track.intrinsics_at(frame))
        )
    return SeenHead(rotation, translation, in_camera, landmarks)


def modelled_landmarks(track: Track, in_camera: Floats, camera: Intrinsics) -> Floats:
    """Return where the landmarks' places on the mesh fall (478, 2), in pixels of a camera.

    Those without a place lie in the middle of the others.
    """
    triangle = track.landmark_triangle
    corners = in_camera[track.faces[np.maximum(triangle, 0)]]
    points = project(np.einsum("nk,nkc->nc", track.landmark_barycentric, corners), camera)
    unknown = triangle < 0
    if unknown.any():
        points[unknown] = points[~unknown].mean(axis=0)
    assert len(points) == LANDMARKS
    return points


@dataclass(frozen=True)
class FaceView:
    """A square picture of the face, taken by the full frame's camera turned towards it.

    Attributes:
        view: The turned camera.
        picture: RGB (512, 512, 3).
        rotation, translation: Head to the turned camera.
        landmarks: (478, 2), pixels of the picture.
    """

    view: TurnedView
    picture: Picture
    rotation: Floats
    translation: Floats
    landmarks: Floats


def face_view(camera: Intrinsics, head: SeenHead, picture: Picture) -> FaceView:
    """Return the view of the face that the aligned square of version 4 frames; the camera is that of this frame."""
    view = view_of(ffhq_region(dlib68(head.landmarks), VERSION_4_SCALE), camera, SIZE)
    return FaceView(
        view=view,
        picture=cut_view(picture, view.homography),
        rotation=view.turn @ head.rotation,
        translation=view.turn @ head.translation,
        landmarks=moved_points(head.landmarks, view.homography),
    )


def looked_at_squares(picture: Picture, landmarks: Floats) -> list[Region]:
    """Return the squares in which the person is told from the background: everything, then around the head."""
    return [whole_square(picture), around_face_region(region_of(landmarks))]


def person_in(
    network: Network, picture: Picture, landmarks: Floats, view: Floats | None = None, kept: Floats | None = None
) -> Floats:
    """Return how surely each pixel is the person (H, W), 0..1: only what hangs on the face.

    Args:
        network: Tells people from what is behind them.
        picture: Full frame.
        landmarks: (478, 2), its pixels.
        view: Map (3, 3) to the pixels of a square of `SIZE`, which the result is of then; the frame where None.
        kept: How far each pixel may count as the person at all (H, W), 0..1.
    """
    looked_at = looked_at_squares(picture, landmarks)
    share = person_share(network, picture, looked_at, None if view is None else (SIZE, SIZE), view)
    positions = landmarks if view is None else moved_points(landmarks, view)
    share = np.clip((share - _DOUBTFUL) / (_SURE - _DOUBTFUL), 0.0, 1.0)
    return _without_islands(share if kept is None else share * kept, positions)


def _without_islands(share: Floats, landmarks: Floats) -> Floats:
    """Leave out what the network takes for a person elsewhere; all stays where it sees nobody at the face."""
    height, width = share.shape
    _, labels = cv2.connectedComponents((share > 0.5).astype(np.uint8))
    column, row = np.rint(landmarks[:, :2]).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    at_face = np.asarray(labels)[row[inside], column[inside]]
    at_face = at_face[at_face > 0]
    if len(at_face) == 0:
        return share
    person = (np.asarray(labels) == np.bincount(at_face).argmax()).astype(np.uint8)
    rim = max(3, 2 * (max(height, width) // 200) + 1)
    return share * cv2.dilate(person, np.ones((rim, rim), np.uint8))
