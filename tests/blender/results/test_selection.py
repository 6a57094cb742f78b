"""The result: which one is meant, importing, updating, switching, and going to what is bad."""

import json
import os
import shutil
from pathlib import Path

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract import track as track_file
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.camera.motion import motion_of
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.record import RECORD, Record, read_record, write_record
from review_helpers import make_bad_track, make_good_track, write_file

pytestmark = pytest.mark.usefixtures("addon")


def chosen():
    return selection.chosen(bpy.context)


def activate(thing):
    bpy.context.view_layer.objects.active = thing


def imported(path, **settings):
    """Import a file by the operator of File > Import; return the collection."""
    assert bpy.ops.import_scene.flame_track(filepath=str(path), **settings) == {"FINISHED"}
    return chosen().collection


def tree_for(folder):
    """The default tree of a video in a folder, as the scene's own."""
    tree = new_default_tree("FLAME")
    bpy.context.scene.flame.tree = tree
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clip.mp4").touch()
    tree.nodes["Video"].path = str(folder / "clip.mp4")
    return tree


# Which one is meant.


def test_without_anything_there_is_no_result():
    assert chosen() is None
    assert not bpy.ops.flame.update_result.poll() and not bpy.ops.flame.show_report.poll()


def test_the_active_object_decides_among_several(tmp_path):
    first = imported(write_file(tmp_path / "a", make_good_track(5, video={"name": "a.mp4"})))
    second = imported(write_file(tmp_path / "b", make_good_track(6, video={"name": "b.mp4"})))
    assert chosen().collection == second
    activate(first["flame_camera"])
    assert chosen().collection == first and chosen().file == tmp_path / "a" / "track.npz"
    hat = bpy.data.objects.new("hat", None)
    inner = bpy.data.collections.new("inner")
    second.children.link(inner)
    inner.objects.link(hat)
    activate(hat)
    assert chosen().collection == second


def test_the_tree_decides_where_no_imported_object_is_active(tmp_path):
    old = imported(write_file(tmp_path / "old", make_good_track(5)))
    tree_for(tmp_path / "new")
    activate(None)
    found = chosen()
    assert found.file == tmp_path / "new" / "clip_flame" / "track.npz" and found.collection is None
    activate(old["flame_head"])
    assert chosen().collection == old


def test_with_nothing_active_the_camera_of_the_scene_decides(tmp_path):
    first = imported(write_file(tmp_path / "a", make_good_track(5)))
    imported(write_file(tmp_path / "b", make_good_track(5)))
    activate(None)
    bpy.context.scene.camera = first["flame_camera"]
    assert chosen().collection == first


# Import and update.


def test_import_takes_the_file_and_the_settings_of_the_tree(tmp_path):
    tree = tree_for(tmp_path)
    tree.nodes["Scene"].motion, tree.nodes["Scene"].start_at = "head", 40
    write_file(tmp_path / "clip_flame", make_good_track(5))
    assert bpy.ops.flame.import_result() == {"FINISHED"}
    found = chosen()
    assert motion_of(found.parts.camera) == "head" and bpy.context.scene.frame_start == 40
    assert found.node == tree.nodes["Scene"]
    # Another time, by the name of the node.
    assert bpy.ops.flame.import_result(track_node="Track File") == {"FINISHED"}
    assert len(bpy.context.scene.collection.children) == 1


def test_import_of_what_is_not_there_says_so(tmp_path):
    tree_for(tmp_path)
    with pytest.raises(RuntimeError, match=r"There is no track file .*track\.npz"):
        bpy.ops.flame.import_result()
    with pytest.raises(RuntimeError, match="no Track File node 'Nothing'"):
        bpy.ops.flame.import_result(track_node="Nothing")
    assert len(bpy.data.objects) == 0


