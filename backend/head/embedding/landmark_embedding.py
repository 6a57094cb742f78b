"""MediaPipe's 478 landmarks on a FLAME template: as measured on FLAME's mesh, else by registration of the face mesh."""

from __future__ import annotations

import contextlib
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats, Integers
from ...contract.atomic import write_atomically
from ...contract.names import DLIB68_FROM_MEDIAPIPE, FACE_LANDMARKS, JOINTS, LANDMARKS, LEFT_IRIS, RIGHT_IRIS
from ...system.source_code import code_version
from ..builtin.cache import cache_folder
from ..flame.side_files import Anchors, SideFiles
from ..geometry import eyeballs, fitted_sphere, nearest_on_mesh
from ..model import LandmarkEmbedding
from .face_features import feature_targets, outer_triangles
from .lips import LOWER_LIP, UPPER_LIP
from .registration import LandmarkTargets, register

IRIS_RADIUS: Final = 0.0059
"""Metres; the visible iris is 11.7 mm wide with little variation between people (Rüfer et al., Cornea 2005)."""

MEASURED: Final = Path(__file__).parent / "flame_landmarks.csv"
_CONTOUR_68: Final = 17
"""The first 17 of the 68 landmarks slide along the outline; they are no fixed places."""

_SurfacePoints = tuple[Integers, Floats]
"""Triangle (N,) and barycentric coordinates (N, 3)."""


def embed_landmarks(template: Floats, faces: Integers, weights: Floats, side: SideFiles) -> LandmarkEmbedding:
    """Return where the landmarks lie on a template (V, 3) with triangles (F, 3) and skinning weights (V, J).

    What files beside the model say comes first. Registrations are kept in the user's cache under the hash of the arrays
    that they depend on.

    Raises:
        MeshProblem: the template has no eyeballs, or no face where one is expected.
    """
    measured = measured_surface_points(faces, len(template))
    anchors = side.mediapipe_anchors if side.mediapipe_anchors is not None else side.dlib_anchors
    if measured is not None and side.mediapipe_anchors is None:
        surface_points, source = measured, "measured on FLAME's mesh"
    else:
        key = _cache_key(template, faces, weights, anchors)
        cached = _read_cache(key, len(faces))
        surface_points = cached if cached is not None else _registered(template, faces, weights, side, measured)
        if cached is None:
            _write_cache(key, surface_points)
        source = "registered" if anchors is None else f"registered with {anchors.file_name}"
    triangle = np.zeros(LANDMARKS, dtype=np.int64)
    barycentric = np.zeros((LANDMARKS, 3))
    triangle[:FACE_LANDMARKS], barycentric[:FACE_LANDMARKS] = surface_points
    for indices, ball in zip((LEFT_IRIS, RIGHT_IRIS), eyeballs(template, faces), strict=True):
        triangle[list(indices)], barycentric[list(indices)] = iris_surface_points(template, faces, ball)
    return LandmarkEmbedding(triangle, barycentric, np.ones(LANDMARKS, dtype=bool), source)


@lru_cache(maxsize=1)
def _measured_table() -> tuple[Integers, Floats]:
    table = np.loadtxt(MEASURED, delimiter=",")
    weights = table[:, 3:] / table[:, 3:].sum(axis=1, keepdims=True)
    return table[:, :3].astype(np.int64), weights


def measured_surface_points(faces: Integers, vertices: int) -> _SurfacePoints | None:
    """Return the 468 landmarks on FLAME's mesh as we measured them, or None where the mesh is another.

    All versions of FLAME share their triangles; the mesh is recognised by having each triangle of the table.
    """
    corners, weights = _measured_table()
    if corners.max() >= vertices:
        return None
    order = np.argsort(faces, axis=1)
    key = _triangle_key(np.take_along_axis(faces, order, axis=1), vertices)
    table_order = np.argsort(corners, axis=1)
    wanted = _triangle_key(np.take_along_axis(corners, table_order, axis=1), vertices)
    sorter = np.argsort(key)
    position = np.minimum(np.searchsorted(key, wanted, sorter=sorter), len(key) - 1)
    triangle = sorter[position]
    if not np.array_equal(key[triangle], wanted):
        return None
    barycentric = np.zeros_like(weights)
    np.put_along_axis(barycentric, order[triangle], np.take_along_axis(weights, table_order, axis=1), axis=1)
    return triangle, barycentric


def _triangle_key(sorted_corners: Integers, vertices: int) -> Integers:
    return (sorted_corners[:, 0] * vertices + sorted_corners[:, 1]) * vertices + sorted_corners[:, 2]


def iris_surface_points(template: Floats, faces: Integers, ball: Integers) -> _SurfacePoints:
    """Return centre and ring of the iris (5 places) on an eyeball that looks along +Z, in MediaPipe's order.

    After the centre the ring goes, as seen in a picture of the face: right, top, left, bottom (measured on renders).
    """
    centre, radius = fitted_sphere(template[ball])
    ring = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]) * IRIS_RADIUS
    depth = np.sqrt(radius**2 - IRIS_RADIUS**2)
    points = centre + np.concatenate([[[0.0, 0.0, radius]], np.column_stack([ring, np.full(4, depth)])])
    on_ball = np.zeros(len(template), dtype=bool)
    on_ball[ball] = True
    ball_triangles = np.flatnonzero(on_ball[faces].all(axis=1))
    hit, barycentric, _ = nearest_on_mesh(points, template, faces[ball_triangles])
    return ball_triangles[hit], barycentric


