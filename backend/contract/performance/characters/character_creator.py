"""Character Creator 4's extended shapes, which iClone's and Unreal's hand-overs carry.

Older characters of it (*ExPlus*) have ARKit's own names behind a letter and a number, ``A14_Eye_Blink_Left``: they are
recognised as ARKit's. Names: ARKit tables of Convai's and Embody's characters, which map the same keys one to one.
"""

from __future__ import annotations

from typing import Final

from .convention import Convention, Parts, table_of

_SIDES: Final = (("L", "Left"), ("R", "Right"))
_EACH_SIDE: Final = {
    "Brow_Drop": "browDown", "Brow_Raise_Outer": "browOuterUp", "Cheek_Raise": "cheekSquint", "Eye_Blink": "eyeBlink",
    "Eye_Squint": "eyeSquint", "Eye_Wide": "eyeWide", "Mouth_Dimple": "mouthDimple", "Mouth_Frown": "mouthFrown",
    "Mouth_Down_Lower": "mouthLowerDown", "Mouth_Press": "mouthPress", "Mouth_Smile": "mouthSmile",
    "Mouth_Stretch": "mouthStretch", "Mouth_Up_Upper": "mouthUpperUp", "Nose_Sneer": "noseSneer",
}  # fmt: skip
_BOTH_SIDES: Final = {
    "Brow_Raise_Inner": "browInnerUp", "Cheek_Puff": "cheekPuff", "Mouth_Funnel_Up": "mouthFunnel",
    "Mouth_Funnel_Down": "mouthFunnel", "Mouth_Pucker_Up": "mouthPucker", "Mouth_Pucker_Down": "mouthPucker",
    "Mouth_Roll_In_Lower": "mouthRollLower", "Mouth_Roll_In_Upper": "mouthRollUpper",
}  # fmt: skip
"""Two keys, ``_L`` and ``_R``, of one channel."""
_SINGLE: Final = {
    "Jaw_Open": "jawOpen", "Jaw_Forward": "jawForward", "Jaw_L": "jawLeft", "Jaw_R": "jawRight",
    "Mouth_Close": "mouthClose", "Mouth_L": "mouthLeft", "Mouth_R": "mouthRight", "Mouth_Funnel": "mouthFunnel",
    "Mouth_Pucker": "mouthPucker", "Mouth_Shrug_Lower": "mouthShrugLower", "Mouth_Shrug_Upper": "mouthShrugUpper",
    "Tongue_Out": "tongueOut",
    "Eye_L_Look_Down": "eyeLookDownLeft", "Eye_R_Look_Down": "eyeLookDownRight",
    "Eye_L_Look_Up": "eyeLookUpLeft", "Eye_R_Look_Up": "eyeLookUpRight",
    "Eye_L_Look_R": "eyeLookInLeft", "Eye_R_Look_L": "eyeLookInRight",
    "Eye_L_Look_L": "eyeLookOutLeft", "Eye_R_Look_R": "eyeLookOutRight",
}  # fmt: skip

_SHAPES: Final[dict[str, Parts]] = {
    **{f"{key}_{short}": {f"{name}{side}": 1.0} for key, name in _EACH_SIDE.items() for short, side in _SIDES},
    **{f"{key}_{short}": {name: 1.0} for key, name in _BOTH_SIDES.items() for short, _ in _SIDES},
    **{key: {name: 1.0} for key, name in _SINGLE.items()},
}

CHARACTER_CREATOR: Final = Convention("Character Creator", table_of(_SHAPES))
