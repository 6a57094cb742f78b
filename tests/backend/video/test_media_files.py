"""Choice of media files that are opened and of the stream that is the picture, however they were put together."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from fake_stages import ROOT
from report_tracks import a_track
from small_videos import HEIGHT, WIDTH, number_of, opened, picture, refused, write_video

from backend.quick_look.sample import sample
from backend.report.mp4 import as_os_error, time_base
from backend.report.overlay import write_overlay
from backend.video import media, opening
from backend.video.media import open_media, picture_stream
from backend.video.probe import nominal_rate
from backend.video.reader import read_frames

HARD = ROOT.parent / "shared" / "data" / "hard"
needs_clips = pytest.mark.skipif(not HARD.is_dir(), reason="the hard clips are not here")


@needs_clips
def test_a_cover_picture_before_the_video_is_not_taken_for_it(context, messages) -> None:
    video = opened(HARD / "cover.mp4", context)
    assert (len(video), video.width, video.height) == (24, 640, 480)
    assert [position for position, _ in read_frames(video)] == list(range(24))
    assert len(list(sample(video))) == 16
    assert messages == []


def write_two_videos(path: Path, small: int, large: int) -> Path:
    """A proxy of grey frames, then the real thing, as some cameras write them."""
    with av.open(str(path), "w") as container:
        streams = []
        for width, height, frames in ((WIDTH // 2, HEIGHT // 2, small), (WIDTH, HEIGHT, large)):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            streams.append((stream, frames))
        for number in range(max(small, large)):
            for stream, frames in streams:
                if number < frames:
                    image = picture(number, stream.width, stream.height)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        for stream, _ in streams:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["two.mp4", "two.mkv"])
def test_of_several_videos_in_a_file_the_largest_is_used_and_it_is_said(tmp_path, context, messages, name) -> None:
    video = opened(write_two_videos(tmp_path / name, 4, 12), context)
    assert (len(video), video.width, video.height) == (12, WIDTH, HEIGHT)
    assert [number_of(image) for _, image in read_frames(video)] == list(range(12))
    assert messages == ["video-several-pictures"]


@pytest.mark.parametrize("name", ["a.avi", "a.mp4", "a.mov", "a.mkv", "a.flv"])
@pytest.mark.parametrize("title", [b"caf\xe9", b"\x93\xfa\x96"])
def test_tags_in_other_encodings_than_utf8_are_no_hindrance(tmp_path, context, name, title) -> None:
    plain = b"cafZ"[: len(title)]
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        container.metadata["title"] = plain.decode()
        stream = container.add_stream("flv" if name == "a.flv" else "mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode(None))
    content = path.read_bytes()
    assert plain in content
    path.write_bytes(content.replace(plain, title))
    assert len(list(read_frames(opened(path, context)))) == 3


@pytest.fixture
def callers() -> Iterator[tuple[int, list[str]]]:
    """A port of this computer, and who called it."""
    heard: list[str] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(4)

        def listen() -> None:
            while True:
                try:
                    there, _ = server.accept()
                except OSError:
                    return
                heard.append("called")
                there.close()

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{place}\n#EXT-X-ENDLIST\n",
    "live m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{place}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{place}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 45004 RTP/AVP 96\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    "<Representation><BaseURL>{place}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "asx": '<asx><entry><ref href="{place}"/></entry></asx>',
    "smil": '<smil><body><video src="{place}"/></body></smil>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{place}"/></svg>',
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("suffix", ["", ".mp4"])
def test_a_list_of_other_files_or_addresses_is_refused_whatever_its_name(
    tmp_path, context, callers, name, suffix
) -> None:
    port, heard = callers
    good = write_video(tmp_path / "good.mp4", 3)
    for place in (f"http://127.0.0.1:{port}/x.ts", str(good), "/etc/passwd"):
        path = tmp_path / f"list.{name.split()[-1]}{suffix}"
        path.write_text(LISTS[name].format(place=place))
        failure = refused(path, context)
        assert failure.code == "video-unreadable"
        assert "a playlist" in failure.sentence
    assert heard == []


@pytest.mark.parametrize("name", ["concat:a.mp4", "http:a.mp4", "clip_%03d.mp4", "clip*?.mp4", "-i.mp4"])
def test_a_file_whose_name_looks_like_an_address_or_a_pattern_is_that_file(tmp_path, context, name) -> None:
    assert len(opened(write_video(tmp_path / "plain.mp4", 4).rename(tmp_path / name), context)) == 4


def test_a_movie_whose_pictures_lie_in_another_file_is_not_followed(tmp_path, context, monkeypatch) -> None:
    """QuickTime's reference movies say so in `dref`: a kind of entry other than "in this file"."""
    path = write_video(tmp_path / "a.mov", 5, codec="mpeg4")
    content = bytearray(path.read_bytes())
    place = content.index(b"dref") + 4 + 8 + 4
    assert content[place : place + 4] == b"url "
    content[place + 7] = 0  # no longer: in this file
    path.write_bytes(content)
    asked: list[str] = []
    real = av.open
    monkeypatch.setattr(av, "open", lambda name, *more, **options: asked.append(name) or real(name, *more, **options))
    opened(path, context)
    assert set(asked) == {f"file:{path}"}


