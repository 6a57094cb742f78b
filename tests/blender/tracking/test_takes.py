"""Every take has results of its own, which stay where they are when the .blend is saved, moved or tracked again."""

import dataclasses
import os
import re
import shutil
from pathlib import Path

import bpy
import pytest
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.engine.quick_look import QuickLook
from flame_extension.blender_flame_tracker.nodes import run_registry, state, take_files
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.operators.video import rename_tree
from flame_extension.blender_flame_tracker.preferences import preferences
from flame_extension.blender_flame_tracker.results import review, selection
from flame_extension.blender_flame_tracker.scene.record import read_record, write_record
from flame_extension.blender_flame_tracker.tracking import footage
from run_helpers import heads, make_tree, unchanged
from synthetic_tracks import make_track

FACES = ((0, (0.3, 0.4), 4), (1, (0.7, 0.4), 4))
"""Two people as the quick look sees them: number, point, frame."""


def track():
    assert bpy.ops.flame.track() == {"FINISHED"}
    return run_registry.run_of(bpy.context.scene.flame.tree).outputs["track"]


def follow(tree, number):
    tree.nodes["Face"].follow(*FACES[number])


def shown_file():
    return selection.tree_file(bpy.context)[0]


# Saving.


@pytest.mark.parametrize("folder", ["clips", "project"])
def test_saving_after_tracking_makes_nothing_stale_and_the_next_track_keeps_the_one_head(tree, tmp_path, folder):
    file, before = track(), unchanged(tree)
    (tmp_path / folder).mkdir(exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / folder / "shot.blend"))
    assert shown_file() == file and unchanged(tree) == before and "Track File" in before
    assert selection.chosen(bpy.context).node == tree.nodes["Scene"]
    hat = bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent = bpy.data.objects["take one head"]
    assert track() == file and heads() == ["take one head"] and hat.parent.name == "take one head"


def test_saving_in_another_folder_makes_nothing_stale(tree, tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "first" / "shot.blend"))
    file, before = track(), unchanged(tree)
    assert file == tmp_path / "first" / "take one_flame" / "track.npz"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "second" / "shot.blend"))
    assert shown_file() == file and unchanged(tree) == before
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "second" / "shot.blend"))
    tree = bpy.context.scene.flame.tree
    assert shown_file() == file and unchanged(tree) == before
    assert track() == file and heads() == ["take one head"]


def test_saving_a_copy_elsewhere_leaves_the_session_as_it_was(tree, tmp_path):
    (tmp_path / "backup").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    file, video = track(), tree.nodes["Video"].path
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "backup" / "shot.blend"), copy=True)
    assert shown_file() == file and tree.nodes["Video"].path == video
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "backup" / "shot.blend"))
    assert shown_file() == file


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such name")
def test_a_clip_with_a_stroke_in_its_name_is_found_after_saving(engine, tmp_path):
    clip = tmp_path / "clips" / "one | two.mp4"
    tree = make_tree(bpy.context.scene, clip)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert tree.nodes["Video"].clip() == clip


def test_paths_become_relative_at_the_first_saving_unless_the_preferences_say_no(tree, tmp_path, monkeypatch):
    file = track()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    (place,) = take_files.take_files_of(tree.nodes["Track File"])
    assert place.file == "//clips/take one_flame/track.npz" and tree.nodes["Video"].path == "//clips/take one.mp4"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    monkeypatch.setattr(bpy.context.preferences.filepaths, "use_relative_paths", False)
    make_tree(bpy.context.scene, tmp_path / "clips" / "take one.mp4")
    assert track() == file
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    assert bpy.context.scene.flame.tree.nodes["Video"].path == str(tmp_path / "clips" / "take one.mp4")


def test_a_file_that_could_not_be_saved_leaves_all_paths_as_they_were(tree, tmp_path):
    file, video = track(), tree.nodes["Video"].path
    with pytest.raises(RuntimeError):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "no such folder" / "shot.blend"))
    assert shown_file() == file and tree.nodes["Video"].path == video


def test_results_that_are_sent_to_another_folder_update_the_head_that_is_there(tree, tmp_path):
    track()
    tree.nodes["Track File"].path = str(tmp_path / "results" / "track.npz")
    assert track() == tmp_path / "results" / "track.npz" and heads() == ["take one head"]
    assert selection.import_of(bpy.data.objects["take one head"], bpy.context.scene)["flame_track"] == str(shown_file())
    # Another name is another version.
    tree.nodes["Track File"].path = str(tmp_path / "results" / "track_v2.npz")
    assert track() == tmp_path / "results" / "track_v2.npz" and heads() == ["take one head", "take one v2 head"]


def test_a_project_that_was_copied_to_another_machine_is_up_to_date_there(tree, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "clips" / "shot.blend"))
    track()
    before = unchanged(tree)
    bpy.ops.wm.save_mainfile()
    copy = tmp_path / "other machine" / "clips"
    shutil.copytree(tmp_path / "clips", copy, copy_function=shutil.copyfile)  # With times of its own.
    (tmp_path / "clips").rename(tmp_path / "gone")
    bpy.ops.wm.open_mainfile(filepath=str(copy / "shot.blend"))
    tree = bpy.context.scene.flame.tree
    assert shown_file() == copy / "take one_flame" / "track.npz" and unchanged(tree) == before
    found = selection.chosen(bpy.context)
    assert found.collection is not None and not selection.is_outdated(found, selection.facts_now(found))


