"""What the outline of the person says about the focal length.

Landmarks of a face seen from the front fit at any focal length, but the head behind them does not: with too short a
lens cranium and ears shrink behind the face, with too long a one they reach outside the person, which cannot be. A
mask that reaches beyond the head is hair, so each gap between the two counts as a bare outline or as one with hair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.special import log_ndtr

from ..head.model import Floats, HeadModel, HeadPose
from ..head.skinning import pose_vertices
from .identity import IdentityProblem, solve_identity
from .landmark_model import LandmarkModel
from .observations import Observations
from .priors import LOCKED, FramePrior, frame_prior, shared_prior
from .silhouette import FACE, LEFT_EAR, NO_PART, RIGHT_EAR, SCALP, Masks, Mesh, gaps, head_centres, outline_mesh
from .state import Frames, Shared, eye_vectors
from .tuning import Tuning

HYPOTHESES: Final = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""Log focal relative to the assumed one: with 1.5 picture widths from 0.67 to 3.3."""
MOST_MASKS: Final = 7
SHAPE_SIGMA: Final = 5.0
"""Millimetres by which head model, landmarks and mask leave the outline in doubt where it is bare."""
HAIR: Final = 20.0
"""Mean height of hair, millimetres."""
BARE: Final = {SCALP: 0.5, LEFT_EAR: 0.5, RIGHT_EAR: 0.5, FACE: 0.7}
"""How likely it is that no hair covers a part of the outline."""
INDEPENDENT: Final = {SCALP: 3.0, LEFT_EAR: 1.0, RIGHT_EAR: 1.0, FACE: 1.0}
"""How many independent measurements a part is worth: a head too wide is so in every direction and frame."""
_FEWEST_DIRECTIONS: Final = 6
_LEAST_LIKELY: Final = 1e-5
"""Per millimetre: a hand before the face or a gap in the mask counts no more than this."""
_BROAD: Final = 0.5
"""Standard deviation of log focal under which the likelihood is summed up as a Gaussian."""
ASSUMED_SIGMA: Final = 0.4
"""Standard deviation of log focal around the assumed one where the outline speaks too: from a phone's selfie camera to
a portrait lens. Without the outline the landmarks would be misled further than the truth is away, so there it is held
more tightly (`Tuning.focal`)."""
LANDMARK_SHARE: Final = 0.25
"""Share of what the landmarks claim to know about the focal length that counts beside the outline. Their errors are
those of the face, the same in every frame: on 13 rendered clips they were wrong by 1.6 to 2.4 times what they claim."""
_LEAST_PRECISION: Final = 1.0
"""Below this the outline says nothing: a standard deviation of log focal above 1."""
_FIRST_STEPS: Final = 6
_STEPS: Final = 3


@dataclass(frozen=True)
class OutlineEvidence:
    """A Gaussian on log focal, without the prior.

    Attributes:
        log_focal: Mean (focal in pixels).
        sigma: Standard deviation; infinite where the outline says nothing.
        masks: How many masks were compared.
        focals: Hypotheses, pixels (H,).
        scalp_gaps, ear_gaps: Median gap between mask and head of each hypothesis, millimetres (H,); NaN without any.
    """

    log_focal: float
    sigma: float
    masks: int
    focals: Floats
    scalp_gaps: Floats
    ear_gaps: Floats

    @property
    def speaks(self) -> bool:
        """Whether the outline says anything."""
        return bool(np.isfinite(self.sigma))

    def with_prior(self, focal: float, sigma: float) -> tuple[float, float]:
        """Return focal length and standard deviation of its logarithm, together with a prior of that kind."""
        own, prior = 1 / self.sigma**2, 1 / sigma**2
        mean = (own * self.log_focal + prior * np.log(focal)) / (own + prior)
        return float(np.exp(mean)), float((own + prior) ** -0.5)

    def summary(self) -> dict[str, Any]:
        """Return what the fit's report says."""
        return {
            "masks": self.masks,
            "focal": float(np.exp(self.log_focal)),
            "uncertainty": self.sigma if self.speaks else None,
            "hypotheses": [round(float(focal), 1) for focal in self.focals],
            "scalp_gaps_mm": _rounded(self.scalp_gaps),
            "ear_gaps_mm": _rounded(self.ear_gaps),
        }


