"""Vertex groups of a head without a region file, from its template and the landmarks on it.

Names are those of FLAME_masks.pkl (as listed in VHAP, flame.py). The borders are our own: outlines through landmarks as
seen from the front, and for ears, neck and scalp simple rules of place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.interpolate import RBFInterpolator

from ..contract.arrays import Floats, Integers, Mask
from ..contract.names import FACE_LANDMARKS, FACE_OVAL, OUTER_LIPS_LOWER, OUTER_LIPS_UPPER
from ..raster.normals import vertex_normals
from .embedding.registration import mirror_landmarks
from .geometry import adjacency, boundary_loops, eyeballs
from .model import LandmarkEmbedding

_LIPS: Final = (*OUTER_LIPS_UPPER, *OUTER_LIPS_LOWER[-2:0:-1])
_LEFT_EYE: Final = (
    336, 296, 334, 293, 300, 383, 265, 340, 346, 347, 348, 349, 350, 412, 417, 285,
)  # fmt: skip
"""Brow, temple, cheek bone, side of the nose."""
_LEFT_NOSE: Final = (168, 351, 419, 399, 437, 420, 429, 279, 358, 327, 326, 2)
_BROWS: Final = (300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70)
"""Upper edge of both brows, from the left end to the right."""
_LEFT_TRAGUS, _LEFT_JAW_ANGLE, _CHIN = 454, 288, 152


def derive_regions(template: Floats, faces: Integers, landmarks: LandmarkEmbedding) -> dict[str, Integers]:
    """Return region name -> vertices for a template (V, 3) with triangles (F, 3).

    Raises:
        MeshProblem: the mesh has no eyeballs.
    """
    points = np.einsum("nk,nkc->nc", landmarks.barycentric, template[faces[landmarks.triangle]])[:FACE_LANDMARKS]
    left_ball, right_ball = eyeballs(template, faces)
    skin = np.ones(len(template), dtype=bool)
    skin[left_ball] = skin[right_ball] = False
    mirror = mirror_landmarks()
    left_ear = _ear(template, faces, skin, points[_LEFT_TRAGUS], 1.0)
    right_ear = _ear(template, faces, skin, points[mirror[_LEFT_TRAGUS]], -1.0)
    ears = left_ear | right_ear
    front = skin & ~ears & (template[:, 2] > _depth_limit(template, points))
    face = front & inside_outline(template, points[list(FACE_OVAL)])
    neck = skin & ~ears & ~face & _below_the_head(template, points)
    lips = (
        face & inside_outline(template, points[list(_LIPS)]) & (template[:, 2] > points[list(_LIPS), 2].min() - 0.012)
    )
    left_eye = face & inside_outline(template, points[list(_LEFT_EYE)])
    right_eye = face & inside_outline(template, points[mirror[list(_LEFT_EYE)]])
    nose_outline = [*_LEFT_NOSE, *mirror[list(_LEFT_NOSE[-2:0:-1])]]
    masks = {
        "face": face,
        "neck": neck,
        "scalp": skin & ~ears & ~face & ~neck,
        "left_ear": left_ear,
        "right_ear": right_ear,
        "forehead": face & _above_the_brows(template, points),
        "nose": face & inside_outline(template, points[nose_outline]),
        "lips": lips,
        "left_eye_region": left_eye,
        "right_eye_region": right_eye,
        "eye_region": left_eye | right_eye,
        "boundary": _near_the_border(template, faces),
    }
    regions = {name: np.flatnonzero(mask) for name, mask in masks.items()}
    return {**regions, "left_eyeball": left_ball, "right_eyeball": right_ball}


def inside_outline(template: Floats, outline: Floats) -> Mask:
    """Return which vertices lie in a closed outline (N, 3) as seen from the front: a ray crosses it oddly."""
    x, y = template[:, 0], template[:, 1]
    inside = np.zeros(len(template), dtype=bool)
    for (x0, y0, _), (x1, y1, _) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def _depth_limit(template: Floats, points: Floats) -> Floats:
    """How far back the face may reach at each height: a little behind its outline."""
    oval = points[list(FACE_OVAL)]
    order = np.argsort(oval[:, 1])
    return np.interp(template[:, 1], oval[order, 1], oval[order, 2]) - 0.012


def _above_the_brows(template: Floats, points: Floats) -> Mask:
    brows = points[list(_BROWS)]
    order = np.argsort(brows[:, 0])
    return template[:, 1] > np.interp(template[:, 0], brows[order, 0], brows[order, 1]) + 0.003


def _below_the_head(template: Floats, points: Floats) -> Mask:
    """Under the jaw: below a line from the chin to the angle of the jaw, from there on below the ear's height."""
    chin, angle = points[_CHIN], points[_LEFT_JAW_ANGLE]
    line = np.interp(template[:, 2], [angle[2] - 0.03, angle[2], chin[2]], [angle[1] + 0.012, angle[1], chin[1]])
    return template[:, 1] < line + 0.002


def _ear(template: Floats, faces: Integers, skin: Mask, tragus: Floats, side: float) -> Mask:
    """What stands out sideways behind the tragus, over the skin around it, and what that encloses."""
    outward = template[:, 0] * side
    behind, above = tragus[2] - template[:, 2], template[:, 1] - tragus[1]
    near = skin & (outward > 0.03) & (behind > -0.012) & (behind < 0.085) & (above > -0.06) & (above < 0.07)
    core = near & (behind > 0.004) & (behind < 0.062) & (above > -0.042) & (above < 0.052)
    around = near & ~core
    if around.sum() < 8 or not core.any():
        return np.zeros(len(template), dtype=bool)
    head = RBFInterpolator(template[around][:, 1:], outward[around], smoothing=1e-6)(template[core][:, 1:])
    ear = np.zeros(len(template), dtype=bool)
    stands_out = outward[core] - head > 0.004
    turned_away = (vertex_normals(template, faces)[core, 0] * side) < 0.1  # the back of the ear and its folds
    ear[core] = stands_out | (turned_away & (outward[core] > head))
    neighbours = adjacency(faces, len(template))
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    for _ in range(6):  # fill what is mostly surrounded, such as the ear canal
        ear |= core & (neighbours @ ear.astype(float) > 0.6 * degree)
    return ear


def _near_the_border(template: Floats, faces: Integers) -> Mask:
    """The border at the neck and the vertices next to it."""
    mask = np.zeros(len(template), dtype=bool)
    loops = boundary_loops(faces)
    if loops:
        mask[min(loops, key=lambda loop: float(template[loop, 1].mean()))] = True
        mask |= adjacency(faces, len(template)) @ mask.astype(float) > 0
    return mask
