"""MetaHuman's face controls for ARKit's channels, as the curves ``CTRL_expressions_*`` that an animation holds.

Weights are those of Unreal's pose asset `mh_arkit_mapping_pose` for 51 channels, against its pose *Default*; what its
authors left in other poses (``browLateralL`` of 0.03, ``tongueRight`` of 0.07, ``mouthDimpleR`` of 0.003) is no part of
them. The asset has nothing for `mouthClose`: closed lips over an open jaw are `mouthLipsTogether` on the face board.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "CTRL_expressions_"


def _sides(names: str, factor: float = 1.0) -> dict[str, float]:
    """Return controls with the same factor: each name with ``L`` and ``R``."""
    return {f"{name}{side}": factor for name in names.split() for side in "LR"}


def _quarters(name: str, factor: float = 1.0) -> dict[str, float]:
    """Return the four controls of upper and lower lip, left and right."""
    return _sides(f"{name}U {name}D", factor)


_EACH_SIDE: Final = {
    "eyeBlink": "eyeBlink", "eyeLookDown": "eyeLookDown", "eyeLookUp": "eyeLookUp", "eyeSquint": "eyeSquintInner",
    "eyeWide": "eyeWiden", "mouthSmile": "mouthCornerPull", "mouthFrown": "mouthCornerDepress",
    "mouthDimple": "mouthDimple", "mouthStretch": "mouthStretch", "mouthPress": "mouthPressU mouthPressD",
    "mouthLowerDown": "mouthLowerLipDepress", "mouthUpperUp": "mouthUpperLipRaise", "browDown": "browDown",
    "browOuterUp": "browRaiseIn browRaiseOuter", "cheekSquint": "eyeCheekRaise", "noseSneer": "noseWrinkle",
}  # fmt: skip
"""Start of a channel -> starts of the controls, where both halves are alike."""

EXPRESSIONS: Final[Mapping[str, Mapping[str, float]]] = {
    **{
        f"{channel}{side}": {f"{control}{side[0]}": 1.0 for control in controls.split()}
        for channel, controls in _EACH_SIDE.items()
        for side in ("Left", "Right")
    },
    # The controls of gaze name the direction and then the eye: inwards is right for the left eye.
    "eyeLookInLeft": {"eyeLookRightL": 1.0},
    "eyeLookOutLeft": {"eyeLookLeftL": 1.0},
    "eyeLookInRight": {"eyeLookLeftR": 1.0},
    "eyeLookOutRight": {"eyeLookRightR": 1.0},
    "jawForward": {"jawFwd": 0.9986},
    "jawLeft": {"jawLeft": 1.0},
    "jawRight": {"jawRight": 1.0},
    "jawOpen": {"jawOpen": 1.0},
    "mouthClose": _quarters("mouthLipsTogether"),
    "mouthFunnel": _quarters("mouthFunnel"),
    "mouthPucker": {
        **_quarters("mouthLipsPurse"),
        **_quarters("mouthLipsTowards", 0.4122),
        **_quarters("mouthFunnel", 0.7519),
    },
    "mouthLeft": {"mouthLeft": 1.0},
    "mouthRight": {"mouthRight": 1.0},
    "mouthRollLower": {**_sides("mouthLowerLipRollIn"), **_sides("mouthUpperLipRollIn", 0.4988)},
    "mouthRollUpper": _sides("mouthUpperLipRollIn", 0.9976),
    "mouthShrugLower": _sides("jawChinRaiseD"),
    "mouthShrugUpper": _sides("jawChinRaiseU"),
    "browInnerUp": _sides("browLateral browRaiseIn"),
    "cheekPuff": _sides("mouthCheekBlow mouthLipsBlow"),
    "tongueOut": {"tongueOut": 0.7689, "tongueDown": 0.826, "tongueWide": 0.6278, "tongueRollDown": 0.2473},
}
"""Channel -> control without `PREFIX` -> its value where the channel is 1."""

CONTROLS: Final = tuple(sorted({control for parts in EXPRESSIONS.values() for control in parts}))
"""All controls that some channel moves."""
