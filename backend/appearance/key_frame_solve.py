"""Refines pose, expression and identity on key frames by what the skin looks like, together with the landmarks.

Direct bundle adjustment: every point of the skin has one colour, which is eliminated, so all key frames hang together.
What the pictures tell that landmarks do not is how the surface lies: a head that is believed to look up by four degrees
carries its texture on the wrong surface, and the texture shears when the head turns. The detector sees the faces of
some people turned by so much; here its landmarks may be off by a turn that is the same in the whole clip.

Light is added to the logarithm of the colour: spherical harmonics of the normal, the same for the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..contract.arrays import Floats, Integers, Singles
from ..fit.from_state import pose_of
from ..fit.geometry.landmark_model import LandmarkModel
from ..fit.geometry.parallel import PROCESSOR, over_chunks
from ..fit.geometry.state import EXPRESSION_START, PLACE, Frames, Shared
from ..fit.geometry.visibility import landmark_visibility
from ..fit.solvers.identity import IdentityProblem, shared_normal_equations
from ..fit.terms.landmark_term import SharedEquations, residuals
from ..head.model import HeadModel
from ..head.skinning import pose_vertices
from .device import DeviceFeatureMaker
from .terms.photometric_normal_equations import picture_equations
from .terms.photometric_term import PhotometricTuning, brightness, colours, no_light, robust_cost
from .view import DIRECTED_TERMS, Feature, FeatureMaker, View

BANDS: Final = ((4.0, 12.0, 3), (2.0, 6.0, 4), (1.2, 4.0, 4), (0.8, 3.0, 5))
"""Narrow and wide Gaussian in pixels of the view and most steps with them: fine structure fits only when it is near."""
FINEST: Final = BANDS[-1][:2]
_SETTLED: Final = 3e-3
"""A band ends when a step lowers the cost by less than this share."""
FELT: Final = 0.00025
"""Metres by which an expression at its strongest moves the points on average, from which on pictures know of it."""


@dataclass(frozen=True)
class PhotometricProblem:
    """Key frames, their pictures and what is known beforehand.

    Attributes:
        landmarks: The landmarks' part, with all priors.
        points: The skin, as the solver sees it.
        head: The same head, whole.
        maker: Makes features for these points.
        views: Picture of each key frame.
        tuning: Weights of the pictures.
        columns: Which of a frame's unknowns the pictures know of, see `seen_columns`.
    """

    landmarks: IdentityProblem
    points: LandmarkModel
    head: HeadModel
    maker: FeatureMaker | DeviceFeatureMaker
    views: list[View]
    tuning: PhotometricTuning
    columns: Integers


@dataclass(frozen=True)
class PhotometricState:
    """What is solved for: clip, key frames and light; `colour` and `sure` of each point follow from these."""

    shared: Shared
    frames: Frames
    light: Singles
    colour: Singles
    sure: np.ndarray
    cost_before: float
    cost_after: float


def seen_columns(points: LandmarkModel) -> Integers:
    """Return which of a frame's unknowns move the skin that is compared: rotation, place and some expressions."""
    reach = torch.maximum(points.expression_high.abs(), points.expression_low.abs())
    moved = points.expression.square().sum((0, 1)).div(points.points).sqrt() * reach
    modes = np.flatnonzero((moved > FELT).cpu().numpy())
    return np.concatenate([np.arange(PLACE.stop), EXPRESSION_START + modes])


def features_at(
    head: HeadModel,
    maker: FeatureMaker | DeviceFeatureMaker,
    model: LandmarkModel,
    shared: Shared,
    frames: Frames,
    views: list[View],
    band: tuple[float, float],
) -> list[Feature]:
    """Return the features of some frames, seen where the head is believed to be."""
    if isinstance(maker, DeviceFeatureMaker):
        return maker.features(model, shared, frames, views, band)
    vertices = camera_vertices(head, model, shared, frames)
    focal = float(shared.focal)

    def some(part: slice) -> list[Feature]:
        return [maker.make(views[index], focal, vertices[index], *band) for index in range(part.start, part.stop)]

    return [feature for part in over_chunks(some, len(views), 4, PROCESSOR) for feature in part]


