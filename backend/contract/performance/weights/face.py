"""Weights of the face's shapes, solved from the track's mesh over the whole clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...track import MISSING, Track
from ..channels import CHANNELS, INDEX
from ..gaze import COLUMNS
from ..performance import APERTURE, GEOMETRY, GEOMETRY_AND_SCORE, JOINT, NOT_TRACKED, SCORE
from .basis import ArkitBasis, are_arkit
from .bounded import Problem, solve
from .habits import alike_pairs, most_of_mouth_close, pull_of, without_losers
from .lids import BLINKS, blinks_of, closing_of, has_lids, lid_vertices
from .motion import motion_of
from .options import ArkitOptions
from .products import MILLIMETRES, Products
from .scores import Scored, scores_of
from .steadiness import joined_frames, lasting, roughness_of, steadied
from .trust import trust_of

JAW_OPEN: Final = INDEX["jawOpen"]
MOUTH_CLOSE: Final = INDEX["mouthClose"]
JAW_FORWARD: Final = INDEX["jawForward"]
"""A channel that no picture shows: solved of tracks alone in which nothing was detected."""
CHEEK_SQUINTS: Final = (INDEX["cheekSquintLeft"], INDEX["cheekSquintRight"])
"""Channels that answer where people do something else: what tracks have of them is a head that looks down, a wink, or
noise, and where people make them there is nothing. Where something was detected they are solved, for else a squint and
wide eyes at once would make up for them, and are not said."""
SQUINTS: Final = (INDEX["eyeSquintLeft"], INDEX["eyeSquintRight"])
SQUINT_GAIN: Final = 6.0
"""Weight of a squint for each that a fit of the built-in head shows. Of painted people it shows a twentieth (0.03 to
0.05); this makes it a quarter. With more, squints where there are none become larger than what is gained."""
_SQUINT_LASTS: Final = 0.2
"""Seconds of which a squint fills more than half."""
_VISIBLE: Final = 5e-5
"""Metres, root mean square over the face, that a channel must move to be told from the mesh."""
_SPARSE: Final = 0.005
"""Weight that sparsity takes off each channel."""
_NOTED: Final = 0.1
"""Share in what is known of a channel from which a source is named."""
_TURNS: Final = 3
"""Times that the solve is repeated with steadiness and exclusive channels as the last one shows them."""
_SCORED_TURNS: Final = 10
"""The same where there are scores: how mesh and scores share what lasts all clip takes some turns to settle."""


@dataclass(frozen=True)
class Face:
    """What was solved. T frames.

    Attributes:
        weights: (T, 52); 0 where nothing was solved.
        source: Of each channel, as in `performance.SOURCES` (52).
        residual: Root mean square over the face of what the weights leave of its motion (T,), millimetres.
        trust: Of each channel (52,).
    """

    weights: Array
    source: tuple[str, ...]
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
    detected = bool(np.isfinite(track.landmarks).any())
    solved = size > _VISIBLE
    solved[[JAW_OPEN, JAW_FORWARD] if detected else [JAW_OPEN]] = False
    channels, joined, rate = np.flatnonzero(solved), joined_frames(track), float(track.rate)
    weights = weights.copy()
    jaw = np.clip(motion.jaw_pitch / basis.jaw_open, 0, 1)
    weights[:, JAW_OPEN] = np.clip(steadied(jaw[:, None], joined, rate, options.smoothness)[:, 0], 0, 1)
    products = Products.of(motion, shapes[..., channels] / size[channels])
    unit = MILLIMETRES * size[channels]
    problem = _problem(track, products, unit, channels, weights[:, JAW_OPEN], options)
    by_mesh = solve(problem)
    scored = scores_of(track, channels, used=options.scores).without_rest(by_mesh / unit)
    weights[:, channels], offset = _solved(problem, by_mesh, scored, channels, unit, track, options)
    residual = products.left_over(weights[:, channels] * unit - offset)
    from_mesh = weights.copy()
    from_mesh[:, channels] -= offset / unit
    unsaid = list(CHEEK_SQUINTS) if detected else []
    weights[:, unsaid] = from_mesh[:, unsaid] = 0
    if detected and are_arkit(str(name) for name in track.header["expression_names"]):
        # Lids are closed by both: what a squint closes the blink need not.
        weights[:, SQUINTS] = from_mesh[:, SQUINTS] = squints_of(weights[:, SQUINTS], joined, rate)
    measured: tuple[int, ...] = BLINKS if has_lids(track) else ()
    if measured:
        blinks = blinks_of(track, closing_of(track, motion, shapes, from_mesh), weights)
        weights[:, BLINKS] = np.clip(steadied(blinks, joined, rate, options.smoothness), 0, 1)
    alone = np.zeros(len(CHANNELS))
    alone[channels] = size[channels] * products.distinct()
    alone[[JAW_OPEN, *measured, *COLUMNS.ravel()]] = np.inf
    alone[unsaid] = 0
    share = np.zeros(len(CHANNELS))
    share[channels] = scored.share(products.distinct(), unit)
    trust = trust_of(track, alone, products.left_over(by_mesh), share > 0)
    return Face(weights, _sources(alone, share, measured), residual, trust)


def squints_of(shown: Array, joined: Array, rate: float) -> Array:
    """Return the squints (T, 2) of which a fit of the built-in head shows a small part (T, 2).

    Medians over a few frames: a lid that is thrown off in one is no squint, and would be multiplied like one.
    """
    return np.minimum(SQUINT_GAIN * lasting(shown, joined, round(_SQUINT_LASTS * rate / 2)), 1)


def face_vertices(track: Track) -> Array:
    """Return the vertices of the face (N,), without those inside the mouth: all where the track has no regions."""
    regions = track.regions
    face = regions.get("face", np.arange(len(track.neutral_vertices)))
    return np.setdiff1d(face, regions.get("mouth_inside", np.zeros(0, np.int64)))


def _sources(alone: Array, share: Array, measured: tuple[int, ...]) -> tuple[str, ...]:
    """Return the source of each channel (52).

    Args:
        alone: As in `trust_of`.
        share: Of the scores in what is known of the channel (52,), 0 to 1.
        measured: Channels of the lids, where their gap was measured.
    """
    result = [NOT_TRACKED if nothing else GEOMETRY for nothing in alone == 0]
    for channel in np.flatnonzero(share > _NOTED):
        result[channel] = SCORE if share[channel] > 1 - _NOTED else GEOMETRY_AND_SCORE
    for channel in (*COLUMNS.ravel(), JAW_OPEN):
        result[channel] = JOINT
    for channel in measured:
        result[channel] = APERTURE
    return tuple(result)


def _problem(
    track: Track, products: Products, unit: Array, channels: Array, jaw: Array, options: ArkitOptions
) -> Problem:
    """Return the least squares of the clip by the mesh alone, in millimetres; a weight of 1 is `unit` (C,) of them."""
    most = np.broadcast_to(unit, products.wanted.shape).copy()
    most[:, channels == MOUTH_CLOSE] *= most_of_mouth_close(jaw)[:, None]
    present = (track.status != MISSING)[:, None]
    pairs = alike_pairs(channels)
    return Problem(
        normal=products.normal,
        wanted=np.where(present, products.wanted, 0),
        roughness=np.zeros((max(len(most) - 2, 0), len(unit))),
        sum_cost=options.sparsity * _SPARSE * unit * products.distinct() ** 2,
        least=np.zeros_like(most),
        most=np.where(present, most, 0),
        alike=pairs,
        pull=np.zeros((len(most), len(pairs))),
        drawn=np.zeros_like(most),
        draw=np.zeros_like(most),
    )


def _solved(
    alone: Problem, start: Array, scored: Scored, channels: Array, unit: Array, track: Track, options: ArkitOptions
) -> tuple[Array, Array]:
    """Return the weights (T, C), steady and with one of two exclusive channels at zero, and the clip's offset (C,).

    Args:
        alone: By the mesh alone.
        start: Its solution (T, C), millimetres.
        scored: MediaPipe's scores.
        channels: Which (C,).
        unit: As in `_problem`; the offset is in millimetres.
        track: For its cuts, gaps and rate.
        options: How.
    """
    joined, rate, present = joined_frames(track), float(track.rate), track.status != MISSING
    found, offset = start, np.zeros(len(unit))
    for _ in range(_SCORED_TURNS if scored.any else _TURNS):
        drawn, draw = scored.costs(found / unit, unit)
        problem = replace(
            alone,
            wanted=alone.wanted + np.where(present[:, None], offset @ alone.normal, 0),
            most=without_losers(alone.most, found, channels, joined, rate),
            roughness=roughness_of(found / unit, joined, rate, options.smoothness),
            pull=pull_of(found / unit, alone.alike),
            drawn=drawn,
            draw=draw,
        )
        found = solve(problem, found)
        offset = scored.offset(found, alone.normal, alone.wanted, present, unit)
    return found / unit, offset
