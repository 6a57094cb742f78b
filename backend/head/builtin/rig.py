"""Joints, skinning weights and pose correctives of the built-in head."""

from __future__ import annotations

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers
from .anatomy import Anatomy
from .deformation import Deformer
from .dimensions import EYE_CENTRE, JAW_JOINT, JAW_OPEN, NECK_JOINT, ROOT_JOINT
from .eyes import RINGS, SEGMENTS
from .lids import gaze_draw, gaze_follow
from .mouth import carry_bag

JAW_FOLLOWS: tuple[tuple[float, tuple[int, ...]], ...] = (
    (1.00, (152, 148, 176, 149, 175, 199, 200, 18, 83, 201, 208, 171, 140, 32, 194, 182)),
    (1.00, (17, 84, 16, 15, 14, 85, 86, 87)),
    (0.97, (181, 180, 179, 178, 150, 106, 204, 211, 170, 169)),
    (0.90, (136,)),
    (0.86, (91, 90, 89, 88, 43, 202, 210)),
    (0.72, (172,)),
    (0.70, (146, 77, 96, 95)),
    (0.48, (58,)),
    (0.42, (61, 76, 62, 78)),
    (0.24, (185, 184, 183, 191)),
    (0.22, (132,)),
    (0.10, (40, 74, 42, 80)),
    (0.04, (39, 73, 41, 81)),
    (0.05, (93,)),
    (0.00, (37, 72, 38, 82, 0, 11, 12, 13, 164, 167, 165, 2, 98, 203, 36, 205, 50)),
    (0.00, (117, 123, 227, 234, 127, 116, 118, 101, 1, 4)),
)  # fmt: skip
"""How much of the jaw's rotation landmarks of the right half and the middle line follow."""


def joints() -> Floats:
    """Return the joints (5, 3) of the neutral head in the order of `contract.names.JOINTS`."""
    return np.stack([ROOT_JOINT, NECK_JOINT, JAW_JOINT, EYE_CENTRE, EYE_CENTRE * (-1.0, 1.0, 1.0)])


def joint_regressor(anatomy: Anatomy) -> Floats:
    """Return weights (5, V) that give the joints from the vertices, exact on the template.

    Eyes: two rings of the eyeball, so that the joint is its centre whatever moves or scales it. Others: the smallest
    weights over vertices around the joint that sum to one and give its place.
    """
    points = anatomy.points
    result = np.zeros((5, len(points)))
    skin = np.concatenate([anatomy.parts["face"], anatomy.parts["back"]])
    root, neck, jaw = joints()[:3]
    position = points[skin]
    level = np.abs(position[:, 1] - root[1]) < 0.030
    result[0] = _affine_weights(points, skin[level], root)
    level = (np.abs(position[:, 1] - neck[1]) < 0.035) & (position[:, 2] < 0.0)
    result[1] = _affine_weights(points, skin[level], neck)
    sides = np.linalg.norm(position[:, 1:] - jaw[1:], axis=1) < 0.020
    result[2] = _affine_weights(points, skin[sides], jaw)
    for row, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        result[row] = _eye_weights(points, anatomy.parts[name], joints()[row])
    return result


def _affine_weights(points: Floats, chosen: Integers, target: Floats) -> Floats:
    """Return weights (V,) of least norm on the chosen vertices that sum to 1 and give the target."""
    system = np.vstack([points[chosen].T, np.ones(len(chosen))])
    start = np.full(len(chosen), 1.0 / len(chosen))
    weights = np.zeros(len(points))
    weights[chosen] = start + np.linalg.pinv(system) @ (np.append(target, 1.0) - system @ start)
    return weights


def _eye_weights(points: Floats, eyeball: Integers, centre: Floats) -> Floats:
    """Return weights (V,) on the two rings next to the eyeball's equator."""
    rings = eyeball[1:-1].reshape(RINGS, SEGMENTS)
    depth = points[rings, 2].mean(axis=1) - centre[2]
    front = int(np.flatnonzero(depth > 0)[-1])
    share = depth[front] / (depth[front] - depth[front + 1])
    weights = np.zeros(len(points))
    weights[rings[front]] = (1 - share) / SEGMENTS
    weights[rings[front + 1]] = share / SEGMENTS
    return weights


