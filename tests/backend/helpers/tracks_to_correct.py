"""Tracks of made clips, with true vertices from the engine's own skinning, to be corrected by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from flame_clips import flame_clip
from synthetic_clips import MadeClip, context, made_clip, made_fit

from backend.contract.track import TRACKED, Track
from backend.stages.track import track_of


def builtin_track(folder: Path, frames: int = 40, *, follows_torso: bool = True, clip: MadeClip | None = None) -> Track:
    """Return the track of the built-in head talking and turning, its landmarks exact."""
    clip = clip or made_clip(frames)
    status = np.full(len(clip.rotation), TRACKED, np.int8)
    fit = made_fit(clip.landmarks, clip.intrinsics, clip.pose, clip.rotation, clip.translation, status)
    settings = {"fit": {"neck": "torso" if follows_torso else "held"}}
    return track_of(fit, clip.head, replace(context(folder), settings=settings))


def flame_track(folder: Path, frames: int = 6, *, follows_torso: bool = False) -> Track:
    """Return the track of a head in FLAME's layout with lids of its own; skips where the shared data is absent."""
    return flame_clip(folder, frames, follows_torso=follows_torso).track
