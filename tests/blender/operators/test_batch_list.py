"""The list of clips for a batch: filled by hand, with a person for each clip, kept with the scene, and tracked."""

import json

import bpy
import pytest
from flame_extension.blender_flame_tracker import paths
from flame_extension.blender_flame_tracker.engine.batch_run import LIST
from flame_extension.blender_flame_tracker.tracking import batch_list
from panel_helpers import drawn
from run_helpers import behave


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "day 1"
    (folder / "b roll").mkdir(parents=True)
    for name in ("anna.mp4", "ben.mov", "b roll/street.mkv", "notes.txt"):
        (folder / name).touch()
    return folder


@pytest.fixture
def able(engine):
    behave(engine.root, "batch")
    return engine


def rows(scene):
    return [(clip.path.rsplit("/", 1)[-1], clip.person) for clip in batch_list.list_of(scene).clips]


def add(folder, *names, person=""):
    return bpy.ops.flame.add_batch_clips(directory=str(folder), files=[{"name": each} for each in names], person=person)


def test_clips_are_added_once_and_each_can_have_its_person(addon, scene, clips):
    assert add(clips, "anna.mp4", person=" Anna ") == {"FINISHED"}
    assert add(clips) == {"FINISHED"}, "the whole folder, also what is in folders in it"
    assert rows(scene) == [("anna.mp4", "Anna"), ("ben.mov", ""), ("street.mkv", "")]
    assert add(clips, "ben.mov") == {"CANCELLED"}, "it is there already"
    listed = batch_list.list_of(scene)
    listed.row = 1
    assert bpy.ops.flame.remove_batch_clip() == {"FINISHED"}
    assert rows(scene) == [("anna.mp4", "Anna"), ("street.mkv", "")] and listed.row == 1
    assert bpy.ops.flame.clear_batch_clips() == {"FINISHED"}
    assert rows(scene) == []


def test_adding_is_undone_as_one_step(addon, scene, clips):
    bpy.ops.ed.undo_push(message="before")
    add(clips)
    bpy.ops.ed.undo_push(message="added")
    bpy.ops.ed.undo()
    assert rows(bpy.context.scene) == []


def test_all_clips_of_the_list_are_tracked_with_their_people(able, scene, clips, tmp_path):
    add(clips, "anna.mp4", person="Anna")
    add(clips, "ben.mov")
    listed = batch_list.list_of(scene)
    listed.results, listed.workers = str(tmp_path / "results"), 2
    assert bpy.ops.flame.start_batch_list() == {"FINISHED"}
    assert asked() == [("anna.mp4", "Anna", False), ("ben.mov", "", False)]
    assert (tmp_path / "results" / "batch.html").is_file()
    listed.all_faces, listed.results = True, ""
    assert bpy.ops.flame.start_batch_list() == {"FINISHED"}
    assert asked() == [("anna.mp4", "", True), ("ben.mov", "", True)], "everyone is not one person"
    assert (clips / "flame_batch" / "batch.html").is_file()


def asked():
    folder = max(paths.user_folder("runs").iterdir())
    shots = json.loads((folder / LIST).read_text())["shots"]
    return [(shot["input"].rsplit("/", 1)[-1], shot["person"], shot["all_faces"]) for shot in shots]


def test_the_panel_shows_the_list_and_what_is_missing(able, scene, clips):
    scene.flame.show_batch = True
    assert not [item for item in drawn().items if item.name == "flame.start_batch_list"], "folded away while empty"
    assert not bpy.ops.flame.start_batch_list.poll() and not bpy.ops.flame.remove_batch_clip.poll()
    add(clips)
    shown = drawn()
    assert "List of Clips (3)" in [item.text for item in shown.items]
    assert {"flame.add_batch_clips", "flame.remove_batch_clip", "flame.start_batch_list"} <= {
        item.name for item in shown.items
    }


def test_an_empty_folder_is_one_sentence(addon, scene, tmp_path):
    with pytest.raises(RuntimeError, match="There is no video in"):
        add(tmp_path)
    with pytest.raises(RuntimeError, match="No folder was chosen"):
        bpy.ops.flame.add_batch_clips()
