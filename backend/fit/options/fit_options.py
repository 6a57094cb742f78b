"""Options of a fit, made once from the settings of the user."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...contract.settings import FitSettings
from .weights import Tuning, tuning_for


@dataclass(frozen=True)
class FitOptions:
    """How a clip is fitted.

    Attributes:
        tuning: Weights of all terms.
        key_frames: Most frames on which what the clip shares is fitted.
        smoothness: Factor of all smoothness; 0 switches it off.
        neck_free: Whether the neck may bend.
        offsets: Whether landmarks may leave their place on the surface.
        longest_gap: Gaps without a face up to this length are bridged, seconds.
    """

    tuning: Tuning = field(default_factory=Tuning)
    key_frames: int = 24
    smoothness: float = 1.0
    neck_free: bool = False
    offsets: bool = True
    longest_gap: float = 0.5

    @classmethod
    def from_settings(cls, settings: FitSettings) -> FitOptions:
        """Return the options that the user's settings ask for."""
        return cls(
            tuning=tuning_for(settings),
            key_frames=settings.key_frames,
            smoothness=settings.smoothness,
            neck_free=settings.neck == "held",
            offsets=settings.landmark_offsets,
            longest_gap=settings.longest_gap,
        )
