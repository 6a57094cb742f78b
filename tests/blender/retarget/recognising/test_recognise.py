"""Characters in Blender are recognised as a whole, from anything of theirs that is selected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.performance.channels import CHANNELS
from flame_extension.blender_flame_tracker.retarget.mapping import mapping_files
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_store import store_mapping
from flame_extension.blender_flame_tracker.retarget.recognising.candidates import proposed
from flame_extension.blender_flame_tracker.retarget.recognising.recognise import (
    MADE,
    SAVED,
    STORED,
    Recognised,
    recognise_character,
)
from makehuman import make_character, needs_makehuman
from mathutils import Matrix


def recognised(*objects: Any) -> Recognised:
    found = recognise_character(bpy.context, objects)
    assert isinstance(found, Recognised), found
    return found


@needs_makehuman
@pytest.mark.parametrize("chosen", ["Body", "Teeth", "Rig"])
def test_a_character_is_recognised_as_a_whole_from_any_part_of_it(addon: Any, chosen: str) -> None:
    character = make_character(spelling=lambda name: f"!ex-{name}")
    thing = character.armature if chosen == "Rig" else character.meshes[chosen]
    found = recognised(thing)
    assert found.mapping.channels == set(CHANNELS) and found.objects[0] == character.meshes["Body"]
    assert {target.mesh for target in found.mapping.shapes} == {each.name for each in character.meshes.values()}
    assert {(target.joint, target.bone) for target in found.mapping.joints} == {("head", "head"), ("neck", "neck")}
    for target in found.mapping.shapes:
        assert target.key in bpy.data.objects[target.mesh].data.shape_keys.key_blocks
        assert target.parts == {target.key.removeprefix("!ex-"): 1.0}


def armature_of(*names: str) -> Any:
    """An armature of bones with these names, selected."""
    bpy.ops.object.armature_add(enter_editmode=True)
    thing = bpy.context.object
    for name in names:
        thing.data.edit_bones.new(name).tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    return thing


def test_a_meta_rig_that_stands_beside_its_rig_is_not_the_character(addon: Any) -> None:
    meta = armature_of("face", "jaw", "lid.T.L")
    failure = recognise_character(bpy.context, [meta])
    assert isinstance(failure, Failure) and "of which Rigify generates the rig that is animated" in failure.sentence
    assert proposed(bpy.context) is None
    rig = armature_of("head", "jaw", "lid.T.L", "ORG-face")
    bpy.context.view_layer.objects.active = meta
    assert proposed(bpy.context) == rig


@needs_makehuman
def test_a_character_may_be_scaled_and_turned_by_its_armature_as_an_import_of_fbx_does(addon: Any) -> None:
    """In centimetres and Y up, under an armature of a hundredth that turns back; keys have a prefix."""
    character = make_character(spelling=lambda name: f"blendShape1.{name}", parts=("Teeth",), face_bones=True)
    rest = recognised(character.armature).report
    inside = Matrix.Scale(100, 4) @ Matrix.Rotation(-np.pi / 2, 4, "X")
    for thing in character.meshes.values():
        thing.data.transform(inside, shape_keys=True)
        thing.matrix_parent_inverse = thing.matrix_basis = Matrix.Identity(4)
    character.armature.data.transform(inside)
    character.armature.matrix_world = inside.inverted()
    bpy.context.view_layer.update()
    found = recognised(character.armature)
    assert [(row.level, row.label, row.sentence) for row in found.report.rows] == [
        (row.level, row.label, row.sentence) for row in rest.rows
    ]
    assert found.mapping.channels == set(CHANNELS) - {"tongueOut"}


def test_without_any_match_one_sentence_says_so(addon: Any) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    cube.shape_key_add(name="Basis")
    cube.shape_key_add(name="Dent")
    found = recognise_character(bpy.context, [cube])
    assert isinstance(found, Failure) and found.code == "character-unknown"


def test_nothing_selected_is_said(addon: Any) -> None:
    found = recognise_character(bpy.context, [])
    assert isinstance(found, Failure) and found.code == "no-character"


@needs_makehuman
def test_an_edited_mapping_is_found_again_on_the_character_and_on_a_copy_in_another_file(
    addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_files, "character_folder", lambda: tmp_path / "characters")
    character = make_character(parts=("Body",))
    made = recognised(character.armature)
    edited = replace(made.mapping, kind="by hand", shapes=made.mapping.shapes[:20])
    store_mapping(made.holder, edited)
    stored = recognised(character.meshes["Body"])
    assert (made.origin, stored.origin, stored.mapping) == (MADE, STORED, edited)
    assert recognised(character.armature).origin == STORED
    assert isinstance(mapping_files.save_for_character(edited, made.holder.name), Path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    copy = make_character(name="Other", parts=("Body",))
    saved = recognised(copy.armature)
    assert saved.origin == SAVED
    assert saved.mapping == edited.renamed({"Character Body": "Other Body", "Character Rig": "Other Rig"})
