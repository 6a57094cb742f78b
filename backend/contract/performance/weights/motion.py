"""Motion of the unposed face: what a track's head does besides turning its joints, as few columns times coefficients.

A track's mesh is its neutral head, moved by expression and lids, corrected for turned joints, and skinned. Skinning is
undone by not doing it: what is solved for is the displacement before it, which no turn of head, neck, eyes or jaw
changes. Only of the jaw more is wanted than its opening: what it does sideways counts as motion of the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...camera import rotation_matrices
from ...names import JOINTS
from ...track import MISSING, Track

_JAW: Final = JOINTS.index("jaw")
_NECK: Final = JOINTS.index("neck")
_ASIDE: Final = 0.3
"""Share of the jaw's turn aside that counts. Of a jaw that goes aside the joint makes a half, the skin the other; but
the joint turns as far where a head turns by 30 degrees and does nothing else, and does so more often."""
_LID_FRAMES: Final = 32
"""Frames from which the shape of a head's lids is learned; they are two shapes, exactly linear in two numbers."""


@dataclass(frozen=True)
class FaceMotion:
    """Displacements of the face before skinning: ``columns @ coefficients``. N vertices, K columns.

    Attributes:
        vertices: Which of the head's (N,).
        columns: (N, 3, K) float64, metres.
        coefficients: (T, K); rows of missing frames are zero.
        jaw_pitch: Turn by which the jaw opens (T,), radians.
    """

    vertices: Array
    columns: Array
    coefficients: Array
    jaw_pitch: Array


def motion_of(track: Track, vertices: Array) -> FaceMotion:
    """Return the motion of some vertices (N,) of a track's head."""
    present = track.status != MISSING
    jaw = rotation_matrices(np.where(present[:, None], track.jaw_pose, 0))
    # The jaw's forward axis drops by its pitch, whatever it turns sideways.
    pitch = np.arctan2(-jaw[:, 1, 2], jaw[:, 2, 2])
    opened = rotation_matrices(np.stack([pitch, np.zeros_like(pitch), np.zeros_like(pitch)], axis=1))
    sideways = _ASIDE * (jaw - opened).reshape(len(jaw), 9)
    columns = [track.expression_basis[vertices].astype(np.float64), _jaw_columns(track, vertices)]
    coefficients = [track.expression, sideways]
    if np.nan_to_num(track.eyelids).any():
        columns.append(_lid_columns(track, vertices, present))
        coefficients.append(track.eyelids)
    rows = np.concatenate(coefficients, axis=1)
    return FaceMotion(vertices, np.concatenate(columns, axis=2), np.where(present[:, None], rows, 0), pitch)


def _jaw_columns(track: Track, vertices: Array) -> Array:
    """Return what each entry of a 3x3 matrix that turns the jaw, less the identity, moves (N, 3, 9)."""
    arm = track.neutral_vertices[vertices].astype(np.float64) - track.joints[_JAW]
    arm = arm * track.skinning_weights[vertices, _JAW].astype(np.float64)[:, None]
    result = np.zeros((len(vertices), 3, 3, 3))
    for row in range(3):
        result[:, row, row] = arm
    return result.reshape(len(vertices), 3, 9)


def _lid_columns(track: Track, vertices: Array, present: Array) -> Array:
    """Return what the two lids of a head with lids of its own move (N, 3, 2), which the file says by the mesh alone.

    Vertices that follow jaw or eyes are left out: lids do not move them.
    """
    frames = np.flatnonzero(present)
    order = np.argsort(track.eyelids[frames].sum(axis=1))
    frames = np.unique(frames[order[np.linspace(0, len(order) - 1, min(_LID_FRAMES, len(order))).astype(int)]])
    head_alone = track.skinning_weights[vertices, _JAW:].max(axis=1) < 1e-3
    chosen = vertices[head_alone]
    points = track.vertices[frames][:, chosen].astype(np.float64)
    if not track.neck_turns_torso:
        neck, centre = rotation_matrices(track.neck_pose[frames]), track.joints[_NECK]
        points = (points - centre) @ neck + centre
    turns = [track.neck_pose, track.jaw_pose, track.left_eye_pose, track.right_eye_pose]
    features = (rotation_matrices(np.stack([turn[frames] for turn in turns], axis=1)) - np.eye(3)).reshape(
        len(frames), -1
    )
    explained = track.expression_basis[chosen].astype(np.float64) @ track.expression[frames].T
    explained += track.pose_correctives[chosen].astype(np.float64) @ features.T
    rest = points - track.neutral_vertices[chosen] - np.moveaxis(explained, 2, 0)
    found = np.linalg.pinv(track.eyelids[frames]) @ rest.reshape(len(frames), -1)
    result = np.zeros((len(vertices), 3, 2))
    result[head_alone] = np.moveaxis(found.reshape(2, len(chosen), 3), 0, 2)
    return result
