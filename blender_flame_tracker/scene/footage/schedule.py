"""Schedule of the footage: its frames one for one with the scene's, or in the scene's own time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.settings import SceneSettings
from ....backend.contract.track import Track
from .. import keyframes
from ..camera.shared_camera import SharedCamera
from ..timeline import Timeline, footage_rate, make_timeline

_SAME_RATE: Final = 1e-4
"""Share by which two rates may differ that count as one: a frame in five minutes."""

_OFFSET: Final = "frame_offset"


@dataclass(frozen=True)
class Schedule:
    """Where the rows of a track lie in the scene.

    Attributes:
        timeline: Keys in frames of the scene.
        own: The same at the clip's own rate, one frame of the scene for one of the footage.
        played: Rate that `make_timeline` was given, where that is not the nominal one.
        start_at: Scene frame of the first row.
        retimed: Whether a frame of the scene is not one of the clip, which lasts as long as it was filmed or as its
            speed says.
    """

    timeline: Timeline
    own: Timeline
    played: Fraction | None
    start_at: int
    retimed: bool = False

    def is_at(self, rate: Fraction) -> bool:
        """Whether the clip has a frame rate."""
        return abs(float(rate / self.own.rate) - 1) <= _SAME_RATE


def schedule_of(
    track: Track,
    rows: NDArray[np.int64],
    settings: SceneSettings,
    played: Fraction | None,
    shared: SharedCamera | None,
    scene: bpy.types.Scene,
) -> Schedule:
    """Place the rows of a track one for one.

    Args:
        track: Whose rows.
        rows: Which of them (K,).
        settings: Say where the clip starts.
        played: Rate at which Blender plays the footage where that is not the nominal one.
        shared: Camera of another import, whose footage counts; None for an own one.
        scene: Whose rate photographs take, which have none.
    """
    played = played if shared is None else shared.record.played
    timeline = _timeline(track, rows, played, settings.start_at)
    moved = 0 if shared is None else shared.footage_start - timeline.footage_start
    timeline = timeline.moved(moved)
    if len(rows) == 1 or track.header["video"].get("photographs"):
        timeline = replace(timeline, rate=scene_rate(scene))
    return Schedule(timeline, timeline, played, settings.start_at + moved)


def in_time_of_scene(schedule: Schedule, track: Track, rows: NDArray[np.int64], rate: Fraction) -> Schedule:
    """Return the schedule in which a second of the footage takes as many frames of the scene as a rate says."""
    if schedule.is_at(rate):
        return schedule
    timeline = _timeline(track, rows, rate, schedule.start_at)
    return Schedule(timeline, schedule.own, rate, schedule.start_at, True)


def scene_rate(scene: bpy.types.Scene) -> Fraction:
    """Return the frames per second of a scene."""
    return scene.render.fps / Fraction(scene.render.fps_base).limit_denominator(10_000)


def write_footage_times(clip: bpy.types.MovieClip, schedule: Schedule) -> None:
    """Let Blender show on every frame of the scene the frame of the footage that belongs there.

    It goes on by one frame of the footage for one of the scene; where the two have other rates, keys on the clip's
    offset lead it to the last frame that began at the scene frame's time.
    """
    timeline, own = schedule.timeline, schedule.own
    keyframes.remove_channels(clip, (_OFFSET,))
    clip.frame_start, clip.frame_offset = timeline.footage_start, 0
    if not schedule.retimed:
        return
    frame = np.arange(timeline.footage_start, timeline.last + 1)
    passed = frame - timeline.footage_start
    wanted = np.floor(passed * float(own.rate / timeline.rate) + 1e-6)
    key = np.searchsorted(timeline.frame, frame, side="right") - 1
    first_showing = np.full(int(timeline.row.max()) + 1, np.inf)
    whole = own.frame == np.floor(own.frame)  # Blender can't show the others at all.
    np.minimum.at(first_showing, own.row[whole], own.frame[whole] - own.footage_start)
    # Blender rounds times to the file's unit: what a key shows is there for certain.
    certain = first_showing[timeline.row[np.maximum(key, 0)]]
    wanted = np.where((key >= 0) & np.isfinite(certain), np.maximum(wanted, certain), wanted)
    # The last frame of the scene that the clip fills may lie behind its end by less than a frame.
    offset = np.minimum(wanted, max(clip.frame_duration - 1, 0)) - passed
    changes = np.concatenate([[0], np.flatnonzero(np.diff(offset)) + 1])
    keyframes.write_channels(clip, [keyframes.Channel(_OFFSET, 0, frame[changes], offset[changes], keyframes.CONSTANT)])
    clip.frame_offset = int(offset[0])


def _timeline(track: Track, rows: NDArray[np.int64], played: Fraction | None, start_at: int) -> Timeline:
    nominal = footage_rate(track.frame_index, track.time, track.rate)
    return make_timeline(track.frame_index[rows], track.time[rows], nominal, played, start_at)
