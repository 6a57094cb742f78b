"""Shape keys that were changed by hand survive another import on a copy, and that is said."""

import bpy
import numpy as np
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.importer import import_track
from synthetic_tracks import make_track


def bring_in(**settings):
    result = import_track(make_track(6), SceneSettings(**settings))
    assert not isinstance(result, Failure), result
    return result


def codes(result):
    return [notice.code for notice in result.notices]


def test_a_key_that_was_sculpted_is_kept_on_a_hidden_copy_with_its_animation():
    head = bring_in().parts.head
    head.data.shape_keys.key_blocks[3].data[7].co.x += 0.25
    edited = [point.co.copy() for point in head.data.shape_keys.key_blocks[3].data]
    action = head.data.shape_keys.animation_data.action
    result = bring_in(start_at=20)
    assert "edits-kept" in codes(result) and result.parts.head == head
    assert result.parts.collection["flame_import"].count("changed by hand") == 1
    copy = bpy.data.objects[f"{head.name} edited"]
    assert copy.hide_viewport and copy.hide_render and copy.users_collection[:] == (result.parts.collection,)
    kept = [point.co for point in copy.data.shape_keys.key_blocks[3].data]
    assert np.allclose(kept, edited) and head.data.shape_keys.key_blocks[3].data[7].co.x != edited[7].x
    assert copy.data.shape_keys.animation_data.action not in (action, head.data.shape_keys.animation_data.action)


def test_a_key_of_ones_own_is_kept_too():
    head = bring_in().parts.head
    head.shape_key_add(name="smile", from_mix=False)
    assert "edits-kept" in codes(bring_in())
    assert "smile" in bpy.data.objects[f"{head.name} edited"].data.shape_keys.key_blocks


def test_of_a_head_that_was_deleted_nothing_is_kept():
    result = bring_in()
    bpy.data.objects.remove(result.parts.head)
    assert "edits-kept" not in codes(bring_in())
    assert len([thing for thing in bpy.data.objects if thing.type == "MESH"]) == 1


def test_keys_that_nobody_touched_leave_no_copy():
    bring_in()
    assert "edits-kept" not in codes(bring_in()) and "edits-kept" not in codes(bring_in(shape_keys=False))
    assert "edits-kept" not in codes(bring_in())
    assert len([thing for thing in bpy.data.objects if thing.type == "MESH"]) == 1
