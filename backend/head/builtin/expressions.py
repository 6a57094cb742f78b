"""The 43 ARKit shapes that joints do not make, as displacements of the neutral head."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers
from . import lids
from .anatomy import Anatomy
from .deformation import Deformer
from .dimensions import JAW_JOINT, JAW_OPEN
from .expression_table import CENTRAL, CLOSE_HOLD, PUSHED_UP, SHIFT_HOLD, SHIFTED, SIDED, ExpressionShape, Move
from .mouth import carry_bag
from .rig import rotation_x

FLIP = np.array([-1.0, 1.0, 1.0])
EXPRESSIONS = tuple(name for name in names.ARKIT if name not in names.ARKIT_OF_JOINTS)
"""Names of the expression basis, in ARKit's order."""

JAW_SHIFT = 0.0055
JAW_ADVANCE = 0.0050
TONGUE_OUT = 0.030
CLOSING_SHARE = 0.42
"""Where the lips of an open jaw meet, as share of the way from the upper to the lower one, if nothing lifts them."""
LIFTED = 0.22
"""How far mouthClose lifts that line with its corners to where it is at rest. The chin's muscle pushes up the lower lip
and the skin below it, so the upper one comes down by little and the mouth stays wide."""
LIP_CORNERS = (61, 291)


def expression_basis(anatomy: Anatomy, deformer: Deformer, weights: Floats, correctives: Floats) -> Floats:
    """Return the displacement (V, 3, 43) of each expression of `EXPRESSIONS` at weight 1.

    Args:
        anatomy: The neutral head.
        deformer: Of its skin, mouth and lids.
        weights: Skinning weights (V, 5).
        correctives: Pose correctives (V, 3, 36).
    """
    shapes: dict[str, Floats] = {}
    for name, shape in SIDED.items():
        right = _formed(anatomy, deformer, shape)
        shapes[name + "Right"], shapes[name + "Left"] = right, _mirrored(anatomy, right)
    for name, shape in CENTRAL.items():
        shapes[name] = _even(anatomy, _formed(anatomy, deformer, shape))
    right = lids.blink(anatomy, deformer, 0)
    shapes["eyeBlinkRight"], shapes["eyeBlinkLeft"] = right, _mirrored(anatomy, right)
    right = _shifted_mouth(anatomy, deformer)
    shapes["mouthRight"], shapes["mouthLeft"] = right, _mirrored(anatomy, right)
    shapes |= _jaw_shapes(anatomy, weights[:, 2])
    shapes["mouthClose"] = _even(anatomy, _mouth_close(anatomy, deformer, weights, correctives))
    shapes["tongueOut"] = _even(anatomy, _tongue_out(anatomy))
    return np.stack([shapes[name] for name in EXPRESSIONS], axis=2)


def _mirrored(anatomy: Anatomy, displacement: Floats) -> Floats:
    return displacement[anatomy.mirror] * FLIP


def _even(anatomy: Anatomy, displacement: Floats) -> Floats:
    return 0.5 * (displacement + _mirrored(anatomy, displacement))


def _handles(anatomy: Anatomy, moves: Mapping[int, Move], hold: tuple[int, ...], *, both: bool) -> dict[int, Floats]:
    """Return vertex -> displacement in metres; outwards becomes -x on the right half, 0 stays on the middle line."""
    result = {int(v): np.zeros(3) for v in hold}
    if both:
        result |= {int(anatomy.mirror[v]): np.zeros(3) for v in hold}
    for landmark, move in moves.items():
        outwards, up, forward = (value / 1000.0 for value in move)
        result[landmark] = np.array([-outwards, up, forward])
        if both:
            twin = int(anatomy.mirror[landmark])
            result[twin] = np.array([outwards if twin != landmark else 0.0, up, forward])
    return result


def _skin(anatomy: Anatomy) -> Integers:
    """Return the vertices that expressions may move by themselves: the face and the front of the neck."""
    back = anatomy.parts["back"]
    front = back[anatomy.points[back, 2] > -0.03]
    return np.concatenate([anatomy.parts["face"], front])


def _formed(anatomy: Anatomy, deformer: Deformer, shape: ExpressionShape) -> Floats:
    """Return the displacement (V, 3) of a shape of the table."""
    handles = _handles(anatomy, shape.moves, shape.hold, both=shape.both)
    vertices = np.array(list(handles))
    moves = np.array(list(handles.values()))
    moved = vertices[np.linalg.norm(moves, axis=1) > 0]
    skin = _skin(anatomy)
    distance = np.linalg.norm(anatomy.points[skin][:, None] - anatomy.points[moved][None], axis=-1).min(axis=1)
    free = skin[distance < shape.reach / 1000.0]
    if not shape.both:
        free = free[anatomy.points[free, 0] < shape.crossing / 1000.0]
    free = _without_idle_lids(anatomy, free, moved)
    result = deformer.spread(vertices, moves, free)
    if not shape.parting:
        result += _sealing(anatomy, deformer, result)
    carry_bag(anatomy.bag_rings, result)
    return lids.wrapped(anatomy, deformer, result)


def _without_idle_lids(anatomy: Anatomy, free: Integers, moved: Integers) -> Integers:
    """Return the free vertices without the edges of lids of which no point is moved."""
    for rings in anatomy.lid_rings:
        if not np.isin(rings[0], moved).any():
            free = np.setdiff1d(free, rings[0])
    return free


