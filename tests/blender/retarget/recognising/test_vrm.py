"""Characters of VRM files: by the file that they come from, or by the VRM add-on's own properties."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

import bpy
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_group import group_of
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_store import store_mapping
from flame_extension.blender_flame_tracker.retarget.recognising.recognise import Recognised, recognise_character
from makehuman import DATA

needs_vrm = pytest.mark.skipif(not (DATA / "godette_vrm0.vrm").exists(), reason="the VRM models are not here")


def imported(name: str, folder: Path) -> bpy.types.Object:
    """The armature of a VRM that Blender's own importer took for a glTF."""
    if bpy.app.version < (4, 5):
        pytest.skip("the module of Blender 4.2 has crashed here, in its own glTF importer, in some runs of all tests")
    copy = folder / f"{name}.glb"
    shutil.copy(DATA / f"{name}.vrm", copy)
    bpy.ops.import_scene.gltf(filepath=str(copy))
    return next(each for each in bpy.context.scene.objects if each.type == "ARMATURE")


@needs_vrm
def test_the_file_of_a_vrm_0_says_what_its_keys_mean(addon: Any, tmp_path: Path) -> None:
    armature = imported("godette_vrm0", tmp_path)
    without = recognise_character(bpy.context, [armature])
    assert isinstance(without, Recognised) and not without.mapping.shapes
    store_mapping(armature, without.mapping)  # As the first check does.
    group_of(armature).vrm_file = str(DATA / "godette_vrm0.vrm")
    found = recognise_character(bpy.context, [armature])
    assert isinstance(found, Recognised), found
    names = dict(enumerate(["HideHairBalls", "HdieEarRings", "HideBlush", "blink_left", "blink_right", "ah", "ih"]))
    names |= {7: "uu", 8: "ee", 9: "oh", 10: "look_up", 11: "look_down", 12: "look_left", 13: "look_right", 14: "brows"}
    shapes = {names[int(each.key.removeprefix("target_"))]: each for each in found.mapping.shapes}
    assert shapes["blink_left"].parts == {"eyeBlinkLeft": 1.0} and shapes["blink_left"].is_binary
    assert shapes["ah"].parts["jawOpen"] == 2.0 and not shapes["ah"].is_binary
    # Joy opens the mouth and turns the eyes up, which mouth and gaze do already: a smile must do neither.
    assert shapes["oh"].parts == {"mouthFunnel": 1.0}
    assert shapes["look_up"].parts == {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5}
    assert shapes["brows"].parts == {"browDownLeft": 0.5, "browDownRight": 0.5}
    assert {each.joint for each in found.mapping.joints} == {"head", "neck"}
    assert "HideHairBalls" not in shapes and found.mapping.kind == "VRM presets"


@pytest.fixture
def enabled(addon: Any) -> Any:
    """The add-on among those that Blender's importers ask."""
    entry = bpy.context.preferences.addons.new()
    entry.module = addon.__name__
    yield addon
    bpy.context.preferences.addons.remove(entry)


@needs_vrm
def test_what_a_vrm_says_is_kept_when_it_is_imported(enabled: Any, tmp_path: Path) -> None:
    armature = imported("godette_vrm0", tmp_path)
    (tmp_path / "godette_vrm0.glb").unlink()
    found = recognise_character(bpy.context, [armature])
    assert isinstance(found, Recognised) and found.mapping.kind == "VRM presets"
    group_of(armature).vrm_file = str(DATA / "godette_vrm0.vrm")
    assert recognise_character(bpy.context, [armature]) == found
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    armature = imported("basic_vrm1", tmp_path)
    found = recognise_character(bpy.context, [armature])
    assert isinstance(found, Recognised)
    assert {each.joint for each in found.mapping.joints} == {"head", "neck", "left_eye", "right_eye"}


@needs_vrm
def test_bones_of_a_vrm_1_are_those_that_it_names(addon: Any, tmp_path: Path) -> None:
    armature = imported("basic_vrm1", tmp_path)
    group_of(armature).vrm_file = str(DATA / "basic_vrm1.vrm")
    found = recognise_character(bpy.context, [armature])
    assert isinstance(found, Recognised), found
    bones = {each.joint: each.bone for each in found.mapping.joints}
    assert bones == {"head": "head", "neck": "neck", "left_eye": "eye.L", "right_eye": "eye.R"}


@needs_vrm
def test_a_file_that_is_gone_is_needed_no_more_once_the_mapping_is_there(addon: Any, tmp_path: Path) -> None:
    armature = imported("godette_vrm0", tmp_path)
    copy = tmp_path / "godette.vrm"
    shutil.copy(DATA / "godette_vrm0.vrm", copy)
    group_of(armature).vrm_file = str(copy)
    found = recognise_character(bpy.context, [armature])
    assert isinstance(found, Recognised)
    store_mapping(armature, found.mapping)
    copy.unlink()
    again = recognise_character(bpy.context, [armature])
    assert isinstance(again, Recognised) and again.mapping.shapes
    refused = recognise_character(bpy.context, [armature], anew=True)
    assert isinstance(refused, Failure) and refused.code == "vrm-unreadable"


def test_a_file_that_is_no_vrm_is_named(addon: Any, tmp_path: Path) -> None:
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(rig)
    (tmp_path / "picture.vrm").write_bytes(b"PNG and nothing of a model")
    group_of(rig).vrm_file = str(tmp_path / "picture.vrm")
    found = recognise_character(bpy.context, [rig])
    assert isinstance(found, Failure) and found.code == "not-a-vrm" and "picture.vrm" in found.sentence


