"""Named vertices of the built-in head: regions, as FLAME_masks.pkl names them and a few more, and landmarks."""

from __future__ import annotations

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers
from ..model import LandmarkEmbedding
from .anatomy import Anatomy
from .dimensions import EYE_CENTRE, NECK_JOINT
from .eyes import IRIS_RING, SEGMENTS

LIPS = (
    61, 185, 40, 39, 37, 0, 76, 184, 74, 73, 72, 11, 62, 183, 42, 41, 38, 12, 78, 191, 80, 81, 82, 13,
    146, 91, 181, 84, 17, 77, 90, 180, 85, 16, 96, 89, 179, 86, 15, 95, 88, 178, 87, 14,
)  # fmt: skip
"""Landmarks of the right half of the lips, row by row from outside."""
RIGHT_EYEBROW = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)


def regions(anatomy: Anatomy) -> dict[str, Integers]:
    """Return region name -> sorted vertex indices."""
    points, parts = anatomy.points, anatomy.parts
    face, back = parts["face"], parts["back"]
    result = {name: parts[name] for name in ("left_eyeball", "right_eyeball", "left_ear", "right_ear")}
    height = points[back, 1] - 0.55 * (points[back, 2] - NECK_JOINT[2])
    result["scalp"] = back[height >= -0.030]
    result["neck"] = back[height < -0.030]
    result["boundary"] = anatomy.grid[-1]
    result["face"] = np.concatenate([face, parts["left_socket"], parts["right_socket"]])
    result["forehead"] = face[points[face, 1] > 0.0435]
    brow = np.array(RIGHT_EYEBROW)
    for side, name in ((0, "right"), (1, "left")):
        centre = EYE_CENTRE * (1.0 if side == 1 else -1.0, 1.0, 1.0)
        offset = (points[face] - centre) / (0.024, 0.0195, 0.030)
        around = face[(np.linalg.norm(offset, axis=1) < 1.0)]
        socket = parts[f"{name}_socket"]
        result[f"{name}_eye_region"] = np.concatenate([around, socket])
        lid = np.linalg.norm((points[face] - centre) / (0.0175, 0.0125, 0.030), axis=1) < 1.0
        result[f"{name}_eyelid"] = np.concatenate([face[lid], socket])
        eyeball = parts[f"{name}_eyeball"]
        result[f"{name}_iris"] = eyeball[: 1 + SEGMENTS * (IRIS_RING + 1)]
        result[f"{name}_eyebrow"] = _with_middles(anatomy, anatomy.mirror[brow] if side else brow)
    bridge = face[(np.abs(points[face, 0]) < 0.012) & (np.abs(points[face, 1] - EYE_CENTRE[1]) < 0.012)]
    result["eye_region"] = np.concatenate([result["left_eye_region"], result["right_eye_region"], bridge])
    result["nose"] = _nose(points, face)
    lips = np.array(LIPS)
    lips = _with_middles(anatomy, np.union1d(lips, anatomy.mirror[lips]))
    result["lips"] = np.concatenate([lips, anatomy.bag_rings[1]])
    result["mouth_inside"] = np.concatenate(
        [parts["mouth_bag"], parts["tongue"], parts["upper_teeth"], parts["lower_teeth"]]
    )
    result["teeth"] = np.concatenate([parts["upper_teeth"], parts["lower_teeth"]])
    result["tongue"] = parts["tongue"]
    return {name: np.unique(vertices) for name, vertices in result.items()}


def _nose(points: Floats, face: Integers) -> Integers:
    """Return the vertices of the nose: a wedge from between the eyes to the wings."""
    x, y, z = points[face].T
    down = np.clip((EYE_CENTRE[1] - 0.002 - y) / 0.036, 0.0, 1.0)
    base = points[2, 1] - 0.001
    return face[(np.abs(x) < 0.009 + 0.011 * down) & (y < EYE_CENTRE[1] + 0.006) & (y > base) & (z > 0.044)]


def _with_middles(anatomy: Anatomy, landmarks: Integers) -> Integers:
    """Return landmarks and the vertices halfway between any two of them."""
    between = names.FACE_LANDMARKS + np.flatnonzero(np.isin(anatomy.face.edges, landmarks).all(axis=1))
    return np.concatenate([landmarks, between])


def landmark_embedding(anatomy: Anatomy) -> LandmarkEmbedding:
    """Return the embedding: landmark i on vertex i, irises on the eyeballs' front poles and iris rings.

    It is known and not measured, since the face is built from the landmarks.
    """
    vertices = np.concatenate([np.arange(names.FACE_LANDMARKS), *(_iris(anatomy, side) for side in ("right", "left"))])
    order = np.full(len(anatomy.points), -1, np.int64)
    triangles = anatomy.triangles
    for corner in (2, 1, 0):
        order[triangles[::-1, corner]] = np.arange(len(triangles))[::-1]
    triangle = order[vertices]
    barycentric = (triangles[triangle] == vertices[:, None]).astype(float)
    known = np.ones(names.LANDMARKS, bool)
    return LandmarkEmbedding(triangle=triangle, barycentric=barycentric, known=known, source="by construction")


def _iris(anatomy: Anatomy, side: str) -> Integers:
    """Return the five iris vertices of an eye: centre, then towards the subject's left, up, right, down."""
    eyeball = anatomy.parts[f"{side}_eyeball"]
    quarter = np.arange(4) * SEGMENTS // 4
    if side == "right":  # its segments run the other way round
        quarter = (SEGMENTS // 2 - quarter) % SEGMENTS
    return np.concatenate([eyeball[:1], eyeball[1 + IRIS_RING * SEGMENTS + quarter]])
