"""Mappings are kept on the character in the .blend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest
from flame_extension.backend.contract.performance.characters.mapping import (
    ControlTarget,
    JointTarget,
    Mapping,
    ShapeTarget,
    SurfaceTarget,
)
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_group import group_of
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_store import (
    holder_of,
    store_mapping,
    stored_mapping,
)

MAPPING = Mapping(
    "made for this test",
    (ShapeTarget("Face", "open", {"jawOpen": 0.3, "mouthFunnel": -0.25}, -0.5, 1.5, True, False),),
    (ControlTarget("Rig", "CTRL", "property", -1, {"jawOpen": 1.0}, "amount", -1.0, 1.0),),
    (JointTarget("Rig", "head", "head", 0.7),),
    (SurfaceTarget("Rig", "lips.L", (61, 291), 1, 0.5),),
    ("head", "open", "ö"),
)


def character() -> tuple[bpy.types.Object, bpy.types.Object]:
    face = bpy.data.objects.new("Face", bpy.data.meshes.new("Face"))
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    for each in (face, rig):
        bpy.context.scene.collection.objects.link(each)
    face.parent = rig
    return face, rig


def test_what_is_stored_comes_back_even_from_the_saved_file(addon: Any, tmp_path: Path) -> None:
    face, rig = character()
    assert stored_mapping(face) is None
    store_mapping(rig, MAPPING)
    assert stored_mapping(rig) == stored_mapping(face) == MAPPING and holder_of([face, rig]) == rig
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert stored_mapping(bpy.data.objects["Face"]) == MAPPING


def test_objects_that_are_renamed_or_deleted_later_are_followed(addon: Any) -> None:
    face, rig = character()
    store_mapping(rig, MAPPING)
    face.name = "Gesicht"
    found = stored_mapping(rig)
    assert found is not None and found == MAPPING.renamed({"Face": "Gesicht"})
    bpy.context.scene.collection.objects.unlink(face)  # As the Delete key does: the row still points to it.
    found = stored_mapping(rig)
    assert found is not None and found.shapes == () and found.joints == MAPPING.joints


def test_gain_multiplies_what_a_row_follows(addon: Any) -> None:
    face, _ = character()
    store_mapping(face, MAPPING)
    group_of(face).rows[0].gain = 2.0
    found = stored_mapping(face)
    assert found is not None and found.shapes[0].parts == {"jawOpen": 0.6, "mouthFunnel": -0.5}


@pytest.mark.skipif(
    bpy.app.version[:2] == (5, 0), reason="5.0 forgets a group of properties of an override that its library lacks"
)
def test_a_character_of_another_file_keeps_its_mapping_in_this_one(addon: Any, tmp_path: Path) -> None:
    character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, into):
        into.objects = ["Face", "Rig"]
    for thing in into.objects:
        bpy.context.scene.collection.objects.link(thing)
    rig = into.objects[1].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    store_mapping(rig, MAPPING)
    assert stored_mapping(rig) == MAPPING
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rigs = [each for each in bpy.data.objects if each.type == "ARMATURE" and each.library is None]
    assert [stored_mapping(each) for each in rigs] == [MAPPING]
