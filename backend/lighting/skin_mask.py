"""Mask of the bare skin of a filmed head, without the hands, hair and glasses before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Array, Integers
from ..contract.camera import Intrinsics
from ..data.context import Context
from ..data.types import Video
from ..parsing.atlas import make_atlas
from ..parsing.occluders import MOST_PICTURES, PosedPicture, learn_face_colours
from ..parsing.parser import open_classes
from ..video.excluded_pixels import ExcludedPixels
from ..video.reader import read_frames
from .skin_colours import FilmedHead, SkinMask, evenly, head_window


def filmed_pictures(
    head: FilmedHead, video: Video, frames: Integers
) -> Iterator[tuple[int, NDArray[np.uint8], Intrinsics, Array]]:
    """Yield (frame, part of the picture around the head, its camera, vertices) of frames that show the head."""
    for frame, picture in read_frames(video, np.sort(frames).tolist()):
        vertices = head.vertices(frame)
        head_part = head_window(vertices, head.camera(frame))
        if head_part is not None:
            yield frame, np.ascontiguousarray(picture[head_part[0]]), head_part[1], vertices


def hidden_part(
    hidden: ExcludedPixels | None, head: FilmedHead, frame: int, picture: NDArray[np.uint8], camera: Intrinsics
) -> NDArray[np.bool_] | None:
    """Return which pixels of a part of a frame, see `filmed_pictures`, shall not count; None where all do."""
    if hidden is None:
        return None
    left, top = (head.intrinsics.centre_x - camera.centre_x, head.intrinsics.centre_y - camera.centre_y)
    return hidden.part(frame, round(left), round(top), picture.shape)


def fit_skin_mask(
    head: FilmedHead,
    neutral: Array,
    video: Video,
    frames: Integers,
    context: Context,
    hidden: ExcludedPixels | None = None,
) -> SkinMask | None:
    """Learn the colours of the bare face, from which hands, hair and glasses differ.

    Args:
        head: The filmed head.
        neutral: Its vertices at rest (V, 3).
        video: The footage.
        frames: Some of these are looked at.
        context: For the folder of models, whose parsing network helps where it is there.
        hidden: Tells which pixels shall not count; None where all do.

    Returns:
        What gives the mask of a picture, or None where no frame can be read.
    """
    chosen = frames[evenly(len(frames), MOST_PICTURES)]
    filmed = filmed_pictures(head, video, chosen)
    pictures = [
        PosedPicture(picture, camera, vertices, hidden_part(hidden, head, frame, picture, camera))
        for frame, picture, camera, vertices in filmed
    ]
    if not pictures:
        return None
    parse = open_classes(context.models, torch.device("cpu"), context.notice)
    colours = learn_face_colours(make_atlas(neutral, head.faces, head.regions), pictures, parse)

    def skin_mask(frame: int, picture: NDArray[np.uint8], camera: Intrinsics, vertices: Array) -> NDArray[np.float32]:
        mask = hidden_part(hidden, head, frame, picture, camera)
        return colours.skin_mask(PosedPicture(picture, camera, vertices, mask))

    return skin_mask
