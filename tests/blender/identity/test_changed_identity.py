"""An identity is changed by hand in Blender: sliders and sculpting, what is seen of it, and the file for the engine."""

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.identity_file import read_identity
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import read_track, write_track
from flame_extension.blender_flame_tracker.exporters.objects import objects_of
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.identity import editing, modes
from flame_extension.blender_flame_tracker.scene.head.identity_change import CHANGE, MODIFIER, edited_head, positions
from flame_extension.blender_flame_tracker.scene.importer import ImportResult, import_track
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from node_helpers import make_tree
from synthetic_tracks import make_track


@pytest.fixture
def file(tmp_path):
    """A track file in a folder of its own."""
    folder = tmp_path / "take one_flame"
    folder.mkdir()
    assert write_track(folder / "track.npz", make_track(6)) is None
    return folder / "track.npz"


@pytest.fixture
def take(addon, file, tmp_path, monkeypatch):
    """An imported head with two sliders: the engine has told the modes before."""
    track = read_track(file)
    vertices = len(track.neutral_vertices)
    known = np.random.default_rng(2).normal(scale=0.002, size=(2, vertices, 3)).astype(np.float32)
    np.savez(
        tmp_path / "modes.npz",
        names=np.array(["head_width", "nose_length"]),
        numbers=np.array([0, 1], np.int32),
        count=np.array([3], np.int32),
        modes=known,
    )
    monkeypatch.setattr(modes, "modes_file", lambda _sha256: tmp_path / "modes.npz")
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    assert bpy.ops.flame.edit_identity() == {"FINISHED"}
    return bpy.data.collections["take one"]


def slider(take, name):
    return editing.sliders_of(take).modes[name]


def seen(take, frame=1):
    """Vertices of the imported head as it is drawn (V, 3)."""
    bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()
    head = bpy.data.objects["take one head"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(head.data.vertices))
    head.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def displacement(number):
    return editing.known_modes("").displacement[number]


def sculpt(take, vertex, move):
    """Move a vertex of the head that is changed, as a stroke does."""
    mesh = edited_head(take).data
    mesh.vertices[vertex].co = mesh.vertices[vertex].co + move
    mesh.update()
    bpy.context.view_layer.update()


@pytest.fixture
def vector():
    from mathutils import Vector

    return Vector((0.0, -0.005, 0.0))


def test_sliders_have_the_names_of_the_modes(take):
    assert [each.name for each in editing.sliders_of(take).modes] == ["head_width", "nose_length"]


def test_a_slider_moves_the_head_on_every_frame_by_its_mode(take):
    before = [seen(take, frame) for frame in (1, 4)]
    slider(take, "nose_length").value = 1.5
    for frame, earlier in zip((1, 4), before, strict=True):
        np.testing.assert_allclose(seen(take, frame) - earlier, 1.5 * displacement(1), atol=1e-6)


def test_a_slider_that_went_back_leaves_nothing(take):
    before = positions(edited_head(take).data).copy()
    slider(take, "nose_length").value = 2.0
    slider(take, "nose_length").value = 0.0
    head = bpy.data.objects["take one head"]
    assert positions(edited_head(take).data).tobytes() == before.tobytes()
    assert MODIFIER not in head.modifiers
    assert CHANGE not in head.data.attributes


def test_what_was_sculpted_stays_while_sliders_move(take, vector):
    sculpt(take, 3, vector)
    began = positions(edited_head(take).data).copy()
    slider(take, "head_width").value = 1.0
    np.testing.assert_allclose(positions(edited_head(take).data) - began, displacement(0), atol=1e-6)


def test_a_stroke_is_seen_on_the_imported_head(take, vector):
    before = seen(take)
    sculpt(take, 3, vector)
    moved = seen(take) - before
    np.testing.assert_allclose(moved[3], vector, atol=1e-6)
    assert np.abs(np.delete(moved, 3, axis=0)).max() < 1e-6


def test_the_file_for_the_engine_has_coefficients_and_the_sculpted_head(take, file, vector, clip):
    tree = make_tree(clip)
    bpy.context.view_layer.objects.active = bpy.data.objects["take one head"]
    track = read_track(file)
    sculpt(take, 3, vector)
    slider(take, "nose_length").value = 0.5
    assert bpy.ops.flame.use_changed_identity() == {"FINISHED"}
    written = read_identity(file.with_name("track.identity.json"))
    expected = np.zeros(max(3, len(track.identity)))
    expected[: len(track.identity)] = track.identity
    expected[1] += 0.5
    np.testing.assert_allclose(written.coefficients, expected, atol=1e-6)
    assert written.changes == {"nose_length": 0.5}
    began = blender_points(track.neutral_vertices)
    moved = blender_points(written.neutral) - began - 0.5 * displacement(1)
    np.testing.assert_allclose(moved[3], vector, atol=1e-6)
    assert np.abs(np.delete(moved, 3, axis=0)).max() < 1e-6
    assert Path(bpy.path.abspath(tree.nodes["Head Model"].identity_track)) == file.with_name("track.identity.json")


def test_a_track_that_was_made_with_the_change_is_not_changed_twice(take, file, vector):
    sculpt(take, 3, vector)
    assert MODIFIER in bpy.data.objects["take one head"].modifiers
    track = read_track(file)
    with_change = track.neutral_vertices.copy()
    with_change[3] += np.float32([0.0, 0.0, 0.005])
    assert write_track(file, replace(track, neutral_vertices=with_change)) is None
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    head = bpy.data.objects["take one head"]
    assert MODIFIER not in head.modifiers
    np.testing.assert_allclose(positions(head.data), positions(edited_head(take).data), atol=1e-6)


def test_giving_up_shows_the_head_as_it_was_tracked(take):
    before = seen(take)
    slider(take, "head_width").value = 1.0
    assert bpy.ops.flame.give_up_identity() == {"FINISHED"}
    assert edited_head(take) is None
    assert np.array_equal(seen(take), before)


def test_undo_takes_a_change_back(take):
    bpy.ops.ed.undo_push(message="begun")
    slider(take, "head_width").value = 1.0
    bpy.ops.ed.undo_push(message="moved")
    bpy.ops.ed.undo()
    take = bpy.data.collections["take one"]
    assert slider(take, "head_width").value == 0.0
    assert MODIFIER not in bpy.data.objects["take one head"].modifiers


def test_the_head_that_is_changed_is_neither_rendered_nor_exported(take):
    edited = edited_head(take)
    assert edited.hide_render
    assert edited not in objects_of(PRESETS["gltf"], parts_of(take))


def test_a_rig_bends_the_head_after_it_was_changed(take, file):
    slider(take, "head_width").value = 1.0
    assert isinstance(import_track(file, SceneSettings(form="rig")), ImportResult)
    kinds = [each.type for each in bpy.data.objects["take one head"].modifiers]
    assert kinds == ["NODES", "ARMATURE"]
