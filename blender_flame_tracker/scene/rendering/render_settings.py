"""Settings of *Set Up Render*: what the head does, and what makes the render one picture with the footage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ....backend.contract.options import option

RENDERED, HOLDOUT, SHADOW, GUIDE = "rendered", "holdout", "shadow", "guide"
HEADS: Final = {
    RENDERED: "The head is rendered, with the baked texture where it has one",
    HOLDOUT: "The head is not seen, and hides what is behind it: hair, glasses and hats sit on the face",
    SHADOW: "As Holdout, and shadows of what is on the head fall on the face of the footage",
    GUIDE: "The head is seen in the 3D views only, not in the render",
}
"""What the head does in the render -> a line of help."""

KEEP: Final = "keep"
CYCLES, EEVEE = "cycles", "eevee"
_ENGINES: Final = {
    KEEP: "The engine of the scene stays, unless the head needs another",
    CYCLES: "Cycles, whose shadows are exact",
    EEVEE: "EEVEE, which is quicker; it catches shadows in two more view layers",
}

WORLD, LAMPS = "world", "lamps"
_LIGHTS: Final = {
    KEEP: "The light of the scene stays as it is",
    WORLD: "The light estimated from the footage, from all around: soft shadows",
    LAMPS: "The light estimated from the footage, as a sun and an even world: shadows have an edge",
}

FILMED, RENDER_ALONE = "filmed", "render"
_VIEWS: Final = {
    FILMED: "View transform Standard: footage as filmed, render as it is",
    RENDER_ALONE: "AgX, Filmic and the like shape the colors of the render alone; the footage stays as filmed",
}

DISTORT, UNDISTORT = "render", "footage"
_LENSES: Final = {
    DISTORT: "The render is bent as the lens did it; the footage stays as filmed",
    UNDISTORT: "The footage is straightened; the render stays as it is",
}


@dataclass(frozen=True)
class RenderSettings:
    """What *Set Up Render* makes of a scene."""

    head: str = option(
        RENDERED,
        "What the head does in the render",
        choices=HEADS,
        choice_labels={RENDERED: "Textured Double", SHADOW: "Shadow Catcher"},
    )
    engine: str = option(
        KEEP,
        "With what the scene is rendered",
        choices=_ENGINES,
        choice_labels={KEEP: "Keep", EEVEE: "EEVEE"},
    )
    light: str = option(
        KEEP,
        "What lights the render",
        choices=_LIGHTS,
        choice_labels={WORLD: "World from Footage", LAMPS: "Sun and World from Footage"},
    )
    view: str = option(
        FILMED,
        "What happens to colors between the render and the picture",
        choices=_VIEWS,
        choice_labels={FILMED: "As Filmed", RENDER_ALONE: "Keep View for Render"},
    )
    lens: str = option(
        DISTORT,
        "What is done where the footage's clip knows the distortion of its lens",
        label="Lens Distortion",
        choices=_LENSES,
        choice_labels={DISTORT: "Distort Render", UNDISTORT: "Straighten Footage"},
    )
    motion_blur: bool = option(False, "Blur what moves, as the shutter of the camera did")
    grain: float = option(
        0.0,
        "Grain on the render, measured in the footage; 1 is as much as the footage has, 0 is none",
        label="Film Grain",
        minimum=0.0,
        maximum=4.0,
    )
