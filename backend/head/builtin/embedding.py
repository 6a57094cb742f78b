"""Embedding of MediaPipe's 478 landmarks: known, since the face was built from them."""

from __future__ import annotations

import numpy as np

from ...contract import names
from ...contract.arrays import Integers
from ..model import LandmarkEmbedding
from .anatomy import Anatomy
from .eyes import IRIS_RING, SEGMENTS


def landmark_embedding(anatomy: Anatomy) -> LandmarkEmbedding:
    """Return the embedding: landmark i on vertex i, irises on the eyeballs' front poles and iris rings."""
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
