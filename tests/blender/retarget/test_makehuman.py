"""The independent character that the tests of retargeting drive is what its files say."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.performance.channels import CHANNELS
from makehuman import blender_axes, make_character, needs_makehuman, read_makehuman

pytestmark = needs_makehuman


def evaluated(thing: bpy.types.Object) -> np.ndarray:
    """Vertices (V, 3) of an object as Blender shows them."""
    bpy.context.view_layer.update()
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    position = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", position)
    return position.reshape(-1, 3)


def test_the_body_has_all_52_channels_and_further_meshes_only_those_that_move_them() -> None:
    character = make_character()
    keys = {
        part: {block.name for block in thing.data.shape_keys.key_blocks} for part, thing in character.meshes.items()
    }
    assert keys["Body"] == {"Basis", *CHANNELS} - {"tongueOut"}
    assert keys["Tongue"] >= {"tongueOut", "jawOpen"} and "eyeLookInLeft" in keys["Eyes"]
    assert "eyeBlinkLeft" in keys["Lashes"] and "jawOpen" in keys["Teeth"] and "eyeBlinkLeft" not in keys["Teeth"]


@pytest.mark.parametrize("face_bones", [False, True])
def test_a_key_moves_a_mesh_by_exactly_its_target(face_bones: bool) -> None:
    character = make_character(face_bones=face_bones)
    head = read_makehuman()
    for part, channel in (("Body", "jawOpen"), ("Teeth", "jawOpen"), ("Eyes", "eyeLookUpLeft")):
        thing = character.meshes[part]
        rest = evaluated(thing)
        thing.data.shape_keys.key_blocks[channel].value = 1
        moved = evaluated(thing) - rest
        assert np.abs(moved - blender_axes(head.offsets(channel)[character.index[part]])).max() < 1e-6
        assert np.abs(moved).max() > 0.001


def test_the_character_stands_upright_and_looks_along_minus_y() -> None:
    character = make_character()
    eyes, body = evaluated(character.meshes["Eyes"]), evaluated(character.meshes["Body"])
    head = character.armature.data.bones["head"].head_local
    assert eyes[:, 1].max() < head.y - 0.05 and eyes[:, 2].min() > head.z
    assert 1.4 < np.ptp(body[:, 2]) < 2.2
