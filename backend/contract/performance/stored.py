"""ARKit's weights as a track file holds them, and as the engine hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..arrays import Array
from ..track import Track
from .channels import CHANNELS

ENTRY: Final = "arkit"
"""Of the track's header."""


@dataclass(frozen=True)
class ArkitWeights:
    """Weights of a track. T frames, V vertices.

    Attributes:
        weights: In the order of `channels.CHANNELS` (T, 52) float32, NaN where there is no face or nothing is tracked.
        residual: How far the face that they make is from the tracked one, millimetres (T,) float32, NaN without a face.
        source, trust: Of each channel, as in `performance.Performance`; trust as numbers from 0 to 1.
        neutral_frame: Frame of the video from which they count, or None where they are as tracked.
        basis: What they do to the head's vertices (V, 3, 52) float32, or None where its expressions are ARKit's.
    """

    weights: Array
    residual: Array
    source: tuple[str, ...]
    trust: tuple[float, ...]
    neutral_frame: int | None = None
    basis: Array | None = None

    @property
    def arrays(self) -> Mapping[str, Array | None]:
        """The track's arrays of them, by their names."""
        return {"arkit_weights": self.weights, "arkit_residual": self.residual, "arkit_basis": self.basis}

    @property
    def header(self) -> Mapping[str, Any]:
        """What the track's header says of them."""
        return {
            "channels": list(CHANNELS),
            "source": list(self.source),
            "trust": list(self.trust),
            "neutral_frame": self.neutral_frame,
        }


def weights_in(track: Track) -> ArkitWeights | None:
    """Return the weights that a track holds, or None."""
    if track.arkit_weights is None or track.arkit_residual is None:
        return None
    entry = track.header[ENTRY]
    return ArkitWeights(
        track.arkit_weights,
        track.arkit_residual,
        tuple(entry["source"]),
        tuple(float(value) for value in entry["trust"]),
        entry.get("neutral_frame"),
        track.arkit_basis,
    )