def camera_vertices(head: HeadModel, model: LandmarkModel, shared: Shared, frames: Frames) -> Floats:
    """Return all vertices of the head in camera axes (T, V, 3)."""
    vertices = pose_vertices(head, pose_of(model, shared, frames))
    rotation = frames.rotation.cpu().double().numpy()
    pivot = model.pivot.cpu().double().numpy()
    shift = frames.translation(shared.focal).cpu().double().numpy() - rotation @ pivot
    return vertices @ rotation.transpose(0, 2, 1) + shift[:, None]


@dataclass
class _Point:
    """A place in the space of all unknowns."""

    shared: Shared
    frames: Frames
    light: Singles


@dataclass(frozen=True)
class _System:
    """Normal equations of everything: frames (K D), then clip (identity, log focal, offsets), then light."""

    hessian: Tensor
    gradient: Tensor


def solve_photometric(
    problem: PhotometricProblem, shared: Shared, frames: Frames, *, progress: Callable[[int, int], None] | None = None
) -> PhotometricState:
    """Return the clip and its key frames as landmarks and pictures together have them.

    Args:
        problem: What is fitted.
        shared, frames: A finished fit by landmarks.
        progress: Called with steps done and most steps; may raise to stop.
    """
    point = _Point(shared, frames, no_light())
    total, done = sum(band[2] for band in BANDS), 0
    first = last = 0.0
    features: list[Feature] = []
    model = problem.landmarks.model
    for narrow, wide, steps in BANDS:
        band = (narrow, wide)
        features = features_at(problem.head, problem.maker, model, point.shared, point.frames, problem.views, band)
        visibility = landmark_visibility(model, point.shared, point.frames)

        def report(step: int, before: int = done) -> None:
            if progress is not None:
                progress(before + step, total)

        point, first, last = _descend(problem, point, features, visibility, steps, report)
        done += steps
    return _state(problem, point, features, first, last)


def as_it_is(problem: PhotometricProblem, shared: Shared, frames: Frames) -> PhotometricState:
    """Return the clip and its key frames unchanged, with the colours that follow from them."""
    features = features_at(problem.head, problem.maker, problem.landmarks.model, shared, frames, problem.views, FINEST)
    return _state(problem, _Point(shared, frames, no_light()), features, 0.0, 0.0)


def _state(
    problem: PhotometricProblem, point: _Point, features: list[Feature], first: float, last: float
) -> PhotometricState:
    found = brightness(problem.points, point.shared, point.frames, features)
    colour, weight = colours(_unlit(found.value, features, point.light), _seen(features), problem.tuning)
    return PhotometricState(point.shared, point.frames, point.light, colour, weight.sum(axis=0) > 0.1, first, last)


def _descend(
    problem: PhotometricProblem,
    point: _Point,
    features: list[Feature],
    visibility: Tensor,
    steps: int,
    report: Callable[[int], None],
) -> tuple[_Point, float, float]:
    """Take steps with one set of features; returns where they end and the costs before and after."""
    damping = 1e-3
    first = cost = _cost(problem, point, features, visibility)
    system = _system(problem, point, features, visibility)
    for step in range(steps):
        report(step)
        trial = _moved(problem, point, _solved(problem, system, damping))
        trial_cost = _cost(problem, trial, features, visibility)
        if not trial_cost < cost:
            damping *= 30
            continue
        small = cost - trial_cost < _SETTLED * cost
        point, cost, damping = trial, trial_cost, damping / 5
        if small:
            break
        if step + 1 < steps:
            system = _system(problem, point, features, visibility)
    return point, first, cost


def _seen(features: list[Feature]) -> Singles:
    return np.stack([feature.seen for feature in features])


def _unlit(value: Singles, features: list[Feature], light: Singles) -> Singles:
    return value - np.stack([feature.light @ light for feature in features])


def _cost(problem: PhotometricProblem, point: _Point, features: list[Feature], visibility: Tensor) -> float:
    own = problem.landmarks
    seen = replace(own.seen, pair_weight=torch.zeros_like(own.seen.pair_weight))
    data = residuals(own.model, point.shared, point.frames, seen, visibility, own.tuning).cost.sum()
    frame, _, _ = own.frame_prior.evaluate(point.frames)
    clip, _ = own.shared_prior.evaluate(point.shared)
    value = _unlit(brightness(problem.points, point.shared, point.frames, features).value, features, point.light)
    visible, tuning = _seen(features), problem.tuning
    colour, weight = colours(value, visible, tuning)
    pictures = float(((visible * (weight > 0)) * robust_cost(value - colour, tuning)).sum())
    light = 0.5 * float((point.light**2).sum()) / tuning.light**2
    return float(data + frame.sum() + clip) + tuning.evidence * pictures + light


