"""View of a character's face: where it is in the scene and which way it looks, and 3D views that show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ...backend.contract.failure import Failure
from ...backend.contract.performance.characters.mapping import Mapping
from .recognising.recognise import Recognised
from .writing.face_axes import face_axes, key_offsets

Array = NDArray[np.float64]

_STRONGLY: Final = 0.1
"""Part of the farthest way of a vertex by all keys from which it belongs to the face."""
_AIR: Final = 1.6
"""Of the face's size, how much is shown of the scene: what is nearer than its middle looks larger."""
_SENSOR: Final = 36.0
"""Millimetres of half the longer side of a 3D view at its lens, as Blender draws perspective views."""


@dataclass(frozen=True)
class FaceInScene:
    """A face where it stands on the current frame, in the world.

    Attributes:
        centre: (3,).
        radius: From there to what is farthest of it, seen from the front.
        axes: Columns: to the subject's left, up, out of the face (3, 3), as the body carries it: a head that the
            performance turns is seen turning.
    """

    centre: Array
    radius: float
    axes: Array


def face_in_scene(recognised: Recognised) -> FaceInScene | Failure:
    """Return where a character's face is: what its keys and controls move, else its head bone."""
    mapping = recognised.mapping
    points = [*_of_keys(mapping, recognised.objects), *_of_bones(mapping)]
    if not points:
        return Failure(
            "no-face", "Nothing tells where the character's face is.", "Check the character, and map its head bone."
        )
    axes = _axes_in_scene(recognised)
    inside = np.concatenate(points) @ axes
    low, high = inside.min(axis=0), inside.max(axis=0)
    return FaceInScene(axes @ ((low + high) / 2), float(np.max(high - low)) / 2, axes)


def show_face(space: Any, region: Any, face: FaceInScene) -> None:
    """Let a 3D view show a face from the front.

    Args:
        space: The view.
        region: It is drawn in.
        face: Fills it.
    """
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Matrix(face.axes.tolist()).to_quaternion()
    view.view_location = face.centre.tolist()
    shorter = min(region.width, region.height) / max(region.width, region.height, 1)
    view.view_distance = _AIR * face.radius * space.lens / (_SENSOR * max(shorter, 0.1))


def _of_keys(mapping: Mapping, objects: tuple[bpy.types.Object, ...]) -> Iterator[Array]:
    """Vertices that the keys of the face move, as far as they do so strongly."""
    for thing in objects[:1]:  # The mesh with most keys.
        keys = {each.key for each in mapping.shapes if each.mesh == thing.name and each.use}
        offsets = [found for key in keys if (found := key_offsets(thing, key)) is not None]
        if not offsets:
            continue
        way = np.sum([np.linalg.norm(each, axis=1) for each in offsets], axis=0)
        yield _vertices(thing)[way > _STRONGLY * way.max()]


def _vertices(thing: bpy.types.Object) -> Array:
    """Vertices of a mesh in the world, as they are drawn if no modifier makes others of them."""
    evaluated: Any = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    original: Any = thing.data
    mesh = evaluated.data if len(evaluated.data.vertices) == len(original.vertices) else original
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world, dtype=np.float64)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def _of_bones(mapping: Mapping) -> Iterator[Array]:
    """Heads of the controls that follow the surface; where no keys and controls are, both ends of the head bone."""
    heads = [] if mapping.surface or mapping.shapes else [each for each in mapping.joints if each.joint == "head"]
    for each in (*mapping.surface, *heads):
        thing = bpy.data.objects.get(each.armature)
        if thing is None:
            continue
        evaluated: Any = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bone = evaluated.pose.bones.get(each.bone) if evaluated.pose is not None else None
        if bone is not None:
            ends = (bone.head,) if mapping.surface else (bone.head, bone.tail)
            yield np.array([evaluated.matrix_world @ end for end in ends], dtype=np.float64)


def _axes_in_scene(recognised: Recognised) -> Array:
    """Axes of the face (3, 3) in the world, turned by what carries head and neck."""
    armatures = {each.name: each for each in recognised.objects if each.type == "ARMATURE"}
    turning = [each for each in recognised.mapping.joints if each.joint in ("neck", "head")]
    named = [armatures[each.armature] for each in (*turning, *recognised.mapping.surface) if each.armature in armatures]
    thing = next(iter((*named, *armatures.values())), recognised.holder)
    axes = Matrix(face_axes(thing, recognised.mapping).matrix.tolist())
    evaluated: Any = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    pose: Any = evaluated.pose
    bones = [pose.bones[each.bone] for each in turning if pose is not None and each.bone in pose.bones]
    carrying = min(bones, key=lambda bone: len(bone.parent_recursive), default=None)
    if carrying is not None and carrying.parent is not None:
        above = carrying.parent
        axes = (above.matrix @ above.bone.matrix_local.inverted_safe()).to_quaternion().to_matrix() @ axes
    return np.array(evaluated.matrix_world.to_quaternion().to_matrix() @ axes, dtype=np.float64)
