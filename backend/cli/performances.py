"""Performances that commands are given: a track file, or what a phone or Audio2Face recorded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..contract.failure import Failure, Notice
from ..contract.performance.formats.reading import read_performance
from ..contract.performance.formats.writing import Take
from ..contract.portable import stated_file
from ..contract.track import Track, read_track
from ..export.performances import take_of, take_of_track

SOURCE: Final = "Track file, or a recording of Live Link Face, Face Cap or Audio2Face"
TRACK_ENDING: Final = ".npz"


def tell(notice: Notice) -> None:
    """Write a notice for people to standard error."""
    sys.stderr.write(f"Note: {notice.sentence} {notice.advice}".rstrip() + "\n")


def take_in(path: Path, formats: Sequence[str] = ()) -> Take | Failure:
    """Return what a file holds, for the formats that it is for; a track's weights are solved where it holds none."""
    if path.suffix.lower() != TRACK_ENDING:
        performance = read_performance(path, tell)
        return performance if isinstance(performance, Failure) else take_of(performance, path.stem)
    track = read_track(path)
    if isinstance(track, Failure):
        return track
    return take_of_track(track, clip_name(track, path), formats)


def clip_name(track: Track, path: Path) -> str:
    """Return the name of the clip that a track was made of, or of its file."""
    return Path(str(track.header["video"].get("name", ""))).stem or path.stem


def footage_of(path: Path, track: Track | None) -> Path | None:
    """Return the footage that a track file names, where it is still there."""
    if track is None:
        return None
    footage = stated_file(str(track.header["video"].get("path", "")), path.absolute().parent)
    return footage if footage is not None and footage.is_file() else None
