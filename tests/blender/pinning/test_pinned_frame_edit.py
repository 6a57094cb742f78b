"""A pin that is dragged takes the head along; each drag can be taken back."""

import numpy as np
from flame_extension.backend.contract.camera import rotation_matrices
from pin_helpers import dragged, shot_of


def turn_of(pose):
    return rotation_matrices(np.array(pose.head_rotation))


def test_the_point_follows_the_mouse_and_the_face_stays(take):
    edit = shot_of().go_to(4)
    before = edit.now.pose
    pixel = dragged(edit, (12.0, 5.0))
    assert np.allclose(edit.pin_points[0], pixel + np.array([12, 5]), atol=0.3) and edit.now.error < 0.3
    assert edit.now.pose.expression == before.expression and edit.now.pose != before
    assert edit.changed and not edit.is_keyed


def test_a_pin_that_is_there_is_taken_again(take):
    edit = shot_of().go_to(4)
    pixel = dragged(edit)
    assert edit.press(tuple(pixel + np.array([6, -4])), 3.0)
    edit.drag(tuple(pixel), frozenset({"head"}))
    edit.release()
    assert len(edit.now.pins) == 1 and np.allclose(edit.pin_points[0], pixel, atol=0.3)


def test_a_drag_back_and_forth_leaves_nothing_behind(take):
    edit = shot_of().go_to(4)
    before = edit.now.pose
    pixel = dragged(edit, (0.0, 0.0))
    edit.press(tuple(pixel), 3.0)
    for away in (40.0, -25.0, 0.0):
        edit.drag(tuple(pixel + away), frozenset({"head"}))
    assert np.allclose(edit.now.pose.head_translation, before.head_translation, atol=1e-5)
    assert np.allclose(turn_of(edit.now.pose), turn_of(before), atol=1e-4)


def test_each_drag_is_a_step_back(take):
    edit = shot_of().go_to(4)
    start = edit.now
    dragged(edit)
    once = edit.now
    dragged(edit, (20.0, 0.0), vertex=5)
    edit.remove(0)
    assert len(edit.now.pins) == 1
    assert edit.step_back() and len(edit.now.pins) == 2
    assert edit.step_back() and edit.now == once
    assert edit.step_back() and edit.now == start and not edit.changed
    assert not edit.step_back()


def test_taking_a_step_back_in_the_middle_of_a_drag_lets_go(take):
    edit = shot_of().go_to(4)
    pixel = dragged(edit, (0.0, 0.0))
    start = edit.now
    edit.press(tuple(pixel), 3.0)
    edit.drag(tuple(pixel + 9.0), frozenset({"head"}))
    assert edit.is_dragging and edit.step_back() and not edit.is_dragging
    assert edit.now.pose == start.pose


def test_a_jaw_opens_without_the_head(take):
    edit = shot_of().go_to(4)
    before = edit.now.pose
    chin = int(np.where(edit.head.track.skinning_weights[:, 2] > 0.3, edit.points[:, 2], 9).argmin())
    dragged(edit, (0.0, 6.0), frozenset({"jaw"}), chin)
    assert edit.now.pose.jaw_pose != before.jaw_pose
    assert edit.now.pose.head_rotation == before.head_rotation
    assert edit.now.pose.head_translation == before.head_translation


def test_a_click_beside_the_head_pins_nothing(take):
    edit = shot_of().go_to(4)
    assert not edit.press((1.0, 1.0), 3.0) and not edit.changed


def test_a_hidden_neck_is_not_clicked(file, take):
    import bpy

    assert shot_of().pickable.all()
    bpy.ops.flame.update_result(hide_neck=True)
    shot = shot_of()
    assert shot.pickable.any()