def test_update_keeps_what_it_was_imported_with(tmp_path):
    path = write_file(tmp_path, make_good_track(20))
    collection = imported(path, motion="head", first_frame=3, last_frame=9, start_at=50)
    collection["flame_head"].modifiers.new("Subdivision", "SUBSURF")
    write_file(tmp_path, make_good_track(12, seed=4))
    assert selection.is_outdated(chosen(), selection.facts_now(chosen()))
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert not selection.is_outdated(chosen(), selection.facts_now(chosen()))
    settings = read_record(collection).settings
    assert (settings.motion, settings.first_frame, settings.last_frame, settings.start_at) == ("head", 3, 9, 50)
    assert len(collection["flame_head"].data.shape_keys.key_blocks) == 1 + 7
    assert "Subdivision" in collection["flame_head"].modifiers


def test_update_takes_other_settings_where_they_are_given(tmp_path):
    collection = imported(write_file(tmp_path, make_good_track(20)), start_at=50)
    assert bpy.ops.flame.update_result(last_frame=4) == {"FINISHED"}
    settings = read_record(collection).settings
    assert (settings.start_at, settings.last_frame) == (50, 4)
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (50, 54)


def test_update_keeps_the_motion_as_it_was_switched(tmp_path):
    collection = imported(write_file(tmp_path, make_good_track(8)))
    assert bpy.ops.flame.switch_motion() == {"FINISHED"}
    assert motion_of(collection["flame_camera"]) == "head" and read_record(collection).settings.motion == "head"
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert motion_of(collection["flame_camera"]) == "head"
    assert keyframes.find_curve(collection["flame_camera"], "location") is None


def test_switching_tells_the_scene_node(tmp_path):
    tree = tree_for(tmp_path)
    write_file(tmp_path / "clip_flame", make_good_track(5))
    bpy.ops.flame.import_result()
    assert bpy.ops.flame.switch_motion() == {"FINISHED"}
    assert tree.nodes["Scene"].motion == "head"


@pytest.mark.parametrize("record", ["", "no json", "[1]", json.dumps({"settings": {"motion": "dance", "start_at": 7}})])
def test_an_older_or_damaged_record_is_no_obstacle(tmp_path, record):
    collection = imported(write_file(tmp_path, make_good_track(5)))
    collection[RECORD] = record
    assert read_record(collection).settings.motion == "camera"
    assert bpy.ops.flame.update_result() == {"FINISHED"}


def test_a_record_is_read_as_it_was_written(tmp_path):
    collection = bpy.data.collections.new("c")
    record = Record(SceneSettings(motion="head", start_at=9), None, (12, 1790000000123456789), ("Ä sentence.",))
    write_record(collection, record)
    assert read_record(collection) == record


# Bad days.


def test_a_track_that_is_gone_is_said_and_can_be_found_again(tmp_path):
    path = write_file(tmp_path / "here", make_good_track(5))
    collection = imported(path)
    (tmp_path / "there").mkdir()
    moved = shutil.move(path, tmp_path / "there" / "other name.npz")
    with pytest.raises(RuntimeError, match=r"The track file is no longer there: .*track\.npz"):
        bpy.ops.flame.update_result()
    assert bpy.ops.flame.find_track(filepath=str(moved)) == {"FINISHED"}
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert chosen().collection == collection and len(bpy.data.meshes) == 1


def test_a_file_that_is_no_track_is_not_taken_for_a_lost_one(tmp_path):
    imported(write_file(tmp_path, make_good_track(5)))
    (tmp_path / "wrong.npz").write_bytes(b"nothing")
    with pytest.raises(RuntimeError, match="not a track file or is damaged"):
        bpy.ops.flame.find_track(filepath=str(tmp_path / "wrong.npz"))
    assert chosen().file == tmp_path / "track.npz"


def test_a_track_of_a_newer_version_changes_nothing(tmp_path):
    track = make_good_track(5)
    collection = imported(write_file(tmp_path, track))
    newer = track_file.Track(**{**vars(track), "header": {**track.header, "schema": track_file.SCHEMA + 1}})
    write_file(tmp_path, newer)
    with pytest.raises(RuntimeError, match="written by a newer version"):
        bpy.ops.flame.update_result()
    assert len(collection["flame_head"].data.shape_keys.key_blocks) == 6


