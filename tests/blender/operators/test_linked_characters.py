"""Characters of another file, as a shot has them: refused while linked, played and remembered once overridden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import makehuman
import pytest
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_group import group_of
from flame_extension.blender_flame_tracker.retarget.playing import REPORTS
from flame_extension.blender_flame_tracker.scene import keyframes

TAKE = makehuman.DATA / "livelink_take.csv"
pytestmark = makehuman.needs_makehuman


@pytest.fixture
def library(addon: Any, tmp_path: Path) -> Path:
    """A file with the character in the collection Hero."""
    made = makehuman.make_character(name="Hero", parts=())
    collection = bpy.data.collections.new("Hero")
    bpy.context.scene.collection.children.link(collection)
    for thing in (made.armature, *made.meshes.values()):
        collection.objects.link(thing)
    path = tmp_path / "hero.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def link(library: Path) -> bpy.types.Object:
    """The instance of the collection in a new file, as File > Link makes it."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    folder = f"{library}/Collection/"
    bpy.ops.wm.link(filepath=f"{folder}Hero", directory=folder, filename="Hero", instance_collections=True)
    (instance,) = bpy.context.scene.objects
    bpy.context.view_layer.objects.active = instance
    instance.select_set(True)
    return instance


def played(name: str) -> str:
    """What is said of a take put onto a character."""
    try:
        bpy.ops.flame.retarget(character=name, source=str(TAKE), existing="leave")
    except RuntimeError as error:
        return str(error)
    return ""


def override_all(library: Path) -> bpy.types.Object:
    """The armature of the character, overridden with its mesh."""
    link(library)
    bpy.ops.object.make_override_library()
    bpy.data.objects["Hero Body"].data.override_create(remap_local_usages=True)
    return bpy.data.objects["Hero Rig"]


def test_what_is_to_be_overridden_is_said_until_it_can_be_played(library: Path) -> None:
    instance = link(library)
    assert "'Hero' only shows a collection that is elsewhere." in played(instance.name)
    bpy.ops.object.make_override_library()
    assert "The mesh of Hero Body is still linked" in played("Hero Body") and not bpy.data.actions
    bpy.data.objects["Hero Body"].data.override_create(remap_local_usages=True)
    assert played("Hero Body") == "" and REPORTS["Hero Rig"].is_good
    keys: Any = bpy.data.objects["Hero Body"].data.shape_keys  # pyright: ignore[reportAttributeAccessIssue]
    assert keyframes.find_curve(keys, 'key_blocks["jawOpen"].value') is not None


def test_an_edited_mapping_of_an_override_is_kept_in_the_file(library: Path, tmp_path: Path) -> None:
    bpy.ops.flame.check_character(character="Hero Body")
    bpy.ops.wm.save_mainfile()
    rig = override_all(library)
    count = len(group_of(rig).rows)
    group_of(rig).rows[0].gain = 0.5
    assert played("Hero Body") == ""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rows = group_of(bpy.data.objects["Hero Rig"]).rows
    assert (len(rows), rows[0].gain) == (count, 0.5)
    bpy.ops.flame.check_character(character="Hero Body", anew=True)
    assert sum(row.use for row in rows) == count and played("Hero Body") == ""


def test_a_hidden_character_is_said_to_be_hidden_in_one_line_for_each_mesh(addon: Any) -> None:
    made = makehuman.make_character(name="Hero", parts=("Teeth",))
    for thing in (made.armature, *made.meshes.values()):
        thing.hide_viewport = True
    assert played("Hero Body") == ""
    said = [line.text for line in REPORTS["Hero Rig"].lines if line.level == "bad"]
    assert [text.split(" does not move")[0] for text in said[1:]] == ["Hero Body", "Hero Teeth"]


def test_a_character_without_any_name_that_is_known_is_refused_in_a_sentence(addon: Any) -> None:
    made = makehuman.make_character(name="Hero", parts=(), spelling=lambda name: f"Shape {len(name)}")
    assert "none of its shape keys" in played("Hero Body") and not bpy.data.actions
    made.armature.scale[1] = 0.0
    bpy.context.view_layer.update()
    assert "scaled to nothing" in played("Hero Body")
