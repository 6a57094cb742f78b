"""Thumbnails for the page about a batch: a frame of the contact sheet, as filmed and with the head over it."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Final

WIDTH: Final = 320
"""Pixels of a thumbnail; the page shows half of them, for fine screens and for paper."""

_QUALITY: Final = 80


def thumbnail_of(sheet: Path) -> str:
    """Return a frame from the middle of a contact sheet as the address of a picture; empty where it cannot be read."""
    from PIL import Image, UnidentifiedImageError  # a batch that only skips needs neither this nor what is below

    from ..report.sheet import CAPTION, GAP, TILE_HEIGHT, TILE_WIDTH, TITLE

    try:
        with Image.open(sheet) as picture:
            row_height = TILE_HEIGHT + CAPTION + GAP
            rows = max(1, (picture.height - TITLE) // row_height)
            column = 1 if rows > 1 else 0  # the last row may not be full
            left = GAP + column * (2 * TILE_WIDTH + 2 + GAP)
            top = TITLE + (rows - 1) // 2 * row_height
            frame = picture.crop((left, top, left + 2 * TILE_WIDTH + 2, top + TILE_HEIGHT)).convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError):
        return ""
    frame.thumbnail((WIDTH, WIDTH))
    content = io.BytesIO()
    frame.save(content, format="JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
