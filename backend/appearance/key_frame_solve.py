"""Refines pose, expression and identity on key frames by what the skin looks like, together with the landmarks.

Direct bundle adjustment: every point of the skin has one colour, which is eliminated, so all key frames hang together.
What the pictures tell that landmarks do not is how the surface lies: a head that is believed to look up by four degrees
carries its texture on the wrong surface, and the texture shears when the head turns. The detector sees the faces of
some people turned by so much; here its landmarks may be off by a turn that is the same in the whole clip.

Light is added to the logarithm of the colour: spherical harmonics of the normal, the same for the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..contract.arrays import Floats, Integers, Singles
from ..fit.conversion import head_pose
from ..fit.geometry.landmark_model import LandmarkModel
from ..fit.geometry.parallel import PROCESSOR, over_chunks
from ..fit.geometry.state import EXPRESSION_START, POSITION, Frames, Shared
from ..fit.geometry.visibility import landmark_visibility
from ..fit.solvers.dense import DenseSystem
from ..fit.solvers.identity import IdentityProblem, landmark_cost, landmark_equations
from ..fit.solvers.levenberg_marquardt import Limits, Step, minimise
from ..fit.terms.landmark_term import SharedEquations
from ..head.model import HeadModel
from ..head.skinning import pose_vertices
from .pictures.device import DeviceFeatureMaker
from .pictures.view import DIRECTED_TERMS, Feature, FeatureMaker, View
from .terms.photometric_normal_equations import PictureResiduals, picture_equations
from .terms.photometric_term import PhotometricTuning, brightness, colours, no_light, robust_cost

BANDS: Final = ((4.0, 12.0, 3), (2.0, 6.0, 4), (1.2, 4.0, 4), (0.8, 3.0, 5))
"""Narrow and wide Gaussian in pixels of the view and most steps with them: fine structure fits only when it is near."""
FINEST: Final = BANDS[-1][:2]
_SETTLED: Final = 3e-3
"""A band ends when a step lowers the cost by less than this share."""
_DAMPING: Final = 1e-3
"""Less than in the fit by landmarks: the start is near."""
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
        columns: Which of a frame's unknowns the pictures know of, see `picture_columns`.
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


def picture_columns(points: LandmarkModel) -> Integers:
    """Return which of a frame's unknowns move the skin that is compared: rotation, place and some expressions."""
    reach = torch.maximum(points.expression_high.abs(), points.expression_low.abs())
    moved = points.expression.square().sum((0, 1)).div(points.points).sqrt() * reach
    modes = np.flatnonzero((moved > FELT).cpu().numpy())
    return np.concatenate([np.arange(POSITION.stop), EXPRESSION_START + modes])


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
    vertices = pose_vertices(head, head_pose(model, shared, frames))
    rotation = frames.rotation.cpu().double().numpy()
    pivot = model.pivot.cpu().double().numpy()
    shift = frames.translation(shared.focal).cpu().double().numpy() - rotation @ pivot
    return vertices @ rotation.transpose(0, 2, 1) + shift[:, None]


@dataclass(frozen=True)
class KeyFrameUnknowns:
    """Clip, key frames, and the light's coefficients."""

    shared: Shared
    frames: Frames
    light: Singles


