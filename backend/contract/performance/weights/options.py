"""Options of the way from a track to weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ArkitOptions:
    """How weights are found.

    Attributes:
        smoothness: How much motion is smoothed besides what the track is already: 0 not at all, 1 measured best.
        sparsity: How strongly small weights are drawn to zero: 0 not at all, 1 measured best.
        scores: Whether MediaPipe's scores count beside the mesh, where the track has them.
    """

    smoothness: float = 1.0
    sparsity: float = 1.0
    scores: bool = True


DEFAULT: Final = ArkitOptions()
