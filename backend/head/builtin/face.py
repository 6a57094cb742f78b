"""The face: MediaPipe's 468 points of a measured neutral face, placed, corrected and subdivided once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers
from ..geometry import edges_of
from .deformation import Deformer
from .dimensions import EYE_CENTRE, FACE_ORIGIN, LID_RADIUS
from .tables import NEUTRAL_FACE
from .topology import face_mesh_triangles, halfway, mirror_of, subdivided, symmetric_triangles

RIGHT_LIDS = names.RIGHT_EYE_LOWER + names.RIGHT_EYE_UPPER[-2:0:-1]
LIPS_INSIDE = names.INNER_LIPS_LOWER + names.INNER_LIPS_UPPER[-2:0:-1]

SCULPT: tuple[tuple[tuple[int, ...], tuple[float, float, float], float], ...] = (
    # landmarks on the subject's right (or on the middle line), displacement in mm (x outwards), reach in mm
    ((159, 158, 160), (0.0, 0.3, 0.0), 12.0),
    ((145, 144, 153), (0.0, -0.8, 0.0), 12.0),
    ((0, 37, 267), (0.0, 1.2, 0.6), 10.0),
    ((17, 84, 314), (0.0, -1.6, 0.8), 10.0),
    ((27, 28, 29, 30, 56), (0.0, 0.0, -1.1), 6.0),
    ((58,), (-3.8, 0.0, 0.0), 34.0),
    ((172,), (-5.6, 0.6, 0.0), 34.0),
    ((136,), (-2.4, 0.0, 0.0), 22.0),
    ((10,), (0.0, 0.0, 3.4), 45.0),
    ((48, 64), (-1.6, 0.0, 0.0), 13.0),
)
"""Where the measured face is corrected by hand: an older woman's lids, lips and jowls made
younger; a crease over the lids; the forehead, of which a hat hid half, less steep."""
FEATURES = (
    *RIGHT_LIDS, *names.LEFT_EYE_UPPER, *names.LEFT_EYE_LOWER, *names.OUTER_LIPS_UPPER, *names.OUTER_LIPS_LOWER,
    1, 2, 4, 5, 6, 168, 195, 197, 48, 64, 98, 129, 219, 220, 278, 294, 327, 358, 439, 440, 45, 275, 79, 309,
    115, 131, 134, 344, 360, 363, 3, 51, 248, 281, 236, 456,
)  # fmt: skip
"""Lids, lips and nose: landmarks around which nothing is smoothed."""
NOSTRILS = ((20, 166), (60, 166), (20, 79))
"""Edges across the right nostril; their middles sink in."""
NOSTRIL_DEPTH = np.array([0.0, 0.0090, -0.0025])


@dataclass(frozen=True)
class FaceMesh:
    """The subdivided face. Vertices 0-467 are the landmarks. Loops run counter-clockwise as seen from the front.

    Attributes:
        points: (V, 3) metres.
        triangles: (F, 3).
        oval: Outline, 72 vertices, from the forehead over the subject's left (clockwise from the front).
        right_lids, left_lids: 32 vertices each; the right one starts at the outer corner, the left at its mirror image.
        lips_inside: 40 vertices from the right corner along the lower lip to the left corner and back along the upper.
        edges: Landmarks (E, 2) between which vertex 468 + e lies.
    """

    points: Floats
    triangles: Integers
    oval: Integers
    right_lids: Integers
    left_lids: Integers
    lips_inside: Integers
    edges: Integers


def measured_landmarks() -> Floats:
    """Return the measured landmarks (468, 3) in metres in the head's axes."""
    table = np.loadtxt(NEUTRAL_FACE, delimiter=",", comments="#")
    return table / 1000.0 + FACE_ORIGIN


def make_face() -> FaceMesh:
    """Return the face with lids around the eyeballs and touching lips."""
    landmarks = measured_landmarks()
    mirror = mirror_of(landmarks)
    triangles = symmetric_triangles(landmarks, face_mesh_triangles(), mirror)
    control = _sculpted(landmarks, triangles, mirror)
    fine, _, _ = subdivided(control, triangles)
    control = control + 0.6 * (control - fine[: len(control)])  # Loop's averaging shrinks: aim ahead
    points, triangles, edges = subdivided(control, triangles)
    count = len(landmarks)
    for nostril in NOSTRILS:
        for pair in (np.array(nostril), mirror[np.array(nostril)]):
            points[count + np.flatnonzero((edges == np.sort(pair)).all(axis=1))] += NOSTRIL_DEPTH
    right = halfway(RIGHT_LIDS, edges, count, closed=True)
    left = halfway(tuple(mirror[list(RIGHT_LIDS)]), edges, count, closed=True)
    left = np.roll(left[::-1], 1)
    face = FaceMesh(
        points=points,
        triangles=triangles,
        oval=halfway(names.FACE_OVAL, edges, count, closed=True),
        right_lids=right,
        left_lids=left,
        lips_inside=halfway(LIPS_INSIDE, edges, count, closed=True),
        edges=edges,
    )
    return _fitted(face)


