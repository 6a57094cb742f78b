"""Stage Video: exact times, orientation, formats, choice of frames, and every bad input by name."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from small_videos import HEIGHT, WIDTH, number_of, opened, picture, refused, turned, write_video

from backend.fit.lens.lens_prior import lens_prior, source_of
from backend.video import reader
from backend.video.probe import nominal_rate
from backend.video.reader import read_frame, read_frames


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("h264.mp4", "libx264", "yuv420p"),
        ("hevc.mkv", "libx265", "yuv420p10le"),
        ("prores.mov", "prores_ks", "yuv422p10le"),
        ("mpeg1.mpg", "mpeg1video", "yuv420p"),
        ("motion.avi", "mjpeg", "yuvj420p"),
        ("reordered.avi", "libx264", "yuv420p"),
        ("picture.gif", "gif", "rgb8"),
        ("matroska.mkv", "libx264", "yuv420p"),
    ],
)
def test_each_format_gives_every_frame_once_and_in_order(tmp_path, context, name, codec, pixels) -> None:
    rate = Fraction(25)
    video = opened(write_video(tmp_path / name, codec=codec, pixels=pixels, rate=rate), context)
    frames = list(read_frames(video))
    assert [position for position, _ in frames] == list(range(20))
    if codec != "gif":  # Its few colours don't hold the numbers.
        assert [number_of(image) for _, image in frames] == list(range(20))
    assert np.allclose(np.diff(video.time), 1 / 25, atol=0.006)
    assert video.rate == 25
    assert (video.width, video.height) == (WIDTH, HEIGHT)
    assert len(video.sha256) == 64


def test_times_of_a_phone_clip_with_variable_rate_are_exact(tmp_path, context) -> None:
    times = np.cumsum([0] + [33, 33, 34, 33, 67, 33, 33, 34, 100, 33] * 3).tolist()
    video = opened(write_video(tmp_path / "variable.mkv", len(times), times=times), context)
    assert np.allclose(video.time, np.array(times) / 1000, atol=1e-6)
    assert video.rate == 30
    assert [number_of(image) for _, image in read_frames(video)] == [n % 28 for n in range(len(times))]


def test_the_rate_that_the_file_states_is_kept_as_a_fraction(tmp_path, context) -> None:
    video = opened(write_video(tmp_path / "ntsc.mp4", rate=Fraction(30000, 1001)), context)
    assert video.rate == Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("interval", "rate"), [(1 / 24, 24), (1001 / 24000, Fraction(24000, 1001)), (0.04, 25), (1 / 17, 17)]
)
def test_a_rate_that_nobody_states_is_measured(interval, rate) -> None:
    assert nominal_rate(np.arange(200) * interval, 1e-5, None, None) == rate


@pytest.mark.parametrize(
    ("matrix", "rotation", "red_corner"),
    [((0, 1, -1, 0), 90, (0, -1)), ((-1, 0, 0, -1), 180, (-1, -1)), ((0, -1, 1, 0), 270, (-1, 0))],
)
def test_a_rotated_phone_clip_comes_out_upright(tmp_path, context, matrix, rotation, red_corner) -> None:
    a, b, c, d = (value * 65536 for value in matrix)
    plain = write_video(tmp_path / "plain.mp4", 5)
    video = opened(turned(plain, (a, b, 0, c, d, 0, 0, 0, 1 << 30)), context)
    assert video.rotation == rotation
    assert (video.width, video.height) == ((WIDTH, HEIGHT) if rotation == 180 else (HEIGHT, WIDTH))
    image = read_frame(video, 2)
    assert image is not None
    assert image.shape == (video.height, video.width, 3)
    assert image[red_corner].tolist() == pytest.approx([255, 0, 0], abs=12)


def test_range_stride_and_target_rate_choose_frames(tmp_path, context) -> None:
    path = write_video(tmp_path / "a.mp4", 28)
    video = opened(path, context, first_frame=5, last_frame=20, stride=3)
    assert video.frame_index.tolist() == [5, 8, 11, 14, 17, 20]
    assert video.rate == 10
    assert [number_of(image) for _, image in read_frames(video)] == [5, 8, 11, 14, 17, 20]
    slower = opened(path, context, target_rate=12.5)
    assert slower.rate == Fraction(25, 2)
    assert np.abs(slower.time - np.arange(len(slower)) / 12.5).max() <= 1 / 60 + 1e-6
    assert opened(path, context, target_rate=60).frame_index.tolist() == list(range(28))


def test_some_positions_of_a_long_clip_are_read_by_jumping(tmp_path, context) -> None:
    video = opened(write_video(tmp_path / "long.mp4", 400), context)
    wanted = [3, 180, 181, 399]
    assert [(k, number_of(image)) for k, image in read_frames(video, wanted)] == [(k, k % 28) for k in wanted]


def test_reading_stops_when_the_caller_does(tmp_path, context) -> None:
    frames = read_frames(opened(write_video(tmp_path / "a.mp4", 200), context))
    next(frames)
    frames.close()  # Hangs, or fails after its time-out, where the thread does not end.


def test_an_error_of_the_thread_that_decodes_reaches_the_caller(tmp_path, context, monkeypatch) -> None:
    clip = opened(write_video(tmp_path / "clip.mkv"), context)

    def greedy(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reader, "_read_stream", greedy)
    with pytest.raises(MemoryError):
        list(read_frames(clip))


def test_numbered_pictures_are_a_clip_from_the_first_that_is_named(tmp_path, context) -> None:
    folder = tmp_path / "Bilder größer ä"
    folder.mkdir()
    for number in (7, 8, 9, 10, 11, 13):
        ok, data = cv2.imencode(".png", picture(number)[..., ::-1])
        assert ok
        (folder / f"shot2_{number:04d}.png").write_bytes(data.tobytes())
    video = opened(folder / "shot2_0008.png", context, sequence_rate=24)
    assert len(video) == 6
    assert [(k, number_of(image)) for k, image in read_frames(video)] == [(0, 8), (1, 9), (2, 10), (3, 11), (5, 13)]
    assert video.rate == 24
    assert np.allclose(video.time, np.arange(6) / 24)


def test_paths_with_spaces_and_accents(tmp_path, context) -> None:
    folder = tmp_path / "mes vidéos 日本"
    folder.mkdir()
    assert len(opened(write_video(folder / "été à la mer.mp4", 4), context)) == 4


def test_one_single_frame_is_a_clip_and_it_is_said(tmp_path, context, messages) -> None:
    assert len(opened(write_video(tmp_path / "one.mp4", 1), context)) == 1
    assert messages == ["video-one-frame"]


def test_a_4k_frame_is_read(tmp_path, context) -> None:
    video = opened(write_video(tmp_path / "uhd.mp4", 2, size=(3840, 2160), options={"preset": "ultrafast"}), context)
    shapes = [image.shape for _, image in read_frames(video)]
    assert shapes == [(2160, 3840, 3)] * 2


def test_the_focal_length_that_a_phone_wrote_is_found(tmp_path, context) -> None:
    path = tmp_path / "phone.mov"
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["com.apple.quicktime.camera.focal_length.35mm_equivalent"] = "26"
        container.metadata["com.apple.quicktime.model"] = "Phone 15"
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(0), format="rgb24")))
        container.mux(stream.encode())
    video = opened(path, context)
    assert video.metadata["focal_length_35mm"] == 26.0
    assert video.metadata["camera_model"] == "Phone 15"


def test_an_android_phone_is_known_by_its_tags(tmp_path, context) -> None:
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["com.android.version"] = "14"
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(0), format="rgb24")))
        container.mux(stream.encode())
    metadata = opened(path, context).metadata
    assert lens_prior(source_of(WIDTH, HEIGHT, 60.0, metadata)).evidence[0] == "the file names a phone"


def test_no_such_file(tmp_path, context) -> None:
    assert refused(tmp_path / "nowhere.mp4", context).code == "video-not-found"
    assert refused("", context).code == "video-not-given"


def test_a_directory(tmp_path, context) -> None:
    assert refused(tmp_path, context).code == "video-is-directory"


def test_an_empty_file(tmp_path, context) -> None:
    (tmp_path / "empty.mp4").touch()
    assert refused(tmp_path / "empty.mp4", context).code == "video-empty"


@pytest.mark.parametrize("name", ["text.mp4", "text.png"])
def test_not_a_video(tmp_path, context, name) -> None:
    (tmp_path / name).write_text("This is no video at all.\n" * 100)
    assert refused(tmp_path / name, context).code == "video-unreadable"


def test_sound_without_a_picture(tmp_path, context) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert refused(path, context).code == "no-video-stream"


@pytest.mark.parametrize(
    ("name", "options"), [("cut.mkv", {}), ("cut.mp4", {"movflags": "faststart"}), ("cut.mpg", {}), ("cut.avi", {})]
)
def test_truncated_in_the_middle_what_can_be_read_is_used_and_it_is_said(
    tmp_path, context, messages, name, options
) -> None:
    codec = {"cut.avi": "mjpeg", "cut.mpg": "mpeg1video"}.get(name, "libx264")
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    whole = write_video(tmp_path / f"whole_{name}", 120, codec=codec, pixels=pixels, options=options)
    data = whole.read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 6 // 10])
    video = opened(tmp_path / name, context)
    assert 20 < len(video) < 110
    # MPEG-1 does not promise a length, so nobody can know that there was more.
    assert messages == ([] if name == "cut.mpg" else ["video-truncated"])
    frames = list(read_frames(video))
    assert [position for position, _ in frames] == list(range(len(video)))
    assert [number_of(image) for _, image in frames[:-6]] == [n % 28 for n in range(len(video) - 6)]


def test_an_mp4_that_lost_its_index_is_refused(tmp_path, context) -> None:
    data = write_video(tmp_path / "whole.mp4", 60).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    assert refused(tmp_path / "cut.mp4", context).code == "video-unreadable"


def test_no_frame_in_the_range(tmp_path, context) -> None:
    path = write_video(tmp_path / "a.mp4", 10)
    failure = refused(path, context, first_frame=10)
    assert failure.code == "video-empty-range"
    assert "10 frames" in failure.sentence
    assert refused(path, context, first_frame=6, last_frame=3).code == "video-empty-range"
