"""Mouse and keys within the tool, without a window."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import project
from flame_extension.blender_flame_tracker.pinning.hearing import FINISHED, PAN, PASSED, PIE, PUT_BACK, TAKEN, heard
from pin_helpers import event, pinned_frames, tool_on


def nearest_pixel(edit):
    return project(edit.points[int(edit.points[:, 2].argmin())], edit.intrinsics)


@pytest.fixture
def tool(take):
    return tool_on(5)


def drag(tool, work_area, pixel, by):
    heard(tool, work_area, event("LEFTMOUSE", pixel))
    heard(tool, work_area, event("MOUSEMOVE", pixel + by, "NOTHING"))
    heard(tool, work_area, event("LEFTMOUSE", pixel + by, "RELEASE"))


def test_press_move_release_is_a_pin_that_was_dragged(tool):
    pins, work_area, edit = tool
    pixel = nearest_pixel(edit)
    drag(pins, work_area, pixel, (10.0, 4.0))
    assert len(edit.now.pins) == 1 and np.allclose(edit.pin_points[0], pixel + np.array([10, 4]), atol=0.4)
    assert not edit.is_dragging and pins.is_dragging is False
    assert "not keyed yet" in pins.header() and "1 pin" in pins.header()


def test_moving_the_mouse_shows_which_pin_it_is_over_and_passes_on(tool):
    pins, work_area, edit = tool
    pixel = nearest_pixel(edit)
    drag(pins, work_area, pixel, (0.0, 0.0))
    assert heard(pins, work_area, event("MOUSEMOVE", pixel, "NOTHING")).meaning == PASSED and edit.hovered == 0
    heard(pins, work_area, event("MOUSEMOVE", pixel + 60, "NOTHING"))
    assert edit.hovered is None


@pytest.mark.parametrize("how", [{"kind": "LEFTMOUSE", "ctrl": True}, {"kind": "RIGHTMOUSE"}, {"kind": "X"}])
def test_a_pin_is_removed(tool, how):
    pins, work_area, edit = tool
    pixel = nearest_pixel(edit)
    drag(pins, work_area, pixel, (0.0, 0.0))
    heard(pins, work_area, event(how.pop("kind"), pixel, **how))
    assert not edit.now.pins


def test_a_click_beside_the_head_says_so(tool):
    pins, work_area, _edit = tool
    assert "beside" in heard(pins, work_area, event("LEFTMOUSE", (2.0, 2.0))).said


@pytest.mark.parametrize("kind", ["WHEELUPMOUSE", "LEFT_ARROW", "SPACE", "HOME"])
def test_what_moves_view_and_time_passes_on(tool, kind):
    assert heard(*tool[:2], event(kind)).meaning == PASSED


def test_other_keys_do_nothing_to_the_scene(tool):
    for kind in ("G", "R", "S", "A", "TAB", "F3"):
        assert heard(*tool[:2], event(kind)).meaning == TAKEN


def test_the_middle_button_moves_the_picture_and_does_not_turn_the_view(tool):
    assert heard(*tool[:2], event("MIDDLEMOUSE")).meaning == PAN
    assert heard(*tool[:2], event("MIDDLEMOUSE", shift=True)).meaning == PASSED


def test_keys_choose_what_drags_move(tool, scene):
    heard(*tool[:2], event("TWO"))
    assert scene.flame.pin_part == "jaw" and tool[0].moves == frozenset({"jaw"})
    assert heard(*tool[:2], event("Q")).meaning == PIE


def test_ctrl_z_steps_back_and_says_where_it_ends(tool):
    pins, work_area, edit = tool
    drag(pins, work_area, nearest_pixel(edit), (9.0, 0.0))
    assert heard(pins, work_area, event("Z", ctrl=True)).said == "" and not edit.changed
    assert "Enter" in heard(pins, work_area, event("Z", ctrl=True)).said


def test_escape_puts_the_frame_back(tool):
    pins, work_area, edit = tool
    drag(pins, work_area, nearest_pixel(edit), (9.0, 0.0))
    assert heard(pins, work_area, event("ESC")).meaning == PUT_BACK and not pins.shot.changed


def test_enter_finishes(tool):
    assert heard(*tool[:2], event("RET")).meaning == FINISHED


def test_a_frame_that_is_left_must_be_keyed(tool, scene, take):
    pins, work_area, edit = tool
    assert not pins.must_key()
    drag(pins, work_area, nearest_pixel(edit), (9.0, 0.0))
    scene.frame_set(8)
    assert pins.must_key() and pins.follow() is None and pins.shot.edit is edit, "work is not thrown away"
    pins.shot.key(scene)
    assert pinned_frames(take) == [4] and not pins.must_key()
    assert scene.frame_current == 8


def test_an_undo_outside_is_followed(tool, scene, take):
    pins, work_area, edit = tool
    drag(pins, work_area, nearest_pixel(edit), (9.0, 0.0))
    pins.shot.key(scene)
    pins.follow()
    assert pins.shot.edit.is_keyed
    del take["flame_corrections"]
    assert pins.follow() is None and not pins.shot.edit.is_keyed


def test_an_import_that_is_deleted_ends_the_work(tool, take):
    pins, _work_area, _edit = tool
    for thing in list(take.objects):
        bpy.data.objects.remove(thing)
    assert pins.shot.parts is None and pins.follow() is not None
