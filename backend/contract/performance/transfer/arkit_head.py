"""The built-in head with its 52 ARKit shapes as a table of numbers, for all who have no engine.

`tools/make_arkit_head.py` makes the table from the head that the engine builds. All 52 are displacements of the neutral
head: where the engine turns a joint (jawOpen, the look channels), the displacement at weight 1 with its pose
correctives. As ARKit has it, mouthClose is what closes the lips *of the open jaw*: its displacement is that between the
jaw open with the lips closed and the jaw open, so that jawOpen + mouthClose is a closed mouth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import Array, Floats, Integers
from ...camera import rotation_matrices
from ...names import LANDMARKS, LEFT_IRIS, RIGHT_IRIS
from .. import gaze

TABLE: Final = Path(__file__).with_name("arkit_head.npz")
UNIT: Final = 2e-6
"""Metres of one step of the table's displacements."""
JAW_OPEN: Final = float(np.radians(25.0))
"""Rotation of the jaw about the x axis that is jawOpen 1."""
_SCALARS: Final = ("neutral", "displacements", "joints", "jaw_share")


@dataclass(frozen=True)
class ArkitHead:
    """The built-in head. V vertices; metres, +X the subject's left, +Y up, +Z out of the face.

    Attributes:
        neutral: Vertices at rest (V, 3).
        faces: Triangles (F, 3), counter-clockwise from outside.
        displacements: Of each channel at weight 1, in the order of `channels.CHANNELS` (V, 3, 52).
        landmark_vertices: Vertex of each of MediaPipe's landmarks (478,): landmark i of the face is vertex i.
        face_mesh: MediaPipe's triangles (852, 3) over the 468 landmarks of the face.
        mirror: Vertex of the other half of each vertex (V,).
        joints: Root, neck, jaw, left and right eye (5, 3).
        jaw_share: How much of the jaw's rotation each vertex follows (V,), 0 to 1.
        lid_rings: Rings of vertices of right and left eye's lids (2, R, 32): the outer edge first, then inwards.
        bag_rings: Rings of vertices of the mouth (R, 40) from the inner edge of the lips inwards.
        regions: Name -> vertices, e.g. ``left_eyeball``, ``upper_teeth``, ``tongue``, ``mouth_bag``.
    """

    neutral: Floats
    faces: Integers
    displacements: Floats
    landmark_vertices: Integers
    face_mesh: Integers
    mirror: Integers
    joints: Floats
    jaw_share: Floats
    lid_rings: Integers
    bag_rings: Integers
    regions: Mapping[str, Integers]

    def vertices_of(self, weights: Array) -> Floats:
        """Return the vertices (T, V, 3) of weights (T, 52): a sum of displacements, as shape keys add up."""
        return self.neutral + np.einsum("tk,vck->tvc", np.nan_to_num(weights), self.displacements)

    def landmarks_of(self, weights: Array) -> Floats:
        """Return MediaPipe's landmarks (T, 478, 3) of weights (T, 52), metres, in the axes of the head.

        The face follows as shape keys add up; irises turn with their eyeball by the law of `gaze`. NaN where the frame
        has no face; a channel that is not tracked counts as zero.
        """
        weights = np.asarray(weights, dtype=np.float64)
        filled = np.nan_to_num(weights)
        chosen = self.landmark_vertices
        points = self.neutral[chosen] + np.einsum("tk,nck->tnc", filled, self.displacements[chosen])
        angles = gaze.gaze_of(filled[:, gaze.COLUMNS])
        for eye, iris in enumerate((LEFT_IRIS, RIGHT_IRIS)):
            centre = self.joints[3 + eye]
            rest = self.neutral[chosen[list(iris)]] - centre
            points[:, list(iris)] = rest @ eye_rotations(angles[:, eye]).transpose(0, 2, 1) + centre
        points[np.isnan(weights).all(axis=1)] = np.nan
        assert points.shape[1] == LANDMARKS
        return points


def eye_rotations(angles: Array) -> Floats:
    """Return the rotations (T, 3, 3) of an eyeball that looks by yaw and pitch (T, 2), signs as in `gaze`."""
    yaw, pitch = np.zeros((2, len(angles), 3))
    yaw[:, 1], pitch[:, 0] = -angles[:, 0], angles[:, 1]
    return np.asarray(rotation_matrices(yaw) @ rotation_matrices(pitch), dtype=np.float64)


@lru_cache(maxsize=1)
def arkit_head() -> ArkitHead:
    """Return the built-in head of the table."""
    with np.load(TABLE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    regions = {name.removeprefix("region_"): arrays.pop(name) for name in list(arrays) if name.startswith("region_")}
    arrays["displacements"] = arrays["displacements"].transpose(1, 2, 0) * UNIT
    whole = {name: values.astype(np.float64 if name in _SCALARS else np.int64) for name, values in arrays.items()}
    return ArkitHead(**whole, regions={name: values.astype(np.int64) for name, values in regions.items()})
