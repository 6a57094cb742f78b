"""A copy of a rig in a scene of its own, on which poses are tried: the user's rig stays as it is.

Nothing else is evaluated there, no mesh and no body below the face. Many poses are played as animation: Blender copies
a rig anew whenever a value of it is set, which takes far longer than the pose.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...scene.keyframes import Channel, bone_path, remove_animation, vector_channels, write_channels_on_top
from ...scene.unheard import nobody_listening
from .dependencies import all_dependencies, direct_dependencies

Array = NDArray[np.float64]


class WorkingCopy:
    """A rig at rest that takes poses. B bones in the order of its pose.

    Attributes:
        names: Of the bones.
        rest: Matrices at rest, constraints applied (B, 4, 4), in the space of the armature.
        depends_on: Bone -> bones that it follows, itself included; of the bones that count.
    """

    def __init__(self, thing: bpy.types.Object, scene: bpy.types.Scene, bones: Collection[str]) -> None:
        self._thing: Any = thing
        self._scene = scene
        self._layer = scene.view_layers[0]
        self.names = [bone.name for bone in self._thing.pose.bones]
        self.index = {name: index for index, name in enumerate(self.names)}
        direct = direct_dependencies(thing)
        needed = all_dependencies(direct, bones)
        self.depends_on = {name: all_dependencies(direct, [name]) for name in bones}
        for bone in self._thing.pose.bones:
            bone.rotation_mode = "QUATERNION"
            if bone.name not in needed:
                for constraint in list(bone.constraints):
                    bone.constraints.remove(constraint)
                bone.bone.bbone_segments = 1
        count = len(self.names)
        self._location = np.zeros((count, 3), dtype=np.float32)
        self._rotation = np.tile(np.array([1, 0, 0, 0], dtype=np.float32), (count, 1))
        self._thing.pose.bones.foreach_set("scale", np.ones(3 * count, dtype=np.float32))
        self.rest = self.evaluate()

    def set_locations(self, bones: NDArray[np.int64], values: Array) -> None:
        """Move bones (N,) to locations (N, 3) of their own channels."""
        self._location[bones] = values

    def set_rotations(self, bones: NDArray[np.int64], quaternions: Array) -> None:
        """Turn bones (N,) by quaternions (N, 4) of their own channels."""
        self._rotation[bones] = quaternions

    def evaluate(self) -> Array:
        """Return the matrices of all bones (B, 4, 4) in the space of the armature, constraints applied."""
        self._set_channels()
        with nobody_listening():
            self._layer.update()
        return self._matrices()

    def play(
        self,
        moved: NDArray[np.int64],
        locations: Array,
        turned: NDArray[np.int64] | None = None,
        quaternions: Array | None = None,
    ) -> Generator[Array, None, None]:
        """Yield the matrices of all bones as `evaluate` returns them, for each of K poses, far faster.

        Args:
            moved: Bones (N,) that go to locations (K, N, 3).
            locations: Of their own channels.
            turned: Bones (M,) that are turned by quaternions (K, M, 4).
            quaternions: Of their own channels.
        """
        self._set_channels()
        channels = self._channels(moved, "location", locations)
        if turned is not None and quaternions is not None:
            channels += self._channels(turned, "rotation_quaternion", quaternions)
        write_channels_on_top(self._thing, channels)
        try:
            for frame in range(len(locations)):
                with nobody_listening():
                    self._scene.frame_set(frame)
                yield self._matrices()
        finally:
            with suppress(ReferenceError):
                remove_animation(self._thing)

    def _set_channels(self) -> None:
        bones = self._thing.pose.bones
        bones.foreach_set("location", self._location.ravel())
        bones.foreach_set("rotation_quaternion", self._rotation.ravel())
        self._thing.update_tag()

    def _channels(self, bones: NDArray[np.int64], path: str, values: Array) -> list[Channel]:
        frame = np.arange(len(values))
        return [
            channel
            for position, index in enumerate(bones)
            for channel in vector_channels(bone_path(self.names[index], path), frame, values[:, position])
        ]

    def _matrices(self) -> Array:
        evaluated: Any = self._thing.evaluated_get(self._layer.depsgraph)
        flat = np.empty(16 * len(self.names), dtype=np.float32)
        evaluated.pose.bones.foreach_get("matrix", flat)
        return flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)


@contextmanager
def working_copy(armature: bpy.types.Object, bones: Collection[str]) -> Iterator[WorkingCopy]:
    """Yield a copy of a rig at rest, and remove it again.

    Args:
        armature: Is not changed. Custom properties, on which constraints hang, count as they are now.
        bones: Those that are moved or measured.
    """
    original: Any = armature
    thing: Any = original.copy()
    thing.data = data = original.data.copy()
    thing.data.pose_position = "POSE"
    thing.hide_viewport = False
    for animated in (thing, thing.data):
        animation = animated.animation_data
        if animation is not None:
            animation.action = None
            for track in list(animation.nla_tracks):
                animation.nla_tracks.remove(track)
    scene = bpy.data.scenes.new("Working Copy")
    try:
        scene.collection.objects.link(thing)
        yield WorkingCopy(thing, scene, bones)
    finally:
        data_of_file: Any = bpy.data
        for kind, block in (("scenes", scene), ("objects", thing), ("armatures", data)):
            with suppress(ReferenceError):  # It went with an undo or with the file.
                getattr(data_of_file, kind).remove(block)
