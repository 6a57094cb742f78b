"""Covariance of the head's pose in each frame by the normal equations: blocks of the inverse, without all of it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...contract.arrays import Floats
from ..geometry.state import POSITION, ROTATION
from ..terms.smoothness import SmoothnessHessian
from .banded import as_numpy

POSE = slice(ROTATION.start, POSITION.stop)
SIZE = POSE.stop - POSE.start
_RIDGE = 1e-9
"""Share of the diagonal that is added, so that single precision leaves nothing negative."""


def pose_covariance(blocks: Tensor, band: SmoothnessHessian) -> Floats:
    """Return the covariance (T, 6, 6) of rotation (radians, camera axes) and place (metres, metres, log depth).

    The other unknowns of a frame are marginalised in that frame alone: their smoothness would add a little certainty.

    Args:
        blocks: Each frame's own normal equations with its priors (T, D, D).
        band: What smoothness adds.
    """
    by_frame = _marginal(blocks)
    frames = len(by_frame)
    by_frame[:, range(SIZE), range(SIZE)] += as_numpy(band.main[:, POSE])
    by_frame[:, :3, :3] += as_numpy(band.main_turn)
    following, after = (np.zeros((max(frames - reach, 0), SIZE, SIZE)) for reach in (1, 2))
    for block, diagonal, turn in ((following, band.next, band.next_turn), (after, band.after, band.after_turn)):
        if len(block):
            block[:, range(SIZE), range(SIZE)] += as_numpy(diagonal[:, POSE])
            block[:, :3, :3] += as_numpy(turn)
    return selected_inverse(by_frame, following, after)


def pose_sigma(covariance: Floats, depth: Floats) -> Floats:
    """Return the standard deviations (T, 2) of the whole rotation, degrees, and of the pivot's place, millimetres.

    Args:
        covariance: As `pose_covariance` gives it.
        depth: Of the pivot (T,), metres.
    """
    variance = np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0)
    position = variance[:, 3:6] * np.stack([np.ones_like(depth), np.ones_like(depth), depth**2], axis=1)
    turn, shift = np.sqrt(variance[:, :3].sum(axis=1)), np.sqrt(position.sum(axis=1))
    return np.stack([np.degrees(turn), 1000 * shift], axis=1)


def _marginal(blocks: Tensor) -> Floats:
    """Return the pose's part (T, 6, 6) of the blocks after the other unknowns are eliminated."""
    rest = blocks[:, POSE.stop :, POSE.stop :].double()
    rest = rest + torch.diag_embed(_RIDGE * rest.diagonal(dim1=1, dim2=2) + 1e-12)
    across = blocks[:, POSE.stop :, POSE].double()
    factor, failed = torch.linalg.cholesky_ex(rest)
    half = torch.linalg.solve_triangular(factor, across, upper=False)
    half = torch.where(failed[:, None, None] == 0, half, torch.zeros_like(half))
    return as_numpy(blocks[:, POSE, POSE].double() - half.transpose(1, 2) @ half)


def selected_inverse(by_frame: Floats, following: Floats, after: Floats) -> Floats:
    """Return the diagonal blocks (T, D, D) of the inverse of a symmetric matrix of blocks.

    Two frames at a time form a matrix whose blocks touch their neighbours only; its factors go forwards, and the
    inverse's blocks come out backwards (Takahashi, Fagan, Chin 1973; Rauch, Tung, Striebel 1965).

    Args:
        by_frame: Blocks (t, t) (T, D, D).
        following: Blocks (t + 1, t) (T - 1, D, D).
        after: Blocks (t + 2, t) (T - 2, D, D).
    """
    frames, size, _ = by_frame.shape
    pairs = (frames + 1) // 2
    wide = np.zeros((pairs, 2 * size, 2 * size))
    lower = np.zeros((max(pairs - 1, 0), 2 * size, 2 * size))
    wide[:, :size, :size] = by_frame[0::2]
    wide[:, size:, size:] = np.eye(size)
    second = by_frame[1::2]
    wide[: len(second), size:, size:] = second
    inner = following[0::2]
    wide[: len(inner), size:, :size] = inner
    wide[: len(inner), :size, size:] = inner.transpose(0, 2, 1)
    lower[:, :size, size:] = following[1::2][: pairs - 1]
    lower[:, :size, :size] = after[0::2][: pairs - 1]
    odd = after[1::2][: pairs - 1]
    lower[: len(odd), size:, size:] = odd
    inverses = np.empty_like(wide)
    for pair in range(pairs):
        if pair:
            wide[pair] -= lower[pair - 1] @ inverses[pair - 1] @ lower[pair - 1].T
        inverses[pair] = np.linalg.inv(wide[pair])
    for pair in range(pairs - 2, -1, -1):
        gain = inverses[pair] @ lower[pair].T
        inverses[pair] += gain @ inverses[pair + 1] @ gain.T
    result = np.empty_like(by_frame)
    result[0::2] = inverses[:, :size, :size]
    result[1::2] = inverses[: len(second), size:, size:]
    return result
