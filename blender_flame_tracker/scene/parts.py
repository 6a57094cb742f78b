"""Parts of an imported track: which datablocks belong to it, and where they are found again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure
from . import keyframes
from .stored import stored, stored_object
from .version_list import version_of

TRACK: Final = "flame_track"
"""Custom property of the collection: where the track came from. Two tracks of one clip have a collection each."""
_POINTER: Final = "flame_{}"
"""Custom properties of the collection that point to what was made; they survive renaming, appending and saving."""


_ROLES: Final = {"root": "EMPTY", "head": "MESH", "camera": "CAMERA", "rig": "ARMATURE", "frames": "MESH"}
"""Objects of an import and their types; the last two are there only where they were asked for."""
_CLIP: Final = "clip"


@dataclass(frozen=True)
class Parts:
    """What was made of a track.

    Attributes:
        collection: Holds everything.
        root: Empty that carries head and camera; move it to place the whole take.
        head: Mesh object.
        camera: Camera object.
        clip: Movie clip, None where there is no footage.
        rig: Armature that moves and poses the head; None where its shape keys do that.
        frames: Hidden second mesh beside a rig with a shape key per frame; None where nobody asked for it.
    """

    collection: bpy.types.Collection
    root: bpy.types.Object
    head: bpy.types.Object
    camera: bpy.types.Object
    clip: bpy.types.MovieClip | None
    rig: bpy.types.Object | None = None
    frames: bpy.types.Object | None = None

    @property
    def carrier(self) -> bpy.types.Object:
        """What moves before the camera or rests: the rig, to which the head is parented then, or the head."""
        return self.head if self.rig is None else self.rig

    @property
    def mesh(self) -> bpy.types.Mesh:
        """Mesh of the head."""
        data: Any = self.head.data
        return data

    @property
    def lens(self) -> bpy.types.Camera:
        """Datablock of the camera: its lens, its sensor, its background pictures."""
        data: Any = self.camera.data
        return data

    @property
    def shares_camera(self) -> bool:
        """Whether the camera belongs to another import, in whose space this head moves."""
        return self.root.parent is not None and self.root.parent == self.camera


def parts_of(collection: bpy.types.Collection) -> Parts | Failure:
    """Return the parts of an imported track, or why the collection has none."""
    if not is_import(collection):
        return Failure(
            "no-track-collection",
            f"The collection '{collection.name}' holds no imported track.",
            "Choose the collection that is named after the clip.",
        )
    root, head, camera, rig, frames, clip = _found(collection)
    if root is None or head is None or camera is None:
        return Failure(
            "track-incomplete",
            f"Head or camera of '{collection.name}' have been deleted.",
            "Import the track again; what is still there stays.",
        )
    return Parts(collection, root, head, camera, clip, rig, frames)


def ensure_parts(scene: bpy.types.Scene, origin: str, name: str, shared: bpy.types.Object | None = None) -> Parts:
    """Return the parts of the track in this scene, making collection and objects where they are not there.

    Args:
        scene: Where an earlier import is looked for.
        origin: Of the track, see `origin_of`.
        name: Of the clip, for new datablocks.
        shared: Camera of another import that takes the place of an own one.
    """
    collection = find_collection(scene, origin)
    if collection is None:
        collection = bpy.data.collections.new(name)
        collection[TRACK] = origin
        scene.collection.children.link(collection)
    root, head, camera, rig, frames, clip = _found(collection)
    if root is None:
        root = bpy.data.objects.new(name, None)
        root.empty_display_size = 0.02
    if head is None:
        head = bpy.data.objects.new(f"{name} head", bpy.data.meshes.new(f"{name} head"))
        head.parent = root
    if shared is not None:
        if camera is not None and camera.parent == root:
            keyframes.remove_animation(camera.data)
            bpy.data.cameras.remove(camera.data)
        camera = root.parent = shared
    elif camera is None or camera == root.parent:
        if root.parent is not None and root.parent == camera:
            root.parent = None
            root.matrix_parent_inverse.identity()
        camera = bpy.data.objects.new(f"{name} camera", bpy.data.cameras.new(f"{name} camera"))
        camera.parent = root
    inside = set(collection.all_objects)
    for thing in (root, head) if shared is not None else (root, head, camera):
        # An object that the user took out of the collection comes back with the next import.
        if thing not in inside:
            collection.objects.link(thing)
    parts = Parts(collection, root, head, camera, clip, rig, frames)
    remember(parts)
    return parts


def place(scene: bpy.types.Scene, collection: bpy.types.Collection, name: str) -> None:
    """Put the collection of a track into another one of the scene, made where it is not there.

    Args:
        scene: That holds the collection.
        collection: Of the track.
        name: Of the one that takes it; empty is the scene itself.
    """
    target = scene.collection
    if name:
        there = (each for each in scene.collection.children_recursive if each.name == name and each.library is None)
        target = next(there, None)
        if target is None:
            target = bpy.data.collections.new(name)
            scene.collection.children.link(target)
    if target == collection or target in collection.children_recursive or collection in target.children[:]:
        return
    for parent in (scene.collection, *scene.collection.children_recursive):
        if collection in parent.children[:]:
            parent.children.unlink(collection)
    target.children.link(collection)


def linked_problem(collection: bpy.types.Collection) -> Failure | None:
    """Return why what was made of a track can't be changed here, or None."""
    parts = parts_of(collection)
    if isinstance(parts, Failure):
        return None
    rigged = () if parts.rig is None else (parts.rig, parts.rig.data)
    blocks = (collection, parts.head, parts.mesh, parts.camera, *rigged)
    if not any(each is not None and (each.library or each.override_library) for each in blocks):
        return None
    return Failure(
        "linked",
        f"The head of '{collection.name}' is linked from another file.",
        "Change it there, or make it local: Object > Relations > Make Local.",
    )


