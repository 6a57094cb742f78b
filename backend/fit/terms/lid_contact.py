"""Closed lids meet: where the landmarks of an eye's lids have no gap, the surface has none either.

The landmarks alone do not say so. The detector sees points of the lids a millimetre beside their places on the head,
and the clip's own offsets are added to that: all of it was learned from open eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..evidence.lid_gaps import openings
from ..geometry.landmark_model import LID_PAIRS, LandmarkModel
from ..geometry.lid_surface import LidSurface
from ..geometry.projection import pose_features
from ..geometry.state import Frames, Shared

SHUT: Final = 0.03
"""Opening of an eye from which on nothing is said about its lids: 0.9 mm."""
MEET: Final = 0.0002
"""Metres by which the lids of a shut eye are apart, one standard deviation."""
ABLE: Final = 0.6
"""Share of the way that a head's expressions must be able to close its lids within their range (root of the sum of
squares over the modes): a head that cannot would make faces instead. The built-in head has 1.05, ICT's shapes 0.9."""


@dataclass(frozen=True)
class LidContact:
    """What closed lids ask of the expression in T frames; P facing pairs.

    Attributes:
        gap: Distance of each pair along the way on which the lids open, without expression (T, P), metres.
        modes: What each expression mode adds to it (P, E).
        precision: (T, P); 0 where the eye is open.
    """

    gap: Tensor
    modes: Tensor
    precision: Tensor

    def __getitem__(self, part: slice) -> LidContact:
        return LidContact(self.gap[part], self.modes, self.precision[part])

    def cost(self, expression: Tensor) -> Tensor:
        """Return the cost (T,) of expressions (T, E)."""
        return 0.5 * (self.precision * (self.gap + expression @ self.modes.T).square()).sum(1)

    def equations(self, expression: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the frames in which an eye is shut (K,), and their gradient (K, E) and hessian (K, E, E)."""
        shut = self.precision.any(dim=1).nonzero()[:, 0]
        precision = self.precision[shut]
        pull = precision * (self.gap[shut] + expression[shut] @ self.modes.T)
        hessian = torch.einsum("kp,pe,pf->kef", precision, self.modes, self.modes)
        return shut, pull @ self.modes, hessian


def lid_contact(model: LandmarkModel, shared: Shared, frames: Frames, points: np.ndarray) -> LidContact | None:
    """Return what closed lids ask for, or None where the head cannot close its lids or no eye is shut.

    Args:
        model: Of the head.
        shared: Gives the identity.
        frames: Give the gaze, which lids follow a little; it is not turned for the lids' sake.
        points: Landmarks with true lids (T, 478, 2 or 3), see `lid_gaps`; NaN where not found.
    """
    surface = model.lid_surface
    if surface is None or not _able(model, surface):
        return None
    shut = np.nan_to_num(1 - openings(points) / SHUT).clip(0, 1)
    if not shut.any():
        return None
    like = model.template
    precision = torch.as_tensor(np.repeat(shut / MEET**2, len(LID_PAIRS) // 2, axis=1)).to(like)
    still = surface.rest + surface.identity @ shared.identity
    return LidContact(still + pose_features(frames) @ surface.correctives.T, surface.expression, precision)


def _able(model: LandmarkModel, surface: LidSurface) -> bool:
    reach = torch.maximum(model.expression_high.abs(), model.expression_low.abs())
    return bool(((surface.expression * reach).norm(dim=1) > ABLE * surface.rest).all())
