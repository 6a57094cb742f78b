"""Landmarks of photographs: every picture is searched by itself, and each is a shot of its own."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..contract.failure import Failure, Notice
from ..contract.settings import FaceSettings, LandmarkSettings
from ..data.context import Context
from ..data.types import Landmarks, PersonMasks, Video
from ..landmarks.face import Face
from ..landmarks.masks import HeadMasks, head_masks
from ..landmarks.networks import Networks, find_networks
from ..landmarks.pipeline import EFFORTS
from ..landmarks.tracking import network_notices
from ..video.reader import read_frames
from .fitting import landmarks_of
from .people import chosen_face


def landmarks_of_photographs(
    video: Video, choice: FaceSettings, settings: LandmarkSettings, context: Context
) -> Landmarks | Failure:
    """Return the landmarks of the chosen face in every photograph; those without one are missing frames."""
    files = find_networks(settings.task_file, context.models)
    if isinstance(files, Failure):
        return files
    for notice in network_notices(files, settings):
        context.notice(notice)
    networks = Networks(files)
    names = video.metadata.get("photographs", [video.path.name])
    faces: list[Face | None] = [None] * len(video)
    masks: dict[int, HeadMasks] = {}
    failures: list[Failure] = []
    for position, picture in read_frames(video):
        context.check()
        name = names[int(video.frame_index[position])]
        threshold, quality = settings.detection_threshold, settings.quality
        face = chosen_face(networks, picture, name, choice, context, threshold=threshold, quality=quality)
        context.progress(position + 1, len(video))
        if isinstance(face, Failure):
            failures.append(face)
            continue
        faces[position] = face
        if settings.person_mask and networks.person is not None:
            masks[position] = head_masks(networks.person, picture, face)
    if all(face is None for face in faces):
        return failures[0] if failures else _unreadable(video)
    for failure in failures:
        context.notice(Notice("photo-left-out", f"{failure.sentence} It is left out."))
    looks = EFFORTS[settings.quality].run_count
    source = f"{files.source}, {looks} run{'s' if looks > 1 else ''} per photograph"
    found = landmarks_of(faces, video.width, video.height, masks=_masks(masks), video=_summary(video), source=source)
    return dataclasses.replace(
        found, frame_index=video.frame_index, time=video.time, rate=video.rate, metadata=dict(video.metadata)
    )


def _unreadable(video: Video) -> Failure:
    return Failure(
        "photo-unreadable",
        f"{video.path.name} can't be read any more.",
        "Look whether the photographs are still where they were.",
    )


def _masks(masks: dict[int, HeadMasks]) -> PersonMasks | None:
    if not masks:
        return None
    return PersonMasks(
        np.array(list(masks), dtype=np.int64),
        np.stack([one.person for one in masks.values()]),
        np.stack([one.to_image for one in masks.values()]),
        np.stack([one.skin for one in masks.values()]),
    )


def _summary(video: Video) -> dict[str, object]:
    """What a track file says of its source: the name is that of the photograph, the path that of what Blender shows."""
    names = video.metadata.get("photographs", [video.path.name])
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return {
        "name": f"{names[0]}{more}",
        "path": str(video.path),
        "sha256": video.sha256,
        "duration": video.duration,
        "codec": video.codec,
        "frames": len(video),
        "rotation": 0,
        "photographs": list(names),
    }
