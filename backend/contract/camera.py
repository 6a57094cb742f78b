"""Pinhole camera and every change of axes in the project.

Convention: inside the engine a camera has OpenCV axes (x right, y down, z forward), units are metres, and pixel (0, 0)
is the *centre* of the top-left pixel, so that a picture of width W spans x from -0.5 to W - 0.5. Blender's camera looks
along -Z with +Y up, Blender's world has +Z up, FLAME's head has +X to the subject's left, +Y up, +Z out of the face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from .arrays import Array

BLENDER_FROM_OPENCV: Final = np.diag([1.0, -1.0, -1.0])
"""Camera axes: OpenCV (x right, y down, z forward) -> Blender (x right, y up, -z forward)."""

BLENDER_WORLD_FROM_FLAME: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""World axes: FLAME (+Y up, +Z out of the face) -> Blender (+Z up, face looks along -Y)."""


class Window(NamedTuple):
    """A part of a picture: its top-left pixel, width and height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture with."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics of the full frame.

    Attributes:
        width, height: Picture size in pixels.
        focal_x, focal_y: Focal lengths in pixels.
        centre_x, centre_y: Principal point in pixels, (0, 0) being the centre of the top-left pixel.
    """

    width: int
    height: int
    focal_x: float
    focal_y: float
    centre_x: float
    centre_y: float

    @staticmethod
    def centred(width: int, height: int, focal: float) -> Intrinsics:
        """Return a camera with square pixels and the principal point in the middle of the picture."""
        return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)

    def resized(self, width: int, height: int) -> Intrinsics:
        """Return the camera of the same picture with another number of pixels."""
        x, y = width / self.width, height / self.height
        centre_x, centre_y = (self.centre_x + 0.5) * x - 0.5, (self.centre_y + 0.5) * y - 0.5
        return Intrinsics(width, height, self.focal_x * x, self.focal_y * y, centre_x, centre_y)

    def scaled(self, factor: float) -> Intrinsics:
        """Return the camera of the same picture with sides that are longer by a factor, in whole pixels."""
        return self.resized(round(self.width * factor), round(self.height * factor))

    def cropped(self, left: int, top: int, width: int, height: int) -> Intrinsics:
        """Return the camera of the part of the picture whose top-left pixel is (left, top), see `Window`."""
        return Intrinsics(width, height, self.focal_x, self.focal_y, self.centre_x - left, self.centre_y - top)

    def window_around(self, pixels: Array, margin: float, least: int = 1) -> Window | None:
        """Return the part of the picture that holds points and a margin around them.

        Args:
            pixels: Of the points (N, 2).
            margin: In pixels, on every side.
            least: Pixels across and down; where the picture shows fewer of it there is no window.
        """
        size = np.array([self.width, self.height])
        first = np.floor(np.maximum(pixels.min(axis=0) - margin, 0)).astype(int)
        last = np.floor(np.minimum(pixels.max(axis=0) + margin, size - 1)).astype(int)
        left, top, width, height = (*first.tolist(), *(last - first + 1).tolist())
        return None if min(width, height) < least else Window(left, top, width, height)

    def zoomed(self, factor: float) -> Intrinsics:
        """Return the camera with a lens that is longer by a factor."""
        focal_x, focal_y = self.focal_x * factor, self.focal_y * factor
        return Intrinsics(self.width, self.height, focal_x, focal_y, self.centre_x, self.centre_y)

    def on_frame(self, frame: int, zoom: Array | None) -> Intrinsics:
        """Return the camera with the lens that it has on one frame; `zoom` (T,) are factors, None for one lens."""
        return self if zoom is None else self.zoomed(float(zoom[frame]))

    def matrix(self) -> Array:
        """Return the 3x3 matrix K."""
        return np.array([[self.focal_x, 0.0, self.centre_x], [0.0, self.focal_y, self.centre_y], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class BlenderLens:
    """What Blender's camera datablock and render settings need (sensor_fit HORIZONTAL).

    Attributes:
        lens: Focal length in mm.
        sensor_width: Width of the sensor in mm.
        shift_x, shift_y: Lens shift in units of the picture's width.
        pixel_aspect_x, pixel_aspect_y: Of the render settings.
    """

    lens: float
    sensor_width: float
    shift_x: float
    shift_y: float
    pixel_aspect_x: float
    pixel_aspect_y: float


def project(points: Array, intrinsics: Intrinsics, *, nearest: float | None = None) -> Array:
    """Project points in camera axes (…, 3), metres, to pixels (…, 2).

    Args:
        points: In front of the camera where no `nearest` is given.
        intrinsics: Of the picture.
        nearest: Depth in metres at which points are taken to be that are nearer or behind the camera: their pixels
            mean nothing, but are numbers.
    """
    depth = points[..., 2] if nearest is None else np.maximum(points[..., 2], nearest)
    x = intrinsics.focal_x * points[..., 0] / depth + intrinsics.centre_x
    y = intrinsics.focal_y * points[..., 1] / depth + intrinsics.centre_y
    return np.stack([x, y], axis=-1)


def project_clip(points: Array, intrinsics: Intrinsics, zoom: Array | None) -> Array:
    """Project the points of T frames (T, N, 3) to pixels (T, N, 2).

    Args:
        points: In camera axes, metres.
        intrinsics: Of the clip.
        zoom: By how much longer the lens is on each frame (T,), or None where it stays the same.
    """
    pixels = project(points, intrinsics)
    if zoom is None:
        return pixels
    centre = np.array([intrinsics.centre_x, intrinsics.centre_y])
    return centre + np.asarray(zoom)[:, None, None] * (pixels - centre)


def unproject(pixels: Array, depth: Array, intrinsics: Intrinsics) -> Array:
    """Return the points (..., 3) in camera axes that lie at given pixels (..., 2) and depths (...), metres."""
    focal = np.array([intrinsics.focal_x, intrinsics.focal_y])
    across = (pixels - (intrinsics.centre_x, intrinsics.centre_y)) * depth[..., None] / focal
    return np.concatenate([across, depth[..., None]], axis=-1)


def resized_points(points: Array, old: Intrinsics, new: Intrinsics) -> Array:
    """Return pixels (…, 2) of a picture as those of the same picture with another number of pixels."""
    factor = np.array([new.width / old.width, new.height / old.height])
    return (points + 0.5) * factor - 0.5


def focal_from_millimetres(millimetres: float, sensor_width: float, width: int) -> float:
    """Return the focal length in pixels of a lens over a sensor as wide as the picture."""
    return millimetres * width / sensor_width


def focal_from_angle(degrees: float, width: int) -> float:
    """Return the focal length in pixels of a horizontal angle of view."""
    return width / 2 / math.tan(math.radians(degrees) / 2)


def blender_lens(intrinsics: Intrinsics, sensor_width: float = 36.0) -> BlenderLens:
    """Return lens, shift and pixel aspect that make Blender project as the intrinsics do.

    With sensor_fit HORIZONTAL Blender measures shift in picture widths on both axes, after the pixel aspect.
    """
    aspect = intrinsics.focal_x / intrinsics.focal_y
    centre_x = intrinsics.centre_x + 0.5
    centre_y = intrinsics.centre_y + 0.5
    return BlenderLens(
        lens=intrinsics.focal_x * sensor_width / intrinsics.width,
        sensor_width=sensor_width,
        shift_x=-(centre_x - intrinsics.width / 2) / intrinsics.width,
        shift_y=(centre_y - intrinsics.height / 2) * aspect / intrinsics.width,
        # Blender allows no pixel aspect below 1.
        pixel_aspect_x=max(1.0, 1 / aspect),
        pixel_aspect_y=max(1.0, aspect),
    )


def intrinsics_of_lens(lens: BlenderLens, width: int, height: int) -> Intrinsics:
    """Return the intrinsics for a picture size as which Blender projects with a lens: what `blender_lens` is undone."""
    aspect = lens.pixel_aspect_y / lens.pixel_aspect_x
    focal = lens.lens * width / lens.sensor_width
    return Intrinsics(
        width,
        height,
        focal,
        focal / aspect,
        width / 2 - lens.shift_x * width - 0.5,
        height / 2 + lens.shift_y * width / aspect - 0.5,
    )


def onto_other_lens(old: Intrinsics, new: Intrinsics) -> Array:
    """Return the matrix (3, 3) that takes points in camera axes to where another camera sees them on the same pixels.

    The picture is the same for every point. Width and height keep their metres; the depth grows with the focal length,
    so that the shape is true only where both cameras have the same one.
    """
    matrix = np.array(
        [
            [old.focal_x / new.focal_x, 0.0, (old.centre_x - new.centre_x) / new.focal_x],
            [0.0, old.focal_y / new.focal_y, (old.centre_y - new.centre_y) / new.focal_y],
            [0.0, 0.0, 1.0],
        ]
    )
    return matrix * (new.focal_x / old.focal_x)


def rotation_matrices(axis_angles: Array) -> Array:
    """Return rotation matrices (…, 3, 3) of axis-angle vectors (…, 3), exact near zero too (Rodrigues)."""
    axis_angles = np.asarray(axis_angles, dtype=np.float64)
    angle = np.linalg.norm(axis_angles, axis=-1)[..., None, None]
    square = angle * angle
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1 - square / 6, np.sin(safe) / safe)
    cosine = np.where(small, 0.5 - square / 24, (1 - np.cos(safe)) / (safe * safe))
    cross = cross_matrices(axis_angles)
    return np.eye(3) + sine * cross + cosine * (cross @ cross)


def nearest_rotations(matrices: Array) -> Array:
    """Return the rotations (..., 3, 3) nearest to matrices: singular values set to one, no reflection."""
    left, _, right = np.linalg.svd(matrices)
    left[..., 2] *= np.sign(np.linalg.det(left @ right))[..., None]
    return np.asarray(left @ right, dtype=np.float64)


def cross_matrices(vectors: Array) -> Array:
    """Return the matrices (…, 3, 3) with which vectors (…, 3) multiply crosswise: C(a) b = a x b."""
    result = np.zeros((*vectors.shape, 3), dtype=vectors.dtype)
    for row, column, axis in ((2, 1, 0), (0, 2, 1), (1, 0, 2)):
        result[..., row, column] = vectors[..., axis]
        result[..., column, row] = -vectors[..., axis]
    return result


def quaternions(axis_angles: Array) -> Array:
    """Return unit quaternions (T, 4), w first, of axis-angles (T, 3), the sign chosen so that neighbours are near."""
    axis_angles = np.asarray(axis_angles, dtype=np.float64)
    angle = np.linalg.norm(axis_angles, axis=-1, keepdims=True)
    half = angle / 2
    factor = np.where(angle < 1e-8, 0.5, np.sin(half) / np.where(angle < 1e-8, 1.0, angle))
    result = np.concatenate([np.cos(half), axis_angles * factor], axis=-1)
    for index in range(1, len(result)):
        if float(result[index] @ result[index - 1]) < 0:
            result[index] = -result[index]
    return result


def axis_angles(matrices: Array) -> Array:
    """Return axis-angles (…, 3), angle in [0, pi], of rotation matrices (…, 3, 3); stable near 0 and near pi."""
    m = np.asarray(matrices, dtype=np.float64)
    w, x, y, z = _largest_quaternion(m)
    length = np.sqrt(x * x + y * y + z * z)
    angle = 2 * np.arctan2(length, w)
    factor = np.where(length < 1e-12, 2.0, angle / np.where(length < 1e-12, 1.0, length))
    return np.stack([x * factor, y * factor, z * factor], axis=-1)


def _largest_quaternion(m: Array) -> tuple[Array, Array, Array, Array]:
    """Quaternion of a matrix by its largest component (Shepperd 1978), with w >= 0."""
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    a = m[..., 2, 1] - m[..., 1, 2]
    b = m[..., 0, 2] - m[..., 2, 0]
    c = m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    diagonal = [m[..., i, i] for i in range(3)]
    candidates = np.stack(
        [
            np.stack([1 + trace, a, b, c], axis=-1),
            np.stack([a, 1 + 2 * diagonal[0] - trace, xy, xz], axis=-1),
            np.stack([b, xy, 1 + 2 * diagonal[1] - trace, yz], axis=-1),
            np.stack([c, xz, yz, 1 + 2 * diagonal[2] - trace], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.stack([trace, *diagonal], axis=-1), axis=-1)
    chosen = np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]
    chosen = chosen / np.linalg.norm(chosen, axis=-1, keepdims=True)
    chosen = np.where(chosen[..., :1] < 0, -chosen, chosen)
    return chosen[..., 0], chosen[..., 1], chosen[..., 2], chosen[..., 3]


def blender_head_to_camera(rotation: Array, translation: Array) -> Array:
    """Return 4x4 matrices (…, 4, 4) that take Blender head space to Blender camera space.

    Args:
        rotation: Head-to-camera rotation (…, 3, 3), FLAME axes -> OpenCV axes.
        translation: Head-to-camera translation (…, 3), metres, OpenCV axes.

    The camera-moves import puts the camera at the inverse of this matrix; the head-moves import puts the head at
    ``camera_world @ this``.
    """
    matrix = np.zeros((*rotation.shape[:-2], 4, 4))
    matrix[..., :3, :3] = BLENDER_FROM_OPENCV @ rotation @ BLENDER_WORLD_FROM_FLAME.T
    matrix[..., :3, 3] = translation @ BLENDER_FROM_OPENCV.T
    matrix[..., 3, 3] = 1.0
    return matrix


def blender_points(points: Array) -> Array:
    """Return head-space points (…, 3) in Blender's axes: (x, y, z) -> (x, -z, y)."""
    return points @ BLENDER_WORLD_FROM_FLAME.T.astype(points.dtype)