def test_a_file_of_nothing_but_zeros_is_refused_without_reading_it_all(tmp_path, context, monkeypatch) -> None:
    monkeypatch.setattr(opening, "file_hash", lambda *_: pytest.fail("the whole file is read"))
    path = tmp_path / "zeros.mp4"
    with path.open("wb") as stream:
        stream.truncate(20 << 30)  # takes no room on the disk
    assert refused(path, context).code == "video-unreadable"


def test_too_little_memory_is_no_fault_of_the_file(tmp_path, context, monkeypatch) -> None:
    def full(*_more, **_options):
        raise av.error.MemoryError(12, "Cannot allocate memory")

    path = write_video(tmp_path / "a.mp4", 4)
    monkeypatch.setattr(av, "open", full)
    with pytest.raises(MemoryError) as raised:
        opened(path, context)
    assert not isinstance(raised.value, av.error.FFmpegError)


def test_a_file_that_does_not_open_in_time_is_given_up(tmp_path, context, monkeypatch) -> None:
    path = write_video(tmp_path / "a.mp4", 4)
    monkeypatch.setattr(media, "PATIENCE", 1e-9)
    failure = refused(path, context)
    assert failure.code == "video-unreadable"
    assert "within 30 seconds" in failure.sentence


@pytest.mark.parametrize(("name", "codec"), [("a.h264", "libx264"), ("a.hevc", "libx265")])
@pytest.mark.parametrize("rate", [Fraction(30), Fraction(24000, 1001), Fraction(50)])
def test_a_bare_stream_has_the_rate_of_its_headers(tmp_path, context, messages, name, codec, rate) -> None:
    video = opened(write_video(tmp_path / name, 12, codec=codec, rate=rate), context)
    assert video.rate == rate
    assert np.allclose(np.diff(video.time), 1 / float(rate), atol=1e-6)
    assert [number_of(image) for _, image in read_frames(video)] == list(range(12))
    assert messages == []


def test_a_rate_that_nothing_tells_is_assumed_and_it_is_said(tmp_path, context, messages) -> None:
    path = write_video(tmp_path / "a.mjpeg", 12, codec="mjpeg", pixels="yuvj420p", rate=Fraction(30))
    assert opened(path, context).rate == 25
    assert messages == ["video-rate-unknown"]


@pytest.mark.parametrize("seconds", [1800.0, 2002.5, 86_400.0, 1e6])
def test_a_frame_in_many_minutes_is_a_rate_too(seconds) -> None:
    rate = nominal_rate(np.arange(6) * seconds, 1e-3, None, None)
    assert float(rate) == pytest.approx(1 / seconds, rel=1e-3)


@pytest.mark.parametrize(("name", "hours"), [("days.mkv", 24), ("hours.ts", 1)])
def test_a_time_lapse_is_read_at_its_own_times(tmp_path, context, name, hours) -> None:
    times = [k * hours * 3_600_000 for k in range(5)]
    video = opened(write_video(tmp_path / name, 5, times=times), context)
    assert video.time == pytest.approx([time / 1000 for time in times])
    assert [number_of(image) for _, image in read_frames(video)] == list(range(5))


def test_an_overlay_holds_a_gap_of_eleven_days(tmp_path, context) -> None:
    track = replace(a_track(4), time=np.array([0.0, 0.04, 1e6, 1e6 + 0.04]))
    camera = track.intrinsics
    grey = np.full((camera.height, camera.width, 3), 90, np.uint8)
    path = tmp_path / "overlay.mp4"
    write_overlay(path, track, ((k, grey) for k in range(4)), 720, context)
    with open_media(path) as container:
        stream = picture_stream(container)
        assert stream is not None
        shown = sorted(float(frame.pts * frame.time_base) for frame in container.decode(stream))
    assert shown == pytest.approx([0.0, 0.04, 1e6, 1e6 + 0.04], abs=0.011)


def test_moments_are_written_as_finely_as_the_length_allows() -> None:
    assert time_base(3 * 3600) == Fraction(1, 90_000)
    assert [time_base(10.0**power).denominator for power in (5, 6, 9)] == [10_000, 1000, 1]


def test_an_error_of_ffmpeg_while_a_file_is_written_is_one_of_the_system(tmp_path) -> None:
    with pytest.raises(OSError, match="FFmpeg"), as_os_error(tmp_path / "a.mp4"):
        raise av.error.PatchWelcomeError(1, "Not yet implemented")
