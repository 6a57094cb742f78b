"""Identity: named anatomical modes and smooth general ones, one standard deviation each.

Sizes of the named modes follow the standard deviations of adult anthropometry (Farkas, "Anthropometry of the Head and
Face", 1994; Gordon et al., ANSUR, 1989): about 4 % of a length.
"""

from __future__ import annotations

import numpy as np

from ...contract.arrays import Floats
from .anatomy import Anatomy
from .deformation import Deformer
from .dimensions import EYE_CENTRE, LID_RADIUS
from .identity_later import LATER, LATER_NAMES, ear_modes
from .identity_table import AFFINE, LOCAL, Anchor, Triple
from .lids import rim_mode, rows

GENERAL_MODES = 45
GENERAL_SCALES = ((0.0024, 0.050), (0.0010, 0.024))
"""Standard deviation and length (metres) of the two Gaussian kernels of the general modes."""
ASYMMETRY = 0.45
"""Standard deviation of the antisymmetric general modes as share of the symmetric ones'."""
TIE = 1e-6
"""Share by which entries of a mode may differ and still count as equally large."""
EYE_RIGID, EYE_FREE = 0.0175, 0.032
"""Distance from an eyeball's centre up to which everything moves with it, and from which on nothing does."""


def identity_names() -> tuple[str, ...]:
    """Return a name per mode, in order."""
    general = tuple(f"general_{number:02d}" for number in range(GENERAL_MODES))
    return (*AFFINE, *LOCAL, "eye_opening", "eye_tilt", "eyeball_size", *general, *LATER_NAMES)


