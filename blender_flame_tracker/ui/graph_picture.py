"""The graph in the panel: error and confidence over the clip, as tiles, since Blender's pictures in panels are square.

Drawing asks for the icons of a review; they are painted in a thread, handed to Blender by a timer, and kept.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import bpy
import bpy.utils.previews
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.ranges import LOW_CONFIDENCE
from .. import redrawing
from ..polling import Poller
from ..results.review import Review
from . import graph_colours
from .graph_colours import Colour

TILES: Final = 3
"""Side by side: the graph is three times as wide as high."""
_SIZE: Final = 160
"""Pixels per side of a tile: sharp up to twice the usual size of the interface."""
_SEAM: Final = 20
"""Pixels of the graph that lie hidden between two tiles, so that it goes on behind them."""
_STRIP: Final = 14
"""Height of the strip of bad ranges at the bottom."""
_NARROWEST: Final = 5
"""Width of a bad range at least: one frame of a long clip must be seen."""
_DASH: Final = 6
"""Length of the dashes of the line at the limit of confidence, and of the gaps between them."""
_KEPT: Final = 8

Pixels = NDArray[np.float32]


def paint(review: Review) -> Pixels:
    """Return the graph as RGBA (H, W, 4), first row at the bottom, sRGB."""
    width, height = TILES * _SIZE + (TILES - 1) * _SEAM, _SIZE
    picture = np.empty((height, width, 4), dtype=np.float32)
    picture[:] = graph_colours.BACKGROUND
    for fraction in (0.25, 0.5, 0.75):
        row = _STRIP + round(fraction * (height - _STRIP))
        _blend(picture[row], np.float32(0.10), (1.0, 1.0, 1.0, 1.0))
    _paint_limit(picture)
    low, high = _columns(review.frame, review.confidence, width)
    _paint_area(picture, high, graph_colours.CONFIDENCE)
    for each in review.ranges:
        first, last = _span(review, each.first, each.last, width)
        colour = graph_colours.REASONS[each.reasons[0]]
        _blend(picture[:, first:last], np.float32(0.22), colour)
        _blend(picture[:_STRIP, first:last], np.float32(1.0), colour)
    for frame in review.pinned:
        _paint_mark(picture, (frame - review.first) / max(review.last - review.first, 1) * (width - 1))
    # Up to a fifth above the largest error, but never so close that a calm clip looks wild.
    top = 1.2 * max(review.largest_error or 0.0, 1.5 * (review.usual_error or 0.0), 1e-6)
    low, high = _columns(review.frame, review.error / top, width)
    _paint_line(picture, low, high, graph_colours.ERROR)
    return picture


def _span(review: Review, first: int, last: int, width: int) -> tuple[int, int]:
    """Columns of a range of scene frames: from the middle before it to the middle after it."""
    length = max(review.last - review.first, 1)
    left = (first - 0.5 - review.first) / length * (width - 1)
    right = (last + 0.5 - review.first) / length * (width - 1)
    spare = max(0.0, _NARROWEST - (right - left)) / 2
    start = max(0, round(left - spare))
    return start, max(start + 1, min(width, round(right + spare) + 1))


def _columns(
    frame: NDArray[np.float64], value: NDArray[np.float64], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest value on every column (W,), NaN where there is none: no peak of a long clip is lost."""
    position = (frame - frame[0]) / max(frame[-1] - frame[0], 1e-9) * (width - 1)
    known = np.isfinite(value)
    columns = np.arange(width, dtype=np.float64)
    low, high = np.full(width, np.nan), np.full(width, np.nan)
    if not known.any():
        return low, high
    # A straight line from frame to frame, broken where there is nothing between.
    between = np.interp(columns, position, np.where(known, value, 0.0))
    right = np.clip(np.searchsorted(position, columns), 0, len(frame) - 1)
    left = np.clip(np.searchsorted(position, columns, side="right") - 1, 0, len(frame) - 1)
    drawn = known[left] & known[right]
    low[drawn] = high[drawn] = between[drawn]
    nearest = np.round(position[known]).astype(np.int64)
    np.fmin.at(low, nearest, value[known])
    np.fmax.at(high, nearest, value[known])
    return low, high


