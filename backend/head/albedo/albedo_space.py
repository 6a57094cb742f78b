"""Linear space of a head's colour without light: a mean and a few directions in which people differ.

Our own space, for any head with regions: each mode is named and belongs to a cause, pigments of the skin first. Codes
are in standard deviations. Spaces of FLAME's makers are read by `albedo_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from ...contract.arrays import Array, Floats
from ...contract.shading import BUILT_IN_SPACE
from ...contract.track import Track
from ..geometry import adjacency
from ..model import HeadModel
from ..regions import inside_outline

BUILT_IN_SPACE_NAME: Final = "own albedo space, version 2"
IRIS_ANGLE, PUPIL_ANGLE = 29.0, 12.0
"""Half angles in degrees at the eyeball's centre: an iris of 11.7 mm (Hashemi et al. 2012) on a ball of 24 mm."""

SKIN: Final = (0.72, 0.53, 0.44)
"""Mean colour of skin as pictures store it: the middle of the Fitzpatrick range in photographs."""
_SCLERA: Final = (0.78, 0.75, 0.73)
_IRIS: Final = (0.33, 0.25, 0.19)
_PUPIL: Final = (0.05, 0.05, 0.05)
_PARTS: Final = {
    "scalp": (0.45, 0.36, 0.31),
    "brows": (0.50, 0.38, 0.31),
    "lips": (0.66, 0.40, 0.37),
    "mouth_inside": (0.30, 0.14, 0.14),
    "tongue": (0.60, 0.33, 0.33),
    "teeth": (0.85, 0.82, 0.76),
}
_EYEBALLS: Final = ("left_eyeball", "right_eyeball")
_EARS: Final = ("left_ear", "right_ear")
_NOT_SKIN: Final = ("mouth_inside", "tongue", "teeth", *_EYEBALLS)
_BROW: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
"""Outlines of the right and left brow in MediaPipe's landmarks."""
_UNDER_THE_NOSE, _CHIN, _MOUTH_CORNERS, _CHEEKS = 2, 152, (61, 291), (50, 280)
_SOFTENING: Final = 4
"""Steps from triangle to triangle over which the edges of parts are softened."""

_DARKER: Final = (-1.0, -1.0, -1.0)
_MELANIN: Final = (-0.79, -0.89, -1.0)
"""Change of the logarithm of linear red, green and blue: from fair to dark skin of photographs."""
_BLOOD: Final = (-0.15, -1.0, -0.75)
"""Haemoglobin takes green most, then blue, hardly red (Prahl's tabulated extinction at 600, 550 and 460 nm)."""
_YELLOW: Final = (0.1, 0.0, -1.0)
_MODES: Final[tuple[tuple[str, str, tuple[float, float, float], float], ...]] = (
    ("skin, melanin", "skin", _MELANIN, 0.45),
    ("skin, blood", "skin", _BLOOD, 0.15),
    ("skin, yellow", "skin", _YELLOW, 0.15),
    ("eye sockets, darker", "sockets", _DARKER, 0.15),
    ("cheeks, blood", "cheeks", _BLOOD, 0.15),
    ("nose, blood", "nose", _BLOOD, 0.12),
    ("forehead, melanin", "forehead", _MELANIN, 0.10),
    ("beard, darker", "beard", (-0.9, -0.8, -0.6), 0.30),
    ("lips, darker", "lips", _DARKER, 0.25),
    ("lips, blood", "lips", _BLOOD, 0.30),
    ("brows, darker", "brows", _DARKER, 0.50),
    ("hair, darker", "scalp", _DARKER, 0.70),
    ("hair, redder", "scalp", (0.0, -0.5, -1.0), 0.30),
    ("neck, melanin", "neck", _MELANIN, 0.15),
    ("ears, blood", "ears", _BLOOD, 0.20),
    ("irises, darker", "irises", _DARKER, 0.40),
)
"""Name, part of the head, change of the logarithm of linear red, green, blue, size of one standard deviation."""
MODES: Final = len(_MODES)


@dataclass(frozen=True)
class AlbedoSpace:
    """Albedo of every vertex = mean + basis x code.

    Attributes:
        name: Which space the codes belong to, for people.
        mean: (V, 3), 0..1 in the picture's own curve (sRGB).
        basis: (V, 3, N), one standard deviation each.
        kind: One of `contract.shading.ALBEDO_SPACES`.
    """

    name: str
    mean: Floats
    basis: Floats
    kind: str = BUILT_IN_SPACE

    @property
    def modes(self) -> int:
        """Number of coefficients N."""
        return self.basis.shape[2]

    def albedo(self, code: Floats, vertices: Array | None = None) -> Floats:
        """Return the albedo of some vertices or of all (V, 3), kept within what can be."""
        chosen = slice(None) if vertices is None else vertices
        return np.clip(self.mean[chosen] + self.basis[chosen] @ code, 0.02, 1.0)

    def solved(self, colours: Floats, shading: Floats, weights: Floats, vertices: Array, noise: float) -> Floats:
        """Return the code (N,) that explains colours (K, 3) of vertices under a shading (K, 3), near the mean."""
        design = (self.basis[vertices] * shading[:, :, None]).reshape(-1, self.modes)
        target = (colours - self.mean[vertices] * shading).reshape(-1)
        weighted = design * np.repeat(weights, 3)[:, None] / noise**2
        # Neighbouring vertices are not independent: a tenth of them would say as much.
        normal = 0.1 * weighted.T @ design + np.eye(self.modes)
        return np.linalg.solve(normal, 0.1 * weighted.T @ target)


def mode_names() -> tuple[str, ...]:
    """Return what the modes of our own space stand for."""
    return tuple(name for name, *_ in _MODES)


