"""Settings of *Make Review*: what is shown beside the footage, how large, and the words in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...backend.contract.options import option

WIRES, HEAD, SOLID, SCENE = "wires", "head", "solid", "scene"
_SHOWN: Final = {
    WIRES: "The footage with the wires of the head over it; needs no graphics card",
    HEAD: "The head alone, solid, with its texture where it has one",
    SOLID: "All that the scene's camera sees, as the solid view shows it: a character beside the person",
    SCENE: "All that the scene's camera sees, rendered as the scene is set up",
}
BESIDE, ALONE = "beside", "alone"
_LAYOUTS: Final = {
    BESIDE: "The footage at the left, the rest at the right",
    ALONE: "Without the footage at its side",
}


@dataclass(frozen=True)
class ReviewSettings:
    """What the film shows."""

    shown: str = option(
        WIRES,
        "What stands beside the footage",
        label="Show",
        choices=_SHOWN,
        choice_labels={
            WIRES: "Wireframe over Footage",
            HEAD: "Head",
            SOLID: "Scene, Solid",
            SCENE: "Scene, Rendered",
        },
    )
    layout_of_film: str = option(
        BESIDE,
        "How footage and result share the picture",
        label="Layout",
        choices=_LAYOUTS,
        choice_labels={BESIDE: "Side by Side"},
    )
    height: int = option(
        480, "Height of the film; never more than the scene renders", minimum=64, maximum=4320, unit="px"
    )
    words: bool = option(True, "Write frame number, time code, name and version into the picture", label="Burn In")
    version: str = option("", "What the film says beside the name of the clip, as v003")
