"""Buttons of pinned frames: to them, away with them, how firm they are; and why they can't be pressed."""

import bpy
import pytest
from flame_extension.blender_flame_tracker.scene.corrections import read_corrections
from pin_helpers import pin_frame, pinned_frames, shown_track, write_posable


@pytest.fixture
def take(addon, tmp_path):
    assert bpy.ops.flame.import_result(filepath=str(write_posable(tmp_path / "take one_flame"))) == {"FINISHED"}
    return bpy.data.collections["take one"]


@pytest.fixture
def pinned(take):
    for frame in (3, 6, 10):
        pin_frame(frame)
    return take


def test_next_and_previous_go_from_pinned_frame_to_pinned_frame_and_around(pinned, scene):
    scene.frame_set(3)
    frames = []
    for direction in ("NEXT", "NEXT", "NEXT", "PREVIOUS", "PREVIOUS"):
        bpy.ops.flame.jump_to_pinned_frame(direction=direction)
        frames.append(scene.frame_current)
    assert frames == [6, 10, 3, 10, 6]


def test_this_frame_is_removed_and_the_others_stay(pinned, scene):
    scene.frame_set(6)
    assert bpy.ops.flame.remove_pinned_frame() == {"FINISHED"}
    assert pinned_frames(pinned) == [2, 9] and scene.frame_current == 6
    assert not bpy.ops.flame.remove_pinned_frame.poll()


def test_those_between_two_frames_are_cleared(pinned):
    assert bpy.ops.flame.clear_pins_between(first=4, last=9) == {"FINISHED"}
    assert pinned_frames(pinned) == [2, 9]
    assert bpy.ops.flame.clear_pins_between(first=4, last=9) == {"CANCELLED"}


def test_without_any_the_track_is_what_was_tracked(pinned, tmp_path):
    assert bpy.ops.flame.clear_all_pins() == {"FINISHED"}
    folder = tmp_path / "take one_flame"
    assert pinned["flame_track"] == str(folder / "track.npz") and pinned_frames(pinned) == []
    assert sorted(each.name for each in folder.iterdir()) == ["track.npz"]


def test_clearing_can_be_undone(pinned, tmp_path):
    bpy.ops.ed.undo_push(message="Pins")
    before = (tmp_path / "take one_flame" / "track_pinned.npz").read_bytes()
    bpy.ops.flame.clear_all_pins()
    bpy.ops.ed.undo_push(message="Clear")
    bpy.ops.ed.undo()
    take = bpy.data.collections["take one"]
    assert pinned_frames(take) == [2, 5, 9]
    assert (tmp_path / "take one_flame" / "track_pinned.npz").read_bytes() == before


def test_hardness_and_reach_are_those_of_the_frame(pinned, scene):
    scene.frame_set(6)
    assert bpy.ops.flame.set_pinned_frame(hardness="soft", reach=2) == {"FINISHED"}
    frame = read_corrections(pinned).pinned_at(5)
    assert (frame.hardness, frame.reach) == ("soft", 2)
    assert bpy.ops.flame.set_pinned_frame(hardness="hard") == {"FINISHED"}
    frame = read_corrections(pinned).pinned_at(5)
    assert (frame.hardness, frame.reach) == ("hard", 2)
    assert len(shown_track(pinned).header["corrections"]["pinned"]) == 3


def test_a_track_that_was_tracked_again_gets_its_pins_by_a_button(pinned, tmp_path):
    bpy.ops.flame.activate_version(name="Whole Clip")
    assert pinned_frames(pinned) == [2, 5, 9] and "corrections" not in shown_track(pinned).header
    assert bpy.ops.flame.apply_pins() == {"FINISHED"}
    assert len(shown_track(pinned).header["corrections"]["pinned"]) == 3


def test_buttons_say_why_they_cannot_be_pressed(take, scene):
    assert not bpy.ops.flame.clear_all_pins.poll()
    with pytest.raises(RuntimeError, match="No frame is pinned"):
        bpy.ops.flame.clear_all_pins()
    pin_frame(3)
    scene.frame_set(9)
    with pytest.raises(RuntimeError, match="This frame is not pinned"):
        bpy.ops.flame.remove_pinned_frame()


def test_nothing_is_pinned_without_an_import_or_in_another_mode(addon, tmp_path):
    with pytest.raises(RuntimeError, match="no track yet"):
        bpy.ops.flame.pin_head("INVOKE_DEFAULT")
    bpy.ops.flame.import_result(filepath=str(write_posable(tmp_path)))
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.flame.pin_head("INVOKE_DEFAULT")


def test_nothing_is_pinned_without_the_track_file(take, tmp_path):
    (tmp_path / "take one_flame" / "track.npz").unlink()
    with pytest.raises(RuntimeError, match="no longer there"):
        bpy.ops.flame.pin_head("INVOKE_DEFAULT")