def group(name: str, **properties: Any) -> Any:
    """A property group as the VRM add-on has it."""
    made = type(name, (bpy.types.PropertyGroup,), {"__annotations__": properties})
    bpy.utils.register_class(made)
    return made


class _OfAddOn:
    """Stand-in for the part of the VRM add-on's properties that is read."""

    made: ClassVar[list[Any]] = []

    @classmethod
    def group(cls, name: str, **properties: Any) -> Any:
        cls.made.append(group(name, **properties))
        return cls.made[-1]

    @classmethod
    def pointer(cls, name: str, **properties: Any) -> Any:
        return bpy.props.PointerProperty(type=cls.group(name, **properties))

    @classmethod
    def register(cls) -> None:
        text, number = bpy.props.StringProperty, bpy.props.FloatProperty
        switch, many = bpy.props.BoolProperty, bpy.props.CollectionProperty
        bind = cls.group(
            "Bind1", node=cls.pointer("Node1", mesh_object_name=text()), index=text(), weight=number(default=1.0)
        )
        common = {"morph_target_binds": many(type=bind), "is_binary": switch()}
        common |= {f"override_{each}": text(default="none") for each in ("blink", "look_at", "mouth")}
        expression = cls.group("Expression1", custom_name=text(), **common)
        bone = cls.group("Bone1", node=cls.pointer("BoneNode1", bone_name=text()))
        joints = {
            each: bpy.props.PointerProperty(type=bone) for each in ("head", "neck", "jaw", "left_eye", "right_eye")
        }
        presets = {each: bpy.props.PointerProperty(type=expression) for each in ("blink", "aa", "happy")}
        expressions = cls.pointer(
            "Expressions1", custom=many(type=expression), preset=cls.pointer("Presets1", **presets)
        )
        humanoid = cls.pointer("Humanoid1", human_bones=cls.pointer("Bones1", **joints))
        look = cls.pointer("Look1", type=text(default="bone"))
        vrm1 = cls.pointer("Vrm1", expressions=expressions, humanoid=humanoid, look_at=look)
        extension = cls.group("Extension1", spec_version=text(default="1.0"), vrm1=vrm1)
        bpy.types.Armature.vrm_addon_extension = bpy.props.PointerProperty(type=extension)

    @classmethod
    def unregister(cls) -> None:
        del bpy.types.Armature.vrm_addon_extension
        while cls.made:
            bpy.utils.unregister_class(cls.made.pop())


@pytest.fixture
def vrm_addon(addon: Any) -> Any:
    _OfAddOn.register()
    yield None
    _OfAddOn.unregister()


def face_on_rig(keys: list[str]) -> tuple[Any, Any]:
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("Kopf", "Hals"):
        rig.data.edit_bones.new(name).tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    face = bpy.data.objects.new("Face", mesh)
    bpy.context.scene.collection.objects.link(face)
    face.parent = rig
    for name in ("Basis", *keys):
        face.shape_key_add(name=name)
    return face, rig


def set_expression(expression: Any, key: str, **properties: Any) -> None:
    bind = expression.morph_target_binds.add()
    bind.node.mesh_object_name, bind.index = "Face", key
    for name, value in properties.items():
        setattr(expression, name, value)


def test_the_add_on_says_what_keys_and_bones_mean(vrm_addon: Any) -> None:
    _, rig = face_on_rig(["Mund", "Lider", "Froh"])
    vrm = rig.data.vrm_addon_extension.vrm1
    set_expression(vrm.expressions.preset.aa, "Mund")
    set_expression(vrm.expressions.preset.blink, "Lider", is_binary=True)
    set_expression(vrm.expressions.preset.happy, "Froh", override_mouth="block")
    vrm.humanoid.human_bones.head.node.bone_name = "Kopf"
    vrm.humanoid.human_bones.neck.node.bone_name = "Hals"
    found = recognise_character(bpy.context, [rig])
    assert isinstance(found, Recognised), found
    shapes = {each.key: each for each in found.mapping.shapes}
    # Happy would take the mouth away, so that nobody could speak and smile: it is not driven.
    assert set(shapes) == {"Mund", "Lider"} and shapes["Lider"].is_binary
    assert shapes["Lider"].parts == {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5}
    assert {(each.joint, each.bone) for each in found.mapping.joints} == {("head", "Kopf"), ("neck", "Hals")}


def test_perfect_sync_takes_the_52_instead_of_presets(vrm_addon: Any) -> None:
    from flame_extension.backend.contract.performance.channels import CHANNELS

    _, rig = face_on_rig([f"k{index}" for index in range(len(CHANNELS))])
    vrm = rig.data.vrm_addon_extension.vrm1
    for index, channel in enumerate(CHANNELS):
        custom = vrm.expressions.custom.add()
        set_expression(custom, f"k{index}", custom_name=channel[0].upper() + channel[1:])
    set_expression(vrm.expressions.preset.aa, "k17")
    found = recognise_character(bpy.context, [rig])
    assert isinstance(found, Recognised) and found.mapping.kind == "VRM with Perfect Sync"
    assert {each.key: dict(each.parts) for each in found.mapping.shapes} == {
        f"k{index}": {channel: 1.0} for index, channel in enumerate(CHANNELS)
    }
