"""Facts of a character as they stand in Blender: `CharacterFacts`, read from its objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.performance.characters.bones import below, joint_bones
from ....backend.contract.performance.characters.doubling import does_the_same
from ....backend.contract.performance.characters.facts import (
    HALF_OVERRIDDEN,
    LINKED,
    LOCAL,
    OVERRIDDEN,
    ArmatureFacts,
    BoneFacts,
    CharacterFacts,
    KeyFacts,
    MeshFacts,
    Vector,
    VrmFacts,
)
from ..writing.shots import keyed_by_others
from .gather import deforming_armature

_TURNED: Final = 0.3
"""Weight from which a bone counts as turning a vertex."""
_NOTHING: Final = 1e-7
"""Metres that count as no motion at all."""
_DRIVEN_KEY: Final = re.compile(r'key_blocks\["(.+)"\]\.value$')
_POSE_BONE: Final = re.compile(r'pose\.bones\["(.+?)"\]\.')
_TURNING: Final = {"COPY_ROTATION", "COPY_TRANSFORMS", "DAMPED_TRACK", "TRACK_TO", "LOCKED_TRACK", "CHILD_OF", "IK"}
"""Constraints that set how a bone is turned, so that keys of its rotation cannot be seen or are turned further."""
_FACE: Final = ("jaw", "left_eye", "right_eye")


def read_facts(objects: Iterable[bpy.types.Object], vrm: VrmFacts | None = None) -> CharacterFacts:
    """Return the facts of a character.

    Args:
        objects: As `gather.character_objects` returns them.
        vrm: What its VRM says, if it is one.
    """
    objects = list(objects)
    armatures = {each.name: _armature_facts(each) for each in objects if each.type == "ARMATURE"}
    known = None if vrm is None else vrm.bones
    turned = {
        name: {
            bones[joint][0]: below(facts, bones[joint][0])
            for bones in (joint_bones(facts, known),)
            for joint in _FACE
            if joint in bones
        }
        for name, facts in armatures.items()
    }
    meshes = tuple(_mesh_facts(each, turned) for each in objects if each.type == "MESH")
    return CharacterFacts(meshes, tuple(armatures.values()), vrm)


def _armature_facts(thing: bpy.types.Object) -> ArmatureFacts:
    data: Any = thing.data
    world = np.array(thing.matrix_world)
    animated = _bones_in(path for path, _ in keyed_by_others(thing))
    driven = _bones_in(each.data_path for each in _drivers(thing))
    posed: dict[str, Any] = {each.name: each for each in thing.pose.bones} if thing.pose is not None else {}
    bones = []
    for bone in data.bones:
        pose = posed.get(bone.name)
        held = pose is not None and any(
            each.type in _TURNING and each.enabled and each.influence > 0 for each in pose.constraints
        )
        bones.append(
            BoneFacts(
                bone.name,
                bone.parent.name if bone.parent else "",
                _point(world, bone.head_local),
                _point(world, bone.tail_local),
                bone.name in animated,
                held or bone.name in driven,
                pose is not None and all(pose.lock_rotation),
            )
        )
    return ArmatureFacts(
        thing.name, tuple(bones), _scale(thing), thing.mode == "EDIT", data.pose_position == "REST", _origin(thing)
    )


def _mesh_facts(thing: bpy.types.Object, turned: dict[str, dict[str, frozenset[str]]]) -> MeshFacts:
    mesh: Any = thing.data
    armature = deforming_armature(thing)
    count = len(mesh.vertices)
    of_armature = turned.get(armature.name, {}) if armature is not None else {}
    by_bone = {bone: bone_weights(thing, names) for bone, names in of_armature.items()}
    rest = np.empty(count * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", rest)
    world = np.array(thing.matrix_world)
    positions = rest.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    keys: Any = mesh.shape_keys
    return MeshFacts(
        thing.name,
        () if keys is None else _keys_facts(keys, positions, world, by_bone),
        "" if armature is None else armature.name,
        frozenset(bone for bone, weight in by_bone.items() if weight.max(initial=0.0) > _TURNED),
        tuple((each.type, each.show_viewport) for each in thing.modifiers),
        _scale(thing),
        _vector(positions.mean(axis=0)) if count else (0.0, 0.0, 0.0),
        keys is None or keys.use_relative,
        thing.mode == "EDIT",
        thing.show_only_shape_key,
        _origin(thing),
    )


def _keys_facts(
    keys: Any, positions: NDArray[Any], world: NDArray[Any], by_bone: dict[str, NDArray[np.float64]]
) -> tuple[KeyFacts, ...]:
    driven = {match[1] for each in _drivers(keys) if (match := _DRIVEN_KEY.match(each.data_path))}
    keyed = {path for path, _ in keyed_by_others(keys)}
    buffers: dict[str, NDArray[Any]] = {}
    facts = []
    for block in keys.key_blocks[1:]:
        offset = _shape(block, buffers) - _shape(block.relative_key, buffers)
        # Most keys move a small part of a mesh: all else is worked out on that part alone.
        moving = np.flatnonzero(offset.any(axis=1))
        ways = offset[moving] @ world[:3, :3].T
        length = np.linalg.norm(ways, axis=1)
        reach = float(length.max(initial=0.0))
        is_empty = reach < _NOTHING
        facts.append(
            KeyFacts(
                block.name,
                block.slider_min,
                block.slider_max,
                block.mute,
                getattr(block, "lock_shape", False),
                block.name in driven,
                block.path_from_id("value") in keyed,
                0.0 if is_empty else reach,
                None if is_empty else _vector(np.average(positions[moving], axis=0, weights=length)),
                (0.0, 0.0, 0.0) if is_empty else _vector(np.average(ways, axis=0, weights=length)),
                tuple(
                    bone for bone, weight in by_bone.items() if not is_empty and does_the_same(length, weight[moving])
                ),
            )
        )
        if block.name not in (keys.reference_key.name, block.relative_key.name):
            buffers.pop(block.name, None)
    return tuple(facts)


def _shape(block: Any, buffers: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Vertices (V, 3) of a key in the mesh's space."""
    if block.name not in buffers:
        flat = np.empty(len(block.points) * 3, dtype=np.float32)
        block.points.foreach_get("co", flat)
        buffers[block.name] = flat.reshape(-1, 3)
    return buffers[block.name]


