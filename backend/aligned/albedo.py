"""What the albedo of a head may be: the texture space of FLAME's makers where its file is there, else one of our own.

Our own space has 50 modes too, so that codes have the same shape: smooth variation over the head and the parts of a
face that have a colour of their own, in brightness, redness and yellowness. Its codes are in standard deviations, and
`AlbedoSpace.name` says which space a code belongs to: codes of one mean nothing in another.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..contract.failure import Failure
from ..head.geometry import adjacency
from ..head.model import Floats, HeadModel
from ..head.plain_arrays import read_npz
from ..head.side_files import ALBEDO, UV_TEXTURE
from ..render.overlay import IRIS_ANGLE, PUPIL_ANGLE

Array = NDArray[Any]

MODES: Final = 50
OWN_SPACE: Final = "own albedo space, version 1"
TEXTURE_SIZE: Final = 512

SKIN: Final = (0.72, 0.53, 0.44)
"""Mean colour of skin as pictures store it: the middle of the Fitzpatrick range in photographs."""
_SCLERA: Final = (0.78, 0.75, 0.73)
_IRIS: Final = (0.33, 0.25, 0.19)
_PUPIL: Final = (0.05, 0.05, 0.05)
_PARTS: Final = {
    "scalp": (0.45, 0.36, 0.31),
    "left_eyebrow": (0.50, 0.38, 0.31),
    "right_eyebrow": (0.50, 0.38, 0.31),
    "lips": (0.66, 0.40, 0.37),
    "mouth_inside": (0.30, 0.14, 0.14),
    "tongue": (0.60, 0.33, 0.33),
    "teeth": (0.85, 0.82, 0.76),
}
_VARYING: Final = ("lips", "nose", "forehead", "eye_region", "scalp", "neck")
_EYEBALLS: Final = ("left_eyeball", "right_eyeball")
_EARS: Final = ("left_ear", "right_ear")
_SOFTENING: Final = 4
"""Steps from triangle to triangle over which the edges of parts are softened."""
_AXES: Final = np.array([[1.0, 1.0, 1.0], [1.0, -0.6, -0.4], [0.4, 0.4, -1.0]])
"""Brightness, redness, yellowness."""
_AXIS_SIGMA: Final = (0.12, 0.04, 0.03)


@dataclass(frozen=True)
class AlbedoSpace:
    """Albedo of every vertex = mean + basis x code.

    Attributes:
        name: Which space the codes belong to.
        mean: (V, 3), 0..1 in the picture's own curve.
        basis: (V, 3, N), one standard deviation each.
    """

    name: str
    mean: Floats
    basis: Floats

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


def own_space(template: Floats, faces: Array, regions: Mapping[str, Array]) -> AlbedoSpace:
    """Return our own space for a head with a template (V, 3) and regions by FLAME_masks.pkl's names."""
    count = len(template)
    soften = _softener(faces, count)
    mean = np.tile(SKIN, (count, 1))
    for name, colour in _PARTS.items():
        if name in regions:
            share = soften(_indicator(regions, (name,), count), 2)[:, None]
            mean = mean * (1 - share) + share * colour
    _paint_eyes(mean, template, regions)
    parts = [soften(_indicator(regions, (name,), count), _SOFTENING) for name in _VARYING]
    functions = np.column_stack([_harmonics(template), *parts])
    columns = [
        sigma * functions[:, k, None] * axis
        for axis, sigma in zip(_AXES, _AXIS_SIGMA, strict=True)
        for k in range(functions.shape[1])
    ]
    columns += [_AXIS_SIGMA[0] * _indicator(regions, names, count)[:, None] * _AXES[0] for names in (_EYEBALLS, _EARS)]
    return AlbedoSpace(OWN_SPACE, mean, np.stack(columns, axis=2))


def _indicator(regions: Mapping[str, Array], names: tuple[str, ...], count: int) -> Floats:
    """1 on the vertices of some regions (V,), 0 elsewhere; regions that a head does not name are left out."""
    values = np.zeros(count)
    for name in names:
        values[np.asarray(regions.get(name, ()), dtype=np.int64)] = 1.0
    return values


