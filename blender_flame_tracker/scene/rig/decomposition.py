"""Decomposition of a track into what a rig has: named shapes with values, correctives, and what each bone does.

FLAME's skinning, backwards: shapes and correctives are added to the head at rest, then every vertex follows its bones
by weight. Two things are not in a track and are found from its vertices by least squares, exact but for rounding: how
the joints move with the expression (they become small locations of bones), and the shape of the eyelids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import rotation_matrices
from ....backend.contract.track import Track
from . import bones
from .bones import Array, Rest

_CHUNK: Final = 32
"""Frames at once."""
_STILL: Final = 1e-6
"""Metres below which a bone does not move: rounding of the track's vertices."""
_ROUNDS: Final = 12
"""At most, in which lids and joints are told apart; each takes the more of the rest the smaller the lids are."""
_SETTLED: Final = 1e-6
"""Metres by which the lids change in the last round."""
_TELLING: Final = 64
"""Frames that are enough to find the shape of lids."""
LIDS: Final = ("Eyelid Left", "Eyelid Right")
LARGEST_VALUE: Final = 10.0
"""Of a shape key, by Blender's own limits of its slider."""


@dataclass(frozen=True)
class Animation:
    """What a rig does on K frames, M shapes and 6 bones.

    Attributes:
        values: Of the shapes (K, M).
        rotations: Of each bone against its parent, in head axes (K, 6, 3, 3).
        translations: Of each bone's start against its parent, in head axes and metres (K, 6, 3).
    """

    values: Array
    rotations: Array
    translations: Array

    def __len__(self) -> int:
        return len(self.values)

    def at(self, rows: slice | NDArray[np.int64]) -> Animation:
        """Return some frames of it."""
        return Animation(self.values[rows], self.rotations[rows], self.translations[rows])


@dataclass(frozen=True)
class RigShape:
    """A head that can be posed; in head axes and metres.

    Attributes:
        neutral: The person at rest (V, 3).
        names: Of the shapes (M).
        shapes: What a value of 1 adds (M, V, 3).
        correctives: What each entry of R - 1 of Head, Jaw and eyes adds, row by row (36, V, 3).
        bones: At rest.
        weights: How far each vertex follows each bone (V, 6).
    """

    neutral: Array
    names: tuple[str, ...]
    shapes: NDArray[np.float32]
    correctives: NDArray[np.float32]
    bones: tuple[Rest, ...]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Decomposition:
    """A track as a rig, and how far that is from the track's own vertices at most, in metres."""

    shape: RigShape
    animation: Animation
    deviation: float


def decompose(track: Track, rows: NDArray[np.int64]) -> Decomposition:
    """Return rows of a track (K,) as a rig."""
    neutral = np.asarray(track.neutral_vertices, dtype=np.float64)
    joints, weights = np.asarray(track.joints), np.asarray(track.skinning_weights)
    rest = bones.rest_bones(neutral, joints, weights)
    shapes, names, values = _expression(track, rows)
    correctives = np.ascontiguousarray(np.asarray(track.pose_correctives).transpose(2, 0, 1))
    shape = RigShape(neutral, names, shapes, correctives, rest, bones.bone_weights(neutral, joints, weights))
    rotations = _joint_rotations(track, rows)
    lids = np.asarray(track.eyelids, dtype=np.float64)[rows]
    shape, values = _with_lids(shape, values, lids)
    torso = track.neck_turns_torso

    def moving(shape: RigShape, part: NDArray[np.int64]) -> Animation:
        """What the bones do in some of the frames, with the joints' own motion as the track's vertices tell it."""
        some, turns = values[part], rotations[part]
        still = _animation(shape, some, turns, torso, joints, np.zeros((len(part), 4, 3)))
        return _animation(shape, some, turns, torso, joints, _joint_motion(track, rows[part], shape, still))

    telling = _telling_frames(lids)
    for _ in range(_ROUNDS if lids.any() else 0):
        before = shape
        shape = _lids_improved(track, rows[telling], shape, moving(shape, telling), lids[telling])
        if np.abs(shape.shapes[-2:] - before.shapes[-2:]).max() < _SETTLED:
            break
    animation = moving(shape, np.arange(len(rows)))
    shape, animation = _within_sliders(shape, animation)
    return Decomposition(shape, animation, _deviation(track, rows, shape, animation))


def readable_name(name: str, index: int) -> str:
    """Return the name of an expression mode as an animator reads it; ARKit's stay as they are."""
    return f"Expression {index + 1:02d}" if re.fullmatch(r"expression_\d+", name) else name


def posed(shape: RigShape, animation: Animation) -> NDArray[np.float32]:
    """Return the vertices of a rig (K, V, 3), in head axes."""
    result = np.empty((len(animation), *shape.neutral.shape), dtype=np.float32)
    for start in range(0, len(animation), _CHUNK):
        part = animation.at(slice(start, start + _CHUNK))
        shaped = _shaped(shape, part)
        turned, moved = _bone_transforms(shape, part)
        result[start : start + _CHUNK] = _skinned(shaped, turned, moved, shape.weights)
    return result


