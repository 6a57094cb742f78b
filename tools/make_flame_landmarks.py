"""Makes `flame_landmarks.csv`: what MediaPipe sees on pictures of a FLAME head, carried back to the mesh.

    python -m tools.make_flame_landmarks MODEL [--task face_landmarker.task]

Pictures of random identities are rendered in plain colours (skin, lips, irises) from several sides; the detector runs
on them; each landmark goes back to the triangle that it fell on, and from there to the template. Robust means, averaged
with their mirror images, become the targets of a registration in which lids and lips lie on edges of the mesh that were
chosen by eye, because no picture tells the two sides of a slit apart.

Needs mediapipe with all that it asks for: the engine's environment has only its files, so `pip install mediapipe` into
a copy of it.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.contract.arrays import Floats, Integers
from backend.contract.camera import Intrinsics, rotation_matrices
from backend.contract.failure import Failure
from backend.contract.names import (
    FACE_LANDMARKS,
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    JOINTS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
)
from backend.contract.settings import HeadSettings
from backend.head.embedding.face_features import outer_triangles
from backend.head.embedding.landmark_embedding import MEASURED, nearest_surface_points
from backend.head.embedding.registration import LandmarkTargets, mirror_landmarks, register
from backend.head.flame.flame_file import load_flame
from backend.head.geometry import eyeballs, face_normals, fitted_sphere
from backend.head.model import HeadModel
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer

# Edges of FLAME's mesh on the subject's left, as vertices.
_UPPER_LID: Final = (1175, 1195, 1200, 1201, 1202, 1216, 1218, 1344, 3855, 1343, 1340, 1331, 1329, 1336, 3833, 3832)
_LOWER_LID: Final = (
    1175, 1170, 1113, 1096, 1093, 822, 807, 814, 995, 994, 991, 827, 824, 1354, 1355, 1357, 3833, 3832,
)  # fmt: skip
"""Ridge of the lids from the outer to the inner corner."""
_UPPER_SLIT: Final = (
    (0.5, (3531, 1669, 1670, 1737, 1738, 1720, 1731, 1579)),
    (0.5, (3533, 1668, 1667, 1740, 1748, 1719, 1723, 1579)),
)
_LOWER_SLIT: Final = (
    (0.3, (3504, 1849, 1804, 1793, 1792, 1791, 1758, 1730, 1579)),
    (0.7, (3509, 1848, 1826, 1789, 1787, 1788, 1583, 1730, 1579)),
)
_UPPER_BORDER: Final = (
    (0.5, (3541, 1658, 1693, 1695, 1749, 1717, 1714, 1712, 1710, 1576)),
    (0.5, (3543, 1657, 1694, 1696, 1735, 1716, 1715, 1713, 1711, 1579, 1576)),
)
_LOWER_BORDER: Final = (
    (0.7, (3511, 1866, 1801, 1796, 1770, 1771, 1763, 1576)),
    (0.3, (3503, 1865, 1802, 1795, 1774, 1773, 1577, 1576)),
)
"""Two neighbouring rows each, with the share that each has in the place: from the middle to the corner of the mouth."""
_PAINTED: Final = (
    3543, 1657, 1694, 1696, 1735, 1716, 1715, 1713, 1711, 1579, 3546, 1751, 1750, 1734, 1736, 3531, 1669, 1670,
    1737, 1717, 3509, 1848, 1826, 1789, 1787, 1788, 1583, 1582, 3513, 1836, 1827, 1778, 1777, 3533, 1668, 1667,
    3504, 1849, 1804, 1793, 1792, 1791, 1758, 1730, 3506, 1850, 1803, 1794, 1775, 1776, 1578, 3503, 1865, 1802,
    1795, 1774, 1773, 1577,
)  # fmt: skip
"""Vertices of the lips on the left and in the middle, for their colour."""
_PIXELS: Final = 640
_YAWS: Final = (-38, -22, -8, 8, 22, 38)
_PEOPLE: Final = 22

Detector = Callable[[np.ndarray[Any, Any]], "Floats | None"]


def mirror_vertices(template: Floats, faces: Integers) -> Integers:
    """Return the vertex (V,) that is each skin vertex's mirror image, itself for eyeballs.

    Walks over the triangles of both halves at once, from an edge in the middle; FLAME's mesh is mirror-symmetric
    but for the diagonals of a few quads.
    """
    across = {(int(t[k]), int(t[(k + 1) % 3])): int(t[(k + 2) % 3]) for t in faces for k in range(3)}
    skin = np.setdiff1d(np.arange(len(template)), np.concatenate(eyeballs(template, faces)))
    middle = set(skin[np.abs(template[skin, 0]) < 0.0015].tolist())
    best: dict[int, int] = {}
    for start in [edge for edge in across if edge[0] in middle and edge[1] in middle][::7]:
        walked = _walk(start, across, template)
        best = walked if len(walked) > len(best) else best
        if len(best) == len(skin):
            break
    result = np.arange(len(template))
    result[list(best)] = list(best.values())
    return result


def _walk(start: tuple[int, int], across: dict[tuple[int, int], int], template: Floats) -> dict[int, int]:
    mirror = {start[0]: start[0], start[1]: start[1]}
    queue = deque([(*start, *start)])
    visited: set[tuple[int, int]] = set()
    while queue:
        a, b, a2, b2 = queue.popleft()
        c, c2 = across.get((a, b)), across.get((b2, a2))
        if (a, b) in visited or c is None or c2 is None:
            continue
        visited.add((a, b))
        far = np.linalg.norm(template[c] * [-1.0, 1.0, 1.0] - template[c2]) > 0.006
        if mirror.get(c, c2) != c2 or mirror.get(c2, c) != c or far:
            continue
        mirror[c], mirror[c2] = c2, c
        queue.extend([(c, b, c2, b2), (a, c, a2, c2), (b, a, b2, a2)])
    return mirror


def colours(head: HeadModel, mirror: Integers) -> tuple[Floats, np.ndarray[Any, Any]]:
    """Return a colour per vertex (V, 3), 0..255 RGB, and which vertices are skin."""
    result = np.tile([205.0, 165.0, 140.0], (head.vertex_count, 1))
    lips = np.array([*_PAINTED, *mirror[list(_PAINTED)]])
    result[lips] = [190.0, 115.0, 110.0]
    skin = np.ones(head.vertex_count, dtype=bool)
    skin[lips] = False
    for ball in eyeballs(head.template, head.faces):
        centre, _ = fitted_sphere(head.template[ball])
        offset = head.template[ball] - centre
        radius = np.where(offset[:, 2] > 0, np.hypot(offset[:, 0], offset[:, 1]), 1.0)[:, None]
        iris = np.where(radius < 0.0026, [10.0, 10.0, 10.0], [110.0, 80.0, 60.0])
        result[ball] = np.where(radius < 0.0062, iris, [240.0, 235.0, 235.0])
        skin[ball] = False
    return result, skin


def observed_positions(head: HeadModel, mirror: Integers, detectors: list[Detector]) -> tuple[Floats, Floats]:
    """Return where landmarks are seen on the symmetric template (468, 3), and their spread (468,), metres."""
    random = np.random.default_rng(0)
    base, skin = colours(head, mirror)
    symmetric = symmetric_template(head.template, mirror)
    flip = mirror_landmarks()
    positions: list[Floats] = []
    weights: list[Floats] = []
    for _ in range(_PEOPLE):
        identity = np.zeros(head.identity_basis.shape[2])
        identity[:30] = random.normal(0, 0.8, len(identity[:30]))
        vertices = head.template + head.identity_basis @ identity
        tinted = np.where(skin[:, None], base * random.uniform(0.6, 1.05), base)
        for yaw in _YAWS:
            picture, ids, barycentrics, facing = _picture(vertices, head.faces, tinted, yaw, random)
            for points in (detector(picture) for detector in detectors):
                if points is None:
                    continue
                column, row = np.clip(np.round(points[:FACE_LANDMARKS]).astype(int), 0, _PIXELS - 1).T
                triangle = ids[row, column]
                corners = head.faces[np.maximum(triangle, 0)]
                position = np.einsum("nk,nkc->nc", barycentrics[row, column], symmetric[corners])
                good = (triangle >= 0) & (facing[row, column] > 0.35) & _is_skin(head)[corners].all(axis=1)
                weight = np.where(good, facing[row, column] ** 2, 0.0)
                positions += [position, position[flip] * [-1.0, 1.0, 1.0]]
                weights += [weight, weight[flip]]
    return _robust_mean(np.array(positions), np.array(weights))


def symmetric_template(template: Floats, mirror: Integers) -> Floats:
    """Return the mean of a template and its mirror image (V, 3); eyeballs stay."""
    result = (template + template[mirror] * [-1.0, 1.0, 1.0]) / 2
    eyeball = (mirror == np.arange(len(mirror))) & (np.abs(template[:, 0]) > 0.01)
    result[eyeball] = template[eyeball]
    return result


def _is_skin(head: HeadModel) -> np.ndarray[Any, Any]:
    mask = np.ones(head.vertex_count, dtype=bool)
    mask[np.concatenate(eyeballs(head.template, head.faces))] = False
    return mask


def _picture(
    vertices: Floats, faces: Integers, colour: Floats, yaw: float, random: np.random.Generator
) -> tuple[np.ndarray[Any, Any], ...]:
    """Return an RGB picture, and triangle, place in it and facing of every pixel."""
    turns = np.radians(
        [[random.uniform(-14, 14), 0, 0], [0, -yaw + random.uniform(-6, 6), 0], [0, 0, random.uniform(-8, 8)]]
    )
    pitch, turn, roll = rotation_matrices(turns)
    distance = random.uniform(0.7, 2.0)
    camera = ((vertices - [0, -0.02, 0]) @ (roll @ pitch @ turn).T) * [1.0, -1.0, -1.0] + [0.0, 0.0, distance]
    raster = NumbaRasterizer(2).rasterize(
        camera, faces, Intrinsics.centred(_PIXELS, _PIXELS, _PIXELS / 0.34 * distance)
    )
    normals = raster.interpolate(vertex_normals(camera, faces), faces)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
    light = np.array([random.uniform(-0.6, 0.6), random.uniform(-0.8, -0.2), -0.85])
    shade = 0.45 + 0.55 * np.clip(normals @ (light / np.linalg.norm(light)), 0, 1)
    picture = np.full((_PIXELS, _PIXELS, 3), random.uniform(40, 220))
    covered = raster.ids >= 0
    picture[covered] = (raster.interpolate(colour, faces) * shade[..., None])[covered]
    ids = np.maximum(raster.ids, 0)
    towards = -camera[faces].mean(axis=1)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    facing = (face_normals(camera, faces) * towards).sum(axis=1)[ids]
    return picture.astype(np.uint8), raster.ids, raster.barycentrics, np.where(covered, facing, -1.0)


def _robust_mean(positions: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted geometric median (Weiszfeld) of each landmark and the spread around it."""
    mean = (positions * weights[..., None]).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-9)[:, None]
    pull = weights
    for _ in range(12):
        pull = weights / np.maximum(np.linalg.norm(positions - mean, axis=-1), 0.0008)
        mean = (positions * pull[..., None]).sum(axis=0) / np.maximum(pull.sum(axis=0), 1e-9)[:, None]
    square = ((positions - mean) ** 2).sum(axis=-1)
    return mean, np.sqrt((pull * square).sum(axis=0) / np.maximum(pull.sum(axis=0), 1e-9))


