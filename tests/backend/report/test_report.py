"""The report: numbers that mean what they say, and pictures that fit the footage frame by frame."""

from __future__ import annotations

import dataclasses
import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")
from PIL import Image  # noqa: E402
from report_tracks import EYES, FOCAL, FRAMES, HEIGHT, WIDTH, a_track  # noqa: E402

from backend.cli.summary import closing_words  # noqa: E402
from backend.contract.camera import Intrinsics  # noqa: E402
from backend.contract.marks import is_marked  # noqa: E402
from backend.contract.settings import ReportSettings, TrackFileSettings, VideoSettings  # noqa: E402
from backend.contract.targets import TargetRefused  # noqa: E402
from backend.contract.track import INTERPOLATED, MISSING, TRACKED  # noqa: E402
from backend.data.context import Cancelled, Context  # noqa: E402
from backend.data.types import TrackFile, Video  # noqa: E402
from backend.report.picture import caption, status_colour  # noqa: E402
from backend.report.sheet import sheet_frames  # noqa: E402
from backend.run.cache import Cache  # noqa: E402
from backend.run.output_record import OutputRecord  # noqa: E402
from backend.run.runner import Finished  # noqa: E402
from backend.stages import report as report_stage  # noqa: E402
from backend.stages import track as track_stage  # noqa: E402
from backend.system.pictures import even_size  # noqa: E402
from backend.video.opening import open_video  # noqa: E402


@pytest.mark.parametrize(
    ("size", "limit", "expected"), [((161, 121), 720, (160, 120)), ((3840, 2160), 720, (1280, 720))]
)
def test_the_overlay_has_even_sides_and_is_never_enlarged(size, limit: int, expected) -> None:
    assert even_size(*size, limit) == expected


def test_the_sheet_shows_twelve_frames_that_have_a_head() -> None:
    track = a_track(100)
    track.status[:40] = MISSING
    chosen = sheet_frames(track)
    assert len(chosen) == 12 and chosen[0] == 40 and chosen[-1] == 99
    track.status[:] = MISSING
    assert sheet_frames(track)[0] == 0


class Clip:
    """A video file of grey frames with uneven times, and a track of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clip é.mp4"
        steps = np.where(np.arange(FRAMES) % 3 == 0, 60, 40)
        self.time = (np.cumsum(steps) - steps[0]) / 1000
        with av.open(str(self.path), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = WIDTH - 1, HEIGHT - 1, "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            for moment in self.time:
                grey = np.full((HEIGHT - 1, WIDTH - 1, 3), 90, np.uint8)
                frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
                frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        header = dict(a_track().header)
        header["intrinsics"] = dataclasses.asdict(Intrinsics.centred(WIDTH - 1, HEIGHT - 1, FOCAL))
        self.track = dataclasses.replace(a_track(), time=self.time, header=header)
        self.video = Video(
            self.path, "0", WIDTH - 1, HEIGHT - 1, 0, Fraction(25), 1.0, np.arange(FRAMES), self.time, "h264"
        )
        self.events: list[dict] = []

    def context(self, folder: Path, cancelled=lambda: False) -> Context:
        return Context("report", lambda event: self.events.append(dict(event)), cancelled, folder, folder)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def written(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("Ergebnis für Zoë")
    track = TrackFile(folder / "track.npz", clip.track)
    result = report_stage.run(track, clip.video, ReportSettings(), clip.context(folder))
    assert isinstance(result, report_stage.ReportFiles)
    assert {path.name for path in folder.iterdir()} == {"report.json", "report.png", "sheet.png", "overlay.mp4"}
    return result.files


def test_the_overlay_has_every_frame_at_its_own_moment(written: dict[str, Path], clip: Clip) -> None:
    with av.open(str(written["overlay"])) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = list(container.decode(stream))
    np.testing.assert_allclose([frame.time for frame in frames], clip.time, atol=1e-4)
    picture = frames[5].to_ndarray(format="rgb24")
    assert picture.shape == (HEIGHT - 1, WIDTH - 1, 3)
    assert np.abs(picture[:20].astype(int) - 90).max() < 12, "the background keeps its colour"
    eye = [round((WIDTH - 2) / 2 + FOCAL * EYES / 2 / 0.6), round((HEIGHT - 2) / 2 - FOCAL * 0.03 / 0.6)]
    around = picture[eye[1] - 4 : eye[1] + 5, eye[0] - 5 : eye[0] + 6].astype(int)
    assert np.abs(around - 90).max() > 30, "the mesh is drawn where the camera sees it"


def a_film_with_sound(path: Path, video_codec: str, audio_codec: str, late: int = 0) -> None:
    """Two seconds of grey, 25 frames each, silent but for a tone from 0.9 to 1.1 s; pictures may begin late."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(video_codec, rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = WIDTH - 1, HEIGHT - 1, "yuv420p"
        sound = container.add_stream(audio_codec, rate=48000, layout="mono")
        grey = np.full((HEIGHT - 1, WIDTH - 1, 3), 90, np.uint8)
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number + late, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        moments = np.arange(2 * 48000) / 48000
        tone = np.where((moments > 0.9) & (moments < 1.1), np.sin(2000 * moments), 0.0)
        wave = av.AudioFrame.from_ndarray((tone * 20000).astype(np.int16)[None], format="s16", layout="mono")
        wave.sample_rate, wave.pts, wave.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(sound.encode(wave))
        container.mux(sound.encode(None))


