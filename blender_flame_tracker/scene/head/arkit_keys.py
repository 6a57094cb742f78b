"""Meshes of a head taken together for the transfer of ARKit's shapes, and the shape keys that they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ....backend.contract.arrays import Array, Floats, Integers
from ....backend.contract.failure import Failure
from ....backend.contract.performance.channels import CHANNELS

AXES: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From Blender's world (z up, the face along -y) to the axes of heads (y up, the face along z)."""
_STILL: Final = 2e-5
"""Part of the head's size that a key must move something by, or the mesh does not get it."""


@dataclass(frozen=True)
class Gathered:
    """Meshes of a head as one. V vertices of all of them.

    Attributes:
        objects: The meshes, the one with the face first.
        first: First vertex of each, and the number of all (N + 1,).
        vertices: At rest in the axes of heads (V, 3), in the world's unit.
        faces: Triangles (F, 3).
    """

    objects: tuple[Any, ...]
    first: Integers
    vertices: Floats
    faces: Integers


def mesh_problem(thing: Any) -> Failure | None:
    """Return why an object cannot get shape keys, or None."""
    name = f"'{thing.name}'"
    if thing.data.library is not None or thing.library is not None or thing.data.override_library is not None:
        return Failure(
            "mesh-linked",
            f"{name} is linked from another file, so it cannot get shape keys.",
            "Make it local, or open the file that it comes from.",
        )
    keys = thing.data.shape_keys
    if keys is not None and not keys.use_relative:
        return Failure(
            "keys-absolute",
            f"The shape keys of {name} are absolute.",
            "Turn on Relative in its shape keys first.",
        )
    if len(thing.data.vertices) == 0:
        return Failure("mesh-empty", f"{name} has no vertices.", "Leave it out of the selection.")
    return None


def gathered(objects: Sequence[Any]) -> Gathered | Failure:
    """Return meshes as one, without what deforms them, or why they cannot be taken."""
    vertices, faces, first = [], [], [0]
    for thing in objects:
        problem = mesh_problem(thing)
        if problem is not None:
            return problem
        matrix = np.array(thing.matrix_world, np.float64)
        own = rest_of(thing).astype(np.float64)
        vertices.append((own @ matrix[:3, :3].T + matrix[:3, 3]) @ AXES.T)
        thing.data.calc_loop_triangles()
        triangles = np.empty(3 * len(thing.data.loop_triangles), np.int32)
        thing.data.loop_triangles.foreach_get("vertices", triangles)
        turned = triangles.reshape(-1, 3).astype(np.int64) + first[-1]
        faces.append(turned[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else turned)
        first.append(first[-1] + len(own))
    return Gathered(tuple(objects), np.array(first), np.concatenate(vertices), np.concatenate(faces))


def rest_of(thing: Any) -> Array:
    """Return the positions at rest (V, 3) of a mesh: those of its reference key, if it has keys."""
    source = thing.data.vertices if thing.data.shape_keys is None else thing.data.shape_keys.reference_key.points
    rest = np.empty(3 * len(source), np.float32)
    source.foreach_get("co", rest)
    return rest.reshape(-1, 3)


def write_keys(meshes: Gathered, displacements: Array, *, replace: bool) -> tuple[dict[str, int], tuple[str, ...]]:
    """Give meshes ARKit's shapes as relative keys at value 0.

    The first mesh gets every channel that moves anything, the others those that move them; other keys stay as they are.

    Args:
        meshes: As they were gathered.
        displacements: (V, 3, 52) in the axes of heads and the world's unit.
        replace: Whether keys of ARKit's names that are there already get the new shape; they stay otherwise.

    Returns:
        Name of a mesh -> number of keys that it got, and the channels that were left as they were.
    """
    length = np.linalg.norm(displacements, axis=1)
    least = _STILL * float(np.ptp(meshes.vertices[: meshes.first[1]], axis=0).max())
    anywhere = length.max(axis=0) > least
    counts: dict[str, int] = {}
    left: list[str] = []
    for index, thing in enumerate(meshes.objects):
        part = slice(meshes.first[index], meshes.first[index + 1])
        moves = anywhere if index == 0 else length[part].max(axis=0) > least
        inverse = np.linalg.inv(np.array(thing.matrix_world, np.float64)[:3, :3])
        for channel in np.flatnonzero(moves):
            name = CHANNELS[channel]
            own = displacements[part, :, channel] @ AXES @ inverse.T
            if _write_key(thing, name, own, replace=replace):
                counts[thing.name] = counts.get(thing.name, 0) + 1
            elif name not in left:
                left.append(name)
        thing.data.update()
    return counts, tuple(left)


def _write_key(thing: Any, name: str, displacement: Array, *, replace: bool) -> bool:
    """Make or replace one key; return whether it was written."""
    if thing.data.shape_keys is None:
        thing.shape_key_add(name="Basis", from_mix=False)
    keys: Any = thing.data.shape_keys
    block = keys.key_blocks.get(name)
    if block is not None and not replace:
        return False
    if block is None:
        block = thing.shape_key_add(name=name, from_mix=False)
    block.relative_key = keys.reference_key
    block.slider_min, block.slider_max = 0.0, 1.0
    block.value = 0.0  # newer versions add keys at 1
    moved = rest_of(thing) + displacement.astype(np.float32)
    block.points.foreach_set("co", np.ascontiguousarray(moved, np.float32).ravel())
    return True
