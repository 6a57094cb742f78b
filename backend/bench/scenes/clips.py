"""Clips to measure speed on: one that is there, repeated to the wanted length, or the sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.failure import Failure
from ...sample.sample import write_sample
from ..chain import Setup

SAMPLE_FRAMES = 90


def speed_clip(setup: Setup, frames: int, width: int, height: int) -> tuple[Path, str] | Failure:
    """Return an H.264 clip of so many frames and what is in it.

    Its frames are those of the shared ``truth_clip`` (or of the sample, 90 frames, where that is absent) forwards,
    backwards, forwards ..., so that there are no cuts; enlarged with a blurred border where the picture is wider.
    """
    source, name = setup.data / "truth_clip" / "clip.mp4", "truth_clip"
    if not source.is_file():
        made = write_sample(setup.work / "sample", frames=SAMPLE_FRAMES, models=setup.models)
        if isinstance(made, Failure):
            return made
        source, name = made.video, "the sample"
    path = setup.work / f"clip{frames}x{width}.mp4"
    _write_there_and_back(source, path, frames, width, height)
    return path, f"{name}, there and back"


def _write_there_and_back(source: Path, path: Path, frames: int, width: int, height: int) -> None:
    with av.open(str(source)) as container:
        pictures = [_fitted(one.to_ndarray(format="rgb24"), width, height) for one in container.decode(video=0)]
    order = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(pictures[order[index % len(order)]], format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _fitted(picture: NDArray[Any], width: int, height: int) -> NDArray[np.uint8]:
    """Return the picture as high as wanted, continued to both sides."""
    scale = height / picture.shape[0]
    inner = round(picture.shape[1] * scale)
    if (inner, height) == (width, height) and scale == 1:
        return picture
    resized = cv2.resize(picture, (inner, height), interpolation=cv2.INTER_LINEAR)
    left = (width - inner) // 2
    return np.asarray(
        cv2.copyMakeBorder(resized, 0, 0, left, width - inner - left, cv2.BORDER_REPLICATE), dtype=np.uint8
    )