def _softener(faces: Array, count: int) -> Callable[[Floats, int], Floats]:
    """Return a function that replaces values by the mean of their neighbours' some times over."""
    neighbours = adjacency(faces, count)
    mean = sparse.diags(1 / np.maximum(np.asarray(neighbours.sum(axis=1)).ravel(), 1)) @ neighbours

    def soften(values: Floats, rounds: int) -> Floats:
        for _ in range(rounds):
            values = (values + mean @ values) / 2
        return values

    return soften


def _paint_eyes(mean: Floats, template: Floats, regions: Mapping[str, Array]) -> None:
    for name in _EYEBALLS:
        if name not in regions:
            continue
        ball = np.asarray(regions[name])
        centre = (template[ball].max(axis=0) + template[ball].min(axis=0)) / 2
        outwards = template[ball] - centre
        angle = np.degrees(np.arctan2(np.hypot(outwards[:, 0], outwards[:, 1]), outwards[:, 2]))
        mean[ball] = _SCLERA
        mean[ball[angle < IRIS_ANGLE]] = _IRIS
        mean[ball[angle < PUPIL_ANGLE]] = _PUPIL


def _harmonics(template: Floats) -> Floats:
    """Ten smooth functions of the direction from the middle of the head (V, 10), each at most about 1."""
    centre = (template.max(axis=0) + template.min(axis=0)) / 2
    x, y, z = ((template - centre) / np.linalg.norm(template - centre, axis=1, keepdims=True)).T
    values = [np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 1.5 * z * z - 0.5, y * (3 * y * y - 1) / 2]
    return np.stack(values, axis=1)


def licensed_space(path: Path, head: HeadModel, modes: int = MODES) -> AlbedoSpace | Failure:
    """Return the space of FLAME_texture.npz or FLAME_albedo_from_BFM.npz, sampled at the vertices of a head.

    Two layouts are published: ``mean`` and ``tex_dir`` in 0..255 with 200 modes, ``MU`` and ``PC`` in 0..1 with 199;
    both hold 512 x 512 texels, blue first.
    """
    advice = "Download it again, or remove it: a space of our own is used without it."
    try:
        archive = read_npz(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        return Failure("texture-damaged", f"{path.name} cannot be read: {str(error).rstrip('.')}.", advice)
    names, scale = (("mean", "tex_dir"), 1 / 255) if "tex_dir" in archive else (("MU", "PC"), 1.0)
    absent = [name for name in names if name not in archive]
    texels = TEXTURE_SIZE * TEXTURE_SIZE * 3
    if absent or archive[names[0]].size != texels or archive[names[1]].size % texels:
        return Failure("texture-of-other-kind", f"{path.name} is no texture space of FLAME.", advice)
    columns = archive[names[1]].reshape(texels, -1)[:, :modes]
    corner = _uv_of_vertices(head)
    sampled = [_sampled(plane, corner) for plane in (archive[names[0]].reshape(texels, 1), columns)]
    mean, basis = (values[:, ::-1] * scale for values in sampled)
    return AlbedoSpace(f"{path.name}, first {basis.shape[2]} modes", np.clip(mean[:, :, 0], 0, 1), basis)


def _uv_of_vertices(head: HeadModel) -> Floats:
    """One place of the texture per vertex (V, 2), v upwards."""
    place = np.zeros((head.vertex_count, 2))
    place[head.faces.reshape(-1)] = head.uv[head.uv_faces.reshape(-1)]
    return place


def _sampled(texels: Array, uv: Floats) -> Floats:
    """Texels (512 * 512 * 3, N) at places (V, 2) -> (V, 3, N), bilinear."""
    x = (uv[:, 0] * TEXTURE_SIZE - 0.5).astype(np.float32)[:, None]
    y = ((1 - uv[:, 1]) * TEXTURE_SIZE - 0.5).astype(np.float32)[:, None]
    result = np.empty((len(uv), 3, texels.shape[1]))
    for mode in range(texels.shape[1]):
        plane = np.ascontiguousarray(texels[:, mode], dtype=np.float32).reshape(TEXTURE_SIZE, TEXTURE_SIZE, 3)
        result[:, :, mode] = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)
    return result


TEXTURE_FILES: Final = (UV_TEXTURE, ALBEDO)


def albedo_space(head: HeadModel, file: Path | None) -> AlbedoSpace | Failure:
    """Return the space of a file where one is given, else our own for this head."""
    return own_space(head.template, head.faces, head.regions) if file is None else licensed_space(file, head)
