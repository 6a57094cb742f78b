"""Calls that scripts of version 1.01 make besides the plain one: frames in turn, lists of pictures, attributes."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from portrait_clips import background, film, placement, put
from shared_data import DATA

from backend import flame_head_tracker
from backend.contract.failure import Failure
from backend.flame_head_tracker import Tracker, TrackerError, TrackerWarning, track_video, track_video_legacy
from backend.head.flame_codes import bridged_scores
from backend.legacy import fitting
from backend.legacy.config import LegacyConfig, read_config
from backend.legacy.parts import Parts, set_up


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker({"device": "cpu", "result_img_size": 256})


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """A face that walks to the right."""
    return [put(background(300, 400), placement(150 + 6 * k, 150, 100)) for k in range(3)]


@pytest.fixture(scope="module")
def first(tracker: Tracker, frames: list[np.ndarray]) -> dict[str, Any]:
    return tracker.run(frames[0])


def test_a_script_may_import_the_older_way_to_track_a_video() -> None:
    assert track_video_legacy is track_video


def test_a_frame_begins_where_the_frame_before_ended(
    tracker: Tracker, frames: list[np.ndarray], first: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tracker.run(frames[1])

    def never(*_: object) -> None:
        raise AssertionError("a fit from nothing was made")

    monkeypatch.setattr(fitting, "fit_landmarks", never)
    after = tracker.run(frames[1], True, first)
    assert {name: value.shape for name, value in after.items()} == {name: value.shape for name, value in alone.items()}
    assert np.abs(after["vertices"] - alone["vertices"]).max() < 2e-4
    assert np.abs(after["cam"] - alone["cam"]).max() < 2e-3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"cam": None}, "'cam'"),
        ({"pose": np.full((1, 6), np.nan)}, "'pose'"),
        ({"cam": np.array([0.0, 0, 0, 0, 0, -1])}, "behind"),
    ],
)
def test_what_is_no_result_of_a_frame_before_is_named(
    tracker: Tracker, frames: list[np.ndarray], first: dict[str, Any], change: dict[str, Any], word: str
) -> None:
    with pytest.raises(TrackerError, match=word):
        tracker.run(frames[0], prev_ret_dict={**first, **change})


def test_a_kalman_filter_is_answered_and_not_applied(tracker: Tracker, frames: list[np.ndarray]) -> None:
    with pytest.warns(TrackerWarning, match="lag behind the face"):
        tracker.run(frames[0], kalman_filter=True)


def test_pictures_of_one_person_are_fitted_together(tracker: Tracker, frames: list[np.ndarray]) -> None:
    """The third shows nobody, the last is larger than the others."""
    larger = put(background(360, 500), placement(300, 200, 120, roll=10))
    pictures = [frames[0], frames[1], background(300, 400), larger]
    with pytest.warns(TrackerWarning, match="No face was found in 1 of 4 pictures, which are left out: 2"):
        together = tracker.run_all_images(pictures, realign=True)
    assert together["frame"] == [0, 1, 3]
    assert all(len(values) == 3 for values in together.values())
    assert all((shape == together["shape"][0]).all() for shape in together["shape"])
    for frame, points in zip(together["frame"], together["lmks_dense"], strict=True):
        alone, _ = tracker.mediapipe_face_detection(pictures[frame])
        assert np.abs(points - alone).max() < 4
    whole = tracker.run_all_images([frames[0], larger], realign=False)
    np.testing.assert_allclose(whole["crop_matrix"][1], [[500 / 256, 0, 0], [0, 500 / 256, -70]])


def test_nothing_to_track_is_an_error(tracker: Tracker) -> None:
    with pytest.raises(TrackerError, match="list of pictures is empty"):
        tracker.run_all_images([])
    with pytest.raises(TrackerError, match="The picture is a NoneType"):
        tracker.run_all_images([None])  # type: ignore[list-item]
    with pytest.raises(TrackerError, match="No face was found in any of the 2 pictures"):
        tracker.run_all_images([background(300, 400)] * 2)


def test_attributes_are_real_or_say_what_to_do_instead(tracker: Tracker) -> None:
    assert (tracker.H, tracker.W, tracker.img_size, tracker.fov) == (256, 256, 256, 20.0)
    assert tracker.device == torch.device("cpu")
    assert (tracker.mesh_faces.numpy() == tracker.faces).all() and tracker.faces.shape[1] == 3
    for name in ("flame", "flametex", "face_parser", "mesh_renderer", "deca", "flame_cfg", "mediapipe_detector"):
        assert not hasattr(tracker, name)
        with pytest.raises(AttributeError, match=rf"This tracker has no '{name}'\. \w+"):
            getattr(tracker, name)


def test_scores_that_nobody_measured_are_nan_in_pictures_and_videos(
    tracker: Tracker, frames: list[np.ndarray], first: dict[str, Any], tmp_path: Path
) -> None:
    if "face_landmarker.task" in tracker.sources["landmarks"]:
        pytest.skip("a task file with scores lies in the folder of models")
    assert np.isnan(first["blendshape_scores"]).all()
    video = film(tmp_path / "walk.mkv", frames)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        folder = track_video({"video_path": str(video), "save_path": str(tmp_path / "out"), "result_img_size": 64})
    with (folder / "0.npy").open("rb") as stream:
        assert np.isnan(pickle.load(stream)["blendshape_scores"]).all()


def test_scores_of_a_task_file_are_numbers(frames: list[np.ndarray]) -> None:
    task = DATA / "face_landmarker.task"
    if not task.is_file():
        pytest.skip("the shared task file is not there")
    one = Tracker({"mediapipe_face_landmarker_v2_path": str(task)})
    scores = one.mediapipe_face_detection(frames[0])[1]
    assert scores.shape == (52,) and np.isfinite(scores).all() and scores.max() <= 1


def test_results_of_the_original_are_not_written_over(frames: list[np.ndarray], tmp_path: Path) -> None:
    video = film(tmp_path / "walk.mkv", frames)
    theirs = tmp_path / "out" / "walk" / "0.npy"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"a night of work")
    with pytest.raises(TrackerError, match=r"holds 0\.npy, which this program did not write"):
        track_video({"video_path": str(video), "save_path": str(tmp_path / "out")})
    assert theirs.read_bytes() == b"a night of work"


def test_a_shorter_run_leaves_no_frames_of_a_longer_one(frames: list[np.ndarray], tmp_path: Path) -> None:
    video = film(tmp_path / "walk.mkv", frames)
    config = {"video_path": str(video), "save_path": str(tmp_path), "result_img_size": 64, "original_fps": 30}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        folder = track_video(config)
        assert {path.name for path in folder.glob("*.npy")} == {"0.npy", "1.npy", "2.npy"}
        (folder / "notes.txt").write_text("mine")
        track_video({**config, "subsample_fps": 15})
    assert {path.name for path in folder.iterdir()} == {"0.npy", "0_compare.jpg", "about.json", "notes.txt"}


def test_scores_of_frames_without_a_face_lie_between_their_neighbours() -> None:
    scores = np.full((5, 52), np.nan, dtype=np.float32)
    scores[1], scores[4] = 0.2, 0.8
    np.testing.assert_allclose(bridged_scores(scores)[:, 7], [0.2, 0.2, 0.4, 0.6, 0.8], atol=1e-6)
    assert np.isnan(bridged_scores(scores[2:4])).all(), "nobody measured any"


def parts_of(config: dict[str, Any]) -> tuple[LegacyConfig, Parts]:
    read = read_config(config, video=False)
    assert isinstance(read, LegacyConfig)
    parts = set_up(read, lambda _: None)
    assert not isinstance(parts, Failure), parts
    return read, parts


def test_the_named_template_gives_the_texture_coordinates(tmp_path: Path) -> None:
    proxy = DATA / "flame_layout_proxy" / "flame_proxy.npz"
    if not proxy.is_file():
        pytest.skip("the shared head in FLAME's layout is not there")
    with np.load(proxy) as model:
        faces, count = model["f"].astype(int), len(model["v_template"])
    places = np.random.default_rng(0).random((count, 2))
    lines = [f"vt {u:.6f} {v:.6f}" for u, v in places]
    lines += ["f " + " ".join(f"{corner + 1}/{corner + 1}" for corner in face) for face in faces]
    template = tmp_path / "one folder up" / "head_template.obj"
    template.parent.mkdir()
    template.write_text("\n".join(lines), "utf-8")
    _, parts = parts_of({"flame_model_path": str(proxy), "template_mesh_file_path": str(template)})
    np.testing.assert_allclose(parts.head.uv, places, atol=1e-6)
    assert (parts.head.uv_faces == faces).all()
    template.write_text("vt 0 0\n", "utf-8")
    with pytest.raises(TrackerError, match=r"head_template\.obj cannot be used: it has 0 triangles instead of 9976"):
        Tracker({"flame_model_path": str(proxy), "template_mesh_file_path": str(template)})


def test_keys_of_version_4_say_which_import_they_need() -> None:
    with pytest.raises(TrackerError, match=r"'use_matting' belongs to version 4 .* backend\.flame_head_tracker_v4"):
        Tracker({"use_matting": True})


def test_a_warning_points_at_the_line_of_the_script(tmp_path: Path) -> None:
    with pytest.warns(TrackerWarning) as told:
        Tracker({"template_mesh_file_path": str(tmp_path / "head_template.obj")})
    assert {Path(one.filename).name for one in told} == {Path(__file__).name}
    assert flame_head_tracker.Tracker is Tracker
