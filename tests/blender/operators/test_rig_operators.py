"""Conversion there and back and layers by the panel's buttons, with what they refuse."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.operators.rig import NewEditLayer
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.record import read_record
from flame_extension.blender_flame_tracker.scene.rig.layers import layer_names
from rig_tracks import make_flame_track
from scene_probes import evaluated_vertices

pytestmark = pytest.mark.usefixtures("addon")


@pytest.fixture
def track(tmp_path):
    """A track whose file has been imported as shape keys."""
    made = make_flame_track(8, video={"name": "take one.mp4"})
    assert write_track(tmp_path / "track.npz", made) is None
    assert bpy.ops.flame.import_result(filepath=str(tmp_path / "track.npz")) == {"FINISHED"}
    return made


def parts():
    return selection.chosen(bpy.context).parts


def exact(track, tolerance=5e-5):
    for row in range(len(track)):
        bpy.context.scene.frame_set(1 + row)
        away = evaluated_vertices(parts().head) - blender_points(track.vertices[row])
        if np.linalg.norm(away, axis=1).max() > tolerance:
            return False
    return True


def test_there_and_back(track):
    assert bpy.ops.flame.convert_to_rig() == {"FINISHED"}
    assert bpy.context.view_layer.objects.active == parts().rig and exact(track)
    assert read_record(parts().collection).settings.form == "rig"
    assert bpy.ops.flame.update_result() == {"FINISHED"} and parts().rig is not None
    assert bpy.ops.flame.convert_to_shape_keys() == {"FINISHED"}
    assert parts().rig is None and exact(track)
    assert read_record(parts().collection).settings.form == "keys"
    assert bpy.ops.flame.update_result() == {"FINISHED"}
    assert not [thing for thing in bpy.data.objects if thing.name.endswith("edited")]


def test_a_layer_is_made_in_pose_mode_too(track):
    bpy.ops.flame.convert_to_rig()
    bpy.ops.object.mode_set(mode="POSE")
    assert bpy.ops.flame.new_edit_layer() == {"FINISHED"}
    assert layer_names(parts().rig) == ["take one edits"]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert exact(track)


class ClickedNewEditLayer(NewEditLayer):
    """New Edit Layer as a click starts it"""

    bl_idname = "flame.clicked_new_edit_layer"

    def execute(self, context):
        return super().execute(context) if getattr(self, "begun", False) else self.invoke(context, None)

    def invoke(self, context, event):
        self.begun = True
        return super().invoke(context, event)


def test_a_click_on_new_edit_layer_leads_to_the_bones(track):
    bpy.ops.flame.convert_to_rig()
    bpy.context.view_layer.objects.active = parts().head
    bpy.utils.register_class(ClickedNewEditLayer)
    try:
        assert bpy.ops.flame.clicked_new_edit_layer() == {"FINISHED"}
    finally:
        bpy.utils.unregister_class(ClickedNewEditLayer)
    assert bpy.context.mode == "POSE" and bpy.context.object == parts().rig
    assert layer_names(parts().rig) == ["take one edits"]
    bpy.ops.object.mode_set(mode="OBJECT")


def test_what_is_not_possible_is_said_in_one_sentence(track):
    with pytest.raises(RuntimeError, match="no rig"):
        bpy.ops.flame.new_edit_layer()
    with pytest.raises(RuntimeError, match="no rig"):
        bpy.ops.flame.convert_to_shape_keys()
    bpy.ops.flame.convert_to_rig()
    with pytest.raises(RuntimeError, match="rig already"):
        bpy.ops.flame.convert_to_rig()
    bpy.ops.object.mode_set(mode="POSE")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.flame.convert_to_shape_keys()
    bpy.ops.object.mode_set(mode="OBJECT")


def test_without_its_file_a_head_cannot_become_a_rig(track, tmp_path):
    (tmp_path / "track.npz").unlink()
    with pytest.raises(RuntimeError, match="no longer there"):
        bpy.ops.flame.convert_to_rig()


def test_a_hat_that_hangs_on_nothing_goes_onto_the_head_bone(track):
    bpy.ops.flame.convert_to_rig()
    hat = bpy.data.objects.new("hat", None)
    parts().collection.objects.link(hat)
    hat.location = (0.0, 0.0, 0.2)
    bpy.context.view_layer.update()
    before = np.array(hat.matrix_world)
    assert bpy.ops.flame.parent_loose_objects() == {"FINISHED"}
    bpy.context.view_layer.update()
    assert (hat.parent, hat.parent_bone) == (parts().rig, "Head")
    assert np.allclose(np.array(hat.matrix_world), before, atol=1e-5)


def test_settings_of_older_files_keep_their_meaning():
    assert SceneSettings().form == "keys" and SceneSettings().has_frames and not SceneSettings().has_rig
    assert not SceneSettings(shape_keys=False).has_frames


def test_every_shot_becomes_an_action_that_the_asset_browser_takes_also_of_a_hidden_rig(tmp_path):
    made = make_flame_track(12, video={"name": "two.mp4"}, lids=False)
    made.shot[7:] = 1
    assert write_track(tmp_path / "track.npz", made) is None
    bpy.ops.flame.import_result(filepath=str(tmp_path / "track.npz"))
    bpy.ops.flame.convert_to_rig()
    rig, key = parts().rig, parts().mesh.shape_keys
    bpy.ops.flame.new_edit_layer()
    keyframes.write_channels_on_top(
        key, [keyframes.Channel('key_blocks["jawForward"].value', 0, np.array([1.0]), np.array([0.3]))]
    )
    rig.hide_viewport = parts().head.hide_viewport = True
    assert bpy.ops.flame.save_shot_actions() == {"FINISHED"}
    assert rig.hide_viewport and parts().head.hide_viewport
    rig.hide_viewport = parts().head.hide_viewport = False
    saved = [action for action in bpy.data.actions if action.asset_data is not None]
    names = {"two shot 1", "two shot 2"}
    assert {each.name for each in saved} == names | (
        set() if hasattr(saved[0], "slots") else {f"{n} face" for n in names}
    )
    second = [each for each in saved if "shot 2" in each.name]
    assert all(tuple(each.frame_range) == (8, 12) for each in second)
    # On a rig that nothing else animates it does what is seen, the edits too.
    bpy.context.scene.frame_set(10)
    wanted = evaluated_vertices(parts().head)
    for owner in (rig, key):
        for track in list(owner.animation_data.nla_tracks):
            owner.animation_data.nla_tracks.remove(track)
        action = (
            second[0]
            if hasattr(second[0], "slots")
            else next(each for each in second if each.name.endswith("face") == (owner == key))
        )
        owner.animation_data.action = action
        owner.animation_data.action_blend_type = "REPLACE"
        if hasattr(action, "slots"):
            owner.animation_data.action_slot = next(
                slot for slot in action.slots if slot.target_id_type == owner.id_type
            )
    bpy.context.scene.frame_set(9)
    bpy.context.scene.frame_set(10)
    assert np.abs(evaluated_vertices(parts().head) - wanted).max() < 1e-6
