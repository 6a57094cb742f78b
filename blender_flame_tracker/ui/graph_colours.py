"""Colours of the graphs of a track, the same in the panel and over the timeline: sRGB and opacity, 0..1."""

from __future__ import annotations

from typing import Final

Colour = tuple[float, float, float, float]

BACKGROUND: Final[Colour] = (0.09, 0.09, 0.10, 1.0)
ERROR: Final[Colour] = (1.0, 0.72, 0.26, 1.0)
CONFIDENCE: Final[Colour] = (0.36, 0.62, 0.86, 1.0)
DIFFERENCE: Final[Colour] = (0.55, 0.85, 0.45, 1.0)
"""Of two versions that are compared."""

PINNED: Final[Colour] = (1.0, 1.0, 1.0, 1.0)
"""Of the marks at frames that were pinned by hand."""

REASONS: Final[dict[str, Colour]] = {
    "missing": (0.90, 0.22, 0.22, 1.0),
    "misfit": (0.90, 0.22, 0.22, 1.0),
    "error": (0.95, 0.45, 0.20, 1.0),
    "confidence": (0.95, 0.45, 0.20, 1.0),
    "jump": (0.85, 0.35, 0.75, 1.0),
    "interpolated": (0.85, 0.78, 0.30, 1.0),
}
"""Colour of a bad range by its first reason."""


def faded(colour: Colour, opacity: float) -> Colour:
    """Return the colour with another opacity."""
    return (*colour[:3], opacity)
