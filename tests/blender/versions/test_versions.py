"""A track has versions: a list in one collection, of which one is shown in the objects that are there."""

import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene.version_list import chosen_version, version_of, versions_of
from flame_extension.blender_flame_tracker.versions import activation
from version_helpers import first_point, labels, make_version, shown, write_version


def another(take, label="Pinned", number=1):
    """A second version of the take, in the list but not shown."""
    file = write_version(Path(take["flame_track"]).parent, f"track_{label.lower()}.npz", number)
    return activation.add(take, file, label, Path(take["flame_track"]))


def save_and_open(path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return bpy.data.collections["take one"]


def test_an_import_is_the_first_version_of_its_clip(take):
    assert labels(take) == ["Whole Clip"] and activation.active_version(take).name == "Whole Clip"


def test_a_version_of_a_range_is_named_after_its_frames(take, tmp_path):
    file = write_version(tmp_path / "take one_flame" / "3-5", "track_3-5.npz", 1)
    assert bpy.ops.flame.add_version(filepath=str(file)) == {"FINISHED"}
    assert labels(take) == ["Whole Clip", "Frames 3-5"] and shown(take) == "track.npz"


def test_activating_a_version_gives_the_same_objects_its_head_and_keeps_what_was_added(take):
    version = another(take)
    head, hat = bpy.data.objects["take one head"], bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent = head
    before = first_point(4)
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"}
    assert bpy.data.objects["take one head"] == head and hat.parent == head
    assert shown(take) == Path(version.file).name and activation.active_version(take) == version
    track, aside = make_version(1), first_point(4) - before
    assert np.linalg.norm(aside) > 0.015
    assert len([each for each in bpy.data.objects if each.type == "MESH"]) == 1
    assert selection.chosen(bpy.context).file == Path(version.file)
    assert bpy.ops.flame.activate_version(name="Whole Clip") == {"FINISHED"}
    np.testing.assert_array_equal(first_point(4), before)
    assert len(track) == 8


def test_a_version_stays_with_the_rig_and_the_motion_that_the_import_has(take):
    another(take)
    assert bpy.ops.flame.switch_motion() == {"FINISHED"}
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"}
    assert selection.chosen(bpy.context).settings.motion == "head"


def test_names_are_unlike_and_can_be_changed(take):
    for name in ("one", "two"):
        write_version(Path(take["flame_track"]).parent, f"track_{name}.npz")
        activation.add(take, Path(take["flame_track"]).with_name(f"track_{name}.npz"), "Pinned")
    assert labels(take) == ["Whole Clip", "Pinned", "Pinned 2"]
    versions_of(take)[1].name = "Lips by Ann"
    assert bpy.ops.flame.activate_version(name="Lips by Ann") == {"FINISHED"}
    assert shown(take) == "track_one.npz"


def test_a_file_is_in_the_list_once(take):
    another(take)
    assert activation.add(take, Path(take["flame_track"]), "Again") == versions_of(take)[0]
    assert bpy.ops.flame.add_version(filepath=versions_of(take)[1].file) == {"CANCELLED"}
    assert labels(take) == ["Whole Clip", "Pinned"]


def test_a_copy_has_a_file_of_its_own_and_knows_what_it_was_made_from(take):
    assert bpy.ops.flame.duplicate_version() == {"FINISHED"}
    assert labels(take) == ["Whole Clip", "Whole Clip 2"]
    copy = versions_of(take)[1]
    assert Path(copy.file).read_bytes() == Path(versions_of(take)[0].file).read_bytes()
    assert activation.maker_of(take, copy) == "Whole Clip" and chosen_version(take) == copy


@pytest.mark.parametrize("with_file", [False, True])
def test_a_version_is_removed_with_its_file_only_if_that_is_wanted(take, with_file):
    file = Path(another(take).file)
    assert bpy.ops.flame.remove_version(delete_file=with_file) == {"FINISHED"}
    assert labels(take) == ["Whole Clip"] and file.exists() is not with_file


def test_what_is_shown_cannot_be_removed(take):
    assert not bpy.ops.flame.remove_version.poll()
    assert isinstance(activation.remove(take, versions_of(take)[0], True), Failure)
    assert Path(take["flame_track"]).exists()


def test_a_file_that_another_import_shows_is_not_deleted(take, tmp_path):
    file = write_version(tmp_path / "other_flame", "track.npz", 1)
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    version = activation.add(take, file, "Borrowed")
    assert activation.remove(take, version, True).code == "version-shared" and file.exists()


def test_a_version_whose_file_is_gone_leaves_the_scene_as_it_was(take):
    version = another(take)
    Path(version.file).unlink()
    with pytest.raises(RuntimeError, match="There is no track file"):
        bpy.ops.flame.activate_version(name="Pinned")
    assert shown(take) == "track.npz" and labels(take) == ["Whole Clip", "Pinned"]


def test_a_new_version_that_cannot_be_shown_is_not_in_the_list(take, tmp_path):
    made = activation.show_new(bpy.context.scene, take, tmp_path / "none.npz", "Pinned")
    assert isinstance(made, Failure) and labels(take) == ["Whole Clip"]


def test_versions_are_there_after_saving_and_opening(take, tmp_path):
    another(take)
    opened = save_and_open(tmp_path / "shot.blend")
    assert labels(opened) == ["Whole Clip", "Pinned"]
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"} and shown(opened) == "track_pinned.npz"


def test_versions_are_found_in_a_project_that_was_moved(take, tmp_path):
    another(take)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name} moved")
    moved = tmp_path.parent / f"{tmp_path.name} moved"
    shutil.rmtree(tmp_path / "take one_flame")
    bpy.ops.wm.open_mainfile(filepath=str(moved / "shot.blend"))
    version = versions_of(bpy.data.collections["take one"])[1]
    assert Path(version.file) == moved / "take one_flame" / "track_pinned.npz"
    assert activation.maker_of(bpy.data.collections["take one"], version) == "Whole Clip"
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"}


def test_undo_shows_the_former_version(take):
    bpy.ops.ed.undo_push(message="Imported")
    another(take)
    bpy.ops.ed.undo_push(message="Added")
    bpy.ops.flame.activate_version(name="Pinned")
    bpy.ops.ed.undo_push(message="Activated")
    bpy.ops.ed.undo()
    take = bpy.data.collections["take one"]
    assert shown(take) == "track.npz" and labels(take) == ["Whole Clip", "Pinned"]
    bpy.ops.ed.undo()
    assert labels(bpy.data.collections["take one"]) == ["Whole Clip"]


def test_an_import_of_an_earlier_version_has_its_first_version_as_soon_as_one_is_added(take):
    take.flame_versions.items.clear()  # As such files are.
    another(take)
    assert labels(take) == ["Whole Clip", "Pinned"]


def test_a_scene_shows_a_version_of_its_own(take):
    version = another(take)
    scene = bpy.data.scenes.new("Second")
    made = activation.activate(scene, take, Path(version.file))
    assert made.parts.collection != take and shown(take) == "track.npz"
    assert version_of(made.parts.collection, version.file) is not None
