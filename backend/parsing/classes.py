"""Numbers, names and colours of the 19 classes, as zllrunning/face-parsing.PyTorch trained them on CelebAMask-HQ.

Only the numbers that the engine asks for have names of their own. Left and right are the subject's: in that project's
sample picture the brow at the right of the picture has number 2.
"""

from __future__ import annotations

from typing import Final

BACKGROUND: Final = 0
SKIN: Final = 1
LEFT_BROW: Final = 2
RIGHT_BROW: Final = 3
LEFT_EYE: Final = 4
RIGHT_EYE: Final = 5
GLASSES: Final = 6
LEFT_EAR: Final = 7
RIGHT_EAR: Final = 8
NOSE: Final = 10
MOUTH: Final = 11
UPPER_LIP: Final = 12
LOWER_LIP: Final = 13
NECK: Final = 14
NECKLACE: Final = 15
CLOTH: Final = 16
HAIR: Final = 17

NAMES: Final = (
    "background", "skin", "left brow", "right brow", "left eye", "right eye", "glasses", "left ear", "right ear",
    "earring", "nose", "mouth", "upper lip", "lower lip", "neck", "necklace", "cloth", "hair", "hat",
)  # fmt: skip

COLOURS: Final = (
    (0, 0, 0), (229, 172, 140), (120, 72, 32), (160, 104, 56), (60, 140, 220), (40, 100, 180), (90, 90, 90),
    (220, 120, 90), (200, 100, 70), (250, 220, 60), (245, 200, 160), (120, 20, 40), (220, 60, 80), (190, 40, 70),
    (205, 145, 115), (240, 210, 90), (70, 110, 90), (70, 45, 35), (110, 70, 160),
)  # fmt: skip
"""A colour per class (RGB) for pictures to look at."""

FACE: Final = (SKIN, LEFT_BROW, RIGHT_BROW, LEFT_EYE, RIGHT_EYE, GLASSES, NOSE, UPPER_LIP, LOWER_LIP)
"""What counts as face where colours are compared, after the research tracker's mask."""
