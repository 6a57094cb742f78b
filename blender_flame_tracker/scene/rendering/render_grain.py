"""Grain of the footage: how strong in each channel, and how soft, measured where the picture is flat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 8
_MOST_BLOCKS: Final = 20_000
_FLAT: Final = 0.25
"""Share of the blocks that are taken for flat: those that vary least."""
_DARK, _BRIGHT = 0.03, 0.97
"""Values next to these are clipped, with their grain."""
_LEAST: Final = 64
"""Blocks that must be neither dark nor bright."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grain:
    """Grain of footage, as its file stores values: 0 to 1, gamma-encoded.

    Attributes:
        deviation: Standard deviation of red, green and blue.
        softness: Share of Blender's filter *Soften* that makes white noise as soft.
        width, height: Of the rendered picture, pixels.
    """

    deviation: tuple[float, float, float]
    softness: float
    width: int
    height: int

    @property
    def softened(self) -> float:
        """Factor by which the filter lowers the deviation of white noise."""
        return float(np.sqrt((_kernel(self.softness) ** 2).sum()))

    def times(self, factor: float) -> Grain:
        """Return more or less of it."""
        red, green, blue = self.deviation
        return replace(self, deviation=(red * factor, green * factor, blue * factor))


def grain_of_footage(clip: bpy.types.MovieClip, width: int, height: int) -> Grain | None:
    """Measure the grain on the first frame of a clip; None where it can't be read or is nowhere flat.

    Args:
        clip: The footage.
        width, height: Of the picture that gets the grain, pixels.
    """
    pixels = _first_frame(Path(bpy.path.abspath(clip.filepath, library=clip.library)))
    found = None if pixels is None else measured(pixels)
    return None if found is None else Grain(*found, width, height)


def measured(pixels: Array) -> tuple[tuple[float, float, float], float] | None:
    """Return deviation and softness of a picture's grain.

    The picture is cut into blocks, from each of which its slope is taken off. Of the blocks that are not clipped the
    quarter that varies least shows grain alone.

    Args:
        pixels: (H, W, 3), 0 to 1, gamma-encoded.
    """
    blocks = _blocks(pixels)
    level = blocks.mean(axis=(1, 2))
    blocks = blocks[((level > _DARK) & (level < _BRIGHT)).all(axis=1)]
    if len(blocks) < _LEAST:
        return None
    rest = _without_slope(blocks)
    # Three numbers of every block went into its slope.
    free = _BLOCK * _BLOCK - 3
    deviation = np.sqrt((rest**2).sum(axis=(1, 2)) / free)
    order = np.argsort(deviation.mean(axis=1))
    flat = order[: max(_LEAST // 2, int(_FLAT * len(order)))]
    red, green, blue = (float(each) for each in np.sqrt((deviation[flat] ** 2).mean(axis=0)))
    rest = rest[flat]
    together = (rest[:, :, 1:] * rest[:, :, :-1]).mean() + (rest[:, 1:] * rest[:, :-1]).mean()
    likeness = float(together / 2 / max((rest**2).mean(), 1e-12))
    return (red, green, blue), softness_for(likeness)


def softness_for(likeness: float) -> float:
    """Return the share of *Soften* after which neighbours in white noise are so alike (correlation, 0 to 2/3)."""
    shares = np.linspace(0, 1, 101)
    return float(np.interp(likeness, [_likeness(_kernel(share)) for share in shares], shares))


def _kernel(share: float) -> Array:
    """Weights (3, 3) of Blender's filter *Soften* at a share of it."""
    line = np.array([1.0, 2.0, 1.0]) / 4
    alone = np.zeros((3, 3))
    alone[1, 1] = 1.0
    return np.asarray((1 - share) * alone + share * np.outer(line, line))


def _likeness(kernel: Array) -> float:
    """Correlation of neighbours in white noise after a filter."""
    return float((kernel[:, 1:] * kernel[:, :-1]).sum() / (kernel**2).sum())


def _blocks(pixels: Array) -> Array:
    """Blocks (B, 8, 8, 3) from all over a picture (H, W, 3), at most `_MOST_BLOCKS`."""
    rows, columns = pixels.shape[0] // _BLOCK, pixels.shape[1] // _BLOCK
    cut = pixels[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK, 3)
    blocks = cut.transpose(0, 2, 1, 3, 4).reshape(-1, _BLOCK, _BLOCK, 3)
    return blocks[:: max(1, -(-len(blocks) // _MOST_BLOCKS))]


def _without_slope(blocks: Array) -> Array:
    """Blocks less the plane that fits each of them best."""
    across = np.arange(_BLOCK) - (_BLOCK - 1) / 2
    length = (across**2).sum() * _BLOCK
    along_x = (blocks * across[None, None, :, None]).sum(axis=(1, 2), keepdims=True) / length
    along_y = (blocks * across[None, :, None, None]).sum(axis=(1, 2), keepdims=True) / length
    plane = along_x * across[None, None, :, None] + along_y * across[None, :, None, None]
    return np.asarray(blocks - blocks.mean(axis=(1, 2), keepdims=True) - plane)


def _first_frame(path: Path) -> Array | None:
    """First frame of a video, or a picture, as its file stores it (H, W, 3); None where Blender can't read it."""
    try:
        image: Any = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        return None
    try:
        width, height = image.size
        if min(width, height) < _BLOCK or image.channels < 3:
            return None
        values = np.empty(width * height * image.channels, dtype=np.float32)
        image.pixels.foreach_get(values)
    except RuntimeError:
        return None
    finally:
        bpy.data.images.remove(image)
    pixels = values.reshape(height, width, -1)[..., :3].astype(np.float64)
    return pixels if pixels.max() <= 1.0 else np.clip(pixels, 0, 1) ** (1 / 2.2)  # Linear pictures of film scanners.
