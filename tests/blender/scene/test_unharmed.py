"""A damaged track, or an import that goes wrong half-way, leaves the scene as it was."""

import json

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene.camera.motion import STORED, motion_of, read_motion
from flame_extension.blender_flame_tracker.scene.head import shape_keys
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.lighting import world
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from panel_helpers import drawn
from scene_probes import evaluated_vertices
from synthetic_tracks import make_track

DAMAGES = {
    "a rotation that is a text": {"header": {"video": {"rotation": "x"}}},
    "a region beyond the mesh": {"header": {"regions": {"left_eyeball": [10**9]}}},
    "regions that are a text": {"header": {"regions": "all"}},
    "frames that stand still": {"frame_index": np.zeros(5, np.int64)},
    "a time beyond all clips": {"time": np.array([0, 1, 2, 3, 1e18])},
    "a picture wider than any": {"header": {"intrinsics": {"width": 2**63}}},
    "a name of half letters": {"header": {"video": {"name": "\ud800"}}},
    "faces between vertices": {"faces": np.full((3, 3), 0.5)},
    "a triangle that is not whole": {"landmark_triangle": np.full(478, 0.5)},
}


def datablocks():
    return {(block.id_type, block.name) for block in bpy.data.user_map()}


def write_damaged(path, changes):
    """A good track of five frames with some members or parts of the header changed."""
    write_track(path, make_track(5, seed=1))
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    header = json.loads(bytes(members["header"]))
    for name, value in changes.get("header", {}).items():
        header[name] = {**header[name], **value} if isinstance(value, dict) else value
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    members.update({name: value for name, value in changes.items() if name != "header"})
    np.savez(path, **members)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_track_over_a_good_import_changes_nothing(tmp_path, damage):
    path = tmp_path / "track.npz"
    write_track(path, make_track(5))
    head = import_track(path, SceneSettings(shape_keys=True)).parts.head
    before, shape = datablocks(), evaluated_vertices(head)
    write_damaged(path, DAMAGES[damage])
    refused = import_track(path, SceneSettings())
    assert isinstance(refused, Failure) and refused.code == "track-damaged"
    assert datablocks() == before
    assert len(head.data.shape_keys.key_blocks) == 6
    assert np.array_equal(evaluated_vertices(head), shape)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_track_leaves_no_debris(tmp_path, damage):
    before = datablocks()
    write_damaged(tmp_path / "track.npz", DAMAGES[damage])
    assert isinstance(import_track(tmp_path / "track.npz", SceneSettings()), Failure)
    assert datablocks() == before


def test_the_operator_reports_a_damaged_track_in_a_sentence(tmp_path, engine):
    path = tmp_path / "track.npz"
    write_damaged(path, {"status": np.full(5, 99)})
    with pytest.raises(RuntimeError) as told:
        bpy.ops.import_scene.flame_track(filepath=str(path))
    assert "'status'" in str(told.value) and "Traceback" not in str(told.value)


def test_a_clip_longer_than_blenders_timeline_is_refused_before_anything_is_made():
    before = datablocks()
    refused = import_track(make_track(3, frame_index=np.array([0, 1, 2_000_000])), SceneSettings())
    assert isinstance(refused, Failure) and refused.code == "track-too-long"
    assert datablocks() == before


def test_what_nobody_expected_is_told_and_what_was_made_goes(monkeypatch):
    scene = bpy.context.scene
    scene.world, scene.camera = bpy.data.worlds.new("mine"), bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    before = datablocks()

    def broken(*_arguments):
        raise ValueError("an error of ours")

    monkeypatch.setattr(world, "write_world", broken)
    told = import_track(make_track(3), SceneSettings())
    assert isinstance(told, Failure) and told.code == "internal" and "ValueError" in told.sentence
    assert datablocks() == before
    assert (scene.world.name, scene.camera.name) == ("mine", "mine")
    assert (scene.render.fps, scene.frame_end, scene.render.resolution_x) == (24, 250, 1920)


@pytest.mark.parametrize("value", ["a text", "head 0123", "head AAAA", 7, [2.0, 1.0], {"a": 1}])
def test_properties_of_another_kind_are_as_if_they_were_missing(value, engine):
    made = import_track(make_track(3), SceneSettings(light="world"))
    collection, camera = made.parts.collection, made.parts.camera
    camera[STORED] = value
    assert motion_of(camera) == ("head" if str(value).startswith("head") else "camera")
    assert len(read_motion(made.parts.head, camera).frame) == 3
    for name in ("flame_head", "flame_camera", "flame_root"):
        kept = collection[name]
        collection[name] = value
        assert isinstance(parts_of(collection), Failure)
        drawn()
        collection[name] = kept
    for name in ("flame_clip", "flame_texture", "flame_world", "flame_import", "flame_track_relative"):
        collection[name] = value
    assert parts_of(collection).clip is None
    drawn()
    again = import_track(make_track(3), SceneSettings(light="world"))
    assert again.parts.head == made.parts.head
    collection["flame_track"] = value if not isinstance(value, str) else 5
    assert selection.chosen(bpy.context) is None


def test_memory_for_keys_is_known_before_the_old_ones_go(monkeypatch):
    head = import_track(make_track(5), SceneSettings(shape_keys=True)).parts.head
    monkeypatch.setattr(shape_keys, "MEMORY_LIMIT", 1)
    assert isinstance(import_track(make_track(5), SceneSettings(shape_keys=True)), Failure)
    assert len(head.data.shape_keys.key_blocks) == 6
