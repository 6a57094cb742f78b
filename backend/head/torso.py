"""A neck that follows the torso: its base stays where it is while the head turns and nods.

The fit sees the head alone. What is below moves slowly, so the torso's direction is the head's, averaged over seconds;
what the head turns away from that is the neck's. Part of a nod and of a tilt bends the neck at its base, which the
picture tells: the joint on which the head turns is then carried along. The head itself stays exactly where it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.camera import axis_angles, nearest_rotations, rotation_matrices
from ..contract.names import JOINTS
from ..data.types import HeadPose
from .model import HeadModel
from .skinning import joint_positions

SECONDS, POSITION_SECONDS = 4.0, 1.0
"""Standard deviation of the windows over which the torso's direction and the place of the neck's base are averaged."""
_REACH: Final = 2.5
"""Half width of a window in these."""
TILTED: Final = np.radians(45.0)
"""A torso that seems tilted in the picture by much less than this stands upright under a tilted head."""
LEAN: Final = np.radians(8.0)
"""Most by which the neck leans beyond that to keep its base at its place: beyond, the whole person moves, or the camera
does, and nothing in the head tells which."""
FREE_TURN, LARGEST_TURN = np.radians(35.0), np.radians(60.0)
"""Up to the first the neck takes every turn of the head, and no more than the second: the torso takes the rest."""
LOW_SHARE: Final = (0.4, 0.0, 0.4)
"""Share of a turn about x, y, z that the neck's base takes where the clip does not tell: half of the bending of a neck
is below its middle, nearly all of its turning above (Bogduk and Mercer, "Biomechanics of the cervical spine", 2000)."""
MOST_LOW: Final = 0.8
DOUBT: Final = np.radians(2.0)
"""A clip whose head turns by this much (root mean square) tells as much of the shares as is known beforehand."""
DEPTH_WEIGHT: Final = 0.3
"""Motion along the view counts this much: a single camera sees it worst."""
NECK: Final = JOINTS.index("neck")


def neck_following_torso(
    head: HeadModel,
    pose: HeadPose,
    rotation: Floats,
    translation: Floats,
    times: Floats,
    shots: Integers,
    known: NDArray[np.bool_],
) -> HeadPose:
    """Return the pose with a neck that keeps its base still; its turns are those of the head against the torso.

    Args:
        head, pose: T frames, the neck straight.
        rotation, translation: Head to camera (T, 3, 3), (T, 3).
        times: Seconds (T,).
        shots: Number of the shot of each frame (T,); nothing is averaged across shots.
        known: Frames in which the head is known (T,); others take the neck of the nearest one.
    """
    joints = joint_positions(head, pose, NECK)
    below = head.skinning_weights[:, 0]
    base = below @ (head.template + head.identity_basis @ pose.identity) / max(below.sum(), 1e-9)
    neck = np.zeros((len(pose), 3))
    for shot in np.unique(shots):
        rows = np.flatnonzero(known & (shots == shot))
        if len(rows) > 1:
            position = np.einsum("tij,tj->ti", rotation[rows], joints[rows]) + translation[rows]
            neck[rows] = _turns(rotation[rows], position, joints[rows].mean(axis=0) - base, times[rows])
    sure = np.flatnonzero(known)
    if len(sure):
        position = np.interp(np.arange(len(pose)), sure, np.arange(len(sure)))
        neck = neck[sure[np.rint(position).astype(np.int64)]]
    return replace(pose, neck=neck)


def about_head(vertices: NDArray, neck: Floats, joints: Floats) -> NDArray:
    """Return posed vertices (T, V, 3) in axes that go with the head instead of the torso: the neck's base moves.

    Args:
        vertices: As FLAME poses them, its root still.
        neck: Axis-angle (T, 3).
        joints: Place of the neck's joint (T, 3).
    """
    turn = rotation_matrices(neck).astype(vertices.dtype)
    position = joints.astype(vertices.dtype)[:, None]
    return (vertices - position) @ turn + position


def root_to_camera(rotation: Floats, translation: Floats, neck: Floats, joints: Floats) -> tuple[Floats, Floats]:
    """Return FLAME's root to camera (T, 3, 3), (T, 3) of heads to camera whose neck turns the torso away from them."""
    root = rotation @ np.swapaxes(rotation_matrices(neck), 1, 2)
    return root, translation + np.einsum("tij,tj->ti", rotation - root, joints)


