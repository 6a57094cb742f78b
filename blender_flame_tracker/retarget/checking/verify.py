"""Reading back of a character after a performance was written: what moved, how far, what did not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..writing.face_axes import key_offsets
from ..writing.plan import Plan, Planned
from .causes import HIDDEN, MUTED, cause_of, is_muted

Array = NDArray[np.float64]

STILL: Final = 0.1
"""Millimetres: what moves less does not move, as far as anybody can tell."""
_STILL_ANGLE: Final = np.radians(0.1)
_OTHERWISE: Final = np.radians(1.0)
_SEEN: Final = 5e-3
"""Change of a number of a bone that turns or moves it by more than the still ones above."""
_SAME: Final = 1e-4
"""Difference of a value as Blender evaluates it from the one that was written: single precision, and then some."""


@dataclass(frozen=True)
class Moved:
    """How far one mesh or bone moves.

    Attributes:
        name: Of the mesh, or of the bone.
        distance: Of a mesh, how far its keys move a vertex at the frame of greatest motion, mm; of a bone, its turn in
            degrees, or its way in mm, from the calmest frame to that one.
        unit: ``mm`` or ``°``.
    """

    name: str
    distance: float
    unit: str

    def __str__(self) -> str:
        unit = self.unit if self.unit == "°" else f" {self.unit}"
        return f"{self.name} {self.distance:.1f}{unit}"


@dataclass(frozen=True)
class Reading:
    """What the evaluated character does.

    Attributes:
        frame: Of greatest motion, where the scene stands now.
        moved: Meshes and bones that move.
        still: What does not although it should, with why.
    """

    frame: int
    moved: tuple[Moved, ...]
    still: tuple[tuple[str, str], ...]


def read_back(scene: bpy.types.Scene, written: Sequence[Planned], plan: Plan) -> Reading:
    """Go to the frame of greatest motion, and return what the character does there.

    Args:
        scene: Is left at the frame of greatest motion.
        written: What was written.
        plan: Of which it is a part.
    """
    activity = activity_of(written, plan.frame)
    peak, calm = int(plan.frame[int(np.argmax(activity))]), int(plan.frame[int(np.argmin(activity))])
    scene.frame_set(calm)
    before, wrong = _bones(written), _wrong_values(written, calm)
    scene.frame_set(peak)
    wrong += _wrong_values(written, peak)
    moved: list[Moved] = []
    # One line says enough of all that is hidden.
    still = [(each.thing.name if cause == HIDDEN else each.label, cause) for each, cause in wrong]
    scale = 1000 * (scene.unit_settings.scale_length if scene.unit_settings.system != "NONE" else 1.0)
    # What is said of a channel needs not be said of its mesh again.
    _read_meshes(written, peak, scale, {each.thing.name for each, _ in wrong}, moved, still)
    _compare_bones(before, _bones(written), written, (calm, peak), scale, moved, still)
    return Reading(peak, tuple(moved), tuple(dict.fromkeys(still)))


def activity_of(written: Sequence[Planned], frame: Array) -> Array:
    """Return how much goes on at each frame (K,): the sum of all values' distances from rest."""
    total = np.zeros(len(frame))
    for each in written:
        is_axis = each.channel.path.endswith("rotation_axis_angle") and each.channel.index > 0
        if len(each.channel.frame) == len(frame) and not is_axis:  # The axis of no turn is any.
            total += np.abs(np.asarray(each.channel.value) - each.rest)
    return total


