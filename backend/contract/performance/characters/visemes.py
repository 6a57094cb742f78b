"""Visemes: mouths of sounds instead of channels. What they follow is approximate, and only used for want of better.

A vowel's mouth is opened by the jaw as far as the lips do not close over it, and gives way to a rounded one. What
channels do not tell (the tongue's sounds: DD, kk, nn, RR, TH, SS, CH) is not driven.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .convention import Convention, Parts, both_sides, table_of

_VOWELS: Final[Mapping[str, Parts]] = {
    "aa": {"jawOpen": 1.2, "mouthClose": -1.2, "mouthPucker": -0.6, "mouthFunnel": -0.4},
    "E": both_sides("mouthStretch"),
    "I": both_sides("mouthDimple"),
    "O": {"mouthFunnel": 1.0},
    "U": {"mouthPucker": 1.0},
    "PP": {**both_sides("mouthPress"), "mouthRollUpper": 0.3, "mouthRollLower": 0.3},
    "FF": {"mouthRollLower": 0.8, "mouthRollUpper": -0.8},
}
_OTHER_NAMES: Final = {"E": "e", "I": "ih", "O": "oh", "U": "ou", "PP": "pp", "FF": "ff"}
_EYES: Final[Mapping[str, Parts]] = {
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "winkLeft": {"eyeBlinkLeft": 1.0},
    "winkRight": {"eyeBlinkRight": 1.0},
}
_BOTH_EYES: Final[Mapping[str, Parts]] = {"blink": both_sides("eyeBlink"), "eyesBlink": both_sides("eyeBlink")}

VISEMES: Final = Convention(
    "Visemes",
    table_of(
        {
            **{f"viseme_{name}": parts for name, parts in _VOWELS.items()},
            **{f"vrc.v_{_OTHER_NAMES.get(name, name)}": parts for name, parts in _VOWELS.items()},
            **{f"v_{_OTHER_NAMES.get(name, name)}": parts for name, parts in _VOWELS.items()},
            **_EYES,
        },
        _BOTH_EYES,
    ),
    is_approximate=True,
)
"""Names: Oculus Lipsync's 15 visemes as Ready Player Me spells them (``viseme_aa``), and as VRChat does
(``vrc.v_aa``)."""

VROID: Final = Convention(
    "VRoid",
    table_of(
        {
            "Fcl_MTH_A": _VOWELS["aa"],
            "Fcl_MTH_E": _VOWELS["E"],
            "Fcl_MTH_I": _VOWELS["I"],
            "Fcl_MTH_O": _VOWELS["O"],
            "Fcl_MTH_U": _VOWELS["U"],
            "Fcl_EYE_Close_L": {"eyeBlinkLeft": 1.0},
            "Fcl_EYE_Close_R": {"eyeBlinkRight": 1.0},
            "Fcl_BRW_Angry": both_sides("browDown"),
            "Fcl_BRW_Surprised": {"browInnerUp": 0.4, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3},
        },
        {"Fcl_EYE_Close": both_sides("eyeBlink")},
    ),
    is_approximate=True,
)
"""Names of VRoid Studio's exports, for those whose VRM extension is lost."""

MIKUMIKUDANCE: Final = Convention(
    "MikuMikuDance",
    table_of(
        {
            "あ": _VOWELS["aa"],
            "え": _VOWELS["E"],
            "い": _VOWELS["I"],
            "お": _VOWELS["O"],
            "う": _VOWELS["U"],
            "怒り": both_sides("browDown"),
            "上": {"browInnerUp": 0.4, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3},
        },
        {"まばたき": both_sides("eyeBlink")},
    ),
    is_approximate=True,
)
"""Names of the standard morphs (learnmmd.com)."""
