"""Interlaced frames show two moments in their lines: one of them is read, and what does not move stays sharp."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from small_videos import opened

from backend.video.fields import one_moment
from backend.video.reader import read_frame

WIDTH, HEIGHT = 160, 120
INTERLACED = 0x00040000 | 0x20000000
"""FFmpeg's flags of an encoder: interlaced transform and motion (AV_CODEC_FLAG_INTERLACED_DCT, _ME)."""


def moment(shift: int) -> np.ndarray:
    """A soft disc that moves to the right before fine detail that stays."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[80:, ::2] = 140
    cv2.circle(picture, (50 + shift, 40), 25, (220, 180, 150), -1)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def woven(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The frame with the even lines of one moment and the odd ones of the next."""
    result = first.copy()
    result[1::2] = second[1::2]
    return result


def test_what_moves_is_of_the_moment_of_the_even_lines() -> None:
    first, frame = moment(0), woven(moment(0), moment(20))
    left = np.abs(one_moment(frame).astype(int) - first)
    assert np.abs(frame.astype(int) - first).max() > 100, "combed before"
    assert left.max() < 30
    assert left.mean() < 0.5


def test_what_stays_keeps_every_line() -> None:
    still = moment(0)
    assert np.array_equal(one_moment(still), still)


@pytest.mark.parametrize("height", [1, 2, 3, 7])
def test_frames_of_a_few_lines_are_read_too(height) -> None:
    lines = np.random.default_rng(0).integers(0, 255, (height, 9, 3)).astype(np.uint8)
    assert one_moment(lines).shape == lines.shape


def write_interlaced(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv422p", 20_000_000
        stream.codec_context.flags |= INTERLACED
        for number in range(4):
            frame = woven(moment(16 * number), moment(16 * number + 8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_an_interlaced_clip_is_said_to_be_one_and_read_without_combs(tmp_path, context, messages) -> None:
    video = opened(write_interlaced(tmp_path / "tape.mpg"), context)
    assert messages == ["video-interlaced"]
    seen = read_frame(video, 2)
    assert seen is not None
    combed = np.abs(woven(moment(32), moment(40)).astype(int) - moment(32)).max()
    assert np.abs(seen.astype(int) - moment(32)).max() < combed / 2