class KeyFrameFit:
    """Clip, key frames and light as a least-squares problem with one set of features; visibility stays as it begins."""

    def __init__(self, problem: PhotometricProblem, start: KeyFrameUnknowns, band: tuple[float, float]) -> None:
        model = problem.landmarks.model
        self._problem = problem
        self.features = features_at(problem.head, problem.maker, model, start.shared, start.frames, problem.views, band)
        self._visibility = landmark_visibility(model, start.shared, start.frames)
        self._point_visibility = np.stack([feature.visibility for feature in self.features])

    def follow(self, at: KeyFrameUnknowns) -> None:
        """Hold what was seen at the start."""

    def retract(self, at: KeyFrameUnknowns, step: Step[Tensor]) -> KeyFrameUnknowns:
        """Return clip, key frames and light after a step."""
        frames, size = len(at.frames), at.frames.unknowns
        count = frames * size
        like = at.shared.identity
        of_frames = step.increment[:count].reshape(frames, size).to(like)
        shared = at.shared.retract(
            step.increment[count:-DIRECTED_TERMS].to(like), self._problem.landmarks.model.tangents
        )
        light = at.light + step.increment[-DIRECTED_TERMS:].float().cpu().numpy()
        return KeyFrameUnknowns(shared, at.frames.retract(of_frames), light)

    def cost(self, at: KeyFrameUnknowns) -> float:
        """Return the cost of landmarks, priors, pictures and light."""
        landmarks, tuning = self._problem.landmarks, self._problem.tuning
        value, _ = self._unlit(at)
        colour, weight = colours(value, self._point_visibility, tuning)
        pictures = float(((self._point_visibility * (weight > 0)) * robust_cost(value - colour, tuning)).sum())
        light = 0.5 * float((at.light**2).sum()) / tuning.light**2
        return (
            float(landmark_cost(landmarks, at.shared, at.frames, self._visibility)) + tuning.evidence * pictures + light
        )

    def linearise(self, at: KeyFrameUnknowns) -> DenseSystem:
        """Return the normal equations: the landmarks' own, and the pictures' with all colours eliminated."""
        problem, tuning = self._problem, self._problem.tuning
        hessian, gradient = _spread(landmark_equations(problem.landmarks, at.shared, at.frames, self._visibility))
        added, pull = self._picture_equations(at)
        index = torch.as_tensor(self._known_columns(at, len(gradient)), device=added.device)
        hessian[index[:, None], index] += added
        gradient[index] += pull
        hessian.diagonal()[-DIRECTED_TERMS:] += 1 / tuning.light**2
        gradient[-DIRECTED_TERMS:] += torch.as_tensor(at.light).to(gradient) / tuning.light**2
        # Frames are damped by the priors' typical steps, all else by a share of what is known of it.
        scale = problem.landmarks.frame_prior.scale.double().square().repeat(len(at.frames))
        damping = torch.cat([1 / scale, 0.1 * hessian.diagonal()[len(scale) :]])
        return DenseSystem(self.cost(at), hessian, gradient, damping)

    def _unlit(self, at: KeyFrameUnknowns) -> tuple[Singles, Singles]:
        """Return the brightness without light (K, N), and its derivative by the pixel (K, N, 2)."""
        measured = brightness(self._problem.points, at.shared, at.frames, self.features)
        return measured.value - np.stack([feature.light @ at.light for feature in self.features]), measured.slope

    def _picture_equations(self, at: KeyFrameUnknowns) -> tuple[Tensor, Tensor]:
        problem, tuning = self._problem, self._problem.tuning
        value, slope = self._unlit(at)
        colour, robust = colours(value, self._point_visibility, tuning)
        precision = robust * np.float32(tuning.evidence / tuning.noise**2)
        shown = PictureResiduals(slope, value - colour, precision, robust)
        return picture_equations(problem.points, at.shared, at.frames, self.features, shown, problem.columns)

    def _known_columns(self, at: KeyFrameUnknowns, total: int) -> Integers:
        """Return the unknowns that pictures know of: some of the frames', identity, log focal, light."""
        size = at.frames.unknowns
        every = len(at.frames) * size
        frames = np.arange(0, every, size)[:, None] + self._problem.columns
        clip = every + np.arange(self._problem.points.identity_modes + 1)
        return np.concatenate([frames.ravel(), clip, total - DIRECTED_TERMS + np.arange(DIRECTED_TERMS)])

    def state(self, at: KeyFrameUnknowns, first_cost: float, cost: float) -> PhotometricState:
        """Return the unknowns with the colours that follow from them."""
        colour, weight = colours(self._unlit(at)[0], self._point_visibility, self._problem.tuning)
        sure = weight.sum(axis=0) > 0.1
        return PhotometricState(at.shared, at.frames, at.light, colour, sure, first_cost, cost)


def solve_photometric(
    problem: PhotometricProblem, shared: Shared, frames: Frames, *, progress: Callable[[int, int], None] | None = None
) -> PhotometricState:
    """Return the clip and its key frames as landmarks and pictures together have them.

    Args:
        problem: What is fitted.
        shared, frames: A finished fit by landmarks.
        progress: Called with steps done and most steps; may raise to stop.
    """
    at = KeyFrameUnknowns(shared, frames, no_light())
    total, done = sum(steps for _, _, steps in BANDS), 0
    states: list[PhotometricState] = []
    for narrow, wide, steps in BANDS:
        fit = KeyFrameFit(problem, at, (narrow, wide))

        def report(step: int, before: int = done) -> None:
            if progress is not None:
                progress(before + step - 1, total)

        minimum = minimise(fit, at, Limits(steps, _SETTLED, damping=_DAMPING), progress=report)
        at = minimum.unknowns
        states.append(fit.state(at, minimum.first_cost, minimum.cost))
        done += steps
    return states[-1]


def unrefined_state(problem: PhotometricProblem, shared: Shared, frames: Frames) -> PhotometricState:
    """Return the clip and its key frames unchanged, with the colours that follow from them."""
    at = KeyFrameUnknowns(shared, frames, no_light())
    return KeyFrameFit(problem, at, FINEST).state(at, 0.0, 0.0)


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
