"""A batch as an Open Job Description: validated and run by the specification's own program, as a farm does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import backend
from small_videos import write_video

pytest.importorskip("openjd.cli", reason="openjd-cli is not installed")
pytestmark = pytest.mark.timeout(300)


def _openjd(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "openjd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The description of a batch of two shots: a clip without a face, and one that is gone."""
    (tmp_path / "clips").mkdir()
    write_video(tmp_path / "clips" / "wall.mp4", frames=6)
    (tmp_path / "clips.txt").write_text("clips/wall.mp4\nclips/gone.mp4\n", "utf-8")
    out, file = tmp_path / "out", tmp_path / "job.yaml"
    result = backend("batch", str(tmp_path / "clips.txt"), "--out", str(out), "--openjd", str(file))
    assert result.returncode == 0, result.stderr
    return file


def test_the_description_is_valid_and_has_a_task_for_each_shot(job: Path) -> None:
    checked = _openjd("check", str(job))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    mark, template = job.read_text("utf-8").split("\n", 1)
    assert mark.startswith("# Written by")
    tracking, page = json.loads(template)["steps"]
    assert tracking["parameterSpace"]["taskParameterDefinitions"][0]["range"] == ["wall", "gone"]
    assert page["dependencies"] == [{"dependsOn": "Track"}]


def test_tasks_track_the_shots_and_the_last_step_makes_the_page(job: Path, tmp_path: Path) -> None:
    ran = _openjd("run", str(job), "--step", "Page", "--run-dependencies")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    shots = {shot["name"]: shot for shot in json.loads((tmp_path / "out" / "batch.json").read_text("ascii"))["shots"]}
    assert shots["wall"]["failure"]["code"] == "no-face"
    assert shots["gone"]["failure"]["code"] == "video-not-found"
    assert "No face was found" in (tmp_path / "out" / "batch.html").read_text("utf-8")
    assert not list((tmp_path / "out").glob("*/shot.json"))


def test_a_description_of_another_ending_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "wall.mp4", frames=2)
    result = backend("batch", str(tmp_path), "--out", str(tmp_path / "out"), "--openjd", str(tmp_path / "job.json"))
    assert result.returncode == 1 and "does not end in .yaml" in result.stderr


def test_a_computer_without_the_folder_is_told_so(tmp_path: Path) -> None:
    result = backend("batch", "none.json", "--out", str(tmp_path / "nowhere"), "--check-computer")
    assert result.returncode == 1 and "There is no batch for a farm" in result.stderr


def test_names_that_look_like_expressions_or_flags_stay_names(tmp_path: Path) -> None:
    names = ["{{Param.Models}}", "a {{ b", "c}}{{{d", "-e"]
    (tmp_path / "clips.txt").write_text("".join(f"{name}.mp4\n" for name in names), "utf-8")
    out, file = tmp_path / "out {{Param.None}}", tmp_path / "job.yaml"
    result = backend("batch", str(tmp_path / "clips.txt"), "--out", str(out), "--openjd", str(file))
    assert result.returncode == 0, result.stderr
    ran = _openjd("run", str(file), "--step", "Page", "--run-dependencies")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    shots = json.loads((out / "batch.json").read_text("ascii"))["shots"]
    assert {shot["name"]: shot["failure"]["code"] for shot in shots} == dict.fromkeys(names, "video-not-found")
