"""A character that plays a performance, written for each target and read back by Blender's importers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.retarget_settings import RetargetSettings
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.retarget.writing.apply import carry_out, prepare
from flame_extension.blender_flame_tracker.scene.footage.schedule import scene_rate
from performances import arkit_mapping, make_performance
from scene_probes import evaluated_vertices

pytestmark = pytest.mark.usefixtures("addon")

FRAMES = range(11, 19)
WAVE = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, len(FRAMES)))
TARGETS = [name for name, preset in PRESETS.items() if preset.what == "take"]


def make_ball(name: str, size: float, keys: dict[str, tuple[float, float, float]], rig: Any) -> Any:
    """A ball on the bone Head, with keys that move its front."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=6, radius=size, location=(0, 0, 0))
    thing = bpy.context.object
    thing.name = thing.data.name = name
    thing.shape_key_add(name="Basis", from_mix=False)
    for key, way in keys.items():
        block = thing.shape_key_add(name=key, from_mix=False)
        block.value = 0.0
        for point in block.points:
            if point.co.y < 0:
                point.co = [here + size * along for here, along in zip(point.co, way, strict=True)]
    thing.vertex_groups.new(name="Head").add(range(len(thing.data.vertices)), 1.0, "REPLACE")
    thing.parent = rig
    thing.modifiers.new("Armature", "ARMATURE").object = rig
    return thing


@pytest.fixture
def character() -> Any:
    """Face and teeth on an armature, playing a performance of eight frames."""
    armature = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("Head")
    bone.head, bone.tail = (0, 0, -0.1), (0, 0, 0.1)
    bpy.ops.object.mode_set(mode="OBJECT")
    ways = {"jawOpen": (0, 0, -0.3), "mouthSmileLeft": (0.2, 0, 0.2)}
    meshes = {"Face": make_ball("Face", 0.1, ways, armature)}
    meshes["Teeth"] = make_ball("Teeth", 0.05, {"jawOpen": (0, 0, -0.3)}, armature)
    made = SimpleNamespace(armature=armature, meshes=meshes, face=meshes["Face"])
    turned = np.outer(WAVE, (0.0, 0.4, 0.1))
    performance = make_performance({"jawOpen": WAVE, "mouthSmileLeft": WAVE**2}, head_rotation=turned)
    bpy.context.scene.render.fps = 24
    settings, mapping = RetargetSettings(), arkit_mapping(made, {"head": "Head"})
    prepared = prepare(performance, FRAMES[0], scene_rate(bpy.context.scene), mapping, settings, bpy.context.scene)
    assert not isinstance(prepared, Failure), prepared
    assert not isinstance(carry_out(prepared, settings, bpy.context.scene), Failure)
    return made


def positions(thing: Any) -> list[np.ndarray]:
    """Vertices in the world on each frame."""
    found = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        matrix = np.array(thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
        found.append(evaluated_vertices(thing) @ matrix[:3, :3].T + matrix[:3, 3])
    return found


def largest_gap(wanted: np.ndarray, read: np.ndarray) -> float:
    gaps = np.linalg.norm(wanted[:, None] - read[None], axis=2)
    return float(max(gaps.min(axis=1).max(), gaps.min(axis=0).max()))


@pytest.mark.parametrize("target", TARGETS)
def test_the_character_comes_back_as_it_plays(character: Any, tmp_path: Path, target: str) -> None:
    wanted = {name: positions(thing) for name, thing in character.meshes.items()}
    path = tmp_path / f"anna{PRESETS[target].ending}"
    assert bpy.ops.flame.export_character(character="Face", target=target, filepath=str(path)) == {"FINISHED"}
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 250), "the scene stays as it was"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 24
    readers = {
        ".glb": lambda: bpy.ops.import_scene.gltf(filepath=str(path)),
        ".fbx": lambda: bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0.0),
        ".usdc": lambda: bpy.ops.wm.usd_import(filepath=str(path)),
        ".abc": lambda: bpy.ops.wm.alembic_import(filepath=str(path)),
    }
    readers[path.suffix]()
    for name, shapes in wanted.items():
        (thing,) = (each for each in bpy.data.objects if each.type == "MESH" and each.name.startswith(name))
        gaps = [largest_gap(*each) for each in zip(shapes, positions(thing), strict=True)]
        assert max(gaps) < 2e-4, np.round(gaps, 5)


def test_what_the_target_cannot_carry_is_said(character: Any, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    character.face.modifiers.new("Subdivision", "SUBSURF")
    character.meshes["Teeth"].hide_set(True)
    assert bpy.ops.flame.export_character(
        character="Face", target="fbx_unity", filepath=str(tmp_path / "anna.fbx")
    ) == {"FINISHED"}
    said = capfd.readouterr().out
    assert "without modifiers" in said and "Face" in said and "Hidden objects are not exported: Teeth." in said


def test_without_a_character_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="No character is chosen"):
        bpy.ops.flame.export_character(target="gltf", filepath=str(tmp_path / "anna.glb"))
    assert not list(tmp_path.iterdir())