def _bones(written: Sequence[Planned]) -> dict[tuple[str, str], Array]:
    """Matrices (4, 4) of the bones in their parents, as they are evaluated, by armature and bone."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    bones = {}
    for each in written:
        if each.bone:
            evaluated: Any = each.thing.evaluated_get(depsgraph)
            bone = evaluated.pose.bones[each.bone]
            # Within its parent: an eye turns with the head anyway.
            matrix = bone.matrix if bone.parent is None else bone.parent.matrix.inverted_safe() @ bone.matrix
            bones[each.thing.name, each.bone] = np.array(matrix, dtype=np.float64)
    return bones


def _read_meshes(
    written: Sequence[Planned],
    frame: int,
    to_millimetres: float,
    said: set[str],
    moved: list[Moved],
    still: list[tuple[str, str]],
) -> None:
    """Compare each mesh as it is drawn with itself without its keys, on the current frame."""
    things = list({each.thing.name: each.thing for each in written if each.kind == "shape"}.values())
    shown = _points_of(things)
    with _without_keys(things):
        bare = _points_of(things)
    for thing in things:
        one, other = bare.get(thing.name), shown.get(thing.name)
        if one is None or other is None:
            still.append((thing.name, HIDDEN))
            continue
        if len(one) != len(other):
            continue  # A modifier makes another mesh of every shape: it moves.
        distance = to_millimetres * float(np.linalg.norm(other - one, axis=1).max(initial=0.0))
        if distance > STILL:
            moved.append(Moved(thing.name, distance, "mm"))
        elif thing.name not in said and to_millimetres * _expected(written, thing, frame) > STILL:
            still.append((thing.name, cause_of(thing, None)))


@contextlib.contextmanager
def _without_keys(things: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Let meshes show their basis alone, and then what they showed before."""
    before = [(thing, thing.show_only_shape_key, thing.active_shape_key_index) for thing in things]
    for thing in things:
        thing.active_shape_key_index, thing.show_only_shape_key = 0, True
    bpy.context.view_layer.update()
    try:
        yield
    finally:
        for thing, alone, index in before:
            thing.show_only_shape_key, thing.active_shape_key_index = alone, index
        bpy.context.view_layer.update()


def _points_of(things: Sequence[bpy.types.Object]) -> dict[str, Array]:
    """Vertices (V, 3) of meshes in the world as they are drawn, by name; without those that Blender does not draw."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    objects: Any = depsgraph.objects
    drawn = {each.original.name for each in objects}
    found = {}
    for thing in things:
        if thing.name not in drawn:
            continue
        evaluated: Any = thing.evaluated_get(depsgraph)
        mesh = evaluated.to_mesh()
        points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", points)
        evaluated.to_mesh_clear()
        world = np.array(evaluated.matrix_world, dtype=np.float64)
        found[thing.name] = points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    return found


def _expected(written: Sequence[Planned], thing: bpy.types.Object, frame: int) -> float:
    """Farthest that the keys of a mesh should move a vertex on a frame, in units of the world."""
    mesh: Any = thing.data
    total = np.zeros((len(mesh.vertices), 3))
    for each in written:
        if each.thing != thing or each.kind != "shape" or _value_at(each, frame) == 0:
            continue
        offsets = key_offsets(thing, each.key)
        if offsets is not None:
            total += _value_at(each, frame) * offsets
    world = np.array(thing.matrix_world, dtype=np.float64)[:3, :3]
    return float(np.linalg.norm(total @ world.T, axis=1).max(initial=0.0))


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
        if any(each.kind == "joint" for each in of_bone) and _is_turned_elsewhere(of_bone[0], other):
            still.append((of_bone[0].label, cause_of(of_bone[0].thing, of_bone[0])))
            continue
        wanted = any(abs(_value_at(each, frames[1]) - _value_at(each, frames[0])) > _SEEN for each in of_bone)
        if turn > _STILL_ANGLE:
            moved.append(Moved(bone, float(np.degrees(turn)), "°"))
        elif way > STILL:
            moved.append(Moved(bone, way, "mm"))
        elif wanted and of_bone[0].label not in labels and not _is_number(of_bone):
            still.append((of_bone[0].label, cause_of(of_bone[0].thing, of_bone[0])))


def _is_turned_elsewhere(planned: Planned, shown: Array) -> bool:
    """Whether a constraint turns a bone otherwise than its keys, by more than a degree.

    Args:
        planned: A channel of it.
        shown: Its matrix (4, 4) in its parent, as it is evaluated.
    """
    pose: Any = planned.thing.pose
    bone = pose.bones[planned.bone]
    if not bone.constraints or bone.bone.inherit_scale != "FULL" or not bone.bone.use_inherit_rotation:
        return False
    rest = bone.bone.matrix_local
    if bone.parent is not None:
        rest = bone.parent.bone.matrix_local.inverted_safe() @ rest
    keyed = _unscaled(np.array(rest @ bone.matrix_basis, dtype=np.float64))
    return bool((np.trace(keyed.T @ _unscaled(shown)) - 1) / 2 < np.cos(_OTHERWISE))


def _is_number(planned: Sequence[Planned]) -> bool:
    """Whether only custom properties of a bone are written, which do not move the bone itself."""
    return all(each.channel.path.endswith('"]') for each in planned)


def _unscaled(matrix: Array) -> Array:
    return matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
