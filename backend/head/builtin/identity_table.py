"""The named identity modes: what one standard deviation does.

Anchors are places of the left half or the middle (x, y, z mm), a displacement (mm; x outwards), a reach (standard
deviation of the Gaussian, mm) and 1 for the same on the other side or -1 for the opposite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Triple = tuple[float, float, float]
Anchor = tuple[Triple, Triple, float, float]

_CENTRE: Final = (0.0, 0.01, -0.04)

AFFINE: Final[Mapping[str, tuple[tuple[Triple, Triple, Triple], Triple]]] = {
    "head_size": (((0.030, 0, 0), (0, 0.030, 0), (0, 0, 0.030)), _CENTRE),
    "head_width": (((0.036, 0, 0), (0, -0.004, 0), (0, 0, -0.006)), _CENTRE),
    "head_height": (((-0.004, 0, 0), (0, 0.034, 0), (0, 0, -0.004)), _CENTRE),
    "head_depth": (((-0.006, 0, 0), (0, -0.004, 0), (0, 0, 0.034)), _CENTRE),
    "face_slope": (((0, 0, 0), (0, 0, 0), (0, 0.030, 0)), (0.0, 0.01, 0.03)),
}
"""Linear maps (rows of the matrix) about a centre."""

LOCAL: Final[Mapping[str, tuple[Anchor, ...]]] = {
    "face_height": (((0, -85, 45), (0, -3.6, 0), 40, 1), ((0, -35, 70), (0, -1.2, 0), 22, 1)),
    "jaw_width": (((58, -50, 0), (3.4, 0, 0), 26, 1),),
    "jaw_angle": (((60, -42, -15), (1.0, -3.4, -1.0), 22, 1),),
    "chin_forward": (((0, -78, 55), (0, 0, 3.4), 20, 1),),
    "chin_width": (((16, -84, 48), (2.6, 0, 0), 14, 1),),
    "chin_height": (((0, -88, 48), (0, -2.6, 0.4), 15, 1),),
    "double_chin": (((0, -88, 15), (0, -4.0, 1.0), 24, 1), ((45, -60, 10), (1.8, -1.0, 0), 22, 1)),
    "cheek_fullness": (((46, -28, 38), (2.6, 0, 1.8), 18, 1),),
    "cheekbones": (((52, 2, 30), (2.4, 0.8, 1.2), 15, 1),),
    "temples": (((62, 45, 15), (2.4, 0, 0), 22, 1),),
    "forehead_slope": (((0, 75, 35), (0, 0, -4.0), 28, 1), ((0, 36, 48), (0, 0, 0.9), 16, 1)),
    "forehead_height": (((0, 72, 35), (0, 3.4, 0), 30, 1),),
    "brow_ridge": (((20, 37, 50), (0, 0, 2.2), 11, 1), ((0, 32, 53), (0, 0, 1.2), 9, 1)),
    "brow_height": (((28, 40, 48), (0, 1.8, 0), 12, 1),),
    "eye_distance": (((31.5, 23, 28), (1.6, 0, 0), 17, 1),),
    "eye_height": (((31.5, 23, 28), (0, 1.4, 0), 18, 1),),
    "eye_depth": (((31.5, 23, 28), (0, 0, 1.6), 17, 1),),
    "nose_length": (((0, -10, 72), (0, -2.4, 0.2), 13, 1),),
    "nose_width": (((17, -14, 60), (1.8, 0, 0), 9, 1),),
    "nose_projection": (((0, -8, 76), (0, 0.2, 2.4), 13, 1),),
    "nose_bridge": (((0, 14, 58), (0, 0, 2.0), 11, 1),),
    "nose_bridge_width": (((8, 6, 56), (1.2, 0, 0), 9, 1),),
    "nose_tip_up": (((0, -12, 75), (0, 1.8, 0.4), 9, 1), ((0, -16, 64), (0, 0.8, 0), 9, 1)),
    "nose_hump": (((0, 6, 65), (0, 0, 1.4), 8, 1),),
    "mouth_width": (((25, -44, 39), (2.0, 0, -0.2), 11, 1),),
    "mouth_height": (((0, -43, 52), (0, 1.6, 0), 17, 1),),
    "mouth_forward": (((0, -43, 52), (0, 0, 2.0), 18, 1),),
    "upper_lip_fullness": (((8, -37, 56), (0, 0.9, 1.0), 6, 1),),
    "lower_lip_fullness": (((7, -51, 54), (0, -1.0, 1.0), 6.5, 1),),
    "philtrum_length": (((0, -26, 58), (0, 1.2, 0), 11, 1), ((0, -43, 53), (0, -0.8, 0), 12, 1)),
    "ear_size": (((78, 28, -50), (1.0, 2.6, -1.0), 20, 1), ((72, -16, -38), (0.4, -1.8, 0), 16, 1)),
    "ear_flare": (((86, 12, -60), (3.2, 0, 0), 20, 1),),
    "ear_height": (((76, 5, -46), (0, 2.4, 0), 26, 1),),
    "neck_width": (((55, -135, -60), (4.0, 0, 0), 45, 1), ((0, -135, -15), (0, 0, 2.0), 40, 1), ((0, -120, -115),
        (0, 0, -2.4), 40, 1)),
    "neck_length": (((0, -200, -65), (0, -5.0, 0), 60, 1),),
    "occiput": (((0, 25, -145), (0, 0, -4.5), 38, 1),),
    "crown": (((0, 125, -70), (0, 4.0, 0), 45, 1),),
    "parietal_width": (((75, 60, -80), (2.8, 0, 0), 38, 1),),
    "adams_apple": (((0, -110, -8), (0, 0, 1.6), 12, 1),),
    "jaw_skew": (((0, -75, 45), (1.6, 0, 0), 34, 1),),
    "nose_skew": (((0, -8, 72), (1.0, 0, 0), 12, 1),),
    "eyes_uneven": (((31.5, 23, 28), (0, 0.8, 0), 17, -1),),
    "cheeks_uneven": (((50, -30, 30), (1.4, 0, 0.8), 24, -1),),
}  # fmt: skip
