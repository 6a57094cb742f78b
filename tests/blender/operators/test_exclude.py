"""Exclusions are said in the panel, and go to the engine with the next run."""

import json

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.corrections.corrections import (
    Area,
    AreaKey,
    Corrections,
    FrameRange,
    read_corrections,
)
from flame_extension.blender_flame_tracker.nodes import run_registry, source_frames, state
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.nodes.exclusion import areas_of, look_at_masks
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of
from flame_extension.blender_flame_tracker.nodes.state import NodeState, status_of
from flame_extension.blender_flame_tracker.scene.footage.masks import key_mask
from flame_extension.blender_flame_tracker.scene.footage.plate import Plate, show_plate
from flame_extension.blender_flame_tracker.scene.footage.straight_footage import lens_behind
from panel_helpers import drawn

CORNERS = "0.1 0.2, 0.4 0.2, 0.4 0.5"


def exclude(tree):
    return node_of(tree, "exclude", bpy.context.scene)


def settings(tree):
    compiled = compile_tree(tree, bpy.context.scene)
    return next((each.settings for each in compiled.job.stages if each.kind == "exclude"), None)


def leave_out(first, last):
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, first, last
    assert bpy.ops.flame.exclude_frames(what="RANGE") == {"FINISHED"}


def test_a_tree_has_no_exclude_node_until_something_is_left_out(tree):
    assert exclude(tree) is None and settings(tree) is None
    bpy.context.scene.frame_set(5)
    assert bpy.ops.flame.exclude_frames(what="CURRENT") == {"FINISHED"}
    assert settings(tree).frames == "4"
    compiled = compile_tree(tree, bpy.context.scene)
    assert {each.kind: dict(each.inputs) for each in compiled.job.stages}["fit"]["landmarks"] == "Exclude"
    places = [tuple(each.location) for each in tree.nodes]
    assert len(places) == len(set(places))


def test_frames_are_those_of_the_video_wherever_it_begins_in_the_scene(tree):
    tree.nodes["Scene"].start_at = 101
    leave_out(111, 120)
    assert settings(tree).frames == "10-19"


def test_ranges_that_touch_are_one_and_each_can_be_taken_back(tree):
    leave_out(11, 20)
    leave_out(31, 40)
    leave_out(21, 25)
    assert settings(tree).frames == "10-24, 30-39"
    assert bpy.ops.flame.include_frames(index=0) == {"FINISHED"} and settings(tree).frames == "30-39"


def test_a_clip_in_the_time_of_the_scene_is_left_out_at_the_frames_that_show_it():
    slow = source_frames.FrameMap(1.0, 1.25)
    assert [slow.source(frame) for frame in (1, 2, 5)] == [0, 1, 5]
    assert all(slow.source(slow.scene(frame)) in (frame, frame + 1) for frame in range(50))


def test_before_the_clip_there_is_nothing_to_leave_out(tree):
    tree.nodes["Scene"].start_at = 50
    with pytest.raises(RuntimeError, match="begins at frame 50"):
        leave_out(1, 20)


def test_parts_of_the_face_are_pressed(tree):
    bpy.ops.flame.switch_stage(kind="exclude")
    exclude(tree).regions = {"mouth", "left eye"}
    assert settings(tree).face_regions == "left eye, mouth"
    exclude(tree).face_regions = "jaw line"
    assert exclude(tree).regions == {"jaw line"}


def test_a_drawn_area_goes_to_the_engine_in_a_file_beside_the_track(tree, clip):
    bpy.context.scene.frame_set(3)
    assert bpy.ops.flame.draw_area(corners=CORNERS, name="Hand") == {"FINISHED"}
    assert bpy.ops.flame.track() == {"FINISHED"}
    file = clip.parent / "take one_flame" / "track_excluded.corrections.json"
    (area,) = read_corrections(file).areas
    assert area.name == "Hand" and [key.frame for key in area.keys] == [0]
    assert area.keys[0].corners == ((0.1, 0.2), (0.4, 0.2), (0.4, 0.5))
    job = json.loads(run_registry.run_of(tree).job.to_json())
    assert {each["settings"].get("corrections") for each in job["stages"]} == {None, str(file)}


