"""Layers of a Blender mask as outlines: what its layers cover one upon the other, in Blender's order of compositing.

Blender goes through the layers from the first on, with nothing covered at the start; each adds what it covers, takes it
out, or keeps only that. Here what is covered is a union of outlines, each without others: what is taken out is taken
out of every one of them, and the outside of outlines is the whole picture without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Failure

ADDING: Final = ("MERGE_ADD", "ADD", "LIGHTEN")
"""Blend modes that are the same where nothing is half transparent."""
TAKING_OUT: Final = ("MERGE_SUBTRACT", "SUBTRACT")
KEEPING: Final = ("DARKEN", "MUL")
"""Modes that leave only what the layer covers, too."""
REPLACING: Final = "REPLACE"
MOST_WITH_HOLES: Final = 6
"""Outlines of a layer that make holes in each other: with each one more the outlines that say so are twice as many."""
_WHOLE_PICTURE: Final = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class Outline:
    """A closed outline of a mask over time.

    Attributes:
        name: Of its layer.
        frames: Of the scene (F,), increasing.
        corners: Shares of the picture, from top left (F, C, 2).
        without: Outlines whose insides are taken out of that of this one.
    """

    name: str
    frames: NDArray[np.int64]
    corners: NDArray[np.float64]
    without: tuple[Outline, ...] = ()


def layer_problem(mask_name: str, layer: Any, outlines: int) -> Failure | None:
    """Return why a layer can't be said in outlines, None where it can.

    Args:
        mask_name: Of the mask, for the sentence.
        layer: Of Blender's.
        outlines: How many closed ones it has.
    """
    if layer.blend not in (*ADDING, *TAKING_OUT, *KEEPING, REPLACING):
        return Failure(
            "mask-blend",
            f"The layer {layer.name} of the mask {mask_name} is blended by difference, which cannot be read.",
            "Choose Merge Add, Merge Subtract, Multiply or Replace, or hide the layer from renders.",
        )
    if layer.use_fill_holes and outlines > MOST_WITH_HOLES:
        return Failure(
            "mask-holes",
            f"The layer {layer.name} of the mask {mask_name} has {outlines} outlines with holes in each other.",
            f"Put them on several layers with {MOST_WITH_HOLES} outlines at most, or switch Calculate Holes off.",
        )
    return None


def covered(layers: Iterable[tuple[Any, Sequence[Outline]]], frames: NDArray[np.int64]) -> tuple[Outline, ...]:
    """Return what a mask covers.

    Args:
        layers: Those that are not hidden from renders, in the mask's order, with their outlines; without problems.
        frames: Of the scene.
    """
    result: tuple[Outline, ...] = ()
    for layer, outlines in layers:
        inside = _with_holes(outlines) if layer.use_fill_holes else tuple(outlines)
        everything = Outline(layer.name, frames, np.tile(np.array(_WHOLE_PICTURE), (len(frames), 1, 1)))
        outside = _taken_out((everything,), inside)
        of_layer, of_others = (outside, inside) if layer.invert else (inside, outside)
        if layer.blend in ADDING:
            result += of_layer
        elif layer.blend in TAKING_OUT:
            result = _taken_out(result, of_layer)
        elif layer.blend in KEEPING:
            result = _taken_out(result, of_others)
        else:
            result = of_layer
    return result


def _taken_out(outlines: tuple[Outline, ...], without: tuple[Outline, ...]) -> tuple[Outline, ...]:
    return tuple(replace(each, without=(*each.without, *without)) for each in outlines)


def _with_holes(outlines: Sequence[Outline]) -> tuple[Outline, ...]:
    """Return where an odd number of outlines lies over each other."""
    result: tuple[Outline, ...] = ()
    for each in outlines:
        result = (*_taken_out(result, (each,)), *_taken_out((each,), result))
    return result
