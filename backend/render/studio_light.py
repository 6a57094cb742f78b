"""Studio light on a head that is drawn for people: a soft key light, a fill and a rim, per vertex."""

from __future__ import annotations

import numpy as np

from ..contract.arrays import Array


def studio_light(vertices: Array, normals: Array) -> tuple[Array, Array]:
    """Return diffuse light (V,) around 1 and highlights (V,) of a soft key light, a fill and a rim.

    Args:
        vertices: (V, 3) in camera axes.
        normals: (V, 3) unit, outwards.
    """
    view = -vertices / np.maximum(np.linalg.norm(vertices, axis=1, keepdims=True), 1e-9)
    key = _unit((-0.45, -0.65, -0.75))
    fill = _unit((0.85, -0.1, -0.5))
    wrapped = np.clip((normals @ key + 0.35) / 1.35, 0, 1)
    diffuse = 0.34 + 0.72 * wrapped + 0.2 * np.clip(normals @ fill, 0, 1)
    facing = np.clip(np.einsum("vc,vc->v", normals, view), 0, 1)
    half = key + view
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    eighth = np.clip(np.einsum("vc,vc->v", normals, half), 0, 1) ** 2
    eighth *= eighth
    eighth *= eighth
    gloss = eighth * eighth * eighth
    return diffuse, 0.22 * gloss + 0.35 * (1 - facing) ** 3 * (0.4 + 0.6 * wrapped)


def _unit(direction: tuple[float, float, float]) -> Array:
    return np.array(direction) / np.linalg.norm(direction)
