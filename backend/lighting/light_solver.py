"""Light, gains, colours and albedo code from what frames show of points on skin: robust linear least squares in turns.

What is scaled between them is settled so: the light on the face has the mean brightness 1 and the tint that lets the
albedo be one of a face, the middle gain is 1, and the albedo takes the exposure.

There is a second solver, `render.picture_light`, for one square picture by itself and in the convention of the codes
that are exported with it (sRGB, head axes, factors in the functions). It could not serve here: a clip's frames share
one light and differ in exposure, and its solution is linear in colour where this one works on logarithms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from ..contract.arrays import Array
from ..contract.shading import LIGHT_TERMS, light_terms
from ..fit.terms.robust import cauchy_weight
from ..render.srgb import srgb_from_linear
from .plausible_light import believed_light
from .skin_colours import SkinObservation

FEWEST_POINTS: Final = 40
"""Points of bare skin, each counting as much as it is seen, that a frame must show to tell anything."""
_ROUNDS: Final = 6
_NOISE: Final = 0.15
"""Of the logarithm of a colour: what light of nine terms does not follow, grain and compression; beyond it residuals
count less and less."""
_COLOUR_SPREAD: Final = 0.25
"""How far the logarithm of a point's colour strays from what the albedo space has: freckles, stubble."""
_TINT_SPREAD: Final = 0.2
"""How far the logarithms of the light's red and blue stray from its green: lamps and white balance of cameras."""
_TINTS: Final = np.array([[2.0, -1.0, -1.0], [0.0, 1.0, -1.0]]).T / np.sqrt([6.0, 2.0])
"""Two tints (3, 2) that change no mean brightness."""
_INDEPENDENT: Final = 150
"""Points that say something of their own about the albedo: neighbours share their errors."""
_LIGHT_SPREAD: Final = np.array([1.0, 0.5, 0.5, 0.5, 0.08, 0.08, 0.08, 0.08, 0.05])
"""Size of each coefficient before looking, relative to the mean brightness: light has few fine shades."""
_LIGHT_AWAY: Final = 0.3 * _LIGHT_SPREAD
"""How far a frame's own light strays from the clip's ..."""
_LIGHT_STEP: Final = 0.03 * _LIGHT_SPREAD
"""... and from the frame before."""
_INDEPENDENT_LIGHT: Final = 300
"""Points that say something of their own about the light: neighbours see the same shadows."""
_DIMMEST: Final = 0.05
"""Least brightness of the light relative to its mean: shadows are never quite black."""


@dataclass(frozen=True)
class PointSpace:
    """What the logarithm of linear colours of N points may be: not linear in the code.

    Attributes:
        mean, basis: As in `AlbedoSpace`, of these points (N, 3) and (N, 3, K).
    """

    mean: Array
    basis: Array

    def logarithm(self, code: Array) -> tuple[Array, Array]:
        """Return the logarithm (N, 3) and its derivative by the code (N, 3, K)."""
        encoded = self.mean + self.basis @ code
        clipped = np.clip(encoded, 0.03, 1.0)
        linear = np.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)
        slope = np.where(clipped <= 0.04045, 1 / clipped, 2.4 / (clipped + 0.055))
        slope = np.where((encoded > 0.03) & (encoded < 1.0), slope, 0.2 * slope)
        return np.log(linear), slope[..., None] * self.basis


@dataclass(frozen=True)
class ClipLight:
    """Light of the clip (9, 3), colours of the points (N, 3), code (K,), and how like the pictures these are in dB.

    The last is the peak signal-to-noise ratio over all that was observed, in 8-bit sRGB.
    """

    light: Array
    colour: Array
    code: Array
    psnr: float


def shows_enough_skin(observation: SkinObservation, plain: NDArray[np.bool_]) -> bool:
    """Whether a frame shows enough skin that is neither black nor blown out."""
    return bool(observation.weight[plain].sum(axis=0).min() >= FEWEST_POINTS)