def remember(parts: Parts) -> None:
    """Write the pointers of the parts into their collection."""
    for role in (*_ROLES, _CLIP):
        key, part = _POINTER.format(role), getattr(parts, role)
        if part is not None:
            parts.collection[key] = part
        elif key in parts.collection:
            del parts.collection[key]


def clip_of(collection: bpy.types.Collection | None) -> bpy.types.MovieClip | None:
    """Return the footage of an earlier import, or None."""
    return stored(collection, _POINTER.format(_CLIP), bpy.types.MovieClip)


def has_lost_footage(collection: bpy.types.Collection) -> bool:
    """Whether the footage of an import was deleted: in Blender the camera's picture still points to where it was."""
    return _POINTER.format(_CLIP) in collection and clip_of(collection) is None


def is_import(collection: bpy.types.Collection) -> bool:
    """Whether a collection is that of an imported track."""
    return stored(collection, TRACK, str) is not None


def _found(collection: bpy.types.Collection) -> tuple[Any, ...]:
    """Root, head, camera, rig, frames and clip of an import, None for what is not there or something else."""
    objects = (stored_object(collection, _POINTER.format(role), kind) for role, kind in _ROLES.items())
    return (*objects, clip_of(collection))


def find_collection(scene: bpy.types.Scene, origin: str) -> bpy.types.Collection | None:
    """Return the scene's collection of this track, or else the one of which it is a version; None where neither is.

    One that is linked from another file can't be changed, and is passed over.
    """
    imports = [each for each in scene.collection.children_recursive if each.library is None and TRACK in each]
    shown = next((each for each in imports if each[TRACK] == origin), None)
    return shown or next((each for each in imports if version_of(each, origin) is not None), None)


def origin_of(path: Path | None, clip_name: str) -> str:
    """Return what tells one track from another: its file, or the clip's name where it came from no file.

    Links and mapped drives are not followed: the path stays as the user knows it, and the disk is not asked.
    """
    return os.path.abspath(path) if path is not None else f"clip:{clip_name}"  # noqa: PTH100 - links are kept