def _turns(rotation: Floats, position: Floats, bone: Floats, times: Floats) -> Floats:
    """Return the neck's turns (N, 3) of the frames of a shot.

    Args:
        rotation: Head to camera (N, 3, 3).
        position: The neck's joint in camera axes (N, 3).
        bone: From the neck's base to that joint, head axes.
        times: Seconds (N,).
    """
    slow = nearest_rotations(_averaged(rotation.reshape(-1, 9), times, SECONDS).reshape(-1, 3, 3))
    slow = _upright(slow)
    away = axis_angles(np.swapaxes(slow, 1, 2) @ rotation)
    away *= _limiting_factors(np.linalg.norm(away, axis=1))[:, None]
    slow = rotation @ np.swapaxes(rotation_matrices(away), 1, 2)
    low = _low_share(slow, away, position - _averaged(position, times, SECONDS), bone)
    torso = slow @ rotation_matrices(low * away)
    bones = torso @ bone
    across = bones + _away(position - bones, times) * (1.0, 1.0, 0.0)  # depth trembles and is not seen
    torso = _leaning(bones, across) @ torso
    return axis_angles(np.swapaxes(torso, 1, 2) @ rotation)


def _away(values: Floats, times: Floats) -> Floats:
    """Return how far values (N, C) are from their mean over a while."""
    return values - _averaged(values, times, POSITION_SECONDS)


def _upright(torso: Floats) -> Floats:
    """Return torsos to camera (N, 3, 3) turned upright in the picture where they are nearly so.

    A head may be held tilted for long, a torso seldom is; who lies on the side, or was filmed so, stays as he is.
    """
    sideways, down = torso[:, 0, 1], torso[:, 1, 1]
    tilt = np.arctan2(sideways, -down)
    change = -tilt * np.exp(-((tilt / TILTED) ** 2)) * np.hypot(sideways, down)
    return rotation_matrices(change[:, None] * (0.0, 0.0, 1.0)) @ torso


def _leaning(bone: Floats, wanted: Floats) -> Floats:
    """Return the rotations (N, 3, 3) that turn bones (N, 3) towards the wanted ones, `LEAN` at most."""
    axis = np.cross(bone, wanted)
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, (bone * wanted).sum(axis=1))
    return rotation_matrices(axis * (LEAN * np.tanh(angle / LEAN) / np.maximum(sine, 1e-12))[:, None])


def _averaged(values: Floats, times: Floats, seconds: float) -> Floats:
    """Return the mean of values (N, C) over a window around each time."""
    result = np.empty_like(values)
    for index, now in enumerate(times):
        near = slice(*np.searchsorted(times, [now - _REACH * seconds, now + _REACH * seconds + 1e-9]))
        weight = np.exp(-0.5 * ((times[near] - now) / seconds) ** 2)
        result[index] = weight @ values[near] / weight.sum()
    return result


def _limiting_factors(angle: Floats) -> Floats:
    """Return by what to multiply turns of these angles (N,), so that none exceeds the largest."""
    room = LARGEST_TURN - FREE_TURN
    beyond = np.maximum(angle - FREE_TURN, 0.0)
    limited = np.minimum(angle, FREE_TURN) + room * np.tanh(beyond / room)
    return np.asarray((limited + 1e-12) / (angle + 1e-12), np.float64)


def _low_share(slow: Floats, away: Floats, moved: Floats, bone: Floats) -> Floats:
    """Return the share of the head's turns (3,) that the neck's base takes, with which the base moves least.

    A base that takes the share s of a turn w carries the joint by (s w) x bone.
    """
    carried = np.stack([np.cross(away * axis, bone) for axis in np.eye(3)], axis=2)
    weight = np.array((1.0, 1.0, DEPTH_WEIGHT))[:, None]
    turned = slow @ carried
    rows, wanted = weight * (turned - turned.mean(axis=0)), weight * moved[..., None]
    doubt = np.eye(3) * (DOUBT * np.linalg.norm(bone)) ** 2 * len(away)
    prior = np.array(LOW_SHARE)
    hessian = np.einsum("tai,taj->ij", rows, rows) + doubt
    share = np.linalg.solve(hessian, np.einsum("tai,tab->i", rows, wanted) + doubt @ prior)
    return np.clip(share, 0.0, MOST_LOW) * (1.0, 0.0, 1.0)
