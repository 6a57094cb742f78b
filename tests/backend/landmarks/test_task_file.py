"""The file of MediaPipe's Face Landmarker: found under each of its names, and left out where it is damaged."""

from __future__ import annotations

import importlib.util
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from shared_data import DATA

from backend.contract.failure import Failure
from backend.contract.settings import LandmarkSettings
from backend.landmarks.networks import NetworkFiles, find_networks, task_problem
from backend.landmarks.tracking import network_notices

TASK = DATA / "face_landmarker.task"
needs_task = pytest.mark.skipif(not TASK.is_file(), reason="face_landmarker.task is not in ../shared/data")


def _bomb(path: Path) -> None:
    """Zeros, 80 MB of them, as networks."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite"):
            archive.writestr(name, bytes(27_000_000))


@pytest.mark.parametrize("name", ["face_landmarker.task", "face_landmarker_v2_with_blendshapes.task"])
@pytest.mark.parametrize(
    "write",
    [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"PK\x03\x04 not a zip"), _bomb],
    ids=["empty", "no archive", "unfolds"],
)
def test_a_bad_task_file_among_the_models_is_named_and_the_older_networks_are_used(
    name: str, write: Callable[[Path], object], tmp_path: Path
) -> None:
    write(tmp_path / name)
    files = find_networks("", tmp_path)
    assert isinstance(files, NetworkFiles) and files.scores is None
    (notice,) = network_notices(files, LandmarkSettings(person_mask=False))
    assert notice.code == "task-left-out"
    assert name in notice.sentence and "older Face Mesh" in notice.sentence
    named = find_networks(str(tmp_path / name), tmp_path)
    assert isinstance(named, Failure), "somebody asked for this very file"
    assert named.code == "task-damaged"


@needs_task
def test_a_task_file_among_the_models_is_found_under_the_name_that_others_give_it(tmp_path: Path) -> None:
    shutil.copy(TASK, tmp_path / "face_landmarker_v2_with_blendshapes.task")
    files = find_networks("", tmp_path)
    assert isinstance(files, NetworkFiles) and files.scores is not None


def test_a_home_made_task_file_with_the_older_network_is_refused(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        pytest.skip("mediapipe is not installed")
    modules = Path(spec.origin).parent / "modules"
    path = tmp_path / "mine.task"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(modules / "face_detection" / "face_detection_short_range.tflite", "face_detector.tflite")
        archive.write(modules / "face_landmark" / "face_landmark.tflite", "face_landmarks_detector.tflite")
        archive.writestr("face_blendshapes.tflite", b"nothing")
    problem = task_problem(path)
    assert problem is not None
    assert problem.code == "task-damaged"
