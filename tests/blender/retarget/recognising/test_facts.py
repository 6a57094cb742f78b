"""Facts of a character are read as they stand in Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from flame_extension.backend.contract.performance.characters.facts import (
    LINKED,
    OVERRIDDEN,
    CharacterFacts,
    KeyFacts,
    MeshFacts,
)
from flame_extension.blender_flame_tracker.retarget.recognising.facts import read_facts
from flame_extension.blender_flame_tracker.retarget.recognising.gather import character_objects
from flame_extension.blender_flame_tracker.retarget.recognising.recognise import Recognised, recognise_character
from makehuman import blender_axes, make_character, needs_makehuman, read_makehuman

pytestmark = needs_makehuman


def facts_of(character: Any) -> CharacterFacts:
    bpy.context.view_layer.update()
    return read_facts(character_objects(bpy.context.scene, [character.armature]))


def body(facts: CharacterFacts) -> MeshFacts:
    found = facts.mesh("Character Body")
    assert found is not None
    return found


def key(facts: CharacterFacts, name: str, mesh: str = "Body") -> KeyFacts:
    found = facts.mesh(f"Character {mesh}")
    assert found is not None
    return next(each for each in found.keys if each.name == name)


def test_what_a_key_moves_is_measured_in_the_world() -> None:
    character = make_character(parts=("Body",))
    found = key(facts_of(character), "jawOpen")
    offset = blender_axes(read_makehuman().offsets("jawOpen")[character.index["Body"]])
    assert np.isclose(found.reach, np.linalg.norm(offset, axis=1).max(), atol=1e-6)
    assert found.motion[2] < 0 and found.centre is not None
    character.armature.scale = (2, 2, 2)
    assert np.isclose(key(facts_of(character), "jawOpen").reach, 2 * found.reach, rtol=1e-4)
    left, right = (key(facts_of(character), f"eyeBlink{side}").centre for side in ("Left", "Right"))
    assert left is not None and right is not None and left[0] > 0.02 > -0.02 > right[0]


def test_keys_that_share_vertices_with_a_bone_name_it() -> None:
    facts = facts_of(make_character(face_bones=True))
    assert key(facts, "jawOpen", "Teeth").shared_with == ("jaw",) and key(facts, "jawOpen").shared_with == ()
    assert key(facts, "eyeLookInLeft", "Eyes").shared_with == ("eye.L",)
    assert body(facts).bones == frozenset() and facts.meshes[-1].armature == "Character Rig"


def test_states_of_keys_and_meshes_are_read() -> None:
    character = make_character(parts=("Body",))
    thing = character.meshes["Body"]
    keys = thing.data.shape_keys
    keys.key_blocks["jawOpen"].mute = True
    keys.key_blocks["mouthFunnel"].slider_max = 0.5
    keys.key_blocks["eyeBlinkLeft"].driver_add("value")
    keys.key_blocks["browInnerUp"].keyframe_insert("value", frame=1)
    thing.modifiers.new("Sub", "SUBSURF").show_viewport = False
    thing.show_only_shape_key = True
    thing.scale = (-1, 1, 1)
    facts = facts_of(character)
    assert key(facts, "jawOpen").is_muted and not key(facts, "mouthClose").is_muted
    assert key(facts, "mouthFunnel").high == 0.5
    assert key(facts, "eyeBlinkLeft").is_driven and not key(facts, "eyeBlinkRight").is_driven
    assert key(facts, "browInnerUp").is_animated and not key(facts, "jawOpen").is_animated
    mesh = body(facts)
    assert mesh.modifiers == (("ARMATURE", True), ("SUBSURF", False))
    assert mesh.shows_one_key and mesh.scale[0] < 0 and mesh.is_relative
    keys.use_relative = False
    assert not body(facts_of(character)).is_relative


def test_states_of_bones_are_read() -> None:
    character = make_character(parts=("Body",))
    bones = character.armature.pose.bones
    bones["head"].keyframe_insert("rotation_quaternion", frame=1)
    bones["neck"].constraints.new("COPY_ROTATION")
    bones["root"].lock_rotation = (True, True, True)
    character.armature.data.pose_position = "REST"
    (armature,) = facts_of(character).armatures
    state = {bone.name: bone for bone in armature.bones}
    assert state["head"].is_animated and not state["head"].is_driven and state["head"].parent == "neck"
    assert state["neck"].is_driven and state["root"].is_locked and armature.is_resting


def test_linked_characters_are_told_apart(tmp_path: Path) -> None:
    make_character(parts=("Body",))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "character.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "character.blend"), link=True) as (_, into):
        into.objects = ["Character Body", "Character Rig"]
    for thing in into.objects:
        bpy.context.scene.collection.objects.link(thing)
    facts = read_facts(into.objects)
    assert {each.origin for each in (*facts.meshes, *facts.armatures)} == {LINKED}


def test_meshes_without_an_armature_belong_together_by_parent_or_by_collection_and_names(addon: Any) -> None:
    character = make_character(parts=("Body", "Teeth", "Eyes"))
    body_mesh, teeth, eyes = character.meshes.values()
    for thing in (body_mesh, teeth, eyes):
        thing.modifiers.clear()
        thing.parent = None
    bpy.data.objects.remove(character.armature)
    teeth.parent = body_mesh
    together = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(together)
    for thing in (body_mesh, eyes):
        bpy.context.scene.collection.objects.unlink(thing)
        together.objects.link(thing)
    found = recognise_character(bpy.context, [body_mesh])
    assert isinstance(found, Recognised)
    assert set(found.objects) == {body_mesh, teeth, eyes}


def test_another_character_in_the_scene_is_left_alone(addon: Any) -> None:
    make_character(name="Anna", parts=("Body", "Teeth"))
    other = make_character(name="Bert", parts=("Body", "Teeth"))
    found = recognise_character(bpy.context, [other.meshes["Teeth"]])
    assert isinstance(found, Recognised)
    assert {thing.name for thing in found.objects} == {"Bert Body", "Bert Teeth", "Bert Rig"}


def test_a_library_override_is_no_linked_character(tmp_path: Path) -> None:
    make_character(parts=("Body",))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "character.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "character.blend"), link=True) as (_, into):
        into.objects = ["Character Rig"]
    (rig,) = into.objects
    bpy.context.scene.collection.objects.link(rig)
    made = rig.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    facts = read_facts([made])
    assert {each.origin for each in facts.armatures} == {OVERRIDDEN}


def test_a_face_board_that_the_rig_hangs_on_belongs_to_the_character(addon: Any) -> None:
    character = make_character(parts=("Body",))
    board = bpy.data.objects.new("face_gui", bpy.data.armatures.new("face_gui"))
    bpy.context.scene.collection.objects.link(board)
    character.armature.parent = board
    for chosen in (board, character.armature, character.meshes["Body"]):
        found = recognise_character(bpy.context, [chosen])
        assert isinstance(found, Recognised)
        assert set(found.objects) == {board, character.armature, character.meshes["Body"]}
