"""The panel's part Character: whom it takes, what it offers, and what it says afterwards."""

import bpy
import makehuman
import pytest
from panel_helpers import drawn

pytestmark = makehuman.needs_makehuman
TAKE = makehuman.DATA / "livelink_take.csv"


@pytest.fixture
def character(addon):
    return makehuman.make_character(parts=())


def test_without_a_character_it_says_what_is_missing(addon):
    bpy.ops.mesh.primitive_cube_add()
    shown = drawn()
    assert "Bring a character with shape keys or bones into the scene" in shown.text()
    assert shown.find("flame.retarget") is None


def test_the_rig_of_a_track_is_a_character_too(addon):
    rig = bpy.data.objects.new("take rig", bpy.data.armatures.new("take rig"))
    collection = bpy.data.collections.new("take")
    collection["flame_track"] = "//track.npz"
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(rig)
    assert "Choose the character's face or armature" in drawn().text()
    bpy.context.scene.flame_retarget.character = rig
    assert drawn().find("flame.retarget").usable


def test_the_selected_character_is_taken_and_a_performance_asked_for(character):
    bpy.context.view_layer.objects.active = character.meshes["Body"]
    shown = drawn()
    assert "Uses 'Character Body'" in shown.text()
    assert "choose a file of Live Link Face" in shown.text()
    assert shown.find("flame.retarget").usable and shown.find("start_at") is None
    bpy.context.scene.flame_retarget.source = str(TAKE)
    shown = drawn()
    assert "choose a file of Live Link Face" not in shown.text()
    assert shown.find("start_at").usable, "a file has no place in the scene of its own"


def test_between_two_characters_one_has_to_be_chosen(character):
    makehuman.make_character(name="Other", parts=())
    bpy.context.view_layer.objects.active = None
    shown = drawn()
    assert "Choose the character's face or armature" in shown.text() and not shown.find("flame.retarget").usable
    bpy.context.scene.flame_retarget.character = character.armature
    assert drawn().find("flame.retarget").usable


def test_what_moves_and_what_does_not_stands_below_the_button(character):
    bpy.ops.flame.retarget(character="Character Body", source=str(TAKE))
    assert "At frame" in drawn().text() and "mm" in drawn().text()
    assert "Driven: eyeBlinkLeft, eyeLookDownLeft" in drawn("flame_character_channels").text()
    character.meshes["Body"].show_only_shape_key = True
    bpy.ops.flame.retarget(character="Character Body", source=str(TAKE))
    assert "shows its active shape key alone" in drawn().text()


def test_the_check_stands_above_what_is_written(character):
    bpy.context.view_layer.objects.active = character.meshes["Body"]
    assert drawn().find("Check Character").usable
    bpy.ops.flame.check_character(character="Character Body")
    shown = drawn()
    names = [item.name or item.text for item in shown._root.items]
    assert "52 of 52" in shown.text() or "51 of 52" in shown.text()
    assert names.index("flame.check_character") < names.index("flame.retarget")


def test_a_retarget_node_of_the_tree_has_the_settings(character):
    bpy.ops.flame.new_tree()
    node = bpy.context.scene.flame.tree.nodes.new("FlameNodeRetarget")
    node.character = character.armature
    shown = drawn()
    assert shown.find("flame.retarget").usable and shown.find("source") is None
    node.use_head = False
    assert drawn().find("head_gain") is None
