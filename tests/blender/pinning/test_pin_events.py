"""Mouse and keys within the tool, without a window."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import project
from flame_extension.blender_flame_tracker.pinning.hearing import FINISHED, PAN, PASSED, PIE, PUT_BACK, TAKEN, heard
from flame_extension.blender_flame_tracker.pinning.tool import WorkArea, running
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


class Area:
    """A 3D view as the tool takes it."""

    type = "VIEW_3D"

    def __init__(self, view):
        self.region = SimpleNamespace(type="WINDOW", **vars(view.region))
        region_3d = SimpleNamespace(view_perspective="PERSP")
        self.space = SimpleNamespace(region_3d=region_3d, camera=None, use_local_camera=False, lock_camera=True)

    def as_pointer(self):
        return 7


@pytest.fixture
def begun(take):
    """The tool in use, and the view in which it is."""
    pins, work_area, _edit = tool_on(5)
    area = Area(work_area.view)
    work = WorkArea(area, area.space, area.region)
    pins.begin(work, pins.shot.parts)
    yield pins, work
    pins.end(work)


def test_the_view_looks_through_the_camera_and_the_head_gives_way_to_its_wires(begun, scene):
    pins, work = begun
    assert running() is pins and pins.shot.parts.head.hide_get()
    assert work.region_3d.view_perspective == "CAMERA" and not work.space.lock_camera
    pins.end(work)
    assert running() is None and not pins.shot.parts.head.hide_get() and work.space.lock_camera


def test_a_camera_that_is_not_the_scenes_is_looked_through_all_the_same(take, scene):
    scene.camera = None
    pins, work_area, _edit = tool_on(5)
    area = Area(work_area.view)
    work = WorkArea(area, area.space, area.region)
    pins.begin(work, pins.shot.parts)
    assert work.space.use_local_camera and work.space.camera == pins.shot.parts.camera
    pins.end(work)
    assert not work.space.use_local_camera and work.space.camera is None and scene.camera is None


def test_a_file_that_is_saved_meanwhile_shows_the_head(begun, tmp_path):
    blend = tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), copy=True)
    assert begun[0].shot.parts.head.hide_get()
    begun[0].end(begun[1])
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert not bpy.data.objects["take one head"].hide_get()


def test_opening_another_file_ends_it(begun):
    bpy.ops.wm.read_homefile(use_empty=True)
    assert running() is None


def test_a_keyed_frame_is_a_step_in_which_the_head_is_seen(begun, scene, take):
    pins, _work = begun
    bpy.ops.ed.undo_push(message="Import")
    edit = pins.shot.go_to(5)
    pixel = nearest_pixel(edit)
    edit.press(tuple(pixel), 3.0)
    edit.drag(tuple(pixel + 8), pins.moves)
    assert bpy.ops.flame.key_pins() == {"FINISHED"}
    assert not pins.shot.parts.head.hide_get() and pinned_frames(take) == [4]
    pins.follow()
    assert pins.shot.parts.head.hide_get()
    assert bpy.ops.flame.key_pins() == {"CANCELLED"}, "nothing is left to key"


def test_bars_over_the_view_get_the_mouse(begun):
    _pins, work = begun
    bar = SimpleNamespace(type="UI", x=600, y=50, width=140, height=480)
    work.area.regions = [work.region, bar]
    assert work.holds(200, 200) and not work.holds(650, 200) and not work.holds(10, 10)


def test_a_view_that_became_another_editor_is_no_longer_used(begun, scene):
    pins, work = begun
    window = SimpleNamespace(scene=scene, screen=SimpleNamespace(areas=[work.area]))
    pins._area = work.area.as_pointer()
    work.area.regions = [work.region]
    work.area.spaces = SimpleNamespace(active=work.space)
    assert pins.work_area(window) is not None
    work.area.type = "IMAGE_EDITOR"
    assert pins.work_area(window) is None
    window.screen.areas.clear()
    assert pins.work_area(window) is None and pins.work_area(None) is None


def test_the_head_is_seen_in_the_end_also_after_an_undo_meanwhile(begun, scene, take):
    pins, work = begun
    bpy.ops.ed.undo_push(message="Import")
    for _ in range(2):
        edit = pins.shot.go_to(5)
        pixel = nearest_pixel(edit)
        edit.press(tuple(pixel), 3.0)
        edit.drag(tuple(pixel + 8), pins.moves)
        bpy.ops.flame.key_pins()
        bpy.ops.ed.undo_push(message="Pin Frame")
        pins.follow()
        bpy.ops.ed.undo()
        pins.follow()
        assert pins.shot.parts.head.hide_get() and pinned_frames(pins.shot.collection) == []
    pins.end(work)
    assert not bpy.data.objects["take one head"].hide_get()


def test_a_step_of_undo_that_another_operator_made_meanwhile_shows_the_head_too(begun, scene):
    pins, work = begun
    scene.frame_set(6)
    bpy.ops.ed.undo_push(message="Change Frame")
    scene.frame_set(7)
    bpy.ops.ed.undo_push(message="Change Frame")
    pins.end(work)
    bpy.ops.ed.undo_push(message="Something Else")
    for _ in range(2):
        bpy.ops.ed.undo()
        assert not bpy.data.objects["take one head"].hide_get()


def test_a_head_that_the_user_has_hidden_stays_so(take):
    pins, work_area, _edit = tool_on(5)
    area = Area(work_area.view)
    pins.shot.parts.head.hide_set(True)
    work = WorkArea(area, area.space, area.region)
    pins.begin(work, pins.shot.parts)
    pins.end(work)
    assert pins.shot.parts.head.hide_get()
