"""Settings of putting a performance onto a character: where it comes from, when it is keyed, how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .options import option
from .performance.channels import REGIONS
from .performance.performance import NECK_SHARE

FRAMES_CHOICES: Final[Mapping[str, str]] = {
    "all": "Every frame of the performance",
    "scene": "Frames within the scene's range; keys outside of it stay",
    "current": "The scene's current frame alone; all other keys stay",
}
EXISTING_CHOICES: Final[Mapping[str, str]] = {
    "ask": "Ask before anything is changed; a script is refused",
    "replace": "The performance takes the place of keys and drivers",
    "layer": "Keys go down into the NLA as a strip, the performance lies above them; drivers stay",
    "leave": "What is animated or driven already is left as it is",
}
HEAD_REST_CHOICES: Final[Mapping[str, str]] = {
    "camera": "A head that looks upright into the camera",
    "average": "The head's average over the performance: for a camera that filmed from above, below or aside",
}


def _switch(part: str) -> bool:
    return option(True, f"Write {part}; without it, what the character has there stays", label=part.capitalize())


@dataclass(frozen=True)
class RetargetSettings:
    """How a performance is put onto a character."""

    source: str = option(
        "", "File of Live Link Face, Face Cap or Audio2Face; empty takes the track", label="Performance", path=True
    )
    start_at: int = option(
        1, "Scene frame of a file's first frame; a track lies where its import lies", label="Start At"
    )
    speed: float = option(
        1.0,
        "How fast a file is played; 0.5 is slow motion. A track goes as its import goes",
        minimum=0.05,
        maximum=20.0,
    )
    frames: str = option(
        "all", "Which frames get keys", choices=FRAMES_CHOICES, choice_labels={"current": "This Frame"}
    )
    existing: str = option(
        "ask",
        "What becomes of keys and drivers that are there already",
        label="Already Animated",
        choices=EXISTING_CHOICES,
    )
    use_brows: bool = _switch("brows")
    use_eyes: bool = _switch("eyes")
    use_gaze: bool = _switch("gaze")
    use_nose: bool = _switch("nose")
    use_cheeks: bool = _switch("cheeks")
    use_jaw: bool = _switch("jaw")
    use_mouth: bool = _switch("mouth")
    use_tongue: bool = _switch("tongue")
    use_head: bool = _switch("head")
    head_gain: float = option(
        1.0, "How far the head turns; 1 as it was filmed", label="Head Gain", minimum=0.0, maximum=4.0
    )
    neck_share: float = option(
        NECK_SHARE,
        "Part of the head's turn that the neck takes, where the character has one",
        label="Neck Share",
        minimum=0.0,
        maximum=1.0,
    )
    head_limit: float = option(
        70.0,
        "Farthest turn of the head from its rest",
        label="Head Limit",
        unit="degrees",
        minimum=0.0,
        maximum=180.0,
        advanced=True,
    )
    head_rest: str = option(
        "camera",
        "Which turn of the filmed head is the character's rest",
        label="Head Rest",
        choices=HEAD_REST_CHOICES,
        advanced=True,
    )

    def uses(self, region: str) -> bool:
        """Whether a region of the face, or ``head``, is written."""
        return bool(getattr(self, f"use_{region}"))


PARTS: Final = (*REGIONS, "head")
"""What has a switch of its own."""
