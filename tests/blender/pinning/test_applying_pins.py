"""A pinned frame comes into track file and scene, whatever the import is made of, and goes again without a trace."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.corrections.corrections import read_corrections as read_file
from flame_extension.backend.contract.track import MISSING, read_track, write_track
from flame_extension.blender_flame_tracker.pinning.applying import renew_files
from flame_extension.blender_flame_tracker.scene.camera.motion import CAMERA_MOVES, HEAD_MOVES
from flame_extension.blender_flame_tracker.scene.corrections import read_corrections
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from pin_helpers import pin_frame, pinned_frames, pixels_of_pose, seen_pixels, shot_of, shown_track
from synthetic_tracks import with_rows

KINDS = [
    {"form": "keys", "key_kind": "absolute"},
    {"form": "keys", "key_kind": "relative"},
    {"form": "rig"},
    {"form": "both"},
]


def bring_in(file, **settings):
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    assert bpy.ops.flame.update_result(plate=False, **settings) == {"FINISHED"}


@pytest.mark.parametrize("motion", [CAMERA_MOVES, HEAD_MOVES])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: " ".join(kind.values()))
def test_the_scene_shows_the_pinned_pose(file, take, kind, motion):
    bring_in(file, motion=motion, **kind)
    track = read_track(file)
    pinned = pin_frame(5, by=(14.0, 6.0))
    assert pinned.frame == 4 and pinned_frames(take) == [4]
    bpy.context.scene.frame_set(5)
    wanted = pixels_of_pose(track, 4, pinned.pose)
    assert np.abs(seen_pixels(parts_of(take), track) - wanted).max() < 0.3


def test_what_was_tracked_stays_as_it_is_beside_the_pinned_track(file, take):
    before = file.read_bytes()
    pinned = pin_frame(5)
    assert file.read_bytes() == before
    assert Path(take["flame_track"]).name == "track_pinned.npz"
    track = shown_track(take)
    assert np.allclose(track.head_translation[4], pinned.pose.head_translation)
    assert read_file(file.with_name("track.corrections.json")) == read_corrections(take)


def test_frames_are_pinned_one_after_the_other(file, take):
    first = pin_frame(3)
    second = pin_frame(9, by=(-8.0, 3.0))
    track = shown_track(take)
    assert pinned_frames(take) == [2, 8]
    for pinned in (first, second):
        assert np.allclose(track.head_translation[pinned.frame], pinned.pose.head_translation)


def test_a_pinned_frame_is_worked_on_again_with_its_pins(file, take):
    pin_frame(5)
    edit = shot_of().go_to(5)
    assert edit.is_keyed and len(edit.now.pins) == 1 and not edit.changed and edit.now.error < 0.3
    pin_frame(5, by=(3.0, 3.0))
    assert len(read_corrections(take).pinned) == 1


def test_a_step_of_undo_takes_back_one_frame_and_the_file_follows(file, take):
    bpy.ops.ed.undo_push(message="Import")
    pin_frame(3)
    bpy.ops.ed.undo_push(message="Pin Frame")
    file_of_one = file.with_name("track_pinned.npz").read_bytes()
    pin_frame(9)
    bpy.ops.ed.undo_push(message="Pin Frame")
    file_of_two = file.with_name("track_pinned.npz").read_bytes()
    bpy.ops.ed.undo()
    assert pinned_frames(bpy.data.collections["take one"]) == [2]
    assert file.with_name("track_pinned.npz").read_bytes() == file_of_one
    bpy.ops.ed.redo()
    assert file.with_name("track_pinned.npz").read_bytes() == file_of_two
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert bpy.data.collections["take one"]["flame_track"] == str(file)


def test_a_file_that_somebody_else_has_written_since_is_left_alone(file, take):
    pin_frame(3)
    other = file.with_name("track_pinned.npz")
    other.write_bytes(file.read_bytes())
    assert renew_files() == [] and other.read_bytes() == file.read_bytes()


def test_pins_are_saved_with_the_blend_and_used_again(file, take, tmp_path):
    pinned = pin_frame(3)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert read_corrections(bpy.data.collections["take one"]).pinned == (pinned,)
    assert shot_of().go_to(3).is_keyed


def test_what_the_user_added_stays(file, take):
    head = parts_of(take).head
    head.modifiers.new("Smooth", "SMOOTH")
    hat = bpy.data.objects.new("Hat", None)
    hat.parent = head
    take.objects.link(hat)
    pin_frame(3)
    assert parts_of(take).head == head and head.modifiers["Smooth"] and hat.parent == head


def test_a_frame_without_a_face_begins_with_the_pose_of_the_nearest(file, take):
    track = read_track(file)
    status = track.status.copy()
    status[4] = MISSING
    assert write_track(file, with_rows(track, status=status)) is None
    bpy.ops.flame.update_result()
    shot = shot_of()
    assert shot.go_to(5).now.pose == shot.go_to(4).now.pose


def test_a_file_that_cannot_be_written_leaves_the_scene(file, take):
    file.with_name("track_pinned.npz").mkdir()
    shot = shot_of()
    from pin_helpers import dragged

    dragged(shot.go_to(5))
    made = shot.key(bpy.context.scene)
    assert made.sentence and pinned_frames(take) == [] and take["flame_track"] == str(file)
    assert shot.changed, "the drag is not lost"
