"""Thumbnails for the page about a batch, kept in its folder so that the page is written again at once.

Of a shot that is tracked: a frame of the contact sheet, as filmed and with the head over it. Of one that failed: a
frame of its clip, where one can be read.
"""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contract.atomic import write_atomically
from .shot import FaceResult, Record

if TYPE_CHECKING:
    from PIL import Image

WIDTH: Final = 320
"""Pixels of a thumbnail; the page shows half of them, for fine screens and for paper."""

THUMBNAILS: Final = ".thumbnails"
"""Folder in that of the batch; whoever removes it loses nothing but a moment."""

_QUALITY: Final = 80


def picture_of(record: Record, face: FaceResult) -> str:
    """Return the file of which the thumbnail is made, in the folder of the batch; empty where there is none."""
    return face.artefacts.get("sheet") or record.picture


def keep_thumbnails(folder: Path, record: Record) -> None:
    """Make the thumbnails of a shot that has ended, so that the page is written at once when all has to stop."""
    for face in record.faces or (FaceResult(record.name, {}),):
        file = picture_of(record, face)
        if file:
            thumbnail_of(folder, file)


def thumbnail_of(folder: Path, file: str) -> str:
    """Return the thumbnail of a file as the address of a picture; empty where it cannot be read.

    Args:
        folder: Of the batch.
        file: Contact sheet or still, in that folder.
    """
    source, thumbnail = folder / file, folder / THUMBNAILS / f"{file.replace('/', '-')}.jpg"
    try:
        if thumbnail.stat().st_mtime_ns <= source.stat().st_mtime_ns:
            raise OSError
        content = thumbnail.read_bytes()
    except OSError:
        content = _made(source)
        if content:
            with contextlib.suppress(OSError):
                thumbnail.parent.mkdir(exist_ok=True)
                write_atomically(thumbnail, lambda partial: partial.write_bytes(content))
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}" if content else ""


def _made(source: Path) -> bytes:
    from PIL import UnidentifiedImageError  # a batch that only skips needs neither this nor what is below

    from .still import STILL

    try:
        with _opened(source, whole=source.name == STILL) as frame:
            frame.thumbnail((WIDTH, WIDTH))
            content = io.BytesIO()
            frame.save(content, format="JPEG", quality=_QUALITY, optimize=True)
    except (OSError, UnidentifiedImageError, ValueError):
        return b""
    return content.getvalue()


@contextlib.contextmanager
def _opened(source: Path, whole: bool) -> Iterator[Image.Image]:
    """Give a still, or a whole frame from the middle of a contact sheet."""
    from PIL import Image

    from ..report.sheet import CAPTION, GAP, TILE_HEIGHT, TILE_WIDTH, TITLE

    with Image.open(source) as picture:
        if whole:
            yield picture.convert("RGB")
            return
        row_height = TILE_HEIGHT + CAPTION + GAP
        rows = max(1, (picture.height - TITLE) // row_height)
        column = 1 if rows > 1 else 0  # the last row may not be full
        left = GAP + column * (2 * TILE_WIDTH + 2 + GAP)
        top = TITLE + (rows - 1) // 2 * row_height
        yield picture.crop((left, top, left + 2 * TILE_WIDTH + 2, top + TILE_HEIGHT)).convert("RGB")
