"""Previews: pictures of the work as it goes on, whole, small, and never at the cost of the work."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from engine_process import FAKE
from fake_stages import ROOT, job_for, make_clip
from portrait_clips import background, film, placement, put
from synthetic_clips import made_clip

from backend.contract.events import decode
from backend.contract.settings import FaceSettings, FitSettings, LandmarkSettings, VideoSettings
from backend.data.context import Context
from backend.data.previews import HEIGHT, INTERVAL, KEPT, LONGEST, Previews, preview_folder
from backend.data.types import Camera, Video
from backend.fit import fitting
from backend.render.landmark_lines import draw_landmark_lines
from backend.stages import fit as fit_stage
from backend.stages import landmarks as landmarks_stage
from backend.stages import video as video_stage

GREY = np.full((48, 64, 3), 128, np.uint8)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def never_asked() -> np.ndarray:
    raise AssertionError("nothing is due")


@pytest.fixture
def events() -> list[dict]:
    return []


def test_pictures_come_at_most_twice_a_second(tmp_path: Path, events: list[dict]) -> None:
    clock = Clock()
    previews = Previews(tmp_path, events.append, clock)
    previews.show("fit", 7, lambda: GREY)
    clock.now = INTERVAL - 0.01
    previews.show("fit", 8, never_asked)
    clock.now = INTERVAL
    previews.show("fit", 9, lambda: GREY)
    assert [(event["name"], event["frame"]) for event in events] == [("fit", 7), ("fit", 9)]


def test_a_new_stage_shows_itself_at_once(tmp_path: Path, events: list[dict]) -> None:
    previews = Previews(tmp_path, events.append, Clock())
    previews.show("landmarks", 1, lambda: GREY)
    previews.show("fit", 1, lambda: GREY)
    assert [event["name"] for event in events] == ["landmarks", "fit"]


@pytest.mark.parametrize(("cost", "pause"), [(0.001, INTERVAL), (0.06, 2.0), (1.0, LONGEST)])
def test_dear_pictures_come_less_often(cost: float, pause: float, tmp_path: Path, events: list[dict]) -> None:
    clock = Clock()
    previews = Previews(tmp_path, events.append, clock)

    def draw() -> np.ndarray:
        clock.now += cost
        return GREY

    previews.show("fit", 0, draw)
    clock.now = cost + pause - 0.001
    previews.show("fit", 1, never_asked)
    clock.now = cost + pause + 0.001
    previews.show("fit", 2, draw)
    assert [event["frame"] for event in events] == [0, 2]


def test_every_picture_has_a_path_of_its_own_and_only_the_newest_stay(tmp_path: Path, events: list[dict]) -> None:
    clock = Clock()
    previews = Previews(tmp_path, events.append, clock)
    for number in range(10):
        clock.now = 10.0 * number
        previews.show("fit", number, lambda: GREY)
        assert cv2.imread(events[-1]["path"]).shape == GREY.shape
    paths = [event["path"] for event in events]
    assert len(set(paths)) == 10
    assert sorted(str(path) for path in tmp_path.iterdir()) == paths[-KEPT:]


def test_a_disk_that_is_full_costs_the_picture_only(tmp_path: Path, events: list[dict]) -> None:
    (tmp_path / "file").touch()
    Previews(tmp_path / "file" / "folder", events.append).show("fit", 0, lambda: GREY)
    assert events == []


def test_what_earlier_runs_showed_is_removed(tmp_path: Path) -> None:
    old = tmp_path / "previews" / "1"
    old.mkdir(parents=True)
    (old / "000000.png").touch()

    os.utime(old, (1.0, 1.0))
    folder = preview_folder(tmp_path)
    assert folder.is_dir() and not old.exists()


def test_lines_lie_on_the_face() -> None:
    angles = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    points = np.stack([200 + 60 * np.cos(angles), 150 + 80 * np.sin(angles)], axis=1)
    picture = np.full((150, 200, 3), 90, np.uint8)
    drawn = draw_landmark_lines(picture, [points], 0.5)
    rows, columns = np.nonzero((drawn != picture).any(axis=2))
    assert len(rows) > 0
    assert rows.min() >= 30 and rows.max() <= 120 and columns.min() >= 65 and columns.max() <= 135
    assert (picture == 90).all()


def watched(folder: Path, events: list[dict], name: str) -> Context:
    previews = Previews(folder / "previews", lambda event: events.append(dict(event)))
    return Context(name, lambda event: None, lambda: False, folder, folder / "models", {}, previews)


def test_detection_shows_the_latest_frame_with_its_landmarks(tmp_path: Path, events: list[dict]) -> None:
    frames = [put(background(720, 960), placement(480, 360, 300)) for _ in range(3)]
    context = watched(tmp_path, events, "landmarks")
    video = video_stage.run(VideoSettings(path=str(film(tmp_path / "clip.mkv", frames)), first_frame=1), context)
    assert isinstance(video, Video)
    settings = LandmarkSettings(quality="draft", person_mask=False, threads=2)
    landmarks_stage.run(video, FaceSettings(), settings, context)
    assert events[0]["name"] == "landmarks" and events[0]["frame"] == 1
    shown = cv2.imread(events[0]["path"])[..., ::-1].astype(float)
    assert shown.shape == (HEIGHT, 480, 3)
    plain = cv2.resize(frames[1], (480, HEIGHT), interpolation=cv2.INTER_AREA)
    changed = np.abs(shown - plain).max(axis=2) > 60
    assert changed[75:285, 135:345].sum() > 300 and changed[:, :110].sum() == 0


def test_the_fit_shows_the_head_where_the_landmarks_are(tmp_path: Path, events: list[dict]) -> None:
    clip = made_clip(12)
    frames = [np.full((480, 640, 3), 20, np.uint8)] * 12
    path = film(tmp_path / "clip.mkv", frames)
    context = watched(tmp_path, events, "fit")
    video = video_stage.run(VideoSettings(path=str(path)), context)
    assert isinstance(video, Video)

    about = {"path": str(path), "sha256": "", "rotation": 0, "duration": video.duration, "codec": video.codec}
    landmarks = dataclasses.replace(clip.landmarks, video=about, time=video.time, rate=video.rate)

    class Prompt(fitting.FitPreview):
        """Waits for its picture, which on so short a clip comes after the fit."""

        def watch(self, *arguments) -> None:
            super().watch(*arguments)
            if self._reading is not None:
                self._reading.join()
            super().watch(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "FitPreview", Prompt)
        fit = fit_stage.run(landmarks, clip.head, Camera(1400.0, "known"), FitSettings(device="cpu"), context)
    assert isinstance(fit, fit_stage.Fit)
    assert events and {event["name"] for event in events} == {"fit"}
    frame = events[-1]["frame"]
    shown = cv2.resize(cv2.imread(events[-1]["path"])[..., ::-1], (640, 480)).astype(float)
    changed = np.abs(shown - frames[frame]).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    left, top = landmarks.points[frame, :468, :2].min(axis=0)
    right, bottom = landmarks.points[frame, :468, :2].max(axis=0)
    assert changed[int(top) + 5 : int(bottom) - 5, int(left) + 5 : int(right) - 5].mean() > 0.7
    assert abs((columns.min() + columns.max()) / 2 - (left + right) / 2) < 40 and rows.min() < top


def test_a_run_with_events_shows_detection_and_the_report(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv", [put(background(240, 320), placement(160, 120, 80)) for _ in range(4)])
    command = [sys.executable, "-m", "backend", "track", str(path), "--quality", "draft", "--head", "builtin"]
    command += ["--no-person-mask", "--no-report", "--no-sheet", "--models", str(tmp_path), "--events"]
    lines = output_of([*command, "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")])
    assert json.loads(lines[-1])["event"] == "done"
    shown = [event for line in lines if (event := decode(line)) is not None and event["event"] == "preview"]
    assert {"landmarks", "report"} <= {event["name"] for event in shown}
    assert Path(shown[-1]["path"]).is_file()


@pytest.mark.parametrize(("flags", "there"), [(["--events"], True), ([], False)])
def test_without_anybody_who_watches_there_is_no_place_for_previews(
    flags: list[str], there: bool, tmp_path: Path
) -> None:
    job = tmp_path / "job.json"
    job.write_text(job_for(make_clip(tmp_path / "clip"), tmp_path / "out").to_json(), "utf-8")
    fake = str(FAKE)
    output_of([sys.executable, fake, str(job), "--cache", str(tmp_path / "cache"), *flags])
    assert (tmp_path / "cache" / "previews").exists() is there


def output_of(command: list[str]) -> list[str]:
    """Lines of standard output of an engine that ends well, its standard input being held open."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    assert process.wait() == 0
    return output.splitlines()
