"""Frames of the scene and of the source video: which belongs to which, as the clip lies in the scene."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import bpy

from ...backend.contract.settings import SceneSettings
from ..scene.parts import find_collection, origin_of
from ..scene.record import read_record
from .reading import downstream, upstream
from .take_files import file_of


@dataclass(frozen=True)
class FrameMap:
    """Where the frames of a video lie in a scene.

    Attributes:
        start: Scene frame of the video's first frame.
        speed: Frames of the video for each of the scene; 1 unless the scene keeps another rate than the clip's.
    """

    start: float
    speed: float = 1.0

    def source(self, frame: float) -> int:
        """Return the frame of the video, counted from 0, that a frame of the scene shows; the first at least."""
        return max(math.floor((frame - self.start) * self.speed + 1e-6), 0)

    def scene(self, frame: int) -> int:
        """Return the first frame of the scene that shows a frame of the video."""
        return math.ceil(self.start + frame / self.speed - 1e-6)


def frame_map(node: Any, scene: bpy.types.Scene) -> FrameMap:
    """Return how the clip lies in a scene: as its track was imported, or as it will be where it was not yet.

    Args:
        node: Of the tree, before its Track File node.
        scene: Where the clip is to be seen.
    """
    track = downstream(node, "track")
    collection = find_collection(scene, origin_of(file_of(track, scene), "")) if track is not None else None
    record = read_record(collection) if collection is not None else None
    if record is None or record.footage_start is None:
        video = upstream(node, "video")
        return FrameMap(float(clip_start(video) if video is not None else SceneSettings().start_at))
    speed = float(record.fit.rate / record.shown_at) if record.shown_at and record.fit is not None else 1.0
    return FrameMap(float(record.footage_start), speed)


def clip_start(node: Any) -> int:
    """Return the frame of the scene at which the video begins, as the Scene node behind it has it."""
    scene_node = downstream(node, "scene")
    return scene_node.start_at if scene_node is not None else SceneSettings().start_at
