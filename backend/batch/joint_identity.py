"""The identity of a named person, solved from all of the person's shots together: one head, and a camera for each shot.

A worker does it as a job of its own, after the person's surveys: what these have found of the shots is in the cache.
It writes a track of one frame, which only carries the identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.failure import Failure
from ..contract.identity_clips import IdentityClip, with_identity_of
from ..contract.job import Job, default_job, spec_of
from ..contract.settings import CameraSettings, FaceSettings
from ..contract.track import MISSING, Track
from .shared_identity import worths_of
from .shot import Record, Shot

MOST_SHOTS: Final = 12
"""Shots of a person that are solved together, those that tell most of the face. The seconds of the solve grow with
their number, and a shot whose landmarks are in another computer's cache is looked at once more."""

_OF_A_CLIP: Final = ("video", "face", "camera", "landmarks")


def joint_record(name: str, records: Sequence[Record], tracks: Mapping[str, Track]) -> Record | None:
    """Return the work of solving one identity; None where fewer than two shots show the person.

    Args:
        name: Of the work, as that of a shot.
        records: The person's shots.
        tracks: What their surveys found, by the name of the shot.
    """
    worths = worths_of(tracks)
    names = sorted(worths, key=worths.__getitem__, reverse=True)[:MOST_SHOTS]
    if len(names) < 2:
        return None
    shots = {record.name: record.shot for record in records}
    frame = int(tracks[names[0]].frame_index[np.flatnonzero(tracks[names[0]].status != MISSING)[0]])
    return Record(name, _carrier(shots[names[0]], frame), others=tuple(shots[each] for each in names))


def _carrier(shot: Shot, frame: int) -> Shot:
    """Return one frame of a shot; whose face in it gets the identity is all the same."""
    video = replace(shot.settings["video"], first_frame=frame, last_frame=frame, stride=1, target_rate=0.0)
    settings = {**shot.settings, "video": video, "face": FaceSettings(), "camera": CameraSettings()}
    return replace(shot, settings=settings, added=())


def joint_job(settings: Mapping[str, Any], shots: Sequence[Shot], track: Path) -> Job | Failure:
    """Return the job that solves one identity and writes it into a track.

    Args:
        settings: Of the frame that carries it, complete.
        shots: From which it is solved.
        track: File to write.
    """
    carried = default_job({**settings, "track": replace(settings["track"], path=str(track))})
    return with_identity_of(up_to_track(carried), [_clip(shot) for shot in shots])


def up_to_track(job: Job) -> Job:
    """Return a job without what is made of its track: drawings, texture, files for other programs."""
    return Job(tuple(stage for stage in job.stages if "track" not in spec_of(stage.kind).inputs))


def _clip(shot: Shot) -> IdentityClip:
    kinds = (*_OF_A_CLIP, "exclude") if "exclude" in shot.added else _OF_A_CLIP
    settings = {kind: shot.settings[kind] for kind in kinds}
    settings["video"] = replace(settings["video"], path=str(shot.input))
    return IdentityClip(shot.name or shot.input.name, settings)
