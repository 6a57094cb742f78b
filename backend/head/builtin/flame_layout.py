"""The built-in head under the names and shapes of a FLAME file."""

from __future__ import annotations

import numpy as np

from ..model import HeadModel

IDENTITY_MODES, EXPRESSION_MODES = 300, 100


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
