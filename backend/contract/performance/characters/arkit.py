"""ARKit's 52 as characters spell them: Apple's names, those of phones, of Perfect Sync, and keys for both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .convention import OWN_NAMES, Convention, Parts, both_sides, table_of

_SPLIT: Final[Mapping[str, Parts]] = {
    "browInnerUpLeft": {"browInnerUp": 1.0},
    "browInnerUpRight": {"browInnerUp": 1.0},
    "cheekPuffLeft": {"cheekPuff": 1.0},
    "cheekPuffRight": {"cheekPuff": 1.0},
}
"""Two keys of ICT-FaceKit where ARKit has one (ICT-VGL/ICT-FaceKit, the names of its expressions)."""
_JOINED: Final[Mapping[str, Parts]] = {
    "eyeBlink": both_sides("eyeBlink"),
    "eyesClosed": both_sides("eyeBlink"),
    "eyeWide": both_sides("eyeWide"),
    "eyeSquint": both_sides("eyeSquint"),
    "eyesLookUp": both_sides("eyeLookUp"),
    "eyesLookDown": both_sides("eyeLookDown"),
    "mouthOpen": {"jawOpen": 1.0},
    "mouthSmile": both_sides("mouthSmile"),
    "mouthFrown": both_sides("mouthFrown"),
    "mouthDimple": both_sides("mouthDimple"),
    "mouthStretch": both_sides("mouthStretch"),
    "mouthPress": both_sides("mouthPress"),
    "mouthLowerDown": both_sides("mouthLowerDown"),
    "mouthUpperUp": both_sides("mouthUpperUp"),
    "browDown": both_sides("browDown"),
    "browOuterUp": both_sides("browOuterUp"),
    "cheekSquint": both_sides("cheekSquint"),
    "noseSneer": both_sides("noseSneer"),
}
"""One key where ARKit has two; heads of Ready Player Me have some of them beside the 52 (docs.readyplayer.me)."""

ARKIT: Final = Convention("ARKit", table_of(OWN_NAMES, _SPLIT, _JOINED))
"""Names: Apple, ARFaceAnchor.BlendShapeLocation. The spellings of phones (``EyeBlinkLeft``), Face Cap (``eyeBlink_L``),
MediaPipe and Perfect Sync differ from them only in what is ignored."""
