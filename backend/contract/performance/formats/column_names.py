"""Columns of files of performances: Live Link Face's own order, and the channel that another spelling stands for."""

from __future__ import annotations

import re
from typing import Final

from ..channels import CHANNELS

HEADER_START: Final = ("Timecode", "BlendshapeCount")
"""First two columns of Live Link Face; takes of 2021 spell the second with a capital S."""
_SWAPPED: Final = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
SHAPE_COLUMNS: Final = tuple(name[0].upper() + name[1:] for name in (_SWAPPED.get(each, each) for each in CHANNELS))
"""The 52 shapes in the order of the app's files, in which the right comes before the left of jaw and mouth."""
HEAD_COLUMNS: Final = ("HeadYaw", "HeadPitch", "HeadRoll")
EYE_COLUMNS: Final = tuple(f"{side}Eye{axis}" for side in ("Left", "Right") for axis in ("Yaw", "Pitch", "Roll"))
HEADER: Final = (*HEADER_START, *SHAPE_COLUMNS, *HEAD_COLUMNS, *EYE_COLUMNS)
"""The 63 columns of Live Link Face."""
COUNT: Final = len(HEADER) - len(HEADER_START)
"""Numbers of a row, which the row itself says."""

_CHANNEL_OF: Final = {channel.lower(): channel for channel in CHANNELS}
_SIDE: Final = re.compile(r"[._\s-](l|r)$", re.IGNORECASE)


def channel_of_column(name: str) -> str | None:
    """Return the channel that a column stands for, whatever its case and with ``_L`` for ``Left``; None for others."""
    name = _SIDE.sub(lambda side: "Left" if side[1] in "lL" else "Right", name.strip())
    return _CHANNEL_OF.get(re.sub(r"[._\s-]", "", name).lower())
