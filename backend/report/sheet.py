"""sheet.png: twelve frames at a glance, each as filmed and with the head over it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..contract.arrays import Picture
from ..contract.camera import Intrinsics, project
from ..contract.track import MISSING, Track
from .picture import HeadPainter, caption, font, status_colour

FRAMES: Final = 12
COLUMNS: Final = 3
TILE_WIDTH, TILE_HEIGHT = 228, 270
GAP, CAPTION, TITLE = 14, 26, 66
ROOM = 1.55
"""Size of a tile in sizes of the face."""
BACKGROUND, INK, FAINT = (24, 26, 30), (236, 238, 240), (150, 156, 164)


def sheet_frames(track: Track) -> list[int]:
    """Return the positions shown: evenly spaced over the frames that have a head (over all where none has)."""
    solved = np.flatnonzero(track.status != MISSING)
    solved = solved if len(solved) else np.arange(len(track))
    chosen = solved[np.round(np.linspace(0, len(solved) - 1, min(FRAMES, len(solved)))).astype(int)]
    return sorted({int(index) for index in chosen})


def write_sheet(path: Path, track: Track, pictures: Iterable[tuple[int, Picture]], title: str) -> None:
    """Write the contact sheet.

    Args:
        path: PNG to write.
        track: What is drawn.
        pictures: (position in the track, upright RGB picture of the full frame) for `sheet_frames`; one is held at a
            time, twelve of 4K would take 300 MB.
        title: First line.
    """
    cell_width = 2 * TILE_WIDTH + 2
    rows = -(-len(sheet_frames(track)) // COLUMNS)
    width = COLUMNS * cell_width + (COLUMNS + 1) * GAP
    height = TITLE + rows * (TILE_HEIGHT + CAPTION + GAP) + GAP // 2
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 20), title, font=font(18, bold=True), fill=INK, anchor="lm")
    draw.text((GAP, 46), _subtitle(track), font=font(13), fill=FAINT, anchor="lm")
    painter = HeadPainter(track)
    for number, (position, picture) in enumerate(pictures):
        left = GAP + (number % COLUMNS) * (cell_width + GAP)
        top = TITLE + (number // COLUMNS) * (TILE_HEIGHT + CAPTION + GAP)
        plain, drawn = _tiles(painter, track, position, picture)
        sheet.paste(Image.fromarray(plain), (left, top))
        sheet.paste(Image.fromarray(drawn), (left + TILE_WIDTH + 2, top))
        middle = top + TILE_HEIGHT + CAPTION // 2
        colour = status_colour(track, position)
        draw.text((left, middle), "●", font=font(13), fill=colour, anchor="lm")
        draw.text((left + 17, middle), caption(track, position), font=font(13), fill=INK, anchor="lm")
    sheet.save(path, format="PNG")


def _subtitle(track: Track) -> str:
    camera, video = track.intrinsics, track.header["video"]
    words = [
        video.get("name", ""),
        f"{camera.width} × {camera.height}",  # noqa: RUF001
        f"{len(track)} frames at {float(track.rate):.4g}/s",
        track.header["model"].get("name", ""),
    ]
    return "   ·   ".join(word for word in words if word)


def _tiles(painter: HeadPainter, track: Track, position: int, picture: Picture) -> tuple[Picture, Picture]:
    """Return the face's part of the frame, as filmed and with the head over it."""
    scale, offset = _crop(painter, track, position, picture)
    small = picture
    if scale < 1:
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    rest = np.array([scale * picture.shape[1] / small.shape[1], scale * picture.shape[0] / small.shape[0]])
    # A pixel p of the frame lies at scale p + offset of the tile, and at (p + 0.5) small / frame - 0.5 of `small`.
    shift = offset - 0.5 * scale + 0.5 * rest
    to_tile = np.array([[rest[0], 0.0, shift[0]], [0.0, rest[1], shift[1]]])
    flags = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    plain = cv2.warpAffine(small, to_tile, (TILE_WIDTH, TILE_HEIGHT), flags=flags, borderValue=BACKGROUND)
    plain = np.asarray(plain, dtype=np.uint8)
    full = track.intrinsics_at(position)
    centre = np.array([full.centre_x, full.centre_y]) * scale + offset
    camera = Intrinsics(TILE_WIDTH, TILE_HEIGHT, full.focal_x * scale, full.focal_y * scale, centre[0], centre[1])
    return plain, painter.draw(plain, position, camera)


def _crop(painter: HeadPainter, track: Track, position: int, picture: Picture) -> tuple[float, NDArray[np.float64]]:
    """Return scale and offset from frame to tile: the face with some room, or all of a frame without one."""
    size = np.array([picture.shape[1], picture.shape[0]], dtype=np.float64)
    tile = np.array([TILE_WIDTH, TILE_HEIGHT], dtype=np.float64)
    if track.status[position] == MISSING:
        scale = float(np.min(tile / size))
        return scale, (tile - 1) / 2 - scale * (size - 1) / 2
    points = project(painter.face_points(position), track.intrinsics_at(position))
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    scale = float(np.min(tile / np.maximum(high - low, 1.0))) / ROOM
    half = tile / scale / 2
    middle = (low + high) / 2 - np.array([0.0, 0.06]) * (high - low)
    # Rather more of the picture on the other side than a black border, where there is that much picture.
    inside = np.clip(middle, np.minimum(half, size / 2) - 0.5, np.maximum(size - half, size / 2) - 0.5)
    return scale, (tile - 1) / 2 - scale * inside