def targets_of(template: Floats, observed: Floats, spread: Floats) -> LandmarkTargets:
    """Return what the registration aims at: the edges of lids and lips exactly, elsewhere what was seen."""
    flip = mirror_landmarks()
    targets = LandmarkTargets(observed.copy(), np.where(spread > 0.004, np.inf, np.hypot(0.5 * spread, 0.001)))

    def put(landmarks: tuple[int, ...], rows: tuple[tuple[float, tuple[int, ...]], ...], exactness: float) -> None:
        share = _shares(observed[list(landmarks)])
        position = np.sum([part * _at(template[list(row)], share) for part, row in rows], axis=0)
        targets.position[list(landmarks)], targets.spread[list(landmarks)] = position, exactness
        mirrored = flip[list(landmarks)]
        targets.position[mirrored], targets.spread[mirrored] = position * np.array([-1.0, 1.0, 1.0]), exactness

    put(LEFT_EYE_UPPER, ((1.0, _UPPER_LID),), 0.0001)
    put(LEFT_EYE_LOWER, ((1.0, _LOWER_LID),), 0.0001)
    put(INNER_LIPS_UPPER[5:], _UPPER_SLIT, 0.0001)
    put(INNER_LIPS_LOWER[5:], _LOWER_SLIT, 0.0001)
    put(OUTER_LIPS_UPPER[5:], _UPPER_BORDER, 0.0004)
    put(OUTER_LIPS_LOWER[5:], _LOWER_BORDER, 0.0004)
    corner = (template[1576] + observed[291]) / 2
    targets.position[291], targets.position[61] = corner, corner * [-1.0, 1.0, 1.0]
    return targets


