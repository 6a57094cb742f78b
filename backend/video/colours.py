"""Frames as RGB of standard range, which the networks, the texture and Blender's scene expect.

Most footage is stored like that (BT.709, BT.601): FFmpeg's scaler applies the matrix and the range that the file
states. Phones and cinema cameras also write high dynamic range (the transfer curves HLG and PQ of ITU-R BT.2100) and
wider primaries (BT.2020, Display P3); shown as they are stored they look dull and dark, and skin gets a wrong colour.

* HLG: the light of the scene by the inverse of its OETF (ITU-R BT.2100-2, table 5). 75 % of it are the white of
  standard range (ITU-R BT.2408-7, 2.1). The system gamma of HLG displays is left out, as it is for standard range.
* PQ: the light of the display by its EOTF (table 4 there); 203 cd/m2 are white (BT.2408-7, 2.1).
* Light beyond `KNEE` is pressed together up to that of the brightest highlights, R, G and B by one factor, so that
  hues stay (Reinhard et al. 2002, equation 4, from the knee on).
* Primaries by their chromaticities (BT.709-6, BT.2020-2, SMPTE EG 432-1); light is stored by the curve of sRGB.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import av
import av.error
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

from ..contract.arrays import Floats, Picture, Singles
from ..system.pictures import srgb_code, srgb_light

CURVES: Final = {ColorTrc.ARIB_STD_B67: "HLG", ColorTrc.SMPTE2084: "PQ"}
"""Transfer curves of high dynamic range, by the names that people know."""

HLG_WHITE: Final = 0.75
"""Code of HLG that is the white of standard range."""

PQ_WHITE: Final = 203.0
"""The same for PQ: light in cd/m2."""

PQ_PEAK: Final = 1000.0
"""Light in cd/m2 of the brightest highlights, which become white; films are graded for this or little more."""

KNEE: Final = 0.9
"""Share of white from which light is pressed together."""

_LEVELS: Final = 1 << 12
"""Codes that are told apart: no camera writes more than 12 bits."""

_D65: Final = (0.3127, 0.3290)
_BT709: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_WIDE: Final = {
    ColorPrimaries.BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    ColorPrimaries.SMPTE432: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""Chromaticities (x, y) of red, green and blue, white being D65."""

_UNSPECIFIED: Final = 2
_BT2020: Final = 9
_BT2020_CONSTANT: Final = 10
"""Numbers of matrices in ITU-T H.273, table 4."""


def high_range(frame: av.VideoFrame) -> str:
    """Return ``HLG`` or ``PQ``, or nothing for a frame of standard range."""
    return next((name for curve, name in CURVES.items() if frame.color_trc == curve), "")


def standard_rgb(frame: av.VideoFrame) -> Picture:
    """Return a frame as RGB uint8 (H, W, 3) of standard range with the primaries of BT.709.

    Raises:
        av.error.FFmpegError: Its format cannot be converted.
    """
    curve, primaries = high_range(frame), _primaries(frame)
    if not curve and primaries is None:
        return _converted(frame, "rgb24")
    from .colour_kernel import standard_pixels

    return standard_pixels(
        _converted(frame, "rgb48le") >> 4,
        _light_of_code(curve),
        _to_bt709(primaries),
        KNEE,
        _peak(curve),
        _code_of_light(),
    )


def _converted(frame: av.VideoFrame, layout: str) -> NDArray[Any]:
    try:
        return np.asarray(frame.to_ndarray(format=layout))
    except (av.error.FFmpegError, OSError):
        # A matrix that FFmpeg's scaler has not: that of constant luminance differs little, others are rare.
        frame.colorspace = _BT2020 if frame.colorspace == _BT2020_CONSTANT else _UNSPECIFIED
        return np.asarray(frame.to_ndarray(format=layout))


def _primaries(frame: av.VideoFrame) -> ColorPrimaries | None:
    """Primaries other than BT.709's; high dynamic range that does not state its own has those of BT.2020."""
    primaries = next((each for each in _WIDE if frame.color_primaries == each), None)
    if primaries is None and high_range(frame) and frame.color_primaries == ColorPrimaries.UNSPECIFIED:
        return ColorPrimaries.BT2020
    return primaries


@functools.cache
def _light_of_code(curve: str) -> Singles:
    """Light of each code, 1 being the white of standard range."""
    code = np.linspace(0.0, 1.0, _LEVELS)
    light = {"HLG": _hlg_light, "PQ": _pq_light}.get(curve, srgb_light)(code)
    return light.astype(np.float32)


def _hlg_light(code: Floats) -> Floats:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    white = (np.exp((HLG_WHITE - c) / a) + b) / 12
    return scene / white


def _pq_light(code: Floats) -> Floats:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = code ** (1 / m2)
    return 10_000 / PQ_WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _peak(curve: str) -> float:
    """Light that becomes white, 1 where nothing is brighter."""
    return {"HLG": float(_light_of_code("HLG")[-1]), "PQ": PQ_PEAK / PQ_WHITE}.get(curve, 1.0)


@functools.cache
def _code_of_light() -> NDArray[np.uint8]:
    """Codes of standard range by the square root of the light."""
    return np.rint(255 * srgb_code(np.linspace(0.0, 1.0, _LEVELS) ** 2)).astype(np.uint8)


@functools.cache
def _to_bt709(primaries: ColorPrimaries | None) -> Singles:
    """Matrix (3, 3) from light of these primaries to that of BT.709."""
    if primaries is None:
        return np.eye(3, dtype=np.float32)
    return (np.linalg.inv(_to_xyz(_BT709)) @ _to_xyz(_WIDE[primaries])).astype(np.float32)


def _to_xyz(chromaticities: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Matrix (3, 3) from R, G and B to CIE XYZ (SMPTE RP 177)."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in chromaticities]).T
    white = np.array([_D65[0] / _D65[1], 1.0, (1 - _D65[0] - _D65[1]) / _D65[1]])
    return columns * np.linalg.solve(columns, white)
