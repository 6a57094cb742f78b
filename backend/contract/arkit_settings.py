"""Settings of the stage ARKit Weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .options import option

NEUTRAL_CHOICES: Final = {
    "none": "Weights count from the head's own resting shape, as tracked",
    "proposed": "The most frontal and most still frame, in which the face does least",
    "frame": "The frame named below",
}


@dataclass(frozen=True)
class ArkitSettings:
    """How the performance becomes ARKit's 52 weights, as characters, phones and game engines use them."""

    smoothness: float = option(
        1.0,
        "How much the weights are smoothed over time: 0 follows every frame, 1 is as quiet as a phone's",
        minimum=0.0,
        maximum=100.0,
    )
    sparsity: float = option(
        1.0,
        "How much few strong shapes are preferred to many weak ones: raise it for curves that are easier to edit",
        label="Quiet Channels",
        minimum=0.0,
        maximum=100.0,
    )
    scores: bool = option(
        True,
        "Let the landmarker's expression scores count beside the shape of the head: they know a smile that lasts all "
        "clip from a smiling person; needs face_landmarker.task",
        label="Use Scores",
    )
    neutral: str = option(
        "none",
        "The person's resting face: its values are subtracted, and lids are scaled between open and closed",
        label="Neutral Face",
        choices=NEUTRAL_CHOICES,
        choice_labels={"none": "As Tracked", "proposed": "Find It", "frame": "Frame"},
    )
    neutral_frame: int = option(
        0, "Frame of the video, counted from 0, that shows the resting face", label="Neutral Frame", minimum=0
    )
