"""Landmarks of the lower lip in MediaPipe's face mesh, so that they never land on the upper one."""

from __future__ import annotations

from typing import Final

UPPER_LIP: Final = (
    0, 11, 12, 13, 37, 38, 39, 40, 41, 42, 72, 73, 74, 80, 81, 82, 183, 184, 185, 191,
    267, 268, 269, 270, 271, 272, 302, 303, 304, 310, 311, 312, 407, 408, 409, 415,
)  # fmt: skip
LOWER_LIP: Final = (
    14, 15, 16, 17, 77, 84, 85, 86, 87, 88, 89, 90, 91, 95, 96, 146, 178, 179, 180, 181,
    307, 314, 315, 316, 317, 318, 319, 320, 321, 324, 325, 375, 402, 403, 404, 405,
)  # fmt: skip
"""The four rows from the slit to the border of each lip, without the corners of the mouth (the mesh's connections)."""
