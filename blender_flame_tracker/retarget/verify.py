"""Reading back of a character after a performance was written: what moved, how far, what did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .causes import MUTED, cause_of, is_muted
from .face_axes import key_offsets
from .plan import Plan, Planned

Array = NDArray[np.float64]

STILL: Final = 0.1
"""Millimetres: what moves less does not move, as far as anybody can tell."""
_STILL_ANGLE: Final = np.radians(0.1)
_SEEN: Final = 5e-3
"""Change of a number of a bone that turns or moves it by more than the still ones above."""
_SAME: Final = 1e-4
"""Difference of a value as Blender evaluates it from the one that was written: single precision, and then some."""


@dataclass(frozen=True)
class Moved:
    """How far one mesh or bone moved between the calmest frame and that of greatest motion.

    Attributes:
        name: Of the mesh, or of the bone.
        distance: Of a mesh, what its shape changes, mm; of a bone, its turn in degrees or its way in mm.
        unit: ``mm`` or ``°``.
    """

    name: str
    distance: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name} {self.distance:.1f} {self.unit}"


@dataclass(frozen=True)
class Reading:
    """What the evaluated character does.

    Attributes:
        frame: Of greatest motion, where the scene stands now.
        calm: Frame with which it was compared.
        moved: Meshes and bones that move.
        still: What does not although it should, with why.
    """

    frame: int
    calm: int
    moved: tuple[Moved, ...]
    still: tuple[tuple[str, str], ...]


def read_back(scene: bpy.types.Scene, written: Sequence[Planned], plan: Plan) -> Reading:
    """Go to the frame of greatest motion, and return how the character there differs from its calmest frame.

    Args:
        scene: Is left at the frame of greatest motion.
        written: What was written.
        plan: Of which it is a part.
    """
    activity = activity_of(written, plan.frame)
    peak, calm = int(plan.frame[int(np.argmax(activity))]), int(plan.frame[int(np.argmin(activity))])
    scene.frame_set(calm)
    before, wrong = _state(written), _wrong_values(written, calm)
    scene.frame_set(peak)
    after = _state(written)
    moved: list[Moved] = []
    still = [(each.label, cause) for each, cause in (*wrong, *_wrong_values(written, peak))]
    # What is said of a channel needs not be said of its mesh again.
    named = {each.thing.name for each in written if each.label in dict(still)}
    scale = scene.unit_settings.scale_length if scene.unit_settings.system != "NONE" else 1.0
    for name, one in before.meshes.items():
        other = after.meshes.get(name)
        if other is None or len(one) != len(other):
            still.append((name, "it has another number of vertices on each frame and can't be compared"))
            continue
        distance = 1000 * scale * shape_change(one, other)
        expected = 1000 * scale * _expected(written, name, calm, peak)
        if distance > STILL:
            moved.append(Moved(name, distance, "mm"))
        elif expected > STILL and name not in named:
            still.append((name, cause_of(bpy.data.objects[name], None)))
    for name in dict.fromkeys(each.thing.name for each in written if each.kind == "shape"):
        if name not in before.meshes:
            still.append((name, "it is hidden or its collection is switched off, so Blender does not evaluate it"))
    _compare_bones(before.bones, after.bones, written, (calm, peak), 1000 * scale, moved, still)
    return Reading(peak, calm, tuple(moved), tuple(dict.fromkeys(still)))


def activity_of(written: Sequence[Planned], frame: Array) -> Array:
    """Return how much goes on at each frame (K,): the sum of all values' distances from rest."""
    total = np.zeros(len(frame))
    for each in written:
        if len(each.channel.frame) == len(frame):
            total += np.abs(np.asarray(each.channel.value) - each.rest)
    return total


@dataclass(frozen=True)
class _State:
    """Vertices (V, 3) of meshes in the world, and matrices (4, 4) of bones in their parents, on one frame."""

    meshes: dict[str, Array]
    bones: dict[tuple[str, str], Array]


def _state(written: Sequence[Planned]) -> _State:
    depsgraph = bpy.context.evaluated_depsgraph_get()
    meshes = {}
    for thing in {each.thing.name: each.thing for each in written if each.kind == "shape"}.values():
        points = evaluated_points(thing, depsgraph)
        if points is not None:
            meshes[thing.name] = points
    bones = {}
    for each in written:
        if each.bone:
            evaluated: Any = each.thing.evaluated_get(depsgraph)
            bone = evaluated.pose.bones[each.bone]
            # Within its parent: an eye turns with the head anyway.
            matrix = bone.matrix if bone.parent is None else bone.parent.matrix.inverted_safe() @ bone.matrix
            bones[each.thing.name, each.bone] = np.array(matrix, dtype=np.float64)
    return _State(meshes, bones)