def _rows(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return _STRIP + value * (_SIZE - _STRIP - 4)


def _paint_limit(picture: Pixels) -> None:
    """Draw a dashed line at the confidence below which a frame is called uncertain."""
    row = round(_STRIP + LOW_CONFIDENCE * (_SIZE - _STRIP - 4))
    dashes = np.arange(picture.shape[1]) // _DASH % 2 == 0
    _blend(picture[row], np.where(dashes, 0.5, 0.0), graph_colours.CONFIDENCE)


def _paint_mark(picture: Pixels, column: float) -> None:
    """Draw a diamond in the strip at the bottom, as keys have, with a dark rim."""
    rows = np.arange(_STRIP + 2, dtype=np.float64)[:, None] - _STRIP / 2
    away = np.abs(np.arange(picture.shape[1], dtype=np.float64)[None] - column) + np.abs(rows)
    strip = picture[: _STRIP + 2]
    _blend(strip, np.clip(_STRIP / 2 + 1.5 - away, 0, 1).astype(np.float32), graph_colours.BACKGROUND)
    _blend(strip, np.clip(_STRIP / 2 - 0.5 - away, 0, 1).astype(np.float32), graph_colours.PINNED)


def _paint_area(picture: Pixels, top: NDArray[np.float64], colour: Colour) -> None:
    """Fill from the strip up to the curve, with a brighter edge."""
    rows = np.arange(len(picture), dtype=np.float64)[:, None]
    edge = _rows(np.nan_to_num(top))[None]
    inside = np.clip(edge - rows + 0.5, 0, 1) * (rows >= _STRIP)
    _blend(picture, (0.35 * inside).astype(np.float32), colour)
    rim = np.clip(2.0 - np.abs(edge - rows), 0, 1) * np.isfinite(top)[None]
    _blend(picture, (0.6 * rim).astype(np.float32), colour)


def _paint_line(picture: Pixels, low: NDArray[np.float64], high: NDArray[np.float64], colour: Colour) -> None:
    """Draw a line of three pixels through the columns; neighbours are joined."""
    low, high = _rows(low), _rows(high)
    # Half way to both neighbours, so that steep parts have no holes.
    middle = (low + high) / 2
    beside = (middle[1:] + middle[:-1]) / 2
    for halves in (np.r_[np.nan, beside], np.r_[beside, np.nan]):
        low, high = np.fmin(low, halves), np.fmax(high, halves)
    drawn = np.isfinite(low)
    low, high = np.where(drawn, low, 0.0), np.where(drawn, high, 0.0)
    rows = np.arange(len(picture), dtype=np.float64)[:, None]
    cover = np.clip(np.minimum(rows - low, high - rows) + 2.0, 0, 1) * drawn
    _blend(picture, cover.astype(np.float32), colour)


def _blend(picture: Pixels, opacity: Any, colour: Colour) -> None:
    """Lay a colour over the picture."""
    share = np.asarray(opacity, dtype=np.float32)[..., None]
    picture[..., :3] += share * (np.array(colour[:3], dtype=np.float32) - picture[..., :3])


class _Store:
    """Icons of the reviews that were drawn of late, and squares of one colour for the key."""

    def __init__(self) -> None:
        self.previews: Any = None
        self.icons: dict[int, tuple[Review, tuple[int, ...]]] = {}
        self.wanted: list[Review] = []
        self.squares: dict[str, int] = {}
        self.thread: threading.Thread | None = None
        self.painting: Review | None = None
        self.picture: Pixels | None = None
        self.count = 0

    def start(self) -> None:
        """Paint the next graph that is waited for."""
        self.painting, self.picture = self.wanted.pop(0), None
        self.thread = threading.Thread(target=self._paint, args=(self.painting,), name="flame-graph", daemon=True)
        self.thread.start()

    def _paint(self, review: Review) -> None:
        self.picture = paint(review)

    def take(self) -> bool:
        """Hand a painted graph to Blender; return whether there was one."""
        review, picture = self.painting, self.picture
        self.thread = self.painting = self.picture = None
        if review is None or picture is None:
            return False
        while len(self.icons) >= _KEPT:
            _, ids = self.icons.pop(next(iter(self.icons)))
            for name in [name for name, each in self.previews.items() if each.icon_id in ids]:
                del self.previews[name]
        self.count += 1
        step = _SIZE + _SEAM
        tiles = [picture[:, step * number : step * number + _SIZE] for number in range(TILES)]
        ids = tuple(self._upload(f"{self.count}.{number}", tile) for number, tile in enumerate(tiles))
        self.icons[id(review)] = (review, ids)
        return True

    def add_squares(self) -> None:
        """Make the squares of the key."""
        for name, colour in (("error", graph_colours.ERROR), ("confidence", graph_colours.CONFIDENCE)):
            self.squares[name] = self._upload(name, _square(colour), small=True)

    def _upload(self, name: str, pixels: Pixels, *, small: bool = False) -> int:
        preview = self.previews.new(name)
        size, flat = (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).ravel()
        if small:
            preview.icon_size = size
            preview.icon_pixels_float.foreach_set(flat)
        else:
            preview.image_size = size
            preview.image_pixels_float.foreach_set(flat)
        return preview.icon_id


def _square(colour: Colour) -> Pixels:
    pixels = np.zeros((32, 32, 4), dtype=np.float32)
    pixels[8:-8, 8:-8] = colour
    return pixels


_STORE: Final = _Store()


def icons_of(review: Review) -> tuple[int, ...] | None:
    """Return the icons of the tiles from left to right, None while they are not painted. For drawing."""
    known = _STORE.icons.get(id(review))
    if known is not None and known[0] is review:
        return known[1]
    if review is not _STORE.painting and not any(each is review for each in _STORE.wanted):
        _STORE.wanted.append(review)
    POLLER.start()
    return None


def _work() -> float | None:
    """Start painting, and take what is painted, as long as something is waited for."""
    if _STORE.previews is None:
        return None
    if not _STORE.squares:
        _STORE.add_squares()
    if _STORE.thread is None and _STORE.wanted:
        _STORE.start()
    elif _STORE.thread is not None and not _STORE.thread.is_alive() and _STORE.take():
        redrawing.RESULTS.redraw()
    return 0.02 if _STORE.wanted or _STORE.thread is not None else None


POLLER: Final = Poller(_work)


def draw_graph(layout: Any, context: bpy.types.Context, review: Review) -> None:
    """Draw the graph as wide as the panel, and below it what holds for the current frame. A photograph has no graph."""
    if len(review.frame) > 1:
        _draw_tiles(layout, context, review)
    frame = context.scene.frame_current
    here = review.at(frame)
    layout.progress(factor=here[0] if here is not None else 0.0, text=frame_words(review, frame))


def _draw_tiles(layout: Any, context: bpy.types.Context, review: Review) -> None:
    icons = icons_of(review)
    unit = 20.0 * context.preferences.system.ui_scale
    width = context.region.width / unit if context.region is not None else 14.0
    scale = max(2.0, (width - 3.2) / TILES)
    row = layout.row(align=True)
    for number in range(TILES):
        if icons is None:
            row.label(text="")
        else:
            row.template_icon(icon_value=icons[number], scale=scale)
    key = layout.row(align=True)
    key.label(text="Error", icon_value=_STORE.squares.get("error", 0))
    key.label(text="Confidence", icon_value=_STORE.squares.get("confidence", 0))


def frame_words(review: Review, frame: int) -> str:
    """Return what is known of a frame of the scene; the bar around these words shows the confidence."""
    here = review.at(frame)
    if here is None:
        return f"Frame {frame}: not in this track"
    confidence, error = here
    off = "no landmarks" if error is None else f"error {error:.2f} px"
    return f"Frame {frame}: {off}, confidence {100 * confidence:.0f} %"


CLASSES: Final = ()


def register() -> None:
    """Make room for pictures."""
    _STORE.previews = bpy.utils.previews.new()


def unregister() -> None:
    """Remove all pictures."""
    POLLER.stop()
    if _STORE.thread is not None:
        _STORE.thread.join()
    if _STORE.previews is not None:
        bpy.utils.previews.remove(_STORE.previews)
    _STORE.__init__()
