"""Licences of model files in plain words, and the pages where the files are offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FLAME_PAGE: Final = "https://flame.is.tue.mpg.de"
TASK_PAGE: Final = "https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker#models"


@dataclass(frozen=True)
class Licence:
    """A licence as an animator has to know it.

    Attributes:
        name: Its own name.
        sentence: Its name and what it allows, one sentence; what stands before the first ``:`` or ``;`` is short.
        commercial: Whether commercial work is allowed; None where that is not known.
        source: Where it says so.
    """

    name: str
    sentence: str
    commercial: bool | None
    source: str


PROGRAM: Final = Licence(
    "GPL-3.0-or-later",
    "GPL-3.0-or-later; what you make with it is yours, commercial work too.",
    True,
    "LICENSE of this program, with the additional permission in README.md",
)
RESEARCH: Final = Licence(
    "Max Planck research licence",
    "Max Planck research licence: non-commercial scientific use only; no films, games or advertising, not even with "
    "the tracks.",
    False,
    "flame.is.tue.mpg.de/modellicense.html",
)
OPEN: Final = Licence(
    "CC BY 4.0",
    "CC BY 4.0: commercial work is allowed; name the makers of FLAME.",
    True,
    "readme in FLAME2023Open.zip; creativecommons.org/licenses/by/4.0",
)
OPEN_TEMPLATE: Final = Licence(
    "CC BY 4.0 in part",
    "CC BY 4.0 in part: its average head allows commercial work; for the rest ask where the file comes from.",
    None,
    "readme in FLAME2023Open.zip, for the template",
)
APACHE: Final = Licence(
    "Apache-2.0",
    "Apache-2.0: commercial work is allowed.",
    True,
    "ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker, its model card",
)
FLAME_SITE: Final = Licence(
    "as FLAME's makers say",
    "The terms of the site where you got it apply; most FLAME files are for research only.",
    None,
    "flame.is.tue.mpg.de, where it is downloaded after registration",
)
TEXTURE: Final = Licence(
    "CC BY-NC-SA 4.0",
    "CC BY-NC-SA 4.0: non-commercial work only.",
    False,
    "flame.is.tue.mpg.de, texture space of FLAME",
)
BASEL: Final = Licence(
    "Basel Face Model licence",
    "Basel Face Model licence: non-commercial research only.",
    False,
    "faces.dmi.unibas.ch, which offers the model that it is made from",
)
DECA: Final = Licence(
    "DECA's research licence",
    "DECA's research licence: non-commercial scientific use only.",
    False,
    "LICENSE of yfeng95/DECA",
)
MICA: Final = Licence(
    "MICA's research licence",
    "MICA's research licence: non-commercial scientific use only.",
    False,
    "LICENSE of Zielon/MICA",
)
FACE_PARSING: Final = Licence(
    "MIT code, CelebAMask-HQ data",
    "MIT for its code; the weights were trained on CelebAMask-HQ, which is for non-commercial research only.",
    False,
    "LICENSE of zllrunning/face-parsing.PyTorch; agreement of CelebAMask-HQ",
)
UNKNOWN: Final = Licence("not known", "Licence not known: ask where the file comes from.", None, "")
