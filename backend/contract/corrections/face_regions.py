"""Landmarks of the face's regions, as they can be left out: each of MediaPipe's 478 belongs to one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..names import LANDMARKS
from .corrections import FACE_REGIONS

_LISTED: Final = {
    "brows": (
        46, 52, 53, 55, 63, 65, 66, 70, 105, 107, 276, 282, 283, 285, 293, 295, 296, 300, 334, 336,
    ),
    "left eye": (
        249, 252, 253, 254, 255, 256, 257, 258, 259, 260, 261, 263, 265, 286, 339, 341, 342, 348, 349, 350, 353, 357,
        359, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 413, 414, 441, 442, 443, 444, 445, 446,
        448, 449, 450, 451, 452, 453, 463, 464, 466, 467, 473, 474, 475, 476, 477,
    ),
    "right eye": (
        7, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 33, 35, 56, 110, 112, 113, 119, 120, 121, 124, 128, 130, 133, 144,
        145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 189, 190, 221, 222, 223, 224, 225, 226, 228, 229, 230,
        231, 232, 233, 243, 244, 246, 247, 468, 469, 470, 471, 472,
    ),
    "nose": (
        1, 2, 3, 4, 5, 6, 19, 20, 44, 45, 47, 48, 49, 51, 59, 60, 64, 75, 79, 94, 97, 98, 99, 102, 114, 115, 122, 125,
        126, 129, 131, 134, 141, 166, 168, 174, 188, 193, 195, 196, 197, 198, 209, 217, 218, 219, 220, 235, 236, 237,
        238, 239, 240, 241, 242, 245, 248, 250, 274, 275, 277, 278, 279, 281, 289, 290, 294, 305, 309, 326, 327, 328,
        331, 343, 344, 351, 354, 355, 358, 360, 363, 370, 392, 399, 412, 417, 419, 420, 429, 437, 438, 439, 440, 455,
        456, 457, 458, 459, 460, 461, 462, 465,
    ),
    "mouth": (
        0, 11, 12, 13, 14, 15, 16, 17, 18, 37, 38, 39, 40, 41, 42, 43, 57, 61, 62, 72, 73, 74, 76, 77, 78, 80, 81, 82,
        83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 95, 96, 106, 146, 164, 165, 167, 178, 179, 180, 181, 182, 183, 184, 185,
        186, 191, 204, 206, 267, 268, 269, 270, 271, 272, 273, 287, 291, 292, 302, 303, 304, 306, 307, 308, 310, 311,
        312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 322, 324, 325, 335, 375, 391, 393, 402, 403, 404, 405, 406,
        407, 408, 409, 410, 415, 424, 426,
    ),
    "jaw line": (
        32, 58, 93, 116, 123, 132, 135, 136, 137, 138, 140, 147, 148, 149, 150, 152, 169, 170, 171, 172, 175, 176, 177,
        192, 194, 199, 200, 201, 208, 210, 211, 213, 214, 215, 227, 234, 262, 288, 323, 345, 352, 361, 364, 365, 366,
        367, 369, 376, 377, 378, 379, 394, 395, 396, 397, 400, 401, 416, 418, 421, 428, 430, 431, 433, 434, 435, 447,
        454,
    ),
    "forehead": (
        8, 9, 10, 21, 54, 67, 68, 69, 71, 103, 104, 108, 109, 151, 251, 284, 297, 298, 299, 301, 332, 333, 337, 338,
    ),
}  # fmt: skip
"""By where they lie on the built-in head at rest: regions of its vertices, and what is near to these. The cheeks have
the rest."""


def landmarks_of(regions: Collection[str]) -> NDArray[np.bool_]:
    """Return which landmarks (478,) belong to any of these members of `FACE_REGIONS`."""
    chosen = np.zeros(LANDMARKS, dtype=bool)
    for name in regions:
        chosen |= _of_region(name)
    return chosen


def _of_region(name: str) -> NDArray[np.bool_]:
    assert name in FACE_REGIONS
    result = np.zeros(LANDMARKS, dtype=bool)
    if name in _LISTED:
        result[list(_LISTED[name])] = True
    else:
        result[[index for listed in _LISTED.values() for index in listed]] = True
        result = ~result
    return result