def jaw_share(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return how much of the jaw's motion every vertex follows (V,), 0 to 1."""
    mirror = anatomy.mirror
    handles, values = [], []
    for value, group in JAW_FOLLOWS:
        both = np.unique(np.concatenate([np.array(group), mirror[np.array(group)]]))
        handles.append(both)
        values.append(np.full(len(both), value))
    face, back = anatomy.parts["face"], anatomy.parts["back"]
    points = anatomy.points
    free = np.concatenate(
        [face[points[face, 1] < 0.005], back[(points[back, 1] < -0.010) & (points[back, 1] > -0.122)]]
    )
    free = free[points[free, 2] > -0.046]
    share = deformer.spread(np.concatenate(handles), np.concatenate(values)[:, None], free)[:, 0]
    share = np.clip(share, 0.0, 1.0)
    _inside_mouth(anatomy, share)
    return 0.5 * (share + share[mirror])


def _inside_mouth(anatomy: Anatomy, share: Floats) -> None:
    """Give the bag, teeth and tongue their share of the jaw; written into `share`."""
    rim = share[anatomy.bag_rings[0]]
    lower = np.r_[0.42, np.ones(19), 0.42, np.zeros(19)]
    for ring, blend in zip(anatomy.bag_rings[1:], (0.15, 0.5, 0.9, 1.0), strict=True):
        share[ring] = rim * (1 - blend) + blend * lower
    share[np.setdiff1d(anatomy.parts["mouth_bag"], anatomy.bag_rings)] = 0.45
    last = share[anatomy.bag_rings[-1]]
    share[anatomy.bag_rings[-1]] = 0.45 + 0.7 * (last - 0.45)
    share[anatomy.parts["lower_teeth"]] = 1.0
    share[anatomy.parts["tongue"]] = 0.95


def skinning_weights(anatomy: Anatomy, jaw: Floats) -> Floats:
    """Return the weights (V, 5) of root, neck, jaw, left and right eye; rows sum to 1."""
    points = anatomy.points
    top = -0.078 - 0.25 * (points[:, 2] - NECK_JOINT[2])  # higher at the nape than at the throat
    step = np.clip((points[:, 1] - NECK_FOOT) / (top - NECK_FOOT), 0.0, 1.0)
    head = step**3 * (step * (6 * step - 15) + 10)
    inside = np.concatenate([anatomy.parts[name] for name in anatomy.parts if name != "back"])
    head[inside] = 1.0
    weights = np.zeros((len(points), 5))
    weights[:, 0] = 1 - head
    weights[:, 1] = head * (1 - jaw)
    weights[:, 2] = head * jaw
    for row, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        weights[anatomy.parts[name]] = np.eye(5)[row]
    return weights


def rotation_x(angle: float) -> Floats:
    """Return the rotation about x by an angle in radians; positive opens the jaw and lowers the gaze."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def pose_correctives(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return displacements (V, 3, 36) per entry of R - 1 of neck, jaw, left and right eye.

    Lids follow the eyes up and down and are drawn along aside; the corners of the mouth come in and cheeks hollow as
    the jaw opens. Each is shared by the two entries that are plus and minus the sine of the rotation.
    """
    result = np.zeros((len(anatomy.points), 3, 36))
    follow, draw = gaze_follow(anatomy, deformer, 1), gaze_draw(anatomy, deformer, 1)
    about_x = {
        2: _jaw_corrective(anatomy, deformer) / np.sin(JAW_OPEN),
        3: follow,
        4: follow[anatomy.mirror] * (-1.0, 1.0, 1.0),
    }
    about_y = {3: draw, 4: draw[anatomy.mirror] * (1.0, -1.0, -1.0)}
    for shapes, (plus, minus) in ((about_x, (7, 5)), (about_y, (2, 6))):
        for joint, shape in shapes.items():
            first = 9 * (joint - 1)
            result[..., first + plus] += 0.5 * shape
            result[..., first + minus] -= 0.5 * shape
    return result


def _jaw_corrective(anatomy: Anatomy, deformer: Deformer) -> Floats:
    """Return the displacement (V, 3) added at a fully open jaw."""
    rows = {
        61: (-3.5, 0, 1.0),
        78: (-3.5, 0, 1.0),
        187: (-1.5, 0, -1.0),
        0: (0, -0.5, 0),
        13: (0, -0.5, 0),
        17: (0, 0, 0),
        205: (-0.5, -0.5, -0.5),
    }
    handles, moves = [], []
    for landmark, (x, y, z) in rows.items():
        for vertex in {landmark, int(anatomy.mirror[landmark])}:
            side = np.sign(np.round(anatomy.points[vertex, 0], 6))
            handles.append(vertex)
            moves.append((side * x, y, z))
    points = anatomy.points
    skin = anatomy.parts["face"]
    skin = skin[(points[skin, 1] < 0.0) & (points[skin, 1] > -0.08)]
    shape = deformer.spread(np.array(handles), np.array(moves) / 1000.0, skin)
    carry_bag(anatomy.bag_rings, shape)
    return 0.5 * (shape + shape[anatomy.mirror] * (-1.0, 1.0, 1.0))


NECK_FOOT = -0.160
"""Height up to which the neck stays with the root joint."""
PARENTS = np.array(names.JOINT_PARENTS, np.int64)
