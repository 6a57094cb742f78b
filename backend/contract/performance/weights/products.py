"""Products of a face's motion with shapes: all that least squares needs of a mesh, whatever its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from .motion import FaceMotion

MILLIMETRES: Final = 1000.0
_RIDGE: Final = 1e-6
"""Energy added to shapes, of which two may be the same but for their sign."""
_OPPOSITE: Final = 0.95
"""Likeness of one shape to the negative of another from which they count as opposite."""


@dataclass(frozen=True)
class Products:
    """Products of shapes and motion, means over the face in millimetres: all that the mesh has to say.

    Attributes:
        normal: Of the shapes with each other (C, C).
        wanted: Of the shapes with the motion of each frame (T, C).
        square: Of the motion of each frame with itself (T,).
    """

    normal: Array
    wanted: Array
    square: Array

    @staticmethod
    def of(motion: FaceMotion, shapes: Array) -> Products:
        """Return those of a motion and shapes (N, 3, C) of unit size."""
        rows = shapes.reshape(-1, shapes.shape[2]) / np.sqrt(len(shapes))
        columns = MILLIMETRES * motion.columns.reshape(len(rows), -1) / np.sqrt(len(shapes))
        coefficients = motion.coefficients
        square = np.einsum("tk,kl,tl->t", coefficients, columns.T @ columns, coefficients, optimize=True)
        return Products(rows.T @ rows, coefficients @ (columns.T @ rows), square)

    def distinct(self) -> Array:
        """Return the share of each unit shape that no sum of the others resembles (C,), 0 to 1.

        Of shapes that are each other's opposite, as jawLeft and jawRight, each is taken without the other: a weight is
        never negative.
        """
        result = np.empty(len(self.normal))
        for channel, row in enumerate(self.normal):
            others = np.flatnonzero((row > -_OPPOSITE) & (np.arange(len(row)) != channel))
            part = self.normal[np.ix_(others, others)] + _RIDGE * np.eye(len(others))
            result[channel] = 1 - row[others] @ np.linalg.solve(part, row[others])
        return np.sqrt(np.maximum(result, 0))

    def left_over(self, weights: Array) -> Array:
        """Return the root mean square (T,) of what weights (T, C) of unit shapes leave, millimetres."""
        square = self.square + np.einsum("tc,tc->t", weights, weights @ self.normal - 2 * self.wanted)
        return np.asarray(np.sqrt(np.maximum(square, 0)))
