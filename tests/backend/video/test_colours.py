"""Colours of high dynamic range and wide primaries come out as those of standard range; usual ones stay as they are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc
from fake_stages import ROOT
from small_videos import opened, picture

from backend.report.plate import write_plate
from backend.video.colours import high_range, standard_rgb
from backend.video.media import open_media
from backend.video.reader import read_frame

HARD = ROOT.parent / "shared" / "data" / "hard"
needs_clips = pytest.mark.skipif(not HARD.is_dir(), reason="the hard clips are not here")
ALL = (slice(None), slice(None))
FACE = (slice(180, 300), slice(260, 400))


def frame_of(colour, curve: int, primaries: int, *, matrix: int = 9) -> av.VideoFrame:
    """A 10-bit frame of one colour, given as it is stored: R, G and B from 0 to 1."""
    pixels = np.full((16, 16, 3), np.rint(np.multiply(colour, 65535)), np.uint16)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le").reformat(format="yuv444p10le", dst_colorspace=matrix)
    frame.color_trc, frame.color_primaries = curve, primaries
    return frame


def colour_of(frame: av.VideoFrame) -> list[int]:
    return standard_rgb(frame)[8, 8].tolist()


@needs_clips
@pytest.mark.parametrize(
    ("high", "standard", "parts"),
    [("hlg.mov", "anamorphic.mp4", (ALL, FACE)), ("hlg10.mov", "pyfeat_single_face.mp4", (ALL,))],
)
def test_a_phones_hlg_looks_like_the_same_clip_of_standard_range(context, messages, high, standard, parts) -> None:
    seen = read_frame(opened(HARD / high, context), 0)
    assert messages == ["video-high-range"]
    true = read_frame(opened(HARD / standard, context), 0)
    assert seen is not None
    assert true is not None
    for part in parts:
        away = np.abs(seen[part].mean((0, 1)) - true[part].mean((0, 1)))
        assert away.max() <= 8, f"{away} codes per channel; stored as it is it is up to 45 away"


def test_three_quarters_of_hlg_are_nearly_white_and_greys_stay_grey() -> None:
    white, grey, black = (
        colour_of(frame_of([code] * 3, ColorTrc.ARIB_STD_B67, ColorPrimaries.BT2020)) for code in (0.75, 0.38, 0.0)
    )
    assert np.ptp(white) <= 2
    assert np.ptp(grey) <= 2
    assert 246 <= min(white) <= 252  # the rest is for highlights
    assert grey == pytest.approx([116] * 3, abs=3)  # 0.38 squared / 3 of 0.265, by sRGB's curve
    assert max(black) <= 1


def test_highlights_of_pq_keep_their_order_up_to_white() -> None:
    """Codes of 100, 203, 400 and 1000 cd/m2 (ITU-R BT.2408-7, table 1)."""
    seen = [colour_of(frame_of([code] * 3, ColorTrc.SMPTE2084, ColorPrimaries.BT2020))[0] for code in PQ]
    assert seen == sorted(set(seen))
    assert seen[0] == pytest.approx(186, abs=3)  # 100 of 203 cd/m2 are 0.49 of white, by sRGB's curve
    assert seen[1] == pytest.approx(249, abs=3)
    assert seen[3] == 255


PQ = (0.508, 0.581, 0.653, 0.752)


@pytest.mark.parametrize(("primaries", "stored"), [(ColorPrimaries.BT2020, "2020"), (ColorPrimaries.SMPTE432, "P3")])
def test_wide_primaries_of_standard_range_become_bt709(primaries, stored) -> None:
    """A skin colour, its codes in the wide primaries by sRGB's curve and the matrices of ITU-R BT.2087 and of Apple."""
    codes = {"2020": (0.626, 0.517, 0.420), "P3": (0.662, 0.510, 0.419)}[stored]
    assert colour_of(frame_of(codes, ColorTrc.BT709, primaries)) == pytest.approx([176, 128, 103], abs=4)


def test_usual_frames_are_ffmpegs_bit_for_bit() -> None:
    for matrix, span in ((1, 1), (1, 2), (5, 1), (2, 0)):
        frame = av.VideoFrame.from_ndarray(picture(3), format="rgb24").reformat(format="yuv420p")
        frame.colorspace, frame.color_range = matrix, span
        assert not high_range(frame)
        assert np.array_equal(standard_rgb(frame), frame.to_ndarray(format="rgb24"))


@pytest.mark.parametrize("matrix", [8, 10, 14])
def test_a_matrix_that_ffmpeg_does_not_know_still_gives_a_picture(matrix) -> None:
    frame = av.VideoFrame.from_ndarray(picture(3), format="rgb24").reformat(format="yuv420p")
    frame.colorspace = matrix
    assert standard_rgb(frame).shape == picture(3).shape


def write_tagged(path: Path, matrix: int, span: int) -> Path:
    """One colour in all of a clip, stored by a matrix and a range that the file states."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, span
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), (200, 90, 40), np.uint8), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=span)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("span", [1, 2])
def test_matrix_and_range_that_the_file_states_are_used(tmp_path, context, matrix, span) -> None:
    seen = read_frame(opened(write_tagged(tmp_path / "a.mp4", matrix, span), context), 0)
    assert seen is not None
    assert seen[24, 32].tolist() == pytest.approx([200, 90, 40], abs=4)


@needs_clips
def test_the_copy_for_blender_has_the_colours_that_were_tracked(tmp_path, context) -> None:
    video = opened(HARD / "hlg10.mov", context)
    write_plate(tmp_path / "copy.mp4", video, context)
    copy = opened(tmp_path / "copy.mp4", context)
    assert len(copy) == len(video)
    assert copy.time == pytest.approx(video.time, abs=1e-4)
    seen, tracked = read_frame(copy, 30), read_frame(video, 30)
    assert seen is not None
    assert tracked is not None
    assert np.abs(cv2.blur(seen, (5, 5)).astype(int) - cv2.blur(tracked, (5, 5))).mean() < 2
    with open_media(tmp_path / "copy.mp4") as container:
        codec = container.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_trc, codec.color_primaries) == (1, 1, 1)
    assert video.metadata["copy_for_blender"] == "high-range"
    assert copy.rate == video.rate == Fraction(30)