def solve_light(
    observations: Mapping[int, SkinObservation], trust: Array, plain: NDArray[np.bool_], space: PointSpace | None
) -> ClipLight:
    """Find light, colours and code that explain what K frames show at N points.

    One after the other, each robustly: light from colours, gains, colours from light, the code from colours.

    Args:
        observations: Frame -> what it shows.
        trust: Of every frame of the clip (T,).
        plain: Points that tell of the light (N,).
        space: What their colours may be, or None for one colour with some spread.
    """
    value = np.stack([one.value for one in observations.values()]).astype(np.float64)
    normals = np.stack([one.normals for one in observations.values()])
    weight = np.stack([one.weight * trust[frame] for frame, one in observations.items()]).astype(np.float64)
    basis = light_terms(normals)
    observed = np.log(np.maximum(value, 1e-4))
    robust, lit = weight, weight * plain[:, None]
    gain = _first_gains(observed, lit)
    code, tint = np.zeros(0 if space is None else space.basis.shape[2]), np.zeros(2)
    colour = np.broadcast_to(_median(observed - gain[:, None], lit), value.shape[1:]).copy()
    light = np.zeros((LIGHT_TERMS, 3))
    error = np.zeros_like(observed)
    for _ in range(_ROUNDS):
        lit = robust * plain[:, None]
        light = _light_of(value, basis, lit, np.exp(gain)[:, None] * np.exp(colour))
        shade = np.maximum(basis @ light, _DIMMEST)
        scale = (lit * shade).sum(axis=(0, 1)) / np.maximum(lit.sum(axis=(0, 1)), 1e-9)
        light, dim = light / scale, np.log(believed_light(normals, light / scale))
        gain = _means(observed - dim - colour, lit, axis=1)
        gain -= np.median(gain, axis=0)
        unlit = observed - dim - gain[:, None]
        mean, total = _means(unlit, robust, axis=0), robust.sum(axis=0)
        code, tint, prior = _code_of(mean, total, space, code, tint)
        # All frames together see a point as well as a few that are independent of each other.
        sure = np.minimum(total, 8.0) / _NOISE**2
        colour = (sure * mean + prior / _COLOUR_SPREAD**2) / (sure + 1 / _COLOUR_SPREAD**2)
        error = unlit - colour
        robust = weight * cauchy_weight(error / _NOISE)
    tinted = np.exp(_TINTS @ tint)
    return ClipLight(light * tinted, np.exp(colour) / tinted, code, _psnr(observed, error, weight))


def _psnr(observed: Array, error: Array, weight: Array) -> float:
    """Return the likeness in dB of logarithms (K, N, 3) and what is left of them."""
    picture, drawn = (srgb_from_linear(np.exp(values)).astype(np.float64) for values in (observed, observed - error))
    square = float((weight * (picture - drawn) ** 2).sum() / max(float(weight.sum()), 1e-9))
    return float(10 * np.log10(255**2 / max(square, 1e-6)))


def _first_gains(observed: Array, weight: Array) -> Array:
    """Logarithm of each frame's gain (K, 3), from the middle of what it shows: near enough to start with."""
    gains = np.stack([_median(one[None], counted[None]) for one, counted in zip(observed, weight, strict=True)])
    return gains - np.median(gains, axis=0)


def _median(values: Array, weight: Array) -> Array:
    """Median of values (..., 3) that count, per channel (3,)."""
    result = np.zeros(3)
    for channel in range(3):
        there = weight[..., channel] > 0.3 * max(float(weight.max()), 1e-9)
        result[channel] = np.median(values[..., channel][there]) if there.any() else -1.5
    return result


def _means(values: Array, weight: Array, axis: int) -> Array:
    return (weight * values).sum(axis=axis) / np.maximum(weight.sum(axis=axis), 1e-9)


def _light_of(value: Array, basis: Array, weight: Array, base: Array) -> Array:
    """Light (9, 3) from linear colours (K, N, 3) and what they would be under light of brightness 1."""
    result = np.zeros((LIGHT_TERMS, 3))
    rows = basis.reshape(-1, LIGHT_TERMS)
    count = max(float((weight > 0.05).sum()) / 3, 1.0)
    for channel in range(3):
        share = weight[..., channel].ravel()
        normal = rows.T @ (rows * share[:, None])
        ratio = (value[..., channel] / np.maximum(base[..., channel], 1e-4)).ravel()
        # Neighbouring points see the same shadows: all together are worth a few hundred.
        normal[np.diag_indices(LIGHT_TERMS)] += count / _INDEPENDENT_LIGHT * (_NOISE / _LIGHT_SPREAD) ** 2
        result[:, channel] = np.linalg.solve(normal, rows.T @ (ratio * share))
    return result


def _code_of(
    mean: Array, total: Array, space: PointSpace | None, code: Array, tint: Array
) -> tuple[Array, Array, Array]:
    """Return code, tint of the light and the logarithms (N, 3) that they give, from mean logarithms of the colours."""
    if space is None:
        return code, tint, np.broadcast_to(_median(mean, np.minimum(total, 1.0)), mean.shape)
    sure = np.minimum(total, 1.0)
    sure = sure * _INDEPENDENT / max(float(sure.sum()) / 3, 1e-9) / _COLOUR_SPREAD**2
    precision = np.diag(np.append(np.ones(len(code)), np.full(2, _TINT_SPREAD**-2)))
    for _ in range(2):
        value, slope = space.logarithm(code)
        design = np.concatenate([slope, np.broadcast_to(_TINTS, (*mean.shape, 2))], axis=2).reshape(mean.size, -1)
        share = sure.reshape(-1, 1) * design
        away = (mean - value).reshape(-1) + design[:, : len(code)] @ code
        both = np.linalg.solve(share.T @ design + precision, share.T @ away)
        code, tint = both[: len(code)], both[len(code) :]
    return code, tint, space.logarithm(code)[0] + _TINTS @ tint


