"""Axes of a character's face in the space of its armature, found from its own keys and bones, never assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Notice
from ....backend.contract.performance.channels import mirrored
from ....backend.contract.performance.characters.mapping import Mapping

Array = NDArray[np.float64]

_UPPER: Final = ("eyeBlink", "browDown", "browOuterUp", "eyeSquint", "eyeWide")
_LOWER: Final = ("mouthSmile", "mouthFrown", "mouthLowerDown", "mouthDimple", "mouthPress")
"""Starts of channels that move the upper and the lower part of a face, a left and a right one of each."""
_NEAR: Final = np.cos(np.radians(30.0))
"""Characters rest upright: an axis within 30 degrees of one of the armature's is that one."""


@dataclass(frozen=True)
class FaceAxes:
    """Which way a face looks at rest.

    Attributes:
        matrix: Columns: to the subject's left, up, out of the face (3, 3), in the armature's space.
        source: What told it, for people.
    """

    matrix: Array
    source: str

    @property
    def notice(self) -> Notice | None:
        """Say so where nothing told it."""
        if self.source:
            return None
        return Notice(
            "face-axes-assumed",
            "Nothing tells which way the character faces: it is taken to look along -Y, as Blender's front view does.",
            "Turn it so that it does, or map two eye bones.",
        )


def face_axes(armature: bpy.types.Object, mapping: Mapping) -> FaceAxes:
    """Return the axes of a character's face.

    Its shape keys tell best: what a left and a right key move lies left and right, lids lie above lips. Else eye bones
    tell, or any pair of bones for the two sides, with the line from the armature's lowest bone to the head.

    Args:
        armature: Of a character without any, its mesh.
        mapping: Of the character.
    """
    found = _of_keys(armature, mapping)
    if found is not None:
        return FaceAxes(found, "shape keys")
    found = _of_bones(armature, mapping) if armature.type == "ARMATURE" else None
    if found is not None:
        return FaceAxes(found, "bones")
    world = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]).T
    return FaceAxes(_rotation(armature).T @ world, "")


def _rotation(thing: bpy.types.Object) -> Array:
    """Rotation (3, 3) of an object's space in the world; its scale left out."""
    return np.array(thing.matrix_world.to_quaternion().to_matrix(), dtype=np.float64)


def _of_keys(armature: bpy.types.Object, mapping: Mapping) -> Array | None:
    inverse = np.linalg.inv(np.array(armature.matrix_world, dtype=np.float64))
    centres: dict[str, Array] = {}
    wanted = {f"{start}{side}" for start in (*_UPPER, *_LOWER) for side in ("Left", "Right")}
    for target in mapping.shapes:
        channel = next(iter(target.parts), "")
        if len(target.parts) != 1 or channel not in wanted or channel in centres:
            continue
        thing = bpy.data.objects.get(target.mesh)
        centre = moved_centre(thing, target.key) if thing is not None else None
        if thing is not None and centre is not None:
            to_armature = inverse @ np.array(thing.matrix_world, dtype=np.float64)
            centres[channel] = to_armature[:3, :3] @ centre + to_armature[:3, 3]
    pairs = {name: (point, centres[mirrored(name)]) for name, point in centres.items() if name.endswith("Left")
             and mirrored(name) in centres}  # fmt: skip
    upper = [(left + right) / 2 for name, (left, right) in pairs.items() if name.startswith(_UPPER)]
    lower = [(left + right) / 2 for name, (left, right) in pairs.items() if name.startswith(_LOWER)]
    if not upper or not lower:
        return None
    across = np.sum([left - right for left, right in pairs.values()], axis=0)
    return _axes(across, np.mean(upper, axis=0) - np.mean(lower, axis=0))


def key_offsets(thing: bpy.types.Object, key: str) -> Array | None:
    """Return how far a shape key moves each vertex from what it is relative to (V, 3); None where there is none."""
    mesh: Any = thing.data
    keys = mesh.shape_keys if thing.type == "MESH" else None
    block = keys.key_blocks.get(key) if keys is not None else None
    if block is None:
        return None
    moved, rest = (np.empty(3 * len(mesh.vertices), dtype=np.float32) for _ in range(2))
    block.data.foreach_get("co", moved)
    block.relative_key.data.foreach_get("co", rest)
    return (moved - rest).reshape(-1, 3).astype(np.float64)


def moved_centre(thing: bpy.types.Object, key: str) -> Array | None:
    """Return the middle of what a shape key moves (3,), weighted by how far it does, in the object's space."""
    offsets = key_offsets(thing, key)
    if offsets is None:
        return None
    mesh: Any = thing.data
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    weight = np.linalg.norm(offsets, axis=1)
    return None if weight.sum() <= 0 else (weight @ points.reshape(-1, 3)) / weight.sum()


def _of_bones(armature: bpy.types.Object, mapping: Mapping) -> Array | None:
    bones: Any = armature.data
    named = {each.joint: bones.bones.get(each.bone) for each in mapping.joints if each.armature == armature.name}
    left, right = named.get("left_eye"), named.get("right_eye")
    across = None
    if left is not None and right is not None:
        across = np.array(left.head_local - right.head_local)
    else:
        sides = [np.array(one.head_local - other.head_local) for one, other in _pairs(bones)]
        across = np.sum(sides, axis=0) if sides else None
    head = named.get("head") or next((named[name] for name in _INSTEAD_OF_HEAD if named.get(name) is not None), None)
    if head is None or across is None or np.linalg.norm(across) < 1e-9:
        return None
    lowest = head
    while lowest.parent is not None:
        lowest = lowest.parent
    up = np.array(head.head_local - lowest.head_local if lowest != head else head.tail_local - head.head_local)
    return _axes(across, up) if np.linalg.norm(up) > 1e-9 else None


_INSTEAD_OF_HEAD: Final = ("neck", "jaw", "left_eye", "right_eye")
"""Joints that may stand for the head, to tell which way is up, where it has no bone itself."""


def _pairs(bones: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the bones that have a namesake on the other side, with it."""
    for bone in bones.bones:
        for left, right in ((".L", ".R"), ("_L", "_R"), ("_l", "_r"), ("Left", "Right"), ("left", "right")):
            other = bones.bones.get(bone.name.replace(left, right)) if left in bone.name else None
            if other is not None and other != bone:
                yield bone, other
                break


def _axes(across: Array, up: Array) -> Array | None:
    """Axes from a direction to the left and one upwards, which needs not be square to it; None where they are one."""
    left = _steadied(across / np.linalg.norm(across))
    up = up - left * (up @ left)
    if np.linalg.norm(up) < 1e-9:
        return None
    up = _steadied(up / np.linalg.norm(up))
    up = up - left * (up @ left)
    up = up / np.linalg.norm(up)
    return np.stack([left, up, np.cross(left, up)], axis=1)


def _steadied(direction: Array) -> Array:
    """Return the armature's axis that a direction is near to, else the direction."""
    nearest = int(np.argmax(np.abs(direction)))
    if abs(direction[nearest]) < _NEAR:
        return direction
    axis = np.zeros(3)
    axis[nearest] = np.sign(direction[nearest])
    return axis