def _rounded(values: Floats) -> list[float | None]:
    return [round(float(value), 1) if np.isfinite(value) else None for value in values]


def outline_evidence(
    head: HeadModel,
    model: LandmarkModel,
    masks: Masks | None,
    seen: Observations,
    frames: Frames,
    shared: Shared,
    tuning: Tuning,
    centre: tuple[float, float],
) -> OutlineEvidence | None:
    """Return what the outline says about the focal length, or None where there are no masks or no outline.

    Args:
        head: The head model.
        model: Its landmark points.
        masks: Person masks; those on frames without landmarks are left out.
        seen, frames: Landmarks and first poses of all frames of the fit.
        shared: Where to start; its focal length is the assumed one.
        tuning: Weights.
        centre: Principal point, pixels.
    """
    mesh = outline_mesh(head)
    if masks is None or mesh is None:
        return None
    usable = np.flatnonzero((seen.weight.sum(dim=1) > 0).cpu().numpy()[masks.frame])
    if not len(usable):
        return None
    masks = masks[usable[np.unique(np.linspace(0, len(usable) - 1, MOST_MASKS).round().astype(np.int64))]]
    index = torch.as_tensor(masks.frame, device=shared.identity.device)
    solved = _solve_hypotheses(model, seen[index], frames[index], shared, tuning)
    heads = [_vertices(head, model, *hypothesis) for hypothesis in solved]
    focals = np.array([float(hypothesis[0].focal) for hypothesis in solved])
    middle = head_centres(mesh, heads[len(heads) // 2], focals[len(focals) // 2], centre, masks)
    return evidence_of(mesh, heads, focals, centre, masks, middle)


def evidence_of(
    mesh: Mesh, heads: list[Floats], focals: Floats, centre: tuple[float, float], masks: Masks, middle: Floats
) -> OutlineEvidence:
    """Return the evidence of posed heads, one (K, V, 3) per focal length (ascending); see `silhouette.gaps`."""
    found = [gaps(mesh, vertices, focal, centre, masks, middle) for vertices, focal in zip(heads, focals, strict=True)]
    gap, parts = np.stack([pair[0] for pair in found]), np.stack([pair[1] for pair in found])
    compared = np.isfinite(gap).all(axis=0)
    part = np.where(compared, parts[len(parts) // 2], NO_PART)
    log_focal = np.log(focals)
    grid = np.linspace(log_focal[0], log_focal[-1], 97)
    likelihood = np.zeros(len(grid))
    for number, independent in INDEPENDENT.items():
        own = gap[:, part == number]
        if own.shape[1] >= _FEWEST_DIRECTIONS:
            between = CubicSpline(log_focal, own)(grid)
            likelihood += independent * log_likelihood(between, BARE[number]).mean(axis=1)
    mean, sigma = _as_gaussian(grid, likelihood, float(log_focal.mean()))
    ears = (part == LEFT_EAR) | (part == RIGHT_EAR)
    return OutlineEvidence(mean, sigma, len(masks), focals, _median(gap[:, part == SCALP]), _median(gap[:, ears]))


def log_likelihood(gap: Floats, bare: float) -> Floats:
    """Return the logarithm of how likely a gap is, per millimetre.

    A bare outline is off by a Gaussian; hair adds an exponential, which makes an exponentially modified Gaussian
    (Grushka, "Characterization of exponentially modified Gaussian peaks in chromatography", 1972).

    Args:
        gap: How far the mask reaches beyond the head, millimetres.
        bare: How likely it is that there is no hair.
    """
    error = gap / SHAPE_SIGMA
    skin = -0.5 * error**2 - np.log(SHAPE_SIGMA * np.sqrt(2 * np.pi))
    ratio = SHAPE_SIGMA / HAIR
    hair = 0.5 * ratio**2 - gap / HAIR - np.log(HAIR) + log_ndtr(error - ratio)
    likely = np.logaddexp(np.log(bare) + skin, np.log1p(-bare) + hair)
    return np.logaddexp(likely, np.log(_LEAST_LIKELY))


def _as_gaussian(grid: Floats, likelihood: Floats, centre: float) -> tuple[float, float]:
    """Return mean and standard deviation that stand for a likelihood on a grid.

    Its product with a broad Gaussian is summed up by mean and variance, then that Gaussian is divided out again: a
    flat curve is left with nothing, a one-sided one with little.
    """
    broad = -0.5 * ((grid - centre) / _BROAD) ** 2
    mean, variance = _moments(grid, likelihood + broad)
    broad_mean, broad_variance = _moments(grid, broad)
    precision = 1 / variance - 1 / broad_variance
    if precision < _LEAST_PRECISION:
        return centre, float("inf")
    return float((mean / variance - broad_mean / broad_variance) / precision), float(precision**-0.5)


def _moments(grid: Floats, logarithm: Floats) -> tuple[float, float]:
    weight = np.exp(logarithm - logarithm.max())
    weight /= weight.sum()
    mean = weight @ grid
    return float(mean), float(weight @ (grid - mean) ** 2)


def _median(values: Floats) -> Floats:
    return np.median(values, axis=1) if values.shape[1] else np.full(len(values), np.nan)


def _solve_hypotheses(
    model: LandmarkModel, seen: Observations, frames: Frames, shared: Shared, tuning: Tuning
) -> list[tuple[Shared, Frames]]:
    """Return identity and poses for each focal length, each started from its neighbour nearer to the assumed one."""
    own = frame_prior(model, tuning, neck_free=False, tails=False)
    assumed = float(shared.log_focal)
    start = _solved(model, seen, own, tuning, shared, frames, assumed, _FIRST_STEPS)
    result = {0.0: start}
    longer, shorter = [step for step in HYPOTHESES if step > 0], [step for step in HYPOTHESES if step < 0]
    for side in (longer, shorter[::-1]):
        near = start
        for step in side:
            near = _solved(model, seen, own, tuning, *near, assumed + step, _STEPS)
            result[step] = near
    return [result[step] for step in HYPOTHESES]


def _solved(
    model: LandmarkModel,
    seen: Observations,
    own: FramePrior,
    tuning: Tuning,
    shared: Shared,
    frames: Frames,
    log_focal: float,
    steps: int,
) -> tuple[Shared, Frames]:
    held = shared_prior(model, tuning, log_focal=log_focal, focal_sigma=LOCKED, offsets=False)
    shared = replace(shared, log_focal=torch.full_like(shared.log_focal, log_focal))
    problem = IdentityProblem(model, seen, own, held, tuning)
    found = solve_identity(problem, shared, frames, offsets=False, iterations=steps)
    return found.shared, found.frames


def _vertices(head: HeadModel, model: LandmarkModel, shared: Shared, frames: Frames) -> Floats:
    """Return the whole head in camera axes (K, V, 3)."""

    def array(tensor: torch.Tensor) -> Floats:
        return tensor.detach().cpu().double().numpy()

    modes = model.expression_modes - model.lids
    expression = array(frames.expression)
    left, right = eye_vectors(frames.eyes)
    lids = expression[:, modes:] if model.lids else np.zeros((len(frames), 2))
    pose = HeadPose(
        array(shared.identity),
        expression[:, :modes],
        array(frames.neck),
        array(frames.jaw),
        array(left),
        array(right),
        lids,
    )
    rotation, place = array(frames.rotation), array(frames.translation(shared.focal))
    in_head = pose_vertices(head, pose) - array(model.pivot)
    return in_head @ np.swapaxes(rotation, 1, 2) + place[:, None]
