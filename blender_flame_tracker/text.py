"""Sentences in panels, which Blender would cut off: broken into lines that fit the region."""

from __future__ import annotations

import functools
from typing import Any, Final

import blf
import bpy

_TABS: Final = 22.0
"""Width of the tabs beside a sidebar, at a scale of 1."""
_MARGINS: Final = 34.0
"""Left and right of the text of a panel together, at a scale of 1."""
_ICON: Final = 22.0
_NARROWEST: Final = 80.0


def paragraph(
    layout: Any, context: bpy.types.Context, text: str, icon: str = "NONE", narrower: float = 0.0, width: float = 0.0
) -> None:
    """Draw a text in as many lines as it needs.

    Args:
        layout: Where to draw.
        context: For the width of the region.
        text: Sentences; a line break starts a new line.
        icon: Stands before the first line; the others are indented with it.
        narrower: By how many pixels (at a scale of 1) there is less room than in the region, as in a box.
        width: Of what is drawn in, in pixels at a scale of 1, where that is no region, as in a dialog.
    """
    if not text:
        return
    scale = scale_of(context)
    taken = narrower + (_ICON if icon != "NONE" else 0.0)
    room = (width * scale or room_in(context.region, scale)) - taken * scale
    column = layout.column(align=True)
    column.scale_y = 0.75
    for number, line in enumerate(wrapped(text, max(room, _NARROWEST * scale), _size(context))):
        first = number == 0
        column.label(text=line, icon=icon if first else ("BLANK1" if icon != "NONE" else "NONE"), translate=False)


def scale_of(context: bpy.types.Context) -> float:
    """Return the scale of the interface; without a window Blender has none."""
    return context.preferences.system.ui_scale or 1.0


def room_in(region: Any, scale: float) -> float:
    """Return how many pixels wide the text of a panel may be in a region."""
    if region is None:
        return 240.0 * scale
    tabs = _TABS if region.type == "UI" else 0.0
    return region.width - (tabs + _MARGINS) * scale


@functools.lru_cache(maxsize=256)
def wrapped(text: str, width: float, size: float) -> tuple[str, ...]:
    """Return a text in lines of at most `width` pixels; words that are longer, such as paths, are broken.

    Args:
        text: Sentences.
        width: In pixels.
        size: Of the letters, in pixels.
    """
    blf.size(0, size)
    lines: list[str] = []
    for part in text.splitlines():
        line = ""
        for word in part.split():
            longer = f"{line} {word}" if line else word
            if blf.dimensions(0, longer)[0] <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            *broken, line = _broken(word, width)
            lines += broken
        lines.append(line)
    return tuple(lines) or ("",)


def _broken(word: str, width: float) -> list[str]:
    """Cut a word into pieces that fit."""
    pieces: list[str] = []
    while len(word) > 1 and blf.dimensions(0, word)[0] > width:
        fits = next((n for n in range(len(word) - 1, 1, -1) if blf.dimensions(0, word[:n])[0] <= width), 1)
        pieces.append(word[:fits])
        word = word[fits:]
    return [*pieces, word]


def _size(context: bpy.types.Context) -> float:
    """Size of the letters of labels in pixels."""
    return context.preferences.ui_styles[0].widget.points * scale_of(context)


def duration(seconds: float, tenths_below: float = 0.0) -> str:
    """Return a time as people say it: ``8 s``, ``2 min 05 s``, ``1 h 10 min``; with tenths below some seconds."""
    if 0.0 <= seconds < tenths_below:
        return f"{seconds:.1f} s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