def heard_at(path: Path) -> np.ndarray:
    """Moments at which the sound of a file is loud."""
    loud = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(float)).max(axis=0)
            limit = 0.1 if frame.format.name.startswith("flt") else 3000
            loud.append(frame.time + np.flatnonzero(samples > limit) / frame.sample_rate)
    return np.concatenate(loud)


@pytest.mark.parametrize(
    ("name", "video_codec", "audio_codec"),
    [
        ("a.mp4", "libx264", "aac"),
        ("a.ts", "libx264", "aac"),
        ("a.mkv", "libx264", "libmp3lame"),
        ("a.mpg", "mpeg1video", "mp2"),
    ],
)
def test_the_overlay_has_the_sound_of_its_part_of_the_footage(
    name: str, video_codec: str, audio_codec: str, clip: Clip, tmp_path: Path
) -> None:
    a_film_with_sound(tmp_path / name, video_codec, audio_codec)
    first = 12  # 0.48 s
    time = (first + np.arange(FRAMES)) / 25
    header = {**clip.track.header, "rate": [25, 1]}
    track = dataclasses.replace(clip.track, time=time, frame_index=first + np.arange(FRAMES), header=header)
    video = dataclasses.replace(clip.video, path=tmp_path / name, time=time, rate=Fraction(25))
    settings = ReportSettings(folder=str(tmp_path / "out"), report=False, sheet=False, plate=False)
    result = report_stage.run(TrackFile(tmp_path / "track.npz", track), video, settings, clip.context(tmp_path))
    assert isinstance(result, report_stage.ReportFiles)
    with av.open(str(result.files["overlay"])) as container:
        assert len(list(container.decode(video=0))) == FRAMES
        assert container.duration is not None and container.duration / 1e6 < 1.0
    heard = heard_at(result.files["overlay"])
    assert abs(heard.min() - 0.42) < 0.06 and abs(heard.max() - 0.62) < 0.06


@pytest.mark.parametrize("name", ["late.mp4", "late.mov", "late.mkv", "late.ts"])
def test_sound_stays_in_time_where_the_first_picture_is_shown_later_than_it_begins(
    name: str, clip: Clip, tmp_path: Path
) -> None:
    a_film_with_sound(tmp_path / name, "libx264", "aac", late=10)  # 0.4 s
    found = open_video(VideoSettings(path=str(tmp_path / name)), clip.context(tmp_path))
    assert isinstance(found, Video)
    assert len(found) == 50
    assert found.time[:3] == pytest.approx([0.0, 0.04, 0.08], abs=1e-3), "time counts from the first picture"
    time = found.time[:FRAMES]
    track = dataclasses.replace(clip.track, time=time, header={**clip.track.header, "rate": [25, 1]})
    video = dataclasses.replace(clip.video, path=tmp_path / name, time=time, rate=Fraction(25))
    settings = ReportSettings(folder=str(tmp_path / "out"), report=False, sheet=False, plate=False)
    result = report_stage.run(TrackFile(tmp_path / "track.npz", track), video, settings, clip.context(tmp_path))
    assert isinstance(result, report_stage.ReportFiles)
    heard = heard_at(result.files["overlay"])
    assert heard.min() == pytest.approx(0.5, abs=0.06)
    assert heard.max() == pytest.approx(0.7, abs=0.06)


