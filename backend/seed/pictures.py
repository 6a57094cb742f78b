"""Pictures in memory that belong to one person, fitted together as the frames of a clip."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..landmarks.crop import Picture
from ..parsing.parser import whole_square
from ..stages import video as video_stage
from ..stages.data import Context, Video
from .clip import FittedClip, Prepare, fit_clip, unchanged
from .config import SeedConfig
from .parts import Parts
from .video import Warn, speaking_context

_SEE_A_FACE: Final = "Choose pictures in which a face is seen, 30 pixels or wider."


def checked_picture(picture: object) -> Picture | Failure:
    """Return a picture, contiguous, or why it is none."""
    if isinstance(picture, np.ndarray):
        flat = picture.ndim != 3 or picture.shape[2] != 3
        if not flat and picture.dtype == np.uint8 and min(picture.shape[:2]) >= 2:
            return np.ascontiguousarray(picture)
        what = f"{picture.dtype} {picture.shape}"
    else:
        what = f"a {type(picture).__name__}"
    return Failure("photo-unreadable", f"The picture is {what}.", "Give RGB pixels, uint8 (H, W, 3).")


def checked_pictures(pictures: Sequence[object]) -> list[Picture] | Failure:
    """Return pictures, contiguous, or why one of them is none."""
    if not len(pictures):
        return Failure("photo-not-given", "The list of pictures is empty.", "Give one at least.")
    result: list[Picture] = []
    for picture in pictures:
        checked = checked_picture(picture)
        if isinstance(checked, Failure):
            return checked
        result.append(checked)
    return result


def fit_pictures(
    pictures: Sequence[Picture],
    parts: Parts,
    config: SeedConfig,
    warn: Warn,
    *,
    realign: bool,
    prepare: Prepare = unchanged,
    apart: bool = False,
) -> FittedClip | Failure:
    """Return the fit of one person's pictures with one identity.

    Args:
        pictures, parts, config: What is fitted and how.
        warn: Hears of what the user should know.
        realign: Whether in the aligned squares.
        prepare, apart: See `clip.fit_clip`.
    """
    with tempfile.TemporaryDirectory() as work:
        context = speaking_context(Path(work), warn)
        video = _as_video(pictures, Path(work), context)
        if isinstance(video, Failure):
            return video
        squares = None if realign else [whole_square(picture) for picture in pictures]
        clip = fit_clip(video, parts, config, context, squares=squares, prepare=prepare, apart=apart)
    if not isinstance(clip, Failure):
        return dataclasses.replace(clip, kept=pictures)
    if clip.code == "no-face":
        said = "the picture" if len(pictures) == 1 else f"any of the {len(pictures)} pictures"
        return dataclasses.replace(clip, sentence=f"No face was found in {said}.", advice=_SEE_A_FACE)
    return clip


def _as_video(pictures: Sequence[Picture], folder: Path, context: Context) -> Video | Failure:
    """Write the pictures as a numbered sequence of one size; smaller ones keep their corner and end in white."""
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    for number, picture in enumerate(pictures):
        page = np.full((height, width, 3), 255, np.uint8)
        page[: picture.shape[0], : picture.shape[1]] = picture
        Image.fromarray(page).save(folder / f"picture_{number:06d}.png", compress_level=1)
    return video_stage.run(VideoSettings(path=str(folder / "picture_000000.png")), context)
