"""The stage Camera with a lens file: ours, OpenCV's, one beside the clip, and what cannot be used."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from backend.contract.distortion import Distortion
from backend.contract.failure import Failure
from backend.contract.settings import CameraSettings, VideoSettings
from backend.data.context import Context
from backend.data.types import Camera, Video
from backend.stages import camera
from backend.stages import video as video_stage

STATED = {
    "width": 1920,
    "height": 1080,
    "focal_x": 1500.0,
    "focal_y": 1500.0,
    "principal_point": [979.5, 529.5],
    "distortion": {"k1": -0.1, "k2": 0.0, "k3": 0.0, "p1": 0.0, "p2": 0.0},
}


@pytest.fixture
def codes() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, codes: list[str]) -> Context:
    def hear(event: dict[str, Any]) -> None:
        codes.append(str(event.get("code", "")))

    return Context("camera", hear, lambda: False, tmp_path, tmp_path)


@pytest.fixture
def video(tmp_path: Path) -> Video:
    clip = tmp_path / "shot.mp4"
    return Video(clip, "0", 1280, 720, 0, Fraction(25), 1.0, np.arange(3), np.zeros(3), "h264", {})


def calibration(path: Path, **more: object) -> CameraSettings:
    """Write what OpenCV's sample of calibration writes, and return the settings that name it."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 1920)
    storage.write("image_height", 1080)
    storage.write("camera_matrix", np.array([[1500.0, 0, 979.5], [0, 1500.0, 529.5], [0, 0, 1]]))
    values: dict[str, object] = {"distortion_coefficients": np.array([[-0.1, 0.02, 0.001, 0.002, 0.003]]), **more}
    for name, value in values.items():
        storage.write(name, value)
    storage.release()
    return CameraSettings(focal_mode="file", lens_file=str(path))


def taken(video: Video, settings: CameraSettings, context: Context) -> Camera:
    assert camera.check(settings) is None
    found = camera.run(video, settings, context)
    assert isinstance(found, Camera)
    return found


@pytest.mark.parametrize("ending", ["yml", "json", "xml"])
def test_a_calibration_of_opencv_is_scaled_to_the_clip(
    ending: str, tmp_path: Path, video: Video, context: Context
) -> None:
    found = taken(video, calibration(tmp_path / f"lens.{ending}"), context)
    assert found.source == "known" and found.focal == pytest.approx(1000.0)
    assert found.centre == pytest.approx((979.5 / 1.5 + 0.5 / 1.5 - 0.5, 529.5 / 1.5 + 0.5 / 1.5 - 0.5))
    assert found.curved is not None
    assert found.curved.distortion == Distortion(-0.1, 0.02, 0.003, 0.001, 0.002)
    assert found.curved.intrinsics.focal_x == pytest.approx(1000.0)


def test_other_models_of_distortion_are_refused_before_any_work(tmp_path: Path) -> None:
    rational = calibration(tmp_path / "a.yml", distortion_coefficients=np.array([[0.1, 0, 0, 0, 0, 0.2, 0, 0]]))
    fisheye = calibration(tmp_path / "b.yml", fisheye_model=1)
    for settings in (rational, fisheye):
        problem = camera.check(settings)
        assert isinstance(problem, Failure) and "model of distortion" in problem.sentence


@pytest.mark.parametrize(
    "content", [b"", b"{", b"%YAML:1.0\n---\na: [", b"\xff\x00", b"<?xml version='1.0'?><a>", b"{}"]
)
def test_what_is_no_lens_file_is_refused_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lens.json"
    path.write_bytes(content)
    problem = camera.check(CameraSettings(focal_mode="file", lens_file=str(path)))
    assert isinstance(problem, Failure) and problem.code == "lens-file-not-read"
    missing = camera.check(CameraSettings(focal_mode="file", lens_file=str(tmp_path / "none.json")))
    assert isinstance(missing, Failure) and "No such file" in missing.sentence
    assert isinstance(camera.check(CameraSettings(focal_mode="file")), Failure)


def test_a_file_beside_the_clip_is_taken_with_its_metadata_and_said(
    tmp_path: Path, video: Video, context: Context, codes: list[str]
) -> None:
    without = camera.run(video, CameraSettings(), context)
    assert without == Camera(None, "estimated") and "lens-file-taken" not in codes
    (tmp_path / "shot.lens.json").write_text(json.dumps(STATED))
    found = taken(video, CameraSettings(), context)
    assert found.focal == pytest.approx(1000.0) and found.source == "metadata"
    assert found.centre is not None and found.curved is not None
    assert codes[-1] == "lens-file-taken"
    assert camera.run(video, CameraSettings("estimate"), context) == Camera(None, "estimated")


def test_a_file_beside_the_clip_that_does_not_belong_to_it_is_left_out_with_a_notice(
    tmp_path: Path, video: Video, context: Context, codes: list[str]
) -> None:
    for content in (json.dumps({**STATED, "width": 1440}), "{}"):
        (tmp_path / "shot.lens.json").write_text(content)
        assert camera.run(video, CameraSettings(), context) == Camera(None, "estimated")
        assert "lens-file-not-taken" in codes
        codes.clear()


def test_what_is_entered_counts_more_than_the_file(tmp_path: Path, video: Video, context: Context) -> None:
    settings = calibration(tmp_path / "lens.yml")
    entered = dataclasses.replace(settings, principal_point="known", centre_x=600.0, centre_y=300.0)
    entered = dataclasses.replace(entered, distortion="known", k1=-0.05)
    found = taken(video, entered, context)
    assert found.centre == (599.5, 299.5)
    assert found.curved is not None and found.curved.distortion == Distortion(-0.05)
    measured = taken(video, dataclasses.replace(settings, focal_mode="pixels", focal_pixels=900.0), context)
    assert measured.focal == 900.0 and measured.centre == taken(video, settings, context).centre


def test_the_clip_is_read_again_when_a_lens_file_comes_to_lie_beside_it(tmp_path: Path) -> None:
    clip, lens = tmp_path / "shot.mp4", tmp_path / "shot.lens.json"
    assert list(video_stage.files(VideoSettings(str(clip)), tmp_path)) == [clip]
    lens.write_text("{}")
    assert list(video_stage.files(VideoSettings(str(clip)), tmp_path)) == [clip, lens]