def test_sound_that_an_mp4_cannot_hold_is_left_out(clip: Clip, tmp_path: Path) -> None:
    a_film_with_sound(tmp_path / "a.mkv", "libx264", "pcm_s16le")
    video = dataclasses.replace(clip.video, path=tmp_path / "a.mkv", time=np.arange(FRAMES) / 25)
    settings = ReportSettings(folder=str(tmp_path / "out"), report=False, sheet=False, plate=False)
    result = report_stage.run(TrackFile(tmp_path / "track.npz", clip.track), video, settings, clip.context(tmp_path))
    assert isinstance(result, report_stage.ReportFiles)
    with av.open(str(result.files["overlay"])) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_report_json_says_how_it_went(written: dict[str, Path]) -> None:
    report = json.loads(written["report"].read_text("utf-8"))
    assert report["summary"]["frames"] == {
        "total": FRAMES,
        "tracked": FRAMES,
        "model_does_not_fit": 0,
        "interpolated": 0,
        "missing": 0,
    }
    assert report["summary"]["reprojection_error"]["median_px"] == 0.5
    assert report["summary"]["reprojection_error"]["median_percent_of_eye_distance"] == pytest.approx(2.5, abs=0.01)
    assert report["summary"]["focal"]["observable"] is True
    assert report["summary"]["focal"]["uncertainty_percent"] == 5.0
    assert report["summary"]["focal"]["evidence"] == []
    assert report["people"]["others"] == [{"number": 1}]
    assert report["model"]["licence"] == "none"
    assert all(len(column) == FRAMES for column in report["frames"].values())


def test_pictures_have_the_size_they_should(written: dict[str, Path]) -> None:
    with Image.open(written["plot"]) as plot, Image.open(written["sheet"]) as sheet:
        assert plot.width == 1400
        assert 1400 <= sheet.width <= 1440
        assert len(np.unique(np.asarray(plot.convert("L")))) > 50


def test_nothing_is_written_that_is_not_asked_for(clip: Clip, tmp_path: Path) -> None:
    settings = ReportSettings(folder=str(tmp_path / "only"), overlay=False, sheet=False)
    report_stage.run(TrackFile(tmp_path / "track.npz", clip.track), clip.video, settings, clip.context(tmp_path))
    assert {path.name for path in (tmp_path / "only").iterdir()} == {"report.json", "report.png"}


def test_a_changed_option_writes_only_the_file_that_it_concerns(clip: Clip, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.prepare()
    track = TrackFile(tmp_path / "track.npz", clip.track)

    def run(key: str = "one track", **settings) -> dict[str, int]:
        """Write into the folder; return when each file was written."""
        context = dataclasses.replace(clip.context(tmp_path), written=OutputRecord(cache, "report", key))
        wanted = ReportSettings(folder=str(tmp_path / "out"), **settings)
        result = report_stage.run(track, clip.video, wanted, context)
        assert isinstance(result, report_stage.ReportFiles)
        return {name: path.stat().st_mtime_ns for name, path in result.files.items()}

    def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
        return {name for name in after if after[name] != before.get(name)}

    first = run()
    assert all(is_marked(path) for path in (tmp_path / "out").iterdir())
    assert changed(first, run()) == set()
    assert changed(first, run(sheet=False)) == set()
    assert changed(first, run()) == set(), "the sheet is still there"
    lower = run(overlay_height=64)
    assert changed(first, lower) == {"overlay"}
    (tmp_path / "out" / "sheet.png").unlink()
    again = run(overlay_height=64)
    assert changed(lower, again) == {"sheet"}
    (tmp_path / "out" / "report.png").unlink()
    assert changed(again, run(overlay_height=64)) == {"report", "plot"}
    assert changed(again, run("another track", overlay_height=64)) == {"report", "plot", "sheet", "overlay"}
    (tmp_path / "out" / "report.png").write_bytes(b"somebody else's")
    with pytest.raises(TargetRefused, match=r"report\.png"):
        run(overlay_height=64)
    assert (tmp_path / "out" / "report.png").read_bytes() == b"somebody else's"


def test_files_that_were_copied_with_their_project_are_not_written_again(clip: Clip, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.prepare()

    def run(folder: Path) -> dict[str, int]:
        context = dataclasses.replace(clip.context(tmp_path), written=OutputRecord(cache, "report", "one track"))
        result = report_stage.run(
            TrackFile(folder / "track.npz", clip.track), clip.video, ReportSettings(folder=str(folder)), context
        )
        assert isinstance(result, report_stage.ReportFiles)
        return {name: path.stat().st_mtime_ns for name, path in result.files.items()}

    run(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    copied = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "there").iterdir()}
    run(tmp_path / "there")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "there").iterdir()} == copied


