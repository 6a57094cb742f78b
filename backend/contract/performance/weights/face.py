"""Weights of the face's shapes, solved from the track's mesh over the whole clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...track import MISSING, Track
from ..channels import CHANNELS, INDEX
from ..gaze import COLUMNS
from .basis import ArkitBasis
from .bounded import Problem, solve
from .habits import alike_pairs, most_of_mouth_close, pull_of, without_losers
from .lids import BLINKS, blinks_of, closing_of, lid_vertices
from .motion import motion_of
from .options import ArkitOptions
from .products import MILLIMETRES, Products
from .steadiness import joined_frames, roughness_of, steadied
from .trust import trust_of

JAW_OPEN: Final = INDEX["jawOpen"]
MOUTH_CLOSE: Final = INDEX["mouthClose"]
_VISIBLE: Final = 5e-5
"""Metres, root mean square over the face, that a channel must move to be told from the mesh."""
_SPARSE: Final = 0.005
"""Weight that sparsity takes off each channel."""
_TURNS: Final = 3
"""Times that the solve is repeated with steadiness and exclusive channels as the last one shows them."""


@dataclass(frozen=True)
class Face:
    """What was solved. T frames.

    Attributes:
        weights: (T, 52); 0 where nothing was solved.
        solved: Which channels the mesh tells (52,) bool.
        residual: Root mean square over the face of what no weight explains (T,), millimetres.
        trust: Of each channel (52,).
    """

    weights: Array
    solved: Array
    residual: Array
    trust: Array


def solve_face(track: Track, basis: ArkitBasis, weights: Array, options: ArkitOptions) -> Face:
    """Return all weights of a track.

    Args:
        track: Any.
        basis: ARKit's shapes on its head.
        weights: Those of the gaze, the rest zero (T, 52).
        options: How.
    """
    vertices = np.unique(np.concatenate([face_vertices(track), lid_vertices(track)]))
    motion = motion_of(track, vertices)
    shapes = basis.displacement[vertices].astype(np.float64)
    size = np.sqrt((shapes**2).sum(axis=1).mean(axis=0))
    solved = size > _VISIBLE
    solved[JAW_OPEN] = False
    channels, joined, rate = np.flatnonzero(solved), joined_frames(track), float(track.rate)
    weights = weights.copy()
    jaw = np.clip(motion.jaw_pitch / basis.jaw_open, 0, 1)
    weights[:, JAW_OPEN] = steadied(jaw[:, None], joined, rate, options.smoothness)[:, 0]
    products = Products.of(motion, shapes[..., channels] / size[channels])
    problem = _problem(track, products, size[channels], channels, weights[:, JAW_OPEN], options)
    weights[:, channels] = _solved(problem, channels, MILLIMETRES * size[channels], joined, rate, options)
    residual = products.left_over(weights[:, channels] * MILLIMETRES * size[channels])
    blinks = blinks_of(track, closing_of(track, motion, shapes, weights), weights)
    weights[:, BLINKS] = np.clip(steadied(blinks, joined, rate, options.smoothness), 0, 1)
    alone = np.zeros(len(CHANNELS))
    alone[channels] = size[channels] * products.distinct()
    alone[[JAW_OPEN, *BLINKS, *COLUMNS.ravel()]] = np.inf
    return Face(weights, solved, residual, trust_of(track, alone, residual))


def face_vertices(track: Track) -> Array:
    """Return the vertices of the face (N,), without those inside the mouth: all where the track has no regions."""
    regions = track.regions
    face = regions.get("face", np.arange(len(track.neutral_vertices)))
    return np.setdiff1d(face, regions.get("mouth_inside", np.zeros(0, np.int64)))


def _problem(
    track: Track, products: Products, size: Array, channels: Array, jaw: Array, options: ArkitOptions
) -> Problem:
    """Return the least squares of the clip, in millimetres that the face moves by each of the channels (C,)."""
    size = MILLIMETRES * size
    most = np.broadcast_to(size, products.wanted.shape).copy()
    most[:, channels == MOUTH_CLOSE] *= most_of_mouth_close(jaw)[:, None]
    present = (track.status != MISSING)[:, None]
    pairs = alike_pairs(channels)
    return Problem(
        normal=products.normal,
        wanted=np.where(present, products.wanted, 0),
        roughness=np.zeros((max(len(most) - 2, 0), len(size))),
        sum_cost=options.sparsity * _SPARSE * size * products.distinct() ** 2,
        least=np.zeros_like(most),
        most=np.where(present, most, 0),
        alike=pairs,
        pull=np.zeros((len(most), len(pairs))),
    )


def _solved(problem: Problem, channels: Array, unit: Array, joined: Array, rate: float, options: ArkitOptions) -> Array:
    """Return the weights (T, C), steady and with one of two exclusive channels at zero; `unit` (C,) in millimetres."""
    found = solve(problem)
    most = problem.most
    for _ in range(_TURNS):
        problem = replace(
            problem,
            most=without_losers(most, found, channels, joined, rate),
            roughness=roughness_of(found / unit, joined, rate, options.smoothness),
            pull=pull_of(found / unit, problem.alike),
        )
        found = solve(problem, found)
    return found / unit