def _shifted_mouth(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return mouthRight (V, 3)."""
    handles = {vertex: np.zeros(3) for vertex in SHIFT_HOLD}
    for landmark, (outwards, up, forward) in SHIFTED.items():
        vertex = landmark if landmark >= 0 else int(anatomy.mirror[-landmark])
        sign = -1.0 if landmark >= 0 else 1.0
        handles[vertex] = np.array([sign * outwards, up, forward]) / 1000.0
    vertices, moves = np.array(list(handles)), np.array(list(handles.values()))
    skin = _skin(anatomy)
    distance = np.linalg.norm(anatomy.points[skin][:, None] - anatomy.points[vertices[8:]][None], axis=-1).min(axis=1)
    result = deformer.spread(vertices, moves, skin[distance < 0.026])
    result += _sealing(anatomy, deformer, result)
    carry_bag(anatomy.bag_rings, result)
    return result


def _sealing(anatomy: Anatomy, deformer: Deformer, displacement: Floats) -> Floats:
    """Return what has to be added (V, 3) so that the inner edges of both lips move alike."""
    rim = anatomy.bag_rings[0]
    lower, upper = rim[1:20], rim[:20:-1]
    half = 0.5 * (displacement[upper] - displacement[lower])
    skin = anatomy.parts["face"]
    distance = np.linalg.norm(anatomy.points[skin][:, None] - anatomy.points[rim][None], axis=-1).min(axis=1)
    return deformer.spread(np.concatenate([lower, upper]), np.concatenate([half, -half]), skin[distance < 0.012])


def _jaw_shapes(anatomy: Anatomy, jaw: Floats) -> dict[str, Floats]:
    """Return the shapes that move the lower jaw without turning it: everything follows as it follows the joint."""
    shift = jaw[:, None] * np.array([-JAW_SHIFT, 0.0, 0.0])
    forward = jaw[:, None] * np.array([0.0, -0.0006, JAW_ADVANCE])
    return {"jawRight": shift, "jawLeft": _mirrored(anatomy, shift), "jawForward": _even(anatomy, forward)}


def _mouth_close(anatomy: Anatomy, deformer: Deformer, weights: Floats, correctives: Floats) -> Floats:
    """Return the displacement (V, 3) that brings the lips together while the jaw joint is open by `JAW_OPEN`.

    Solved backwards: where lips and chin shall be is chosen between where the open jaw takes them and where they rest,
    and turned back through each vertex's own share of the jaw's motion.
    """
    turn = rotation_x(JAW_OPEN) - np.eye(3)
    opened = anatomy.points + correctives[..., 9:18] @ turn.ravel()
    jaw = weights[:, 2]
    moved, goals = _closed_positions(anatomy, _jaw_posed(opened, jaw))
    moves = _jaw_unposed(goals, jaw[moved]) - opened[moved]
    vertices = np.concatenate([moved, CLOSE_HOLD])
    moves = np.concatenate([moves, np.zeros((len(CLOSE_HOLD), 3))])
    rim = anatomy.bag_rings[0]
    skin = _skin(anatomy)
    distance = np.linalg.norm(anatomy.points[skin][:, None] - anatomy.points[rim][None], axis=-1).min(axis=1)
    result = deformer.spread(vertices, moves, skin[distance < 0.026])
    carry_bag(anatomy.bag_rings, result)
    return result


def _closed_positions(anatomy: Anatomy, posed: Floats) -> tuple[Integers, Floats]:
    """Return vertices (N,) of lips and chin, and where mouthClose takes them (N, 3) from the open jaw's (V, 3)."""
    rim = anatomy.bag_rings[0]
    lower, upper = rim[1:20], rim[:20:-1]
    edge = np.concatenate([rim, LIP_CORNERS])
    bow = np.sin(np.linspace(0, np.pi, 21))[1:-1, None]
    goals = posed.copy()
    goals[lower] = goals[upper] = (
        posed[upper] + (CLOSING_SHARE * (posed[lower] - posed[upper])) + np.array([0.0, 0.0, 0.0020]) * bow
    )
    goals[edge] += LIFTED * (anatomy.points - goals)[edge]
    below, beside, share = (np.array(part) for part in zip(*((v, *to) for v, to in PUSHED_UP.items()), strict=True))
    for vertices, over in ((below, beside), (anatomy.mirror[below], anatomy.mirror[beside])):
        goals[vertices] = posed[vertices] + share[:, None] * (goals - posed)[over]
    moved = np.unique(np.concatenate([edge, below, anatomy.mirror[below]]))
    return moved, goals[moved]


def _jaw_posed(points: Floats, jaw: Floats) -> Floats:
    """Return points (N, 3) as the jaw, open by `JAW_OPEN`, takes them with their weights (N,)."""
    turned = (points - JAW_JOINT) @ rotation_x(JAW_OPEN).T + JAW_JOINT
    return points + jaw[:, None] * (turned - points)


def _jaw_unposed(positions: Floats, jaw: Floats) -> Floats:
    """Return the points (N, 3) that the open jaw takes to the given places."""
    blend = np.eye(3) + jaw[:, None, None] * (rotation_x(JAW_OPEN) - np.eye(3))
    return np.asarray(np.linalg.solve(blend, (positions - JAW_JOINT)[..., None])[..., 0] + JAW_JOINT, np.float64)


def _tongue_out(anatomy: Anatomy) -> Floats:
    """Return the displacement (V, 3) of the tongue, its tip farthest."""
    tongue = anatomy.parts["tongue"]
    result = np.zeros_like(anatomy.points)
    back = anatomy.points[tongue, 2].max() - anatomy.points[tongue, 2]
    share = np.clip(1 - back / 0.042, 0, 1)
    result[tongue, 2] = TONGUE_OUT * share
    result[tongue, 1] = 0.004 * share - 0.012 * np.clip(share - 0.55, 0, None) ** 2 / 0.2
    return result
