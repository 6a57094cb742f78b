"""Named regions of the head, with the names of FLAME_masks.pkl and a few more."""

from __future__ import annotations

import numpy as np

from ...contract import names
from ..model import Floats, Integers
from .anatomy import Anatomy
from .eyes import IRIS_RING, SEGMENTS
from .measures import EYE_CENTRE, NECK_JOINT


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
    bridge = face[(np.abs(points[face, 0]) < 0.012) & (np.abs(points[face, 1] - EYE_CENTRE[1]) < 0.012)]
    result["eye_region"] = np.concatenate([result["left_eye_region"], result["right_eye_region"], bridge])
    result["nose"] = _nose(points, face)
    result["lips"] = _lips(anatomy)
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


def _lips(anatomy: Anatomy) -> Integers:
    """Return the vertices between the outer and the inner outline of the lips."""
    points, face = anatomy.points, anatomy.parts["face"]
    outline = np.array(names.OUTER_LIPS_LOWER + names.OUTER_LIPS_UPPER[-2:0:-1])
    polygon = points[outline, :2]
    inside = _inside(points[face, :2], polygon + 1e-5 * np.sign(polygon - polygon.mean(axis=0)))
    inside &= points[face, 2] > points[61, 2] - 0.004
    return np.concatenate([face[inside], outline, anatomy.bag_rings[0], anatomy.bag_rings[1]])


def _inside(points: Floats, polygon: Floats) -> np.ndarray:
    """Return whether points (N, 2) lie in a polygon (M, 2), by counting crossings."""
    x, y = points[:, :1], points[:, 1:]
    a, b = polygon, np.roll(polygon, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return (crosses & (x < at)).sum(axis=1) % 2 == 1