def test_stopping_leaves_no_half_written_overlay(clip: Clip, tmp_path: Path) -> None:
    settings = ReportSettings(report=False, sheet=False)
    asked = iter([False] * 8 + [True] * 99)
    context = clip.context(tmp_path, lambda: next(asked))
    with pytest.raises(Cancelled):
        report_stage.run(TrackFile(tmp_path / "track.npz", clip.track), clip.video, settings, context)
    assert list(tmp_path.iterdir()) == []


def test_frames_without_a_head_are_numbers_that_do_not_exist(clip: Clip, tmp_path: Path) -> None:
    track = dataclasses.replace(clip.track, status=np.full(FRAMES, MISSING, np.int8))
    settings = ReportSettings(overlay=False)
    report_stage.run(TrackFile(tmp_path / "track.npz", track), clip.video, settings, clip.context(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["summary"]["reprojection_error"]["median_px"] is None
    assert set(report["frames"]["yaw_degrees"]) == {None}
    assert report["flagged"][0]["reason"] == "missing" and report["flagged"][0]["frames"] == FRAMES


def test_the_closing_words_name_what_to_look_at(clip: Clip, tmp_path: Path) -> None:
    status = np.full(FRAMES, TRACKED, np.int8)
    status[4:7], status[9] = INTERPOLATED, MISSING
    track = dataclasses.replace(clip.track, status=status)
    settings = ReportSettings(overlay=False, sheet=False)
    result = report_stage.run(TrackFile(tmp_path / "track.npz", track), clip.video, settings, clip.context(tmp_path))
    words = closing_words(Finished(result.files, 65.0, (), ()))
    assert "Tracked 16 of 20 frames (3 interpolated, 1 missing)." in words
    assert "Frames to look at: 4-6 (interpolated), 9 (no face)." in words
    assert "Done in 1:05." in words and str(tmp_path / "report.json") in words


def test_a_frame_that_the_model_misses_is_not_called_tracked(clip: Clip, tmp_path: Path) -> None:
    error = np.full(FRAMES, 0.5, np.float32)
    error[3:5] = 3.0
    track = dataclasses.replace(clip.track, reprojection_error=error)
    settings = ReportSettings(overlay=False, sheet=False)
    result = report_stage.run(TrackFile(tmp_path / "track.npz", track), clip.video, settings, clip.context(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["frames"]["status"][2:6] == ["tracked", "model does not fit", "model does not fit", "tracked"]
    assert report["summary"]["frames"]["tracked"] == FRAMES - 2
    assert [(flag["first_frame"], flag["label"]) for flag in report["flagged"]] == [(3, "model does not fit")]
    assert "Tracked 18 of 20 frames (2 where the model does not fit)." in closing_words(
        Finished(result.files, 1.0, (), ())
    )
    assert "model does not fit" in caption(track, 3) and "tracked" not in caption(track, 3)
    assert status_colour(track, 3) != status_colour(track, 2)
    assert track_stage.summary(TrackFile(tmp_path / "track.npz", track), TrackFileSettings()).endswith(
        "2 missed by the model"
    )


def test_a_single_frame_is_a_report_too(clip: Clip, tmp_path: Path) -> None:
    header = clip.track.header
    track = dataclasses.replace(a_track(1), header=header)
    video = dataclasses.replace(clip.video, frame_index=np.arange(1), time=np.zeros(1))
    result = report_stage.run(TrackFile(tmp_path / "track.npz", track), video, ReportSettings(), clip.context(tmp_path))
    assert isinstance(result, report_stage.ReportFiles)
    with av.open(str(result.files["overlay"])) as container:
        assert len(list(container.decode(video=0))) == 1
