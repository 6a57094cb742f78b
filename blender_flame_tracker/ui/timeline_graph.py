"""Error, confidence and bad ranges drawn over the timeline and the dope sheet, frame under frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..nodes.scene_state import flame_of
from ..results import selection
from ..results.review import Review, review_of
from ..versions.comparison import difference_of
from ..versions.moving_head import Difference
from . import graph_colours
from .graph_colours import Colour, faded

_HEIGHT: Final = 60.0
"""Most height of the curves at a scale of 1 of the interface."""
_SHARE: Final = 0.9
"""Most share of the free height that the curves take."""
_BOTTOM: Final = 8.0
"""Free above the lower edge, where the scroll bar is."""
_TOP: Final = 22.0
"""Free below the upper edge, where the frame numbers are."""


@dataclass
class _Shapes:
    """What is drawn of a review: x in frames, y from 0 to 1."""

    review: Review
    ranges: list[tuple[Colour, Any]]
    confidence: Any
    error: Any
    mark: Any
    difference: Difference | None = None
    apart: Any = None


class _Overlay:
    """The draw handler and the shapes that it draws."""

    def __init__(self) -> None:
        self.handle: Any = None
        self.shapes: _Shapes | None = None


_OVERLAY: Final = _Overlay()


def _shown(scene: bpy.types.Scene) -> bool:
    return bool(scene is not None and flame_of(scene).show_timeline_graph)


def draw() -> None:
    """Draw over the editor of the context, where that is wanted and there is a result."""
    context = bpy.context
    if not _shown(context.scene):
        return
    found = selection.chosen(context)
    facts = None if found is None else selection.facts_of(found)
    review = None if found is None or facts is None else review_of(facts, found.placement)
    if review is None:
        return
    apart = difference_of(found.collection) if found is not None else None
    if _OVERLAY.shapes is None or _OVERLAY.shapes.review is not review:
        _OVERLAY.shapes = _shapes_of(review)
    if _OVERLAY.shapes.difference is not apart:
        _OVERLAY.shapes.difference, _OVERLAY.shapes.apart = apart, _line_of(apart)
    _draw_shapes(_OVERLAY.shapes, context.region, context.preferences.system.ui_scale)


def _shapes_of(review: Review) -> _Shapes:
    flat = gpu.shader.from_builtin("UNIFORM_COLOR")
    line = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    ranges = [
        (graph_colours.REASONS[each.reasons[0]], _rectangle(flat, each.first - 0.5, each.last + 0.5))
        for each in review.ranges
    ]
    top = 1.2 * max(review.largest_error or 0.0, 1.5 * (review.usual_error or 0.0), 1e-6)
    under = np.empty((2 * len(review.frame), 2), dtype=np.float32)
    under[:, 0] = np.repeat(review.frame, 2)
    under[0::2, 1], under[1::2, 1] = 0.0, review.confidence
    area = batch_for_shader(flat, "TRI_STRIP", {"pos": _points(under)})
    return _Shapes(review, ranges, area, _line(line, review.frame, review.error / top), _diamond(flat))


def _diamond(shader: Any) -> Any:
    """Mark of a pinned frame, one high and wide."""
    corners = ((-0.5, 0.0, 0.0), (0.0, -0.5, 0.0), (0.0, 0.5, 0.0), (0.5, 0.0, 0.0))
    return batch_for_shader(shader, "TRI_STRIP", {"pos": corners})


def _line_of(apart: Difference | None) -> Any:
    """The line of how far two versions are apart: its highest point is the largest difference."""
    if apart is None:
        return None
    line = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    return _line(line, apart.frame, apart.largest / max(float(apart.largest.max()), 1e-6))


def _rectangle(shader: Any, left: float, right: float) -> Any:
    corners = ((left, 0.0, 0.0), (right, 0.0, 0.0), (left, 1.0, 0.0), (right, 1.0, 0.0))
    return batch_for_shader(shader, "TRI_STRIP", {"pos": corners})


def _line(shader: Any, frame: Any, value: Any) -> Any:
    """A line through the known values, broken where there are none; None where there is no piece of it."""
    pieces = np.flatnonzero(np.isfinite(value[1:]) & np.isfinite(value[:-1]))
    if len(pieces) == 0:
        return None
    ends = np.stack([pieces, pieces + 1], axis=1).ravel()
    return batch_for_shader(shader, "LINES", {"pos": _points(np.stack([frame[ends], value[ends]], axis=1))})


def _points(places: Any) -> Any:
    return np.concatenate([places, np.zeros((len(places), 1))], axis=1).astype(np.float32)


def _draw_shapes(shapes: _Shapes, region: bpy.types.Region, scale: float) -> None:
    """Draw with frames where the editor has them."""
    bottom, top = _BOTTOM * scale, region.height - _TOP * scale
    height = min(_HEIGHT * scale, _SHARE * (top - bottom))
    if height < 4 * scale:
        return
    flat = gpu.shader.from_builtin("UNIFORM_COLOR")
    # Far apart, as the places come rounded to pixels.
    place: Callable[..., Any] = region.view2d.view_to_region
    origin = place(0.0, 0.0, clip=False)[0]
    per_frame = (place(100000.0, 0.0, clip=False)[0] - origin) / 100000.0
    matrix: Any = gpu.matrix
    gpu.state.blend_set("ALPHA")
    for colour, batch in shapes.ranges:
        with matrix.push_pop():
            matrix.translate((origin, bottom))
            matrix.scale((per_frame, top - bottom))
            flat.uniform_float("color", faded(colour, 0.25))
            batch.draw(flat)
        with matrix.push_pop():
            matrix.translate((origin, bottom))
            matrix.scale((per_frame, 3 * scale))
            flat.uniform_float("color", colour)
            batch.draw(flat)
    with matrix.push_pop():
        matrix.translate((origin, bottom))
        matrix.scale((per_frame, height))
        flat.uniform_float("color", faded(graph_colours.CONFIDENCE, 0.25))
        shapes.confidence.draw(flat)
        for colour, batch in ((graph_colours.ERROR, shapes.error), (graph_colours.DIFFERENCE, shapes.apart)):
            if batch is not None:
                line = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
                line.uniform_float("viewportSize", (region.width, region.height))
                line.uniform_float("lineWidth", 1.5 * scale)
                line.uniform_float("color", colour)
                batch.draw(line)
    for frame in shapes.review.pinned:
        _draw_mark(flat, shapes.mark, (origin + frame * per_frame, bottom + 5 * scale), scale)
    gpu.state.blend_set("NONE")


def _draw_mark(shader: Any, mark: Any, at: tuple[float, float], scale: float) -> None:
    """Draw the diamond of a pinned frame, with a dark rim."""
    matrix: Any = gpu.matrix
    for size, colour in ((12.0, graph_colours.BACKGROUND), (8.0, graph_colours.PINNED)):
        with matrix.push_pop():
            matrix.translate(at)
            matrix.scale((size * scale, size * scale))
            shader.uniform_float("color", colour)
            mark.draw(shader)


CLASSES: Final = ()


def register() -> None:
    """Draw in the timeline and in the dope sheet."""
    if not bpy.app.background:
        _OVERLAY.handle = bpy.types.SpaceDopeSheetEditor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    """Draw no longer."""
    if _OVERLAY.handle is not None:
        bpy.types.SpaceDopeSheetEditor.draw_handler_remove(_OVERLAY.handle, "WINDOW")
    _OVERLAY.handle = _OVERLAY.shapes = None
