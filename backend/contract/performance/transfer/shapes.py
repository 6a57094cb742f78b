"""ARKit's 52 shapes for a head that has none: the built-in head's, laid on by landmarks and transferred.

What a transfer alone does not promise is mended on the target itself: a blink shuts its lids around its own eyeball,
mouthClose shuts the lips of its own open jaw, eyeballs, teeth and tongue move as wholes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, Floats, Integers
from ...camera import nearest_rotations
from ...failure import Failure
from .. import gaze
from ..channels import CHANNELS, INDEX
from .arkit_head import arkit_head, eye_rotations
from .contact import largest_gap
from .deformation import FAR, NEAR, Correspondence, correspond, transferred
from .fitness import registration_problem, start_problem
from .lids import Eye, closed_lids, eye_of, lid_gap, turned_with_lid
from .lips import closed_lips, lip_gap, mouth_of
from .mesh import Mesh
from .nearest import nearest_points
from .parts import Parts, parts_of, skin_of
from .registration import Registration, register
from .sides import LEFT_LIDS, NEITHER, RIGHT_LIDS, may_touch

JAW_CHANNELS: Final = ("jawForward", "jawLeft", "jawRight", "jawOpen")
"""Channels with which the lower teeth and the tongue move as one with the jaw."""

_ROOT: Final = 0.002
"""Metres from the skin up to which a part that is no skin counts as standing on it."""


@dataclass(frozen=True)
class KnownLandmarks:
    """Landmarks that are known on a mesh: MediaPipe's numbers (N,), positions (N, 3), and a vertex by each (N,)."""

    numbers: Integers
    positions: Floats
    vertices: Integers


@dataclass(frozen=True)
class Shapes:
    """ARKit's shapes of a target.

    Attributes:
        displacements: Of each channel at weight 1 (V, 3, 52), in the target's own unit and axes.
        registration: How the built-in head was laid on.
        parts: What belongs to what.
        eyes: Left and right.
        lid_gap: Largest gap of left and right lids at a full blink, metres in the size of the built-in head.
        lip_gap: Largest gap of the lips at jawOpen 1 and mouthClose 1, in the same size.
    """

    displacements: Floats
    registration: Registration
    parts: Parts
    eyes: tuple[Eye, Eye]
    lid_gap: tuple[float, float]
    lip_gap: float


def make_shapes(vertices: Array, faces: Array, landmarks: KnownLandmarks) -> Shapes | Failure:
    """Return ARKit's shapes of a mesh, or why it gets none.

    Args:
        vertices: (V, 3) in any unit, axes and position. All meshes of the head together: eyes, teeth and lashes too.
        faces: Triangles (F, 3).
        landmarks: At least `fitness.FEWEST` on the face's skin; more are better.
    """
    problem = start_problem(vertices, faces, landmarks.numbers, landmarks.positions)
    if problem is not None:
        return problem
    mesh = Mesh(np.asarray(vertices, np.float64), np.asarray(faces, np.int64))
    pieces = mesh.pieces()
    skin = skin_of(pieces, landmarks.vertices)
    registration = register(mesh, landmarks.numbers, landmarks.positions, skin)
    mouth = mouth_of(registration, skin)
    problem = registration_problem(registration, skin, mouth)
    if problem is not None:
        return problem
    where = correspond(registration, skin)
    moves = transferred(registration, where)
    parts = parts_of(registration, pieces, skin)
    eyes = (eye_of(registration, "Left", parts.eyeballs[0]), eye_of(registration, "Right", parts.eyeballs[1]))
    _move_eyeballs(registration, eyes, moves)
    for eye in eyes:
        moves[..., INDEX[f"eyeBlink{eye.side}"]] = closed_lids(registration, eye, moves)
    rest = registration.target.vertices
    opened = rest + moves[..., INDEX["jawOpen"]]
    close = closed_lips(
        registration, mouth, lambda move: opened + move, lambda move: move, moves[..., INDEX["mouthClose"]]
    )
    moves[..., INDEX["mouthClose"]] = close
    _move_mouth(registration, where, parts, moves)
    _move_others(registration, parts, eyes, moves)
    lids = [largest_gap(lid_gap(registration, eye, moves[..., INDEX[f"eyeBlink{eye.side}"]])) for eye in eyes]
    lips = largest_gap(lip_gap(mouth, opened + close))
    own = np.einsum("ji,vjk->vik", registration.rotation, moves) / registration.scale
    return Shapes(own, registration, parts, eyes, (lids[0], lids[1]), lips)


