"""The distances between facing points of the lids on a head's own surface, and what changes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...contract.arrays import Floats
from ...head.model import HeadModel


@dataclass(frozen=True)
class LidSurface:
    """P distances along the way on which the lids open, metres.

    Attributes:
        rest: (P,).
        identity, expression, correctives: What a unit of each mode adds (P, I), (P, E), (P, 9 (J - 1)).
    """

    rest: Tensor
    identity: Tensor
    expression: Tensor
    correctives: Tensor


def lid_surface(
    head: HeadModel, pairs: tuple[tuple[int, int], ...], expression: Floats, like: Tensor
) -> LidSurface | None:
    """Return the distances of the landmarks `pairs` on a head's surface; None where it has no place for one of them.

    Args:
        head: The head.
        pairs: Landmarks of the upper and the lower lid that face each other.
        expression: All expression modes (V, 3, E), closed lids included.
        like: Gives precision and device.
    """
    upper, lower = np.array(pairs).T
    if not (head.landmarks.known[upper].all() and head.landmarks.known[lower].all()):
        return None

    def apart(values: Floats) -> Floats:
        def at(which: np.ndarray) -> Floats:
            corners = head.faces[head.landmarks.triangle[which]]
            return np.einsum("pk,pk...->p...", head.landmarks.barycentric[which], values[corners])

        return at(upper) - at(lower)

    gap = apart(head.template)
    way = gap / np.maximum(np.linalg.norm(gap, axis=1, keepdims=True), 1e-9)

    def along(values: Floats) -> Tensor:
        return torch.as_tensor(np.einsum("pa,pa...->p...", way, apart(values))).to(like)

    return LidSurface(along(head.template), along(head.identity_basis), along(expression), along(head.pose_correctives))