def _system(problem: PhotometricProblem, point: _Point, features: list[Feature], visibility: Tensor) -> _System:
    """Return the normal equations: the landmarks' own, and the pictures' with all colours eliminated."""
    equations = shared_normal_equations(problem.landmarks, point.shared, point.frames, visibility, offsets=True)
    hessian, gradient = _spread(equations)
    tuning, points = problem.tuning, problem.points
    found = brightness(points, point.shared, point.frames, features)
    value, seen = _unlit(found.value, features, point.light), _seen(features)
    colour, robust = colours(value, seen, tuning)
    precision = robust * np.float32(tuning.evidence / tuning.noise**2)
    own, pull = picture_equations(
        points, point.shared, point.frames, features, found.slope, value - colour, precision, robust, problem.columns
    )
    # Columns that pictures know: some of the frames', identity, log focal, light.
    every = len(features) * point.frames.unknowns
    frames = np.arange(0, every, point.frames.unknowns)[:, None] + problem.columns
    clip = every + np.arange(points.identity_modes + 1)
    light = len(gradient) - DIRECTED_TERMS + np.arange(DIRECTED_TERMS)
    place = torch.as_tensor(np.concatenate([frames.ravel(), clip, light]), device=own.device)
    hessian[place[:, None], place] += own
    gradient[place] += pull
    hessian.diagonal()[-DIRECTED_TERMS:] += 1 / tuning.light**2
    gradient[-DIRECTED_TERMS:] += torch.as_tensor(point.light).to(gradient) / tuning.light**2
    return _System(hessian, gradient)


def _spread(equations: SharedEquations) -> tuple[Tensor, Tensor]:
    """Return the landmarks' equations as one dense system, with room for the light at the end."""
    blocks = equations.frames.hessian.double()
    frames, size, _ = blocks.shape
    count, clip = frames * size, len(equations.gradient)
    total = count + clip + DIRECTED_TERMS
    hessian = torch.zeros(total, total, dtype=torch.float64, device=blocks.device)
    for k in range(frames):
        hessian[k * size : (k + 1) * size, k * size : (k + 1) * size] = blocks[k]
    coupling = equations.coupling.double().flatten(0, 1)
    hessian[:count, count : count + clip] = coupling
    hessian[count : count + clip, :count] = coupling.T
    hessian[count : count + clip, count : count + clip] = equations.hessian.double()
    gradient = torch.zeros(total, dtype=torch.float64, device=blocks.device)
    gradient[:count] = equations.frames.gradient.double().flatten()
    gradient[count : count + clip] = equations.gradient.double()
    return hessian, gradient


def _solved(problem: PhotometricProblem, system: _System, damping: float) -> Tensor:
    """Return the step; damped by the priors' typical steps of the frames' unknowns."""
    own = problem.landmarks
    scale = own.frame_prior.scale.double().square()
    frames = len(own.seen)
    hessian = system.hessian.clone()
    hessian.diagonal()[: frames * len(scale)] += damping / scale.repeat(frames)
    hessian.diagonal()[frames * len(scale) :] *= 1 + 0.1 * damping
    factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        hessian.diagonal().mul_(1 + 1e-3)
        factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        return torch.zeros_like(system.gradient)
    return -torch.cholesky_solve(system.gradient[:, None], factor)[:, 0]


def _moved(problem: PhotometricProblem, point: _Point, step: Tensor) -> _Point:
    frames, size = len(point.frames), point.frames.unknowns
    count = frames * size
    like = point.shared.identity
    own = step[:count].reshape(frames, size).to(like)
    modes = problem.points.identity_modes
    clip = step[count:-DIRECTED_TERMS].to(like)
    along = clip[modes + 1 :].reshape(-1, 2, 1)
    shared = Shared(
        point.shared.identity + clip[:modes],
        point.shared.log_focal + clip[modes],
        point.shared.offsets + (problem.landmarks.model.tangents @ along)[..., 0],
    )
    return _Point(shared, point.frames.moved(own), point.light + step[-DIRECTED_TERMS:].float().cpu().numpy())
