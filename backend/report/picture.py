"""Pictures with the head over the footage, and words on them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..contract.arrays import Picture
from ..contract.camera import Intrinsics, rotation_matrices
from ..contract.misfit import MISFIT_WORDS, misfits
from ..contract.track import INTERPOLATED, MISSING, STATUS_NAMES, TRACKED, Track
from ..render.overlay import HeadLook, draw_head, draw_landmarks, head_look
from .measures import surface_points

STATUS_COLOURS: Final = {TRACKED: (120, 220, 140), INTERPOLATED: (255, 190, 70), MISSING: (255, 110, 100)}
MISFIT_COLOUR: Final = (255, 110, 100)
"""Of a frame that was solved and whose head lies beside the face: as bad as none."""


class HeadPainter:
    """Draws the head of a track over frames of its footage."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._look: HeadLook = head_look(track.neutral_vertices, track.regions)
        self._rotation = rotation_matrices(track.head_rotation)
        self._curved = track.curved

    def camera_vertices(self, frame: int) -> NDArray[Any]:
        """Vertices of a frame in camera axes (V, 3), where a pinhole camera draws them onto the footage."""
        return self._on_footage(self._track.vertices[frame], frame)

    def face_points(self, frame: int) -> NDArray[Any]:
        """Places of the landmarks on the head of a frame, as `camera_vertices` (478, 3); NaN where there is none."""
        return self._on_footage(surface_points(self._track, slice(frame, frame + 1))[0], frame)

    def landmarks(self, frame: int) -> NDArray[Any]:
        """Detected landmarks of a frame in pixels of the footage (478, 2)."""
        points = self._track.landmarks[frame]
        return points if self._curved is None else self._curved.on_footage(points)

    def _on_footage(self, points: NDArray[Any], frame: int) -> NDArray[Any]:
        in_camera = points @ self._rotation[frame].T + self._track.head_translation[frame]
        return in_camera if self._curved is None else self._curved.bent(in_camera, self._track.intrinsics_at(frame))

    def draw(self, picture: Picture, frame: int, camera: Intrinsics) -> Picture:
        """Return the picture with the head over it; unchanged where the frame has none."""
        if self._track.status[frame] == MISSING:
            return picture
        return draw_head(picture, self.camera_vertices(frame), self._track.faces, camera, self._look)

    def draw_landmarks(self, picture: Picture, points: NDArray[Any], frame: int) -> Picture:
        """Return the picture with the frame's landmarks, given in pixels of the picture."""
        radius = max(0.8, picture.shape[0] / 640)
        return draw_landmarks(picture, points, self._track.landmark_visibility[frame], radius=radius)


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib, so that pictures look the same everywhere."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def caption(track: Track, frame: int) -> str:
    """Return frame number, time, status and error in words."""
    words = f"frame {int(track.frame_index[frame])}   {float(track.time[frame]):.2f} s   "
    status = int(track.status[frame])
    words += MISFIT_WORDS if _misses(track, frame) else STATUS_NAMES[status]
    if status == TRACKED and np.isfinite(track.reprojection_error[frame]):
        words += f"   {float(track.reprojection_error[frame]):.1f} px"
    return words


def status_colour(track: Track, frame: int) -> tuple[int, int, int]:
    """Return the colour of the dot before a frame's caption."""
    return MISFIT_COLOUR if _misses(track, frame) else STATUS_COLOURS[int(track.status[frame])]


def _misses(track: Track, frame: int) -> bool:
    return bool(misfits(track, track.focal_lengths, slice(frame, frame + 1))[0])


def with_caption(picture: Picture, track: Track, frame: int) -> Picture:
    """Return the picture with its caption on a dark strip in the lower left corner."""
    image = Image.fromarray(picture)
    size = max(11, round(picture.shape[0] / 34))
    draw = ImageDraw.Draw(image, "RGBA")
    text = caption(track, frame)
    _, _, width, _ = draw.textbbox((0, 0), text, font=font(size))
    margin, height = round(size * 0.6), round(size * 1.75)
    bottom = picture.shape[0]
    draw.rectangle((0, bottom - height, width + 2 * margin + 1.2 * size, bottom), fill=(14, 16, 20, 190))
    colour = status_colour(track, frame)
    middle = bottom - height / 2
    draw.text((margin, middle), "●", font=font(size), fill=(*colour, 255), anchor="lm")
    draw.text((margin + 1.2 * size, middle), text, font=font(size), fill=(236, 238, 240, 255), anchor="lm")
    return np.asarray(image)
