"""The focal length from points followed over a turning head: bundle adjustment with a structure that is almost free.

A head that turns shows its points from several sides, and how much nearer ones outrun those further away tells how
strong the perspective is. Nothing is asked of the head model but a rough shape and the expression's motion: held to
what the model can do, the focal length makes up for everything it cannot.
(Triggs et al., "Bundle adjustment: a modern synthesis", 2000, sections 6 and 9.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from ..contract.arrays import Floats
from ..contract.camera import rotation_matrices
from ..fit.solvers.levenberg_marquardt import Limits, Step, minimise
from ..fit.solvers.schur import ArrowStep, ArrowSystem
from ..fit.terms.robust import cauchy_cost, cauchy_weight
from .point_tracks import PointTracks

SHAPE: Final = 0.005
"""Metres by which a point may be elsewhere than the fitted head has it."""
SPREAD: Final = 2.0
"""Cauchy's scale of a point's error, in its standard deviations."""
LIMITS: Final = Limits(steps=15, tolerance=1e-5, damping=1e-4)
_RIDGE: Final = 1e-9
"""Added to the hessian of poses and focal length, which a head that keeps still leaves open."""
_FRAME: Final = 6
"""Unknowns of a frame: rotation, place across, log of the depth over the focal length."""


@dataclass(frozen=True)
class Bundle:
    """Where everything is.

    Attributes:
        points: Head axes (M, 3), metres.
        moved: What the expression adds on each frame (F, M, 3).
        rotation, translation: Head to camera (F, 3, 3), (F, 3).
        log_focal: Logarithm of the focal length in full-frame pixels.
    """

    points: Floats
    moved: Floats
    rotation: Floats
    translation: Floats
    log_focal: float

    def pixels(self) -> Floats:
        """Return where the points fall, full-frame pixels from the principal point (F, M, 2)."""
        camera = (self.points + self.moved) @ np.swapaxes(self.rotation, 1, 2) + self.translation[:, None]
        return np.exp(self.log_focal) * camera[..., :2] / camera[..., 2:]


@dataclass(frozen=True)
class Adjusted:
    """The bundle afterwards; sigma: formal standard deviation of log focal, all else being free; cost."""

    bundle: Bundle
    sigma: float
    cost: float


def solve_bundle(tracks: PointTracks, start: Bundle, shape: float = SHAPE) -> Adjusted:
    """Return the bundle that explains the tracks best.

    Args:
        tracks: F frames of M points.
        start: Where to start; the points' prior is there too.
        shape: Standard deviation of that prior, metres.
    """
    fit = BundleFit(tracks, start, shape)
    minimum = minimise(fit, start, LIMITS)
    sigma = fit.linearise(minimum.unknowns).sigma(_FRAME * len(tracks.pixels))
    return Adjusted(minimum.unknowns, sigma, minimum.cost)


@dataclass(frozen=True)
class BundleFit:
    """Points, poses and focal length as a least-squares problem; the points are eliminated.

    Attributes:
        tracks: F frames of M points.
        start: The points' prior is there.
        shape: Standard deviation of that prior, metres.
    """

    tracks: PointTracks
    start: Bundle
    shape: float

    def follow(self, at: Bundle) -> None:
        """Nothing is held here."""

    def retract(self, at: Bundle, step: Step[ArrowStep]) -> Bundle:
        """Return the bundle after a step."""
        border = step.increment.border.numpy()
        frames, focal = border[:-1].reshape(-1, _FRAME), float(border[-1])
        translation = at.translation.copy()
        translation[:, :2] += frames[:, 3:5]
        translation[:, 2] *= np.exp(frames[:, 5] + focal)
        rotation = rotation_matrices(frames[:, :3]) @ at.rotation
        return Bundle(at.points + step.increment.blocks.numpy(), at.moved, rotation, translation, at.log_focal + focal)

    def cost(self, at: Bundle) -> float:
        """Return the robust cost; infinite where a point is behind the camera."""
        _, camera, error = self._errors(at)
        if (camera[..., 2] <= 0).any():
            return float("inf")
        robust = cauchy_cost(self._sizes(error), SPREAD)
        return float(robust.sum() + 0.5 * ((at.points - self.start.points) ** 2).sum() / self.shape**2)

    def linearise(self, at: Bundle) -> ArrowSystem:
        """Return the normal equations: a block for each point, and a border of 6 F + 1 for frames and log focal."""
        turned, camera, error = self._errors(at)
        weight = self.tracks.precision * cauchy_weight(self._sizes(error))[..., None, None]
        by_frame, by_point, by_focal = _derivatives(self.tracks, at, turned, camera, error)
        border, border_gradient = _border(by_frame, by_focal, weight, error)
        weighted = weight @ by_point
        points, size = error.shape[1], len(border)
        coupling = np.zeros((points, 3, size))
        by_frames = np.swapaxes(weighted, 2, 3) @ by_frame
        coupling[..., :-1] = by_frames.transpose(1, 2, 0, 3).reshape(points, 3, -1)
        coupling[..., -1] = np.einsum("fmia,fmi->ma", weighted, by_focal)
        blocks = np.einsum("fmia,fmib->mab", by_point, weighted) + np.eye(3) / self.shape**2
        pull = np.einsum("fmia,fmi->ma", weighted, error) + (at.points - self.start.points) / self.shape**2
        return ArrowSystem(
            cost=self.cost(at),
            blocks=torch.from_numpy(blocks),
            gradient=torch.from_numpy(pull),
            coupling=torch.from_numpy(coupling),
            border=torch.from_numpy(border),
            border_gradient=torch.from_numpy(border_gradient),
            damping=torch.zeros(3, dtype=torch.float64),
            border_damping=torch.from_numpy(np.diag(border).copy()),
        )

    def _errors(self, at: Bundle) -> tuple[Floats, Floats, Floats]:
        """Return points about the head's origin and in camera axes (F, M, 3), and pixel errors (F, M, 2)."""
        turned = (at.points + at.moved) @ np.swapaxes(at.rotation, 1, 2)
        camera = turned + at.translation[:, None]
        return turned, camera, np.exp(at.log_focal) * camera[..., :2] / camera[..., 2:] - self.tracks.pixels

    def _sizes(self, error: Floats) -> Floats:
        """Return the errors (F, M) in units of Cauchy's scale."""
        square = np.einsum("fmi,fmij,fmj->fm", error, self.tracks.precision, error)
        return np.sqrt(np.maximum(square, 0)) / SPREAD


