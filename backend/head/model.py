"""The head model as arrays. Whether a FLAME file or our own code made them makes no difference to anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.failure import Failure


@dataclass(frozen=True)
class LandmarkEmbedding:
    """Where MediaPipe's 478 landmarks lie on the mesh.

    Attributes:
        triangle: Face index per landmark (478,).
        barycentric: Barycentric coordinates in that face (478, 3).
        known: Whether the landmark has a place on this model (478,) bool.
        source: How it was made, for the report, e.g. ``by construction`` or ``registered``.
    """

    triangle: Integers
    barycentric: Floats
    known: NDArray[np.bool_]
    source: str


@dataclass(frozen=True)
class HeadModel:
    """A linear head with joints, in FLAME's layout.

    V vertices, F triangles, I identity and E expression modes, J joints (see `contract.names.JOINTS`).
    Metres; +X subject's left, +Y up, +Z out of the face. Numbers of vertices and modes come from the file.

    Attributes:
        name: For people, e.g. ``FLAME 2020`` or ``Built-in head``.
        licence: In plain words, e.g. ``CC BY 4.0``.
        file_name: Name of the file, empty for the built-in head.
        sha256: Hash of the file (or of the arrays of the built-in head).
        template: Neutral mean head (V, 3).
        faces: Vertex indices (F, 3).
        identity_basis: Displacement of one standard deviation per mode (V, 3, I).
        expression_basis: Displacement of one unit per mode (V, 3, E).
        expression_names: A name per mode (E): ARKit names for the built-in head, else ``expression_000`` ...
        expression_range: Lowest and highest sensible coefficient (E, 2): (0, 1) for ARKit shapes, (-3, 3) for FLAME.
        pose_correctives: Displacement per entry of (R - 1) of joints 1.. (V, 3, 9 (J - 1)), row-major.
        joint_regressor: Joints from the shaped vertices (J, V).
        joint_parents: Parent of each joint, -1 for the root (J,).
        skinning_weights: (V, J), rows sum to 1.
        uv, uv_faces: Texture coordinates (U, 2), v upwards, and their indices per triangle (F, 3).
        regions: Name -> vertex indices (``face``, ``lips``, ``left_eyeball`` ... names of FLAME_masks.pkl).
        eyelids: Displacement of left and right closed lid (V, 3, 2) applied before skinning, or None.
        landmarks: Embedding of MediaPipe's landmarks.
        fixed_identity: Coefficients that are in the template already, taken over from another track; the basis then has
            no modes left. None where the identity is fitted.
        left_out: Why files that lie beside the model, or models that come before it, are not used.
        detector_offsets: How far beside a landmark's place the detector sees it, at rest (478, 3), metres; None where
            that was not measured or is part of the places already.
        detector_motions: How far the detector sees a landmark move beside what the head moves it, for one unit of each
            expression (478, 3, E), metres, and per entry of (R - 1) of the joints, `detector_correctives`
            (478, 3, 9 (J - 1)); None where that was not measured. Both count with `detector_offsets` only.
    """

    name: str
    licence: str
    file_name: str
    sha256: str
    template: Floats
    faces: Integers
    identity_basis: Floats
    expression_basis: Floats
    expression_names: tuple[str, ...]
    expression_range: Floats
    pose_correctives: Floats
    joint_regressor: Floats
    joint_parents: Integers
    skinning_weights: Floats
    uv: Floats
    uv_faces: Integers
    regions: Mapping[str, Integers]
    eyelids: Floats | None
    landmarks: LandmarkEmbedding
    fixed_identity: Floats | None = None
    detector_offsets: Floats | None = None
    detector_motions: Floats | None = None
    detector_correctives: Floats | None = None
    left_out: tuple[Failure, ...] = ()

    @property
    def vertex_count(self) -> int:
        """Number of vertices."""
        return len(self.template)

    def summary(self) -> dict[str, Any]:
        """Return what the track file and the report say of the model."""
        return {
            "name": self.name,
            "licence": self.licence,
            "file": self.file_name,
            "sha256": self.sha256,
            "vertices": self.vertex_count,
            "identity_modes": self.identity_basis.shape[2],
            "expression_modes": self.expression_basis.shape[2],
            "landmarks": self.landmarks.source,
        }
