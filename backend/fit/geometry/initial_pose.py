"""A first pose for every frame: an affine camera, then the nearest rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...contract.arrays import Floats


@dataclass(frozen=True)
class InitialPose:
    """Poses of T frames: head-to-camera rotation (T, 3, 3), the pivot in pixels (T, 2), scale in px per metre (T,)."""

    rotation: Floats
    pixel: Floats
    scale: Floats


def initial_poses(points: np.ndarray, template: Floats, weight: Floats) -> InitialPose:
    """Return poses by weighted least squares on an affine camera.

    Args:
        points: Pixels relative to the principal point (T, N, 2), finite.
        template: Rest positions about the pivot (N, 3), metres.
        weight: Of each point (N,), or of each in every frame (T, N): stable ones high, hidden or movable ones low.
    """
    root = np.sqrt(weight / weight.sum(axis=-1, keepdims=True))[..., None]
    design = np.concatenate([template, np.ones((len(template), 1))], axis=1) * root
    solution = np.linalg.pinv(design) @ (points * root)
    linear, pixel = np.swapaxes(solution[:, :3], 1, 2), solution[:, 3]
    rotations, scales = [], []
    for rows in linear:
        rotation, scale = _nearest_rotation(rows)
        rotations.append(rotation)
        scales.append(scale)
    return InitialPose(np.stack(rotations), pixel, np.array(scales))


def _nearest_rotation(rows: Floats) -> tuple[Floats, float]:
    """Return the rotation whose first two rows, scaled, are nearest to `rows` (2, 3), and the scale."""
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    first_two = left @ right
    rotation = np.stack([first_two[0], first_two[1], np.cross(first_two[0], first_two[1])])
    return rotation, float(singular.mean())
