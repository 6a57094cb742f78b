"""Unified Expressions, as avatars of VRChat spell them: shapes of each half and quarter, and those that join some.

Names: docs.vrcft.io (Unified Expressions) and PawlygonStudio/VRC-Facetracking, UEBlendshapes.md; what stands for a
channel of ARKit: benaclejames/VRCFaceTracking, UnifiedExpressions.cs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .convention import Convention, Parts, both_sides, table_of

_SIDES: Final = ("Left", "Right")
_QUARTERS: Final = tuple(f"{lip}{side}" for lip in ("Upper", "Lower") for side in _SIDES)


def _each_side(names: Mapping[str, Iterable[str]]) -> dict[str, Parts]:
    """Shapes of each side: start of a channel -> starts of its shapes."""
    return {
        f"{shape}{side}": {f"{channel}{side}": 1.0}
        for channel, shapes in names.items()
        for shape in shapes
        for side in _SIDES
    }


def _all(shapes: Iterable[str], channel: str) -> dict[str, Parts]:
    return {shape: {channel: 1.0} for shape in shapes}


_SHAPES: Final = {
    **_each_side(
        {
            "eyeBlink": ["EyeClosed"],
            "eyeLookDown": ["EyeLookDown"],
            "eyeLookUp": ["EyeLookUp"],
            "eyeLookIn": ["EyeLookIn"],
            "eyeLookOut": ["EyeLookOut"],
            "eyeSquint": ["EyeSquint"],
            "eyeWide": ["EyeWide"],
            "browDown": ["BrowLowerer", "BrowPinch"],
            "browOuterUp": ["BrowOuterUp"],
            "cheekSquint": ["CheekSquint"],
            "noseSneer": ["NoseSneer"],
            "mouthSmile": ["MouthCornerPull", "MouthCornerSlant"],
            "mouthFrown": ["MouthFrown"],
            "mouthDimple": ["MouthDimple"],
            "mouthStretch": ["MouthStretch"],
            "mouthPress": ["MouthPress"],
            "mouthLowerDown": ["MouthLowerDown"],
            "mouthUpperUp": ["MouthUpperUp"],
        }
    ),
    **_all(["BrowInnerUpLeft", "BrowInnerUpRight"], "browInnerUp"),
    **_all(["CheekPuffLeft", "CheekPuffRight"], "cheekPuff"),
    **_all(["JawOpen"], "jawOpen"),
    **_all(["JawForward"], "jawForward"),
    **_all(["JawLeft"], "jawLeft"),
    **_all(["JawRight"], "jawRight"),
    **_all(["MouthClosed"], "mouthClose"),
    **_all([f"LipFunnel{each}" for each in _QUARTERS], "mouthFunnel"),
    **_all([f"LipPucker{each}" for each in _QUARTERS], "mouthPucker"),
    **_all(["LipSuckUpperLeft", "LipSuckUpperRight"], "mouthRollUpper"),
    **_all(["LipSuckLowerLeft", "LipSuckLowerRight"], "mouthRollLower"),
    **_all(["MouthRaiserUpper"], "mouthShrugUpper"),
    **_all(["MouthRaiserLower"], "mouthShrugLower"),
    **_all(["MouthUpperLeft", "MouthLowerLeft"], "mouthLeft"),
    **_all(["MouthUpperRight", "MouthLowerRight"], "mouthRight"),
    **_all(["TongueOut"], "tongueOut"),
}
_JOINED: Final = {
    **_each_side({"browDown": ["BrowDown"], "mouthSmile": ["MouthSmile"], "mouthFrown": ["MouthSad"]}),
    **_all(["BrowInnerUp"], "browInnerUp"),
    **_all(["CheekPuff"], "cheekPuff"),
    **_all(["LipFunnelUpper", "LipFunnelLower"], "mouthFunnel"),
    **_all(["LipPuckerUpper", "LipPuckerLower"], "mouthPucker"),
    **_all(["LipSuckUpper"], "mouthRollUpper"),
    **_all(["LipSuckLower"], "mouthRollLower"),
    **_all(["MouthLeft"], "mouthLeft"),
    **_all(["MouthRight"], "mouthRight"),
    "EyeClosed": both_sides("eyeBlink"),
    "EyeWide": both_sides("eyeWide"),
    "EyeSquint": both_sides("eyeSquint"),
    "NoseSneer": both_sides("noseSneer"),
    "CheekSquint": both_sides("cheekSquint"),
    "BrowDown": both_sides("browDown"),
    "BrowOuterUp": both_sides("browOuterUp"),
    "MouthSmile": both_sides("mouthSmile"),
    "MouthDimple": both_sides("mouthDimple"),
    "MouthStretch": both_sides("mouthStretch"),
    "MouthPress": both_sides("mouthPress"),
    "MouthUpperUp": both_sides("mouthUpperUp"),
    "MouthLowerDown": both_sides("mouthLowerDown"),
}
_JOINED_MORE: Final = {**_all(["LipFunnel"], "mouthFunnel"), **_all(["LipPucker"], "mouthPucker")}

UNIFIED_EXPRESSIONS: Final = Convention("Unified Expressions", table_of(_SHAPES, _JOINED, _JOINED_MORE))
