"""What of a filmed head is bare skin: hands, hair and glasses before it tell nothing of its colour or light."""

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
from ..parsing.occluders import MOST_LOOKS, Look, learn_face_colours
from ..parsing.parser import open_classes
from ..video.reader import read_frames
from .skin_colours import FilmedHead, FreeSkin, evenly, head_window


def filmed_pictures(
    head: FilmedHead, video: Video, frames: Integers
) -> Iterator[tuple[int, NDArray[np.uint8], Intrinsics, Array]]:
    """Yield (frame, part of the picture around the head, its camera, vertices) of frames that show the head."""
    for frame, picture in read_frames(video, np.sort(frames).tolist()):
        vertices = head.vertices(frame)
        found = head_window(vertices, head.camera(frame))
        if found is not None:
            yield frame, np.ascontiguousarray(picture[found[0]]), found[1], vertices


def learn_free_skin(
    head: FilmedHead, neutral: Array, video: Video, frames: Integers, context: Context
) -> FreeSkin | None:
    """Learn what the bare face looks like, to tell hands, hair and glasses from it.

    Args:
        head: The filmed head.
        neutral: Its vertices at rest (V, 3).
        video: The footage.
        frames: Some of these are looked at.
        context: For the folder of models, whose parsing network helps where it is there.

    Returns:
        What tells it of a picture, or None where no frame can be read.
    """
    chosen = frames[evenly(len(frames), MOST_LOOKS)]
    looks = [Look(picture, camera, vertices) for _, picture, camera, vertices in filmed_pictures(head, video, chosen)]
    if not looks:
        return None
    parse = open_classes(context.models, torch.device("cpu"), context.notice)
    colours = learn_face_colours(make_atlas(neutral, head.faces, head.regions), looks, parse)

    def free(_frame: int, picture: NDArray[np.uint8], camera: Intrinsics, vertices: Array) -> NDArray[np.float32]:
        return colours.free_skin(Look(picture, camera, vertices))

    return free
