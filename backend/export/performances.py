"""Performances for other programs, written into their folders: Live Link Face, MetaHuman, VRM, the camera for Nuke."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import __version__
from ..contract.failure import Failure
from ..contract.marks import PROGRAM
from ..contract.performance.formats.assembled import Tell
from ..contract.performance.formats.take_names import FACE, TakeName
from ..contract.performance.formats.writing import SOUND, Take, files_of, losses_of, write_files
from ..contract.performance.of_track import performance_of_file
from ..contract.performance.performance import Performance
from ..contract.pixel_shape import in_file_pixels
from ..contract.targets import Targets
from ..contract.track import Track
from ..data.context import Context
from .sound_file import write_sound


def take_of_track(track: Track, name: str, formats: Sequence[str] = ()) -> Take | Failure:
    """Return what is written of a track, its weights solved where it holds none.

    Args:
        track: As its file has it.
        name: Of the clip.
        formats: That it is for: the camera alone needs no weights, which not every head can have.
    """
    performance = None if set(formats) == {"camera"} else performance_of_file(track)
    if isinstance(performance, Failure):
        return performance
    return take_of(performance, name, in_file_pixels(track), subject_of(track))


def subject_of(track: Track) -> str:
    """Return the name of whose face it is: with its number where the clip shows several people."""
    report = track.header["report"]
    number = report.get("face")
    return f"Face{number + 1}" if report.get("others") and isinstance(number, int) else FACE


def take_of(performance: Performance | None, name: str, track: Track | None = None, subject: str = FACE) -> Take:
    """Return what is written of a performance."""
    day = datetime.date.today()
    return Take(performance, TakeName(day, name, subject=subject), f"{PROGRAM} {__version__}", track)


def write_of_track(
    track: Track, video: Path, formats: Sequence[str], folders: Mapping[str, Path], context: Context
) -> dict[str, Path] | Failure:
    """Write formats of a track for the stage Export; see `write_performances`."""
    take = take_of_track(track, video.stem, formats)
    if isinstance(take, Failure):
        return take
    return write_performances(take, formats, folders, video, context.targets, context.notice)


def write_performances(
    take: Take, formats: Sequence[str], folders: Mapping[str, Path], video: Path | None, targets: Targets, tell: Tell
) -> dict[str, Path] | Failure:
    """Write formats of `contract.performance.formats.writing` and return the folders that were written.

    Args:
        take: What is written.
        formats: Which formats.
        folders: Where each goes.
        video: Footage whose sound goes beside Live Link Face's CSV, if it has any.
        targets: What may be replaced.
        tell: Gets what the formats cannot hold.
    """
    contents = {name: files_of(name, take) for name in formats}
    for content in contents.values():
        if isinstance(content, Failure):
            return content
    for notice in dict.fromkeys(notice for name in formats for notice in losses_of(name, take)):
        tell(notice)
    written: dict[str, Path] = {}
    for name, content in contents.items():
        assert not isinstance(content, Failure)

        def write(folder: Path, name: str = name, content: Mapping[str, bytes] = content) -> None:
            write_files(folder, content)
            if name == "live_link" and video is not None and take.track is not None:
                times = take.track.time
                end = float(times[-1]) + 1 / float(take.track.rate)
                write_sound(video, folder / f"{take.name.stem}{SOUND}", float(times[0]), end)

        written[name] = targets.write_folder(folders[name], write)
    return written
