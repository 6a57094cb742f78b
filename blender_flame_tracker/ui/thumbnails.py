"""Pictures in panels: of the video, of faces, and of the latest frame while it is tracked.

Drawing asks for a picture and gets the number of its icon, or 0 while it is not there yet. A thread reads the file, a
timer shows it.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import bpy.utils.previews
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.footage import is_picture
from .. import redrawing
from ..polling import Poller
from .picture_file import read_png

LARGEST: Final = 512
"""Pixels along the longer side; what is larger is drawn no sharper in a sidebar."""

KEPT: Final = 64
"""Pictures that are kept; those that were not drawn for the longest time go."""

INTERVAL: Final = 0.05
RETRY: Final = 1.0
"""Seconds after which a file that could not be read is tried again."""

Pixels = NDArray[np.uint8]
Crop = tuple[float, float, float, float]
"""Left, top, width and height as shares of a picture."""


@dataclass(frozen=True)
class _Source:
    """What is shown: a file, and which part of it (None: all)."""

    path: Path
    crop: Crop | None


@dataclass
class _Picture:
    """One place for a picture.

    Attributes:
        wanted: What it shall show.
        shown: What it shows, None while nothing.
        icon: Number of its icon, 0 while nothing is shown.
        reading: The file on its way.
        drawn: When it was last asked for.
        failed: When it could last not be read.
    """

    wanted: _Source
    shown: _Source | None = None
    icon: int = 0
    reading: Future[Pixels | None] | None = None
    drawn: float = 0.0
    failed: float = float("-inf")


_collection: Any = None
_thread: ThreadPoolExecutor | None = None
_pictures: Final[dict[str, _Picture]] = {}
_videos: Final[dict[str, int]] = {}
_wanted: Final[set[str]] = set()


def icon_of(path: Path, crop: Crop | None = None, place: str = "") -> int:
    """Return the icon of a picture file, 0 while there is nothing to show.

    Args:
        path: PNG or JPEG.
        crop: Part of it.
        place: Where one picture follows the other, which stays until the next one is read: a name. Else every file has
            a place of its own.
    """
    key, source = place or str(path), _Source(path, crop)
    picture = _pictures.get(key)
    if picture is None:
        picture = _pictures[key] = _Picture(source)
    picture.wanted, picture.drawn = source, time.monotonic()
    if picture.shown != source:
        _watch()
    return picture.icon


def icon_of_video(path: Path) -> int:
    """Return the icon that Blender itself makes of a video file or of a picture, in the background; 0 at first."""
    known = _videos.get(str(path))
    if known is None:
        _wanted.add(str(path))
        _watch()
    return known or 0


def draw_picture(layout: Any, icon: int, room: float, scale: float, largest: float = 13.0) -> None:
    """Draw a picture as wide as there is room.

    Args:
        layout: Where to draw.
        icon: Its number.
        room: Width in pixels.
        scale: Of the interface.
        largest: Width in units of the interface (20 pixels at a scale of 1) that is never exceeded.
    """
    layout.template_icon(icon_value=icon, scale=max(3.0, min(largest, room / (20.0 * scale))))


# Loading.


def _watch() -> None:
    if _collection is not None:
        POLLER.start()


def _load() -> float | None:
    """Have files read that are wanted, and show those that were."""
    changed = load_some()
    if changed:
        redrawing.TRACKING.redraw()
    if any(picture.reading is not None for picture in _pictures.values()):
        return INTERVAL
    _forget()
    return None


POLLER: Final = Poller(_load)


def load_some() -> bool:
    """Go on with loading, without waiting; return whether there is anything new to be seen."""
    changed = bool(_wanted)
    while _wanted:
        path = _wanted.pop()
        kind = "IMAGE" if is_picture(Path(path)) else "MOVIE"
        _videos[path] = int(_collection.load(f"video:{path}", path, kind).icon_id)
    for key, picture in _pictures.items():
        if picture.reading is None and picture.shown != picture.wanted and time.monotonic() - picture.failed > RETRY:
            picture.reading = _start_reading(picture.wanted)
        if picture.reading is not None and picture.reading.done():
            changed = _finish(key, picture) or changed
    return changed


def _start_reading(source: _Source) -> Future[Pixels | None]:
    global _thread  # noqa: PLW0603 - made when the first picture is wanted
    if _thread is None:
        _thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="flame-pictures")
    return _thread.submit(_read, source)


def _finish(key: str, picture: _Picture) -> bool:
    """Show what was read; return whether it was anything."""
    reading, picture.reading = picture.reading, None
    assert reading is not None
    if reading.exception() is not None:  # OSError: it is gone. The picture before it stays.
        picture.failed = time.monotonic()
        return False
    pixels = reading.result()
    if pixels is None:
        found = _read_with_blender(picture.wanted.path)
        pixels = _prepared(found, picture.wanted.crop) if found is not None else None
    if pixels is None:
        picture.failed = time.monotonic()
        return False
    picture.shown, picture.icon = picture.wanted, _show(key, pixels)
    return True


def _read(source: _Source) -> Pixels | None:
    """Read a picture as it is shown, in the thread: nothing of Blender's may be touched."""
    pixels = read_png(source.path)
    return None if pixels is None else _prepared(pixels, source.crop)


