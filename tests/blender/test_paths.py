"""Places of results, whatever the clip, the project and the user are called."""

from pathlib import Path

import bpy
import pytest
from flame_extension.blender_flame_tracker import paths


@pytest.mark.parametrize(
    ("video", "name"),
    [
        ("take 1.mp4", "take 1"),
        ("Jösé Ünï 名.mov", "Jösé Ünï 名"),
        ("shot_0001.png", "shot"),
        ("shot.0101.exr", "shot"),
        ("folder/0001.png", "folder"),
        ("take_0001.mp4", "take_0001"),
    ],
)
def test_a_shot_is_called_as_its_clip(video, name, tmp_path):
    assert paths.shot_folder(tmp_path / video).name == f"{name}_flame"


def test_results_lie_beside_the_saved_file_and_else_beside_the_clip(tmp_path):
    clip = tmp_path / "footage" / "clip.mp4"
    assert paths.shot_folder(clip) == tmp_path / "footage" / "clip_flame"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert paths.shot_folder(clip) == tmp_path / "clip_flame"


def test_paths_are_resolved_against_the_saved_file_and_stay_relative_where_they_can(tmp_path):
    project = tmp_path / "prøject"
    project.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "shot.blend"))
    assert paths.absolute("//clips/a.mp4") == project / "clips" / "a.mp4"
    assert paths.absolute("//../a.mp4") == tmp_path / "a.mp4"
    assert paths.absolute("~/a.mp4") == Path.home() / "a.mp4"
    assert paths.relative(project / "clips" / "a.mp4") == "//clips/a.mp4"


def test_an_unsaved_file_has_absolute_paths_only(tmp_path):
    assert paths.relative(tmp_path / "a.mp4") == str(tmp_path / "a.mp4")
    assert paths.absolute(str(tmp_path / "a.mp4")) == tmp_path / "a.mp4"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a:b*c?", "a_b_c_"),
        ("con", "_con"),
        ("COM1.take", "_COM1.take"),
        ("ends in dots...", "ends in dots"),
        ("x" * 300, "x" * 80),
        ("", "_"),
        ("Ünï 名", "Ünï 名"),
    ],
)
def test_names_are_such_as_windows_takes(name, safe):
    assert paths.safe_name(name) == safe


def test_a_folder_that_can_be_written_to_is_left_as_it_was(tmp_path):
    assert paths.folder_problem(tmp_path / "not" / "there" / "yet") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "results").write_text("in the way")
    problem = paths.folder_problem(tmp_path / "results" / "clip_flame")
    assert problem.code == "folder-not-writable" and "results is a file" in problem.sentence
