"""Cost that pictures add to the solver of the motion, where it is given any."""

from __future__ import annotations

from typing import Protocol

from ..geometry.state import Frames
from .landmark_term import FrameEquations


class PicturesCost(Protocol):
    """What the solver of the motion asks of the pictures."""

    def cost(self, frames: Frames, part: slice) -> float:
        """Return the cost of some frames; `frames` are exactly these."""
        ...

    def equations(self, frames: Frames, part: slice) -> FrameEquations:
        """Return the normal equations of some frames; `frames` are exactly these."""
        ...
