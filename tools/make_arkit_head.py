"""Makes `arkit_head.npz`: the built-in head with its 52 ARKit shapes as numbers, for Blender.

Run it after every change of the built-in head: ``python -m tools.make_arkit_head``. The same head gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.contract.arrays import Array, Floats
from backend.contract.names import ARKIT
from backend.contract.performance import gaze
from backend.contract.performance.channels import INDEX
from backend.contract.performance.transfer.arkit_head import JAW_OPEN, TABLE, UNIT
from backend.data.types import HeadPose
from backend.head.builtin import builtin_head
from backend.head.builtin.anatomy import Anatomy, make_anatomy
from backend.head.builtin.topology import face_mesh_triangles
from backend.head.model import HeadModel
from backend.head.skinning import neutral_pose, pose_vertices

_REGIONS = (
    "left_eyeball", "right_eyeball", "left_ear", "right_ear", "neck", "scalp", "face", "lips", "left_eyelid",
    "right_eyelid", "tongue", "teeth", "mouth_inside",
)  # fmt: skip
_PARTS = ("upper_teeth", "lower_teeth", "mouth_bag", "left_socket", "right_socket")


def displacements(head: HeadModel) -> Floats:
    """Return the displacement (52, V, 3) of every ARKit channel at weight 1, joints and correctives included."""
    rest = neutral_pose(head)
    jaw = np.array([[JAW_OPEN, 0.0, 0.0]])
    opened = pose_vertices(head, replace(rest, jaw=jaw))[0]
    result = np.zeros((len(ARKIT), head.vertex_count, 3))
    for mode, name in enumerate(head.expression_names):
        result[INDEX[name]] = head.expression_basis[..., mode]
    result[INDEX["jawOpen"]] = opened - head.template
    weights = np.eye(head.expression_basis.shape[2])[[head.expression_names.index("mouthClose")]]
    result[INDEX["mouthClose"]] = pose_vertices(head, replace(rest, jaw=jaw, expression=weights))[0] - opened
    for column in gaze.COLUMNS.ravel():
        result[column] = pose_vertices(head, _gazing(rest, int(column)))[0] - head.template
    return result


def _gazing(rest: HeadPose, column: int) -> HeadPose:
    """Return the pose of one look channel at weight 1."""
    weights = np.eye(len(ARKIT))[[column]]
    (left, right) = gaze.gaze_of(weights[:, gaze.COLUMNS])[0]
    # Positive yaw is towards the subject's right, a negative turn about y.
    turns = [np.array([[angles[1], -angles[0], 0.0]]) for angles in (left, right)]
    return replace(rest, left_eye=turns[0], right_eye=turns[1])


def arrays_of(head: HeadModel, anatomy: Anatomy) -> dict[str, Array]:
    """Return the arrays of the table, as small as their numbers allow."""
    vertices = head.faces[head.landmarks.triangle, head.landmarks.barycentric.argmax(axis=1)]
    steps = np.round(displacements(head) / UNIT)
    assert np.abs(steps).max() < 2**15
    regions = {name: head.regions[name] for name in _REGIONS} | {name: anatomy.parts[name] for name in _PARTS}
    indices = {
        "faces": head.faces,
        "landmark_vertices": vertices,
        "face_mesh": face_mesh_triangles(),
        "mirror": anatomy.mirror,
        "lid_rings": np.stack(anatomy.lid_rings),
        "bag_rings": anatomy.bag_rings,
        **{f"region_{name}": values for name, values in regions.items()},
    }
    return {
        "neutral": head.template.astype(np.float32),
        "displacements": steps.astype(np.int16),
        "joints": (head.joint_regressor @ head.template).astype(np.float32),
        "jaw_share": head.skinning_weights[:, 2].astype(np.float32),
        **{name: values.astype(np.int16) for name, values in indices.items()},
    }


def main(path: Path = TABLE) -> None:
    """Write the table."""
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays_of(builtin_head(), make_anatomy()))
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
