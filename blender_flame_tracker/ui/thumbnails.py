"""Pictures in panels: of the video, of faces, and of the latest frame while it is tracked.

Drawing asks for a picture and gets the number of its icon, or 0 while it is not there yet; a timer loads it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import bpy.utils.previews
import numpy as np
from numpy.typing import NDArray

from .. import runs
from .picture_file import read_png

LARGEST: Final = 512
"""Pixels along the longer side; what is larger is drawn no sharper in a sidebar."""

KEPT: Final = 64
"""Pictures that are kept; those that were not drawn for the longest time go."""

INTERVAL: Final = 0.05
REREAD: Final = 0.3
"""Seconds between two looks whether a picture that is being drawn was written anew."""

MOVIES: Final = frozenset({".mp4", ".mov", ".mkv", ".avi", ".mpg", ".mpeg", ".webm", ".gif", ".m4v", ".mts", ".ogv"})

Crop = tuple[float, float, float, float]
"""Left, top, width and height as shares of a picture."""


@dataclass
class _Picture:
    """One picture.

    Attributes:
        path: File.
        crop: Part of it that is shown, None for all.
        icon: Number of its icon, 0 while it is not loaded.
        written: When the file was written that is loaded, in nanoseconds.
        drawn: When it was last asked for.
        looked: When the file was last looked at.
    """

    path: Path
    crop: Crop | None
    icon: int = 0
    written: int = 0
    drawn: float = 0.0
    looked: float = -REREAD


_collection: Any = None
_pictures: Final[dict[str, _Picture]] = {}
_videos: Final[dict[str, int]] = {}
_wanted: Final[set[str]] = set()


def icon_of(path: Path, crop: Crop | None = None) -> int:
    """Return the icon of a picture file, 0 while it is not loaded. A picture that is written anew is loaded anew."""
    picture = _pictures.get(str(path))
    if picture is None or picture.crop != crop:
        picture = _pictures[str(path)] = _Picture(path, crop, picture.icon if picture is not None else 0)
    picture.drawn = time.monotonic()
    if picture.drawn - picture.looked > REREAD:
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
    if _collection is not None and not bpy.app.timers.is_registered(_load):
        bpy.app.timers.register(_load, first_interval=0.0)


def _load() -> float | None:
    """Load one picture that is wanted and not loaded, or that was written anew."""
    while _wanted:
        path = _wanted.pop()
        kind = "MOVIE" if Path(path).suffix.lower() in MOVIES else "IMAGE"
        _videos[path] = int(_collection.load(f"video:{path}", path, kind).icon_id)
        runs.redraw()
    now = time.monotonic()
    wanted = [each for each in _pictures.values() if now - each.drawn < 2.0 and now - each.looked > REREAD]
    for picture in wanted:
        if load(picture):
            runs.redraw()
            return INTERVAL
    _forget()
    return None


def load(picture: _Picture) -> bool:
    """Load a picture if its file is newer than what is loaded; return whether it was."""
    picture.looked = time.monotonic()
    try:
        written = picture.path.stat().st_mtime_ns
        if written == picture.written:
            return False
        pixels = read_png(picture.path)
    except OSError:  # It is not written yet, or gone: then the old one stays.
        return False
    picture.written = written
    if pixels is None:
        pixels = _read_with_blender(picture.path)
    if pixels is None:
        return False
    picture.icon = _show(str(picture.path), _fitted(_cropped(pixels, picture.crop)))
    return True


def _cropped(pixels: NDArray[np.uint8], crop: Crop | None) -> NDArray[np.uint8]:
    if crop is None:
        return pixels
    height, width = pixels.shape[:2]
    left, top = int(crop[0] * width), int(crop[1] * height)
    right, bottom = round((crop[0] + crop[2]) * width), round((crop[1] + crop[3]) * height)
    part = pixels[max(0, top) : bottom, max(0, left) : right]
    return part if part.size else pixels


def _fitted(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make a picture that is much too large smaller by a whole number: the mean of squares of pixels."""
    step = -(-max(pixels.shape[:2]) // LARGEST)
    if step <= 1:
        return pixels
    height, width = pixels.shape[0] // step * step, pixels.shape[1] // step * step
    squares = pixels[:height, :width].reshape(height // step, step, width // step, step, -1)
    return squares.mean(axis=(1, 3)).astype(np.uint8)


def _show(key: str, pixels: NDArray[np.uint8]) -> int:
    """Put pixels, top row first, into an icon of that name and return its number."""
    height, width = pixels.shape[:2]
    packed = np.full((height, width, 4), 255, dtype=np.uint8)
    packed[..., : pixels.shape[2]] = pixels[::-1]
    preview = _collection[key] if key in _collection else _collection.new(key)
    if tuple(preview.image_size) != (width, height):
        preview.image_size = (width, height)
    preview.image_pixels.foreach_set(packed.view(np.int32).ravel())
    return int(preview.icon_id)


def _read_with_blender(path: Path) -> NDArray[np.uint8] | None:
    """Read a picture of a kind that `read_png` leaves alone."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        return None
    try:
        width, height = image.size
        if not width or not height or not image.channels:
            return None
        pixels = np.empty(width * height * image.channels, dtype=np.float32)
        image.pixels.foreach_get(pixels)
        shaped = pixels.reshape(height, width, image.channels)[::-1]
    finally:
        bpy.data.images.remove(image)
    if shaped.shape[2] < 3:
        shaped = np.repeat(shaped[..., :1], 3, axis=2)
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
    global _collection  # noqa: PLW0603
    if bpy.app.timers.is_registered(_load):
        bpy.app.timers.unregister(_load)
    if _collection is not None:
        bpy.utils.previews.remove(_collection)
    _collection = None
    for known in (_pictures, _videos, _wanted):
        known.clear()
