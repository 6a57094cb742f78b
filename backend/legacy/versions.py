"""The two versions of the research tracker's interface: how many coefficients they have, how wide they cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..landmarks.aligned_crop import VERSION_1_SCALE, VERSION_4_SCALE


@dataclass(frozen=True)
class Version:
    """What a version's dictionary holds.

    Attributes:
        shape_modes, expression_modes: Coefficients of identity and expression.
        crop_scale: How much wider than FFHQ's square the aligned picture is.
    """

    shape_modes: int
    expression_modes: int
    crop_scale: float


VERSION_1: Final = Version(100, 50, VERSION_1_SCALE)
VERSION_4: Final = Version(300, 100, VERSION_4_SCALE)
TEXTURE_MODES: Final = 50
"""Coefficients of the texture in both."""
RENDERED: Final = 256
"""Side of the rendered pictures in both."""