def test_a_project_that_is_moved_as_a_whole_goes_on(tmp_path):
    project = tmp_path / "before"
    path = write_file(project / "takes" / "one", make_good_track(5))
    imported(path)
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "shot.blend"))
    project.rename(tmp_path / "after")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "after" / "shot.blend"))
    moved = tmp_path / "after" / "takes" / "one" / "track.npz"
    assert chosen().file == moved
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert len(bpy.context.scene.collection.children) == 1


def test_a_blend_that_is_saved_elsewhere_still_finds_its_track(tmp_path):
    path = write_file(tmp_path / "project", make_good_track(5))
    imported(path)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "project" / "shot.blend"))
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "deep" / "copy.blend"), copy=True)
    assert bpy.path.abspath(chosen().collection["flame_track_relative"]) == str(path)
    for blend in ("project/shot.blend", "elsewhere/deep/copy.blend"):
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / blend))
        assert chosen().file == path
        assert os.path.normpath(bpy.path.abspath(chosen().collection["flame_track_relative"])) == str(path)


def test_an_import_of_an_object_without_a_file_has_no_file(tmp_path):
    import_track(make_good_track(5), SceneSettings())
    assert chosen().file is None
    with pytest.raises(RuntimeError, match="came from no track file"):
        bpy.ops.flame.update_result()
    assert bpy.ops.flame.switch_motion() == {"FINISHED"}


def test_a_result_that_is_linked_from_another_file_is_shown_but_not_changed(tmp_path):
    collection = imported(write_file(tmp_path, make_bad_track()))
    name = collection.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_there, taken):
        taken.collections = [name]
    bpy.context.scene.collection.children.link(bpy.data.collections[name])
    assert chosen().collection.library is not None and len(selection.review_now(chosen()).ranges) == 3
    assert not bpy.ops.flame.update_result.poll() and not bpy.ops.flame.switch_motion.poll()
    assert bpy.ops.flame.jump_to_bad_frame.poll()


def test_without_a_window_the_report_is_named_instead_of_shown(tmp_path):
    imported(write_file(tmp_path, make_good_track(5)))
    with pytest.raises(RuntimeError, match=r"no report\.png beside the track"):
        bpy.ops.flame.show_report()
    (tmp_path / "report.png").touch()
    with pytest.raises(RuntimeError, match=r"without a window.*report\.png"):
        bpy.ops.flame.show_report()
    with pytest.raises(RuntimeError, match="without a window"):
        bpy.ops.flame.open_folder()


# What is bad.


def test_jumping_goes_to_bad_frames_and_says_when_there_are_none(tmp_path):
    imported(write_file(tmp_path / "bad", make_bad_track()), start_at=101)
    scene = bpy.context.scene
    visited = []
    for _ in range(4):
        bpy.ops.flame.jump_to_bad_frame(direction="NEXT")
        visited.append(scene.frame_current)
    assert visited == [106, 116, 121, 106]
    bpy.ops.flame.jump_to_bad_frame(direction="PREVIOUS")
    assert scene.frame_current == 121
    imported(write_file(tmp_path / "good", make_good_track()))
    with pytest.raises(RuntimeError, match="No bad frames"):
        bpy.ops.flame.jump_to_bad_frame()


def test_the_review_lies_where_the_import_put_the_frames(tmp_path):
    """Also where Blender plays the footage at another rate than the file's nominal one."""
    times = np.arange(12) / 25
    times[6:] += 0.08
    path = film.write_film(tmp_path / "clip.mkv", times, 25)
    track = make_good_track(12, time=times, video={"name": "clip.mkv", "path": str(path)})
    track.confidence[6] = 0.1
    imported(write_file(tmp_path, track), start_at=20)
    review = selection.review_now(chosen())
    key = chosen().parts.head.data.shape_keys
    curve = keyframes.find_curve(key, "eval_time")
    shown = [frame for frame in range(review.first, review.last + 1) if round(curve.evaluate(frame)) == 7]
    (bad,) = review.ranges
    assert shown and list(range(bad.first, bad.last + 1)) == shown


def test_the_file_of_a_node_is_absolute(tmp_path):
    tree = tree_for(tmp_path / "folder" / ".." / "folder")
    assert selection.file_of_node(tree.nodes["Track File"], bpy.context.scene) == Path(
        tmp_path / "folder" / "clip_flame" / "track.npz"
    )
