"""Renders textured surfaces over a background: spherical-harmonic light, a key light with soft shadows, highlights.

For pictures that a tracker is tried on, so the geometry is exact and the look plausible. Colours are linear light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..contract.camera import Intrinsics
from ..raster.normals import vertex_normals
from ..raster.rasterizer import Raster
from ..raster.rasterizer_numba import NumbaRasterizer
from ..system.compiled import compiled


@dataclass(frozen=True)
class Surface:
    """A mesh and what it is made of. Camera axes, metres.

    Attributes:
        vertices, faces: (V, 3), (F, 3).
        colour: Per vertex (V, 3); multiplies the texture where there is one.
        gloss: Strength of the highlight per vertex (V,).
        sharpness: Exponent of the highlight per vertex (V,).
        corner_uv: Texture coordinates of the corners (F, 3, 2), or None where untextured. One texture for all surfaces.
    """

    vertices: Array
    faces: Array
    colour: Array
    gloss: Array
    sharpness: Array
    corner_uv: Array | None = None


@dataclass(frozen=True)
class Light:
    """Light in camera axes.

    Attributes:
        ambient: Spherical harmonics of the irradiance, bands 0 and 1 (4, 3): constant, x, y, z.
        direction: Unit vector towards the key light (3,).
        colour: Of the key light (3,).
    """

    ambient: Array
    direction: Array
    colour: Array


@dataclass(frozen=True)
class _Merged:
    vertices: Array
    normals: Array
    faces: Array
    colour: Array
    shine: Array
    corner_uv: Array


def _merge(surfaces: Sequence[Surface]) -> _Merged:
    offsets = np.cumsum([0, *(len(surface.vertices) for surface in surfaces[:-1])])
    absent = [np.full((len(s.faces), 3, 2), -1.0) if s.corner_uv is None else s.corner_uv for s in surfaces]
    return _Merged(
        vertices=np.concatenate([s.vertices for s in surfaces]),
        normals=np.concatenate([vertex_normals(s.vertices, s.faces) for s in surfaces]).astype(np.float32),
        faces=np.concatenate([s.faces + o for s, o in zip(surfaces, offsets, strict=True)]).astype(np.int32),
        colour=np.concatenate([s.colour for s in surfaces]).astype(np.float32),
        shine=np.concatenate([np.column_stack([s.gloss, s.sharpness]) for s in surfaces]).astype(np.float32),
        corner_uv=np.concatenate(absent).astype(np.float32),
    )


@dataclass(frozen=True)
class _Shadow:
    """Depth seen from the key light: points -> (column, row, depth) by an affine map (3, 4)."""

    depth: Array
    map: Array


LIFT = 0.004
_SHADOW_SIZE = 320
_FAR = 100.0


def _shadow(mesh: _Merged, direction: Array, rasterizer: NumbaRasterizer) -> _Shadow:
    """Return what the light sees; a camera far away with a long focal length is a parallel projection."""
    forward = -direction
    right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward])
    points = mesh.vertices @ axes.T
    centre, half = (points.max(axis=0) + points.min(axis=0)) / 2, np.ptp(points[:, :2], axis=0).max() / 2 * 1.02
    scale = (_SHADOW_SIZE / 2) / half
    far = points - centre + (0, 0, _FAR)
    camera = Intrinsics(_SHADOW_SIZE, _SHADOW_SIZE, scale * _FAR, scale * _FAR, _SHADOW_SIZE / 2, _SHADOW_SIZE / 2)
    depth = rasterizer.rasterize(far, mesh.faces, camera).depth
    matrix = np.zeros((3, 4))
    matrix[:2, :3], matrix[2, :3] = axes[:2] * scale, axes[2]
    matrix[:2, 3] = _SHADOW_SIZE / 2 - scale * centre[:2]
    matrix[2, 3] = _FAR - centre[2]
    return _Shadow(depth, matrix)


@compiled
def _sample(texture, u, v, result):
    """Read the texture between texels; u, v in 0..1, v upwards."""
    height, width = texture.shape[0], texture.shape[1]
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max((1 - v) * height - 0.5, 0.0), height - 1.001)
    i, j = int(x), int(y)
    a, b = x - i, y - j
    for channel in range(3):
        upper = texture[j, i, channel] * (1 - a) + texture[j, i + 1, channel] * a
        lower = texture[j + 1, i, channel] * (1 - a) + texture[j + 1, i + 1, channel] * a
        result[channel] = upper * (1 - b) + lower * b


@compiled
def _lit(shadow, matrix, x, y, z, bias):
    """Return how much of the key light reaches a point: 5 x 5 taps over the shadow map, a soft edge of a centimetre."""
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z + matrix[0, 3]
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z + matrix[1, 3]
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z + matrix[2, 3] - bias
    total, taps = 0.0, 0
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            i, j = int(np.floor(u + 1.5 * dx + 0.5)), int(np.floor(v + 1.5 * dy + 0.5))
            taps += 1
            if i < 0 or j < 0 or i >= shadow.shape[1] or j >= shadow.shape[0] or shadow[j, i] > depth:
                total += 1.0
    return total / taps


@compiled
def _mean(values, corners, weights, column):
    """Interpolate one column of per-vertex values."""
    total = weights[0] * values[corners[0], column] + weights[1] * values[corners[1], column]
    return total + weights[2] * values[corners[2], column]


@compiled
def _facing_normal(normals, corners, weights, px, py, pz):
    """Return the unit normal of a point, turned towards the camera where an inner side is seen."""
    nx, ny = _mean(normals, corners, weights, 0), _mean(normals, corners, weights, 1)
    nz = _mean(normals, corners, weights, 2)
    length = max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-9)
    if nx * px + ny * py + nz * pz > 0.35 * length * pz:
        length = -length
    return nx / length, ny / length, nz / length


@compiled
def _highlight(nx, ny, nz, px, py, pz, light, gloss, sharpness):
    """Return Blinn's highlight of the key light."""
    distance = np.sqrt(px * px + py * py + pz * pz)
    hx, hy, hz = light[4, 0] - px / distance, light[4, 1] - py / distance, light[4, 2] - pz / distance
    half = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
    return gloss * max(0.0, half) ** sharpness


