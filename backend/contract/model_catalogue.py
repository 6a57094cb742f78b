"""Catalogue of model files that can be added: what each is good for, its terms, and where it is had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .licences import (
    APACHE,
    BASEL,
    DECA,
    FACE_PARSING,
    FLAME_PAGE,
    MICA,
    OPEN,
    PROGRAM,
    RESEARCH,
    TASK_PAGE,
    TEXTURE,
    Licence,
)
from .model_files import (
    ALBEDO,
    DECA_FILE,
    FLAME_2020,
    FLAME_2023,
    FLAME_OPEN,
    MICA_FILE,
    PARSING_WEIGHTS,
    TASK_FILES,
    UV_TEXTURE,
)


@dataclass(frozen=True)
class KnownModel:
    """What is known of a model file without having it.

    Attributes:
        name: For people.
        adds: What it is good for.
        licence: Its terms.
        url: Where it is had; empty for what is part of the program.
    """

    name: str
    adds: str
    licence: Licence
    url: str = ""


BUILT_IN: Final = KnownModel("Built-in head", "a head that always works", PROGRAM)

HEADS: Final[Mapping[str, KnownModel]] = {
    FLAME_OPEN: KnownModel(
        "FLAME 2023 Open", "the head model made from scans of thousands of people", OPEN, FLAME_PAGE
    ),
    FLAME_2023: KnownModel("FLAME 2023", "the research version", RESEARCH, FLAME_PAGE),
    FLAME_2020: KnownModel("FLAME 2020", "the older research version", RESEARCH, FLAME_PAGE),
}
"""Usual file name -> head model."""

LANDMARKER: Final = KnownModel(
    "MediaPipe Face Landmarker", "finer lids and lips, and 52 expression scores", APACHE, TASK_PAGE
)

OPTIONAL: Final[Mapping[str, KnownModel]] = {
    UV_TEXTURE: KnownModel(
        "FLAME texture space", "skin colours from faces: codes of photographs and exports", TEXTURE, FLAME_PAGE
    ),
    ALBEDO: KnownModel(
        "Basel albedo space",
        "skin colours from faces, used if the texture space is missing",
        BASEL,
        "https://github.com/TimoBolkart/BFM_to_FLAME",
    ),
    PARSING_WEIGHTS: KnownModel(
        "BiSeNet face parsing",
        "parsing that recognises glasses, hats and jewellery, and what covers the skin",
        FACE_PARSING,
        "https://github.com/zllrunning/face-parsing.PyTorch",
    ),
    MICA_FILE: KnownModel(
        "MICA",
        "a first guess of the face shape, for FLAME 2020 only; kept only if it helps",
        MICA,
        "https://github.com/Zielon/MICA",
    ),
    DECA_FILE: KnownModel(
        "DECA",
        "another first guess of the face shape, for FLAME 2020 only; kept only if it helps",
        DECA,
        "https://github.com/yfeng95/DECA",
    ),
}
"""File name -> what lies beside a head, or works by itself."""

TO_ADD: Final[Mapping[str, KnownModel]] = {**HEADS, TASK_FILES[0]: LANDMARKER, **OPTIONAL}
"""File name -> all of them, in the order in which they are offered."""
