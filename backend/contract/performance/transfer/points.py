"""Points of a face that are picked on a head, or proposed: the landmarks that say most of its proportions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

POINTS: Final[Mapping[int, str]] = {
    33: "Right Eye Outer Corner",
    133: "Right Eye Inner Corner",
    159: "Right Upper Lid",
    145: "Right Lower Lid",
    263: "Left Eye Outer Corner",
    362: "Left Eye Inner Corner",
    386: "Left Upper Lid",
    374: "Left Lower Lid",
    105: "Right Brow",
    334: "Left Brow",
    168: "Nose Root",
    1: "Nose Tip",
    2: "Under the Nose",
    129: "Right Nostril Wing",
    358: "Left Nostril Wing",
    78: "Right Mouth Corner",
    308: "Left Mouth Corner",
    0: "Upper Lip Top Edge",
    13: "Upper Lip Bottom Edge",
    14: "Lower Lip Top Edge",
    17: "Lower Lip Bottom Edge",
    152: "Chin Bottom",
    234: "Right Ear Front",
    454: "Left Ear Front",
}
"""MediaPipe's landmark -> its name for people; left and right are the character's own. Lids and brows: their middle."""

NEEDED: Final = (33, 133, 263, 362, 78, 308, 0, 17, 1, 152)
"""Points without which nothing is made."""
