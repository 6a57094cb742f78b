"""The head over a frame of the footage while it is being fitted, for whoever watches."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ..contract.arrays import Integers, Picture
from ..contract.camera import Intrinsics
from ..contract.pixel_shape import file_size_of
from ..data.context import Context
from ..data.previews import HEIGHT
from ..data.types import Camera, Landmarks, Video
from ..head.model import HeadModel
from ..head.skinning import pose_vertices
from ..video.reader import read_frame
from .conversion import PosedHead, from_state
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared

if TYPE_CHECKING:
    from ..render.overlay import HeadLook

LARGE: Final = 2200 * 1200
"""Pixels of a frame above which only one near the clip's beginning is read: decoding up to another takes too long."""

NEAR: Final = 1.0
"""Seconds from the beginning that are near."""


class FitPreview:
    """Chooses a frame in which the face is seen well, has it read beside the work, and draws the head over it."""

    def __init__(
        self, landmarks: Landmarks, camera: Camera, head: HeadModel, solved: Integers, context: Context
    ) -> None:
        self._landmarks = landmarks
        self._camera = camera
        self._head = head
        self._solved = solved
        self._context = context
        self._position = -1
        self._picture: Picture | None = None
        self._look: HeadLook | None = None
        self._reading: threading.Thread | None = None

    def watch(self, model: LandmarkModel, shared: Shared, rows: Integers, frames: Frames) -> None:
        """See `listener.Watch`."""
        positions = self._solved[rows]
        if self._position not in positions and not self._choose(positions):
            return
        if self._picture is None:
            return
        (row,) = np.flatnonzero(positions == self._position)
        frame = int(self._landmarks.frame_index[self._position])
        self._context.preview(frame, partial(self._drawn, model, shared, frames, int(row)))

    def _choose(self, positions: Integers) -> bool:
        """Take the frame with the surest detection; False where none is quick to read or another is being read."""
        if self._reading is not None and self._reading.is_alive():
            return False
        landmarks = self._landmarks
        if landmarks.width * landmarks.height > LARGE:
            positions = positions[landmarks.time[positions] <= NEAR]
        if len(positions) == 0:
            return False
        self._position, self._picture = int(positions[landmarks.detection[positions].argmax()]), None
        self._reading = threading.Thread(target=self._read, args=(self._position,), daemon=True)
        self._reading.start()
        return True

    def _read(self, position: int) -> None:
        # What draws takes half a second to load and to draw for the first time; the report needs it anyway.
        from ..render.overlay import draw_head, head_look
        from ..system.pictures import reduced_to

        full = read_frame(video_of(self._landmarks).through(self._camera.curved), position)
        if full is None:
            return
        picture = reduced_to(full, HEIGHT)
        if self._look is None:
            self._look = head_look(self._head.template, self._head.regions)
            ahead = self._head.template * (1.0, -1.0, -1.0) + (0.0, 0.0, 1.0)
            tiny = np.zeros((16, 16, 3), dtype=np.uint8)
            draw_head(tiny, ahead, self._head.faces, Intrinsics.centred(16, 16, 16.0), self._look)
        self._picture = picture

    def _drawn(self, model: LandmarkModel, shared: Shared, frames: Frames, row: int) -> Picture | None:
        from ..render.overlay import draw_head

        if self._picture is None:
            return None
        now: PosedHead = from_state(model, shared, frames[slice(row, row + 1)])
        vertices = pose_vertices(self._head, now.pose)[0] @ now.rotation[0].T + now.translation[0]
        width, height, focal = self._landmarks.width, self._landmarks.height, float(shared.focal)
        full = Intrinsics(width, height, focal, focal, *self._camera.centre_of(width, height))
        height, width = self._picture.shape[:2]
        camera = full.resized(width, height)
        return draw_head(self._picture, vertices, self._head.faces, camera, self._look)


def video_of(landmarks: Landmarks) -> Video:
    """Return the video of which the landmarks are, to read its pictures again."""
    about = landmarks.video
    return Video(
        path=Path(about["path"]),
        sha256=about["sha256"],
        width=landmarks.width,
        height=landmarks.height,
        rotation=about["rotation"],
        rate=landmarks.rate,
        duration=about["duration"],
        frame_index=landmarks.frame_index,
        time=landmarks.time,
        codec=about["codec"],
        file_size=file_size_of(about),
    )
