"""The inner loop of `colours`: stored codes to RGB of standard range. Apart from it, as compiling takes a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..system.compiled import compiled


@compiled
def standard_pixels(
    codes: NDArray[np.uint16],
    light_of_code: NDArray[np.float32],
    matrix: NDArray[np.float32],
    knee: float,
    peak: float,
    code_of_light: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return RGB uint8 (H, W, 3).

    Args:
        codes: As stored (H, W, 3), indices into `light_of_code`.
        light_of_code: Light of each code, 1 being white.
        matrix: From the light of the footage's primaries to BT.709's (3, 3).
        knee: Light that stays as it is; brighter light is pressed together.
        peak: Light that becomes white; nothing is pressed where it is 1.
        code_of_light: Codes of standard range by the square root of the light, 0..1, in even steps.
    """
    height, width = codes.shape[:2]
    result = np.empty((height, width, 3), np.uint8)
    steps = len(code_of_light) - 1
    most = (peak - knee) / (1 - knee)
    for y in range(height):
        for x in range(width):
            red = light_of_code[codes[y, x, 0]]
            green = light_of_code[codes[y, x, 1]]
            blue = light_of_code[codes[y, x, 2]]
            r = matrix[0, 0] * red + matrix[0, 1] * green + matrix[0, 2] * blue
            g = matrix[1, 0] * red + matrix[1, 1] * green + matrix[1, 2] * blue
            b = matrix[2, 0] * red + matrix[2, 1] * green + matrix[2, 2] * blue
            brightest = max(r, g, b)
            if peak > 1 and brightest > knee:
                over = (brightest - knee) / (1 - knee)
                scale = (knee + (1 - knee) * over * (1 + over / (most * most)) / (1 + over)) / brightest
                r, g, b = r * scale, g * scale, b * scale
            result[y, x, 0] = code_of_light[int(np.sqrt(min(max(r, 0.0), 1.0)) * steps + 0.5)]
            result[y, x, 1] = code_of_light[int(np.sqrt(min(max(g, 0.0), 1.0)) * steps + 0.5)]
            result[y, x, 2] = code_of_light[int(np.sqrt(min(max(b, 0.0), 1.0)) * steps + 0.5)]
    return result
