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

from ..contract.arrays import Floats
from ..contract.camera import rotation_matrices
from .point_tracks import PointTracks

SHAPE: Final = 0.005
"""Metres by which a point may be elsewhere than the fitted head has it."""
SPREAD: Final = 2.0
"""Cauchy's scale of a point's error, in its standard deviations."""
_STEPS: Final = 15
_SETTLED: Final = 1e-5
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


def adjust(tracks: PointTracks, start: Bundle, shape: float = SHAPE) -> Adjusted:
    """Return the bundle that explains the tracks best.

    Args:
        tracks: F frames of M points.
        start: Where to start; the points' prior is there too.
        shape: Standard deviation of that prior, metres.
    """
    now, damping = start, 1e-4
    cost = _cost(tracks, start, now, shape)
    system = _system(tracks, start, now, shape)
    for _ in range(_STEPS):
        trial = system.step(now, damping)
        trial_cost = _cost(tracks, start, trial, shape)
        if not trial_cost < cost:
            damping *= 20
            continue
        small = cost - trial_cost < _SETTLED * cost
        now, cost, damping = trial, trial_cost, max(damping / 5, 1e-8)
        system = _system(tracks, start, now, shape)
        if small:
            break
    return Adjusted(now, system.focal_sigma(), cost)


def _errors(tracks: PointTracks, now: Bundle) -> tuple[Floats, Floats, Floats]:
    """Return points about the head's origin and in camera axes (F, M, 3), and pixel errors (F, M, 2)."""
    turned = (now.points + now.moved) @ np.swapaxes(now.rotation, 1, 2)
    camera = turned + now.translation[:, None]
    return turned, camera, np.exp(now.log_focal) * camera[..., :2] / camera[..., 2:] - tracks.pixels


def _squares(tracks: PointTracks, error: Floats) -> Floats:
    return np.einsum("fmi,fmij,fmj->fm", error, tracks.precision, error)


def _cost(tracks: PointTracks, start: Bundle, now: Bundle, shape: float) -> float:
    _, camera, error = _errors(tracks, now)
    if (camera[..., 2] <= 0).any():
        return float("inf")
    robust = SPREAD**2 / 2 * np.log1p(_squares(tracks, error) / SPREAD**2)
    return float(robust.sum() + 0.5 * ((now.points - start.points) ** 2).sum() / shape**2)


@dataclass(frozen=True)
class _System:
    """Normal equations with the points eliminated (C, C), C = 6 F + 1, and what gives the points back."""

    reduced: Floats
    diagonal: Floats
    gradient: Floats
    coupling: Floats
    point_inverse: Floats
    point_gradient: Floats

    def step(self, now: Bundle, damping: float) -> Bundle:
        hessian = self.reduced + np.diag(damping * self.diagonal + 1e-9)
        step = -np.linalg.solve(hessian, self.gradient)
        right = self.point_gradient + self.coupling @ step
        points = now.points - np.einsum("mij,mj->mi", self.point_inverse, right)
        frames, focal = step[:-1].reshape(-1, _FRAME), step[-1]
        translation = now.translation.copy()
        translation[:, :2] += frames[:, 3:5]
        translation[:, 2] *= np.exp(frames[:, 5] + focal)
        rotation = rotation_matrices(frames[:, :3]) @ now.rotation
        return Bundle(points, now.moved, rotation, translation, now.log_focal + float(focal))

    def focal_sigma(self) -> float:
        inverse = np.linalg.inv(self.reduced + 1e-9 * np.eye(len(self.reduced)))
        return float(np.sqrt(max(inverse[-1, -1], 0.0)))


def _system(tracks: PointTracks, start: Bundle, now: Bundle, shape: float) -> _System:
    turned, camera, error = _errors(tracks, now)
    weight = tracks.precision / (1 + _squares(tracks, error) / SPREAD**2)[..., None, None]
    own, by_point, by_focal = _derivatives(tracks, now, turned, camera, error)
    frames, points = error.shape[:2]
    size = _FRAME * frames + 1
    weighted, weighted_focal = weight @ own, np.einsum("fmij,fmj->fmi", weight, by_focal)
    hessian, gradient = np.zeros((size, size)), np.zeros(size)
    for frame in range(frames):
        rows = slice(_FRAME * frame, _FRAME * (frame + 1))
        hessian[rows, rows] = np.tensordot(own[frame], weighted[frame], ((0, 1), (0, 1)))
        hessian[rows, -1] = hessian[-1, rows] = np.tensordot(own[frame], weighted_focal[frame], ((0, 1), (0, 1)))
    hessian[-1, -1] = (by_focal * weighted_focal).sum()
    gradient[:-1] = np.einsum("fmia,fmi->fa", weighted, error).ravel()
    gradient[-1] = (weighted_focal * error).sum()
    weighted_point = weight @ by_point
    coupling = np.zeros((points, 3, size))
    by_frames = np.swapaxes(weighted_point, 2, 3) @ own
    coupling[..., :-1] = by_frames.transpose(1, 2, 0, 3).reshape(points, 3, -1)
    coupling[..., -1] = np.einsum("fmia,fmi->ma", weighted_point, by_focal)
    block = np.einsum("fmia,fmib->mab", by_point, weighted_point) + np.eye(3) / shape**2
    pull = np.einsum("fmia,fmi->ma", weighted_point, error) + (now.points - start.points) / shape**2
    inverse = np.linalg.inv(block)
    solved = (inverse @ coupling).reshape(-1, size)
    reduced = hessian - coupling.reshape(-1, size).T @ solved
    return _System(reduced, np.diag(hessian).copy(), gradient - solved.T @ pull.ravel(), coupling, inverse, pull)


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
    own = np.concatenate([-pixel @ _cross(turned), moved], axis=-1)
    # Depths are held as shares of the focal length, so that the picture keeps its size while that changes.
    by_focal = error + tracks.pixels + moved[..., 2]
    return own, pixel @ now.rotation[:, None], by_focal


def _cross(vectors: Floats) -> Any:
    result = np.zeros((*vectors.shape, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    result[..., 0, 1], result[..., 0, 2], result[..., 1, 2] = -z, y, -x
    result[..., 1, 0], result[..., 2, 0], result[..., 2, 1] = z, -y, x
    return result