def _border(by_frame: Floats, by_focal: Floats, weight: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return hessian (6 F + 1, 6 F + 1) and gradient of frames and log focal."""
    frames = len(error)
    size = _FRAME * frames + 1
    weighted, weighted_focal = weight @ by_frame, np.einsum("fmij,fmj->fmi", weight, by_focal)
    hessian, gradient = _RIDGE * np.eye(size), np.zeros(size)
    for frame in range(frames):
        rows = slice(_FRAME * frame, _FRAME * (frame + 1))
        hessian[rows, rows] += np.tensordot(by_frame[frame], weighted[frame], ((0, 1), (0, 1)))
        hessian[rows, -1] = hessian[-1, rows] = np.tensordot(by_frame[frame], weighted_focal[frame], ((0, 1), (0, 1)))
    hessian[-1, -1] += (by_focal * weighted_focal).sum()
    gradient[:-1] = np.einsum("fmia,fmi->fa", weighted, error).ravel()
    gradient[-1] = (weighted_focal * error).sum()
    return hessian, gradient


def _derivatives(
    tracks: PointTracks, now: Bundle, turned: Floats, camera: Floats, error: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return derivatives of the pixels by frame (F, M, 2, 6), point (F, M, 2, 3) and log focal (F, M, 2)."""
    focal, depth = np.exp(now.log_focal), camera[..., 2]
    pixel = np.zeros((*depth.shape, 2, 3))
    pixel[..., 0, 0] = pixel[..., 1, 1] = focal / depth
    pixel[..., 0, 2] = -focal * camera[..., 0] / depth**2
    pixel[..., 1, 2] = -focal * camera[..., 1] / depth**2
    moved = pixel.copy()
    moved[..., 2] *= now.translation[:, 2, None, None]
    by_frame = np.concatenate([-pixel @ _cross(turned), moved], axis=-1)
    # Depths are held as shares of the focal length, so that the picture keeps its size while that changes.
    by_focal = error + tracks.pixels + moved[..., 2]
    return by_frame, pixel @ now.rotation[:, None], by_focal


def _cross(vectors: Floats) -> Any:
    result = np.zeros((*vectors.shape, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    result[..., 0, 1], result[..., 0, 2], result[..., 1, 2] = -z, y, -x
    result[..., 1, 0], result[..., 2, 0], result[..., 2, 1] = z, -y, x
    return result
