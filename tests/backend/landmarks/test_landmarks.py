"""Stage Landmarks on clips that are made on the spot from matplotlib's public-domain portrait, and on real ones."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from portrait_clips import FACE_WIDTH, FACE_X, FACE_Y, background, film, placement, put, two_people
from shared_data import DATA

from backend.contract.failure import Failure
from backend.contract.names import INNER_LIPS_UPPER, LEFT_IRIS, RIGHT_IRIS
from backend.contract.settings import FaceSettings, LandmarkSettings, VideoSettings
from backend.data.context import Cancelled, Context
from backend.data.landmark_distance import eye_distance
from backend.data.landmark_mirror import mirror_table
from backend.data.types import Landmarks
from backend.fit.evidence.detector_bias import views
from backend.landmarks import pipeline
from backend.landmarks.crop import Region
from backend.landmarks.face import Face
from backend.landmarks.observations import (
    FaceObservations,
    ObservedFace,
    ObservedFrame,
    gather,
    read_chunk,
    write_chunk,
)
from backend.landmarks.people import people_of
from backend.stages import landmarks as stage
from backend.stages import video as video_stage

TASK = DATA / "face_landmarker.task"
needs_task = pytest.mark.skipif(not TASK.is_file(), reason="face_landmarker.task is not in ../shared/data")
needs_data = pytest.mark.skipif(not (DATA / "videos").is_dir(), reason="../shared/data is not there")


class Events(list):
    """Collects events."""

    def __call__(self, event) -> None:
        self.append(dict(event))

    @property
    def notices(self) -> list[str]:
        return [event["code"] for event in self if event["event"] == "notice"]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def context(tmp_path: Path, events: Events) -> Context:
    return Context("landmarks", events, lambda: False, tmp_path / "work", tmp_path / "models")


def tracked(path: Path, context: Context, face: FaceSettings | None = None, **settings) -> Landmarks | Failure:
    settings = {"quality": "draft", "person_mask": False, "threads": 2, **settings}
    video = video_stage.run(VideoSettings(path=str(path)), context)
    assert not isinstance(video, Failure), video
    return stage.run(video, face or FaceSettings(), LandmarkSettings(**settings), context)


def followed(path: Path, context: Context, face: FaceSettings | None = None, **settings) -> Landmarks:
    result = tracked(path, context, face, **settings)
    assert isinstance(result, Landmarks), result
    return result


# --- The mirror -------------------------------------------------------------------------------------------------------


def test_the_mirror_table_is_an_involution() -> None:
    table = mirror_table()
    assert (table[table] == np.arange(478)).all()
    assert sorted(table.tolist()) == list(range(478))
    assert int((table == np.arange(478)).sum()) == 28  # The points in the plane of symmetry; no iris among them.
    assert set(table[list(RIGHT_IRIS)]) == set(LEFT_IRIS)


@needs_task
def test_the_mirror_table_is_the_symmetry_of_the_canonical_face() -> None:
    metadata = pytest.importorskip("mediapipe.modules.face_geometry.protos.geometry_pipeline_metadata_pb2")
    geometry = metadata.GeometryPipelineMetadata()
    with zipfile.ZipFile(TASK) as archive:
        geometry.ParseFromString(archive.read("geometry_pipeline_metadata_landmarks.binarypb"))
    vertices = np.array(geometry.canonical_mesh.vertex_buffer).reshape(-1, 5)[:, :3]
    assert np.allclose(vertices[mirror_table()[:468]] * [-1, 1, 1], vertices, atol=1e-6)


@needs_task
def test_a_mirrored_picture_gives_mirrored_landmarks(tmp_path, context) -> None:
    frame = put(background(360, 480), placement(240, 180, 130, 8))
    found = followed(film(tmp_path / "a.mkv", [frame]), context, task_file=str(TASK), quality="standard")
    other = followed(film(tmp_path / "b.mkv", [frame[:, ::-1]]), context, task_file=str(TASK), quality="standard")
    mirrored = other.points[0][mirror_table()]
    mirrored[:, 0] = 479 - mirrored[:, 0]
    difference = np.linalg.norm(mirrored[:, :2] - found.points[0][:, :2], axis=1)
    assert np.sqrt((difference**2).mean()) < 0.01 * eye_distance(found.points[..., :2])[0]


# --- As exact wherever the face is ------------------------------------------------------------------------------------

PLACES = {
    "tilted 60": ((720, 1280), (640.3, 360.6), 240, 60, 0.007),
    "tilted -60": ((720, 1280), (640.3, 360.6), 240, -60, 0.007),
    "on its side": ((720, 1280), (640.3, 360.6), 240, 90, 0.007),
    "60 px in 1080p": ((1080, 1920), (1420.4, 310.7), 60, 0, 0.022),
    "60 px in 1080p, tilted": ((1080, 1920), (300.2, 800.9), 60, -45, 0.022),
    "at the border": ((720, 1280), (125.4, 360.2), 240, 0, 0.02),
}


@needs_task
def test_small_tilted_and_border_faces_are_as_exact_as_a_large_upright_one(tmp_path, context) -> None:
    def found(name: str, size: tuple[int, int], matrix: np.ndarray, quality: str) -> np.ndarray:
        path = film(tmp_path / f"{name}.mkv", [put(background(*size), matrix)])
        points = followed(path, context, task_file=str(TASK), quality=quality).points[0, :, :2]
        back = cv2.invertAffineTransform(matrix)
        return points @ back[:, :2].T + back[:, 2]

    large = found("large", (720, 1280), placement(640, 360, 240), "best")
    distance = float(eye_distance(large))
    for name, (size, centre, width, roll, limit) in PLACES.items():
        points = found(name, size, placement(*centre, width, roll), "standard")
        error = np.sqrt(((points - large) ** 2).sum(axis=1).mean()) / distance
        print(f"{name}: {100 * error:.2f} % of the eye distance")
        assert error < limit, name


@needs_task
def test_a_face_half_outside_still_has_all_points(tmp_path, context) -> None:
    frame = put(background(360, 480), placement(8, 180, 150))
    found = followed(film(tmp_path / "half.mkv", [frame] * 3), context, task_file=str(TASK))
    assert found.found.all()
    assert np.isfinite(found.points).all()
    assert (found.points[:, :, 0] < 0).any()
    whole = put(background(360, 480), placement(240, 180, 150))
    clear = followed(film(tmp_path / "whole.mkv", [whole] * 3), context, task_file=str(TASK))
    assert found.detection.max() < clear.detection.min()


# --- What comes out ---------------------------------------------------------------------------------------------------


@needs_task
def test_with_the_task_file_there_are_52_scores(tmp_path, context, events) -> None:
    frame = put(background(360, 480), placement(240, 180, 130))
    found = followed(film(tmp_path / "a.mkv", [frame] * 2), context, task_file=str(TASK))
    assert found.scores.shape == (2, 52)
    assert (found.scores >= 0).all()
    assert (found.scores <= 1).all()
    assert np.isnan(found.spread).all()  # Draft looks once.
    assert (found.detection > 0.8).all()
    assert "no-task-file" not in events.notices


def test_without_the_task_file_the_mesh_of_the_wheel_gives_478_points(tmp_path, context, events) -> None:
    pytest.importorskip("mediapipe")
    frame = put(background(360, 480), placement(240, 180, 130))
    found = followed(film(tmp_path / "a.mkv", [frame] * 2), context, quality="standard")
    assert found.points.shape == (2, 478, 3)
    assert np.isfinite(found.points).all()
    assert np.isnan(found.scores).all()
    assert np.isfinite(found.spread).all()
    assert "no-task-file" in events.notices
    if TASK.is_file():
        better = followed(film(tmp_path / "b.mkv", [frame]), context, task_file=str(TASK), quality="standard")
        distance = float(eye_distance(better.points)[0])
        error = np.linalg.norm(better.points[0, :, :2] - found.points[0, :, :2], axis=1) / distance
        assert error.mean() < 0.05
        assert error[list(RIGHT_IRIS + LEFT_IRIS)].max() < 0.06


def test_a_task_file_that_is_not_there(tmp_path, context) -> None:
    result = tracked(film(tmp_path / "a.mkv", [background(120, 160)]), context, task_file=str(tmp_path / "no.task"))
    assert isinstance(result, Failure)
    assert result.code == "task-not-found"


@needs_task
def test_the_mask_tells_the_person_from_the_background(tmp_path, context) -> None:
    frame = put(background(600, 512), placement(FACE_X, FACE_Y, FACE_WIDTH))
    found = followed(film(tmp_path / "a.mkv", [frame] * 3), context, task_file=str(TASK), person_mask=True)
    assert found.masks is not None
    assert found.masks.frame.tolist() == [0, 1, 2]
    to_mask = cv2.invertAffineTransform(found.masks.to_image[0])

    def share(x: float, y: float) -> int:
        column, row = np.round(to_mask @ [x, y, 1]).astype(int)
        return int(found.masks.mask[0][row, column])

    assert share(*found.points[0, 4, :2]) > 240  # The tip of the nose.
    assert share(95, 130) < 15  # The flag behind her.


# --- Several people, gaps, cuts ---------------------------------------------------------------------------------------


@needs_task
def test_of_two_people_the_chosen_one_is_followed_and_the_other_is_reported(tmp_path, context, events) -> None:
    path = two_people(tmp_path)
    largest = followed(path, context, task_file=str(TASK))
    assert largest.found.all()
    assert np.allclose(largest.points[:, :, 0].mean(axis=1), 470 + np.arange(8), atol=6)
    assert events.notices.count("several-faces") == 1
    (other,) = largest.others
    assert other["number"] == 1
    assert other["frames"] == 4
    assert other["centre_x"] == pytest.approx(120, abs=6)
    for choice in (FaceSettings(choose="number", number=1), FaceSettings(choose="nearest", point_x=0.1)):
        second = followed(path, context, choice, task_file=str(TASK))
        assert second.number == 1
        assert second.found.tolist() == [False] * 4 + [True] * 4
        assert np.abs(second.points[4:, :, 0].mean(axis=1) - 120).max() < 6
    assert events.notices.count("several-faces") == 1, "who has chosen somebody need not be told"
    refused = tracked(path, context, FaceSettings(choose="number", number=2), task_file=str(TASK))
    assert isinstance(refused, Failure)
    assert refused.code == "face-number"


@needs_task
def test_a_face_that_leaves_and_comes_back_is_the_same(tmp_path, context, events) -> None:
    here, there = placement(120, 120, 80), placement(210, 125, 74)
    frames = [put(background(240, 320), here)] * 3 + [background(240, 320)] * 15
    frames += [put(background(240, 320), there)] * 3
    found = followed(film(tmp_path / "gap.mkv", frames), context, task_file=str(TASK), find_cuts=False)
    assert found.found.tolist() == [True] * 3 + [False] * 15 + [True] * 3
    assert found.others == ()
    assert np.isnan(found.points[5]).all()
    assert found.detection[5] == 0
    assert "face-missing" in events.notices


@pytest.mark.parametrize(("width", "told"), [(15, True), (110, False)])
def test_a_face_of_too_few_pixels_is_said_to_be_small(tmp_path, context, events, width, told) -> None:
    frames = [put(background(240, 320), placement(160 + k, 120, width)) for k in range(4)]
    landmarks = followed(film(tmp_path / "small.mkv", frames), context)
    assert np.median(np.ptp(landmarks.points[..., 0], axis=1)) == pytest.approx(width, rel=0.35)
    assert ("face-small" in events.notices) is told


def test_no_face_anywhere(tmp_path, context) -> None:
    result = tracked(film(tmp_path / "sky.mkv", [background(240, 320, seed) for seed in range(4)]), context)
    assert isinstance(result, Failure)
    assert result.code == "no-face"
    assert "4 frames" in result.sentence


def seen_for(frames: int) -> FaceObservations:
    """A clip of 20 frames in the first of which a face is seen."""
    points = np.random.default_rng(0).uniform(100, 200, (478, 3))
    face = Face(points, np.full(478, np.nan), np.full(52, np.nan), 0.9, Region(150, 150, 150, 0))
    portrait, thumbnail = np.zeros((20, 20, 3), np.uint8), np.zeros((18, 32, 3), np.uint8)
    faces = (ObservedFace(face, portrait, None),)
    return gather(0, [ObservedFrame(faces if k < frames else (), thumbnail) for k in range(20)])


def test_what_looks_like_a_face_for_a_moment_is_none() -> None:
    shot = np.zeros(20, np.int64)
    assert people_of(seen_for(2), shot) == []
    assert len(people_of(seen_for(3), shot)) == 1


@needs_task
def test_a_cut_to_another_picture_of_the_same_person_keeps_the_face(tmp_path, context) -> None:
    wide = [put(background(240, 320, 1, (190, 120, 70)), placement(100 + k, 100, 60)) for k in range(5)]
    close = [put(background(240, 320, 5, (60, 80, 170)), placement(200, 120, 110)) for _ in range(5)]
    found = followed(film(tmp_path / "cut.mkv", wide + close), context, task_file=str(TASK))
    assert found.found.all()
    assert found.others == ()


@pytest.mark.skipif(not (DATA / "hard").is_dir(), reason="../shared/data/hard is not there")
def test_two_people_of_one_room_and_place_are_parted_by_the_cut_between_them(tmp_path, context, events) -> None:
    path = DATA / "hard" / "cut_two_speakers.mp4"
    first = followed(path, context)
    assert (np.flatnonzero(np.diff(first.shot)) + 1).tolist() == [40]
    assert first.found.tolist() == [True] * 40 + [False] * 40
    assert {"another-person", "cuts"} <= set(events.notices)
    (said,) = [event for event in events if event.get("code") == "another-person"]
    assert "frames 40-79 (face 1)" in said["sentence"]
    assert "--face-number 1" in said["advice"]
    second = followed(path, context, FaceSettings(choose="number", number=1))
    assert second.found.tolist() == [False] * 40 + [True] * 40


@pytest.mark.skipif(not (DATA / "hard").is_dir(), reason="../shared/data/hard is not there")
@pytest.mark.parametrize("name", ["shake_sbia1a", "shake"])
def test_a_shaken_camera_and_a_shaken_head_are_no_cuts(context, name) -> None:
    found = followed(DATA / "hard" / f"{name}.mp4", context)
    assert found.shot.max() == 0
    assert found.found.all()


# --- Work that was done is kept ---------------------------------------------------------------------------------------


@needs_task
def test_a_killed_run_resumes_with_the_same_result(tmp_path, events, monkeypatch) -> None:
    monkeypatch.setattr(pipeline, "CHUNK", 5)
    frames = [put(background(200, 260), placement(120 + 2 * k, 100, 80, 2 * k)) for k in range(12)]
    path = film(tmp_path / "a.mkv", frames)

    def context(work: str, cancelled=lambda: False) -> Context:
        return Context("landmarks", events, cancelled, tmp_path / work, tmp_path / "models")

    whole = followed(path, context("whole"), task_file=str(TASK))
    calls = []

    def after_eight() -> bool:
        calls.append(1)
        return len(calls) > 11  # The video stage asks too.

    with pytest.raises(Cancelled):
        followed(path, context("killed", after_eight), task_file=str(TASK))
    assert sorted(file.name for file in (tmp_path / "killed").iterdir()) == ["chunk_00000.npz"]
    seen = []
    see = pipeline.Pipeline._observe
    monkeypatch.setattr(pipeline.Pipeline, "_observe", lambda self, *a, **k: seen.append(1) or see(self, *a, **k))
    resumed = followed(path, context("killed"), task_file=str(TASK))
    assert len(seen) == 7
    for name in ("points", "scores", "detection", "found", "shot"):
        assert np.array_equal(getattr(resumed, name), getattr(whole, name), equal_nan=True), name


def test_another_choice_of_the_face_detects_nothing_again(tmp_path, context, monkeypatch) -> None:
    context = dataclasses.replace(context, reusable_work=tmp_path / "kept")
    path = two_people(tmp_path)
    large = followed(path, context, quality="standard")
    monkeypatch.setattr(pipeline.Pipeline, "_observe", None)
    small = followed(path, context, FaceSettings(choose="nearest", point_x=0.2, point_y=0.5), quality="standard")
    assert (large.number, small.number) == (0, 1)
    again = followed(path, context, quality="standard", find_cuts=False)
    assert np.array_equal(again.points, large.points, equal_nan=True)


def test_kept_frames_with_more_faces_than_were_looked_at_closely_do_not_count(tmp_path) -> None:
    part = seen_for(3)
    crowd = dataclasses.replace(part, frame=np.zeros(3, np.int64))
    write_chunk(tmp_path, 0, "key", crowd, 2)
    assert read_chunk(tmp_path, 0, "key", 2) is not None
    assert read_chunk(tmp_path, 0, "key", 6) is None
    write_chunk(tmp_path, 1, "key", part, 2)
    assert read_chunk(tmp_path, 1, "key", 6) is not None
    assert read_chunk(tmp_path, 1, "another key", 6) is None


@needs_task
def test_the_number_of_threads_changes_nothing(tmp_path, context, events) -> None:
    frames = [put(background(200, 260), placement(120 + 3 * k, 100, 80)) for k in range(6)]
    path = film(tmp_path / "a.mkv", frames)
    one = followed(path, context, task_file=str(TASK), threads=1)
    for file in context.work.iterdir():
        file.unlink()
    three = followed(path, context, task_file=str(TASK), threads=3)
    assert np.array_equal(one.points, three.points)
    last = [event for event in events if event["event"] == "progress"][-1]
    assert (last["done"], last["total"]) == (6, 6)


# --- Real clips -------------------------------------------------------------------------------------------------------


@needs_task
@needs_data
def test_two_real_people_are_kept_apart_by_a_steady_track(tmp_path, context) -> None:
    path = DATA / "videos" / "intel_headpose_female-and-male.gif"
    found = followed(path, context, task_file=str(TASK))
    assert found.found.all()
    assert found.shot.max() == 0
    assert len(found.others) == 1
    assert found.others[0]["frames"] == len(found)
    steps = np.linalg.norm(np.diff(found.points[:, 4, :2], axis=0), axis=1)
    assert steps.max() < 0.3 * eye_distance(found.points).mean()


@needs_task
@needs_data
def test_a_small_talking_face_is_found_in_every_frame(tmp_path, context) -> None:
    found = followed(DATA / "videos" / "grid_swiz3n.mpg", context, task_file=str(TASK))
    assert found.found.all()
    assert found.rate == 25
    lips = found.points[:, list(INNER_LIPS_UPPER), 1]
    assert np.ptp(lips.mean(axis=1)) > 1.0  # The mouth moves.


@pytest.mark.skipif(not (DATA / "hard").is_dir(), reason="../shared/data/hard is not there")
@needs_task
def test_a_head_that_turns_to_the_profile_is_seen_beyond_75_degrees(tmp_path, context) -> None:
    landmarks = followed(DATA / "hard" / "profile.mp4", context, task_file=str(TASK))
    with np.load(DATA / "hard" / "profile_truth.npz") as truth:
        yaw = np.abs(np.degrees(np.arctan2(truth["head_rotation"][:, 0, 2], -truth["head_rotation"][:, 2, 2])))

    assert landmarks.found[yaw < 76].all()
    view = views(landmarks.points[landmarks.found], ((landmarks.width - 1) / 2, (landmarks.height - 1) / 2))
    error = np.abs(np.abs(np.degrees(view.yaw)) - yaw[landmarks.found])
    assert error[yaw[landmarks.found] < 76].max() < 15