def evaluated_points(thing: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Array | None:
    """Return the vertices (V, 3) of a mesh in the world as they are drawn; None where Blender does not evaluate it."""
    if not any(each.original == thing for each in depsgraph.objects):
        return None
    evaluated: Any = thing.evaluated_get(depsgraph)
    mesh = evaluated.to_mesh()
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    evaluated.to_mesh_clear()
    world = np.array(evaluated.matrix_world, dtype=np.float64)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def shape_change(one: Array, other: Array) -> float:
    """Return the farthest that a vertex moves (V, 3) besides the rigid motion of the whole, which is the head's."""
    if len(one) < 4:
        return float(np.linalg.norm(other - one, axis=1).max(initial=0.0))
    weight, rest = np.ones(len(one)), np.zeros(len(one))
    # Again: the part that changes its shape counts less in what is the motion of the whole.
    for _ in range(3):
        middle, target = np.average(one, axis=0, weights=weight), np.average(other, axis=0, weights=weight)
        u, _, v = np.linalg.svd(((one - middle) * weight[:, None]).T @ (other - target))
        turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))]) @ v
        rest = np.linalg.norm((one - middle) @ turn + target - other, axis=1)
        weight = 1 / (rest + 1e-6 + 0.05 * rest.max(initial=0.0))
    return float(rest.max())


def _expected(written: Sequence[Planned], name: str, calm: int, peak: int) -> float:
    """Farthest that the keys of a mesh should move a vertex between two frames, in units of the world."""
    thing = bpy.data.objects[name]
    total: Any = 0.0
    for each in written:
        if each.thing != thing or each.kind != "shape":
            continue
        offsets = key_offsets(thing, each.channel.path.split('"', 1)[1].rsplit('"', 1)[0])
        change = _value_at(each, peak) - _value_at(each, calm)
        if offsets is not None and abs(change) > 0:
            total = total + change * offsets
    if isinstance(total, float):
        return 0.0
    world = np.array(thing.matrix_world, dtype=np.float64)[:3, :3]
    return float(np.linalg.norm(total @ world.T, axis=1).max())


def _value_at(planned: Planned, frame: float) -> float:
    return float(np.interp(frame, planned.channel.frame, planned.channel.value))


def _wrong_values(written: Sequence[Planned], frame: int) -> list[tuple[Planned, str]]:
    """Channels whose value on this frame is not the one that was written, or does nothing, with why."""
    wrong = []
    for each in written:
        value = _evaluated_value(each)
        expected = _value_at(each, frame)
        if value is None or abs(value - expected) > _SAME * max(1.0, abs(expected)):
            wrong.append((each, cause_of(each.thing, each)))
        elif abs(expected) > _SEEN and is_muted(each):
            wrong.append((each, MUTED))
    return wrong


def _evaluated_value(planned: Planned) -> float | None:
    try:
        value: Any = planned.owner.path_resolve(planned.channel.path)
    except ValueError:
        return None
    return float(value[planned.channel.index] if hasattr(value, "__len__") else value)


def _compare_bones(
    before: dict[tuple[str, str], Array],
    after: dict[tuple[str, str], Array],
    written: Sequence[Planned],
    frames: tuple[int, int],
    to_millimetres: float,
    moved: list[Moved],
    still: list[tuple[str, str]],
) -> None:
    labels = {name for name, _ in still}
    for (armature, bone), one in before.items():
        of_bone = [each for each in written if each.thing.name == armature and each.bone == bone]
        other = after[armature, bone]
        turn = float(np.arccos(np.clip((np.trace(_unscaled(one).T @ _unscaled(other)) - 1) / 2, -1, 1)))
        world = np.array(bpy.data.objects[armature].matrix_world, dtype=np.float64)[:3, :3]
        way = to_millimetres * float(np.linalg.norm(world @ (other[:3, 3] - one[:3, 3])))
        wanted = any(abs(_value_at(each, frames[1]) - _value_at(each, frames[0])) > _SEEN for each in of_bone)
        if turn > _STILL_ANGLE:
            moved.append(Moved(bone, float(np.degrees(turn)), "°"))
        elif way > STILL:
            moved.append(Moved(bone, way, "mm"))
        elif wanted and of_bone[0].label not in labels and not _is_number(of_bone):
            still.append((of_bone[0].label, cause_of(of_bone[0].thing, of_bone[0])))


def _is_number(planned: Sequence[Planned]) -> bool:
    """Whether only custom properties of a bone are written, which do not move the bone itself."""
    return all(each.channel.path.endswith('"]') for each in planned)


def _unscaled(matrix: Array) -> Array:
    return matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
