"""Cameras of square pictures: the 20 degree one of the research tracker, views turned towards a face, 6-DoF poses.

Pixels here are the engine's own, (0, 0) the centre of the top-left one. The research tracker counts from the picture's
corner: `corner_pixels` goes there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.camera import BLENDER_FROM_OPENCV, Intrinsics
from .crop import Region, apply, inverse

VERSION_1_ANGLE: Final = 20.0
"""Angle of view in degrees that version 1.01 of the research tracker gives every crop."""


@dataclass(frozen=True)
class TurnedView:
    """Picture of a camera that stands where the full frame's does and is turned towards a face.

    Attributes:
        intrinsics: Square pixels, centred, of the view.
        turn: Rotation from the full frame's camera axes to the view's (3, 3).
        homography: Pixels of the full frame -> of the view (3, 3).
    """

    intrinsics: Intrinsics
    turn: Floats
    homography: Floats


def square_camera(size: int, degrees: float = VERSION_1_ANGLE) -> Intrinsics:
    """Return the camera of a square picture with an angle of view."""
    return Intrinsics.centred(size, size, size / 2 / math.tan(math.radians(degrees) / 2))


def angle_of_view(intrinsics: Intrinsics) -> float:
    """Return the horizontal angle of view in degrees."""
    return math.degrees(2 * math.atan(intrinsics.width / 2 / intrinsics.focal_x))


def view_of(region: Region, intrinsics: Intrinsics, size: int) -> TurnedView:
    """Return the view whose frame is a square of the picture, as nearly as a turned camera can have it.

    Turning and zooming a camera in its place moves pixels by a homography, whatever the depth: nothing is approximated.
    """
    corners = apply(region.to_image(size), np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5)
    rays = _rays(corners, intrinsics)
    forward = _rays(np.array([[region.centre_x, region.centre_y]]), intrinsics)[0]
    forward /= np.linalg.norm(forward)
    across = rays[1] + rays[3] - rays[0] - rays[2]
    across -= forward * (across @ forward)
    across /= np.linalg.norm(across)
    turn = np.stack([across, np.cross(forward, across), forward])
    turned = rays @ turn.T
    reach = np.linalg.norm(turned[:, :2] / turned[:, 2:], axis=1).mean()
    camera = Intrinsics.centred(size, size, size / math.sqrt(2) / reach)
    homography = camera.matrix() @ turn @ np.linalg.inv(intrinsics.matrix())
    return TurnedView(camera, turn, homography / homography[2, 2])


def _rays(pixels: Floats, intrinsics: Intrinsics) -> Floats:
    ones = np.ones((len(pixels), 1))
    return np.concatenate([pixels, ones], axis=1) @ np.linalg.inv(intrinsics.matrix()).T


def crop_in_full_frame(
    region: Region, crop: Intrinsics, width: int, height: int, rotation: Floats, translation: Floats
) -> tuple[Intrinsics, Floats, Floats]:
    """Return camera, rotation and translation in the full frame for a head seen through the camera of a crop.

    The crop is a similarity of the frame, so the frame's camera has the crop's centre as principal point, the crop's
    focal length enlarged, and is turned by the crop's roll: every point falls on the same spot of the picture.
    """
    factor = region.side / crop.width
    centre = apply(region.to_image(crop.width), np.array([crop.centre_x, crop.centre_y]))
    full = Intrinsics(width, height, crop.focal_x * factor, crop.focal_y * factor, float(centre[0]), float(centre[1]))
    cos, sin = math.cos(region.roll), math.sin(region.roll)
    roll = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return full, roll @ rotation, translation @ roll.T


def full_frame_in_crop(region: Region, size: int, full: Intrinsics) -> tuple[Intrinsics, Floats]:
    """Return the camera of a square of the frame, and the turn (3, 3) from the frame's camera axes to its.

    The square is a similarity of the frame, so its principal point may lie anywhere; nothing is approximated.
    """
    to_square = inverse(region.to_image(size))
    scale = float(np.sqrt(np.linalg.det(to_square[:, :2])))
    centre = apply(to_square, np.array([full.centre_x, full.centre_y]))
    turn = np.eye(3)
    turn[:2, :2] = to_square[:, :2] / scale
    camera = Intrinsics(size, size, full.focal_x * scale, full.focal_y * scale, float(centre[0]), float(centre[1]))
    return camera, turn


def six_dof(rotation: Floats, translation: Floats) -> NDArray[np.float32]:
    """Return (yaw, pitch, roll, x, y, z) of the camera in the head's axes (6,), radians and metres.

    [Rz(roll) Ry(yaw) Rx(pitch) | x y z] takes camera axes (x right, y up, z backwards) to the head's.

    Args:
        rotation: Head to camera (3, 3), camera axes x right, y down, z forward.
        translation: (3,).
    """
    turn = np.asarray(rotation.T @ BLENDER_FROM_OPENCV, dtype=np.float64)
    yaw = math.asin(float(np.clip(-turn[2, 0], -1.0, 1.0)))
    pitch = math.atan2(turn[2, 1], turn[2, 2])
    roll = math.atan2(turn[1, 0], turn[0, 0])
    return np.array([yaw, pitch, roll, *(-rotation.T @ translation)], dtype=np.float32)


def from_six_dof(pose: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return head-to-camera rotation (3, 3) and translation (3,) of a camera as `six_dof` describes it."""
    (yaw, pitch, roll), position = np.asarray(pose, dtype=np.float64)[:3], np.asarray(pose, dtype=np.float64)[3:]
    about_x = np.array([[1.0, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    rotation = np.asarray((about_z @ about_y @ about_x @ BLENDER_FROM_OPENCV).T, dtype=np.float64)
    return rotation, -rotation @ position


def corner_pixels(points: Floats) -> Floats:
    """Return pixels counted from the picture's top-left corner instead of from the centre of its first pixel."""
    return points + 0.5


def edge_to_edge(points: Floats, size: int) -> Floats:
    """Return pixels of a square picture (N, 2) as -1..1 from edge to edge."""
    return corner_pixels(points) / size * 2 - 1


def corner_matrix(intrinsics: Intrinsics) -> Floats:
    """Return the matrix K (3, 3) for pixels counted from the picture's corner."""
    matrix = intrinsics.matrix()
    matrix[:2, 2] += 0.5
    return matrix


def corner_affine(matrix: Floats) -> Floats:
    """Return an affine map (2, 3) between pixels for pixels counted from the corners of both pictures."""
    result = matrix.copy()
    result[:, 2] += 0.5 - matrix[:, :2].sum(axis=1) * 0.5
    return result


def corner_homography(matrix: Floats) -> Floats:
    """Return a projective map (3, 3) between pixels for pixels counted from the corners of both pictures."""
    to_corner = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    result = to_corner @ matrix @ np.linalg.inv(to_corner)
    return result / result[2, 2]
