"""Source of what is put onto a character: the track that is meant, or a file of another program, calibrated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import bpy
import numpy as np

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.performance.calibration import calibrated, neutral_problem
from ...backend.contract.performance.formats.reading import read_performance
from ...backend.contract.performance.performance import Performance
from ...backend.contract.performance.surface import with_surface
from ...backend.contract.retarget_settings import RetargetSettings
from ..calibration.hand_edits import edited_take
from ..calibration.takes import Take, calibration_of, take_of_file
from ..file_stamp import Stamp, stamp_of
from ..paths import absolute, take_name
from ..results.review import placed_rows
from ..results.selection import Result, result_of
from ..scene.footage.schedule import scene_rate


@dataclass(frozen=True)
class Source:
    """A performance and where it lies in the scene.

    Attributes:
        performance: Calibrated; named after the take.
        start: Scene frame of its first row.
        rate: Frames of the scene for a second of it.
        holder: Collection or scene whose calibration it has, so that changes of it are played at once.
        track: Track file, None where it comes from another program.
        notices: What is to be said of the file.
    """

    performance: Performance
    start: float
    rate: Fraction
    holder: bpy.types.Collection | bpy.types.Scene
    track: Path | None
    notices: tuple[Notice, ...] = ()


def source_of(
    settings: RetargetSettings,
    track: Path | Result | None,
    context: bpy.types.Context,
    *,
    surface: bool = False,
    known: bool = False,
) -> Source | Failure:
    """Return the performance that is meant.

    Args:
        settings: Name a file, or none.
        track: Where they name none: a track file, or the result that panel and operators speak of.
        context: For the scene.
        surface: Whether a face is to follow the track's own surface, not its weights alone.
        known: Whether edits of the track's rig as they were found the last time will do.
    """
    if settings.source:
        return _of_file(absolute(settings.source), settings, context.scene)
    found = result_of(track, context) if isinstance(track, Path) else track
    if found is None or found.file is None:
        return Failure(
            "no-performance", "There is no performance yet.", "Track a video, or choose a file of Live Link Face."
        )
    return _of_track(found, found.file, context.scene, surface, known)


def _of_file(path: Path, settings: RetargetSettings, scene: bpy.types.Scene) -> Source | Failure:
    read = take_of_recording(path)
    if isinstance(read, Failure):
        return read
    take, notices = read
    rate = scene_rate(scene) / Fraction(settings.speed).limit_denominator(1000)
    return _calibrated(take, Source(take.performance, settings.start_at, rate, scene, None, notices))


_Read = tuple[Take, tuple[Notice, ...]] | Failure
_READ: dict[Path, tuple[Stamp | None, _Read]] = {}
"""What the file that was asked for last holds: sliders ask with every step."""


def known_recording(path: Path) -> Take | None:
    """Return the take in a file where it was read already. For drawing: the disk is not touched."""
    known = _READ.get(path)
    return known[1][0] if known is not None and not isinstance(known[1], Failure) else None


def take_of_recording(path: Path) -> _Read:
    """Return the take in a file of another program, and what is to be said of it; read again where it has changed."""
    stamp = stamp_of(path)
    known = _READ.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    notices: list[Notice] = []
    performance = read_performance(path, notices.append)
    _READ.clear()
    read: _Read = (
        performance
        if isinstance(performance, Failure)
        else (Take(performance, np.arange(len(performance))), tuple(notices))
    )
    _READ[path] = (stamp, read)
    return read


def _of_track(found: Result, path: Path, scene: bpy.types.Scene, surface: bool, known: bool) -> Source | Failure:
    take = take_of_file(path)
    if isinstance(take, Failure):
        return take
    tracked = _with_surface(take.performance, path) if surface else take.performance
    if isinstance(tracked, Failure):
        return tracked
    # After the surface, which is what the track does beyond its own weights.
    take, notices = edited_take(replace(take, performance=tracked), found, known=known)
    performance = replace(take.performance, name=take_name(path, Path(take.performance.name).stem))
    placed = placed_rows(take.clip_frame, performance.time, performance.rate, found.placement)
    if placed is None:
        return Failure(
            "no-frames-in-range", "The track has no frame in the range of its import.", "Import another range of it."
        )
    rows, timeline = placed
    whole = Take(performance, take.clip_frame)
    # What is in the scene may go frame by frame, or slower than it was filmed.
    rate = scene_rate(scene) if found.collection is None else timeline.rate
    source = Source(performance, found.placement.start_at, rate, found.collection or scene, path, notices)
    made = source if found.collection is None else _calibrated(whole, source)
    if isinstance(made, Failure):
        return made
    return replace(made, performance=_rows(made.performance, rows, scene))


_SURFACES: dict[Path, tuple[Stamp | None, Performance | Failure]] = {}
"""What the track that was asked for last does beyond its weights."""


def _with_surface(performance: Performance, path: Path) -> Performance | Failure:
    stamp = stamp_of(path)
    known = _SURFACES.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    _SURFACES.clear()
    made = with_surface(performance, path)
    _SURFACES[path] = (stamp, made)
    return made


def _calibrated(take: Take, source: Source) -> Source | Failure:
    calibration = calibration_of(source.holder, take)
    problem = neutral_problem(take.performance, calibration)
    return problem or replace(source, performance=calibrated(take.performance, calibration))


def _rows(performance: Performance, rows: np.ndarray, scene: bpy.types.Scene) -> Performance:
    """The performance of some rows; photographs, whose times mean nothing, follow each other frame by frame."""
    time = performance.time[rows] - performance.time[rows[0]]
    rate = performance.rate
    if len(rows) > 1 and not np.all(np.diff(time) > 0):
        rate, time = Fraction(scene_rate(scene)), np.arange(len(rows)) / float(scene_rate(scene))
    optional = {
        name: None if values is None else values[rows]
        for name, values in (
            ("gaze", performance.gaze),
            ("head_rotation", performance.head_rotation),
            ("head_translation", performance.head_translation),
            ("beyond", performance.beyond),
        )
    }
    return replace(performance, rate=rate, time=time, weights=performance.weights[rows], **optional)