def frame_shading(
    observations: Mapping[int, SkinObservation],
    plain: NDArray[np.bool_],
    clip_light: ClipLight,
    shot: Array,
    *,
    light_by_frame: bool,
) -> tuple[Array, Array]:
    """Return gain (T, 3) and light (T, 9, 3), float32, of every frame of a clip.

    A frame that shows too little skin (none, or black or blown out) takes its neighbours' of the same shot.

    Args:
        observations: Frame -> what it shows of N points.
        plain: Points that tell of the light (N,).
        clip_light: Of the clip; colours of these points.
        shot: Number of each frame's shot (T,).
        light_by_frame: Whether frames have their own light; else all have the clip's.
    """
    count = len(shot)
    gain = np.full((count, 3), np.nan)
    blocks = np.zeros((3, count, LIGHT_TERMS, LIGHT_TERMS))
    right = np.zeros((3, count, LIGHT_TERMS))
    colour = np.log(clip_light.colour)
    for frame, observation in observations.items():
        if not shows_enough_skin(observation, plain):
            continue
        weight = (observation.weight * plain[:, None]).astype(np.float64)
        basis = light_terms(observation.normals.astype(np.float64))
        shade = believed_light(observation.normals.astype(np.float64), clip_light.light)
        away = np.log(np.maximum(observation.value, 1e-4)) - np.log(shade) - colour
        frame_gain, robust = _robust_gain(away, weight)
        gain[frame] = frame_gain
        if light_by_frame:
            ratio = observation.value / np.exp(colour + frame_gain) - shade
            scale = _INDEPENDENT_LIGHT / max(float(robust.sum()) / 3, 1.0) / _NOISE**2
            for channel in range(3):
                rows = basis * (scale * robust[:, channel])[:, None]
                blocks[channel, frame], right[channel, frame] = rows.T @ basis, rows.T @ ratio[:, channel]
    gain = _filled(gain, shot)
    light = np.broadcast_to(clip_light.light, (count, LIGHT_TERMS, 3)).copy()
    if light_by_frame:
        light += np.stack([_smooth_light(blocks[c], right[c], shot) for c in range(3)], axis=-1)
    middle = np.median(gain, axis=0)
    return np.exp(gain - middle).astype(np.float32), light.astype(np.float32)


def _robust_gain(away: Array, weight: Array) -> tuple[Array, Array]:
    """Return the logarithm of a frame's gain (3,) and the weights that points keep (N, 3)."""
    gain = _median(away, weight)
    robust = weight
    for _ in range(3):
        robust = weight * cauchy_weight((away - gain) / _NOISE)
        gain = _means(away, robust, axis=0)
    return gain, robust


def _filled(gain: Array, shot: Array) -> Array:
    """Return gains with unknown ones between their neighbours' of the shot, or 0 where a shot knows none."""
    result = gain.copy()
    for number in np.unique(shot):
        of_shot = np.flatnonzero(shot == number)
        known = of_shot[np.isfinite(gain[of_shot]).all(axis=1)]
        for channel in range(3):
            result[of_shot, channel] = np.interp(of_shot, known, gain[known, channel]) if len(known) else 0.0
    return result


def _smooth_light(blocks: Array, right: Array, shot: Array) -> Array:
    """Solve for what each frame's light adds to the clip's (T, 9), one channel: near it and near its neighbours'.

    Args:
        blocks: Normal equations of each frame alone (T, 9, 9).
        right: Their right sides (T, 9).
        shot: Between shots nothing is smooth (T,).
    """
    count = len(blocks)
    diagonal = np.arange(LIGHT_TERMS)
    joined = (np.diff(shot) == 0).astype(np.float64)[:, None] / _LIGHT_STEP**2
    by_frame = blocks.copy()
    by_frame[:, diagonal, diagonal] += 1 / _LIGHT_AWAY**2
    if count > 1:
        by_frame[:-1, diagonal, diagonal] += joined
        by_frame[1:, diagonal, diagonal] += joined
    band = np.zeros((LIGHT_TERMS + 1, count, LIGHT_TERMS))
    for below in range(LIGHT_TERMS):
        band[below, :, : LIGHT_TERMS - below] = np.diagonal(by_frame, -below, axis1=1, axis2=2)
    if count > 1:
        band[LIGHT_TERMS, :-1] = -joined
    solution = solveh_banded(band.reshape(LIGHT_TERMS + 1, -1), right.ravel(), lower=True, check_finite=False)
    return solution.reshape(count, LIGHT_TERMS)