def _prepared(pixels: Pixels, crop: Crop | None) -> Pixels:
    """Return the part that is shown as RGBA, not much larger than needed, the lowest row first."""
    part = _fitted(_cropped(pixels, crop))
    packed = np.full((*part.shape[:2], 4), 255, dtype=np.uint8)
    packed[..., : part.shape[2]] = part[::-1]
    return packed


def _cropped(pixels: Pixels, crop: Crop | None) -> Pixels:
    if crop is None:
        return pixels
    height, width = pixels.shape[:2]
    left, top = int(crop[0] * width), int(crop[1] * height)
    right, bottom = round((crop[0] + crop[2]) * width), round((crop[1] + crop[3]) * height)
    part = pixels[max(0, top) : bottom, max(0, left) : right]
    return part if part.size else pixels


def _fitted(pixels: Pixels) -> Pixels:
    """Make a picture that is much too large smaller by a whole number: the mean of squares of pixels."""
    step = -(-max(pixels.shape[:2]) // LARGEST)
    if step <= 1:
        return pixels
    height, width = pixels.shape[0] // step * step, pixels.shape[1] // step * step
    squares = pixels[:height, :width].reshape(height // step, step, width // step, step, -1)
    return squares.mean(axis=(1, 3)).astype(np.uint8)


def _show(key: str, packed: Pixels) -> int:
    """Put RGBA pixels into an icon of that name and return its number."""
    height, width = packed.shape[:2]
    preview = _collection[key] if key in _collection else _collection.new(key)
    if tuple(preview.image_size) != (width, height):
        preview.image_size = (width, height)
    preview.image_pixels.foreach_set(packed.view(np.int32).ravel())
    return int(preview.icon_id)


def _read_with_blender(path: Path) -> Pixels | None:
    """Read a picture of a kind that `read_png` leaves alone. Slow in large scenes, but the engine writes none such."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        return None
    try:
        size: Any = image.size
        width, height = size
        if not width or not height or image.channels < 3:
            return None
        pixels = np.empty(width * height * image.channels, dtype=np.float32)
        image.pixels.foreach_get(pixels)
        shaped = pixels.reshape(height, width, image.channels)[::-1]
    finally:
        bpy.data.images.remove(image)
    return (np.clip(shaped, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _forget() -> None:
    """Free the pictures that were not drawn for the longest time."""
    for key in sorted(_pictures, key=lambda name: _pictures[name].drawn)[: max(0, len(_pictures) - KEPT)]:
        del _pictures[key]
        if key in _collection:
            del _collection[key]


CLASSES: Final[tuple[type[Any], ...]] = ()


def register() -> None:
    """Make room for pictures."""
    global _collection  # noqa: PLW0603 - Blender wants one collection to be freed
    _collection = bpy.utils.previews.new()


def unregister() -> None:
    """Free the pictures."""
    global _collection, _thread  # noqa: PLW0603
    POLLER.stop()
    if _thread is not None:
        _thread.shutdown(cancel_futures=True)
    _thread = None
    if _collection is not None:
        bpy.utils.previews.remove(_collection)
    _collection = None
    for known in (_pictures, _videos, _wanted):
        known.clear()