def _shares(points: Floats) -> Floats:
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return length / length[-1]


def _at(row: Floats, share: Floats) -> Floats:
    own = _shares(row)
    return np.stack([np.interp(share, own, row[:, axis]) for axis in range(3)], axis=1)


def measured_table(head: HeadModel, detectors: list[Detector]) -> Floats:
    """Return the rows of the table (468, 6): three vertices and their weights."""
    mirror = mirror_vertices(head.template, head.faces)
    template = symmetric_template(head.template, mirror)
    targets = targets_of(template, *observed_positions(head, mirror, detectors))
    outer = outer_triangles(template, head.faces)
    outer = outer[_is_skin(head)[outer].all(axis=1)]
    jaw = head.skinning_weights[:, JOINTS.index("jaw")]
    hangs = (jaw + jaw[mirror]) / 2 > 0.5
    points = register(targets, template, outer, outer[hangs[outer].all(axis=1)])
    triangle, barycentric = nearest_surface_points(points, template, head.faces, outer, hangs)
    corners = head.faces[triangle]
    known = {tuple(sorted(face)) for face in head.faces.tolist()}
    for landmark, other in enumerate(mirror_landmarks()):  # the left half decides on both
        mirrored = mirror[corners[landmark]]
        if points[landmark, 0] > 1e-5 and tuple(sorted(mirrored.tolist())) in known:
            corners[other], barycentric[other] = mirrored, barycentric[landmark]
    return np.concatenate([corners.astype(np.float64), barycentric], axis=1)