def test_a_track_counts_as_newer_by_its_content_alone(tree):
    file = track()
    found = selection.chosen(bpy.context)
    os.utime(file, (1, 1))
    assert not selection.is_outdated(found, selection.facts_now(found))
    write_track(file, make_track(5))
    assert selection.is_outdated(found, selection.facts_now(found))


def test_an_import_of_an_earlier_version_is_not_taken_for_outdated(tree):
    file = track()
    found = selection.chosen(bpy.context)
    written = file.stat()
    record = dataclasses.replace(read_record(found.collection), stamp=(written.st_size, written.st_mtime_ns))
    write_record(found.collection, record)
    assert not selection.is_outdated(found, selection.facts_now(found))
    os.utime(file, (1, 1))
    assert selection.is_outdated(found, selection.facts_now(found))


def test_what_is_put_into_the_folder_of_models_counts_only_where_it_is_used(tree, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(preferences, "models_folder", lambda: folder)
    track()
    before = unchanged(tree)
    (folder / "notes.txt").write_text("nothing")
    (folder / "deca_model.tar").write_bytes(b"other")
    state.refresh(tree)
    assert unchanged(tree) == before
    (folder / "flame2023.pkl").write_bytes(b"a head")
    state.refresh(tree)
    assert before - unchanged(tree) == {"Head Model", "Fit", "Smooth", "Track File", "Scene", "Report"}


def test_a_clip_that_was_moved_and_found_again_goes_on_with_its_results(tree, clip, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    file = track()
    moved = tmp_path / "footage" / clip.name
    moved.parent.mkdir()
    clip.rename(moved)
    assert bpy.ops.flame.find_video(filepath=str(moved), tree=tree.session_uid) == {"FINISHED"}
    assert shown_file() == file and heads() == ["take one head"]
    assert [each.clip for each in take_files.take_files_of(tree.nodes["Track File"])] == ["//footage/take one.mp4"]


# People.


def test_a_second_person_of_a_clip_has_a_file_and_a_head_of_its_own(tree, clip):
    follow(tree, 1)
    second = track()
    content = second.read_bytes()
    follow(tree, 0)
    first = track()
    assert first == clip.parent / "take one_flame" / "track.npz"
    assert second == clip.parent / "take one_flame" / "face2" / "track.npz" and second.read_bytes() == content
    assert heads() == ["take one face 2 head", "take one head"]
    assert [each.name for each in bpy.data.objects if each.type == "CAMERA"] == ["take one face 2 camera"]
    assert bpy.context.active_object.name == "take one head", "also where the scene keeps its camera"
    follow(tree, 1)
    assert shown_file() == second and track() == second
    assert heads() == ["take one face 2 head", "take one head"]


def test_both_people_are_up_to_date_in_the_next_session(tree, tmp_path):
    files = []
    for number in (1, 0):
        follow(tree, number)
        files.append(track())
    before = unchanged(tree)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    state._results.clear()  # What only the session knew.
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    tree = bpy.context.scene.flame.tree
    for number, file in zip((1, 0), files, strict=True):
        follow(tree, number)
        assert shown_file() == file and unchanged(tree) == before


def test_the_largest_face_is_face_one_however_it_was_chosen(tree):
    node = tree.nodes["Face"]
    assert node.folder() == ""
    follow(tree, 0)
    assert node.folder() == ""
    node.choose = "number"
    assert node.folder() == "" and node.face == 1
    node.face = 3
    assert node.folder() == "face3" and node.number == 2


def test_a_face_at_a_point_that_was_typed_is_a_take_of_its_own(tree):
    follow(tree, 1)
    tree.nodes["Face"].point_x = 0.21
    assert tree.nodes["Face"].folder() == "face_at_21_40_frame_4"
    tree.nodes["Face"].point_frame = -1
    assert tree.nodes["Face"].folder() == "face_at_21_40"


def test_a_person_s_result_of_an_earlier_version_is_still_found(tree, tmp_path):
    follow(tree, 1)
    node, old = tree.nodes["Track File"], tmp_path / "clips" / "take one_flame" / "track.npz"
    track().parent.rename(tmp_path / "set aside")
    (tmp_path / "set aside" / "track.npz").rename(old)
    # As it was saved before the files of takes were kept.
    node.places, node.result_files = "", f'[["{old}", 1234, 5678]]'
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert shown_file() == old and track() == old


def test_whoever_shares_a_camera_that_was_deleted_has_one_of_its_own(tree):
    track()
    follow(tree, 1)
    track()
    bpy.data.objects.remove(bpy.data.objects["take one camera"])
    track()
    assert [each.name for each in bpy.data.objects if each.type == "CAMERA"] == ["take one face 2 camera"]
    assert heads() == ["take one face 2 head", "take one head"]


# Ranges.


def test_a_range_of_a_tracked_clip_is_a_take_of_its_own_and_that_is_said(tree, scene, clip, monkeypatch):
    whole = track()
    content, keys = whole.read_bytes(), len(bpy.data.objects["take one head"].data.shape_keys.key_blocks)
    scene.frame_start, scene.frame_end = 3, 5
    assert bpy.ops.flame.track_range(separate=True) == {"FINISHED"}
    run = run_registry.run_of(tree)
    assert run.outputs["track"] == clip.parent / "take one_flame" / "3-5" / "track_3-5.npz"
    assert "Frames 3 to 5 became a take of their own, track_3-5.npz." in [each.sentence for each in run.notices]
    assert whole.read_bytes() == content
    assert len(bpy.data.objects["take one head"].data.shape_keys.key_blocks) == keys
    assert heads() == ["take one 3-5 head", "take one head"]
    tree.nodes["Video"].range = "clip"
    assert shown_file() == whole


def test_of_two_takes_of_a_person_in_one_camera_s_space_the_one_that_was_tracked_last_is_shown(tree, scene):
    def hidden():
        layer = bpy.context.view_layer.layer_collection
        return {each.name for each in layer.children if each.hide_viewport or each.collection.hide_render}

    for number in (1, 0):
        follow(tree, number)
        track()
    assert hidden() == set()
    scene.frame_start, scene.frame_end = 3, 5
    assert bpy.ops.flame.track_range(separate=True) == {"FINISHED"}
    assert hidden() == {"take one"} and "click its eye" in run_registry.run_of(tree).notices[-1].advice
    tree.nodes["Video"].range = "clip"
    track()
    assert hidden() == {"take one 3-5"}


def test_a_range_that_is_the_whole_clip_is_the_track_of_the_clip(tree, scene, clip):
    footage.note_look(clip, QuickLook(320, 240, 25.0, 8, 0.32, None, clip.with_name("clip.png"), ()))
    scene.frame_start, scene.frame_end = 1, 8
    assert bpy.ops.flame.track_range() == {"FINISHED"}
    assert shown_file() == clip.parent / "take one_flame" / "track.npz"


def test_a_named_file_is_not_replaced_by_another_take(tree, tmp_path):
    tree.nodes["Track File"].path = str(tmp_path / "mine.npz")
    assert track() == tmp_path / "mine.npz"
    follow(tree, 1)
    assert track() == tmp_path / "face2" / "mine.npz"
    follow(tree, 0)
    assert shown_file() == tmp_path / "mine.npz"


# Nodes and trees.


def test_a_duplicated_track_file_node_has_a_name_of_its_own(tree):
    track()
    node = tree.nodes["Track File"]
    copy = tree.nodes.new("FlameNodeTrackFile")
    copy.copy(node)
    assert copy.path == "track_2.npz" and not take_files.take_files_of(copy)
    third = tree.nodes.new("FlameNodeTrackFile")
    third.copy(copy)
    assert third.path == "track_3.npz"


def test_another_tree_for_the_same_clip_does_not_replace_the_first_one_s_result(tree, scene, clip):
    first = track()
    other = make_tree(scene, clip)
    assert other != tree and track() == first.with_name("track_2.npz")
    scene.flame.tree = tree
    assert track() == first


# What the panel says.


def test_options_that_wait_for_update_are_shown_until_they_are_used(tree):
    track()
    assert not selection.has_other_options(selection.chosen(bpy.context))
    tree.nodes["Scene"].light = "world"
    assert selection.has_other_options(selection.chosen(bpy.context))
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert not selection.has_other_options(selection.chosen(bpy.context))
    assert bpy.ops.flame.switch_motion() == {"FINISHED"}
    assert not selection.has_other_options(selection.chosen(bpy.context))


def test_an_earlier_track_beside_the_clip_says_when_it_was_made_and_of_what(tmp_path):
    report, settings = {"face": 1, "others": [{"number": 0}]}, {"landmarks": {"quality": "best"}}
    written = make_track(5)
    header = {**written.header, "report": report, "settings": settings}
    write_track(tmp_path / "track.npz", dataclasses.replace(written, header=header))
    os.utime(tmp_path / "track.npz", (1.75e9, 1.75e9))
    made = review.look_at(tmp_path / "track.npz").made
    first, last = written.frame_index[0] + 1, written.frame_index[-1] + 1
    assert re.fullmatch(
        rf"Tracked on 2025-06-\d\d at \d\d:\d\d: face 2, frames {first} to {last}, quality Best\.", made
    )


def test_a_tree_is_called_after_its_clip_until_it_has_a_name_of_its_own(engine):
    tree = new_default_tree("first.001")
    rename_tree(tree, Path("first.mp4"), Path("second.mp4"))
    assert tree.name == "second"
    tree.name = "Hero"
    rename_tree(tree, Path("second.mp4"), Path("third.mp4"))
    assert tree.name == "Hero"


def test_a_person_who_was_not_tracked_yet_is_shown_as_changed(tree):
    follow(tree, 1)
    track()
    before = unchanged(tree)
    follow(tree, 0)
    assert before - unchanged(tree) >= {"Landmarks", "Fit", "Track File", "Scene"}
