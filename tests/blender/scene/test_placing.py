"""A new import stands in the scene's units, at the origin or the cursor, and not inside another head."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track


def bring(folder, name="track", **settings):
    path = folder / f"{name}.npz"
    write_track(path, make_track(5, seed=len(name)))
    return import_track(path, SceneSettings(plate=False, **settings)).parts


def height_in_metres(parts):
    bpy.context.view_layer.update()
    units = bpy.context.scene.unit_settings.scale_length
    return units * parts.head.dimensions.z


def test_the_head_is_as_large_as_a_head_in_the_units_of_the_scene(tmp_path):
    usual = height_in_metres(bring(tmp_path, "metres"))
    bpy.context.scene.unit_settings.scale_length = 0.01
    parts = bring(tmp_path, "centimetres", place="origin")
    assert height_in_metres(parts) == pytest.approx(usual, rel=0.1) and parts.head.dimensions.z > 15
    track = make_track(5, seed=len("centimetres"))
    bpy.context.scene.frame_set(3)
    seen = pixels_by_matrix(parts.head, parts.camera, track.intrinsics)
    assert np.abs(seen - pixels_by_engine(track, 2)).max() <= 0.05
    skin = parts.head.data.materials[0]
    (shader,) = [node for node in skin.node_tree.nodes if node.type == "BSDF_PRINCIPLED"]
    assert shader.inputs["Subsurface Scale"].default_value == pytest.approx(0.4)
    assert parts.camera.data.clip_end >= 2 * 100 * track.head_translation[:, 2].max()


def test_a_size_and_a_place_that_the_user_has_given_stay(tmp_path):
    parts = bring(tmp_path)
    parts.root.scale, parts.root.location = (3, 3, 3), (1, 2, 3)
    again = bring(tmp_path, place="cursor")
    assert tuple(again.root.scale) == (3, 3, 3) and tuple(again.root.location) == (1, 2, 3)


def test_at_the_cursor(tmp_path):
    cursor = bpy.context.scene.cursor
    cursor.location, cursor.rotation_euler = (1, 2, 3), (0, 0, 0.5)
    root = bring(tmp_path, place="cursor").root
    assert np.allclose(root.location, (1, 2, 3))
    assert np.allclose(root.rotation_quaternion.to_euler(), (0, 0, 0.5), atol=1e-6)


def test_a_second_head_stands_beside_the_first_and_where_it_is_asked_inside_of_it(tmp_path):
    first, second, third = (bring(tmp_path, name).root for name in ("one", "three", "eleven"))
    assert first.location.x == 0 and second.location.x == pytest.approx(0.6) and third.location.x == pytest.approx(1.2)
    assert bring(tmp_path, "fourteen chars", place="origin").root.location.x == 0


def test_a_place_that_became_free_is_taken_again(tmp_path):
    first = bring(tmp_path, "one")
    bring(tmp_path, "three")
    first.root.location.y = 5
    assert bring(tmp_path, "eleven").root.location.x == 0
