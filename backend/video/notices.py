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


def video_notices(video: Video, probed: Probe) -> Iterator[Notice]:
    """Yield what is odd in a file, and what is made of it."""
    yield from _file_notices(video.path.name, probed)
    yield from _picture_notices(video, probed)
    if len(video) == 1:
        yield Notice("video-one-frame", "Only one frame is tracked, so nothing can be smoothed over time.")


def _file_notices(name: str, probed: Probe) -> Iterator[Notice]:
    if probed.truncated:
        yield Notice(
            "video-truncated",
            f"{name} ends early: only its first {len(probed.time)} frames can be read; they are used.",
            "Copy the file again if the rest is needed.",
        )
    if probed.pictures > 1:
        yield Notice(
            "video-several-pictures",
            f"{name} holds {probed.pictures} videos; the one of {probed.width} by {probed.height} pixels is used.",
            "To use another one, save it as its own file.",
        )
    if not probed.rate_is_stated:
        yield Notice(
            "video-rate-unknown",
            f"{name} has neither frame times nor a frame rate; {probed.rate} are assumed.",
            "If that is wrong, put it into an MP4 or MKV file with its frame rate.",
        )


def _picture_notices(video: Video, probed: Probe) -> Iterator[Notice]:
    name = video.path.name
    if probed.interlaced:
        yield Notice("video-interlaced", f"{name} is interlaced; moving parts are read from every other line only.")
    if probed.high_range:
        yield Notice(
            "video-high-range",
            f"The colours of {name} have high dynamic range ({probed.high_range}); they are converted to standard"
            " range.",
        )
    if video.file_size is not None:
        yield Notice(
            "video-pixel-aspect",
            f"The pixels of {name} are {float(probed.pixel_aspect):.3g} times as wide as high; it is read with square"
            f" pixels, {video.width} by {video.height}.",
        )
    if probed.metadata.get("mirrored"):
        yield Notice("video-mirrored", f"{name} is marked to be shown mirrored; it is tracked as it is stored.")


def sequence_notices(path: Path, sequence: PictureSequence) -> Iterator[Notice]:
    """Yield which pictures of a sequence are missing, and which are not taken for its own."""
    if sequence.missing:
        numbers = _ranges([sequence.first + index for index in sequence.missing])
        yield Notice(
            "video-pictures-missing",
            f"{len(sequence.missing)} of {len(sequence.files)} pictures from {path.name} on are missing ({numbers});"
            " the other frames keep their times.",
            "If that is not intended, add them and track again.",
        )
    if sequence.beyond:
        last = sequence.first + len(sequence.files) - 1
        yield Notice(
            "video-pictures-beyond",
            f"More than {LONGEST_HOLE} numbers are missing after picture {last}: the {sequence.beyond} pictures of"
            " similar names that follow are taken for another shot.",
            "To track that one, choose its first picture.",
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
