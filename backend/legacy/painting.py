"""Colours of the pictures besides landmarks: the head's texture, and in a clip its pose and expression more exactly.

The stages Appearance and Texture do that for clips of one camera. So the crops become such a clip: levelled with the
frame instead of with the head, because light comes from the same side however the head leans.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure
from ..contract.settings import AppearanceSettings, TextureSettings
from ..data.context import Context
from ..data.types import Fit, Landmarks, Video
from ..head.model import HeadModel
from ..landmarks.aligned_crop import cut
from ..landmarks.crop import Region
from ..render.lit_head import Skin
from ..stages import appearance as appearance_stage
from ..stages.track import track_of
from ..texture.clip_texture import texture_to_draw
from .clip import FittedClip, in_crops
from .fitting import FITTED

_CODEC: Final = "crops"
_SMALLEST: Final = 128
"""Side in pixels of the smallest squares that are compared."""


def painted_by(fit: Fit, head: HeadModel, square: Region, picture: Picture, context: Context) -> Skin | Failure:
    """Return the texture of a head from the one picture to which it was fitted; plain skin, with a notice, where that
    is too dark or too bright.

    Args:
        fit: In the camera of the square.
        head: Its head.
        square: In which it was fitted.
        picture: RGB.
        context: For a folder, notices and models.
    """
    with tempfile.TemporaryDirectory(dir=context.work) as folder:
        video = _as_video(fit.landmarks, [square], [(0, picture)], Path(folder))
        texture = texture_to_draw(track_of(fit, head, context), video, TextureSettings(), context)
    return texture if isinstance(texture, Failure) else Skin(texture, head.uv, head.uv_faces)


def seen_closely(clip: FittedClip, context: Context) -> tuple[FittedClip, Skin] | Failure:
    """Return a clip whose head is refined by its pictures, and the texture of the head."""
    level = [dataclasses.replace(square, roll=0.0) for square in clip.fitted]
    turns = np.stack([_roll(square.roll) for square in clip.fitted])
    fit, head = _seen_level(clip, level, turns), clip.parts.head
    with tempfile.TemporaryDirectory(dir=context.work) as folder:
        pictures = ((frame, clip.crop(frame, picture, None).picture) for frame, picture in clip.pictures(clip.frames))
        video = _as_video(fit.landmarks, level, pictures, Path(folder))
        refined = appearance_stage.run(fit, head, video, AppearanceSettings(), context)
        if isinstance(refined, Failure):
            return refined
        texture = texture_to_draw(track_of(refined, head, context), video, TextureSettings(), context)
    if isinstance(texture, Failure):
        return texture
    back = _turned(refined, np.swapaxes(turns, 1, 2))
    refined = dataclasses.replace(
        clip.fit, pose=back.pose, rotation=back.rotation, translation=back.translation, report=back.report
    )
    return dataclasses.replace(clip, fit=refined), Skin(texture, head.uv, head.uv_faces)


def _seen_level(clip: FittedClip, level: list[Region], turns: Floats) -> Fit:
    """The fit in level squares, which are as large as the frames show them: enlarged noise would count as detail.

    The angle of view is taken as known: squares that move with the face tell nothing of it.
    """
    side = int(np.clip(np.median([square.side for square in level]), _SMALLEST, FITTED))
    fit = _turned(clip.fit, turns)
    return dataclasses.replace(
        fit,
        landmarks=in_crops(clip.landmarks, level, side),
        intrinsics=fit.intrinsics.scaled(side / FITTED),
        reprojection_error=fit.reprojection_error * side / FITTED,
        focal_uncertainty=0.0,
    )


def _as_video(
    landmarks: Landmarks, squares: list[Region], pictures: Iterable[tuple[int, Picture]], folder: Path
) -> Video:
    """Write the squares of (frame, RGB picture) as a numbered sequence; frames without a head are white."""
    side = landmarks.width
    names = [folder / f"crop_{frame:06d}.png" for frame in range(len(landmarks))]
    for frame, picture in pictures:
        Image.fromarray(cut(picture, squares[frame], side)).save(names[frame], compress_level=1)
    for name in names:
        if not name.exists():
            Image.fromarray(np.full((side, side, 3), 255, np.uint8)).save(name)
    return Video(
        path=names[0],
        sha256="",
        width=side,
        height=side,
        rotation=0,
        rate=landmarks.rate,
        duration=len(names) / float(landmarks.rate),
        frame_index=np.arange(len(names)),
        time=landmarks.time,
        codec=_CODEC,
    )


def _roll(angle: float) -> Floats:
    """From the axes of a leaning square's camera to those of a level one's (3, 3)."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _turned(fit: Fit, turns: Floats) -> Fit:
    """The same heads in cameras that are turned about their axes (T, 3, 3)."""
    return dataclasses.replace(
        fit, rotation=turns @ fit.rotation, translation=np.einsum("tij,tj->ti", turns, fit.translation)
    )
