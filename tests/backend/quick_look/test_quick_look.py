"""`look`: what is told of a video before it is tracked, and that the person who was clicked is the one followed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from portrait_clips import background, film, placement, put, two_people
from shared_data import DATA

from backend.cli.main import main
from backend.contract.failure import Failure
from backend.contract.settings import FaceSettings, LandmarkSettings, VideoSettings
from backend.data.context import Context
from backend.data.types import Landmarks, Video
from backend.quick_look import sample as look_sample
from backend.quick_look.overview import Overview, overview_of
from backend.quick_look.sample import SAMPLES, sample, spread
from backend.stages import landmarks as landmarks_stage
from backend.stages import video as video_stage

CHRIS = DATA / "images" / "max_Chris.jpeg"
TWO = DATA / "videos" / "intel_headpose_female-and-male.gif"
CUT = DATA / "hard" / "cut_two_speakers.mp4"
needs_data = pytest.mark.skipif(not TWO.is_file(), reason="../shared/data is not there")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("look", lambda event: None, lambda: False, tmp_path / "work", tmp_path / "models")


def seen_in(path: Path, folder: Path, context: Context, **settings: int) -> Overview:
    result = overview_of(VideoSettings(path=str(path), **settings), folder, context)
    assert isinstance(result, Overview), result
    return result


def followed(path: Path, face: FaceSettings, context: Context, first_frame: int = 0) -> Landmarks:
    video = video_stage.run(VideoSettings(path=str(path), first_frame=first_frame), context)
    assert isinstance(video, Video)
    settings = LandmarkSettings(quality="draft", person_mask=False, threads=2)
    result = landmarks_stage.run(video, face, settings, context)
    assert isinstance(result, Landmarks), result
    return result


def choice(face: dict) -> FaceSettings:
    """What the add-on makes of a click on a face."""
    x, y = face["point"]
    return FaceSettings(choose="nearest", point_x=x, point_y=y, point_frame=face["frame"])


def assert_is_followed(face: dict, found: Landmarks) -> None:
    """The landmarks lie in the box of the face at the frame in which it was seen."""
    (position,) = np.flatnonzero(found.frame_index == face["frame"])
    left, top, width, height = np.array(face["box"]) * [found.width, found.height, found.width, found.height]
    x, y = found.points[position, :, :2].mean(axis=0)
    assert left < x < left + width and top < y < top + height


def test_a_clip_of_two_people(tmp_path: Path, context: Context) -> None:
    seen = seen_in(two_people(tmp_path), tmp_path / "look", context)
    assert {name: seen.video[name] for name in ("width", "height", "rate", "frames", "first_frame")} == {
        "width": 640,
        "height": 300,
        "rate": 30.0,
        "frames": 8,
        "first_frame": 0,
    }
    assert [face["number"] for face in seen.faces] == [0, 1]
    assert [face["share"] for face in seen.faces] == [1.0, 0.5]
    right, left = (face["box"] for face in seen.faces)
    assert right[0] < (470 / 640) < right[0] + right[2] and left[0] < (120 / 640) < left[0] + left[2]
    assert seen.faces[1]["frame"] >= 4


def test_pictures_are_small_whole_and_upright(tmp_path: Path, context: Context) -> None:
    path = film(tmp_path / "large.mkv", [put(background(720, 400), placement(200, 300, 150)) for _ in range(3)])
    seen = seen_in(path, tmp_path / "look", context)
    assert set(seen.files) == {"thumbnail", "face_0"}
    whole, face = (cv2.imread(str(seen.files[name])) for name in ("thumbnail", "face_0"))
    assert whole.shape[:2] == (256, 142)
    assert face.shape[0] == face.shape[1] <= 256
    assert not [path.name for path in (tmp_path / "look").iterdir() if path.suffix != ".png"]


def test_the_face_that_was_clicked_is_followed_also_where_it_is_small_and_comes_late(
    tmp_path: Path, context: Context
) -> None:
    path = two_people(tmp_path)
    for face in seen_in(path, tmp_path / "look", context).faces:
        assert_is_followed(face, followed(path, choice(face), context))


@pytest.mark.skipif(not CHRIS.is_file(), reason="../shared/data is not there")
def test_the_click_holds_where_another_person_takes_the_place_after_a_cut(tmp_path: Path, context: Context) -> None:
    """The point belongs to a frame: someone else who is there at another time is not taken."""
    chris = cv2.resize(cv2.imread(str(CHRIS))[..., ::-1], (400, 400))
    first = [put(background(400, 400), placement(200, 180, 100)) for _ in range(6)]
    second = [chris for _ in range(6)]
    path = film(tmp_path / "cut.mkv", first + second)
    seen = seen_in(path, tmp_path / "look", context)
    assert len(seen.faces) == 2
    for face in seen.faces:
        found = followed(path, choice(face), context)
        assert found.found[face["frame"]]
        assert_is_followed(face, found)


def test_a_click_where_nobody_is_followed_is_said(tmp_path: Path, context: Context) -> None:
    path = film(tmp_path / "one.mkv", [put(background(240, 400), placement(300, 120, 80)) for _ in range(3)])
    told: list[str] = []
    context = dataclasses.replace(context, emit=lambda event: told.append(event.get("code", "")))
    followed(path, FaceSettings(choose="nearest", point_x=0.75, point_y=0.5, point_frame=1), context)
    assert "face-elsewhere" not in told
    followed(path, FaceSettings(choose="nearest", point_x=0.2, point_y=0.5, point_frame=1), context)
    assert "face-elsewhere" in told


def test_the_click_holds_in_a_range_that_starts_later(tmp_path: Path, context: Context) -> None:
    path = two_people(tmp_path)
    small = seen_in(path, tmp_path / "look", context, first_frame=3).faces[1]
    assert_is_followed(small, followed(path, choice(small), context, first_frame=3))


@needs_data
@pytest.mark.parametrize("path", [TWO, CUT], ids=["side by side", "one after the other"])
def test_real_people_are_numbered_as_when_all_is_tracked(path: Path, tmp_path: Path, context: Context) -> None:
    seen = seen_in(path, tmp_path / "look", context)
    assert [face["number"] for face in seen.faces] == [0, 1]
    for face in seen.faces:
        assert_is_followed(face, followed(path, choice(face), context))
        assert_is_followed(face, followed(path, FaceSettings(choose="number", number=face["number"]), context))


def test_nobody_in_the_picture_is_no_failure(tmp_path: Path, context: Context) -> None:
    path = film(tmp_path / "sky.mkv", [background(240, 320, seed) for seed in range(4)])
    seen = seen_in(path, tmp_path / "look", context)
    assert seen.faces == ()
    assert set(seen.files) == {"thumbnail"}


@pytest.mark.parametrize("what", ["absent.mp4", "", "empty.mp4", "text.mp4", "."])
def test_failures_are_those_of_tracking(what: str, tmp_path: Path, context: Context) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all")
    settings = VideoSettings(path=str(tmp_path / what) if what else "")
    seen = overview_of(settings, tmp_path / "look", context)
    assert isinstance(seen, Failure)
    assert seen == video_stage.run(settings, context)


def test_the_sample_is_spread_over_the_clip() -> None:
    assert spread(3, SAMPLES) == [0, 1, 2]
    positions = spread(300, SAMPLES)
    assert len(positions) == SAMPLES and positions[0] < 15 and positions[-1] > 285
    assert len(set(np.diff(positions))) <= 2


def test_of_a_large_clip_only_key_frames_are_decoded(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": "10", "sc_threshold": "0"}
        for k in range(100):
            picture = np.full((48, 64, 3), 2 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    video = video_stage.run(VideoSettings(path=str(path)), context)
    assert isinstance(video, Video)
    monkeypatch.setattr(look_sample, "QUICK", 1000)
    shown = list(sample(video))
    assert [position for position, _ in shown] == list(range(0, 100, 10))
    assert all(abs(float(picture.mean()) - 2 * position) < 4 for position, picture in shown)


def test_the_command_tells_it_as_events_and_as_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = film(tmp_path / "Größe.mkv", [put(background(240, 320), placement(160, 120, 80)) for _ in range(3)])
    common = [str(path), "--cache", str(tmp_path / "cache"), "--models", str(tmp_path)]
    assert main(["look", *common]) == 0
    shown = capfd.readouterr().out
    assert "320×240" in shown and "3 frames" in shown  # noqa: RUF001
    assert "--face-point-frame" in shown
    assert main(["look", str(tmp_path / "absent.mp4"), *common[1:]]) == 1
    assert "There is no file" in capfd.readouterr().err


def test_a_look_ends_with_one_done_event(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "clip.mkv", [put(background(240, 320), placement(160, 120, 80)) for _ in range(3)])
    out = tmp_path / "out"
    flags = ["--events", "--out", str(out), "--cache", str(tmp_path / "cache"), "--models", str(tmp_path)]
    monkeypatch.setattr("backend.cli.session.watch_input", lambda stop: None)  # pytest has closed standard input
    assert main(["look", str(path), *flags]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert events[0]["event"] == "hello" and events[-1]["event"] == "done"
    assert {event["event"] for event in events} <= {"hello", "job", "progress", "notice", "heartbeat", "done"}
    done = events[-1]
    assert Path(done["outputs"]["thumbnail"]).is_file()
    assert done["faces"][0]["picture"] == done["outputs"]["face_0"]
