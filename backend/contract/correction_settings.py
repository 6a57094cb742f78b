"""Settings of the stages that put a clip right by hand: what shall not count, and frames that were pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .corrections.corrections import FACE_REGIONS, FrameRange
from .failure import Failure
from .foreign_text import shown
from .options import option

BLEND_FRAMES: Final = 4
"""Frames at both ends over which new motion takes over from the old one, unless somebody says otherwise."""
_FILE: Final = (
    "File of corrections, or a track that was made with some; frames in it are those of the video, counted from 0"
)


@dataclass(frozen=True)
class ExcludeSettings:
    """What of the clip shall not count: frames, parts of the picture, parts of the face."""

    corrections: str = option("", _FILE, path=True)
    frames: str = option(
        "", "Frames of the video whose landmarks do not count, counted from 0, such as 30-45, 60", label="Frames"
    )
    face_regions: str = option(
        "",
        f"Parts of the face that do not count in the whole clip, with commas between: {', '.join(FACE_REGIONS)}",
        label="Face Regions",
    )
    matte: str = option(
        "",
        "Picture, first picture of a sequence, or video that is white where the footage counts and black where not",
        label="Matte",
        path=True,
    )
    matte_inverted: bool = option(
        False, "Let the footage count where the matte is black, not where it is white", label="Invert Matte"
    )


@dataclass(frozen=True)
class PinsSettings:
    """Frames that were put right by hand, and how their neighbours follow."""

    corrections: str = option("", _FILE, path=True)
    refine: bool = option(
        True,
        "Solve the frames around pinned ones again, so that they follow their landmarks; without it they follow the"
        " pins alone",
        label="Refine",
    )
    first_frame: int = option(
        -1,
        "Refine Between: first frame of the video, counted from 0, that is solved again; -1 solves what the pins reach",
        label="From Frame",
        minimum=-1,
    )
    last_frame: int = option(
        -1,
        "Refine Between: last frame of the video, counted from 0, that is solved again; -1 solves what the pins reach",
        label="To Frame",
        minimum=-1,
    )
    blend: int = option(
        BLEND_FRAMES,
        "Refine Between: frames at both ends over which the new motion takes over from the old one",
        label="Blend",
        unit="frames",
        minimum=0,
        maximum=100,
    )


def parse_frames(text: str) -> tuple[FrameRange, ...] | Failure:
    """Read frames and ranges of frames, as in ``30-45, 60``."""
    ranges = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isascii() and end.isdigit() and len(end) < 10 for end in ends):
            return _not_frames(part)
        first, last = int(ends[0]), int(ends[-1])
        if first > last:
            return _not_frames(part)
        ranges.append(FrameRange(first, last))
    return tuple(ranges)


def _not_frames(part: str) -> Failure:
    return Failure(
        "bad-frames",
        f"'{shown(part)}' is not a frame or a range of frames.",
        "Write frames of the video, counted from 0, with commas between, such as 30-45, 60.",
    )


def parse_regions(text: str) -> tuple[str, ...] | Failure:
    """Read names of regions of the face, with commas between."""
    names = tuple(filter(None, (each.strip().lower() for each in text.split(","))))
    for name in names:
        if name not in FACE_REGIONS:
            return Failure(
                "bad-region",
                f"'{shown(name)}' is not a region of the face.",
                f"The regions are {', '.join(FACE_REGIONS)}.",
            )
    return names