@compiled
def _shade(index, corners, weights, mesh, texture, light, shadow, texel, colour):
    """Write the colour (3,) of a point of triangle `index`; light (6, 3): ambient (4), direction, colour."""
    vertices, normals, colours, shine, corner_uv = mesh
    px, py = _mean(vertices, corners, weights, 0), _mean(vertices, corners, weights, 1)
    pz = _mean(vertices, corners, weights, 2)
    nx, ny, nz = _facing_normal(normals, corners, weights, px, py, pz)
    texel[0], texel[1], texel[2] = 1.0, 1.0, 1.0
    if corner_uv[index, 0, 0] >= 0:
        u, v = 0.0, 0.0
        for corner in range(3):
            u += weights[corner] * corner_uv[index, corner, 0]
            v += weights[corner] * corner_uv[index, corner, 1]
        _sample(texture, u, v, texel)
    lambert = nx * light[4, 0] + ny * light[4, 1] + nz * light[4, 2]
    lit = 0.0
    if lambert > -0.3:  # looked up a little above the surface, against stripes of its own shadow
        lit = _lit(shadow[0], shadow[1], px + LIFT * nx, py + LIFT * ny, pz + LIFT * nz, 0.003)
    gloss, sharpness = _mean(shine, corners, weights, 0), _mean(shine, corners, weights, 1)
    gloss = lit * _highlight(nx, ny, nz, px, py, pz, light, gloss, sharpness)
    for channel in range(3):
        # Light creeps round the edge of skin, red furthest: a cheap stand-in for scattering inside it.
        wrap = 0.22 - 0.08 * channel
        key = max(0.0, (lambert + wrap) / (1 + wrap)) * lit * light[5, channel]
        sky = light[0, channel] + nx * light[1, channel] + ny * light[2, channel] + nz * light[3, channel]
        tint = _mean(colours, corners, weights, channel) * texel[channel]
        colour[channel] = tint * (max(0.0, sky) + key) + gloss * light[5, channel]


@compiled
def _shade_band(out, samples, ids, barycentrics, faces, mesh, texture, light, shadow, top, bottom):
    """Blend rows [top, bottom) of the surfaces into `out` (H, W, 3)."""
    texel, colour, total = np.zeros(3), np.zeros(3), np.zeros(3)
    share = 1.0 / (samples * samples)
    for row in range(top, bottom):
        for column in range(out.shape[1]):
            cover, total[:] = 0.0, 0.0
            for sample in range(samples * samples):
                y, x = row * samples + sample // samples, column * samples + sample % samples
                index = ids[y, x]
                if index < 0:
                    continue
                corners = (faces[index, 0], faces[index, 1], faces[index, 2])
                weights = (barycentrics[y, x, 0], barycentrics[y, x, 1], barycentrics[y, x, 2])
                _shade(index, corners, weights, mesh, texture, light, shadow, texel, colour)
                for channel in range(3):
                    total[channel] += share * colour[channel]
                cover += share
            if cover > 0:
                for channel in range(3):
                    out[row, column, channel] = out[row, column, channel] * (1 - cover) + total[channel]


class Renderer:
    """Renders frames of one size with one texture and one light.

    Args:
        intrinsics: Camera and picture size.
        light: See `Light`.
        texture: (S, S, 3) linear.
        samples: Per pixel and direction.
    """

    def __init__(self, intrinsics: Intrinsics, light: Light, texture: Array, samples: int = 2) -> None:
        self._intrinsics = intrinsics
        self._direction = np.asarray(light.direction) / np.linalg.norm(light.direction)
        self._light = np.concatenate([light.ambient, self._direction[None], light.colour[None]]).astype(np.float64)
        self._texture = np.ascontiguousarray(texture, dtype=np.float32)
        self._samples = samples
        self._rasterizer = NumbaRasterizer(reuse=True)
        self._shadow_rasterizer = NumbaRasterizer(reuse=True)

    def render(self, surfaces: Sequence[Surface], background: Array) -> NDArray[np.float32]:
        """Return the surfaces over a background (H, W, 3), linear."""
        mesh = _merge(surfaces)
        raster = self._rasterizer.rasterize(mesh.vertices, mesh.faces, self._intrinsics.scaled(self._samples))
        shadow = _shadow(mesh, self._direction, self._shadow_rasterizer)
        out = np.array(background, dtype=np.float32, order="C")
        self._shade(out, raster, mesh, shadow)
        return out

    def _shade(self, out: Array, raster: Raster, mesh: _Merged, shadow: _Shadow) -> None:
        surfaces = (mesh.vertices, mesh.normals, mesh.colour, mesh.shine, mesh.corner_uv)
        seen = (self._samples, raster.ids, raster.barycentrics, mesh.faces)
        rest = (surfaces, self._texture, self._light, (shadow.depth, shadow.map))

        def band(top: int, bottom: int) -> None:
            _shade_band(out, *seen, *rest, top, bottom)

        middle = out.shape[0] // 2
        self._rasterizer.in_bands(band, [0, middle, out.shape[0]])