def _sculpted(landmarks: Floats, triangles: Integers, mirror: Integers) -> Floats:
    """Return the landmarks after the corrections of `SCULPT`."""
    points = _smoothed(landmarks, triangles)
    for group, (x, y, z), reach in SCULPT:
        right = np.array(group)
        handles = np.unique(np.concatenate([right, mirror[right]]))
        side = np.sign(np.round(points[handles, 0], 6))
        move = np.stack([side * x, np.full(len(handles), y), np.full(len(handles), z)], 1) / 1000.0
        points = points + _local(points, triangles, handles, move, reach / 1000.0)
    return points


def _smoothed(landmarks: Floats, triangles: Integers) -> Floats:
    """Return the landmarks with folds and noise of cheeks, chin and forehead smoothed out, features as they are.

    Steps that shrink and steps that swell take turns (Taubin, "A signal processing approach to fair surface design",
    1995); of the result only what lies along the normals is kept, as landmarks must not slide.
    """
    edges = edges_of(triangles)
    both = np.concatenate([edges, edges[:, ::-1]])
    count = np.bincount(both[:, 0], minlength=len(landmarks))[:, None]
    distance = np.linalg.norm(landmarks[:, None] - landmarks[np.array(FEATURES)][None], axis=-1).min(axis=1)
    freedom = np.clip((distance - 0.003) / 0.006, 0.0, 1.0)[:, None]
    points = landmarks.copy()
    for step in 4 * (0.5, -0.52):
        middle = np.zeros_like(points)
        np.add.at(middle, both[:, 0], points[both[:, 1]])
        points = points + step * freedom * (middle / count - points)
    normal = np.zeros_like(points)
    a, b, c = (landmarks[triangles[:, corner]] for corner in range(3))
    for corner in range(3):
        np.add.at(normal, triangles[:, corner], np.cross(b - a, c - a))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return landmarks + ((points - landmarks) * normal).sum(axis=1, keepdims=True) * normal


def _local(points: Floats, triangles: Integers, handles: Integers, move: Floats, reach: float) -> Floats:
    """Return displacements (V, 3): `move` at the handles, nothing farther away than `reach`."""
    distance = np.linalg.norm(points[:, None] - points[handles][None], axis=-1).min(axis=1)
    return Deformer(points, triangles).spread(handles, move, np.flatnonzero(distance < reach))


def on_lid_sphere(points: Floats, centre: Floats, radius: float) -> Floats:
    """Return points (N, 3) brought along z to the sphere of the lids, levelling out softly beyond its silhouette."""
    offset = points - centre
    room = radius**2 - (offset[:, :2] ** 2).sum(axis=1)
    softness = 0.006**2
    depth = np.sqrt(0.5 * (room + np.sqrt(room**2 + 4 * softness**2)))
    return np.column_stack([points[:, :2], centre[2] + depth])


def _fitted(face: FaceMesh) -> FaceMesh:
    """Return the face with lid rims laid on the eyeballs and the rows of the inner lips laid on each other."""
    points = face.points
    handles, moves = [], []
    for rim, side in ((face.right_lids, -1.0), (face.left_lids, 1.0)):
        target = on_lid_sphere(points[rim], EYE_CENTRE * (side, 1.0, 1.0), LID_RADIUS)
        handles.append(rim)
        moves.append(target - points[rim])
    points = points + _local(points, face.triangles, np.concatenate(handles), np.concatenate(moves), 0.016)
    rim = face.lips_inside
    lower, upper = rim[1:20], rim[:20:-1]
    middle = 0.5 * (points[lower] + points[upper])
    rows = np.concatenate([lower, upper])
    points = points + _local(points, face.triangles, rows, np.concatenate([middle, middle]) - points[rows], 0.008)
    return replace(face, points=points)