def largest_distance(shape: RigShape, one: Animation, other: Animation) -> float:
    """Return by how many metres some vertex is apart on the worst frame of two animations of a rig."""
    largest = 0.0
    for start in range(0, len(one), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = posed(shape, one.at(part)) - posed(shape, other.at(part))
        largest = max(largest, float(np.sqrt((apart.astype(np.float64) ** 2).sum(axis=-1).max())))
    return largest


def pose_features(rotations: Array) -> Array:
    """Return R - 1 of Head, Jaw and eyes (K, 36), row by row, of the turns of all bones (K, 6, 3, 3)."""
    return (rotations[:, 2:] - np.eye(3)).reshape(len(rotations), -1)


def _expression(track: Track, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], tuple[str, ...], Array]:
    """Shapes (E, V, 3), names and values (K, E) of the expression."""
    shapes = np.ascontiguousarray(np.asarray(track.expression_basis, dtype=np.float32).transpose(2, 0, 1))
    given = tuple(track.header.get("expression_names") or ())
    names = [given[index] if index < len(given) else f"expression_{index:03d}" for index in range(len(shapes))]
    readable = tuple(readable_name(name, index) for index, name in enumerate(names))
    return shapes, readable, np.asarray(track.expression, dtype=np.float64)[rows]


def _joint_rotations(track: Track, rows: NDArray[np.int64]) -> Array:
    """Rotations of neck, jaw, left and right eye (K, 4, 3, 3)."""
    poses = (track.neck_pose, track.jaw_pose, track.left_eye_pose, track.right_eye_pose)
    angles = np.stack([np.asarray(pose, dtype=np.float64)[rows] for pose in poses], axis=1)
    return np.asarray(rotation_matrices(angles), dtype=np.float64)


def _animation(shape: RigShape, values: Array, rotations: Array, torso: bool, joints: Array, moved: Array) -> Animation:
    """What the bones do.

    Args:
        shape: Of the rig.
        values: Of the shapes (K, M).
        rotations: Of neck, jaw, left and right eye (K, 4, 3, 3).
        torso: Whether head space goes with the head, and the neck turns what is below it.
        joints: At rest (5, 3).
        moved: How far the joints move beside that: neck (or what is below it), jaw, eyes (K, 4, 3).
    """
    count = len(values)
    turns, shifts = np.tile(np.eye(3), (count, 6, 1, 1)), np.zeros((count, 6, 3))
    turns[:, 2:], shifts[:, 3:] = rotations, moved[:, 1:]
    if torso:
        back = np.swapaxes(rotations[:, 0], 1, 2)
        from_pivot = shape.bones[0].start - joints[1]
        turns[:, 0] = back
        shifts[:, 0] = back @ from_pivot - from_pivot + moved[:, 0]
        shifts[:, 2] = -np.einsum("kij,kj->ki", rotations[:, 0], moved[:, 0])
    else:
        shifts[:, 2] = moved[:, 0]
    return Animation(values, turns, shifts)


def _joint_motion(track: Track, rows: NDArray[np.int64], shape: RigShape, animation: Animation) -> Array:
    """Least squares: how far the track's joints move beside turning (K, 4, 3): neck or what is below it, jaw, eyes."""
    weights = shape.weights.astype(np.float64)
    # What moves with the neck's joint is either all above it, or, seen from the head, all below.
    moving = weights[:, :2].sum(axis=1) if track.neck_turns_torso else weights[:, 2:].sum(axis=1)
    columns = np.stack([moving, *weights[:, 3:].T], axis=1)
    inverse = np.linalg.pinv(columns)
    motion = np.empty((len(rows), 4, 3))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        rest = np.asarray(track.vertices[rows[part]], dtype=np.float64) - posed(shape, animation.at(part))
        motion[part] = np.einsum("cv,kvi->kci", inverse, rest)
    head = _bone_transforms(shape, animation)[0][:, 2]
    motion[:, 1:] = np.einsum("kji,kcj->kci", head, motion[:, 1:])
    motion[:, np.abs(motion).max(axis=(0, 2)) < _STILL] = 0.0
    return motion


def _with_lids(shape: RigShape, values: Array, lids: Array) -> tuple[RigShape, Array]:
    """Rig and values with two shapes more, still flat, where the track closes its eyes by lids of their own."""
    if not lids.any():
        return shape, values
    flat = np.zeros((2, *shape.neutral.shape), dtype=np.float32)
    grown = RigShape(
        shape.neutral,
        (*shape.names, *LIDS),
        np.concatenate([shape.shapes, flat]),
        shape.correctives,
        shape.bones,
        shape.weights,
    )
    return grown, np.concatenate([values, lids], axis=1)


