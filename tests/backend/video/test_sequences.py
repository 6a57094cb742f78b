"""Numbered pictures as a clip: holes, other files beside them, and what makes an old result void."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fake_stages import ROOT
from PIL import Image
from small_videos import number_of, opened, picture, refused, write_video

from backend.contract.footage import PICTURE_SUFFIXES
from backend.contract.sequence import LONGEST_HOLE
from backend.contract.settings import VideoSettings
from backend.run.keys import fingerprint
from backend.stages import video as stage
from backend.video.reader import read_frame, read_frames

HOLES = ROOT.parent / "shared" / "data" / "hard" / "seq_holes"


def write_picture(path: Path, number: int) -> Path:
    """A numbered picture in the format that the suffix says."""
    if path.suffix == ".tga":
        Image.fromarray(picture(number)).save(path)
        return path
    pixels = picture(number)[..., ::-1]
    written, data = cv2.imencode(path.suffix, pixels[..., 1] if path.suffix == ".pgm" else pixels)
    assert written
    path.write_bytes(data.tobytes())
    return path


def write_sequence(folder: Path, numbers, suffix: str = ".png") -> Path:
    """Pictures of these numbers; returns the first."""
    return [write_picture(folder / f"shot_{number:04d}{suffix}", number) for number in reversed(numbers)][-1]


def numbers_read(video) -> dict[int, int]:
    """{position: number that its picture shows}."""
    return {position: number_of(image) for position, image in read_frames(video)}


@pytest.mark.skipif(not HOLES.is_dir(), reason="the hard clips are not here")
def test_a_shot_of_24_pictures_with_three_missing_has_24_frames(context, messages) -> None:
    video = opened(HOLES / "shot_0001.jpg", context)
    assert len(video) == 24
    assert set(range(24)) - {position for position, _ in read_frames(video)} == {6, 7, 14}
    assert messages == ["video-pictures-missing"]
    assert "3 of 24" in messages.sentences[0]
    assert "7-8, 15" in messages.sentences[0]


def test_pictures_after_a_hole_keep_their_time(tmp_path, context) -> None:
    video = opened(write_sequence(tmp_path, (1, 2, 5, 6)), context, sequence_rate=25)
    assert numbers_read(video) == {0: 1, 1: 2, 4: 5, 5: 6}
    assert video.time[4] == pytest.approx(4 / 25)


def test_after_a_long_hole_another_shot_of_the_same_name_begins_and_it_is_said(tmp_path, context, messages) -> None:
    numbers = (1, 2, 3, 5 + LONGEST_HOLE, 6 + LONGEST_HOLE)
    assert len(opened(write_sequence(tmp_path, numbers), context)) == 3
    assert messages == ["video-pictures-beyond"]
    messages.clear()
    assert len(opened(tmp_path / f"shot_{5 + LONGEST_HOLE:04d}.png", context)) == 2
    assert messages == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_pipes_folders_and_links_to_themselves_count_as_missing_and_are_not_opened(tmp_path, context, messages) -> None:
    first = write_sequence(tmp_path, (1, 5))
    os.mkfifo(tmp_path / "shot_0002.png")
    (tmp_path / "shot_0003.png").mkdir()
    (tmp_path / "shot_0004.png").symlink_to("shot_0004.png")
    (tmp_path / "zz.png").symlink_to("zz.png")
    assert numbers_read(opened(first, context)) == {0: 1, 4: 5}
    assert messages == ["video-pictures-missing"]
    assert refused(tmp_path / "shot_0002.png", context).code == "video-not-found"


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tmp_path) -> None:
    loop = tmp_path / "zz.png"
    loop.symlink_to("zz.png")
    assert fingerprint(loop)[1] in {"not readable", "not a file"}


@pytest.mark.parametrize("suffix", [".png", ".tga", ".ppm", ".pgm", ".jp2", ".jpe", ".webp"])
def test_a_changed_picture_in_the_middle_of_a_sequence_makes_its_result_void(tmp_path, suffix) -> None:
    for number in (1, 2, 3):
        write_picture(tmp_path / f"shot_{number}{suffix}", number)
    settings = VideoSettings(path=str(tmp_path / f"shot_1{suffix}"))

    def seen() -> list:
        return [fingerprint(file) for file in stage.files(settings, tmp_path)]

    before = seen()
    assert len(before) == 3
    shutil.copy(tmp_path / f"shot_3{suffix}", tmp_path / f"shot_2{suffix}")
    assert seen() != before


def test_other_pictures_beside_a_sequence_do_not_make_its_result_void(tmp_path) -> None:
    settings = VideoSettings(path=str(write_sequence(tmp_path, (1, 2))))
    before = stage.files(settings, tmp_path)
    write_picture(tmp_path / "still.png", 3)
    assert stage.files(settings, tmp_path) == before


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES - {".exr", ".dpx"}))
def test_every_kind_of_picture_is_read_as_a_sequence(tmp_path, context, suffix) -> None:
    video = opened(write_sequence(tmp_path, (1, 2, 3), suffix), context)
    assert len(list(read_frames(video))) == 3
    if suffix != ".pgm":  # Grey.
        assert next(read_frames(video))[1][0, 0].tolist() == pytest.approx([255, 0, 0], abs=12)


@pytest.mark.parametrize(
    ("codec", "pixels", "seen"), [("dpx", "rgb24", [200, 90, 40]), ("exr", "gbrpf32le", [230, 161, 110])]
)
def test_film_formats_are_read_and_linear_light_gets_the_curve_of_srgb(tmp_path, context, codec, pixels, seen) -> None:
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 64, 48, pixels, Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), (200, 90, 40), np.uint8), format="rgb24")
    (content,) = [*encoder.encode(frame.reformat(format=pixels)), *encoder.encode(None)]
    (tmp_path / f"a.{codec}").write_bytes(bytes(content))
    shown = read_frame(opened(tmp_path / f"a.{codec}", context), 0)
    assert shown is not None
    assert shown[24, 32].tolist() == pytest.approx(seen, abs=1)


def test_a_picture_whose_name_is_a_pattern_is_read_alone(tmp_path, context) -> None:
    write_sequence(tmp_path, (1, 2, 3))
    video = opened(write_picture(tmp_path / "shot_%04d.png", 9), context)
    assert numbers_read(video) == {0: 9}


def test_a_video_that_is_called_a_picture_is_not_played(tmp_path, context) -> None:
    write_video(tmp_path / "a.mp4", 3).rename(tmp_path / "a.png")
    assert refused(tmp_path / "a.png", context).code == "video-unreadable"
