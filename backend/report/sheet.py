"""sheet.png: twelve frames at a glance, each as filmed and with the head over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..contract.camera import Intrinsics, project
from ..contract.track import MISSING, Track
from .picture import STATUS_COLOURS, HeadPainter, Picture, caption, font

FRAMES: Final = 12
COLUMNS: Final = 3
TILE_WIDTH, TILE_HEIGHT = 228, 270
GAP, CAPTION, TITLE = 14, 26, 66
BACKGROUND, INK, FAINT = (24, 26, 30), (236, 238, 240), (150, 156, 164)


def sheet_frames(track: Track) -> list[int]:
    """Return the positions shown: evenly spaced over the frames that have a head (over all where none has)."""
    there = np.flatnonzero(track.status != MISSING)
    there = there if len(there) else np.arange(len(track))
    chosen = there[np.round(np.linspace(0, len(there) - 1, min(FRAMES, len(there)))).astype(int)]
    return sorted({int(index) for index in chosen})


def write_sheet(path: Path, track: Track, pictures: Mapping[int, Picture], title: str) -> None:
    """Write the contact sheet.

    Args:
        path: PNG to write.
        track: What is drawn.
        pictures: Position in the track -> upright RGB picture of the full frame, for `sheet_frames`.
        title: First line.
    """
    cell_width = 2 * TILE_WIDTH + 2
    rows = -(-len(pictures) // COLUMNS)
    width = COLUMNS * cell_width + (COLUMNS + 1) * GAP
    height = TITLE + rows * (TILE_HEIGHT + CAPTION + GAP) + GAP // 2
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 20), title, font=font(18, bold=True), fill=INK, anchor="lm")
    draw.text((GAP, 46), _subtitle(track), font=font(13), fill=FAINT, anchor="lm")
    painter = HeadPainter(track)
    for number, position in enumerate(sorted(pictures)):
        left = GAP + (number % COLUMNS) * (cell_width + GAP)
        top = TITLE + (number // COLUMNS) * (TILE_HEIGHT + CAPTION + GAP)
        plain, drawn = _tiles(painter, track, position, pictures[position])
        sheet.paste(Image.fromarray(plain), (left, top))
        sheet.paste(Image.fromarray(drawn), (left + TILE_WIDTH + 2, top))
        middle = top + TILE_HEIGHT + CAPTION // 2
        colour = STATUS_COLOURS[int(track.status[position])]
        draw.ellipse((left + 2, middle - 4, left + 10, middle + 4), fill=colour)
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
    """Return the head's part of the frame, as filmed and with the head over it."""
    to_tile = _crop(painter, track, position, picture)
    plain = cv2.warpAffine(
        picture,
        to_tile,
        (TILE_WIDTH, TILE_HEIGHT),
        flags=cv2.INTER_AREA if to_tile[0, 0] < 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=BACKGROUND,
    )
    plain = np.asarray(plain, dtype=np.uint8)
    full, scale = track.intrinsics, to_tile[0, 0]
    camera = Intrinsics(
        TILE_WIDTH,
        TILE_HEIGHT,
        full.focal_x * scale,
        full.focal_y * scale,
        full.centre_x * scale + to_tile[0, 2],
        full.centre_y * scale + to_tile[1, 2],
    )
    return plain, painter.draw(plain, position, camera)


def _crop(painter: HeadPainter, track: Track, position: int, picture: Picture) -> NDArray[np.float64]:
    """Return the 2x3 matrix from frame to tile that shows the head with some room, or all of a frame without one."""
    height, width = picture.shape[:2]
    low, high = np.zeros(2), np.array([width - 1.0, height - 1.0])
    room = 1.0
    if track.status[position] != MISSING:
        points: NDArray[Any] = project(painter.camera_vertices(position), track.intrinsics)
        low, high, room = points.min(axis=0), points.max(axis=0), 1.12
    size = np.maximum(high - low, 1.0) * room
    scale = float(min(TILE_WIDTH / size[0], TILE_HEIGHT / size[1]))
    offset = np.array([TILE_WIDTH - 1, TILE_HEIGHT - 1]) / 2 - scale * (low + high) / 2
    return np.array([[scale, 0.0, offset[0]], [0.0, scale, offset[1]]])
