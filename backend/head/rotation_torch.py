"""Rotations of batches in torch: exponential, logarithm and their left Jacobians, exact and differentiable at zero.

Formulas: Solà, Deray, Atchuthan, "A micro Lie theory for state estimation in robotics" (2018), appendix B.
"""

from __future__ import annotations

import torch
from torch import Tensor

_SMALL = 1e-2
"""Squared angle below which series are used, because the closed forms cancel: right to 1e-15 with the terms below."""


def cross_matrix(vectors: Tensor) -> Tensor:
    """Return (…, 3, 3) with which vectors (…, 3) multiply crosswise."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vectors.shape[:-1], 3, 3)


def _coefficients(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """sin(a)/a, (1 - cos a)/a², (a - sin a)/a³ of the angles of (…, 3), as (…, 1, 1)."""
    square = (vectors * vectors).sum(-1)[..., None, None]
    small = square < _SMALL
    safe = torch.where(small, torch.ones_like(square), square)
    angle = safe.sqrt()
    sine = angle.sin()
    fourth = square * square
    sixth = square * fourth
    first = torch.where(small, 1 - square / 6 + fourth / 120 - sixth / 5040 + fourth * fourth / 362880, sine / angle)
    second = torch.where(small, 0.5 - square / 24 + fourth / 720 - sixth / 40320, (1 - angle.cos()) / safe)
    third = torch.where(small, 1 / 6 - square / 120 + fourth / 5040 - sixth / 362880, (angle - sine) / (safe * angle))
    return first, second, third


def exponential(vectors: Tensor) -> Tensor:
    """Return rotation matrices (…, 3, 3) of axis-angle vectors (…, 3)."""
    first, second, _ = _coefficients(vectors)
    cross = cross_matrix(vectors)
    return torch.eye(3, dtype=vectors.dtype, device=vectors.device) + first * cross + second * (cross @ cross)


def left_jacobian(vectors: Tensor) -> Tensor:
    """Return J (…, 3, 3) with exp(a + d) = exp(J d) exp(a) to first order."""
    _, second, third = _coefficients(vectors)
    cross = cross_matrix(vectors)
    return torch.eye(3, dtype=vectors.dtype, device=vectors.device) + second * cross + third * (cross @ cross)


def inverse_left_jacobian(vectors: Tensor) -> Tensor:
    """Return the inverse of `left_jacobian`, (…, 3, 3), for angles below pi."""
    first, second, _ = _coefficients(vectors)
    square = (vectors * vectors).sum(-1)[..., None, None]
    small = square < _SMALL
    safe = torch.where(small, torch.ones_like(square), square)
    series = 1 / 12 + square / 720 + square * square / 30240
    factor = torch.where(small, series, (1 - first / (2 * second)) / safe)
    cross = cross_matrix(vectors)
    return torch.eye(3, dtype=vectors.dtype, device=vectors.device) - 0.5 * cross + factor * (cross @ cross)


def logarithm(matrices: Tensor) -> Tensor:
    """Return axis-angle vectors (…, 3) of rotation matrices (…, 3, 3), for angles well below pi.

    Used for differences between neighbouring frames only, which are small.
    """
    antisymmetric = (matrices - matrices.transpose(-1, -2)) / 2
    sine_axis = torch.stack([antisymmetric[..., 2, 1], antisymmetric[..., 0, 2], antisymmetric[..., 1, 0]], -1)
    cosine = ((matrices.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1.0, 1.0)
    sine = sine_axis.norm(dim=-1)
    angle = torch.atan2(sine, cosine)
    small = sine < 1e-6
    factor = torch.where(small, 1 + angle * angle / 6, angle / torch.where(small, torch.ones_like(sine), sine))
    return sine_axis * factor[..., None]
