"""Takes: the performance that a calibration belongs to, and which of its frames a frame of the scene shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.failure import Failure
from ...backend.contract.performance.calibration import Calibration
from ...backend.contract.performance.of_track import performance_of_file
from ...backend.contract.performance.performance import Performance
from ...backend.contract.performance.stored import ENTRY, weights_in
from ...backend.contract.performance.weights.basis import are_arkit
from ...backend.contract.track import read_parts, read_track
from .. import redrawing
from ..file_stamp import Stamp, stamp_of
from ..polling import Poller
from ..results.review import placed_rows
from ..results.selection import Result
from ..scene.origin import file_of
from .properties import Holder, of_holder


@dataclass(frozen=True)
class Take:
    """A performance before calibration. T rows.

    Attributes:
        performance: As tracked.
        clip_frame: Frame of the clip of each row (T,), by which neutral frames are named.
        neutral_frame: Frame of the clip from which the weights count already, as the stage was told; else None.
    """

    performance: Performance
    clip_frame: NDArray[np.int64]
    neutral_frame: int | None = None

    def rows_of(self, clip_frames: tuple[int, ...]) -> tuple[int, ...]:
        """Return the rows of frames of the clip; those that the take does not have are passed over."""
        rows = np.searchsorted(self.clip_frame, clip_frames)
        return tuple(
            int(row)
            for row, frame in zip(rows, clip_frames, strict=True)
            if row < len(self.clip_frame) and self.clip_frame[row] == frame
        )


_MOST: Final = 4
_READ: Final[dict[Path, tuple[Stamp | None, Take | Failure]]] = {}
"""What was in the files that were asked for last: sliders ask with every step."""
_WANTED: Final[list[Path]] = []
"""Files that are asked for while drawing."""


def take_of(collection: bpy.types.Collection) -> Take | Failure:
    """Return the take of an import, read again only where its file has changed."""
    path = file_of(collection)
    if path is None:
        return Failure(
            "take-without-file", f"'{collection.name}' came from no track file.", "Track the clip, or import its track."
        )
    return take_of_file(path)


def take_of_file(path: Path) -> Take | Failure:
    """Return the take in a track file, read again only where it has changed."""
    stamp = stamp_of(path)
    known = _READ.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    take = _read(path)
    while len(_READ) >= _MOST:
        _READ.pop(next(iter(_READ)), None)
    _READ[path] = (stamp, take)
    return take


def _read(path: Path) -> Take | Failure:
    track = read_track(path)
    if isinstance(track, Failure):
        return track
    performance = performance_of_file(track)
    if isinstance(performance, Failure):
        return performance
    stored = weights_in(track)
    return Take(performance, track.frame_index, None if stored is None else stored.neutral_frame)


def known_take(collection: bpy.types.Collection) -> Take | None:
    """Return the take of an import, None before it was read. For drawing: returns at once, and has it read soon."""
    path = file_of(collection)
    if path is None:
        return None
    known = _READ.get(path)
    if known is None and not bpy.app.background:
        _WANTED.append(path)
        POLLER.start()
    return known[1] if known is not None and isinstance(known[1], Take) else None


def _read_wanted() -> None:
    quick = [path for path in dict.fromkeys(_WANTED) if is_quick(path)]
    _WANTED.clear()
    for path in quick:
        take_of_file(path)
    if quick:  # Else the drawing would ask again, and so on.
        redrawing.RESULTS.redraw()


def is_quick(path: Path) -> bool:
    """Whether a track is read without a pause: a head that needs ARKit's shapes first waits until somebody asks."""
    content = read_parts(path, ())
    if isinstance(content, Failure):
        return True
    header, _ = content
    return ENTRY in header or are_arkit(header["expression_names"])


POLLER: Final = Poller(_read_wanted, delay=0.1)


def calibration_of(holder: Holder, take: Take) -> Calibration:
    """Return the calibration of a collection or scene for a take, with the rows of its neutral frames."""
    properties = of_holder(holder)
    return replace(properties.calibration(), neutral=take.rows_of(properties.neutral_frames()))


def clip_frame_at(result: Result, take: Take, scene_frame: int) -> int | None:
    """Return the frame of the clip that a frame of the scene shows, None outside of the take."""
    performance = take.performance
    placed = placed_rows(take.clip_frame, performance.time, performance.rate, result.placement)
    if placed is None:
        return None
    rows, timeline = placed
    if not timeline.first <= scene_frame <= timeline.last:
        return None
    key = max(int(np.searchsorted(timeline.frame, scene_frame, side="right")) - 1, 0)
    return int(take.clip_frame[rows[timeline.row[key]]])


CLASSES: Final = ()


def unregister() -> None:
    """Forget what was read."""
    POLLER.stop()
    _WANTED.clear()
    _READ.clear()