@dataclass(frozen=True)
class _Shape:
    """What a head's own space is made of: template (V, 3), triangles, regions, landmarks (478, 3) on the template."""

    template: Floats
    faces: Array
    regions: Mapping[str, Array]
    points: Floats

    def named(self, *names: str) -> Floats:
        """1 on the vertices of some regions (V,), 0 elsewhere; regions that a head does not name are left out."""
        values = np.zeros(len(self.template))
        for name in names:
            values[np.asarray(self.regions.get(name, ()), dtype=np.int64)] = 1.0
        return values


def built_in_space(head: HeadModel) -> AlbedoSpace:
    """Return our own space of a head, from its template, landmarks and regions by FLAME_masks.pkl's names.

    Parts that a head does not name stay as its skin; their modes then change nothing.
    """
    embedding = head.landmarks
    points = np.einsum("nk,nkc->nc", embedding.barycentric, head.template[head.faces[embedding.triangle]])
    return _space(_Shape(head.template, head.faces, head.regions, points))


def built_in_space_of_track(track: Track) -> AlbedoSpace:
    """Return our own space of the head in a track."""
    template = track.neutral_vertices.astype(np.float64)
    points = np.einsum("nk,nkc->nc", track.landmark_barycentric, template[track.faces[track.landmark_triangle]])
    return _space(_Shape(template, track.faces, track.regions, points))


def _space(shape: _Shape) -> AlbedoSpace:
    angles = _eye_angles(shape)
    parts = _parts(shape, angles)
    mean = np.tile(SKIN, (len(shape.template), 1))
    for name, colour in _PARTS.items():
        share = parts[name][:, None]
        mean = mean * (1 - share) + share * np.array(colour)
    mean[np.isfinite(angles)] = _SCLERA
    mean[angles < IRIS_ANGLE] = _IRIS
    mean[angles < PUPIL_ANGLE] = _PUPIL
    # d sRGB = sRGB / 2.2 · d log(linear): the curve is a power of 1 / 2.2 but for the darkest values.
    columns = [mean / 2.2 * parts[part][:, None] * (sigma * np.array(axis)) for _, part, axis, sigma in _MODES]
    return AlbedoSpace(BUILT_IN_SPACE_NAME, mean, np.stack(columns, axis=2))


def _parts(shape: _Shape, angles: Floats) -> dict[str, Floats]:
    """How much each vertex belongs to each part (V,), 0..1, with soft edges."""
    soften, named = _softener(shape.faces, len(shape.template)), shape.named
    inner = named(*_NOT_SKIN)
    brows, beard, cheeks = _from_landmarks(shape)
    soft = {name: soften(named(name), _SOFTENING) for name in ("nose", "forehead", "neck", "scalp")}
    edges = {"lips": soften(named("lips"), 2), "brows": soften(brows, 1), "teeth": named("teeth")}
    return {
        **soft,
        **edges,
        "tongue": named("tongue"),
        "skin": np.subtract(1.0, np.maximum(inner, np.maximum(edges["lips"] * 0.5, soft["scalp"]))),
        "sockets": soften(named("eye_region") * (1 - brows), _SOFTENING),
        "cheeks": soften(cheeks, _SOFTENING),
        "beard": soften(beard * (1 - inner), 2 * _SOFTENING) * (1 - edges["lips"]),
        "ears": soften(named(*_EARS), 2),
        "irises": np.where((angles < IRIS_ANGLE) & (angles >= PUPIL_ANGLE), 1.0, 0.0),
        "mouth_inside": named("mouth_inside"),
    }


def _from_landmarks(shape: _Shape) -> tuple[Floats, Floats, Floats]:
    """Return brows, beard and cheeks (V,) as 0 or 1, by where landmarks of the face lie."""
    template, points = shape.template, shape.points
    face = shape.named("face", "forehead") > 0
    brows = np.zeros(len(template), dtype=bool)
    for outline in _BROW:
        brows |= face & inside_outline(template, points[list(outline)])
    nose, chin = points[_UNDER_THE_NOSE], points[_CHIN]
    below = face & (template[:, 1] < nose[1])
    across = np.abs(template[:, 0]) < 1.1 * np.abs(points[list(_MOUTH_CORNERS), 0]).max()
    jaw = template[:, 1] < chin[1] + 0.35 * (nose[1] - chin[1])
    cheek = points[list(_CHEEKS)]
    reach = 0.35 * float(np.linalg.norm(cheek[0] - cheek[1]))
    near = np.min(np.linalg.norm(template[:, None] - cheek, axis=2), axis=1) < reach
    return brows.astype(float), (below & (across | jaw)).astype(float), (face & near).astype(float)


def _softener(faces: Array, count: int) -> Callable[[Floats, int], Floats]:
    """Return a function that replaces values by the mean of their neighbours' some times over."""
    neighbours = adjacency(faces, count)
    mean = sparse.diags(1 / np.maximum(np.asarray(neighbours.sum(axis=1)).ravel(), 1)) @ neighbours

    def soften(values: Floats, rounds: int) -> Floats:
        for _ in range(rounds):
            values = (values + mean @ values) / 2
        return values

    return soften


def _eye_angles(shape: _Shape) -> Floats:
    """Return the angle between each vertex of an eyeball and the way it looks, degrees (V,); NaN elsewhere."""
    angles = np.full(len(shape.template), np.nan)
    for name in _EYEBALLS:
        if name in shape.regions:
            ball = np.asarray(shape.regions[name])
            centre = (shape.template[ball].max(axis=0) + shape.template[ball].min(axis=0)) / 2
            outwards = shape.template[ball] - centre
            angles[ball] = np.degrees(np.arctan2(np.hypot(outwards[:, 0], outwards[:, 1]), outwards[:, 2]))
    return angles
