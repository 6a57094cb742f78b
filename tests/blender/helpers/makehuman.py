"""Independent ARKit character with known weights: MakeHuman's base mesh with the 52 targets of TalkingHead.

`read_makehuman` needs no Blender; `make_character` builds the character in the open file.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "retarget"
_BASE, _TARGETS = DATA / "makehuman_base.obj", DATA / "talkinghead_targets.zip"

needs_makehuman = pytest.mark.skipif(not _TARGETS.exists(), reason="MakeHuman's mesh and its targets are not here")

UNIT = 0.1
"""Metres of the mesh's unit."""
PARTS = {
    "Body": ("body",),
    "Teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "Tongue": ("helper-tongue",),
    "Eyes": ("helper-l-eye", "helper-r-eye"),
    "Lashes": tuple(f"helper-{side}-eyelashes-{row}" for side in "lr" for row in "12"),
}
"""Mesh of the character -> groups of the base mesh."""


@dataclass(frozen=True)
class MakeHuman:
    """The base mesh and its targets; metres, x to the subject's left, y up, z out of the face.

    Attributes:
        vertices: Of body and helpers (19158, 3).
        polygons: Group -> its polygons.
        targets: Name -> indices of the vertices that move, and by how much (K, 3). ARKit's 52 and 15 visemes.
    """

    vertices: np.ndarray
    polygons: dict[str, list[tuple[int, ...]]]
    targets: dict[str, tuple[np.ndarray, np.ndarray]]

    def indices(self, *groups: str) -> np.ndarray:
        """Vertices that groups' polygons use, sorted."""
        return np.unique([vertex for group in groups for polygon in self.polygons[group] for vertex in polygon])

    def joint(self, name: str) -> np.ndarray:
        """Centre of a joint's cube (3,), e.g. of ``head``, ``neck``, ``jaw``, ``l-eye``."""
        return self.vertices[self.indices(f"joint-{name}")].mean(axis=0)

    def offsets(self, target: str) -> np.ndarray:
        """A target's offsets of all vertices (19158, 3)."""
        dense = np.zeros_like(self.vertices)
        index, delta = self.targets[target]
        dense[index] = delta
        return dense


@lru_cache(maxsize=1)
def read_makehuman() -> MakeHuman:
    """Read the mesh and its targets."""
    vertices, polygons, group = [], {}, ""
    for line in _BASE.read_text("utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(each) for each in rest.split()])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = tuple(int(corner.split("/")[0]) - 1 for corner in rest.split())
            # Some of the mesh's quads end where they begin: triangles.
            polygons.setdefault(group, []).append(tuple(dict.fromkeys(corners)))
    targets = {}
    with zipfile.ZipFile(_TARGETS) as archive:
        for name in archive.namelist():
            if name.endswith(".target") and not name.startswith("__"):
                lines = [line.split() for line in archive.read(name).decode().splitlines() if line[:1] not in ("#", "")]
                index = np.array([int(line[0]) for line in lines], dtype=np.int64)
                delta = np.array([line[1:4] for line in lines], dtype=np.float64).reshape(-1, 3)
                targets[Path(name).stem] = index, delta * UNIT
    return MakeHuman(np.array(vertices) * UNIT, polygons, targets)


@dataclass(frozen=True)
class Character:
    """The character in Blender.

    Attributes:
        meshes: Name of `PARTS` -> object; ``Body`` and whichever were asked for.
        index: Same names -> which of the base mesh's vertices each has, in its order.
        armature: Object with the bones ``root``, ``neck``, ``head`` and, if asked for, ``jaw``, ``eye.L``, ``eye.R``.
    """

    meshes: dict[str, Any]
    index: dict[str, np.ndarray]
    armature: Any


def blender_axes(points: np.ndarray) -> np.ndarray:
    """Points (N, 3) of `MakeHuman` in Blender: z up, the face along -y."""
    return points @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float64)