def bone_weights(thing: bpy.types.Object, bones: Collection[str]) -> NDArray[np.float64]:
    """Return how much some bones move each vertex of a mesh together (V,)."""
    mesh: Any = thing.data
    wanted = {each.index for each in thing.vertex_groups if each.name in bones}
    weights = np.zeros(len(mesh.vertices))
    if wanted:
        for vertex in mesh.vertices:
            weights[vertex.index] = sum(each.weight for each in vertex.groups if each.group in wanted)
    return weights


def _origin(thing: bpy.types.Object) -> str:
    data: Any = thing.data
    owner = getattr(data, "shape_keys", None) or (thing if thing.type == "ARMATURE" else data)
    if owner.library is not None:
        return LINKED if thing.library is not None else HALF_OVERRIDDEN
    return OVERRIDDEN if thing.override_library is not None else LOCAL


def _drivers(owner: Any) -> Iterable[Any]:
    return () if owner.animation_data is None else owner.animation_data.drivers


def _bones_in(paths: Iterable[str]) -> set[str]:
    return {match[1] for path in paths if (match := _POSE_BONE.match(path))}


def _scale(thing: bpy.types.Object) -> Vector:
    size = thing.matrix_world.to_scale()
    sign = -1.0 if thing.matrix_world.determinant() < 0 else 1.0
    return abs(size[0]) * sign, abs(size[1]), abs(size[2])


def _point(world: NDArray[Any], local: Any) -> Vector:
    return _vector(world[:3, :3] @ np.array(local) + world[:3, 3])


def _vector(values: NDArray[Any]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
