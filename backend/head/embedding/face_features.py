"""Finds lids, lips, nose and chin on a template by looking at it, to start the registration of the face mesh.

Only the geometry is used: where eyeballs show between the lids, where the visible skin changes from what stays with the
skull to what hangs on the jaw, where the profile is farthest out. For meshes whose places are not known already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats, Integers
from ...contract.camera import Intrinsics, rotation_matrices
from ...contract.names import (
    FACE_LANDMARKS,
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    JOINTS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ...raster.rasterizer_numba import NumbaRasterizer
from ..geometry import MeshProblem, eyeballs, face_normals, fitted_sphere
from .registration import LandmarkTargets, neutral_face

_FAR: Final = 10.0
"""Metres to the camera: so far that the view is nearly parallel."""
_PIXEL: Final = 0.0002
"""Metres per pixel of the views."""
_CORNER: Final = 0.0136
"""Metres sideways from an eyeball's centre to the corners of its lids where the eyes are 63 mm apart."""
_NOSE_TIP, _CHIN = 4, 152


@dataclass(frozen=True)
class FrontView:
    """A nearly parallel view along -Z onto a square around a point: triangle and place of every pixel."""

    ids: NDArray[np.int32]
    points: Floats
    weights: Floats

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Where the mesh is seen (H, W)."""
        return self.ids >= 0


def front_view(vertices: Floats, faces: Integers, values: Floats, centre: Floats, size: float) -> FrontView:
    """Return the view from the front of a square of `size` metres, with a value per vertex (V,) interpolated."""
    pixels = int(size / _PIXEL)
    camera = (vertices - centre) * [1.0, -1.0, -1.0] + [0.0, 0.0, _FAR]
    raster = NumbaRasterizer(1).rasterize(camera, faces, Intrinsics.centred(pixels, pixels, _FAR / _PIXEL))
    interpolated = raster.interpolate(np.concatenate([vertices, values[:, None]], axis=1), faces)
    return FrontView(raster.ids, interpolated[..., :3], interpolated[..., 3])


def outer_triangles(vertices: Floats, faces: Integers) -> Integers:
    """Return the triangles (F', 3) that are seen from anywhere in front: no mouth cavity, nostrils or eye sockets."""
    visible = np.zeros(len(faces), dtype=bool)
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    rasterizer = NumbaRasterizer(1)
    for yaw in (-90, -45, 0, 45, 90):
        for pitch in (-40, 0, 40):
            turn = rotation_matrices(np.radians([pitch, 0.0, 0.0])) @ rotation_matrices(np.radians([0.0, -yaw, 0.0]))
            camera = ((vertices - centre) @ turn.T) * [1.0, -1.0, -1.0] + [0.0, 0.0, _FAR]
            ids = np.unique(rasterizer.rasterize(camera, faces, Intrinsics.centred(800, 800, 800 / 0.42 * _FAR)).ids)
            ids = ids[ids >= 0]
            visible[ids[face_normals(camera, faces[ids])[:, 2] < -0.1]] = True
    return faces[visible]


def feature_targets(template: Floats, faces: Integers, weights: Floats) -> LandmarkTargets:
    """Return where lids, inner lips, nose tip and chin of a template lie.

    Args:
        template: (V, 3), FLAME's axes.
        faces: (F, 3).
        weights: Skinning weights (V, J).

    Raises:
        MeshProblem: no eyes or no mouth were found.
    """
    targets = LandmarkTargets(np.zeros((FACE_LANDMARKS, 3)), np.full(FACE_LANDMARKS, np.inf))
    left, right = eyeballs(template, faces)
    centres = [fitted_sphere(template[ball])[0] for ball in (left, right)]
    middle = (centres[0] + centres[1]) / 2
    eye_distance = float(np.linalg.norm(centres[0] - centres[1]))
    for ball, centre, upper, lower in (
        (left, centres[0], LEFT_EYE_UPPER, LEFT_EYE_LOWER),
        (right, centres[1], RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
    ):
        _lids(targets, template, faces, ball, centre, eye_distance, upper, lower)
    stomion = _lips(targets, template, faces, weights[:, JOINTS.index("jaw")], middle, eye_distance)
    _profile(targets, template, faces, middle, stomion)
    return targets


def _set(targets: LandmarkTargets, landmarks: tuple[int, ...], positions: Floats, spread: float) -> None:
    targets.position[list(landmarks)] = positions
    targets.spread[list(landmarks)] = spread


def _at_fractions(curve: Floats, landmarks: tuple[int, ...]) -> Floats:
    """Points on a curve (N, 3) at the shares of its length at which the landmarks lie on the neutral face's own."""
    reference = neutral_face()[list(landmarks)]
    share = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(reference, axis=0), axis=1))])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return np.stack([np.interp(share / share[-1] * length[-1], length, curve[:, axis]) for axis in range(3)], axis=1)


