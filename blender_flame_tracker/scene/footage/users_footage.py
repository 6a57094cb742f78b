"""Footage that the user has opened already, at its own place in time: it is shown as it is, without a second copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy

from ..camera.distortion import is_curved, same_lens
from ..parts import clip_of, is_import
from ..record import read_record
from .plate import Plate
from .schedule import Schedule


def start_of(clip: bpy.types.MovieClip) -> int:
    """Return the scene frame at which Blender shows the first frame of a clip."""
    return clip.frame_start - clip.frame_offset


def preferred(footage: Plate | None, schedule: Schedule) -> Plate | None:
    """Return the user's own clip of the same file where it lies in time as the track does, else the footage given."""
    if footage is None:
        return footage
    start = schedule.timeline.footage_start
    found = next((each for each in bpy.data.movieclips if _serves(each, footage.clip, start)), None)
    if found is None:
        return footage
    if footage.clip.users == 0:
        bpy.data.movieclips.remove(footage.clip)
    return replace(footage, clip=found, users=True)


def _serves(clip: bpy.types.MovieClip, opened: bpy.types.MovieClip, start: int) -> bool:
    """Whether a clip is one of the user's that shows the same file at the same frames, in the same shape."""
    if clip == opened or start_of(clip) != start or _is_ours(clip):
        return False
    if _file(clip) != _file(opened) or (is_curved(opened) and not same_lens(clip, opened)):
        return False
    shape, wanted = (each.display_aspect[0] / each.display_aspect[1] for each in (clip, opened))
    return abs(shape / wanted - 1) < 1e-3


def _file(clip: bpy.types.MovieClip) -> Path:
    return Path(bpy.path.abspath(clip.filepath, library=clip.library)).resolve()


def _is_ours(clip: bpy.types.MovieClip) -> bool:
    """Whether an import has opened it."""
    return any(
        is_import(each) and clip_of(each) == clip and not read_record(each).users_clip for each in bpy.data.collections
    )