def identity_basis(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return the displacement (V, 3, I) of one standard deviation of each mode."""
    points = anatomy.points
    modes = [_affine(points, *AFFINE[name]) for name in AFFINE]
    modes += [_local(points, LOCAL[name]) for name in LOCAL]
    modes = [modes[0], *(_with_rigid_eyes(anatomy, mode) for mode in modes[1:])]  # the size scales the eyes as well
    modes += [_eye_opening(anatomy, deformer), _eye_tilt(anatomy, deformer), _eyeball_size(anatomy)]
    named = np.stack(modes, axis=2)
    later = [_with_rigid_eyes(anatomy, mode) for mode in [_local(points, LATER[name]) for name in LATER]]
    later += ear_modes(anatomy)
    return np.concatenate([named, _general(anatomy, named), np.stack(later, axis=2)], axis=2)


def _affine(points: Floats, matrix: tuple[Triple, Triple, Triple], centre: Triple) -> Floats:
    """Return the displacement (V, 3) of a linear map about a centre."""
    return np.asarray((points - np.array(centre)) @ np.array(matrix).T, np.float64)


def _local(points: Floats, anchors: tuple[Anchor, ...]) -> Floats:
    """Return the displacement (V, 3) of Gaussian pulls at anchors and at the mirror images of those off the middle."""
    result = np.zeros_like(points)
    for (x, y, z), move, reach, even in anchors:
        sides = ((1.0, 1.0),) if abs(x) < 1e-9 else ((1.0, 1.0), (-1.0, even))
        for side, strength in sides:
            offset = points - np.array((side * x, y, z)) / 1000.0
            weight = np.exp(-0.5 * (offset**2).sum(axis=1) / (reach / 1000.0) ** 2)
            direction = np.array(move) * (side, 1.0, 1.0) / 1000.0
            result += strength * weight[:, None] * direction
    return result


def _eye_weight(anatomy: Anatomy, side: int) -> Floats:
    """Return how rigidly each vertex (V,) goes with an eyeball."""
    centre = EYE_CENTRE * (1.0 if side == 1 else -1.0, 1.0, 1.0)
    distance = np.linalg.norm(anatomy.points - centre, axis=1)
    step = np.clip((EYE_FREE - distance) / (EYE_FREE - EYE_RIGID), 0.0, 1.0)
    weight = step * step * (3 - 2 * step)
    this, other = ("left_eyeball", "right_eyeball") if side == 1 else ("right_eyeball", "left_eyeball")
    weight[anatomy.parts[this]], weight[anatomy.parts[other]] = 1.0, 0.0
    return weight


def _with_rigid_eyes(anatomy: Anatomy, mode: Floats) -> Floats:
    """Return the mode with eyeballs and lids moved as one, by what the mode does on average to the eyeball."""
    result = mode.copy()
    for side, name in ((0, "right_eyeball"), (1, "left_eyeball")):
        weight = _eye_weight(anatomy, side)[:, None]
        result += weight * (mode[anatomy.parts[name]].mean(axis=0) - mode)
    return result


def _rim_directions(anatomy: Anatomy, side: int) -> Floats:
    centre = EYE_CENTRE * (1.0 if side == 1 else -1.0, 1.0, 1.0)
    offset = anatomy.points[anatomy.lid_rings[side][0]] - centre
    return offset / np.linalg.norm(offset, axis=1, keepdims=True)


def _eye_opening(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return the mode of wider open eyes: 0.6 mm between the lids."""
    targets = []
    for side in (0, 1):
        target = _rim_directions(anatomy, side)
        upper, lower = rows(side)
        bow = np.sin(np.linspace(0, np.pi, 17))
        target[upper, 1] += bow * 0.0004 / LID_RADIUS
        target[lower, 1] -= bow * 0.0002 / LID_RADIUS
        targets.append(target / np.linalg.norm(target, axis=1, keepdims=True))
    return rim_mode(anatomy, deformer, (targets[0], targets[1]))


def _eye_tilt(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return the mode of outer corners that lie higher: two degrees."""
    targets = []
    for side, sign in ((0, -1.0), (1, 1.0)):
        x, y, z = _rim_directions(anatomy, side).T
        angle = sign * np.radians(2.2)
        targets.append(np.stack([x - angle * y, y + angle * x, z], 1) / np.hypot(1.0, angle * np.hypot(x, y))[:, None])
    return rim_mode(anatomy, deformer, (targets[0], targets[1]))


def _eyeball_size(anatomy: Anatomy) -> Floats:
    """Return the mode of larger eyeballs with their lids: two per cent."""
    result = np.zeros_like(anatomy.points)
    for side in (0, 1):
        centre = EYE_CENTRE * (1.0 if side == 1 else -1.0, 1.0, 1.0)
        result += 0.02 * _eye_weight(anatomy, side)[:, None] * (anatomy.points - centre)
    return result


def _general(anatomy: Anatomy, named: Floats) -> Floats:
    """Return the leading eigenmodes (V, 3, 45) of a smooth random displacement field, apart from the named modes.

    A vector-valued Gaussian process of two lengths (Luethi et al., "Gaussian process morphable models", 2018), even
    under the mirror; odd modes are weaker. Its modes on a sample of vertices are extended to all (Nystroem).
    """
    points = anatomy.points
    sample = _spread_sample(points, anatomy)
    columns: list[Floats] = []
    strengths: list[float] = []
    for parity in (1.0, -1.0):
        for axis in range(3):
            sign = parity * (-1.0 if axis == 0 else 1.0)
            kernel = _kernel(points[sample], points[sample], sign)
            values, vectors = np.linalg.eigh(kernel)
            best = np.argsort(values)[::-1][:20]
            reach = _kernel(points, points[sample], sign) @ vectors[:, best] / values[best]
            amplitude = np.sqrt(values[best]) * (ASYMMETRY if parity < 0 else 1.0)
            for column, size in zip(reach.T, amplitude, strict=True):
                field = np.zeros_like(points)
                field[:, axis] = column * size
                if column[np.argmax(np.abs(column))] < 0:
                    field = -field
                columns.append(_with_rigid_eyes(anatomy, field))
                strengths.append(size)
    order = np.argsort(strengths, kind="stable")[::-1][: GENERAL_MODES + 25]
    return _apart(np.stack([columns[i] for i in order], axis=2), named)[..., :GENERAL_MODES]


def _kernel(one: Floats, two: Floats, sign: float) -> Floats:
    """Return the covariance (N, M) of one component of the field that is even (1) or odd (-1) under the mirror."""
    result = np.zeros((len(one), len(two)))
    for mirrored, factor in ((two, 0.5), (two * (-1.0, 1.0, 1.0), 0.5 * sign)):
        square = ((one[:, None] - mirrored[None]) ** 2).sum(axis=-1)
        for deviation, length in GENERAL_SCALES:
            result += factor * deviation**2 * np.exp(-0.5 * square / length**2)
    return result


def _spread_sample(points: Floats, anatomy: Anatomy, count: int = 220) -> np.ndarray:
    """Return vertices of face, back and ears far from each other, the face twice as dense."""
    skin = np.concatenate([anatomy.parts[name] for name in ("face", "back", "left_ear", "right_ear")])
    density = np.where(points[skin, 2] > 0.0, 1.0, 0.6)
    chosen = [0]
    distance = np.full(len(skin), np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, np.linalg.norm(points[skin] - points[skin[chosen[-1]]], axis=1))
        chosen.append(int(np.argmax(distance * density)))
    return skin[chosen]


def _apart(general: Floats, named: Floats) -> Floats:
    """Return the general modes (V, 3, G) without what the named ones (V, 3, N) can do, largest first."""
    flat = general.reshape(-1, general.shape[2])
    basis, _ = np.linalg.qr(named.reshape(-1, named.shape[2]))
    flat = flat - basis @ (basis.T @ flat)
    left, size, _ = np.linalg.svd(flat, full_matrices=False)
    left = left * column_signs(left)
    return np.asarray((left * size).reshape(general.shape), np.float64)


def column_signs(columns: Floats) -> Floats:
    """Return the sign (N,) of the first of the largest entries of each column (M, N).

    Mirrored vertices move equally far in opposite directions: which of the two is larger by the last bit depends on
    the number of threads, so entries within `TIE` of the largest count as equal.
    """
    sizes = np.abs(columns)
    first = np.argmax(sizes >= (1.0 - TIE) * sizes.max(axis=0), axis=0)
    return np.sign(columns[first, np.arange(columns.shape[1])])