def _telling_frames(lids: Array) -> NDArray[np.int64]:
    """Frames that tell what the lids (K, 2) look like: from wide open to shut, where there are more than enough."""
    order = np.argsort(lids.sum(axis=1), kind="stable")
    return np.sort(order[np.unique(np.linspace(0, len(lids) - 1, min(len(lids), _TELLING)).round().astype(np.int64))])


def _lids_improved(
    track: Track, rows: NDArray[np.int64], shape: RigShape, animation: Animation, lids: Array
) -> RigShape:
    """Rig whose lids explain what is left of the track's vertices; each lid is on its own side of the face."""
    side = (shape.neutral[:, 0] > 0).astype(np.int64)  # 1 on the subject's left
    answer = np.zeros((2, *shape.neutral.shape))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        rest = np.asarray(track.vertices[rows[part]], dtype=np.float64) - posed(shape, animation.at(part))
        turned = np.einsum("vb,kbij->kvij", shape.weights, _bone_transforms(shape, animation.at(part))[0])
        before = np.linalg.solve(turned, rest[..., None])[..., 0]
        answer += np.einsum("kl,kvi->lvi", lids[part], before)
    shapes = shape.shapes.copy()
    strength = np.maximum((lids**2).sum(axis=0), 1e-12)
    for lid, of_side in ((0, 1), (1, 0)):
        shapes[len(shapes) - 2 + lid] += (answer[lid] / strength[lid] * (side == of_side)[:, None]).astype(np.float32)
    return RigShape(shape.neutral, shape.names, shapes, shape.correctives, shape.bones, shape.weights)


def _within_sliders(shape: RigShape, animation: Animation) -> tuple[RigShape, Animation]:
    """Rig and animation whose values fit Blender's sliders; the few that do not are counted in larger steps."""
    largest = np.abs(animation.values).max(axis=0, initial=0.0)
    if not (largest > LARGEST_VALUE).any():
        return shape, animation
    step = np.maximum(largest / LARGEST_VALUE, 1.0)
    shapes = (shape.shapes * step[:, None, None]).astype(np.float32)
    counted = RigShape(shape.neutral, shape.names, shapes, shape.correctives, shape.bones, shape.weights)
    return counted, Animation(animation.values / step, animation.rotations, animation.translations)


def _deviation(track: Track, rows: NDArray[np.int64], shape: RigShape, animation: Animation) -> float:
    largest = 0.0
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        away = posed(shape, animation.at(part)) - track.vertices[rows[part]]
        largest = max(largest, float(np.sqrt((away.astype(np.float64) ** 2).sum(axis=-1).max())))
    return largest


def _shaped(shape: RigShape, animation: Animation) -> NDArray[np.float32]:
    """Vertices before the bones (K, V, 3)."""
    numbers = shape.neutral.size
    shaped = animation.values.astype(np.float32) @ shape.shapes.reshape(len(shape.shapes), numbers)
    features = pose_features(animation.rotations).astype(np.float32)
    used = np.flatnonzero(shape.correctives.any(axis=(1, 2)) & features.any(axis=0))
    shaped += features[:, used] @ shape.correctives[used].reshape(len(used), numbers)
    return shaped.reshape(len(animation), *shape.neutral.shape) + shape.neutral.astype(np.float32)


def _bone_transforms(shape: RigShape, animation: Animation) -> tuple[Array, Array]:
    """What bones do to the head at rest: x -> A x + b with A (K, 6, 3, 3), b (K, 6, 3)."""
    turned, moved = np.empty_like(animation.rotations), np.empty_like(animation.translations)
    for index, rest in enumerate(shape.bones):
        turn = animation.rotations[:, index]
        shift = rest.start - turn @ rest.start + animation.translations[:, index]
        parent = bones.PARENTS[rest.name]
        if not parent:
            turned[:, index], moved[:, index] = turn, shift
            continue
        above = bones.NAMES.index(parent)
        turned[:, index] = turned[:, above] @ turn
        moved[:, index] = np.einsum("kij,kj->ki", turned[:, above], shift) + moved[:, above]
    return turned, moved


def _skinned(
    shaped: NDArray[np.float32], turned: Array, moved: Array, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blend what each bone changes by weight, which sums to 1: the head at rest stays as it is."""
    change = np.concatenate([turned - np.eye(3), moved[..., None]], axis=-1)
    moving = np.flatnonzero(change.any(axis=(0, 2, 3)))
    count = len(shaped)
    by_number = change[:, moving].transpose(0, 2, 3, 1).reshape(12 * count, len(moving)).astype(np.float32)
    blended = (by_number @ weights[:, moving].T).reshape(count, 3, 4, len(weights))
    x, y, z = np.moveaxis(shaped, -1, 0)
    result = np.empty_like(shaped)
    for axis in range(3):
        one, two, three, shift = np.moveaxis(blended[:, axis], 1, 0)
        result[..., axis] = shaped[..., axis] + one * x + two * y + three * z + shift
    return result
