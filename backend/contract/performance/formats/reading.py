"""Performances read from files of other programs, which are told apart by their content."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from ...checks import is_object, parse_json
from ...failure import Failure, Notice
from ...file_access import is_file
from ..performance import Performance
from .assembled import Tell
from .audio2face import is_audio2face, parse_audio2face
from .face_cap import is_face_cap, parse_face_cap
from .live_link import is_live_link, parse_live_link

_MOST_BYTES: Final = 512 << 20
"""An hour of a phone at 60 frames a second has some 170 MB."""


def _nothing(_notice: Notice) -> None:
    pass


def read_performance(path: Path, tell: Tell = _nothing) -> Performance | Failure:
    """Read a CSV of Live Link Face, a text of Face Cap or a JSON of Audio2Face.

    Rotations become radians in the axes of `Performance`, a row with count 0 a frame without a face, and channels that
    the file lacks are not tracked.

    Args:
        path: The file.
        tell: Gets notices: rows that were left out, a guessed unit or rate.

    Returns:
        The performance, or why the file cannot be used.
    """
    if not is_file(path):
        return Failure("performance-not-found", f"There is no file {path}.", "Choose the file of a recorded face.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            return Failure("performance-large", f"{path.name} is too large for a take of a face.", _ADVICE)
        content = path.read_bytes()
    except OSError as error:
        return Failure("performance-not-read", f"{path} could not be read: {error.strerror or error}.", "Check it.")
    # A spreadsheet's "Unicode text" has two bytes for each letter.
    is_wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = content.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")
    if is_live_link(text):
        return parse_live_link(text, path, tell)
    if is_face_cap(text):
        return parse_face_cap(text, path, tell)
    data = parse_json(text, is_object) if text.lstrip()[:1] == "{" else None
    return parse_audio2face(data, path, tell) if is_audio2face(data) else _unknown(path)


_ADVICE: Final = "Choose a CSV of Live Link Face, a text of Face Cap or a JSON of Audio2Face."


def _unknown(path: Path) -> Failure:
    return Failure("performance-unknown", f"{path.name} is not a performance in a known format.", _ADVICE)