def _registered(
    template: Floats, faces: Integers, weights: Floats, side: SideFiles, measured: _SurfacePoints | None
) -> _SurfacePoints:
    """Register the face mesh: to the measured places where there are some, else to features of the template."""
    if measured is not None:
        triangle, barycentric = measured
        targets = LandmarkTargets(_points(template, faces, triangle, barycentric), np.full(FACE_LANDMARKS, 0.001))
    else:
        targets = feature_targets(template, faces, weights)
    if side.mediapipe_anchors is not None:
        anchors = side.mediapipe_anchors
        targets.position[anchors.landmark] = _points(template, faces, anchors.triangle, anchors.barycentric)
        targets.spread[anchors.landmark] = 1e-5
    elif side.dlib_anchors is not None:
        _use_dlib(targets, template, faces, side.dlib_anchors)
    skin = ~_on_eyeballs(template, faces)
    outer = outer_triangles(template, faces)
    outer = outer[skin[outer].all(axis=1)]
    hangs = weights[:, JOINTS.index("jaw")] > 0.5
    points = register(targets, template, outer, outer[hangs[outer].all(axis=1)])
    surface_points = nearest_surface_points(points, template, faces, outer, hangs)
    if side.mediapipe_anchors is not None:
        anchors = side.mediapipe_anchors
        surface_points[0][anchors.landmark], surface_points[1][anchors.landmark] = anchors.triangle, anchors.barycentric
    return surface_points


def _points(template: Floats, faces: Integers, triangle: Integers, barycentric: Floats) -> Floats:
    return np.einsum("nk,nkc->nc", barycentric, template[faces[triangle]])


def _on_eyeballs(template: Floats, faces: Integers) -> np.ndarray:
    mask = np.zeros(len(template), dtype=bool)
    for ball in eyeballs(template, faces):
        mask[ball] = True
    return mask


def _use_dlib(targets: LandmarkTargets, template: Floats, faces: Integers, anchors: Anchors) -> None:
    """The 51 fixed dlib points that are one MediaPipe point each, to within a millimetre or so."""
    points = _points(template, faces, anchors.triangle, anchors.barycentric)
    for number, point in zip(anchors.landmark, points, strict=True):
        landmarks = DLIB68_FROM_MEDIAPIPE[number]
        if number >= _CONTOUR_68 and len(landmarks) == 1:
            targets.position[landmarks[0]], targets.spread[landmarks[0]] = point, 0.0015


def nearest_surface_points(
    points: Floats, template: Floats, faces: Integers, outer: Integers, hangs: np.ndarray
) -> tuple[Integers, Floats]:
    """Return the nearest place of each landmark (468): triangle and barycentric; on its own lip where it has one.

    Args:
        points: (468, 3).
        template, faces: The mesh.
        outer: Triangles that may be used (F', 3), rows of `faces`.
        hangs: Whether each vertex hangs on the jaw (V,).
    """
    number = {tuple(corners): index for index, corners in enumerate(faces.tolist())}
    triangle = np.zeros(FACE_LANDMARKS, dtype=np.int64)
    barycentric = np.zeros((FACE_LANDMARKS, 3))
    lower, upper = hangs[outer].all(axis=1), (~hangs)[outer].all(axis=1)
    rest = np.setdiff1d(np.arange(FACE_LANDMARKS), [*LOWER_LIP, *UPPER_LIP])
    for landmarks, mask in ((rest, slice(None)), (np.array(LOWER_LIP), lower), (np.array(UPPER_LIP), upper)):
        allowed = outer[mask]
        hit, coordinates, _ = nearest_on_mesh(points[landmarks], template, allowed)
        triangle[landmarks] = [number[tuple(corners)] for corners in allowed[hit].tolist()]
        barycentric[landmarks] = coordinates
    return triangle, barycentric


def _cache_key(template: Floats, faces: Integers, weights: Floats, anchors: Anchors | None) -> str:
    """Name of the cached registration: the arrays that it depends on, what anchors it, and the code that makes it."""
    digest = hashlib.sha256()
    for array in (template, faces, weights):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(code_version(__name__).encode("ascii"))
    if anchors is not None:
        for array in (anchors.landmark, anchors.triangle, anchors.barycentric):
            digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _read_cache(key: str, triangles: int) -> _SurfacePoints | None:
    try:
        with np.load(cache_folder() / f"landmarks_{key}.npz", allow_pickle=False) as archive:
            triangle, barycentric = archive["triangle"], archive["barycentric"]
    except Exception:  # noqa: BLE001 - not made yet, or damaged in whatever way: it is made again
        return None
    if triangle.shape != (FACE_LANDMARKS,) or barycentric.shape != (FACE_LANDMARKS, 3) or triangle.max() >= triangles:
        return None
    return triangle, barycentric


def _write_cache(key: str, surface_points: _SurfacePoints) -> None:
    """Keep the places; a folder that cannot be written only costs the time of registering again."""
    target = cache_folder() / f"landmarks_{key}.npz"
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        triangle, barycentric = surface_points
        write_atomically(target, lambda partial: np.savez(partial, triangle=triangle, barycentric=barycentric))
