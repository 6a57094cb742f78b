"""Notices about a file that is read, in sentences for the user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..contract.failure import Notice
from ..contract.sequence import LONGEST_HOLE, PictureSequence
from ..data.types import Video
from .probe import Probe

LISTED: Final = 8
"""Holes of a sequence that are named."""


def video_notices(video: Video, found: Probe) -> Iterator[Notice]:
    """Yield what is odd in a file, and what is made of it."""
    yield from _of_the_file(video.path.name, found)
    yield from _of_the_pictures(video, found)
    if len(video) == 1:
        yield Notice("video-one-frame", "Only one frame is tracked, so nothing can be smoothed over time.")


def _of_the_file(name: str, found: Probe) -> Iterator[Notice]:
    if found.truncated:
        yield Notice(
            "video-truncated",
            f"{name} ends early: only its first {len(found.time)} frames can be read; they are used.",
            "Copy the file again if the rest is needed.",
        )
    if found.pictures > 1:
        yield Notice(
            "video-several-pictures",
            f"{name} holds {found.pictures} videos; that of {found.width} by {found.height} pixels is used.",
            "If another one is meant, save it as a file of its own.",
        )
    if not found.rate_is_stated:
        yield Notice(
            "video-rate-unknown",
            f"{name} says neither when its frames are shown nor how many there are a second; {found.rate} are assumed.",
            "Put it into an MP4 or MKV file with its rate if that is another one.",
        )


def _of_the_pictures(video: Video, found: Probe) -> Iterator[Notice]:
    name = video.path.name
    if found.interlaced:
        yield Notice(
            "video-interlaced", f"{name} is interlaced; what moves is read from every other line, at one moment."
        )
    if found.high_range:
        yield Notice(
            "video-high-range",
            f"The colours of {name} have high dynamic range ({found.high_range}); they are read as on a usual screen.",
        )
    if video.file_size is not None:
        yield Notice(
            "video-pixel-aspect",
            f"The pixels of {name} are {float(found.pixel_aspect):.3g} times as wide as high; it is read with square"
            f" ones, {video.width} by {video.height}.",
        )
    if found.metadata.get("mirrored"):
        yield Notice("video-mirrored", f"{name} asks to be mirrored when shown; it is tracked as it is stored.")


def sequence_notices(path: Path, sequence: PictureSequence) -> Iterator[Notice]:
    """Yield which pictures of a sequence are missing, and which are not taken for its own."""
    if sequence.missing:
        numbers = _ranges([sequence.first + place for place in sequence.missing])
        yield Notice(
            "video-pictures-missing",
            f"{len(sequence.missing)} of {len(sequence.files)} pictures from {path.name} on are missing ({numbers});"
            " their frames keep their places in time.",
            "Add what is missing and track again, if it was not left out on purpose.",
        )
    if sequence.beyond:
        last = sequence.first + len(sequence.files) - 1
        yield Notice(
            "video-pictures-beyond",
            f"More than {LONGEST_HOLE} numbers are missing after picture {last}: the {sequence.beyond} pictures of like"
            " names that follow are taken for another shot.",
            "Choose its first picture to track that one.",
        )


def _ranges(numbers: list[int]) -> str:
    """``7-8, 15``; long lists are cut."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    words = ["-".join(str(number) for number in part) for part in parts]
    return ", ".join(words if len(words) <= LISTED else [*words[:LISTED], "..."])