def test_an_area_that_is_drawn_over_straightened_footage_is_left_out_where_the_footage_has_it(tree, clip):
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Witness", bpy.data.cameras.new("Witness"))
    footage = bpy.data.movieclips.load(str(clip))
    footage.tracking.camera.focal_length_pixels, footage.tracking.camera.k1 = 200.0, -0.1
    show_plate(scene.camera.data, Plate(footage, None, 0), straighten=True)
    lens = lens_behind(scene.camera)
    assert lens is not None
    bpy.ops.flame.draw_area(corners=CORNERS)
    (area,) = areas_of(exclude(tree), scene)
    drawn_over = np.array([(0.1, 0.2), (0.4, 0.2), (0.4, 0.5)])
    size = footage.size[:]
    filmed = (lens.on_footage(drawn_over * size - 0.5) + 0.5) / size
    assert np.abs(filmed - drawn_over).max() > 0.005
    np.testing.assert_allclose(area.keys[0].corners, filmed, atol=1e-4)


def test_an_area_that_moves_has_the_keys_that_its_way_needs(tree):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 40
    scene.frame_set(1)
    bpy.ops.flame.draw_area(corners=CORNERS)
    mask = exclude(tree).mask
    for frame, by in ((11, 0.2), (21, 0.0)):
        scene.frame_set(frame)
        for point in mask.layers[0].splines[0].points:
            point.co = (point.co[0] + by, point.co[1])
        assert bpy.ops.flame.key_area() == {"FINISHED"}
    (area,) = areas_of(exclude(tree), scene)
    assert area.keys[0].frame == 0 and area.keys[-1].frame in (10, 20) and len(area.keys) <= 20
    by_frame = {key.frame: key.corners[0][0] for key in area.keys}
    assert by_frame[0] == pytest.approx(0.1, abs=1e-4) and by_frame[10] == pytest.approx(0.3, abs=1e-4)


def test_a_hole_is_taken_out_of_the_mask_and_not_out_of_what_a_named_file_leaves_out(tree, clip, tmp_path):
    bpy.ops.flame.draw_area(corners=CORNERS, name="Hand")
    bpy.ops.flame.draw_area(corners="0.2 0.25, 0.3 0.25, 0.3 0.3", name="Fingers")
    exclude(tree).mask.layers["Fingers"].blend = "MERGE_SUBTRACT"
    hair = Area("Hair", (AreaKey(0, ((0.0, 0.0), (0.5, 0.0), (0.5, 0.9))),))
    (tmp_path / "mine.json").write_text(Corrections(areas=(hair,)).to_json())
    exclude(tree).corrections = str(tmp_path / "mine.json")
    bpy.ops.flame.track()
    written = read_corrections(clip.parent / "take one_flame" / "track_excluded.corrections.json")
    assert [(each.name, [hole.name for hole in each.without]) for each in written.areas] == [
        ("Hair", []),
        ("Hand", ["Fingers"]),
    ]


def test_what_a_named_file_leaves_out_counts_with_the_mask(tree, clip, tmp_path):
    bpy.ops.flame.draw_area(corners=CORNERS, name="Hand")
    hair = Area("Hair", (AreaKey(0, ((0.0, 0.0), (0.5, 0.0), (0.5, 0.1))),))
    (tmp_path / "mine.json").write_text(Corrections(frames=(FrameRange(3, 4),), areas=(hair,)).to_json())
    exclude(tree).corrections = str(tmp_path / "mine.json")
    bpy.ops.flame.track()
    written = read_corrections(clip.parent / "take one_flame" / "track_excluded.corrections.json")
    assert [each.name for each in written.areas] == ["Hair", "Hand"] and written.frames == (FrameRange(3, 4),)


def test_a_mask_that_cannot_be_used_stops_the_run_with_a_sentence(tree):
    bpy.ops.flame.draw_area(corners=CORNERS)
    exclude(tree).mask.layers[0].blend = "DIFFERENCE"
    with pytest.raises(RuntimeError, match="difference"):
        bpy.ops.flame.track()


