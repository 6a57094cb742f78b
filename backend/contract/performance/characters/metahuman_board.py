"""MetaHuman on a character: keys named as its expressions, and the face board's controls.

A control's value is its bone's location, of which x is 0 and y is 1. Signs: poses of the face board of
poly-hammer/meta-human-dna-addon (visemes and expressions); gaze, jaw and mouth aside as two Maya scripts drive the same
board (Audio2Face's bridge of NVIDIA, and one from ARKit): the eyes and the mouth go to the subject's left with +x, the
jaw with -x; jaw forwards and tongue out are -y.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .convention import Convention, Entry
from .facts import ArmatureFacts
from .mapping import ControlTarget
from .metahuman import CONTROLS, EXPRESSIONS, PREFIX
from .spellings import plain

_X: Final = 0
_Y: Final = 1
_OF_SIDE: Final = {
    "eyeBlink": ("eye_blink", _Y, 1), "eyeWiden": ("eye_blink", _Y, -1),
    "eyeLookUp": ("eye", _Y, 1), "eyeLookDown": ("eye", _Y, -1),
    "eyeLookLeft": ("eye", _X, 1), "eyeLookRight": ("eye", _X, -1),
    "eyeSquintInner": ("eye_squintInner", _Y, 1), "eyeCheekRaise": ("eye_cheekRaise", _Y, 1),
    "browDown": ("brow_down", _Y, 1), "browLateral": ("brow_lateral", _Y, 1), "browRaiseIn": ("brow_raiseIn", _Y, 1),
    "browRaiseOuter": ("brow_raiseOut", _Y, 1), "noseWrinkle": ("nose", _Y, 1),
    "mouthCornerPull": ("mouth_cornerPull", _Y, 1), "mouthCornerDepress": ("mouth_cornerDepress", _Y, 1),
    "mouthDimple": ("mouth_dimple", _Y, 1), "mouthStretch": ("mouth_stretch", _Y, 1),
    "mouthLowerLipDepress": ("mouth_lowerLipDepress", _Y, 1), "mouthUpperLipRaise": ("mouth_upperLipRaise", _Y, 1),
    "mouthPressU": ("mouth_pressU", _Y, 1), "mouthPressD": ("mouth_pressD", _Y, 1),
    "mouthFunnelU": ("mouth_funnelU", _Y, 1), "mouthFunnelD": ("mouth_funnelD", _Y, 1),
    "mouthLipsPurseU": ("mouth_purseU", _Y, 1), "mouthLipsPurseD": ("mouth_purseD", _Y, 1),
    "mouthLipsTowardsU": ("mouth_towardsU", _Y, 1), "mouthLipsTowardsD": ("mouth_towardsD", _Y, 1),
    "mouthLipsTogetherU": ("mouth_lipsTogetherU", _Y, 1), "mouthLipsTogetherD": ("mouth_lipsTogetherD", _Y, 1),
    "mouthLowerLipRollIn": ("mouth_lipsRollD", _Y, 1), "mouthUpperLipRollIn": ("mouth_lipsRollU", _Y, 1),
    "jawChinRaiseU": ("jaw_ChinRaiseU", _Y, 1), "jawChinRaiseD": ("jaw_ChinRaiseD", _Y, 1),
    "mouthCheekBlow": ("mouth_suckBlow", _Y, 1), "mouthLipsBlow": ("mouth_lipsBlow", _Y, 1),
}  # fmt: skip
"""Expression without its last letter, the side -> control without ``CTRL_L_``, its axis and sign."""
_OF_CENTRE: Final = {
    "jawOpen": ("CTRL_C_jaw", _Y, 1), "jawLeft": ("CTRL_C_jaw", _X, -1), "jawRight": ("CTRL_C_jaw", _X, 1),
    "jawFwd": ("CTRL_C_jaw_fwdBack", _Y, -1),
    "mouthLeft": ("CTRL_C_mouth", _X, 1), "mouthRight": ("CTRL_C_mouth", _X, -1),
    "tongueOut": ("CTRL_C_tongue_inOut", _Y, -1),
}  # fmt: skip
LEAST_CONTROLS: Final = 20
"""Controls of the table that an armature must have before it is a face board."""


def parts_of(expression: str) -> dict[str, float]:
    """Return the channels that an expression follows (KeyError where no channel moves it)."""
    parts = {channel: moved[expression] for channel, moved in EXPRESSIONS.items() if expression in moved}
    if not parts:
        raise KeyError(expression)
    return parts


METAHUMAN: Final = Convention(
    "MetaHuman",
    {plain(PREFIX + name): Entry(PREFIX + name, parts_of(name)) for name in CONTROLS},
)


def _control_of(expression: str) -> tuple[str, int, int] | None:
    """Bone of the face board, axis and sign of an expression; None for one that the board moves otherwise."""
    if expression in _OF_CENTRE:
        return _OF_CENTRE[expression]
    if expression[:-1] not in _OF_SIDE:
        return None
    name, axis, sign = _OF_SIDE[expression[:-1]]
    return f"CTRL_{expression[-1]}_{name}", axis, sign


def _board() -> Mapping[tuple[str, int], Mapping[str, float]]:
    """(Bone, axis) -> channels with factors."""
    board: dict[tuple[str, int], dict[str, float]] = {}
    for expression in CONTROLS:
        control = _control_of(expression)
        if control is not None:
            bone, axis, sign = control
            parts = board.setdefault((bone, axis), {})
            for channel, factor in parts_of(expression).items():
                parts[channel] = parts.get(channel, 0.0) + sign * factor
    return board


BOARD: Final = _board()


def is_board(armature: ArmatureFacts) -> bool:
    """Whether an armature is a face board."""
    names = {bone.name for bone in armature.bones}
    return len(names & {bone for bone, _ in BOARD}) >= LEAST_CONTROLS


def board_targets(armature: ArmatureFacts) -> Iterable[ControlTarget]:
    """Yield the targets of a face board: what is there of its controls."""
    names = {bone.name for bone in armature.bones}
    for (bone, axis), parts in BOARD.items():
        if bone in names:
            yield ControlTarget(armature.name, bone, "location", axis, dict(parts))
