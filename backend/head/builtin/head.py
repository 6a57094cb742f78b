"""The built-in head as a `HeadModel`, and its arrays under the names of a FLAME file."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ...contract.licences import PROGRAM
from ..model import HeadModel
from .anatomy import make_anatomy, skin_deformer
from .expressions import EXPRESSIONS, expression_basis
from .identity import identity_basis
from .regions import landmark_embedding, regions
from .rig import PARENTS, jaw_share, joint_regressor, pose_correctives, skinning_weights
from .uv import texture_coordinates

NAME = "Built-in head"
IDENTITY_MODES, EXPRESSION_MODES = 300, 100
"""Of a FLAME file."""


def make_head() -> HeadModel:
    """Return the built-in head, made from nothing but this package; the same on every call."""
    anatomy = make_anatomy()
    deformer = skin_deformer(anatomy)
    weights = skinning_weights(anatomy, jaw_share(anatomy, deformer))
    correctives = pose_correctives(anatomy, deformer)
    uv, uv_faces = texture_coordinates(anatomy)
    arrays = {
        "template": anatomy.points,
        "faces": anatomy.triangles,
        "identity_basis": identity_basis(anatomy, deformer),
        "expression_basis": expression_basis(anatomy, deformer, weights, correctives),
        "expression_range": np.tile((0.0, 1.0), (len(EXPRESSIONS), 1)),
        "pose_correctives": correctives,
        "joint_regressor": joint_regressor(anatomy),
        "joint_parents": PARENTS,
        "skinning_weights": weights,
        "uv": uv,
        "uv_faces": uv_faces,
    }
    arrays: dict[str, Any] = {name: _rounded(array) for name, array in arrays.items()}
    return HeadModel(
        name=NAME,
        licence=PROGRAM.sentence,
        file_name="",
        sha256=_digest(arrays),
        expression_names=EXPRESSIONS,
        regions=regions(anatomy),
        eyelids=None,
        landmarks=landmark_embedding(anatomy),
        **arrays,
    )


def flame_arrays(head: HeadModel) -> dict[str, np.ndarray]:
    """Return the arrays of a FLAME model: `v_template`, `f`, `shapedirs` (V, 3, 400), `posedirs` (V, 3, 36) ...

    Identity modes fill the first of 300 slots, expression modes follow from slot 300; the rest is zero.
    """
    count = head.vertex_count
    shapedirs = np.zeros((count, 3, IDENTITY_MODES + EXPRESSION_MODES))
    shapedirs[..., : head.identity_basis.shape[2]] = head.identity_basis
    expression = head.expression_basis.shape[2]
    shapedirs[..., IDENTITY_MODES : IDENTITY_MODES + expression] = head.expression_basis
    parents = head.joint_parents.copy()
    parents[0] = 2**32 - 1
    return {
        "v_template": head.template,
        "f": head.faces.astype(np.uint32),
        "shapedirs": shapedirs,
        "posedirs": head.pose_correctives,
        "J_regressor": head.joint_regressor,
        "J": head.joint_regressor @ head.template,
        "weights": head.skinning_weights,
        "kintree_table": np.stack([parents, np.arange(len(parents))]).astype(np.uint32),
        "bs_style": np.array("lbs"),
        "bs_type": np.array("lrotmin"),
    }


def _rounded(array: np.ndarray) -> np.ndarray:
    """Return floats rounded to a nanometre, so that the last bits of linear algebra do not change the hash."""
    return np.round(array, 9) + 0.0 if array.dtype.kind == "f" else array


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 of the arrays with their names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