def test_too_few_corners_are_refused(tree):
    for corners in ("", "0.1 0.2, 0.3 0.4", "a b, c d, e f"):
        with pytest.raises(RuntimeError, match="three corners"):
            bpy.ops.flame.draw_area(corners=corners)
    assert exclude(tree) is None


def test_whatever_is_left_out_makes_the_fit_stale_and_the_landmarks_not(tree):
    bpy.ops.flame.switch_stage(kind="exclude")
    bpy.ops.flame.track()
    node = exclude(tree)
    bpy.ops.flame.draw_area(corners=CORNERS)
    state.refresh(tree)
    assert status_of(tree.nodes["Fit"]).state is NodeState.STALE
    assert status_of(tree.nodes["Landmarks"]).state in (NodeState.DONE, NodeState.CACHED)
    bpy.ops.flame.track()
    state.refresh(tree)
    assert status_of(tree.nodes["Fit"]).state in (NodeState.DONE, NodeState.CACHED)
    node.mask.layers[0].splines[0].points[0].co = (0.3, 0.3)
    assert key_mask(node.mask)
    look_at_masks(tree, bpy.context.scene)  # As in a window a moment after the edit.
    assert status_of(tree.nodes["Fit"]).state is NodeState.STALE
    bpy.ops.flame.track()
    leave_out(2, 3)
    state.refresh(tree)
    assert status_of(tree.nodes["Fit"]).state is NodeState.STALE


def test_the_rest_of_a_key_stays_the_same_where_nothing_is_left_out(tree):
    bpy.ops.flame.track()
    state.refresh(tree)
    assert status_of(tree.nodes["Fit"]).state in (NodeState.DONE, NodeState.CACHED)
    bpy.ops.flame.switch_stage(kind="exclude")
    bpy.ops.flame.switch_stage(kind="exclude")  # Muted again: it passes through.
    state.refresh(tree)
    assert status_of(tree.nodes["Fit"]).state in (NodeState.DONE, NodeState.CACHED)


def test_what_is_left_out_is_saved_copied_and_undone(tree, tmp_path):
    bpy.ops.flame.draw_area(corners=CORNERS)
    bpy.ops.ed.undo_push(message="drawn")
    leave_out(2, 3)
    bpy.ops.ed.undo_push(message="left out")
    bpy.ops.ed.undo()
    tree = bpy.context.scene.flame.tree
    assert exclude(tree).frames == "" and len(exclude(tree).mask.layers) == 1
    bpy.ops.ed.redo()
    tree = bpy.context.scene.flame.tree
    assert exclude(tree).frames == "1-2"
    copy = tree.copy()
    assert exclude(copy).frames == "1-2" and exclude(copy).mask == exclude(tree).mask
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    tree = bpy.context.scene.flame.tree
    assert exclude(tree).frames == "1-2" and exclude(tree).mask is not None
    assert areas_of(exclude(tree), bpy.context.scene)[0].keys[0].corners[0] == (0.1, 0.2)


def test_two_scenes_with_one_tree_leave_out_the_same_frames_of_the_video(tree):
    leave_out(11, 12)
    second = bpy.data.scenes.new("Second")
    second.flame.tree = tree
    compiled = compile_tree(tree, second)
    assert next(each.settings.frames for each in compiled.job.stages if each.kind == "exclude") == "10-11"


def test_the_panel_shows_the_frames_of_the_scene(tree):
    tree.nodes["Scene"].start_at = 101
    leave_out(111, 120)
    layout = drawn("flame_leave_out")
    assert "111 to 120" in [each.text for each in layout.items] and layout.find("flame.draw_area") is not None


def test_keys_stand_on_the_frame_that_is_shown(tree):
    bpy.context.scene.frame_set(7)
    bpy.ops.flame.draw_area(corners=CORNERS)
    assert key_mask(exclude(tree).mask) and bpy.context.scene.frame_current == 7
