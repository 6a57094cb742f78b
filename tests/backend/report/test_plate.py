"""The copy of the footage for Blender: every frame of the file at its own moment, only where one is needed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")

from backend.contract.settings import ReportSettings, VideoSettings  # noqa: E402
from backend.contract.track import Track  # noqa: E402
from backend.data.context import Cancelled, Context  # noqa: E402
from backend.data.types import TrackFile, Video  # noqa: E402
from backend.stages import report as report_stage  # noqa: E402
from backend.stages import video as video_stage  # noqa: E402

FRAMES, WIDTH, HEIGHT, RATE = 15, 96, 64, 25
ONLY_PLATE = ReportSettings(overlay=False, sheet=False, report=False)


def grey(frame: int) -> int:
    """How bright a frame is, so that frames can be told apart."""
    return 20 + 14 * frame


def program_stream(path: Path, frames: int = FRAMES) -> Path:
    """Write an MPEG-1 program stream with reordered frames, as old cameras and discs have them."""
    with av.open(str(path), "w", format="mpeg") as container:
        stream = container.add_stream("mpeg1video", rate=RATE)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        stream.options = {"bf": "2", "g": "6"}
        for frame in range(frames):
            picture = np.full((HEIGHT, WIDTH, 3), grey(frame), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def brightness_by_time(path: Path) -> dict[float, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = float((stream.start_time or 0) * stream.time_base)
        return {
            round(frame.time - start, 4): float(frame.to_ndarray(format="rgb24").mean())
            for frame in container.decode(stream)
        }


class Bench:
    """Runs the stage on a video; the track itself is not looked at when only the plate is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[dict] = []

    def context(self, cancelled=lambda: False) -> Context:
        return Context("report", lambda event: self.events.append(dict(event)), cancelled, self.folder, self.folder)

    def video(self, path: Path, **settings: int) -> Video:
        found = video_stage.run(VideoSettings(path=str(path), **settings), self.context())
        assert isinstance(found, Video), found
        return found

    def files(self, video: Video, settings: ReportSettings = ONLY_PLATE, cancelled=lambda: False) -> dict[str, Path]:
        (self.folder / "out é").mkdir(exist_ok=True)
        track = TrackFile(self.folder / "out é" / "track.npz", Track.__new__(Track))
        result = report_stage.run(track, video, settings, self.context(cancelled))
        assert isinstance(result, report_stage.ReportFiles), result
        return result.files

    def written(self) -> set[str]:
        return {path.name for path in (self.folder / "out é").iterdir()}

    def notices(self) -> list[str]:
        return [event["code"] for event in self.events if event["event"] == "notice"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_copy_has_all_frames_of_the_file_at_their_moments(bench: Bench) -> None:
    original = program_stream(bench.folder / "käse.MPG")
    # Of a range and a stride too: the track counts the frames of the file.
    files = bench.files(bench.video(original, first_frame=4, last_frame=10, stride=2))
    assert files == {"plate": bench.folder / "out é" / "käse.mp4"} and bench.written() == {"käse.mp4"}
    there, copied = brightness_by_time(original), brightness_by_time(files["plate"])
    assert list(copied) == list(there) == [round(frame / RATE, 4) for frame in range(FRAMES)]
    np.testing.assert_allclose(list(copied.values()), list(there.values()), atol=1.5)
    np.testing.assert_allclose(list(copied.values()), [grey(frame) for frame in range(FRAMES)], atol=4)
    with av.open(str(files["plate"])) as container:
        stream = container.streams.video[0]
        assert (stream.start_time, stream.average_rate, stream.codec_context.pix_fmt) == (0, RATE, "yuv420p")
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
    done = [event["done"] / event["total"] for event in bench.events if event["event"] == "progress"]
    assert done == sorted(done) and 0.9 <= done[-1] <= 1.0


def test_other_videos_are_not_copied_and_nobody_is_copied_unasked(bench: Bench) -> None:
    original = program_stream(bench.folder / "clip.mpg", 4)
    video = bench.video(original)
    assert bench.files(video, dataclasses.replace(ONLY_PLATE, plate=False)) == {}
    assert bench.files(dataclasses.replace(video, path=original.rename(bench.folder / "clip.mkv"))) == {}
    assert bench.written() == set() and bench.notices() == []


def test_a_copy_is_used_again_while_the_video_is_the_same(bench: Bench) -> None:
    video = bench.video(program_stream(bench.folder / "clip.mpg", 4))
    copy = bench.files(video)["plate"]
    before = copy.stat().st_mtime_ns
    assert bench.files(video) == {"plate": copy} and copy.stat().st_mtime_ns == before
    video = bench.video(program_stream(bench.folder / "clip.mpg", 6))
    assert bench.files(video) == {"plate": copy} and len(brightness_by_time(copy)) == 6
    assert bench.notices() == []


def test_a_file_of_somebody_else_is_left_alone(bench: Bench) -> None:
    video = bench.video(program_stream(bench.folder / "clip.mpg", 4))
    (bench.folder / "out é").mkdir()
    (bench.folder / "out é" / "clip.mov").write_bytes(b"converted by hand")
    assert bench.files(video) == {} and bench.written() == {"clip.mov"} and bench.notices() == ["plate-kept"]


def test_stopping_leaves_no_half_written_copy(bench: Bench) -> None:
    video = bench.video(program_stream(bench.folder / "clip.mpg"))
    asked = iter([False] * 5 + [True] * 99)
    with pytest.raises(Cancelled):
        bench.files(video, cancelled=lambda: next(asked))
    assert bench.written() == set()


def test_a_video_that_is_gone_is_said(bench: Bench) -> None:
    original = program_stream(bench.folder / "clip.mpg", 4)
    video = bench.video(original)
    original.unlink()
    assert bench.files(video) == {} and bench.notices() == ["plate-not-written"]
