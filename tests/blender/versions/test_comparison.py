"""Two versions are compared by a slider: the head goes from one to the other in place, however it is imported."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.blender_flame_tracker.exporters.objects import objects_of
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.results.review import Placement
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from flame_extension.blender_flame_tracker.versions import activation, comparison
from flame_extension.blender_flame_tracker.versions.moving_head import between, read_head
from version_helpers import shown, write_version


def points_of(thing):
    """Vertices of an object in the space of the camera (V, 3)."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    thing, camera = thing.evaluated_get(graph), bpy.data.objects["take one camera"].evaluated_get(graph)
    into = np.array(camera.matrix_world.inverted() @ thing.matrix_world)
    local = np.empty(len(thing.data.vertices) * 3)
    thing.data.vertices.foreach_get("co", local)
    return local.reshape(-1, 3) @ into[:3, :3].T + into[:3, 3]


def head_points(frame):
    bpy.context.scene.frame_set(frame)
    return points_of(bpy.data.objects["take one head"])


@pytest.fixture
def two(take):
    """A take with a second version, chosen in the list."""
    file = write_version(Path(take["flame_track"]).parent, "track_pinned.npz", 1)
    activation.add(take, file, "Pinned")
    return take


def ends(take):
    first = head_points(5)
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"}
    second = head_points(5)
    assert bpy.ops.flame.activate_version(name="Whole Clip") == {"FINISHED"}
    take.flame_versions.row = 1
    return first, second


def compared_points(take, share, frame=5):
    take.flame_versions.compare, take.flame_versions.share = True, share
    bpy.context.scene.frame_set(frame)
    return points_of(comparison.comparison_of(take))


@pytest.mark.parametrize("form", ["keys", "rig", "both"])
@pytest.mark.parametrize("motion", ["head", "camera"])
def test_the_ends_of_the_slider_are_the_versions_and_the_middle_lies_between(two, form, motion):
    first, second = ends(two)
    assert np.abs(second - first).max() > 0.015
    assert bpy.ops.flame.update_result(form=form, motion=motion) == {"FINISHED"}
    np.testing.assert_allclose(compared_points(two, 0.0), first, atol=1e-6)
    np.testing.assert_allclose(compared_points(two, 1.0), second, atol=1e-6)
    np.testing.assert_allclose(compared_points(two, 0.5), (first + second) / 2, atol=1e-6)


def test_playing_moves_the_comparison_and_it_is_let_alone_afterwards(two):
    compared_points(two, 0.5)
    there, later = compared_points(two, 0.5, 5), compared_points(two, 0.5, 7)
    assert np.abs(later - there).max() > 0.001
    assert comparison._on_frame in bpy.app.handlers.frame_change_post
    two.flame_versions.compare = False
    assert comparison._on_frame not in bpy.app.handlers.frame_change_post
    assert comparison.comparison_of(two) is None and len(bpy.data.meshes) == 1


def test_the_head_is_hidden_meanwhile_and_rendered_all_the_same(two):
    head = bpy.data.objects["take one head"]
    compared_points(two, 0.5)
    assert head.hide_get() and not head.hide_render and comparison.comparison_of(two).hide_render
    two.flame_versions.compare = False
    assert not head.hide_get()


def test_the_head_comes_back_also_where_the_comparison_was_deleted(two):
    compared_points(two, 0.5)
    bpy.data.objects.remove(comparison.comparison_of(two))
    two.flame_versions.compare = False
    assert not bpy.data.objects["take one head"].hide_get()


def test_another_lens_is_laid_where_its_own_picture_is(take):
    folder = Path(take["flame_track"]).parent
    longer = write_version(folder, "track_longer.npz", 0, intrinsics=Intrinsics.centred(640, 480, 900.0))
    one, other = (read_head(file, Placement()) for file in (folder / "track.npz", longer))
    at = between(one, other, 1.0, 5) * (1, -1, -1)
    pixels = at[:, :2] / at[:, 2:] * 700
    own = other.points_at(5)
    np.testing.assert_allclose(pixels, own[:, :2] / own[:, 2:] * 900, atol=1e-6)


def test_activating_while_two_are_compared_changes_their_sides(two):
    compared_points(two, 1.0)
    second = compared_points(two, 1.0)
    assert bpy.ops.flame.activate_version(name="Pinned") == {"FINISHED"}
    assert shown(two) == "track_pinned.npz" and two.flame_versions.items[two.flame_versions.row].name == "Whole Clip"
    np.testing.assert_allclose(compared_points(two, 0.0), second, atol=1e-6)


def test_the_version_that_is_shown_is_compared_with_nothing(two):
    compared_points(two, 0.5)
    two.flame_versions.row = 0
    assert comparison.comparison_of(two) is None and "another version" in str(comparison.compared(two))
    assert not bpy.data.objects["take one head"].hide_get()
    two.flame_versions.row = 1
    assert comparison.comparison_of(two) is not None


def test_another_head_model_is_refused_with_a_sentence(take):
    file = write_version(Path(take["flame_track"]).parent, "track_flame.npz", 1, full_size=True)
    activation.add(take, file, "FLAME")
    take.flame_versions.compare = True
    assert "another head model" in str(comparison.compared(take)) and comparison.comparison_of(take) is None


def test_how_far_they_are_apart_is_told_frame_by_frame_and_the_worst_is_found(two):
    first, second = ends(two)
    compared_points(two, 0.5)
    found = comparison.difference_of(two)
    apart = 1000 * np.linalg.norm(second - first, axis=1)
    np.testing.assert_allclose(found.at(5), (apart.mean(), apart.max()), rtol=1e-4)
    assert found.at(0) is None and len(found.frame) == 8
    assert bpy.ops.flame.jump_to_difference() == {"FINISHED"}
    assert bpy.context.scene.frame_current == found.worst


def test_a_file_that_was_saved_while_comparing_goes_on_with_it(two, tmp_path):
    middle = compared_points(two, 0.5, 7)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert comparison._on_frame not in bpy.app.handlers.frame_change_post
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    take = bpy.data.collections["take one"]
    bpy.context.scene.frame_set(2)
    bpy.context.scene.frame_set(7)
    np.testing.assert_allclose(points_of(comparison.comparison_of(take)), middle, atol=1e-6)
    take.flame_versions.compare = False
    assert not bpy.data.objects["take one head"].hide_get()


def test_undo_takes_the_comparison_back(two):
    bpy.ops.ed.undo_push(message="before")
    compared_points(two, 0.5)
    bpy.ops.ed.undo_push(message="compared")
    bpy.ops.ed.undo()
    take = bpy.data.collections["take one"]
    assert comparison.comparison_of(take) is None and not bpy.data.objects["take one head"].hide_get()
    assert comparison._on_frame not in bpy.app.handlers.frame_change_post


def test_exports_hold_the_head_and_not_the_comparison(two):
    compared_points(two, 0.5)
    parts = parts_of(two)
    for preset in PRESETS.values():
        assert comparison.comparison_of(two) not in objects_of(preset, parts)
    assert selection.chosen(bpy.context).collection == two