def make_character(
    *,
    name: str = "Character",
    spelling: Any = str,
    visemes: bool = False,
    parts: tuple[str, ...] = tuple(PARTS),
    face_bones: bool = False,
) -> Character:
    """Build the character: a mesh per part with the keys that move it, on an armature.

    Args:
        name: Before the objects' names.
        spelling: Key of a target's name, e.g. ``lambda name: f"!ex-{name}"``.
        visemes: Whether the 15 visemes become keys, too.
        parts: Of `PARTS`; the body is always there.
        face_bones: Whether the armature turns jaw and eyes as well, so that both bones and keys move them.
    """
    import bpy

    head = read_makehuman()
    armature = _make_armature(name, head, face_bones)
    names = [each for each in head.targets if visemes or not each.startswith("viseme")]
    meshes, index = {}, {}
    for part in dict.fromkeys(("Body", *parts)):
        index[part] = head.indices(*PARTS[part])
        polygons = [polygon for group in PARTS[part] for polygon in head.polygons[group]]
        mesh = bpy.data.meshes.new(f"{name} {part}")
        position = blender_axes(head.vertices[index[part]])
        mesh.from_pydata(position.tolist(), [], [np.searchsorted(index[part], each).tolist() for each in polygons])
        meshes[part] = bpy.data.objects.new(f"{name} {part}", mesh)
        bpy.context.scene.collection.objects.link(meshes[part])
        _add_keys(meshes[part], {spelling(each): blender_axes(head.offsets(each)[index[part]]) for each in names})
        _bind(meshes[part], armature, head, index[part], face_bones)
    bpy.context.view_layer.update()
    return Character(meshes, index, armature)


def _add_keys(thing: Any, offsets: dict[str, np.ndarray]) -> None:
    """Give an object a key for each offset that moves it."""
    moving = {name: offset for name, offset in offsets.items() if np.abs(offset).max() > 0}
    if not moving:
        return
    basis = thing.shape_key_add(name="Basis", from_mix=False)
    rest = np.empty(len(thing.data.vertices) * 3, dtype=np.float32)
    basis.points.foreach_get("co", rest)
    for name, offset in moving.items():
        block = thing.shape_key_add(name=name, from_mix=False)
        block.points.foreach_set("co", rest + offset.astype(np.float32).ravel())
        block.value = 0.0  # Newer versions add keys at 1.


def _make_armature(name: str, head: MakeHuman, face_bones: bool) -> Any:
    import bpy

    armature = bpy.data.objects.new(f"{name} Rig", bpy.data.armatures.new(f"{name} Rig"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    up, forth = np.array([0, 0.05, 0]), np.array([0, 0, 0.05])
    bones = {
        "root": (None, head.joint("spine-1"), up),
        "neck": ("root", head.joint("neck"), head.joint("head") - head.joint("neck")),
        "head": ("neck", head.joint("head"), head.joint("head-2") - head.joint("head")),
    }
    if face_bones:
        bones["jaw"] = ("head", head.joint("jaw"), head.joint("mouth") - head.joint("jaw"))
        bones |= {f"eye.{side}": ("head", head.joint(f"{side.lower()}-eye"), forth) for side in "LR"}
    for bone, (parent, joint, direction) in bones.items():
        made = armature.data.edit_bones.new(bone)
        made.head, made.tail = blender_axes(np.array([joint, joint + direction]))
        made.parent = armature.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def _bind(thing: Any, armature: Any, head: MakeHuman, index: np.ndarray, face_bones: bool) -> None:
    """Weigh an object's vertices rigidly: below the neck to the root, else to the head or to the face's bones."""
    owner = np.where(head.vertices[index][:, 1] < head.joint("neck")[1], "root", "head").astype(object)
    if face_bones:
        owner[np.isin(index, head.indices("helper-lower-teeth", "helper-tongue"))] = "jaw"
        owner[np.isin(index, head.indices("helper-l-eye"))] = "eye.L"
        owner[np.isin(index, head.indices("helper-r-eye"))] = "eye.R"
    for bone in dict.fromkeys(owner):
        thing.vertex_groups.new(name=bone).add(np.flatnonzero(owner == bone).tolist(), 1.0, "REPLACE")
    thing.parent = armature
    thing.modifiers.new("Armature", "ARMATURE").object = armature