def _detectors(task: Path | None) -> list[Detector]:
    import mediapipe
    from mediapipe.python.solutions.face_mesh import FaceMesh

    mesh = FaceMesh(static_image_mode=True, refine_landmarks=True)

    def pixels(landmarks: Any) -> Floats:
        return np.array([[point.x, point.y] for point in landmarks]) * _PIXELS - 0.5

    def by_mesh(picture: np.ndarray[Any, Any]) -> Floats | None:
        result: Any = mesh.process(picture)
        found = result.multi_face_landmarks
        return pixels(found[0].landmark) if found else None

    if task is None:
        return [by_mesh]
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(task)))
    landmarker = vision.FaceLandmarker.create_from_options(options)

    def by_task(picture: np.ndarray[Any, Any]) -> Floats | None:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
        found = landmarker.detect(image).face_landmarks
        return pixels(found[0]) if found else None

    return [by_mesh, by_task]


def main() -> int:
    """Measure and write the table beside this file, keeping its header."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_flame_landmarks", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--task", type=Path)
    parser.add_argument("--out", type=Path, default=MEASURED)
    arguments = parser.parse_args()
    head = load_flame(arguments.model, replace(HeadSettings(), identity_modes=60))
    if isinstance(head, Failure):
        print(head)
        return 1
    table = measured_table(head, _detectors(arguments.task))
    header = [line for line in MEASURED.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    rows = ["{:.0f},{:.0f},{:.0f},{:.4f},{:.4f},{:.4f}".format(*row) for row in table]
    arguments.out.write_text("\n".join([*header, *rows]) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