def _move_eyeballs(registration: Registration, eyes: tuple[Eye, Eye], moves: Floats) -> None:
    """Turn eyeballs about their middle by the law of gaze; written into `moves`."""
    for index, eye in enumerate(eyes):
        if not len(eye.vertices):
            continue
        offset = registration.target.vertices[eye.vertices] - eye.centre
        moves[eye.vertices] = 0.0
        for column in gaze.COLUMNS[index]:
            weights = np.eye(len(CHANNELS))[[column]]
            turn = eye_rotations(gaze.gaze_of(weights[:, gaze.COLUMNS])[:, index])[0]
            moves[eye.vertices, :, column] = offset @ turn.T - offset


def _move_mouth(registration: Registration, where: Correspondence, parts: Parts, moves: Floats) -> None:
    """Move teeth and tongue with the jaw and put the tongue out; written into `moves`."""
    lower = np.concatenate([parts.lower_teeth, parts.tongue])
    for vertices in (parts.upper_teeth, lower):
        moves[vertices] = 0.0
    rest = registration.target.vertices
    if len(lower):
        chin = where.vertices[where.points.values_of(registration.warped.faces, arkit_head().jaw_share) > 0.98]
        for channel in JAW_CHANNELS:
            move = _rigid(rest[chin], rest[chin] + moves[chin, :, INDEX[channel]])
            moves[lower, :, INDEX[channel]] = move(rest[lower]) - rest[lower]
    if len(parts.tongue):
        moves[parts.tongue, :, INDEX["tongueOut"]] = _tongue_out(registration, rest[parts.tongue])


def _rigid(source: Floats, target: Floats) -> Callable[[Floats], Floats]:
    """Return the rigid motion (Kabsch 1976) that takes points (N, 3) to points, as a function of points."""
    start, goal = source.mean(axis=0), target.mean(axis=0)
    turn = nearest_rotations((target - goal).T @ (source - start))
    return lambda points: (points - start) @ turn.T + goal


def _tongue_out(registration: Registration, tongue: Floats) -> Floats:
    """Return the displacement of a tongue (N, 3): of the built-in one, fitted into its box."""
    head = arkit_head()
    chosen = head.regions["tongue"]
    source = registration.warped.vertices[chosen]
    low, high = source.min(axis=0), source.max(axis=0)
    stretch = (tongue.max(axis=0) - tongue.min(axis=0)) / np.maximum(high - low, 1e-9)
    fitted = (source - low) * stretch + tongue.min(axis=0)
    nearest = np.linalg.norm(tongue[:, None] - fitted[None], axis=-1).argmin(axis=1)
    return np.asarray(head.displacements[chosen[nearest], :, INDEX["tongueOut"]])


def _move_others(registration: Registration, parts: Parts, eyes: tuple[Eye, Eye], moves: Floats) -> None:
    """Let lashes, brows and beards follow the skin that they lie on; written into `moves`."""
    mesh, sides = registration.target, registration.target_sides
    reached = mesh.vertices[parts.skin & (np.abs(moves).max(axis=(1, 2)) > 1e-5)]
    if not len(reached):
        return
    low, high = reached.min(axis=0) - FAR, reached.max(axis=0) + FAR
    for vertices in parts.others:
        points = mesh.vertices[vertices]
        if not ((points > low) & (points < high)).all(axis=1).any():
            continue
        found = nearest_points(points, mesh, parts.skin, reach=FAR)
        side = _side_of(sides[mesh.faces[found.triangle[found.distance < _ROOT], 0]])
        if side != NEITHER:
            found = nearest_points(points, mesh, parts.skin & may_touch(side, sides), reach=FAR)
        share = np.clip((FAR - np.minimum(found.distance, FAR)) / (FAR - NEAR), 0.0, 1.0)
        followed = found.values_of(mesh.faces, moves)
        roots = np.flatnonzero(found.distance < _ROOT)
        if side in (*LEFT_LIDS, *RIGHT_LIDS) and len(roots):
            eye = eyes[side in RIGHT_LIDS]
            moves[vertices] = turned_with_lid(eye, points, roots, followed[roots])
        else:
            moves[vertices] = followed * share[:, None, None]


def _side_of(sides: Integers) -> int:
    """Return the side that most have, if any."""
    return int(np.bincount(sides).argmax()) if len(sides) else NEITHER