def _lids(
    targets: LandmarkTargets,
    template: Floats,
    faces: Integers,
    ball: Integers,
    centre: Floats,
    eye_distance: float,
    upper: tuple[int, ...],
    lower: tuple[int, ...],
) -> None:
    """Lid edges: the skin next to the visible part of the eyeball, above and below it."""
    on_ball = np.zeros(len(template))
    on_ball[ball] = 1.0
    view = front_view(template, faces, on_ball, centre, 0.045)
    shown = view.covered & (view.weights > 0.5)
    columns = np.flatnonzero(shown.sum(axis=0) >= 3)
    if len(columns) < 0.008 / _PIXEL:
        raise MeshProblem("its eyeballs cannot be seen between its lids")
    top = shown[:, columns].argmax(axis=0) - 1
    bottom = len(shown) - shown[::-1, columns].argmax(axis=0)
    to_outer = 1 if centre[0] > 0 else -1  # the outer corner of the left eye lies at larger x
    corners = _lid_corners(view, shown, columns[::to_outer], to_outer * _CORNER * eye_distance / 0.063)
    keep = slice(len(columns) // 12, len(columns) - len(columns) // 12)
    for rows, landmarks in ((top, upper), (bottom, lower)):
        edge = view.points[rows, columns][keep][::-to_outer]  # from the outer corner to the inner
        curve = np.concatenate([corners[:1], edge, corners[1:]])
        _set(targets, landmarks, _at_fractions(curve, landmarks), 0.0003)


def _lid_corners(view: FrontView, shown: NDArray[np.bool_], columns: Integers, reach: float) -> Floats:
    """Outer and inner corner (2, 3): the skin at a known distance sideways, as high as the visible eyeball ends."""
    corners = []
    for column, sideways in ((columns[-1], reach), (columns[0], -reach)):
        row = int(np.flatnonzero(shown[:, column]).mean())
        corners.append(view.points[row, view.ids.shape[1] // 2 + round(sideways / _PIXEL)])
    return np.array(corners)


def _lips(
    targets: LandmarkTargets, template: Floats, faces: Integers, jaw: Floats, middle: Floats, eye_distance: float
) -> Floats:
    """Inner lips: where, downwards, the visible skin jumps from what stays to what hangs on the jaw."""
    centre = middle - np.array([0.0, 1.1 * eye_distance, 0.0])
    view = front_view(template, faces, jaw, centre, 1.1 * eye_distance)
    step = np.diff(np.where(view.covered, view.weights, np.nan), axis=0)
    step = np.where(np.isnan(step), 0.0, step)
    row = step.argmax(axis=0)
    strong = step[row, np.arange(step.shape[1])] > 0.1
    half = step.shape[1] // 2
    if not strong[half - 5 : half + 5].any():
        raise MeshProblem("no gap between its lips was found that the jaw opens")
    first, last = _run_around(strong, half)
    columns = np.arange(first, last + 1)
    upper, lower = view.points[row[columns], columns], view.points[row[columns] + 1, columns]
    corners = (upper[[0, -1]] + lower[[0, -1]]) / 2
    for curve, landmarks in ((upper, INNER_LIPS_UPPER), (lower, INNER_LIPS_LOWER)):
        closed = np.concatenate([corners[:1], curve, corners[1:]])
        _set(targets, landmarks, _at_fractions(closed, landmarks), 0.0003)
    return (upper[len(upper) // 2] + lower[len(lower) // 2]) / 2


def _run_around(mask: NDArray[np.bool_], middle: int) -> tuple[int, int]:
    """First and last index of what is true around the middle, gaps of up to 1 mm closed."""
    gap = round(0.001 / _PIXEL)
    ends = []
    for direction in (-1, 1):
        last, position = middle, middle
        while 0 <= position < len(mask) and abs(position - last) <= gap:
            if mask[position]:
                last = position
            position += direction
        ends.append(last)
    return ends[0], ends[1]


def _profile(targets: LandmarkTargets, template: Floats, faces: Integers, middle: Floats, stomion: Floats) -> None:
    """Nose tip and chin from the profile in the middle."""
    height = middle[1] - stomion[1]
    centre = np.array([middle[0], (middle[1] + stomion[1]) / 2 - height / 2, 0.0])
    view = front_view(template, faces, np.zeros(len(template)), centre, 3.2 * height)
    column = view.points[:, view.points.shape[1] // 2]
    column = column[view.covered[:, view.covered.shape[1] // 2]]
    nose = column[(column[:, 1] < middle[1]) & (column[:, 1] > stomion[1])]
    if len(nose):
        _set(targets, (_NOSE_TIP,), nose[nose[:, 2].argmax()], 0.002)
    below = (stomion[1] - column[:, 1]) / height
    chin = column[(below > 0.4) & (below < 0.9)]
    if len(chin):
        # Where the outline turns under: farthest along forward-and-down. MediaPipe's lowest point lies about there.
        _set(targets, (_CHIN,), chin[(chin @ [0.0, -0.8, 0.6]).argmax()], 0.003)
