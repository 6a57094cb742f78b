"""Files of a pinned track: what was tracked stays as it is, and beside it lie the corrections and what they make of it.

``track_pinned.npz`` is made of ``track.npz`` and ``track.corrections.json`` and can be made anew at any time. Its
header says of which file it was made, and with what.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from ...backend.contract.atomic import write_atomically
from ...backend.contract.corrections.corrections import SUFFIX, Corrections, PinnedFrame
from ...backend.contract.corrections.spreading import corrected_track
from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file
from ...backend.contract.track import Track, read_parts, read_track, write_track
from ..file_stamp import Stamp, stamp_of
from ..scene.corrections import corrections_in

MADE_FROM: Final = "corrected_from"
"""Entry of a pinned track's header: name of the uncorrected file beside it, and its stamp."""
_PINNED: Final = "_pinned"
"""End of the stem of a pinned track's file."""


class _Written(NamedTuple):
    """What this session has written: content of a file, and of which it was made."""

    stamp: Stamp
    uncorrected: Path


_WRITTEN: Final[dict[Path, _Written]] = {}


def _pinned_file(uncorrected: Path) -> Path:
    return uncorrected.with_stem(uncorrected.stem + _PINNED)


def corrections_file(uncorrected: Path) -> Path:
    """Return where the corrections of a track stand."""
    return uncorrected.with_name(uncorrected.stem + SUFFIX)


@dataclass(frozen=True)
class Sources:
    """Where a track with corrections comes from and goes to.

    Attributes:
        uncorrected: Track file that holds what was tracked; where that is gone, the corrected one, which remembers it.
        pinned: Track file with the pins.
    """

    uncorrected: Path
    pinned: Path


def sources_of(track: Path) -> Sources | Failure:
    """Return the files that belong to a track file, which may be either of the two."""
    if track in _WRITTEN and not is_file(track):
        return Sources(_WRITTEN[track].uncorrected, track)
    content = read_parts(track, ())
    if isinstance(content, Failure):
        return content
    made_from = content[0].get(MADE_FROM)
    if not isinstance(made_from, list) or not made_from or not isinstance(made_from[0], str):
        return Sources(track, _pinned_file(track))
    source = track.with_name(Path(made_from[0]).name)
    return Sources(source if is_file(source) else track, track)


def pinned_in(track: Path) -> tuple[PinnedFrame, ...]:
    """Return the pinned frames with which a track file was made; none where it cannot be read."""
    content = read_parts(track, ())
    found = None if isinstance(content, Failure) else corrections_in(content[0])
    return () if found is None else found.pinned


def write_pinned(sources: Sources, corrections: Corrections, corrected: Track | None = None) -> Failure | None:
    """Write what corrections make of a track, and the corrections beside it.

    Args:
        sources: The files.
        corrections: All that was put right by hand.
        corrected: What they make of the track, where that has been computed already.
    """
    uncorrected, target = sources.uncorrected, sources.pinned
    base = read_track(uncorrected) if corrected is None else corrected
    made = base if isinstance(base, Failure) or corrected is not None else corrected_track(base, corrections)
    if isinstance(made, Failure):
        return made
    source = [uncorrected.name, list(stamp_of(uncorrected) or ())]
    problem = write_track(target, replace(made, header={**made.header, MADE_FROM: source}))
    if problem is None:
        problem = write_corrections_file(uncorrected, corrections)
    stamp = stamp_of(target)
    if stamp is not None:
        _WRITTEN[target] = _Written(stamp, uncorrected)
    return problem


def write_corrections_file(uncorrected: Path, corrections: Corrections) -> Failure | None:
    """Write the corrections beside the track that they are for; none leave no file."""
    file = corrections_file(uncorrected)
    try:
        if corrections == Corrections():
            file.unlink(missing_ok=True)
        else:
            write_atomically(file, lambda partial: partial.write_text(corrections.to_json(), encoding="utf-8"))
    except OSError as error:
        return Failure(
            "corrections-not-written",
            f"The corrections could not be written to {file}: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    return None


def was_written_here(track: Path) -> bool:
    """Whether this session has made a track file of corrections, and nobody else has written it since."""
    written = _WRITTEN.get(track)
    return written is not None and (not is_file(track) or stamp_of(track) == written.stamp)
