"""Pose correctives as a few shape keys that follow the bones by themselves.

FLAME's correctives are linear in the entries of R - 1 of a joint, and these are quadratic in the joint's quaternion:
nine products (xx, yy, zz, xy, xz, yz, wx, wy, wz) say all. Singular vectors of what they do to the mesh are the least
number of keys. Each follows its bone by a driver whose expression has only products and sums, which Blender evaluates
itself: no Python runs, and files that may run no scripts move all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bones
from .bones import Array
from .decomposition import RigShape

_PRODUCTS: Final = ("x*x", "y*y", "z*z", "x*y", "x*z", "y*z", "w*x", "w*y", "w*z")
_ENTRIES: Final = (
    {"y*y": -2, "z*z": -2}, {"x*y": 2, "w*z": -2}, {"x*z": 2, "w*y": 2},
    {"x*y": 2, "w*z": 2}, {"x*x": -2, "z*z": -2}, {"y*z": 2, "w*x": -2},
    {"x*z": 2, "w*y": -2}, {"y*z": 2, "w*x": 2}, {"x*x": -2, "y*y": -2},
)  # fmt: skip
"""R - 1 of a unit quaternion, row by row."""
_LEAST: Final = 2e-6
"""Metres that a key must move some vertex to be worth having; no product of a unit quaternion exceeds 1."""


@dataclass(frozen=True)
class Corrective:
    """A shape key that follows a bone.

    Attributes:
        name: Of the key.
        bone: That it follows.
        shape: What a value of 1 adds, in head axes and metres (V, 3).
        expression: Its value, of the bone's quaternion w, x, y, z.
    """

    name: str
    bone: str
    shape: NDArray[np.float32]
    expression: str


def correctives_of(shape: RigShape, axes: Array) -> list[Corrective]:
    """Return the correctives of a rig as keys, those of each bone by their size.

    Args:
        shape: Of the rig.
        axes: Of each bone at rest as columns, in head axes (6, 3, 3).
    """
    products = np.array([[entry.get(product, 0) for product in _PRODUCTS] for entry in _ENTRIES], dtype=np.float64)
    made = []
    for index, bone in enumerate(bones.JOINT_OF):
        of_bone = shape.correctives[9 * index : 9 * index + 9].reshape(9, -1).astype(np.float64)
        if not of_bone.any():
            continue
        turn = axes[bones.NAMES.index(bone)]
        # R = A L A^T for the turn L in the bone's own axes A.
        effect = products.T @ np.kron(turn, turn).T @ of_bone
        strength, directions = np.linalg.eigh(effect @ effect.T)
        for number, which in enumerate(np.argsort(-strength), start=1):
            direction = directions[:, which]
            direction = direction * np.sign(direction[np.argmax(np.abs(direction))])
            moved = (direction @ effect).reshape(-1, 3)
            if np.linalg.norm(moved, axis=1).max() < _LEAST:
                break
            made.append(Corrective(f"{bone} Corrective {number}", bone, moved.astype(np.float32), _sum(direction)))
    return made


def _sum(factors: Array) -> str:
    """Return products with their factors as an expression; those of no consequence are left out."""
    terms = [
        f"{factor:+.8f}*{product}" for factor, product in zip(factors, _PRODUCTS, strict=True) if abs(factor) > 1e-6
    ]
    return "".join(terms).removeprefix("+").replace("1.00000000*", "")


def drive(block: bpy.types.ShapeKey, corrective: Corrective, rig: bpy.types.Object) -> None:
    """Let a shape key follow its bone, whatever turns that: keys, another rotation mode, a constraint."""
    block.driver_remove("value")
    curve: Any = block.driver_add("value")
    driver = curve.driver
    driver.type = "SCRIPTED"
    for component in "wxyz":
        variable = driver.variables.new()
        variable.name, variable.type = component, "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = rig, corrective.bone
        target.transform_type, target.rotation_mode = f"ROT_{component.upper()}", "QUATERNION"
        target.transform_space = "LOCAL_SPACE"
    driver.expression = corrective.expression
