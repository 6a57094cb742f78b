"""Parts of the head that a drag may move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PinPart:
    """What a drag moves.

    Attributes:
        label: For people.
        help: What it does, for the tooltip.
        moves: What `solve_frame` may move.
        key: Key of the keyboard that chooses it within the tool.
        icon: Blender's.
    """

    label: str
    help: str
    moves: frozenset[str]
    key: str
    icon: str


HEAD: Final = "head"
PIN_PARTS: Final = {
    HEAD: PinPart("Whole Head", "Move, turn and push the head; the face stays", frozenset({"head"}), "ONE", "USER"),
    "jaw": PinPart("Jaw", "Open, close and shift the jaw", frozenset({"jaw"}), "TWO", "TRIA_DOWN_BAR"),
    "left_lid": PinPart("Left Lid", "Lids of the subject's left eye", frozenset({"left lid"}), "THREE", "TRIA_RIGHT"),
    "right_lid": PinPart("Right Lid", "Lids of the subject's right eye", frozenset({"right lid"}), "FOUR", "TRIA_LEFT"),
    "gaze": PinPart("Gaze", "Where the eyes look: drag an iris", frozenset({"gaze"}), "FIVE", "HIDE_OFF"),
    "expression": PinPart(
        "Expression", "The face, as the head's expressions allow", frozenset({"expression"}), "SIX", "MONKEY"
    ),
}
"""Identifier of the choice in Blender -> part, in the order in which it is offered."""
KEYS: Final = {part.key: name for name, part in PIN_PARTS.items()}
