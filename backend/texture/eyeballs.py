"""Whole eyeballs from the part of them that a film shows: a round iris with its pupil, clean white around it.

Lids hide most of an eye, and lamps are reflected in it. What was seen is read ring by ring around the middle of the
iris, which lies where the film shows it; what a ring has seen nowhere is not made up from lids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..raster.rasterizer import Raster

WHITE: Final = (0.28, 0.26, 0.24)
"""Linear colour of the white of an eye on a face of usual brightness, in the shade of lids and lashes: 0.25 to 0.45 on
five people, and eyes of which nothing can be told are narrow or far away, which is to say dark."""
_BROWN: Final = (0.075, 0.042, 0.026)
_IRIS: Final = 0.55
"""Radius of an iris over its distance from the middle of the eyeball: 5.9 mm to 10.7 mm."""
_SIZES: Final = (0.85, 0.93, 1.0, 1.07)
"""How much larger an iris may be than that."""
_ASIDE: Final = 0.2
"""How far its middle may lie from the axis of the eyeball, in the same unit: gaze is known to some degrees."""
_TIED: Final = 0.5
"""Logarithms of brightness that an iris must gain to lie aside by one."""
_LEAST_CONTRAST: Final = 0.3
"""Of an iris against the white, as a logarithm: less is a blur that does not tell where it lies."""
_PUPIL: Final = 0.36
"""Of the iris, and how dark it is at most against the iris."""
_PUPIL_DARK: Final = 0.3
_EDGE: Final = 0.08
_RINGS: Final = 8
_FEWEST: Final = 40
"""Texels of an eye that tell of it."""
_HIGHLIGHT: Final = (0.1, 0.6)
"""Quantiles of brightness of a ring between which lies what is neither lash nor lamp."""
_DETAIL: Final = (0.75, 1.4)
"""How much darker and brighter than its ring a texel may be to keep its own colour."""


_SHADED: Final = 0.35
"""By how much the white is darker under the lids, which no light of nine terms tells."""


@dataclass(frozen=True)
class _Eye:
    """Texels of an eyeball: places before it (N, 2), whether in front (N,), colours (N, 3), how well seen (N,)."""

    position: Array
    front: NDArray[np.bool_]
    colour: Array
    share: Array


@dataclass(frozen=True)
class _EyeModel:
    """What an eye looks like: middle (2,) and radius of the iris, its rings (R, 3) from the middle, its white (3,)."""

    middle: Array
    radius: float
    rings: Array
    white: Array


def whole_eyeballs(
    colour: Singles,
    share: Singles,
    layout: Raster,
    template: Array,
    faces: Array,
    regions: Mapping[str, Array],
    masks: Mapping[str, NDArray[np.bool_]],
    exposure: float,
) -> dict[str, Singles]:
    """Return the colours (N, 3) of the texels of each eyeball that the masks name.

    Args:
        colour: Texture as far as it was seen (S, S, 3), linear.
        share: How well it was seen (S, S), 0..1.
        layout: Which triangle each texel shows.
        template: Head at rest (V, 3), looking along z.
        faces: (F, 3).
        regions: Vertices by name.
        masks: Texels (S, S) of the parts by name.
        exposure: Brightness of the film against a usual one, for an eye that was never seen.
    """
    eyes = {name: _eye(colour, share, layout, template, faces, regions[name], masks[name]) for name in _names(masks)}
    models = {name: _fit_eye(eye) for name, eye in eyes.items()}
    known = [model for model in models.values() if model is not None]
    usual = known[0] if known else _usual(exposure)
    return {name: _drawn(eye, models[name] or _as_bright(eye, _twin(usual))) for name, eye in eyes.items()}


def _names(masks: Mapping[str, Any]) -> list[str]:
    return [name for name in ("left_eyeball", "right_eyeball") if name in masks]


def _eye(
    colour: Singles, share: Singles, layout: Raster, template: Array, faces: Array, vertices: Array, mask: Array
) -> _Eye:
    points = template[vertices]
    # Of a sphere: |p|^2 = 2 c p + constant.
    rows = np.column_stack([2 * points, np.ones(len(points))])
    centre = np.linalg.lstsq(rows, (points**2).sum(axis=1), rcond=None)[0][:3]
    away = layout.interpolate(template, faces)[mask] - centre
    depth = away[:, 2]
    position = away[:, :2] / np.maximum(depth, 1e-6)[:, None]
    return _Eye(position, depth > 0.35 * np.linalg.norm(away, axis=1), colour[mask].astype(np.float64), share[mask])


def _fit_eye(eye: _Eye) -> _EyeModel | None:
    """Return what an eye looks like; None where too little of it was seen."""
    visible = eye.front & (eye.share > 0.3)
    if visible.sum() < _FEWEST:
        return None
    position, colour = eye.position[visible], eye.colour[visible]
    bright = np.log(colour.mean(axis=1) + 0.01)
    best, iris = -np.inf, (np.zeros(2), _IRIS)
    steps = np.linspace(-_ASIDE, _ASIDE, 11)
    for x in steps:
        for y in steps:
            distance = np.linalg.norm(position - (x, y), axis=1)
            for size in _SIZES:
                score = _contrast(distance / (_IRIS * size), bright) - _TIED * np.hypot(x, y)
                if score > best:
                    best, iris = score, (np.array([x, y]), _IRIS * size)
    if best < _LEAST_CONTRAST:
        iris = (np.zeros(2), _IRIS)  # its colours are the person's, its place is the eye's own
    middle, radius = iris
    ratio = np.linalg.norm(position - middle, axis=1) / radius
    white = _white(colour[ratio > 1 + _EDGE])
    if white is None:
        return None
    return _EyeModel(middle, radius, _rings(ratio, colour), white)


def _contrast(ratio: Array, bright: Array) -> float:
    """Return by how much brighter it is around an iris than inside its edge; minus infinity where one is not seen."""
    inside, outside = (ratio > 0.7) & (ratio < 0.97), (ratio > 1.03) & (ratio < 1.3)
    if min(inside.sum(), outside.sum()) < _FEWEST // 4:
        return -np.inf
    return float(bright[outside].mean() - bright[inside].mean())


def _rings(ratio: Array, colour: Array) -> Array:
    """Return the colours (R, 3) of an iris from its middle outwards."""
    positions = (np.arange(_RINGS) + 0.5) / _RINGS
    known, values = [], []
    for position in positions:
        ring = colour[np.abs(ratio - position) < 0.75 / _RINGS]
        if len(ring) >= _FEWEST // 8:
            brightness = ring.mean(axis=1)
            low, high = np.quantile(brightness, _HIGHLIGHT)
            known.append(position)
            values.append(ring[(brightness >= low) & (brightness <= high)].mean(axis=0))
    if not known:
        return np.tile(np.array(_BROWN), (_RINGS, 1))
    rings = np.stack([np.interp(positions, known, np.array(values)[:, channel]) for channel in range(3)], axis=1)
    iris = rings[positions > _PUPIL].mean(axis=0)
    pupil = positions <= _PUPIL
    dark = np.minimum(1, _PUPIL_DARK * iris.mean() / np.maximum(rings[pupil].mean(axis=1, keepdims=True), 1e-6))
    rings[pupil] *= dark
    return rings


def _white(colour: Array) -> Array | None:
    """Return the colour (3,) of the white of an eye: of what was seen, without highlights and the shade of the lids."""
    if len(colour) < _FEWEST // 4:
        return None
    brightness = colour.mean(axis=1)
    low, high = np.quantile(brightness, (0.25, 0.65))
    white = np.median(colour[(brightness >= low) & (brightness <= high)], axis=0)
    # Lids and their light shine through: half of the hue is taken off.
    return (white + white.mean()) / 2


def _usual(exposure: float) -> _EyeModel:
    rings = _rings(np.linspace(0, 1, 200), np.tile(np.array(_BROWN), (200, 1))) * exposure
    return _EyeModel(np.zeros(2), _IRIS, rings, np.array(WHITE) * exposure)


def _twin(model: _EyeModel) -> _EyeModel:
    return _EyeModel(model.middle * (-1, 1), model.radius, model.rings, model.white)


def _as_bright(eye: _Eye, model: _EyeModel) -> _EyeModel:
    """Return a model as bright as what was seen of an eye, in which no iris could be told."""
    visible = eye.front & (eye.share > 0.3)
    if visible.sum() < _FEWEST:
        return model
    drawn = _drawn(
        _Eye(eye.position[visible], eye.front[visible], eye.colour[visible], np.zeros(int(visible.sum()))), model
    )
    scale = float(np.clip(eye.colour[visible].mean() / max(float(drawn.mean()), 1e-6), 0.3, 1.5))
    return _EyeModel(model.middle, model.radius, model.rings * scale, model.white * scale)


def _drawn(eye: _Eye, model: _EyeModel) -> Singles:
    """Return the colours (N, 3) of an eyeball: the model's, and what was seen of it where that is like it."""
    ratio = np.where(eye.front, np.linalg.norm(eye.position - model.middle, axis=1) / model.radius, 9.0)
    positions = (np.arange(_RINGS) + 0.5) / _RINGS
    iris = np.stack([np.interp(ratio, positions, model.rings[:, channel]) for channel in range(3)], axis=1)
    outside = np.clip((ratio - 1 + _EDGE) / (2 * _EDGE), 0, 1)[:, None]
    shaded = 1 - _SHADED * np.clip((ratio - 1.2) / 1.3, 0, 1)[:, None]
    drawn = iris + (model.white * shaded - iris) * outside
    like = eye.colour.mean(axis=1) / np.maximum(drawn.mean(axis=1), 1e-6)
    detail = np.clip((like - _DETAIL[0]) / 0.1, 0, 1) * np.clip((_DETAIL[1] - like) / 0.2, 0, 1) * eye.share
    return (drawn + (eye.colour - drawn) * detail[:, None]).astype(np.float32)
